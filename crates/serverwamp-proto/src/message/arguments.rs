//! Arguments and keyword arguments as elements of a message: which forms are taken, which are sent.
//!
//! On the way in null and empty ones become absent ones; on the way out nothing empty is sent unless it keeps a place.

use super::encoded::{empty_dict, empty_list, write_raw};
use super::violation::{Fault, Violation};
use super::wire::{Element, Elements};
use crate::codec::{DictReader, EncodeError, Kind, ListReader, Serializer, Writer};
use crate::payload::{Part, Payload};

/// Arguments and keyword arguments: the end of the list, none, one or two elements of it.
impl<'a> Element<'a> for Payload {
    fn read(elements: &mut Elements<'a>, _: &'static str) -> Result<Self, Violation> {
        const ARGS: &str = "Arguments";
        const KWARGS: &str = "ArgumentsKw";
        let mut payload = Self::empty(elements.source.serializer);
        if elements.is_left() {
            return Ok(payload);
        }
        match elements.peek()? {
            None => return Ok(payload),
            Some(Kind::List) => {
                let args = elements.argument(ARGS)?;
                payload.args = elements.source.part(args);
            }
            // A client without arguments may write null for them; it is never sent on.
            Some(Kind::Null) => drop(elements.raw(ARGS)?),
            Some(Kind::Binary | Kind::Text) if elements.transparent => {
                let args = elements.argument(ARGS)?;
                payload.args = elements.source.part(args);
                return Ok(payload);
            }
            Some(kind) => return Err(elements.fault(ARGS, Fault::kind("a list", kind))),
        }
        match elements.peek()? {
            None => {}
            Some(Kind::Dict) => {
                let kwargs = elements.argument(KWARGS)?;
                payload.kwargs = elements.source.part(kwargs);
            }
            Some(Kind::Null) => drop(elements.raw(KWARGS)?),
            Some(kind) => return Err(elements.fault(KWARGS, Fault::kind("a dictionary", kind))),
        }
        Ok(normalise(payload))
    }

    fn count(&self) -> usize {
        let (args, kwargs) = sent_payload(self.serializer, &self.args, &self.kwargs);
        payload_count(args, kwargs)
    }

    fn write(&self, writer: &mut Writer<'_>, target: Serializer) -> Result<(), EncodeError> {
        let (args, kwargs) = sent_payload(self.serializer, &self.args, &self.kwargs);
        for part in [args, kwargs] {
            if !part.is_empty() {
                write_raw(self.serializer, part, writer, target)?;
            }
        }
        Ok(())
    }
}

/// Leaves out empty keyword arguments, and empty arguments that keep no place for keyword arguments.
fn normalise(mut payload: Payload) -> Payload {
    if is_empty_dict(payload.serializer, &payload.kwargs) {
        payload.kwargs = Part::new();
    }
    if payload.kwargs.is_empty() && is_empty_list(payload.serializer, &payload.args) {
        payload.args = Part::new();
    } else if payload.args.is_empty() && !payload.kwargs.is_empty() {
        payload.args = Part::copied(empty_list(payload.serializer));
    }
    payload
}

/// The elements that arguments and keyword arguments are sent as: empty ones are left out, unless they keep a place.
pub(super) fn sent_payload<'p>(
    serializer: Serializer,
    args: &'p [u8],
    kwargs: &'p [u8],
) -> (&'p [u8], &'p [u8]) {
    let kwargs = if kwargs == empty_dict(serializer) { &[] } else { kwargs };
    match (args.is_empty(), kwargs.is_empty()) {
        (true, false) => (empty_list(serializer), kwargs),
        (false, true) if args == empty_list(serializer) => (&[], &[]),
        _ => (args, kwargs),
    }
}

/// The number of elements that arguments and keyword arguments take; either is empty if absent.
pub(super) const fn payload_count(args: &[u8], kwargs: &[u8]) -> usize {
    match (args.is_empty(), kwargs.is_empty()) {
        (_, false) => 2,
        (false, true) => 1,
        (true, true) => 0,
    }
}

fn is_empty_list(serializer: Serializer, bytes: &[u8]) -> bool {
    bytes == empty_list(serializer)
        || (may_be_empty(serializer, bytes)
            && ListReader::open(serializer, bytes).is_ok_and(|mut list| matches!(list.peek(), Ok(None))))
}

fn is_empty_dict(serializer: Serializer, bytes: &[u8]) -> bool {
    bytes == empty_dict(serializer)
        || (may_be_empty(serializer, bytes)
            && DictReader::open(serializer, bytes).is_ok_and(|mut dict| matches!(dict.key(), Ok(None))))
}

/// Returns whether a list or dictionary that is not written the short way could be empty all the same: spaces between the
/// brackets, or a length in a form longer than need be. Rules most of them out by a look at two bytes.
fn may_be_empty(serializer: Serializer, bytes: &[u8]) -> bool {
    match (serializer, bytes) {
        (Serializer::Json, [_, second, ..]) => second.is_ascii_whitespace(),
        // array 16, array 32, map 16, map 32.
        (Serializer::MessagePack, [first, ..]) => (0xdc..=0xdf).contains(first),
        // A tag in front, or a length that is announced in further bytes or not at all.
        (Serializer::Cbor, [first, ..]) => first >> 5 == 6 || first & 0x1f >= 24,
        _ => false,
    }
}
