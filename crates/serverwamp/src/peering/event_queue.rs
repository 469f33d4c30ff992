//! What waits in an inbox: events, and the cuts between them.

use super::delivered::Delivery;
use super::ended::Ended;
use super::event::ReceivedEvent;
use serverwamp_proto::id::PublicationId;
use std::collections::VecDeque;
use std::task::Waker;

/// The waiting events and cuts of one subscription.
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
    pub(super) ended: Option<Ended>,
    pub(super) waker: Option<Waker>,
}

impl EventQueue {
    pub(super) fn take(&mut self) -> Option<Delivery> {
        let next = self.delivered.pop_front()?;
        if let Delivery::Event(event) = &next {
            self.events -= 1;
            self.bytes -= event.payload().size();
        }
        Some(next)
    }

    pub(super) fn take_event(&mut self) -> Option<ReceivedEvent> {
        loop {
            if let Delivery::Event(event) = self.take()? {
                return Some(event);
            }
        }
    }

    pub(super) fn pass_on(&mut self, event: ReceivedEvent) {
        // A retained event may be older than everything that came before it.
        if !event.is_retained() {
            self.last = Some(event.publication());
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
                self.join_cuts(at);
                event
            }
            _ => match self.held.as_mut().and_then(VecDeque::pop_front) {
                Some(event) => event,
                None => return false,
            },
        };
        self.events -= 1;
        self.bytes -= event.payload().size();
        true
    }

    /// Makes one of two cuts between which the event was dropped.
    fn join_cuts(&mut self, at: usize) {
        let before = at.checked_sub(1).and_then(|before| self.delivered.get(before));
        if let (Some(Delivery::Cut(first)), Some(Delivery::Cut(second))) = (before, self.delivered.get(at)) {
            let sessions = first.sessions + second.sessions;
            self.delivered.remove(at);
            if let Some(Delivery::Cut(cut)) = self.delivered.get_mut(at - 1) {
                cut.sessions = sessions;
            }
        }
    }
}
