//! SIGINT and SIGTERM: the first asks to stop in good order, the second at once. SIGHUP asks to reload, and ends nothing, also when
//! a terminal sends it that is closed.

use crate::failure::Failure;
use std::io;

/// The signals that ask a program to stop.
#[derive(Debug)]
pub(crate) struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
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
        Self::new().map_err(cannot_listen)
    }

    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
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
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
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
