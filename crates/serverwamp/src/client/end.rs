//! How joining fails, and how a session ends.

use crate::base::error::WampError;
use crate::rt::Unavailable;
use serverwamp_proto::uris;
use std::time::Duration;

/// Why a client did not get a session.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The runtime cannot run a client where this was called.
    #[error("no client can run here: {0}")]
    Runtime(Unavailable),
    /// The router refused the session with ABORT: its reason as the error's URI, its text as the message.
    #[error("the router refused the session: {0}")]
    Refused(WampError),
    /// The challenge of the router cannot be answered.
    #[error("the router's challenge by method {method:?} cannot be answered: {why}")]
    Challenge {
        /// The method, as CHALLENGE names it.
        method: String,
        /// Why, and what to do.
        why: String,
    },
    /// There was no session in time.
    #[error("there was no WELCOME within {0:?}: the router is too slow, or waits for something")]
    Timeout(Duration),
    /// The router broke the protocol.
    #[error("the router broke the protocol: {0}")]
    Protocol(String),
    /// The transport ended before there was a session.
    #[error("the transport ended before the session began: {0}")]
    Lost(String),
}

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
