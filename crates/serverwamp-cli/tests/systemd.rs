//! The program under a service manager that acts as systemd does.

#![expect(clippy::disallowed_methods, reason = "what drives a program from outside has a clock of its own")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serverwamp_conformance::output::{self, Output};
use serverwamp_conformance::{ServerProcess, Signal, binary};

const SOON: Duration = Duration::from_secs(10);

/// A folder that is gone with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("serverwamp-systemd-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// What a service manager is told.
struct Notified(UnixDatagram);

impl Notified {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).expect("a free path");
        socket.set_read_timeout(Some(SOON)).expect("a time above 0");
        Self(socket)
    }

    fn next(&self) -> String {
        let mut message = [0; 4096];
        let length = self.0.recv(&mut message).expect("a message to the service manager");
        String::from_utf8(message[..length].to_vec()).expect("a text")
    }

    /// The next one that is not about the watchdog.
    fn next_state(&self) -> String {
        std::iter::repeat_with(|| self.next())
            .find(|message| message != "WATCHDOG=1\n")
            .expect("it has no end")
    }
}

#[test]
fn a_service_tells_when_it_is_ready_reloads_is_alive_and_stops() {
    let scratch = Scratch::new();
    let path = scratch.file("notify");
    let notified = Notified::at(&path);
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "200000")];
    let mut server = ServerProcess::start(&binary::cli(), &["dev", "--listen", "127.0.0.1:0"], &environment);
    let ready = format!("READY=1\nMAINPID={}\nSTATUS=serving at {}\n", server.pid(), server.address());
    assert_eq!(notified.next(), ready);
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(notified.next(), "WATCHDOG=1\n");
    }
    assert!(began.elapsed() > Duration::from_millis(400), "twice in 200 ms");
    server.signal(Signal::Hangup);
    let reloading = notified.next_state();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(notified.next_state(), ready);
    server.signal(Signal::Terminate);
    let stopping = notified.next_state();
    assert_eq!(stopping, "STOPPING=1\nEXTEND_TIMEOUT_USEC=15000000\nSTATUS=stopping\n");
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
}

#[test]
fn a_service_that_stands_still_is_not_alive() {
    let scratch = Scratch::new();
    let path = scratch.file("notify");
    let notified = Notified::at(&path);
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "200000")];
    let server = ServerProcess::start(&binary::cli(), &["dev", "--listen", "127.0.0.1:0"], &environment);
    assert!(notified.next().starts_with("READY=1"));
    server.signal(Signal::Stop);
    notified.0.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut message = [0; 64];
    let still = (0..).take_while(|_| notified.0.recv(&mut message).is_ok()).count();
    assert!(still <= 5, "{still} messages of a process that was stopped");
    server.signal(Signal::Continue);
    notified.0.set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(notified.next(), "WATCHDOG=1\n");
}

#[test]
fn a_socket_that_nobody_can_be_told_at_is_a_line_in_the_log() {
    let environment = [("NOTIFY_SOCKET", "vsock:2:1234"), ("WATCHDOG_USEC", "soon")];
    let server = ServerProcess::start(&binary::cli(), &["dev", "--listen", "127.0.0.1:0"], &environment);
    let line = server.wait_for_log("NOTIFY_SOCKET is ignored", SOON);
    assert!(line.contains("serverwamp::program") && line.contains("neither with / nor with @"), "{line}");
    server.wait_for_log("the watchdog is ignored", SOON);
}

/// Starts `dev` with these as its file descriptors 3 and 4, and 5 from `/dev/null`, as systemd passes them.
fn activated(sockets: (OwnedFd, OwnedFd), count: usize, names: &str, more: &str) -> (Child, Output) {
    // A shell moves them to their places, and has the process id that the program will have.
    let script =
        format!("exec 3<&0 4<&2 5</dev/null 0</dev/null 2>&1; export LISTEN_PID=$$; exec \"$0\" dev {more}");
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).arg(binary::cli());
    shell.env("LISTEN_FDS", count.to_string()).env("LISTEN_FDNAMES", names);
    shell.stdin(Stdio::from(sockets.0)).stderr(Stdio::from(sockets.1)).stdout(Stdio::piped());
    let mut child = shell.spawn().expect("a shell");
    let out = Output::collect(child.stdout.take().expect("piped"));
    (child, out)
}

fn ends_with(mut child: Child, out: &Output, said: &str) {
    let status = output::wait(&mut child, SOON).expect("it ends by itself");
    let text = out.wait_for_end(SOON);
    assert_eq!(text, format!("serverwamp: {said}\n"));
    assert!(!status.success());
}

const KINDS: &str = "a .socket unit passes listeners with ListenStream= and Accept=no";

#[test]
fn sockets_that_were_passed_are_served_and_outlive_the_program() {
    let scratch = Scratch::new();
    let path = scratch.file("socket");
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(&path).unwrap();
    let address = tcp.local_addr().unwrap();
    let copies = || (tcp.try_clone().unwrap().into(), unix.try_clone().unwrap().into());
    let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for _ in 0..2 {
        // It is connected before the program starts, and served when it has.
        let mut early = TcpStream::connect(address).unwrap();
        early.write_all(request).unwrap();
        let (mut child, out) = activated(copies(), 2, "web:local", "--listen 127.0.0.1:1");
        let mut answer = String::new();
        early.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let mut local = UnixStream::connect(&path).unwrap();
        local.write_all(request).unwrap();
        let mut answer = String::new();
        local.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        for said in [&format!("ws://{address}/ws"), path.to_str().unwrap()] {
            let told = out.wait_for(SOON, |text| text.contains(said).then_some(()));
            assert!(told.is_some(), "{said} in {}", out.text());
        }
        let environment = fs::read(format!("/proc/{}/environ", child.id())).unwrap();
        assert!(String::from_utf8_lossy(&environment).contains("LISTEN_FDS=2"), "it was passed");
        let status = Command::new("kill").arg(child.id().to_string()).status().unwrap();
        assert!(status.success());
        assert_eq!(output::wait(&mut child, SOON).expect("it ends").code(), Some(0), "{}", out.text());
        assert!(path.exists(), "the file belongs to the service manager");
    }
}

#[test]
fn a_descriptor_that_fits_no_listener_is_named() {
    let tcp = || OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap());
    let (child, out) = activated((tcp(), tcp()), 3, "web:more:odd", "");
    ends_with(
        child,
        &out,
        &format!(
            "the file descriptor 5 (\"odd\") was passed and is neither a TCP nor a Unix stream socket; {KINDS}"
        ),
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connected = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (child, out) = activated((tcp(), connected.into()), 2, "web:accepted", "");
    ends_with(
        child,
        &out,
        &format!("the file descriptor 4 (\"accepted\") was passed and does not listen; {KINDS}"),
    );
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let (child, out) = activated((datagrams.into(), tcp()), 1, "udp", "");
    ends_with(
        child,
        &out,
        &format!(
            "the file descriptor 3 (\"udp\") was passed and is neither a TCP nor a Unix stream socket; {KINDS}"
        ),
    );
    let scratch = Scratch::new();
    let unix = |name| OwnedFd::from(UnixListener::bind(scratch.file(name)).unwrap());
    let (child, out) = activated((unix("a"), unix("b")), 2, "a:b", "");
    ends_with(
        child,
        &out,
        "the file descriptor 4 (\"b\") was passed and fits no listener: dev serves TCP sockets and one Unix socket, \
         in place of --listen and --unix",
    );
    let open = TcpListener::bind("0.0.0.0:0").unwrap();
    let address = open.local_addr().unwrap();
    let (child, out) = activated((open.into(), tcp()), 1, "web", "");
    ends_with(
        child,
        &out,
        &format!(
            "the file descriptor 3 (\"web\") listens at {address}, which can be reached from other machines, and this \
             server lets everybody in: add --insecure if you mean it"
        ),
    );
}
