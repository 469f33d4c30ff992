//! Writes MessagePack.
//!
//! Invariant: every integer, length and header takes the shortest form there is.

use crate::codec::EncodeError;
use crate::codec::exact::Exact;
use crate::codec::writer::{Encoder, put};

#[derive(Debug)]
pub(crate) struct MsgPackWriter<'w> {
    out: &'w mut Vec<u8>,
}

/// A length in the narrowest of 8, 16 and 32 bits; there is no marker for 8 bits where `narrow` is `None`.
///
/// Lengths above 32 bits do not exist in MessagePack. They cannot occur either: messages are limited far below 4 GiB.
fn length(out: &mut Vec<u8>, len: usize, narrow: Option<u8>, middle: u8, wide: u8) {
    match (u8::try_from(len), narrow, u16::try_from(len)) {
        (Ok(len), Some(marker), _) => put(out, marker, [len]),
        (_, _, Ok(len)) => put(out, middle, len.to_be_bytes()),
        _ => put(out, wide, u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()),
    }
}

impl<'w> MsgPackWriter<'w> {
    pub(crate) fn new(out: &'w mut Vec<u8>) -> Self {
        Self { out }
    }
}

impl Encoder for MsgPackWriter<'_> {
    const TEXT_KEYS: bool = false;

    fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }
    fn null(&mut self) {
        self.out.push(0xc0);
    }
    fn boolean(&mut self, value: bool) {
        self.out.push(0xc2 | u8::from(value));
    }
    #[expect(clippy::cast_possible_truncation, reason = "each arm holds what its width holds")]
    fn unsigned(&mut self, value: u64) {
        match value {
            0..=0x7f => self.out.push(value as u8),
            0x80..=0xff => put(self.out, 0xcc, [value as u8]),
            0x100..=0xffff => put(self.out, 0xcd, (value as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => put(self.out, 0xce, (value as u32).to_be_bytes()),
            _ => put(self.out, 0xcf, value.to_be_bytes()),
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "each arm holds what its width holds")]
    fn signed(&mut self, value: i64) {
        match value {
            0.. => self.unsigned(value.cast_unsigned()),
            -0x20..=-1 => self.out.push((value as i8).cast_unsigned()),
            -0x80..-0x20 => put(self.out, 0xd0, (value as i8).to_be_bytes()),
            -0x8000..-0x80 => put(self.out, 0xd1, (value as i16).to_be_bytes()),
            -0x8000_0000..-0x8000 => put(self.out, 0xd2, (value as i32).to_be_bytes()),
            _ => put(self.out, 0xd3, value.to_be_bytes()),
        }
    }
    fn single(&mut self, value: f32) -> Result<(), EncodeError> {
        put(self.out, 0xca, value.to_be_bytes());
        Ok(())
    }
    fn double(&mut self, value: f64) -> Result<(), EncodeError> {
        put(self.out, 0xcb, value.to_be_bytes());
        Ok(())
    }
    /// An integer of at most 64 bits, or the double that is this number.
    fn exact(&mut self, number: &Exact<'_>) -> Result<(), EncodeError> {
        if self.narrow(number) { Ok(()) } else { self.double(number.double()?) }
    }
    fn text(&mut self, value: &str) {
        match u8::try_from(value.len()) {
            Ok(len @ 0..=31) => self.out.push(0xa0 | len),
            _ => length(self.out, value.len(), Some(0xd9), 0xda, 0xdb),
        }
        self.out.extend_from_slice(value.as_bytes());
    }
    fn binary(&mut self, value: &[u8]) {
        length(self.out, value.len(), Some(0xc4), 0xc5, 0xc6);
        self.out.extend_from_slice(value);
    }
    fn header(out: &mut Vec<u8>, dict: bool, len: usize) {
        match (u8::try_from(len), dict) {
            (Ok(len @ 0..=15), false) => out.push(0x90 | len),
            (Ok(len @ 0..=15), true) => out.push(0x80 | len),
            (_, false) => length(out, len, None, 0xdc, 0xdd),
            (_, true) => length(out, len, None, 0xde, 0xdf),
        }
    }
}
