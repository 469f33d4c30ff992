//! The bytes waiting to be written to one peer.
//!
//! Messages are encoded straight into the waiting bytes, behind a short lock; the connection takes all of them at once.
//! It is woken only when it sleeps, so a burst of messages costs one wake and one write.
//!
//! Invariant: no more than `limit` bytes wait, and what waits is whole frames in the order of the pushes. A message
//! that does not fit is refused and ends the connection, because its peer is too slow; only events may be lost in its
//! place, if the [`Overflow`] says so, and every lost event is counted. A message that is longer than the peer takes is
//! refused and ends nothing.

mod drain;
mod failure;
mod frames;

use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};

use atomic_waker::AtomicWaker;
use serverwamp_proto::websocket::Opcode;
use serverwamp_proto::websocket::batch::Separator;

use super::Framing;
use crate::Overflow;

pub(crate) use drain::Taken;
use failure::{Failure, infallible};
pub(crate) use failure::{PushError, Refused};
use frames::{Draft, Frames};

/// What becomes of a message that does not fit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Class {
    /// It ends the connection.
    Required,
    /// What the [`Overflow`] says.
    Event,
    /// It is refused.
    Refusable,
}

/// How much may wait, and what becomes of the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Bytes of all messages.
    pub(crate) queued: usize,
    /// Bytes of one message; the peer may take less.
    pub(crate) message: usize,
    /// What becomes of events that do not fit.
    pub(crate) overflow: Overflow,
}

/// A handle to the bytes waiting for one peer; cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Outbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    framing: Framing,
    /// The longest message that may be sent.
    longest: usize,
    /// What ends JSON messages in batches; the usual one until the peer has shown its own.
    separator: OnceLock<Separator>,
    limit: usize,
    /// What refusable messages may fill, and events that are dropped when they do not fit: the rest is for messages that
    /// cannot be refused.
    lower_limit: usize,
    overflow: Overflow,
    /// Events that were lost.
    lost: AtomicU64,
    /// A copy of `Queue::queued` for those who only look.
    queued: AtomicUsize,
    /// Whether `Queue::end` is set.
    closed: AtomicBool,
    /// The connection found nothing to write and sleeps until it is woken. Becomes true only under the lock.
    sleeps: AtomicBool,
    writer: AtomicWaker,
    queue: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    frames: Frames,
    /// Bytes accepted by `push` and not accepted by the socket yet.
    queued: usize,
    end: Option<End>,
    /// Who waits in `room`.
    waiting: Vec<Waker>,
}

/// Why nothing more is accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// Write what is there, then a Close frame.
    Close { code: Option<u16>, reason: Cow<'static, str> },
    /// More was pushed than the peer may let wait.
    Overflow,
    /// The connection is gone.
    Gone,
}

impl Shared {
    /// How many bytes may wait when a message of this class has been added.
    #[inline]
    fn bound(&self, class: Class) -> usize {
        match class {
            Class::Required => self.limit,
            Class::Event if self.overflow == Overflow::DropNewestEvent => self.lower_limit,
            Class::Event => self.limit,
            Class::Refusable => self.lower_limit,
        }
    }
}

impl Outbox {
    /// An empty outbox of these bounds.
    pub(crate) fn new(framing: Framing, bounds: Bounds) -> Self {
        let Bounds { queued: limit, message, overflow } = bounds;
        let frames = Frames::new(overflow == Overflow::DropOldestEvent);
        Self(Arc::new(Shared {
            framing,
            longest: framing.longest().min(message),
            separator: OnceLock::new(),
            limit,
            lower_limit: limit - limit / 8,
            overflow,
            lost: AtomicU64::new(0),
            queued: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            sleeps: AtomicBool::new(false),
            writer: AtomicWaker::new(),
            queue: Mutex::new(Queue { frames, queued: 0, end: None, waiting: Vec::new() }),
        }))
    }

    /// Adds one message: whatever `encode` appends. It runs behind a lock and must not use this outbox.
    pub(crate) fn push(&self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), PushError> {
        self.try_push(infallible(encode))
    }

    /// As [`push`](Self::push), for an encoding that may fail: then nothing is added.
    pub(crate) fn try_push<E>(
        &self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), PushError<E>> {
        self.append(Class::Required, self.0.framing.kind(), 0, encode).map_err(PushError::from)
    }

    /// As [`push`](Self::push), for a message whose sender can be told that it was not queued: it may fill seven eighths
    /// of the limit, and one that does not fit even if events give way is refused and changes nothing (checklist RPC-24).
    pub(crate) fn try_push_within(&self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), Refused> {
        self.append(Class::Refusable, self.0.framing.kind(), 0, infallible(encode)).map_err(Refused::from)
    }

    /// Adds an EVENT that is already encoded. One that is lost is counted, and [`Refused::Full`] (checklist SEC-05).
    pub(crate) fn push_event(&self, message: &[u8]) -> Result<(), Refused> {
        let encode = infallible(|out| out.extend_from_slice(message));
        self.append(Class::Event, self.0.framing.kind(), message.len(), encode).map_err(Refused::from)
    }

    /// Adds one message that is already encoded.
    #[cfg(test)]
    pub(crate) fn push_encoded(&self, message: &[u8]) -> Result<(), PushError> {
        self.push_as(self.0.framing.kind(), message)
    }

    /// Adds one message of this kind, where both kinds are allowed.
    pub(crate) fn push_as(&self, kind: Opcode, message: &[u8]) -> Result<(), PushError> {
        let encode = infallible(|out| out.extend_from_slice(message));
        self.append(Class::Required, kind, message.len(), encode).map_err(PushError::from)
    }

    /// Events that were lost so far, because they did not fit or had to give way.
    #[inline]
    pub(crate) fn events_lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Ends the connection: what was pushed before is written, then a Close frame, and nothing more is accepted.
    /// Only the first close counts.
    pub(crate) fn close(&self, code: u16, reason: impl Into<Cow<'static, str>>) {
        self.end(End::Close { code: Some(code), reason: reason.into() });
    }

    /// Makes the connection run its handler's `poll`, though nothing was pushed.
    pub(crate) fn wake(&self) {
        self.0.writer.wake();
    }

    /// Whether pushes are refused.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }

    /// Bytes that were pushed and that the socket has not accepted yet.
    #[inline]
    pub(crate) fn queued(&self) -> usize {
        self.0.queued.load(Ordering::Acquire)
    }

    /// Whether so little waits that more may be produced: a quarter of the limit, or nothing ever again.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.queued() < self.soft_limit() || self.is_closed()
    }

    /// Completes when [`has_room`](Self::has_room).
    pub(crate) fn room(&self) -> impl Future<Output = ()> + Send + '_ {
        poll_fn(move |cx| {
            if self.has_room() {
                return Poll::Ready(());
            }
            let mut queue = self.lock();
            // Once more, because whoever makes room looks for those who wait behind the same lock.
            if self.has_room() {
                return Poll::Ready(());
            }
            if !queue.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                queue.waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
    }

    fn append<E>(
        &self,
        class: Class,
        kind: Opcode,
        expected: usize,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), Failure<E>> {
        let shared = &*self.0;
        let mut queue = self.lock();
        if queue.end.is_some() {
            return Err(Refused::Closed.into());
        }
        let message = (kind, class == Class::Event, expected);
        let draft = queue
            .frames
            .encode(&shared.framing, &shared.separator, message, encode)
            .map_err(Failure::Encode)?;
        if draft.message() > shared.longest {
            return Ok(self.too_long(queue, &draft, class)?);
        }
        let total = queue.queued + queue.frames.length(&draft);
        let bound = shared.bound(class);
        if total > bound {
            return Ok(self.overflow(queue, draft, class, kind, total - bound)?);
        }
        self.commit(queue, &draft, class, kind);
        Ok(())
    }

    #[inline]
    fn commit(&self, mut queue: MutexGuard<'_, Queue>, draft: &Draft, class: Class, kind: Opcode) {
        let added = queue.frames.commit(draft, kind, class == Class::Event);
        self.set_queued(&mut queue, |queued| queued + added);
        // Who falls asleep holds the lock and finds nothing, so this push is found by it, or finds it asleep.
        let sleeps = self.0.sleeps.load(Ordering::Relaxed);
        if sleeps {
            self.0.sleeps.store(false, Ordering::Relaxed);
        }
        drop(queue);
        if sleeps {
            self.0.writer.wake();
        }
    }

    /// The draft is longer than the peer takes (checklist RAW-16).
    #[cold]
    fn too_long(&self, mut queue: MutexGuard<'_, Queue>, draft: &Draft, class: Class) -> Result<(), Refused> {
        queue.frames.undo(draft);
        drop(queue);
        if class == Class::Event {
            self.lose(1);
        }
        Err(Refused::TooLong)
    }

    /// The draft is `excess` bytes more than there is room for.
    #[cold]
    fn overflow(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        mut draft: Draft,
        class: Class,
        kind: Opcode,
        excess: usize,
    ) -> Result<(), Refused> {
        if queue.frames.are_removable() {
            draft = match queue.frames.make_room(draft, kind, excess, self.0.limit / 4) {
                Ok((draft, removed)) => {
                    let waiting = self.subtract(&mut queue, removed.bytes);
                    self.commit(queue, &draft, class, kind);
                    waiting.into_iter().for_each(Waker::wake);
                    self.lose(removed.events.into());
                    return Ok(());
                }
                Err(draft) => draft,
            };
        }
        queue.frames.undo(&draft);
        drop(queue);
        match class {
            Class::Refusable => Err(Refused::Full),
            Class::Event if self.0.overflow != Overflow::CloseSession => {
                self.lose(1);
                Err(Refused::Full)
            }
            Class::Event | Class::Required => {
                self.end(End::Overflow);
                Err(Refused::Closed)
            }
        }
    }

    fn set_queued(&self, queue: &mut Queue, change: impl FnOnce(usize) -> usize) {
        queue.queued = change(queue.queued);
        self.0.queued.store(queue.queued, Ordering::Release);
    }

    /// Counts bytes that do not wait any more, and returns who is to be told that there is room.
    fn subtract(&self, queue: &mut Queue, bytes: usize) -> Vec<Waker> {
        let before = queue.queued;
        self.set_queued(queue, |queued| queued.saturating_sub(bytes));
        let soft = self.soft_limit();
        match before >= soft && queue.queued < soft {
            true => std::mem::take(&mut queue.waiting),
            false => Vec::new(),
        }
    }

    fn lose(&self, events: u64) {
        let before = self.0.lost.fetch_add(events, Ordering::Relaxed);
        if before == 0 && events > 0 {
            // So that somebody says so; later losses are looked at whenever the connection runs.
            self.0.writer.wake();
        }
    }

    /// Accepts nothing any more.
    pub(super) fn end(&self, end: End) {
        let mut queue = self.lock();
        if queue.end.is_none() || end == End::Gone {
            if !matches!(end, End::Close { .. }) {
                queue.frames.clear();
            }
            queue.end = Some(end);
        }
        self.0.closed.store(true, Ordering::Release);
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        waiting.into_iter().for_each(Waker::wake);
        self.0.writer.wake();
    }

    fn soft_limit(&self) -> usize {
        self.0.limit / 4
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A panic can only come from somebody's `encode`, and `Frames` has taken back what that left behind.
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
