//! Plain calls of the procedure that was called last: an exact route of the application, no options, nothing else under way.
//!
//! Most callers call the same again, and most handlers answer at once. What such a call needs is kept from the one before: the
//! route, the place for the handler's future, the call's state. Everything else goes [the way of all calls](Calls::call), and so
//! does a call of which anything is unusual, so what is refused does not depend on this file.

use super::call_tasks::spawn;
use super::calls::Calls;
use super::dispatch::Halt;
use crate::WampError;
use crate::base::log::line;
use crate::peering::payload::CallReply;
use crate::peering::{CallState, HandlerSlot, Invocation, Matched, Served};
use crate::router::realm::{GivenAnswers, RealmConfig};
use crate::router::routes::ProcedureRoute;
use crate::router::session::{RouterSession, Session};
use crate::router::supervise;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message::PlainCall;
use serverwamp_proto::uri;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Longer arguments count among what the session keeps.
const SHORT: usize = 1024;

/// What plain calls of one route need.
pub(super) struct PlainRoute {
    route: Arc<ProcedureRoute>,
    /// The number of the configuration under which the session may call it.
    allowed_by: u64,
    slot: Box<dyn HandlerSlot<Invocation>>,
    state: Arc<CallState<Session>>,
    /// The same state as handlers know it, unless one did not give it back.
    lent: Option<Arc<CallState>>,
}

impl PlainRoute {
    /// What plain calls of `route` need, if they need nothing that differs from call to call.
    fn of(session: &Arc<RouterSession>, route: &Arc<ProcedureRoute>, config: &RealmConfig) -> Option<Self> {
        let Served::Handler(handler) = &route.served else { return None };
        let decided_once = !config.access.checks_calls() || config.access.has_no_authorizers();
        let is_plain = matches!(route.matched, Matched::Exact)
            && !route.takes.passthru
            && route.required.roles().is_none()
            && !uri::is_reserved(&route.uri);
        let code = &session.running_realm().code;
        if !(is_plain && decided_once && code.service.is_none() && !code.serial_calls) {
            return None;
        }
        let source = Session::new(Arc::clone(session));
        let any = RequestId::new(1)?;
        Some(Self {
            route: Arc::clone(route),
            allowed_by: config.number,
            slot: handler.slot(),
            state: Arc::new(CallState::new(source, any, Arc::clone(&route.uri))),
            lent: None,
        })
    }

    /// Whether a call without options is this route's, and nothing about it has to be looked at again.
    #[inline]
    fn takes(&self, call: &PlainCall<'_>, config: &RealmConfig) -> bool {
        call.calls(&self.route.uri) && self.allowed_by == config.number && call.payload.size() < SHORT
    }

    /// Takes the call's state back; `None` when somebody holds it still, who could answer the next call with it.
    #[inline]
    fn take_back(&mut self, came_back: Option<Arc<CallState>>) -> Option<()> {
        let own: Arc<CallState> = came_back.unwrap_or_else(|| Arc::<CallState<Session>>::clone(&self.state));
        let is_own = std::ptr::addr_eq(Arc::as_ptr(&own), Arc::as_ptr(&self.state));
        if !(is_own && CallState::is_held_by(&own, 2)) {
            return None;
        }
        self.lent = Some(own);
        Some(())
    }
}

impl Calls {
    /// A CALL without options.
    ///
    /// # Errors
    /// As for [`call`](Self::call).
    #[inline]
    pub(super) fn plain(
        &mut self,
        session: &Arc<RouterSession>,
        call: PlainCall<'_>,
        answers: &GivenAnswers,
    ) -> Result<(), Halt> {
        if !self.is_usual(session, &call) {
            if self.route_again(session, &call) {
                return Ok(());
            }
            return self.call(session, call.into(), answers);
        }
        self.call_again(session, call);
        Ok(())
    }

    /// Returns whether a call without options is one that is answered as the one before was.
    #[inline]
    fn is_usual(&mut self, session: &RouterSession, call: &PlainCall<'_>) -> bool {
        let Some(plain) = &self.plain else { return false };
        // An id above all others is new, whatever was answered before.
        self.newest.is_some_and(|newest| call.request > newest)
            && plain.takes(call, self.config.load())
            && session.calls_in_flight() == 0
            && session.limits().calls_in_flight > 0
            && !session.running_realm().context.connections.stopping()
    }

    fn call_again(&mut self, session: &Arc<RouterSession>, call: PlainCall<'_>) {
        let request = call.request;
        line!(
            DEBUG,
            "call",
            "a call",
            session = session.id(),
            request = request,
            procedure = call.procedure()
        );
        let payload = call.payload;
        let Some(plain) = &mut self.plain else { return };
        self.newest = Some(request);
        let began = self.sampler.begin(|| session.runtime().now());
        plain.state.use_again(request);
        let lent = plain.lent.take();
        let call: Arc<CallState> = lent.unwrap_or_else(|| Arc::<CallState<Session>>::clone(&plain.state));
        let mut now = Context::from_waker(Waker::noop());
        let run = || plain.slot.begin(Invocation { call, payload }, &mut now);
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Poll::Ready(mut reply)) => {
                let came_back = reply.call.take();
                let is_free = plain.take_back(came_back).is_some();
                if is_free {
                    session.send_reply(request, &reply);
                } else {
                    plain.state.answer(&reply);
                }
                if began.is_some() || self.measured.names_uris() {
                    self.measured.answered(session, began, Some(&plain.route), reply.is_ok());
                }
                if !is_free {
                    self.forget_plain_route();
                }
            }
            Ok(Poll::Pending) => {
                if let Some(plain) = self.forget_plain_route() {
                    let PlainRoute { route, slot, state, .. } = *plain;
                    let measures = self.measured.of(session, began, Some(&route));
                    spawn(
                        session,
                        Box::into_pin(slot as Box<dyn Future<Output = CallReply> + Send>),
                        state,
                        None,
                        (None, measures),
                    );
                }
            }
            Err(panic) => {
                let id = supervise::report_panic("procedure handler", session, panic.as_ref());
                plain.state.answer(&CallReply::error(WampError::incident(&id)));
                self.measured.answered(session, began, Some(&plain.route), false);
                self.forget_plain_route();
            }
        }
    }

    /// A call of this route was answered at once. The second one in a row makes it the route of plain calls.
    pub(super) fn note_route(&mut self, session: &Arc<RouterSession>, route: &Arc<ProcedureRoute>) {
        let address = Arc::as_ptr(route).addr();
        if std::mem::replace(&mut self.last_route, address) != address {
            return;
        }
        let config = self.config.load();
        let is_known =
            |plain: &PlainRoute| Arc::ptr_eq(&plain.route, route) && plain.allowed_by == config.number;
        if !self.plain.as_deref().is_some_and(is_known) {
            self.plain = PlainRoute::of(session, route, config).map(Box::new);
        }
    }

    fn forget_plain_route(&mut self) -> Option<Box<PlainRoute>> {
        self.last_route = 0;
        self.plain.take()
    }
}
