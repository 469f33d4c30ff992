//! The one error of application code: a URI, arguments, and what only the log may know.

use crate::base::log::line;
use serde::Serialize;
use serverwamp_proto::codec::{self, Dict, Serializer, Value};
use serverwamp_proto::payload::{ArgumentsError, Payload};
use serverwamp_proto::uris;
use std::borrow::Cow;
use std::fmt;

/// The longest arguments of an error that a peer sent, in bytes. They are decoded as values, and a value takes up to 32 times the memory
/// of what stands for it in the message.
const LONGEST_ARGUMENTS: usize = 1 << 20;

/// The error that a handler returns in place of a result: a URI with arguments.
///
/// It becomes an ERROR message, or an ABORT while a session is being joined. Your own error types take part through
/// `From`, and then `?` works on them:
///
/// ```
/// use serverwamp::WampError;
///
/// enum DocError {
///     Missing(u64),
///     Storage(std::io::Error),
/// }
///
/// impl From<DocError> for WampError {
///     fn from(error: DocError) -> Self {
///         match error {
///             DocError::Missing(id) => WampError::new("docs.error.missing").arg(id),
///             // The peer reads "internal error" and an id; the log has the error itself under the same id.
///             DocError::Storage(error) => WampError::internal(error),
///         }
///     }
/// }
/// ```
///
/// There is deliberately no `From<E: std::error::Error>`: it would publish internals to peers.
#[derive(Clone)]
pub struct WampError(Box<WampErrorInner>);

#[derive(Clone)]
struct WampErrorInner {
    uri: Cow<'static, str>,
    args: Vec<Value>,
    kwargs: Dict,
    unanswered: Option<Unanswered>,
}

/// What is known of a request of a client that has ended without an answer: whether it may be made again.
///
/// [`WampError::unanswered`] tells it of an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unanswered {
    /// It was not sent, and has no effect. Made again, it is made once.
    NotSent,
    /// It was sent, and no answer came: it may have been carried out, be carried out yet, or be lost. Make it again only if it may happen
    /// twice, or ask what became of it.
    MayHaveRun,
}

impl WampError {
    /// An error with the given URI, such as `"com.example.error.locked"`.
    ///
    /// A URI that is not one (spaces, `#`, empty components) is sent as `wamp.error.runtime_error`, and logged.
    pub fn new(uri: impl Into<Cow<'static, str>>) -> Self {
        let (args, kwargs) = (Vec::new(), Dict::new());
        Self(Box::new(WampErrorInner { uri: uri.into(), args, kwargs, unanswered: None }))
    }

    /// Adds one positional argument; most clients show the first as the error's text.
    #[must_use]
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.0.args.push(value.into());
        self
    }

    /// Adds one keyword argument.
    #[must_use]
    pub fn kwarg(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.kwargs.insert(name.into(), value.into());
        self
    }

    /// Replaces the keyword arguments by the fields of `value`, a struct or a map.
    ///
    /// A value that is neither, or cannot be encoded, is logged and left out.
    #[must_use]
    pub fn kwargs(mut self, value: impl Serialize) -> Self {
        match to_value(&value) {
            Ok(Value::Dict(dict)) => self.0.kwargs = dict,
            Ok(other) => {
                line!(
                    ERROR,
                    "internal",
                    "keyword arguments of an error must be a struct or a map",
                    uri = self.0.uri,
                    value = format_args!("{other:?}")
                );
            }
            Err(error) => {
                line!(
                    ERROR,
                    "internal",
                    "keyword arguments of an error cannot be encoded",
                    uri = self.0.uri,
                    error = error
                );
            }
        }
        self
    }

    /// `wamp.error.invalid_argument`: the arguments do not fit, and `text` says why.
    pub fn invalid_argument(text: impl Into<String>) -> Self {
        Self::new(uris::error::INVALID_ARGUMENT).arg(text.into())
    }

    /// `wamp.error.not_authorized`: the session may not do this, and `text` says what it lacks.
    pub fn not_authorized(text: impl Into<String>) -> Self {
        Self::new(uris::error::NOT_AUTHORIZED).arg(text.into())
    }

    /// `wamp.error.authentication_denied`: the credentials are wrong or unknown.
    ///
    /// The peer reads `text`. Use one text for both, or it tells strangers which names exist; the framework's own
    /// authenticators say "authentication denied".
    pub fn authentication_denied(text: impl Into<String>) -> Self {
        Self::new(uris::error::AUTHENTICATION_DENIED).arg(text.into())
    }

    /// `wamp.error.canceled`: the call was canceled, and `text` says how far it came or what canceled it.
    pub fn canceled(text: impl Into<String>) -> Self {
        Self::new(uris::error::CANCELED).arg(text.into())
    }

    /// `wamp.error.timeout`: it took too long, and `text` says what did.
    pub fn timeout(text: impl Into<String>) -> Self {
        Self::new(uris::error::TIMEOUT).arg(text.into())
    }

    /// The one text of all denials, whether the name or the secret is wrong.
    pub(crate) fn denied() -> Self {
        Self::authentication_denied("authentication denied")
    }

    /// `wamp.error.canceled` without a text: the caller knows that it has canceled.
    pub(crate) fn call_canceled() -> Self {
        Self::new(uris::error::CANCELED)
    }

    /// `wamp.error.timeout` without a text: the caller knows the timeout that it has given.
    pub(crate) fn call_timed_out() -> Self {
        Self::new(uris::error::TIMEOUT)
    }

    /// `wamp.error.network_failure`: a message cannot be carried on.
    pub(crate) fn network_failure(text: impl Into<String>) -> Self {
        Self::new(uris::error::NETWORK_FAILURE).arg(text.into())
    }

    /// `wamp.error.payload_size_exceeded`: a message is longer than its receiver takes.
    pub(crate) fn payload_size_exceeded(text: impl Into<String>) -> Self {
        Self::new(uris::error::PAYLOAD_SIZE_EXCEEDED).arg(text.into())
    }

    /// `wamp.error.invalid_payload`: a receiver's serializer cannot say it.
    pub(crate) fn invalid_payload(text: impl Into<String>) -> Self {
        Self::new(uris::error::INVALID_PAYLOAD).arg(text.into())
    }

    /// An error that a peer sent; arguments that cannot be read are left out, and so are those that are too long.
    pub(crate) fn received(uri: &str, payload: &Payload) -> Self {
        let mut error = Self::new(uri.to_owned());
        let size = payload.size();
        if size > LONGEST_ARGUMENTS {
            let text = format!(
                "its arguments of {size} bytes are left out, because they are longer than {LONGEST_ARGUMENTS}"
            );
            return error.arg(text);
        }
        if let Ok(Value::List(args)) = codec::from_slice(payload.serializer, &payload.args) {
            error.0.args = args;
        }
        if let Ok(Value::Dict(kwargs)) = codec::from_slice(payload.serializer, &payload.kwargs) {
            error.0.kwargs = kwargs;
        }
        error
    }

    /// `wamp.error.unavailable`: not now; a later attempt may work.
    ///
    /// In a realm whose clients may register it means that this callee has no time, and the caller, for whom there is no
    /// other one, gets `wamp.error.no_available_callee`.
    pub fn unavailable(text: impl Into<String>) -> Self {
        Self::new(uris::error::UNAVAILABLE).arg(text.into())
    }

    /// `wamp.error.runtime_error` for something the peer must not read: `error` goes to the log under a random id,
    /// the peer gets the id.
    pub fn internal(error: impl fmt::Display) -> Self {
        let id = crate::base::ids::incident();
        line!(ERROR, "internal", "internal error", id = id, error = error);
        Self::incident(&id)
    }

    /// The peer's half of an incident that is in the log under `id`.
    pub(crate) fn incident(id: &str) -> Self {
        Self::new(uris::error::RUNTIME_ERROR).arg(format!("internal error, id {id}"))
    }

    /// The error's URI.
    pub fn uri(&self) -> &str {
        &self.0.uri
    }

    /// The positional arguments.
    pub fn args(&self) -> &[Value] {
        &self.0.args
    }

    /// The keyword arguments.
    pub fn keyword_args(&self) -> &Dict {
        &self.0.kwargs
    }

    /// What is known of a request that ended without an answer; `None` for every answer, whoever gave it.
    ///
    /// Only the client that made the request knows it: an error that it passes on does not carry it.
    ///
    /// ```
    /// use serverwamp::{Unanswered, WampError, client::Client};
    ///
    /// async fn pay(client: &Client) -> Result<(), WampError> {
    ///     match client.call::<(), _>("bank.pay", 100).await {
    ///         // Once more: nobody has paid.
    ///         Err(error) if error.unanswered() == Some(Unanswered::NotSent) => client.call("bank.pay", 100).await,
    ///         // The bank's answer; or nobody knows, and somebody has to look at the account first.
    ///         other => other,
    ///     }
    /// }
    /// ```
    pub fn unanswered(&self) -> Option<Unanswered> {
        self.0.unanswered
    }

    /// Marks the error of a request that got no answer.
    pub(crate) fn of_unanswered(mut self, unanswered: Unanswered) -> Self {
        self.0.unanswered = Some(unanswered);
        self
    }

    /// The first positional argument, when it is a text: the message for a person.
    pub fn message(&self) -> Option<&str> {
        match self.0.args.first() {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for WampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(text) => write!(f, "{}: {text}", self.0.uri),
            None => f.write_str(&self.0.uri),
        }
    }
}

impl fmt::Debug for WampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WampError")
            .field("uri", &self.0.uri)
            .field("args", &self.0.args)
            .field("kwargs", &self.0.kwargs)
            .finish()
    }
}

impl std::error::Error for WampError {}

impl From<ArgumentsError> for WampError {
    fn from(error: ArgumentsError) -> Self {
        Self::invalid_argument(error.0)
    }
}

/// Any serializable value as a [`Value`].
pub(crate) fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, String> {
    let mut encoded = Vec::new();
    // It can say the most: integers of 128 bits as well.
    codec::to_writer(Serializer::Cbor, value, &mut encoded).map_err(|error| error.to_string())?;
    codec::from_slice(Serializer::Cbor, &encoded).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_specification_say_what_a_person_should_read() {
        let errors = [
            (WampError::not_authorized("members only"), "wamp.error.not_authorized: members only"),
            (WampError::authentication_denied("no"), "wamp.error.authentication_denied: no"),
            (WampError::canceled("two of three steps"), "wamp.error.canceled: two of three steps"),
            (WampError::timeout(String::from("the disk")), "wamp.error.timeout: the disk"),
        ];
        for (error, expected) in errors {
            assert_eq!(error.to_string(), expected);
            assert_eq!(error.args().len(), 1, "{error}");
        }
    }

    #[test]
    fn what_the_caller_knows_already_is_sent_without_a_text() {
        assert!(WampError::call_canceled().args().is_empty());
        assert!(WampError::call_timed_out().args().is_empty());
    }
}
