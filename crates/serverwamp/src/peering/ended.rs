//! The end of what application code holds of a realm, when it is not its holder who ends it.

use crate::base::error::WampError;
use std::fmt;

/// Why a subscription or a registration has ended although its holder has kept it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ended {
    /// The router took it away.
    Revoked {
        /// The router's reason, if it gave one.
        reason: Option<String>,
    },
    /// The client has reconnected, and the router refused it in the new session.
    Refused(WampError),
    /// The client's session is over, and no other one follows: [`Client::closed`](crate::client::Client::closed) says why.
    SessionOver,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked { reason: Some(reason) } => write!(f, "the router took it away with {reason}"),
            Self::Revoked { reason: None } => f.write_str("the router took it away"),
            Self::Refused(error) => {
                write!(f, "the router refused it when the client had reconnected: {error}")
            }
            Self::SessionOver => f.write_str("the client's session is over"),
        }
    }
}
