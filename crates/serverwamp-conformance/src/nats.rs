//! NATS servers with JetStream, as processes: one, or three as a cluster.
//!
//! Each has a directory and ports of its own, keeps both when it is started again, and is killed when it is dropped. They come from
//! PyPI, see [`interop::nats_server`].

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::interop;
use crate::namespace::Namespace;
use crate::output::{self, Output};
use crate::process::Signal;

/// The time it may take until clients can come: a server of a cluster waits for the others.
const START: Duration = Duration::from_secs(60);

/// The number of servers of a [`NatsCluster`]: the fewest of which one may be lost.
const SERVERS: usize = 3;

/// What a server says when clients can come.
const READY: &str = "Server is ready";

/// One NATS server.
#[derive(Debug)]
pub struct NatsServer {
    program: PathBuf,
    directory: PathBuf,
    host: String,
    port: u16,
    /// In which network it runs, if not in that of the test.
    namespace: Option<Namespace>,
    child: Option<Child>,
    stderr: Output,
}

impl NatsServer {
    /// Looks for the program, and installs it, once.
    ///
    /// # Errors
    ///
    /// With the reason why it cannot be had here, which a test skips with, or fails with where [`interop::is_required`].
    pub fn prepare() -> Result<(), String> {
        interop::nats_server().map(drop)
    }

    /// Starts one server at a free port of 127.0.0.1. `more` is appended to its configuration: users, TLS.
    ///
    /// # Errors
    ///
    /// When it cannot be had or does not start; with what it wrote.
    pub fn start(more: &str) -> Result<Self, String> {
        Self::of_program(interop::nats_server()?, more)
    }

    /// The same of the last release that is too old for a cluster of nodes.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_old() -> Result<Self, String> {
        Self::of_program(interop::old_nats_server()?, "")
    }

    fn of_program(program: PathBuf, more: &str) -> Result<Self, String> {
        let mut server = Self::new(program, "127.0.0.1", free_port()?, None, more)?;
        server.start_again()?;
        Ok(server)
    }

    /// Starts one server at port 4222 of `host`, in a network of its own.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_in(namespace: &Namespace, host: &str) -> Result<Self, String> {
        let mut server = Self::new(interop::nats_server()?, host, 4222, Some(namespace.clone()), "")?;
        server.start_again()?;
        Ok(server)
    }

    fn new(
        program: PathBuf,
        host: &str,
        port: u16,
        namespace: Option<Namespace>,
        more: &str,
    ) -> Result<Self, String> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("serverwamp-nats-{}-{number}", std::process::id()));
        let configuration = format!(
            "listen: \"{host}:{port}\"\nserver_name: \"n{number}\"\n\
             jetstream {{ store_dir: {:?}, max_memory_store: 64MB, max_file_store: 256MB }}\n{more}\n",
            directory.join("store")
        );
        fs::create_dir_all(&directory)
            .and_then(|()| fs::write(directory.join("nats.conf"), configuration))
            .map_err(|error| format!("cannot write into {}: {error}", directory.display()))?;
        let host = host.to_owned();
        Ok(Self { program, directory, host, port, namespace, child: None, stderr: Output::default() })
    }

    /// Starts it again at the same port, with what it has stored.
    ///
    /// # Errors
    ///
    /// When it does not start; with what it wrote.
    pub fn start_again(&mut self) -> Result<(), String> {
        self.spawn()?;
        self.wait_until_ready()
    }

    fn spawn(&mut self) -> Result<(), String> {
        let mut command = match &self.namespace {
            Some(namespace) => namespace.command(&self.program),
            None => Command::new(&self.program),
        };
        command.arg("-c").arg(self.directory.join("nats.conf"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot start nats-server: {error}"))?;
        self.stderr = Output::collect(child.stderr.take().expect("piped"));
        self.child = Some(child);
        Ok(())
    }

    fn wait_until_ready(&self) -> Result<(), String> {
        let ready = self.stderr.wait_for(START, |text| text.contains(READY).then_some(()));
        ready.ok_or_else(|| format!("nats-server does not start. It wrote:\n{}", self.stderr.text()))
    }

    /// Where nodes connect: `nats://HOST:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://{}:{}", self.host, self.port)
    }

    /// `HOST:PORT`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The folder with its configuration and what it stores.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What it has written since it was last started.
    #[must_use]
    pub fn log(&self) -> String {
        self.stderr.text()
    }

    /// Kills it at once: `kill -9`. Nothing happens when it does not run.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            output::kill(&mut child);
        }
    }

    /// Lets it stand still: SIGSTOP. It returns when none of its threads runs any more, which takes a moment.
    ///
    /// # Panics
    ///
    /// When it does not run, or does not stop.
    pub fn pause(&self) {
        let process = self.child.as_ref().expect("it runs").id();
        Signal::Stop.send(process);
        let deadline = Instant::now() + START;
        while !has_stopped(process) {
            assert!(Instant::now() < deadline, "nats-server does not stop");
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets it go on: SIGCONT.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn resume(&self) {
        Signal::Continue.send(self.child.as_ref().expect("it runs").id());
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("--- what nats-server at {} wrote ---\n{}", self.address(), self.log());
        }
        drop(fs::remove_dir_all(&self.directory));
    }
}

/// Three NATS servers that are one cluster, whose store goes on when one of them is lost.
#[derive(Debug)]
pub struct NatsCluster {
    servers: Vec<NatsServer>,
}

impl NatsCluster {
    /// Starts all three, and waits until they have elected who leads their store.
    ///
    /// # Errors
    ///
    /// When they cannot be had or do not find each other; with what they wrote.
    pub fn start() -> Result<Self, String> {
        let program = interop::nats_server()?;
        let mut routes = Vec::new();
        for _ in 0..SERVERS {
            routes.push(free_port()?);
        }
        let all: Vec<String> = routes.iter().map(|port| format!("\"nats://127.0.0.1:{port}\"")).collect();
        let mut servers = Vec::new();
        for port in &routes {
            let more = format!(
                "cluster {{ name: tests, listen: \"127.0.0.1:{port}\", routes: [{}] }}",
                all.join(", ")
            );
            let mut server = NatsServer::new(program.clone(), "127.0.0.1", free_port()?, None, &more)?;
            server.spawn()?;
            servers.push(server);
        }
        let cluster = Self { servers };
        for server in &cluster.servers {
            server.wait_until_ready()?;
        }
        cluster.wait_for_leader()?;
        Ok(cluster)
    }

    fn wait_for_leader(&self) -> Result<(), String> {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            let is_led = |server: &NatsServer| server.log().contains("metadata leader");
            if self.servers.iter().all(is_led) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err("the NATS servers elect nobody".to_owned())
    }

    /// Its servers.
    pub fn servers(&mut self) -> &mut [NatsServer] {
        &mut self.servers
    }

    /// Where nodes connect.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.servers.iter().map(NatsServer::url).collect()
    }
}

/// Returns whether all threads of a process are stopped.
fn has_stopped(process: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.into_iter().all(|thread| {
        // `PID (NAME) STATE ..`; a thread that has ended meanwhile does not run either.
        let stat = fs::read_to_string(thread.path().join("stat"));
        stat.map_or(true, |stat| {
            stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
        })
    })
}

/// A port of 127.0.0.1 at which nobody listens. Another process may take it before it is used, which `nats-server` says.
fn free_port() -> Result<u16, String> {
    let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    free.map(|address| address.port()).map_err(|error| format!("no port is free: {error}"))
}

/// Returns whether somebody listens there.
#[must_use]
pub fn answers(address: &str) -> bool {
    TcpStream::connect(address).is_ok()
}
