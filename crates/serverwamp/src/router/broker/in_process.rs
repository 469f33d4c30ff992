//! The application as a subscriber of its own realm.

use super::publish::Outgoing;
use crate::peering::{EventDraft, EventInbox, EventSource};
use crate::router::realm::RunningRealm;
use serverwamp_proto::id::SubscriptionId;
use std::sync::Arc;

impl EventSource for RunningRealm {
    fn unsubscribe(&self, id: SubscriptionId, inbox: &Arc<EventInbox>) {
        self.broker.unsubscribe_local(self.changes(), id, inbox);
    }
}

/// Puts an event where the application takes it.
pub(super) fn receive(inbox: &EventInbox, outgoing: &Outgoing<'_>) {
    let publisher = outgoing.publisher.as_ref();
    inbox.receive(EventDraft {
        topic: outgoing.topic.into(),
        publication: outgoing.publication,
        payload: outgoing.payload.source(),
        publisher: publisher.map(|publisher| publisher.session),
        publisher_authid: publisher.map(|publisher| &*publisher.authid),
        publisher_authrole: publisher.map(|publisher| &*publisher.authrole),
        trustlevel: outgoing.trustlevel,
        retained: false,
        passthru: outgoing.passthru,
        forward_for: outgoing.forward_for,
    });
}
