//! A message that is too long, passed over: its first bytes are kept, the others are not. Of a batch that is too long the
//! messages are kept that are not.
//!
//! Invariant: no more than [`HEAD`] bytes of it are held, or one message of a batch; no more than `most` of it are read, and
//! of a compressed one no more than [`STEP`] bytes are decompressed before they are looked at.

use bytes::{Buf as _, Bytes, BytesMut};

use super::assembly::{Assembly, NOT_UTF8};
use super::batch::{BatchError, Piece, Pieces};
use super::decoder::{Event, control, longest_compressed, take};
use super::deflate::Inflater;
use super::frame_part::FramePart;
use super::header::Header;
use super::{Failure, Opcode, Role};
use crate::codec::Serializer;
use crate::message::HEAD;

/// The number of bytes decompressed at once.
const STEP: usize = 16 * 1024;

/// The beginning of a message that is longer than the limit and is passed over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TooLong {
    /// Whether it is a text message; whether its bytes are UTF-8 nobody looks.
    pub text: bool,
    /// Its first [`HEAD`] bytes, or all of a shorter one.
    pub head: Bytes,
    /// The failure that would have ended the connection.
    pub failure: Failure,
}

/// The message that is passed over.
#[derive(Debug)]
pub(super) struct Passing {
    text: bool,
    inflater: Option<Inflater>,
    /// The frame in progress.
    part: FramePart,
    /// Payload bytes as far as frames have announced them.
    wire: u64,
    /// Bytes of the message that are there and were not looked at.
    unread: Bytes,
    /// Bytes of the message so far.
    read: u64,
    /// There may be more of it without further bytes of the peer.
    pending: bool,
    /// Bytes that were decompressed since something else was done.
    worked: usize,
    /// The allowed length of the message in bytes.
    most: u64,
    limit: usize,
    kept: KeptHead,
}

/// The kept part.
#[derive(Debug)]
enum KeptHead {
    /// The beginning, until it was handed out.
    Head(Vec<u8>),
    Nothing,
    /// The messages of a batch.
    Pieces(Pieces),
}

/// The next event.
#[derive(Debug)]
pub(super) enum PassedOver {
    Event(Event),
    NeedsMore,
    /// The message is over.
    Over,
}

impl Passing {
    /// Goes on with a message that is longer than `limit` bytes, and with the frame that made it so.
    pub(super) fn new(message: Assembly, part: FramePart, limit: usize) -> Self {
        Self {
            text: message.opcode == Opcode::Text,
            inflater: message.inflater,
            part,
            wire: message.wire,
            read: message.data.len() as u64,
            unread: message.data.into(),
            pending: true,
            worked: 0,
            most: 0,
            limit,
            kept: KeptHead::Nothing,
        }
    }

    /// Sets how many bytes the message may have, and says whether it has no more as far as is known.
    pub(super) fn begin(&mut self, most: u64, batch: Option<Serializer>) -> bool {
        self.most = most;
        self.kept = match batch {
            Some(serializer) => KeptHead::Pieces(Pieces::new(serializer, self.limit)),
            None => KeptHead::Head(Vec::new()),
        };
        self.is_within()
    }

    /// Returns whether something comes even if the peer sends nothing.
    pub(super) const fn holds_more(&self) -> bool {
        self.pending || !self.unread.is_empty()
    }

    pub(super) fn next(&mut self, buf: &mut BytesMut, role: Role) -> Result<PassedOver, Failure> {
        loop {
            if let Some(event) = self.look()? {
                return Ok(PassedOver::Event(event));
            }
            if self.worked >= STEP {
                return Ok(PassedOver::Event(Event::Passing(std::mem::take(&mut self.worked))));
            }
            if self.part.rest > 0 || self.pending {
                if !self.read(buf)? {
                    return Ok(PassedOver::NeedsMore);
                }
                continue;
            }
            if self.part.fin {
                return self.end();
            }
            let Some(header) = Header::parse(buf, role)? else { return Ok(PassedOver::NeedsMore) };
            if header.rsv1 {
                return Err(Failure::protocol("reserved bit set"));
            }
            if header.opcode.is_control() {
                // It has 125 bytes at the most.
                let len = usize::try_from(header.len).unwrap_or(usize::MAX);
                if buf.len() < header.size.saturating_add(len) {
                    return Ok(PassedOver::NeedsMore);
                }
                buf.advance(header.size);
                return control(header.opcode, take(buf, len, header.key)).map(PassedOver::Event);
            }
            if header.opcode != Opcode::Continuation {
                return Err(Failure::protocol("new message inside a fragmented message"));
            }
            self.wire = self.wire.saturating_add(header.len);
            if !self.is_within() {
                return Err(Failure::too_big(self.limit));
            }
            buf.advance(header.size);
            self.part = FramePart { key: header.key, rest: header.len, fin: header.fin };
            self.pending = self.part.fin && self.inflater.is_some();
        }
    }

    fn is_within(&self) -> bool {
        let longest = if self.inflater.is_some() { longest_compressed(self.most) } else { self.most };
        self.wire <= longest && self.read <= self.most
    }

    /// Looks at what was read.
    fn look(&mut self) -> Result<Option<Event>, Failure> {
        match &mut self.kept {
            KeptHead::Nothing => self.unread.clear(),
            KeptHead::Head(head) => {
                let lacking = HEAD.saturating_sub(head.len()).min(self.unread.len());
                head.extend_from_slice(&self.unread.split_to(lacking));
                if head.len() == HEAD {
                    let head = std::mem::take(head).into();
                    self.kept = KeptHead::Nothing;
                    return Ok(Some(self.too_long(head)));
                }
            }
            KeptHead::Pieces(pieces) => match pieces.next(&mut self.unread).map_err(no_batch)? {
                Some(Piece::TooLong(head)) => return Ok(Some(self.too_long(head))),
                Some(Piece::Message(message, separator)) => {
                    if self.text && simdutf8::basic::from_utf8(&message).is_err() {
                        return Err(NOT_UTF8);
                    }
                    return Ok(Some(Event::Record { text: self.text, message, separator }));
                }
                None => {}
            },
        }
        Ok(None)
    }

    /// Reads on; `false` if there is nothing to be had.
    fn read(&mut self, buf: &mut BytesMut) -> Result<bool, Failure> {
        let Some(inflater) = &mut self.inflater else {
            self.pending = false;
            let here = usize::try_from(self.part.rest).unwrap_or(usize::MAX).min(buf.len());
            if let KeptHead::Nothing = self.kept {
                buf.advance(here);
            } else {
                self.unread = take(buf, here, self.part.key);
            }
            self.part.pass(here);
            self.read = self.read.saturating_add(here as u64);
            return Ok(here > 0 || self.part.rest == 0);
        };
        if buf.is_empty() && self.part.rest > 0 && !self.pending {
            return Ok(false);
        }
        let mut out = Vec::with_capacity(STEP);
        self.pending = self.part.take(buf, |bytes| inflater.inflate(bytes, &mut out))?;
        if !self.pending && self.part.rest == 0 && self.part.fin {
            self.pending = inflater.inflate_tail(&mut out)?;
        }
        self.read = self.read.saturating_add(out.len() as u64);
        self.worked += out.len();
        self.unread = out.into();
        if self.is_within() { Ok(true) } else { Err(Failure::too_big(self.limit)) }
    }

    /// All of it was read.
    fn end(&mut self) -> Result<PassedOver, Failure> {
        match std::mem::replace(&mut self.kept, KeptHead::Nothing) {
            KeptHead::Head(head) => Ok(PassedOver::Event(self.too_long(head.into()))),
            KeptHead::Nothing => Ok(PassedOver::Over),
            KeptHead::Pieces(pieces) => pieces.finish().map(|()| PassedOver::Over).map_err(no_batch),
        }
    }

    fn too_long(&self, head: Bytes) -> Event {
        Event::TooLong(Box::new(TooLong { text: self.text, head, failure: Failure::too_big(self.limit) }))
    }
}

fn no_batch(error: BatchError) -> Failure {
    Failure { code: 1002, reason: error.to_string().into() }
}
