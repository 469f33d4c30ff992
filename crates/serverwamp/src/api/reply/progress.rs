//! Progressive results: a sink for straight-line code, a stream for existing streams.

use super::{CallReply, IntoReply, ToPayload, via};
use crate::WampError;
use crate::api::extract::FromRequest;
use crate::peering::{CallState, Invocation};
use futures_core::Stream;
use futures_util::StreamExt;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::payload::Payload;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::pin;
use std::sync::Arc;

/// The sink for a handler's progressive results.
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
    /// It does nothing if the caller did not ask for progress.
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
        let encoded = value.to_payload(self.call.source.serializer())?;
        self.call.send_progress(encoded).await
    }
}

impl<S: Sync> FromRequest<Invocation, S> for Progress {
    type Rejection = Infallible;

    async fn from_request(request: &mut Invocation, _: &S) -> Result<Self, Infallible> {
        Ok(Self { call: Arc::clone(&request.call) })
    }
}

/// A stream as a reply: each item is a progressive result, and the end of the stream ends the call.
///
/// Items are anything a procedure can return, also a `Result`: an `Err` ends the call. The final result is
///
/// * empty, unless something says otherwise;
/// * what the future given to [`finish`](Self::finish) comes to, when the stream has ended;
/// * an item of the stream itself, where the items are [`Step`]s. What would come behind it is not asked for.
///
/// Code that is a loop and not a stream takes [`Progress`] as an argument, and returns the final result.
///
/// ```
/// use futures_core::Stream;
/// use futures_util::{StreamExt, stream};
/// use serverwamp::reply::Step;
/// use serverwamp::{Progressive, WampError};
/// use std::future::Future;
/// # async fn checksum_of(_: &str) -> Result<u32, WampError> { Ok(7) }
///
/// async fn count() -> Progressive<impl Stream<Item = u32>> {
///     Progressive::new(stream::iter(0..10))
/// }
///
/// /// The result is known when everything has been sent.
/// async fn download() -> Progressive<impl Stream<Item = u32>, impl Future<Output = Result<u32, WampError>>> {
///     Progressive::new(stream::iter([1, 2, 3])).finish(async { checksum_of("the file").await })
/// }
///
/// /// The stream itself finds the result.
/// async fn search() -> Progressive<impl Stream<Item = Result<Step<u32, &'static str>, WampError>>> {
///     let tried = stream::iter(0..3).map(|candidate| Ok(Step::Progress(candidate)));
///     Progressive::new(tried.chain(stream::once(async { Ok(Step::Final("found")) })))
/// }
/// # serverwamp::RouteSet::<()>::new()
/// #     .procedure("demo.count", count).procedure("demo.download", download).procedure("demo.search", search);
/// ```
#[must_use]
pub struct Progressive<St, Fut = Ready<()>> {
    items: St,
    result: Fut,
}

impl<St: Stream> Progressive<St> {
    /// Answers with the items of `stream`, and with an empty final result unless one of them is a [`Step::Final`].
    pub fn new(stream: St) -> Self {
        Self { items: stream, result: ready(()) }
    }

    /// Answers with the output of `result`, anything that a procedure can return, when the stream has ended.
    ///
    /// It is polled then and not before. If the stream ends the call by itself, it is dropped.
    pub fn finish<Fut: Future>(self, result: Fut) -> Progressive<St, Fut> {
        Progressive { items: self.items, result }
    }
}

impl<St, Fut> fmt::Debug for Progressive<St, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progressive").finish()
    }
}

/// An item of a [`Progressive`] stream that ends with a result of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step<P, F> {
    /// A progressive result.
    Progress(P),
    /// The final result. The stream is dropped.
    Final(F),
}

/// An item of a [`Progressive`] stream: what a procedure can return, a [`Step`], or a `Result` of either.
pub trait IntoItem<M> {
    #[doc(hidden)]
    fn into_item(self, serializer: Serializer) -> Result<Step<Payload, Payload>, WampError>;
}

impl<T: ToPayload<via::Value>> IntoItem<via::Value> for T {
    fn into_item(self, serializer: Serializer) -> Result<Step<Payload, Payload>, WampError> {
        self.to_payload(serializer).map(Step::Progress)
    }
}

impl<T: ToPayload<via::Shape>> IntoItem<via::Shape> for T {
    fn into_item(self, serializer: Serializer) -> Result<Step<Payload, Payload>, WampError> {
        self.to_payload(serializer).map(Step::Progress)
    }
}

impl<P: ToPayload<M>, F: ToPayload<N>, M, N> IntoItem<via::Step<M, N>> for Step<P, F> {
    fn into_item(self, serializer: Serializer) -> Result<Step<Payload, Payload>, WampError> {
        match self {
            Self::Progress(value) => value.to_payload(serializer).map(Step::Progress),
            Self::Final(value) => value.to_payload(serializer).map(Step::Final),
        }
    }
}

impl<T: IntoItem<M>, E: Into<WampError>, M> IntoItem<via::Fallible<M>> for Result<T, E> {
    fn into_item(self, serializer: Serializer) -> Result<Step<Payload, Payload>, WampError> {
        self.map_err(Into::into)?.into_item(serializer)
    }
}

impl<St, Fut, M, N> IntoReply<Invocation, via::Streamed<(M, N)>> for Progressive<St, Fut>
where
    St: Stream + Send,
    St::Item: IntoItem<M> + Send,
    Fut: Future + Send,
    Fut::Output: IntoReply<Invocation, N> + Send,
{
    async fn into_reply(self, request: Invocation) -> CallReply {
        let serializer = request.payload.serializer;
        let call = Arc::clone(&request.call);
        {
            let mut items = pin!(self.items);
            while let Some(item) = items.next().await {
                let sent = match item.into_item(serializer) {
                    Ok(Step::Progress(encoded)) if call.receive_progress => call.send_progress(encoded).await,
                    Ok(Step::Progress(_)) => Ok(()),
                    Ok(Step::Final(encoded)) => return CallReply::new(Ok(encoded)),
                    Err(error) => Err(error),
                };
                if let Err(error) = sent {
                    return CallReply::error(error);
                }
            }
        }
        self.result.await.into_reply(request).await
    }
}
