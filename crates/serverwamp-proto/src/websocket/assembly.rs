//! A message that arrives in fragments, or compressed, and is put together.
//!
//! Invariant: it holds no more bytes than the message limit allows, and what it holds of a text is UTF-8.

use bytes::Bytes;

use super::decoder::Event;
use super::deflate::Inflater;
use super::header::Header;
use super::{Failure, Opcode};

/// A message that is put together.
#[derive(Debug)]
pub(super) struct Assembly {
    pub(super) opcode: Opcode,
    pub(super) data: Vec<u8>,
    /// The length of the text that is known to be UTF-8.
    pub(super) valid: usize,
    pub(super) inflater: Option<Inflater>,
    /// Payload bytes received or announced by the current frame.
    pub(super) wire: u64,
}

impl Assembly {
    /// One that begins with this frame.
    pub(super) fn begin(header: &Header) -> Self {
        let inflater = header.rsv1.then(Inflater::new);
        Self { opcode: header.opcode, data: Vec::new(), valid: 0, inflater, wire: 0 }
    }

    /// Adds the next bytes of the message, and leaves in `part` what was not looked at because it is too long.
    pub(super) fn append(&mut self, part: &mut &[u8], limit: usize) -> Result<(), Failure> {
        let fed = match &mut self.inflater {
            Some(inflater) => inflater.feed(part, &mut self.data, limit),
            None => {
                self.data.extend_from_slice(std::mem::take(part));
                Ok(())
            }
        };
        // First, as it stands before what did not fit: in smaller pieces it would have been found earlier.
        self.check(limit, false)?;
        fed
    }

    /// Adds what comes behind the last byte.
    pub(super) fn complete(&mut self, limit: usize) -> Result<(), Failure> {
        let completed = match &mut self.inflater {
            Some(inflater) => inflater.finish(&mut self.data, limit),
            None => Ok(()),
        };
        self.check(limit, completed.is_ok())?;
        completed
    }

    /// The message, which is complete.
    pub(super) fn into_event(self) -> Event {
        let payload = Bytes::from(self.data);
        if self.opcode == Opcode::Text { Event::Text(payload) } else { Event::Binary(payload) }
    }

    /// Returns whether it is compressed.
    pub(super) const fn is_compressed(&self) -> bool {
        self.inflater.is_some()
    }

    fn check(&mut self, limit: usize, complete: bool) -> Result<(), Failure> {
        if self.opcode == Opcode::Text {
            let within = self.data.get(..limit).unwrap_or(&self.data);
            self.valid = check_utf8(within, self.valid, complete)?;
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
