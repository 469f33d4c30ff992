//! A realm that serves: the sessions that are in it, and who is subscribed to what.
//!
//! Here is the realm's only lock. Invariant: a message about a subscription is queued while it is held, so SUBSCRIBED
//! comes before the first EVENT and nothing comes after UNSUBSCRIBED; it is written to the wire elsewhere. No user code
//! runs under it and nothing waits.

use super::{Handlers, Permissions, ProcedureSettings, SettingsTable, TopicSettings};
use crate::auth::Dialogue;
use crate::ids::RandomIds;
use crate::layer::{BoxError, ProcedureService};
use crate::limits::Limits;
use crate::reply::{CallReply, Encoded};
use crate::request::{ConnectRequest, Invocation, JoinRequest};
use crate::routes::RouteTable;
use crate::rt::BoxFuture;
use crate::shutdown::Connections;
use crate::subscription::Attempt;
use crate::websocket::Refused;
use crate::{Session, WampError, wire};
use hashbrown::HashMap;
use serverwamp_proto::broker::Subscriptions;
use serverwamp_proto::id::{Counter, RequestId, SessionId, SubscriptionId};
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::uri::UriRules;
use serverwamp_proto::uris;
use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tower_service::Service;

/// What a realm is made of.
pub(crate) struct Blueprint {
    pub(crate) name: Arc<str>,
    pub(crate) rules: UriRules,
    pub(crate) routes: Arc<RouteTable>,
    /// Takes every call in place of the routes.
    pub(crate) service: Option<ProcedureService>,
    pub(crate) authenticators: Vec<RunningAuthenticator>,
    pub(crate) anonymous: Option<Anonymous>,
    pub(crate) on_connect: Handlers<ConnectRequest>,
    pub(crate) on_join: Handlers<JoinRequest>,
    pub(crate) serial_calls: bool,
    pub(crate) permissions: Permissions,
    pub(crate) topic_settings: SettingsTable<TopicSettings>,
    pub(crate) procedure_settings: SettingsTable<ProcedureSettings>,
}

/// An authenticator with its state.
pub(crate) struct RunningAuthenticator {
    pub(crate) method: Cow<'static, str>,
    pub(crate) first: bool,
    pub(crate) dialogue: Dialogue,
}

/// Peers that prove nothing are let in.
pub(crate) struct Anonymous {
    pub(crate) authrole: Cow<'static, str>,
}

/// A realm that serves.
pub(crate) struct RunningRealm {
    pub(crate) plan: Blueprint,
    pub(crate) limits: Arc<Limits>,
    pub(crate) ids: RandomIds,
    pub(crate) connections: Connections,
    /// The serializers that publications were needed in so far, a bit for each.
    pub(super) publishes_in: AtomicU8,
    core: Mutex<Core>,
}

/// What the lock guards.
#[derive(Debug, Default)]
pub(super) struct Core {
    pub(super) sessions: HashMap<SessionId, Session>,
    pub(super) subscriptions: Subscriptions<Session>,
    next_subscription: Counter<SubscriptionId>,
}

impl RunningRealm {
    pub(super) fn new(plan: Blueprint, limits: Arc<Limits>) -> Self {
        let connections = Connections::default();
        Self {
            plan,
            limits,
            ids: RandomIds::default(),
            connections,
            publishes_in: AtomicU8::new(0),
            core: Mutex::default(),
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.plan.name
    }

    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An id that no session of this realm has.
    pub(crate) fn new_session_id(&self) -> SessionId {
        loop {
            let id = self.ids.session();
            if !self.core().sessions.contains_key(&id) {
                return id;
            }
        }
    }

    /// The session is established: from now on it can be listed, sent to and closed.
    pub(crate) fn admit(&self, session: &Session) {
        self.core().sessions.insert(session.id(), session.clone());
    }

    /// The session is over: no table mentions it any more.
    pub(crate) fn forget(&self, session: &Session) {
        let mut core = self.core();
        core.sessions.remove(&session.id());
        core.subscriptions.session_left(session.id());
    }

    pub(crate) fn sessions(&self) -> Vec<Session> {
        self.core().sessions.values().cloned().collect()
    }

    /// Enters the subscription and answers every request that waits for it; the attempt is then a subscription.
    pub(crate) fn establish(&self, attempt: &Arc<Attempt>) {
        let session = &attempt.session;
        let mut core = self.core();
        let mut work = session.work();
        work.attempts.retain(|other| !Arc::ptr_eq(other, attempt));
        if !session.is_open() {
            attempt.over.set(());
            return;
        }
        let Core { subscriptions, next_subscription, .. } = &mut *core;
        let pattern = attempt.pattern();
        let subscribed =
            subscriptions.subscribe(session.id(), pattern.kind(), pattern.as_str(), session.clone(), || {
                next_subscription.issue()
            });
        for request in attempt.take_requests() {
            session.send(&wire::subscribed(request, subscribed.id));
        }
        work.subscriptions.insert(subscribed.id, Arc::clone(attempt));
        attempt.established.set(subscribed.id);
    }

    /// Answers a SUBSCRIBE for a subscription the session has already with the same id; says whether it has.
    pub(crate) fn resubscribe(&self, session: &Session, pattern: &UriPattern, request: RequestId) -> bool {
        let core = self.core();
        let held = core.subscriptions.lookup(pattern.kind(), pattern.as_str());
        let Some(id) = held.filter(|id| core.subscriptions.get(*id).is_some_and(|one| one.has(session.id())))
        else {
            return false;
        };
        session.send(&wire::subscribed(request, id));
        true
    }

    /// Ends a subscription of the session and answers `request`.
    pub(crate) fn unsubscribe(
        &self,
        session: &Session,
        request: RequestId,
        subscription: SubscriptionId,
    ) -> Result<(), WampError> {
        let mut core = self.core();
        core.subscriptions.unsubscribe(session.id(), subscription).map_err(|_| {
            WampError::new(uris::error::NO_SUCH_SUBSCRIPTION).arg("this session has no such subscription")
        })?;
        session.send(&wire::unsubscribed(request));
        drop(core);
        if let Some(attempt) = session.work().subscriptions.remove(&subscription) {
            attempt.over.set(());
        }
        Ok(())
    }

    /// Queues an event for one subscriber; `false` when its subscription is over.
    pub(crate) fn send_to_subscription(&self, attempt: &Attempt, topic: &str, encoded: &Encoded) -> bool {
        let core = self.core();
        let (Some(id), None) = (attempt.established.get(), attempt.over.get()) else { return false };
        let topic = (attempt.policy != Match::Exact).then_some(topic);
        let publication = self.ids.publication();
        let session = &attempt.session;
        let sent = session.outbox().push_event_with(|out| wire::event(*id, publication, topic, encoded, out));
        drop(core);
        sent != Err(Refused::Closed)
    }
}

impl fmt::Debug for RunningRealm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningRealm").field("name", &self.plan.name).finish_non_exhaustive()
    }
}

/// The routes of a realm as a service: what the layers of a realm wrap.
#[derive(Clone, Debug)]
pub(super) struct Routed(pub(super) Arc<RouteTable>);

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

/// Nobody serves `procedure`.
pub(crate) fn no_such_procedure(procedure: &str) -> WampError {
    WampError::new(uris::error::NO_SUCH_PROCEDURE).arg(format!("no procedure {procedure:?}"))
}
