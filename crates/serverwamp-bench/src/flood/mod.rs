//! Too much of everything: what a flood makes the server keep, beside what its limits predict, and how a neighbour is
//! served meanwhile.
//!
//! Each kind meets a fresh server with one thread and the limits that everybody has by default. Its memory is the resident
//! one, as the allocator of the system leaves it, and is looked at all the time. That allocator is the reason why twice of
//! what is predicted is allowed: a buffer that grows leaves a hole of its former size behind when it moves, and what was
//! freed between two pieces that are in use is not given back to the system. It is used again, though, and that shows in
//! the last flood of several: it takes no more than the ones before.
//!
//! The neighbour and those who make the flood share a processor that the server does not have. They give way to the
//! neighbour there, so that what it loses is what the server makes it lose.

mod attack;
mod kind;
mod logins;
mod neighbour;
mod shares;
mod steady;
mod work;

pub(crate) use kind::Kind;

use crate::Failure;
use crate::child::ServerProcess;
use crate::machine;
use crate::options::FloodOptions;
use clap::ValueEnum;
use kind::Prediction;
use neighbour::{Neighbour, Phase, Service};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What may be measured beyond twice a prediction, in bytes: buffers that there are once for each thread.
const SLACK: u64 = 2 * 1024 * 1024;

/// How many times slower a neighbour may be served during a flood. Usually it gets through two thirds as many calls at
/// least; on a busy machine both figures go up and down by themselves.
const SLOWER: f64 = 2.0;

/// How often each flood comes. The first one finds an allocator that has never had to keep anything.
const TIMES: usize = 3;

/// How long the server may take to close the sockets of a flood whose peers are gone.
const TO_CLOSE: Duration = Duration::from_secs(8);

/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What several floods of one kind did, in bytes beyond what the server had before.
#[derive(Debug)]
struct Measured {
    /// The most while each flood lasted.
    peaks: [u64; TIMES],
    /// What was left behind each.
    left: [u64; TIMES],
    before: Service,
    during: Service,
}

pub(crate) fn run(options: &FloodOptions) -> Result<(), Failure> {
    println!("{}", machine::describe());
    let connections = machine::allow_connections()?;
    let cpus = machine::two_processors();
    if let Some((_, load)) = cpus {
        machine::pin(&[load])?;
    }
    // Peers that are only there, or wait for others, answer no pings.
    let more: Vec<&str> =
        [("--no-pings", true), ("--unbounded", options.unbounded), ("--smol", options.smol)]
            .into_iter()
            .filter_map(|(argument, given)| given.then_some(argument))
            .collect();
    let kinds = Kind::value_variants().iter().copied().filter(|kind| options.includes(*kind));
    let (works, others): (Vec<Kind>, Vec<Kind>) = kinds.partition(|kind| kind.is_work());
    let (of_shares, others): (Vec<Kind>, Vec<Kind>) =
        others.into_iter().partition(|kind| kind.is_of_shares());
    let (of_logins, floods): (Vec<Kind>, Vec<Kind>) =
        others.into_iter().partition(|kind| kind.is_of_logins());
    let mut failed = Vec::new();
    if !options.work && !floods.is_empty() {
        print_heading();
        for kind in floods {
            if kind.prediction(options.quick).attackers > connections / 2 {
                return Err(format!("{connections} open files are too few").into());
            }
            failed.extend(flood(kind, options, &more)?);
        }
        if failed.is_empty() {
            println!(
                "no flood took more than twice what the limits predict and {}, and none took more and more",
                mib(SLACK)
            );
            if !options.quick {
                println!("no flood made a neighbour more than {SLOWER} times slower");
            }
        }
    }
    if !options.work && !of_shares.is_empty() {
        shares::print_heading();
        let begun = failed.len();
        for kind in of_shares {
            failed.extend(shares::run(kind, &name(kind), options.quick, &more)?);
        }
        if failed.len() == begun {
            println!("no call of a neighbour failed because of what others hold");
        }
    }
    if !options.work && !of_logins.is_empty() {
        logins::print_heading();
        for kind in of_logins {
            failed.extend(logins::run(kind, options.quick, &more)?);
        }
    }
    if !works.is_empty() {
        work::print_heading();
        let begun = failed.len();
        for kind in works {
            failed.extend(work::run(kind, &name(kind), options.quick, &more)?);
        }
        if failed.len() == begun && !options.quick {
            println!("every turn was shorter than {} ms", work::LONGEST_TURN);
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(failed.join("; ").into()),
    }
}

/// Makes one flood, prints its row, and says what is wrong.
fn flood(kind: Kind, options: &FloodOptions, more: &[&str]) -> Result<Vec<String>, Failure> {
    let quick = options.quick;
    let mut failed = Vec::new();
    let prediction = kind.prediction(quick);
    let server = ServerProcess::open(machine::two_processors().map(|(server, _)| server), more)?;
    // One flood shows that a limit is missing.
    let times = if options.unbounded { 1 } else { TIMES };
    let measured = measure(kind, prediction.attackers, &server, quick, times)?;
    let name = name(kind);
    print_row(&name, &prediction, &measured);
    let allowed = 2 * prediction.bytes + SLACK;
    let most = measured.peaks.into_iter().max().unwrap_or(0);
    if most > allowed {
        failed.push(format!("{name} took {} and not {} at most", mib(most), mib(allowed)));
    }
    let Service { per_second: usual, .. } = measured.before;
    // A debug build, and so short a look, says nothing about speed.
    if !quick && measured.during.per_second < usual / SLOWER {
        failed.push(format!("{name} left a neighbour {:.0} calls of {usual:.0}", measured.during.per_second));
    }
    let [first, second, last] = measured.peaks;
    // The first two tell what it takes; on a busy machine one of them may have come to less.
    let before = first.max(second).max(if kind.is_as_scheduled() { prediction.bytes } else { 0 });
    if last > before + before / 4 + SLACK {
        failed.push(format!("{name} took {} and {}, then {}", mib(first), mib(second), mib(last)));
    }
    Ok(failed)
}

fn name(kind: Kind) -> String {
    kind.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn measure(
    kind: Kind,
    attackers: usize,
    server: &ServerProcess,
    quick: bool,
    times: usize,
) -> Result<Measured, Failure> {
    let neighbour = Neighbour::join(server.address)?;
    let calm = Duration::from_millis(if quick { 100 } else { 700 });
    std::thread::sleep(calm);
    neighbour.enter(Phase::Before);
    std::thread::sleep(calm);
    neighbour.enter(Phase::Quiet);
    let (base, files) = (server.resident_bytes()?, server.open_files()?);
    let (mut peaks, mut left) = ([0; TIMES], [0; TIMES]);
    for (peak, left) in peaks.iter_mut().zip(&mut left).take(times) {
        neighbour.enter(Phase::During);
        *peak = highest(kind, server, attackers)?.saturating_sub(base);
        neighbour.enter(Phase::Quiet);
        *left = forgotten(server, base, files, 2 * calm)?.saturating_sub(base);
    }
    let (before, during) = (neighbour.service(Phase::Before), neighbour.service(Phase::During));
    neighbour.leave()?;
    Ok(Measured { peaks, left, before, during })
}

/// The most resident bytes from the beginning of a flood until all of its peers have done their worst.
fn highest(kind: Kind, server: &ServerProcess, attackers: usize) -> Result<u64, Failure> {
    let (over, most) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                // If it cannot be read any more, the look below says so.
                most.fetch_max(server.resident_bytes_quickly().unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(LOOK_EVERY);
            }
        });
        let attack = scope.spawn(|| {
            machine::give_way()?;
            attack::attack(kind, server.address, attackers).map_err(|failure| failure.to_string())
        });
        let peers = attack.join().map_err(|_| "the flood panicked")?;
        // What it has received it has to read, too.
        std::thread::sleep(10 * LOOK_EVERY);
        over.store(true, Ordering::Relaxed);
        looking.join().map_err(|_| "nobody looked at the server's memory")?;
        let last = server.resident_bytes()?;
        drop(peers?);
        Ok(last.max(most.load(Ordering::Relaxed)))
    })
}

/// The resident bytes when the peers of a flood are gone: as soon as they are what they were, or some time later.
fn forgotten(server: &ServerProcess, base: u64, files: usize, settle: Duration) -> Result<u64, Failure> {
    let gone = Instant::now();
    while server.open_files()? > files {
        if gone.elapsed() > TO_CLOSE {
            return Err("the sockets of a flood stay open".into());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let closed = Instant::now();
    loop {
        let now = server.resident_bytes()?;
        if now <= base + SLACK / 4 || closed.elapsed() > settle {
            return Ok(now);
        }
        std::thread::sleep(5 * LOOK_EVERY);
    }
}

fn print_heading() {
    println!(
        "{:>20} {:>9} {:>8} {:>7} {:>7} {:>7} | {:>17} {:>15} {:>15} | the limits",
        "MiB", "predicted", "measured", "again", "left", "again", "neighbour calls/s", "median ms", "p99 ms"
    );
}

fn print_row(name: &str, prediction: &Prediction, measured: &Measured) {
    let Measured { peaks: [peak, .., last_peak], left: [left, .., last_left], before, during } = measured;
    let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
    println!(
        "{:>20} {:>9.1} {:>8.1} {:>7.1} {:>7.1} {:>7.1} | {:>8.0} {:>8.0} {:>7.3} {:>7.3} {:>7.2} {:>7.2} | {} x {}",
        name,
        mib(prediction.bytes),
        mib(*peak),
        mib(*last_peak),
        mib(*left),
        mib(*last_left),
        before.per_second,
        during.per_second,
        before.median,
        during.median,
        before.p99,
        during.p99,
        prediction.attackers,
        prediction.limits,
    );
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / (1024.0 * 1024.0))
}
