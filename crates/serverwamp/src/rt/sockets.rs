//! The options set on every TCP connection, whichever runtime accepted it.

use crate::base::log::line;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// Silence after which the system asks whether the peer is still there, how often it asks, and how many times: together
/// half a minute, as long as pings take to notice the same.
const QUIET: Duration = Duration::from_secs(20);
const ASK_EVERY: Duration = Duration::from_secs(5);
const ASKED: u32 = 2;

/// How much of what is written the system takes without sending it. Otherwise it takes megabytes and says nothing for as long
/// as a slow peer needs for a third of them, so that one that reads steadily could not be told from one that does not.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 128 * 1024;

/// Sets what a connection of many small messages, which may lose its peer without notice, has to have.
pub(super) fn prepare<'s, S>(stream: &'s S, peer: SocketAddr)
where
    SockRef<'s>: From<&'s S>,
{
    let socket = SockRef::from(stream);
    // Frames are written whole, so waiting for more bytes would only delay them.
    if let Err(error) = socket.set_tcp_nodelay(true) {
        line!(DEBUG, "server", "TCP_NODELAY cannot be set", peer = peer, error = error);
    }
    let keepalive = TcpKeepalive::new().with_time(QUIET).with_interval(ASK_EVERY).with_retries(ASKED);
    if let Err(error) = socket.set_tcp_keepalive(&keepalive) {
        line!(DEBUG, "server", "TCP keepalive cannot be set", peer = peer, error = error);
    }
    // Keepalive asks only while nothing was sent that waits for its acknowledgement.
    #[cfg(target_os = "linux")]
    if let Err(error) = socket.set_tcp_user_timeout(Some(QUIET + ASK_EVERY * ASKED)) {
        line!(DEBUG, "server", "TCP_USER_TIMEOUT cannot be set", peer = peer, error = error);
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = socket.set_tcp_notsent_lowat(UNSENT) {
        line!(DEBUG, "server", "TCP_NOTSENT_LOWAT cannot be set", peer = peer, error = error);
    }
}
