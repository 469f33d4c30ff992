//! Runs one conversation of a client in another language.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::interop;
use crate::output::{self, Output};

/// The time that a conversation may take from its start: a host stays until all others have visited all hosts.
pub const CONVERSATION: Duration = Duration::from_secs(120);

/// The origin of the page that clients are in which are made for browsers: another one than that of any server, on the
/// same host.
const PAGE: &str = "http://127.0.0.1:3000";

/// A WAMP client that others wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Autobahn|Python on asyncio.
    Autobahn,
    /// wampy.js on Node.js.
    Wampy,
    /// autobahn-js on Node.js, with what it takes from a browser.
    AutobahnJs,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Autobahn, Self::Wampy, Self::AutobahnJs];

    /// Its name in the names of tests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Autobahn => "autobahn",
            Self::Wampy => "wampy",
            Self::AutobahnJs => "autobahnjs",
        }
    }

    /// The serializers it has, by the end of their subprotocol's name.
    #[must_use]
    pub const fn serializers(self) -> &'static [&'static str] {
        match self {
            Self::Autobahn => &["json", "msgpack", "cbor", "json.batched", "msgpack.batched", "cbor.batched"],
            Self::Wampy | Self::AutobahnJs => &["json", "msgpack", "cbor"],
        }
    }

    /// Installs it, once.
    ///
    /// # Errors
    ///
    /// With the reason why it cannot be had here.
    pub fn prepare(self) -> Result<(), String> {
        match self {
            Self::Autobahn => interop::python().map(drop),
            Self::Wampy | Self::AutobahnJs => interop::node().map(drop),
        }
    }

    /// Starts a conversation with the server at `url`.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(self, url: &str, serializer: &str, scenario: &str) -> Result<Conversation, String> {
        self.start_trusting(Path::new(""), url, serializer, scenario)
    }

    /// As [`start`](Self::start), with an authority in a PEM file whose certificates are trusted.
    ///
    /// # Errors
    ///
    /// When the client cannot be had or started.
    pub fn start_trusting(
        self,
        authority: &Path,
        url: &str,
        serializer: &str,
        scenario: &str,
    ) -> Result<Conversation, String> {
        let mut command = match self {
            Self::Autobahn => {
                let mut command = Command::new(interop::python()?);
                command.arg(interop::scripts().join("autobahn_client.py"));
                command.env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
            Self::Wampy | Self::AutobahnJs => {
                let mut command = Command::new("node");
                command.arg(interop::node()?.join(format!("{}_client.mjs", self.name())));
                command
            }
        };
        let mut child = command
            .env("AUTHORITY", authority)
            .env("PAGE", PAGE)
            .args([url, serializer, scenario])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let stdout = Output::collect(child.stdout.take().expect("piped"));
        let stderr = Output::collect(child.stderr.take().expect("piped"));
        Ok(Conversation { child, stdout, stderr, deadline: Instant::now() + CONVERSATION })
    }
}

/// A conversation that is going on. The client is killed when this is dropped.
#[derive(Debug)]
pub struct Conversation {
    child: Child,
    stdout: Output,
    stderr: Output,
    deadline: Instant,
}

impl Conversation {
    /// Waits until the client has joined and says that the test may act.
    ///
    /// # Errors
    ///
    /// With what the client wrote, when it does not.
    pub fn wait_until_ready(&self) -> Result<(), String> {
        let ready = |text: &str| text.lines().any(|line| line == "ready").then_some(());
        self.stderr.wait_for(self.left(), ready).ok_or_else(|| format!("it was never ready\n{}", self.said()))
    }

    /// Waits for the conversation's end, and gives what the client saw.
    ///
    /// # Errors
    ///
    /// With what the client wrote, when it failed, or is not done in time.
    pub fn finish(mut self) -> Result<Value, String> {
        let left = self.left();
        let Some(status) = output::wait(&mut self.child, left) else {
            return Err(format!("it did not end within {CONVERSATION:?}\n{}", self.said()));
        };
        let stdout = self.stdout.wait_for_end(Duration::from_secs(1));
        let summary = stdout.lines().last().and_then(|line| serde_json::from_str(line).ok());
        match summary {
            Some(summary) if status.success() => Ok(summary),
            _ => Err(format!("it ended with {status}\n{}", self.said())),
        }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    fn said(&self) -> String {
        format!("--- its output\n{}--- its errors\n{}", self.stdout.text(), self.stderr.text())
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        output::kill(&mut self.child);
    }
}
