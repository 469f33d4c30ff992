//! One half of a payload: the encoded list, or the encoded dictionary.
//!
//! Most arguments are a few octets. To copy those costs less than to count who shares the frame they came in, and they do
//! not hold on to it.

use crate::footprint::allocation;
use bytes::Bytes;
use std::fmt;
use std::ops::Deref;

/// As many octets as fit where otherwise a [`Bytes`] is.
pub(super) const SHORT: usize = 23;

/// An encoded list or dictionary, or nothing. Cheap to clone: short ones are copied, longer ones share their memory.
///
/// ```
/// use bytes::Bytes;
/// use serverwamp_proto::payload::Part;
///
/// let frame = Bytes::from_static(b"[48,1,{},\"com.add\",[2,3]]");
/// let args = Part::of_frame(&frame, &frame[19..24]);
/// assert_eq!(args, *b"[2,3]");
/// assert!(Part::new().is_empty());
/// ```
#[derive(Clone)]
pub struct Part(Octets);

#[derive(Clone)]
enum Octets {
    Shared(Bytes),
    Short { len: u8, octets: [u8; SHORT] },
}

impl Part {
    /// Nothing.
    pub const fn new() -> Self {
        Self(Octets::Short { len: 0, octets: [0; SHORT] })
    }

    /// A slice of `frame`, which shares the frame's memory unless it is short.
    ///
    /// # Panics
    /// When `part` is not a slice of `frame`.
    #[inline]
    pub fn of_frame(frame: &Bytes, part: &[u8]) -> Self {
        Self::short(part).unwrap_or_else(|| Self(Octets::Shared(frame.slice_ref(part))))
    }

    /// A copy in memory of its own.
    pub fn copied(part: &[u8]) -> Self {
        Self::short(part).unwrap_or_else(|| Self(Octets::Shared(Bytes::copy_from_slice(part))))
    }

    /// The bytes of memory that the part takes beside itself, if it is not shared.
    pub fn footprint(&self) -> usize {
        match &self.0 {
            // Behind the bytes there is a count of those who share them, once somebody does.
            Octets::Shared(bytes) => allocation(bytes.len()) + allocation(size_of::<[usize; 3]>()),
            Octets::Short { .. } => 0,
        }
    }

    /// Returns whether it has memory beside its own, or a share in that of others.
    #[inline]
    pub(super) const fn holds_memory(&self) -> bool {
        matches!(self.0, Octets::Shared(_))
    }

    /// Returns whether a part of these bytes holds them itself, without memory of its own.
    #[inline]
    pub(super) const fn holds_itself(bytes: &[u8]) -> bool {
        bytes.len() <= SHORT
    }

    /// The first `len` of these octets.
    #[inline]
    pub(super) const fn of_octets(octets: [u8; SHORT], len: u8) -> Self {
        Self(Octets::Short { len, octets })
    }

    /// A copy of few octets, which takes no memory of its own.
    #[inline]
    pub(crate) fn short(part: &[u8]) -> Option<Self> {
        let mut octets = [0; SHORT];
        copy(part, octets.get_mut(..part.len())?);
        Some(Self(Octets::Short { len: u8::try_from(part.len()).ok()?, octets }))
    }
}

/// Copies few octets to a place of as many. Copies whose size is known cost less than one whose size is not, though they overlap.
#[inline]
fn copy(from: &[u8], to: &mut [u8]) {
    match from.len() {
        0..4 => to.copy_from_slice(from),
        4..8 => copy_both_ends::<4>(from, to),
        8..16 => copy_both_ends::<8>(from, to),
        16..=32 => copy_both_ends::<16>(from, to),
        _ => to.copy_from_slice(from),
    }
}

/// Copies from `N` to `2 * N` octets.
#[inline]
fn copy_both_ends<const N: usize>(from: &[u8], to: &mut [u8]) {
    if let (Some(from), Some(to)) = (from.first_chunk::<N>(), to.first_chunk_mut::<N>()) {
        *to = *from;
    }
    if let (Some(from), Some(to)) = (from.last_chunk::<N>(), to.last_chunk_mut::<N>()) {
        *to = *from;
    }
}

impl Deref for Part {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.0 {
            Octets::Shared(bytes) => bytes,
            Octets::Short { len, octets } => octets.get(..usize::from(*len)).unwrap_or_default(),
        }
    }
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Default for Part {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Bytes> for Part {
    fn from(bytes: Bytes) -> Self {
        Self::short(&bytes).unwrap_or(Self(Octets::Shared(bytes)))
    }
}

impl From<Vec<u8>> for Part {
    fn from(bytes: Vec<u8>) -> Self {
        Self::short(&bytes).unwrap_or_else(|| Self(Octets::Shared(bytes.into())))
    }
}

impl Eq for Part {}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for Part {
    fn eq(&self, other: &T) -> bool {
        **self == *other.as_ref()
    }
}

impl fmt::Debug for Part {
    /// As [`Bytes`] print themselves.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_parts_are_copies_and_long_ones_share_the_frame() {
        let frame = Bytes::from(vec![b'x'; 64]);
        for length in 0..=frame.len() {
            let slice = &frame[..length];
            let (shared, copied) = (Part::of_frame(&frame, slice), Part::copied(slice));
            assert_eq!((&*shared, &*copied), (slice, slice));
            assert_eq!(shared.as_ptr() == slice.as_ptr(), length > SHORT, "of {length} octets");
            assert_ne!(copied.as_ptr(), slice.as_ptr());
            assert_eq!(shared.clone(), Part::from(slice.to_vec()));
            assert_eq!(Part::from(frame.slice_ref(slice)), copied);
        }
    }

    #[test]
    fn a_part_takes_no_more_room_than_what_it_replaces() {
        assert_eq!(size_of::<Part>(), size_of::<Bytes>());
    }

    #[test]
    fn a_part_prints_itself_as_bytes_do() {
        for text in ["", "[1,\"x\"]", "a list that is longer than what is short \u{1}"] {
            let bytes = Bytes::from(text);
            assert_eq!(
                format!("{:?}", Part::from(bytes.clone())),
                format!("{bytes:?}").replace("\\x01", "\\x01")
            );
        }
    }
}
