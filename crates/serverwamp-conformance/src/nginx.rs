//! nginx in front of a server under test: a child process with a configuration of its own.
//!
//! It is taken from the system, never installed by a test: Debian has it as `nginx-light`, which `.ci/run` installs.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::output::{self, Output};

/// The time it may take until it listens.
const START: Duration = Duration::from_secs(10);

/// The number of other ports that are tried when somebody else takes the one that was free.
const PORTS: usize = 5;

/// A running nginx. It is killed, and its files are removed, when this is dropped.
#[derive(Debug)]
pub struct Nginx {
    child: Child,
    directory: PathBuf,
    address: String,
    stderr: Output,
}

impl Nginx {
    /// Looks for nginx.
    ///
    /// # Errors
    ///
    /// With the reason why it cannot be had here, which a test skips with, or fails with where
    /// [`interop::is_required`](crate::interop::is_required).
    pub fn prepare() -> Result<(), String> {
        program().map(drop)
    }

    /// Starts nginx and waits until it listens. `http` makes what stands within `http { .. }`, with a port of 127.0.0.1
    /// that is free to listen at.
    ///
    /// # Errors
    ///
    /// When it cannot be had, does not accept the configuration, or does not listen in time; with what it wrote.
    pub fn start(http: impl Fn(u16) -> String) -> Result<Self, String> {
        let mut said = String::new();
        for _ in 0..PORTS {
            let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
            let port = free.map_err(|error| format!("no port is free: {error}"))?.port();
            said = match Self::start_at(port, &http(port)) {
                Err(reason) if reason.contains("Address already in use") => reason,
                started => return started,
            };
        }
        Err(said)
    }

    fn start_at(port: u16, http: &str) -> Result<Self, String> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("serverwamp-nginx-{}-{number}", std::process::id()));
        let configuration = directory.join("nginx.conf");
        fs::create_dir_all(&directory)
            .and_then(|()| fs::write(&configuration, around(http, &directory)))
            .map_err(|error| format!("cannot write {}: {error}", configuration.display()))?;
        let mut child = Command::new(program()?)
            .args(["-e", "stderr", "-p"])
            .arg(&directory)
            .arg("-c")
            .arg(&configuration)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start nginx: {error}"))?;
        let stderr = Output::collect(child.stderr.take().expect("piped"));
        let nginx = Self { child, directory, address: format!("127.0.0.1:{port}"), stderr };
        // It says so when it is listening already.
        let listens = |text: &str| text.contains("event method").then_some(());
        match nginx.stderr.wait_for(START, listens) {
            Some(()) => Ok(nginx),
            None => Err(format!(
                "nginx does not listen. It wrote:\n{}\nto this configuration:\n{http}",
                nginx.log()
            )),
        }
    }

    /// `HOST:PORT` of the port that the configuration was made with.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The contents of its error log and of its access log so far.
    #[must_use]
    pub fn log(&self) -> String {
        let requests = fs::read_to_string(self.directory.join("access.log")).unwrap_or_default();
        self.stderr.text() + &requests
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        output::kill(&mut self.child);
        if thread::panicking() {
            eprintln!("--- what nginx wrote ---\n{}", self.log());
        }
        drop(fs::remove_dir_all(&self.directory));
    }
}

/// A whole configuration: one process, that ends with its child process, and writes nowhere but into `directory`.
fn around(http: &str, directory: &Path) -> String {
    let directory = directory.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("    {what}_temp_path {directory}/{what};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {directory}/nginx.pid;\nerror_log stderr notice;\n\
         events {{\n    worker_connections 1024;\n}}\n\
         http {{\n{temporary}    access_log {directory}/access.log;\n{http}\n}}\n"
    )
}

/// The program, which is often where only the administrator looks for programs.
fn program() -> Result<&'static str, String> {
    static FOUND: OnceLock<Result<&'static str, String>> = OnceLock::new();
    let find = || {
        for name in ["nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"] {
            let version = Command::new(name).arg("-v").stdin(Stdio::null()).stderr(Stdio::null()).status();
            match version {
                Ok(status) if status.success() => return Ok(name),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                other => return Err(format!("{name} -v: {other:?}")),
            }
        }
        Err("nginx is not installed (Debian has it as nginx-light)".to_owned())
    };
    FOUND.get_or_init(find).clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Http, Stream, interop};

    #[test]
    fn it_answers_what_its_configuration_says_and_leaves_no_files() {
        match Nginx::prepare() {
            Err(reason) if interop::is_required() => panic!("{reason}"),
            Err(reason) => return println!("skipped: {reason}"),
            Ok(()) => {}
        }
        let http = |port| format!("server {{ listen 127.0.0.1:{port}; return 200 'of port {port}'; }}");
        let nginx = Nginx::start(http).unwrap();
        let answer = Http::over(Stream::tcp(nginx.address())).post("/", b"");
        let body = nginx.address().replace("127.0.0.1:", "of port ");
        assert_eq!((answer.status, String::from_utf8_lossy(&answer.body).into_owned()), (200, body));
        let directory = nginx.directory.clone();
        assert!(directory.is_dir());
        drop(nginx);
        assert!(!directory.exists());

        let refused = Nginx::start(|_| "no_such_directive on;".to_owned()).unwrap_err();
        assert!(refused.contains("unknown directive \"no_such_directive\""), "{refused}");
    }
}
