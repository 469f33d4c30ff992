//! A proxy in front of a server under test: a child process with a configuration of its own. For nginx there is
//! [`Nginx`](crate::Nginx), which puts what it needs around a configuration.
//!
//! None is installed by a test: Debian has `haproxy` and `caddy`, which `.ci/run` installs.

use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::output::{self, Output};

/// The time it may take until it listens.
const START: Duration = Duration::from_secs(20);

/// The number of times that other ports are tried when somebody else takes one that was free.
const TRIES: usize = 5;

/// A program that is a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// HAProxy.
    HaProxy,
    /// Caddy.
    Caddy,
}

/// A running proxy. It is killed, and its files are removed, when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    program: Program,
    child: Child,
    directory: PathBuf,
    ports: Vec<u16>,
    stderr: Output,
}

impl Program {
    /// Looks for the program.
    ///
    /// # Errors
    ///
    /// With the reason why it cannot be had here, which a test skips with, or fails with where
    /// [`interop::is_required`](crate::interop::is_required).
    pub fn prepare(self) -> Result<(), String> {
        self.path().map(drop)
    }

    /// The path of the program, which is often in a directory where only the administrator looks for programs.
    fn path(self) -> Result<String, String> {
        let (name, version) = match self {
            Self::HaProxy => ("haproxy", "-v"),
            Self::Caddy => ("caddy", "version"),
        };
        for folder in ["", "/usr/sbin/", "/usr/local/sbin/", "/usr/local/bin/"] {
            let path = format!("{folder}{name}");
            let mut command = Command::new(&path);
            match command.arg(version).stdin(Stdio::null()).stdout(Stdio::null()).status() {
                Ok(status) if status.success() => return Ok(path),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                other => return Err(format!("{path} {version}: {other:?}")),
            }
        }
        Err(format!("{name} is not installed (Debian has it under this name)"))
    }
}

impl Proxy {
    /// Starts a proxy and waits until it listens at all of its ports. `configuration` makes the text of its file, with as
    /// many ports of 127.0.0.1 as it asks for, which are free to listen at.
    ///
    /// # Errors
    ///
    /// When it cannot be had, does not accept the configuration, or does not listen in time; with what it wrote.
    pub fn start<const N: usize>(
        program: Program,
        configuration: impl Fn([u16; N]) -> String,
    ) -> Result<Self, String> {
        let mut said = String::new();
        for _ in 0..TRIES {
            let ports = free_ports().map_err(|error| format!("no port is free: {error}"))?;
            let configuration = configuration(ports);
            said = match Self::start_at(program, ports.to_vec(), &configuration) {
                Err(reason) if reason.to_lowercase().contains("address already in use") => reason,
                started => return started,
            };
        }
        Err(said)
    }

    fn start_at(program: Program, ports: Vec<u16>, configuration: &str) -> Result<Self, String> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let path = program.path()?;
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("serverwamp-proxy-{}-{number}", std::process::id()));
        let file = directory.join("configuration");
        fs::create_dir_all(&directory)
            .and_then(|()| fs::write(&file, configuration))
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        let mut command = Command::new(path);
        match program {
            Program::HaProxy => command.arg("-db").arg("-f").arg(&file),
            // Caddy keeps its files in its home directory.
            Program::Caddy => command
                .args(["run", "--adapter", "caddyfile", "--config"])
                .arg(&file)
                .env("HOME", &directory)
                .env("XDG_DATA_HOME", &directory)
                .env("XDG_CONFIG_HOME", &directory),
        };
        let mut child = command
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {program:?}: {error}"))?;
        let stderr = Output::collect(child.stderr.take().expect("piped"));
        let mut proxy = Self { program, child, directory, ports, stderr };
        match proxy.wait_until_it_listens() {
            Ok(()) => Ok(proxy),
            Err(what) => Err(format!(
                "{program:?} {what}. It wrote:\n{}\nto this configuration:\n{configuration}",
                proxy.log()
            )),
        }
    }

    fn wait_until_it_listens(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START;
        let listens = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).is_ok();
        while !self.ports.iter().all(listens) {
            if let Ok(Some(status)) = self.child.try_wait() {
                // Its last lines may still be in the pipe.
                drop(self.stderr.wait_for_end(Duration::from_secs(1)));
                return Err(format!("has ended with {status}"));
            }
            if Instant::now() > deadline {
                return Err("does not listen".to_owned());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// `HOST:PORT` of one of the ports that the configuration was made with.
    ///
    /// # Panics
    ///
    /// When there are fewer.
    #[must_use]
    #[track_caller]
    pub fn address(&self, number: usize) -> String {
        format!("127.0.0.1:{}", self.ports[number])
    }

    /// Its output so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.stderr.text()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        output::kill(&mut self.child);
        if thread::panicking() {
            eprintln!("--- what {:?} wrote ---\n{}", self.program, self.log());
        }
        drop(fs::remove_dir_all(&self.directory));
    }
}

/// Ports of 127.0.0.1 that are free, all at once.
fn free_ports<const N: usize>() -> std::io::Result<[u16; N]> {
    let mut ports = [0; N];
    let mut listeners = Vec::new();
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interop;

    #[test]
    fn a_configuration_that_is_not_understood_is_an_error_that_says_so() {
        for (program, wrong) in
            [(Program::HaProxy, "no_such_directive on\n"), (Program::Caddy, "{\n\tno_such_directive on\n}\n")]
        {
            match program.prepare() {
                Err(reason) if interop::is_required() => panic!("{reason}"),
                Err(reason) => println!("skipped: {reason}"),
                Ok(()) => {
                    let refused = Proxy::start(program, |[_]: [u16; 1]| wrong.to_owned());
                    let reason = refused.expect_err("nobody understands this");
                    assert!(
                        reason.contains("no_such_directive") && reason.contains("ended with"),
                        "{reason}"
                    );
                }
            }
        }
    }
}
