//! What a served call costs beside a bare WebSocket echo, an event beside the bare writes, a session beside a bare
//! connection.
//!
//! Every server is a child process of the same program with one thread; the load comes from the parent, over plain
//! sockets and with frames made by hand. What is compared is the servers' processor time per operation: it depends
//! little on what else the machine does, and the servers take turns in short rounds so that what it does hits all
//! alike. Every answer is checked, byte by byte, and a run that misses one fails.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

mod calls;
mod child;
mod client;
mod exchange;
mod fanout;
mod frame;
mod histogram;
mod load;
mod machine;
mod memory;
mod options;
mod report;
mod server;
mod statistics;

use clap::Parser;
use options::{Command, Options};
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
        machine::pin(cpu)?;
    }
    let busy = machine::Busy::now()?;
    let calls = calls::measure(&plan)?;
    let fanout = fanout::measure(&plan)?;
    let memory = memory::measure(&plan)?;
    let report = Report { machine, plan, calls, fanout, memory, others_busy: busy.others_since()? };
    print!("{report}");
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}
