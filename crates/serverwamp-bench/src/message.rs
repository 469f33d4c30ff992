//! Messages as they stand on the wire, in the shortest form of each serializer: what routers pass on is compared with
//! these byte by byte.

use crate::exchange::{Format, digits};

/// A part of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Item<'a> {
    Int(u64),
    Text(&'a str),
    List(&'a [Self]),
    /// `{}`.
    Empty,
    /// `{"acknowledge": true}`.
    Acknowledge,
    /// Bytes of a message that came from the server.
    Raw(&'a [u8]),
}

/// Appends a whole message.
pub(crate) fn write(format: Format, items: &[Item<'_>], out: &mut Vec<u8>) {
    list(format, items.len(), out);
    for (index, item) in items.iter().enumerate() {
        if index > 0 && format == Format::Json {
            out.push(b',');
        }
        one(format, item, out);
    }
    if format == Format::Json {
        out.push(b']');
    }
}

/// A whole message.
pub(crate) fn message(format: Format, items: &[Item<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    write(format, items, &mut out);
    out
}

/// With what a message of `length` elements begins.
pub(crate) fn beginning(format: Format, length: usize, items: &[Item<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    list(format, length, &mut out);
    for item in items {
        one(format, item, &mut out);
        if format == Format::Json {
            out.push(b',');
        }
    }
    out
}

/// With what a message ends.
pub(crate) fn ending(format: Format, items: &[Item<'_>], out: &mut Vec<u8>) {
    for item in items {
        if format == Format::Json {
            out.push(b',');
        }
        one(format, item, out);
    }
    if format == Format::Json {
        out.push(b']');
    }
}

/// The id at the end of an answer that begins as `beginning` says.
pub(crate) fn last_id(format: Format, answer: &[u8], beginning: &[u8]) -> Result<Vec<u8>, String> {
    let rest = answer.strip_prefix(beginning);
    let id = if format == Format::Json { rest.and_then(|rest| rest.strip_suffix(b"]")) } else { rest };
    id.map(<[u8]>::to_vec).ok_or_else(|| format!("another answer came: {}", answer.escape_ascii()))
}

fn list(format: Format, length: usize, out: &mut Vec<u8>) {
    out.push(match format {
        Format::Json => b'[',
        Format::MsgPack => 0x90 | length as u8,
        Format::Cbor => 0x80 | length as u8,
    });
}

fn one(format: Format, item: &Item<'_>, out: &mut Vec<u8>) {
    match (item, format) {
        (Item::Int(number), _) => int(format, *number, out),
        (Item::Text(text), Format::Json) => {
            out.push(b'"');
            out.extend_from_slice(text.as_bytes());
            out.push(b'"');
        }
        (Item::Text(text), Format::MsgPack) => {
            match text.len() {
                short @ 0..=31 => out.push(0xa0 | short as u8),
                long => out.extend_from_slice(&[0xd9, long as u8]),
            }
            out.extend_from_slice(text.as_bytes());
        }
        (Item::Text(text), Format::Cbor) => {
            head(0x60, text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
        (Item::List(items), _) => write(format, items, out),
        (Item::Empty, Format::Json) => out.extend_from_slice(b"{}"),
        (Item::Empty, Format::MsgPack) => out.push(0x80),
        (Item::Empty, Format::Cbor) => out.push(0xa0),
        (Item::Acknowledge, Format::Json) => out.extend_from_slice(br#"{"acknowledge":true}"#),
        (Item::Acknowledge, Format::MsgPack) => out.extend_from_slice(b"\x81\xabacknowledge\xc3"),
        (Item::Acknowledge, Format::Cbor) => out.extend_from_slice(b"\xa1\x6backnowledge\xf5"),
        (Item::Raw(bytes), _) => out.extend_from_slice(bytes),
    }
}

fn int(format: Format, number: u64, out: &mut Vec<u8>) {
    match (format, number) {
        (Format::Json, _) => digits(number, out),
        (Format::Cbor, _) => head(0, number, out),
        (Format::MsgPack, 0..=0x7f) => out.push(number as u8),
        (Format::MsgPack, 0x80..=0xff) => out.extend_from_slice(&[0xcc, number as u8]),
        (Format::MsgPack, 0x100..=0xffff) => wide(0xcd, &(number as u16).to_be_bytes(), out),
        (Format::MsgPack, 0x1_0000..=0xffff_ffff) => wide(0xce, &(number as u32).to_be_bytes(), out),
        (Format::MsgPack, _) => wide(0xcf, &number.to_be_bytes(), out),
    }
}

/// The head of a CBOR item: its major type and a number.
fn head(major: u8, number: u64, out: &mut Vec<u8>) {
    match number {
        0..=23 => out.push(major | number as u8),
        24..=0xff => out.extend_from_slice(&[major | 24, number as u8]),
        0x100..=0xffff => wide(major | 25, &(number as u16).to_be_bytes(), out),
        0x1_0000..=0xffff_ffff => wide(major | 26, &(number as u32).to_be_bytes(), out),
        _ => wide(major | 27, &number.to_be_bytes(), out),
    }
}

fn wide(first: u8, rest: &[u8], out: &mut Vec<u8>) {
    out.push(first);
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEMS: [Item<'static>; 5] = [
        Item::Int(48),
        Item::Int(70_000),
        Item::Empty,
        Item::Text("demo.add"),
        Item::List(&[Item::Int(1), Item::Int(200), Item::Int(50)]),
    ];

    #[test]
    fn every_serializer_says_the_same_in_its_own_way() {
        let json = message(Format::Json, &ITEMS);
        assert_eq!(String::from_utf8_lossy(&json), r#"[48,70000,{},"demo.add",[1,200,50]]"#);
        let msgpack = message(Format::MsgPack, &ITEMS);
        assert_eq!(msgpack, b"\x95\x30\xce\x00\x01\x11\x70\x80\xa8demo.add\x93\x01\xcc\xc8\x32");
        let cbor = message(Format::Cbor, &ITEMS);
        assert_eq!(cbor, b"\x85\x18\x30\x1a\x00\x01\x11\x70\xa0\x68demo.add\x83\x01\x18\xc8\x18\x32");
    }

    #[test]
    fn beginning_and_ending_make_the_whole() {
        for format in Format::ALL {
            let mut whole = beginning(format, ITEMS.len(), &ITEMS[..2]);
            if format == Format::Json {
                assert_eq!(whole.pop(), Some(b','));
            }
            ending(format, &ITEMS[2..], &mut whole);
            assert_eq!(whole, message(format, &ITEMS), "{format:?}");
        }
    }

    #[test]
    fn the_id_of_an_answer_is_what_its_beginning_leaves() {
        for format in Format::ALL {
            let answer = message(format, &[Item::Int(65), Item::Int(1), Item::Int(3000)]);
            let id = last_id(format, &answer, &beginning(format, 3, &[Item::Int(65), Item::Int(1)])).unwrap();
            assert_eq!(message(format, &[Item::Raw(&id)]), message(format, &[Item::Int(3000)]));
            assert!(last_id(format, &answer, &beginning(format, 3, &[Item::Int(8)])).is_err());
        }
    }
}
