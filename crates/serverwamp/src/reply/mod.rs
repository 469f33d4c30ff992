//! What handlers return, and how it becomes the answer.
//!
//! | a procedure returns | the caller gets |
//! |---|---|
//! | any `T: Serialize` | one positional result |
//! | `()`, `None` | an empty result |
//! | [`Args((a, b))`](crate::extract::Args) | several positional results |
//! | [`Kwargs(t)`](crate::extract::Kwargs) | keyword results |
//! | `(Args(..), Kwargs(..))` | both |
//! | [`Progressive`] | a progressive result for each item of a stream, and a final one |
//! | `Result<any of these, E>` with `E: Into<WampError>` | that, or an ERROR |
//!
//! An `Err` never travels as a success. `Result<T, E>` is `Serialize` when both halves are, and then serde would
//! write `{"Err": ..}` as an ordinary value; that shape is recognised and sent as `wamp.error.runtime_error` with the
//! error as its argument.

mod lifecycle;
mod payload;
mod progress;
mod value;

pub use lifecycle::Hold;
pub use payload::{Encoded, ToPayload};
pub use progress::{Progress, Progressive};
pub(crate) use value::encode_value;

use crate::WampError;
use crate::request::{Invocation, Request};
use futures_util::future::Either;
use serde::Serialize;
use std::future::{Future, ready};

/// Marks, for type inference alone, how a value becomes a reply.
pub mod via {
    /// Any `serde::Serialize`.
    #[derive(Debug)]
    pub enum Value {}
    /// `Args`, `Kwargs` and what else has a meaning of its own.
    #[derive(Debug)]
    pub enum Shape {}
    /// A `Result` whose success is converted via `M`.
    #[derive(Debug)]
    pub struct Fallible<M>(std::marker::PhantomData<M>);
    /// A stream whose items are converted via `M`.
    #[derive(Debug)]
    pub struct Streamed<M>(std::marker::PhantomData<M>);
    /// `()`: nothing to say, so yes.
    #[derive(Debug)]
    pub enum Unit {}
}

/// A value that can answer an `R`. `M` only guides inference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot answer `{R}`",
    label = "this return type is no reply",
    note = "a procedure returns any `serde::Serialize`, `Args`, `Kwargs`, `Progressive`, or a `Result` of these whose error converts into `WampError`",
    note = "see https://docs.rs/serverwamp/latest/serverwamp/reply"
)]
pub trait IntoReply<R: Request, M> {
    /// Makes the reply; for lifecycles this lasts as long as the life does.
    fn into_reply(self, request: R) -> impl Future<Output = R::Reply> + Send;
}

/// The answer to a call, encoded for its caller.
#[derive(Debug)]
pub struct CallReply(pub(crate) Result<Encoded, WampError>);

impl CallReply {
    /// An ERROR.
    pub fn error(error: WampError) -> Self {
        Self(Err(error))
    }

    /// Is it a RESULT?
    pub fn is_ok(&self) -> bool {
        self.0.is_ok()
    }

    /// The error, if it is one.
    pub fn as_error(&self) -> Option<&WampError> {
        self.0.as_ref().err()
    }
}

impl From<WampError> for CallReply {
    fn from(error: WampError) -> Self {
        Self(Err(error))
    }
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
        ready(CallReply(encode_value(request.payload.serializer, &self)))
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
