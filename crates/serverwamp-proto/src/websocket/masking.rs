//! The frames of a client, made of the unmasked ones that [`frame`](super::frame) writes.
//!
//! Invariant: every frame has a key of its own, and nothing but its header and its mask is changed, unless its message is compressed.

use super::deflate::{Deflate, MIN_COMPRESSED};
use super::frame::{self, Opcode};

/// Moves complete frames of ours from `frames` to `out`, masked, each with the next of the `keys`, until `enough` bytes are there.
/// With `deflate`, messages that become shorter by it are compressed. Returns how many bytes of `frames` that took.
///
/// The keys have to be unpredictable (RFC 6455, section 5.3).
pub fn mask_frames(
    frames: &[u8],
    deflate: Option<Deflate>,
    enough: usize,
    mut keys: impl FnMut() -> [u8; 4],
    out: &mut Vec<u8>,
) -> usize {
    let mut rest = frames;
    let start = out.len();
    while out.len() - start < enough
        && let Some((opcode, header, payload)) = frame::split_own(rest)
    {
        let is_message = matches!(opcode, Opcode::Text | Opcode::Binary);
        let compressed =
            deflate.filter(|_| is_message && payload.len() >= MIN_COMPRESSED).and_then(|deflate| {
                let mut shorter = Vec::new();
                deflate.compress(payload, &mut shorter).then_some(shorter)
            });
        let shorter = compressed.as_deref();
        frame::push_masked(opcode, true, shorter.is_some(), keys(), shorter.unwrap_or(payload), out);
        rest = rest.get(header + payload.len()..).unwrap_or_default();
    }
    frames.len() - rest.len()
}
