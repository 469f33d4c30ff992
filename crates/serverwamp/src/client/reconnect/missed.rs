//! What a subscription has missed between two sessions: the word that comes before its live events.

use crate::base::log::line;
use crate::client::session::ClientSession;
use crate::client::topics::TopicKey;
use crate::peering::EventInbox;
use serverwamp_proto::id::{PublicationId, SubscriptionId};
use std::sync::Arc;

/// A subscription that was made again in a new session. Its live events are held back.
pub(super) struct Renewed {
    pub(super) key: TopicKey,
    /// Its id in the new session.
    pub(super) id: SubscriptionId,
    /// The last event before the cut that was passed on, retained ones aside.
    pub(super) last: Option<PublicationId>,
    pub(super) inbox: Arc<EventInbox>,
}

/// Says what a subscription has missed, and passes on the live events that were held back meanwhile.
///
/// It runs when the session is open, beside the calls of the application. When the session ends before it is done, it is dropped, and the
/// next session begins it anew, with the same `last`.
pub(super) async fn tell(_: &Arc<ClientSession>, renewed: &Renewed) {
    let Renewed { key, id, last, inbox } = renewed;
    line!(
        DEBUG,
        "client",
        "a subscription was made again: events may be missing",

        topic = key.topic,
        subscription = id;
        last = last
    );
    inbox.resume();
}
