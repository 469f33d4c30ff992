//! A layer that limits how often each session, or each authid, calls what it wraps.
//!
//! Who may call `n` times in a period has a bucket of `n` tokens that is filled evenly. Kept is the moment at which a bucket
//! is full again. Invariant: a bucket that is full is as good as none, so what is kept is bounded by how many have called
//! within one period, and what is left over is swept away before the table grows.

use super::ProcedureService;
use crate::WampError;
use crate::base::locks::Mutex;
use crate::peering::Invocation;
use crate::peering::payload::CallReply;
use crate::rt::{BoxFuture, NEVER};
use hashbrown::HashMap;
use serverwamp_proto::id::SessionId;
use std::fmt;
use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower_layer::Layer;
use tower_service::Service;

/// The number of buckets before the first sweep.
const FIRST_SWEEP: usize = 1024;

/// Limits calls to `calls` in each `period`, for each session on its own; others are refused with `wamp.error.unavailable`.
///
/// All `calls` may come at once; after that one more is allowed whenever a `period / calls` has passed. All routes that the
/// layer or a clone of it is put around share the counts. What is refused reaches neither the layers below nor the
/// procedure, and [`CallLimit::refused`] counts it.
///
/// [`Limits::requests_per_second`](crate::Limits::requests_per_second) slows all requests of a session down; this is for
/// procedures that cost more than others.
///
/// ```
/// use serverwamp::layer::limit_calls;
/// use serverwamp::{Realm, RouteSet};
/// use std::time::Duration;
/// # async fn search() {}
/// # async fn mail() {}
///
/// let minute = Duration::from_secs(60);
/// let searches = RouteSet::new().procedure("docs.search", search).layer(limit_calls(100, minute));
/// // For all sessions of one authid together.
/// let mails = RouteSet::new().procedure("docs.mail", mail).layer(limit_calls(5, minute).per_authid());
/// # Realm::<()>::new("realm1").allow_anonymous("guest").routes(searches.merge(mails));
/// ```
pub fn limit_calls(calls: u32, period: Duration) -> CallLimit {
    CallLimit { calls, period: period.min(NEVER), of: Of::Session, counts: Arc::default() }
}

/// See [`limit_calls`].
#[derive(Clone, Debug)]
pub struct CallLimit {
    calls: u32,
    period: Duration,
    of: Of,
    counts: Arc<Counts>,
}

/// The subject of a limit: a session or an authid.
#[derive(Clone, Copy, Debug)]
enum Of {
    Session,
    Authid,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum LimitKey {
    Session(SessionId),
    Authid(Box<str>),
    /// Whoever calls a procedure that a client serves, and is not disclosed.
    Undisclosed,
}

#[derive(Debug, Default)]
struct Counts {
    buckets: Mutex<Buckets>,
    refused: AtomicU64,
}

/// When each bucket is full again.
#[derive(Debug, Default)]
struct Buckets {
    full: HashMap<LimitKey, Instant>,
    sweep_at: usize,
}

impl CallLimit {
    /// Counts the calls of all sessions of one authid together.
    ///
    /// Sessions of anonymous peers have authids of their own, so an anonymous peer escapes this by
    /// connecting again.
    #[must_use]
    pub fn per_authid(mut self) -> Self {
        self.of = Of::Authid;
        self
    }

    /// The number of calls that this layer and its clones have refused.
    pub fn refused(&self) -> u64 {
        self.counts.refused.load(Ordering::Relaxed)
    }

    fn key(&self, invocation: &Invocation) -> LimitKey {
        match (self.of, invocation.call.source.caller_session()) {
            (_, None) => LimitKey::Undisclosed,
            (Of::Session, Some((session, _))) => LimitKey::Session(session),
            (Of::Authid, Some((_, authid))) => LimitKey::Authid(authid.into()),
        }
    }

    /// Takes a token, or says how long it takes until there is one.
    fn take(&self, key: LimitKey, now: Instant) -> Result<(), Duration> {
        let Some(interval) = self.period.checked_div(self.calls) else { return Err(Duration::MAX) };
        let mut buckets = self.counts.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.sweep(now);
        let full = buckets.full.get(&key).copied().filter(|full| *full > now).unwrap_or(now) + interval;
        // A bucket that would take longer than the period to be filled would hold less than nothing.
        let missing = full.saturating_duration_since(now).saturating_sub(self.period);
        if missing > Duration::ZERO {
            return Err(missing);
        }
        buckets.full.insert(key, full);
        Ok(())
    }

    fn refusal(&self, wait: Duration) -> WampError {
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        let (calls, period) = (self.calls, self.period);
        let of = match self.of {
            Of::Session => "session",
            Of::Authid => "authid",
        };
        WampError::unavailable(match calls {
            0 => format!("no {of} may call this"),
            _ => format!(
                "a {of} may call this {calls} times in {period:?}; the next call may come in {wait:?}"
            ),
        })
    }
}

impl Buckets {
    fn sweep(&mut self, now: Instant) {
        if self.full.len() < self.sweep_at.max(FIRST_SWEEP) {
            return;
        }
        self.full.retain(|_, full| *full > now);
        self.sweep_at = self.full.len() * 2;
    }
}

impl<S> Layer<S> for CallLimit {
    type Service = LimitedCalls<S>;

    fn layer(&self, inner: S) -> LimitedCalls<S> {
        LimitedCalls { inner, limit: self.clone() }
    }
}

/// The service that [`limit_calls`] makes of another.
#[derive(Clone)]
pub struct LimitedCalls<S = ProcedureService> {
    inner: S,
    limit: CallLimit,
}

impl<S> Service<Invocation> for LimitedCalls<S>
where
    S: Service<Invocation, Response = CallReply>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = CallReply;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<CallReply, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, invocation: Invocation) -> Self::Future {
        let now = invocation.call.source.runtime().now();
        match self.limit.take(self.limit.key(&invocation), now) {
            Ok(()) => Box::pin(self.inner.call(invocation)),
            Err(wait) => Box::pin(ready(Ok(CallReply::error(self.limit.refusal(wait))))),
        }
    }
}

impl<S> fmt::Debug for LimitedCalls<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedCalls").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joe() -> LimitKey {
        LimitKey::Authid("joe".into())
    }

    #[expect(clippy::disallowed_methods, reason = "some moment to begin with")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn as_many_as_are_allowed_may_come_at_once_and_then_one_after_another() {
        let limit = limit_calls(4, Duration::from_secs(2));
        let start = start();
        let at = |milliseconds: u64| limit.take(joe(), start + Duration::from_millis(milliseconds));
        for _ in 0..4 {
            assert_eq!(at(0), Ok(()));
        }
        assert_eq!(at(0), Err(Duration::from_millis(500)));
        assert_eq!(at(499), Err(Duration::from_millis(1)));
        assert_eq!(at(500), Ok(()));
        assert_eq!(at(500), Err(Duration::from_millis(500)));
        for _ in 0..4 {
            assert_eq!(at(10_000), Ok(()), "a bucket holds no more than it did at first");
        }
        assert!(at(10_000).is_err());
    }

    #[test]
    fn whoever_is_refused_waits_no_longer_for_it() {
        let limit = limit_calls(1, Duration::from_secs(1));
        let start = start();
        assert_eq!(limit.take(joe(), start), Ok(()));
        for _ in 0..100 {
            assert_eq!(limit.take(joe(), start), Err(Duration::from_secs(1)));
        }
        assert_eq!(limit.take(joe(), start + Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn no_calls_are_none_and_no_period_is_no_limit() {
        let start = start();
        let nothing = limit_calls(0, Duration::from_secs(1));
        let wait = nothing.take(joe(), start).unwrap_err();
        assert_eq!(nothing.refusal(wait).message(), Some("no session may call this"));
        let everything = limit_calls(1, Duration::ZERO);
        for _ in 0..100 {
            assert_eq!(everything.take(joe(), start), Ok(()));
        }
    }

    #[test]
    fn who_has_not_called_for_a_period_is_forgotten() {
        let limit = limit_calls(1, Duration::from_secs(1));
        let start = start();
        let mut most = 0;
        for number in 0..100_000_u32 {
            // A thousand a second.
            let now = start + Duration::from_millis(number.into());
            assert_eq!(limit.take(LimitKey::Authid(number.to_string().into()), now), Ok(()));
            most = most.max(limit.counts.buckets.lock().unwrap().full.len());
        }
        assert!(most <= 2 * FIRST_SWEEP, "{most} are remembered");
    }
}
