//! Where the demo listens: at the sockets that a service manager has opened, or at those of the command line.

use crate::arguments::DevOptions;
use crate::failure::Failure;
use crate::loopback::listeners;
use crate::systemd::{PassedSocket, PassedSockets, Socket};
use crate::unix_socket::{self, NamedBy};
use serverwamp::server::UnixSocket;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::{TcpListener, UnixListener};

/// The listeners.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) tcp: Vec<TcpListener>,
    pub(super) unix: Option<UnixPlace>,
    /// The address of the first one.
    pub(super) address: SocketAddr,
    /// Whether the second one is the other loopback.
    pub(super) both: bool,
}

/// A Unix socket.
#[derive(Debug)]
pub(super) enum UnixPlace {
    /// Its file is gone with it.
    Own(UnixSocket<UnixListener>),
    /// Its file stays.
    Passed(UnixListener),
}

impl UnixPlace {
    pub(super) fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Own(socket) => Some(socket.path().to_owned()),
            Self::Passed(socket) => socket.local_addr().ok()?.as_pathname().map(ToOwned::to_owned),
        }
    }
}

impl Places {
    /// Passed TCP sockets take the place of `--listen`, a passed Unix socket that of `--unix`.
    pub(super) async fn of(options: &DevOptions, mut passed: PassedSockets) -> Result<Self, Failure> {
        let tcp = passed.take(|passed| matches!(passed.socket, Socket::Tcp(_)));
        let mut first = true;
        let unix = passed.take(|passed| {
            matches!(passed.socket, Socket::Unix(_)) && options.unix.is_none() && std::mem::take(&mut first)
        });
        passed.finish("dev serves TCP sockets and one Unix socket, in place of --listen and --unix")?;
        let (tcp, both) = match tcp.is_empty() {
            true => {
                let failed = |(at, error)| Failure::runtime(options.listen.explain(at, &error));
                let (listener, other) = listeners(options.listen).await.map_err(failed)?;
                let both = other.is_some();
                ([listener].into_iter().chain(other).collect(), both)
            }
            false => (passed_tcp(tcp, options.insecure)?, false),
        };
        let address = tcp.first().map(TcpListener::local_addr).transpose();
        let address =
            address.map_err(|error| Failure::runtime(format!("a listener has no address: {error}")))?;
        let own = |path| unix_socket::listen(path, options.unix_mode, NamedBy::Option);
        let own = options.unix.as_deref().map(own).transpose()?;
        let unix = match own {
            Some(own) => Some(UnixPlace::Own(own)),
            None => unix.into_iter().find_map(passed_unix).transpose()?,
        };
        Ok(Self { tcp, unix, address: address.expect("there is a listener"), both })
    }
}

fn passed_tcp(passed: Vec<PassedSocket>, insecure: bool) -> Result<Vec<TcpListener>, Failure> {
    let mut listeners = Vec::new();
    for PassedSocket { descriptor, name, socket } in passed {
        let Socket::Tcp(socket) = socket else { continue };
        let listener = TcpListener::from_std(socket);
        let listener = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = listener.map_err(|error| {
            Failure::runtime(format!("the file descriptor {descriptor} ({name:?}) cannot be served: {error}"))
        })?;
        if !insecure && !address.ip().to_canonical().is_loopback() {
            return Err(Failure::usage(format!(
                "the file descriptor {descriptor} ({name:?}) listens at {address}, which can be reached from other \
                 machines, and this server lets everybody in: add --insecure if you mean it"
            )));
        }
        listeners.push(listener);
    }
    Ok(listeners)
}

fn passed_unix(passed: PassedSocket) -> Option<Result<UnixPlace, Failure>> {
    let Socket::Unix(socket) = passed.socket else { return None };
    let listener = UnixListener::from_std(socket).map(UnixPlace::Passed);
    Some(listener.map_err(|error| {
        let (descriptor, name) = (passed.descriptor, passed.name);
        Failure::runtime(format!("the file descriptor {descriptor} ({name:?}) cannot be served: {error}"))
    }))
}
