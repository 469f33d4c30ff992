//! Events to and from other nodes.

use super::node::ClusterNode;
use crate::base::log::line_later;
use serverwamp_proto::cluster::RoutedEvent;

impl ClusterNode {
    /// Queues a publication of this node for all nodes that want it. Returns whether there are any. Locks may be held.
    pub(crate) fn publish<'e>(
        &self,
        realm: &str,
        topic: &str,
        event: impl FnOnce() -> RoutedEvent<'e>,
    ) -> bool {
        let queued = self.mesh().publish(realm, topic, event);
        let goes_away = queued.unwrap_or_else(|error| {
            line_later!(
                WARN,
                "event",
                "an event cannot be written for other nodes",
                realm = realm,
                topic = topic,
                error = error
            );
            false
        });
        if goes_away {
            self.something_waits();
        }
        goes_away
    }

    /// Events may be missing: the histories say so to whoever reads across this moment.
    pub(super) fn note_gap(&self) {
        for realm in self.realms.all() {
            realm.broker.note_gap();
        }
    }

    /// Returns whether another node wants events of this topic. Locks may be held.
    pub(crate) fn is_wanted(&self, realm: &str, topic: &str) -> bool {
        self.mesh().is_wanted(realm, topic)
    }

    /// Gives an event of another node to the sessions of this one.
    pub(super) fn deliver(&self, event: &RoutedEvent<'_>) {
        // Whoever wanted it may have gone since.
        if let Some(realm) = self.realms.get(&event.realm) {
            realm.broker.receive(&realm, event);
        }
    }
}
