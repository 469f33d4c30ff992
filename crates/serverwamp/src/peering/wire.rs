//! An error of application code as a message, and its URI as one that can be sent.

use crate::WampError;
use crate::base::log::line_later;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message;
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::{encode_args, encode_kwargs};
use serverwamp_proto::uri::UriRules;
use serverwamp_proto::uris;
use std::borrow::Cow;

/// An application's error as it goes on the wire.
pub(crate) fn encode_error(
    serializer: Serializer,
    request_type: u64,
    request: RequestId,
    error: &WampError,
    out: &mut Vec<u8>,
) {
    let args = if error.args().is_empty() { Ok(Vec::new()) } else { encode_args(serializer, error.args()) };
    let kwargs = if error.keyword_args().is_empty() {
        Ok(Vec::new())
    } else {
        encode_kwargs(serializer, error.keyword_args())
    };
    let (args, kwargs) = match (args, kwargs) {
        (Ok(args), Ok(kwargs)) => (args, kwargs),
        (Err(problem), _) | (_, Err(problem)) => {
            line_later!(
                ERROR,
                "internal",
                "the arguments of an error cannot be encoded and are left out",
                error = error,
                problem = problem
            );
            (Vec::new(), Vec::new())
        }
    };
    message::encode_error(serializer, request_type, request, &sendable_uri(error.uri()), &args, &kwargs, out);
}

/// The URI itself, or a substitute for what is none: a peer would have to drop the connection over it.
pub(crate) fn sendable_uri(uri: &str) -> Cow<'_, str> {
    match UriRules::loose().check(uri, Match::Exact) {
        Ok(()) => Cow::Borrowed(uri),
        Err(problem) => {
            line_later!(
                ERROR,
                "internal",
                "this is not a URI, wamp.error.runtime_error is sent in its place",
                uri = uri,
                problem = problem
            );
            Cow::Borrowed(uris::error::RUNTIME_ERROR)
        }
    }
}
