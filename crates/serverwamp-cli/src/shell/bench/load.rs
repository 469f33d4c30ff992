//! The loops that make load: closed, where each answer is awaited before the next request, and open, where requests have their time.

use super::bar::Bar;
use super::report::Measured;
use crate::stop::StopSignals;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serverwamp::{WampError, uris};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

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

/// The time after the end for requests that were due before it to be sent.
const SENT_LATE: Duration = Duration::from_secs(1);
/// The time after the end for requests to be answered.
const ANSWERED_LATE: Duration = Duration::from_secs(5);
/// Requests that are due and wait for the loop that sends them: it reads what it has room for.
const DUE: usize = 1024;

impl Load {
    /// Puts the load on these connections, and returns what was measured until its end, or until Ctrl-C.
    pub(super) async fn run(self, connections: Vec<Operation>, signals: &mut StopSignals) -> Measured {
        let begin = Instant::now() + self.warm_up;
        let (stop, stopped) = watch::channel(false);
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
            stopped,
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
                        let first = begin - self.warm_up + every.mul_f64(f64::from(at) / f64::from(count));
                        let due = pace(first, every, &shared);
                        tokio::spawn(open(operation, self.in_flight, due, every, shared, bar))
                    }
                }
            })
            .collect();
        let mut all = Measured::default();
        {
            let mut ends = std::pin::pin!(async {
                for task in tasks {
                    if let Ok(measured) = task.await {
                        all.add(&measured);
                    }
                }
            });
            tokio::select! {
                () = &mut ends => {}
                () = signals.next() => {
                    stop.send_replace(true);
                    ends.await;
                }
            }
        }
        all.stopped = *stop.borrow();
        let now = Instant::now();
        all.elapsed = shared.end.map_or(now, |end| end.min(now)).saturating_duration_since(begin);
        bar.finish();
        all
    }
}

/// When to measure, and how much is left to send.
struct Shared {
    begin: Instant,
    end: Option<Instant>,
    left: AtomicI64,
    stopped: watch::Receiver<bool>,
}

impl Shared {
    /// Whether a request that is sent now counts; `None` when no more are to be sent.
    fn next(&self, at: Instant) -> Option<bool> {
        if self.end.is_some_and(|end| at >= end) || *self.stopped.borrow() {
            return None;
        }
        if at < self.begin {
            return Some(false);
        }
        (self.left.fetch_sub(1, Ordering::Relaxed) > 0).then_some(true)
    }

    /// How many requests there would be from this one on, which is due but too late to be sent; `None` if it is not.
    fn unsent_from(&self, at: Instant, every: Duration) -> Option<u64> {
        let end = self.end.filter(|end| Instant::now() >= *end + SENT_LATE)?;
        let rest = end.saturating_duration_since(at).as_secs_f64() / every.as_secs_f64().max(1e-9);
        // A count of requests: far from where a float loses digits.
        Some(rest.ceil() as u64)
    }

    /// Waits for the time when no more answers are awaited, or for Ctrl-C; returns whether it was Ctrl-C.
    async fn over(&self) -> bool {
        let late = async {
            match self.end {
                Some(end) => tokio::time::sleep_until((end + ANSWERED_LATE).into()).await,
                None => std::future::pending().await,
            }
        };
        let mut stopped = self.stopped.clone();
        tokio::select! {
            () = late => false,
            // The sender lives until all loops have ended.
            _changed = stopped.wait_for(|stopped| *stopped) => true,
        }
    }
}

/// Whether there is no use in sending more.
fn is_lost(answer: &Result<(), WampError>) -> bool {
    answer.as_ref().is_err_and(|error| error.uri() == uris::error::NETWORK_FAILURE)
}

/// Each of `in_flight` places sends the next request when its last one is answered.
async fn closed(operation: Operation, in_flight: u32, shared: Arc<Shared>, bar: Bar) -> Measured {
    let mut measured = Measured::default();
    let mut under_way = FuturesUnordered::new();
    // Requests under way that count.
    let mut counted = 0_u64;
    let send = |under_way: &FuturesUnordered<_>, counted: &mut u64| {
        let sent = Instant::now();
        if let Some(counts) = shared.next(sent) {
            *counted += u64::from(counts);
            let request = operation();
            under_way.push(async move { (request.await, sent, counts) });
        }
    };
    for _ in 0..in_flight {
        send(&under_way, &mut counted);
    }
    let mut over = std::pin::pin!(shared.over());
    loop {
        tokio::select! {
            next = under_way.next() => {
                let Some((answer, sent, counts)) = next else { return measured };
                counted -= u64::from(counts);
                if counts {
                    bar.count();
                    measured.record(&answer, sent.elapsed());
                }
                if !is_lost(&answer) {
                    send(&under_way, &mut counted);
                }
            }
            stopped = &mut over => {
                measured.unanswered += if stopped { 0 } else { counted };
                return measured;
            }
        }
    }
}

/// Sends each request when it is due, if there is room for it, otherwise as soon as there is; its latency begins when it is due.
async fn open(
    operation: Operation,
    in_flight: u32,
    mut due: mpsc::Receiver<Instant>,
    every: Duration,
    shared: Arc<Shared>,
    bar: Bar,
) -> Measured {
    let mut measured = Measured::default();
    let mut under_way = FuturesUnordered::new();
    let mut counted = 0_u64;
    let mut more = true;
    let mut over = std::pin::pin!(shared.over());
    while more || !under_way.is_empty() {
        let room = under_way.len() < in_flight as usize;
        tokio::select! {
            at = due.recv(), if more && room => match at {
                Some(at) => {
                    if let Some(unsent) = shared.unsent_from(at, every) {
                        measured.unsent += unsent;
                        more = false;
                        continue;
                    }
                    measured.late(at.elapsed());
                    let counts = at >= shared.begin;
                    counted += u64::from(counts);
                    let request = operation();
                    under_way.push(async move { (request.await, at, counts) });
                }
                None => more = false,
            },
            Some((answer, at, counts)) = under_way.next() => {
                counted -= u64::from(counts);
                if counts {
                    bar.count();
                    measured.record(&answer, at.elapsed());
                }
                more &= !is_lost(&answer);
            }
            stopped = &mut over => {
                if !stopped {
                    measured.unanswered += counted;
                    // Those that had no room to be sent.
                    let next = if more { due.recv().await } else { None };
                    measured.unsent += next.and_then(|at| shared.unsent_from(at, every)).unwrap_or(0);
                }
                return measured;
            }
        }
    }
    measured
}

/// A thread that tells when requests are due: timers of the runtime are a millisecond coarse. If nobody has room for them, it falls
/// behind, and tells what was due all the same.
fn pace(first: Instant, every: Duration, shared: &Arc<Shared>) -> mpsc::Receiver<Instant> {
    let (tell, due) = mpsc::channel(DUE);
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        let mut at = first;
        while shared.next(at).is_some() {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if tell.blocking_send(at).is_err() {
                return;
            }
            at += every;
        }
    });
    due
}
