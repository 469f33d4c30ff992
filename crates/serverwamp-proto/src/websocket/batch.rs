//! Batched WebSocket messages: several WAMP messages in one (WAMP advanced profile, "Batched WebSocket Transport").
//!
//! JSON messages are each followed by a separator, MessagePack and CBOR messages preceded by their length. [`Records`]
//! takes a received batch apart; [`push_record`], or [`begin_record`] and [`finish_record`] around a message that is
//! written in place, put one together.
//!
//! Invariant: every record handed out is a slice of the batch, and after an error nothing more is.

use bytes::{Buf as _, Bytes};

pub use super::pieces::{Piece, Pieces};
use crate::codec::Serializer;

/// The terminators of JSON messages. Neither can occur unescaped in JSON text, so both are accepted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Separator {
    /// 0x1E, ASCII "record separator".
    #[default]
    Record,
    /// 0x18. The specification writes the separator `\30`, which some peers read as octal; they understand no other.
    ReadAsOctal,
}

impl Separator {
    const fn byte(self) -> u8 {
        match self {
            Self::Record => 0x1e,
            Self::ReadAsOctal => 0x18,
        }
    }

    pub(super) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x1e => Some(Self::Record),
            0x18 => Some(Self::ReadAsOctal),
            _ => None,
        }
    }
}

/// Bytes of the length before a MessagePack or CBOR message.
pub(super) const PREFIX: usize = 4;

/// Why a received batch, or the rest of it, cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BatchError {
    /// A WebSocket message without a WAMP message in it.
    #[error("batch without a message")]
    NoMessages,
    /// A separator with nothing before it, or the length 0.
    #[error("empty message in a batch")]
    EmptyMessage,
    /// JSON that is not followed by a separator.
    #[error("last message of a batch is not terminated by 0x1E")]
    Unterminated,
    /// A length that reaches beyond the end, or less than a length.
    #[error("message of a batch is cut short")]
    Truncated,
}

/// The messages of a received batch, in order; ends after the first error.
#[derive(Debug)]
pub struct Records {
    rest: Bytes,
    serializer: Serializer,
    started: bool,
    separator: Option<Separator>,
}

impl Records {
    /// Takes `batch` apart, the payload of one WebSocket message.
    pub const fn new(serializer: Serializer, batch: Bytes) -> Self {
        Self { rest: batch, serializer, started: false, separator: None }
    }

    /// The terminator of the last message that was returned; `None` if lengths replace it.
    pub const fn separator(&self) -> Option<Separator> {
        self.separator
    }

    fn take_record(&mut self) -> Result<Bytes, BatchError> {
        let record = match self.serializer {
            Serializer::Json => {
                let end = find_separator(&self.rest).ok_or(BatchError::Unterminated)?;
                let record = self.rest.split_to(end);
                self.separator = self.rest.first().copied().and_then(Separator::from_byte);
                self.rest.advance(1);
                record
            }
            Serializer::MessagePack | Serializer::Cbor => {
                let (prefix, body) = self.rest.split_first_chunk::<PREFIX>().ok_or(BatchError::Truncated)?;
                let len = usize::try_from(u32::from_be_bytes(*prefix)).map_err(|_| BatchError::Truncated)?;
                if body.len() < len {
                    return Err(BatchError::Truncated);
                }
                self.rest.advance(PREFIX);
                self.rest.split_to(len)
            }
        };
        if record.is_empty() { Err(BatchError::EmptyMessage) } else { Ok(record) }
    }
}

impl Iterator for Records {
    type Item = Result<Bytes, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = !std::mem::replace(&mut self.started, true);
        if self.rest.is_empty() {
            return first.then_some(Err(BatchError::NoMessages));
        }
        let record = self.take_record();
        if record.is_err() {
            self.rest.clear();
        }
        Some(record)
    }
}

/// The index of the first separator. Whole chunks are tested before bytes, which compilers turn into vector code.
pub(super) fn find_separator(bytes: &[u8]) -> Option<usize> {
    let is_separator = |byte: &u8| Separator::from_byte(*byte).is_some();
    let clean =
        bytes.chunks_exact(32).take_while(|chunk| !chunk.iter().fold(false, |any, b| any | is_separator(b)));
    let skipped = clean.count() * 32;
    bytes.get(skipped..)?.iter().position(is_separator).map(|at| skipped + at)
}

/// The place of a record that [`finish_record`] has to complete.
#[derive(Debug)]
#[must_use = "the record is not complete before `finish_record`"]
pub struct RecordMark(usize);

/// Starts a record: all bytes appended to `out` until [`finish_record`] are its message.
#[inline]
pub fn begin_record(serializer: Serializer, out: &mut Vec<u8>) -> RecordMark {
    let mark = RecordMark(out.len());
    if serializer != Serializer::Json {
        out.extend_from_slice(&[0; PREFIX]);
    }
    mark
}

/// Ends the record that began at `mark`; `separator` is what its receiver expects behind JSON.
///
/// A message of 4 GiB has no length that fits its prefix; limits far below that are the caller's duty.
#[inline]
pub fn finish_record(serializer: Serializer, separator: Separator, out: &mut Vec<u8>, mark: RecordMark) {
    if serializer == Serializer::Json {
        return out.push(separator.byte());
    }
    let Some((prefix, message)) = out.get_mut(mark.0..).and_then(<[u8]>::split_first_chunk_mut::<PREFIX>)
    else {
        return;
    };
    *prefix = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
}

/// Appends a record with this `message`.
#[inline]
pub fn push_record(serializer: Serializer, message: &[u8], out: &mut Vec<u8>) {
    let mark = begin_record(serializer, out);
    out.extend_from_slice(message);
    finish_record(serializer, Separator::default(), out, mark);
}
