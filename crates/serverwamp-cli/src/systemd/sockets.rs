//! Sockets that the service manager has opened for this program (sd_listen_fds(3)): with a `.socket` unit, connections wait while
//! the program starts again, and ports below 1024 need no privilege.
//!
//! In: `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES`. Out: listeners with their names, to be taken one by one. Invariants: every
//! file descriptor that was passed becomes a listener or an error that names it; one that nobody takes is an error as well,
//! because clients would wait at it for ever.

use crate::failure::Failure;
use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;

/// The first file descriptor that is passed.
const FIRST: usize = 3;

/// More than any service has; a number beyond it is a mistake.
const MOST: usize = 512;

/// What was passed and is not taken yet.
#[derive(Debug, Default)]
pub(crate) struct PassedSockets(Vec<PassedSocket>);

/// A listener that was passed.
#[derive(Debug)]
pub(crate) struct PassedSocket {
    pub(crate) descriptor: usize,
    /// That of `FileDescriptorName=`, or the name of the unit.
    pub(crate) name: String,
    pub(crate) socket: Socket,
}

/// The listener. It does not block.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl PassedSockets {
    /// Those of the environment, whose variables are gone afterwards, so that no child takes them for its own. To be called once,
    /// at the start, before there are threads that ask for variables.
    pub(crate) fn of_environment() -> Result<Self, Failure> {
        let variable = |name| std::env::var(name).ok();
        let names = variable("LISTEN_FDNAMES");
        let names = names_of(variable("LISTEN_FDS"), variable("LISTEN_PID"), names, std::process::id());
        // In any case, because this removes the variables.
        let mut passed = ListenFd::from_env();
        let names = names.map_err(Failure::runtime)?;
        names
            .into_iter()
            .enumerate()
            .map(|(at, name)| take(&mut passed, at, name))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Takes those that are wanted.
    pub(crate) fn take(&mut self, mut wanted: impl FnMut(&PassedSocket) -> bool) -> Vec<PassedSocket> {
        self.0.extract_if(.., |passed| wanted(passed)).collect()
    }

    /// Ends the taking. `wanted` says what would have been taken.
    pub(crate) fn finish(self, wanted: &str) -> Result<(), Failure> {
        let [first, ..] = &*self.0 else { return Ok(()) };
        Err(Failure::runtime(format!(
            "{} was passed and fits no listener: {wanted}",
            described(first.descriptor, &first.name)
        )))
    }
}

/// How people find it: its number, and the name that its unit gave it.
fn described(descriptor: usize, name: &str) -> String {
    format!("the file descriptor {descriptor} ({name:?})")
}

fn take(passed: &mut ListenFd, at: usize, name: String) -> Result<PassedSocket, Failure> {
    let descriptor = FIRST + at;
    let failed = |why: &str| {
        let described = described(descriptor, &name);
        Failure::runtime(format!(
            "{described} was passed and {why}; a .socket unit passes listeners with ListenStream= and Accept=no"
        ))
    };
    let listens = |socket: &dyn AsFd| match socket_acceptconn(socket.as_fd()) {
        Ok(true) => Ok(()),
        _ => Err(failed("does not listen")),
    };
    let blocks = |error| failed(&format!("cannot be made not to block: {error}"));
    // A descriptor of another kind is an error, and stays where it is.
    if let Ok(Some(socket)) = passed.take_tcp_listener(at) {
        listens(&socket)?;
        socket.set_nonblocking(true).map_err(blocks)?;
        return Ok(PassedSocket { descriptor, name, socket: Socket::Tcp(socket) });
    }
    if let Ok(Some(socket)) = passed.take_unix_listener(at) {
        listens(&socket)?;
        socket.set_nonblocking(true).map_err(blocks)?;
        return Ok(PassedSocket { descriptor, name, socket: Socket::Unix(socket) });
    }
    Err(failed("is neither a TCP nor a Unix stream socket"))
}

/// The names of the descriptors that were passed to the process `ours`.
pub(super) fn names_of(
    count: Option<String>,
    pid: Option<String>,
    names: Option<String>,
    ours: u32,
) -> Result<Vec<String>, String> {
    let (Some(count), Some(pid)) = (count, pid) else { return Ok(Vec::new()) };
    if pid.parse() != Ok(ours) {
        // They were for the program that has started this one.
        return Ok(Vec::new());
    }
    let Some(count) = count.parse().ok().filter(|count| *count <= MOST) else {
        return Err(format!("LISTEN_FDS is {count:?}: expected a number of sockets from 0 to {MOST}"));
    };
    let Some(names) = names else { return Ok(vec!["unknown".to_owned(); count]) };
    let names: Vec<String> = names.split(':').map(str::to_owned).collect();
    if count > 0 && names.len() != count {
        return Err(format!("LISTEN_FDNAMES has {} names for LISTEN_FDS={count}", names.len()));
    }
    Ok(if count == 0 { Vec::new() } else { names })
}
