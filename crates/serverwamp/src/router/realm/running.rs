//! A realm that serves: the sessions that are in it, and who is subscribed to what.
//!
//! The order of its locks, outermost first: `changes`, one call's state, one session's tables, one subscription's members,
//! one callee's invocations, the tables of broker and dealer, an outbox, the node's view of its cluster. No user code runs under any of them and
//! nothing waits; messages are queued under them and written to the wire elsewhere.

use super::changes::{Changes, Indexes};
use super::leaving::{Leaving, LeavingQueue};
use super::review::Reviews;
use super::seats::Seats;
use super::sweep::{RealmEnd, Sweeps};
use super::template::TemplateOrigin;
use super::{Blueprint, RealmCode, RealmContext, RouterContext, no_such_procedure};
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::log::{Whose, line};
use crate::peering::payload::CallReply;
use crate::peering::{BoxError, Invocation};
use crate::router::broker::Broker;
use crate::router::dealer::Dealer;
use crate::router::measures::RealmMeasures;
use crate::router::routes::RouteTable;
use crate::router::session::RouterSession;
use crate::rt::{BoxFuture, wall_clock};
use serverwamp_proto::id::SessionId;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError};
use std::task::{Context, Poll};
use tower_service::Service;

/// A realm that serves.
pub(crate) struct RunningRealm {
    pub(crate) context: Arc<RealmContext>,
    pub(crate) code: RealmCode,
    pub(crate) broker: Broker,
    pub(crate) dealer: Dealer,
    /// In the order of their ids, so that lists can be made some at a time.
    sessions: Mutex<BTreeMap<SessionId, Arc<RouterSession>>>,
    changes: Mutex<Indexes>,
    leaving: Mutex<LeavingQueue>,
    /// The number of its sessions, and of those of each authid in the roles that limit them.
    pub(super) seats: Seats,
    pub(super) sweeps: Mutex<Sweeps>,
    pub(super) reviews: Mutex<Reviews>,
    /// Set when the realm is stopped.
    ended: OnceLock<RealmEnd>,
    /// The template it was made of, if it was.
    pub(super) origin: Option<TemplateOrigin>,
}

impl RunningRealm {
    pub(super) fn new(blueprint: Blueprint, shared: &RouterContext, origin: Option<TemplateOrigin>) -> Self {
        let measures = shared.measures.of(&blueprint.name);
        Self::measured(blueprint, shared, measures, origin)
    }

    /// A realm that nobody finds, with these counters.
    pub(super) fn anteroom(blueprint: Blueprint, shared: &RouterContext) -> Self {
        let measures = shared.measures.of_strangers(&blueprint.name);
        Self::measured(blueprint, shared, measures, None)
    }

    fn measured(
        blueprint: Blueprint,
        shared: &RouterContext,
        measures: Arc<RealmMeasures>,
        origin: Option<TemplateOrigin>,
    ) -> Self {
        let Blueprint { name, config, code } = blueprint;
        let context = Arc::new(RealmContext::new(name, config, shared, measures));
        let mut indexes = Indexes::default();
        let now = wall_clock();
        Self {
            broker: Broker::new(&context, &mut indexes.subscriptions, now),
            dealer: Dealer::new(&context, &code.routes, &mut indexes.registrations, now),
            context,
            code,
            sessions: Mutex::default(),
            changes: Mutex::new(indexes),
            leaving: Mutex::default(),
            seats: Seats::default(),
            sweeps: Mutex::default(),
            reviews: Mutex::default(),
            ended: OnceLock::new(),
            origin,
        }
    }

    /// Takes its limits anew, because some have changed. The caller holds the table of realms.
    pub(super) fn take_limits(&self) {
        if let Some(limits) = self.context.take_limits() {
            self.broker.limit_retained(&limits);
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.context.name
    }

    /// The realm is stopped: nobody finds it any more, and whoever is about to join is refused.
    pub(super) fn end(&self, end: RealmEnd) {
        // It is stopped once, by whoever takes it out of the table of realms.
        let _first = self.ended.set(end);
    }

    /// Why the realm was stopped, if it was.
    pub(crate) fn ended(&self) -> Option<&RealmEnd> {
        self.ended.get()
    }

    /// The roles that the application's own procedures and topics require, each once.
    pub(crate) fn required_roles(&self) -> impl Iterator<Item = Cow<'static, str>> {
        let config = self.context.config();
        let all = self.code.routes.required_roles().chain(config.topics.required_roles());
        all.cloned().collect::<BTreeSet<_>>().into_iter()
    }

    /// Its holder alone changes subscriptions and registrations, and reports them to the meta API.
    pub(crate) fn changes(&self) -> Changes<'_> {
        let indexes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        Changes::new(indexes, &self.broker)
    }

    pub(crate) fn sessions_by_id(&self) -> MutexGuard<'_, BTreeMap<SessionId, Arc<RouterSession>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn leaving(&self) -> MutexGuard<'_, LeavingQueue> {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An id that no session of this realm has.
    pub(crate) fn new_session_id(&self) -> SessionId {
        loop {
            let id = self.context.ids.session();
            if id != self.context.own_session && !self.sessions_by_id().contains_key(&id) {
                return id;
            }
        }
    }

    /// The session is established: from now on it can be listed, sent to and closed.
    ///
    /// From now on somebody may kill it as well; that waits for `changes`, so the news of its coming is out first.
    pub(crate) fn admit(&self, session: &Arc<RouterSession>) {
        let changes = self.changes();
        if let Some(origin) = &self.origin {
            origin.is_used();
        }
        self.sessions_by_id().insert(session.id(), Arc::clone(session));
        self.context.counters.session_began();
        changes.events.session_joined(session);
    }

    fn log_left(&self, session: &RouterSession) {
        line!(
            INFO,
            "session",
            "a session has left",
            realm = self.name(),
            session = session.id(),
            authid = session.authid();
            reason = session.ended(),
            peer = Whose::from(session.transport()).peer
        );
    }

    /// The session is over: its testaments are published, everybody who waits for it gets an answer, and no table mentions
    /// it any more, at once or, if it leaves much, soon.
    ///
    /// `quiet` leaves out testaments and the events about sessions (checklist TEST-12, MSES-24).
    pub(crate) fn forget(&self, session: &Arc<RouterSession>, quiet: bool) {
        let known = self.sessions_by_id().remove(&session.id()).is_some();
        if known {
            self.context.counters.session_ended();
        }
        let mut tables = session.take_tables();
        drop((tables.seat.take(), tables.place.take()));
        session.wants_nothing_retained();
        let leaving = Leaving::new(session, &mut tables, known && !quiet);
        self.let_leave(leaving);
        for call in tables.calls.into_values() {
            call.caller_left();
        }
        // Not in the head of the loop: there the lock would be held in its body, where the states of calls are locked,
        // whose holders wait for it.
        let unanswered = session.invocations().close();
        for (_, call) in unanswered {
            call.callee_left(session.id());
        }
        if session.is_tapped() {
            self.context.taps.left(session.id());
        }
        for attempt in tables.subscriptions.into_values().map(|held| held.attempt).chain(tables.attempts) {
            attempt.over.set(());
        }
        if known {
            self.log_left(session);
            session.running_realm().may_be_empty();
        }
    }
}

impl fmt::Debug for RunningRealm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningRealm").field("name", self.name()).finish_non_exhaustive()
    }
}

/// The routes of a realm as a service: what the layers of a realm wrap.
#[derive(Clone, Debug)]
pub(crate) struct Routed(pub(crate) Arc<RouteTable>);

impl Service<Invocation> for Routed {
    type Response = CallReply;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<CallReply, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: Invocation) -> Self::Future {
        match self.0.procedure(invocation.procedure()) {
            Some(route) => {
                let reply = route.served.call(invocation);
                Box::pin(async move { Ok(reply.await) })
            }
            None => {
                let error = no_such_procedure(invocation.procedure());
                Box::pin(std::future::ready(Ok(CallReply::error(error))))
            }
        }
    }
}
