//! Why a server cannot serve: what can never work is told before the first connection is accepted, all of it at once.

use std::fmt;
use std::io;
use std::time::Duration;

use super::ServerOptions;
use crate::Application;

/// Everything because of which a [`Server`](crate::Server) cannot serve, each with what to do about it.
///
/// It turns into an [`io::Error`], for programs whose `main` returns one. `Debug` says the same as `Display`: it is what Rust
/// prints of an error that `main` returns.
#[derive(Clone)]
pub struct ServeError {
    problems: Vec<String>,
}

impl ServeError {
    /// The problems, one or more.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().map(String::as_str)
    }
}

impl ServeError {
    /// With these problems.
    pub(super) fn of(problems: Vec<String>) -> Self {
        Self { problems }
    }

    /// No signal can be waited for.
    pub(super) fn signals(error: io::Error) -> Self {
        let text = format!("signals cannot be waited for: {error}; use `serve` with a `stop` of your own");
        Self { problems: vec![text] }
    }
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server cannot serve")?;
        match &*self.problems {
            [problem] => write!(f, ": {problem}"),
            problems => problems.iter().try_for_each(|problem| write!(f, "\n  {problem}")),
        }
    }
}

impl fmt::Debug for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ServeError {}

impl From<ServeError> for io::Error {
    fn from(error: ServeError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

/// Refuses what can never work. To be called where the server is to run.
pub(super) fn check(app: &Application, options: &ServerOptions) -> Result<(), ServeError> {
    let unavailable = app.inner().runtime.available().err().map(|unavailable| unavailable.to_string());
    match (faults(options), unavailable) {
        (faults, None) => faults,
        (faults, Some(unavailable)) => {
            let problems = faults.err().map(|faults| faults.problems).into_iter().flatten();
            Err(ServeError { problems: std::iter::once(unavailable).chain(problems).collect() })
        }
    }
}

/// Refuses settings that can never work.
pub(super) fn faults(options: &ServerOptions) -> Result<(), ServeError> {
    let mut problems = options.own_faults();
    if options.handshake == Duration::ZERO {
        let text = "`handshake_timeout` is 0, so every connection would be too late: keep the default or set another value";
        problems.push(text.to_owned());
    }
    #[cfg(feature = "tls")]
    if options.tls.is_some() && options.tls_handshake == Duration::ZERO {
        let text = "`tls_timeout` is 0, so every TLS handshake would be too late: keep the default or set another value";
        problems.push(text.to_owned());
    }
    if options.fallback.is_some() && options.bounds.time == Duration::ZERO {
        let text =
            "`request_timeout` is 0, so every body would be too late: keep the default or set another value";
        problems.push(text.to_owned());
    }
    if options.fallback.is_some() && !options.http {
        let text = "`http` is switched off, and there is a `fallback_service` for HTTP requests: leave out one of the two";
        problems.push(text.to_owned());
    }
    if !options.http && !options.speaks_rawsocket() {
        let text = "`http` and `rawsocket` are both switched off, so the server would accept nothing: leave one of them on";
        problems.push(text.to_owned());
    }
    let one = |setting, path| Some((setting, Option::as_ref(path)?));
    let paths = options.paths.iter().map(|path| ("path", path));
    for (setting, path) in
        paths.chain(one("health", &options.health)).chain(one("long_poll", &options.long_poll))
    {
        if !path.starts_with('/') {
            problems.push(format!(
                "`{setting}` is {path:?}, which is not an HTTP path: write {:?}",
                format!("/{path}")
            ));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(ServeError { problems }) }
}
