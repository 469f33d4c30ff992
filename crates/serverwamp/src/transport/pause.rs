//! Pauses of senders: a connection that fills the outboxes of others waits for them.
//!
//! A push that takes an outbox above its mark notes that on its thread, for the listener there: the connection that has
//! its turn, which then reads nothing until the receivers have room, or a publication that waits.
//!
//! Invariant: a noted outbox belongs to the innermost listener of the thread, and nothing is noted where nobody listens.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use super::Outbox;
use super::budget::charge_time;

thread_local! {
    static LISTENS: Cell<Listens> = const { Cell::new(Listens::Nobody) };
    static NOTED: RefCell<Vec<Outbox>> = const { RefCell::new(Vec::new()) };
}

/// The listener on a thread, if there is one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Listens {
    Nobody,
    Somebody,
    /// And something has been noted.
    WithNotes,
}

/// Pauses that there were, to tell them apart.
static PAUSES: AtomicU64 = AtomicU64::new(0);

/// Somebody listens on this thread, until this is dropped.
#[derive(Debug)]
pub(super) struct Listening {
    before: Listens,
}

/// A sender waits for the receivers of what it sent.
#[derive(Debug)]
pub(crate) struct Pause {
    number: u64,
    /// It waits for the last of them first, and then for the one before.
    receivers: Vec<Outbox>,
    /// Those that have room: when the sender has used it, it is the turn of others.
    relieved: Vec<Outbox>,
}

/// Notes that a push on this thread took the outbox above its mark. Locks may be held.
#[cold]
pub(super) fn note(outbox: &Outbox) {
    if LISTENS.get() != Listens::Nobody {
        LISTENS.set(Listens::WithNotes);
        NOTED.with_borrow_mut(|noted| {
            if !noted.last().is_some_and(|last| last.is(outbox)) {
                noted.push(outbox.clone());
            }
        });
        // So that somebody looks.
        charge_time();
    }
}

/// Listens to what is pushed on this thread.
pub(super) fn listen() -> Listening {
    Listening { before: LISTENS.replace(Listens::Somebody) }
}

/// The outboxes that have been noted since the last time.
pub(super) fn noted() -> Vec<Outbox> {
    NOTED.take()
}

/// Runs `publish`, and returns its result with the pause that the publisher should make.
pub(crate) fn pause_after<T>(publish: impl FnOnce() -> T) -> (T, Pause) {
    let outer = NOTED.take();
    let listening = listen();
    let published = publish();
    let receivers = NOTED.take();
    drop(listening);
    NOTED.set(outer);
    (published, Pause::new(receivers))
}

impl Drop for Listening {
    #[inline]
    fn drop(&mut self) {
        if LISTENS.replace(self.before) == Listens::WithNotes {
            drop(NOTED.take());
        }
    }
}

impl Pause {
    pub(super) fn new(receivers: Vec<Outbox>) -> Self {
        Self { number: PAUSES.fetch_add(1, Ordering::Relaxed), receivers, relieved: Vec::new() }
    }

    /// Waits for these as well.
    pub(super) fn extend(&mut self, receivers: Vec<Outbox>) {
        if let Some(last) = self.receivers.last() {
            last.forget_pause(self.number);
        }
        self.receivers.extend(receivers);
    }

    /// Completes when none of the receivers has to be waited for any more.
    pub(crate) fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        while let Some(receiver) = self.receivers.last() {
            if receiver.poll_relief(self.number, cx).is_pending() {
                return Poll::Pending;
            }
            self.relieved.extend(self.receivers.pop());
        }
        Poll::Ready(())
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        if let Some(last) = self.receivers.last() {
            last.forget_pause(self.number);
        }
        self.relieved.iter().for_each(Outbox::pass_on);
    }
}
