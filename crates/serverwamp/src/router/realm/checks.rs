//! The checks of a realm on every request before broker or dealer see it, and its refusals.

use super::RealmContext;
use crate::WampError;
use crate::base::limits::Limits;
use crate::base::statistics::Refusal;
use crate::router::session::RouterSession;
use crate::transport::websocket::excerpt;
use serverwamp_proto::message::{ForwardFor, Passthru};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::uri::{self, UriError};
use serverwamp_proto::uris;

impl RealmContext {
    /// Checks that this is a URI that realm and form allow. `session` has sent it, or the application.
    pub(crate) fn check_uri(
        &self,
        uri: &str,
        form: Match,
        session: Option<&RouterSession>,
    ) -> Result<(), WampError> {
        self.config().rules.check(uri, form).map_err(|error| {
            if let UriError::TooLong(_) | UriError::TooManyComponents(_) = error {
                self.counters.refused(Refusal::Uri, session, format_args!("{error}: {uri}"));
            }
            WampError::new(uris::error::INVALID_URI).arg(format!("{:?}: {error}", excerpt(uri)))
        })
    }

    /// As [`check_uri`](Self::check_uri), and it is not one of the specification's own.
    pub(crate) fn check_own_uri(
        &self,
        uri: &str,
        form: Match,
        session: Option<&RouterSession>,
    ) -> Result<(), WampError> {
        self.check_uri(uri, form, session)?;
        if uri::is_reserved(uri) {
            let text = format!("{uri:?} is reserved: URIs of applications must not start with `wamp.`");
            return Err(WampError::new(uris::error::INVALID_URI).arg(text));
        }
        Ok(())
    }

    /// Checks that the session names no more sessions than it may on whose behalf it calls or publishes: every receiver gets
    /// them. Locks may be held.
    pub(crate) fn check_forward_for(
        &self,
        list: Option<&ForwardFor>,
        session: &RouterSession,
    ) -> Result<(), WampError> {
        let Some(list) = list else { return Ok(()) };
        let Limits { forward_for: most, forward_for_bytes: most_bytes, .. } = **self.limits();
        let text = match (list.len(), list.text()) {
            (entries, _) if entries > most => {
                format!("forward_for has {entries} entries, {most} are allowed")
            }
            (_, bytes) if bytes > most_bytes => {
                format!("forward_for has {bytes} bytes of authids and roles, {most_bytes} are allowed")
            }
            _ => return Ok(()),
        };
        self.counters.refused_under_lock(Refusal::ForwardFor, session, &text);
        Err(WampError::invalid_argument(text))
    }
}

/// The answer to the application, which sends a payload in passthru mode where its realm does not offer that (checklist PPT-07).
pub(crate) fn not_offered() -> WampError {
    let text = "the realm does not offer payload_passthru_mode";
    WampError::new(uris::error::FEATURE_NOT_SUPPORTED).arg(text)
}

/// The attributes of the payload passthru mode, if it is on (checklist PPT-01).
pub(crate) fn forwarded(passthru: Option<&Passthru>) -> Option<&Passthru> {
    passthru.filter(|passthru| passthru.is_active() || passthru.enc_algo.is_some())
}

pub(crate) fn disclosure_refused() -> WampError {
    WampError::new(uris::error::OPTION_DISALLOWED_DISCLOSE_ME).arg("this realm does not allow disclosure")
}

/// Nobody serves `procedure`.
pub(crate) fn no_such_procedure(procedure: &str) -> WampError {
    WampError::new(uris::error::NO_SUCH_PROCEDURE).arg(format!("no procedure {procedure:?}"))
}
