//! The future of a call's results.

use super::call::{CallResult, FromResults, StartedCall};
use crate::WampError;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The results of a call that is out, as a `T`; what awaiting a [`Calling`](crate::Calling) awaits.
///
/// Dropped before they are there, the call is canceled.
#[must_use = "dropped, it cancels the call"]
pub struct CallFuture<T> {
    pub(super) call: Box<dyn StartedCall>,
    pub(super) procedure: String,
    pub(super) results: PhantomData<fn() -> T>,
}

impl<T: FromResults> Future for CallFuture<T> {
    type Output = Result<T, WampError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let payload = ready!(self.call.poll_answer(cx))?;
        Poll::Ready(T::from_results(CallResult::new(std::mem::take(&mut self.procedure), payload)))
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").field("procedure", &self.procedure).finish_non_exhaustive()
    }
}
