//! Finds the bytes of a JSON string that need attention, eight at a time.
//!
//! Invariant: the answer is the first such byte, or the end; the words are only a faster way to get there.

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
    use super::{plain_until, special, whole_numbers};
    use proptest::prelude::*;

    proptest! {
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
                }
            }
        }
    }
}
