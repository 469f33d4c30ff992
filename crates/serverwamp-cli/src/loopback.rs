//! Listening at an address, and at both loopback addresses where `localhost` is meant.

use crate::address::ListenAddress;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// The number of attempts to find a port that is free at both loopbacks.
const PORTS_TRIED: usize = 16;

/// Listens at the address, and at the other loopback if `localhost` was asked for and this machine has both. Port 0 is
/// the same port of both. An error comes with the address that it is about.
pub(crate) async fn listeners(
    address: ListenAddress,
) -> Result<(TcpListener, Option<TcpListener>), (SocketAddr, io::Error)> {
    let this = address.socket();
    let failed = |error| (this, error);
    let mut tries = if address.socket().port() == 0 { PORTS_TRIED } else { 1 };
    loop {
        tries -= 1;
        let listener = TcpListener::bind(this).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let Some(other) = address.other_loopback(port) else {
            return Ok((listener, None));
        };
        match TcpListener::bind(other).await {
            Ok(other) => return Ok((listener, Some(other))),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err((other, error)),
            Err(error) => {
                tracing::info!(target: "serverwamp::program", %other, %error, "this machine has one loopback address only");
                return Ok((listener, None));
            }
        }
    }
}
