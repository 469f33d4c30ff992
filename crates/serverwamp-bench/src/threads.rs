//! The gain of a second thread for a router.
//!
//! Here neither server nor load has a processor of its own, so on two processors the load takes part of what the second
//! thread could have: operations per second say little, and processor time per operation says whether the threads are
//! in each other's way.

use crate::Failure;
use crate::child::ServerProcess;
use crate::exchange::Format;
use crate::lane::{Figures, Lane, take_turns};
use crate::options::{Plan, ServerKind};
use crate::publish::{BURST, Serializers};
use crate::publishing::Publishing;
use crate::routed::RoutedCalls;
use crate::server::REALMS;
use crate::statistics::median;
use serde::Serialize;

/// One kind of work on one and on two threads.
#[derive(Debug, Serialize)]
pub(crate) struct ThreadsRow {
    pub(crate) work: &'static str,
    pub(crate) realms: usize,
    pub(crate) one: Figures,
    pub(crate) two: Figures,
    /// Processor time of the load per operation, in microseconds, beside two threads.
    pub(crate) load: f64,
    /// Processors that the server kept busy on two threads.
    pub(crate) busy: f64,
    /// Processors that the load kept busy beside two threads: what the server did not have of them.
    pub(crate) load_busy: f64,
    /// Operations per second on two threads over those on one.
    pub(crate) factor: f64,
    /// Processor time per operation on two threads over that on one.
    pub(crate) cost: f64,
}

const CALLS: &str = "calls, 64 pairs x 64";
const EVENTS: &str = "events, 8 topics x 64";

pub(crate) fn measure(plan: &Plan) -> Result<Vec<ThreadsRow>, Failure> {
    if let (Some(server), Some(load)) = (plan.server_cpu, plan.load_cpu) {
        crate::machine::pin(&[server, load])?;
    }
    let one = ServerProcess::with_threads(ServerKind::Router, None, Some(1))?;
    let two = ServerProcess::with_threads(ServerKind::Router, None, Some(2))?;
    let mut rows = Vec::new();
    for realms in [1, REALMS.len()] {
        rows.push(row(plan, CALLS, realms, [calls(&one, realms)?, calls(&two, realms)?])?);
        rows.push(row(plan, EVENTS, realms, [events(&one, realms)?, events(&two, realms)?])?);
    }
    drop((one, two));
    if let Some(load) = plan.load_cpu {
        crate::machine::pin(&[load])?;
    }
    Ok(rows)
}

fn calls(server: &ServerProcess, realms: usize) -> Result<Lane<'_>, Failure> {
    let formats = (Format::Json, Format::Json);
    Ok(Lane::new(server, RoutedCalls::connect(server, &REALMS[..realms], 64, 64, formats)?))
}

fn events(server: &ServerProcess, realms: usize) -> Result<Lane<'_>, Failure> {
    let topics: Vec<String> = (1..=8).map(|number| format!("bench.topic.{number}")).collect();
    let places = topics.iter().zip(REALMS[..realms].iter().cycle());
    let places: Vec<(&str, &str)> = places.map(|(topic, realm)| (*realm, topic.as_str())).collect();
    let json = Serializers::All(Format::Json);
    Ok(Lane::new(server, Publishing::connect(server, &places, json, 64, (BURST, false))?))
}

fn row(
    plan: &Plan,
    work: &'static str,
    realms: usize,
    [mut one, mut two]: [Lane<'_>; 2],
) -> Result<ThreadsRow, Failure> {
    take_turns(plan, [&mut one, &mut two])?;
    let turns = || two.turns.iter().zip(&one.turns);
    let load = median(two.turns.iter().map(|turn| turn.load_nanos as f64 / 1000.0 / turn.operations as f64));
    let busy = median(two.turns.iter().map(|turn| turn.cpu_nanos as f64 / turn.took.as_nanos() as f64));
    let load_busy = median(two.turns.iter().map(|turn| turn.load_nanos as f64 / turn.took.as_nanos() as f64));
    let factor = median(turns().map(|(two, one)| two.each_second() / one.each_second()));
    let cost = median(turns().map(|(two, one)| two.cpu_micros_each() / one.cpu_micros_each()));
    let (one, two) = (one.figures(), two.figures());
    Ok(ThreadsRow { work, realms, one, two, load, busy, load_busy, factor, cost })
}
