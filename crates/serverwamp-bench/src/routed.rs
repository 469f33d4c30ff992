//! Calls that a router passes from one client to another and back, beside bare echoes.

use crate::Failure;
use crate::child::ServerProcess;
use crate::client::Client;
use crate::exchange::{Exchange, FIRST_ID, Format};
use crate::histogram::Histogram;
use crate::lane::{Figures, Lane, Work, ratio, take_turns};
use crate::load::{Load, Poller};
use crate::message::{Item, beginning, last_id, message, write};
use crate::options::{Plan, ServerKind};
use serde::Serialize;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many callers, and as many callees, and how many calls under way between each two of them.
const POINTS: [(usize, usize); 3] = [(1, 1), (1, 64), (64, 64)];

/// The serializers of caller and callee.
const FORMATS: [(Format, Format); 4] = [
    (Format::Json, Format::Json),
    (Format::MsgPack, Format::MsgPack),
    (Format::Cbor, Format::Cbor),
    (Format::Json, Format::Cbor),
];

/// One routed call and its echo.
#[derive(Debug, Serialize)]
pub(crate) struct RoutedRow {
    pub(crate) connections: usize,
    pub(crate) depth: usize,
    pub(crate) caller: Format,
    pub(crate) callee: Format,
    pub(crate) echo_bytes: usize,
    pub(crate) echo: Figures,
    pub(crate) call: Figures,
    /// Processor time of a call, which is two messages in and two out, over that of an echo, which is one and one.
    pub(crate) ratio: f64,
    pub(crate) ratio_of_least: f64,
    pub(crate) goal: Option<f64>,
}

pub(crate) fn measure(plan: &Plan) -> Result<Vec<RoutedRow>, Failure> {
    let echo = ServerProcess::start(ServerKind::Echo, plan.server_cpu)?;
    let router = ServerProcess::start(ServerKind::Router, plan.server_cpu)?;
    let mut rows = Vec::new();
    for (connections, depth) in POINTS {
        let mut pairs = Vec::new();
        for (caller, callee) in FORMATS {
            let load = Load::connect(&echo, Exchange::echo_of(caller), connections, depth)?;
            let calls = RoutedCalls::connect(&router, &["realm1"], connections, depth, (caller, callee))?;
            pairs.push(((caller, callee), Lane::new(&echo, load), Lane::new(&router, calls)));
        }
        take_turns(plan, pairs.iter_mut().flat_map(|(_, echo, calls)| [echo, calls]))?;
        for ((caller, callee), echo, calls) in &mut pairs {
            let (echoed, called) = (echo.figures(), calls.figures());
            rows.push(RoutedRow {
                connections,
                depth,
                caller: *caller,
                callee: *callee,
                echo_bytes: Exchange::echo_of(*caller).request_len(),
                echo: echoed,
                call: called,
                ratio: ratio(&calls.turns, &echo.turns),
                ratio_of_least: called.cpu_least / echoed.cpu_least,
                goal: (connections == 64).then_some(2.2),
            });
        }
    }
    Ok(rows)
}

/// A caller with calls under way, and the callee that serves all of them.
struct Pair {
    caller: Client,
    callee: Client,
    procedure: String,
    /// The registration, as the callee's messages have it.
    registration: Vec<u8>,
    /// When the calls were sent that are not answered, the oldest first.
    under_way: VecDeque<u64>,
    next: u64,
    /// Invocations that the callee has answered.
    invocations: u64,
}

/// Pairs of clients that keep a router busy.
pub(crate) struct RoutedCalls {
    formats: (Format, Format),
    depth: usize,
    pairs: Vec<Pair>,
    /// Callers have even numbers in it, callees odd ones.
    poller: Poller,
    latency: Histogram,
    start: Instant,
    expected: Vec<u8>,
}

impl RoutedCalls {
    /// Pairs that are spread over these realms; each has a procedure of its own.
    pub(crate) fn connect(
        server: &ServerProcess,
        realms: &[&str],
        pairs: usize,
        depth: usize,
        formats: (Format, Format),
    ) -> Result<Self, Failure> {
        let pairs = (0..pairs).map(|index| {
            let realm = realms[index % realms.len()];
            // Their own for every load, because loads are connected at the same time.
            let procedure = format!("bench.{}.{}.{index:02}", formats.0.name(), formats.1.name());
            let caller = Client::join(server.address, formats.0, realm)?;
            let mut callee = Client::join(server.address, formats.1, realm)?;
            let items = [Item::Int(64), Item::Int(1), Item::Empty, Item::Text(&procedure)];
            let registered = callee.ask(formats.1.opcode(), &message(formats.1, &items))?;
            let answer = beginning(formats.1, 3, &[Item::Int(65), Item::Int(1)]);
            Ok(Pair {
                registration: last_id(formats.1, &registered, &answer)?,
                caller,
                callee,
                procedure,
                under_way: VecDeque::new(),
                next: FIRST_ID,
                invocations: 0,
            })
        });
        let pairs: Vec<Pair> = pairs.collect::<Result<_, Failure>>()?;
        let poller = Poller::new(pairs.iter().flat_map(|pair| [&pair.caller, &pair.callee]))?;
        let (latency, start) = (Histogram::new(), Instant::now());
        Ok(Self { formats, depth, pairs, poller, latency, start, expected: Vec::new() })
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Sends so many more calls.
    fn ask(&mut self, index: usize, calls: usize) -> Result<(), Failure> {
        let now = self.now();
        let Pair { caller, procedure, under_way, next, .. } = &mut self.pairs[index];
        let format = self.formats.0;
        for _ in 0..calls {
            let (id, args) = (*next, [Item::Int(addend(*next)), Item::Int(50)]);
            *next += 1;
            under_way.push_back(now);
            let items = [Item::Int(48), Item::Int(id), Item::Empty, Item::Text(procedure), Item::List(&args)];
            caller.send(format.opcode(), |out| write(format, &items, out));
        }
        flushed(caller.flush()?)
    }

    /// Takes in what came for one caller and checks it; how many calls were answered.
    fn results(&mut self, index: usize, now: u64) -> Result<usize, Failure> {
        let Pair { caller, under_way, next, .. } = &mut self.pairs[index];
        caller.receive()?;
        let mut results = 0;
        while let Some(payload) = caller.next()? {
            let id = *next - under_way.len() as u64;
            self.expected.clear();
            let sum = [Item::Int(addend(id) + 50)];
            let items = [Item::Int(50), Item::Int(id), Item::Empty, Item::List(&sum)];
            write(self.formats.0, &items, &mut self.expected);
            let result = caller.bytes(payload);
            let (true, Some(asked)) = (result == self.expected, under_way.pop_front()) else {
                return Err(wrong(result, &self.expected).into());
            };
            self.latency.add(now - asked, 1);
            results += 1;
        }
        Ok(results)
    }

    /// Serves what came for one callee: invocations count from 1, and calls arrive in the order they were made.
    fn serve(&mut self, index: usize) -> Result<(), Failure> {
        let Pair { callee, registration, invocations, .. } = &mut self.pairs[index];
        let format = self.formats.1;
        callee.receive()?;
        while let Some(payload) = callee.next()? {
            let addend = addend(FIRST_ID + *invocations);
            *invocations += 1;
            self.expected.clear();
            let args = [Item::Int(addend), Item::Int(50)];
            let id = Item::Int(*invocations);
            let items = [Item::Int(68), id, Item::Raw(registration), Item::Empty, Item::List(&args)];
            write(format, &items, &mut self.expected);
            let invocation = callee.bytes(payload);
            if invocation != self.expected {
                return Err(wrong(invocation, &self.expected).into());
            }
            let sum = [Item::Int(addend + 50)];
            let items = [Item::Int(70), id, Item::Empty, Item::List(&sum)];
            callee.send(format.opcode(), |out| write(format, &items, out));
        }
        flushed(callee.flush()?)
    }
}

impl Work for RoutedCalls {
    /// Keeps `depth` calls under way on each connection for so long, then awaits the answers that are missing.
    fn run(&mut self, turn: Duration) -> Result<u64, Failure> {
        let end = self.now() + turn.as_nanos() as u64;
        let mut under_way = 0;
        let mut done = 0;
        for index in 0..self.pairs.len() {
            under_way += self.depth;
            self.ask(index, self.depth)?;
        }
        let mut ready = Vec::new();
        while under_way > 0 {
            ready.clear();
            ready.extend(self.poller.wait()?);
            for ready in &ready {
                let index = ready / 2;
                if ready % 2 == 1 {
                    self.serve(index)?;
                    continue;
                }
                let now = self.now();
                let results = self.results(index, now)?;
                done += results as u64;
                if now < end {
                    self.ask(index, results)?;
                } else {
                    under_way -= results;
                }
            }
        }
        Ok(done)
    }

    fn latency(&mut self) -> &mut Histogram {
        &mut self.latency
    }
}

/// An integer that has the same length in every call, as its sum with 50 has.
const fn addend(id: u64) -> u64 {
    130 + id % 64
}

/// What is under way fits into a socket's buffer, whatever the depth.
fn flushed(all: bool) -> Result<(), Failure> {
    if all { Ok(()) } else { Err("the server takes nothing any more".into()) }
}

fn wrong(message: &[u8], expected: &[u8]) -> String {
    format!("{} came where {} is right", message.escape_ascii(), expected.escape_ascii())
}
