//! Events that wait for application code.

use super::event::ReceivedEvent;
use crate::base::locks::{Mutex, MutexGuard};
use serverwamp_proto::id::{PublicationId, SessionId};
use serverwamp_proto::payload::Payload;
use std::collections::VecDeque;
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
}

#[derive(Debug, Default)]
struct EventQueue {
    events: VecDeque<ReceivedEvent>,
    bytes: usize,
    lost: u64,
    ended: bool,
    waker: Option<Waker>,
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
    pub(crate) retained: bool,
}

impl EventInbox {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), queue: Mutex::default() }
    }

    fn queue(&self) -> MutexGuard<'_, EventQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an event in; the oldest one goes when there is no room.
    pub(crate) fn receive(&self, draft: EventDraft<'_>) {
        let event = ReceivedEvent::new(draft);
        let mut queue = self.queue();
        let bytes = event.payload().size();
        while queue.events.len() >= self.capacity || queue.bytes + bytes > WAITING_BYTES {
            if queue.take().is_none() {
                break;
            }
            queue.lost += 1;
        }
        queue.bytes += bytes;
        queue.events.push_back(event);
        let waker = queue.waker.take();
        drop(queue);
        waker.into_iter().for_each(Waker::wake);
    }

    /// No more events come; those that wait are still handed out.
    pub(crate) fn end(&self) {
        let mut queue = self.queue();
        queue.ended = true;
        let waker = queue.waker.take();
        drop(queue);
        waker.into_iter().for_each(Waker::wake);
    }

    pub(super) fn take(&self) -> Option<ReceivedEvent> {
        self.queue().take()
    }

    pub(super) fn lost(&self) -> u64 {
        self.queue().lost
    }

    /// The next event; `None` when there are no more.
    pub(super) fn poll_event(&self, cx: &Context<'_>) -> Poll<Option<ReceivedEvent>> {
        let mut queue = self.queue();
        if let Some(event) = queue.take() {
            return Poll::Ready(Some(event));
        }
        if queue.ended {
            return Poll::Ready(None);
        }
        if !queue.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            queue.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl EventQueue {
    fn take(&mut self) -> Option<ReceivedEvent> {
        let event = self.events.pop_front()?;
        self.bytes -= event.payload().size();
        Some(event)
    }
}
