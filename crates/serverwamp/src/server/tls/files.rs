//! From PEM files to a configuration of `rustls`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{Error, InconsistentKeys, RootCertStore, ServerConfig};

use super::TlsError;

/// Whether clients are asked for a certificate.
///
/// An authority has to have issued it, be it one of one's own: a certificate that vouches for itself is refused.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientCertificates {
    /// They are not.
    #[default]
    None,
    /// They are, and clients without one may connect as well; authenticators see the difference. A certificate that none of the
    /// authorities in this PEM file vouches for ends the handshake.
    Optional(PathBuf),
    /// They are, and clients without one of an authority in this PEM file cannot connect.
    Required(PathBuf),
}

/// The files of one configuration.
#[derive(Clone, Debug)]
pub(super) struct Files {
    certificates: PathBuf,
    key: PathBuf,
    clients: ClientCertificates,
}

/// The content of the files at one time. It is compared by its hash, so that no second copy of the key has to be kept.
#[derive(Hash)]
pub(super) struct Contents {
    certificates: Vec<u8>,
    key: Vec<u8>,
    authorities: Option<Vec<u8>>,
}

impl Files {
    pub(super) fn new(certificates: &Path, key: &Path) -> Self {
        let clients = ClientCertificates::None;
        Self { certificates: certificates.to_owned(), key: key.to_owned(), clients }
    }

    pub(super) fn set_clients(&mut self, clients: ClientCertificates) {
        self.clients = clients;
    }

    /// Reads all of them.
    pub(super) fn read(&self) -> Result<Contents, TlsError> {
        Ok(Contents {
            certificates: read(&self.certificates)?,
            key: read(&self.key)?,
            authorities: self.clients.authorities().map(read).transpose()?,
        })
    }

    /// Whether they can be used.
    pub(super) fn check(&self) -> Result<(), TlsError> {
        self.load(&self.read()?).map(drop)
    }

    /// The result of reading all of them.
    pub(super) fn load(&self, contents: &Contents) -> Result<Arc<ServerConfig>, TlsError> {
        let certificates = certificates(&self.certificates, &contents.certificates)?;
        let key = key(&self.key, &contents.key)?;
        let authorities = match (self.clients.authorities(), &contents.authorities) {
            (Some(path), Some(pem)) => Some((path, authorities(path, pem)?)),
            _ => None,
        };
        // Named here and not for the whole process, which belongs to the program and not to a library.
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| self.unusable(error))?;
        let builder = match authorities {
            None => builder.with_no_client_auth(),
            Some((path, authorities)) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider);
                let verifier = match self.clients {
                    ClientCertificates::Required(_) => verifier,
                    _ => verifier.allow_unauthenticated(),
                };
                builder.with_client_cert_verifier(verifier.build().map_err(|error| unfit(path, &error))?)
            }
        };
        let config = builder.with_single_cert(certificates, key).map_err(|error| self.unusable(error))?;
        Ok(Arc::new(config))
    }

    fn unusable(&self, error: Error) -> TlsError {
        let (certificates, key) = (self.certificates.clone(), self.key.clone());
        match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::Mismatch { certificates, key }
            }
            Error::InvalidCertificate(_) => {
                TlsError::Damaged { path: certificates, problem: error.to_string() }
            }
            error => TlsError::Unusable { certificates, key, error },
        }
    }
}

impl ClientCertificates {
    fn authorities(&self) -> Option<&Path> {
        match self {
            Self::None => None,
            Self::Optional(path) | Self::Required(path) => Some(path),
        }
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.certificates.display(), self.key.display())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::Unreadable { path: path.to_owned(), error })
}

fn damaged(path: &Path, error: &PemError) -> TlsError {
    let problem = match error {
        PemError::MissingSectionEnd { end_marker } => {
            format!(
                "there is no -----END {}-----, the file seems to be cut off",
                String::from_utf8_lossy(end_marker)
            )
        }
        PemError::Base64Decode(_) => "the text between -----BEGIN and -----END is not base64".to_owned(),
        error => error.to_string(),
    };
    TlsError::Damaged { path: path.to_owned(), problem }
}

fn unfit(path: &Path, error: &dyn fmt::Display) -> TlsError {
    TlsError::Authorities { path: path.to_owned(), problem: error.to_string() }
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| damaged(path, &error))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate(path.to_owned()));
    }
    Ok(certificates)
}

fn key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    // PKCS#8 says it in the first line of the block, the format before it in the second.
    let encrypted = [&b"BEGIN ENCRYPTED PRIVATE KEY"[..], b"Proc-Type: 4,ENCRYPTED"];
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(key) => Ok(key),
        Err(_) if encrypted.iter().any(|mark| contains(pem, mark)) => {
            Err(TlsError::EncryptedKey(path.to_owned()))
        }
        Err(PemError::NoItemsFound) => Err(TlsError::NoKey(path.to_owned())),
        Err(error) => Err(damaged(path, &error)),
    }
}

fn authorities(path: &Path, pem: &[u8]) -> Result<Arc<RootCertStore>, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path, pem)? {
        store.add(certificate).map_err(|error| unfit(path, &error))?;
    }
    Ok(Arc::new(store))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
