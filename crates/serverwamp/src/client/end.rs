//! How a session ends.

use super::error::ClientError;
use crate::base::error::WampError;
use serverwamp_proto::uris;

/// How a session ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SessionEnd {
    /// The client left, or nobody held it any more.
    Left,
    /// The router said GOODBYE, or ended the session with ABORT.
    Closed {
        /// The reason, such as `wamp.close.system_shutdown`.
        reason: String,
        /// The router's text for people, if it gave one.
        message: Option<String>,
    },
    /// The router broke the protocol, and the client ended the session with ABORT.
    Violation(String),
    /// The transport was lost: why.
    Lost(String),
    /// Before there was a session; only [`ClientError`] tells of it.
    #[doc(hidden)]
    NeverJoined(ClientError),
}

impl SessionEnd {
    /// The error of a request: `happened` says what became of it.
    pub(super) fn to_error(&self, happened: &str) -> WampError {
        match self {
            Self::Closed { reason, message: Some(message) } => WampError::new(uris::error::NETWORK_FAILURE)
                .arg(format!("the router ended the session with {reason} ({message}): {happened}")),
            Self::Closed { reason, message: None } => WampError::new(uris::error::NETWORK_FAILURE)
                .arg(format!("the router ended the session with {reason}: {happened}")),
            Self::Left => WampError::network_failure(format!("the client has left: {happened}")),
            Self::Violation(text) => {
                WampError::network_failure(format!("the router broke the protocol ({text}): {happened}"))
            }
            Self::Lost(text) => {
                WampError::network_failure(format!("the transport was lost ({text}): {happened}"))
            }
            Self::NeverJoined(error) => WampError::network_failure(format!("{error}: {happened}")),
        }
    }
}
