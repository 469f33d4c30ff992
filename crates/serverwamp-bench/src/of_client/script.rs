//! Clients of other languages, each a script in a process of its own: told how long to call, it says how often it did.

use super::{Contender, DEPTH};
use crate::Failure;
use crate::child::cpu_nanos_of;
use crate::exchange::Format;
use crate::load::Turn;
use crate::options::ClientOptions;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// A client of another language.
pub(super) struct Other {
    pub(super) name: &'static str,
    language: Language,
}

enum Language {
    Python,
    JavaScript,
}

pub(super) const OTHERS: [Other; 2] = [
    Other { name: "Autobahn|Python", language: Language::Python },
    Other { name: "wampy.js", language: Language::JavaScript },
];

/// Where the interoperability tests install the clients of other languages.
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/interop");

impl Other {
    /// Starts it, connected to the server.
    pub(super) fn start(
        &self,
        options: &ClientOptions,
        address: SocketAddr,
        format: Format,
    ) -> Result<ScriptedClient, Failure> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients");
        let mut command = match self.language {
            Language::Python => {
                let python = there(options.python.as_deref(), "py/bin/python", "--python")?;
                let mut command = Command::new(python);
                command.arg(scripts.join("autobahn_calls.py"));
                command
            }
            Language::JavaScript => {
                let modules = there(options.node_modules.as_deref(), "node/node_modules", "--node-modules")?;
                let mut command = Command::new("node");
                command.arg(scripts.join("wampy_calls.mjs")).arg(modules);
                command
            }
        };
        command.args([format!("ws://{address}/ws"), format.name().to_owned(), DEPTH.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("no pipes to it".into());
        };
        let mut client = ScriptedClient { child, input, output: BufReader::new(output) };
        match client.line()?.as_str() {
            "ready" => Ok(client),
            other => Err(format!("it did not connect: {other:?}").into()),
        }
    }
}

/// What is given, or what is installed.
fn there(given: Option<&Path>, installed: &str, option: &str) -> Result<PathBuf, Failure> {
    let path = given.map_or_else(|| Path::new(INSTALLED).join(installed), Path::to_owned);
    if path.exists() {
        return Ok(path);
    }
    let text =
        "is not there; run `cargo test -p serverwamp-conformance --test interop` once, or give it with";
    Err(format!("{} {text} {option}", path.display()).into())
}

pub(super) struct ScriptedClient {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl ScriptedClient {
    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Contender for ScriptedClient {
    fn run(&mut self, turn: Duration) -> Result<Turn, Failure> {
        let before = cpu_nanos_of(self.child.id())?;
        let start = Instant::now();
        writeln!(self.input, "{}", turn.as_secs_f64())?;
        let said = self.line()?;
        let took = start.elapsed();
        // It waits for the next line now, so its account is up to date soon.
        std::thread::sleep(Duration::from_millis(3));
        let cpu_nanos = cpu_nanos_of(self.child.id())? - before;
        let operations = said.parse().map_err(|_| format!("it said {said:?} in place of a number"))?;
        Ok(Turn { operations, cpu_nanos, load_nanos: 0, took })
    }
}

impl Drop for ScriptedClient {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
