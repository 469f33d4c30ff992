//! Who is at the other end of a Unix socket.

/// The process at the other end of a Unix socket, as the system knew it when it connected.
///
/// User and group are proved by the system. The process may have ended since, and another one may have its number.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub struct UnixPeer {
    /// The effective user id.
    pub uid: u32,
    /// The effective group id.
    pub gid: u32,
    /// The process id.
    pub pid: i32,
}

impl UnixPeer {
    /// The peer of a connected socket; `None` where the system does not tell, which is so outside of Linux, and for sockets
    /// of other families.
    #[cfg(target_os = "linux")]
    pub fn of(socket: impl std::os::fd::AsFd) -> Option<Self> {
        let peer = rustix::net::sockopt::socket_peercred(socket).ok()?;
        Some(Self { uid: peer.uid.as_raw(), gid: peer.gid.as_raw(), pid: peer.pid.as_raw_nonzero().get() })
    }

    /// The peer of a connected socket; `None` where the system does not tell, which is so outside of Linux.
    #[cfg(not(target_os = "linux"))]
    pub fn of<S>(_: S) -> Option<Self> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn the_peer_of_a_pair_is_this_process() {
        let (one, _other) = UnixStream::pair().unwrap();
        let peer = UnixPeer::of(&one).unwrap();
        assert_eq!(peer.pid, i32::try_from(std::process::id()).unwrap());
        assert_eq!(peer.uid, rustix::process::geteuid().as_raw());
        assert_eq!(peer.gid, rustix::process::getegid().as_raw());
    }
}
