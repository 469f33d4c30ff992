//! Why nobody knows what a subscriber has missed.

use super::history_position::HistoryPosition;
use crate::base::error::WampError;
use std::fmt;

/// Why a subscription that [recovers](crate::client::Subscribing::recover) may have missed events.
///
/// What is live comes behind it. An application that keeps a state of its own loads that anew.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum GapReason {
    /// The history does not reach back to the last event, or lacks events behind it.
    Forgotten,
    /// The history began anew, as it does when the router is restarted.
    NewHistory,
    /// More was missed than a client takes: 10,000 events, or 16 MiB.
    TooMuch,
    /// Live events came faster than the history was read.
    TooFast,
    /// The router keeps no history of this subscription: `TopicSettings::history` has to be set for exactly its topic or pattern.
    NoHistory,
    /// The router does not say whether its history is complete: another one than this one, or an older one.
    NotSupported,
    /// The router has no meta API, and so no procedure to read histories.
    NoMetaApi,
    /// The client may not read the history.
    NotAuthorized,
    /// The history could not be read.
    Failed(WampError),
}

/// A place in a subscription where events may be missing, and nobody knows which.
#[derive(Clone, Debug)]
pub struct Gap {
    pub(crate) reason: GapReason,
    /// The position of what is live behind it, if there is a history.
    pub(crate) position: Option<HistoryPosition>,
}

impl Gap {
    /// Why nobody knows.
    pub fn reason(&self) -> &GapReason {
        &self.reason
    }
}

impl fmt::Display for GapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forgotten => "the history does not reach back to the last event, or lacks events behind it",
            Self::NewHistory => "the history began anew",
            Self::TooMuch => "more was missed than a client takes",
            Self::TooFast => "live events came faster than the history was read",
            Self::NoHistory => "the router keeps no history of the subscription",
            Self::NotSupported => "the router does not say whether its history is complete",
            Self::NoMetaApi => "the router has no meta API",
            Self::NotAuthorized => "the client may not read the history",
            Self::Failed(error) => return write!(f, "the history could not be read: {error}"),
        })
    }
}
