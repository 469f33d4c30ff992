//! Writes CBOR.
//!
//! Invariant: every integer, length and header takes the shortest form there is; lengths are always definite.

use crate::codec::EncodeError;
use crate::codec::exact::Exact;
use crate::codec::writer::{Encoder, put};

/// Tags: text that is a time, bytes that are a number, and a negative one.
const TIME: u64 = 0;
const BIGNUM: u64 = 2;
const NEGATIVE_BIGNUM: u64 = 3;

#[derive(Debug)]
pub(crate) struct CborWriter<'w> {
    out: &'w mut Vec<u8>,
}

/// An initial byte of `major` type, and its argument.
#[expect(clippy::cast_possible_truncation, reason = "each arm holds what its width holds")]
fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let initial = major << 5;
    match argument {
        0..=23 => out.push(initial | argument as u8),
        24..=0xff => out.extend_from_slice(&[initial | 24, argument as u8]),
        0x100..=0xffff => put(out, initial | 25, (argument as u16).to_be_bytes()),
        0x1_0000..=0xffff_ffff => put(out, initial | 26, (argument as u32).to_be_bytes()),
        _ => put(out, initial | 27, argument.to_be_bytes()),
    }
}

impl<'w> CborWriter<'w> {
    pub(crate) fn new(out: &'w mut Vec<u8>) -> Self {
        Self { out }
    }
}

impl Encoder for CborWriter<'_> {
    const TEXT_KEYS: bool = false;

    fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }
    fn null(&mut self) {
        self.out.push(0xf6);
    }
    fn boolean(&mut self, value: bool) {
        self.out.push(0xf4 | u8::from(value));
    }
    fn unsigned(&mut self, value: u64) {
        head(self.out, 0, value);
    }
    fn signed(&mut self, value: i64) {
        // The argument of a negative number n is -1 - n, which is what flipping all bits does.
        match u64::try_from(value) {
            Ok(value) => head(self.out, 0, value),
            Err(_) => head(self.out, 1, (!value).cast_unsigned()),
        }
    }
    fn single(&mut self, value: f32) -> Result<(), EncodeError> {
        put(self.out, 0xfa, value.to_be_bytes());
        Ok(())
    }
    fn double(&mut self, value: f64) -> Result<(), EncodeError> {
        put(self.out, 0xfb, value.to_be_bytes());
        Ok(())
    }
    /// An integer of the shortest form; a number that is not whole comes from CBOR only, and never goes there again.
    fn exact(&mut self, number: &Exact<'_>) -> Result<(), EncodeError> {
        if !number.is_whole() {
            return self.double(number.double()?);
        }
        let octets = number.bignum()?;
        let (major, tag) = if number.negative { (1, NEGATIVE_BIGNUM) } else { (0, BIGNUM) };
        if octets.len() <= 8 {
            let argument = octets.iter().fold(0, |argument, octet| argument << 8 | u64::from(*octet));
            head(self.out, major, argument);
        } else {
            head(self.out, 6, tag);
            self.binary(&octets);
        }
        Ok(())
    }
    fn time(&mut self, value: &str) {
        head(self.out, 6, TIME);
        self.text(value);
    }
    fn text(&mut self, value: &str) {
        head(self.out, 3, value.len() as u64);
        self.out.extend_from_slice(value.as_bytes());
    }
    fn binary(&mut self, value: &[u8]) {
        head(self.out, 2, value.len() as u64);
        self.out.extend_from_slice(value);
    }
    fn header(out: &mut Vec<u8>, dict: bool, len: usize) {
        head(out, if dict { 5 } else { 4 }, len as u64);
    }
}
