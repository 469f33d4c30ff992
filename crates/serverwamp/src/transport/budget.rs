//! The work that a connection may do in one turn.
//!
//! Invariant: a turn ends after a bounded number of messages, bytes, and events that its messages caused; and however long
//! a message takes, none that may take long comes before the next look at the clock, nor do many others.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::base::measure::longest;
use crate::rt::after;

/// Work units in a turn. One received message or control frame costs one unit.
const BUDGET: u32 = 256;

/// The cost of a read, and of each unit of its bytes, which may contain a hundred frames that are no messages.
/// The bytes of a message weigh as much once more, as there may be a thousand times those that were read. So a turn ends
/// after a read of the largest size, or a message of that size.
const READ_COST: u32 = 8;
const BYTES_PER_COST: usize = 256;

/// Events per work unit. Cheaper than measured (the time of about four messages), so that the publisher's next turn finds
/// subscribers that have written several events at once.
const EVENTS_PER_COST: usize = 16;

/// The longest duration of a turn, as far as it can be measured: a handler may compute for long before it waits for the
/// first time, or publish long events. The usual work takes less.
const LONGEST: Duration = Duration::from_micros(500);

/// The amount that may be paid before the first look at the clock, and between two looks while all goes quickly. A look costs
/// as much as a tenth of a short message, and where nothing more was received, there is none.
const FIRST_LOOK: u32 = 1;
const LOOK_EVERY: u32 = 32;

thread_local! {
    /// Events that were queued on this thread, and that nobody's turn has been charged with.
    static EVENTS: Cell<usize> = const { Cell::new(0) };
}

/// Charges work that may have taken long: the clock is read before more is done.
pub(crate) fn charge_time() {
    charge_events(1);
}

/// Charges the connection that has its turn on this thread with events for many receivers, which take as long as many messages.
pub(crate) fn charge_events(events: usize) {
    EVENTS.set(EVENTS.get().saturating_add(events));
}

/// The work that may still be done in this turn.
#[derive(Debug)]
pub(super) struct Budget {
    left: u32,
    /// When no more is left, it is time to look at the clock.
    look_at: u32,
    /// The units until the look at the clock after that.
    step: u32,
    until: Instant,
}

impl Budget {
    /// A whole one, from `now` on.
    pub(super) fn begin(now: Instant) -> Self {
        // Events that other connections have caused.
        EVENTS.set(0);
        Self {
            left: BUDGET,
            look_at: BUDGET - FIRST_LOOK,
            step: FIRST_LOOK,
            until: after(now, longest(LONGEST)),
        }
    }

    /// Nothing.
    pub(super) const fn none(now: Instant) -> Self {
        Self { left: 0, look_at: 0, step: 0, until: now }
    }

    /// For one message, or something else that was received.
    #[inline]
    pub(super) const fn pay_event(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// For the length of a message, as it is when it is decompressed.
    #[inline]
    pub(super) fn pay_message(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(u32::try_from(bytes / BYTES_PER_COST).unwrap_or(BUDGET));
    }

    /// For what the handling of a message has caused. Returns whether it was anything: then outboxes may have been filled.
    #[inline]
    pub(super) fn pay_charged(&mut self) -> bool {
        let events = EVENTS.get();
        if events > 0 {
            EVENTS.set(0);
            self.left = self.left.saturating_sub(u32::try_from(events / EVENTS_PER_COST).unwrap_or(BUDGET));
            self.look_at = self.left;
        }
        events > 0
    }

    /// For a read of so many bytes.
    pub(super) fn pay_read(&mut self, bytes: usize) {
        self.pay_message(bytes);
        self.left = self.left.saturating_sub(READ_COST);
    }

    /// Returns whether the clock has to be looked at before more is done.
    #[inline]
    pub(super) const fn wants_time(&self) -> bool {
        self.left <= self.look_at
    }

    /// The time is `now`, and may be up.
    pub(super) fn look(&mut self, now: Instant) {
        if now >= self.until {
            self.left = 0;
        }
        let half = self.until.checked_sub(longest(LONGEST) / 2);
        self.step =
            if half.is_some_and(|half| now < half) { (2 * self.step).min(LOOK_EVERY) } else { FIRST_LOOK };
        self.look_at = self.left.saturating_sub(self.step);
    }

    /// Returns whether it was more than nothing in the beginning.
    pub(super) const fn is_for_a_turn(&self) -> bool {
        self.step > 0
    }

    #[inline]
    pub(super) const fn is_spent(&self) -> bool {
        self.left == 0
    }
}

#[cfg(all(test, feature = "tokio"))]
mod tests {
    use super::*;
    use crate::rt::{Runtime as _, Tokio};

    #[test]
    fn a_turn_ends_when_its_budget_is_spent_or_its_time_is_up() {
        let began = Tokio.now();
        let begin = || Budget::begin(began);
        let steps = |took: Duration| {
            let mut budget = begin();
            let mut steps = 0;
            while !budget.is_spent() {
                budget.pay_event();
                steps += 1;
                if budget.wants_time() {
                    budget.look(began + took * steps);
                }
            }
            steps
        };
        assert_eq!(steps(LONGEST / (BUDGET + 1)), BUDGET);
        assert_eq!(
            steps(LONGEST / 50),
            50,
            "the clock is looked at 1, 3, 7, 15 and 31 steps from the beginning, and then more often"
        );
        assert_eq!(steps(LONGEST / 20), 20);
        assert_eq!(steps(LONGEST * 20), 1);
        let mut loud = begin();
        charge_events(EVENTS_PER_COST * BUDGET as usize - 1);
        loud.pay_charged();
        assert!(!loud.is_spent());
        charge_events(EVENTS_PER_COST);
        loud.pay_charged();
        assert!(loud.is_spent());
        charge_events(EVENTS_PER_COST * BUDGET as usize);
        let mut next = begin();
        next.pay_charged();
        assert!(!next.is_spent(), "what others have caused is not charged");
        let mut costly = begin();
        (0..100).for_each(|step| {
            costly.pay_event();
            if costly.wants_time() {
                costly.look(began + LONGEST / 1000 * step);
            }
        });
        assert!(!costly.wants_time());
        charge_time();
        costly.pay_charged();
        assert!(
            costly.wants_time() && !costly.is_spent(),
            "the time of what may take long is looked at behind it"
        );
        let mut long = begin();
        long.pay_message(BYTES_PER_COST * FIRST_LOOK as usize);
        assert!(long.wants_time(), "the time of a long message is looked at behind it");
    }
}
