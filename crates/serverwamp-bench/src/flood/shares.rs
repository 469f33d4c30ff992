//! Fair shares: what a neighbour still gets where others hold as many calls as they may and never let go of them.
//!
//! In one flood the sessions of one realm take all calls that may wait, and the neighbour, in another realm, calls a procedure
//! that has to wait. In the other flood one session takes all places at a client that serves a procedure, and the neighbour
//! calls that. The attackers go on asking for more. Every call of the neighbour has to succeed.

use super::kind::Kind;
use crate::Failure;
use crate::child::ServerProcess;
use crate::exchange::Format;
use crate::histogram::Histogram;
use crate::machine;
use crate::message::Item;
use crate::peer::{Carrier, Peer};
use serverwamp::Limits;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

/// How many calls may wait in a short run: a debug build takes no more within a second.
const QUICK_CALLS: usize = 4096;

/// How many further calls an attacker makes at once.
const FURTHER: u64 = 8;

/// What the client serves that all of them call.
const SERVED: &str = "flood.served";

/// What the neighbour sends as an argument, so that it is answered.
const ANSWER: &str = "answer";

/// The same, and nothing is served any more.
const LAST: &str = "last";

/// How a neighbour was served.
struct Served {
    succeeded: u64,
    failed: u64,
    latency: Histogram,
}

/// Runs one kind, prints its row, and says what is wrong.
pub(super) fn run(kind: Kind, name: &str, quick: bool, more: &[&str]) -> Result<Option<String>, Failure> {
    let most = if quick { QUICK_CALLS } else { Limits::default().calls_in_flight_in_all };
    let of_each = Limits::default().calls_in_flight;
    let attackers = if kind == Kind::RealmCalls { most / of_each } else { 1 };
    let text = most.to_string();
    let arguments = [more, &["--calls-in-flight", &text]].concat();
    let server = ServerProcess::open(machine::two_processors().map(|(server, _)| server), &arguments)?;
    let callee = match kind {
        Kind::CalleeCalls => Some(serve(server.address)?),
        _ => None,
    };
    let (realm, procedure) = if callee.is_some() { ("realm1", SERVED) } else { ("realm2", "demo.wait") };
    let mut neighbour = Neighbour {
        peer: Peer::open(server.address, Carrier::WebSocket, Format::Json)?.welcomed_in(realm)?,
        procedure,
    };
    let phase = Duration::from_millis(if quick { 200 } else { 2000 });
    let alone = neighbour.call_for(phase)?;
    let over = AtomicBool::new(false);
    let (beside, refused) = std::thread::scope(|scope| {
        let target = if callee.is_some() { SERVED } else { "demo.keep" };
        let attack = attack(scope, server.address, attackers, target, &over)?;
        let beside = neighbour.call_for(phase);
        over.store(true, Ordering::Relaxed);
        Ok::<_, Failure>((beside?, attack.join().map_err(|_| "the attackers panicked")??))
    })?;
    if let Some(callee) = callee {
        neighbour.call(LAST)?;
        callee.join().map_err(|_| "the callee panicked")??;
    }
    print_row(name, &alone, &beside, attackers, of_each);
    Ok(match (alone.failed + beside.failed, refused) {
        (0, 0) => Some(format!("{name} took no more than it may have")),
        (0, _) => None,
        (failed, _) => Some(format!("{name} made {failed} calls of a neighbour fail")),
    })
}

/// A client that answers the neighbour's calls and no others, until the last one.
fn serve(address: SocketAddr) -> Result<JoinHandle<Result<(), String>>, Failure> {
    let mut callee = Peer::join(address, Carrier::WebSocket, Format::Json)?;
    callee.ask(65, 3, &[Item::Int(64), Item::Int(1), Item::Empty, Item::Text(SERVED)])?;
    Ok(std::thread::spawn(move || {
        loop {
            let invocation = callee.hear().map_err(|failure| failure.to_string())?;
            let invocation = String::from_utf8_lossy(&invocation);
            let Some((id, rest)) = invocation.strip_prefix("[68,").and_then(|rest| rest.split_once(','))
            else {
                continue;
            };
            let is_last = rest.contains(LAST);
            if is_last || rest.contains(ANSWER) {
                callee.say(format!("[70,{id},{{}}]").as_bytes()).map_err(|failure| failure.to_string())?;
            }
            if is_last {
                return Ok(());
            }
        }
    }))
}

/// Takes all that there is, then asks for more until it is over; gives how many calls were refused or ended.
fn attack<'s>(
    scope: &'s Scope<'s, '_>,
    address: SocketAddr,
    attackers: usize,
    procedure: &'static str,
    over: &'s AtomicBool,
) -> Result<ScopedJoinHandle<'s, Result<u64, String>>, Failure> {
    let carriers = [Carrier::WebSocket, Carrier::RawSocket].into_iter().cycle().take(attackers);
    let join = |carrier| Ok(Attacker { peer: Peer::join(address, carrier, Format::Json)?, requests: 0 });
    let mut attackers = carriers.map(join).collect::<Result<Vec<Attacker>, Failure>>()?;
    for attacker in &mut attackers {
        attacker.call(procedure, Limits::default().calls_in_flight as u64)?;
    }
    Ok(scope.spawn(move || {
        machine::give_way()?;
        let mut refused = 0;
        while !over.load(Ordering::Relaxed) {
            for attacker in &mut attackers {
                refused += attacker.call(procedure, FURTHER).map_err(|failure| failure.to_string())?;
            }
        }
        Ok(refused)
    }))
}

struct Attacker {
    peer: Peer,
    requests: u64,
}

impl Attacker {
    /// Makes so many calls, waits until the server has looked at them, and counts the errors.
    fn call(&mut self, procedure: &str, times: u64) -> Result<u64, Failure> {
        for _ in 0..times {
            self.requests += 1;
            let id = self.requests;
            self.peer.say(format!(r#"[48,{id},{{}},"{procedure}",["x"]]"#).as_bytes())?;
        }
        self.requests += 1;
        let fence = self.requests;
        self.peer.say(format!(r#"[32,{fence},{{}},"flood.fence"]"#).as_bytes())?;
        let (subscribed, mut errors) = (format!("[33,{fence},"), 0);
        loop {
            let answer = self.peer.hear()?;
            if answer.starts_with(subscribed.as_bytes()) {
                return Ok(errors);
            }
            errors += u64::from(answer.starts_with(b"[8,48,"));
        }
    }
}

struct Neighbour {
    peer: Peer,
    procedure: &'static str,
}

impl Neighbour {
    /// Calls again and again, each time when it has its answer.
    fn call_for(&mut self, time: Duration) -> Result<Served, Failure> {
        let mut served = Served { succeeded: 0, failed: 0, latency: Histogram::new() };
        let begun = Instant::now();
        while begun.elapsed() < time {
            let asked = Instant::now();
            match self.call(ANSWER)? {
                true => served.succeeded += 1,
                false => served.failed += 1,
            }
            served.latency.add(asked.elapsed().as_nanos() as u64, 1);
        }
        Ok(served)
    }

    /// Calls, and says whether there is a result.
    fn call(&mut self, argument: &str) -> Result<bool, Failure> {
        let (id, procedure) = (self.peer.next_request(), self.procedure);
        self.peer.say(format!(r#"[48,{id},{{}},"{procedure}",["{argument}"]]"#).as_bytes())?;
        Ok(self.peer.hear()?.starts_with(format!("[50,{id},").as_bytes()))
    }
}

pub(super) fn print_heading() {
    println!(
        "{:>20} | {:>26} {:>17} {:>17} |",
        "shares", "neighbour's calls, failed", "p99 ms", "longest ms"
    );
    println!(
        "{:>20} | {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} | attackers",
        "", "alone", "beside", "failed", "alone", "beside", "alone", "beside"
    );
}

fn print_row(name: &str, alone: &Served, beside: &Served, attackers: usize, of_each: usize) {
    let millis = |nanos: u64| nanos as f64 / 1e6;
    println!(
        "{:>20} | {:>8} {:>8} {:>8} {:>8.2} {:>8.2} {:>8.2} {:>8.2} | {attackers} x {of_each} calls",
        name,
        alone.succeeded,
        beside.succeeded,
        beside.failed,
        millis(alone.latency.quantile(0.99)),
        millis(beside.latency.quantile(0.99)),
        millis(alone.latency.longest()),
        millis(beside.latency.longest()),
    );
}
