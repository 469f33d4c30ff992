//! Registrations that another session of the same principal takes over: REGISTER with `force_reregister`.
//!
//! A callee that comes back finds its former session alive until the router misses it. Crossbar.io has the option; it is not of
//! the specification.
//!
//! Invariant: nobody loses a registration for a request that is refused, and none to a session of another authid or role.

use super::call::RoutedCall;
use super::{Dealer, RegistrationEntry};
use crate::WampError;
use crate::base::log::line_later;
use crate::router::realm::{Changes, Withheld};
use crate::router::session::RouterSession;
use crate::router::wire;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::message::RegisterOptions;
use serverwamp_proto::pattern::UriPattern;
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;
use std::sync::Arc;

/// The reason that the former callee reads, which is that of Crossbar.io.
const TAKEN_OVER: &str = "wamp.error.unregistered";

/// A registration that has lost its callee, whose calls are still in flight.
#[must_use = "nobody else ends the calls"]
pub(super) struct TakenOver {
    former: SessionId,
    calls: Vec<Arc<RoutedCall>>,
}

impl TakenOver {
    /// Ends the calls that the former callee has not answered. To be called when nobody waits for `Changes`.
    pub(super) fn end_calls(self) {
        self.calls.iter().for_each(|call| call.taken_over(self.former));
    }
}

impl Dealer {
    /// Takes the registration of exactly this pattern away from the callee that has it, if there is one that `session` may replace.
    ///
    /// # Errors
    /// When it may not, or the request would be refused without that callee as well.
    pub(super) fn take_over(
        &self,
        changes: &mut Changes<'_>,
        session: &RouterSession,
        (pattern, allowed_at): (&UriPattern, u64),
        options: &RegisterOptions,
    ) -> Result<Option<TakenOver>, WampError> {
        let Some(entry) = self.lookup(pattern.kind(), pattern.as_str()) else { return Ok(None) };
        // Who may share it need not take it.
        if entry.is_shared() && entry.invoke == options.invoke {
            return Ok(None);
        }
        let former = self.replaceable(session, &entry)?;
        let tables = session.tables();
        if !session.is_open() {
            return Ok(None);
        }
        if let Err(Withheld::Denied(error)) = self.still_may_register(session, (pattern, allowed_at), options)
        {
            return Err(error);
        }
        self.check_limits(session, &tables, pattern.kind())?;
        drop(tables);
        Ok(Some(self.replace(changes, &former, &entry)))
    }

    /// The callee whose place the session may take.
    fn replaceable(
        &self,
        session: &RouterSession,
        entry: &RegistrationEntry,
    ) -> Result<Arc<RouterSession>, WampError> {
        let refused = |why: &str| {
            let text =
                format!("{} is already registered (invoke {}), {why}", entry.pattern, entry.invoke.as_str());
            Err(WampError::new(uris::error::PROCEDURE_ALREADY_EXISTS).arg(text))
        };
        if self.context.config().offers.no_takeover {
            return refused("and this realm does not allow force_reregister");
        }
        if entry.application.is_some() {
            return refused("and the application serves it");
        }
        let Some(former) = entry.only_callee() else {
            return refused("and who shares it does not lose it to others");
        };
        if former.id() == session.id() {
            return refused("by this session");
        }
        if session.authmethod() == "anonymous" || session.authid().is_empty() {
            return refused("and anonymous sessions take nothing over");
        }
        if session.authid() != former.authid() || session.authrole() != former.authrole() {
            return refused("by another authid or role");
        }
        Ok(former)
    }

    /// Takes it away, as if the callee had left.
    fn replace(
        &self,
        changes: &mut Changes<'_>,
        former: &RouterSession,
        entry: &Arc<RegistrationEntry>,
    ) -> TakenOver {
        // Of a session that is about to leave the tables are gone.
        drop(former.tables().leave_registration(entry.id));
        let mut invocations = former.invocations();
        entry.leave(former.id());
        if former.callee_has(Feature::RegistrationRevocation) {
            former.send(&wire::registration_revoked(entry.id, Some(TAKEN_OVER)));
        }
        let calls = invocations.remove_all(|call| Arc::ptr_eq(&call.registration, entry));
        drop(invocations);
        let deleted = self.remove_if_empty(&mut changes.registrations, entry);
        changes.events.left_registration(former.id(), entry, deleted);
        line_later!(
            INFO,
            "session",
            "a registration was taken over by another session of its authid",
            realm = self.context.name,
            session = former.id(),
            authid = former.authid(),
            procedure = entry.pattern
        );
        TakenOver { former: former.id(), calls: calls.into_iter().map(|(_, call)| call).collect() }
    }
}
