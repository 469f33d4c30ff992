//! The bodies of requests, which are collected only as far as they may be kept.
//!
//! Invariant: what is kept of a body is its bytes: no buffer of the connection, of which each piece may hold a whole one.

use std::pin::pin;

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
        /// Its first [`HEAD`] bytes, as far as they are known.
        head: Bytes,
    },
    #[error("the body cannot be read: {0}")]
    Broken(String),
    #[error("the body took too long")]
    Slow,
}

/// Collects a body of up to `bound` bytes, as that is when each piece comes, as long as `hold` takes the pieces: it is
/// told how many bytes more there are, and the bound.
pub(super) async fn collect<B>(
    body: B,
    bound: impl Fn() -> usize,
    mut hold: impl FnMut(usize, usize) -> bool,
) -> Result<Bytes, Unread>
where
    B: Body,
    B::Error: std::error::Error,
{
    let mut collected = Vec::new();
    let mut body = pin!(body);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Unread::Broken(error.to_string()))?;
        let Ok(mut data) = frame.into_data() else { continue };
        let (bound, more) = (bound(), data.remaining());
        let room = bound.saturating_sub(collected.len());
        if more > room || !hold(more, bound) {
            let lacking = HEAD.saturating_sub(collected.len()).min(data.chunk().len());
            let begin = collected.get(..HEAD).unwrap_or(&collected);
            let head = [begin, data.chunk().get(..lacking).unwrap_or_default()].concat().into();
            return Err(Unread::TooLong { bound, head });
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
