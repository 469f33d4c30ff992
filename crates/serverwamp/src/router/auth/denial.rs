//! Why a peer does not get in: the half that it reads, and the half for the log.

use crate::base::error::WampError;
use serverwamp_proto::uris;
use std::borrow::Cow;
use std::fmt;

/// The end of a dialogue that proved nobody.
///
/// The peer reads the error alone, which is the same whatever was wrong; the log has the cause. Neither may contain a secret.
#[derive(Debug)]
pub(crate) struct Denial {
    pub(crate) error: WampError,
    /// The cause in words; without one the log has the error.
    pub(crate) cause: Option<Cow<'static, str>>,
    /// `ABORT.Details.scram`, an error value of RFC 5802.
    pub(crate) scram: Option<&'static str>,
}

impl Denial {
    /// The credentials are wrong or unknown: `wamp.error.authentication_denied`, always with the same text.
    pub(crate) fn denied(cause: impl Into<Cow<'static, str>>) -> Self {
        Self { error: WampError::denied(), cause: Some(cause.into()), scram: None }
    }

    /// The authenticator could not do its work: `wamp.error.authentication_failed`; the peer learns nothing of the cause.
    pub(crate) fn failed(cause: impl Into<Cow<'static, str>>) -> Self {
        let error = WampError::authentication_failed("the authentication failed; try again later");
        Self { error, cause: Some(cause.into()), scram: None }
    }

    /// The same without a cause that repeats the peer's ticket, which the log must not have: others who judged it have written it.
    pub(crate) fn without(mut self, ticket: &str) -> Self {
        if !ticket.is_empty() && self.cause.as_ref().is_some_and(|cause| cause.contains(ticket)) {
            self.cause = Some("the reason repeats the ticket, and is not shown".into());
        }
        self
    }

    /// Returns whether the peer is denied, and not the authenticator's work undone.
    pub(crate) fn is_denied(&self) -> bool {
        self.error.uri() == uris::error::AUTHENTICATION_DENIED
    }

    /// Adds `ABORT.Details.scram` (checklist SCR-12).
    #[cfg(feature = "scram")]
    pub(crate) fn with_scram(mut self, value: &'static str) -> Self {
        self.scram = Some(value);
        self
    }
}

impl From<WampError> for Denial {
    fn from(error: WampError) -> Self {
        Self { error, cause: None, scram: None }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{}: {cause}", self.error.uri()),
            None => self.error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_20_a_cause_that_repeats_the_ticket_is_not_shown() {
        let denial = || Denial::denied("https://example.com/ denies it: hunter2 is wrong");
        let shown = denial().without("hunter2").to_string();
        assert!(shown.ends_with(": the reason repeats the ticket, and is not shown"), "{shown}");
        for other in ["hunter3", ""] {
            assert!(denial().without(other).to_string().ends_with("hunter2 is wrong"));
        }
    }
}
