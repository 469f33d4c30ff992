//! An outbox with much in it: the rate at which its peer drains it, and the senders that wait for that.
//!
//! Above a quarter of its limit an outbox is under pressure, and the connection measures how much the peer accepts. One that
//! accepts less than the documented rate is slow: nobody waits for it, and it borrows nothing, until its outbox has been
//! empty. Above the mark, those who fill the outbox pause until there is room, or the peer is found slow.
//!
//! Invariant: nobody waits for an outbox that is closed, slow or has room; a sender that stops waiting leaves no waker behind.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::pool::Loan;
use super::room::Amount;
use super::{Class, Outbox, OutboxEnd, Queue};
use crate::Overflow;
use crate::rt::after;
use crate::transport::pause;

/// The state of an outbox under pressure.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    /// Since when it is measured how much the peer accepts, and how much that was.
    since: Option<Instant>,
    pub(super) drained: usize,
    slow: bool,
    /// Its loan from the server's pool.
    loan: Option<Loan>,
    /// An event found room in nothing but the loan.
    lent_to_event: bool,
    /// The senders that have paused, by the number of the pause.
    paused: VecDeque<(u64, Waker)>,
}

impl Pressure {
    /// The bytes that it has borrowed.
    fn lent(&self) -> usize {
        self.loan.as_ref().map_or(0, Loan::bytes)
    }

    /// The time to accept something begins when the connection looks next.
    const fn measure_anew(&mut self) {
        self.since = None;
        self.drained = 0;
    }
}

/// The result of measuring a peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DrainVerdict {
    /// It accepts as much as it should, or there is nothing to measure yet.
    Steady,
    /// It does not, which was not known before.
    Slow,
}

impl Outbox {
    /// Returns whether it is the same outbox.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns whether it is under pressure, or the peer is slow.
    #[inline]
    pub(crate) fn is_under_pressure(&self) -> bool {
        self.0.under_pressure.load(Ordering::Relaxed)
    }

    /// Returns whether the peer is slow.
    #[cfg(feature = "server")]
    pub(crate) fn is_slow(&self) -> bool {
        self.is_under_pressure() && self.lock().pressure.as_ref().is_some_and(|pressure| pressure.slow)
    }

    /// Returns whether the peer is slow and there is room for answers nevertheless: it may be waiting for a peer that waits for it.
    #[cold]
    pub(crate) fn is_slow_with_room(&self) -> bool {
        let queue = self.lock();
        let Some(pressure) = queue.pressure.as_ref().filter(|pressure| pressure.slow) else { return false };
        let Amount { bytes, messages } = queue.room.bound(Class::Answer, self.0.overflow);
        !queue.queued.exceeds(Amount { bytes: bytes + pressure.lent(), messages })
    }

    /// Begins to measure how much the peer accepts, if that is to be measured, and says when to look at it.
    #[inline]
    pub(crate) fn measure(&self, now: Instant) -> Option<Instant> {
        if !self.is_under_pressure() {
            return None;
        }
        let mut queue = self.lock();
        let time = queue.room.drain.time;
        let pressure = queue.pressure.as_mut().filter(|pressure| !pressure.slow)?;
        Some(after(*pressure.since.get_or_insert(now), time))
    }

    /// Looks how much the peer has accepted, if it is time to.
    pub(crate) fn judge(&self, now: Instant) -> DrainVerdict {
        if !self.is_under_pressure() {
            return DrainVerdict::Steady;
        }
        let mut queue = self.lock();
        let (drain, queued) = (queue.room.drain, queue.queued);
        let is_calm = queue.room.is_calm(queued);
        let Some(pressure) = queue.pressure.as_mut().filter(|pressure| !pressure.slow) else {
            return DrainVerdict::Steady;
        };
        if pressure.since.is_none_or(|since| after(since, drain.time) > now) {
            return DrainVerdict::Steady;
        }
        // With little in it there was nothing to drain.
        if pressure.drained >= drain.bytes || is_calm {
            pressure.since = Some(now);
            pressure.drained = 0;
            return DrainVerdict::Steady;
        }
        pressure.slow = true;
        let ends = pressure.lent_to_event && self.0.overflow == Overflow::CloseSession;
        let paused = std::mem::take(&mut pressure.paused);
        drop(queue);
        if ends {
            self.end(OutboxEnd::Overflow);
        }
        wake(paused);
        DrainVerdict::Slow
    }

    /// Completes when who filled the outbox may go on. Until then the pause of this number is in the list of those who are
    /// woken.
    pub(crate) fn poll_relief(&self, number: u64, cx: &Context<'_>) -> Poll<()> {
        if !self.is_under_pressure() {
            return Poll::Ready(());
        }
        let mut queue = self.lock();
        let waits = queue.end.is_none() && queue.room.is_beyond_relief(queue.queued, self.allowance());
        let Some(pressure) = queue.pressure.as_mut().filter(|pressure| waits && !pressure.slow) else {
            return Poll::Ready(());
        };
        let mut starts = false;
        let place = pressure.paused.iter_mut().find(|(other, _)| *other == number);
        // Dropped when the lock is free: nobody knows what a waker does then.
        let former = match place {
            Some((_, waker)) if waker.will_wake(cx.waker()) => None,
            Some((_, waker)) => Some(std::mem::replace(waker, cx.waker().clone())),
            None => {
                pressure.paused.push_back((number, cx.waker().clone()));
                // Bytes accepted before do not make the first sender wait longer.
                starts = pressure.paused.len() == 1;
                if starts {
                    pressure.measure_anew();
                }
                None
            }
        };
        drop(queue);
        drop(former);
        if starts {
            self.wake();
        }
        Poll::Pending
    }

    /// Takes the pause of this number out of the list.
    pub(crate) fn forget_pause(&self, number: u64) {
        if !self.is_under_pressure() {
            return;
        }
        let mut queue = self.lock();
        let Some(pressure) = queue.pressure.as_mut() else { return };
        let place = pressure.paused.iter().position(|(other, _)| *other == number);
        let forgotten = place.and_then(|place| pressure.paused.remove(place));
        drop(queue);
        drop(forgotten);
    }

    /// A sender that went on has sent all it had: others may go on, if there is still room.
    pub(crate) fn pass_on(&self) {
        if !self.is_under_pressure() {
            return;
        }
        let (mut queue, mut next) = (self.lock(), Vec::new());
        if queue.pressure.as_ref().is_some_and(|pressure| !pressure.slow) {
            self.resume(&mut queue, &mut next);
        }
        drop(queue);
        next.into_iter().for_each(Waker::wake);
    }

    /// The number of senders that have paused.
    #[cfg(test)]
    pub(crate) fn pauses(&self) -> usize {
        self.lock().pressure.as_ref().map_or(0, |pressure| pressure.paused.len())
    }

    /// There is going to be a `total` above a quarter of the limit. Whether that is news, so that the connection has to begin
    /// to measure.
    pub(super) fn press(&self, queue: &mut Queue) -> bool {
        if queue.pressure.is_some() {
            return false;
        }
        queue.pressure = Some(Box::default());
        self.0.under_pressure.store(true, Ordering::Relaxed);
        true
    }

    /// Borrows what a `total` has beyond its `bound`, if that can be had. A slow peer borrows nothing more: what it has borrowed
    /// takes no room from answers and errors, and gives none to anything else.
    pub(super) fn borrow(&self, queue: &mut Queue, class: Class, total: Amount, bound: Amount) -> bool {
        let (Some(pool), Some(pressure)) = (&self.0.pool, &mut queue.pressure) else { return false };
        if total.messages > bound.messages {
            return false;
        }
        if pressure.slow {
            let takes = matches!(class, Class::Required | Class::Answer);
            return takes && total.bytes <= bound.bytes + pressure.lent();
        }
        let loan = pressure.loan.get_or_insert_with(|| Arc::clone(pool).open());
        // Whichever borrows, what is refused last keeps its room: events that are being written cannot be dropped for an answer.
        let lent = loan.extend_to(total.bytes - queue.room.lent_from());
        pressure.lent_to_event |= lent && class == Class::Event;
        lent
    }

    /// Lets the sender pause who is at work on this thread, if so much waits that it has to.
    pub(super) fn note_sender(&self) {
        let queue = self.lock();
        let waits = queue.pressure.as_ref().is_some_and(|pressure| !pressure.slow);
        let waits = waits && queue.room.is_beyond_mark(queue.queued, self.allowance());
        drop(queue);
        if waits {
            pause::note(self);
        }
    }

    /// Some of it is gone: adds whom to wake.
    #[cold]
    pub(super) fn relieve(&self, queue: &mut Queue, waiting: &mut Vec<Waker>) {
        let (room, queued) = (&queue.room, queue.queued);
        let Some(pressure) = &mut queue.pressure else { return };
        if let Some(loan) = &mut pressure.loan {
            loan.reduce_to(queued.bytes.saturating_sub(room.lent_from()));
            pressure.lent_to_event &= loan.bytes() > 0;
        }
        if pressure.slow && queued.bytes > 0 {
            return;
        }
        if pressure.slow {
            waiting.extend(self.calm(queue));
        } else {
            self.resume(queue, waiting);
        }
    }

    /// Lets those go on who have paused first, as many as there is room for: all at once would fill it several times over.
    fn resume(&self, queue: &mut Queue, waiting: &mut Vec<Waker>) {
        let (queued, allowance) = (queue.queued, self.allowance());
        let room = &queue.room;
        let Some(pressure) = &mut queue.pressure else { return };
        if room.is_beyond_relief(queued, allowance) {
            return;
        }
        let some = room.senders(queued, allowance).min(pressure.paused.len());
        waiting.extend(pressure.paused.drain(..some).map(|(_, waker)| waker));
        if pressure.paused.is_empty() && room.is_calm(queued) {
            waiting.extend(self.calm(queue));
        }
    }

    /// Nobody waits for it any more, and what it borrowed is given back: whom to wake.
    pub(super) fn calm(&self, queue: &mut Queue) -> impl Iterator<Item = Waker> + use<> {
        let pressure = queue.pressure.take();
        self.0.under_pressure.store(false, Ordering::Relaxed);
        pressure.into_iter().flat_map(|pressure| pressure.paused).map(|(_, waker)| waker)
    }

    /// Nothing more is accepted, but what waits is still written: nobody waits for that.
    pub(super) fn stop_waiting(&self, queue: &mut Queue) -> impl Iterator<Item = Waker> + use<> {
        let paused = queue.pressure.as_mut().map(|pressure| {
            pressure.slow = true;
            std::mem::take(&mut pressure.paused)
        });
        paused.into_iter().flatten().map(|(_, waker)| waker)
    }

    fn allowance(&self) -> usize {
        self.0.pool.as_ref().map_or(0, |pool| pool.allowance())
    }
}

fn wake(paused: VecDeque<(u64, Waker)>) {
    paused.into_iter().for_each(|(_, waker)| waker.wake());
}
