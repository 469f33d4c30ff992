//! Extractors of a call's arguments.

use super::FromRequest;
use crate::WampError;
use crate::peering::payload::{Arg, Args, Kwargs};
use crate::peering::{EventDelivery, Invocation, PassthruPayload};
use serde::de::DeserializeOwned;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::uris;

/// A struct filled from the arguments by position, then by name, as Python binds a call to a signature.
///
/// ```
/// use serde::Deserialize;
/// use serverwamp::extract::Params;
///
/// #[derive(Deserialize)]
/// struct Add {
///     a: i64,
///     #[serde(default = "five")]
///     b: i64,
/// }
/// fn five() -> i64 {
///     5
/// }
///
/// // call("math.add", [1, 2]), call("math.add", [1], {b: 2}) and call("math.add", {a: 1}) all reach it.
/// async fn add(Params(Add { a, b }): Params<Add>) -> i64 {
///     a + b
/// }
/// # serverwamp::RouteSet::<()>::new().procedure("math.add", add);
/// ```
///
/// A tuple takes exactly its number of positional arguments, a `Vec` all of them, a map the keywords.
/// `#[serde(flatten)]` hides the field names from serde and with them the positions: such a struct is filled by name
/// only. What does not fit is refused with `wamp.error.invalid_argument`, naming the argument, what was expected and
/// what came.
#[derive(Clone, Copy, Debug)]
pub struct Params<T>(pub T);

macro_rules! payload_extractor {
    ($request:ty, $name:ident, $bind:ident) => {
        impl<T: DeserializeOwned + Send, S: Sync> FromRequest<$request, S> for $name<T> {
            type Rejection = WampError;

            async fn from_request(request: &mut $request, _: &S) -> Result<Self, WampError> {
                Ok($name(request.payload().$bind()?))
            }

            /// Nothing was given, or `null` alone, which is how many languages say so.
            fn is_absent(request: &$request) -> bool {
                matches!(request.payload().bind::<Option<()>>(), Ok(None))
            }
        }
    };
}

payload_extractor!(Invocation, Params, bind);
payload_extractor!(Invocation, Arg, arg);
payload_extractor!(Invocation, Args, args);
payload_extractor!(Invocation, Kwargs, kwargs);
payload_extractor!(EventDelivery, Params, bind);
payload_extractor!(EventDelivery, Arg, arg);
payload_extractor!(EventDelivery, Args, args);
payload_extractor!(EventDelivery, Kwargs, kwargs);

/// A procedure whose handler takes it can be called in passthru mode; others answer such calls with
/// `wamp.error.feature_not_supported`. `Option` of it is `None` for plain calls, which are refused otherwise.
impl<S: Sync> FromRequest<Invocation, S> for PassthruPayload {
    type Rejection = WampError;

    const TAKES_PASSTHRU: bool = true;

    async fn from_request(request: &mut Invocation, _: &S) -> Result<Self, WampError> {
        match Self::of(&request.payload) {
            Ok(Some(payload)) => Ok(payload),
            Ok(None) => {
                Err(refused("the procedure takes its arguments in passthru mode, and ppt_scheme is missing"))
            }
            Err(_) => Err(refused("a payload in passthru mode is one binary argument, and no keywords")),
        }
    }

    fn is_absent(request: &Invocation) -> bool {
        request.payload.passthru.is_none()
    }
}

fn refused(text: &str) -> WampError {
    WampError::new(uris::error::INVALID_ARGUMENT).arg(text)
}

impl<S: Sync> FromRequest<Invocation, S> for Payload {
    type Rejection = WampError;

    async fn from_request(request: &mut Invocation, _: &S) -> Result<Self, WampError> {
        Ok(request.payload.to_keep())
    }
}
