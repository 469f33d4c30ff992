//! Settings of the target from the environment.

use super::method::Method;
use super::settings::TargetSettings;
use crate::failure::Failure;
use serverwamp::auth::Secret;
use std::ffi::OsString;
use zeroize::Zeroizing;

/// The variables that are read, and what they are, for people.
pub(crate) const VARIABLES: [(&str, &str); 15] = [
    ("WAMP_URL", "as --url"),
    ("WAMP_REALM", "as --realm"),
    ("WAMP_SERIALIZER", "as --serializer"),
    ("WAMP_AUTHID", "as --authid"),
    ("WAMP_AUTHMETHOD", "as --authmethod"),
    ("WAMP_TICKET_FILE", "as --ticket-file"),
    ("WAMP_TICKET", "the ticket itself, for the router of WAMP_URL if that is set"),
    ("WAMP_SECRET_FILE", "as --secret-file"),
    ("WAMP_SECRET", "the secret itself, in the same way"),
    ("WAMP_KEY", "as --key"),
    ("WAMP_TLS_CA", "as --tls-ca"),
    ("WAMP_TLS_CERTIFICATES", "as --tls-certificates"),
    ("WAMP_TLS_KEY", "as --tls-key"),
    ("SERVERWAMP_CONTEXTS", "another file of contexts"),
    ("NO_COLOR", "if set, no colours"),
];

/// What the environment says.
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub(super) settings: TargetSettings,
    pub(super) secrets: Secrets,
}

/// Secrets that the environment holds itself.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// `WAMP_TICKET`.
    pub(super) ticket: Option<Secret>,
    /// `WAMP_SECRET`.
    pub(super) secret: Option<Secret>,
}

impl Secrets {
    /// Whether there is one for this method, or any at all.
    pub(super) const fn has(&self, method: Option<Method>) -> bool {
        match method {
            None => self.ticket.is_some() || self.secret.is_some(),
            Some(Method::Ticket) => self.ticket.is_some(),
            Some(Method::Wampcra | Method::WampScram) => self.secret.is_some(),
            Some(Method::Cryptosign) => false,
        }
    }
}

impl Environment {
    /// The environment of this process: `WAMP_URL`, `WAMP_REALM`, `WAMP_SERIALIZER`, `WAMP_AUTHID`, `WAMP_AUTHMETHOD`, `WAMP_TICKET` and
    /// `WAMP_TICKET_FILE`, `WAMP_SECRET` and `WAMP_SECRET_FILE`, `WAMP_KEY`, `WAMP_TLS_CA`, `WAMP_TLS_CERTIFICATES`, `WAMP_TLS_KEY`.
    ///
    /// # Errors
    /// A variable that is no UTF-8.
    pub(super) fn of_process() -> Result<Self, Failure> {
        Self::of(|name| std::env::var_os(name))
    }

    pub(super) fn of(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Failure> {
        // Empty is what scripts make of a variable that they do not want.
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let text = |name| {
            let read = set(name).map(OsString::into_string).transpose();
            read.map_err(|_| Failure::usage(format!("{name} is no UTF-8")))
        };
        let secret =
            |name| Ok::<_, Failure>(text(name)?.map(|secret| Secret::new(Zeroizing::new(secret).as_bytes())));
        let file = |name| set(name).map(Into::into);
        let settings = TargetSettings {
            url: text("WAMP_URL")?,
            realm: text("WAMP_REALM")?,
            serializer: text("WAMP_SERIALIZER")?,
            authid: text("WAMP_AUTHID")?,
            authmethod: text("WAMP_AUTHMETHOD")?.as_deref().map(Method::of_environment).transpose()?,
            ticket_file: file("WAMP_TICKET_FILE"),
            secret_file: file("WAMP_SECRET_FILE"),
            key: file("WAMP_KEY"),
            tls_ca: file("WAMP_TLS_CA"),
            tls_certificates: file("WAMP_TLS_CERTIFICATES"),
            tls_key: file("WAMP_TLS_KEY"),
        };
        Ok(Self {
            settings,
            secrets: Secrets { ticket: secret("WAMP_TICKET")?, secret: secret("WAMP_SECRET")? },
        })
    }
}
