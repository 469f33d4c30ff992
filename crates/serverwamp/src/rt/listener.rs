//! Listeners: the sources of a server's connections.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;

use futures_core::Stream;
use hyper::rt::{Read, Write};

use crate::base::unix_peer::UnixPeer;

/// Accepts connections, on whatever runtime.
///
/// Listeners of tokio and smol are some. For another runtime, hand its connections over as a stream: [`Incoming`].
pub trait Listener: Send {
    /// A connection's byte stream.
    type Io: Read + Write + Unpin + Send + 'static;

    /// The next connection, and its peer's address if it has one. Dropping the future must lose no connection.
    ///
    /// # Errors
    /// What the operating system says. A server goes on after every error; it rests before it tries again, unless the
    /// error is about that one connection only.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, Option<SocketAddr>)>> + Send;

    /// The process at the other end, for connections of Unix sockets. It becomes
    /// [`TransportInfo::unix_peer`](crate::TransportInfo::unix_peer).
    fn unix_peer(_: &Self::Io) -> Option<UnixPeer> {
        None
    }
}

/// A stream of connections as a [`Listener`]. When the stream ends, no more connections come, and those that are there
/// go on.
///
/// [`memory::pipe`](crate::memory::pipe) has an example.
#[derive(Debug)]
pub struct Incoming<S>(Pin<Box<S>>);

impl<S> Incoming<S> {
    /// Takes connections from `stream`.
    pub fn new(stream: S) -> Self {
        Self(Box::pin(stream))
    }
}

impl<S, IO> Listener for Incoming<S>
where
    S: Stream<Item = io::Result<(IO, Option<SocketAddr>)>> + Send,
    IO: Read + Write + Unpin + Send + 'static,
{
    type Io = IO;

    async fn accept(&mut self) -> io::Result<(IO, Option<SocketAddr>)> {
        poll_fn(|cx| match self.0.as_mut().poll_next(cx) {
            Poll::Ready(Some(connection)) => Poll::Ready(connection),
            // There will never be another one.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        })
        .await
    }
}
