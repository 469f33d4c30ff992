//! Whose turn it is among connections that always have more to do.
//!
//! A connection that is asked for little is served at once. One whose turn was not enough queues up behind all others of
//! that kind, and of those only as many run between two looks at the sockets as there are threads. So what a request
//! waits for is one such turn, however many peers send without end.
//!
//! Invariant: who is named as running, or waits, is a connection that exists and whose task has been or will be woken;
//! when it has no use for its turn, or ends, the next one gets it.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use crate::rt::Runtime;

/// The turns of all connections of an application.
pub(crate) struct Turns {
    runtime: Arc<dyn Runtime>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// The last number that was given to anybody.
    last: u64,
    /// Whose turn it is: never more than there are threads.
    running: Vec<u64>,
    /// Who comes after them, in this order; those who have ended are still in it.
    order: VecDeque<u64>,
    /// All that wait.
    waiting: HashMap<u64, Waker>,
}

/// What one connection knows about its turns.
pub(super) struct Turn {
    turns: Arc<Turns>,
    /// Its number, while it runs or waits.
    number: Option<u64>,
}

impl Turns {
    pub(crate) fn new(runtime: Arc<dyn Runtime>) -> Arc<Self> {
        Arc::new(Self { runtime, queue: Mutex::default() })
    }

    pub(super) const fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.runtime
    }

    /// The turns as one connection sees them.
    pub(super) fn join(self: &Arc<Self>) -> Turn {
        Turn { turns: Arc::clone(self), number: None }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets those run who come next, as soon as all who are not in the queue have had their turn.
    fn proceed(&self, mut queue: MutexGuard<'_, Queue>) {
        let threads = self.runtime.threads().max(1);
        let mut next = Vec::new();
        while queue.running.len() < threads
            && let Some(number) = queue.order.pop_front()
        {
            if let Some(waker) = queue.waiting.remove(&number) {
                queue.running.push(number);
                next.push(waker);
            }
        }
        drop(queue);
        for waker in next {
            self.runtime.wake_later(&mut Context::from_waker(&waker));
        }
    }
}

impl Queue {
    /// Whether it was the turn of `number`, which it no longer is.
    fn stop(&mut self, number: u64) -> bool {
        let place = self.running.iter().position(|running| *running == number);
        place.map(|place| self.running.swap_remove(place)).is_some()
    }
}

impl Turn {
    /// Whether it may do something now. If not, the task will be woken when it may.
    pub(super) fn has_come(&self) -> bool {
        self.number.is_none_or(|number| self.turns.queue().running.contains(&number))
    }

    /// There is more to do than one turn allows. The task of `cx` will be woken for the next one.
    pub(super) fn was_not_enough(&mut self, cx: &mut Context<'_>) {
        let mut queue = self.turns.queue();
        let number = *self.number.get_or_insert_with(|| {
            queue.last += 1;
            queue.last
        });
        queue.stop(number);
        match queue.waiting.entry(number) {
            // It was woken by something else.
            Entry::Occupied(waiting) => waiting.into_mut().clone_from(cx.waker()),
            Entry::Vacant(waiting) => {
                waiting.insert(cx.waker().clone());
                queue.order.push_back(number);
            }
        }
        self.turns.proceed(queue);
    }

    /// There is nothing to do now: the next one may.
    pub(super) fn was_enough(&mut self) {
        let Some(number) = self.number else { return };
        let mut queue = self.turns.queue();
        // Who waits keeps its place.
        if queue.stop(number) {
            self.number = None;
            self.turns.proceed(queue);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut queue = self.turns.queue();
        queue.stop(number);
        queue.waiting.remove(&number);
        self.turns.proceed(queue);
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.queue();
        f.debug_struct("Turns")
            .field("running", &queue.running)
            .field("waiting", &queue.waiting.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("number", &self.number).finish_non_exhaustive()
    }
}
