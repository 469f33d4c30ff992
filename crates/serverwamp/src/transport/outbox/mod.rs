//! The bytes waiting to be written to one peer.
//!
//! Messages are encoded straight into the waiting bytes, behind a short lock; the connection takes all of them at once.
//! It is woken only when it sleeps, so a burst of messages costs one wake and one write.
//!
//! Invariant: no more than the limits of bytes and messages wait, and what waits is whole frames in the order of the pushes. A message
//! that does not fit is refused and ends the connection, because its peer is too slow; only events may be lost in its
//! place, if the [`Overflow`] says so, and every lost event is counted. A message that is longer than the peer accepts is
//! refused and ends nothing.

mod drain;
mod failure;
mod framed_event;
mod frames;
#[cfg(feature = "server")]
mod limited;
mod pool;
mod pressure;
mod push;
mod room;
mod traffic;

use crate::base::locks::{Mutex, MutexGuard};
use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::task::{Poll, Waker};

use atomic_waker::AtomicWaker;
use serverwamp_proto::websocket::Opcode;
use serverwamp_proto::websocket::batch::Separator;

use super::Framing;
use crate::Overflow;
use crate::base::message_kind::MessageKind;

pub(crate) use drain::WrittenBytes;
pub(crate) use failure::{PushError, infallible};
pub(crate) use framed_event::FramedEvent;
use frames::Frames;
pub(crate) use pool::Pool;
pub(crate) use pressure::DrainVerdict;
use pressure::Pressure;
use room::{Amount, Room};
pub(crate) use room::{DrainRate, OutboxBounds};
use traffic::Traffic;
pub(crate) use traffic::TrafficCounts;

/// Behind so many bytes a connection is not woken in turn any more but at once: one write has enough in it, and who only
/// waits for its turn is not to be taken for somebody who does not read.
const PATIENT: usize = 16 * 1024;

/// The treatment of a message that does not fit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    /// It ends the connection.
    Required,
    /// As the [`Overflow`] prescribes.
    Event,
    /// It is refused, and the call it answers ends (checklist PCR-11): results may fill fifteen sixteenths of the limit.
    Answer,
    /// It is refused, and its sender told: such messages may fill seven eighths of the limit, and events give way to them
    /// (checklist RPC-24).
    Refusable,
}

/// A handle to the bytes waiting for one peer; cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Outbox(Arc<OutboxState>);

#[derive(Debug)]
struct OutboxState {
    framing: Framing,
    /// The terminator of JSON messages in batches; the usual one until the peer has shown its own.
    separator: OnceLock<Separator>,
    /// Below so many bytes and messages more may be produced; a copy from `Queue::room`.
    soft_bytes: AtomicUsize,
    soft_messages: usize,
    /// The pool from which it borrows, if there is one.
    pool: Option<Arc<Pool>>,
    overflow: Overflow,
    /// Events that were lost.
    lost: AtomicU64,
    /// Copies of `Queue::queued` for those who only look.
    queued: AtomicUsize,
    queued_messages: AtomicUsize,
    /// Whether `Queue::end` is set.
    closed: AtomicBool,
    /// Whether `Queue::pressure` is set.
    under_pressure: AtomicBool,
    /// The connection found nothing to write and sleeps until it is woken. Becomes true only under the lock.
    sleeps: AtomicBool,
    writer: AtomicWaker,
    queue: Mutex<Queue>,
    /// Behind the queue, whose lock whoever counts has just taken.
    traffic: Traffic,
}

#[derive(Debug)]
struct Queue {
    frames: Frames,
    room: Room,
    /// The longest message that may be sent.
    longest: usize,
    /// Bytes that `push` accepted and the socket has not taken yet.
    queued: Amount,
    /// Messages among these that the connection took: they count until it takes the next, when they are written.
    taken: usize,
    end: Option<OutboxEnd>,
    /// The tasks that wait in `room`.
    waiting: Vec<Waker>,
    /// Whether the connection is going to be woken through the wake queue.
    in_crowd: bool,
    /// Set where much waits.
    pressure: Option<Box<Pressure>>,
}

/// Why nothing more is accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum OutboxEnd {
    /// Write what is there, then a Close frame.
    Close { code: u16, reason: Cow<'static, str> },
    /// More was pushed than the peer may let wait.
    Overflow,
    /// The connection is gone.
    Gone,
}

impl Outbox {
    /// An empty outbox of these bounds, which borrows nothing.
    #[cfg(test)]
    pub(crate) fn new(framing: Framing, bounds: OutboxBounds) -> Self {
        Self::with_pool(framing, bounds, None)
    }

    /// An empty outbox of these bounds, which borrows from this pool.
    pub(crate) fn borrowing(framing: Framing, bounds: OutboxBounds, pool: &Arc<Pool>) -> Self {
        Self::with_pool(framing, bounds, Some(Arc::clone(pool)))
    }

    fn with_pool(framing: Framing, bounds: OutboxBounds, pool: Option<Arc<Pool>>) -> Self {
        let OutboxBounds { message, overflow, .. } = bounds;
        let room = Room::new(&bounds);
        let frames = Frames::new(overflow == Overflow::DropOldestEvent);
        let longest = framing.longest().min(message);
        Self(Arc::new(OutboxState {
            framing,
            separator: OnceLock::new(),
            soft_bytes: AtomicUsize::new(room.soft.bytes),
            soft_messages: room.soft.messages,
            pool,
            overflow,
            lost: AtomicU64::new(0),
            queued: AtomicUsize::new(0),
            queued_messages: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            under_pressure: AtomicBool::new(false),
            sleeps: AtomicBool::new(false),
            writer: AtomicWaker::new(),
            queue: Mutex::new(Queue {
                frames,
                longest,
                room,
                queued: Amount::default(),
                taken: 0,
                end: None,
                waiting: Vec::new(),
                in_crowd: false,
                pressure: None,
            }),
            traffic: Traffic::default(),
        }))
    }

    /// Adds one message of a class: the bytes that `encode` appends. It runs behind a lock and must not use this outbox; when it
    /// fails, nothing is added.
    ///
    /// # Errors
    /// A [refusable](Class::Refusable) message and an [answer](Class::Answer) is [`PushError::Full`], which changes nothing; a
    /// [required](Class::Required) one never is.
    pub(crate) fn push<E>(
        &self,
        class: Class,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), PushError<E>> {
        self.push_counted(class, MessageKind::Other, encode)
    }

    /// The same for a message of a router, which is counted as one of this kind.
    ///
    /// # Errors
    /// As for [`push`](Self::push).
    pub(crate) fn push_counted<E>(
        &self,
        class: Class,
        counted: MessageKind,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), PushError<E>> {
        self.append((class, counted), self.0.framing.kind(), 0, None, encode)
    }

    /// Adds an EVENT that is already encoded. One that is lost is counted, and [`PushError::Full`] (checklist SEC-05).
    ///
    /// It may be one of many: then its connection, if it sleeps, joins those who have to be [woken in
    /// turn](Self::wake_in_turn).
    pub(crate) fn push_event(&self, message: &[u8], asleep: Option<&mut Vec<Self>>) -> Result<(), PushError> {
        let encode = infallible(|out| out.extend_from_slice(message));
        self.append((Class::Event, MessageKind::Event), self.0.framing.kind(), message.len(), asleep, encode)
    }

    /// Adds one message that is already encoded.
    #[cfg(test)]
    pub(crate) fn push_encoded(&self, message: &[u8]) -> Result<(), PushError> {
        self.push_as(self.0.framing.kind(), message)
    }

    /// Adds one message of this kind, where both kinds are allowed.
    pub(crate) fn push_as(&self, kind: Opcode, message: &[u8]) -> Result<(), PushError> {
        let encode = infallible(|out| out.extend_from_slice(message));
        self.append((Class::Required, MessageKind::Other), kind, message.len(), None, encode)
    }

    /// Events that were lost so far, because they did not fit or had to give way.
    #[inline]
    pub(crate) fn events_lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Ends the connection: messages pushed before are written, then a Close frame, and nothing more is accepted.
    /// Only the first close counts.
    pub(crate) fn close(&self, code: u16, reason: impl Into<Cow<'static, str>>) {
        self.end(OutboxEnd::Close { code, reason: reason.into() });
    }

    /// Returns whether pushes are refused.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }

    /// Bytes that were pushed and that the socket has not accepted yet.
    #[inline]
    pub(crate) fn queued(&self) -> usize {
        self.0.queued.load(Ordering::Acquire)
    }

    /// Returns whether so little waits that more may be produced: a quarter of the limit, or nothing ever again.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        let messages = self.0.queued_messages.load(Ordering::Acquire);
        let bytes = self.0.soft_bytes.load(Ordering::Relaxed);
        (self.queued() < bytes && messages < self.0.soft_messages) || self.is_closed()
    }

    /// Completes when [`has_room`](Self::has_room).
    pub(crate) fn room(&self) -> impl Future<Output = ()> + Send + '_ {
        poll_fn(move |cx| {
            if self.has_room() {
                return Poll::Ready(());
            }
            let mut queue = self.lock();
            // Once more, because a write that makes room looks for waiting tasks behind the same lock.
            if self.has_room() {
                return Poll::Ready(());
            }
            if !queue.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                queue.waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
    }

    /// Gives it other bounds of bytes from now on; those of messages stay. What waits stays as well, and counts.
    pub(crate) fn resize(&self, bounds: &OutboxBounds) {
        let mut queue = self.lock();
        let room = Room::new(bounds);
        self.0.soft_bytes.store(room.soft.bytes, Ordering::Release);
        queue.longest = self.0.framing.longest().min(bounds.message);
        let waiting = match room.is_there(queue.queued) {
            true => std::mem::take(&mut queue.waiting),
            false => Vec::new(),
        };
        queue.room = room;
        drop(queue);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// The bytes that may wait without being borrowed.
    pub(crate) fn limit(&self) -> usize {
        self.lock().room.full.bytes
    }

    #[inline]
    fn set_queued(&self, queue: &mut Queue, queued: Amount) {
        queue.queued = queued;
        self.0.queued.store(queued.bytes, Ordering::Release);
        self.0.queued_messages.store(queued.messages, Ordering::Release);
    }

    /// Counts what does not wait any more, and returns who is to be told that there is room.
    fn subtract(&self, queue: &mut Queue, gone: Amount) -> Vec<Waker> {
        let before = queue.queued;
        let bytes = before.bytes.saturating_sub(gone.bytes);
        self.set_queued(queue, Amount { bytes, messages: before.messages.saturating_sub(gone.messages) });
        let mut waiting = match !queue.room.is_there(before) && queue.room.is_there(queue.queued) {
            true => std::mem::take(&mut queue.waiting),
            false => Vec::new(),
        };
        if queue.pressure.is_some() {
            self.relieve(queue, &mut waiting);
        }
        waiting
    }

    /// Accepts nothing any more.
    pub(super) fn end(&self, end: OutboxEnd) {
        let mut queue = self.lock();
        if queue.end.is_none() || end == OutboxEnd::Gone {
            if !matches!(end, OutboxEnd::Close { .. }) {
                queue.frames.clear();
            }
            queue.end = Some(end);
        }
        self.0.closed.store(true, Ordering::Release);
        let mut waiting = std::mem::take(&mut queue.waiting);
        match queue.end {
            Some(OutboxEnd::Close { .. }) => waiting.extend(self.stop_waiting(&mut queue)),
            _ => waiting.extend(self.calm(&mut queue)),
        }
        drop(queue);
        waiting.into_iter().for_each(Waker::wake);
        self.0.writer.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A panic can only come from somebody's `encode`, and `Frames` has taken back what that left behind.
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
