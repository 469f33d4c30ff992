//! What ties an authentication to its TLS connection: the channel binding `tls-exporter` (RFC 9266).
//!
//! TLS 1.2 has it only with an extended master secret (RFC 7627), without which a peer in the middle can give two connections
//! the same secrets. rustls uses one if both sides want it, and does not tell; so the other side's first record is kept, and looked at:
//! a server's rustls takes what a ClientHello offers, and a ServerHello says what a client's has got.
//! Without one, and with a hello in more than one record, a connection has no channel binding.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use serverwamp_proto::auth::channel::ChannelId;
use tokio_rustls::rustls::{ClientConnection, ProtocolVersion, ServerConnection};

/// A TLS record: type, version, length, and no more than 2^14 bytes.
const RECORD_HEAD: usize = 5;
const RECORD: usize = RECORD_HEAD + (1 << 14);
/// Read at once while the ClientHello is recorded.
const CHUNK: usize = 2048;

/// An absent context gives other bytes in TLS 1.2 than the empty one that RFC 9266 demands.
const CONTEXT: Option<&[u8]> = Some(b"");

/// The messages that tell of extensions.
#[derive(Clone, Copy)]
enum HelloOf {
    Client,
    Server,
}

/// The channel binding of a server's connection whose handshake is over; `client_hello` is what the client sent first.
pub(crate) fn channel_of_server(connection: &ServerConnection, client_hello: &[u8]) -> Option<ChannelId> {
    is_bindable(connection.protocol_version()?, HelloOf::Client, client_hello).then_some(())?;
    connection.export_keying_material([0; 32], ChannelId::LABEL, CONTEXT).ok().map(ChannelId::new)
}

/// The channel binding of a client's connection whose handshake is over; `server_hello` is what the server sent first.
pub(crate) fn channel_of_client(connection: &ClientConnection, server_hello: &[u8]) -> Option<ChannelId> {
    is_bindable(connection.protocol_version()?, HelloOf::Server, server_hello).then_some(())?;
    connection.export_keying_material([0; 32], ChannelId::LABEL, CONTEXT).ok().map(ChannelId::new)
}

fn is_bindable(version: ProtocolVersion, hello: HelloOf, record: &[u8]) -> bool {
    match version {
        ProtocolVersion::TLSv1_3 => true,
        ProtocolVersion::TLSv1_2 => has_extended_master_secret(hello, record),
        _ => false,
    }
}

/// Returns whether the record begins with a whole hello that has the extension `extended_master_secret`.
fn has_extended_master_secret(hello: HelloOf, record: &[u8]) -> bool {
    const EXTENDED_MASTER_SECRET: [u8; 2] = [0, 23];
    let mut extensions = extensions(hello, record).unwrap_or_default();
    while let Some((kind, rest)) = extensions.split_first_chunk() {
        let Some((_, rest)) = prefixed::<2>(rest) else { return false };
        if *kind == EXTENDED_MASTER_SECRET {
            return true;
        }
        extensions = rest;
    }
    false
}

/// The extensions of a ClientHello or a ServerHello (RFC 5246, sections 7.4.1.2 and 7.4.1.3).
fn extensions(hello: HelloOf, record: &[u8]) -> Option<&[u8]> {
    const HANDSHAKE: u8 = 22;
    const CLIENT_HELLO: u8 = 1;
    const SERVER_HELLO: u8 = 2;
    const VERSION_AND_RANDOM: usize = 2 + 32;
    const CIPHER_SUITE_AND_COMPRESSION_METHOD: usize = 2 + 1;
    let ([HANDSHAKE, _, _], rest) = record.split_first_chunk()? else { return None };
    let (fragment, _) = prefixed::<2>(rest)?;
    let (kind, rest) = fragment.split_first()?;
    let (body, _) = prefixed::<3>(rest)?;
    let (_session_id, rest) = prefixed::<1>(body.get(VERSION_AND_RANDOM..)?)?;
    let rest = match (hello, *kind) {
        (HelloOf::Client, CLIENT_HELLO) => {
            let (_cipher_suites, rest) = prefixed::<2>(rest)?;
            let (_compression_methods, rest) = prefixed::<1>(rest)?;
            rest
        }
        (HelloOf::Server, SERVER_HELLO) => rest.get(CIPHER_SUITE_AND_COMPRESSION_METHOD..)?,
        _ => return None,
    };
    prefixed::<2>(rest).map(|(extensions, _)| extensions)
}

/// Bytes behind their length, which takes `N` bytes; and what follows them.
fn prefixed<const N: usize>(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<N>()?;
    rest.split_at_checked(length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
}

/// A stream whose first record is kept as it is read, until it is taken.
#[derive(Debug)]
pub(crate) struct Recorded<IO> {
    io: IO,
    /// Grows until the record is whole; `None` once it was taken.
    record: Option<Vec<u8>>,
}

impl<IO> Recorded<IO> {
    pub(crate) const fn new(io: IO) -> Self {
        Self { io, record: Some(Vec::new()) }
    }

    /// Takes what was recorded; nothing is recorded after that.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.record.take().unwrap_or_default()
    }
}

/// The bytes that the record lacks.
fn missing(record: &[u8]) -> usize {
    let whole = match record {
        [_, _, _, high, low, ..] => RECORD_HEAD + usize::from(u16::from_be_bytes([*high, *low])),
        _ => RECORD_HEAD,
    };
    whole.min(RECORD).saturating_sub(record.len())
}

impl<IO: Read + Unpin> Read for Recorded<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { io, record } = &mut *self;
        let Some(record) = record.as_mut().filter(|record| missing(record) > 0) else {
            return Pin::new(io).poll_read(cx, buffer);
        };
        let mut chunk = [0; CHUNK];
        let room = chunk.get_mut(..buffer.remaining().min(CHUNK)).unwrap_or_default();
        let mut read = ReadBuf::new(room);
        ready!(Pin::new(io).poll_read(cx, read.unfilled()))?;
        buffer.put_slice(read.filled());
        // The length of the record is known only with its head, so this is done twice.
        let mut rest = read.filled();
        while let (taken, further) = rest.split_at(missing(record).min(rest.len()))
            && !taken.is_empty()
        {
            record.extend_from_slice(taken);
            rest = further;
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: Write + Unpin> Write for Recorded<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hello with these extensions, each of which is empty.
    fn hello_of(hello: HelloOf, extensions: &[u16]) -> Vec<u8> {
        let extensions: Vec<u8> =
            extensions.iter().flat_map(|kind| [kind.to_be_bytes(), [0, 0]]).flatten().collect();
        let mut body = vec![3; 34];
        let (kind, rest): (u8, &[u8]) = match hello {
            HelloOf::Client => (1, &[1, 9, 0, 2, 0x13, 1, 1, 0]),
            HelloOf::Server => (2, &[1, 9, 0xc0, 0x2f, 0]),
        };
        body.extend_from_slice(rest);
        body.extend_from_slice(&u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend_from_slice(&extensions);
        let length = u8::try_from(body.len()).unwrap();
        let mut record = vec![22, 3, 1, 0, length + 4, kind, 0, 0, length];
        record.extend_from_slice(&body);
        record
    }

    #[test]
    fn the_extension_is_found_and_no_other_one_is_taken_for_it() {
        for hello in [HelloOf::Client, HelloOf::Server] {
            let has = |extensions: &[u16]| has_extended_master_secret(hello, &hello_of(hello, extensions));
            assert!(has(&[0, 10, 23, 16]));
            assert!(has(&[23]));
            assert!(!has(&[0, 10, 16]));
            assert!(!has(&[]));
        }
        assert!(!has_extended_master_secret(HelloOf::Server, &hello_of(HelloOf::Client, &[23])));
        assert!(!has_extended_master_secret(HelloOf::Client, &hello_of(HelloOf::Server, &[23])));
    }

    #[test]
    fn what_is_no_whole_hello_has_nothing() {
        for hello in [HelloOf::Client, HelloOf::Server] {
            let right = hello_of(hello, &[10, 23]);
            for length in 0..right.len() {
                assert!(!has_extended_master_secret(hello, &right[..length]), "{length}");
            }
            for at in [0, 5] {
                let mut wrong = right.clone();
                wrong[at] ^= 1;
                assert!(!has_extended_master_secret(hello, &wrong), "{at}");
            }
        }
    }

    #[test]
    fn a_server_hello_may_share_its_record_with_what_follows() {
        let mut record = hello_of(HelloOf::Server, &[23]);
        record.extend_from_slice(&[14, 0, 0, 0]);
        record[4] += 4;
        assert!(has_extended_master_secret(HelloOf::Server, &record));
    }
}
