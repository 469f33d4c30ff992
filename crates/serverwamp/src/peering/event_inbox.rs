//! Events that wait for application code.
//!
//! Between the renewal of a subscription and the word of what was missed, live events are held back, so that they come behind it.

use super::delivered::Delivery;
use super::ended::Ended;
use super::event::ReceivedEvent;
use super::event_queue::EventQueue;
use super::gap::GapReason;
use super::history_position::HistoryPosition;
use super::recovering::Recovering;
use crate::base::error::WampError;
use crate::base::locks::{Mutex, MutexGuard};
use serverwamp_proto::id::{PublicationId, SessionId, SubscriptionId};
use serverwamp_proto::message::{ForwardFor, Passthru};
use serverwamp_proto::payload::Payload;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

/// The number of events that wait for the application before the oldest is dropped, and the bytes they may take.
pub(crate) const WAITING_EVENTS: usize = 1024;
const WAITING_BYTES: usize = 4 << 20;

/// The events of one subscription that wait.
#[derive(Debug)]
pub(crate) struct EventInbox {
    capacity: usize,
    queue: Mutex<EventQueue>,
    /// The subscription's id where it may change, because it is made again in another session; 0 where it does not.
    current_id: AtomicU64,
    given_up: AtomicBool,
}

/// The parts of an event as they arrive.
#[derive(Debug)]
pub(crate) struct EventDraft<'a> {
    pub(crate) topic: Arc<str>,
    pub(crate) publication: PublicationId,
    pub(crate) payload: &'a Payload,
    pub(crate) publisher: Option<SessionId>,
    pub(crate) publisher_authid: Option<&'a str>,
    pub(crate) publisher_authrole: Option<&'a str>,
    pub(crate) trustlevel: Option<u64>,
    pub(crate) retained: bool,
    pub(crate) passthru: Option<&'a Passthru>,
    pub(crate) forward_for: Option<&'a ForwardFor>,
}

/// A subscription that recovers, as it was when it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Recovers {
    pub(crate) position: Option<HistoryPosition>,
    /// Whether it was told before where it is, or that nobody knows.
    pub(crate) begun: bool,
    hold: u64,
}

/// What a subscriber has missed before its live events.
#[derive(Debug)]
pub(crate) enum Missed {
    /// It has just begun, behind this.
    Nothing(HistoryPosition),
    /// These events, of which the last is behind this position.
    Known { events: Vec<ReceivedEvent>, position: HistoryPosition },
    /// Nobody knows; live events come behind this position, if there is one.
    Unknown { reason: GapReason, position: Option<HistoryPosition> },
}

impl EventInbox {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            queue: Mutex::default(),
            current_id: AtomicU64::new(0),
            given_up: AtomicBool::new(false),
        }
    }

    /// The inbox of a subscription that recovers, from here if it is known where it was. Its first live events are held back.
    pub(crate) fn recovering(capacity: usize, position: Option<HistoryPosition>) -> Self {
        let inbox = Self::new(capacity);
        inbox.queue().recovering = Some(Box::new(Recovering::from(position)));
        inbox.hold();
        inbox
    }

    fn queue(&self) -> MutexGuard<'_, EventQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an event in; the oldest one goes when there is no room.
    pub(crate) fn receive(&self, draft: EventDraft<'_>) {
        let event = ReceivedEvent::new(draft);
        let mut queue = self.queue();
        let bytes = event.size();
        while queue.events >= self.capacity || queue.bytes + bytes > WAITING_BYTES {
            if !queue.drop_oldest() {
                break;
            }
        }
        queue.bytes += bytes;
        queue.events += 1;
        match &mut queue.held {
            Some(held) => held.push_back(event),
            None => queue.pass_on(event),
        }
        wake(queue);
    }

    /// No more events come; those that wait are still handed out.
    pub(crate) fn end(&self, why: Ended) {
        let mut queue = self.queue();
        if queue.recovering.is_some() && queue.held.is_some() {
            let error = WampError::network_failure("the subscription has ended before that was known");
            queue.mark_gap(GapReason::Failed(error), None);
        }
        queue.release();
        queue.ended.get_or_insert(why);
        wake(queue);
    }

    /// The subscription is about to be renewed: live events are held back until [`resume`](Self::resume). Those of a renewal that
    /// was not told of are forgotten: they are part of what the next one tells of.
    pub(crate) fn hold(&self) {
        let mut queue = self.queue();
        queue.holds += 1;
        let forgotten = queue.held.replace(VecDeque::new()).unwrap_or_default();
        queue.events -= forgotten.len();
        queue.bytes -= forgotten.iter().map(ReceivedEvent::size).sum::<usize>();
    }

    /// Says that events may be missing, and passes on what was held back.
    pub(crate) fn resume(&self) {
        let mut queue = self.queue();
        queue.cuts += 1;
        queue.mark_cut();
        queue.release();
        wake(queue);
    }

    /// Whether the subscription recovers, and from where.
    pub(crate) fn recovers(&self) -> Option<Recovers> {
        let queue = self.queue();
        let recovering = queue.recovering.as_ref()?;
        let (position, begun) = (recovering.received.clone(), recovering.begun);
        Some(Recovers { position, begun, hold: queue.holds })
    }

    /// How many live events that were held back were dropped.
    pub(crate) fn held_dropped(&self) -> u64 {
        self.queue().held_dropped
    }

    /// Passes on what was held back, behind the position of it, and all that was missed; or says that it may be anything.
    ///
    /// It does nothing if the subscription was renewed once more since it was asked whether it [recovers](Self::recovers).
    pub(crate) fn tell(&self, of: &Recovers, missed: Missed) {
        let mut queue = self.queue();
        if queue.held.is_none() || queue.holds != of.hold {
            return;
        }
        match missed {
            Missed::Nothing(position) => queue.begins_at(position),
            Missed::Known { events, position } => queue.mark_recovered(events, position),
            Missed::Unknown { reason, position } => queue.mark_gap(reason, position),
        }
        queue.release();
        wake(queue);
    }

    /// The subscription was renewed.
    pub(crate) fn count_cut(&self) {
        self.queue().cuts += 1;
    }

    /// Where the application is in the history; `None` where that is not known.
    pub(super) fn position(&self) -> Option<HistoryPosition> {
        self.queue().recovering.as_ref()?.taken.clone()
    }

    /// The last event that was passed on.
    pub(crate) fn last(&self) -> Option<PublicationId> {
        self.queue().last
    }

    pub(crate) fn current_id(&self) -> Option<SubscriptionId> {
        SubscriptionId::new(self.current_id.load(Ordering::Acquire))
    }

    pub(crate) fn set_current_id(&self, id: SubscriptionId) {
        self.current_id.store(id.get(), Ordering::Release);
    }

    /// Nobody takes the events any more.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::Release);
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
    }

    pub(super) fn take(&self) -> Option<ReceivedEvent> {
        self.queue().take_event()
    }

    pub(super) fn lost(&self) -> u64 {
        self.queue().lost
    }

    pub(super) fn cuts(&self) -> u64 {
        self.queue().cuts
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        self.queue().ended.clone()
    }

    /// The next event; `None` when there are no more.
    pub(super) fn poll_event(&self, cx: &Context<'_>) -> Poll<Option<ReceivedEvent>> {
        self.poll(cx, EventQueue::take_event)
    }

    /// The next event or cut; `None` when there are no more.
    pub(super) fn poll_delivery(&self, cx: &Context<'_>) -> Poll<Option<Delivery>> {
        self.poll(cx, EventQueue::take)
    }

    fn poll<T>(&self, cx: &Context<'_>, take: impl FnOnce(&mut EventQueue) -> Option<T>) -> Poll<Option<T>> {
        let mut queue = self.queue();
        if let Some(next) = take(&mut queue) {
            return Poll::Ready(Some(next));
        }
        if queue.ended.is_some() {
            return Poll::Ready(None);
        }
        if !queue.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            queue.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// Wakes who waits, when the queue is free.
fn wake(mut queue: MutexGuard<'_, EventQueue>) {
    let waker = queue.waker.take();
    drop(queue);
    waker.into_iter().for_each(Waker::wake);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp_proto::codec::Serializer;

    fn event(inbox: &EventInbox, publication: u64) {
        inbox.receive(EventDraft {
            topic: "com.topic".into(),
            publication: PublicationId::new(publication).unwrap(),
            payload: &Payload::empty(Serializer::Json),
            publisher: None,
            publisher_authid: None,
            publisher_authrole: None,
            trustlevel: None,
            retained: false,
            passthru: None,
            forward_for: None,
        });
    }

    /// The numbers of the events that wait; a cut is the number of its sessions below zero.
    fn delivered(inbox: &EventInbox) -> Vec<i64> {
        let mut queue = inbox.queue();
        let number = |delivered| match delivered {
            Delivery::Event(event) => event.publication().get().cast_signed(),
            Delivery::Cut(cut) => -cut.sessions.cast_signed(),
            other => panic!("{other:?}"),
        };
        std::iter::from_fn(|| queue.take()).map(number).collect()
    }

    #[test]
    fn live_events_come_behind_the_word_of_what_was_missed() {
        let inbox = EventInbox::new(8);
        event(&inbox, 1);
        inbox.hold();
        event(&inbox, 2);
        assert_eq!(delivered(&inbox), [1]);
        assert_eq!(inbox.last(), PublicationId::new(1));
        inbox.resume();
        event(&inbox, 3);
        assert_eq!(delivered(&inbox), [-1, 2, 3]);
        assert_eq!((inbox.last(), inbox.cuts()), (PublicationId::new(3), 1));
    }

    #[test]
    fn a_renewal_that_was_not_told_of_is_part_of_the_next_one() {
        let inbox = EventInbox::new(8);
        inbox.hold();
        event(&inbox, 1);
        inbox.hold();
        event(&inbox, 2);
        inbox.resume();
        assert_eq!(delivered(&inbox), [-1, 2]);
        let queue = inbox.queue();
        assert_eq!((queue.events, queue.bytes), (0, 0));
    }

    #[test]
    fn cuts_without_an_event_in_between_are_one() {
        let inbox = EventInbox::new(8);
        for _ in 0..3 {
            inbox.hold();
            inbox.resume();
        }
        assert_eq!((delivered(&inbox), inbox.cuts()), (vec![-3], 3));
    }

    #[test]
    fn events_are_dropped_and_counted_while_cuts_stay() {
        let inbox = EventInbox::new(2);
        for publication in 1..=3 {
            event(&inbox, publication);
            inbox.hold();
            inbox.resume();
        }
        assert_eq!((delivered(&inbox), inbox.lost()), (vec![-1, 2, -1, 3, -1], 1));
        for publication in 1..=3 {
            inbox.hold();
            inbox.resume();
            event(&inbox, publication);
        }
        event(&inbox, 4);
        assert_eq!((delivered(&inbox), inbox.lost()), (vec![-3, 3, 4], 3));
    }

    #[test]
    fn what_was_held_back_is_passed_on_at_the_end() {
        let inbox = EventInbox::new(8);
        inbox.hold();
        event(&inbox, 1);
        inbox.end(Ended::SessionOver);
        assert_eq!(delivered(&inbox), [1]);
        assert!(matches!(inbox.ended(), Some(Ended::SessionOver)));
    }
}
