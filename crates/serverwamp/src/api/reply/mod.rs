//! The return values of handlers, and their conversion into answers.
//!
//! | a procedure returns | the caller gets |
//! |---|---|
//! | any `T: Serialize`, also a tuple, a `Vec`, a struct or a map | one positional result |
//! | `()`, `None` | an empty result |
//! | [`Args((a, b))`](crate::extract::Args) | several positional results |
//! | [`Kwargs(map)`](crate::extract::Kwargs) | keyword results |
//! | `(Args(..), Kwargs(..))` | both |
//! | [`Progressive`] | a progressive result for each item of a stream, and a final one: empty, a future's output, or a [`Step`] of the stream |
//! | `Result<any of these, E>` with `E: Into<WampError>` | that, or an ERROR |
//!
//! A function returns one value, so **a returned map is one positional map and no keywords, a returned tuple or `Vec`
//! one positional list**; `Kwargs` and `Args` say otherwise. What is *given* to a call or an event follows the other rule:
//! there, a tuple is the positional arguments ([`ToArguments`]).
//!
//! ```
//! # use std::collections::BTreeMap;
//! use serverwamp::extract::{Args, Kwargs};
//!
//! async fn one_map() -> BTreeMap<&'static str, i64> {
//!     BTreeMap::from([("a", 1)]) // [{"a": 1}]
//! }
//! async fn keywords() -> Kwargs<BTreeMap<&'static str, i64>> {
//!     Kwargs(BTreeMap::from([("a", 1)])) // [], {"a": 1}
//! }
//! async fn one_list() -> (i64, i64) {
//!     (7, 2) // [[7, 2]]
//! }
//! async fn two_results() -> Args<(i64, i64)> {
//!     Args((7, 2)) // [7, 2]
//! }
//! # serverwamp::RouteSet::<()>::new()
//! #     .procedure("a", one_map).procedure("b", keywords).procedure("c", one_list).procedure("d", two_results);
//! ```
//!
//! An `Err` never travels as a success. `Result<T, E>` is `Serialize` when both halves are, and then serde would
//! write `{"Err": ..}` as an ordinary value; that shape is recognised and sent as `wamp.error.runtime_error` with the
//! error as its argument.

#[cfg(feature = "server")]
mod lifecycle;
mod progress;
mod shapes;

pub use crate::peering::payload::{CallReply, ToArguments, ToPayload, via};
#[cfg(feature = "server")]
pub use lifecycle::{Events, Hold};
pub use progress::{IntoItem, Progress, Progressive, Step};

use crate::WampError;
use crate::peering::payload::encode_value;
use crate::peering::{Invocation, Request};
use futures_util::future::Either;
use serde::Serialize;
use std::future::{Future, ready};

/// A value that can answer an `R`. `M` only guides inference.
///
/// As the answer to a call, a map is one positional map and a tuple one positional list: the [table](self) of replies says
/// what else there is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot answer the request `{R}`",
    label = "not a reply to this request",
    note = "a procedure returns any `serde::Serialize`, `Args`, `Kwargs`, `Progressive`, or a `Result` of these whose error converts into `WampError`",
    note = "the documentation of the module `serverwamp::reply` has a table of replies"
)]
pub trait IntoReply<R: Request, M> {
    /// Makes the reply; for lifecycles this lasts as long as the life does.
    fn into_reply(self, request: R) -> impl Future<Output = R::Reply> + Send;
}

impl Invocation {
    /// Makes the reply to this call; for services that are not handlers.
    ///
    /// ```
    /// # use serverwamp::{Realm, request::Invocation};
    /// # use std::convert::Infallible;
    /// let realm = Realm::<()>::new("proxy").allow_anonymous("guest").service(tower::service_fn(|call: Invocation| async move {
    ///     let procedure = call.procedure().to_owned();
    ///     Ok::<_, Infallible>(call.reply(procedure).await)
    /// }));
    /// ```
    pub async fn reply<M>(self, value: impl IntoReply<Self, M>) -> CallReply {
        value.into_reply(self).await
    }
}

impl<T: Serialize + Send> IntoReply<Invocation, via::Value> for T {
    fn into_reply(self, request: Invocation) -> impl Future<Output = CallReply> + Send {
        let result = encode_value(request.payload.serializer, &self);
        ready(request.replied(result))
    }
}

impl<R, T, E, M> IntoReply<R, via::Fallible<M>> for Result<T, E>
where
    R: Request,
    T: IntoReply<R, M> + Send,
    E: Into<WampError> + Send,
{
    fn into_reply(self, request: R) -> impl Future<Output = R::Reply> + Send {
        match self {
            Ok(value) => Either::Left(value.into_reply(request)),
            Err(error) => Either::Right(ready(R::refuse(error.into()))),
        }
    }
}
