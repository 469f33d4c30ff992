//! Integers of more than 64 bits, with the arithmetic that transcoding needs.
//!
//! Invariant: the highest limb is not zero, so equal numbers are equal values. How large they get is up to whoever makes
//! them; all of this takes time in the square of the digits.

/// Digits that fit one limb.
const CHUNK: usize = 9;
const CHUNK_FACTOR: u32 = 1_000_000_000;

/// A whole number that is not negative, in limbs of 32 bits, the lowest first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Big(Vec<u32>);

impl Big {
    pub(super) fn of_digits(digits: &str) -> Self {
        let mut big = Self(Vec::with_capacity(digits.len() / CHUNK + 1));
        for chunk in digits.as_bytes().chunks(CHUNK) {
            let value = chunk.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
            big.multiply_add(10u32.pow(low(chunk.len() as u64)), value);
        }
        big
    }

    /// Of octets with the highest first.
    pub(super) fn of_octets(octets: &[u8]) -> Self {
        let limb = |octets: &[u8]| octets.iter().fold(0, |limb, octet| limb << 8 | u32::from(*octet));
        let mut big = Self(octets.rchunks(4).map(limb).collect());
        big.trim();
        big
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of bits.
    pub(super) fn bits(&self) -> u64 {
        let highest = self.0.last().map_or(0, |limb| 32 - limb.leading_zeros());
        (self.0.len().saturating_sub(1) * 32) as u64 + u64::from(highest)
    }

    /// The number of trailing zero bits.
    pub(super) fn trailing_zeros(&self) -> u64 {
        let Some(limb) = self.0.iter().position(|limb| *limb != 0) else { return 0 };
        limb as u64 * 32 + self.0.get(limb).map_or(0, |limb| u64::from(limb.trailing_zeros()))
    }

    pub(super) fn multiply_add(&mut self, factor: u32, addend: u32) {
        let mut carry = u64::from(addend);
        for limb in &mut self.0 {
            let value = u64::from(*limb) * u64::from(factor) + carry;
            *limb = low(value);
            carry = value >> 32;
        }
        if carry > 0 {
            self.0.push(low(carry));
        }
    }

    /// Takes one away; zero stays zero.
    pub(super) fn decrement(&mut self) {
        if self.is_zero() {
            return;
        }
        for limb in &mut self.0 {
            let (value, borrow) = limb.overflowing_sub(1);
            *limb = value;
            if !borrow {
                break;
            }
        }
        self.trim();
    }

    /// Divides, and returns what is left over.
    pub(super) fn divide(&mut self, divisor: u32) -> u32 {
        let mut rest = 0;
        for limb in self.0.iter_mut().rev() {
            let value = u64::from(rest) << 32 | u64::from(*limb);
            *limb = low(value / u64::from(divisor));
            rest = low(value % u64::from(divisor));
        }
        self.trim();
        rest
    }

    /// Multiplies by `base` to the power of `exponent`; `base` is 2, 5 or 10.
    pub(super) fn scale_up(&mut self, base: u32, mut exponent: u64) {
        while exponent > 0 {
            let step = exponent.min(CHUNK as u64);
            self.multiply_add(base.pow(low(step)), 0);
            exponent -= step;
        }
    }

    /// Divides by `base` to the power of `exponent`, or says that something would be left over.
    pub(super) fn scale_down(&mut self, base: u32, mut exponent: u64) -> bool {
        while exponent > 0 && !self.is_zero() {
            let step = exponent.min(CHUNK as u64);
            if self.divide(base.pow(low(step))) != 0 {
                return false;
            }
            exponent -= step;
        }
        true
    }

    pub(super) fn to_u128(&self) -> Option<u128> {
        (self.0.len() <= 4)
            .then(|| self.0.iter().rev().fold(0, |value, limb| value << 32 | u128::from(*limb)))
    }

    /// With the highest first, and no more than needed.
    pub(super) fn to_octets(&self) -> Vec<u8> {
        let octets: Vec<u8> = self.0.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        octets.get(zeros..).unwrap_or_default().to_vec()
    }

    pub(super) fn into_digits(mut self) -> String {
        let mut chunks = Vec::new();
        while !self.is_zero() {
            chunks.push(self.divide(CHUNK_FACTOR));
        }
        let mut digits = chunks.pop().unwrap_or_default().to_string();
        for chunk in chunks.iter().rev() {
            digits.push_str(&format!("{chunk:09}"));
        }
        digits
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
const fn low(value: u64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::Big;
    use proptest::prelude::*;

    #[test]
    fn zero_has_one_digit_and_no_octet() {
        let zero = Big::of_octets(&[0, 0, 0, 0, 0]);
        assert_eq!(zero, Big::of_digits("0"));
        assert!(zero.is_zero());
        assert_eq!((zero.bits(), zero.to_octets(), zero.to_u128()), (0, vec![], Some(0)));
        assert_eq!(zero.into_digits(), "0");
    }

    proptest! {
        #[test]
        fn arithmetic_agrees_with_that_of_128_bits(value in any::<u128>(), shift in 0..128u32, divisor in 1..u32::MAX) {
            let value = value >> shift;
            let big = Big::of_octets(&value.to_be_bytes());
            prop_assert_eq!(&big, &Big::of_digits(&value.to_string()));
            prop_assert_eq!(big.to_u128(), Some(value));
            prop_assert_eq!(big.bits(), u64::from(128 - value.leading_zeros()));
            prop_assert_eq!(big.trailing_zeros(), if value == 0 { 0 } else { u64::from(value.trailing_zeros()) });
            prop_assert_eq!(&Big::of_octets(&big.to_octets()), &big);
            prop_assert_eq!(big.clone().into_digits(), value.to_string());
            let mut less = big.clone();
            less.decrement();
            prop_assert_eq!(less, Big::of_octets(&value.saturating_sub(1).to_be_bytes()));
            let mut divided = big;
            prop_assert_eq!(u128::from(divided.divide(divisor)), value % u128::from(divisor));
            prop_assert_eq!(divided.to_u128(), Some(value / u128::from(divisor)));
        }

        #[test]
        fn scaling_up_and_down_ends_where_it_began(digits in "[1-9][0-9]{0,300}", base in prop::sample::select(vec![2u32, 5, 10]), exponent in 0..400u64) {
            let big = Big::of_digits(&digits);
            let mut scaled = big.clone();
            scaled.scale_up(base, exponent);
            if base == 10 {
                prop_assert_eq!(scaled.clone().into_digits(), format!("{digits}{}", "0".repeat(usize::try_from(exponent).unwrap())));
            }
            prop_assert!(scaled.scale_down(base, exponent));
            prop_assert_eq!(&scaled, &big);
            prop_assert_eq!(scaled.into_digits(), digits);
        }
    }
}
