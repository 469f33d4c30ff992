//! The frame that most messages of a client come in: a whole message of up to 125 bytes.
//!
//! Invariant: what is taken here the general way would take as the same message, or refuse with the same failure; everything
//! else is left to it.

use bytes::{Buf as _, BytesMut};

use super::assembly::NOT_UTF8;
use super::{Event, Failure};

/// The bytes before the payload.
const HEADER: usize = 6;

/// The message at the beginning of `buf`, if it is in such a frame, all of it is there, and it is no longer than `longest`. A
/// server may ask between two messages. `None` says nothing about the bytes, and leaves them as they are.
#[inline]
pub(super) fn plain_message(buf: &mut BytesMut, longest: usize) -> Option<Result<Event, Failure>> {
    // Nothing but `fin` and the opcode; nothing but `masked` and the length.
    let &[first @ (0x81 | 0x82), second @ 0x80..=0xfd, a, b, c, d, ref rest @ ..] = &**buf else {
        return None;
    };
    let len = usize::from(second & 0x7f);
    if len > rest.len() || len > longest {
        return None;
    }
    let mut frame = buf.split_to(HEADER + len);
    let is_ascii = unmask(frame.get_mut(HEADER..).unwrap_or_default(), [a, b, c, d]);
    let mut payload = frame.freeze();
    payload.advance(HEADER);
    Some(match first {
        0x82 => Ok(Event::Binary(payload)),
        _ if is_ascii || simdutf8::basic::from_utf8(&payload).is_ok() => Ok(Event::Text(payload)),
        _ => Err(NOT_UTF8),
    })
}

/// Removes the masking `key` from few bytes. Returns whether they are ASCII then.
#[inline]
fn unmask(payload: &mut [u8], key: [u8; 4]) -> bool {
    let narrow = u32::from_ne_bytes(key);
    let wide = u64::from(narrow) << 32 | u64::from(narrow);
    let (mut words, mut bytes) = (0, 0);
    let (chunks, rest) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        let word = u64::from_ne_bytes(*chunk) ^ wide;
        *chunk = word.to_ne_bytes();
        words |= word;
    }
    let (halves, rest) = rest.as_chunks_mut::<4>();
    for half in halves {
        let word = u32::from_ne_bytes(*half) ^ narrow;
        *half = word.to_ne_bytes();
        words |= u64::from(word);
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
        bytes |= *byte;
    }
    words & 0x8080_8080_8080_8080 == 0 && bytes < 0x80
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Opcode, push_masked};
    use super::super::{Decoder, Role};
    use super::*;
    use proptest::prelude::*;

    /// The first event, of bytes that come one after the other, so that no frame is there at once.
    fn in_pieces(bytes: &[u8], longest: usize) -> Result<Option<Event>, Failure> {
        let (mut decoder, mut buf) = (Decoder::new(Role::Server, longest), BytesMut::new());
        for byte in bytes {
            buf.extend_from_slice(&[*byte]);
            match decoder.decode(&mut buf) {
                Ok(None) => {}
                event => return event,
            }
        }
        Ok(None)
    }

    proptest! {
        #[test]
        fn a_plain_message_is_the_one_that_the_general_way_reads(
            payload in prop_oneof![
                "[ -~]{0,130}".prop_map(String::into_bytes),
                ".{0,40}".prop_map(String::into_bytes),
                prop::collection::vec(any::<u8>(), 0..130),
            ],
            text in any::<bool>(),
            fin in any::<bool>(),
            key in any::<[u8; 4]>(),
            longest in prop_oneof![0_usize..130, Just(1 << 20)],
            damage in prop::option::of((0_usize..8, any::<u8>())),
            behind in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let mut bytes = Vec::new();
            let opcode = if text { Opcode::Text } else { Opcode::Binary };
            push_masked(opcode, fin, false, key, &payload, &mut bytes);
            if let Some((at, byte)) = damage {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            let len = bytes.len();
            bytes.extend_from_slice(&behind);
            let mut buf = BytesMut::from(&bytes[..]);
            match plain_message(&mut buf, longest) {
                None => prop_assert_eq!(&buf[..], &bytes[..]),
                Some(message) => {
                    let taken = bytes.len() - buf.len();
                    prop_assert_eq!(message.map(Some), in_pieces(&bytes[..taken], longest));
                }
            }
            if fin && payload.len() <= 125.min(longest) && damage.is_none() {
                prop_assert_eq!(bytes.len() - buf.len(), len);
            }
        }
    }
}
