//! Numbers of JSON: integers that fit 64 bits are integers, every other number is a float.
//!
//! Invariant: passing a number and reading it accept exactly the same numbers; none of them is infinite.

use super::reader::JsonReader;
use crate::codec::DecodeError;
use crate::codec::reader::{Reader, Token, fail};

const BAD_NUMBER: &str = "not a number";
/// As many digits, and no exponent, never make a float infinite.
const SURELY_FINITE: usize = 300;

/// What the digits of a number showed.
struct Digits {
    from: usize,
    negative: bool,
    /// The value of the integer part, unless it outgrew 64 bits.
    magnitude: Option<u64>,
    fraction: bool,
    exponent: bool,
}

/// The number that most numbers are: a whole one without a sign and of few digits. Its value and its length.
///
/// Everything else is left to [`JsonReader::digits`], what is wrong as well.
#[inline]
pub(crate) fn small_integer(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (length, byte) in bytes.iter().enumerate().take(19) {
        match byte {
            b'0'..=b'9' => value = value * 10 + u64::from(byte - b'0'),
            b'.' | b'e' | b'E' => return None,
            // Nothing but a lone zero starts with one.
            _ => {
                return (length == 1 || (length > 1 && bytes.first() != Some(&b'0')))
                    .then_some((value, length));
            }
        }
    }
    None
}

impl<'a> JsonReader<'a> {
    /// The number at the current position, which holds a minus or a digit.
    pub(super) fn number(&mut self) -> Result<Token<'a>, DecodeError> {
        if let Some((value, length)) = small_integer(self.rest()) {
            self.bump(length);
            return Ok(Token::Unsigned(value));
        }
        let digits = self.digits()?;
        if !digits.fraction
            && !digits.exponent
            && let Some(magnitude) = digits.magnitude
        {
            if !digits.negative || magnitude == 0 {
                return Ok(Token::Unsigned(magnitude));
            }
            if let Some(value) = 0i64.checked_sub_unsigned(magnitude) {
                return Ok(Token::Signed(value));
            }
        }
        self.float(digits.from).map(Token::Float)
    }

    pub(super) fn pass_number(&mut self) -> Result<(), DecodeError> {
        if let Some((_, length)) = small_integer(self.rest()) {
            self.bump(length);
            return Ok(());
        }
        let digits = self.digits()?;
        if digits.exponent || self.offset() - digits.from > SURELY_FINITE {
            self.float(digits.from)?;
        }
        Ok(())
    }

    fn float(&self, from: usize) -> Result<f64, DecodeError> {
        match self.text_between(from, self.offset()).parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(_) => fail("number out of range", from),
            Err(_) => fail(BAD_NUMBER, from),
        }
    }

    fn digits(&mut self) -> Result<Digits, DecodeError> {
        let from = self.offset();
        let negative = self.byte() == Some(b'-');
        self.bump(usize::from(negative));
        let magnitude = match self.byte() {
            // A zero stands alone; a digit behind it trips whoever looks for a comma.
            Some(b'0') => {
                self.bump(1);
                Some(0)
            }
            Some(b'1'..=b'9') => self.whole(),
            _ => return fail(BAD_NUMBER, from),
        };
        let fraction = self.byte() == Some(b'.');
        if fraction {
            self.bump(1);
            self.some_digits(from)?;
        }
        let exponent = matches!(self.byte(), Some(b'e' | b'E'));
        if exponent {
            self.bump(1);
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.bump(1);
            }
            self.some_digits(from)?;
        }
        Ok(Digits { from, negative, magnitude, fraction, exponent })
    }

    fn whole(&mut self) -> Option<u64> {
        let mut magnitude = Some(0u64);
        let mut count = 0;
        for byte in self.rest() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            count += 1;
            magnitude = magnitude.and_then(|m| m.checked_mul(10)?.checked_add(u64::from(digit)));
        }
        self.bump(count);
        magnitude
    }

    fn some_digits(&mut self, from: usize) -> Result<(), DecodeError> {
        let count = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return fail(BAD_NUMBER, from);
        }
        self.bump(count);
        Ok(())
    }
}
