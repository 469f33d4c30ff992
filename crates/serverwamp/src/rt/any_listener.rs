//! A listener of any runtime behind one type.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use super::listener::Listener;
use super::{AnyIo, BoxFuture};
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
        io.unix_peer()
    }
}

impl fmt::Debug for AnyListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyListener")
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
            Ok((AnyIo::accepted(stream, peer), address))
        })
    }
}
