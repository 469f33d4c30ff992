//! Served calls beside bare echoes, in turns.

use crate::Failure;
use crate::child::ServerProcess;
use crate::exchange::{Exchange, Format};
use crate::load::{Load, Turn};
use crate::options::{Plan, ServerKind};
use crate::statistics::{least, median};
use serde::Serialize;

/// How many connections, and how many requests under way on each.
const POINTS: [(usize, usize); 4] = [(1, 1), (64, 1), (1, 64), (64, 64)];

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

/// One call and its echo.
#[derive(Debug, Serialize)]
pub(crate) struct CallRow {
    pub(crate) connections: usize,
    pub(crate) depth: usize,
    pub(crate) format: Format,
    pub(crate) request_bytes: usize,
    pub(crate) answer_bytes: usize,
    pub(crate) echo_bytes: usize,
    pub(crate) echo: Figures,
    pub(crate) call: Figures,
    /// Processor time of a call over that of an echo: the median over the rounds.
    pub(crate) ratio: f64,
    /// The same of the rounds that took least.
    pub(crate) ratio_of_least: f64,
    pub(crate) goal: f64,
}

/// One kind of exchange, round by round.
struct Lane<'a> {
    server: &'a ServerProcess,
    load: Load,
    turns: Vec<Turn>,
}

impl<'a> Lane<'a> {
    fn new(
        server: &'a ServerProcess,
        exchange: Exchange,
        (connections, depth): (usize, usize),
    ) -> Result<Self, Failure> {
        let load = Load::connect(server, exchange, connections, depth)?;
        Ok(Self { server, load, turns: Vec::new() })
    }

    fn figures(&self) -> Figures {
        figures(&self.turns, &self.load.latency)
    }
}

/// Sums up the turns of one server.
pub(crate) fn figures(turns: &[Turn], latency: &crate::histogram::Histogram) -> Figures {
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

pub(crate) fn measure(plan: &Plan) -> Result<Vec<CallRow>, Failure> {
    let echo = ServerProcess::start(ServerKind::Echo, plan.server_cpu)?;
    let wamp = ServerProcess::start(ServerKind::Wamp, plan.server_cpu)?;
    let mut rows = Vec::new();
    for point in POINTS {
        let mut pairs = Vec::new();
        for format in Format::ALL {
            let echo = Lane::new(&echo, Exchange::echo_of(format), point)?;
            pairs.push((format, echo, Lane::new(&wamp, Exchange::Call(format), point)?));
        }
        take_turns(plan, &mut pairs)?;
        rows.extend(pairs.iter().map(|(format, echo, call)| row(point, *format, echo, call)));
    }
    Ok(rows)
}

fn take_turns<'a>(plan: &Plan, pairs: &mut [(Format, Lane<'a>, Lane<'a>)]) -> Result<(), Failure> {
    for round in 0..=plan.rounds {
        for (_, echo, call) in &mut *pairs {
            for lane in [echo, call] {
                if round == 0 {
                    // Buffers grow and the processor learns; that is not counted.
                    lane.load.run(plan.turn / 3)?;
                    lane.load.latency = crate::histogram::Histogram::new();
                } else {
                    lane.turns.push(Turn::of(lane.server, || lane.load.run(plan.turn))?);
                }
            }
        }
    }
    Ok(())
}

fn row((connections, depth): (usize, usize), format: Format, echo: &Lane<'_>, call: &Lane<'_>) -> CallRow {
    let (echoed, called) = (echo.figures(), call.figures());
    CallRow {
        connections,
        depth,
        format,
        request_bytes: Exchange::Call(format).request_len(),
        answer_bytes: Exchange::Call(format).answer_len(),
        echo_bytes: Exchange::echo_of(format).request_len(),
        echo: echoed,
        call: called,
        ratio: ratio(&call.turns, &echo.turns),
        ratio_of_least: called.cpu_least / echoed.cpu_least,
        goal: if depth == 1 { 1.2 } else { 1.5 },
    }
}
