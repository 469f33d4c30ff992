//! What a subscription has missed between two sessions: the word that comes before its live events.

use crate::base::log::line;
use crate::client::recovery::go_on_recovering;
use crate::client::session::ClientSession;
use crate::client::topics::TopicKey;
use crate::peering::EventInbox;
use futures_util::stream::{self, StreamExt};
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

/// How many histories are read at once: one session has one such answer at a time, and what waits for it waits in the router.
const READ_AT_ONCE: usize = 8;

/// Tells all of them.
pub(super) async fn tell_all(session: &Arc<ClientSession>, renewed: &[Renewed]) {
    let (reading, telling): (Vec<_>, Vec<_>) =
        renewed.iter().partition(|renewed| renewed.inbox.recovers().is_some());
    for renewed in telling {
        tell(session, renewed).await;
    }
    let told = |renewed| tell(session, renewed);
    stream::iter(reading).for_each_concurrent(READ_AT_ONCE, told).await;
}

/// Says what a subscription has missed, and passes on the live events that were held back meanwhile.
///
/// It runs when the session is open, beside the calls of the application. When the session ends before it is done, it is dropped, and the
/// next session begins it anew, with the same `last`.
async fn tell(session: &Arc<ClientSession>, renewed: &Renewed) {
    let Renewed { key, id, last, inbox } = renewed;
    if let Some(recovers) = inbox.recovers() {
        return go_on_recovering(session, key, *id, inbox, &recovers).await;
    }
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
