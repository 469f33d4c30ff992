//! Numbers that neither 64 bits nor a float hold, exactly: whole ones, decimal fractions, bigfloats.
//!
//! A number stays as it stands in the bytes until a writer or a type asks for it. Invariant: it is then that number or an
//! error, and what it takes to find out is bounded by [`MOST_DIGITS`], whatever its exponent says.

use super::EncodeError;
use super::big::Big;
use std::borrow::Cow;

/// As many digits, written out without an exponent, may a number have that is carried to another serializer.
///
/// Keys of 3,072 bits fit; and a few bytes do not become megabytes, with us or with a receiver that writes them out.
pub(crate) const MOST_DIGITS: usize = 1024;
/// As many bits never have more digits by more than one, and none with so many digits has more bits.
const MOST_BITS: u64 = 3402;
/// As many digits behind the point has the smallest double.
const MOST_PLACES: u64 = 1074;
const TOO_MANY_DIGITS: &str = "a number of more than 1024 digits cannot be carried to another serializer";
const NOT_A_DOUBLE: &str =
    "a number that neither 64 bits nor a double hold exactly cannot be written in MessagePack";
const OUT_OF_RANGE: &str = "number out of range";

/// A number `± magnitude × base ^ exponent`.
#[derive(Debug)]
pub(crate) struct Exact<'a> {
    pub(crate) negative: bool,
    pub(crate) magnitude: Magnitude<'a>,
    pub(crate) scale: Scale,
}

/// A whole number that is not negative, as it stands in the bytes.
#[derive(Debug)]
pub(crate) enum Magnitude<'a> {
    Digits(&'a str),
    /// The highest octet first.
    Octets(Cow<'a, [u8]>),
    /// One more than these octets, as CBOR writes negative numbers.
    OctetsAndOne(Cow<'a, [u8]>),
    Native(u128),
}

/// The factor of a magnitude.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scale {
    /// Nothing: a whole number.
    Whole,
    /// A power of ten: a decimal fraction.
    Ten(i64),
    /// A power of two: a bigfloat.
    Two(i64),
}

impl From<i128> for Exact<'_> {
    fn from(value: i128) -> Self {
        Self { negative: value < 0, ..Self::from(value.unsigned_abs()) }
    }
}

impl From<u128> for Exact<'_> {
    fn from(value: u128) -> Self {
        Self { negative: false, magnitude: Magnitude::Native(value), scale: Scale::Whole }
    }
}

impl Magnitude<'_> {
    fn big(&self) -> Result<Big, EncodeError> {
        let octets = |octets: &[u8]| {
            let zeros = octets.iter().take_while(|octet| **octet == 0).count();
            let octets = octets.get(zeros..).unwrap_or_default();
            if octets.len() as u64 * 8 > MOST_BITS + 8 { Err(too_many()) } else { Ok(Big::of_octets(octets)) }
        };
        match self {
            Self::Digits(digits) if digits.len() > MOST_DIGITS => Err(too_many()),
            Self::Digits(digits) => Ok(Big::of_digits(digits)),
            Self::Octets(bytes) => octets(bytes),
            Self::OctetsAndOne(bytes) => {
                let mut big = octets(bytes)?;
                big.multiply_add(1, 1);
                Ok(big)
            }
            Self::Native(value) => Ok(Big::of_octets(&value.to_be_bytes())),
        }
    }
}

impl Exact<'_> {
    /// Returns whether it is a whole number by its type, and not only by its value.
    pub(crate) fn is_whole(&self) -> bool {
        self.scale == Scale::Whole
    }

    /// Returns whether it may take many more bytes in JSON than where it comes from.
    pub(crate) fn may_be_long(&self) -> bool {
        matches!(self.scale, Scale::Two(_))
    }

    /// As JSON has it: `18446744073709551616`, `1999e-2`. A number that is not whole has an exponent, so that it is none in
    /// JSON either.
    pub(crate) fn json(&self) -> Result<String, EncodeError> {
        let (digits, exponent) = self.decimal()?;
        let sign = if self.negative && digits != "0" { "-" } else { "" };
        Ok(if self.is_whole() { format!("{sign}{digits}") } else { format!("{sign}{digits}e{exponent}") })
    }

    /// Digits, and the power of ten they are multiplied by.
    fn decimal(&self) -> Result<(String, i64), EncodeError> {
        let mut big = self.magnitude.big()?;
        let exponent = match self.scale {
            _ if big.is_zero() => 0,
            Scale::Whole => 0,
            Scale::Ten(exponent) => exponent,
            Scale::Two(exponent) => decimal_exponent(&mut big, exponent)?,
        };
        let digits = big.into_digits();
        let zeros = usize::try_from(exponent).unwrap_or(0);
        if digits.len().saturating_add(zeros) > MOST_DIGITS || exponent < -(MOST_PLACES.cast_signed()) {
            return Err(too_many());
        }
        Ok((digits, exponent))
    }

    /// The octets of a whole number as CBOR has them: for a negative one, of what is one less.
    pub(crate) fn bignum(&self) -> Result<Vec<u8>, EncodeError> {
        let mut big = self.magnitude.big()?;
        if self.negative {
            big.decrement();
        }
        Ok(big.to_octets())
    }

    /// The number, if it is a whole one of at most 128 bits.
    pub(crate) fn native(&self) -> Option<Native> {
        let magnitude = if self.is_whole() { self.magnitude.big().ok()?.to_u128()? } else { return None };
        if !self.negative {
            return Some(i128::try_from(magnitude).map_or(Native::Unsigned(magnitude), Native::Signed));
        }
        0i128.checked_sub_unsigned(magnitude).map(Native::Signed)
    }

    /// The double that is nearest: for a type that asks for a float.
    pub(crate) fn nearest(&self) -> Result<f64, EncodeError> {
        match self.json()?.parse() {
            Ok(value) if f64::is_finite(value) => Ok(value),
            _ => Err(EncodeError::new(OUT_OF_RANGE)),
        }
    }

    /// The double that is this number.
    ///
    /// # Errors
    /// When none is.
    pub(crate) fn double(&self) -> Result<f64, EncodeError> {
        let big = self.magnitude.big()?;
        match odd(big, self.scale).and_then(|(magnitude, exponent)| double(magnitude, exponent)) {
            Some(value) if self.negative && value != 0.0 => Ok(-value),
            Some(value) => Ok(value),
            None => Err(EncodeError::new(NOT_A_DOUBLE)),
        }
    }
}

/// A whole number in Rust's widest types: signed if it fits.
#[derive(Debug, PartialEq)]
pub(crate) enum Native {
    Signed(i128),
    Unsigned(u128),
}

#[cold]
fn too_many() -> EncodeError {
    EncodeError::new(TOO_MANY_DIGITS)
}

/// Multiplies `big` by 2 to the power of `exponent`, but for the power of ten that is returned.
fn decimal_exponent(big: &mut Big, exponent: i64) -> Result<i64, EncodeError> {
    let twos = exponent.unsigned_abs();
    if exponent >= 0 {
        if big.bits().saturating_add(twos) > MOST_BITS {
            return Err(too_many());
        }
        big.scale_up(2, twos);
        return Ok(0);
    }
    let even = twos.min(big.trailing_zeros());
    big.scale_down(2, even);
    // x / 2^n is x * 5^n / 10^n.
    let places = twos - even;
    if places > MOST_PLACES {
        return Err(too_many());
    }
    big.scale_up(5, places);
    Ok(-places.cast_signed())
}

/// An odd magnitude and a power of two that together are this number, if there are such of at most 53 bits.
fn odd(mut big: Big, scale: Scale) -> Option<(u64, i64)> {
    const BITS: u64 = f64::MANTISSA_DIGITS as u64;
    let mut exponent = match scale {
        _ if big.is_zero() => return Some((0, 0)),
        Scale::Whole => 0,
        Scale::Two(exponent) => exponent,
        Scale::Ten(exponent) => {
            let fives = exponent.unsigned_abs();
            if exponent >= 0 {
                // 5^23 has more than 53 bits, and so has every multiple of it but for its powers of two.
                if fives > 23 {
                    return None;
                }
                big.scale_up(5, fives);
            } else if fives > big.bits() || !big.scale_down(5, fives) {
                return None;
            }
            exponent
        }
    };
    let even = big.trailing_zeros();
    if big.bits() - even > BITS {
        return None;
    }
    big.scale_down(2, even);
    exponent = exponent.checked_add(even.cast_signed())?;
    Some((u64::try_from(big.to_u128()?).ok()?, exponent))
}

/// `magnitude`, which has at most 53 bits and is odd or zero, times 2 to the power of `exponent`.
fn double(magnitude: u64, exponent: i64) -> Option<f64> {
    const LEAST: i64 = -(MOST_PLACES.cast_signed());
    let highest = exponent.checked_add(i64::from(u64::BITS - magnitude.leading_zeros()))?;
    if exponent < LEAST || highest > i64::from(f64::MAX_EXP) {
        return None;
    }
    // In two steps, because one alone may be out of range where their product is not.
    let exponent = i32::try_from(exponent).ok()?;
    let (first, second) = (exponent / 2, exponent - exponent / 2);
    Some(magnitude as f64 * 2f64.powi(first) * 2f64.powi(second))
}
