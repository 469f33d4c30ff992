//! What a connection has received and not handled yet.
//!
//! All connections of a thread read into one buffer of that thread, and a connection keeps exactly what was read, as long as it
//! is not handled: one that waits for its peer keeps nothing. A connection asks for little at first, and for more while reads
//! bring all that was asked for, so that one that floods does not delay others. Bytes of a message in progress take memory
//! as they arrive, never because a peer announced them.
//!
//! Invariant: the buffer of a thread holds nothing of a peer once a read is over, so nothing of it can come to another, and no
//! secret stays there.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use hyper::rt::{Read, ReadBuf};
use zeroize::Zeroize;

/// Bytes asked for in one read while nothing speaks for more.
const SMALL: usize = 4 * 1024;

/// Bytes asked for in one read at most: beyond this a system call costs nothing compared with its bytes.
const LARGE: usize = 64 * 1024;

/// Memory for what was read is taken in multiples of this, so that it does for a little more the next time.
const STEP: usize = 64;

/// Memory of handled messages is used again where so many times what was read fills it: a short message that an application
/// keeps holds no more than that.
const USED_AT_LEAST: usize = 4;

thread_local! {
    /// Where connections read into: zeros, as many as were ever asked for.
    static READ_INTO: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// Memory whose messages were handled, for the next read of any connection.
    static HANDLED: Cell<Option<Block>> = const { Cell::new(None) };
}

/// Memory, and how much of it there is in all.
#[derive(Debug)]
struct Block {
    memory: BytesMut,
    size: usize,
}

impl Block {
    /// Room for so many bytes.
    fn of(bytes: usize) -> Self {
        if let Some(mut handled) = HANDLED.take()
            && handled.size <= bytes * USED_AT_LEAST
            && handled.memory.try_reclaim(bytes)
        {
            return handled;
        }
        let size = bytes.next_multiple_of(STEP);
        Self { memory: BytesMut::with_capacity(size), size }
    }
}

#[derive(Debug)]
pub(crate) struct Input {
    /// Received bytes that are not decoded yet, behind those that were passed.
    received: BytesMut,
    /// The bytes of messages that were handled where they are: left behind all at once.
    passed: usize,
    /// How much memory `received` keeps.
    kept: usize,
    /// The number of bytes to read.
    target: usize,
}

impl Input {
    pub(crate) fn new() -> Self {
        Self { received: BytesMut::new(), passed: 0, kept: 0, target: SMALL }
    }

    /// Received bytes that are not decoded yet, to take messages out of them.
    #[inline]
    pub(crate) fn received(&mut self) -> &mut BytesMut {
        if self.passed > 0 {
            self.received.advance(std::mem::take(&mut self.passed));
        }
        &mut self.received
    }

    /// The same bytes, to handle messages where they are.
    #[inline]
    pub(super) fn unread(&mut self) -> &mut [u8] {
        self.received.get_mut(self.passed..).unwrap_or_default()
    }

    /// Leaves so many of them behind, of which there are as many.
    #[inline]
    pub(super) const fn pass(&mut self, bytes: usize) {
        self.passed += bytes;
    }

    /// Returns whether there are none.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.received.len() == self.passed
    }

    /// Reads once; 0 bytes mean that the peer sends no more.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut (impl Read + Unpin),
    ) -> Poll<io::Result<usize>> {
        // Taken out, because a stream may run whatever it wakes, and that may be another connection.
        let mut buffer = READ_INTO.take();
        if buffer.len() < self.target {
            buffer.resize(self.target, 0);
        }
        let read = self.read_into(buffer.get_mut(..self.target).unwrap_or_default(), cx, io);
        READ_INTO.set(buffer);
        if read.is_pending() {
            self.rest();
        }
        read
    }

    /// Reads into zeros, keeps what was read, and leaves zeros behind.
    fn read_into(
        &mut self,
        buffer: &mut [u8],
        cx: &mut Context<'_>,
        io: &mut (impl Read + Unpin),
    ) -> Poll<io::Result<usize>> {
        let mut unfilled = ReadBuf::new(buffer);
        ready!(Pin::new(io).poll_read(cx, unfilled.unfilled()))?;
        let n = unfilled.filled().len();
        if n == self.target {
            self.target = (2 * n).min(LARGE);
        } else if n < self.target / 4 {
            self.target = (self.target / 2).max(SMALL);
        }
        if self.received().is_empty() && n > 0 {
            let block = Block::of(n);
            (self.received, self.kept) = (block.memory, block.size);
        }
        if let Some(read) = buffer.get_mut(..n) {
            self.received.extend_from_slice(read);
            read.fill(0);
        }
        self.kept = self.kept.max(self.received.capacity());
        Poll::Ready(Ok(n))
    }

    /// The peer may be silent for long: nothing is kept but the beginning of a message.
    fn rest(&mut self) {
        let len = self.received().len();
        if len > 0 && self.kept > 2 * len + STEP {
            self.separate();
        } else if len == 0 && self.kept > 0 {
            let handled = Block { memory: std::mem::take(&mut self.received), size: self.kept };
            self.kept = 0;
            if handled.size <= LARGE {
                HANDLED.set(Some(handled));
            }
        }
    }

    /// Moves what is not decoded into memory of its own.
    fn separate(&mut self) {
        self.received = BytesMut::from(&self.received()[..]);
        self.kept = self.received.capacity();
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.kept
    }

    /// Overwrites a message that was decoded from here, if nobody else has it. Returns the memory, which is free after that.
    ///
    /// Records of a batch share the memory of the whole batch, and are not overwritten.
    #[cold]
    pub(super) fn wipe(&mut self, message: Bytes) -> Option<BytesMut> {
        // What was received behind the message is in the same memory.
        self.separate();
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

    struct Silent;

    impl Read for Silent {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: hyper::rt::ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    fn read(input: &mut Input, bytes: &[u8]) {
        let mut context = Context::from_waker(noop_waker_ref());
        let read = input.poll_read(&mut context, &mut Peer(bytes.to_vec()));
        assert!(matches!(read, Poll::Ready(Ok(n)) if n == bytes.len()));
    }

    fn wait(input: &mut Input) {
        let mut context = Context::from_waker(noop_waker_ref());
        assert!(input.poll_read(&mut context, &mut Silent).is_pending());
    }

    #[test]
    fn who_waits_keeps_the_beginning_of_a_message_and_nothing_else() {
        let mut input = Input::new();
        read(&mut input, &[1; 3000]);
        assert_eq!(input.memory(), 3008);
        drop(input.received().split_to(2990));
        wait(&mut input);
        assert_eq!((input.memory(), &input.received()[..]), (10, &[1; 10][..]));
        read(&mut input, &[2; 20]);
        assert_eq!(input.received().len(), 30);
        drop(input.received().split_to(30));
        wait(&mut input);
        assert_eq!(input.memory(), 0);
        assert!(READ_INTO.take().iter().all(|byte| *byte == 0), "others read into it");
    }

    #[test]
    fn memory_of_handled_messages_is_used_again_unless_much_of_it_would_lie_idle_or_somebody_has_them() {
        let (mut one, mut other) = (Input::new(), Input::new());
        let place_of = |input: &mut Input, bytes: usize| {
            read(input, &vec![1; bytes]);
            let message = input.received().split_to(bytes).freeze();
            let place = message.as_ptr();
            (place, message)
        };
        let (first, message) = place_of(&mut one, 1000);
        drop(message);
        wait(&mut one);
        let (second, message) = place_of(&mut other, 300);
        assert_eq!(first, second);
        wait(&mut other);
        // Somebody has `message`.
        let (third, _) = place_of(&mut one, 300);
        assert_ne!(first, third);
        drop(message);
        wait(&mut one);
        let (_, short) = place_of(&mut other, 20);
        assert_eq!(other.memory(), STEP, "a short message holds no long memory");
        drop(short);
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
            let Ok(Some(Event::Text(message) | Event::Binary(message))) = decoder.decode(input.received())
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
            let Ok(Some(Event::Text(message) | Event::Binary(message))) = decoder.decode(input.received())
            else {
                panic!("no second message")
            };
            assert_eq!(&message[..], secret);
        }
    }
}
