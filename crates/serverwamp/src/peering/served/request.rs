//! The requests that application code answers.

use crate::WampError;

/// Something a peer asked for that application code answers.
///
/// You meet this trait as a bound when you write an extractor that works in every kind of handler; see
/// [`FromRequest`](crate::extract::FromRequest).
pub trait Request: Send + Sync + Sized + 'static {
    /// The type that a handler's return value is converted into.
    type Reply: Send + 'static;

    /// The answer that says no.
    fn refuse(error: WampError) -> Self::Reply;

    /// All arguments have been extracted: what only extractors need may be let go.
    #[doc(hidden)]
    fn extracted(&mut self) {}
}
