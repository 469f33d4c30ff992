//! What a subscription yields besides events: the places where some may be missing.

use super::event::ReceivedEvent;
use super::gap::Gap;
use serverwamp_proto::id::PublicationId;

/// What a subscription yields, as [`Subscriber::next_delivery`](crate::Subscriber::next_delivery) gives it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// An event.
    Event(ReceivedEvent),
    /// The client has lost its connection and reconnected: events that were published in between are missing here.
    Cut(SubscriptionCut),
    /// All that was missed up to here, the oldest first; of a subscription that [recovers](crate::client::Subscribing::recover).
    Recovered(Vec<ReceivedEvent>),
    /// Events may be missing up to here, because they could not be recovered.
    Gap(Gap),
}

/// A place in a subscription where events may be missing, because the client had no session for a while.
///
/// What is missing, if anything, nobody has told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SubscriptionCut {
    pub(crate) last: Option<PublicationId>,
    pub(crate) sessions: u64,
}

impl SubscriptionCut {
    /// The publication of the last event before it; `None` if there was none.
    pub fn last(&self) -> Option<PublicationId> {
        self.last
    }

    /// The number of sessions that have ended here, without an event in between: 1, or more.
    pub fn sessions(&self) -> u64 {
        self.sessions
    }
}
