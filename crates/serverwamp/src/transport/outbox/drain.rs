//! The connection's side of its outbox: it takes queued bytes, reports written ones, and sleeps until there are more.
//!
//! Invariant: bytes count as queued until the socket has accepted them, and a task that waits for room is woken when the
//! count falls below a quarter of the limit.

use std::sync::atomic::Ordering;
use std::task::Waker;

use bytes::Bytes;
use serverwamp_proto::websocket::Opcode;
use serverwamp_proto::websocket::batch::{BatchError, Records, Separator};

use super::frames::HEADER;
use super::{Amount, Outbox, OutboxEnd};
use crate::transport::Framing;

/// The next step of a connection that has written everything it took.
#[derive(Debug)]
pub(crate) enum WrittenBytes {
    /// Bytes to write.
    Bytes,
    /// Nothing: the outbox wakes the connection when that changes.
    Nothing,
    /// Nothing, and there will not be anything any more.
    End(OutboxEnd),
}

impl Outbox {
    pub(crate) fn framing(&self) -> &Framing {
        &self.0.framing
    }

    /// The next message of a received batch. As the peer's first one ends, so do those that are pushed from then on.
    pub(crate) fn next_record(&self, records: &mut Records) -> Option<Result<Bytes, BatchError>> {
        let record = records.next();
        self.note_separator(records.separator());
        record
    }

    /// The terminator of the peer's messages, if it has ended one.
    pub(crate) fn note_separator(&self, separator: Option<Separator>) {
        if let Some(separator) = separator {
            self.0.separator.get_or_init(|| separator);
        }
    }

    /// The waker of the connection.
    pub(crate) fn register(&self, waker: &Waker) {
        self.0.writer.register(waker);
    }

    /// Makes the connection run its handler's `poll`, though nothing was pushed.
    pub(crate) fn wake(&self) {
        self.0.writer.wake();
    }

    /// Makes the connection write what waits, if it sleeps still.
    pub(crate) fn wake_in_turn(&self) {
        let mut queue = self.lock();
        queue.in_crowd = false;
        let sleeps = queue.queued.bytes > 0 && self.0.sleeps.load(Ordering::Relaxed);
        if sleeps {
            self.0.sleeps.store(false, Ordering::Relaxed);
        }
        drop(queue);
        if sleeps {
            self.0.writer.wake();
        }
    }

    /// The connection is awake, and looks into the outbox before it sleeps again: it needs no waking.
    pub(crate) fn attend(&self) {
        self.0.sleeps.store(false, Ordering::Release);
    }

    /// Takes all bytes there are, in exchange for the empty `writing`.
    pub(crate) fn take(&self, writing: &mut Vec<u8>) -> WrittenBytes {
        let mut queue = self.lock();
        let saved = queue.frames.take(self.0.framing.kind(), writing);
        // All bytes taken before are written, or no more would be requested.
        let written = std::mem::take(&mut queue.taken);
        let waiting = match saved.is_some() || written > 0 {
            true => self.subtract(&mut queue, Amount { bytes: saved.unwrap_or(0), messages: written }),
            false => Vec::new(),
        };
        queue.taken = queue.queued.messages;
        let taken = match saved {
            Some(_) => WrittenBytes::Bytes,
            None => {
                self.0.sleeps.store(true, Ordering::Relaxed);
                queue.end.clone().map_or(WrittenBytes::Nothing, WrittenBytes::End)
            }
        };
        drop(queue);
        waiting.into_iter().for_each(Waker::wake);
        taken
    }

    /// Adds a pong, unless there is no room for it; the order of pongs and messages is that of what they answer.
    pub(crate) fn push_pong(&self, payload: &[u8]) -> bool {
        let mut queue = self.lock();
        if queue.end.is_some() || queue.queued.bytes + payload.len() + HEADER > queue.room.full.bytes {
            return false;
        }
        let (added, saved) = queue.frames.push_control(&self.0.framing, Opcode::Pong, payload);
        let Amount { bytes, messages } = queue.queued;
        self.set_queued(&mut queue, Amount { bytes: bytes + added, messages });
        let waiting = self.subtract(&mut queue, Amount { bytes: saved, messages: 0 });
        drop(queue);
        waiting.into_iter().for_each(Waker::wake);
        true
    }

    /// Returns whether the outbox was closed because too much was pushed.
    pub(crate) fn overflowed(&self) -> bool {
        self.lock().end == Some(OutboxEnd::Overflow)
    }

    /// Counts bytes that the connection writes without their having been pushed.
    pub(crate) fn count(&self, bytes: usize) {
        if bytes > 0 {
            let mut queue = self.lock();
            let queued = Amount { bytes: queue.queued.bytes + bytes, ..queue.queued };
            self.set_queued(&mut queue, queued);
        }
    }

    /// Counts bytes that do not wait any more.
    pub(crate) fn wrote(&self, bytes: usize) {
        let mut queue = self.lock();
        if let Some(pressure) = &mut queue.pressure {
            pressure.drained += bytes;
        }
        let waiting = self.subtract(&mut queue, Amount { bytes, messages: 0 });
        drop(queue);
        waiting.into_iter().for_each(Waker::wake);
    }

    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        self.lock().frames.memory()
    }

    /// Gives memory back that is not in use.
    pub(crate) fn trim(&self) {
        self.lock().frames.trim();
    }
}
