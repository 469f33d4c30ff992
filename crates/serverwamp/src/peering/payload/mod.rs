//! Values as arguments and keyword arguments of a message, written and read: of a RESULT, a progressive RESULT, an EVENT.

mod arguments;
mod passthru;
mod read;
mod value;
pub mod via;

pub use self::arguments::{Arg, Args, Kwargs};
pub use self::passthru::PassthruPayload;
pub(crate) use self::read::{unreadable, unreadable_because};
pub(crate) use self::value::{encode_arguments, encode_value};

use crate::base::error::WampError;
use crate::base::log::line;
use crate::peering::CallState;
use serde::Serialize;
use serverwamp_proto::codec::{EncodeError, Serializer};
use serverwamp_proto::payload::{Part, Payload, encode_args, encode_kwargs};
use serverwamp_proto::uris;
use std::cell::Cell;
use std::sync::Arc;

/// The answer to a call, encoded for its caller.
#[derive(Debug)]
pub struct CallReply {
    pub(crate) result: Result<Payload, WampError>,
    /// The state of the call, where it comes back for the next one.
    pub(crate) call: Option<Arc<CallState>>,
}

impl CallReply {
    /// An ERROR.
    pub fn error(error: WampError) -> Self {
        Self::new(Err(error))
    }

    pub(crate) const fn new(result: Result<Payload, WampError>) -> Self {
        Self { result, call: None }
    }

    /// Returns whether it is a RESULT.
    pub fn is_ok(&self) -> bool {
        self.result.is_ok()
    }

    /// The error, if it is one.
    pub fn as_error(&self) -> Option<&WampError> {
        self.result.as_ref().err()
    }
}

impl From<WampError> for CallReply {
    fn from(error: WampError) -> Self {
        Self::error(error)
    }
}

/// The return type of a function that uses `?`.
impl<E: Into<WampError>> From<Result<Self, E>> for CallReply {
    fn from(reply: Result<Self, E>) -> Self {
        reply.unwrap_or_else(|error| Self::error(error.into()))
    }
}

/// A value that can be the result of a call: one value, [`Args`], [`Kwargs`], or both.
///
/// A tuple, a list and a map are one value each; what calls and events are given is [`ToArguments`]. `M` only guides
/// inference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent",
    note = "send any `serde::Serialize` as one positional result, `Args((a, b))` as several, `Kwargs(t)` as keywords, or `(Args(..), Kwargs(..))`"
)]
pub trait ToPayload<M> {
    /// Encodes the value.
    ///
    /// # Errors
    /// When the serializer cannot represent it, such as a NaN in JSON.
    fn to_payload(&self, serializer: Serializer) -> Result<Payload, WampError>;
}

impl<T: Serialize + ?Sized> ToPayload<via::Value> for T {
    fn to_payload(&self, serializer: Serializer) -> Result<Payload, WampError> {
        encode_value(serializer, self)
    }
}

/// A value that can be the arguments of a call or an event.
///
/// | given | sent |
/// |---|---|
/// | a tuple `(a, b)`, an array `[a, b]` | each element as a positional argument |
/// | `()`, `None` | no argument |
/// | any other `T: Serialize`: a number, a text, a `Vec`, a struct, a map | one positional argument |
/// | [`Args(t)`](Args) | each element of a tuple, an array, a `Vec` or a slice as a positional argument |
/// | [`Arg(t)`](Arg) | exactly one positional argument, a tuple as well |
/// | [`Kwargs(t)`](Kwargs) | each field of a struct or entry of a map as a keyword argument |
/// | `(Args(..), Kwargs(..))` | both |
/// | [`Payload`] | what it holds |
///
/// A map or a struct is one positional argument and no keywords unless [`Kwargs`] says so; a `Vec` is one list, because
/// how many elements it has is not part of its type. `M` only guides inference.
///
/// ```
/// use serverwamp::extract::{Arg, Args, Kwargs};
/// # use std::collections::BTreeMap;
/// # fn example(realm: serverwamp::RealmHandle, numbers: Vec<i64>, map: BTreeMap<String, i64>) -> Result<(), serverwamp::WampError> {
/// realm.publish("docs.changes", ("put", 7))?; // ["put", 7]
/// realm.publish("docs.changes", "put")?; // ["put"]
/// realm.publish("docs.changes", &numbers)?; // [[1, 2, 3]]
/// realm.publish("docs.changes", Args(&numbers))?; // [1, 2, 3]
/// realm.publish("docs.changes", Arg(("put", 7)))?; // [["put", 7]]
/// realm.publish("docs.changes", &map)?; // [{"a": 1}]
/// realm.publish("docs.changes", Kwargs(&map))?; // [], {"a": 1}
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent",
    note = "give a tuple of `serde::Serialize` for positional arguments, any other `Serialize` for one, `Kwargs(t)` for keywords, or `(Args(..), Kwargs(..))` for both"
)]
pub trait ToArguments<M> {
    /// Encodes the value.
    ///
    /// # Errors
    /// When the serializer cannot represent it, such as a NaN in JSON.
    fn to_arguments(&self, serializer: Serializer) -> Result<Payload, WampError>;
}

impl<T: Serialize + ?Sized> ToArguments<via::Value> for T {
    fn to_arguments(&self, serializer: Serializer) -> Result<Payload, WampError> {
        encode_arguments(serializer, self)
    }
}

thread_local! {
    /// Whether what this thread encodes are a client's own arguments.
    static OWN: Cell<bool> = const { Cell::new(false) };
}

/// Encodes arguments of a client for its router. Why that fails is no secret from who gave them, and nothing for a log.
#[cfg(feature = "client")]
pub(crate) fn encode_own<M>(
    arguments: &impl ToArguments<M>,
    serializer: Serializer,
) -> Result<Payload, WampError> {
    /// What was before, also behind a panic.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            OWN.set(self.0);
        }
    }
    let _before = Before(OWN.replace(true));
    arguments.to_arguments(serializer)
}

/// The receiver learns that it is its serializer that cannot say this (checklist SER-13), the log learns why. Whoever wanted to send
/// it learns all of that.
fn cannot_encode(error: EncodeError) -> WampError {
    if OWN.get() {
        return WampError::new(uris::error::INVALID_PAYLOAD)
            .arg(format!("the payload cannot be encoded: {error}"));
    }
    let id = crate::base::ids::incident();
    line!(ERROR, "internal", "a payload cannot be encoded", id = id, error = error);
    WampError::new(uris::error::INVALID_PAYLOAD).arg(format!("the payload cannot be encoded, id {id}"))
}

macro_rules! shapes {
    ($([$($generic:ident),*] $shape:ty: |$this:ident, $serializer:ident| $args:expr, $kwargs:expr;)*) => {$(
        impl<$($generic: Serialize),*> ToPayload<via::Shape> for $shape {
            fn to_payload(&self, $serializer: Serializer) -> Result<Payload, WampError> {
                let $this = self;
                Ok(Payload::of_parts($serializer, Part::from($args), Part::from($kwargs)))
            }
        }

        impl<$($generic: Serialize),*> ToArguments<via::Shape> for $shape {
            fn to_arguments(&self, serializer: Serializer) -> Result<Payload, WampError> {
                self.to_payload(serializer)
            }
        }
    )*};
}

shapes! {
    [T] Arg<T>: |this, serializer| encode_value(serializer, &this.0)?.args, Part::new();
    [T] Args<T>: |this, serializer| encode_args(serializer, &this.0).map_err(cannot_encode)?, Vec::new();
    [T] Kwargs<T>: |this, serializer| Vec::new(), encode_kwargs(serializer, &this.0).map_err(cannot_encode)?;
    [A, K] (Args<A>, Kwargs<K>): |this, serializer|
        encode_args(serializer, &this.0.0).map_err(cannot_encode)?,
        encode_kwargs(serializer, &this.1.0).map_err(cannot_encode)?;
}

impl ToPayload<via::Shape> for Payload {
    fn to_payload(&self, serializer: Serializer) -> Result<Payload, WampError> {
        self.to_serializer(serializer).map_err(cannot_encode)
    }
}

impl ToArguments<via::Shape> for Payload {
    fn to_arguments(&self, serializer: Serializer) -> Result<Payload, WampError> {
        self.to_payload(serializer)
    }
}
