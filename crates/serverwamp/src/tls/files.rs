//! From PEM files to a configuration of `rustls`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::TlsError;

/// Whether clients are asked for a certificate.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientCertificates {
    /// They are not.
    #[default]
    None,
    /// They are, and who has none may connect as well; authenticators see the difference. A certificate that none of the
    /// authorities in this PEM file vouches for ends the handshake.
    Optional(PathBuf),
    /// They are, and who has none that an authority in this PEM file vouches for cannot connect.
    Required(PathBuf),
}

/// The files of one configuration.
#[derive(Clone, Debug)]
pub(super) struct Files {
    certificates: PathBuf,
    key: PathBuf,
    clients: ClientCertificates,
}

/// What the files looked like at one time. A file that is replaced looks different, also behind a symbolic link.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Stamps(Vec<Option<(SystemTime, u64, u64)>>);

impl Files {
    pub(super) fn new(certificates: &Path, key: &Path) -> Self {
        let clients = ClientCertificates::None;
        Self { certificates: certificates.to_owned(), key: key.to_owned(), clients }
    }

    pub(super) fn set_clients(&mut self, clients: ClientCertificates) {
        self.clients = clients;
    }

    pub(super) fn stamps(&self) -> Stamps {
        let authorities = match &self.clients {
            ClientCertificates::None => None,
            ClientCertificates::Optional(path) | ClientCertificates::Required(path) => Some(path),
        };
        Stamps(
            [&self.certificates, &self.key].into_iter().chain(authorities).map(|path| stamp(path)).collect(),
        )
    }

    /// Reads everything anew.
    pub(super) fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let certificates = certificates(&self.certificates)?;
        let key = key(&self.key)?;
        // Named here and not for the whole process, which belongs to the program and not to a library.
        let provider = Arc::new(ring::default_provider());
        let unusable = |error| TlsError::Unusable {
            certificates: self.certificates.clone(),
            key: self.key.clone(),
            error,
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let verifier = match &self.clients {
            ClientCertificates::None => {
                return Ok(Arc::new(
                    builder.with_no_client_auth().with_single_cert(certificates, key).map_err(unusable)?,
                ));
            }
            ClientCertificates::Optional(path) => {
                WebPkiClientVerifier::builder_with_provider(authorities(path)?, provider)
                    .allow_unauthenticated()
                    .build()
                    .map_err(|error| TlsError::Authorities {
                        path: path.clone(),
                        problem: error.to_string(),
                    })?
            }
            ClientCertificates::Required(path) => {
                WebPkiClientVerifier::builder_with_provider(authorities(path)?, provider).build().map_err(
                    |error| TlsError::Authorities { path: path.clone(), problem: error.to_string() },
                )?
            }
        };
        let builder = builder.with_client_cert_verifier(verifier);
        Ok(Arc::new(builder.with_single_cert(certificates, key).map_err(unusable)?))
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.certificates.display(), self.key.display())
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let number = 0;
    Some((metadata.modified().ok()?, metadata.len(), number))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::Unreadable { path: path.to_owned(), error })
}

fn damaged(path: &Path, error: &PemError) -> TlsError {
    TlsError::Damaged { path: path.to_owned(), problem: error.to_string() }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(path)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| damaged(path, &error))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate(path.to_owned()));
    }
    Ok(certificates)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = read(path)?;
    match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(key) => Ok(key),
        Err(PemError::NoItemsFound) if contains(&pem, b"ENCRYPTED PRIVATE KEY") => {
            Err(TlsError::EncryptedKey(path.to_owned()))
        }
        Err(PemError::NoItemsFound) => Err(TlsError::NoKey(path.to_owned())),
        Err(error) => Err(damaged(path, &error)),
    }
}

fn authorities(path: &Path) -> Result<Arc<RootCertStore>, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store
            .add(certificate)
            .map_err(|error| TlsError::Authorities { path: path.to_owned(), problem: error.to_string() })?;
    }
    Ok(Arc::new(store))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
