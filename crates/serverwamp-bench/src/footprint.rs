//! What the program `serverwamp` needs before anybody uses it: its size, the time until it serves, and its memory at rest.
//!
//! In: the program, built before. Out: three figures, each beside its goal; one that is missed is a failure.

use crate::Failure;
use crate::machine;
use crate::options::FootprintOptions;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The goals for a program with its default features.
const SIZE: f64 = 15.0;
const START: f64 = 50.0;
const MEMORY: f64 = 15.0;

/// How often it is started.
const STARTS: usize = 21;

/// The time until it is at rest.
const SETTLE: Duration = Duration::from_secs(2);

pub(crate) fn run(options: &FootprintOptions) -> Result<(), Failure> {
    let program = match &options.program {
        Some(program) => program.clone(),
        None => beside_this_one()?,
    };
    println!("{}", machine::describe());
    println!("{}", program.display());
    let size = fs::metadata(&program)?.len() as f64 / 1e6;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        times.push(Started::new(&program)?.within.as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let started = times.get(STARTS / 2).copied().unwrap_or_default();
    let slowest = times.last().copied().unwrap_or_default();
    let server = Started::new(&program)?;
    std::thread::sleep(SETTLE);
    let (memory, own) = server.resident()?;
    println!("size              {size:6.1} MB   goal: below {SIZE}");
    println!(
        "serves after      {started:6.1} ms   goal: below {START}; the slowest of {STARTS} starts took {slowest:.1}"
    );
    println!(
        "resident at rest  {memory:6.1} MB   goal: below {MEMORY}; {own:.1} of them its own, the others its file"
    );
    match size < SIZE && started < START && memory < MEMORY {
        true => Ok(()),
        false => Err("a goal is missed".into()),
    }
}

/// `serverwamp` of the same build.
fn beside_this_one() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?.with_file_name("serverwamp");
    match program.exists() {
        true => Ok(program),
        false => Err(format!(
            "{} is not there: build it with the same profile first, cargo build --release -p serverwamp-cli",
            program.display()
        )
        .into()),
    }
}

/// A server, and how long it took until it answered a request.
struct Started {
    child: Child,
    within: Duration,
}

impl Started {
    fn new(program: &Path) -> Result<Self, Failure> {
        let mut command = Command::new(program);
        command.args(["dev", "--listen", "127.0.0.1:0"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let began = Instant::now();
        let child = command.spawn()?;
        let mut started = Self { child, within: Duration::ZERO };
        let output = started.child.stdout.take().ok_or("it has an output")?;
        let mut lines = BufReader::new(output).lines();
        let address = lines.find_map(|line| {
            let line = line.ok()?;
            let (_, rest) = line.split_once("ws://")?;
            Some(rest.split_once("/ws")?.0.to_owned())
        });
        let mut stream = TcpStream::connect(address.ok_or("it has not said where it listens")?)?;
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        started.within = began.elapsed();
        if !answer.starts_with("HTTP/1.1 200 ") {
            return Err(format!("it does not serve: {answer:?}").into());
        }
        Ok(started)
    }

    /// Resident megabytes: all, and those of its own that no file holds.
    fn resident(&self) -> Result<(f64, f64), Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let megabytes = |name: &str| -> Option<f64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()? * 1024.0 / 1e6)
        };
        let both = megabytes("VmRSS:").zip(megabytes("RssAnon:"));
        both.ok_or_else(|| "/proc does not say how much memory it has".into())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
