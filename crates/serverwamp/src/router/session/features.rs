//! The features that a session's client announced.

use super::RouterSession;
use crate::WampError;
use crate::router::realm::not_offered;
use serverwamp_proto::message::{Passthru, Violation};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::{ClientRoles, Feature};
use serverwamp_proto::uris;

impl RouterSession {
    /// Sets the roles that the client announced in HELLO.
    pub(crate) fn announce(&self, roles: ClientRoles) {
        // There is one HELLO for each session; the handshake is the only caller.
        let _first = self.roles.set(roles);
    }

    pub(crate) fn roles(&self) -> ClientRoles {
        self.roles.get().copied().unwrap_or_default()
    }

    pub(crate) fn callee_has(&self, feature: Feature) -> bool {
        self.roles().callee.is_some_and(|features| features.has(feature))
    }

    pub(crate) fn caller_has(&self, feature: Feature) -> bool {
        self.roles().caller.is_some_and(|features| features.has(feature))
    }

    pub(crate) fn publisher_has(&self, feature: Feature) -> bool {
        self.roles().publisher.is_some_and(|features| features.has(feature))
    }

    pub(crate) fn subscriber_has(&self, feature: Feature) -> bool {
        self.roles().subscriber.is_some_and(|features| features.has(feature))
    }

    /// Whether a result of the application can go to this caller: one in passthru mode only if both announce that (checklist
    /// PPT-09).
    pub(crate) fn check_takes(&self, result: &Payload) -> Result<(), WampError> {
        if result.passthru.is_none() {
            return Ok(());
        }
        if !self.running_realm().context.config().access.offers_passthru() {
            return Err(not_offered());
        }
        match self.caller_has(Feature::PayloadPassthruMode) {
            true => Ok(()),
            false => {
                let text = "the caller does not announce payload_passthru_mode";
                Err(WampError::new(uris::error::FEATURE_NOT_SUPPORTED).arg(text))
            }
        }
    }

    /// Only who announces the payload passthru mode may use it, and only where the realm does (checklist PPT-04 .. PPT-07).
    pub(crate) fn check_passthru(
        &self,
        passthru: Option<&Passthru>,
        announced: impl FnOnce() -> bool,
        what: impl FnOnce() -> String,
    ) -> Result<(), Violation> {
        if !passthru.is_some_and(Passthru::is_active) {
            return Ok(());
        }
        let offers = self.running_realm().context.config().access.offers_passthru();
        let missing = match announced() {
            true if offers => return Ok(()),
            true => "the realm",
            false => "its sender",
        };
        Err(Violation::new(format!(
            "{}: ppt_scheme is used, and {missing} does not announce payload_passthru_mode",
            what()
        )))
    }
}
