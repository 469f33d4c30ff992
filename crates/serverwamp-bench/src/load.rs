//! Several connections that keep a server busy with one kind of exchange.

use crate::Failure;
use crate::child::ServerProcess;
use crate::client::{Client, PATIENCE};
use crate::exchange::{Exchange, FIRST_ID};
use crate::histogram::Histogram;
use crate::lane::Work;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What one turn has cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) operations: u64,
    pub(crate) cpu_nanos: u64,
    /// What this process has used meanwhile.
    pub(crate) load_nanos: u64,
    pub(crate) took: Duration,
}

impl Turn {
    /// Runs `work`, which says how many operations it did, and looks what `server` has used meanwhile.
    pub(crate) fn of(
        server: &ServerProcess,
        work: impl FnOnce() -> Result<u64, Failure>,
    ) -> Result<Self, Failure> {
        // An idle server's account is up to date, a busy one's only at the next tick.
        let settle = || std::thread::sleep(Duration::from_millis(3));
        settle();
        let (before, own) = (server.cpu_nanos()?, own_nanos());
        let start = Instant::now();
        let operations = work()?;
        let (took, load_nanos) = (start.elapsed(), own_nanos() - own);
        settle();
        Ok(Self { operations, cpu_nanos: server.cpu_nanos()? - before, load_nanos, took })
    }

    /// Runs `work`, which says how many operations it did, and looks what this process has used meanwhile.
    pub(crate) fn of_this_process(work: impl FnOnce() -> Result<u64, Failure>) -> Result<Self, Failure> {
        let (start, before) = (Instant::now(), own_nanos());
        let operations = work()?;
        let (took, cpu_nanos) = (start.elapsed(), own_nanos() - before);
        Ok(Self { operations, cpu_nanos, load_nanos: cpu_nanos, took })
    }

    pub(crate) fn cpu_micros_each(&self) -> f64 {
        self.cpu_nanos as f64 / 1000.0 / self.operations as f64
    }

    pub(crate) fn each_second(&self) -> f64 {
        self.operations as f64 / self.took.as_secs_f64()
    }
}

/// Processor time of this process, in nanoseconds.
fn own_nanos() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Connections that are waited for together.
pub(crate) struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Poller {
    pub(crate) fn new<'a>(clients: impl IntoIterator<Item = &'a Client>) -> Result<Self, Failure> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (index, client) in clients.into_iter().enumerate() {
            client.set_nonblocking()?;
            epoll::add(
                &epoll,
                &client.stream,
                epoll::EventData::new_u64(index as u64),
                epoll::EventFlags::IN,
            )?;
        }
        Ok(Self { epoll, events: Vec::with_capacity(256) })
    }

    /// Wakes up when the client with this index can be written to as well, or no longer does.
    pub(crate) fn also_writable(&self, index: usize, client: &Client, writable: bool) -> Result<(), Failure> {
        let mut flags = epoll::EventFlags::IN;
        flags.set(epoll::EventFlags::OUT, writable);
        Ok(epoll::modify(&self.epoll, &client.stream, epoll::EventData::new_u64(index as u64), flags)?)
    }

    /// Waits for some of the clients and says which.
    pub(crate) fn wait(&mut self) -> Result<impl Iterator<Item = usize>, Failure> {
        self.events.clear();
        let timeout = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
        let buffer = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, buffer, Some(&timeout)) {
            Ok(0) => return Err(format!("answers are missing: none came for {PATIENCE:?}").into()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.events.drain(..).map(|event| event.data.u64() as usize))
    }
}

/// A connection with requests under way.
#[derive(Debug)]
struct Caller {
    client: Client,
    /// When the requests were sent that are not answered, the oldest first.
    under_way: VecDeque<u64>,
    next: u64,
    blocked: bool,
}

/// Connections to one server that all do the same.
pub(crate) struct Load {
    exchange: Exchange,
    depth: usize,
    callers: Vec<Caller>,
    poller: Poller,
    latency: Histogram,
    start: Instant,
    expected: Vec<u8>,
}

impl Load {
    pub(crate) fn connect(
        server: &ServerProcess,
        exchange: Exchange,
        connections: usize,
        depth: usize,
    ) -> Result<Self, Failure> {
        let mut callers = Vec::new();
        for _ in 0..connections {
            let client = match exchange {
                Exchange::Call(format) => Client::session(server.address, format)?,
                Exchange::Echo(..) => Client::websocket(server.address, None)?,
            };
            callers.push(Caller { client, under_way: VecDeque::new(), next: FIRST_ID, blocked: false });
        }
        let poller = Poller::new(callers.iter().map(|caller| &caller.client))?;
        let (latency, start) = (Histogram::new(), Instant::now());
        Ok(Self { exchange, depth, callers, poller, latency, start, expected: Vec::new() })
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Sends so many more requests, and what could not be sent before.
    fn ask(&mut self, index: usize, requests: usize) -> Result<(), Failure> {
        let now = self.now();
        let caller = &mut self.callers[index];
        for _ in 0..requests {
            let id = caller.next;
            caller.next += 1;
            caller.under_way.push_back(now);
            caller.client.send(self.exchange.format().opcode(), |out| self.exchange.request(id, out));
        }
        let blocked = !caller.client.flush()?;
        if blocked != caller.blocked {
            self.poller.also_writable(index, &caller.client, blocked)?;
            caller.blocked = blocked;
        }
        Ok(())
    }

    /// Takes in what came for one connection and checks it: calls are answered in their order, each with its result.
    fn answers(&mut self, index: usize, now: u64) -> Result<usize, Failure> {
        let Caller { client, under_way, next, .. } = &mut self.callers[index];
        client.receive()?;
        let mut answers = 0;
        while let Some(payload) = client.next()? {
            let id = *next - under_way.len() as u64;
            self.expected.clear();
            self.exchange.answer(id, &mut self.expected);
            let answer = client.bytes(payload);
            let (true, Some(asked)) = (answer == self.expected, under_way.pop_front()) else {
                return Err(wrong(self.exchange, answer, &self.expected).into());
            };
            self.latency.add(now - asked, 1);
            answers += 1;
        }
        Ok(answers)
    }
}

impl Work for Load {
    /// Keeps `depth` requests under way on each connection for so long, then awaits the answers that are missing.
    fn run(&mut self, turn: Duration) -> Result<u64, Failure> {
        let end = self.now() + turn.as_nanos() as u64;
        let mut under_way = 0;
        let mut done = 0;
        for index in 0..self.callers.len() {
            under_way += self.depth;
            self.ask(index, self.depth)?;
        }
        let mut ready = Vec::new();
        while under_way > 0 {
            ready.clear();
            ready.extend(self.poller.wait()?);
            for index in &ready {
                let now = self.now();
                let answers = self.answers(*index, now)?;
                done += answers as u64;
                if now < end {
                    self.ask(*index, answers)?;
                } else {
                    under_way -= answers;
                    self.ask(*index, 0)?;
                }
            }
        }
        Ok(done)
    }

    fn latency(&mut self) -> &mut Histogram {
        &mut self.latency
    }
}

fn wrong(exchange: Exchange, answer: &[u8], expected: &[u8]) -> String {
    let (answer, expected) = (answer.escape_ascii(), expected.escape_ascii());
    format!("a wrong answer to {exchange:?}: {answer} came where {expected} is right")
}
