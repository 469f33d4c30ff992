//! permessage-deflate (RFC 7692): compressing and decompressing messages, always without context takeover.
//!
//! Without context takeover the state of zlib (hundreds of KiB) is needed during one message only, so a thread keeps
//! one to lend out and a connection keeps none.
//!
//! Invariant: decompression stops at the message limit while it runs, not after, and no more than the limit is ever
//! reserved: how far a message expands does not matter, because what it comes to is bounded.

use std::cell::Cell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::Failure;
use super::frame::{self, Opcode};

/// Messages shorter than this are not compressed: it would cost microseconds to save a few dozen bytes.
pub const MIN_COMPRESSED: usize = 1024;

/// Level 2 is where zlib-rs bends: 1.2 KB of JSON take it 8 us and become 391 bytes. Level 1 takes 3 us for 511 bytes,
/// level 6 takes 10 us for 361, and for 20 KB five times as long as level 2.
const LEVEL: u32 = 2;

/// The bytes that a sender removes from the end of a compressed message and a receiver restores.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

thread_local! {
    /// A compressor and its window bits, for the next message compressed on this thread.
    static COMPRESSOR: Cell<Option<(u8, Compress)>> = const { Cell::new(None) };
    /// A decompressor that is not in use.
    static DECOMPRESSOR: Cell<Option<Decompress>> = const { Cell::new(None) };
}

/// The negotiated parameters of permessage-deflate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deflate {
    /// The window a client limited us to, in bits; 9 to 15.
    window: Option<u8>,
}

impl Deflate {
    pub(super) const fn with_window(window: Option<u8>) -> Self {
        Self { window }
    }

    /// The value of `Sec-WebSocket-Extensions` that accepts the client's offer.
    pub fn response(&self) -> String {
        let mut response =
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
        if let Some(bits) = self.window {
            response.push_str(&format!("; server_max_window_bits={bits}"));
        }
        response
    }

    /// Appends `payload` to `out` in compressed form; leaves `out` as it was and returns false if that is not shorter.
    pub fn compress(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let window = self.window.unwrap_or(15);
        let pooled = COMPRESSOR.take().filter(|(bits, _)| *bits == window);
        let new = || Compress::new_with_window_bits(Compression::new(LEVEL), false, window);
        let mut compressor = pooled.map_or_else(new, |(_, compressor)| compressor);
        // Room for incompressible data too: zlib-rs 0.6 may panic when a compressor is used again, even after a reset,
        // that once ran out of room.
        out.reserve(payload.len() + payload.len() / 8 + 64);
        let flushed =
            compressor.compress_vec(payload, out, FlushCompress::Sync).is_ok() && out.len() < out.capacity();
        if flushed {
            compressor.reset();
            COMPRESSOR.set(Some((window, compressor)));
        }
        let body = out.get(start..).and_then(|body| body.strip_suffix(&TAIL));
        match body.map(<[u8]>::len).filter(|len| flushed && *len < payload.len()) {
            Some(len) => {
                out.truncate(start + len);
                true
            }
            None => {
                out.truncate(start);
                false
            }
        }
    }

    /// Moves complete frames of ours from `frames` to `out`, messages of [`MIN_COMPRESSED`] bytes and more in
    /// compressed form if that is shorter, until `enough` bytes are there. Returns how many bytes of `frames` that took.
    pub fn compress_frames(&self, frames: &[u8], enough: usize, out: &mut Vec<u8>) -> usize {
        let mut rest = frames;
        let start = out.len();
        while out.len() - start < enough
            && let Some((opcode, header, payload)) = frame::split_own(rest)
        {
            let size = header + payload.len();
            let is_message = matches!(opcode, Opcode::Text | Opcode::Binary);
            let mut copy_as_is = true;
            if is_message && payload.len() >= MIN_COMPRESSED {
                let mark = frame::begin_sized(out, payload.len());
                if self.compress(payload, out) {
                    frame::finish(out, mark, opcode, true);
                    copy_as_is = false;
                } else {
                    out.truncate(mark.start());
                }
            }
            let (whole, after) = rest.split_at(size);
            if copy_as_is {
                out.extend_from_slice(whole);
            }
            rest = after;
        }
        frames.len() - rest.len()
    }
}

/// Decompresses one message, as its bytes arrive.
#[derive(Debug)]
pub(super) struct Inflater {
    /// Always there until it goes back to the thread's pool.
    state: Option<Decompress>,
    /// Input after the last byte of the message that is still to be decompressed.
    tail: &'static [u8],
}

impl Inflater {
    pub(super) fn new() -> Self {
        let state = DECOMPRESSOR.take().unwrap_or_else(|| Decompress::new(false));
        Self { state: Some(state), tail: &TAIL }
    }

    /// Appends what `input` decompresses to and leaves there what was not needed yet; more than `limit` bytes in `out` are
    /// a failure.
    pub(super) fn feed(&mut self, input: &mut &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), Failure> {
        loop {
            if out.len() == out.capacity() {
                let room = limit.saturating_sub(out.len()).saturating_add(1);
                out.reserve_exact(room.min(out.len().max(4 * input.len()).max(512)));
            }
            let more = self.inflate(input, out);
            // An error may follow directly after the part that is too long.
            if out.len() > limit {
                return Err(Failure::too_big(limit));
            }
            if !more? {
                return Ok(());
            }
        }
    }

    /// Appends what is left when the message is complete.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>, limit: usize) -> Result<(), Failure> {
        let mut tail = self.tail;
        let fed = self.feed(&mut tail, out, limit);
        self.tail = tail;
        fed
    }

    /// Appends what `input` decompresses to, as far as `out` has room, and says whether there may be more of it.
    pub(super) fn inflate(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Result<bool, Failure> {
        const INVALID: Failure = Failure::content("compressed message is not valid DEFLATE data");
        let Some(state) = &mut self.state else { return Ok(false) };
        while out.len() < out.capacity() {
            let (fed, made) = (state.total_in(), state.total_out());
            let status = state.decompress_vec(input, out, FlushDecompress::None);
            let used = state.total_in() - fed;
            *input = usize::try_from(used).ok().and_then(|used| input.get(used..)).unwrap_or_default();
            let stuck = used == 0 && state.total_out() == made;
            let ended = status.map_err(|_| INVALID)? == Status::StreamEnd;
            if ended {
                // A sender may end its DEFLATE stream; a new one follows.
                state.reset(false);
            }
            if out.len() < out.capacity() {
                if input.is_empty() {
                    return Ok(false);
                }
                if stuck && !ended {
                    return Err(INVALID);
                }
            } else if input.is_empty() && (stuck || ended) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// As [`inflate`](Self::inflate), of what is left when the message is complete.
    pub(super) fn inflate_tail(&mut self, out: &mut Vec<u8>) -> Result<bool, Failure> {
        let mut tail = self.tail;
        let more = self.inflate(&mut tail, out);
        self.tail = tail;
        more
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        if let Some(mut state) = self.state.take() {
            state.reset(false);
            // The pool is gone when the thread ends; then so may the state be.
            let _ = DECOMPRESSOR.try_with(|pool| pool.set(Some(state)));
        }
    }
}
