//! A SUBSCRIBE that waits for the handlers of its topic, and what becomes of it.

use super::SubscriptionEntry;
use crate::base::locks::Mutex;
use crate::base::signal::Signal;
use crate::router::realm::RunningRealm;
use crate::router::session::RouterSession;
use crate::{Session, WampError};
use serverwamp_proto::id::{RequestId, SubscriptionId};
use serverwamp_proto::message::Subscribe;
use serverwamp_proto::pattern::{Match, UriPattern};
use std::sync::{Arc, PoisonError};

/// A SUBSCRIBE on its way through the handlers of its topic, and later the subscription it became.
#[derive(Debug)]
pub(crate) struct PendingSubscribe {
    pub(crate) session: Session,
    pub(crate) topic: Arc<str>,
    pub(crate) policy: Match,
    /// The age of the decisions that allowed it.
    pub(super) allowed_at: u64,
    /// One verdict for each handler that is asked.
    verdicts: Vec<HandlersVerdict>,
    /// The SUBSCRIBE requests that wait for the same decision; the first started it.
    requests: Mutex<Vec<WaitingRequest>>,
    /// Set when SUBSCRIBED is queued.
    pub(crate) established: Signal<SubscriptionId>,
    /// Set when the subscription is over, or will never be.
    pub(crate) over: Signal<()>,
}

/// A SUBSCRIBE that waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitingRequest {
    pub(crate) id: RequestId,
    /// It asks for the retained event as well.
    pub(crate) get_retained: bool,
}

/// The verdict of one handler about a SUBSCRIBE.
#[derive(Debug, Default)]
struct HandlersVerdict {
    given: Signal<Result<(), WampError>>,
    /// The handler has let go of the question. An error it returns says more than this does.
    dropped: Signal<()>,
}

impl PendingSubscribe {
    pub(crate) fn new(
        session: Arc<RouterSession>,
        topic: Arc<str>,
        policy: Match,
        request: WaitingRequest,
        (allowed_at, handlers): (u64, usize),
    ) -> Self {
        Self {
            session: Session::new(session),
            topic,
            policy,
            allowed_at,
            verdicts: std::iter::repeat_with(HandlersVerdict::default).take(handlers).collect(),
            requests: Mutex::new(vec![request]),
            established: Signal::default(),
            over: Signal::default(),
        }
    }

    pub(crate) fn pattern(&self) -> UriPattern {
        UriPattern::new(self.policy, Arc::clone(&self.topic))
    }

    /// Waits for every handler's word; the first refusal is the answer.
    pub(crate) async fn decided(&self) -> Result<(), WampError> {
        for verdict in &self.verdicts {
            verdict.given.wait().await?;
        }
        Ok(())
    }

    /// Lets another request of the same session wait for this decision.
    ///
    /// The caller holds the session's tables, where undecided attempts are listed; the decision takes the requests
    /// under the same lock, so none is lost.
    pub(crate) fn wait_for_decision(&self, request: WaitingRequest) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
    }

    pub(crate) fn decide(&self, scope: usize, verdict: Result<(), WampError>) {
        if let Some(one) = self.verdicts.get(scope) {
            one.given.set(verdict);
        }
    }

    /// The handler has let go of its question.
    pub(crate) fn let_go(&self, scope: usize) {
        if let Some(one) = self.verdicts.get(scope) {
            one.dropped.set(());
        }
    }

    /// Completes when the handler has let go of its [`PendingSubscription`](crate::PendingSubscription).
    pub(crate) async fn dropped(&self, scope: usize) {
        match self.verdicts.get(scope) {
            Some(one) => one.dropped.wait().await,
            None => std::future::pending().await,
        }
    }

    /// Takes the requests that wait for the decision; later ones find it taken.
    pub(crate) fn take_requests(&self) -> Vec<WaitingRequest> {
        std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Answers these requests with an error: there will be no subscription.
    pub(super) fn refuse(&self, requests: &[WaitingRequest], error: &WampError) {
        for request in requests {
            self.session.inner().send_error(Subscribe::CODE, request.id, error);
        }
        self.over.set(());
    }

    pub(crate) fn realm(&self) -> &Arc<RunningRealm> {
        self.session.inner().running_realm()
    }
}

/// A subscription that a session holds.
#[derive(Clone, Debug)]
pub(crate) struct HeldSubscription {
    pub(crate) attempt: Arc<PendingSubscribe>,
    pub(crate) entry: Arc<SubscriptionEntry>,
}
