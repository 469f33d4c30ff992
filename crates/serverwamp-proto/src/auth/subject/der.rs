//! The few elements of DER that lead to the subject of a certificate.
//!
//! Invariant: no length is believed: an element that is longer than what is there is none.

const INTEGER: u8 = 0x02;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// The version, which is missing in certificates of the first one.
const VERSION: u8 = 0xa0;

const UTF8: u8 = 0x0c;
const PRINTABLE: u8 = 0x13;
const TELETEX: u8 = 0x14;
const IA5: u8 = 0x16;
const BMP: u8 = 0x1e;

/// A type and a value of a subject.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a> {
    pub(super) kind: &'a [u8],
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    /// The value with its tag and length.
    pub(super) element: &'a [u8],
}

/// The names of the subject, the most general first; a name may have several pairs.
pub(super) fn subject(certificate: &[u8]) -> Option<Vec<Vec<Pair<'_>>>> {
    let (signed, _) = expect(certificate, SEQUENCE)?;
    let (body, _) = expect(signed, SEQUENCE)?;
    let rest = expect(body, VERSION).map_or(body, |(_, rest)| rest);
    let (_, rest) = expect(rest, INTEGER)?;
    // The algorithm, the issuer, the time.
    let (_, rest) = expect(rest, SEQUENCE)?;
    let (_, rest) = expect(rest, SEQUENCE)?;
    let (_, rest) = expect(rest, SEQUENCE)?;
    let (mut names, _) = expect(rest, SEQUENCE)?;
    let mut found = Vec::new();
    while !names.is_empty() {
        let (mut set, rest) = expect(names, SET)?;
        names = rest;
        let mut pairs = Vec::new();
        while !set.is_empty() {
            let (pair, rest) = expect(set, SEQUENCE)?;
            set = rest;
            let (kind, element) = expect(pair, OBJECT)?;
            let (tag, value, rest) = next(element)?;
            if !rest.is_empty() {
                return None;
            }
            pairs.push(Pair { kind, tag, value, element });
        }
        if pairs.is_empty() {
            return None;
        }
        found.push(pairs);
    }
    Some(found)
}

/// The text of a value; `None` for types of text that nobody knows the characters of.
pub(super) fn text(tag: u8, value: &[u8]) -> Option<String> {
    match tag {
        UTF8 => String::from_utf8(value.to_vec()).ok(),
        PRINTABLE | IA5 | TELETEX if value.is_ascii() => String::from_utf8(value.to_vec()).ok(),
        BMP => {
            let (units, rest) = value.as_chunks::<2>();
            let units: Vec<u16> = units.iter().copied().map(u16::from_be_bytes).collect();
            String::from_utf16(&units).ok().filter(|_| rest.is_empty())
        }
        _ => None,
    }
}

/// An object identifier as numbers with dots.
pub(super) fn dotted(oid: &[u8]) -> Option<String> {
    let (mut text, mut number) = (String::new(), 0_u64);
    for (at, byte) in oid.iter().enumerate() {
        number = number.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))?;
        let is_over = byte & 0x80 == 0;
        if at + 1 == oid.len() && !is_over {
            return None;
        }
        if is_over {
            text = match text.is_empty() {
                true => format!("{}.{}", (number / 40).min(2), number - (number / 40).min(2) * 40),
                false => format!("{text}.{number}"),
            };
            number = 0;
        }
    }
    (!text.is_empty()).then_some(text)
}

/// The contents of the first element, if it is of this kind, and what stands behind it.
fn expect(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (tag, contents, rest) = next(der)?;
    (tag == kind).then_some((contents, rest))
}

/// Tag and contents of the first element, and what stands behind it.
fn next(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}
