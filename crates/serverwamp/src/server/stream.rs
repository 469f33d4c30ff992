//! The stream below HTTP: its first octet was read already, and who lent it gets it back.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};

use crate::base::locks::Mutex;

/// A stream that is lent.
#[derive(Debug)]
pub(super) struct Lent<IO> {
    /// The octet that is read once more.
    first: Option<u8>,
    /// There until this is dropped.
    io: Option<IO>,
    /// Something was read since something was written: half a request, perhaps.
    asked: bool,
    lender: Lender<IO>,
}

/// The lender.
#[derive(Debug)]
pub(super) struct Lender<IO>(Arc<Mutex<Option<Returned<IO>>>>);

/// A stream that came back.
#[derive(Debug)]
pub(super) struct Returned<IO> {
    pub(super) io: IO,
    /// The peer has said something that was not answered.
    pub(super) asked: bool,
}

impl<IO> Lent<IO> {
    pub(super) fn new(first: u8, io: IO) -> (Self, Lender<IO>) {
        let back = Arc::default();
        let lent = Self { first: Some(first), io: Some(io), asked: true, lender: Lender(Arc::clone(&back)) };
        (lent, Lender(back))
    }

    fn io(&mut self) -> io::Result<Pin<&mut IO>>
    where
        IO: Unpin,
    {
        self.io.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<IO> Lender<IO> {
    /// The stream, if it has been dropped.
    pub(super) fn take(&self) -> Option<Returned<IO>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<IO> Drop for Lent<IO> {
    fn drop(&mut self) {
        let Some(io) = self.io.take() else { return };
        let returned = Some(Returned { io, asked: self.asked });
        let former =
            std::mem::replace(&mut *self.lender.0.lock().unwrap_or_else(PoisonError::into_inner), returned);
        drop(former);
    }
}

impl<IO: Read + Unpin> Read for Lent<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() > 0
            && let Some(first) = self.first.take()
        {
            buffer.put_slice(&[first]);
            return Poll::Ready(Ok(()));
        }
        ready!(self.io()?.poll_read(cx, buffer))?;
        self.asked = true;
        Poll::Ready(Ok(()))
    }
}

impl<IO: Write + Unpin> Write for Lent<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.asked = false;
        self.io()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io()?.poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.as_ref().is_some_and(Write::is_write_vectored)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.asked = false;
        self.io()?.poll_write_vectored(cx, slices)
    }
}
