//! What can be wrong with certificates and keys.

use std::io;
use std::path::PathBuf;

use tokio_rustls::rustls;

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A file is not PEM, or what is in it is damaged.
    #[error("{} is damaged or not PEM: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file has no certificate in it.
    #[error("{} has no certificate in it: there must be a block that begins with -----BEGIN CERTIFICATE-----", .0.display())]
    NoCertificate(PathBuf),
    /// A file has no key in it.
    #[error("{} has no private key in it: there must be a block that begins with -----BEGIN PRIVATE KEY-----", .0.display())]
    NoKey(PathBuf),
    /// A key is encrypted.
    #[error("the key in {} is encrypted, and nobody is there to type its password: decrypt it with `openssl pkey`", .0.display())]
    EncryptedKey(PathBuf),
    /// Certificate and key do not fit together, or cannot be used.
    #[error("the certificate in {} cannot be used with the key in {}: {error}", certificates.display(), key.display())]
    Unusable {
        /// The file with the certificates.
        certificates: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// What is wrong.
        error: rustls::Error,
    },
    /// The certificates of the clients' authorities cannot be used.
    #[error("the authorities in {} cannot be used: {problem}", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}
