//! How an authenticator asks a web server.

use std::path::PathBuf;
use std::time::Duration;

/// The time that a request may take: a login waits for it, and `Limits::authenticate_timeout` is 10 s by default.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How an authenticator asks a web server: for keys, or whether a peer may come in.
///
/// ```
/// use serverwamp::auth::FetchSettings;
/// use std::time::Duration;
///
/// let settings = FetchSettings::default().timeout(Duration::from_secs(2)).authorities("/etc/example/ca.pem");
/// # let _ = settings;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct FetchSettings {
    pub(super) timeout: Duration,
    pub(super) authorities: Option<PathBuf>,
    pub(super) plain_http: bool,
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self { timeout: TIMEOUT, authorities: None, plain_http: false }
    }
}

impl FetchSettings {
    /// The longest time a request may take, with its connection. Default 5 s: a login waits for it.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Trusts the certificate authorities in this PEM file and no others. By default those of the system are trusted.
    pub fn authorities(mut self, file: impl Into<PathBuf>) -> Self {
        self.authorities = Some(file.into());
        self
    }

    /// Allows `http://` to other machines. By default it is allowed to this machine alone, because whoever is on the way could read
    /// tickets and change answers.
    pub const fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }
}
