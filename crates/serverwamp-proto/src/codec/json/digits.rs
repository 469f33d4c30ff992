//! Writes whole numbers in decimal: up to eight digits are made in one word, without a loop.
//!
//! Invariant: what is written is the shortest form of the number, as everybody else writes it.

/// The first number of nine digits.
const NINE_DIGITS: u64 = 100_000_000;

/// Appends a number.
#[inline]
pub(crate) fn push_whole(number: u64, out: &mut Vec<u8>) {
    let Some((text, length)) = short_whole(number) else { return push_long(number, out) };
    let end = out.len() + length;
    out.extend_from_slice(&text.to_le_bytes());
    out.truncate(end);
}

/// Appends a number and a comma.
#[inline]
pub(crate) fn push_whole_before_comma(number: u64, out: &mut Vec<u8>) {
    match short_whole(number) {
        Some((text, length)) if length < 8 => {
            let text = text | u64::from(b',') << (8 * length);
            let end = out.len() + length + 1;
            out.extend_from_slice(&text.to_le_bytes());
            out.truncate(end);
        }
        _ => {
            push_whole(number, out);
            out.push(b',');
        }
    }
}

/// A number of up to eight digits as text, the first digit in the lowest byte, and how many bytes it takes: those above are zero.
#[inline]
pub(crate) const fn short_whole(number: u64) -> Option<(u64, usize)> {
    if number >= NINE_DIGITS {
        return None;
    }
    let digits = eight_digits(number);
    // The first digit is the lowest byte. Zeros in front are left out, but not the last of all.
    let zeros = (digits | 1 << 56).trailing_zeros() / 8;
    let text = (digits | 0x3030_3030_3030_3030) >> (8 * zeros);
    Some((text, 8 - zeros as usize))
}

#[inline(never)]
fn push_long(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// The eight digits of a number below [`NINE_DIGITS`], the first in the lowest byte.
#[inline]
const fn eight_digits(number: u64) -> u64 {
    // Two numbers of four digits, each of them in half of a word; four of two; eight of one. The products stay in their places,
    // and their upper bits are the quotients.
    let fours = (number / 10_000) | (number % 10_000) << 32;
    let hundreds = fours.wrapping_mul(10_486) >> 20 & 0x0000_007f_0000_007f;
    let pairs = hundreds | fours.wrapping_sub(hundreds.wrapping_mul(100)) << 16;
    let tens = pairs.wrapping_mul(103) >> 10 & 0x000f_000f_000f_000f;
    tens | pairs.wrapping_sub(tens.wrapping_mul(10)) << 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(number: u64) -> String {
        let mut out = b"[".to_vec();
        push_whole(number, &mut out);
        String::from_utf8(out.split_off(1)).unwrap()
    }

    proptest! {
        #[test]
        fn numbers_are_written_as_the_standard_library_writes_them(number in any::<u64>(), digits in 0_u32..20) {
            let number = number % 10_u64.pow(digits);
            prop_assert_eq!(written(number), number.to_string());
            let mut out = Vec::new();
            push_whole_before_comma(number, &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("{number},"));
        }
    }

    #[test]
    fn every_pair_of_digits_is_right_at_every_place() {
        for place in [1, 100, 10_000, 1_000_000, NINE_DIGITS] {
            for pair in 0..100 {
                for beside in [0, 1, NINE_DIGITS - 1] {
                    let number = pair * place + beside;
                    assert_eq!(written(number), number.to_string());
                }
            }
        }
    }
}
