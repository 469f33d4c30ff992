//! The cost of idle connections.

use crate::Failure;
use crate::child::ServerProcess;
use crate::client::Client;
use crate::exchange::{Exchange, FIRST_ID, Format};
use crate::options::{Plan, ServerKind};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct Memory {
    pub(crate) connections: usize,
    /// Resident bytes of an idle session.
    pub(crate) session: f64,
    /// Resident bytes of an idle WebSocket of the echo server.
    pub(crate) echo: f64,
    /// A session may have so many.
    pub(crate) goal: f64,
    /// A WebSocket may have so many.
    pub(crate) echo_goal: f64,
}

pub(crate) fn measure(plan: &Plan) -> Result<Memory, Failure> {
    let session = idle(plan, ServerKind::Wamp, |server| Client::session(server.address, Format::Json))?;
    let echo = idle(plan, ServerKind::Echo, |server| Client::websocket(server.address, None))?;
    Ok(Memory { connections: plan.idle, session, echo, goal: 6.0 * 1024.0, echo_goal: 3.5 * 1024.0 })
}

/// Connects, exchanges one message, waits, and looks by how much a fresh server grew.
fn idle(
    plan: &Plan,
    kind: ServerKind,
    connect: impl Fn(&ServerProcess) -> Result<Client, Failure>,
) -> Result<f64, Failure> {
    let exchange = match kind {
        ServerKind::Wamp | ServerKind::Router => Exchange::Call(Format::Json),
        ServerKind::Echo | ServerKind::Writer | ServerKind::Open => Exchange::echo_of(Format::Json),
    };
    let server = ServerProcess::start(kind, plan.server_cpu)?;
    // The first connection pays for what all share.
    let _first = open(&server, exchange, &connect)?;
    std::thread::sleep(plan.settle);
    let before = server.resident_bytes()?;
    let clients: Vec<Client> =
        (0..plan.idle).map(|_| open(&server, exchange, &connect)).collect::<Result<_, _>>()?;
    std::thread::sleep(plan.settle);
    let grown = server.resident_bytes()?.saturating_sub(before);
    Ok(grown as f64 / clients.len() as f64)
}

fn open(
    server: &ServerProcess,
    exchange: Exchange,
    connect: impl Fn(&ServerProcess) -> Result<Client, Failure>,
) -> Result<Client, Failure> {
    let mut client = connect(server)?;
    let (mut request, mut answer) = (Vec::new(), Vec::new());
    exchange.request(FIRST_ID, &mut request);
    exchange.answer(FIRST_ID, &mut answer);
    if client.ask(exchange.format().opcode(), &request)? != answer {
        return Err("a wrong answer before the rest".into());
    }
    Ok(client)
}
