//! All connections of an application, so that they can be ended in good order.

use crate::base::locks::{Mutex, MutexGuard};
use crate::base::signal::Signal;
use crate::transport::Outbox;
use event_listener::Event;
use hashbrown::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

/// The connections and lifecycle handlers that are alive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections(Arc<OpenConnections>);

#[derive(Debug, Default)]
struct OpenConnections {
    open: Mutex<HashMap<u64, Outbox>>,
    next: AtomicU64,
    /// Lifecycle handlers that have not finished their cleanup.
    handlers: AtomicUsize,
    /// Load balancers are told to send clients elsewhere, and nothing else has changed.
    announced: AtomicBool,
    stopping: Signal<Farewell>,
    /// Time is up: nobody waits for anybody any more.
    forced: Signal<()>,
    fewer: Event,
}

/// The message to peers when the server stops.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Farewell {
    /// GOODBYE: there will be no server.
    Goodbye,
    /// Close code 1012 and nothing else: there will be one soon.
    Restart,
}

/// Keeps one connection or lifecycle handler counted.
#[derive(Debug)]
pub(crate) enum Alive {
    Connection(Connections, u64),
    Handler(Connections),
}

impl Connections {
    pub(crate) fn enter(&self, outbox: Outbox) -> Alive {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        self.open().insert(number, outbox);
        Alive::Connection(self.clone(), number)
    }

    pub(crate) fn handler(&self) -> Alive {
        self.0.handlers.fetch_add(1, Ordering::Relaxed);
        Alive::Handler(self.clone())
    }

    /// From now on clients should be sent elsewhere.
    pub(crate) fn announce(&self) {
        self.0.announced.store(true, Ordering::Relaxed);
    }

    /// Returns whether clients should be sent here.
    pub(crate) fn ready(&self) -> bool {
        !self.0.announced.load(Ordering::Relaxed) && !self.stopping()
    }

    pub(crate) fn stopping(&self) -> bool {
        self.0.stopping.get().is_some()
    }

    /// The message to peers, once the server stops.
    pub(crate) fn farewell(&self) -> Option<Farewell> {
        self.0.stopping.get().copied()
    }

    pub(crate) fn forced(&self) -> bool {
        self.0.forced.get().is_some()
    }

    /// Asks every connection to end, waits until they have or `deadline` completes, then makes the rest end at once:
    /// until `written` completes for those that still have to write why.
    pub(crate) async fn shut_down(
        &self,
        farewell: Farewell,
        deadline: impl Future<Output = ()>,
        written: impl Future<Output = ()>,
    ) {
        self.0.stopping.set(farewell);
        self.wake_all();
        futures_util::future::select(pin!(self.finished()), pin!(deadline)).await;
        self.0.forced.set(());
        self.wake_all();
        futures_util::future::select(pin!(self.finished()), pin!(written)).await;
    }

    async fn finished(&self) {
        loop {
            let listener = self.0.fewer.listen();
            if self.open().is_empty() && self.0.handlers.load(Ordering::Relaxed) == 0 {
                return;
            }
            listener.await;
        }
    }

    fn wake_all(&self) {
        for outbox in self.open().values() {
            outbox.wake();
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Outbox>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let connections = match self {
            Self::Connection(connections, number) => {
                connections.open().remove(number);
                connections
            }
            Self::Handler(connections) => {
                connections.0.handlers.fetch_sub(1, Ordering::Relaxed);
                connections
            }
        };
        connections.0.fewer.notify(usize::MAX);
    }
}
