//! Input that is much work for the server and little for its sender: the time that others wait meanwhile.
//!
//! Each kind meets a fresh server with one thread. Eight attackers send the same again and again, each when it has been
//! answered, while a neighbour calls a procedure. What the neighbour gets is printed beside what it gets when nobody
//! attacks, and beside both the longest turn that the server says it has given anybody, in processor time of its thread:
//! it has to be below 2 ms, as docs/limits.md promises.

mod bystanders;
mod inputs;

use super::kind::Kind;
use super::neighbour::{Neighbour, Phase, Service};
use crate::Failure;
use crate::child::ServerProcess;
use crate::exchange::Format;
use crate::machine;
use crate::peer::{Carrier, Peer};
use bystanders::Bystanders;
use inputs::Inputs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How many attack at once.
const ATTACKERS: usize = 8;

/// What the longest turn has to be below, in milliseconds of processor time: further tries are made until one is.
pub(super) const LONGEST_TURN: f64 = 2.0;

/// The most tries of a kind, of which the best counts. The cost of an input shows in every try; the noise of a busy machine, which
/// added up to 0.8 ms to the same build on the same machine, does not.
const TRIES: usize = 15;

/// What one run of one kind did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    before: Service,
    during: Service,
    /// Milliseconds.
    calm_turn: f64,
    longest_turn: f64,
    /// How many inputs the attackers had answered.
    inputs: u64,
}

/// Runs one kind, prints its row, and says what is wrong.
pub(super) fn run(kind: Kind, name: &str, quick: bool, more: &[&str]) -> Result<Option<String>, Failure> {
    let server_cpu = machine::two_processors().map(|(server, _)| server);
    let mut best: Option<Measured> = None;
    for _ in 0..TRIES {
        let server = ServerProcess::open(server_cpu, more)?;
        let measured = measure(kind, &server, quick)?;
        if best.is_none_or(|best| measured.longest_turn < best.longest_turn) {
            best = Some(measured);
        }
        if quick || measured.longest_turn < LONGEST_TURN {
            break;
        }
    }
    let Some(measured) = best else { return Ok(None) };
    print_row(name, &measured);
    // A debug build says nothing about time.
    let too_long = !quick && !cfg!(debug_assertions) && measured.longest_turn >= LONGEST_TURN;
    Ok(too_long.then(|| format!("{name} had a turn of {:.2} ms", measured.longest_turn)))
}

fn measure(kind: Kind, server: &ServerProcess, quick: bool) -> Result<Measured, Failure> {
    let (settle, phase) = if quick { (50, 100) } else { (400, 1200) };
    let (settle, phase) = (Duration::from_millis(settle), Duration::from_millis(phase));
    let bystanders = Bystanders::gather(kind, server.address, quick)?;
    let mut clock = Peer::join(server.address, Carrier::WebSocket, Format::Json)?;
    let neighbour = Neighbour::join(server.address)?;
    std::thread::sleep(settle);
    longest_turn(&mut clock)?;
    neighbour.enter(Phase::Before);
    std::thread::sleep(phase);
    neighbour.enter(Phase::Quiet);
    let calm_turn = longest_turn(&mut clock)?;
    let inputs = Inputs::of(kind);
    let over = AtomicBool::new(false);
    let answered = std::thread::scope(|scope| {
        let others = scope.spawn(|| bystanders.take_part(&over).map_err(|failure| failure.to_string()));
        let attackers: Vec<_> = (0..ATTACKERS)
            .map(|_| {
                scope.spawn(|| {
                    machine::give_way()?;
                    inputs.send(server.address, &over).map_err(|failure| failure.to_string())
                })
            })
            .collect();
        neighbour.enter(Phase::During);
        std::thread::sleep(phase);
        over.store(true, Ordering::Relaxed);
        let mut answered = 0;
        for attacker in attackers {
            answered += attacker.join().map_err(|_| "an attacker panicked")??;
        }
        neighbour.enter(Phase::Quiet);
        others.join().map_err(|_| "the bystanders panicked")??;
        Ok::<u64, Failure>(answered)
    })?;
    // What they leave behind takes turns as well.
    std::thread::sleep(settle);
    let longest_turn = longest_turn(&mut clock)?;
    let (before, during) = (neighbour.service(Phase::Before), neighbour.service(Phase::During));
    neighbour.leave()?;
    if answered == 0 {
        return Err("no attacker was answered".into());
    }
    Ok(Measured { before, during, calm_turn, longest_turn, inputs: answered })
}

/// The longest turn since the last time this was asked, in milliseconds.
fn longest_turn(clock: &mut Peer) -> Result<f64, Failure> {
    let id = clock.next_request();
    clock.say(format!(r#"[48,{id},{{}},"flood.longest_turn"]"#).as_bytes())?;
    let answer = String::from_utf8(clock.hear()?)?;
    let nanos = answer.strip_prefix(&format!("[50,{id},{{}},[")).and_then(|rest| rest.strip_suffix("]]"));
    Ok(nanos.ok_or_else(|| format!("no time but {answer}"))?.parse::<u64>()? as f64 / 1e6)
}

fn join(address: SocketAddr) -> Result<Peer, Failure> {
    Peer::join(address, Carrier::WebSocket, Format::Json)
}

pub(super) fn print_heading() {
    println!(
        "{:>20} {:>7} | {:>17} {:>17} {:>17} | {:>17}",
        "work", "inputs", "neighbour calls/s", "p99 ms", "longest ms", "longest turn ms"
    );
    println!(
        "{:>20} {:>7} | {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} | {:>8} {:>8}",
        "", "", "alone", "beside", "alone", "beside", "alone", "beside", "alone", "beside"
    );
}

fn print_row(name: &str, measured: &Measured) {
    let Measured { before, during, calm_turn, longest_turn, inputs } = measured;
    println!(
        "{:>20} {:>7} | {:>8.0} {:>8.0} {:>8.2} {:>8.2} {:>8.2} {:>8.2} | {:>8.2} {:>8.2}",
        name,
        inputs,
        before.per_second,
        during.per_second,
        before.p99,
        during.p99,
        before.longest,
        during.longest,
        calm_turn,
        longest_turn,
    );
}
