//! A request that waits for the next session.

use super::link::{Link, PlacedRequest};
use crate::base::error::WampError;
use crate::base::signal::Signal;
use crate::rt::BoxFuture;
use futures_util::future::{Either, select};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

/// Where a request was sent, or why it was not.
pub(super) type Placement = Signal<Result<PlacedRequest, WampError>>;

/// A request that waits for the next session. Dropped, it is not sent, unless it has been.
pub(in crate::client) struct QueuedRequest {
    link: Arc<Link>,
    ticket: u64,
    placement: Arc<Placement>,
    placed: BoxFuture<'static, Result<PlacedRequest, WampError>>,
}

impl QueuedRequest {
    /// A request with this ticket, which waits until `deadline`: that of its own timeout, if it has one.
    pub(super) fn new(
        link: Arc<Link>,
        ticket: u64,
        placement: Arc<Placement>,
        deadline: Instant,
        has_timeout: bool,
    ) -> Self {
        let sleep = link.runtime().sleep_until(deadline);
        let (waiting, waited_for) = (Arc::clone(&link), Arc::clone(&placement));
        let placed = Box::pin(async move {
            if let Either::Left((placed, _)) = select(pin!(waited_for.wait()), sleep).await {
                return placed;
            }
            if waiting.withdraw(ticket) {
                return Err(waiting.late(has_timeout));
            }
            // It is being sent at this moment.
            waited_for.wait().await
        });
        Self { link, ticket, placement, placed }
    }

    /// Takes the request back; `false` when it has been sent, or has failed.
    pub(in crate::client) fn withdraw(&self) -> bool {
        self.link.withdraw(self.ticket)
    }

    /// Where it was sent, if it was.
    pub(in crate::client) fn placed(&self) -> Option<&PlacedRequest> {
        self.placement.get()?.as_ref().ok()
    }
}

impl Future for QueuedRequest {
    type Output = Result<PlacedRequest, WampError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.placed.as_mut().poll(cx)
    }
}

impl Drop for QueuedRequest {
    fn drop(&mut self) {
        self.withdraw();
    }
}
