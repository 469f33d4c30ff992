//! The queue of connections that always have more work than fits into one turn.
//!
//! A connection with little work is served at once. A connection whose turn was not enough queues up behind all others of
//! that kind; between two polls of the sockets only one of the queue runs for each thread. A request therefore waits for at
//! most one such turn, however many peers send without pause.
//!
//! Invariant: every id in `running` or `waiting` belongs to a live connection whose task has a pending wake-up; if it does
//! not use its turn, or ends, the next one gets the turn.

use crate::base::locks::{Mutex, MutexGuard};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::budget::Budget;
use super::outbox::Pool;
use super::wake_queue::{Member, WakeQueue};
use crate::rt::Runtime;

/// The outcome of a turn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Worked {
    /// Nothing is left to do, and something will wake the task when there is.
    Enough,
    /// There is more.
    NotEnough,
    /// The connection has ended.
    Over,
}

impl Worked {
    /// The result of a turn after which `more` can be done now. A message that waits for room in the outbox does not count: the
    /// connection looks again when it has written.
    pub(super) const fn enough_unless(more: bool) -> Self {
        if more { Self::NotEnough } else { Self::Enough }
    }
}

/// Why no further message is handed over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stopped {
    /// All received messages were.
    NeedsInput,
    /// The handler is busy, or the outbox has no room.
    Paused,
    /// Others want to run.
    BudgetSpent,
    /// The connection is closing.
    Closing,
}

/// The turns of all connections of an application.
pub(crate) struct RunQueue {
    runtime: Arc<dyn Runtime>,
    wake_queue: Arc<WakeQueue>,
    pool: Arc<Pool>,
    queue: Mutex<RunState>,
}

#[derive(Default)]
struct RunState {
    /// The last number that was given to anybody.
    last: u64,
    /// The connections that have a turn: at most one per thread.
    running: Vec<u64>,
    /// The next ones, in this order; ended connections are still in it.
    order: VecDeque<u64>,
    /// All that wait.
    waiting: HashMap<u64, Waker>,
}

/// The place of one connection in the run queue.
pub(super) struct Slot {
    run_queue: Arc<RunQueue>,
    _member: Member,
    /// Its number, while it runs or waits.
    number: Option<u64>,
}

impl RunQueue {
    pub(crate) fn new(runtime: Arc<dyn Runtime>, pool: Arc<Pool>) -> Arc<Self> {
        let wake_queue = WakeQueue::new(Arc::clone(&runtime));
        Arc::new(Self { wake_queue, runtime, pool, queue: Mutex::default() })
    }

    /// The pool from which the outboxes of the connections borrow.
    pub(crate) const fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The connections that have events to write.
    pub(crate) const fn wake_queue(&self) -> &Arc<WakeQueue> {
        &self.wake_queue
    }

    pub(super) const fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.runtime
    }

    /// The turns as one connection sees them.
    pub(super) fn join(self: &Arc<Self>) -> Slot {
        Slot { run_queue: Arc::clone(self), _member: self.wake_queue.join(), number: None }
    }

    fn queue(&self) -> MutexGuard<'_, RunState> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets those run who come next, as soon as all who are not in the queue have had their turn.
    fn proceed(&self, mut queue: MutexGuard<'_, RunState>) {
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

impl RunState {
    /// Returns whether it was the turn of `number`, which it no longer is.
    fn stop(&mut self, number: u64) -> bool {
        let place = self.running.iter().position(|running| *running == number);
        place.map(|place| self.running.swap_remove(place)).is_some()
    }
}

impl Slot {
    /// The budget of the connection from `now` on: none while others have their turn; its task is woken when its own has come.
    pub(super) fn begin(&self, now: Instant) -> Budget {
        let has_come = self.number.is_none_or(|number| self.run_queue.queue().running.contains(&number));
        if has_come { Budget::begin(now) } else { Budget::none(now) }
    }

    /// The end of a turn, or of having been woken without one; of all turns if that is ready.
    pub(super) fn end(&mut self, worked: Worked, cx: &Context<'_>) -> Poll<()> {
        match worked {
            Worked::Over => return Poll::Ready(()),
            Worked::Enough => self.was_enough(),
            Worked::NotEnough => self.was_not_enough(cx),
        }
        Poll::Pending
    }

    /// There is more to do than one turn allows. The task of `cx` will be woken for the next one.
    fn was_not_enough(&mut self, cx: &Context<'_>) {
        let mut queue = self.run_queue.queue();
        let number = *self.number.get_or_insert_with(|| {
            queue.last += 1;
            queue.last
        });
        queue.stop(number);
        // Dropping a waker can drop a task, and with it a connection that takes this lock: not before it is free.
        let former = queue.waiting.insert(number, cx.waker().clone());
        // Otherwise it was woken by something else, and keeps its place.
        if former.is_none() {
            queue.order.push_back(number);
        }
        self.run_queue.proceed(queue);
        drop(former);
    }

    /// There is nothing to do now: the next one may.
    fn was_enough(&mut self) {
        let Some(number) = self.number else { return };
        let mut queue = self.run_queue.queue();
        // A waiting connection keeps its place.
        if queue.stop(number) {
            self.number = None;
            self.run_queue.proceed(queue);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut queue = self.run_queue.queue();
        queue.stop(number);
        // Dropped when the lock is free, as above.
        let _waker = queue.waiting.remove(&number);
        self.run_queue.proceed(queue);
    }
}

impl fmt::Debug for RunQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = self.queue();
        f.debug_struct("RunQueue")
            .field("running", &queue.running)
            .field("waiting", &queue.waiting.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("number", &self.number).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rt::BoxFuture;
    use std::hash::{DefaultHasher, Hash, Hasher};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    /// Two threads; a task that is to be woken later is woken at once.
    #[derive(Debug)]
    struct Two;

    impl Runtime for Two {
        fn spawn(&self, _: BoxFuture<'static, ()>) {}

        fn sleep_until(&self, _: Instant) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }

        fn threads(&self) -> usize {
            2
        }
    }

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A connection as its turns know it.
    struct Peer {
        turn: Slot,
        wakes: Arc<Wakes>,
        waker: Waker,
    }

    impl Peer {
        fn join(run_queue: &Arc<RunQueue>) -> Self {
            let wakes = Arc::<Wakes>::default();
            Self { turn: run_queue.join(), waker: Waker::from(Arc::clone(&wakes)), wakes }
        }

        fn may(&self) -> bool {
            !self.turn.begin(Two.now()).is_spent()
        }

        fn needs_more(&mut self) {
            self.turn.was_not_enough(&Context::from_waker(&self.waker));
        }

        fn woken(&self) -> bool {
            self.wakes.0.swap(0, Ordering::Relaxed) > 0
        }
    }

    #[test]
    fn those_who_need_more_come_one_after_the_other_and_others_at_once() {
        let run_queue = RunQueue::new(Arc::new(Two), Arc::default());
        let mut peers: Vec<Peer> = (0..5).map(|_| Peer::join(&run_queue)).collect();
        assert!(peers.iter().all(Peer::may), "nobody has asked for much yet");
        peers.iter_mut().for_each(Peer::needs_more);
        let may = |peers: &[Peer]| peers.iter().map(|peer| (peer.may(), peer.woken())).collect::<Vec<_>>();
        let no = (false, false);
        assert_eq!(may(&peers), [(true, true), (true, true), no, no, no]);
        peers[0].needs_more();
        assert_eq!(may(&peers), [no, (true, false), (true, true), no, no]);
        // Something else wakes one that has to wait: it goes on waiting in its place.
        peers[4].needs_more();
        peers[1].turn.was_enough();
        assert_eq!(may(&peers), [no, (true, false), (true, false), (true, true), no]);
        drop(peers.remove(3));
        assert_eq!(may(&peers), [no, (true, false), (true, false), (true, true)]);
        assert!(Peer::join(&run_queue).may());
    }

    #[test]
    fn nobody_waits_while_fewer_run_than_could_and_nobody_is_forgotten() {
        let run_queue = RunQueue::new(Arc::new(Two), Arc::default());
        let mut peers: Vec<Peer> = (0..6).map(|_| Peer::join(&run_queue)).collect();
        for step in 0..20_000 {
            let mut random = DefaultHasher::new();
            step.hash(&mut random);
            let random = random.finish() as usize;
            let place = random / 6 % peers.len();
            match random % 6 {
                0 => peers[place] = Peer::join(&run_queue),
                1 | 2 => peers[place].turn.was_enough(),
                _ => peers[place].needs_more(),
            }
            let queue = run_queue.queue();
            assert!(queue.running.len() <= 2);
            assert!(queue.waiting.is_empty() || queue.running.len() == 2, "{run_queue:?}");
            let known = peers.iter().filter(|peer| peer.turn.number.is_some()).count();
            assert_eq!(
                queue.running.len() + queue.waiting.len(),
                known,
                "somebody has ended, or waits for ever"
            );
            assert!(queue.order.len() <= 1000, "numbers of those who have ended pile up");
        }
    }
}
