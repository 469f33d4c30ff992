//! The certificate authorities that vouch for the web servers which authenticators ask.

use crate::auth::AuthSettingsError;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// TLS that trusts the authorities in the file, or those of the system.
pub(super) fn client_config(file: Option<&Path>) -> Result<Arc<ClientConfig>, AuthSettingsError> {
    let roots = match file {
        Some(file) => of_file(file)?,
        None => of_system(),
    };
    // Named here and not for the whole process, which belongs to the program and not to a library.
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| AuthSettingsError::new("TLS", error))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn of_file(file: &Path) -> Result<RootCertStore, AuthSettingsError> {
    let unusable = |problem: String| AuthSettingsError::new(file.display(), problem);
    let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| unusable(format!("it is damaged: {error}")))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable(
            "it has no certificate in it, expected PEM with -----BEGIN CERTIFICATE-----".to_owned(),
        ));
    }
    Ok(roots)
}

/// A system without authorities is no error: requests to this machine need none, and others say what is missing.
fn of_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}
