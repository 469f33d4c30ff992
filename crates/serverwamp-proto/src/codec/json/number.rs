//! Numbers of JSON: without a fraction and an exponent they are whole, of any length; all others are floats.
//!
//! Invariant: passing a number and reading it accept exactly the same numbers. Which double a fraction is, is the one thing
//! that JSON leaves to its readers, so it is the nearest; a whole number is never anything but itself.

use super::reader::JsonReader;
use super::scan::{leading_digits, value_of_leading, word_at};
use crate::codec::DecodeError;
use crate::codec::exact::{Exact, Magnitude, Scale};
use crate::codec::reader::{Reader, Token, fail};

const BAD_NUMBER: &str = "not a number";
const OUT_OF_RANGE: &str = "number out of range";

/// The parts of a number, as its digits showed them.
struct Digits {
    from: usize,
    negative: bool,
    /// The value of the integer part, unless it outgrew 64 bits.
    magnitude: Option<u64>,
    fraction: bool,
    exponent: bool,
}

/// The number that most numbers are: a whole one from `at` on, without a sign and of few digits. Its value and its length.
///
/// Everything else is left to [`JsonReader::digits`], what is wrong as well.
#[inline]
pub(super) fn small_integer(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let Some(word) = word_at(bytes, at) else { return digit_by_digit(bytes.get(at..)?) };
    let length = leading_digits(word);
    if length == 8 {
        return digit_by_digit(bytes.get(at..)?);
    }
    let [first, ..] = word.to_le_bytes();
    // Nothing but a lone zero starts with one.
    let is_number = length == 1 || (length > 1 && first != b'0');
    // Zeros stand behind the end, which ends a number as well.
    let is_whole = !matches!(word.to_le_bytes()[length], b'.' | b'e' | b'E');
    (is_number && is_whole).then(|| (value_of_leading(word, length), length))
}

/// The same for longer numbers, and for few bytes.
fn digit_by_digit(bytes: &[u8]) -> Option<(u64, usize)> {
    let (mut value, mut length) = (0_u64, 0);
    while let Some(byte) = bytes.get(length) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            // Nothing but a lone zero starts with one.
            let is_whole = !matches!(byte, b'.' | b'e' | b'E');
            let is_number = length == 1 || (length > 1 && bytes.first() != Some(&b'0'));
            return (is_whole && is_number).then_some((value, length));
        }
        // 18 digits stay below 2^64.
        if length == 18 {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    None
}

/// The end of the number that begins at `at`, which holds a minus or a digit; `None` if it is no number.
#[inline]
pub(super) fn number_end(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = |from: usize| {
        let mut end = from;
        while bytes.get(end).is_some_and(u8::is_ascii_digit) {
            end += 1;
        }
        (end > from).then_some(end)
    };
    let from = at + usize::from(bytes.get(at) == Some(&b'-'));
    // A zero stands alone; a digit behind it fails where a comma is expected.
    let mut end = if bytes.get(from) == Some(&b'0') { from + 1 } else { digits(from)? };
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let sign = matches!(bytes.get(end + 1), Some(b'+' | b'-'));
        end = digits(end + 1 + usize::from(sign))?;
    }
    Some(end)
}

impl<'a> JsonReader<'a> {
    /// The number at the current position, which holds a minus or a digit.
    pub(super) fn number(&mut self) -> Result<Token<'a>, DecodeError> {
        if let Some((value, length)) = small_integer(self.bytes(), self.offset()) {
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
        if digits.fraction || digits.exponent {
            return self.float(digits.from);
        }
        let text = self.text_between(digits.from + usize::from(digits.negative), self.offset());
        let (negative, magnitude) = (digits.negative, Magnitude::Digits(text));
        Ok(Token::Exact(Box::new(Exact { negative, magnitude, scale: Scale::Whole })))
    }

    pub(super) fn pass_number(&mut self) -> Result<(), DecodeError> {
        match number_end(self.bytes(), self.offset()) {
            Some(end) => self.back_to(end),
            // All errors are built in one place.
            None => {
                self.digits()?;
            }
        }
        Ok(())
    }

    fn float(&mut self, from: usize) -> Result<Token<'a>, DecodeError> {
        match self.text_between(from, self.offset()).parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Token::Float(value)),
            Ok(_) => Ok(Token::Opaque(OUT_OF_RANGE)),
            Err(_) => fail(BAD_NUMBER, from),
        }
    }

    fn digits(&mut self) -> Result<Digits, DecodeError> {
        let from = self.offset();
        let negative = self.byte() == Some(b'-');
        self.bump(usize::from(negative));
        let magnitude = match self.byte() {
            // A zero stands alone; a digit behind it fails where a comma is expected.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_plain_number_is_what_the_general_reader_reads(
            number in "-?[0-9]{0,21}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,3})?",
            before in "[ \n]{0,2}",
            behind in prop::sample::select(vec!["", " ", ",", "]", "a", "}", "\u{e4}"]),
        ) {
            let text = format!("{before}{number}{behind}");
            let (Ok(mut plain), Ok(mut general)) = (JsonReader::new(text.as_bytes()), JsonReader::new(text.as_bytes()))
            else { unreachable!("it is text") };
            let expected = general.token();
            match plain.plain_unsigned() {
                Some(value) => {
                    prop_assert!(matches!(expected, Ok(Token::Unsigned(same)) if same == value), "{:?}", text);
                }
                None => prop_assert_eq!(format!("{:?}", plain.token()), format!("{expected:?}")),
            }
            prop_assert_eq!(plain.offset(), general.offset());
        }
    }
}
