//! Looks at the bytes of JSON eight at a time: the end of a plain string, whole numbers, digits.
//!
//! Invariant: the answer is the one that a look at each byte would give; the words are only a faster way to get there.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Returns whether a byte may not stand in a string as it is.
fn special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The high bit of every byte that is below `limit` (which is at most 0x80); bits above the lowest one may be wrong.
fn below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGHS
}

/// The index, from `from` on, of the first quote, backslash or control character, or the length of `bytes`.
pub(super) fn plain_until(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = below(word, 0x20) | quote | backslash;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !special(*byte)) {
        at += 1;
    }
    at
}

/// The index of the first byte that is not printable ASCII that means itself within a string, if there is one.
#[inline]
pub(crate) fn plain_ascii_until(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        // DEL and all that is above it has the high bit, or gets it.
        let high = ((word & !HIGHS).wrapping_add(ONES) | word) & HIGHS;
        let found = below(word, 0x20) | quote | backslash | high;
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    Some(at + rest.iter().position(|byte| special(*byte) || *byte >= 0x7f)?)
}

/// Returns whether all bytes are ASCII: quickly, if there are few.
#[inline]
pub(super) fn is_ascii(bytes: &[u8]) -> bool {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    // The last word overlaps the one before it.
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes.iter().fold(0, |all, byte| all | byte) < 0x80;
    };
    bytes.as_chunks::<8>().0.iter().fold(word(last), |all, chunk| all | word(chunk)) & HIGHS == 0
}

/// The value and the number of the digits that `bytes` begin with, up to eight of them; `None` if there are not eight bytes.
#[inline]
pub(crate) fn up_to_eight_digits(bytes: &[u8]) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(*bytes.first_chunk::<8>()?);
    let count = leading_digits(word);
    Some((value_of_leading(word, count), count))
}

/// The next eight bytes from `at` on, which is within `bytes` or their end, the first in the lowest byte; zeros stand for those
/// behind the end. `None` if there are not eight bytes in all.
#[inline]
pub(crate) fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    if let Some(chunk) = bytes.get(at..)?.first_chunk::<8>() {
        return Some(u64::from_le_bytes(*chunk));
    }
    let last = u64::from_le_bytes(*bytes.last_chunk::<8>()?);
    let missing = 8 - (bytes.len() - at);
    Some(last.checked_shr(8 * missing as u32).unwrap_or(0))
}

/// The number of bytes, from the lowest on, that are digits.
#[inline]
pub(crate) const fn leading_digits(word: u64) -> usize {
    // Bytes from 0x30 to 0x39: without these bits, less than ten is left.
    let low = word ^ (ONES * b'0' as u64);
    let others = ((low & !HIGHS).wrapping_add(ONES * (0x80 - 10)) | low) & HIGHS;
    others.trailing_zeros() as usize / 8
}

/// The value of the first `count` bytes, which are digits.
#[inline]
pub(super) fn value_of_leading(word: u64, count: usize) -> u64 {
    // The last digit becomes the highest byte, and zeros come in before the first; none at all leave zeros alone.
    let digits = (word ^ (ONES * u64::from(b'0'))).checked_shl(64 - 8 * count as u32).unwrap_or(0);
    value_of_eight(digits)
}

/// The number that eight digits make, of which the first is the lowest byte.
#[inline]
const fn value_of_eight(digits: u64) -> u64 {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    // Neighbours are put together: to four numbers of two digits, to two of four, to one. No step leaves its place.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let first = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let second = (pairs >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    first.wrapping_add(second) >> 32
}

/// The high bit of every byte that is not zero.
fn present(word: u64) -> u64 {
    ((word & !HIGHS).wrapping_add(!HIGHS) | word) & HIGHS
}

/// How far whole numbers without a sign go in `bytes`, each with a comma right behind it: the index behind the last of those
/// commas that was found, from `from` on, where a number begins.
pub(super) fn whole_numbers(bytes: &[u8], from: usize) -> usize {
    let (mut at, mut numbers) = (from, from);
    // Whether the byte before is a comma, and whether it is a zero with which a number begins: high bits of the lowest byte.
    let (mut begins, mut zero) = (0x80_u64, 0_u64);
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let commas = !present(word ^ (ONES * u64::from(b','))) & HIGHS;
        let zeros = !present(word ^ (ONES * u64::from(b'0'))) & HIGHS;
        // Bytes from 0x30 to 0x39: without these bits, less than ten is left.
        let low = word ^ (ONES * u64::from(b'0'));
        let digits = !(((low & !HIGHS).wrapping_add(ONES * (0x80 - 10))) | low) & HIGHS;
        let beginnings = commas << 8 | begins;
        let leading = zeros & beginnings;
        // Every byte is one or the other, a number has a digit, and none that begins with a zero has two.
        let wrong = !(commas | digits) & HIGHS | commas & beginnings | digits & (leading << 8 | zero);
        if wrong != 0 {
            break;
        }
        (begins, zero) = (commas >> 56, leading >> 56);
        if commas != 0 {
            numbers = at + 8 - commas.leading_zeros() as usize / 8;
        }
        at += 8;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::{
        is_ascii, plain_ascii_until, plain_until, special, up_to_eight_digits, whole_numbers, word_at,
    };
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_have_the_value_that_text_has(text in "[0-9]{0,8}", behind in any::<[u8; 8]>()) {
            let bytes = [text.as_bytes(), &behind].concat();
            let digits = bytes.iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
            let value = std::str::from_utf8(&bytes[..digits]).unwrap().parse().unwrap_or(0);
            prop_assert_eq!(up_to_eight_digits(&bytes), Some((value, digits)));
            prop_assert_eq!(up_to_eight_digits(&bytes[..7]), None);
        }

        #[test]
        fn whole_numbers_are_digits_with_a_comma_behind_them(text in "([0-9]{1,3},){0,20}[0-9,.x\\-]{0,9}(1,){0,9}") {
            let end = whole_numbers(text.as_bytes(), 0);
            let passed = &text[..end];
            prop_assert!(passed.is_empty() || passed.ends_with(','));
            for number in passed.split_terminator(',') {
                prop_assert!(number == "0" || (!number.starts_with('0') && !number.is_empty()), "{:?}", number);
                prop_assert!(number.bytes().all(|byte| byte.is_ascii_digit()), "{:?}", number);
            }
        }
    }

    #[test]
    fn a_word_has_zeros_for_what_is_not_there() {
        let bytes = *b"123456789";
        for at in 0..=bytes.len() {
            let mut there = [0; 8];
            let rest = &bytes[at..];
            there.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            assert_eq!(word_at(&bytes, at), Some(u64::from_le_bytes(there)));
        }
        assert_eq!((word_at(&bytes, 10), word_at(&bytes[..7], 0)), (None, None));
    }

    #[test]
    fn whole_numbers_are_passed_up_to_the_last_word() {
        let numbers = "0,12,999,".repeat(100);
        let passed = whole_numbers(numbers.as_bytes(), 0);
        assert!(passed + 16 > numbers.len(), "{passed} of {}", numbers.len());
        assert_eq!(
            whole_numbers(b"12,007,1,2,3,4,5,6,7", 0),
            0,
            "no number of several digits begins with a zero"
        );
    }

    #[test]
    fn words_and_bytes_agree_for_every_byte_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                for behind in [b'a', 0x21, 0x7f, 0x80, 0xff, b'"', 0x00] {
                    let mut bytes = [b'a'; 20];
                    bytes[place] = byte;
                    if let Some(next) = bytes.get_mut(place + 1) {
                        *next = behind;
                    }
                    let expected = bytes.iter().position(|byte| special(*byte)).unwrap_or(bytes.len());
                    assert_eq!(plain_until(&bytes, 0), expected, "{bytes:?}");
                    let not_plain = |byte: &u8| !matches!(byte, b' '..=b'~') || special(*byte);
                    for length in 0..=bytes.len() {
                        assert_eq!(is_ascii(&bytes[..length]), bytes[..length].is_ascii(), "{bytes:?}");
                    }
                    assert_eq!(plain_ascii_until(&bytes), bytes.iter().position(not_plain), "{bytes:?}");
                }
            }
        }
    }
}
