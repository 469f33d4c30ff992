//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Measures what a served call, an event and an idle session cost the server, beside a bare WebSocket echo.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// A few seconds in all: shows that everything works, measures nothing worth keeping.
    #[arg(long)]
    quick: bool,
    /// How often each server has its turn.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// How long a turn takes, in seconds.
    #[arg(long, value_name = "S")]
    secs: Option<f64>,
    /// Leave it to the system on which processors server and load run.
    #[arg(long)]
    no_pin: bool,
    /// Measure these parts alone.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
    /// Write all figures to this file as well.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Be one of the servers that are measured; it prints its address.
    Server(ServerOptions),
    /// Connect, use, and vanish in every way for a while: memory and open files have to end where they began.
    Soak(SoakOptions),
    /// Ask for too much of everything: memory has to stay within what the limits predict, and others be served.
    Flood(FloodOptions),
    /// Try wrong secrets for users that exist and for users that do not: their times have to be the same.
    AuthTiming(AuthTimingOptions),
    /// Count the instructions of a served call, a routed call, an event to 64 and a call in our client, with valgrind.
    Instructions(InstructionsOptions),
    /// Count what the server alone executes and allocates for each operation, with valgrind, and compare it with what is expected.
    Counts(CountsOptions),
    /// Measure the processor time of served and routed calls, beside the echo of another build of this program.
    Pairs(PairsOptions),
    /// Measure what the admin interface costs: an open tap and an open watch, pages with few and many sessions, listeners of statistics.
    Admin(AdminCostOptions),
    /// Measure the processor time of a call in our client, beside a bare WebSocket and clients of other languages.
    Client(ClientOptions),
    /// Measure what the program `serverwamp` needs before anybody uses it: size, time to start, memory at rest.
    Footprint(FootprintOptions),
    /// Hold idle sessions, as many as files and memory allow: the memory of each in the server and in the kernel.
    Idle(IdleOptions),
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct IdleOptions {
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub(crate) sessions: usize,
    /// How long they are left alone before their memory is looked at, in seconds.
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    pub(crate) settle: f64,
    /// Be a process that holds sessions with this server.
    #[arg(long, hide = true)]
    pub(crate) hold: Option<std::net::SocketAddr>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct FootprintOptions {
    /// The program, in place of the one that was built beside this one.
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SoakOptions {
    /// How long, in seconds, beside a quarter of that to warm up.
    #[arg(long, value_name = "N", default_value_t = 60.0)]
    pub(crate) seconds: f64,
    /// Sessions that are open at the same time.
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) connections: usize,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct FloodOptions {
    /// Few attackers, short measurements.
    #[arg(long)]
    pub(crate) quick: bool,
    /// These kinds alone.
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) only: Vec<crate::flood::Kind>,
    /// Of all kinds those alone that are about work: they fail when a turn takes too long.
    #[arg(long)]
    pub(crate) work: bool,
    /// Let the server run on smol rather than on tokio.
    #[arg(long)]
    pub(crate) smol: bool,
    /// Take the server's limits away while predictions stay: shows that a missing limit is noticed.
    #[arg(long, hide = true)]
    pub(crate) unbounded: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct AuthTimingOptions {
    /// Attempts with each method.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..))]
    pub(crate) attempts: u32,
    /// These methods alone.
    #[arg(long, value_name = "METHOD", value_delimiter = ',')]
    pub(crate) only: Vec<crate::auth_timing::TimedMethod>,
}

impl FloodOptions {
    /// Returns whether this kind is to be measured.
    pub(crate) fn includes(&self, kind: crate::flood::Kind) -> bool {
        self.only.is_empty() || self.only.contains(&kind)
    }
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct InstructionsOptions {
    /// Give the role of all sessions permissions, so that each request is looked up in them.
    #[arg(long)]
    pub(crate) permissions: bool,
    /// Count the calls and events of every URI on their own.
    #[arg(long)]
    pub(crate) uris: bool,
    /// Do this one in this process, to be counted by another.
    #[arg(long, hide = true, requires = "count")]
    pub(crate) operation: Option<crate::instructions::Operation>,
    /// How often.
    #[arg(long, hide = true, default_value_t = 0)]
    pub(crate) count: u64,
    /// The serializer of calls in clients; all others are in JSON.
    #[arg(long, value_enum, default_value_t = crate::exchange::Format::Json)]
    pub(crate) format: crate::exchange::Format,
    /// The server that is called.
    #[arg(long, hide = true)]
    pub(crate) address: Option<std::net::SocketAddr>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CountsOptions {
    /// Count these operations alone.
    #[arg(long, value_name = "OPERATION", value_delimiter = ',')]
    pub(crate) only: Vec<crate::counts::Operation>,
    /// Write what was counted into the file of expected numbers.
    #[arg(long, conflicts_with = "only")]
    pub(crate) accept: bool,
    /// The file of expected numbers.
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/counts.txt"))]
    pub(crate) expected: PathBuf,
    /// Keep valgrind's profiles of the longer runs in this directory.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) keep: Option<PathBuf>,
    /// Decode a message of this operation in this process, to be counted by another.
    #[arg(long, hide = true)]
    pub(crate) decode: Option<crate::counts::Operation>,
    /// How often.
    #[arg(long, hide = true, default_value_t = 0)]
    pub(crate) count: u64,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PairsOptions {
    /// The other build of this program, whose echo is the measure.
    #[arg(long, value_name = "FILE")]
    pub(crate) echo: PathBuf,
    /// How often each server has its turn.
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// How long a turn takes, in seconds.
    #[arg(long, value_name = "S", default_value_t = 0.25)]
    pub(crate) secs: f64,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct AdminCostOptions {
    /// How often each server has its turn.
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// How long a turn takes, in seconds: several of a tap's intervals.
    #[arg(long, value_name = "S", default_value_t = 0.5)]
    pub(crate) secs: f64,
    /// The most sessions that there are while pages are asked for.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub(crate) sessions: usize,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ClientOptions {
    /// Short turns: shows that everything works, measures nothing worth keeping.
    #[arg(long)]
    pub(crate) quick: bool,
    /// How often each client has its turn.
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// A Python that has Autobahn|Python, in place of the one that the interoperability tests install.
    #[arg(long, value_name = "FILE")]
    pub(crate) python: Option<PathBuf>,
    /// Where wampy.js and ws are installed, in place of where the interoperability tests do that.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) node_modules: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ServerOptions {
    /// Which.
    pub(crate) kind: ServerKind,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,
    /// The processor to run on.
    #[arg(long)]
    pub(crate) cpu: Option<usize>,
    /// Run on so many worker threads rather than all in one.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Let peers of the server `open` take as much as they ask for.
    #[arg(long)]
    pub(crate) unbounded: bool,
    /// Let the server `open` send no pings: so peers may be idle that answer none.
    #[arg(long)]
    pub(crate) no_pings: bool,
    /// Let so many calls wait at the server `open`.
    #[arg(long, hide = true, value_name = "N")]
    pub(crate) calls_in_flight: Option<usize>,
    /// Run the server `open` on smol rather than on tokio.
    #[arg(long, conflicts_with = "threads")]
    pub(crate) smol: bool,
    /// Let no turn end because its time is up: the server runs under a tool that counts what it executes.
    #[arg(long, hide = true)]
    pub(crate) counted: bool,
    /// Let somebody look at the first realm of the servers `wamp` and `router`.
    #[arg(long, hide = true)]
    pub(crate) observed: Option<Observed>,
    /// End with the process that started this one.
    #[arg(long, hide = true)]
    pub(crate) orphan_ends: bool,
}

/// How somebody looks at what goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Observed {
    /// At its messages, with the sampling that is the default.
    Tap,
    /// At what its procedures and topics do.
    Watch,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ServerKind {
    /// A WebSocket that sends back what it gets, on the layers that carry WAMP.
    Echo,
    /// The framework with one procedure and one topic.
    Wamp,
    /// A router of several realms, `realm1` to `realm8`.
    Router,
    /// Plain sockets, all of which get what the first one sends.
    Writer,
    /// Every transport, compression, clients that serve and publish, and handlers that never answer.
    Open,
}

/// A part of the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Part {
    /// Calls that the application serves.
    Calls,
    /// Calls that other clients serve.
    Routed,
    /// Events that clients publish.
    Publish,
    /// The router on several threads.
    Threads,
    /// A million subscriptions, without sockets.
    Tables,
    /// Events that the application publishes.
    Fanout,
    /// Idle connections.
    Memory,
}

/// What is measured, and for how long.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The parts to measure; all of them if there are none.
    only: Vec<Part>,
    pub(crate) rounds: u32,
    pub(crate) turn: Duration,
    /// The processor that servers run on.
    pub(crate) server_cpu: Option<usize>,
    /// The processor that the load comes from.
    pub(crate) load_cpu: Option<usize>,
    pub(crate) subscribers: usize,
    pub(crate) idle: usize,
    /// Subscriptions in the tables that are looked at without sockets.
    pub(crate) subscriptions: usize,
    /// How long idle sessions are left alone before their memory is looked at.
    pub(crate) settle: Duration,
}

impl Plan {
    /// Returns whether this part is to be measured.
    pub(crate) fn has(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

impl Options {
    pub(crate) fn plan(&self) -> Plan {
        let (rounds, secs) = if self.quick { (2, 0.03) } else { (7, 0.5) };
        let secs = self.secs.unwrap_or(secs).clamp(0.001, 3600.0);
        let (server_cpu, load_cpu) = match crate::machine::two_processors() {
            Some((server, load)) if !self.no_pin => (Some(server), Some(load)),
            _ => (None, None),
        };
        Plan {
            only: self.only.clone(),
            rounds: self.rounds.unwrap_or(rounds),
            turn: Duration::from_secs_f64(secs),
            server_cpu,
            load_cpu,
            subscribers: if self.quick { 100 } else { 1000 },
            idle: if self.quick { 100 } else { 2000 },
            subscriptions: if self.quick { 10_000 } else { 1_000_000 },
            settle: Duration::from_millis(if self.quick { 300 } else { 4000 }),
        }
    }
}
