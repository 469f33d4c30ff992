//! The calls of one session.
//!
//! A handler is polled where its CALL was read; when it answers at once, nothing is spawned, registered, locked or
//! permitted for it. Only a handler that waits becomes a task, and from then on it can be canceled and timed.

use super::call_measures::MeasuredCalls;
use super::call_permit::CallPermit;
use super::call_tasks::{describe, spawn};
use super::deadlines::Deadlines;
use super::dispatch::Halt;
use super::plain_calls::PlainRoute;
use super::route::{
    CallTarget, ServedRoute, check_abilities, check_allowed, check_goes_on, continues, find, go_on, refuse,
};
use crate::WampError;
use crate::base::log::line;
use crate::base::statistics::Refusal;
use crate::peering::payload::CallReply;
use crate::peering::{CallState, Invocation, Matched, Stop, Takes};
use crate::router::dealer::LastFound;
use crate::router::measures::CallSampler;
use crate::router::meta::{MetaAnswer, MetaApi, MetaCall, finish};
use crate::router::realm::{CachedConfig, GivenAnswers, Withheld, no_such_procedure};
use crate::router::routes::ProcedureRoute;
use crate::router::session::{Charge, OpenCall, RouterSession, Session};
use crate::router::supervise;
use crate::transport::charge_time;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message::{Call, CancelMode, Violation};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::Feature;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// The call state that a session's connection keeps.
pub(super) struct Calls {
    /// The state of the last call that was answered at once, for the next one.
    spare: Option<Arc<CallState<Session>>>,
    /// What plain calls of one route need.
    pub(super) plain: Option<Box<PlainRoute>>,
    /// The address of the last call's exact route, if it was answered at once; routes stay where they are.
    pub(super) last_route: usize,
    /// Calls that wait for the one before, in a realm that serves them one at a time.
    pub(super) waiting: VecDeque<Waiting>,
    serial: bool,
    /// The registration of the last call that a client serves.
    pub(super) last_found: LastFound,
    /// Calls went to clients since the connection's last turn, and when that was so last.
    pub(super) has_routed: bool,
    pub(super) routed_at: Option<Instant>,
    pub(super) config: CachedConfig,
    /// The highest id of a CALL so far.
    pub(super) newest: Option<RequestId>,
    /// When calls that clients serve have taken too long.
    pub(super) deadlines: Deadlines,
    pub(super) sampler: CallSampler,
    /// When the call began that is being looked at, if it is timed.
    pub(super) began: Option<Instant>,
    pub(super) measured: MeasuredCalls,
}

/// A call that waits for the one before.
pub(super) struct Waiting {
    call: Arc<CallState<Session>>,
    /// Its arguments, in memory of their own.
    payload: Payload,
    kept: Option<Charge>,
    call_permit: CallPermit,
    began: Option<Instant>,
}

impl Calls {
    pub(super) fn new(session: &Arc<RouterSession>) -> Self {
        let serial = session.running_realm().code.serial_calls;
        Self {
            spare: None,
            plain: None,
            last_route: 0,
            waiting: VecDeque::new(),
            serial,
            last_found: LastFound::default(),
            has_routed: false,
            routed_at: None,
            config: session.running_realm().context.cached_config(),
            newest: None,
            deadlines: Deadlines::default(),
            sampler: CallSampler::new(session.id().get()),
            began: None,
            measured: MeasuredCalls::new(session),
        }
    }

    /// A CALL: refuse it, answer it at once, let it run, or pass it on to who serves it.
    ///
    /// # Errors
    /// When it breaks the protocol, and when it waits for an authorizer.
    pub(super) fn call(
        &mut self,
        session: &Arc<RouterSession>,
        call: Call<'_>,
        answers: &GivenAnswers,
    ) -> Result<(), Halt> {
        if !session.is_open() {
            return Ok(());
        }
        line!(
            DEBUG,
            "call",
            "a call",
            session = session.id(),
            request = call.request,
            procedure = call.procedure
        );
        let realm = session.running_realm();
        let in_flight = session.calls_in_flight();
        // An id above all others is new, whatever is open; most clients count up.
        let is_new = self.newest.is_none_or(|newest| call.request > newest);
        if is_new {
            self.newest = Some(call.request);
        }
        let may_continue = !is_new && (in_flight > 0 || session.has_answered_inputs());
        if may_continue && continues(session, &call)? {
            return Ok(());
        }
        let unanswered = in_flight + self.waiting.len();
        let most =
            session.most_calls_beside(unanswered, || self.config.load().access.limits_of(session.authrole()));
        if unanswered >= most {
            let text = format!("more than {most} calls of this session are unanswered");
            realm.context.counters.refused(Refusal::Calls, session, &text);
            refuse(session, call.request, call.options.progress, &WampError::unavailable(text));
            return Ok(());
        }
        if let Some(waiting) = self.waiting.iter().find(|waiting| waiting.call.request() == call.request) {
            return Ok(go_on(&waiting.call, &call).map(drop)?);
        }
        let announced = || session.caller_has(Feature::PayloadPassthruMode);
        session.check_passthru(call.options.passthru.as_deref(), announced, || {
            format!("CALL #{}", call.request)
        })?;
        if call.options.progress && !session.caller_has(Feature::ProgressiveCallInvocations) {
            return Err(Violation::new(format!(
                "CALL #{}: progress is used by a caller that does not announce progressive_call_invocations",
                call.request
            ))
            .into());
        }
        let input_open = call.options.progress;
        self.began = self.sampler.begin(|| session.runtime().now());
        match self.serve(session, call, answers) {
            Ok(()) => Ok(()),
            Err((request, Withheld::Denied(error))) => {
                refuse(session, request, input_open, &error);
                Ok(())
            }
            Err((_, Withheld::Undecided(asked))) => Err(Halt::Undecided(asked)),
        }
    }

    /// Returns whether a call of which arguments were not read is answered by the meta API, which does not need them.
    pub(super) fn is_of_meta_api(&self, session: &RouterSession, call: &Call<'_>) -> bool {
        let realm = session.running_realm();
        let is_input = || {
            let tables = session.tables();
            tables.calls.contains_key(&call.request)
                || tables.answered_inputs.contains(&call.request)
                || self.waiting.iter().any(|waiting| waiting.call.request() == call.request)
        };
        (realm.code.service.is_none() || realm.context.config().offers.meta_api) && !is_input()
    }

    /// Finds who serves a call and hands it over.
    fn serve(
        &mut self,
        session: &Arc<RouterSession>,
        mut call: Call<'_>,
        answers: &GivenAnswers,
    ) -> Result<(), (RequestId, Withheld)> {
        let (realm, request) = (session.running_realm(), call.request);
        let refuse = |error: WampError| (request, error.into());
        check_goes_on(session).map_err(refuse)?;
        check_allowed(session, self.config.load(), &mut call, answers).map_err(|why| (request, why))?;
        realm.context.check_forward_for(call.options.forward_for.as_ref(), session).map_err(refuse)?;
        if let Some(registration) = self.last_found.take(&realm.dealer, &call.procedure) {
            let routed = self.route(session, call, &registration);
            self.last_found.put_back(registration);
            return routed.map_err(refuse);
        }
        let changes = realm.dealer.changes();
        let found = match find(session, &call.procedure).map_err(refuse)? {
            CallTarget::Served(found) => found,
            CallTarget::Registered(registration) => {
                charge_time();
                self.last_found.keep(changes, &registration);
                return self.route(session, call, &registration).map_err(refuse);
            }
            CallTarget::Meta => {
                charge_time();
                check_abilities(&call, Takes::default()).map_err(refuse)?;
                let Call { ref procedure, ref payload, unread, .. } = call;
                let answer =
                    MetaApi::of(realm).answer(session, MetaCall { procedure, payload, unread }, answers);
                match answer.map_err(|why| (request, why))? {
                    MetaAnswer::Now(reply) => session.send_reply(request, &CallReply::new(Ok(reply))),
                    MetaAnswer::Later(answer) => {
                        let state = self.state(session, &call, &Arc::from(&*call.procedure), Matched::Exact);
                        let answer = finish(answer, Arc::clone(session));
                        let run = Box::pin(async move { CallReply::new(answer.await) });
                        spawn(session, run, state, None, (None, None));
                    }
                }
                return Ok(());
            }
        };
        let ServedRoute { procedure, matched, route } = found;
        let takes = route.as_deref().map_or_else(Takes::default, |route| route.takes);
        check_abilities(&call, takes).map_err(refuse)?;
        if takes.passthru {
            call.payload = call.payload.packed(call.options.passthru.take());
        }
        let kept = session.charge(&call.payload).map_err(refuse)?;
        let state = self.state(session, &call, &procedure, matched);
        if self.serial && (session.calls_in_flight() > 0 || !self.waiting.is_empty()) {
            let call_permit = CallPermit::take(session).map_err(refuse)?;
            let payload = call.payload.to_keep();
            self.waiting.push_back(Waiting { call: state, payload, kept, call_permit, began: self.began });
        } else {
            let served = route.as_deref().map(|route| &**route);
            let answered = self.start(session, (state, call.payload), kept, None, (served, self.began));
            if let (true, Some(Cow::Borrowed(route))) = (answered, route) {
                self.note_route(session, route);
            }
        }
        Ok(())
    }

    fn state(
        &mut self,
        session: &Arc<RouterSession>,
        call: &Call<'_>,
        procedure: &Arc<str>,
        matched: Matched,
    ) -> Arc<CallState<Session>> {
        if let Some(mut spare) = self.spare.take()
            && let Some(state) = Arc::get_mut(&mut spare)
            && state.recycle(call.request, procedure).is_some()
        {
            describe(state, session, call, matched);
            return spare;
        }
        let mut state =
            CallState::new(Session::new(Arc::clone(session)), call.request, Arc::clone(procedure));
        describe(&mut state, session, call, matched);
        Arc::new(state)
    }

    /// Starts the calls that waited for another one to end.
    pub(super) fn start_waiting(&mut self, session: &Arc<RouterSession>) {
        while !self.waiting.is_empty() && session.calls_in_flight() == 0 {
            if let Some(Waiting { call, payload, kept, call_permit, began }) = self.waiting.pop_front() {
                let route = session.running_realm().code.routes.procedure(&call.procedure);
                let route = route.map(|route| &**route);
                self.start(session, (call, payload), kept, Some(call_permit), (route, began));
            }
        }
    }

    /// When the first of the calls has waited too long: for its turn, or for its callee.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.waiting.is_empty() {
            return self.deadlines.first();
        }
        let waiting = self.waiting.iter().filter_map(|waiting| waiting.call.deadline).min();
        waiting.into_iter().chain(self.deadlines.first()).min()
    }

    /// Answers the calls that have waited too long (checklist TMO-02, TMO-03).
    pub(super) fn expire(&mut self, session: &Arc<RouterSession>, now: Instant) {
        if !self.waiting.is_empty() {
            self.waiting.retain(|waiting| {
                let expired = waiting.call.deadline.is_some_and(|deadline| deadline <= now);
                if expired {
                    session.send_error(Call::CODE, waiting.call.request(), &WampError::call_timed_out());
                }
                !expired
            });
        }
        while let Some(request) = self.deadlines.due(now) {
            let open = session.tables().calls.get(&request).cloned();
            if let Some(OpenCall::Routed(call)) = open
                && let Some(later) = call.expire(now)
            {
                self.deadlines.watch(later, request);
            }
        }
    }

    /// Starts a call; returns whether its handler has answered.
    fn start(
        &mut self,
        session: &Arc<RouterSession>,
        (state, payload): (Arc<CallState<Session>>, Payload),
        kept: Option<Charge>,
        call_permit: Option<CallPermit>,
        (route, began): (Option<&ProcedureRoute>, Option<Instant>),
    ) -> bool {
        let call: Arc<CallState<Session>> = Arc::clone(&state);
        let invocation = Invocation { call, payload };
        let realm = session.running_realm();
        let mut run = match (&realm.code.service, route) {
            // Layers may let a call wait, and with it all that was read together with it.
            (Some(service), _) => {
                service.reply(Invocation { payload: invocation.payload.to_keep(), ..invocation })
            }
            (None, Some(route)) => route.served.call(invocation),
            (None, None) => {
                session.send_error(Call::CODE, state.request(), &no_such_procedure(""));
                return false;
            }
        };
        let mut now = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(&mut now))) {
            Ok(Poll::Ready(mut reply)) => {
                drop((run, reply.call.take()));
                self.answer_at_once(session, state, &reply);
                if began.is_some() || self.measured.names_uris() {
                    self.measured.answered(session, began, route, reply.is_ok());
                }
                return true;
            }
            Ok(Poll::Pending) => {
                let measures = self.measured.of(session, began, route);
                spawn(session, run, state, kept, (call_permit, measures));
            }
            Err(panic) => {
                let id = supervise::report_panic("procedure handler", session, panic.as_ref());
                state.answer(&CallReply::error(WampError::incident(&id)));
                self.measured.answered(session, began, route, false);
            }
        }
        false
    }

    fn answer_at_once(
        &mut self,
        session: &Arc<RouterSession>,
        state: Arc<CallState<Session>>,
        reply: &CallReply,
    ) {
        if CallState::is_held_by(&state, 1) && state.inputs.is_none() {
            // Nobody else holds the call, so nobody else can answer it.
            session.send_reply(state.request(), reply);
            self.spare = Some(state);
        } else {
            state.answer(reply);
        }
    }

    /// A CANCEL: stops the call whatever the mode; who gets the answer, and when, depends on it.
    pub(super) fn cancel(
        &mut self,
        session: &Arc<RouterSession>,
        request: RequestId,
        mode: Option<CancelMode>,
    ) {
        if let Some(index) = self.waiting.iter().position(|waiting| waiting.call.request() == request) {
            self.waiting.remove(index);
            session.send_error(Call::CODE, request, &WampError::call_canceled());
            return;
        }
        // A call that is not there any more has been answered: the CANCEL came too late (checklist CAN-09).
        let open = session.tables().calls.get(&request).cloned();
        match open {
            None => {}
            Some(OpenCall::Routed(call)) => call.cancel(mode),
            Some(OpenCall::Served(call)) => {
                let stop = match mode {
                    Some(CancelMode::Kill) => Stop::Kill,
                    // Without a mode it is `killnowait` (checklist CAN-07).
                    Some(CancelMode::Skip | CancelMode::KillNoWait) | None => Stop::Now,
                };
                call.stop_with(stop, WampError::call_canceled());
            }
        }
    }
}
