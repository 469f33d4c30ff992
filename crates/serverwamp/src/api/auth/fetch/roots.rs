//! The certificate authorities that vouch for the web servers which authenticators ask.

use crate::auth::AuthSettingsError;
use crate::base::authorities;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;

/// TLS that trusts the authorities in the file, or those of the system.
pub(super) fn client_config(file: Option<&Path>) -> Result<Arc<ClientConfig>, AuthSettingsError> {
    let roots = match file {
        Some(file) => {
            authorities::of_file(file).map_err(|why| AuthSettingsError::new(file.display(), why))?
        }
        None => authorities::of_system(),
    };
    // Named here and not for the whole process, which belongs to the program and not to a library.
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| AuthSettingsError::new("TLS", error))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
