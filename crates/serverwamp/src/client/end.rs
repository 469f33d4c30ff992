//! How a session ends.

use super::error::ClientError;
use crate::base::error::{Unanswered, WampError};
use std::fmt;

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
    /// The client has given up coming back, as [`Reconnect`](super::Reconnect) says when: the failure of the last attempt.
    GaveUp(ClientError),
    /// Before there was a session; only [`ClientError`] tells of it.
    #[doc(hidden)]
    NeverJoined(ClientError),
}

impl SessionEnd {
    /// The error of a request that ends with the session.
    pub(super) fn to_error(&self, unanswered: Unanswered) -> WampError {
        let happened = match unanswered {
            Unanswered::NotSent => "the request was not sent",
            Unanswered::MayHaveRun => "it may have been carried out",
        };
        WampError::network_failure(format!("{self}: {happened}")).of_unanswered(unanswered)
    }
}

impl fmt::Display for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { reason, message: Some(message) } => {
                write!(f, "the router ended the session with {reason} ({message})")
            }
            Self::Closed { reason, message: None } => write!(f, "the router ended the session with {reason}"),
            Self::Left => f.write_str("the client has left"),
            Self::Violation(text) => write!(f, "the router broke the protocol ({text})"),
            Self::Lost(text) => write!(f, "the transport was lost ({text})"),
            Self::GaveUp(error) => write!(f, "the client has given up connecting again ({error})"),
            Self::NeverJoined(error) => write!(f, "{error}"),
        }
    }
}
