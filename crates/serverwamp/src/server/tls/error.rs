//! The errors of certificates and keys.

use std::fmt;
use std::io;
use std::path::PathBuf;

use tokio_rustls::rustls;

/// Why certificates cannot be used.
///
/// `Debug` says the same as `Display`: it is what Rust prints of an error that `main` returns.
#[derive(thiserror::Error)]
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
    /// A file is damaged.
    #[error("{} cannot be parsed: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The fault.
        problem: String,
    },
    /// A file has no certificate in it.
    #[error(
        "{} has no certificate in it: it must be in PEM, with a line -----BEGIN CERTIFICATE----- (`openssl x509` \
         converts other formats)",
        .0.display()
    )]
    NoCertificate(PathBuf),
    /// A file has no key in it.
    #[error(
        "{} has no private key in it: it must be in PEM, with a line -----BEGIN PRIVATE KEY----- (`openssl pkey` \
         converts other formats)",
        .0.display()
    )]
    NoKey(PathBuf),
    /// A key is encrypted.
    #[error(
        "the key in {path} is encrypted, and nobody is there to type its password: decrypt it with \
         `openssl pkey -in {path} -out FILE`, and let nobody else read that file",
        path = .0.display()
    )]
    EncryptedKey(PathBuf),
    /// The key is that of another certificate.
    #[error(
        "the key in {} is not that of the first certificate in {}: the server's own certificate has to be the first, \
         and both files have to be of the same renewal",
        key.display(), certificates.display()
    )]
    Mismatch {
        /// The file with the certificates.
        certificates: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
    /// Certificate and key cannot be used for another reason.
    #[error("the certificate in {} cannot be used with the key in {}: {error}", certificates.display(), key.display())]
    Unusable {
        /// The file with the certificates.
        certificates: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// The fault.
        error: rustls::Error,
    },
    /// The certificates of the clients' authorities cannot be used.
    #[error("the authorities in {} cannot be used: {problem}", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// The fault.
        problem: String,
    },
}

impl fmt::Debug for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
