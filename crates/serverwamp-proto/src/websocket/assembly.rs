//! A message that arrives in fragments, or compressed, and is put together.
//!
//! Invariant: it holds no more bytes than the message limit allows, and what it holds of a text is UTF-8.

use bytes::Bytes;

use super::decoder::Event;
use super::deflate::Inflater;
use super::{Failure, Opcode};

/// A message that is put together.
#[derive(Debug)]
pub(super) struct Assembly {
    pub(super) opcode: Opcode,
    pub(super) data: Vec<u8>,
    /// How much of a text is known to be UTF-8.
    pub(super) valid: usize,
    pub(super) inflater: Option<Inflater>,
    /// Payload bytes received or announced by the current frame.
    pub(super) wire: u64,
}

impl Assembly {
    pub(super) fn append(&mut self, part: &[u8], limit: usize) -> Result<(), Failure> {
        let fed = match &mut self.inflater {
            Some(inflater) => inflater.feed(part, &mut self.data, limit),
            None => {
                self.data.extend_from_slice(part);
                Ok(())
            }
        };
        self.data.truncate(limit);
        // First, as it stands before what did not fit: in smaller pieces it would have been found earlier.
        self.check(false)?;
        fed
    }

    pub(super) fn finish(mut self, limit: usize) -> Result<Event, Failure> {
        if let Some(inflater) = self.inflater.take()
            && let Err(failure) = inflater.finish(&mut self.data, limit)
        {
            self.data.truncate(limit);
            self.check(false)?;
            return Err(failure);
        }
        self.check(true)?;
        let text = self.opcode == Opcode::Text;
        let payload = Bytes::from(self.data);
        Ok(if text { Event::Text(payload) } else { Event::Binary(payload) })
    }

    fn check(&mut self, complete: bool) -> Result<(), Failure> {
        if self.opcode == Opcode::Text {
            self.valid = check_utf8(&self.data, self.valid, complete)?;
        }
        Ok(())
    }
}

pub(super) const NOT_UTF8: Failure = Failure::content("text message is not UTF-8");

/// Checks the text from `valid` on and returns how far it is UTF-8; a character cut off at the end is no failure
/// before the text is `complete`.
pub(super) fn check_utf8(text: &[u8], valid: usize, complete: bool) -> Result<usize, Failure> {
    match simdutf8::compat::from_utf8(text.get(valid..).unwrap_or_default()) {
        Ok(_) => Ok(text.len()),
        Err(error) if complete || error.error_len().is_some() => Err(NOT_UTF8),
        Err(error) => Ok(valid + error.valid_up_to()),
    }
}
