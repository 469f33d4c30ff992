//! The read buffer of a connection.
//!
//! It starts small, because most connections are idle most of the time, and grows while reads fill it. Bytes of a
//! message in progress make it grow as they arrive, never because a peer announced them.
//!
//! Invariant: `spare` is initialised memory that lies directly behind `received` (or is empty), so that received bytes
//! are never copied to be decoded.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use hyper::rt::{Read, ReadBuf};

/// Bytes asked for in one read while nothing speaks for more; also what an idle connection keeps.
const SMALL: usize = 4 * 1024;

/// Bytes asked for in one read at most: beyond this a system call costs nothing compared with its bytes.
const LARGE: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Input {
    /// Received bytes that are not decoded yet.
    pub(crate) received: BytesMut,
    spare: BytesMut,
    /// The number of bytes to read.
    target: usize,
    /// The longest read since the buffer was last renewed.
    longest: usize,
    /// `received` needed more than the usual memory; it is not kept.
    oversized: bool,
}

impl Input {
    pub(crate) fn new() -> Self {
        Self {
            received: BytesMut::new(),
            spare: BytesMut::new(),
            target: SMALL,
            longest: 0,
            oversized: false,
        }
    }

    /// Reads once; 0 bytes mean that the peer sends no more.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut (impl Read + Unpin),
    ) -> Poll<io::Result<usize>> {
        if self.spare.len() < (self.target / 4).max(512) {
            self.renew();
        }
        let mut buf = ReadBuf::new(&mut self.spare);
        ready!(Pin::new(io).poll_read(cx, buf.unfilled()))?;
        let n = buf.filled().len();
        if n == self.spare.len() && n >= self.target / 2 && self.target < LARGE {
            self.target *= 2;
        }
        self.longest = self.longest.max(n);
        let filled = self.spare.split_to(n);
        self.received.unsplit(filled);
        Poll::Ready(Ok(n))
    }

    /// Provides `target` bytes of spare room.
    fn renew(&mut self) {
        if self.longest < self.target / 4 {
            self.target = (self.target / 2).max(SMALL);
        }
        self.longest = 0;
        let len = self.received.len();
        let mut buffer = std::mem::take(&mut self.received);
        buffer.unsplit(std::mem::take(&mut self.spare));
        buffer.truncate(len);
        if self.oversized && len < LARGE {
            buffer = BytesMut::from(&buffer[..]);
        }
        self.oversized = len >= LARGE;
        // Takes the same memory again if no message in it is still in use.
        buffer.reserve(self.target);
        buffer.resize(len + self.target, 0);
        self.spare = buffer.split_off(len);
        self.received = buffer;
    }

    /// Returns whether the buffer is bigger than an idle connection's should be.
    pub(super) fn is_bulky(&self) -> bool {
        self.target > SMALL || self.spare.len() > SMALL
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.received.capacity() + self.spare.capacity()
    }

    /// Gives memory back. To be called when the peer has been silent for a while.
    pub(super) fn trim(&mut self) {
        self.spare = BytesMut::new();
        self.received = BytesMut::from(&self.received[..]);
        self.target = SMALL;
        self.longest = 0;
    }
}
