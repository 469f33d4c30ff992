//! The header of a received frame: read, and checked as far as it can be without knowing the frames before it.
//!
//! Invariant: a header is handed out only when all of its bytes are there and none of them breaks a rule.

use super::{Failure, Opcode};

/// The sender of the frames that are read: a client masks its frames, a server must not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// This side is the server and reads a client's masked frames.
    Server,
    /// This side is the client and reads a server's frames.
    Client,
}

/// A frame's header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) fin: bool,
    pub(super) rsv1: bool,
    pub(super) opcode: Opcode,
    /// All zero when the frame is not masked, which unmasks to itself.
    pub(super) key: [u8; 4],
    /// Bytes of the header itself.
    pub(super) size: usize,
    /// Bytes of payload the peer announces; nothing may be allocated for them yet.
    pub(super) len: u64,
}

impl Header {
    /// Reads the header `bytes` start with; `None` when it is not complete.
    #[inline]
    pub(super) fn parse(bytes: &[u8], role: Role) -> Result<Option<Self>, Failure> {
        let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
        if first & 0x30 != 0 {
            return Err(Failure::protocol("reserved bit set"));
        }
        let fin = first & 0x80 != 0;
        let Some(opcode) = Opcode::from_bits(first & 0x0f) else {
            return Err(Failure::protocol("reserved opcode"));
        };
        let masked = second & 0x80 != 0;
        match (role, masked) {
            (Role::Server, false) => return Err(Failure::protocol("frame of a client is not masked")),
            (Role::Client, true) => return Err(Failure::protocol("frame of a server is masked")),
            _ => {}
        }
        let short = second & 0x7f;
        if opcode.is_control() && (!fin || short > 125) {
            return Err(Failure::protocol("control frame is fragmented or longer than 125 bytes"));
        }
        let (len, after) = match short {
            126 => {
                let Some((len, after)) = rest.split_first_chunk::<2>() else { return Ok(None) };
                (u64::from(u16::from_be_bytes(*len)), after)
            }
            127 => {
                let Some((len, after)) = rest.split_first_chunk::<8>() else { return Ok(None) };
                (u64::from_be_bytes(*len), after)
            }
            len => (u64::from(len), rest),
        };
        if (short == 126 && len < 126) || (short == 127 && len < 0x1_0000) {
            return Err(Failure::protocol("frame length is not encoded in the shortest form"));
        }
        if len >> 63 != 0 {
            return Err(Failure::protocol("frame length has its highest bit set"));
        }
        let (key, after) = if masked {
            let Some((key, after)) = after.split_first_chunk::<4>() else { return Ok(None) };
            (*key, after)
        } else {
            ([0; 4], after)
        };
        let size = bytes.len() - after.len();
        Ok(Some(Self { fin, rsv1: first & 0x40 != 0, opcode, key, size, len }))
    }
}

/// Removes (or applies) the masking `key`, eight bytes at a time.
#[inline]
pub(super) fn unmask(payload: &mut [u8], key: [u8; 4]) {
    if key == [0; 4] {
        return;
    }
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip([a, b, c, d, a, b, c]) {
        *byte ^= key;
    }
}

/// The key as it applies `offset` bytes into the payload.
#[inline]
pub(super) fn rotate(mut key: [u8; 4], offset: usize) -> [u8; 4] {
    key.rotate_left(offset % 4);
    key
}
