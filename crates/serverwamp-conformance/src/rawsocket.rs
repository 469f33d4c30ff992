//! RawSocket as a client speaks it: four octets there, four octets back, then frames.

use std::time::{Duration, Instant};

use tungstenite::Message;

use crate::peer::{DEADLINE, RawPeer};
use crate::serial::{Serializer, Subprotocol};
use crate::stream::Stream;
use crate::wire::{Unread, Wire, message, read_more, write_all};

/// The first octet of a handshake.
pub const MAGIC: u8 = 0x7f;

/// A byte stream on which RawSocket is spoken, or something like it.
#[derive(Debug)]
pub struct RawSocket {
    stream: Stream,
    received: Vec<u8>,
    /// Whether messages are text.
    text: bool,
}

impl RawSocket {
    /// Speaks over `stream`; nothing is sent yet.
    #[must_use]
    pub fn over(stream: Stream) -> Self {
        Self { stream, received: Vec::new(), text: false }
    }

    /// Sends octets as they are.
    ///
    /// # Panics
    ///
    /// When the stream does not take them.
    #[track_caller]
    pub fn write(&mut self, octets: &[u8]) {
        self.try_write(octets).expect("the octets are sent");
    }

    /// Sends octets as they are.
    ///
    /// # Errors
    ///
    /// When the stream does not take them.
    pub fn try_write(&mut self, octets: &[u8]) -> std::io::Result<()> {
        write_all(&mut self.stream, octets)
    }

    /// The next `count` octets, or `None` when the stream ends before.
    ///
    /// # Panics
    ///
    /// When neither happens in time.
    #[track_caller]
    pub fn read_octets(&mut self, count: usize) -> Option<Vec<u8>> {
        let deadline = Instant::now() + DEADLINE;
        while self.received.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{count} octets are due, there are {:?}", self.received);
            match read_more(&mut self.stream, &mut self.received, left) {
                Ok(()) | Err(Unread::Nothing) => {}
                Err(Unread::Ended(_) | Unread::Broken(_)) => return None,
            }
        }
        Some(self.received.drain(..count).collect())
    }

    /// Requires that the stream ends here, with nothing unread.
    ///
    /// # Panics
    ///
    /// When something else arrives, or nothing in time.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let more = self.read_octets(1);
        assert_eq!(more, None, "the end is due");
        assert!(self.received.is_empty(), "the end is due, there are {:?}", self.received);
    }

    /// Requires that nothing arrives within `time`.
    ///
    /// # Panics
    ///
    /// When something does, or the stream ends.
    #[track_caller]
    pub fn expect_nothing(&mut self, time: Duration) {
        let read = read_more(&mut self.stream, &mut self.received, time);
        assert!(matches!(read, Err(Unread::Nothing)), "{read:?}, {:?}", self.received);
    }

    /// Sends a frame of this type.
    ///
    /// # Panics
    ///
    /// When the stream does not take it.
    #[track_caller]
    pub fn write_frame(&mut self, kind: u8, payload: &[u8]) {
        self.write(&frame(kind, payload));
    }

    /// The next frame: its type and payload.
    ///
    /// # Panics
    ///
    /// When the stream ends or nothing arrives in time.
    #[track_caller]
    pub fn read_frame(&mut self) -> (u8, Vec<u8>) {
        let prefix = self.read_octets(4).expect("a frame's prefix");
        let length = length(&prefix);
        (prefix[0], self.read_octets(length).expect("a frame's payload"))
    }

    /// Shakes hands: `length` is the nibble that says what the client takes. The server's answer, if there is one.
    #[track_caller]
    pub fn shake_hands(&mut self, length: u8, serializer: u8) -> Option<Vec<u8>> {
        self.write(&[MAGIC, length << 4 | serializer, 0, 0]);
        self.read_octets(4)
    }

    /// Shakes hands, and goes on as a peer.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[must_use]
    #[track_caller]
    pub fn peer(self, subprotocol: Subprotocol) -> RawPeer {
        self.peer_that_takes(15, subprotocol)
    }

    /// As [`peer`](Self::peer), taking messages of up to 2^(9 + `length`) bytes.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[must_use]
    #[track_caller]
    pub fn peer_that_takes(mut self, length: u8, subprotocol: Subprotocol) -> RawPeer {
        let serializer = number(subprotocol.serializer);
        let answer = self.shake_hands(length, serializer).expect("an answer to the handshake");
        assert_eq!((answer[0], answer[1] & 0x0f, &answer[2..]), (MAGIC, serializer, &[0, 0][..]));
        self.text = subprotocol.serializer == Serializer::Json;
        RawPeer::over(Wire::RawSocket(self), subprotocol)
    }

    pub(crate) fn send(&mut self, message: &Message) -> std::io::Result<()> {
        let frame = match message {
            Message::Ping(payload) => frame(1, payload),
            Message::Pong(payload) => frame(2, payload),
            Message::Text(text) => frame(0, text.as_bytes()),
            Message::Binary(bytes) => frame(0, bytes),
            Message::Close(_) | Message::Frame(_) => return Ok(()),
        };
        self.try_write(&frame)
    }

    pub(crate) fn read(&mut self, time: Duration) -> Result<Message, Unread> {
        if let Some(prefix) = self.received.get(..4)
            && let end = 4 + length(prefix)
            && self.received.len() >= end
        {
            let kind = prefix[0] & 0x07;
            let payload = self.received[4..end].to_vec();
            self.received.drain(..end);
            return match kind {
                0 => message(payload, self.text),
                1 => Ok(Message::Ping(payload.into())),
                2 => Ok(Message::Pong(payload.into())),
                _ => Err(Unread::Broken(format!("a frame of type {kind}"))),
            };
        }
        read_more(&mut self.stream, &mut self.received, time)?;
        Err(Unread::Nothing)
    }

    /// Ends the sending direction.
    pub fn end(&mut self) {
        self.stream.finish_writing();
    }
}

/// The serializer's number in the handshake.
#[must_use]
pub fn number(serializer: Serializer) -> u8 {
    match serializer {
        Serializer::Json => 1,
        Serializer::MsgPack => 2,
        Serializer::Cbor => 3,
    }
}

/// A whole frame.
///
/// # Panics
///
/// When the payload is longer than 2^24 bytes.
#[must_use]
pub fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() <= 1 << 24, "there are no longer frames");
    let [x, a, b, c] = u32::try_from(payload.len()).expect("checked").to_be_bytes();
    let mut frame = vec![x << 3 | kind, a, b, c];
    frame.extend_from_slice(payload);
    frame
}

fn length(prefix: &[u8]) -> usize {
    usize::from(prefix[0] >> 3 & 1) << 24
        | usize::from(prefix[1]) << 16
        | usize::from(prefix[2]) << 8
        | usize::from(prefix[3])
}
