//! Wrong logins: 64 at a time, each of which costs the server a slow hash, beside a neighbour who calls all the time, and two who log in
//! again and again with the right secret: one from another address, one from the address of the flood, who came in from there before.
//!
//! The hashes are those that are recommended, 19 MiB and two passes. Each attempt has another authid, so that none waits because of
//! those before. Every wrong login is denied, or comes to the end of its time on a slow machine, which is counted apart: none may find
//! that there are too many. Every right login gets in.

use super::neighbour::{Neighbour, Phase, Service};
use super::{Kind, SLOWER};
use crate::Failure;
use crate::child::ServerProcess;
use crate::exchange::Format;
use crate::machine;
use crate::peer::{Carrier, Peer};
use crate::tls::Stream;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

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
    let [elsewhere, here] =
        [ELSEWHERE, server.address.ip()].map(|source| Member { source, server: server.address });
    here.log_in()?;
    std::thread::sleep(phase / 5);
    neighbour.enter(Phase::Before);
    std::thread::sleep(phase);
    neighbour.enter(Phase::Quiet);
    let (over, ends) = (AtomicBool::new(false), Ends::default());
    let right = std::thread::scope(|scope| {
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
        let members = [&elsewhere, &here].map(|member| scope.spawn(|| member.log_in_until(&over)));
        std::thread::sleep(phase);
        neighbour.enter(Phase::Quiet);
        over.store(true, Ordering::Relaxed);
        attackers
            .into_iter()
            .try_for_each(|one| one.join().map_err(|_| "an attacker panicked".to_owned())?)?;
        let [elsewhere, here] = members.map(|one| one.join().map_err(|_| "a member panicked".to_owned())?);
        Ok::<_, String>([elsewhere?, here?])
    })?;
    let (before, during) = (neighbour.service(Phase::Before), neighbour.service(Phase::During));
    neighbour.leave()?;
    print_row(&name, &ends, before, during, right);
    let slower = !quick && during.per_second < before.per_second / SLOWER;
    Ok(slower.then(|| {
        format!("{name} left a neighbour {:.0} calls of {:.0}", during.per_second, before.per_second)
    }))
}

/// Another address of this machine.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Somebody who has the right secret.
struct Member {
    source: IpAddr,
    server: SocketAddr,
}

/// The right logins of one member.
#[derive(Clone, Copy, Debug, Default)]
struct RightLogins {
    number: u64,
    longest: Duration,
}

impl Member {
    fn log_in(&self) -> Result<(), Failure> {
        let stream = Stream::connect_from(self.source, self.server)?;
        let mut peer = Peer::on(stream, Carrier::WebSocket, Format::Json).opened("")?;
        peer.say(br#"[1,"logins",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"joe"}]"#)?;
        peer.hear()?;
        peer.say(br#"[5,"secret!!!",{}]"#)?;
        let welcome = peer.hear()?;
        if welcome.starts_with(b"[2,") {
            return Ok(());
        }
        Err(format!("the right secret from {} is refused: {}", self.source, welcome.escape_ascii()).into())
    }

    /// Logs in again and again; one login at the least.
    fn log_in_until(&self, over: &AtomicBool) -> Result<RightLogins, String> {
        machine::give_way()?;
        let mut logins = RightLogins::default();
        while logins.number == 0 || !over.load(Ordering::Relaxed) {
            let start = Instant::now();
            self.log_in().map_err(|failure| failure.to_string())?;
            logins.longest = logins.longest.max(start.elapsed());
            logins.number += 1;
        }
        Ok(logins)
    }
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

fn print_row(name: &str, ends: &Ends, before: Service, during: Service, right: [RightLogins; 2]) {
    let (denied, overdue) = (ends.denied.load(Ordering::Relaxed), ends.overdue.load(Ordering::Relaxed));
    println!(
        "{name:>20} | {:>8.0} {:>8.0} {:>7.3} {:>7.3} {:>7.2} {:>7.2} {:>8.2} {:>8.2} | {IN_FLIGHT} at a time, {denied} denied, {overdue} at their deadline; right ones: {} from elsewhere, the longest {:.2} s, {} of somebody known, {:.2} s",
        before.per_second,
        during.per_second,
        before.median,
        during.median,
        before.p99,
        during.p99,
        before.longest,
        during.longest,
        right[0].number,
        right[0].longest.as_secs_f64(),
        right[1].number,
        right[1].longest.as_secs_f64(),
    );
}
