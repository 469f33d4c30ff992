//! Joining and leaving registrations, by clients and by the application itself.

use super::running::RunningRealm;
use crate::base::statistics::Refusal;
use crate::router::dealer::{CalleeOptions, RegistrationEntry};
use crate::router::routes::ProcedureRoute;
use crate::router::wire;
use crate::rt::wall_clock;
use crate::{Session, WampError};
use serverwamp_proto::id::{RegistrationId, RequestId};
use serverwamp_proto::message::{Invoke, RegisterOptions};
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;
use std::sync::Arc;

impl RunningRealm {
    /// Registers a client and answers its request; the caller has checked procedure and permission.
    ///
    /// # Errors
    /// When somebody serves the procedure and does not share it, or the session has too many.
    pub(crate) fn register(
        &self,
        session: &Session,
        request: RequestId,
        procedure: &str,
        options: &RegisterOptions,
    ) -> Result<(), WampError> {
        let pattern = UriPattern::new(options.kind, procedure);
        let mut changes = self.changes();
        let mut work = session.work();
        if !session.is_open() {
            return Ok(());
        }
        let known = self.dealer.lookup(pattern.kind(), pattern.as_str());
        let held = known.as_ref().is_some_and(|entry| work.registrations.contains_key(&entry.id));
        if work.registrations.len() >= self.context.limits.registrations && !held {
            let text = format!("a session may have {} registrations", self.context.limits.registrations);
            self.context.counters.refused_under_lock(Refusal::Registrations, session, &text);
            return Err(WampError::unavailable(text));
        }
        if pattern.kind() != Match::Exact
            && work.pattern_registrations >= self.context.limits.pattern_registrations
            && !held
        {
            let text = format!(
                "a session may have {} registrations by pattern",
                self.context.limits.pattern_registrations
            );
            self.context.counters.refused_under_lock(Refusal::PatternRegistrations, session, &text);
            return Err(WampError::unavailable(text));
        }
        let created = known.is_none();
        let entry = known.unwrap_or_else(|| {
            self.dealer.enter(&mut changes.registrations, &pattern, options.invoke, None, wall_clock())
        });
        let already = || {
            let text = format!("{procedure:?} is registered already (invoke {})", entry.invoke.as_str());
            WampError::new(uris::error::PROCEDURE_ALREADY_EXISTS).arg(text)
        };
        // A call that finds the callee from here on queues its INVOCATION behind REGISTERED: until that is queued, the
        // callee's invocations are held (checklist ORD-04).
        let invocations = session.invocations();
        let joined =
            entry.join(session, CalleeOptions::from(options), options.invoke).map_err(|_| already())?;
        session.send(&wire::registered(request, entry.id));
        drop(invocations);
        let new = work.registrations.insert(entry.id, Arc::clone(&entry)).is_none();
        work.pattern_registrations += usize::from(new && pattern.kind() != Match::Exact);
        drop(work);
        if created {
            changes.events.registration_created(session.id(), &entry);
        }
        if joined {
            changes.events.registered(session.id(), &entry);
        }
        Ok(())
    }

    /// Ends a registration of the session and answers `request`. Invocations that are out may still be answered
    /// (checklist RPC-19).
    pub(crate) fn unregister(
        &self,
        session: &Session,
        request: RequestId,
        registration: RegistrationId,
    ) -> Result<(), WampError> {
        self.end_registration(session, registration, || session.send(&wire::unregistered(request)))
            .ok_or_else(|| {
                WampError::new(uris::error::NO_SUCH_REGISTRATION).arg("this session has no such registration")
            })
    }

    /// Takes a registration away from a session, which is told if it can be told (checklist REGREV-01, REGREV-02).
    pub(crate) fn revoke_registration(
        &self,
        session: &Session,
        registration: RegistrationId,
        reason: Option<&str>,
    ) -> Option<()> {
        self.end_registration(session, registration, || {
            if session.callee_has(Feature::RegistrationRevocation) {
                session.send(&wire::registration_revoked(registration, reason));
            }
        })
    }

    fn end_registration(
        &self,
        session: &Session,
        registration: RegistrationId,
        tell: impl FnOnce(),
    ) -> Option<()> {
        let mut changes = self.changes();
        let entry = session.work().leave_registration(registration)?;
        // A call that has chosen the callee and not reached it yet finds that it has left, see `RoutedCall::send`.
        let invocations = session.invocations();
        entry.leave(session.id());
        tell();
        drop(invocations);
        let deleted = self.dealer.remove_if_empty(&mut changes.registrations, &entry);
        changes.events.left_registration(session.id(), &entry, deleted);
        Some(())
    }

    /// Registers a handler of the application at run time.
    ///
    /// # Errors
    /// When somebody serves the procedure already.
    pub(crate) fn register_local(
        &self,
        pattern: &UriPattern,
        route: ProcedureRoute,
    ) -> Result<Arc<RegistrationEntry>, WampError> {
        let mut changes = self.changes();
        if self.dealer.lookup(pattern.kind(), pattern.as_str()).is_some() {
            let text = format!("{:?} is registered already", pattern.as_str());
            return Err(WampError::new(uris::error::PROCEDURE_ALREADY_EXISTS).arg(text));
        }
        let route = Some(Arc::new(route));
        let index = &mut changes.registrations;
        let entry = self.dealer.enter(index, pattern, Invoke::Single, route, wall_clock());
        changes.events.registration_created(self.context.own_session, &entry);
        changes.events.registered(self.context.own_session, &entry);
        Ok(entry)
    }

    /// The application does not serve the procedure any more. Calls that run go on.
    pub(crate) fn unregister_local(&self, entry: &RegistrationEntry) {
        let mut changes = self.changes();
        self.dealer.remove(&mut changes.registrations, entry);
        changes.events.unregistered(self.context.own_session, entry);
        changes.events.registration_deleted(self.context.own_session, entry);
    }
}
