//! Memory that the outboxes of a server borrow when more waits than their own limits allow.
//!
//! The threshold is dynamic (Choudhury and Hahne): an outbox may hold as much of the pool as is left for all others. One
//! alone gets half of it, and the more of them borrow, the less each may have, so nobody finds the pool empty.
//!
//! Invariant: no more is lent than there is, and a loan that is dropped is given back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The fraction of what is left that an outbox may hold before its senders pause: the rest is for what is on its way from
/// many of them at the same time.
const PAUSE_SHARE: usize = 4;

/// Bytes that outboxes may borrow.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    bytes: AtomicUsize,
    lent: AtomicUsize,
    /// The most that was ever lent.
    most: AtomicUsize,
}

/// The bytes that one outbox has borrowed.
#[derive(Debug)]
pub(super) struct Loan {
    pool: Arc<Pool>,
    bytes: usize,
}

impl Pool {
    /// A pool of so many bytes.
    pub(crate) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self { bytes: AtomicUsize::new(bytes), ..Self::default() })
    }

    /// Lends no more than so many bytes from now on. What is lent stays lent.
    pub(crate) fn resize(&self, bytes: usize) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Bytes that are lent.
    pub(crate) fn lent(&self) -> usize {
        self.lent.load(Ordering::Relaxed)
    }

    /// The most that was lent at a time.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// The number of bytes by which an outbox may be beyond its mark before its senders pause.
    pub(super) fn allowance(&self) -> usize {
        self.bytes().saturating_sub(self.lent()) / PAUSE_SHARE
    }

    /// An empty loan.
    pub(super) const fn open(self: Arc<Self>) -> Loan {
        Loan { pool: self, bytes: 0 }
    }
}

impl Loan {
    /// Makes this a loan of at least so many bytes, if that is no more than what is left for others then.
    pub(super) fn extend_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let lend = |lent: usize| {
            let lent = lent.checked_add(more)?;
            (bytes <= self.pool.bytes().saturating_sub(lent)).then_some(lent)
        };
        if more == 0 {
            return true;
        }
        let Ok(before) = self.pool.lent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lend) else {
            return false;
        };
        self.pool.most.fetch_max(before + more, Ordering::Relaxed);
        self.bytes = bytes;
        true
    }

    /// The size of the loan.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives back what is more than so many bytes.
    pub(super) fn reduce_to(&mut self, bytes: usize) {
        let less = self.bytes.saturating_sub(bytes);
        if less > 0 {
            self.pool.lent.fetch_sub(less, Ordering::Relaxed);
            self.bytes -= less;
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        self.reduce_to(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_gets_half_of_it_and_several_equal_parts_and_all_of_it_comes_back() {
        let pool = Pool::new(1000);
        let mut first = Arc::clone(&pool).open();
        assert!(!first.extend_to(501));
        assert!(first.extend_to(500) && first.extend_to(300));
        assert_eq!((pool.lent(), pool.allowance()), (500, 125));
        let mut second = Arc::clone(&pool).open();
        assert!(!second.extend_to(251) && second.extend_to(250));
        assert!(!first.extend_to(501), "what one has, the other cannot have as well");
        first.reduce_to(334);
        assert!(!second.extend_to(334) && second.extend_to(333));
        drop((first, second));
        assert_eq!((pool.lent(), pool.most()), (0, 750));
    }

    #[test]
    fn a_pool_that_is_made_smaller_takes_nothing_back_and_lends_no_more() {
        let pool = Pool::new(1000);
        let mut first = Arc::clone(&pool).open();
        assert!(first.extend_to(500));
        pool.resize(400);
        assert_eq!((pool.lent(), pool.allowance()), (500, 0));
        let mut second = Arc::clone(&pool).open();
        assert!(first.extend_to(500) && !first.extend_to(501) && !second.extend_to(1));
        first.reduce_to(0);
        assert!(second.extend_to(200));
        pool.resize(2000);
        assert!(first.extend_to(800));
    }

    #[test]
    fn of_nothing_nothing_is_lent() {
        let mut loan = Arc::<Pool>::default().open();
        assert!(!loan.extend_to(1) && loan.extend_to(0));
    }
}
