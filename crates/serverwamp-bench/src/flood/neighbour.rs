//! Somebody who only wants to be served, while others flood the server.

use crate::Failure;
use crate::client::Client;
use crate::exchange::{Exchange, FIRST_ID, Format};
use crate::histogram::Histogram;
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the neighbour's calls are counted for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    /// Nothing, yet.
    Quiet = 0,
    /// What it is used to.
    Before = 1,
    /// What it gets during the flood.
    During = 2,
    /// The end.
    Over = 3,
}

/// How a neighbour was served in one phase.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Service {
    pub(super) per_second: f64,
    /// In milliseconds.
    pub(super) median: f64,
    /// In milliseconds.
    pub(super) p99: f64,
    /// In milliseconds.
    pub(super) longest: f64,
}

/// A session that calls all the time, each time when it has its answer.
#[derive(Debug)]
pub(super) struct Neighbour {
    phase: Arc<AtomicU8>,
    counts: Arc<Mutex<[Count; 4]>>,
    thread: Option<JoinHandle<Result<(), String>>>,
}

#[derive(Debug)]
struct Count {
    latency: Histogram,
    calls: u64,
    time: Duration,
}

impl Neighbour {
    pub(super) fn join(address: SocketAddr) -> Result<Self, Failure> {
        let client = Client::session(address, Format::Json)?;
        let phase = Arc::new(AtomicU8::new(Phase::Quiet as u8));
        let count = || Count { latency: Histogram::new(), calls: 0, time: Duration::ZERO };
        let counts = Arc::new(Mutex::new([count(), count(), count(), count()]));
        let (seen, counting) = (Arc::clone(&phase), Arc::clone(&counts));
        let thread = std::thread::spawn(move || {
            call_all_the_time(client, &seen, &counting).map_err(|failure| failure.to_string())
        });
        Ok(Self { phase, counts, thread: Some(thread) })
    }

    /// From now on calls are counted for this phase.
    pub(super) fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// How it was served.
    pub(super) fn service(&self, phase: Phase) -> Service {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Count { latency, calls, time } = &counts[phase as usize];
        let millis = |nanos: u64| nanos as f64 / 1e6;
        Service {
            per_second: *calls as f64 / time.as_secs_f64().max(1e-9),
            median: millis(latency.quantile(0.5)),
            p99: millis(latency.quantile(0.99)),
            longest: millis(latency.longest()),
        }
    }

    /// Leaves; every answer it got was right.
    pub(super) fn leave(mut self) -> Result<(), Failure> {
        self.enter(Phase::Over);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome.map_err(|failure| format!("the neighbour: {failure}").into()),
            _ => Err("the neighbour panicked".into()),
        }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.enter(Phase::Over);
    }
}

/// How long a thread could have run, had it had a processor: nothing that the server is to blame for.
struct WaitsForProcessor {
    statistics: File,
    until_now: Duration,
}

impl WaitsForProcessor {
    fn of_this_thread() -> Result<Self, Failure> {
        let mut processor =
            Self { statistics: File::open("/proc/thread-self/schedstat")?, until_now: Duration::ZERO };
        processor.waited()?;
        Ok(processor)
    }

    /// How long it has waited since it was last asked.
    fn waited(&mut self) -> Result<Duration, Failure> {
        let mut text = [0; 64];
        let len = self.statistics.read_at(&mut text, 0)?;
        let text = str::from_utf8(&text[..len])?;
        // What it has run, what it has waited, and how often.
        let nanos = text.split_ascii_whitespace().nth(1).ok_or("a schedstat file without waiting")?;
        let before = std::mem::replace(&mut self.until_now, Duration::from_nanos(nanos.parse()?));
        Ok(self.until_now.saturating_sub(before))
    }
}

fn call_all_the_time(
    mut client: Client,
    phase: &AtomicU8,
    counts: &Mutex<[Count; 4]>,
) -> Result<(), Failure> {
    let exchange = Exchange::Call(Format::Json);
    let mut processor = WaitsForProcessor::of_this_thread()?;
    let (mut request, mut answer) = (Vec::new(), Vec::new());
    for id in FIRST_ID.. {
        let now = phase.load(Ordering::Relaxed);
        if now == Phase::Over as u8 {
            break;
        }
        request.clear();
        answer.clear();
        exchange.request(id, &mut request);
        exchange.answer(id, &mut answer);
        let started = Instant::now();
        if client.ask(Format::Json.opcode(), &request)? != answer {
            return Err("a wrong answer".into());
        }
        let took = started.elapsed().saturating_sub(processor.waited()?);
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = counts.get_mut(usize::from(now)) else { break };
        count.latency.add(took.as_nanos() as u64, 1);
        count.calls += 1;
        count.time += took;
    }
    Ok(())
}
