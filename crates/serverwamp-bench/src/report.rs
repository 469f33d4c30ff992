//! The table, and the goals beside what was reached.

use crate::calls::CallRow;
use crate::embedded::EmbeddedRow;
use crate::exchange::Format;
use crate::fanout::Fanout;
use crate::lane::Figures;
use crate::memory::Memory;
use crate::options::Plan;
use crate::publish::PublishRow;
use crate::routed::RoutedRow;
use crate::tables::{Matching, Tables};
use crate::threads::ThreadsRow;
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
    pub(crate) routed: Vec<RoutedRow>,
    pub(crate) publish: Vec<PublishRow>,
    pub(crate) threads: Vec<ThreadsRow>,
    pub(crate) embedded: Vec<EmbeddedRow>,
    pub(crate) tables: Option<Tables>,
    pub(crate) fanout: Option<Fanout>,
    pub(crate) memory: Option<Memory>,
}

impl Report {
    /// All figures of exchanges whose answers were compared.
    fn compared(&self) -> impl Iterator<Item = &Figures> {
        let calls = self.calls.iter().flat_map(|row| [&row.echo, &row.call]);
        let routed = self.routed.iter().flat_map(|row| [&row.echo, &row.call]);
        // Two rows share an echo.
        let publish = self.publish.iter().flat_map(|row| {
            [Some(&row.events), (!row.acknowledged).then_some(&row.echo)].into_iter().flatten()
        });
        let threads = self.threads.iter().flat_map(|row| [&row.one, &row.two]);
        let fanout = self.fanout.iter().flat_map(|fanout| [&fanout.writes, &fanout.events]);
        calls.chain(routed).chain(publish).chain(threads).chain(fanout)
    }
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
        section(f, "calls that the application serves", &self.calls, call_row)?;
        section(f, "calls that another client serves", &self.routed, routed_row)?;
        section(f, "events that a client publishes, per delivery", &self.publish, publish_row)?;
        threads(f, &self.threads)?;
        embedded(f, &self.embedded)?;
        self.tables.iter().try_for_each(|part| tables(f, part))?;
        self.fanout.iter().try_for_each(|part| fanout(f, part))?;
        self.memory.iter().try_for_each(|part| memory(f, part))?;
        let embedded = self.embedded.iter().map(|row| row.answers).sum::<u64>();
        let answers = embedded + self.compared().map(|figures| figures.answers).sum::<u64>();
        writeln!(
            f,
            "\n{answers} answers and events, each compared with the right one: none wrong, none missing"
        )
    }
}

fn section<R>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    rows: &[R],
    print: impl Fn(&mut fmt::Formatter<'_>, &R) -> fmt::Result,
) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\n{title}\n{:>5} {:>5}  {:<24} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7}  goal",
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
    rows.iter().try_for_each(|row| print(f, row))
}

/// The name of an echo of frames as long.
fn echo_of(format: Format, bytes: usize) -> String {
    format!("echo {bytes} B ({})", if format.opcode() == crate::frame::TEXT { "text" } else { "binary" })
}

fn call_row(f: &mut fmt::Formatter<'_>, row: &CallRow) -> fmt::Result {
    let CallRow { connections, depth, format, request_bytes, answer_bytes, echo_bytes, .. } = row;
    let echo = echo_of(*format, *echo_bytes);
    writeln!(f, "{connections:>5} {depth:>5}  {echo:<24} {}", row.echo)?;
    let call = format!("call {} {request_bytes}+{answer_bytes} B", format.name());
    write!(f, "{connections:>5} {depth:>5}  {call:<24} {}", row.call)?;
    writeln!(f, " {:>7.2} {:>7.2}  {}", row.ratio, row.ratio_of_least, verdict(row.ratio, row.goal))
}

fn routed_row(f: &mut fmt::Formatter<'_>, row: &RoutedRow) -> fmt::Result {
    let RoutedRow { connections, depth, caller, callee, echo_bytes, .. } = row;
    let echo = echo_of(*caller, *echo_bytes);
    writeln!(f, "{connections:>5} {depth:>5}  {echo:<24} {}", row.echo)?;
    let call = match caller == callee {
        true => format!("routed call {}", caller.name()),
        false => format!("routed call {} > {}", caller.name(), callee.name()),
    };
    let goal = row.goal.map(|goal| verdict(row.ratio, goal)).unwrap_or_default();
    write!(f, "{connections:>5} {depth:>5}  {call:<24} {}", row.call)?;
    writeln!(f, " {:>7.2} {:>7.2}  {goal}", row.ratio, row.ratio_of_least)
}

fn publish_row(f: &mut fmt::Formatter<'_>, row: &PublishRow) -> fmt::Result {
    let PublishRow { subscribers, burst, serializers, .. } = row;
    if !row.acknowledged {
        let echo = echo_of(serializers.publisher(), row.event_bytes);
        writeln!(f, "{subscribers:>5} {burst:>5}  {echo:<24} {}", row.echo)?;
    }
    let event =
        format!("event {}{}", serializers.name(), if row.acknowledged { ", acknowledged" } else { "" });
    let goal = row.goal.map(|goal| format!("cpu us {}", verdict(row.events.cpu_median, goal)));
    write!(f, "{subscribers:>5} {burst:>5}  {event:<24} {}", row.events)?;
    writeln!(f, " {:>7.2} {:>7.2}  {}", row.ratio, row.ratio_of_least, goal.unwrap_or_default())
}

fn threads(f: &mut fmt::Formatter<'_>, rows: &[ThreadsRow]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\nthe router on one and on two threads, on processors that the load takes part of\n\
         {:<24} {:>6} {:>10} {:>10} {:>7} {:>8} {:>8} {:>7} {:>8} {:>6} {:>9}",
        "",
        "realms",
        "op/s, one",
        "op/s, two",
        "factor",
        "cpu one",
        "cpu two",
        "factor",
        "load cpu",
        "busy",
        "load busy"
    )?;
    for ThreadsRow { work, realms, one, two, load, busy, load_busy, factor, cost } in rows {
        writeln!(
            f,
            "{work:<24} {realms:>6} {:>10.0} {:>10.0} {factor:>7.2} {:>8.3} {:>8.3} {cost:>7.2} {load:>8.3} {busy:>6.2} {load_busy:>9.2}",
            one.per_second, two.per_second, one.cpu_median, two.cpu_median
        )?;
    }
    Ok(())
}

fn embedded(f: &mut fmt::Formatter<'_>, rows: &[EmbeddedRow]) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\nthe same with all peers in the router's own process and on its threads, without sockets\n\
         {:<24} {:>6} {:>10} {:>10} {:>7} {:>10} {:>7} {:>8} {:>8} {:>7}",
        "", "realms", "op/s, one", "op/s, two", "factor", "op/s, 8", "factor", "cpu one", "cpu two", "factor"
    )?;
    for EmbeddedRow {
        work,
        realms,
        each_second: [one, two, eight],
        cpu_micros: [cpu_one, cpu_two, _],
        factors: [factor, of_eight],
        ..
    } in rows
    {
        writeln!(
            f,
            "{work:<24} {realms:>6} {one:>10.0} {two:>10.0} {factor:>7.2} {eight:>10.0} {of_eight:>7.2} {cpu_one:>8.3} \
             {cpu_two:>8.3} {:>7.2}",
            cpu_two / cpu_one
        )?;
    }
    Ok(())
}

fn tables(f: &mut fmt::Formatter<'_>, tables: &Tables) -> fmt::Result {
    let Tables { subscriptions, topics, patterns, matching, sessions } = tables;
    writeln!(
        f,
        "\n{subscriptions} subscriptions on {topics} topics and {patterns} patterns, without sockets"
    )?;
    for Matching { what, patterns, found, nanos, goal } in matching {
        let goal = goal.map(|goal| verdict(*nanos, goal)).unwrap_or_default();
        writeln!(f, "{what:<28} {patterns:>6} patterns {found:>8.1} found {nanos:>10.0} ns  {goal}")?;
    }
    for (others, nanos) in sessions {
        writeln!(f, "join, subscribe ten times, leave, beside {others:>7} others {nanos:>10.0} ns")?;
    }
    Ok(())
}

fn fanout(f: &mut fmt::Formatter<'_>, fanout: &Fanout) -> fmt::Result {
    let Fanout { subscribers, event_bytes, .. } = fanout;
    writeln!(
        f,
        "\none event of {event_bytes} B to {subscribers} subscribers, per delivery; latency until the last has it"
    )?;
    writeln!(f, "{:<37} {}", "plain writes to sockets", fanout.writes)?;
    write!(f, "{:<37} {}", "published events", fanout.events)?;
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
    for (name, bytes, goal) in
        [("WebSocket echo", memory.echo, memory.echo_goal), ("joined session", memory.session, memory.goal)]
    {
        writeln!(f, "{name:<37} {:>8.2} KiB  {}", kib(bytes), verdict(kib(bytes), kib(goal)))?;
    }
    Ok(())
}

fn verdict(reached: f64, goal: f64) -> String {
    // As precisely as it is printed, and not a bit more.
    let reached = (reached * 100.0).round() / 100.0;
    format!("<= {goal} {}", if reached <= goal { "reached" } else { "NOT reached" })
}
