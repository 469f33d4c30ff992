//! The PROXY protocol, version 2: what a proxy says of a connection before its first octet.
//!
//! Specification: <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>, section 2.2. Version 1, which is text, is
//! not understood.
//!
//! Invariant: no octet is read behind the header, and none of a header that cannot be one.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hyper::rt::Read;

use crate::transport::io::read_exact;

/// The beginning of every header; no HTTP request, TLS handshake or RawSocket handshake begins like this.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The first octet of it.
pub(crate) const FIRST: u8 = b'\r';

/// The longest that is taken of what follows the length: addresses of Unix sockets have 216 octets, and the rest is room for
/// what proxies say of TLS, which nobody here reads.
const LONGEST: u16 = 2048;

/// The client of the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    /// Somebody at this address.
    Peer(SocketAddr),
    /// Somebody without an address: at a Unix socket of the proxy.
    Unaddressed,
    /// The proxy itself, which looks whether we are well (LOCAL), or somebody of whom it does not say who (UNSPEC).
    Proxy,
}

/// Why something is no header.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum MalformedHeader {
    #[error(
        "no PROXY header of version 2: this address is trusted to send one, and the connection begins with the octet \
         {0:#04x} (HAProxy: send-proxy-v2)"
    )]
    Missing(u8),
    #[error("a PROXY header with a damaged signature")]
    Signature,
    #[error("a PROXY header of version {0}, but only version 2 is supported")]
    Version(u8),
    #[error("a PROXY header with the command {0}, which does not exist")]
    Command(u8),
    #[error("a PROXY header for {0:#04x}, which is not a stream over IPv4, IPv6 or Unix sockets")]
    Family(u8),
    #[error("a PROXY header that announces {0} octets; the maximum is {LONGEST}")]
    TooLong(u16),
    #[error("a PROXY header with {0} octets, too few for its addresses")]
    TooShort(usize),
    #[error(
        "a PROXY header of an address that is not trusted to send one, or the second one of the same connection"
    )]
    Unexpected,
}

/// Reads a header from the beginning of a connection. Cut it off when it takes too long.
pub(crate) async fn read<IO: Read + Unpin>(io: &mut IO) -> io::Result<Result<Told, MalformedHeader>> {
    let mut signature = [0; SIGNATURE.len()];
    let (first, rest) = signature.split_at_mut(1);
    read_exact(io, first).await?;
    if let [first] = first
        && *first != FIRST
    {
        return Ok(Err(MalformedHeader::Missing(*first)));
    }
    read_exact(io, rest).await?;
    if signature != SIGNATURE {
        return Ok(Err(MalformedHeader::Signature));
    }
    let mut head = [0; 4];
    read_exact(io, &mut head).await?;
    let [command, family, length @ ..] = head;
    let length = u16::from_be_bytes(length);
    if let Err(malformed) = check(command, length) {
        return Ok(Err(malformed));
    }
    let mut body = vec![0; usize::from(length)];
    read_exact(io, &mut body).await?;
    Ok(understand(command, family, &body))
}

fn check(command: u8, length: u16) -> Result<(), MalformedHeader> {
    match command {
        _ if command >> 4 != 2 => Err(MalformedHeader::Version(command >> 4)),
        0x20 | 0x21 if length > LONGEST => Err(MalformedHeader::TooLong(length)),
        0x20 | 0x21 => Ok(()),
        _ => Err(MalformedHeader::Command(command & 0x0f)),
    }
}

/// Bytes after the addresses are ignored.
fn understand(command: u8, family: u8, body: &[u8]) -> Result<Told, MalformedHeader> {
    let too_short = MalformedHeader::TooShort(body.len());
    match (command, family) {
        (0x20, _) | (_, 0x00) => Ok(Told::Proxy),
        (_, 0x11) => {
            let (ip, port) = source::<4>(body, 12).ok_or(too_short)?;
            Ok(Told::Peer(SocketAddr::new(IpAddr::V4(Ipv4Addr::from(ip)), port)))
        }
        (_, 0x21) => {
            let (ip, port) = source::<16>(body, 36).ok_or(too_short)?;
            Ok(Told::Peer(crate::base::proxies::canonical(SocketAddr::new(
                IpAddr::V6(Ipv6Addr::from(ip)),
                port,
            ))))
        }
        (_, 0x31) if body.len() >= 216 => Ok(Told::Unaddressed),
        (_, 0x31) => Err(too_short),
        (_, other) => Err(MalformedHeader::Family(other)),
    }
}

/// Source and destination address, then source and destination port: `length` octets in all.
fn source<const N: usize>(body: &[u8], length: usize) -> Option<([u8; N], u16)> {
    let addresses = body.get(..length)?;
    let ip = addresses.first_chunk::<N>()?;
    let port = addresses.get(2 * N..)?.first_chunk::<2>()?;
    Some((*ip, u16::from_be_bytes(*port)))
}

#[cfg(test)]
mod tests {
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::server::memory::pipe;

    /// A PROXY header.
    fn header(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &length, body].concat()
    }

    /// The outcome of a connection that begins with this, and the bytes that can be read after it.
    async fn told(bytes: &[u8]) -> (Result<Told, MalformedHeader>, Vec<u8>) {
        let (there, mut here) = pipe(64 * 1024);
        let mut there = TokioIo::new(there);
        there.write_all(bytes).await.unwrap();
        there.shutdown().await.unwrap();
        let told = read(&mut here).await.unwrap();
        let mut rest = Vec::new();
        TokioIo::new(here).read_to_end(&mut rest).await.unwrap();
        (told, rest)
    }

    #[tokio::test]
    async fn a_proxy_header_is_read_to_its_end_and_no_further() {
        let v4 = [192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x67, 0, 80];
        let v6 = [&[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 16], &v4[8..]].concat();
        let mapped = [&[0; 10][..], &[0xff, 0xff, 192, 0, 2, 1], &[0; 16], &v4[8..]].concat();
        let peer = |text: &str| Ok(Told::Peer(text.parse().unwrap()));
        for (command, family, body, expected) in [
            (0x21, 0x11, v4.to_vec(), peer("192.0.2.1:4711")),
            (0x21, 0x11, [&v4[..], b"\x03\0\x04crc!"].concat(), peer("192.0.2.1:4711")),
            (0x21, 0x21, v6.clone(), peer("[2001:db8::1]:4711")),
            (0x21, 0x21, mapped, peer("192.0.2.1:4711")),
            (0x21, 0x31, vec![b'/'; 216], Ok(Told::Unaddressed)),
            (0x21, 0x00, Vec::new(), Ok(Told::Proxy)),
            (0x20, 0x00, Vec::new(), Ok(Told::Proxy)),
            (0x20, 0x11, v4.to_vec(), Ok(Told::Proxy)),
            (0x21, 0x11, vec![0; 2048], peer("0.0.0.0:0")),
        ] {
            let bytes = [&header(command, family, &body)[..], b"GET"].concat();
            assert_eq!(told(&bytes).await, (expected, b"GET".to_vec()), "{command:#x} {family:#x}");
        }
    }

    #[tokio::test]
    async fn what_is_no_proxy_header_is_refused_as_early_as_that_is_known() {
        let mut damaged = header(0x21, 0x11, &[0; 12]);
        damaged[5] = b'x';
        for (bytes, expected) in [
            (b"GET / HTTP/1.1\r\n".to_vec(), MalformedHeader::Missing(b'G')),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(), MalformedHeader::Missing(b'P')),
            (b"\x7f\xf1\0\0".to_vec(), MalformedHeader::Missing(0x7f)),
            (damaged, MalformedHeader::Signature),
            (header(0x11, 0x11, &[0; 12]), MalformedHeader::Version(1)),
            (header(0x22, 0x11, &[0; 12]), MalformedHeader::Command(2)),
            (header(0x21, 0x12, &[0; 12]), MalformedHeader::Family(0x12)),
            (header(0x21, 0x41, &[0; 12]), MalformedHeader::Family(0x41)),
            (header(0x21, 0x11, &[0; 11]), MalformedHeader::TooShort(11)),
            (header(0x21, 0x21, &[0; 35]), MalformedHeader::TooShort(35)),
            (header(0x21, 0x31, &[0; 215]), MalformedHeader::TooShort(215)),
            (header(0x21, 0x11, &[0; 2049]), MalformedHeader::TooLong(2049)),
            (header(0x20, 0x00, &[0; 2049]), MalformedHeader::TooLong(2049)),
        ] {
            assert_eq!(told(&bytes).await.0, Err(expected));
        }
    }
}
