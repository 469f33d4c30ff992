//! tokio's listeners as places where a server's connections come from.

use std::io;
use std::net::SocketAddr;

use hyper_util::rt::TokioIo;

use tokio::net::{TcpListener, TcpStream};

#[cfg(unix)]
use crate::base::unix_peer::UnixPeer;
use crate::rt::listener::Listener;
use crate::rt::sockets;

impl Listener for TcpListener {
    type Io = TokioIo<TcpStream>;

    async fn accept(&mut self) -> io::Result<(Self::Io, Option<SocketAddr>)> {
        let (stream, address) = Self::accept(self).await?;
        sockets::prepare(&stream, address);
        Ok((TokioIo::new(stream), Some(address)))
    }
}

#[cfg(unix)]
impl Listener for tokio::net::UnixListener {
    type Io = TokioIo<tokio::net::UnixStream>;

    async fn accept(&mut self) -> io::Result<(Self::Io, Option<SocketAddr>)> {
        let (stream, _) = Self::accept(self).await?;
        Ok((TokioIo::new(stream), None))
    }

    fn unix_peer(io: &Self::Io) -> Option<UnixPeer> {
        UnixPeer::of(io.inner())
    }
}
