//! A program that answers calls: one for each call, bounded in number, time and output.
//!
//! Invariant: no shell reads anything that a caller sent. The program and its arguments are the operator's; the call goes to its
//! standard input.

use super::super::json;
use super::super::words::json_or_text;
use super::group::Group;
use crate::failure::Failure;
use serverwamp::{Value, WampError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;
use tokio::sync::Semaphore;

/// The longest result, in bytes: it has to fit into a message.
const LONGEST_RESULT: u64 = 8 << 20;
/// The most of the standard error that a caller is told, in bytes.
const LONGEST_COMPLAINT: u64 = 4096;
/// The time to read what a program has printed before it ended.
const AFTER_THE_END: Duration = Duration::from_millis(500);
/// The error of a program that failed.
const COMMAND_FAILED: &str = "serverwamp.error.command_failed";

/// What bounds the processes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Processes that run at once.
    pub(super) parallel: usize,
    /// The time of one.
    pub(super) time: Duration,
}

/// A program with its arguments.
#[derive(Debug)]
pub(super) struct Command {
    program: PathBuf,
    arguments: Vec<OsString>,
    limits: Limits,
    places: Semaphore,
}

impl Command {
    /// Checks that the program is there, before anything is registered.
    pub(super) fn new(program: &Path, arguments: &[OsString], limits: Limits) -> Result<Self, Failure> {
        let whole = find(program).ok_or_else(|| {
            let shown = program.display();
            let advice = if program.to_string_lossy().contains(' ') {
                "; its arguments go behind --, as in --exec wc -- -w"
            } else {
                ""
            };
            Failure::usage(format!("--exec {shown}: there is no such program{advice}"))
        })?;
        let places = Semaphore::new(limits.parallel);
        Ok(Self { program: whole, arguments: arguments.to_vec(), limits, places })
    }

    /// Runs the program with this on its standard input, and returns what it printed; nothing if it printed nothing.
    ///
    /// Dropped, as for a call that is canceled, the program is killed, with the processes that it has started.
    pub(super) async fn run(&self, input: &Value) -> Result<Option<Value>, WampError> {
        let _place =
            self.places.acquire().await.map_err(|_| WampError::unavailable("the shell is stopping"))?;
        match tokio::time::timeout(self.limits.time, self.process(input)).await {
            Ok(answer) => answer,
            Err(_) => Err(WampError::timeout(format!("the program took longer than {:?}", self.limits.time))),
        }
    }

    async fn process(&self, input: &Value) -> Result<Option<Value>, WampError> {
        let mut process = self.start().map_err(|error| failed(&format!("it cannot be started: {error}")))?;
        let _whole = Group::of(&process);
        let (stdin, stdout, stderr) = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let document = json::compact(input) + "\n";
        let (mut printed, mut complaint) = (Vec::new(), Vec::new());
        let status = {
            let exchange = async {
                let write = async {
                    if let Some(mut stdin) = stdin {
                        // A program that does not read its input has still done its work.
                        drop(stdin.write_all(document.as_bytes()).await);
                    }
                    Ok(())
                };
                tokio::try_join!(write, result_of(stdout, &mut printed), beginning_of(stderr, &mut complaint))
            };
            let mut exchange = std::pin::pin!(exchange);
            tokio::select! {
                done = &mut exchange => {
                    done?;
                    process.wait().await
                }
                status = process.wait() => {
                    // What it printed last is in the pipes still, which a process that it left behind may hold open.
                    if let Ok(done) = tokio::time::timeout(AFTER_THE_END, &mut exchange).await {
                        done?;
                    }
                    status
                }
            }
        };
        let status = status.map_err(|error| failed(&format!("its end is unknown: {error}")))?;
        if !status.success() {
            let said = String::from_utf8_lossy(&complaint).trim_end().to_owned();
            let text = if said.is_empty() { status.to_string() } else { said };
            return Err(match status.code() {
                Some(code) => failed(&text).kwarg("status", code),
                None => failed(&text),
            });
        }
        result(printed)
    }

    fn start(&self) -> std::io::Result<Child> {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Proofs of who the shell is are not for a program that reads what strangers send.
        command.env_remove("WAMP_TICKET").env_remove("WAMP_SECRET").kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }
}

fn failed(text: &str) -> WampError {
    WampError::new(COMMAND_FAILED).arg(text)
}

/// Reads a result to its end.
///
/// # Errors
/// There is more than a result can be. The program is not waited for: it may never end.
async fn result_of(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> Result<(), WampError> {
    let Some(from) = from else { return Ok(()) };
    // What was read before an error is what there is.
    drop(from.take(LONGEST_RESULT + 1).read_to_end(into).await);
    match into.len() as u64 > LONGEST_RESULT {
        true => Err(failed(&format!("it printed more than {} MiB", LONGEST_RESULT >> 20))),
        false => Ok(()),
    }
}

/// Reads to the end, so that the process never waits, and keeps the beginning.
async fn beginning_of(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> Result<(), WampError> {
    let Some(from) = from else { return Ok(()) };
    let mut beginning = from.take(LONGEST_COMPLAINT);
    drop(beginning.read_to_end(into).await);
    let mut rest = beginning.into_inner();
    drop(tokio::io::copy(&mut rest, &mut tokio::io::sink()).await);
    Ok(())
}

/// What a program printed: JSON, or else text, or else bytes; without the line break at its end.
fn result(bytes: Vec<u8>) -> Result<Option<Value>, WampError> {
    match String::from_utf8(bytes) {
        Ok(text) => {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() {
                return Ok(None);
            }
            // Text that begins like JSON and is none is text here: no person mistyped it.
            Ok(Some(json_or_text(line, None).unwrap_or_else(|_| Value::Text(line.to_owned()))))
        }
        Err(error) => Ok(Some(Value::Binary(error.into_bytes()))),
    }
}

/// The program's file, as the system finds programs.
fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 || program.is_absolute() {
        return is_program(program).then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file() || file.with_extension("exe").is_file()
}
