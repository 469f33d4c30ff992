//! What a broker keeps of the past, when the configuration of its realm was replaced, or the realm was stopped.

use super::{Broker, StoredEvent, histories, retained_limits};
use crate::router::realm::{Changes, RealmConfig};
use crate::rt::wall_clock;
use serverwamp_proto::broker::{HistoryEntry, RetainedEvents};
use std::sync::Arc;

/// An event of a history.
type PastEvent = HistoryEntry<Arc<StoredEvent>>;

impl Broker {
    /// Keeps the histories that the configuration asks for from now on, and forgets those that only the `former` one asked for. What is
    /// retained stays. Returns what is not kept any more, to be dropped when nobody waits for it.
    pub(crate) fn keep_histories(&self, mut changes: Changes<'_>, former: &RealmConfig) -> Vec<PastEvent> {
        let mut gone = Vec::new();
        let config = self.context.config();
        for (pattern, limits) in histories(&config) {
            let index = &mut changes.subscriptions;
            let (entry, created) = self.enter(index, pattern, limits, wall_clock());
            if !created {
                gone.extend(entry.members().keep_history(limits, || self.history_beginning(wall_clock())));
            }
        }
        for (pattern, _) in histories(former) {
            let kept = config.topic_settings.exactly(pattern).is_some_and(|settings| settings.history > 0);
            let Some(entry) = self.lookup(pattern.kind(), pattern.as_str()).filter(|_| !kept) else {
                continue;
            };
            gone.extend(entry.members().forget_history());
            if self.remove_if_empty(&mut changes.subscriptions, &entry) {
                changes.events.subscription_deleted(self.context.own_session, &entry);
            }
        }
        gone
    }

    /// Frees all that is kept of the past: nobody asks for it any more.
    pub(crate) fn forget_past(&self) {
        let nothing =
            RetainedEvents::new(retained_limits(&self.context.limits()), |event: &Arc<StoredEvent>| {
                event.bytes()
            });
        // In statements of their own: what is dropped is dropped when nobody waits for it.
        let retained = std::mem::replace(&mut *self.retained(), nothing);
        drop(retained);
        for (pattern, _) in histories(&self.context.config()) {
            let Some(entry) = self.lookup(pattern.kind(), pattern.as_str()) else { continue };
            let gone = entry.members().forget_history();
            drop(gone);
        }
    }
}
