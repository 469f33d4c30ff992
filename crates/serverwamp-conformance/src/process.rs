//! A server under test: a child process with an address, output, signals and an exit status.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use crate::output::{self, Output};

/// The time that a server may take until it prints its address.
pub const START: Duration = Duration::from_secs(20);

/// The time for the output of a server that has ended to be read.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A signal that asks a server to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, as Ctrl-C sends it.
    Interrupt,
    /// SIGTERM, as service managers send it.
    Terminate,
    /// SIGHUP, as a terminal sends it that is closed.
    Hangup,
    /// SIGSTOP: the process stands still.
    Stop,
    /// SIGCONT: a stopped process goes on.
    Continue,
}

impl Signal {
    /// Sends it to the process with this id.
    ///
    /// # Panics
    ///
    /// When the process is gone already.
    #[track_caller]
    pub fn send(self, process: u32) {
        let name = match self {
            Self::Interrupt => "-INT",
            Self::Terminate => "-TERM",
            Self::Hangup => "-HUP",
            Self::Stop => "-STOP",
            Self::Continue => "-CONT",
        };
        let status = Command::new("kill").args([name, &process.to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "{self:?} cannot be sent to {process}");
    }
}

/// A running server. It is killed when this is dropped.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    url: String,
    stdout: Output,
    stderr: Output,
}

impl ServerProcess {
    /// Starts a server and waits until it prints the address it listens at.
    ///
    /// # Panics
    ///
    /// When it cannot be started, ends, or prints no `ws://HOST:PORT/ws` in time; with its output.
    #[must_use]
    #[track_caller]
    pub fn start(binary: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::try_start(binary, args, env).unwrap_or_else(|reason| panic!("{reason}"))
    }

    /// Starts a server and waits until it prints the address it listens at.
    ///
    /// # Errors
    ///
    /// When it cannot be started, ends, or prints no `ws://HOST:PORT/ws` in time; with its output.
    pub fn try_start(binary: &Path, args: &[&str], env: &[(&str, &str)]) -> Result<Self, String> {
        Self::start_and_find(binary, args, env, |stdout, _| stdout.wait_for(START, find_url))
    }

    /// Starts a program that serves a configuration with one listener, and waits until its log says where.
    ///
    /// # Errors
    ///
    /// As [`try_start`](Self::try_start).
    pub fn try_serve(binary: &Path, config: &str) -> Result<Self, String> {
        let find = |_: &Output, stderr: &Output| stderr.wait_for(START, find_listening);
        Self::start_and_find(binary, &["serve", "-c", config], &[], find)
    }

    fn start_and_find(
        binary: &Path,
        args: &[&str],
        env: &[(&str, &str)],
        find: impl FnOnce(&Output, &Output) -> Option<String>,
    ) -> Result<Self, String> {
        let mut child = Command::new(binary)
            .args(args)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
        let stdout = Output::collect(child.stdout.take().expect("piped"));
        let stderr = Output::collect(child.stderr.take().expect("piped"));
        if let Some(url) = find(&stdout, &stderr) {
            return Ok(Self { child, url, stdout, stderr });
        }
        let end = match output::wait(&mut child, Duration::from_millis(200)) {
            Some(status) => format!("ended with {status}"),
            None => format!("printed no address within {START:?}"),
        };
        output::kill(&mut child);
        Err(format!(
            "{} {} {end}\nstdout: {}\nstderr: {}",
            binary.display(),
            args.join(" "),
            // It has ended; who collects its last words may not have read them yet.
            stdout.wait_for_end(LAST_WORDS),
            stderr.wait_for_end(LAST_WORDS)
        ))
    }

    /// The address clients connect to: `ws://HOST:PORT/ws`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address as `HOST:PORT`.
    #[must_use]
    pub fn address(&self) -> &str {
        let rest = self.url.trim_start_matches("wss://").trim_start_matches("ws://");
        rest.split('/').next().unwrap_or(rest)
    }

    /// `HOST:PORT` where TLS is spoken, when there is such a place: the server says it before [`url`](Self::url).
    #[must_use]
    pub fn tls_address(&self) -> Option<String> {
        self.stdout().lines().find_map(|line| Some(line.split_once("tls://")?.1.trim().to_owned()))
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The server's standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// The server's standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Everything the server wrote so far: its output, then its errors.
    #[must_use]
    pub fn log(&self) -> String {
        self.stdout.text() + &self.stderr.text()
    }

    /// Waits until the server has written a line with `part` in it, and gives that line.
    ///
    /// # Panics
    ///
    /// When it does not within `time`; with all it has written.
    #[track_caller]
    pub fn wait_for_log(&self, part: &str, time: Duration) -> String {
        let find = |text: &str| text.lines().find(|line| line.contains(part)).map(str::to_owned);
        // Either pipe may carry it. Short turns on both are simpler than a lock over two pipes.
        let turn = Duration::from_millis(10);
        let turns = time.as_millis() / turn.as_millis() / 2 + 1;
        for _ in 0..turns {
            if let Some(line) = self.stderr.wait_for(turn, find).or_else(|| self.stdout.wait_for(turn, find))
            {
                return line;
            }
            // A pipe that has ended answers at once.
            thread::sleep(Duration::from_millis(1));
        }
        panic!("the server did not write {part:?} within {time:?}; it wrote:\n{}", self.log());
    }

    /// Sends a signal.
    ///
    /// # Panics
    ///
    /// When the process is gone already.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        signal.send(self.pid());
    }

    /// Waits until the server has ended, and says how.
    ///
    /// # Panics
    ///
    /// When it has not within `time`; with its output.
    #[track_caller]
    pub fn wait_exit(&mut self, time: Duration) -> ExitStatus {
        let status = output::wait(&mut self.child, time)
            .unwrap_or_else(|| panic!("the server has not ended within {time:?}; it wrote:\n{}", self.log()));
        // Its last lines may still be in the pipes.
        for pipe in [&self.stdout, &self.stderr] {
            drop(pipe.wait_for_end(Duration::from_secs(1)));
        }
        status
    }

    /// Returns whether the server is still running.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_none())
    }

    /// Resident memory in bytes, as Linux tells it.
    ///
    /// # Panics
    ///
    /// When the process is gone, or the system has no `/proc`.
    #[must_use]
    #[track_caller]
    pub fn resident_bytes(&self) -> u64 {
        let status = self.proc_file("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        kilobytes.expect("/proc/PID/status has a VmRSS line") * 1024
    }

    /// Processor time used so far by all threads, in user mode and in the kernel, as Linux tells it.
    ///
    /// # Panics
    ///
    /// When the process is gone, or the system has no `/proc`.
    #[must_use]
    #[track_caller]
    pub fn cpu_time(&self) -> Duration {
        let stat = self.proc_file("stat");
        // The name in parentheses may hold blanks; after it, the 12th and 13th fields are the times.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks: u64 = fields.split_whitespace().skip(11).take(2).flat_map(str::parse::<u64>).sum();
        // Linux counts these in 1/100 s on every architecture it still supports.
        Duration::from_millis(ticks * 10)
    }

    /// The number of open file descriptors: sockets that leak show here.
    ///
    /// # Panics
    ///
    /// When the process is gone, or the system has no `/proc`.
    #[must_use]
    #[track_caller]
    pub fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("/proc/PID/fd is readable").count()
    }

    #[track_caller]
    fn proc_file(&self, name: &str) -> String {
        let path = format!("/proc/{}/{name}", self.pid());
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        output::kill(&mut self.child);
        if thread::panicking() {
            eprintln!("--- what the server wrote ---\n{}", self.log());
        }
    }
}

/// The first `ws://HOST:PORT/ws` in a complete line of `text`.
fn find_url(text: &str) -> Option<String> {
    let (lines, _incomplete) = text.rsplit_once('\n')?;
    let plain = lines.match_indices("ws://").map(|(at, _)| &lines[at..]);
    let candidates = plain.chain(lines.match_indices("wss://").map(|(at, _)| &lines[at..]));
    candidates
        .filter_map(|rest| {
            rest.find("/ws").map(|end| &rest[.."/ws".len() + end]).filter(|url| {
                let port = url.trim_end_matches("/ws").rsplit_once(':').map_or("", |(_, port)| port);
                !url.contains(char::is_whitespace) && port.parse::<u16>().is_ok()
            })
        })
        .map(str::to_owned)
        .next()
}

/// The address in the line in which `serverwamp serve` says where it listens.
fn find_listening(text: &str) -> Option<String> {
    let (lines, _incomplete) = text.rsplit_once('\n')?;
    let (_, rest) = lines.split_once("listening address=")?;
    Some(format!("ws://{}/ws", rest.split_whitespace().next()?))
}

#[cfg(test)]
mod tests {
    use super::{find_listening, find_url};

    #[test]
    fn the_address_is_found_in_the_log() {
        let log = "now INFO serverwamp: listening address=127.0.0.1:4711 serves=websocket\nnow INFO ready\n";
        assert_eq!(find_listening(log).as_deref(), Some("ws://127.0.0.1:4711/ws"));
        assert_eq!(find_listening("INFO listening address=127.0.0.1:47"), None, "the line may go on");
    }

    #[test]
    fn the_address_is_found_in_any_line() {
        let banner =
            "serverwamp 0.1.0\n  RawSocket rs://127.0.0.1:1\n  WebSocket  ws://127.0.0.1:4711/ws   json\n";
        assert_eq!(find_url(banner).as_deref(), Some("ws://127.0.0.1:4711/ws"));
        assert_eq!(find_url("listening ws://[::1]:80/ws\n").as_deref(), Some("ws://[::1]:80/ws"));
        assert_eq!(
            find_url("\u{1b}[1mws://127.0.0.1:9/ws\u{1b}[0m\n").as_deref(),
            Some("ws://127.0.0.1:9/ws")
        );
        assert_eq!(find_url("listening ws://127.0.0.1:4711/ws"), None, "the line may go on");
        assert_eq!(find_url("see ws:// and /ws\n"), None);
    }
}
