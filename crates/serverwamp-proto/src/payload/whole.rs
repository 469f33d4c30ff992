//! One whole number as the only argument: what most procedures return that return a number.
//!
//! It is put together in the place where a part holds itself. Invariant: what comes out is what the writers of the serializers write.

use super::Part;
use super::part::SHORT;
use crate::codec::Serializer;
use crate::codec::json::short_whole;

/// A whole number as the only positional argument, as [`encode_single_part`](super::encode_single_part) writes it; `None` for the few that
/// are left to that.
#[inline]
pub fn encode_whole_part(serializer: Serializer, number: u64) -> Option<Part> {
    match serializer {
        Serializer::Json => json(number),
        Serializer::MessagePack => Some(binary([0x91, 0xcc], 0x7f, number)),
        Serializer::Cbor => Some(binary([0x81, 0x18], 0x17, number)),
    }
}

#[inline]
fn json(number: u64) -> Option<Part> {
    let (text, digits) = short_whole(number)?;
    let mut octets = [0; SHORT];
    let [open, rest @ ..] = &mut octets;
    *open = b'[';
    *rest.first_chunk_mut()? = text.to_le_bytes();
    *rest.get_mut(digits)? = b']';
    Some(Part::of_octets(octets, u8::try_from(digits + 2).ok()?))
}

/// In a list of one, which begins with the first of `marks`: a number of up to `most` is one octet, and the other mark and the three
/// behind it announce one, two, four and eight octets.
#[inline]
fn binary([list, announcing]: [u8; 2], most: u64, number: u64) -> Part {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    let (octets, len) = match number {
        0x0001_0000_0000.. => ([list, announcing + 3, a, b, c, d, e, f, g, h], 10),
        0x0001_0000.. => ([list, announcing + 2, e, f, g, h, 0, 0, 0, 0], 6),
        0x0100.. => ([list, announcing + 1, g, h, 0, 0, 0, 0, 0, 0], 4),
        _ if number > most => ([list, announcing, h, 0, 0, 0, 0, 0, 0, 0], 3),
        _ => ([list, h, 0, 0, 0, 0, 0, 0, 0, 0], 2),
    };
    let mut all = [0; SHORT];
    if let Some(place) = all.first_chunk_mut() {
        *place = octets;
    }
    Part::of_octets(all, len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::encode_single;
    use proptest::prelude::*;

    fn agrees(number: u64) -> bool {
        [Serializer::Json, Serializer::MessagePack, Serializer::Cbor].into_iter().all(|serializer| {
            let whole = encode_whole_part(serializer, number);
            let is_short = number < 100_000_000 || serializer != Serializer::Json;
            whole.is_some() == is_short
                && whole.is_none_or(|part| part == encode_single(serializer, &number).expect("a number"))
        })
    }

    proptest! {
        #[test]
        fn a_number_is_written_as_the_writers_write_it(number in any::<u64>(), bits in 0..64) {
            prop_assert!(agrees(number >> bits));
        }
    }

    #[test]
    fn so_is_every_number_beside_which_the_form_changes() {
        let digits = (0..20).map(|digits| 10_u64.pow(digits));
        let bits = (0..64).map(|bits| 1 << bits);
        for edge in digits.chain(bits).chain([0x18, u64::MAX]) {
            assert!(agrees(edge - 1) && agrees(edge) && agrees(edge.saturating_add(1)), "{edge}");
        }
    }
}
