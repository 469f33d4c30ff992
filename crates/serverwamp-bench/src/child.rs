//! A server process, and what it has used so far.

use crate::Failure;
use crate::options::{Observed, ServerKind};
use crate::tls::TlsDoor;
use rustix::process::Signal;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Lets the system's allocator give back what was freed, where that is the GNU one; others do not read it. By itself it
/// learns from the first large piece that is freed to keep up to twice as much, and what a server holds can then not be
/// told from what the allocator does.
const GIVE_BACK: (&str, &str) =
    ("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=131072:glibc.malloc.trim_threshold=131072");

/// A running server; it ends with this value.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Where it speaks TLS, if it does.
    pub(crate) tls: Option<TlsDoor>,
}

impl ServerProcess {
    /// A server with one thread, on this processor.
    pub(crate) fn start(kind: ServerKind, cpu: Option<usize>) -> Result<Self, Failure> {
        Self::with_threads(kind, cpu, None)
    }

    /// A server for peers that mean harm, on one thread, with these further arguments.
    pub(crate) fn open(cpu: Option<usize>, more: &[&str]) -> Result<Self, Failure> {
        Self::spawn(Command::new(std::env::current_exe()?), ServerKind::Open, cpu, None, more)
    }

    /// A server with one thread, of another build of this program.
    pub(crate) fn of_build(program: &Path, kind: ServerKind, cpu: Option<usize>) -> Result<Self, Failure> {
        Self::spawn(Command::new(program), kind, cpu, None, &[])
    }

    /// A server with one thread that somebody looks at, if that is asked for.
    pub(crate) fn observed(
        kind: ServerKind,
        cpu: Option<usize>,
        observed: Option<Observed>,
    ) -> Result<Self, Failure> {
        let more: &[&str] = match observed {
            None => &[],
            Some(Observed::Tap) => &["--observed", "tap"],
            Some(Observed::Watch) => &["--observed", "watch"],
        };
        Self::spawn(Command::new(std::env::current_exe()?), kind, cpu, None, more)
    }

    /// A server with one thread under valgrind, which writes what was executed into `profile` when it is told to end.
    pub(crate) fn counted(kind: ServerKind, profile: &Path) -> Result<Self, Failure> {
        Self::spawn(callgrind(profile)?, kind, None, None, &["--counted"])
    }

    /// A server with one thread that listens on all addresses; its own is `127.0.0.1`.
    pub(crate) fn everywhere(kind: ServerKind) -> Result<Self, Failure> {
        let mut server = Self::spawn(
            Command::new(std::env::current_exe()?),
            kind,
            None,
            None,
            &["--listen", "0.0.0.0:0"],
        )?;
        server.address.set_ip(Ipv4Addr::LOCALHOST.into());
        Ok(server)
    }

    /// A server with so many worker threads, or with all in one.
    pub(crate) fn with_threads(
        kind: ServerKind,
        cpu: Option<usize>,
        threads: Option<usize>,
    ) -> Result<Self, Failure> {
        Self::spawn(Command::new(std::env::current_exe()?), kind, cpu, threads, &[])
    }

    fn spawn(
        mut command: Command,
        kind: ServerKind,
        cpu: Option<usize>,
        threads: Option<usize>,
        more: &[&str],
    ) -> Result<Self, Failure> {
        command.args(["server", "--orphan-ends"]);
        command.arg(match kind {
            ServerKind::Echo => "echo",
            ServerKind::Wamp => "wamp",
            ServerKind::Router => "router",
            ServerKind::Writer => "writer",
            ServerKind::Open => "open",
        });
        command.args(more);
        if kind == ServerKind::Open {
            command.env(GIVE_BACK.0, GIVE_BACK.1);
        }
        if let Some(cpu) = cpu {
            command.arg("--cpu").arg(cpu.to_string());
        }
        if let Some(threads) = threads {
            command.arg("--threads").arg(threads.to_string());
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let (mut line, mut tls) = (String::new(), String::new());
        if let Some(output) = child.stdout.take() {
            let mut output = BufReader::new(output);
            output.read_line(&mut line)?;
            if kind == ServerKind::Open {
                output.read_line(&mut tls)?;
            }
        }
        let Some(Ok(address)) = line.trim_end().strip_prefix("listening ").map(str::parse) else {
            return Err(format!("the {kind:?} server did not start: {line:?}").into());
        };
        let tls = tls.trim_end().strip_prefix("tls ").map(TlsDoor::parse).transpose()?;
        Ok(Self { child, address, tls })
    }

    /// Ends it as a signal does, and waits until it has.
    pub(crate) fn terminate(mut self) -> Result<(), Failure> {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }

    /// Processor time it has used, in nanoseconds.
    pub(crate) fn cpu_nanos(&self) -> Result<u64, Failure> {
        cpu_nanos_of(self.child.id())
    }

    /// How many files it has open.
    pub(crate) fn open_files(&self) -> Result<usize, Failure> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// Memory that is present, in bytes, as the system counts it as it goes: a few hundred KiB more or less.
    pub(crate) fn resident_bytes_quickly(&self) -> Result<u64, Failure> {
        let text = fs::read_to_string(format!("/proc/{}/statm", self.child.id()))?;
        let pages = text.split_ascii_whitespace().nth(1).ok_or("no resident size in /proc")?;
        Ok(first_number(pages)? * rustix::param::page_size() as u64)
    }

    /// Memory that is its own and present, in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<u64, Failure> {
        self.memory("Rss:", "VmRSS:")
    }

    /// Of this what no file holds.
    pub(crate) fn anonymous_bytes(&self) -> Result<u64, Failure> {
        self.memory("Anonymous:", "RssAnon:")
    }

    /// A figure of `smaps_rollup`, which is exact, or the same of `status`, which is put together from counters of several
    /// processors.
    fn memory(&self, exact: &str, other: &str) -> Result<u64, Failure> {
        let process = format!("/proc/{}", self.child.id());
        let (text, label) = match fs::read_to_string(format!("{process}/smaps_rollup")) {
            Ok(text) => (text, exact),
            Err(_) => (fs::read_to_string(format!("{process}/status"))?, other),
        };
        let line = text.lines().find_map(|line| line.strip_prefix(label)).ok_or("no such size in /proc")?;
        Ok(first_number(line)? * 1024)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program under valgrind, which writes what is executed into `profile`, instruction by instruction.
pub(crate) fn callgrind(profile: &Path) -> Result<Command, Failure> {
    let mut command = Command::new("valgrind");
    command.args(["-q", "--tool=callgrind", "--dump-instr=yes", "--compress-pos=no"]);
    command.arg(format!("--callgrind-out-file={}", profile.display())).arg(std::env::current_exe()?);
    Ok(command)
}

/// Processor time that a process has used, in nanoseconds.
pub(crate) fn cpu_nanos_of(process: u32) -> Result<u64, Failure> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        let task = task?.path();
        sum += match fs::read_to_string(task.join("schedstat")) {
            Ok(text) => first_number(&text)?,
            Err(_) => {
                let ticks = crate::machine::ticks(&task.join("stat"))?;
                ticks.own * 1_000_000_000 / crate::machine::ticks_per_second()
            }
        };
    }
    Ok(sum)
}

fn first_number(text: &str) -> Result<u64, Failure> {
    Ok(text.split_ascii_whitespace().next().ok_or("no number where one should be in /proc")?.parse()?)
}
