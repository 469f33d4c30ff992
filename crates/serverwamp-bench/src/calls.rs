//! Served calls beside bare echoes, in turns.

use crate::Failure;
use crate::child::ServerProcess;
use crate::exchange::{Exchange, Format};
use crate::lane::{Figures, Lane, ratio, take_turns};
use crate::load::Load;
use crate::options::{Plan, ServerKind};
use serde::Serialize;

/// The number of connections, and of requests in flight on each.
const POINTS: [(usize, usize); 4] = [(1, 1), (64, 1), (1, 64), (64, 64)];

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

pub(crate) fn measure(plan: &Plan) -> Result<Vec<CallRow>, Failure> {
    let echo = ServerProcess::start(ServerKind::Echo, plan.server_cpu)?;
    let wamp = ServerProcess::start(ServerKind::Wamp, plan.server_cpu)?;
    let mut rows = Vec::new();
    for point in POINTS {
        let mut pairs = Vec::new();
        for format in Format::ALL {
            let load = |server, exchange| Load::connect(server, exchange, point.0, point.1);
            let echoes = Lane::new(&echo, load(&echo, Exchange::echo_of(format))?);
            pairs.push((format, echoes, Lane::new(&wamp, load(&wamp, Exchange::Call(format))?)));
        }
        take_turns(plan, pairs.iter_mut().flat_map(|(_, echo, call)| [echo, call]))?;
        rows.extend(pairs.iter_mut().map(|(format, echo, call)| row(point, *format, echo, call)));
    }
    Ok(rows)
}

fn row(
    (connections, depth): (usize, usize),
    format: Format,
    echo: &mut Lane<'_>,
    call: &mut Lane<'_>,
) -> CallRow {
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
