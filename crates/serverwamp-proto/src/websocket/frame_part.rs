//! The payload of a frame that is read as it arrives, and unmasked piece by piece.

use bytes::{Buf as _, BytesMut};

use super::header::{rotate, unmask};

/// The rest of a frame whose payload is read as it arrives.
#[derive(Debug)]
pub(super) struct FramePart {
    pub(super) key: [u8; 4],
    pub(super) rest: u64,
    pub(super) fin: bool,
}

impl FramePart {
    /// Advances by `bytes`.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.key = rotate(self.key, bytes);
        self.rest -= bytes as u64;
    }

    /// Lets `read` take what there is in `buf` of the frame, unmasked, and drops as much as it took.
    pub(super) fn take<T>(&mut self, buf: &mut BytesMut, read: impl FnOnce(&mut &[u8]) -> T) -> T {
        let here = usize::try_from(self.rest).unwrap_or(usize::MAX).min(buf.len());
        let bytes = buf.get_mut(..here).unwrap_or_default();
        unmask(bytes, self.key);
        let mut left: &[u8] = bytes;
        let result = read(&mut left);
        let taken = here - left.len();
        self.pass(taken);
        // It will be unmasked again.
        unmask(buf.get_mut(taken..here).unwrap_or_default(), self.key);
        buf.advance(taken);
        result
    }
}
