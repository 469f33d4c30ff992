//! Finds the bytes of a JSON string that need attention, eight at a time.
//!
//! Invariant: the answer is the first such byte, or the end; the words are only a faster way to get there.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Whether a byte may not stand in a string as it is.
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

#[cfg(test)]
mod tests {
    use super::{plain_until, special};

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
