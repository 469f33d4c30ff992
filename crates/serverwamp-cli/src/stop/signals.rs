//! SIGINT and SIGTERM: the first asks to stop in good order, the second at once. SIGHUP, which a terminal sends when it is closed, asks a
//! server to reload and ends none. Commands of the shell it asks to stop, unless `nohup` keeps it from them.

use crate::failure::Failure;
use std::io;

/// The signals that ask a program to stop.
#[derive(Debug)]
pub(crate) struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// Where it asks to stop.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
}

/// The signals that ask a program to read its configuration again. Several that come while one is followed are one.
#[derive(Debug)]
pub(crate) struct ReloadSignals {
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// Listens for them from now on; they no longer end the program by themselves.
    pub(crate) fn listen() -> Result<Self, Failure> {
        Self::new(false).map_err(cannot_listen)
    }

    /// The same for a command that ends with its terminal.
    pub(crate) fn of_command() -> Result<Self, Failure> {
        Self::new(!keeps_hangups_away()).map_err(cannot_listen)
    }

    #[cfg(unix)]
    fn new(hangup: bool) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: hangup.then(|| signal(SignalKind::hangup())).transpose()?,
        })
    }

    #[cfg(not(unix))]
    fn new(_: bool) -> io::Result<Self> {
        Ok(Self {})
    }

    /// Does `work`, unless it is asked to stop first.
    ///
    /// # Errors
    /// Those of the work; that it was stopped.
    pub(crate) async fn unless<T>(
        &mut self,
        work: impl Future<Output = Result<T, Failure>>,
        doing: &str,
    ) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            () = self.next() => Err(Failure::Stopped(format!("stopped {doing}"))),
        }
    }

    /// Waits for the next one.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }

    /// Waits for the next one.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl ReloadSignals {
    /// Listens for them from now on; they no longer end the program.
    pub(crate) fn listen() -> Result<Self, Failure> {
        Self::new().map_err(cannot_listen)
    }

    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { hangup: signal(SignalKind::hangup())? })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next one.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        if self.hangup.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits for the next one.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}

fn cannot_listen(error: io::Error) -> Failure {
    Failure::runtime(format!("cannot listen for signals: {error}"))
}

/// Whether whoever started the program wants it to outlive its terminal, as `nohup` does: who listens for SIGHUP would undo that. Where
/// it cannot be told, nobody listens.
fn keeps_hangups_away() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The signal with the number 1 is the lowest bit.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 == 1)
}
