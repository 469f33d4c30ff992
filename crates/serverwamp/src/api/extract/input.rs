//! An extractor of calls that bring more than one input.

use super::FromRequest;
use crate::peering::{Inputs, Invocation};
use futures_core::Stream;
use serverwamp_proto::message::Passthru;
use serverwamp_proto::payload::Payload;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The inputs of a call, the first one included, for as long as the caller sends more.
///
/// A procedure whose handler takes it accepts progressive calls; others answer those with
/// `wamp.error.feature_not_supported`. A plain call has one input. Spec: advanced, "Progressive Call Invocations".
///
/// ```
/// use serverwamp::WampError;
/// use serverwamp::extract::CallInput;
///
/// async fn sum(mut input: CallInput) -> Result<i64, WampError> {
///     let mut sum = 0;
///     while let Some(numbers) = input.next().await {
///         let (number,): (i64,) = numbers.bind()?;
///         sum += number;
///     }
///     Ok(sum)
/// }
/// # serverwamp::RouteSet::<()>::new().procedure("math.sum", sum);
/// ```
#[derive(Debug)]
pub struct CallInput {
    first: Option<Payload>,
    /// The attributes of the first input, which count for all (checklist PCI-11, PPT-14).
    passthru: Option<Box<Passthru>>,
    rest: Option<Arc<Inputs>>,
}

impl CallInput {
    /// The next input; `None` when the caller has sent its last one.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Payload> {
        poll_fn(|cx| self.poll_input(cx)).await
    }

    fn poll_input(&mut self, cx: &Context<'_>) -> Poll<Option<Payload>> {
        match (self.first.take(), &self.rest) {
            (Some(first), _) => Poll::Ready(Some(first)),
            (None, Some(rest)) => {
                rest.poll_next(cx).map(|input| input.map(|input| input.packed(self.passthru.clone())))
            }
            (None, None) => Poll::Ready(None),
        }
    }
}

impl Stream for CallInput {
    type Item = Payload;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Payload>> {
        self.poll_input(cx)
    }
}

impl<S: Sync> FromRequest<Invocation, S> for CallInput {
    type Rejection = Infallible;

    const TAKES_INPUT: bool = true;

    async fn from_request(request: &mut Invocation, _: &S) -> Result<Self, Infallible> {
        let first = request.payload.to_keep();
        Ok(Self { passthru: first.passthru.clone(), first: Some(first), rest: request.call.inputs.clone() })
    }
}
