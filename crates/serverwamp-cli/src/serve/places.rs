//! The listeners of a configuration: sockets of its own, and those that systemd has opened.

use crate::address::{BadAddress, ListenAddress};
use crate::failure::Failure;
use crate::loopback;
use crate::systemd::{PassedSocket, PassedSockets, Socket};
use crate::unix_socket::{self, Mode, NamedBy};
use serverwamp::server::UnixSocket;
use serverwamp_config::model::Listener;
use serverwamp_config::values::Address;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::{TcpListener, UnixListener};

/// One listener of the configuration, open.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) sockets: Vec<OpenSocket>,
}

/// A socket that can be served.
#[derive(Debug)]
pub(super) enum OpenSocket {
    Tcp(TcpListener),
    /// Its file is gone with it.
    Own(UnixSocket<UnixListener>),
    /// Its file stays.
    Passed(UnixListener),
}

impl OpenSocket {
    /// Where it listens, for the log.
    pub(super) fn address(&self) -> String {
        let path = |path: Option<&Path>| {
            path.map_or_else(|| "unix".to_owned(), |path| format!("unix:{}", path.display()))
        };
        match self {
            Self::Tcp(listener) => {
                listener.local_addr().map_or_else(|error| error.to_string(), |at| at.to_string())
            }
            Self::Own(socket) => path(Some(socket.path())),
            Self::Passed(listener) => {
                path(listener.local_addr().ok().as_ref().and_then(|at| at.as_pathname()))
            }
        }
    }
}

/// Opens everything that the configuration names; nothing is accepted yet.
pub(super) async fn open(
    listeners: &[Listener],
    folder: &Path,
    passed: &mut PassedSockets,
) -> Result<Vec<Place>, Failure> {
    let mut places = Vec::new();
    for listener in listeners {
        let sockets = sockets(listener, folder, passed).await?;
        places.push(Place { sockets });
    }
    Ok(places)
}

async fn sockets(
    listener: &Listener,
    folder: &Path,
    passed: &mut PassedSockets,
) -> Result<Vec<OpenSocket>, Failure> {
    match listener.address.value() {
        Address::Unix(path) => {
            let mode = listener.mode.as_ref().map(|mode| mode.as_str().parse::<Mode>());
            let mode = mode.transpose().map_err(Failure::runtime)?;
            Ok(vec![OpenSocket::Own(unix_socket::listen(&folder.join(path), mode, NamedBy::Listen)?)])
        }
        Address::Systemd(name) => passed_sockets(name, passed),
        address => {
            let address: ListenAddress =
                address.to_string().parse().map_err(|bad: BadAddress| Failure::runtime(bad.to_string()))?;
            let failed = |(at, error)| Failure::runtime(cannot_listen(at, &error));
            let (first, second) = loopback::listeners(address).await.map_err(failed)?;
            Ok([first].into_iter().chain(second).map(OpenSocket::Tcp).collect())
        }
    }
}

fn cannot_listen(at: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => format!("{at} is in use: stop the other program, or write another `address`"),
        ErrorKind::PermissionDenied => format!(
            "this user may not listen at {at}: write a port of 1024 or above, or let systemd open it, `address = \"systemd:NAME\"`"
        ),
        ErrorKind::AddrNotAvailable => {
            format!("{at} is not an address of this machine: write one that is as `address`")
        }
        _ => format!("cannot listen at {at}: {error}"),
    }
}

/// The sockets of this name that a service manager has opened.
fn passed_sockets(name: &str, passed: &mut PassedSockets) -> Result<Vec<OpenSocket>, Failure> {
    let taken = passed.take(|passed| passed.name == name);
    if taken.is_empty() {
        return Err(Failure::runtime(format!(
            "no socket {name:?} was passed to this program: `systemd:{name}` needs a socket unit with FileDescriptorName={name}"
        )));
    }
    let open = |passed: PassedSocket| {
        let opened = match passed.socket {
            Socket::Tcp(socket) => TcpListener::from_std(socket).map(OpenSocket::Tcp),
            Socket::Unix(socket) => UnixListener::from_std(socket).map(OpenSocket::Passed),
        };
        let descriptor = passed.descriptor;
        opened.map_err(|error| {
            Failure::runtime(format!("the file descriptor {descriptor} ({name:?}) cannot be served: {error}"))
        })
    };
    taken.into_iter().map(open).collect()
}
