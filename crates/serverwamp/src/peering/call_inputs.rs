//! A call that application code makes with more than one input.

use super::call::{CallResult, ProgressResults};
use super::payload::ToArguments;
use crate::base::error::WampError;
use std::fmt;

/// A call whose caller sends more input; made by [`Calling::with_inputs`](crate::Calling::with_inputs).
///
/// Dropped before it has [finished](Self::finish), the call is canceled. Spec: advanced, "Progressive Call Invocations".
#[must_use = "a call that is dropped is canceled"]
pub struct CallInputs(pub(super) ProgressResults);

impl CallInputs {
    /// Sends a further input, when there is room for it.
    ///
    /// # Cancel safety
    /// Dropped before it completes, the input may not have been sent.
    ///
    /// # Errors
    /// `wamp.error.canceled` when the call has its answer already, which [`finish`](Self::finish) gives; otherwise why the input
    /// cannot be sent.
    pub async fn send<M>(&mut self, input: impl ToArguments<M>) -> Result<(), WampError> {
        self.send_one(input, false).await
    }

    /// Sends the last input; the progressive results that are yet to come, and the final one.
    ///
    /// If the call has its answer already, that is what they end with.
    ///
    /// # Errors
    /// When the input cannot be sent; the call is then canceled.
    pub async fn finish<M>(mut self, last: impl ToArguments<M>) -> Result<ProgressResults, WampError> {
        match self.send_one(last, true).await {
            Err(error) if error.uri() != serverwamp_proto::uris::error::CANCELED => Err(error),
            _ => Ok(self.0),
        }
    }

    /// The next progressive result; `None` when the final one is there, which [`finish`](Self::finish) gives.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<CallResult> {
        self.0.next().await
    }

    async fn send_one<M>(&mut self, input: impl ToArguments<M>, last: bool) -> Result<(), WampError> {
        let call = &mut self.0.call;
        let payload = input.to_arguments(call.encodes_in())?;
        call.room().await;
        call.send_input(payload, last)
    }
}

impl fmt::Debug for CallInputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallInputs").finish_non_exhaustive()
    }
}
