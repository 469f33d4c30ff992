//! The certificate authorities that vouch for the web servers which authenticators ask.
//!
//! Invariant: those of the system are read once for all that ask with them, because there are some hundred, and a server may have a
//! thousand realms that fetch keys; and again after an hour, because they are renewed under a program that runs for months.

use crate::auth::AuthSettingsError;
use crate::base::authorities;
use crate::base::locks::Mutex;
use std::path::Path;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The time for which those of the system are taken as they were read.
const READ_AGAIN: Duration = Duration::from_secs(3600);

/// What trusts the authorities of the system, as long as somebody has it, and when they were read.
static OF_SYSTEM: Mutex<Option<(Weak<ClientConfig>, Instant)>> = Mutex::new(None);

/// TLS that trusts the authorities in the file, or those of the system.
pub(super) fn client_config(file: Option<&Path>) -> Result<Arc<ClientConfig>, AuthSettingsError> {
    match file {
        Some(file) => {
            let roots = authorities::of_file(file);
            trusting(roots.map_err(|why| AuthSettingsError::new(file.display(), why))?)
        }
        None => of_system(),
    }
}

#[expect(clippy::disallowed_methods, reason = "how old files are does not depend on a runtime")]
fn of_system() -> Result<Arc<ClientConfig>, AuthSettingsError> {
    let mut known = OF_SYSTEM.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    let recent = known.as_ref().filter(|(_, read)| now.duration_since(*read) < READ_AGAIN);
    if let Some(config) = recent.and_then(|(config, _)| config.upgrade()) {
        return Ok(config);
    }
    let config = trusting(authorities::of_system())?;
    *known = Some((Arc::downgrade(&config), now));
    Ok(config)
}

fn trusting(roots: RootCertStore) -> Result<Arc<ClientConfig>, AuthSettingsError> {
    // Named here and not for the whole process, which belongs to the program and not to a library.
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| AuthSettingsError::new("TLS", error))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authorities_of_the_system_are_shared_and_those_of_a_file_are_not() {
        let one = client_config(None).unwrap();
        assert!(Arc::ptr_eq(&one, &client_config(None).unwrap()));
    }
}
