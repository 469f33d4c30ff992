//! A message that is too long, passed over: its first bytes are kept, the others are not.
//!
//! Invariant: no more than [`HEAD`] bytes of it are held, and no more than `most` of it are read.

use bytes::{Buf as _, Bytes, BytesMut};

use super::decoder::{Event, control, take};
use super::header::{Header, rotate, unmask};
use super::{Failure, Opcode, Role};
use crate::message::HEAD;

/// The beginning of a message that is longer than the limit and is passed over.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TooLong {
    /// Whether it is a text message; whether its bytes are UTF-8 nobody looks.
    pub text: bool,
    /// Its first [`HEAD`] bytes, or all of a shorter one.
    pub head: Bytes,
    /// What would have ended the connection.
    pub failure: Failure,
}

/// The message that is passed over.
#[derive(Debug)]
pub(super) struct Passing {
    text: bool,
    head: Vec<u8>,
    /// The head was handed out.
    told: bool,
    key: [u8; 4],
    /// Bytes of the frame that are still to come.
    rest: u64,
    fin: bool,
    /// Bytes of the message as far as frames have announced it.
    announced: u64,
    /// How many bytes it may have.
    most: u64,
    limit: usize,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Passed {
    Event(Event),
    NeedsMore,
    /// The message is over.
    Over,
}

impl Passing {
    /// Begins with the frame behind `header`, by which the message is longer than `limit` bytes; `before` are the opcode
    /// and the bytes of the fragments before it.
    pub(super) fn new(header: &Header, before: Option<(Opcode, &[u8])>, limit: usize) -> Self {
        let (opcode, data) = before.unwrap_or((header.opcode, &[]));
        Self {
            text: opcode == Opcode::Text,
            head: data.get(..HEAD).unwrap_or(data).to_vec(),
            told: false,
            key: header.key,
            rest: header.len,
            fin: header.fin,
            announced: (data.len() as u64).saturating_add(header.len),
            most: 0,
            limit,
        }
    }

    /// Sets how many bytes the message may have, and says whether it has no more as far as is known.
    pub(super) const fn within(&mut self, most: u64) -> bool {
        self.most = most;
        self.announced <= most
    }

    pub(super) fn next(&mut self, buf: &mut BytesMut, role: Role) -> Result<Passed, Failure> {
        loop {
            self.pass(buf);
            let over = self.rest == 0 && self.fin;
            if (over || self.head.len() == HEAD) && !std::mem::replace(&mut self.told, true) {
                let head = Bytes::from(std::mem::take(&mut self.head));
                let failure = Failure::too_big(self.limit);
                let told = Box::new(TooLong { text: self.text, head, failure });
                return Ok(Passed::Event(Event::TooLong(told)));
            }
            if over {
                return Ok(Passed::Over);
            }
            if self.rest > 0 {
                return Ok(Passed::NeedsMore);
            }
            let Some(header) = Header::parse(buf, role)? else { return Ok(Passed::NeedsMore) };
            if header.rsv1 {
                return Err(Failure::protocol("reserved bit set"));
            }
            if header.opcode.is_control() {
                // It has 125 bytes at the most.
                let len = usize::try_from(header.len).unwrap_or(usize::MAX);
                if buf.len() < header.size.saturating_add(len) {
                    return Ok(Passed::NeedsMore);
                }
                buf.advance(header.size);
                return control(header.opcode, take(buf, len, header.key)).map(Passed::Event);
            }
            if header.opcode != Opcode::Continuation {
                return Err(Failure::protocol("new message inside a fragmented message"));
            }
            self.announced = self.announced.saturating_add(header.len);
            if self.announced > self.most {
                return Err(Failure::too_big(self.limit));
            }
            buf.advance(header.size);
            (self.key, self.rest, self.fin) = (header.key, header.len, header.fin);
        }
    }

    /// Drops what there is of the frame, but for what belongs to the head.
    fn pass(&mut self, buf: &mut BytesMut) {
        let now = usize::try_from(self.rest).unwrap_or(usize::MAX).min(buf.len());
        if !self.told {
            let from = self.head.len();
            let kept = now.min(HEAD.saturating_sub(from));
            self.head.extend_from_slice(buf.get(..kept).unwrap_or_default());
            unmask(self.head.get_mut(from..).unwrap_or_default(), self.key);
        }
        buf.advance(now);
        self.key = rotate(self.key, now);
        self.rest -= now as u64;
    }
}
