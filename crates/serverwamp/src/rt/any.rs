//! A connection of any runtime behind one type.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};

#[cfg(feature = "server")]
use crate::base::unix_peer::UnixPeer;

/// A connection of an [`AnyListener`](super::AnyListener), or one that [`Runtime::connect`](super::Runtime::connect) has made.
pub struct AnyIo {
    stream: Box<dyn Stream>,
    #[cfg(feature = "server")]
    unix_peer: Option<UnixPeer>,
}

impl AnyIo {
    /// Forgets the type of `stream`.
    pub fn new(stream: impl Read + Write + Unpin + Send + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            #[cfg(feature = "server")]
            unix_peer: None,
        }
    }
}

impl fmt::Debug for AnyIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyIo")
    }
}

trait Stream: Read + Write + Unpin + Send {}

impl<T: Read + Write + Unpin + Send> Stream for T {}

#[cfg(feature = "server")]
impl AnyIo {
    /// As [`new`](Self::new), with the process at the other end.
    pub(super) fn accepted(
        stream: impl Read + Write + Unpin + Send + 'static,
        unix_peer: Option<UnixPeer>,
    ) -> Self {
        Self { stream: Box::new(stream), unix_peer }
    }

    pub(super) fn unix_peer(&self) -> Option<UnixPeer> {
        self.unix_peer
    }
}

impl AnyIo {
    fn inner(self: Pin<&mut Self>) -> Pin<&mut (dyn Stream + 'static)> {
        Pin::new(&mut *self.get_mut().stream)
    }
}

impl Read for AnyIo {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.inner().poll_read(cx, buffer)
    }
}

impl Write for AnyIo {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.inner().poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.inner().poll_write_vectored(cx, pieces)
    }
}
