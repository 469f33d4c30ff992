//! Waking many connections because of one event.
//!
//! An event for a thousand subscribers makes a thousand tasks ready at once, and a runtime lets all of them write before it
//! polls its sockets. A dedicated task wakes them in batches instead, and the runtime polls its sockets between batches. Any
//! other message pushed for a connection in the queue wakes it at once.
//!
//! Invariant: every connection in the queue is woken by the waking task, or, if that is gone with its runtime, by whoever
//! notices. As long as there are connections there is such a task, unless their runtime drops it.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;

use super::Outbox;
use crate::base::locks::{Mutex, MutexGuard};
use crate::rt::Runtime;

/// Connections in a batch, for each thread; a write takes some microseconds.
const AT_ONCE: usize = 16;

/// Subscriptions with more subscribers are woken in batches; fewer are written to sooner without the queue.
pub(crate) const BATCHED_ABOVE: usize = 64;

/// The fraction of the queue that is woken at once if that is more, so that the queue does not grow with the publications.
const SHARE: usize = 32;

/// Room in the queue that is kept when nobody waits.
const KEPT: usize = 4096;

/// The connections of an application that have something to write because of events.
#[derive(Default)]
pub(crate) struct WakeQueue {
    /// Without one, everybody is woken at once.
    runtime: Option<Arc<dyn Runtime>>,
    queue: Mutex<WakeState>,
    /// Wakes the waking task.
    waking: AtomicWaker,
}

#[derive(Default)]
struct WakeState {
    asleep: VecDeque<Outbox>,
    /// Connections that there are.
    members: usize,
    /// Whether there is a waking task.
    attended: bool,
}

/// A connection that is there.
#[derive(Debug)]
pub(super) struct Member(Arc<WakeQueue>);

/// The waking task.
struct Waking {
    wake_queue: Arc<WakeQueue>,
    over: bool,
}

impl WakeQueue {
    pub(crate) fn new(runtime: Arc<dyn Runtime>) -> Arc<Self> {
        Arc::new(Self { runtime: Some(runtime), ..Self::default() })
    }

    /// A connection comes. To be called where its runtime can spawn.
    pub(super) fn join(self: &Arc<Self>) -> Member {
        let mut queue = self.queue();
        queue.members += 1;
        let spawn = self.runtime.as_ref().filter(|_| !std::mem::replace(&mut queue.attended, true));
        drop(queue);
        if let Some(runtime) = spawn {
            runtime.spawn(Box::pin(Waking { wake_queue: Arc::clone(self), over: false }));
        }
        Member(Arc::clone(self))
    }

    /// Wakes those who sleep and have something to write, soon.
    pub(crate) fn wake(&self, asleep: Vec<Outbox>) {
        if asleep.is_empty() {
            return;
        }
        let mut queue = self.queue();
        if queue.attended && self.runtime.is_some() {
            queue.asleep.extend(asleep);
            drop(queue);
            return self.waking.wake();
        }
        drop(queue);
        asleep.iter().for_each(Outbox::wake_in_turn);
    }

    fn queue(&self) -> MutexGuard<'_, WakeState> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.members -= 1;
        let last = queue.members == 0;
        drop(queue);
        if last {
            self.0.waking.wake();
        }
    }
}

impl Future for Waking {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(runtime) = self.wake_queue.runtime.clone() else { return Poll::Ready(()) };
        self.wake_queue.waking.register(cx.waker());
        let mut queue = self.wake_queue.queue();
        let some = (queue.asleep.len() / SHARE).max(AT_ONCE * runtime.threads()).min(queue.asleep.len());
        let next: Vec<Outbox> = queue.asleep.drain(..some).collect();
        let more = !queue.asleep.is_empty();
        let over = !more && queue.members == 0;
        queue.attended = !over;
        if !more && queue.asleep.capacity() > KEPT {
            queue.asleep = VecDeque::new();
        }
        drop(queue);
        next.iter().for_each(Outbox::wake_in_turn);
        self.over = over;
        match over {
            true => Poll::Ready(()),
            false => {
                if more {
                    runtime.wake_later(cx);
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for Waking {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let mut queue = self.wake_queue.queue();
        queue.attended = false;
        let asleep = std::mem::take(&mut queue.asleep);
        drop(queue);
        asleep.iter().for_each(Outbox::wake_in_turn);
    }
}

impl fmt::Debug for WakeQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.queue();
        f.debug_struct("WakeQueue")
            .field("asleep", &queue.asleep.len())
            .field("members", &queue.members)
            .field("attended", &queue.attended)
            .finish_non_exhaustive()
    }
}
