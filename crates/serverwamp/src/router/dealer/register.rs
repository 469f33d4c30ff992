//! Joining and leaving registrations, by clients and by the application itself: from a REGISTER to its answer.

use super::takeover::TakenOver;
use super::{CalleeOptions, Dealer, RegistrationEntry};
use crate::WampError;
use crate::base::statistics::Refusal;
use crate::router::realm::{
    AccessRequest, Changes, Disclosure, GivenAnswers, HeldEntry, Withheld, disclosure_refused,
};
use crate::router::request::QuestionOptions;
use crate::router::routes::ProcedureRoute;
use crate::router::session::{RouterSession, SessionTables};
use crate::router::wire;
use crate::rt::wall_clock;
use serverwamp_proto::id::{RegistrationId, RequestId};
use serverwamp_proto::message::{Invoke, Register, RegisterOptions};
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::permissions::Action;
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;
use std::sync::Arc;

impl Dealer {
    /// A REGISTER: enters the client and answers, or says why not.
    ///
    /// # Errors
    /// When this client may not register this, somebody serves the procedure and does not share it, or the session has too
    /// many; when it is undecided whether it may.
    pub(crate) fn register(
        &self,
        session: &Arc<RouterSession>,
        register: &Register<'_>,
        answers: &GivenAnswers,
    ) -> Result<(), Withheld> {
        let Register { options, procedure, .. } = register;
        self.context.check_own_uri(procedure, options.kind, Some(session))?;
        let allowed_at = self.may_register(session, procedure, options, answers)?;
        let pattern = UriPattern::new(options.kind, procedure.as_ref());
        let changes = session.running_realm().changes();
        Ok(self.enter_client(changes, session, (register.request, allowed_at), &pattern, options)?)
    }

    /// Whether the session may register this, and the age of the decisions that say so.
    fn may_register(
        &self,
        session: &RouterSession,
        procedure: &str,
        options: &RegisterOptions,
        answers: &GivenAnswers,
    ) -> Result<u64, Withheld> {
        let age = self.context.age();
        let config = self.context.config();
        let asked = QuestionOptions {
            disclose: options.disclose_caller,
            invoke: Some(options.invoke),
            ..QuestionOptions::default()
        };
        let action = Action::Register;
        let request = AccessRequest { session, action, form: options.kind, uri: procedure, options: asked };
        let granted = self.context.authorize(&config, request, answers)?;
        let may_disclose = granted.allowance.disclose && config.offers.disclosure != Disclosure::Refused;
        if options.disclose_caller && !may_disclose {
            return Err(disclosure_refused().into());
        }
        Ok(granted.asked.unwrap_or(age))
    }

    fn enter_client(
        &self,
        mut changes: Changes<'_>,
        session: &Arc<RouterSession>,
        (request, allowed_at): (RequestId, u64),
        pattern: &UriPattern,
        options: &RegisterOptions,
    ) -> Result<(), WampError> {
        let taken = match options.force_reregister {
            true => self.take_over(&mut changes, session, (pattern, allowed_at), options)?,
            false => None,
        };
        let entered = self.enter_decided(changes, session, (request, allowed_at), pattern, options);
        taken.into_iter().for_each(TakenOver::end_calls);
        entered
    }

    fn enter_decided(
        &self,
        mut changes: Changes<'_>,
        session: &Arc<RouterSession>,
        (request, allowed_at): (RequestId, u64),
        pattern: &UriPattern,
        options: &RegisterOptions,
    ) -> Result<(), WampError> {
        let mut tables = session.tables();
        if !session.is_open() {
            return Ok(());
        }
        // Whoever replaced the configuration or forgot decisions since has looked at these tables before, or will when they are free.
        let decided = self.still_may_register(session, (pattern, allowed_at), options);
        if let Err(Withheld::Denied(error)) = decided {
            return Err(error);
        }
        let known = self.lookup(pattern.kind(), pattern.as_str());
        let held = known.as_ref().is_some_and(|entry| tables.registrations.contains_key(&entry.id));
        if !held {
            self.check_limits(session, &tables, pattern.kind())?;
        }
        let created = known.is_none();
        let entry = known.unwrap_or_else(|| {
            self.enter(&mut changes.registrations, pattern, options.invoke, None, wall_clock())
        });
        let already = || {
            let text =
                format!("{:?} is already registered (invoke {})", pattern.as_str(), entry.invoke.as_str());
            WampError::new(uris::error::PROCEDURE_ALREADY_EXISTS).arg(text)
        };
        // A call that finds the callee from here on queues its INVOCATION behind REGISTERED: until that is queued, the
        // callee's invocations are held (checklist ORD-04).
        let invocations = session.invocations();
        let joined =
            entry.join(session, CalleeOptions::from(options), options.invoke).map_err(|_| already())?;
        session.send(&wire::registered(request, entry.id));
        drop(invocations);
        let new = tables.registrations.insert(entry.id, Arc::clone(&entry)).is_none();
        tables.pattern_registrations += usize::from(new && pattern.kind() != Match::Exact);
        drop(tables);
        if created {
            changes.events.registration_created(session.id(), &entry);
        }
        if joined {
            changes.events.registered(session.id(), &entry);
        }
        drop(changes);
        if decided.is_err() {
            let doubted = (Arc::clone(session), HeldEntry::Registration(entry));
            session.running_realm().review([doubted], []);
        }
        Ok(())
    }

    /// Whether what was decided at this age holds, if need be by deciding once more.
    pub(super) fn still_may_register(
        &self,
        session: &RouterSession,
        (pattern, allowed_at): (&UriPattern, u64),
        options: &RegisterOptions,
    ) -> Result<(), Withheld> {
        let again = || self.may_register(session, pattern.as_str(), options, &GivenAnswers::default());
        if allowed_at == self.context.age() { Ok(()) } else { again().map(drop) }
    }

    pub(super) fn check_limits(
        &self,
        session: &RouterSession,
        tables: &SessionTables,
        kind: Match,
    ) -> Result<(), WampError> {
        let limits = session.limits();
        let (refusal, text) = if tables.registrations.len() >= limits.registrations {
            (Refusal::Registrations, format!("a session may have {} registrations", limits.registrations))
        } else if kind != Match::Exact && tables.pattern_registrations >= limits.pattern_registrations {
            let text =
                format!("a session may have {} registrations by pattern", limits.pattern_registrations);
            (Refusal::PatternRegistrations, text)
        } else {
            return Ok(());
        };
        self.context.counters.refused_under_lock(refusal, session, &text);
        Err(WampError::unavailable(text))
    }

    /// Ends a registration of the session and answers `request`. Invocations that are out may still be answered
    /// (checklist RPC-19).
    pub(crate) fn unregister(
        &self,
        changes: Changes<'_>,
        session: &RouterSession,
        request: RequestId,
        registration: RegistrationId,
    ) -> Result<(), WampError> {
        self.end_registration(changes, session, registration, || session.send(&wire::unregistered(request)))
            .ok_or_else(|| {
                WampError::new(uris::error::NO_SUCH_REGISTRATION).arg("this session has no such registration")
            })
    }

    /// Takes a registration away from a session, which is told if it can be told (checklist REGREV-01, REGREV-02).
    pub(crate) fn revoke(
        &self,
        changes: Changes<'_>,
        session: &RouterSession,
        registration: RegistrationId,
        reason: Option<&str>,
    ) -> Option<()> {
        self.end_registration(changes, session, registration, || {
            if session.callee_has(Feature::RegistrationRevocation) {
                session.send(&wire::registration_revoked(registration, reason));
            }
        })
    }

    fn end_registration(
        &self,
        mut changes: Changes<'_>,
        session: &RouterSession,
        registration: RegistrationId,
        tell: impl FnOnce(),
    ) -> Option<()> {
        let entry = session.tables().leave_registration(registration)?;
        // A call that has chosen the callee and not reached it yet finds that it has left, see `RoutedCall::send`.
        let invocations = session.invocations();
        entry.leave(session.id());
        tell();
        drop(invocations);
        let deleted = self.remove_if_empty(&mut changes.registrations, &entry);
        changes.events.left_registration(session.id(), &entry, deleted);
        Some(())
    }

    /// Registers a handler of the application at run time.
    ///
    /// # Errors
    /// When somebody serves the procedure already.
    pub(crate) fn register_local(
        &self,
        mut changes: Changes<'_>,
        pattern: &UriPattern,
        route: ProcedureRoute,
    ) -> Result<Arc<RegistrationEntry>, WampError> {
        if self.lookup(pattern.kind(), pattern.as_str()).is_some() {
            let text = format!("{:?} is already registered", pattern.as_str());
            return Err(WampError::new(uris::error::PROCEDURE_ALREADY_EXISTS).arg(text));
        }
        let route = Some(Arc::new(route));
        let index = &mut changes.registrations;
        let entry = self.enter(index, pattern, Invoke::Single, route, wall_clock());
        changes.events.registration_created(self.context.own_session, &entry);
        changes.events.registered(self.context.own_session, &entry);
        Ok(entry)
    }

    /// The application does not serve the procedure any more. Calls that run go on.
    pub(crate) fn unregister_local(&self, mut changes: Changes<'_>, entry: &RegistrationEntry) {
        self.remove(&mut changes.registrations, entry);
        changes.events.unregistered(self.context.own_session, entry);
        changes.events.registration_deleted(self.context.own_session, entry);
    }
}
