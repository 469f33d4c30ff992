//! The meta API of registrations: lists, callees, and revocation by administrators.
//!
//! Registrations of the application are listed as well, under its own session. Spec: advanced, "Registration Meta API".

use super::arguments::{self, Arguments, Expected, Page};
use super::events::RegistrationDetails;
use super::listing::Listed;
use super::{MetaApi, one};
use crate::WampError;
use crate::base::log::line;
use crate::router::dealer::RegistrationEntry;
use crate::router::session::RouterSession;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::RegistrationId;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::{uri, uris};
use std::sync::Arc;

const REGISTRATION: Expected<RegistrationId> = arguments::id("the id of a registration");

impl MetaApi<'_> {
    /// Looks a pattern up as it was registered, and evaluates none (checklist MREG-08).
    pub(super) fn lookup_registration(self, arguments: &Arguments<'_>) -> Result<Option<u64>, WampError> {
        let procedure = arguments.required(0, "procedure", &arguments::TEXT)?;
        let kind = arguments.optional(1, "options", &arguments::MATCH_OPTIONS)?.unwrap_or_default();
        Ok(self.realm.dealer.lookup(kind, &procedure).map(|entry| entry.id.get()))
    }

    /// The registration that a call would go to (checklist MREG-09): none for the meta API's own procedures, which come
    /// before every registration.
    pub(super) fn match_registration(self, arguments: &Arguments<'_>) -> Result<Option<u64>, WampError> {
        let procedure = arguments.required(0, "procedure", &arguments::TEXT)?;
        if uri::is_reserved(&procedure) {
            return Ok(None);
        }
        Ok(self.realm.dealer.best(&procedure).map(|entry| entry.id.get()))
    }

    pub(super) fn get_registration(
        self,
        arguments: &Arguments<'_>,
        serializer: Serializer,
    ) -> Result<Payload, WampError> {
        let entry = self.registration_named(arguments)?;
        one(serializer, RegistrationDetails::of(&entry))
    }

    /// In the order in which they registered, or of their ids where a page is asked for.
    pub(super) fn list_callees(self, arguments: &Arguments<'_>, page: Page) -> Result<Listed, WampError> {
        let entry = self.registration_named(arguments)?;
        if entry.application.is_some() {
            return Ok(Listed::ids(std::iter::once(self.realm.context.own_session.get()), page, false));
        }
        let ids = entry.callee_ids();
        Ok(Listed::ids(ids.into_iter().map(serverwamp_proto::id::SessionId::get), page, false))
    }

    pub(super) fn count_callees(self, arguments: &Arguments<'_>) -> Result<usize, WampError> {
        let entry = self.registration_named(arguments)?;
        Ok(if entry.application.is_some() { 1 } else { entry.count_callees() })
    }

    /// Takes a registration away from one of its callees (checklist MREG-13, REGREV-01).
    pub(super) fn remove_callee(
        self,
        caller: &RouterSession,
        arguments: &Arguments<'_>,
    ) -> Result<(), WampError> {
        let entry = self.registration_named(arguments)?;
        let callee = self.session_named(arguments, 1)?;
        let reason = arguments.keyword("reason", &arguments::TEXT)?;
        self.realm
            .dealer
            .revoke(self.realm.changes(), &callee, entry.id, reason.as_deref())
            .ok_or_else(|| no_such_registration(entry.id))?;
        line!(
            INFO,
            "session",
            "a registration was revoked",
            realm = self.realm.name(),
            procedure = entry.pattern.as_str(),
            session = callee.id(),
            by = caller.id(),
            by_authid = caller.authid()
        );
        Ok(())
    }

    fn registration_named(self, arguments: &Arguments<'_>) -> Result<Arc<RegistrationEntry>, WampError> {
        let id = arguments.required(0, "registration", &REGISTRATION)?;
        self.realm.changes().registrations.get(id).cloned().ok_or_else(|| no_such_registration(id))
    }
}

fn no_such_registration(id: RegistrationId) -> WampError {
    WampError::new(uris::error::NO_SUCH_REGISTRATION).arg(format!("no such registration: {id}"))
}
