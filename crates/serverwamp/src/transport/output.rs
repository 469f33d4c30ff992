//! The writing half of a connection: the outbox's bytes, control frames, masks and compression, the socket.
//!
//! Invariant: a frame that was begun is written to its end before anything else, and of many pings that could not be
//! answered yet only the last is kept, so a peer that asks without listening costs nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use hyper::rt::Write;
use serverwamp_proto::websocket::{Opcode, frame};

use super::Outbox;
use super::framing::Framing;
use super::outbox::{OutboxEnd, WrittenBytes};
use super::recoding::Recoding;

/// Bytes masked or compressed before they are written; more would keep the task busy for long.
const RECODED_AT_ONCE: usize = 32 * 1024;

/// Pongs that may wait to be written; of further pings only the last is answered.
const MAX_PONGS: u32 = 32;

/// Capacity a buffer may keep after a burst, and an idle connection's buffers.
const KEPT: usize = 64 * 1024;
const KEPT_IDLE: usize = 1024;

/// The bytes between the outbox and the socket.
#[derive(Debug)]
pub(super) struct Output {
    outbox: Outbox,
    /// Being written: `written` bytes of it already are.
    writing: Vec<u8>,
    written: usize,
    /// Taken from the outbox to be masked or compressed; `recoded` bytes of it already are.
    raw: Vec<u8>,
    recoded: usize,
    recoding: Option<Recoding>,
    /// Pongs in the outbox.
    pongs: u32,
    /// The answer to send once those are written.
    pong: Option<Bytes>,
    ping: bool,
    close_written: bool,
    unflushed: bool,
    /// Since when the socket accepts nothing.
    stalled: Option<Instant>,
    last_written: Instant,
    /// A buffer grew beyond what an idle connection should keep, or the connection has not been quiet yet.
    bulky: bool,
}

/// Everything was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Drained {
    /// More may come.
    Open,
    /// The Close frame was the last.
    Closed,
}

impl Output {
    pub(super) fn new(outbox: Outbox, now: Instant) -> Self {
        let recoding = Recoding::of(outbox.framing());
        Self {
            outbox,
            writing: Vec::new(),
            written: 0,
            raw: Vec::new(),
            recoded: 0,
            recoding,
            pongs: 0,
            pong: None,
            ping: false,
            close_written: false,
            unflushed: false,
            stalled: None,
            last_written: now,
            // Whatever a handshake needed is longer than a ping, and most peers are quiet behind it.
            bulky: true,
        }
    }

    pub(super) const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(super) const fn stalled(&self) -> Option<Instant> {
        self.stalled
    }

    pub(super) const fn last_written(&self) -> Instant {
        self.last_written
    }

    /// Answers a ping.
    pub(super) fn pong(&mut self, payload: &Bytes) {
        let may_queue = self.pongs < MAX_PONGS || self.outbox.framing().answers_every_ping();
        if may_queue && self.pong.is_none() && self.outbox.push_pong(payload) {
            self.pongs += 1;
        } else {
            // A copy, so that a few bytes do not keep the whole read buffer.
            self.pong = Some(Bytes::copy_from_slice(payload));
        }
    }

    /// Returns whether a ping has to be answered before anything more is read.
    #[inline]
    pub(super) fn owes_pong(&self) -> bool {
        self.pong.is_some() && self.outbox.framing().answers_every_ping()
    }

    pub(super) const fn ping(&mut self) {
        self.ping = true;
    }

    /// Writes all there is; `Pending` means that the socket will wake the task.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut (impl Write + Unpin),
        now: Instant,
    ) -> Poll<io::Result<Drained>> {
        loop {
            while let Some(rest) = self.writing.get(self.written..)
                && !rest.is_empty()
            {
                let Poll::Ready(written) = Pin::new(&mut *io).poll_write(cx, rest)? else {
                    self.stalled.get_or_insert(now);
                    return Poll::Pending;
                };
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.stalled = None;
                self.unflushed = true;
                self.written += written;
                self.outbox.count_sent_bytes(written);
                self.outbox.wrote(written);
            }
            if self.written > 0 {
                self.last_written = now;
                self.recycle();
            }
            let drained = self.refill();
            if self.writing.is_empty() {
                if self.unflushed {
                    let Poll::Ready(()) = Pin::new(&mut *io).poll_flush(cx)? else {
                        self.stalled.get_or_insert(now);
                        return Poll::Pending;
                    };
                    self.stalled = None;
                    self.unflushed = false;
                }
                return Poll::Ready(Ok(drained));
            }
        }
    }

    /// Puts what comes next into `writing`, which is empty; leaves it empty if nothing does.
    fn refill(&mut self) -> Drained {
        if self.close_written {
            return Drained::Closed;
        }
        let mut drained = Drained::Open;
        let unframed = match self.take() {
            WrittenBytes::Bytes => 0,
            WrittenBytes::Nothing => {
                self.pongs = 0;
                0
            }
            WrittenBytes::End(OutboxEnd::Close { code, reason }) => {
                if self.outbox.framing().says_goodbye() {
                    self.write_control(|_, out| frame::push_close(Some(code), &reason, out));
                }
                self.close_written = true;
                self.writing.len()
            }
            WrittenBytes::End(OutboxEnd::Overflow | OutboxEnd::Gone) => {
                drained = Drained::Closed;
                0
            }
        };
        let before = self.writing.len() - unframed;
        if !self.close_written && drained == Drained::Open {
            if let Some(payload) = self.pong.take() {
                self.write_control(|framing, out| framing.push_control(Opcode::Pong, &payload, out));
            }
            if std::mem::take(&mut self.ping) {
                self.write_control(|framing, out| framing.push_control(Opcode::Ping, &[], out));
            }
        }
        self.outbox.count(self.writing.len() - before);
        drained
    }

    /// Writes a control frame behind what is in `writing`.
    fn write_control(&mut self, write: impl FnOnce(&Framing, &mut Vec<u8>)) {
        let Some(recoding) = &mut self.recoding else {
            return write(self.outbox.framing(), &mut self.writing);
        };
        let mut frame = Vec::new();
        write(self.outbox.framing(), &mut frame);
        recoding.recode(&frame, usize::MAX, &mut self.writing);
    }

    /// Takes bytes from the outbox, masked or compressed if they have to be.
    fn take(&mut self) -> WrittenBytes {
        let Some(recoding) = &mut self.recoding else { return self.outbox.take(&mut self.writing) };
        if self.recoded == self.raw.len() {
            self.recoded = 0;
            if self.raw.capacity() > KEPT {
                self.raw = Vec::new();
            }
            self.bulky |= self.raw.capacity() > KEPT_IDLE;
            self.raw.clear();
            match self.outbox.take(&mut self.raw) {
                WrittenBytes::Bytes => {}
                taken => return taken,
            }
        }
        let rest = self.raw.get(self.recoded..).unwrap_or_default();
        let taken = recoding.recode(rest, RECODED_AT_ONCE, &mut self.writing);
        self.recoded += taken;
        // Counted twice for a moment rather than not at all.
        self.outbox.count(self.writing.len());
        self.outbox.wrote(taken);
        WrittenBytes::Bytes
    }

    /// Empties `writing`, which was written, and keeps its memory if there is not too much of it.
    fn recycle(&mut self) {
        self.written = 0;
        if self.writing.capacity() > KEPT {
            self.writing = Vec::new();
        }
        self.bulky |= self.writing.capacity() > KEPT_IDLE;
        self.writing.clear();
    }

    /// Returns whether [`trim`](Self::trim) would give memory back.
    pub(super) const fn is_bulky(&self) -> bool {
        self.bulky && self.writing.is_empty()
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.writing.capacity() + self.raw.capacity() + self.outbox.memory()
    }

    /// Gives memory back. To be called when there has been nothing to write for a while.
    pub(super) fn trim(&mut self) {
        self.bulky = false;
        if self.writing.is_empty() {
            self.writing = Vec::new();
        }
        if self.recoded == self.raw.len() {
            self.raw = Vec::new();
            self.recoded = 0;
        }
        self.outbox.trim();
    }
}
