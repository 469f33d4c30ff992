//! Progressive results: a sink for straight-line code, a stream for existing streams.

use super::{CallReply, Encoded, IntoReply, ToPayload, via};
use crate::WampError;
use crate::api::extract::FromRequest;
use crate::router::call::CallState;
use crate::router::request::Invocation;
use futures_core::Stream;
use futures_util::StreamExt;
use serverwamp_proto::codec::Serializer;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

/// Where a handler sends progressive results.
///
/// A caller that did not ask for them gets only the final result.
///
/// ```
/// use serverwamp::extract::Arg;
/// use serverwamp::{Progress, WampError};
///
/// async fn export(Arg(rows): Arg<u32>, progress: Progress) -> Result<&'static str, WampError> {
///     for row in 0..rows {
///         progress.send(row).await?; // waits while the caller does not read
///     }
///     Ok("done")
/// }
/// # serverwamp::RouteSet::<()>::new().procedure("docs.export", export);
/// ```
#[derive(Clone, Debug)]
pub struct Progress {
    call: Arc<CallState>,
}

impl Progress {
    /// Did the caller ask for progressive results?
    pub fn requested(&self) -> bool {
        self.call.receive_progress
    }

    /// Sends one progressive result, and waits while the caller's queue is more than a quarter full.
    ///
    /// Does nothing when the caller did not ask for progress.
    ///
    /// # Errors
    /// `wamp.error.canceled` when the call is over: answered, canceled, timed out, or its caller gone. Give it to `?`.
    pub async fn send<M>(&self, value: impl ToPayload<M>) -> Result<(), WampError> {
        if self.call.stop.get().is_some() {
            return Err(WampError::call_canceled());
        }
        if !self.call.receive_progress {
            return Ok(());
        }
        let encoded = value.to_payload(self.call.session.serializer())?;
        self.call.send_progress(encoded).await
    }
}

impl<S: Sync> FromRequest<Invocation, S> for Progress {
    type Rejection = Infallible;

    async fn from_request(request: &mut Invocation, _: &S) -> Result<Self, Infallible> {
        Ok(Self { call: Arc::clone(&request.call) })
    }
}

/// A stream as a reply: each item is a progressive result, the end of the stream the final one.
///
/// Items are anything a procedure can return, also a `Result`: an `Err` ends the call. The final result is empty.
///
/// ```
/// use serverwamp::Progressive;
/// use futures_util::stream;
///
/// async fn count() -> Progressive<impl futures_core::Stream<Item = u32>> {
///     Progressive::new(stream::iter(0..10))
/// }
/// # serverwamp::RouteSet::<()>::new().procedure("demo.count", count);
/// ```
#[must_use]
pub struct Progressive<St>(St);

impl<St: Stream> Progressive<St> {
    /// Answers with the items of `stream`.
    pub fn new(stream: St) -> Self {
        Self(stream)
    }
}

impl<St> fmt::Debug for Progressive<St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progressive").finish()
    }
}

/// An item of a [`Progressive`] stream.
pub trait IntoItem<M> {
    #[doc(hidden)]
    fn into_item(self, serializer: Serializer) -> Result<Encoded, WampError>;
}

impl<T: ToPayload<via::Value>> IntoItem<via::Value> for T {
    fn into_item(self, serializer: Serializer) -> Result<Encoded, WampError> {
        self.to_payload(serializer)
    }
}

impl<T: ToPayload<via::Shape>> IntoItem<via::Shape> for T {
    fn into_item(self, serializer: Serializer) -> Result<Encoded, WampError> {
        self.to_payload(serializer)
    }
}

impl<T: ToPayload<M>, E: Into<WampError>, M> IntoItem<via::Fallible<M>> for Result<T, E> {
    fn into_item(self, serializer: Serializer) -> Result<Encoded, WampError> {
        self.map_err(Into::into)?.to_payload(serializer)
    }
}

impl<St, M> IntoReply<Invocation, via::Streamed<M>> for Progressive<St>
where
    St: Stream + Send,
    St::Item: IntoItem<M> + Send,
{
    async fn into_reply(self, request: Invocation) -> CallReply {
        let serializer = request.payload.serializer;
        let progress = Progress { call: Arc::clone(&request.call) };
        let mut items = std::pin::pin!(self.0);
        while let Some(item) = items.next().await {
            let sent = match item.into_item(serializer) {
                Ok(encoded) if progress.requested() => progress.call.send_progress(encoded).await,
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                return CallReply::error(error);
            }
        }
        CallReply(Ok(Encoded::empty(serializer)))
    }
}
