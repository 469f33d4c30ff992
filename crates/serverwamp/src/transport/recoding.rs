//! The change of an outbox's frames before they are written: a client masks them, and either side may compress messages.
//!
//! Invariant: frames stay whole and in their order.

use super::framing::Framing;
use super::masks::Masks;
use serverwamp_proto::websocket::deflate::Deflate;
use serverwamp_proto::websocket::{Role, mask_frames};

/// Changes the frames of one connection.
#[derive(Debug)]
pub(super) enum Recoding {
    /// A server's: messages are compressed.
    Compressed(Deflate),
    /// A client's: frames are masked, and messages compressed if that was agreed upon.
    Masked(Box<Masks>, Option<Deflate>),
}

impl Recoding {
    /// The change that `framing` demands; `None` if frames are written as they are.
    pub(super) fn of(framing: &Framing) -> Option<Self> {
        match *framing {
            Framing::WebSocket { role: Role::Client, deflate, .. } => {
                Some(Self::Masked(Box::new(Masks::new()), deflate))
            }
            Framing::WebSocket { role: Role::Server, deflate, .. } => deflate.map(Self::Compressed),
            Framing::RawSocket { .. } => None,
        }
    }

    /// Moves complete frames from `frames` to `out`, until `enough` bytes are there. Returns how many bytes of `frames` that took.
    pub(super) fn recode(&mut self, frames: &[u8], enough: usize, out: &mut Vec<u8>) -> usize {
        match self {
            Self::Compressed(deflate) => deflate.compress_frames(frames, enough, out),
            Self::Masked(masks, deflate) => mask_frames(frames, *deflate, enough, || masks.next(), out),
        }
    }
}
