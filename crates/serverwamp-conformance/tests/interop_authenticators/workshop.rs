//! Files, keys and programs of a test.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use serverwamp_conformance::interop;
use serverwamp_conformance::output::{self, Output};

use super::PATIENCE;

/// The files of one test, and the programs that work on them.
pub(super) struct Workshop {
    pub(super) directory: PathBuf,
    python: PathBuf,
}

impl Workshop {
    /// `None` where Python or OpenSSL cannot be had, which is said.
    pub(super) fn open() -> Option<Self> {
        let openssl = output::run(Command::new("openssl").arg("version"), PATIENCE).map(drop);
        let python = match openssl.and_then(|()| interop::python()) {
            Ok(python) => python,
            Err(reason) => {
                assert!(!interop::is_required(), "{reason}");
                println!("skipped: {reason}");
                return None;
            }
        };
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("serverwamp-tokens-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        Some(Self { directory, python })
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.directory.join(name).to_str().expect("a path of ASCII").to_owned()
    }

    #[track_caller]
    pub(super) fn run(&self, program: &mut Command) -> String {
        let finished = output::run(program.current_dir(&self.directory), PATIENCE).expect("it ends");
        assert!(finished.status.success(), "{program:?}: {}", finished.stderr);
        finished.stdout
    }

    /// Makes `NAME.pem`, a private key, and `NAME.pub`.
    #[track_caller]
    pub(super) fn key(&self, name: &str, options: &[&str]) {
        let (private, public) = (format!("{name}.pem"), format!("{name}.pub"));
        self.run(Command::new("openssl").arg("genpkey").args(options).args(["-out", &private]));
        self.run(Command::new("openssl").args(["pkey", "-in", &private, "-pubout", "-out", &public]));
    }

    pub(super) fn script(&self, name: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(interop::scripts().join(name)).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    #[track_caller]
    pub(super) fn tokens(&self, cases: &[Value]) -> Vec<String> {
        fs::write(self.path("cases.json"), json!(cases).to_string()).expect("a file");
        let made = self.run(self.script("tokens.py").args(["make", "cases.json"]));
        serde_json::from_str(&made).expect("a list of tokens")
    }

    pub(super) fn jwks(&self, keys: &[&str]) -> String {
        let arguments = keys.iter().flat_map(|key| [format!("{key}.pub"), (*key).to_owned()]);
        self.run(self.script("tokens.py").arg("jwks").args(arguments))
    }

    /// Starts a program that stays, and gives the first line that it prints.
    #[track_caller]
    pub(super) fn start(&self, command: &mut Command) -> (Running, String) {
        let command = command.current_dir(&self.directory).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let stdout = Output::collect(child.stdout.take().expect("piped"));
        let stderr = Output::collect(child.stderr.take().expect("piped"));
        let running = Running(child);
        let line = stdout.wait_for(PATIENCE, |text| text.split_once('\n').map(|(line, _)| line.to_owned()));
        let line = line.unwrap_or_else(|| panic!("{command:?} says nothing: {}", stderr.text()));
        (running, line)
    }

    /// `python -m http.server` in the directory, and its address.
    #[track_caller]
    pub(super) fn web_server(&self) -> (Running, String) {
        let mut command = Command::new(&self.python);
        let command = command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]);
        let (running, line) = self.start(command);
        let address =
            line.split_once('(').and_then(|(_, rest)| rest.split_once("/)")).map(|(url, _)| url.to_owned());
        (running, address.unwrap_or_else(|| panic!("no address in {line}")))
    }
}

/// A program that is killed when this is dropped.
pub(super) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
