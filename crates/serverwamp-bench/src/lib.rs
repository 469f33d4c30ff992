//! The cost of served and routed calls beside a bare WebSocket echo, of an event beside the bare writes, of a session
//! beside a bare connection.
//!
//! Every server is a child process of the same program, with one thread as a rule; the load comes from the parent, over plain
//! sockets and with frames made by hand. What is compared is the servers' processor time per operation: it depends
//! little on what else the machine does, and the servers take turns in short rounds so that what it does hits all
//! alike. Every answer is checked, byte by byte, and a run that misses one fails.
//!
//! `soak` and `flood` are about memory instead: what is left of peers that vanish, and what those take who ask for too
//! much, beside what the limits predict. `counts` and `instructions` count what is executed, which no load of the machine
//! disturbs.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod admin;
mod auth_timing;
mod calls;
mod child;
mod client;
mod counts;
mod embedded;
mod exchange;
mod fanout;
mod flood;
mod footprint;
mod frame;
mod histogram;
mod idle;
mod instructions;
mod lane;
mod load;
mod machine;
mod memory;
mod message;
mod of_client;
mod options;
mod pairs;
mod peer;
mod publish;
mod publishing;
mod report;
mod routed;
mod server;
mod soak;
mod statistics;
mod tables;
mod threads;
mod tls;

use clap::Parser;
use options::{Command, Options, Part};
use report::Report;
use std::process::ExitCode;

/// Anything that ends a run.
type Failure = Box<dyn std::error::Error>;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let options = Options::parse();
    let done = match &options.command {
        Some(Command::Server(server)) => server::run(server),
        Some(Command::Soak(options)) => soak::run(options),
        Some(Command::Flood(options)) => flood::run(options),
        Some(Command::AuthTiming(options)) => auth_timing::run(options),
        Some(Command::Instructions(options)) => instructions::run(options),
        Some(Command::Counts(options)) => counts::run(options),
        Some(Command::Pairs(options)) => pairs::run(options),
        Some(Command::Admin(options)) => admin::run(options),
        Some(Command::Client(options)) => of_client::run(options),
        Some(Command::Footprint(options)) => footprint::run(options),
        Some(Command::Idle(options)) => idle::run(options),
        None => measure(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("serverwamp-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), Failure> {
    let mut plan = options.plan();
    let machine = machine::describe();
    println!("{machine}");
    machine::make_room(&mut plan)?;
    if let Some(cpu) = plan.load_cpu {
        machine::pin(&[cpu])?;
    }
    let busy = machine::Busy::now()?;
    let part = |part| plan.has(part);
    let calls = if part(Part::Calls) { calls::measure(&plan)? } else { Vec::new() };
    let routed = if part(Part::Routed) { routed::measure(&plan)? } else { Vec::new() };
    let publish = if part(Part::Publish) { publish::measure(&plan)? } else { Vec::new() };
    let threads = if part(Part::Threads) { threads::measure(&plan)? } else { Vec::new() };
    let embedded = if part(Part::Threads) { embedded::measure(&plan)? } else { Vec::new() };
    let tables = part(Part::Tables).then(|| tables::measure(&plan)).transpose()?;
    let fanout = part(Part::Fanout).then(|| fanout::measure(&plan)).transpose()?;
    let memory = part(Part::Memory).then(|| memory::measure(&plan)).transpose()?;
    let others_busy = busy.others_since()?;
    let report = Report {
        machine,
        plan,
        calls,
        routed,
        publish,
        threads,
        embedded,
        tables,
        fanout,
        memory,
        others_busy,
    };
    print!("{report}");
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}
