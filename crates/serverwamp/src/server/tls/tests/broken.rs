//! Handshakes that come to no end, or to a bad one.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_executor::block_on;
use futures_util::future::join;
use hyper::rt::{Read, ReadBufCursor, Write};
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::{Client, Directory, answer, authority, issue};
use crate::server::memory::{Pipe, pipe};
use crate::server::tls::TlsConfig;
use crate::transport::io::{read_exact, write_all};

/// A stream that breaks off once it has carried so many bytes in one direction.
#[derive(Debug)]
struct Breaking {
    io: Pipe,
    may_read: usize,
    may_write: usize,
    /// A copy, for counting.
    _alive: Arc<()>,
}

impl Read for Breaking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.may_read == 0 {
            // The end of the stream.
            return Poll::Ready(Ok(()));
        }
        let mut some = vec![0; self.may_read.min(buffer.remaining())];
        let mut some = hyper::rt::ReadBuf::new(&mut some);
        let read = Pin::new(&mut self.io).poll_read(cx, some.unfilled());
        self.may_read -= some.filled().len();
        buffer.put_slice(some.filled());
        read
    }
}

impl Write for Breaking {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let some = &bytes[..bytes.len().min(self.may_write)];
        if some.is_empty() {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        let written = Pin::new(&mut self.io).poll_write(cx, some);
        if let Poll::Ready(Ok(written)) = written {
            self.may_write -= written;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.iter().find(|slice| !slice.is_empty());
        self.poll_write(cx, first.map_or(&[], |slice| slice))
    }
}

/// Shakes hands over a server's stream that breaks off; gives whether the server came through.
fn comes_through(tls: &TlsConfig, client: &Client, may_read: usize, may_write: usize) -> bool {
    let alive = Arc::new(());
    let (there, io) = pipe(4096);
    let here = Breaking { io, may_read, may_write, _alive: Arc::clone(&alive) };
    let server = async { tls.accept(here, Instant::now()).await.is_ok() };
    let (_, accepted) = block_on(join(client.ask(there), server));
    assert_eq!(Arc::strong_count(&alive), 1, "the stream is still held");
    accepted
}

#[test]
fn a_handshake_that_breaks_off_at_any_byte_is_an_error_and_holds_nothing() {
    let (authority, directory) = (authority(), Directory::new());
    let (certificates, key) = directory.write_pair(&issue(&authority, "server"));
    let tls = TlsConfig::from_files(certificates, key).build().unwrap();
    for version in [&TLS12, &TLS13] {
        let mut client = Client::with(&authority, &[version], None);
        client.config.resumption = Resumption::disabled();
        for read in [true, false] {
            let through = |bytes| {
                let (may_read, may_write) = if read { (bytes, usize::MAX) } else { (usize::MAX, bytes) };
                comes_through(&tls, &client, may_read, may_write)
            };
            let needed = (0..5_000).find(|bytes| through(*bytes));
            assert!(needed.is_some_and(|needed| needed > 200), "{version:?}, reading {read}: {needed:?}");
        }
    }
}

/// What a client receives that sends these bytes, and then waits: a record of TLS and the end.
fn answer_to(tls: &TlsConfig, bytes: &[u8]) -> ([u8; 7], io::Error) {
    let (mut there, here) = pipe(4096);
    let server = async { answer(tls, here, Instant::now()).await.map(drop).unwrap_err() };
    let client = async {
        write_all(&mut there, bytes).await.unwrap();
        let mut record = [0; 7];
        read_exact(&mut there, &mut record).await.unwrap();
        assert!(read_exact(&mut there, &mut [0]).await.is_err(), "something follows {record:?}");
        record
    };
    block_on(join(client, server))
}

/// A ClientHello of TLS 1.1, which is 0x0302.
fn hello_of_tls_1_1() -> Vec<u8> {
    let mut body = vec![3, 2];
    body.extend([7; 32]); // random
    body.push(0); // no session
    body.extend([0, 2, 0xc0, 0x13]); // TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
    body.extend([1, 0]); // no compression
    body.extend([0, 16, 0, 10, 0, 4, 0, 2, 0, 23]); // extensions: the group secp256r1
    body.extend([0, 13, 0, 4, 0, 2, 4, 3]); // the signature ecdsa_secp256r1_sha256
    let handshake = [vec![1, 0, 0, u8::try_from(body.len()).unwrap()], body].concat();
    [vec![22, 3, 1, 0, u8::try_from(handshake.len()).unwrap()], handshake].concat()
}

#[test]
fn tls_1_1_is_refused_with_an_alert() {
    let (authority, directory) = (authority(), Directory::new());
    let (certificates, key) = directory.write_pair(&issue(&authority, "server"));
    let tls = TlsConfig::from_files(certificates, key).build().unwrap();
    let (alert, error) = answer_to(&tls, &hello_of_tls_1_1());
    assert_eq!((alert[0], &alert[3..]), (21, &[0, 2, 2, 70][..]), "fatal, protocol_version");
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
}

#[test]
fn who_does_not_speak_tls_gets_an_alert_and_the_end() {
    let (authority, directory) = (authority(), Directory::new());
    let (certificates, key) = directory.write_pair(&issue(&authority, "server"));
    let tls = TlsConfig::from_files(certificates, key).build().unwrap();
    for bytes in [&b"GET /ws HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], &[0x7f, 0xf1, 0, 0, 0], &[0xff; 600]] {
        let (alert, error) = answer_to(&tls, bytes);
        assert_eq!((alert[0], &alert[3..6]), (21, &[0, 2, 2][..]), "{bytes:?}: a fatal alert");
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    }
}
