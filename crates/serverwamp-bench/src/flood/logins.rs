//! Wrong logins: 64 at a time, each of which costs the server a slow hash, beside a neighbour who calls all the time.
//!
//! The hashes are those that are recommended, 19 MiB and two passes. Each attempt has another authid, so that none waits because of
//! those before. Every login is denied, or comes to the end of its time on a slow machine, which is counted apart: none may find
//! that there are too many.

use super::neighbour::{Neighbour, Phase, Service};
use super::{Kind, SLOWER};
use crate::Failure;
use crate::child::ServerProcess;
use crate::exchange::Format;
use crate::machine;
use crate::peer::{Carrier, Peer};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Wrong logins in flight.
const IN_FLIGHT: usize = 64;

/// How logins have ended.
#[derive(Debug, Default)]
struct Ends {
    denied: AtomicU64,
    overdue: AtomicU64,
}

impl Ends {
    fn is_none(&self) -> bool {
        self.denied.load(Ordering::Relaxed) + self.overdue.load(Ordering::Relaxed) == 0
    }
}

/// Makes the flood, prints its row, and says what is wrong.
pub(super) fn run(kind: Kind, quick: bool, more: &[&str]) -> Result<Option<String>, Failure> {
    let name = super::name(kind);
    let server = ServerProcess::open(machine::two_processors().map(|(server, _)| server), more)?;
    let neighbour = Neighbour::join(server.address)?;
    let phase = Duration::from_millis(if quick { 300 } else { 5000 });
    std::thread::sleep(phase / 5);
    neighbour.enter(Phase::Before);
    std::thread::sleep(phase);
    neighbour.enter(Phase::Quiet);
    let (over, ends) = (AtomicBool::new(false), Ends::default());
    std::thread::scope(|scope| {
        let attackers: Vec<_> = (0..IN_FLIGHT)
            .map(|number| {
                let (over, ends) = (&over, &ends);
                scope.spawn(move || {
                    machine::give_way()?;
                    attack(server.address, number, over, ends).map_err(|failure| failure.to_string())
                })
            })
            .collect();
        // The pool is full when the first one has ended.
        while ends.is_none() && attackers.iter().all(|one| !one.is_finished()) {
            std::thread::sleep(Duration::from_millis(10));
        }
        neighbour.enter(Phase::During);
        std::thread::sleep(phase);
        neighbour.enter(Phase::Quiet);
        over.store(true, Ordering::Relaxed);
        attackers.into_iter().try_for_each(|one| one.join().map_err(|_| "an attacker panicked".to_owned())?)
    })?;
    let (before, during) = (neighbour.service(Phase::Before), neighbour.service(Phase::During));
    neighbour.leave()?;
    print_row(&name, &ends, before, during);
    let slower = !quick && during.per_second < before.per_second / SLOWER;
    Ok(slower.then(|| {
        format!("{name} left a neighbour {:.0} calls of {:.0}", during.per_second, before.per_second)
    }))
}

/// Logs in again and again with a wrong ticket.
fn attack(address: SocketAddr, number: usize, over: &AtomicBool, ends: &Ends) -> Result<(), Failure> {
    for attempt in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let mut peer = Peer::open(address, Carrier::WebSocket, Format::Json)?;
        let authid = format!("stranger {number} {attempt}");
        let hello = format!(
            r#"[1,"logins",{{"roles":{{"caller":{{}}}},"authmethods":["ticket"],"authid":"{authid}"}}]"#
        );
        peer.say(hello.as_bytes())?;
        let challenge = peer.hear()?;
        if !challenge.starts_with(b"[4,") {
            return Err(format!("no CHALLENGE but {}", challenge.escape_ascii()).into());
        }
        peer.say(br#"[5,"a wrong secret",{}]"#)?;
        let abort = String::from_utf8(peer.hear()?)?;
        let end = if abort.contains("wamp.error.authentication_denied") {
            &ends.denied
        } else if abort.contains("not authenticated within") {
            &ends.overdue
        } else {
            return Err(format!("no denial but {abort}").into());
        };
        end.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

pub(super) fn print_heading() {
    println!(
        "{:>20} | {:>17} {:>15} {:>15} {:>17} | wrong logins",
        "logins", "neighbour calls/s", "median ms", "p99 ms", "longest ms"
    );
}

fn print_row(name: &str, ends: &Ends, before: Service, during: Service) {
    let (denied, overdue) = (ends.denied.load(Ordering::Relaxed), ends.overdue.load(Ordering::Relaxed));
    println!(
        "{name:>20} | {:>8.0} {:>8.0} {:>7.3} {:>7.3} {:>7.2} {:>7.2} {:>8.2} {:>8.2} | {IN_FLIGHT} at a time, {denied} denied, {overdue} at their deadline",
        before.per_second,
        during.per_second,
        before.median,
        during.median,
        before.p99,
        during.p99,
        before.longest,
        during.longest,
    );
}
