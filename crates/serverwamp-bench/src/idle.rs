//! Idle sessions, as many as files and memory allow: what each takes in the server and in the kernel.
//!
//! Servers, and processes that hold the other ends, share the sessions, because each process may open only so many files. In:
//! the number of sessions. Out: bytes of each, and how long a ping and a call take through some that were idle. Sessions beyond
//! what ports allow for one address go to another of the loopback network.

use crate::Failure;
use crate::child::ServerProcess;
use crate::client::Client;
use crate::exchange::{Exchange, FIRST_ID, Format};
use crate::frame;
use crate::machine;
use crate::options::{IdleOptions, ServerKind};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// The goal for an idle session, in bytes in its process.
const GOAL: f64 = 6.0 * 1024.0;

/// Connections to one address: fewer than half of the 28,232 ports that Linux gives out by default. It prefers those of one
/// parity, and once they are taken it looks through all of them for each connection.
const PER_ADDRESS: usize = 10_000;

/// Sessions of each holder that are used.
const USED: usize = 100;

/// Memory that is left to others, and about what a session takes on both sides and in the kernel.
const SPARE_MEMORY: u64 = 2 << 30;
const TAKES: u64 = 24 * 1024;

pub(crate) fn run(options: &IdleOptions) -> Result<(), Failure> {
    let files = machine::allow_connections()?;
    if let Some(server) = options.hold {
        return hold(server, options.sessions);
    }
    println!("{}", machine::describe());
    let room = usize::try_from(kernel_bytes("MemAvailable:")?.saturating_sub(SPARE_MEMORY) / TAKES)?;
    let wanted = options.sessions.min(room);
    if wanted < options.sessions {
        println!("the free memory is for {wanted} sessions at most");
    }
    // A server keeps a fifth of its files for others than clients; one session is the first.
    let processes = wanted.div_ceil(files / 5 * 4 - 1).max(1);
    let each = wanted / processes;
    let mut servers = Vec::new();
    let mut first = Vec::new();
    for _ in 0..processes {
        let server = ServerProcess::everywhere(ServerKind::Wamp)?;
        // The first session pays for what all share.
        first.push(Client::session(server.address, Format::Json)?);
        servers.push(server);
    }
    let settle = Duration::from_secs_f64(options.settle.clamp(0.0, 3600.0));
    std::thread::sleep(settle);
    let dropped_before = dropped_packets()?;
    let before = Footprint::of(&servers)?;
    let mut holders =
        servers.iter().map(|server| Holder::start(server.address, each)).collect::<Result<Vec<_>, _>>()?;
    let began = Instant::now();
    let opened: Vec<usize> = holders.iter_mut().map(Holder::told).collect::<Result<_, _>>()?;
    let sessions: usize = opened.iter().sum();
    let opening = began.elapsed();
    if sessions == 0 {
        return Err("no session could be opened".into());
    }
    std::thread::sleep(settle);
    let grown = Footprint::of(&servers)?.since(&before);
    println!(
        "{sessions} idle sessions in {processes} server processes ({each} asked for in each), opened within {:.1} s",
        opening.as_secs_f64()
    );
    // Keepalive of many connections asks in bursts. What does not fit into the backlog is lost, and after some losses so is
    // the connection.
    let dropped = dropped_packets()?.saturating_sub(dropped_before);
    if dropped > 0 {
        println!(
            "the kernel dropped {dropped} packets since its backlog was full, and with them perhaps sessions: sysctl -w \
             net.core.netdev_max_backlog=200000"
        );
    }
    let per = |bytes: i64| bytes as f64 / sessions as f64;
    let kib = |bytes: i64| per(bytes) / 1024.0;
    println!(
        "each in its server   resident {:6.2} KiB, of it anonymous {:6.2} KiB",
        kib(grown.resident),
        kib(grown.anonymous)
    );
    println!(
        "each in the kernel   slab     {:6.2} KiB, buffers of sockets {:.2} KiB (both ends of its connection)",
        kib(grown.slab),
        kib(grown.buffers)
    );
    let mut used = 0;
    let began = Instant::now();
    for holder in &mut holders {
        used += holder.use_some()?;
    }
    println!(
        "{used} of them answered a ping and a call, {:.0} us each one after the other",
        began.elapsed().as_secs_f64() * 1e6 / used.max(1) as f64
    );
    let verdict = if per(grown.resident) <= GOAL { "reached" } else { "NOT reached" };
    println!("goal: at most {} KiB in its server, {verdict}", GOAL / 1024.0);
    match per(grown.resident) <= GOAL {
        true => Ok(()),
        false => Err("a goal is missed".into()),
    }
}

/// Memory of servers, and of the kernel for sockets.
#[derive(Clone, Copy)]
struct Footprint {
    resident: i64,
    anonymous: i64,
    slab: i64,
    buffers: i64,
}

impl Footprint {
    fn of(servers: &[ServerProcess]) -> Result<Self, Failure> {
        let (mut resident, mut anonymous) = (0, 0);
        for server in servers {
            resident += server.resident_bytes()?.cast_signed();
            anonymous += server.anonymous_bytes()?.cast_signed();
        }
        let slab = kernel_bytes("Slab:")?.cast_signed();
        Ok(Self { resident, anonymous, slab, buffers: socket_buffers()?.cast_signed() })
    }

    fn since(self, before: &Self) -> Self {
        Self {
            resident: self.resident - before.resident,
            anonymous: self.anonymous - before.anonymous,
            slab: self.slab - before.slab,
            buffers: self.buffers - before.buffers,
        }
    }
}

/// A figure of `/proc/meminfo`.
fn kernel_bytes(label: &str) -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let figure = text
        .lines()
        .find_map(|line| line.strip_prefix(label)?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    Ok(figure.ok_or_else(|| format!("no {label} in /proc/meminfo"))? * 1024)
}

/// Packets that a full backlog of a processor has cost so far.
fn dropped_packets() -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/net/softnet_stat")?;
    let of_processor = |line: &str| u64::from_str_radix(line.split_ascii_whitespace().nth(1)?, 16).ok();
    let dropped: Option<u64> = text.lines().map(of_processor).sum();
    dropped.ok_or_else(|| "no dropped packets in /proc/net/softnet_stat".into())
}

/// Memory in the buffers of all TCP sockets, which the kernel counts in pages.
fn socket_buffers() -> Result<u64, Failure> {
    let text = fs::read_to_string("/proc/net/sockstat")?;
    let tcp =
        text.lines().find_map(|line| line.strip_prefix("TCP:")).ok_or("no TCP in /proc/net/sockstat")?;
    let mut words = tcp.split_ascii_whitespace().skip_while(|word| *word != "mem");
    let pages: u64 = words.nth(1).ok_or("no memory of TCP in /proc/net/sockstat")?.parse()?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// A process that holds the clients' ends of sessions.
struct Holder {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Holder {
    fn start(server: SocketAddr, sessions: usize) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("idle").arg("--hold").arg(server.to_string());
        command.arg("--sessions").arg(sessions.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().ok_or("a holder without input")?;
        let output = BufReader::new(child.stdout.take().ok_or("a holder without output")?);
        Ok(Self { child, input, output })
    }

    /// The number that it says next.
    fn told(&mut self) -> Result<usize, Failure> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        line.trim().parse().map_err(|_| format!("a holder said {line:?}").into())
    }

    fn use_some(&mut self) -> Result<usize, Failure> {
        writeln!(self.input, "use")?;
        self.told()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Opens sessions, says how many, and uses some of them for each line that comes in.
fn hold(server: SocketAddr, sessions: usize) -> Result<(), Failure> {
    let mut streams: Vec<TcpStream> = Vec::new();
    while streams.len() < sessions {
        let host = u8::try_from(1 + streams.len() / PER_ADDRESS)?;
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, host)), server.port());
        match Client::session(address, Format::Json) {
            Ok(client) => streams.push(client.stream),
            Err(failure) => {
                eprintln!("{} sessions to {server}, then: {failure}", streams.len());
                break;
            }
        }
    }
    println!("{}", streams.len());
    for _line in std::io::stdin().lines() {
        let mut used = 0;
        for stream in streams.iter().step_by((streams.len() / USED).max(1)) {
            ping_and_call(Client::over(stream.try_clone()?))?;
            used += 1;
        }
        println!("{used}");
    }
    Ok(())
}

fn ping_and_call(mut client: Client) -> Result<(), Failure> {
    let exchange = Exchange::Call(Format::Json);
    let (mut request, mut answer) = (Vec::new(), Vec::new());
    exchange.request(FIRST_ID, &mut request);
    exchange.answer(FIRST_ID, &mut answer);
    client.ping(b"idle?")?;
    if client.ask(frame::TEXT, &request)? != answer {
        return Err("a wrong answer after the rest".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_how_much_memory_it_has() {
        assert!(kernel_bytes("MemTotal:").unwrap() > 1 << 20);
        assert!(kernel_bytes("Nothing:").is_err());
        assert!(socket_buffers().is_ok());
        assert!(dropped_packets().is_ok());
    }
}
