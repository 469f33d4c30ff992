//! Writing frames: each function appends one complete frame to a buffer.
//!
//! A message can be written straight behind the place of its header: [`begin`] reserves that place, the message is
//! appended, [`finish`] fills the header in. Frames of a server are not masked; [`push_masked`] is a client's.
//!
//! Invariant: lengths are encoded in the shortest form, and control frames never exceed 125 bytes of payload.

use super::header::{Header, Role, unmask};

/// The type of a frame.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation,
    /// A text message, or its first fragment.
    Text,
    /// A binary message, or its first fragment.
    Binary,
    /// The end of the connection.
    Close,
    /// A question whether the peer is alive.
    Ping,
    /// The answer to a ping.
    Pong,
}

impl Opcode {
    /// The opcode of the lower four bits of a frame's first byte.
    #[inline]
    pub(super) const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    /// Returns whether this is a Close, a Ping or a Pong.
    #[inline]
    pub const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Longest payload of a control frame.
pub const MAX_CONTROL: usize = 125;

/// Bytes of the shortest header, and of the longest payload behind it.
const SHORT_HEADER: usize = 2;
const LONGEST_SHORT: usize = 125;

/// The place of a header that [`finish`] has to fill in.
#[derive(Clone, Copy, Debug)]
#[must_use = "the frame has no header before `finish`"]
pub struct Mark {
    start: usize,
    reserved: usize,
}

impl Mark {
    /// The start of the frame in its buffer.
    pub const fn start(&self) -> usize {
        self.start
    }

    /// The start of the frame's payload in its buffer.
    pub const fn body(&self) -> usize {
        self.start + self.reserved
    }
}

/// Starts a frame: all bytes appended to `out` until [`finish`] are its payload.
#[inline]
pub fn begin(out: &mut Vec<u8>) -> Mark {
    begin_sized(out, 0)
}

/// As [`begin`], with the payload's expected length: when it is right, `finish` has nothing to move.
#[inline]
pub fn begin_sized(out: &mut Vec<u8>, expected: usize) -> Mark {
    let start = out.len();
    let reserved = header_len(expected);
    match reserved {
        SHORT_HEADER => out.extend_from_slice(&[0; SHORT_HEADER]),
        _ => out.extend_from_slice([0; 10].get(..reserved).unwrap_or_default()),
    }
    Mark { start, reserved }
}

/// Ends the frame that began at `mark`: writes its header, `rsv1` set when the payload is compressed.
///
/// Nothing that stood in `out` at [`begin`] may have been removed since.
#[inline]
pub fn finish(out: &mut Vec<u8>, mark: Mark, opcode: Opcode, rsv1: bool) {
    let len = out.len().saturating_sub(mark.body());
    if mark.reserved == SHORT_HEADER
        && len <= LONGEST_SHORT
        && let Some(place) = out.get_mut(mark.start..).and_then(<[u8]>::first_chunk_mut)
    {
        let [.., len] = len.to_be_bytes();
        *place = [first_byte(opcode, true, rsv1), len];
        return;
    }
    finish_any(out, mark, opcode, rsv1);
}

/// The same, whatever the length of the header.
fn finish_any(out: &mut Vec<u8>, mark: Mark, opcode: Opcode, rsv1: bool) {
    let Mark { start, reserved } = mark;
    let body = start + reserved;
    let len = out.len().saturating_sub(body);
    let needed = header_len(len);
    if needed > reserved {
        out.extend_from_slice([0; 10].get(..needed - reserved).unwrap_or_default());
        out.copy_within(body..body + len, start + needed);
    } else if needed < reserved {
        out.copy_within(body..body + len, start + needed);
        out.truncate(start + needed + len);
    }
    let (bytes, size) = header(first_byte(opcode, true, rsv1), len);
    if let (Some(place), Some(bytes)) = (out.get_mut(start..start + size), bytes.get(..size)) {
        place.copy_from_slice(bytes);
    }
}

/// Appends an unmasked, unfragmented frame.
#[inline]
pub fn push(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    let (bytes, size) = header(first_byte(opcode, true, false), payload.len());
    out.reserve(size + payload.len());
    out.extend_from_slice(bytes.get(..size).unwrap_or_default());
    out.extend_from_slice(payload);
}

/// Appends a Close frame. A `reason` too long for a control frame is cut at a character's end.
pub fn push_close(code: Option<u16>, reason: &str, out: &mut Vec<u8>) {
    let Some(code) = code else { return push(Opcode::Close, &[], out) };
    let longest = reason.len().min(MAX_CONTROL - 2);
    let end = (0..=longest).rev().find(|&end| reason.is_char_boundary(end)).unwrap_or(0);
    let mut payload = Vec::with_capacity(MAX_CONTROL);
    payload.extend_from_slice(&code.to_be_bytes());
    payload.extend_from_slice(reason.get(..end).unwrap_or_default().as_bytes());
    push(Opcode::Close, &payload, out);
}

/// Appends a client's frame, masked with `key`; `fin` is false for all but the last fragment of a message.
pub fn push_masked(opcode: Opcode, fin: bool, rsv1: bool, key: [u8; 4], payload: &[u8], out: &mut Vec<u8>) {
    let (mut bytes, size) = header(first_byte(opcode, fin, rsv1), payload.len());
    bytes[1] |= 0x80;
    out.extend_from_slice(bytes.get(..size).unwrap_or_default());
    out.extend_from_slice(&key);
    let body = out.len();
    out.extend_from_slice(payload);
    unmask(out.get_mut(body..).unwrap_or_default(), key);
}

/// Splits the first frame off bytes that this module wrote: opcode, length of the header, payload.
pub(super) fn split_own(frames: &[u8]) -> Option<(Opcode, usize, &[u8])> {
    let header = Header::parse(frames, Role::Client).ok().flatten()?;
    let end = usize::try_from(header.len).ok()?.checked_add(header.size)?;
    Some((header.opcode, header.size, frames.get(header.size..end)?))
}

/// Bytes of a server's header before a payload of `len` bytes.
#[inline]
pub(super) const fn header_len(len: usize) -> usize {
    match len {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}

#[inline]
const fn first_byte(opcode: Opcode, fin: bool, rsv1: bool) -> u8 {
    opcode.bits() | (fin as u8) << 7 | (rsv1 as u8) << 6
}

/// An unmasked header and how many of its bytes count.
#[inline]
fn header(first: u8, len: usize) -> ([u8; 10], usize) {
    let [.., f, g] = len.to_be_bytes();
    match header_len(len) {
        2 => ([first, g, 0, 0, 0, 0, 0, 0, 0, 0], 2),
        4 => ([first, 126, f, g, 0, 0, 0, 0, 0, 0], 4),
        _ => {
            let [a, b, c, d, e, f, g, h] = (len as u64).to_be_bytes();
            ([first, 127, a, b, c, d, e, f, g, h], 10)
        }
    }
}
