//! Routers that others wrote, as processes: what our client meets elsewhere.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::interop;
use crate::output::{self, Output};

/// The time it may take until it says that clients may come. Crossbar.io starts three processes.
const START: Duration = Duration::from_secs(90);

/// The time it may take to end when it is asked to.
const STOP: Duration = Duration::from_secs(10);

/// A router of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// xconn's router in Python.
    Xconn,
    /// Crossbar.io.
    Crossbar,
}

impl Make {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Xconn, Self::Crossbar];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xconn => "xconn",
            Self::Crossbar => "Crossbar.io",
        }
    }

    /// Installs it, once.
    ///
    /// # Errors
    ///
    /// With the reason why it cannot be had here.
    pub fn prepare(self) -> Result<PathBuf, String> {
        match self {
            Self::Xconn => interop::python(),
            Self::Crossbar => interop::crossbar(),
        }
    }

    /// What it writes when clients may come.
    const fn ready(self) -> &'static str {
        match self {
            Self::Xconn => "ready",
            Self::Crossbar => "NODE_BOOT_COMPLETE",
        }
    }

    fn command(self, directory: &Path, port: u16) -> Result<Command, String> {
        let python = self.prepare()?;
        match self {
            Self::Xconn => {
                let mut command = Command::new(python);
                command.arg(interop::scripts().join("xconn_router.py")).arg(port.to_string());
                Ok(command)
            }
            Self::Crossbar => {
                let failed = |error: std::io::Error| format!("cannot write {}: {error}", directory.display());
                let template = std::fs::read_to_string(interop::scripts().join("crossbar_router.json"));
                let configuration = template
                    .map_err(failed)?
                    .replace("\"@PORT@\"", &port.to_string())
                    .replace("@SCRIPTS@", &interop::scripts().display().to_string())
                    .replace("@DIRECTORY@", &directory.display().to_string());
                std::fs::write(directory.join("config.json"), configuration).map_err(failed)?;
                let mut command = Command::new(python.with_file_name("crossbar"));
                command.args(["start", "--loglevel", "info", "--cbdir"]).arg(directory);
                Ok(command)
            }
        }
    }
}

/// A running router, with the procedures `com.example.add`, `com.example.echo` and `com.example.fail` in `realm1`. It is killed when
/// this is dropped.
#[derive(Debug)]
pub struct ForeignRouter {
    child: Child,
    directory: PathBuf,
    port: u16,
}

impl ForeignRouter {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it cannot be had or does not start; with what it wrote.
    pub fn start(make: Make) -> Result<Self, String> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("serverwamp-router-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| format!("no port is free: {error}"))?.port();
        let mut command = make.command(&directory, port)?;
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUNBUFFERED", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let stdout = Output::collect(child.stdout.take().expect("piped"));
        let stderr = Output::collect(child.stderr.take().expect("piped"));
        let this = Self { child, directory, port };
        let ready = stdout.wait_for(START, |text| text.contains(make.ready()).then_some(()));
        match ready {
            Some(()) => Ok(this),
            None => Err(format!("{} does not start: {}{}", make.name(), stdout.text(), stderr.text())),
        }
    }

    /// Where WebSockets are opened.
    #[must_use]
    pub fn websocket(&self) -> String {
        format!("ws://127.0.0.1:{}/ws", self.port)
    }

    /// Where Crossbar.io speaks RawSocket.
    #[must_use]
    pub fn rawsocket(&self) -> String {
        format!("unix://{}", self.directory.join("rawsocket.sock").display())
    }
}

impl Drop for ForeignRouter {
    fn drop(&mut self) {
        // It has children of its own, which it ends if it is asked to.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if asked.is_err() || output::wait(&mut self.child, STOP).is_none() {
            output::kill(&mut self.child);
        }
        match std::fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                println!("{} stays: {error}", self.directory.display());
            }
            _ => {}
        }
    }
}
