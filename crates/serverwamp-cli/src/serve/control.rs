//! The control socket: `serverwamp reload` asks the running program, and gets back what became of it.
//!
//! In: one line of JSON for each connection, `{"command":"reload"}`. Out: one line, `{"done":true,"text":"…"}`. Bounded: the bytes of a
//! line, the time for it, and the connections at a time; who may connect is decided by the mode of the socket.

use super::reload::{Reloaded, Reloader};
use crate::failure::Failure;
use crate::unix_socket::{self, Mode};
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

/// The longest question.
const LONGEST: u64 = 4096;
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
    Reload,
}

/// The answer.
#[derive(Debug, Deserialize, Serialize)]
struct Answer {
    done: bool,
    text: String,
}

/// Listens at the socket.
pub(super) fn listen(path: &Path, mode: Mode) -> Result<UnixSocket<UnixListener>, Failure> {
    unix_socket::listen(path, Some(mode))
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
    let answer = match serde_json::from_str(&line) {
        Ok(Question::Reload) => {
            let Reloaded { done, text } = reloader.reload().await;
            Answer { done, text }
        }
        Err(error) => Answer { done: false, text: format!("expected {{\"command\":\"reload\"}}: {error}") },
    };
    let mut line = serde_json::to_string(&answer)?;
    line.push('\n');
    tokio::time::timeout(READING, stream.write_all(line.as_bytes()))
        .await
        .map_err(|_| io::ErrorKind::TimedOut)?
}

/// Asks the program that listens at `path` to reload; its answer is what it did.
///
/// # Errors
/// That nobody listens there, that the answer does not come, or that the configuration was not taken.
pub(super) fn ask_to_reload(path: &Path) -> Result<String, Failure> {
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
    let question = serde_json::to_string(&Question::Reload).map_err(|error| failed(error.into()))?;
    stream.write_all(format!("{question}\n").as_bytes()).map_err(failed)?;
    let mut line = String::new();
    io::BufReader::new(stream).read_line(&mut line).map_err(failed)?;
    let answer: Answer = serde_json::from_str(&line)
        .map_err(|_| Failure::Connection(format!("what answers at {shown} is no server of this kind")))?;
    if answer.done { Ok(answer.text) } else { Err(Failure::Mistakes(answer.text)) }
}
