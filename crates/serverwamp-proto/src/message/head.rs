//! The properties of a message of which only the beginning is available.
//!
//! Invariant: nothing is taken from where the beginning is cut off; a number counts only if another element follows it.

use super::{Error, Goodbye, Invocation, Yield};
use crate::codec::Serializer;
use crate::codec::reader::{AnyReader, Frame, Token};
use crate::id::RequestId;

/// The bytes kept of a message that is too long: enough for type codes and ids in every form.
pub const HEAD: usize = 512;

/// The invocation that is answered by a message that begins with `head`: by a YIELD, or by an ERROR.
///
/// `None` if it is another message, or if that cannot be seen.
pub fn answered_by(serializer: Serializer, head: &[u8]) -> Option<RequestId> {
    let (mut reader, mut list) = open(serializer, head)?;
    let mut number = || if reader.more(&mut list).ok()? { reader.unsigned().ok() } else { None };
    let answers = match number()? {
        Yield::CODE => true,
        Error::CODE => number()? == Invocation::CODE,
        _ => false,
    };
    let request = RequestId::new(number().filter(|_| answers)?)?;
    (reader.more(&mut list).ok()?).then_some(request)
}

/// Returns whether a message that begins with `head` is a GOODBYE.
pub fn is_goodbye(serializer: Serializer, head: &[u8]) -> bool {
    let code = || {
        let (mut reader, mut list) = open(serializer, head)?;
        let code = if reader.more(&mut list).ok()? { reader.unsigned().ok()? } else { return None };
        reader.more(&mut list).ok()?.then_some(code)
    };
    code() == Some(Goodbye::CODE)
}

/// A reader of what `head` lists.
fn open(serializer: Serializer, head: &[u8]) -> Option<(AnyReader<'_>, Frame)> {
    let head = match serializer {
        // It may be cut within a character.
        Serializer::Json => match simdutf8::compat::from_utf8(head) {
            Ok(_) => head,
            Err(error) => head.get(..error.valid_up_to())?,
        },
        Serializer::MessagePack | Serializer::Cbor => head,
    };
    let mut reader = AnyReader::open(serializer, head).ok()?;
    let Ok(Token::List(list)) = reader.token() else { return None };
    Some((reader, list))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Serializer; 3] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];

    fn id(number: u64) -> Option<RequestId> {
        RequestId::new(number)
    }

    #[test]
    fn the_answered_invocation_is_found_in_every_serializer() {
        let heads: [[&[u8]; 3]; 4] = [
            [
                b"[70,300,{},[\"\xc3",
                b"\x94\x46\xcd\x01\x2c\x80\x91\xdb",
                b"\x84\x18\x46\x19\x01\x2c\xa0\x81\x7a",
            ],
            [b" [ 70 , 300 , ", b"\xdc\x00\x03\x46\xcd\x01\x2c\x80", b"\x9f\x18\x46\x19\x01\x2c\xa0"],
            [b"[8,68,300,{},", b"\x95\x08\x44\xcd\x01\x2c\x80\xa1", b"\x85\x08\x18\x44\x19\x01\x2c\xa0\x61"],
            [b"[70,300,", b"\x93\x46\xcd\x01\x2c\x80", b"\x83\x18\x46\x19\x01\x2c\xa0"],
        ];
        for (serializer, at) in ALL.into_iter().zip(0..) {
            for head in heads {
                assert_eq!(answered_by(serializer, head[at]), id(300), "{serializer:?} {:x?}", head[at]);
            }
        }
    }

    #[test]
    fn a_goodbye_is_seen_by_its_code_in_every_serializer() {
        let heads: [[&[u8]; 3]; 2] = [
            [b"[6,{},\"a\"]", b"\x93\x06\x80\xa1a", b"\x83\x06\xa0\x61a"],
            [b" [ 6 , {", b"\xdc\x00\x03\x06\x80\xa1", b"\x9f\x06\xa0"],
        ];
        let others: [[&[u8]; 3]; 3] = [
            [b"[3,{},\"a\"]", b"\x93\x03\x80\xa1a", b"\x83\x03\xa0\x61a"],
            [b"[6", b"\x93\x06", b"\x83\x06"],
            [b"{\"6\":1}", b"\x81\x06\x01", b"\xa1\x06\x01"],
        ];
        for (serializer, at) in ALL.into_iter().zip(0..) {
            for head in heads {
                assert!(is_goodbye(serializer, head[at]), "{serializer:?} {:x?}", head[at]);
            }
            for other in others {
                assert!(!is_goodbye(serializer, other[at]), "{serializer:?} {:x?}", other[at]);
            }
        }
    }

    #[test]
    fn other_messages_and_other_errors_answer_no_invocation() {
        let heads: [[&[u8]; 3]; 3] = [
            [b"[48,300,{},\"a\"", b"\x94\x30\xcd\x01\x2c\x80\xa1", b"\x84\x18\x30\x19\x01\x2c\xa0\x61"],
            [b"[8,48,300,{}", b"\x95\x08\x30\xcd\x01\x2c\x80\xa1", b"\x85\x08\x18\x30\x19\x01\x2c\xa0\x61"],
            [b"{\"70\":300,", b"\x82\x46\xcd\x01\x2c\x01\x01", b"\xa2\x18\x46\x19\x01\x2c\x01\x01"],
        ];
        for (serializer, at) in ALL.into_iter().zip(0..) {
            for head in heads {
                assert_eq!(answered_by(serializer, head[at]), None, "{serializer:?} {:x?}", head[at]);
            }
        }
        for head in
            ["[70,0,{}", "[70,-3,{}", "[70,3.5,{}", "[70,\"3\",{}", "[70,99999999999999999999,{}", "[[70],3,"]
        {
            assert_eq!(answered_by(Serializer::Json, head.as_bytes()), None, "{head}");
        }
    }

    #[test]
    fn a_beginning_that_is_cut_says_the_whole_number_or_nothing() {
        let wholes: [&[u8]; 3] = [
            b"[70,12345678,{},[]",
            b"\x94\x46\xce\x00\xbc\x61\x4e\x80\x90",
            b"\x84\x18\x46\x1a\x00\xbc\x61\x4e\xa0\x80",
        ];
        for (serializer, whole) in ALL.into_iter().zip(wholes) {
            for cut in 0..=whole.len() {
                let found = answered_by(serializer, &whole[..cut]);
                assert!(found.is_none() || found == id(12_345_678), "{serializer:?} {cut} {found:?}");
            }
            assert_eq!(answered_by(serializer, whole), id(12_345_678), "{serializer:?}");
        }
    }
}
