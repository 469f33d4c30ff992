//! The place that the futures of one handler are put into, one after the other, so that a call needs no memory of its own.

use super::Request;
use std::future::Future;
use std::task::{Context, Poll};

/// A place for the futures of one handler. It is a future itself: the one that was put in last.
pub(crate) trait HandlerSlot<R: Request>: Future<Output = R::Reply> + Send + Unpin {
    /// Puts the handler's future for `request` in, in place of the last one, and polls it once.
    ///
    /// After a panic the slot holds a future that must not be polled.
    fn begin(&mut self, request: R, cx: &mut Context<'_>) -> Poll<R::Reply>;
}
