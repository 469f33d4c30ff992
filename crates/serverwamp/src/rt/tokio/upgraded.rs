//! A connection that an HTTP server hands over: the socket of tokio below it, where it can be reached.
//!
//! `axum::serve` and most other servers leave Nagle's algorithm on, and a peer that acknowledges late then gets a small
//! event some 40 ms late.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::base::log::line;
use ::tokio::net::TcpStream;
use bytes::{Buf as _, Bytes};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;

/// The byte stream of an upgraded HTTP connection.
#[derive(Debug)]
pub(crate) enum Handed {
    /// A TCP connection of tokio, served by hyper itself or by hyper-util, which is what axum does.
    Socket {
        /// Bytes that were read together with the request, and are returned first.
        first: Bytes,
        /// The connection.
        io: TokioIo<TcpStream>,
    },
    /// Anything else: TLS, a Unix socket, a stream of another runtime.
    Hidden(Upgraded),
}

impl Handed {
    /// Looks for the socket, and lets it send small frames at once.
    pub(crate) fn take(upgraded: Upgraded) -> Self {
        let (io, first) = match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => (parts.io, parts.read_buf),
            Err(upgraded) => match downcast::<TokioIo<TcpStream>>(upgraded) {
                Ok(parts) => (parts.io, parts.read_buf),
                Err(upgraded) => return Self::Hidden(upgraded),
            },
        };
        // An empty one would keep all of the buffer that hyper has read the request into, 8 KiB.
        let first = if first.is_empty() { Bytes::new() } else { first };
        // Frames are written whole, so waiting for more bytes would only delay them.
        if let Err(error) = io.inner().set_nodelay(true) {
            line!(DEBUG, "server", "TCP_NODELAY cannot be set", error = error);
        }
        Self::Socket { first, io }
    }
}

impl Read for Handed {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Socket { first, io } if first.is_empty() => Pin::new(io).poll_read(cx, buffer),
            Self::Socket { first, .. } => {
                let now = first.len().min(buffer.remaining());
                buffer.put_slice(first.get(..now).unwrap_or_default());
                first.advance(now);
                if first.is_empty() {
                    *first = Bytes::new();
                }
                Poll::Ready(Ok(()))
            }
            Self::Hidden(io) => Pin::new(io).poll_read(cx, buffer),
        }
    }
}

impl Write for Handed {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Socket { io, .. } => Pin::new(io).poll_write(cx, bytes),
            Self::Hidden(io) => Pin::new(io).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Socket { io, .. } => Pin::new(io).poll_flush(cx),
            Self::Hidden(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Socket { io, .. } => Pin::new(io).poll_shutdown(cx),
            Self::Hidden(io) => Pin::new(io).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Socket { io, .. } => io.is_write_vectored(),
            Self::Hidden(io) => io.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Socket { io, .. } => Pin::new(io).poll_write_vectored(cx, slices),
            Self::Hidden(io) => Pin::new(io).poll_write_vectored(cx, slices),
        }
    }
}
