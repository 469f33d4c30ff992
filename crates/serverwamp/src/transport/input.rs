//! The read buffer of a connection.
//!
//! It starts small, because most connections are idle most of the time, and grows while reads fill it. Bytes of a
//! message in progress make it grow as they arrive, never because a peer announced them.
//!
//! Invariant: `spare` is initialised memory that lies directly behind `received` (or is empty), so that received bytes
//! are never copied to be decoded.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use hyper::rt::{Read, ReadBuf};
use zeroize::Zeroize;

/// Bytes asked for in one read while nothing speaks for more; also what an idle connection keeps.
const SMALL: usize = 4 * 1024;

/// Bytes asked for in one read at most: beyond this a system call costs nothing compared with its bytes.
const LARGE: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Input {
    /// Received bytes that are not decoded yet.
    pub(crate) received: BytesMut,
    spare: BytesMut,
    /// The number of bytes to read.
    target: usize,
    /// The longest read since the buffer was last renewed.
    longest: usize,
    /// `received` needed more than the usual memory; it is not kept.
    oversized: bool,
}

impl Input {
    pub(crate) fn new() -> Self {
        Self {
            received: BytesMut::new(),
            spare: BytesMut::new(),
            target: SMALL,
            longest: 0,
            oversized: false,
        }
    }

    /// Reads once; 0 bytes mean that the peer sends no more.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut (impl Read + Unpin),
    ) -> Poll<io::Result<usize>> {
        if self.spare.len() < (self.target / 4).max(512) {
            self.renew();
        }
        let mut buf = ReadBuf::new(&mut self.spare);
        ready!(Pin::new(io).poll_read(cx, buf.unfilled()))?;
        let n = buf.filled().len();
        if n == self.spare.len() && n >= self.target / 2 && self.target < LARGE {
            self.target *= 2;
        }
        self.longest = self.longest.max(n);
        let filled = self.spare.split_to(n);
        self.received.unsplit(filled);
        Poll::Ready(Ok(n))
    }

    /// Provides `target` bytes of spare room.
    fn renew(&mut self) {
        if self.longest < self.target / 4 {
            self.target = (self.target / 2).max(SMALL);
        }
        self.longest = 0;
        let len = self.received.len();
        let mut buffer = std::mem::take(&mut self.received);
        buffer.unsplit(std::mem::take(&mut self.spare));
        buffer.truncate(len);
        if self.oversized && len < LARGE {
            buffer = BytesMut::from(&buffer[..]);
        }
        self.oversized = len >= LARGE;
        // Takes the same memory again if no message in it is still in use.
        buffer.reserve(self.target);
        buffer.resize(len + self.target, 0);
        self.spare = buffer.split_off(len);
        self.received = buffer;
    }

    /// Returns whether the buffer is bigger than an idle connection's should be.
    pub(super) fn is_bulky(&self) -> bool {
        self.target > SMALL || self.spare.len() > SMALL
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.received.capacity() + self.spare.capacity()
    }

    /// Gives memory back. To be called when the peer has been silent for a while.
    pub(super) fn trim(&mut self) {
        self.spare = BytesMut::new();
        self.received = BytesMut::from(&self.received[..]);
        self.target = SMALL;
        self.longest = 0;
    }

    /// Overwrites a message that was decoded from here, if nobody else has it. Returns the memory, which is free after that.
    ///
    /// Records of a batch share the memory of the whole batch, and are not overwritten.
    #[cold]
    pub(super) fn wipe(&mut self, message: Bytes) -> Option<BytesMut> {
        // What was received behind the message is in the same memory.
        self.trim();
        let mut memory = message.try_into_mut().ok()?;
        memory.as_mut().zeroize();
        Some(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::framing::Framing;
    use futures_util::task::noop_waker_ref;
    use serverwamp_proto::codec::Serializer;
    use serverwamp_proto::websocket::Event;

    struct Peer(Vec<u8>);

    impl Read for Peer {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            mut buf: hyper::rt::ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            buf.put_slice(&std::mem::take(&mut self.0));
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_message_with_a_secret_is_overwritten_in_place_and_what_follows_stays() {
        let secret = br#"[5,"secret!!!",{}]"#;
        let length = u8::try_from(secret.len()).unwrap();
        let mask = [1, 2, 3, 4];
        let masked = secret.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        let web: Vec<u8> = [0x81, 0x80 | length].into_iter().chain(mask).chain(masked).collect();
        let raw = [&[0, 0, 0, length][..], secret].concat();
        for (framing, frame) in [
            (Framing::plain(None), web),
            (Framing::RawSocket { serializer: Serializer::Json, takes: 1 << 24 }, raw),
        ] {
            let (mut input, mut decoder) = (Input::new(), framing.decoder(1 << 24));
            let mut context = Context::from_waker(noop_waker_ref());
            let sent = [&frame[..], &frame[..7]].concat();
            assert!(matches!(input.poll_read(&mut context, &mut Peer(sent)), Poll::Ready(Ok(_))));
            let Ok(Some(Event::Text(message) | Event::Binary(message))) = decoder.decode(&mut input.received)
            else {
                panic!("no message")
            };
            assert_eq!(&message[..], secret);
            let copy = message.clone();
            assert!(input.wipe(copy).is_none(), "somebody has it");
            let wiped = input.wipe(message).expect("nobody else has it");
            assert_eq!(&wiped[..], [0; 18]);
            assert!(matches!(
                input.poll_read(&mut context, &mut Peer(frame[7..].to_vec())),
                Poll::Ready(Ok(_))
            ));
            let Ok(Some(Event::Text(message) | Event::Binary(message))) = decoder.decode(&mut input.received)
            else {
                panic!("no second message")
            };
            assert_eq!(&message[..], secret);
        }
    }
}
