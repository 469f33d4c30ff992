//! Two byte streams in this process, each end reading what the other one writes.
//!
//! Invariant: no more than the capacity waits in either direction; whoever waits is woken when that changes or when the
//! other end is gone.

use crate::base::locks::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use hyper::rt::{Read, ReadBufCursor, Write};

/// One end of a [`pipe`]. Dropping it ends both directions.
#[derive(Debug)]
pub struct Pipe {
    reader: PipeReader,
    writer: PipeWriter,
}

/// The reading half of a [`Pipe`]'s end. Dropping it makes the other end's writes fail.
#[derive(Debug)]
pub(crate) struct PipeReader(Arc<Mutex<Direction>>);

/// The writing half of a [`Pipe`]'s end. Dropping it is the end of what the other end reads.
#[derive(Debug)]
pub(crate) struct PipeWriter(Arc<Mutex<Direction>>);

#[derive(Debug)]
struct Direction {
    bytes: VecDeque<u8>,
    capacity: usize,
    /// The writer sends no more.
    ended: bool,
    /// The reader is gone.
    abandoned: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// A pair of streams in memory; `capacity` bytes may wait in each direction, at least one.
///
/// ```
/// # let app = serverwamp::Application::builder().realm(serverwamp::Realm::new("realm1").allow_anonymous("guest")).build()?;
/// use serverwamp::{Server, server::Incoming};
///
/// // A whole server without a socket, for a test of one's own WebSocket or RawSocket client.
/// let (client, server) = serverwamp::memory::pipe(16 * 1024);
/// let listener = Incoming::new(futures_util::stream::iter([Ok((server, None))]));
/// let serving = Server::new(app).serve(listener, std::future::pending());
/// # drop((client, serving));
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
pub fn pipe(capacity: usize) -> (Pipe, Pipe) {
    let there = Direction::shared(capacity);
    let back = Direction::shared(capacity);
    let end = |reads: &Arc<_>, writes: &Arc<_>| Pipe {
        reader: PipeReader(Arc::clone(reads)),
        writer: PipeWriter(Arc::clone(writes)),
    };
    (end(&back, &there), end(&there, &back))
}

impl Pipe {
    /// Its two halves, for reading and writing at the same time.
    pub(crate) fn split(self) -> (PipeReader, PipeWriter) {
        (self.reader, self.writer)
    }
}

impl Direction {
    fn shared(capacity: usize) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            bytes: VecDeque::new(),
            capacity: capacity.max(1),
            ended: false,
            abandoned: false,
            reader: None,
            writer: None,
        }))
    }
}

fn lock(direction: &Mutex<Direction>) -> MutexGuard<'_, Direction> {
    direction.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes without the lock, because a waker may run anything.
fn wake(mut direction: MutexGuard<'_, Direction>, which: fn(&mut Direction) -> Option<Waker>) {
    let waker = which(&mut direction);
    drop(direction);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Read for PipeReader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut direction = lock(&self.0);
        if direction.bytes.is_empty() {
            if direction.ended || buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            direction.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut taken = 0;
        let (first, second) = direction.bytes.as_slices();
        for part in [first, second] {
            let part = part.get(..part.len().min(buffer.remaining())).unwrap_or_default();
            buffer.put_slice(part);
            taken += part.len();
        }
        direction.bytes.drain(..taken);
        if direction.bytes.is_empty() && direction.bytes.capacity() > 64 * 1024 {
            direction.bytes = VecDeque::new();
        }
        wake(direction, |direction| direction.writer.take());
        Poll::Ready(Ok(()))
    }
}

impl Write for PipeWriter {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut direction = lock(&self.0);
        if direction.abandoned || direction.ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = direction.capacity - direction.bytes.len();
        if room == 0 && !bytes.is_empty() {
            direction.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let now = bytes.get(..bytes.len().min(room)).unwrap_or_default();
        direction.bytes.extend(now);
        wake(direction, |direction| direction.reader.take());
        Poll::Ready(Ok(now.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut direction = lock(&self.0);
        direction.ended = true;
        wake(direction, |direction| direction.reader.take());
        Poll::Ready(Ok(()))
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        let mut direction = lock(&self.0);
        direction.ended = true;
        wake(direction, |direction| direction.reader.take());
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let mut direction = lock(&self.0);
        direction.abandoned = true;
        direction.bytes = VecDeque::new();
        wake(direction, |direction| direction.writer.take());
    }
}

impl Read for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(cx, buffer)
    }
}

impl Write for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}
