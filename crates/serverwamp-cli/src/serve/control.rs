//! The control socket: `serverwamp reload` asks the running program, and gets back what became of it.
//!
//! In: one line of JSON for each connection, `{"command":"reload"}`, with the `file` that is meant where whoever asks has named one. Out: one
//! line, `{"done":true,"text":"…","file":"…"}`; another file than the server's own is not read. Bounded: the bytes of a line, the time for it, and the connections at a time; who may connect is decided by the mode of the socket.

use super::reload::{Reloaded, Reloader};
use crate::failure::Failure;
use crate::unix_socket::{self, Mode, NamedBy};
use serde::{Deserialize, Serialize};
use serverwamp::server::{Listener as _, UnixSocket};
use std::io::{self, BufRead as _, Write as _};
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// The longest question: the longest path of Linux has 4 KiB, and some of its characters are escaped.
const LONGEST: u64 = 16 << 10;
/// The time for it: whoever asks has the line ready when it connects.
const PATIENCE: Duration = Duration::from_secs(1);
/// The time for somebody to read the answer.
const READING: Duration = Duration::from_secs(5);
/// The connections at a time: whoever is silent must not keep a reload waiting for long.
const CONNECTIONS: usize = 64;
/// The time that a reload may take, seen from whoever waits for it: a thousand realms take a second.
const LONGEST_RELOAD: Duration = Duration::from_secs(60);

/// What is asked.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "command", rename_all = "lowercase")]
enum Question {
    /// Read the configuration again.
    Reload {
        /// The file that is meant, with its whole path: only if the server reads that one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
}

/// The answer.
#[derive(Debug, Deserialize, Serialize)]
struct Answer {
    done: bool,
    text: String,
    /// The file that the server reads.
    #[serde(default)]
    file: Option<String>,
}

/// Listens at the socket.
pub(super) fn listen(path: &Path, mode: Mode) -> Result<UnixSocket<UnixListener>, Failure> {
    unix_socket::listen(path, Some(mode), NamedBy::Control)
}

/// Answers whoever connects, for ever.
pub(super) async fn serve<T>(socket: &mut UnixSocket<UnixListener>, reloader: &Arc<Reloader>) -> T {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("nobody closes it");
        match socket.accept().await {
            Ok((stream, _)) => {
                let reloader = Arc::clone(reloader);
                tokio::spawn(async move {
                    if let Err(error) = answer(stream.into_inner(), &reloader).await {
                        tracing::debug!(target: "serverwamp::program", %error, "a connection to the control socket ended early");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(target: "serverwamp::program", %error, "the control socket cannot accept");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer(stream: UnixStream, reloader: &Reloader) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let mut bounded = (&mut stream).take(LONGEST);
    let read = bounded.read_line(&mut line);
    tokio::time::timeout(PATIENCE, read).await.map_err(|_| io::ErrorKind::TimedOut)??;
    let file = reloader.path().map(|path| whole_path(&path));
    let (done, text) = match serde_json::from_str(&line) {
        Ok(Question::Reload { file: Some(meant) }) if file.as_ref().is_some_and(|file| *file != meant) => {
            (false, another_file(file.as_deref().unwrap_or_default(), &meant))
        }
        Ok(Question::Reload { .. }) => {
            let Reloaded { done, text } = reloader.reload().await;
            (done, text)
        }
        Err(error) => (false, format!("expected {{\"command\":\"reload\"}}: {error}")),
    };
    let answer = Answer { done, text, file };
    let mut line = serde_json::to_string(&answer)?;
    line.push('\n');
    tokio::time::timeout(READING, stream.write_all(line.as_bytes()))
        .await
        .map_err(|_| io::ErrorKind::TimedOut)?
}

/// A path from the root on, with links followed as far as they can be: the same for the server and for whoever asks it.
fn whole_path(path: &Path) -> String {
    let whole = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    whole.as_deref().unwrap_or(path).to_string_lossy().into_owned()
}

fn another_file(own: &str, meant: &str) -> String {
    format!(
        "serverwamp: nothing was reloaded: this server reads {own:?} and not {meant:?}. Write the changes into that file, or restart \
         the server with the other one. If both are one file, seen from two places, name the socket alone: serverwamp reload --socket PATH"
    )
}

/// Asks the program that listens at `path` to reload, if it reads the `file` that is named; its answer is what it did.
///
/// # Errors
/// That nobody listens there, that the answer does not come, or that the configuration was not taken.
pub(super) fn ask_to_reload(path: &Path, file: Option<&Path>) -> Result<String, Failure> {
    let shown = path.display();
    let failed = |error: io::Error| {
        Failure::Connection(match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                format!(
                    "no server listens at {shown}: is it running, with this `[control]` in its configuration?"
                )
            }
            io::ErrorKind::PermissionDenied => {
                format!("this user may not write to {shown}: its `mode` decides who may")
            }
            // It hung up before it heard the question.
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
                format!("what answers at {shown} is no server of this kind")
            }
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                format!("{shown} did not answer within {} s", LONGEST_RELOAD.as_secs())
            }
            _ => format!("cannot ask at {shown}: {error}"),
        })
    };
    let mut stream = StdStream::connect(path).map_err(failed)?;
    stream.set_read_timeout(Some(LONGEST_RELOAD)).map_err(failed)?;
    let question = Question::Reload { file: file.map(whole_path) };
    let question = serde_json::to_string(&question).map_err(|error| failed(error.into()))?;
    stream.write_all(format!("{question}\n").as_bytes()).map_err(failed)?;
    let mut line = String::new();
    io::BufReader::new(stream).read_line(&mut line).map_err(failed)?;
    let answer: Answer = serde_json::from_str(&line)
        .map_err(|_| Failure::Connection(format!("what answers at {shown} is no server of this kind")))?;
    if answer.done { Ok(answer.text) } else { Err(Failure::Mistakes(answer.text)) }
}
