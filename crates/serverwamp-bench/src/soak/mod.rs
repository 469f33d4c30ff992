//! Cycles of connect, use and vanish: what a server is left with when all of its peers are gone.
//!
//! Some sessions are always open at the same time; the oldest vanishes when a new one has come. What is compared is the
//! server with no connection at all, after a warm-up of the same kind and at the end.

mod cycle;
mod polling;

use crate::Failure;
use crate::child::ServerProcess;
use crate::machine;
use crate::options::SoakOptions;
use crate::server::POLLING_IDLE;
use cycle::{Door, Life};
use polling::Polling;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What resident memory may differ by without anything having been lost: the allocator keeps what it got from the system
/// in one piece up to the last block that is in use, and which block that is depends on who came and went last.
const SLACK: u64 = 1024 * 1024;

/// What may be left of a finished session, in bytes: less than the least that could be forgotten, since a block of the
/// allocator has 32.
const PER_SESSION: u64 = 16;

/// How long the server may take to notice that its last peers are gone, and to let go of them.
const TO_SETTLE: Duration = Duration::from_secs(10);

/// How often memory is looked at meanwhile.
const LOOKS: u32 = 8;

/// What the server has at one moment.
#[derive(Clone, Copy, Debug)]
struct State {
    resident: u64,
    files: usize,
}

/// One of those who are there.
#[derive(Debug)]
enum Anybody {
    Connected(Life),
    Polling(Polling),
}

impl Anybody {
    /// Of ten, one polls and two speak TLS.
    fn begin(server: &ServerProcess, number: u64) -> Result<Self, Failure> {
        let (tens, one) = (number / 10, number % 10);
        match (one, &server.tls) {
            (9, _) => Polling::begin(server.address, tens).map(Self::Polling),
            (7 | 8, Some(door)) => Life::begin(Door::Tls(door), 2 * tens + one - 7).map(Self::Connected),
            _ => Life::begin(Door::Plain(server.address), 7 * tens + one).map(Self::Connected),
        }
    }

    fn end(self) -> Result<(), Failure> {
        match self {
            Self::Connected(life) => life.end(),
            Self::Polling(polling) => polling.end(),
        }
    }
}

struct Soak {
    server: ServerProcess,
    alive: VecDeque<Anybody>,
    connections: usize,
    sessions: u64,
}

pub(crate) fn run(options: &SoakOptions) -> Result<(), Failure> {
    println!("{}", machine::describe());
    let connections = options.connections.clamp(1, machine::allow_connections()?);
    let (server_cpu, load_cpu) = machine::two_processors().unzip();
    if let Some(cpu) = load_cpu {
        machine::pin(&[cpu])?;
    }
    let server = ServerProcess::open(server_cpu, &[])?;
    let unused = State::of(&server)?;
    let mut soak = Soak { server, alive: VecDeque::new(), connections, sessions: 0 };
    let time = Duration::from_secs_f64(options.seconds.clamp(0.1, 1e6));
    println!("{:<34} {:>12} {:>11} {:>11}", "", "connections", "resident", "open files");
    unused.print("never used", 0);

    soak.live(time / 4)?;
    let begin = soak.vanish(unused, |_| true)?;
    begin.print(&format!("warmed up by {} connections", soak.sessions), 0);
    soak.sessions = 0;
    for _ in 0..LOOKS {
        soak.live(time / LOOKS)?;
        let now = State::of(&soak.server)?;
        now.print(&format!("after {} more", soak.sessions), soak.alive.len());
    }
    let allowed = SLACK + PER_SESSION * soak.sessions;
    let end = soak.vanish(begin, |end| end.resident <= begin.resident + allowed)?;
    end.print(&format!("{} connections later", soak.sessions), 0);
    let grown = end.resident as f64 - begin.resident as f64;
    println!(
        "memory: {grown:+.0} bytes, {:+.1} for each connection; allowed are {allowed}: {SLACK} for the layout of the heap \
         and {PER_SESSION} for each connection, less than the smallest block that could be forgotten",
        grown / soak.sessions as f64
    );
    if end.resident > begin.resident + allowed {
        return Err("memory has not returned to where it began".into());
    }
    if end.files != begin.files {
        return Err(format!("{} files are open and not {}", end.files, begin.files).into());
    }
    println!("memory and open files have returned to where they began");
    Ok(())
}

impl Soak {
    /// Lets sessions come and go for so long.
    fn live(&mut self, time: Duration) -> Result<(), Failure> {
        let end = Instant::now() + time;
        // Every ending once at least, however short the time is.
        let least = self.sessions + self.connections as u64 + 50;
        while Instant::now() < end || self.sessions < least {
            self.alive.push_back(Anybody::begin(&self.server, self.sessions)?);
            self.sessions += 1;
            if self.alive.len() > self.connections
                && let Some(oldest) = self.alive.pop_front()
            {
                oldest.end()?;
            }
        }
        Ok(())
    }

    /// Lets all of them vanish, and gives what the server has when their files are closed and it `has_settled`, or when
    /// it has had its time for that.
    fn vanish(&mut self, before: State, has_settled: impl Fn(&State) -> bool) -> Result<State, Failure> {
        while let Some(oldest) = self.alive.pop_front() {
            oldest.end()?;
        }
        // Of those who polled and said no goodbye, there is nothing to be seen but their memory.
        std::thread::sleep(2 * POLLING_IDLE);
        let deadline = Instant::now() + TO_SETTLE;
        loop {
            let now = State::of(&self.server)?;
            if now.files <= before.files && has_settled(&now) || Instant::now() > deadline {
                return Ok(now);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl State {
    fn of(server: &ServerProcess) -> Result<Self, Failure> {
        Ok(Self { resident: server.resident_bytes()?, files: server.open_files()? })
    }

    fn print(&self, when: &str, connections: usize) {
        let mib = self.resident as f64 / (1024.0 * 1024.0);
        println!("{when:<34} {connections:>12} {mib:>7.2} MiB {:>11}", self.files);
    }
}
