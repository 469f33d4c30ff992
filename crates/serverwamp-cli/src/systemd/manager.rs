//! Messages to the service manager, over the socket that `NOTIFY_SOCKET` names (sd_notify(3)).
//!
//! Own code, because the crate `sd-notify` knows no abstract sockets, which systemd uses for services in containers. Invariant:
//! a service manager that is gone, or does not read, stops nothing; a line in the log says so.

use rustix::time::{ClockId, clock_gettime};
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The time for a message to find room: systemd reads its socket all the time.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whoever has started this program and wants to know how it is, if there is anybody.
#[derive(Clone, Debug)]
pub(crate) struct ServiceManager(Option<SocketAddr>);

impl ServiceManager {
    /// The one of the environment.
    pub(crate) fn of_environment() -> Self {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Self(None);
        };
        let address = address(&name);
        if let Err(error) = &address {
            tracing::warn!(target: "serverwamp::program", ?name, %error, "NOTIFY_SOCKET is ignored");
        }
        Self(address.ok())
    }

    #[cfg(test)]
    pub(super) fn at(name: &OsStr) -> io::Result<Self> {
        address(name).map(|address| Self(Some(address)))
    }

    /// Everything that is to be served is served.
    pub(crate) fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nMAINPID={}\n{}", std::process::id(), status_line(status)));
    }

    /// The configuration is read again; [`ready`](Self::ready) has to follow, whatever comes of it.
    pub(crate) fn reloading(&self) {
        // systemd tells by the time whether this answers its own request.
        let now = clock_gettime(ClockId::Monotonic);
        let microseconds = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={microseconds}\n{}", status_line("reloading")));
    }

    /// The program stops, and needs so long for it at most, whatever `TimeoutStopSec=` is.
    pub(crate) fn stopping(&self, status: &str, longest: Duration) {
        let microseconds = longest.as_micros();
        self.send(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={microseconds}\n{}", status_line(status)));
    }

    /// It is alive.
    pub(super) fn alive(&self) {
        self.send("WATCHDOG=1\n");
    }

    /// Returns whether there is anybody.
    pub(super) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    fn send(&self, message: &str) {
        let Some(address) = &self.0 else { return };
        let sent = UnixDatagram::unbound().and_then(|socket| {
            socket.set_write_timeout(Some(PATIENCE))?;
            socket.send_to_addr(message.as_bytes(), address)
        });
        if let Err(error) = sent {
            tracing::warn!(target: "serverwamp::program", %error, "the service manager cannot be told anything");
        }
    }
}

/// What `systemctl status` shows.
fn status_line(status: &str) -> String {
    format!("STATUS={}\n", status.replace(['\n', '\r'], " "))
}

/// The address of a socket: a path, or behind an `@` a name that is no file.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        #[cfg(target_os = "linux")]
        [b'@', name @ ..] => {
            use std::os::linux::net::SocketAddrExt as _;
            SocketAddr::from_abstract_name(name)
        }
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::new(io::ErrorKind::Unsupported, "it begins neither with / nor with @")),
    }
}
