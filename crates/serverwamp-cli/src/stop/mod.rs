//! How a server of several listeners comes to its end, and what a load balancer, its clients and its operator are told.
//!
//! In: the listeners, [`StopSettings`], and the signals that ask to stop. Out: an [`Outcome`], and a [`Phase`] at each step, so
//! that the caller prints, logs or reports it. Invariants: all listeners stop at the same moment; nothing takes longer than
//! [`StopSettings::longest`]; a second signal ends everything at once.

mod signals;

pub(crate) use self::signals::{ReloadSignals, StopSignals};

use futures_util::future::{BoxFuture, FutureExt as _, try_join_all};
use serverwamp::Server;
use serverwamp::server::{Listener, ServeError};
use std::time::Duration;
use tokio::sync::watch;

/// After this long somebody who waits for the end is told what it waits for.
const NOTICE: Duration = Duration::from_millis(500);

/// What an end takes beside the settings: the last words of connections that are cut.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The way to the end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct StopSettings {
    /// The time in which load balancers notice and everything goes on: [`Server::shutdown_delay`].
    pub(crate) delay: Duration,
    /// The time for calls to be answered and sessions to end: [`Server::drain`].
    pub(crate) drain: Duration,
    /// Whether clients are left to come back, in place of GOODBYE, after which they stay away: [`Server::restarts`].
    pub(crate) restarts: bool,
}

impl StopSettings {
    /// The server that ends like this.
    pub(crate) fn of(self, server: Server) -> Server {
        server.shutdown_delay(self.delay).drain(self.drain).restarts(self.restarts)
    }

    /// The time after which the end has come.
    pub(crate) fn longest(self) -> Duration {
        self.delay.saturating_add(self.drain).saturating_add(LAST_WORDS)
    }
}

/// A step on the way to the end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    /// The first signal came. Connections are accepted if there is a delay.
    Told,
    /// No connection is accepted any more, and sessions are asked to end.
    Draining,
    /// Some have not ended at once.
    Waiting,
}

/// How it ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// As the settings say.
    InOrder,
    /// At the second signal.
    AtOnce,
}

/// Listeners that are served together.
pub(crate) struct Serving {
    settings: StopSettings,
    stop: watch::Sender<()>,
    served: Vec<BoxFuture<'static, Result<(), ServeError>>>,
}

impl Serving {
    pub(crate) fn new(settings: StopSettings) -> Self {
        Self { settings, stop: watch::Sender::new(()), served: Vec::new() }
    }

    /// Serves this listener as well. Nothing is accepted before [`until_stopped`](Self::until_stopped).
    pub(crate) fn add(&mut self, server: Server, listener: impl Listener + 'static) {
        let mut stopped = self.stop.subscribe();
        // An error is a sender that is gone, which is what is waited for.
        let stopped = async move { drop(stopped.changed().await) };
        self.served.push(self.settings.of(server).serve(listener, stopped).boxed());
    }

    /// Serves until the signals ask to stop, and ends then; without a listener it ends at once. `tell` hears of each phase.
    ///
    /// # Errors
    /// Those of [`Server::serve`], before anything is accepted.
    pub(crate) async fn until_stopped(
        self,
        signals: &mut StopSignals,
        mut tell: impl FnMut(Phase),
    ) -> Result<Outcome, ServeError> {
        let Self { settings, stop, served } = self;
        let second_signal = async {
            signals.next().await;
            tell(Phase::Told);
            drop(stop);
            tokio::select! {
                () = signals.next() => return,
                () = tokio::time::sleep(settings.delay) => tell(Phase::Draining),
            }
            tokio::select! {
                () = signals.next() => return,
                () = tokio::time::sleep(NOTICE) => tell(Phase::Waiting),
            }
            signals.next().await;
        };
        tokio::select! {
            // In this order: servers that have ended were not cut off.
            biased;
            ended = try_join_all(served) => ended.map(|_| Outcome::InOrder),
            () = second_signal => Ok(Outcome::AtOnce),
        }
    }
}
