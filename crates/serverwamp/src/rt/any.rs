//! A listener of any runtime behind one type.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};

use super::BoxFuture;
use super::listener::Listener;
use crate::base::unix_peer::UnixPeer;

/// A [`Listener`] whose type has been forgotten, as [`Runtime::listen`](super::Runtime::listen) returns it.
///
/// Each read and each write of its connections is one call through a table, beside a call of the system.
pub struct AnyListener(Box<dyn Accept>);

impl AnyListener {
    /// Forgets the type of `listener`.
    pub fn new(listener: impl Listener + 'static) -> Self {
        Self(Box::new(listener))
    }
}

impl Listener for AnyListener {
    type Io = AnyIo;

    async fn accept(&mut self) -> io::Result<(AnyIo, Option<SocketAddr>)> {
        self.0.accept_any().await
    }

    fn unix_peer(io: &AnyIo) -> Option<UnixPeer> {
        io.1
    }
}

impl fmt::Debug for AnyListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyListener")
    }
}

/// A connection of an [`AnyListener`], or one that [`Runtime::connect`](super::Runtime::connect) has made.
pub struct AnyIo(Box<dyn Stream>, Option<UnixPeer>);

impl AnyIo {
    /// Forgets the type of `stream`.
    pub fn new(stream: impl Read + Write + Unpin + Send + 'static) -> Self {
        Self(Box::new(stream), None)
    }
}

impl fmt::Debug for AnyIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyIo")
    }
}

trait Accept: Send {
    fn accept_any(&mut self) -> BoxFuture<'_, io::Result<(AnyIo, Option<SocketAddr>)>>;
}

impl<L: Listener> Accept for L {
    fn accept_any(&mut self) -> BoxFuture<'_, io::Result<(AnyIo, Option<SocketAddr>)>> {
        Box::pin(async {
            let (stream, address) = self.accept().await?;
            let peer = L::unix_peer(&stream);
            Ok((AnyIo(Box::new(stream), peer), address))
        })
    }
}

trait Stream: Read + Write + Unpin + Send {}

impl<T: Read + Write + Unpin + Send> Stream for T {}

impl AnyIo {
    fn inner(self: Pin<&mut Self>) -> Pin<&mut (dyn Stream + 'static)> {
        Pin::new(&mut *self.get_mut().0)
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
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.inner().poll_write_vectored(cx, pieces)
    }
}
