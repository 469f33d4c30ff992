//! A connection of which no more than so many bytes are read.
//!
//! hyper reads interim answers (`100 Continue`) for as long as they come, without a pause in which a deadline could be looked at, and
//! header fields up to a bound of its own. Invariant: a web server that sends without end is left after [`MOST_AROUND`] more than its
//! answer may have.

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Bytes beside the body: status lines, header fields, the frames of chunks.
pub(super) const MOST_AROUND: usize = 64 << 10;

/// Reads at most so many bytes.
pub(super) struct Bounded<Io> {
    io: Io,
    left: usize,
}

impl<Io> Bounded<Io> {
    pub(super) const fn new(io: Io, most: usize) -> Self {
        Self { io, left: most }
    }
}

impl<Io: Read + Unpin> Read for Bounded<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("it sends too much")));
        }
        let mut bytes = [0; 4096];
        let most = buffer.remaining().min(bytes.len()).min(self.left);
        let mut read = ReadBuf::new(bytes.get_mut(..most).unwrap_or_default());
        ready!(Pin::new(&mut self.io).poll_read(cx, read.unfilled()))?;
        self.left -= read.filled().len();
        buffer.put_slice(read.filled());
        Poll::Ready(Ok(()))
    }
}

impl<Io: Write + Unpin> Write for Bounded<Io> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
