//! A program that serves a configuration, and the folder of its files.

use crate::PATIENCE;
use serde_json::{Value, json};
use serverwamp_conformance::output::{self, Finished, Output};
use serverwamp_conformance::{RawPeer, Signal, Subprotocol, binary};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The name of the configuration, in the folder that is the current one of the program.
pub(crate) const FILE: &str = "serverwamp.toml";

/// A folder that is gone with the test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("serverwamp-serve-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.file(name), contents).expect("a file");
        // Secrets are nobody else's.
        fs::set_permissions(self.file(name), fs::Permissions::from_mode(0o600)).expect("our own file");
    }

    /// Replaces the file as careful programs do: by another one that takes its name.
    pub(crate) fn replace(&self, name: &str, contents: impl AsRef<[u8]>) {
        self.write("next", contents);
        fs::rename(self.file("next"), self.file(name)).expect("it is there");
    }

    /// The program in this folder, without what the environment of the tests has for it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::cli());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SERVERWAMP_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.0).args(arguments);
        command
    }

    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        output::run(&mut self.command(arguments), PATIENCE).expect("it ends by itself")
    }

    /// What a command prints that reads a secret.
    #[track_caller]
    pub(crate) fn made_of(&self, secret: &str, arguments: &[&str]) -> String {
        self.write("secret-for-once", secret);
        let file = fs::File::open(self.file("secret-for-once")).expect("it was just written");
        let mut command = self.command(arguments);
        let child = command.stdin(file).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let output = child.and_then(Child::wait_with_output).expect("it runs");
        fs::remove_file(self.file("secret-for-once")).expect("it is there");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// `serverwamp serve` of the configuration in a folder. It is killed with the test.
pub(crate) struct Program<'s> {
    scratch: &'s Scratch,
    child: Child,
    stderr: Output,
}

impl<'s> Program<'s> {
    /// Starts it with this configuration, and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(scratch: &'s Scratch, configuration: &str) -> Self {
        scratch.write(FILE, configuration);
        Self::start_command(scratch, &mut scratch.command(&["serve", "-c", FILE]))
    }

    #[track_caller]
    pub(crate) fn start_command(scratch: &'s Scratch, command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.expect("it starts");
        let stderr = Output::collect(child.stderr.take().expect("piped"));
        let program = Self { scratch, child, stderr };
        // In text and in JSON.
        program.wait_for("ready");
        program
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        self.stderr.text()
    }

    /// Waits for a line with this in it, and gives it.
    #[track_caller]
    pub(crate) fn wait_for(&self, part: &str) -> String {
        self.wait_for_after(0, part)
    }

    /// The same of what comes behind so many bytes of the log.
    #[track_caller]
    pub(crate) fn wait_for_after(&self, bytes: usize, part: &str) -> String {
        let find = |text: &str| {
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            whole.get(bytes..)?.lines().find(|line| line.contains(part)).map(str::to_owned)
        };
        let found = self.stderr.wait_for(PATIENCE, find);
        found.unwrap_or_else(|| panic!("no line with {part:?} in:\n{}", self.log()))
    }

    /// Where it listens, by the number of the listener, as `HOST:PORT`.
    #[track_caller]
    pub(crate) fn address(&self, number: usize) -> String {
        let log = self.log();
        let addresses = log.lines().filter_map(|line| Some(line.split_once("listening address=")?.1));
        addresses.skip(number).map(str::to_owned).next().unwrap_or_else(|| panic!("no such listener:\n{log}"))
    }

    #[track_caller]
    pub(crate) fn url(&self) -> String {
        format!("ws://{}/ws", self.address(0))
    }

    /// A session in a realm that everybody can join.
    #[track_caller]
    pub(crate) fn joined(&self, realm: &str) -> RawPeer {
        RawPeer::joined(&self.url(), Subprotocol::JSON, realm)
    }

    /// What the server answers to HELLO without anything to prove.
    #[track_caller]
    pub(crate) fn hello(&self, realm: &str) -> Value {
        RawPeer::connect(&self.url(), Subprotocol::JSON).hello(realm, json!({}))
    }

    #[track_caller]
    pub(crate) fn connect(&self) -> RawPeer {
        RawPeer::connect(&self.url(), Subprotocol::JSON)
    }

    /// `serverwamp reload`.
    #[track_caller]
    pub(crate) fn ask_to_reload(&self) -> Finished {
        self.scratch.run(&["reload", "-c", FILE])
    }

    /// Reloads another configuration, which has to be taken, and gives the report.
    #[track_caller]
    pub(crate) fn reload(&self, configuration: &str) -> String {
        self.scratch.replace(FILE, configuration);
        let finished = self.ask_to_reload();
        assert_eq!((finished.status.code(), &*finished.stderr), (Some(0), ""), "{}", finished.stdout);
        // What is doubtful in the file comes behind it.
        finished.stdout.split("\n\n").next().unwrap_or_default().to_owned()
    }

    /// Reloads, and requires that the configuration is refused; gives what is said.
    #[track_caller]
    pub(crate) fn refuses_to_reload(&self) -> String {
        self.refuses_to_reload_at("control.sock")
    }

    /// The same by a socket that is named, because the file does not say where it is.
    #[track_caller]
    pub(crate) fn refuses_to_reload_at(&self, socket: &str) -> String {
        let finished = self.scratch.run(&["reload", "--socket", socket]);
        assert_eq!((finished.status.code(), &*finished.stdout), (Some(1), ""), "{}", finished.stderr);
        finished.stderr
    }

    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        signal.send(self.pid());
    }

    #[track_caller]
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let status = output::wait(&mut self.child, PATIENCE);
        drop(self.stderr.wait_for_end(PATIENCE));
        status.unwrap_or_else(|| panic!("it has not ended:\n{}", self.log()))
    }

    /// Resident memory, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        kilobytes.expect("a VmRSS line") * 1024
    }

    /// The threads and the open files.
    pub(crate) fn threads_and_files(&self) -> (usize, usize) {
        let count =
            |what: &str| fs::read_dir(format!("/proc/{}/{what}", self.pid())).expect("it runs").count();
        (count("task"), count("fd"))
    }
}

impl Drop for Program<'_> {
    fn drop(&mut self) {
        output::kill(&mut self.child);
        if std::thread::panicking() {
            eprintln!("--- what the program wrote ---\n{}", self.log());
        }
    }
}
