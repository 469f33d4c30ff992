//! The meta API: what the realm tells about its sessions, registrations and subscriptions, and what it lets others do
//! with them.
//!
//! Its procedures are found before any registration is, so nobody can take their place, and a call of another
//! `wamp.` procedure finds nothing (checklist URI-11). Spec: advanced, "Session Meta API" and the chapters after it.

mod events;
mod testament;

pub(crate) use testament::Testament;

impl crate::realm::RunningRealm {
    pub(crate) fn answer_meta(
        &self,
        _: &crate::Session,
        procedure: &str,
        _: &serverwamp_proto::payload::Payload,
    ) -> Result<crate::reply::Encoded, crate::WampError> {
        Err(crate::realm::no_such_procedure(procedure))
    }
}
