//! The output of a child process, collected in the background so that a test can search it.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The text a child process has written to one of its pipes so far.
#[derive(Clone, Debug, Default)]
pub struct Output {
    shared: Arc<(Mutex<Collected>, Condvar)>,
}

#[derive(Debug, Default)]
struct Collected {
    text: String,
    ended: bool,
}

impl Output {
    /// Starts a thread that collects everything `pipe` yields.
    ///
    /// # Panics
    ///
    /// When no thread can be started.
    #[must_use]
    pub fn collect(mut pipe: impl Read + Send + 'static) -> Self {
        let output = Self::default();
        let writer = output.clone();
        thread::Builder::new()
            .name("collect-output".to_owned())
            .spawn(move || {
                let mut chunk = [0; 8192];
                // Bytes of a character that is not complete yet wait for the rest of it.
                let mut pending = Vec::new();
                loop {
                    let length = pipe.read(&mut chunk).unwrap_or(0);
                    pending.extend_from_slice(&chunk[..length]);
                    writer.append(&mut pending, length == 0);
                    if length == 0 {
                        return;
                    }
                }
            })
            .expect("a thread is started");
        output
    }

    fn append(&self, pending: &mut Vec<u8>, ended: bool) {
        let complete = match std::str::from_utf8(pending) {
            Err(error) if error.error_len().is_none() && !ended => error.valid_up_to(),
            _ => pending.len(),
        };
        let mut collected = self.lock();
        collected.text.push_str(&String::from_utf8_lossy(&pending[..complete]));
        collected.ended = ended;
        pending.drain(..complete);
        self.shared.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Collected> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything so far.
    #[must_use]
    pub fn text(&self) -> String {
        self.lock().text.clone()
    }

    /// Waits until `find` finds something in the text. `None` when the pipe has ended or time is up.
    pub fn wait_for<T>(&self, time: Duration, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + time;
        let mut collected = self.lock();
        loop {
            if let Some(found) = find(&collected.text) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if collected.ended || left.is_zero() {
                return None;
            }
            collected = self.shared.1.wait_timeout(collected, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the pipe is closed, and gives all its text.
    #[must_use]
    pub fn wait_for_end(&self, time: Duration) -> String {
        let deadline = Instant::now() + time;
        let mut collected = self.lock();
        while !collected.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            collected = self.shared.1.wait_timeout(collected, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        collected.text.clone()
    }
}

/// A program that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Runs a program to its end, at most for `time`, after which it is killed.
///
/// # Errors
///
/// When it cannot be started, or has to be killed.
pub fn run(command: &mut Command, time: Duration) -> Result<Finished, String> {
    let name = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {name}: {error}"))?;
    let stdout = Output::collect(child.stdout.take().expect("piped"));
    let stderr = Output::collect(child.stderr.take().expect("piped"));
    let status = wait(&mut child, time);
    if status.is_none() {
        kill(&mut child);
    }
    let (stdout, stderr) =
        (stdout.wait_for_end(Duration::from_secs(5)), stderr.wait_for_end(Duration::from_secs(5)));
    match status {
        Some(status) => Ok(Finished { status, stdout, stderr }),
        None => Err(format!("{name} did not end within {time:?}\nstdout: {stdout}\nstderr: {stderr}")),
    }
}

/// Waits for a child's end. `None` when time is up.
///
/// # Panics
///
/// When the system does not say how the child is.
pub fn wait(child: &mut std::process::Child, time: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + time;
    loop {
        if let Some(status) = child.try_wait().expect("the state of a child can be asked") {
            return Some(status);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Ends a child at once and waits until it is gone.
pub fn kill(child: &mut std::process::Child) {
    // It may have ended by itself: then there is nothing to kill, and `wait` returns its status.
    drop(child.kill());
    drop(child.wait());
}
