//! What waits in an inbox: events, and the marks between them that say where some are missing.
//!
//! Invariant: no two marks stand beside each other of which one says it all, so that there are not many more of them than of
//! events, however many sessions end.

use super::delivered::{Delivery, SubscriptionCut};
use super::ended::Ended;
use super::event::ReceivedEvent;
use super::gap::{Gap, GapReason};
use super::history_position::HistoryPosition;
use super::recovering::{RECOVERED_BYTES, RECOVERED_EVENTS, Recovering};
use serverwamp_proto::id::PublicationId;
use std::collections::VecDeque;
use std::task::Waker;

/// The waiting events and marks of one subscription.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    /// No two cuts stand beside each other, so that there is at most one more of them than of events.
    pub(super) delivered: VecDeque<Delivery>,
    /// The live events that are held back.
    pub(super) held: Option<VecDeque<ReceivedEvent>>,
    /// The number of events in both, and their bytes.
    pub(super) events: usize,
    pub(super) bytes: usize,
    pub(super) lost: u64,
    pub(super) cuts: u64,
    /// The last event that was passed on.
    pub(super) last: Option<PublicationId>,
    /// How often live events were held back, and how many of these were dropped.
    pub(super) holds: u64,
    pub(super) held_dropped: u64,
    /// Of a subscription that recovers.
    pub(super) recovering: Option<Box<Recovering>>,
    /// The number of recovered events that wait, and their bytes.
    pub(super) recovered: usize,
    pub(super) recovered_bytes: usize,
    /// Those of them that are handed out one by one.
    pub(super) unfolded: VecDeque<ReceivedEvent>,
    pub(super) ended: Option<Ended>,
    pub(super) waker: Option<Waker>,
}

impl EventQueue {
    pub(super) fn take(&mut self) -> Option<Delivery> {
        let next = match self.unfolded.pop_front() {
            Some(event) => {
                self.forget_recovered(std::slice::from_ref(&event));
                Delivery::Event(event)
            }
            None => self.take_delivered()?,
        };
        if let Some(recovering) = &mut self.recovering {
            recovering.took(&next);
        }
        Some(next)
    }

    fn take_delivered(&mut self) -> Option<Delivery> {
        let next = self.delivered.pop_front()?;
        match &next {
            Delivery::Event(event) => {
                self.events -= 1;
                self.bytes -= event.size();
            }
            Delivery::Recovered(events) => self.forget_recovered(events),
            Delivery::Cut(_) | Delivery::Gap(_) => {}
        }
        Some(next)
    }

    pub(super) fn take_event(&mut self) -> Option<ReceivedEvent> {
        loop {
            if self.unfolded.is_empty()
                && let Some(Delivery::Recovered(events)) = self.delivered.front_mut()
            {
                self.unfolded = std::mem::take(events).into();
                self.delivered.pop_front();
            } else if let Delivery::Event(event) = self.take()? {
                return Some(event);
            }
        }
    }

    fn forget_recovered(&mut self, events: &[ReceivedEvent]) {
        self.recovered -= events.len();
        self.recovered_bytes -= bytes_of(events);
    }

    pub(super) fn begins_at(&mut self, position: HistoryPosition) {
        if let Some(recovering) = &mut self.recovering {
            recovering.begins(Some(position.clone()));
            recovering.taken = Some(position);
        }
    }

    pub(super) fn mark_recovered(&mut self, events: Vec<ReceivedEvent>, position: HistoryPosition) {
        let (number, bytes) = (self.recovered + events.len(), self.recovered_bytes + bytes_of(&events));
        if number > RECOVERED_EVENTS || bytes > RECOVERED_BYTES {
            return self.mark_gap(GapReason::TooMuch, Some(position));
        }
        (self.recovered, self.recovered_bytes) = (number, bytes);
        if let Some(recovering) = &mut self.recovering {
            recovering.recovers(events.iter().map(ReceivedEvent::publication).collect(), position);
        }
        self.mark(Delivery::Recovered(events));
    }

    pub(super) fn mark_gap(&mut self, reason: GapReason, position: Option<HistoryPosition>) {
        if let Some(recovering) = &mut self.recovering {
            recovering.begins(position.clone());
        }
        self.mark(Delivery::Gap(Gap { reason, position }));
    }

    pub(super) fn mark_cut(&mut self) {
        self.mark(Delivery::Cut(SubscriptionCut { last: self.last, sessions: 1 }));
    }

    /// Says something in between two events.
    fn mark(&mut self, mark: Delivery) {
        self.delivered.push_back(mark);
        self.join_marks(self.delivered.len() - 1);
    }

    pub(super) fn pass_on(&mut self, event: ReceivedEvent) {
        // A retained event may be older than everything that came before it.
        if !event.is_retained() {
            self.last = Some(event.publication());
            let recovering = self.recovering.as_mut();
            if recovering.is_some_and(|recovering| !recovering.admits(event.publication())) {
                self.events -= 1;
                self.bytes -= event.size();
                return;
            }
        }
        self.delivered.push_back(Delivery::Event(event));
    }

    pub(super) fn release(&mut self) {
        for event in self.held.take().unwrap_or_default() {
            self.pass_on(event);
        }
    }

    /// Drops the oldest event, and no cut; `false` when there is none.
    pub(super) fn drop_oldest(&mut self) -> bool {
        let oldest = self.delivered.iter().position(|one| matches!(one, Delivery::Event(_)));
        let event = match oldest.map(|at| (at, self.delivered.remove(at))) {
            Some((at, Some(Delivery::Event(event)))) => {
                self.join_marks(at);
                self.lost += 1;
                event
            }
            _ => match self.held.as_mut().and_then(VecDeque::pop_front) {
                Some(event) => {
                    // Of a subscription that recovers it is in the history, or the gap will say that it may be missing.
                    match self.recovering {
                        Some(_) => self.held_dropped += 1,
                        None => self.lost += 1,
                    }
                    event
                }
                None => return false,
            },
        };
        self.events -= 1;
        self.bytes -= event.size();
        true
    }

    /// Makes one of two marks that have come to stand beside each other, this one and the one before it.
    fn join_marks(&mut self, at: usize) {
        let Some(before) = at.checked_sub(1) else { return };
        let superfluous = match (self.delivered.get(before), self.delivered.get(at)) {
            (Some(Delivery::Cut(first)), Some(Delivery::Cut(second))) => {
                let cut = SubscriptionCut { last: first.last, sessions: first.sessions + second.sessions };
                if let Some(place) = self.delivered.get_mut(at) {
                    *place = Delivery::Cut(cut);
                }
                before
            }
            // What is unknown is so up to the later one.
            (Some(Delivery::Gap(_)), Some(Delivery::Gap(_))) => before,
            (Some(Delivery::Recovered(none)), Some(Delivery::Gap(_) | Delivery::Recovered(_)))
                if none.is_empty() =>
            {
                before
            }
            (Some(Delivery::Gap(_) | Delivery::Recovered(_)), Some(Delivery::Recovered(none)))
                if none.is_empty() =>
            {
                at
            }
            _ => return,
        };
        self.delivered.remove(superfluous);
    }
}

fn bytes_of(events: &[ReceivedEvent]) -> usize {
    events.iter().map(ReceivedEvent::size).sum()
}
