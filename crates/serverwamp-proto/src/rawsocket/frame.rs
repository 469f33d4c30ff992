//! Writing frames: each is four octets and a payload.
//!
//! As with WebSocket frames, a message can be written straight behind the place of its prefix: [`begin`] reserves that
//! place, the message is appended, [`finish`] fills the prefix in.
//!
//! Invariant: a payload of 2^24 bytes has the X bit and a length of zero, every shorter one its length (checklist RAW-14).

/// Octets before each payload.
pub const PREFIX: usize = 4;

/// The longest payload there is.
pub const MAX_PAYLOAD: usize = 1 << 24;

/// The type of a frame.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum FrameKind {
    /// A WAMP message.
    Message,
    /// A question whether the peer is alive.
    Ping,
    /// The answer to a ping.
    Pong,
}

impl FrameKind {
    pub(super) const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::Message),
            1 => Some(Self::Ping),
            2 => Some(Self::Pong),
            _ => None,
        }
    }
}

/// Starts a frame and returns where: all bytes appended to `out` until [`finish`] are its payload.
#[inline]
pub fn begin(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; PREFIX]);
    start
}

/// Ends the frame that began at `start`. One with more than [`MAX_PAYLOAD`] bytes cannot be said: whoever made it takes it
/// back before it is sent.
#[inline]
pub fn finish(out: &mut [u8], start: usize, kind: FrameKind) {
    let len = out.len().saturating_sub(start + PREFIX);
    if let Some(place) = out.get_mut(start..start + PREFIX) {
        place.copy_from_slice(&prefix(kind, len));
    }
}

/// Appends a frame.
pub fn push(kind: FrameKind, payload: &[u8], out: &mut Vec<u8>) {
    out.reserve(PREFIX + payload.len());
    out.extend_from_slice(&prefix(kind, payload.len()));
    out.extend_from_slice(payload);
}

const fn prefix(kind: FrameKind, len: usize) -> [u8; PREFIX] {
    // The length's 25th bit is the X bit: it stands where the kind's octet has its fourth.
    let [.., x, a, b, c] = (len as u64).to_be_bytes();
    [(x & 1) << 3 | kind as u8, a, b, c]
}
