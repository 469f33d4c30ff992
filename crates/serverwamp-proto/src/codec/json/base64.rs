//! Byte strings in JSON: base64 of RFC 4648 section 4, with padding and nothing else between the characters.
//!
//! Invariant: `check` says yes to exactly what `decode` decodes.

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;

pub(in crate::codec) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Appends `bytes` in base64.
pub(in crate::codec) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, b'=');
    let room = out.get_mut(start..).unwrap_or_default();
    // The room is exactly what base64 takes, so this cannot fail; if it did, the length would still be right.
    let _written = STANDARD.encode_slice(bytes, room);
}

fn value(character: u8) -> Option<u8> {
    Some(match character {
        b'A'..=b'Z' => character - b'A',
        b'a'..=b'z' => character - b'a' + 26,
        b'0'..=b'9' => character - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Returns whether the character is a digit of base64.
#[inline]
fn is_digit(character: u8) -> bool {
    let letter = (character | 0x20).wrapping_sub(b'a') < 26;
    letter | (character.wrapping_sub(b'0') < 10) | (character == b'+') | (character == b'/')
}

/// Returns whether `text` can be decoded, without decoding it.
pub(super) fn check(text: &str) -> bool {
    let (blocks, []) = text.as_bytes().as_chunks::<4>() else { return false };
    let Some((last, before)) = blocks.split_last() else { return true };
    // Block by block without a branch.
    if !before.iter().all(|block| block.iter().fold(true, |all, character| all & is_digit(*character))) {
        return false;
    }
    let [first, second, third, fourth] = *last;
    // Bits of the last character that belong to no byte must be zero.
    match (value(first), value(second), value(third), value(fourth)) {
        (Some(_), Some(_), Some(_), Some(_)) => true,
        (Some(_), Some(_), Some(bits), None) => fourth == b'=' && bits & 0b11 == 0,
        (Some(_), Some(bits), None, None) => third == b'=' && fourth == b'=' && bits & 0b1111 == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{check, decode, encode};
    use proptest::prelude::*;

    #[test]
    fn ser_07_pads_and_breaks_no_line() {
        let mut out = Vec::new();
        for (bytes, expected) in [(&b""[..], ""), (b"a", "YQ=="), (b"ab", "YWI="), (b"abc", "YWJj")] {
            out.clear();
            encode(bytes, &mut out);
            assert_eq!(out, expected.as_bytes());
        }
        out.clear();
        encode(&[0xfb; 100], &mut out);
        assert_eq!((out.len(), out.contains(&b'\n')), (136, false));
    }

    proptest! {
        #[test]
        fn ser_08_check_agrees_with_decode(text in "[A-Za-z0-9+/=]{0,12}|[A-Q]{3}=|[A-Q]{2}==|\\PC{0,8}") {
            prop_assert_eq!(check(&text), decode(&text).is_some(), "{:?}", text);
        }
    }
}
