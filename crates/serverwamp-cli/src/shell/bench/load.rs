//! The loops that make load: closed, where each answer is awaited before the next request, and open, where requests have their time.

use super::bar::Bar;
use super::report::Measured;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serverwamp::WampError;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// One request, from its sending to its answer.
pub(super) type Operation = Arc<dyn Fn() -> BoxFuture<'static, Result<(), WampError>> + Send + Sync>;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(super) enum Amount {
    Time(Duration),
    Count(u64),
}

/// The load of all connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Requests under way on each connection, at the most in open loop.
    pub(super) in_flight: u32,
    /// Requests a second, of all connections together.
    pub(super) rate: Option<u32>,
    pub(super) amount: Amount,
    pub(super) warm_up: Duration,
}

impl Load {
    /// Puts the load on these connections, and returns what was measured.
    pub(super) async fn run(self, connections: Vec<Operation>) -> Measured {
        let begin = Instant::now() + self.warm_up;
        let shared = Arc::new(Shared {
            begin,
            end: match self.amount {
                Amount::Time(time) => begin.checked_add(time),
                Amount::Count(_) => None,
            },
            left: AtomicI64::new(match self.amount {
                Amount::Time(_) => i64::MAX,
                Amount::Count(count) => i64::try_from(count).unwrap_or(i64::MAX),
            }),
        });
        let bar = Bar::new(self);
        let count = u32::try_from(connections.len()).unwrap_or(u32::MAX);
        let tasks: Vec<_> = connections
            .into_iter()
            .zip(0..count)
            .map(|(operation, at)| {
                let (shared, bar) = (Arc::clone(&shared), bar.clone());
                match self.rate {
                    None => tokio::spawn(closed(operation, self.in_flight, shared, bar)),
                    Some(rate) => {
                        let every = Duration::from_secs_f64(f64::from(count) / f64::from(rate));
                        let due = pace(
                            begin - self.warm_up + every.mul_f64(f64::from(at) / f64::from(count)),
                            every,
                            &shared,
                        );
                        tokio::spawn(open(operation, self.in_flight, due, shared, bar))
                    }
                }
            })
            .collect();
        let mut all = Measured::default();
        for task in tasks {
            if let Ok(measured) = task.await {
                all.add(&measured);
            }
        }
        all.elapsed =
            shared.end.map_or_else(Instant::now, |end| end.min(Instant::now())).duration_since(begin);
        bar.finish();
        all
    }
}

/// When to measure, and how much is left to send.
struct Shared {
    begin: Instant,
    end: Option<Instant>,
    left: AtomicI64,
}

impl Shared {
    /// Whether a request that is sent now counts; `None` when no more are to be sent.
    fn next(&self, at: Instant) -> Option<bool> {
        if self.end.is_some_and(|end| at >= end) {
            return None;
        }
        if at < self.begin {
            return Some(false);
        }
        (self.left.fetch_sub(1, Ordering::Relaxed) > 0).then_some(true)
    }
}

/// Each of `in_flight` places sends the next request when its last one is answered.
async fn closed(operation: Operation, in_flight: u32, shared: Arc<Shared>, bar: Bar) -> Measured {
    let mut measured = Measured::default();
    let mut under_way = FuturesUnordered::new();
    let send = |under_way: &FuturesUnordered<_>| {
        let sent = Instant::now();
        if let Some(counts) = shared.next(sent) {
            let request = operation();
            under_way.push(async move { (request.await, sent, counts) });
        }
    };
    for _ in 0..in_flight {
        send(&under_way);
    }
    while let Some((answer, sent, counts)) = under_way.next().await {
        if counts {
            bar.count();
            measured.record(&answer, sent.elapsed());
        }
        send(&under_way);
    }
    measured
}

/// Sends each request when it is due, if there is room for it, otherwise as soon as there is; its latency begins when it is due.
async fn open(
    operation: Operation,
    in_flight: u32,
    mut due: mpsc::UnboundedReceiver<Instant>,
    shared: Arc<Shared>,
    bar: Bar,
) -> Measured {
    let mut measured = Measured::default();
    let mut under_way = FuturesUnordered::new();
    let mut more = true;
    while more || !under_way.is_empty() {
        let room = under_way.len() < in_flight as usize;
        tokio::select! {
            at = due.recv(), if more && room => match at {
                Some(at) => {
                    measured.late(at.elapsed());
                    let counts = at >= shared.begin;
                    let request = operation();
                    under_way.push(async move { (request.await, at, counts) });
                }
                None => more = false,
            },
            Some((answer, at, counts)) = under_way.next() => {
                if counts {
                    bar.count();
                    measured.record(&answer, at.elapsed());
                }
            }
        }
    }
    measured
}

/// A thread that tells when requests are due: timers of the runtime are a millisecond coarse.
fn pace(first: Instant, every: Duration, shared: &Arc<Shared>) -> mpsc::UnboundedReceiver<Instant> {
    let (tell, due) = mpsc::unbounded_channel();
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        let mut at = first;
        while shared.next(at).is_some() {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if tell.send(at).is_err() {
                return;
            }
            at += every;
        }
    });
    due
}
