//! The table, and the goals beside what was reached.

use crate::calls::{CallRow, Figures};
use crate::fanout::Fanout;
use crate::memory::Memory;
use crate::options::Plan;
use serde::Serialize;
use std::fmt;

/// Everything one run has found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    #[serde(skip)]
    pub(crate) plan: Plan,
    /// Processors that were busy with other things, on average.
    pub(crate) others_busy: f64,
    pub(crate) calls: Vec<CallRow>,
    pub(crate) fanout: Fanout,
    pub(crate) memory: Memory,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { rounds, turn, server_cpu, .. } = self.plan;
        let pinned = if server_cpu.is_some() { "server and load on a processor each" } else { "not pinned" };
        writeln!(
            f,
            "{rounds} rounds of {turn:?} for each server, {pinned}; other programs kept {:.2} processors busy",
            self.others_busy
        )?;
        writeln!(
            f,
            "\n{:>5} {:>5}  {:<24} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7}  goal",
            "conns",
            "depth",
            "operation",
            "cpu us",
            "cpu us",
            "op/s",
            "p50 us",
            "p99 us",
            "max us",
            "ratio",
            "ratio"
        )?;
        writeln!(
            f,
            "{:>5} {:>5}  {:<24} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7}",
            "", "", "", "least", "median", "median", "", "", "", "median", "least"
        )?;
        for row in &self.calls {
            call_row(f, row)?;
        }
        fanout(f, &self.fanout)?;
        memory(f, &self.memory)?;
        let answers = self.calls.iter().map(|row| row.echo.answers + row.call.answers).sum::<u64>()
            + self.fanout.writes.answers
            + self.fanout.events.answers;
        writeln!(
            f,
            "\n{answers} answers and events, each compared with the right one: none wrong, none missing"
        )
    }
}

fn call_row(f: &mut fmt::Formatter<'_>, row: &CallRow) -> fmt::Result {
    let CallRow { connections, depth, format, request_bytes, answer_bytes, echo_bytes, .. } = row;
    let echo = format!(
        "echo {echo_bytes} B ({})",
        if format.opcode() == crate::frame::TEXT { "text" } else { "binary" }
    );
    line(f, &format!("{connections:>5} {depth:>5}  {echo:<24}"), &row.echo)?;
    writeln!(f)?;
    let call = format!("call {} {request_bytes}+{answer_bytes} B", format.name());
    line(f, &format!("{connections:>5} {depth:>5}  {call:<24}"), &row.call)?;
    writeln!(f, " {:>7.2} {:>7.2}  {}", row.ratio, row.ratio_of_least, verdict(row.ratio, row.goal))
}

fn fanout(f: &mut fmt::Formatter<'_>, fanout: &Fanout) -> fmt::Result {
    let Fanout { subscribers, event_bytes, .. } = fanout;
    writeln!(
        f,
        "\none event of {event_bytes} B to {subscribers} subscribers, per delivery; latency until the last has it"
    )?;
    line(f, &format!("{:<37}", "plain writes to sockets"), &fanout.writes)?;
    writeln!(f)?;
    line(f, &format!("{:<37}", "published events"), &fanout.events)?;
    writeln!(
        f,
        " {:>7.2} {:>7.2}  {}",
        fanout.ratio,
        fanout.ratio_of_least,
        verdict(fanout.ratio, fanout.goal)
    )
}

fn memory(f: &mut fmt::Formatter<'_>, memory: &Memory) -> fmt::Result {
    let kib = |bytes: f64| bytes / 1024.0;
    writeln!(f, "\nresident memory of each of {} idle connections", memory.connections)?;
    writeln!(f, "{:<37} {:>8.2} KiB", "WebSocket echo", kib(memory.echo))?;
    let verdict = if memory.session < memory.goal { "reached" } else { "NOT reached" };
    writeln!(
        f,
        "{:<37} {:>8.2} KiB  < {} KiB {verdict}",
        "joined session",
        kib(memory.session),
        kib(memory.goal)
    )
}

fn line(f: &mut fmt::Formatter<'_>, label: &str, figures: &Figures) -> fmt::Result {
    let Figures { cpu_least, cpu_median, per_second, p50, p99, longest, .. } = figures;
    write!(
        f,
        "{label} {cpu_least:>8.3} {cpu_median:>8.3} {per_second:>9.0} {p50:>9.1} {p99:>9.1} {longest:>9.1}"
    )
}

fn verdict(reached: f64, goal: f64) -> String {
    // As precisely as it is printed, and not a bit more.
    let reached = (reached * 100.0).round() / 100.0;
    format!("<= {goal} {}", if reached <= goal { "reached" } else { "NOT reached" })
}
