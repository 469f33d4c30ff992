//! A batch of which not all is there: messages come out as soon as they are complete, and one that is too long as its
//! beginning.
//!
//! Invariant: no more is held than one message of up to the limit.

use bytes::{Buf as _, Bytes};

use super::batch::{BatchError, PREFIX, Separator, find_separator};
use crate::codec::Serializer;
use crate::message::HEAD;

/// The result of the next bytes of a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// A message, and what followed it if it is JSON.
    Message(Bytes, Option<Separator>),
    /// The first [`HEAD`] bytes of a message that is longer than the limit, or all of it if it has fewer. What follows of
    /// it is dropped.
    TooLong(Bytes),
}

/// Takes a batch apart as it arrives; [`Records`](super::batch::Records) does that with a whole one.
///
/// ```
/// use bytes::Bytes;
/// use serverwamp_proto::codec::Serializer;
/// use serverwamp_proto::websocket::batch::{Piece, Pieces, Separator};
///
/// let mut pieces = Pieces::new(Serializer::Json, 4);
/// let mut next = |bytes: &'static str| pieces.next(&mut Bytes::from(bytes));
/// assert_eq!(next("[1"), Ok(None));
/// let message = Piece::Message(Bytes::from("[1]"), Some(Separator::Record));
/// assert_eq!(next("]\u{1e}"), Ok(Some(message)));
/// assert_eq!(next("[\"1\"]\u{1e}"), Ok(Some(Piece::TooLong(Bytes::from("[\"1\"]")))));
/// ```
#[derive(Debug)]
pub struct Pieces {
    serializer: Serializer,
    limit: usize,
    /// The length of a message, or the message, as far as it is there.
    held: Vec<u8>,
    part: RecordPart,
    /// A message has begun.
    any: bool,
}

/// The part of a record that comes next.
#[derive(Clone, Copy, Debug)]
enum RecordPart {
    Prefix,
    /// The rest of a message, of which so many bytes are to come; nobody knows how many if it is JSON.
    Message(Option<usize>),
    /// The same of one that is too long; its beginning was handed out or was not.
    TooLong(Option<usize>, bool),
}

impl Pieces {
    /// For a batch whose messages may have up to `limit` bytes each.
    pub const fn new(serializer: Serializer, limit: usize) -> Self {
        Self { serializer, limit, held: Vec::new(), part: Self::first(serializer), any: false }
    }

    const fn first(serializer: Serializer) -> RecordPart {
        match serializer {
            Serializer::Json => RecordPart::Message(None),
            Serializer::MessagePack | Serializer::Cbor => RecordPart::Prefix,
        }
    }

    /// Takes the next message off the front of `bytes`, which are those that follow the ones before. `None` means that
    /// there are no more bytes.
    ///
    /// # Errors
    /// When it is no batch; then there is nothing more to be had.
    pub fn next(&mut self, bytes: &mut Bytes) -> Result<Option<Piece>, BatchError> {
        while !bytes.is_empty() {
            self.any = true;
            match self.part {
                RecordPart::Prefix => self.take_prefix(bytes)?,
                RecordPart::Message(rest) => {
                    if let Some(piece) = self.take_message(rest, bytes)? {
                        return Ok(Some(piece));
                    }
                }
                RecordPart::TooLong(rest, told) => {
                    if let Some(piece) = self.take_too_long(rest, told, bytes) {
                        return Ok(Some(piece));
                    }
                }
            }
        }
        Ok(None)
    }

    /// To be called when there are no more bytes.
    ///
    /// # Errors
    /// When something is missing.
    pub fn finish(&self) -> Result<(), BatchError> {
        match self.part {
            _ if !self.any => Err(BatchError::NoMessages),
            RecordPart::Prefix | RecordPart::Message(None) if self.held.is_empty() => Ok(()),
            RecordPart::Message(None) | RecordPart::TooLong(None, _) => Err(BatchError::Unterminated),
            RecordPart::Prefix | RecordPart::Message(_) | RecordPart::TooLong(..) => {
                Err(BatchError::Truncated)
            }
        }
    }

    fn take_prefix(&mut self, bytes: &mut Bytes) -> Result<(), BatchError> {
        let lacking = PREFIX - self.held.len();
        self.held.extend_from_slice(&bytes.split_to(lacking.min(bytes.len())));
        let Some(prefix) = self.held.first_chunk::<PREFIX>() else { return Ok(()) };
        let len = usize::try_from(u32::from_be_bytes(*prefix)).map_err(|_| BatchError::Truncated)?;
        if len == 0 {
            return Err(BatchError::EmptyMessage);
        }
        self.held.clear();
        let rest = Some(len);
        self.part =
            if len > self.limit { RecordPart::TooLong(rest, false) } else { RecordPart::Message(rest) };
        Ok(())
    }

    fn take_message(&mut self, rest: Option<usize>, bytes: &mut Bytes) -> Result<Option<Piece>, BatchError> {
        let (here, complete) = reach(rest, bytes);
        if self.held.len() + here > self.limit {
            self.part = RecordPart::TooLong(rest, false);
            return Ok(None);
        }
        if !complete {
            self.held.extend_from_slice(&bytes.split_to(here));
            self.part = RecordPart::Message(rest.map(|rest| rest - here));
            return Ok(None);
        }
        let message = if self.held.is_empty() {
            bytes.split_to(here)
        } else {
            self.held.extend_from_slice(&bytes.split_to(here));
            Bytes::from(std::mem::take(&mut self.held))
        };
        let separator = self.begin_next(rest, bytes);
        if message.is_empty() {
            Err(BatchError::EmptyMessage)
        } else {
            Ok(Some(Piece::Message(message, separator)))
        }
    }

    fn take_too_long(&mut self, rest: Option<usize>, told: bool, bytes: &mut Bytes) -> Option<Piece> {
        let (here, complete) = reach(rest, bytes);
        if told {
            bytes.advance(here);
            if complete {
                self.begin_next(rest, bytes);
            } else {
                self.part = RecordPart::TooLong(rest.map(|rest| rest - here), true);
            }
            return None;
        }
        let kept = here.min(HEAD.saturating_sub(self.held.len()));
        self.held.extend_from_slice(&bytes.split_to(kept));
        let tell = self.held.len() >= HEAD || (complete && kept == here);
        self.part = RecordPart::TooLong(rest.map(|rest| rest - kept), tell);
        if !tell {
            return None;
        }
        let held = std::mem::take(&mut self.held);
        if complete && kept == here {
            self.begin_next(rest, bytes);
        }
        Some(Piece::TooLong(Bytes::copy_from_slice(held.get(..HEAD).unwrap_or(&held))))
    }

    /// Goes to the next record, behind the separator if there is one.
    fn begin_next(&mut self, rest: Option<usize>, bytes: &mut Bytes) -> Option<Separator> {
        self.part = Self::first(self.serializer);
        let separator =
            if rest.is_none() { bytes.first().copied().and_then(Separator::from_byte) } else { None };
        if separator.is_some() {
            bytes.advance(1);
        }
        separator
    }
}

/// The number of the `bytes` that belong to a message of which so many are to come, and whether those are all.
fn reach(rest: Option<usize>, bytes: &[u8]) -> (usize, bool) {
    match rest {
        Some(rest) => (rest.min(bytes.len()), rest <= bytes.len()),
        None => find_separator(bytes).map_or((bytes.len(), false), |end| (end, true)),
    }
}
