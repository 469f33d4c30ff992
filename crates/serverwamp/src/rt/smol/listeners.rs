//! smol's listeners as places where a server's connections come from.

use std::io;
use std::net::SocketAddr;

use smol::net::{TcpListener, TcpStream};

use crate::base::io::FuturesIo;
#[cfg(unix)]
use crate::base::unix_peer::UnixPeer;
use crate::rt::listener::Listener;
use crate::rt::sockets;

impl Listener for TcpListener {
    type Io = FuturesIo<TcpStream>;

    async fn accept(&mut self) -> io::Result<(Self::Io, Option<SocketAddr>)> {
        let (stream, address) = Self::accept(self).await?;
        sockets::prepare(&stream, address);
        Ok((FuturesIo::new(stream), Some(address)))
    }
}

#[cfg(unix)]
impl Listener for smol::net::unix::UnixListener {
    type Io = FuturesIo<smol::net::unix::UnixStream>;

    async fn accept(&mut self) -> io::Result<(Self::Io, Option<SocketAddr>)> {
        let (stream, _) = Self::accept(self).await?;
        Ok((FuturesIo::new(stream), None))
    }

    fn unix_peer(io: &Self::Io) -> Option<UnixPeer> {
        UnixPeer::of(io.get_ref())
    }
}
