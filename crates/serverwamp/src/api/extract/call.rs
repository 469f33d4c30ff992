//! Extractors of a call's caller: who it is, and that it no longer wants the call.

use super::FromRequest;
use crate::WampError;
use crate::peering::{CallState, Caller, Invocation, RealmPeer};
use std::convert::Infallible;
use std::sync::Arc;

/// Completes when the call is canceled, times out, or its caller leaves.
///
/// A handler without this argument is simply dropped at that moment: dropping is cancellation, and `Drop` is cleanup.
/// A handler with it goes on, for [`Limits::grace`](crate::Limits::grace) at the most, and may still wind up its work;
/// with mode `kill` the caller even gets its answer.
///
/// ```
/// use serverwamp::extract::Canceled;
/// use serverwamp::WampError;
/// # async fn step() {}
/// # async fn undo() {}
///
/// async fn transfer(canceled: Canceled) -> Result<&'static str, WampError> {
///     for _ in 0..10 {
///         if canceled.is_canceled() {
///             undo().await;
///             return Err(WampError::canceled("taken back"));
///         }
///         step().await;
///     }
///     Ok("transferred")
/// }
/// # serverwamp::RouteSet::<()>::new().procedure("bank.transfer", transfer);
/// ```
#[derive(Clone, Debug)]
pub struct Canceled(Arc<CallState>);

impl Canceled {
    /// Waits until the call is canceled.
    pub async fn canceled(&self) {
        self.0.stop.wait().await;
    }

    /// Returns whether the call has been canceled.
    pub fn is_canceled(&self) -> bool {
        self.0.stop.get().is_some()
    }
}

impl<S: Sync> FromRequest<Invocation, S> for Caller {
    type Rejection = Infallible;

    async fn from_request(request: &mut Invocation, _: &S) -> Result<Self, Infallible> {
        Ok(request.caller())
    }
}

impl<S: Sync> FromRequest<Invocation, S> for RealmPeer {
    type Rejection = WampError;

    async fn from_request(request: &mut Invocation, _: &S) -> Result<Self, WampError> {
        request.call.source.realm_peer()
    }
}

impl<S: Sync> FromRequest<Invocation, S> for Canceled {
    type Rejection = Infallible;

    async fn from_request(request: &mut Invocation, _: &S) -> Result<Self, Infallible> {
        request.call.handler_winds_up();
        Ok(Self(Arc::clone(&request.call)))
    }
}
