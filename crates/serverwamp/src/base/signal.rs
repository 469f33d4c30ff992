//! A value that is set once and that any number of tasks can wait for.
//!
//! The end of a session, of a subscription and the cancellation of a call are all such values. Setting it a second
//! time changes nothing, so the first reason for an end is the one everybody sees.

use event_listener::{Event, EventListener};
use std::sync::OnceLock;
use std::sync::atomic::{Ordering, fence};

/// Set once, awaited by many.
#[derive(Debug)]
pub(crate) struct Signal<T> {
    value: OnceLock<T>,
    changed: Event,
}

impl<T> Default for Signal<T> {
    fn default() -> Self {
        Self { value: OnceLock::new(), changed: Event::new() }
    }
}

impl<T: Clone> Signal<T> {
    /// Sets the value and wakes everybody who waits; `false` when it was set already.
    pub(crate) fn set(&self, value: T) -> bool {
        let first = self.value.set(value).is_ok();
        if first {
            // Without listeners, a notification would allocate the list of them. One of this fence and that of `listen` comes
            // first: either the listener is seen here, or the value there.
            fence(Ordering::SeqCst);
            if self.changed.total_listeners() > 0 {
                self.changed.notify(usize::MAX);
            }
        }
        first
    }

    /// The value, if it has been set.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// Completes when the value is set later. Who listens has to look at the value once more before it waits.
    pub(crate) fn listen(&self) -> EventListener {
        let listener = self.changed.listen();
        fence(Ordering::SeqCst);
        listener
    }

    /// Waits until the value is set.
    pub(crate) async fn wait(&self) -> T {
        loop {
            if let Some(value) = self.value.get() {
                return value.clone();
            }
            let listener = self.listen();
            // Set between the look and the listening: the notification would not come again.
            if let Some(value) = self.value.get() {
                return value.clone();
            }
            listener.await;
        }
    }
}
