//! The two directions between two lives: what waits to be sent, and what may be taken.
//!
//! Invariant: a receiver takes the batches of one epoch of a link without a gap, or none of the rest of that epoch.

use super::batch::{BatchHead, HEAD, LONG};
use super::node::Life;
use bytes::Bytes;
use std::collections::VecDeque;

/// So many bytes wait for a node that takes none. Whoever is further behind begins anew.
const MOST_WAITING: usize = 64 << 20;

/// The direction to the other node.
#[derive(Debug)]
pub(super) struct Sending {
    epoch: u32,
    number: u64,
    /// Batches with room for their heads.
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    /// The epoch has not begun: its first batches are those of the snapshot.
    pub(super) needs_snapshot: bool,
    /// It has begun anew, and nobody has been told so far.
    pub(super) begun_anew: bool,
}

impl Sending {
    /// A link that begins with this epoch. No earlier one to the same life may have had it: the receiver may still know of that.
    pub(super) fn new(epoch: u32) -> Self {
        Self { epoch, number: 0, waiting: VecDeque::new(), bytes: 0, needs_snapshot: true, begun_anew: false }
    }

    /// Queues an item as it is encoded. Returns `false`, and begins anew, when too much waits.
    pub(super) fn push(&mut self, item: &[u8]) -> bool {
        if self.bytes.saturating_add(item.len()) > MOST_WAITING {
            self.begin_anew();
            return false;
        }
        self.bytes += item.len();
        match self.waiting.back_mut() {
            Some(last) if last.len() + item.len() <= LONG => last.extend_from_slice(item),
            _ => {
                let mut batch = Vec::with_capacity((HEAD + item.len()).max(1 << 10));
                batch.resize(HEAD, 0);
                batch.extend_from_slice(item);
                self.waiting.push_back(batch);
            }
        }
        true
    }

    /// Puts the snapshot ahead of what waits.
    pub(super) fn put_ahead(&mut self, snapshot: Vec<Vec<u8>>) {
        self.needs_snapshot = false;
        for batch in snapshot.into_iter().rev() {
            self.bytes += batch.len() - HEAD;
            self.waiting.push_front(batch);
        }
    }

    /// Something has been lost on the way: what waits is given up, and the link begins with another snapshot.
    pub(super) fn begin_anew(&mut self) {
        *self = Self { begun_anew: true, ..Self::new(self.epoch.saturating_add(1)) };
    }

    pub(super) fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next batch.
    pub(super) fn take(&mut self, sender: Life, receiver: Life, wanted: u32) -> Option<Bytes> {
        let batch = self.waiting.pop_front()?;
        self.bytes -= batch.len() - HEAD;
        Some(self.close(batch, sender, receiver, wanted))
    }

    /// A batch with nothing in it: it shows that nothing was lost, and what is wanted.
    pub(super) fn sign_of_life(&mut self, sender: Life, receiver: Life, wanted: u32) -> Bytes {
        self.close(vec![0; HEAD], sender, receiver, wanted)
    }

    fn close(&mut self, mut batch: Vec<u8>, sender: Life, receiver: Life, wanted: u32) -> Bytes {
        self.number += 1;
        let head = BatchHead { sender, receiver, epoch: self.epoch, wanted, number: self.number };
        if let Some(place) = batch.first_chunk_mut::<HEAD>() {
            head.write(place);
        }
        batch.into()
    }
}

/// The direction from the other node.
#[derive(Debug, Default)]
pub(super) struct ReceivingEnd {
    epoch: u32,
    /// The number of the last batch that was taken.
    last: u64,
    /// Nothing of this epoch is taken any more.
    lost: bool,
}

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum BatchArrival {
    /// It is taken.
    Next,
    /// It is taken, and is the first of the link.
    First,
    /// It is taken, and what was taken before does not count: the link begins anew.
    Anew,
    /// It was there before.
    Old,
    /// It cannot be taken, because one before it is missing, which was not known so far.
    Gap,
    /// It cannot be taken, as is known.
    Lost,
}

impl ReceivingEnd {
    /// The epoch that batches are taken of.
    pub(super) fn wanted(&self) -> u32 {
        if self.lost { self.epoch.saturating_add(1) } else { self.epoch.max(1) }
    }

    pub(super) fn arrive(&mut self, epoch: u32, number: u64) -> BatchArrival {
        if epoch < self.epoch {
            return BatchArrival::Old;
        }
        if epoch > self.epoch {
            let former = std::mem::replace(self, Self { epoch, last: number, lost: number != 1 });
            return match () {
                () if self.lost => BatchArrival::Gap,
                () if former.epoch == 0 => BatchArrival::First,
                () => BatchArrival::Anew,
            };
        }
        if self.lost {
            return BatchArrival::Lost;
        }
        if number <= self.last {
            return BatchArrival::Old;
        }
        if number != self.last + 1 {
            self.lost = true;
            return BatchArrival::Gap;
        }
        self.last = number;
        BatchArrival::Next
    }

    /// A batch could not be read, or nothing was heard for long.
    pub(super) fn lose(&mut self) {
        self.lost = true;
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }
}
