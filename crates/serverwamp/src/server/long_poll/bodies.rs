//! The bodies of requests, which are collected only as far as they may be kept.
//!
//! Invariant: what is kept of a body is its bytes: no buffer of the connection, of which each piece may hold a whole one.

use std::pin::Pin;

use bytes::{Buf as _, Bytes};
use http_body::Body;
use http_body_util::BodyExt as _;
use serverwamp_proto::message::HEAD;

/// Why a body is not there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("the body, with the other bodies being read for this transport, is longer than {bound} bytes")]
    TooLong {
        bound: usize,
        /// The collected bytes, and the piece that exceeded the limit, as far as they are known.
        begin: [Bytes; 2],
    },
    #[error("a message of the batch is longer than {limit} bytes; it was dropped, and the others were taken")]
    Dropped { limit: usize },
    #[error("the body cannot be read: {0}")]
    Broken(String),
    #[error("the body took too long")]
    Slow,
}

/// The first [`HEAD`] bytes of what begins like this.
pub(super) fn head([collected, piece]: &[Bytes; 2]) -> Bytes {
    let mut head = collected.get(..HEAD).unwrap_or(collected).to_vec();
    head.extend_from_slice(piece.get(..HEAD - head.len()).unwrap_or(piece));
    head.into()
}

/// Collects a body of up to `bound` bytes, as that is when each piece comes, as long as `hold` takes the pieces: it is
/// told how many bytes more there are, and the bound.
pub(super) async fn collect<B>(
    mut body: Pin<&mut B>,
    bound: impl Fn() -> usize,
    mut hold: impl FnMut(usize, usize) -> bool,
) -> Result<Bytes, Unread>
where
    B: Body,
    B::Error: std::error::Error,
{
    let mut collected = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Unread::Broken(error.to_string()))?;
        let Ok(mut data) = frame.into_data() else { continue };
        let (bound, more) = (bound(), data.remaining());
        let room = bound.saturating_sub(collected.len());
        if more > room || !hold(more, bound) {
            let begin = [collected.into(), data.copy_to_bytes(more)];
            return Err(Unread::TooLong { bound, begin });
        }
        if collected.capacity() - collected.len() < more {
            // As a vector grows, but not beyond what it may have.
            collected.reserve_exact(collected.len().clamp(more, room));
        }
        while data.has_remaining() {
            let piece = data.chunk().len();
            collected.extend_from_slice(data.chunk());
            data.advance(piece);
        }
    }
    Ok(collected.into())
}
