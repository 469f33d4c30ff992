//! What ties an authentication to its TLS connection: the channel binding `tls-exporter` (RFC 9266).
//!
//! TLS 1.2 has it only with an extended master secret (RFC 7627), without which a peer in the middle can give two connections
//! the same secrets. rustls uses one if the client offers it, and does not tell; so the ClientHello is recorded, and looked at.
//! Without one, and with a ClientHello in more than one record, a connection has no channel binding.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use serverwamp_proto::auth::channel::ChannelId;
use tokio_rustls::rustls::{ProtocolVersion, ServerConnection};

/// A TLS record: type, version, length, and no more than 2^14 bytes.
const RECORD_HEAD: usize = 5;
const RECORD: usize = RECORD_HEAD + (1 << 14);
/// Read at once while the ClientHello is recorded.
const CHUNK: usize = 2048;

/// The channel binding of a connection whose handshake is over; `client_hello` is what the client sent first.
pub(crate) fn channel_id(connection: &ServerConnection, client_hello: &[u8]) -> Option<ChannelId> {
    match connection.protocol_version()? {
        ProtocolVersion::TLSv1_3 => {}
        ProtocolVersion::TLSv1_2 if offers_extended_master_secret(client_hello) => {}
        _ => return None,
    }
    // An absent context gives other bytes in TLS 1.2 than the empty one that RFC 9266 demands.
    connection.export_keying_material([0; 32], ChannelId::LABEL, Some(b"")).ok().map(ChannelId::new)
}

/// Returns whether the record is a whole ClientHello with the extension `extended_master_secret`.
fn offers_extended_master_secret(record: &[u8]) -> bool {
    const EXTENDED_MASTER_SECRET: [u8; 2] = [0, 23];
    let mut extensions = extensions(record).unwrap_or_default();
    while let Some((kind, rest)) = extensions.split_first_chunk() {
        let Some((_, rest)) = prefixed::<2>(rest) else { return false };
        if *kind == EXTENDED_MASTER_SECRET {
            return true;
        }
        extensions = rest;
    }
    false
}

/// The extensions of a ClientHello (RFC 5246, section 7.4.1.2).
fn extensions(record: &[u8]) -> Option<&[u8]> {
    const HANDSHAKE: u8 = 22;
    const CLIENT_HELLO: u8 = 1;
    const VERSION_AND_RANDOM: usize = 2 + 32;
    let ([HANDSHAKE, _, _], rest) = record.split_first_chunk()? else { return None };
    let (fragment, _) = prefixed::<2>(rest)?;
    let ([CLIENT_HELLO], rest) = fragment.split_first_chunk()? else { return None };
    let (hello, _) = prefixed::<3>(rest)?;
    let (_session_id, rest) = prefixed::<1>(hello.get(VERSION_AND_RANDOM..)?)?;
    let (_cipher_suites, rest) = prefixed::<2>(rest)?;
    let (_compression_methods, rest) = prefixed::<1>(rest)?;
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

    /// A ClientHello with these extensions, each of which is empty.
    fn client_hello(extensions: &[u16]) -> Vec<u8> {
        let extensions: Vec<u8> =
            extensions.iter().flat_map(|kind| [kind.to_be_bytes(), [0, 0]]).flatten().collect();
        let mut hello = vec![3; 34];
        hello.extend_from_slice(&[1, 9, 0, 2, 0x13, 1, 1, 0]);
        hello.extend_from_slice(&u16::try_from(extensions.len()).unwrap().to_be_bytes());
        hello.extend_from_slice(&extensions);
        let length = u8::try_from(hello.len()).unwrap();
        let mut record = vec![22, 3, 1, 0, length + 4, 1, 0, 0, length];
        record.extend_from_slice(&hello);
        record
    }

    #[test]
    fn the_extension_is_found_and_no_other_one_is_taken_for_it() {
        assert!(offers_extended_master_secret(&client_hello(&[0, 10, 23, 16])));
        assert!(offers_extended_master_secret(&client_hello(&[23])));
        assert!(!offers_extended_master_secret(&client_hello(&[0, 10, 16])));
        assert!(!offers_extended_master_secret(&client_hello(&[])));
    }

    #[test]
    fn what_is_no_whole_client_hello_offers_nothing() {
        let right = client_hello(&[10, 23]);
        for length in 0..right.len() {
            assert!(!offers_extended_master_secret(&right[..length]), "{length}");
        }
        for at in [0, 5] {
            let mut wrong = right.clone();
            wrong[at] ^= 1;
            assert!(!offers_extended_master_secret(&wrong), "{at}");
        }
    }
}
