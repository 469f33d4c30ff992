//! A server with a socket of its own: `bind`, then `run` until a signal.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::thread;

use super::stop::StopSignals;
use super::{ServeError, Server, error};
use crate::base::signal::Signal;
use crate::rt::any_listener::AnyListener;

/// A [`Server`] that listens at an address; made by [`Server::bind`].
#[derive(Debug)]
#[must_use = "nobody is served until `run` or `serve` is awaited"]
pub struct BoundServer {
    server: Server,
    listener: AnyListener,
    address: SocketAddr,
}

impl Server {
    /// Listens at `address` with a TCP socket of the application's runtime. From now on peers can connect; they are served
    /// by [`BoundServer::run`].
    ///
    /// `"127.0.0.1:8080"` is reached from this machine, `"0.0.0.0:8080"` and `"[::]:8080"` from everywhere, port 0 is some
    /// free port. Of a name such as `"localhost:8080"` the first address is taken that can be listened at.
    ///
    /// ```no_run
    /// # #[cfg(feature = "tokio")]
    /// # async fn run(app: serverwamp::Application) -> Result<(), Box<dyn std::error::Error>> {
    /// let server = serverwamp::Server::new(app).bind("127.0.0.1:8080").await?;
    /// println!("ws://{}/ws", server.local_addr());
    /// server.run().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When nothing can listen there: the error names the address and what to do. Also when the runtime has no sockets, or
    /// this is no task of it, and when the settings can never work.
    pub async fn bind(self, address: impl fmt::Display) -> Result<BoundServer, BindError> {
        let address = address.to_string();
        let failed = |error| BindError { address: address.clone(), error };
        error::check(&self.app, &self.options).map_err(|error| failed(error.into()))?;
        let addresses = resolve(address.clone()).await.map_err(failed)?;
        let socket = TcpListener::bind(&*addresses).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let listener = self.app.inner().runtime.listen(socket).map_err(failed)?;
        Ok(BoundServer { server: self, listener, address })
    }
}

impl BoundServer {
    /// The address it listens at, with the port that was free if 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until Ctrl-C is pressed or the process gets SIGTERM, then ends as [`Server::serve`] does: calls in flight are
    /// waited for, sessions get GOODBYE, both until the deadline that [`Server::drain`] sets.
    ///
    /// It works on every runtime: a thread of its own waits for the signals. A second signal ends the process at once, as a
    /// program ends that does not care for signals. Several servers of one process stop at the same signal. A program that
    /// stops for other reasons, or has its own way with signals, uses [`serve`](Self::serve). On systems other than Unix no
    /// signal is waited for, and Ctrl-C ends the process.
    ///
    /// # Errors
    /// As [`Server::serve`], and when the system does not deliver signals.
    pub async fn run(self) -> Result<(), ServeError> {
        let signals = StopSignals::listen().map_err(ServeError::signals)?;
        self.serve(signals.next()).await
    }

    /// Serves until `stop` completes; see [`Server::serve`].
    ///
    /// # Errors
    /// As [`Server::serve`].
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
        self.server.serve(self.listener, stop).await
    }
}

/// The addresses that a text means. Names are looked up in a thread of their own, because the system may take its time.
async fn resolve(address: String) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = address.parse() {
        return Ok(vec![address]);
    }
    let found = Arc::new(Signal::default());
    let told = Arc::clone(&found);
    thread::Builder::new().name("serverwamp-resolve".to_owned()).spawn(move || {
        // Errors cannot be cloned, and a signal gives its value to many.
        let addresses = address.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        told.set(addresses.map_err(Arc::new))
    })?;
    let addresses = found.wait().await;
    addresses.map_err(|error| io::Error::new(error.kind(), error))
}

/// Why nothing can listen at an address: what the system says, and what to do about it.
///
/// `Debug` says the same as `Display`: it is what Rust prints of an error that `main` returns.
pub struct BindError {
    address: String,
    error: io::Error,
}

impl BindError {
    /// The kind of the error.
    pub fn kind(&self) -> io::ErrorKind {
        self.error.kind()
    }
}

impl fmt::Debug for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use io::ErrorKind::{AddrInUse, AddrNotAvailable, InvalidInput, PermissionDenied};
        let Self { address, error } = self;
        write!(f, "cannot listen at {address}: ")?;
        match error.kind() {
            AddrInUse => write!(f, "it is in use; stop the other program, or choose another port"),
            AddrNotAvailable => write!(
                f,
                "it is not an address of this machine; choose one that is, or 0.0.0.0 for all of them"
            ),
            PermissionDenied => {
                write!(
                    f,
                    "this user may not; choose a port from 1024 on, or let the program have CAP_NET_BIND_SERVICE"
                )
            }
            InvalidInput if error.get_ref().is_none_or(|inner| !inner.is::<ServeError>()) => {
                write!(f, "{error}; write an address and a port, such as 127.0.0.1:8080")
            }
            _ => error.fmt(f),
        }
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<BindError> for io::Error {
    fn from(error: BindError) -> Self {
        Self::new(error.kind(), error)
    }
}
