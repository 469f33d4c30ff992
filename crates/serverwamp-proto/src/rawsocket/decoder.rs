//! The receiving half: bytes in, frames out, anything illegal refused.
//!
//! Invariant: a frame is refused as soon as its prefix says that it is too long (checklist RAW-15), and an incomplete one
//! is no more than the bytes that were received of it.

use std::borrow::Cow;

use bytes::{Buf as _, Bytes, BytesMut};

use super::frame::{FrameKind, MAX_PAYLOAD, PREFIX};
use crate::message::HEAD;

/// Input from a peer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// A WAMP message.
    Message(Bytes),
    /// A ping; the answer is a pong with the same payload.
    Ping(Bytes),
    /// A pong.
    Pong(Bytes),
    /// The beginning of a message that is [passed over](Decoder::pass_over).
    TooLong(Box<TooLong>),
}

/// The beginning of a message that is longer than the limit and is passed over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TooLong {
    /// Its first [`HEAD`] bytes, or all of a shorter one; whether they are UTF-8 nobody looks.
    pub head: Bytes,
    /// The failure that would have ended the connection.
    pub failure: Failure,
}

/// A peer broke a rule of RawSocket, and the connection has to end.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// The fault, in words that the peer may read.
    pub reason: Cow<'static, str>,
    /// Whether it is the length of a message.
    pub too_long: bool,
}

impl Failure {
    const fn new(reason: &'static str) -> Self {
        Self { reason: Cow::Borrowed(reason), too_long: false }
    }
}

/// Decodes what one peer sends behind its handshake.
#[derive(Debug)]
pub struct Decoder {
    max_message: usize,
    text: bool,
    state: FrameState,
}

#[derive(Debug)]
enum FrameState {
    Reading,
    /// The length of this message was handed out as a failure, and it may be passed over yet.
    Refused {
        len: usize,
        failure: Failure,
    },
    /// A message is passed over whose head is not complete.
    Head {
        len: usize,
        failure: Failure,
    },
    /// The number of bytes still to be passed over.
    Rest(usize),
    /// A failure was handed out.
    Ended,
}

impl Decoder {
    /// A decoder for frames of up to `max_message` bytes; if messages are `text`, they have to be UTF-8.
    pub const fn new(max_message: usize, text: bool) -> Self {
        Self { max_message, text, state: FrameState::Reading }
    }

    /// Changes how many bytes a frame may have.
    #[inline]
    pub const fn limit(&mut self, max_message: usize) {
        self.max_message = max_message;
    }

    /// Takes the next frame out of `buf`, to whose end the caller appends what it receives.
    ///
    /// `Ok(None)` means that more bytes are needed. After a failure there are no more frames and `buf` is emptied, unless
    /// it is the length of a message that is [passed over](Self::pass_over).
    ///
    /// # Errors
    /// When the peer broke a rule.
    #[inline]
    pub fn decode(&mut self, buf: &mut BytesMut) -> Result<Option<Event>, Failure> {
        if !matches!(self.state, FrameState::Reading) {
            return self.decode_apart(buf);
        }
        let decoded = self.next(buf);
        match &decoded {
            Err(failure) if failure.too_long => self.refuse(failure, buf),
            Err(_) => self.end(buf),
            Ok(_) => {}
        }
        decoded
    }

    /// To be called when [`decode`](Self::decode) has failed for the length of a message: goes on, with the beginning of
    /// that message as the next event, and drops the rest of it.
    ///
    /// `false` if the message has more than `most` bytes.
    pub fn pass_over(&mut self, most: usize) -> bool {
        match std::mem::replace(&mut self.state, FrameState::Ended) {
            FrameState::Refused { len, failure } if len <= most => {
                self.state = FrameState::Head { len, failure };
                true
            }
            _ => false,
        }
    }

    /// As [`decode`](Self::decode), when it is no ordinary message that is read.
    #[cold]
    fn decode_apart(&mut self, buf: &mut BytesMut) -> Result<Option<Event>, Failure> {
        match std::mem::replace(&mut self.state, FrameState::Ended) {
            FrameState::Head { len, failure } => {
                let kept = len.min(HEAD);
                if buf.len() < kept {
                    self.state = FrameState::Head { len, failure };
                    return Ok(None);
                }
                let head = Bytes::copy_from_slice(buf.get(..kept).unwrap_or_default());
                buf.advance(kept);
                self.state = FrameState::Rest(len - kept);
                Ok(Some(Event::TooLong(Box::new(TooLong { head, failure }))))
            }
            FrameState::Rest(rest) => {
                let now = rest.min(buf.len());
                buf.advance(now);
                if now < rest {
                    self.state = FrameState::Rest(rest - now);
                    return Ok(None);
                }
                self.state = FrameState::Reading;
                self.decode(buf)
            }
            FrameState::Reading | FrameState::Refused { .. } | FrameState::Ended => {
                buf.clear();
                Ok(None)
            }
        }
    }

    #[cold]
    fn refuse(&mut self, failure: &Failure, buf: &mut BytesMut) {
        match buf.first_chunk::<PREFIX>() {
            // The prefix has said its length by way of being too long; nothing but a message is passed over.
            Some(&[first, a, b, c]) if first & 0x07 == FrameKind::Message as u8 => {
                let len =
                    if first & 0x08 != 0 { MAX_PAYLOAD } else { u32::from_be_bytes([0, a, b, c]) as usize };
                buf.advance(PREFIX);
                self.state = FrameState::Refused { len, failure: failure.clone() };
            }
            _ => self.end(buf),
        }
    }

    fn end(&mut self, buf: &mut BytesMut) {
        self.state = FrameState::Ended;
        buf.clear();
    }

    #[inline]
    fn next(&self, buf: &mut BytesMut) -> Result<Option<Event>, Failure> {
        let Some(&[first, a, b, c]) = buf.first_chunk::<PREFIX>() else { return Ok(None) };
        let (kind, len) = self.read_prefix(first, u32::from_be_bytes([0, a, b, c]))?;
        if buf.len() < PREFIX + len {
            return Ok(None);
        }
        buf.advance(PREFIX);
        let payload = buf.split_to(len).freeze();
        match kind {
            FrameKind::Message if self.text && simdutf8::basic::from_utf8(&payload).is_err() => {
                Err(Failure::new("message is not UTF-8"))
            }
            FrameKind::Message => Ok(Some(Event::Message(payload))),
            FrameKind::Ping => Ok(Some(Event::Ping(payload))),
            FrameKind::Pong => Ok(Some(Event::Pong(payload))),
        }
    }

    fn read_prefix(&self, first: u8, length: u32) -> Result<(FrameKind, usize), Failure> {
        if first & 0xf0 != 0 {
            return Err(Failure::new("reserved bits of a frame's prefix are set"));
        }
        let Some(kind) = FrameKind::from_bits(first & 0x07) else {
            return Err(Failure::new("frame of a reserved type"));
        };
        let len = match (first & 0x08 != 0, length) {
            (false, length) => length as usize,
            (true, 0) => MAX_PAYLOAD,
            (true, _) => return Err(Failure::new("frame of 2^24 bytes with a further length")),
        };
        if len > self.max_message {
            let reason = format!("frame of {len} bytes exceeds the limit of {}", self.max_message);
            return Err(Failure { reason: reason.into(), too_long: true });
        }
        if len == 0 && kind == FrameKind::Message {
            return Err(Failure::new("empty frame where a message is expected"));
        }
        Ok((kind, len))
    }
}
