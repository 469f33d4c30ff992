//! The bytes waiting to be written to one peer.
//!
//! Messages are encoded straight into the waiting bytes, behind a short lock; the connection takes all of them at once.
//! It is woken only when it sleeps, so a burst of messages costs one wake and one write.
//!
//! Invariant: no more than `limit` bytes wait, and what waits is whole frames in the order of the pushes. A message
//! that does not fit is refused and ends the connection: its peer is too slow.

use std::borrow::Cow;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Poll, Waker};

use atomic_waker::AtomicWaker;
use bytes::Bytes;
use serverwamp_proto::websocket::Opcode;
use serverwamp_proto::websocket::batch::{BatchError, Records, Separator, begin_record, finish_record};
use serverwamp_proto::websocket::frame::{self, Mark};

use super::Framing;

/// A batch that is longer than this is complete: its receiver has to hold all of it before it sees the first message.
const LONG_BATCH: usize = 32 * 1024;

/// The connection ends or has ended; what was pushed was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("connection is closed")]
pub(crate) struct OutboxClosed;

/// Why a message was not queued.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum PushError<E> {
    /// The connection ends or has ended.
    #[error("connection is closed")]
    Closed,
    /// The message could not be encoded; nothing of it is in the outbox.
    #[error(transparent)]
    Encode(#[from] E),
}

/// A handle to the bytes waiting for one peer; cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Outbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    framing: Framing,
    /// What ends JSON messages in batches; the usual one until the peer has shown its own.
    separator: OnceLock<Separator>,
    limit: usize,
    /// Bytes accepted by `push` and not accepted by the socket yet. Grows only under the lock.
    queued: AtomicUsize,
    /// Whether `Queue::end` is set.
    closed: AtomicBool,
    /// The connection found nothing to write and sleeps until it is woken.
    sleeps: AtomicBool,
    writer: AtomicWaker,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    /// The batch at the end of `bytes` that further messages join.
    batch: Option<Mark>,
    end: Option<End>,
    /// Who waits in `room`.
    waiting: Vec<Waker>,
}

/// Why nothing more is accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// Write what is there, then a Close frame.
    Close { code: Option<u16>, reason: Cow<'static, str> },
    /// More was pushed than the peer may let wait.
    Overflow,
    /// The connection is gone.
    Gone,
}

/// What there is to do for a connection that has written everything it took.
#[derive(Debug)]
pub(super) enum Taken {
    /// Bytes to write.
    Bytes,
    /// Nothing: the outbox wakes the connection when that changes.
    Nothing,
    /// Nothing, and there will not be anything any more.
    End(End),
}

impl Shared {
    fn separator(&self) -> Separator {
        self.separator.get().copied().unwrap_or_default()
    }
}

impl Outbox {
    /// An empty outbox that holds up to `limit` bytes.
    pub(crate) fn new(framing: Framing, limit: usize) -> Self {
        Self(Arc::new(Shared {
            framing,
            separator: OnceLock::new(),
            limit,
            queued: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            sleeps: AtomicBool::new(false),
            writer: AtomicWaker::new(),
            queue: Mutex::default(),
        }))
    }

    /// Adds one message: whatever `encode` appends. It runs behind a lock and must not use this outbox.
    pub(crate) fn push(&self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), OutboxClosed> {
        let encode = |out: &mut Vec<u8>| {
            encode(out);
            Ok::<(), Infallible>(())
        };
        self.append(self.0.framing.kind(), 0, encode).map_err(|_| OutboxClosed)
    }

    /// As [`push`](Self::push), for an encoding that may fail: then nothing is added.
    pub(crate) fn try_push<E>(
        &self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), PushError<E>> {
        self.append(self.0.framing.kind(), 0, encode)
    }

    /// Adds one message that is already encoded.
    pub(crate) fn push_encoded(&self, message: &[u8]) -> Result<(), OutboxClosed> {
        self.push_as(self.0.framing.kind(), message)
    }

    /// Adds one message of this kind, where both kinds are allowed.
    pub(crate) fn push_as(&self, kind: Opcode, message: &[u8]) -> Result<(), OutboxClosed> {
        let encode = |out: &mut Vec<u8>| {
            out.extend_from_slice(message);
            Ok::<(), Infallible>(())
        };
        self.append(kind, message.len(), encode).map_err(|_| OutboxClosed)
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
        kind: Opcode,
        expected: usize,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), PushError<E>> {
        let shared = &*self.0;
        let mut queue = self.lock();
        if queue.end.is_some() {
            return Err(PushError::Closed);
        }
        let Queue { bytes, batch, .. } = &mut *queue;
        let Framing::WebSocket { batch: serializer, .. } = shared.framing;
        let mut entry = Entry { before: bytes.len(), bytes, complete: false };
        match serializer {
            None => {
                let mark = frame::begin_sized(entry.bytes, expected);
                encode(entry.bytes)?;
                frame::finish(entry.bytes, mark, kind, false);
            }
            Some(serializer) => {
                let mark = batch.unwrap_or_else(|| frame::begin_sized(entry.bytes, LONG_BATCH));
                let record = begin_record(serializer, entry.bytes);
                encode(entry.bytes)?;
                finish_record(serializer, shared.separator(), entry.bytes, record);
                *batch = Some(mark);
            }
        }
        let before = entry.before;
        if shared.queued.load(Ordering::Acquire) + (entry.bytes.len() - before) > shared.limit {
            drop(entry);
            drop(queue);
            self.end(End::Overflow);
            return Err(PushError::Closed);
        }
        entry.complete = true;
        drop(entry);
        if queue.batch.is_some_and(|mark| queue.bytes.len() - mark.start() > LONG_BATCH) {
            queue.finish_batch(kind);
        }
        shared.queued.fetch_add(queue.bytes.len() - before, Ordering::SeqCst);
        drop(queue);
        // The load first: among the pushes of a burst it alone is needed.
        if shared.sleeps.load(Ordering::SeqCst) && shared.sleeps.swap(false, Ordering::AcqRel) {
            shared.writer.wake();
        }
        Ok(())
    }

    /// Accepts nothing any more.
    pub(super) fn end(&self, end: End) {
        let mut queue = self.lock();
        if queue.end.is_none() || end == End::Gone {
            if !matches!(end, End::Close { .. }) {
                queue.bytes = Vec::new();
                queue.batch = None;
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
        // A panic can only come from somebody's `encode`, and `Entry` has taken back what that left behind.
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the connection does with its outbox.
impl Outbox {
    pub(super) fn framing(&self) -> &Framing {
        &self.0.framing
    }

    /// The next message of a received batch. As the peer's first one ends, so do those that are pushed from then on.
    pub(super) fn next_record(&self, records: &mut Records) -> Option<Result<Bytes, BatchError>> {
        let record = records.next();
        if let Some(separator) = records.separator() {
            self.0.separator.get_or_init(|| separator);
        }
        record
    }

    /// Whom to wake when there is something to do.
    pub(super) fn register(&self, waker: &Waker) {
        self.0.writer.register(waker);
    }

    /// The connection is awake, and looks into the outbox before it sleeps again: it needs no waking.
    pub(super) fn attend(&self) {
        self.0.sleeps.store(false, Ordering::Release);
    }

    /// Takes all bytes there are, in exchange for the empty `writing`.
    pub(super) fn take(&self, writing: &mut Vec<u8>) -> Taken {
        // A push counts its bytes and then looks for a sleeper, so one of the two sees the other without the lock.
        self.0.sleeps.store(true, Ordering::SeqCst);
        if self.0.queued.load(Ordering::SeqCst) == 0 && !self.is_closed() {
            return Taken::Nothing;
        }
        let mut queue = self.lock();
        let saved = queue.finish_batch(self.0.framing.kind());
        if !queue.bytes.is_empty() {
            std::mem::swap(&mut queue.bytes, writing);
            self.0.sleeps.store(false, Ordering::Release);
            drop(queue);
            self.wrote(saved);
            return Taken::Bytes;
        }
        queue.end.clone().map_or(Taken::Nothing, Taken::End)
    }

    /// Adds a pong, unless there is no room for it; the order of pongs and messages is that of what they answer.
    pub(super) fn push_pong(&self, payload: &[u8]) -> bool {
        let mut queue = self.lock();
        if queue.end.is_some() || self.queued() + frame::MAX_CONTROL + 2 > self.0.limit {
            return false;
        }
        let saved = queue.finish_batch(self.0.framing.kind());
        let before = queue.bytes.len();
        frame::push(Opcode::Pong, payload, &mut queue.bytes);
        self.count(queue.bytes.len() - before);
        drop(queue);
        self.wrote(saved);
        true
    }

    /// Whether the outbox was closed because too much was pushed.
    pub(super) fn overflowed(&self) -> bool {
        self.lock().end == Some(End::Overflow)
    }

    /// Counts bytes that the connection writes without their having been pushed.
    pub(super) fn count(&self, bytes: usize) {
        self.0.queued.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Counts bytes that do not wait any more.
    pub(super) fn wrote(&self, bytes: usize) {
        let before = self.0.queued.fetch_sub(bytes, Ordering::AcqRel);
        let soft = self.soft_limit();
        if before >= soft && before.saturating_sub(bytes) < soft {
            let waiting = std::mem::take(&mut self.lock().waiting);
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.lock().bytes.capacity()
    }

    /// Gives memory back that is not in use.
    pub(super) fn trim(&self) {
        let mut queue = self.lock();
        if queue.bytes.is_empty() {
            queue.bytes = Vec::new();
        }
    }
}

impl Queue {
    /// Completes the batch that is open, if one is, and returns by how many bytes that made it shorter: only a long
    /// batch can become longer, and those are completed by the push that made them long.
    fn finish_batch(&mut self, kind: Opcode) -> usize {
        let Some(mark) = self.batch.take() else { return 0 };
        let before = self.bytes.len();
        frame::finish(&mut self.bytes, mark, kind, false);
        before.saturating_sub(self.bytes.len())
    }
}

/// A message being added; taken back unless it is completed, also by a panic.
struct Entry<'a> {
    bytes: &'a mut Vec<u8>,
    before: usize,
    complete: bool,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if !self.complete {
            self.bytes.truncate(self.before);
        }
    }
}
