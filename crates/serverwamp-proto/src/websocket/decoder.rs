//! The receiving half of RFC 6455: bytes in, messages and control frames out, anything illegal refused.
//!
//! State between two calls is the undecoded bytes, which stay with the caller, and at most one message in progress.
//! An unfragmented message is a slice of the caller's buffer; only fragmented and compressed ones are copied.
//!
//! Invariant: the decoder holds no more bytes than it was given (decompressed ones: than the message limit allows),
//! whatever lengths the peer announces and however many fragments it sends.

use bytes::{Buf as _, Bytes, BytesMut};

use super::assembly::{Assembly, NOT_UTF8, check_utf8};
use super::batch::Separator;
use super::frame_part::FramePart;
use super::header::{Header, rotate, unmask};
use super::plain::{InPlace, plain_message};
use super::too_long::{PassedOver, Passing, TooLong};
use super::{Failure, Opcode, Role, close};
use crate::codec::Serializer;

/// Input from a peer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// A text message; its bytes are UTF-8.
    Text(Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A ping; the answer is a pong with the same payload.
    Ping(Bytes),
    /// A pong.
    Pong(Bytes),
    /// The peer closes; the decoder ignores everything behind it.
    Close {
        /// The close code, if the peer gave one.
        code: Option<u16>,
        /// The peer's reason; often empty.
        reason: String,
    },
    /// The beginning of a message that is [passed over](Decoder::pass_over).
    TooLong(Box<TooLong>),
    /// A message of a batch that is too long as a whole. If it is text, its bytes are UTF-8.
    Record {
        /// Whether the batch is a text message.
        text: bool,
        /// One WAMP message.
        message: Bytes,
        /// Its terminator, if it is JSON.
        separator: Option<Separator>,
    },
    /// So many bytes of a message were decompressed to be passed over, and there are more: an opportunity to do something else.
    Passing(usize),
}

/// Decodes what one peer sends.
#[derive(Debug)]
pub struct Decoder {
    role: Role,
    max_message: usize,
    deflate: bool,
    state: DecoderState,
    /// The frame whose header was read and whose payload is not complete.
    frame: Option<IncompleteFrame>,
    /// The message in progress, if it cannot be a slice of the caller's buffer. Boxed, because most connections are idle.
    message: Option<Box<Assembly>>,
}

#[derive(Debug)]
enum DecoderState {
    Reading,
    /// The length of a message was handed out as a failure, and it may be passed over yet.
    Refused(Box<Passing>),
    PassingOver(Box<Passing>),
    /// A Close or a failure was handed out.
    Ended,
}

/// A frame with an incomplete payload.
#[derive(Debug)]
enum IncompleteFrame {
    /// A whole message. Its payload stays in the caller's buffer until it is complete.
    Whole { text: bool, key: [u8; 4], len: usize, unmasked: usize, valid: usize },
    /// Part of an [`Assembly`], to which the payload moves as it arrives.
    Part(FramePart),
}

impl Decoder {
    /// A decoder for messages of up to `max_message` bytes, counted over all fragments and after decompression.
    pub const fn new(role: Role, max_message: usize) -> Self {
        Self { role, max_message, deflate: false, state: DecoderState::Reading, frame: None, message: None }
    }

    /// Changes how many bytes a message may have. One of which a frame was received already may end with it.
    #[inline]
    pub const fn limit(&mut self, max_message: usize) {
        self.max_message = max_message;
    }

    /// Lets messages be compressed, if `negotiated` (see [`extension`](super::extension)).
    #[must_use]
    pub const fn with_deflate(mut self, negotiated: bool) -> Self {
        self.deflate = negotiated;
        self
    }

    /// Takes the next event out of `buf`, to whose end the caller appends what it receives.
    ///
    /// `Ok(None)` means that more bytes are needed. After a Close and after a failure there are no more events and
    /// `buf` is emptied, unless the failure is a length that is [passed over](Self::pass_over).
    ///
    /// # Errors
    /// When the peer broke a rule; the connection has to be closed with the failure's code.
    #[inline]
    pub fn decode(&mut self, buf: &mut BytesMut) -> Result<Option<Event>, Failure> {
        if !matches!(self.state, DecoderState::Reading) {
            return self.decode_apart(buf);
        }
        let result = self.next(buf);
        if matches!(result, Err(_) | Ok(Some(Event::Close { .. }))) {
            self.end(buf);
        }
        result
    }

    /// A short message in one frame, if such a one comes next and all of it is there: unmasked, and still in `buf`. Its frame is to be
    /// passed, or it is to be [taken out](InPlace::take), before anything else. `Ok(None)` says nothing about `buf`: what is in it is
    /// to be [decoded](Self::decode).
    ///
    /// # Errors
    /// As for [`decode`](Self::decode).
    #[inline]
    pub fn decode_in_place(&mut self, buf: &mut [u8]) -> Result<Option<InPlace>, Failure> {
        if !matches!(self.state, DecoderState::Reading) {
            return Ok(None);
        }
        let message = self.plain(buf).transpose();
        if message.is_err() {
            self.state = DecoderState::Ended;
        }
        message
    }

    /// To be called when [`decode`](Self::decode) has failed with code 1009: goes on, with the beginning of that message as
    /// the next event, and drops the rest of it. If messages are batches of WAMP messages in the serializer `batch`, those of
    /// them that are within the limit are events as well, and each one that is not is passed over.
    ///
    /// `false` if the message has more than `most` bytes; if that is seen later, `decode` fails with 1009 for good. A
    /// compressed message may have as many when it is decompressed, and about as many as it came.
    pub fn pass_over(&mut self, most: usize, batch: Option<Serializer>) -> bool {
        let DecoderState::Refused(mut passing) = std::mem::replace(&mut self.state, DecoderState::Ended)
        else {
            return false;
        };
        let possible = passing.begin(most as u64, batch);
        if possible {
            self.state = DecoderState::PassingOver(passing);
        }
        possible
    }

    /// Returns whether [`decode`](Self::decode) may give something without further bytes, even if there are none in its buffer.
    #[inline]
    pub const fn holds_more(&self) -> bool {
        match &self.state {
            DecoderState::PassingOver(passing) => passing.holds_more(),
            _ => false,
        }
    }

    /// As [`decode`](Self::decode), when it is no ordinary message that is read.
    #[cold]
    fn decode_apart(&mut self, buf: &mut BytesMut) -> Result<Option<Event>, Failure> {
        let DecoderState::PassingOver(passing) = &mut self.state else {
            self.state = DecoderState::Ended;
            buf.clear();
            return Ok(None);
        };
        match passing.next(buf, self.role) {
            Ok(PassedOver::Event(event)) => {
                if matches!(event, Event::Close { .. }) {
                    self.end(buf);
                }
                Ok(Some(event))
            }
            Ok(PassedOver::NeedsMore) => Ok(None),
            Ok(PassedOver::Over) => {
                self.state = DecoderState::Reading;
                self.decode(buf)
            }
            Err(failure) => {
                self.end(buf);
                Err(failure)
            }
        }
    }

    fn end(&mut self, buf: &mut BytesMut) {
        self.frame = None;
        self.message = None;
        if !matches!(self.state, DecoderState::Refused(_)) {
            self.state = DecoderState::Ended;
            buf.clear();
        }
    }

    /// Refuses the frame after `header`.
    #[cold]
    fn refuse(&mut self, header: &Header, failure: Failure, buf: &mut BytesMut) -> Failure {
        if failure.code == 1009 {
            buf.advance(header.size);
            let mut message = self.message.take().map_or_else(|| Assembly::begin(header), |message| *message);
            message.wire = message.wire.saturating_add(header.len);
            let part = FramePart { key: header.key, rest: header.len, fin: header.fin };
            self.state = DecoderState::Refused(Box::new(Passing::new(message, part, self.max_message)));
        }
        failure
    }

    #[inline]
    fn next(&mut self, buf: &mut BytesMut) -> Result<Option<Event>, Failure> {
        match self.plain(buf) {
            Some(message) => message.map(|message| Some(message.take(buf))),
            None => self.next_of_any(buf),
        }
    }

    #[inline]
    fn plain(&self, buf: &mut [u8]) -> Option<Result<InPlace, Failure>> {
        let may_be_plain = self.frame.is_none() && self.message.is_none() && self.role == Role::Server;
        if may_be_plain { plain_message(buf, self.max_message) } else { None }
    }

    fn next_of_any(&mut self, buf: &mut BytesMut) -> Result<Option<Event>, Failure> {
        loop {
            if self.frame.is_some() {
                let event = self.resume(buf)?;
                if event.is_some() || self.frame.is_some() {
                    return Ok(event);
                }
            }
            let Some(header) = Header::parse(buf, self.role)? else { return Ok(None) };
            let len = match self.check(&header) {
                Ok(len) => len,
                Err(failure) => return Err(self.refuse(&header, failure, buf)),
            };
            if header.opcode.is_control() {
                if buf.len() < header.size + len {
                    return Ok(None);
                }
                buf.advance(header.size);
                return control(header.opcode, take(buf, len, header.key)).map(Some);
            }
            buf.advance(header.size);
            let unfragmented = header.fin && header.opcode != Opcode::Continuation;
            if !unfragmented || header.rsv1 {
                self.begin_part(&header);
            } else if buf.len() >= len {
                let payload = take(buf, len, header.key);
                return data(header.opcode, payload).map(Some);
            } else {
                let text = header.opcode == Opcode::Text;
                self.frame =
                    Some(IncompleteFrame::Whole { text, key: header.key, len, unmasked: 0, valid: 0 });
            }
        }
    }

    /// Checks a header against what came before it, and returns the payload's length.
    #[inline]
    fn check(&self, header: &Header) -> Result<usize, Failure> {
        let starts = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        if header.rsv1 && !(self.deflate && starts) {
            return Err(Failure::protocol("reserved bit set"));
        }
        let len = usize::try_from(header.len).map_err(|_| Failure::too_many(header.len, self.max_message))?;
        let before = match &self.message {
            _ if header.opcode.is_control() => return Ok(len),
            None if !starts => return Err(Failure::protocol("continuation without a message to continue")),
            Some(_) if starts => return Err(Failure::protocol("new message inside a fragmented message")),
            message => message.as_ref().map_or(0, |message| message.wire),
        };
        let compressed = header.rsv1 || self.message.as_ref().is_some_and(|message| message.is_compressed());
        let mut limit = self.max_message as u64;
        if compressed {
            limit = longest_compressed(limit);
        }
        if header.len > limit.saturating_sub(before) {
            return Err(match compressed {
                true => Failure::too_big(self.max_message),
                false => Failure::too_many(before.saturating_add(header.len), self.max_message),
            });
        }
        Ok(len)
    }

    /// Starts a fragment, or a compressed message.
    fn begin_part(&mut self, header: &Header) {
        let message = self.message.get_or_insert_with(|| Box::new(Assembly::begin(header)));
        message.wire += header.len;
        self.frame =
            Some(IncompleteFrame::Part(FramePart { key: header.key, rest: header.len, fin: header.fin }));
    }

    /// Continues the frame in progress; it is still in progress afterwards if more bytes are needed.
    fn resume(&mut self, buf: &mut BytesMut) -> Result<Option<Event>, Failure> {
        match self.frame.take() {
            Some(IncompleteFrame::Whole { text, key, len, mut unmasked, mut valid }) => {
                let end = len.min(buf.len());
                unmask(buf.get_mut(unmasked..end).unwrap_or_default(), rotate(key, unmasked));
                unmasked = end;
                if text {
                    valid = check_utf8(buf.get(..end).unwrap_or_default(), valid, end == len)?;
                }
                if end < len {
                    self.frame = Some(IncompleteFrame::Whole { text, key, len, unmasked, valid });
                    return Ok(None);
                }
                let payload = buf.split_to(len).freeze();
                Ok(Some(if text { Event::Text(payload) } else { Event::Binary(payload) }))
            }
            Some(IncompleteFrame::Part(part)) => self.resume_part(part, buf),
            None => Ok(None),
        }
    }

    /// Continues a frame of an [`Assembly`].
    fn resume_part(&mut self, mut part: FramePart, buf: &mut BytesMut) -> Result<Option<Event>, Failure> {
        let Some(message) = &mut self.message else { return Ok(None) };
        let mut appended = part.take(buf, |bytes| message.append(bytes, self.max_message));
        if appended.is_ok() && part.rest == 0 && part.fin {
            appended = message.complete(self.max_message);
        }
        match appended {
            Err(failure) => {
                if let Some(message) = self.message.take().filter(|_| failure.code == 1009) {
                    self.state =
                        DecoderState::Refused(Box::new(Passing::new(*message, part, self.max_message)));
                }
                Err(failure)
            }
            Ok(()) if part.rest > 0 => {
                self.frame = Some(IncompleteFrame::Part(part));
                Ok(None)
            }
            Ok(()) => Ok(self.message.take_if(|_| part.fin).map(|message| message.into_event())),
        }
    }
}

/// The allowed length of a compressed message: DEFLATE makes incompressible data a little longer.
pub(super) const fn longest_compressed(limit: u64) -> u64 {
    limit.saturating_add(limit / 1024 + 64)
}

/// Takes an unmasked payload of `len` bytes off the front of `buf`, where they are.
#[inline]
pub(super) fn take(buf: &mut BytesMut, len: usize, key: [u8; 4]) -> Bytes {
    let mut payload = buf.split_to(len);
    unmask(&mut payload, key);
    payload.freeze()
}

#[inline]
fn data(opcode: Opcode, payload: Bytes) -> Result<Event, Failure> {
    if opcode != Opcode::Text {
        return Ok(Event::Binary(payload));
    }
    if payload.is_ascii() || simdutf8::basic::from_utf8(&payload).is_ok() {
        Ok(Event::Text(payload))
    } else {
        Err(NOT_UTF8)
    }
}

pub(super) fn control(opcode: Opcode, payload: Bytes) -> Result<Event, Failure> {
    match opcode {
        Opcode::Ping => Ok(Event::Ping(payload)),
        Opcode::Pong => Ok(Event::Pong(payload)),
        _ => close::parse(&payload),
    }
}
