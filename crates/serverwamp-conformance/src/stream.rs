//! The byte streams that carry a peer's messages.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};
use socket2::{Domain, Socket, Type};

/// A connected stream.
#[derive(Debug)]
pub enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// A Unix socket.
    Unix(UnixStream),
    /// TLS on top of TCP; [`TlsClient`](crate::TlsClient) makes it.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// Connects by TCP to `HOST:PORT`.
    ///
    /// # Panics
    ///
    /// When there is no connection.
    #[must_use]
    #[track_caller]
    pub fn tcp(address: &str) -> Self {
        Self::Tcp(connect_tcp(address))
    }

    /// Connects by TCP to `HOST:PORT`, where perhaps nobody listens.
    ///
    /// # Errors
    ///
    /// When there is no connection.
    pub fn try_tcp(address: &str) -> io::Result<Self> {
        try_connect_tcp(address).map(Self::Tcp)
    }

    /// Connects by TCP to `HOST:PORT` from an address of this machine, such as one of 127.0.0.0/8.
    ///
    /// # Panics
    ///
    /// When there is no connection.
    #[must_use]
    #[track_caller]
    pub fn tcp_from(source: IpAddr, address: &str) -> Self {
        let connect = || {
            let to: SocketAddr = address.parse().map_err(io::Error::other)?;
            let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
            socket.bind(&SocketAddr::new(source, 0).into())?;
            socket.connect(&to.into())?;
            set_up(socket.into())
        };
        connect().map_or_else(|error| panic!("no connection from {source} to {address}: {error}"), Self::Tcp)
    }

    /// Connects to the Unix socket at `path`.
    ///
    /// # Panics
    ///
    /// When there is no connection.
    #[must_use]
    #[track_caller]
    pub fn unix(path: &str) -> Self {
        let stream =
            UnixStream::connect(path).unwrap_or_else(|error| panic!("no connection to {path}: {error}"));
        stream.set_write_timeout(Some(2 * crate::DEADLINE)).expect("a socket takes a timeout");
        Self::Unix(stream)
    }

    /// The port it comes from.
    ///
    /// # Panics
    ///
    /// When it has none.
    #[must_use]
    #[track_caller]
    pub fn local_port(&self) -> u16 {
        self.socket().local_addr().expect("a connected socket has an address").port()
    }

    /// The TCP socket at the bottom.
    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Self::Tcp(socket) => socket,
            Self::Tls(tls) => tls.get_ref(),
            Self::Unix(_) => panic!("a Unix socket is none of TCP"),
        }
    }

    /// Sets the time that the next reads may wait.
    ///
    /// # Panics
    ///
    /// When `time` is zero.
    pub fn set_read_timeout(&self, time: Duration) {
        let set = match self {
            Self::Tcp(stream) => stream.set_read_timeout(Some(time)),
            Self::Unix(stream) => stream.set_read_timeout(Some(time)),
            Self::Tls(stream) => stream.sock.set_read_timeout(Some(time)),
        };
        set.expect("a socket takes a timeout");
    }

    /// The binding `tls-exporter` of a connection with TLS (RFC 9266).
    ///
    /// # Panics
    ///
    /// When there is no TLS.
    #[must_use]
    #[track_caller]
    pub fn tls_exporter(&self) -> [u8; 32] {
        let Self::Tls(tls) = self else { panic!("there is no TLS") };
        let label = b"EXPORTER-Channel-Binding";
        tls.conn.export_keying_material([0; 32], label, Some(b"")).expect("the handshake is over")
    }

    /// A second handle to the same connection.
    ///
    /// # Panics
    ///
    /// When the system has no more handles, and for TLS, whose state has one owner.
    #[must_use]
    #[track_caller]
    pub fn second(&self) -> Self {
        let second = match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
            Self::Tls(_) => panic!("TLS has one owner"),
        };
        second.expect("a socket can have a second handle")
    }

    /// Says that nothing more will be written, and goes on reading.
    pub fn finish_writing(&mut self) {
        // A server that ended first has nothing to be told.
        let _gone = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
            Self::Tls(stream) => {
                stream.conn.send_close_notify();
                stream.flush()
            }
        };
    }
}

/// # Panics
///
/// When there is no connection.
#[track_caller]
pub(crate) fn connect_tcp(address: &str) -> TcpStream {
    try_connect_tcp(address).unwrap_or_else(|error| panic!("no connection to {address}: {error}"))
}

fn try_connect_tcp(address: &str) -> io::Result<TcpStream> {
    set_up(TcpStream::connect(address)?)
}

fn set_up(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(2 * crate::DEADLINE))?;
    Ok(stream)
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.flush(),
            Self::Unix(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
