//! The permits that threads have left of the blocks they took.
//!
//! Invariant: a place holds fewer than two blocks, so all of a realm hold fewer than [`SparePermits::FEWEST`] permits; whoever takes
//! all gets every permit that was kept before it began.

use crate::base::threads::{CacheLine, number_of_this_thread};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{LazyLock, OnceLock};

/// The permits that a thread takes at once: enough that the counts of all threads are written by one call in 64.
pub(super) const BLOCK: usize = 64;

/// The most places of threads; further threads share them.
const PLACES: usize = 32;

/// As many places as there are processors: more threads than these do not run at a time.
static PLACES_HERE: LazyLock<usize> =
    LazyLock::new(|| std::thread::available_parallelism().map_or(1, NonZero::get).clamp(1, PLACES));

/// The permits of one realm that no call has.
#[derive(Debug, Default)]
pub(super) struct SparePermits {
    /// There once a call has waited.
    places: OnceLock<Box<[CacheLine<AtomicUsize>]>>,
    /// Whether there may be any.
    some: AtomicBool,
}

impl SparePermits {
    /// Realms with a smaller share have none: they could have all of it here.
    pub(super) const FEWEST: usize = PLACES * BLOCK * 2;

    /// Takes one that this thread has left.
    #[inline]
    pub(super) fn take(&self) -> bool {
        let Some(places) = self.places.get() else { return false };
        let fewer = |spare: usize| spare.checked_sub(1);
        this_thread(places).fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok()
    }

    /// Keeps so many, less than a block, for this thread. Returns how many are too many.
    #[inline]
    pub(super) fn keep(&self, permits: usize) -> usize {
        let places = self.places.get_or_init(|| (0..*PLACES_HERE).map(|_| CacheLine::default()).collect());
        let place = this_thread(places);
        let before = place.fetch_add(permits, Ordering::SeqCst);
        if !self.some.load(Ordering::SeqCst) {
            self.some.store(true, Ordering::SeqCst);
        }
        let is_full = before + permits >= 2 * BLOCK;
        let less = |spare: usize| spare.checked_sub(BLOCK);
        let too_many = is_full && place.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
        if too_many { BLOCK } else { 0 }
    }

    /// Takes all that are left anywhere.
    pub(super) fn take_all(&self) -> usize {
        // Whoever keeps one after this says so again.
        let Some(places) = self.places.get().filter(|_| self.some.swap(false, Ordering::SeqCst)) else {
            return 0;
        };
        places.iter().map(|place| place.0.swap(0, Ordering::SeqCst)).sum()
    }

    /// The number of them.
    pub(super) fn count(&self) -> usize {
        let places = self.places.get().filter(|_| self.some.load(Ordering::SeqCst));
        places.into_iter().flatten().map(|place| place.0.load(Ordering::SeqCst)).sum()
    }
}

#[inline]
fn this_thread(places: &[CacheLine<AtomicUsize>]) -> &AtomicUsize {
    &places[number_of_this_thread() % places.len()].0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_a_thread_keeps_it_takes_again_and_no_more() {
        let spare = SparePermits::default();
        assert!(!spare.take());
        assert_eq!(spare.keep(2), 0);
        assert!(spare.take() && spare.take() && !spare.take());
        assert_eq!((spare.count(), spare.take_all()), (0, 0));
    }

    #[test]
    fn nobody_keeps_two_blocks() {
        let spare = SparePermits::default();
        let too_many: usize = (0..10 * BLOCK).map(|_| spare.keep(1)).sum();
        assert_eq!(too_many + spare.count(), 10 * BLOCK);
        assert!(spare.count() < 2 * BLOCK);
    }

    #[test]
    fn none_gets_lost_between_threads() {
        let spare = Arc::new(SparePermits::default());
        let threads: Vec<_> = (0..4_usize)
            .map(|_| {
                let spare = Arc::clone(&spare);
                std::thread::spawn(move || {
                    let (mut kept, mut got) = (0, 0);
                    for round in 0..10_000 {
                        kept += 1;
                        got += spare.keep(1);
                        got += usize::from(round % 3 == 0 && spare.take());
                        if round % 1000 == 0 {
                            got += spare.take_all();
                        }
                    }
                    (kept, got)
                })
            })
            .collect();
        let (mut kept, mut got) = (0, 0);
        for thread in threads {
            let (more, fewer) = thread.join().unwrap();
            (kept, got) = (kept + more, got + fewer);
        }
        assert_eq!(got + spare.take_all(), kept, "every permit is somewhere");
    }
}
