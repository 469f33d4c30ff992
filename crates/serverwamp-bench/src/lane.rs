//! One kind of work for one server, measured round by round beside others.

use crate::Failure;
use crate::child::ServerProcess;
use crate::histogram::Histogram;
use crate::load::Turn;
use crate::options::Plan;
use crate::statistics::{least, median};
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// What keeps a server busy.
pub(crate) trait Work {
    /// Works for so long; how many operations were done.
    fn run(&mut self, turn: Duration) -> Result<u64, Failure>;

    /// How long the operations took.
    fn latency(&mut self) -> &mut Histogram;
}

/// What one server has needed for one kind of operation.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Figures {
    /// Server processor time per operation in the round that took least, in microseconds.
    pub(crate) cpu_least: f64,
    /// The same in the median round.
    pub(crate) cpu_median: f64,
    /// Operations per second in the median round.
    pub(crate) per_second: f64,
    /// Latencies of all rounds, in microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) longest: f64,
    /// Answers that came; every one was compared with the right one.
    pub(crate) answers: u64,
}

/// One kind of work, round by round.
pub(crate) struct Lane<'a> {
    server: &'a ServerProcess,
    work: Box<dyn Work>,
    pub(crate) turns: Vec<Turn>,
}

impl<'a> Lane<'a> {
    pub(crate) fn new(server: &'a ServerProcess, work: impl Work + 'static) -> Self {
        Self { server, work: Box::new(work), turns: Vec::new() }
    }

    pub(crate) fn figures(&mut self) -> Figures {
        figures(&self.turns, self.work.latency())
    }
}

/// Lets all lanes have their turn in every round, one after the other.
pub(crate) fn take_turns<'a, 'l>(
    plan: &Plan,
    lanes: impl IntoIterator<Item = &'l mut Lane<'a>>,
) -> Result<(), Failure>
where
    'a: 'l,
{
    rounds(plan.rounds, plan.turn, lanes)
}

/// The same for so many rounds, and turns of that length.
pub(crate) fn rounds<'a, 'l>(
    rounds: u32,
    turn: Duration,
    lanes: impl IntoIterator<Item = &'l mut Lane<'a>>,
) -> Result<(), Failure>
where
    'a: 'l,
{
    let mut lanes: Vec<_> = lanes.into_iter().collect();
    for round in 0..=rounds {
        for lane in &mut lanes {
            if round == 0 {
                // Buffers grow and the processor learns; that is not counted.
                lane.work.run(turn / 3)?;
                *lane.work.latency() = Histogram::new();
            } else {
                lane.turns.push(Turn::of(lane.server, || lane.work.run(turn))?);
            }
        }
    }
    Ok(())
}

/// Sums up the turns of one server.
pub(crate) fn figures(turns: &[Turn], latency: &Histogram) -> Figures {
    let micros = |nanos: u64| nanos as f64 / 1000.0;
    Figures {
        cpu_least: least(turns.iter().map(Turn::cpu_micros_each)),
        cpu_median: median(turns.iter().map(Turn::cpu_micros_each)),
        per_second: median(turns.iter().map(Turn::each_second)),
        p50: micros(latency.quantile(0.5)),
        p99: micros(latency.quantile(0.99)),
        longest: micros(latency.longest()),
        answers: turns.iter().map(|turn| turn.operations).sum(),
    }
}

/// The median of the ratios between turns that followed each other.
pub(crate) fn ratio(turns: &[Turn], reference: &[Turn]) -> f64 {
    median(
        turns
            .iter()
            .zip(reference)
            .map(|(turn, reference)| turn.cpu_micros_each() / reference.cpu_micros_each()),
    )
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu_least, cpu_median, per_second, p50, p99, longest, .. } = self;
        write!(f, "{cpu_least:>8.3} {cpu_median:>8.3} {per_second:>9.0} {p50:>9.1} {p99:>9.1} {longest:>9.1}")
    }
}
