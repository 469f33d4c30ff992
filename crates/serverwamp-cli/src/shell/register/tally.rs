//! The count of the calls that are answered, and those of them that are shown.
//!
//! In: calls, each with a turn and an answer. Out: the calls to show, until there were enough. Invariants: exactly so many calls as were
//! asked for are answered, whether they are shown or not; calls that wait to be shown are bounded in number and in bytes, because a
//! terminal may stand still.

use super::Came;
use serverwamp::WampError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::{Notify, mpsc};

/// The calls that wait to be shown.
const WAITING_CALLS: usize = 1024;
/// The bytes of their arguments.
const WAITING_BYTES: usize = 16 << 20;

/// The side of those who answer.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    shared: Arc<Shared>,
    show: mpsc::Sender<(Came, usize)>,
}

/// The side of the one who shows.
#[derive(Debug)]
pub(super) struct Shown {
    shared: Arc<Shared>,
    calls: mpsc::Receiver<(Came, usize)>,
    ended: bool,
}

/// One call, or the news that some are not shown.
#[derive(Debug)]
pub(super) struct ToShow {
    pub(super) came: Option<Came>,
    /// Those before it that are not shown.
    pub(super) not_shown: u64,
}

#[derive(Debug)]
struct Shared {
    /// Calls that may begin.
    to_begin: AtomicU64,
    /// Calls that are not answered yet.
    to_answer: AtomicU64,
    all_answered: Notify,
    waiting_bytes: AtomicUsize,
    not_shown: AtomicU64,
}

impl Tally {
    /// Counts up to `count`, or without end.
    pub(super) fn new(count: Option<u64>) -> (Self, Shown) {
        let count = count.unwrap_or(u64::MAX);
        let shared = Arc::new(Shared {
            to_begin: AtomicU64::new(count),
            to_answer: AtomicU64::new(count),
            all_answered: Notify::new(),
            waiting_bytes: AtomicUsize::new(0),
            not_shown: AtomicU64::new(0),
        });
        let (show, calls) = mpsc::channel(WAITING_CALLS);
        (Self { shared: Arc::clone(&shared), show }, Shown { shared, calls, ended: false })
    }

    /// The turn of a call that has come.
    ///
    /// # Errors
    /// So many calls as were asked for have their turn.
    pub(super) fn turn(&self) -> Result<Turn<'_>, WampError> {
        let one_less = |left: u64| left.checked_sub(1);
        match self.shared.to_begin.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less) {
            Ok(_) => Ok(Turn { tally: self, came: None }),
            Err(_) => Err(WampError::unavailable("as many calls as were asked for are answered")),
        }
    }
}

/// A call that is being answered. However it ends, also canceled, it counts.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    tally: &'a Tally,
    came: Option<(Came, usize)>,
}

impl Turn<'_> {
    /// The call has its answer, and its arguments have so many bytes.
    pub(super) fn answered(mut self, came: Came, bytes: usize) {
        self.came = Some((came, bytes));
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let shared = &self.tally.shared;
        if let Some((came, bytes)) = self.came.take() {
            let waiting = shared.waiting_bytes.fetch_add(bytes, Ordering::AcqRel);
            // One is shown always, however long it is.
            let room = waiting == 0 || waiting + bytes <= WAITING_BYTES;
            if !room || self.tally.show.try_send((came, bytes)).is_err() {
                shared.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
                shared.not_shown.fetch_add(1, Ordering::AcqRel);
            }
        }
        if shared.to_answer.fetch_sub(1, Ordering::AcqRel) == 1 {
            shared.all_answered.notify_one();
        }
    }
}

impl Shown {
    /// Waits for the next call; `None` when all are answered and shown.
    pub(super) async fn next(&mut self) -> Option<ToShow> {
        if !self.ended {
            tokio::select! {
                biased;
                Some(call) = self.calls.recv() => return Some(self.to_show(Some(call))),
                () = self.shared.all_answered.notified() => self.ended = true,
            }
        }
        // What was answered before the last one waits here.
        let left = self.calls.try_recv().ok();
        let to_show = self.to_show(left);
        (to_show.came.is_some() || to_show.not_shown > 0).then_some(to_show)
    }

    fn to_show(&self, call: Option<(Came, usize)>) -> ToShow {
        let came = call.map(|(came, bytes)| {
            self.shared.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
            came
        });
        ToShow { came, not_shown: self.shared.not_shown.swap(0, Ordering::AcqRel) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp::Dict;

    fn came() -> Came {
        Came { procedure: "a.b".to_owned(), args: Vec::new(), kwargs: Dict::new(), caller: Dict::new() }
    }

    async fn rest(shown: &mut Shown) -> (usize, u64) {
        let mut seen = (0, 0);
        while let Some(call) = shown.next().await {
            seen = (seen.0 + usize::from(call.came.is_some()), seen.1 + call.not_shown);
        }
        seen
    }

    #[tokio::test]
    async fn calls_count_whether_they_are_shown_or_not() {
        let count = WAITING_CALLS as u64 + 5;
        let (tally, mut shown) = Tally::new(Some(count));
        for _ in 0..count {
            tally.turn().unwrap().answered(came(), 1);
        }
        assert_eq!(tally.turn().unwrap_err().uri(), "wamp.error.unavailable");
        assert_eq!(rest(&mut shown).await, (WAITING_CALLS, 5));
    }

    #[tokio::test]
    async fn the_last_one_is_the_last_that_is_answered() {
        let (tally, mut shown) = Tally::new(Some(2));
        let (slow, quick) = (tally.turn().unwrap(), tally.turn().unwrap());
        quick.answered(came(), 1);
        assert!(shown.next().await.is_some());
        drop(slow);
        assert_eq!(rest(&mut shown).await, (0, 0));
    }

    #[tokio::test]
    async fn bytes_that_wait_are_bounded() {
        let (tally, mut shown) = Tally::new(Some(3));
        for _ in 0..3 {
            tally.turn().unwrap().answered(came(), WAITING_BYTES);
        }
        assert_eq!(rest(&mut shown).await, (1, 2));
    }
}
