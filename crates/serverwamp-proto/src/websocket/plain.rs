//! The frame that most messages of a client come in: a whole message of up to 125 bytes.
//!
//! Invariant: what is taken here the general way would take as the same message, or refuse with the same failure; everything
//! else is left to it.

use bytes::{Buf as _, BytesMut};

use super::assembly::NOT_UTF8;
use super::{Event, Failure, Opcode};

/// The bytes before the payload.
const HEADER: usize = 6;

/// A message at the beginning of the buffer that it was received in, where its masking is removed already.
#[derive(Debug)]
#[must_use = "what is unmasked must not be decoded again"]
pub struct InPlace {
    text: bool,
    len: usize,
}

impl InPlace {
    /// Its kind.
    #[inline]
    pub const fn opcode(&self) -> Opcode {
        if self.text { Opcode::Text } else { Opcode::Binary }
    }

    /// The message, in the buffer that it was received in.
    #[inline]
    pub fn message<'b>(&self, buf: &'b [u8]) -> &'b [u8] {
        buf.get(HEADER..self.size()).unwrap_or_default()
    }

    /// The bytes of its frame, behind which the next one begins.
    #[inline]
    pub const fn size(&self) -> usize {
        HEADER + self.len
    }

    /// Takes it out, in memory that it shares with what was received around it.
    #[inline]
    pub fn take(self, buf: &mut BytesMut) -> Event {
        let mut payload = buf.split_to(self.size()).freeze();
        payload.advance(HEADER);
        if self.text { Event::Text(payload) } else { Event::Binary(payload) }
    }
}

/// The message at the beginning of `buf`, if it is in such a frame, all of it is there, and it is no longer than `longest`. A
/// server may ask between two messages. `None` says nothing about the bytes, and leaves them as they are.
#[inline]
pub(super) fn plain_message(buf: &mut [u8], longest: usize) -> Option<Result<InPlace, Failure>> {
    // Nothing but `fin` and the opcode; nothing but `masked` and the length.
    let [first @ (0x81 | 0x82), second @ 0x80..=0xfd, a, b, c, d, rest @ ..] = buf else {
        return None;
    };
    let (text, len) = (*first == 0x81, usize::from(*second & 0x7f));
    if len > longest {
        return None;
    }
    let payload = rest.get_mut(..len)?;
    let is_ascii = unmask(payload, [*a, *b, *c, *d]);
    if text && !is_ascii && simdutf8::basic::from_utf8(payload).is_err() {
        return Some(Err(NOT_UTF8));
    }
    Some(Ok(InPlace { text, len }))
}

/// Removes the masking `key` from few bytes. Returns whether they are ASCII then.
#[inline]
fn unmask(payload: &mut [u8], key: [u8; 4]) -> bool {
    let narrow = u32::from_le_bytes(key);
    let wide = u64::from(narrow) << 32 | u64::from(narrow);
    let Some(last) = payload.last_chunk::<8>() else { return unmask_few(payload, key) };
    // The last word overlaps the one before it, so it is made first and written last.
    let turned = wide.rotate_right(8 * (payload.len() & 3) as u32);
    let last = u64::from_le_bytes(*last) ^ turned;
    let mut seen = last;
    for chunk in payload.as_chunks_mut::<8>().0 {
        let word = u64::from_le_bytes(*chunk) ^ wide;
        *chunk = word.to_le_bytes();
        seen |= word;
    }
    if let Some(place) = payload.last_chunk_mut() {
        *place = last.to_le_bytes();
    }
    seen & 0x8080_8080_8080_8080 == 0
}

/// The same for fewer than eight.
fn unmask_few(payload: &mut [u8], key: [u8; 4]) -> bool {
    payload.iter_mut().zip(key.into_iter().cycle()).for_each(|(byte, key)| *byte ^= key);
    payload.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::super::frame::push_masked;
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
                    let size = HEADER + usize::from(bytes[1] & 0x7f);
                    let seen = message.as_ref().ok().map(|message| message.message(&buf).to_vec());
                    let event = message.map(|message| Some(message.take(&mut buf)));
                    if let Ok(Some(Event::Text(taken) | Event::Binary(taken))) = &event {
                        prop_assert_eq!(&seen.expect("it was there before it was taken")[..], &taken[..]);
                        prop_assert_eq!(&buf[..], &bytes[size..]);
                    }
                    prop_assert_eq!(event, in_pieces(&bytes[..size], longest));
                }
            }
            let mut again = BytesMut::from(&bytes[..]);
            let is_plain = fin && payload.len() <= 125.min(longest) && damage.is_none();
            match plain_message(&mut again, longest) {
                Some(Ok(message)) => {
                    prop_assert_eq!(&again[message.size()..], &buf[..], "what is passed is what would be taken");
                    prop_assert!(!is_plain || message.size() == len);
                }
                Some(Err(_)) => {}
                None => prop_assert!(!is_plain),
            }
        }
    }
}
