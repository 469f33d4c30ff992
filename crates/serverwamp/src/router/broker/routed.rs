//! Publications that go to other nodes of the cluster, or come from there.
//!
//! The publisher's node has decided everything about a publication but who receives it.

use super::publish::Outgoing;
use super::{Broker, Disclosed, LastMatches, histories};
use crate::base::statistics::Refusal;
use crate::router::realm::RunningRealm;
use crate::router::session::RouterSession;
use crate::rt::wall_clock;
use serverwamp_proto::broker::ReceiverFilter;
use serverwamp_proto::cluster::{EventPublisher, RoutedEvent};
use serverwamp_proto::id::{PublicationId, RequestId};
use serverwamp_proto::message::PublishOptions;
use serverwamp_proto::payload::TranscodeCache;
use std::borrow::Cow;
use std::sync::Arc;

impl Broker {
    /// Queues a publication for other nodes, if there are any and they want it.
    #[inline]
    pub(super) fn send_to_others(&self, outgoing: &Outgoing<'_>) {
        let Some(node) = self.context.cluster.get() else { return };
        let realm = &*self.context.name;
        let went_away = node.publish(realm, outgoing.topic, || routed(realm, outgoing));
        if let Some(last) = outgoing.last {
            last.note_away(went_away);
        }
    }

    /// Answers a PUBLISH with PUBLISHED: at once, or when what went to other nodes has left this process for good.
    pub(crate) fn acknowledge(
        &self,
        publisher: &Arc<RouterSession>,
        request: RequestId,
        publication: PublicationId,
        last: &LastMatches,
    ) {
        match self.context.cluster.get().filter(|_| last.went_away()) {
            Some(node) => node.answer_later(publisher, request, publication),
            None => publisher.send_published(request, publication),
        }
    }

    /// Events of another node may be missing here.
    pub(crate) fn note_gap(&self) {
        for (pattern, _) in histories(&self.context.config()) {
            let Some(entry) = self.lookup(pattern.kind(), pattern.as_str()) else { continue };
            if let Some(history) = &mut entry.members().history {
                history.pass_over();
            }
        }
    }

    /// Delivers a publication of another node to the sessions of this one.
    pub(crate) fn receive(&self, realm: &Arc<RunningRealm>, event: &RoutedEvent<'_>) {
        let payload = TranscodeCache::new(event.payload.clone());
        let receivers = event.options.receivers.as_deref();
        let publisher = event.publisher.as_ref();
        let outgoing = Outgoing {
            exclude: event.exclude,
            receivers,
            filter: receivers.map(ReceiverFilter::new),
            publisher: publisher.map(|one| Disclosed {
                session: one.session,
                authid: (&*one.authid).into(),
                authrole: (&*one.authrole).into(),
            }),
            by_configuration: event.by_configuration,
            trustlevel: event.trustlevel,
            passthru: event.options.passthru.as_deref(),
            forward_for: event.options.forward_for.as_ref(),
            unrecorded: event.unrecorded,
            is_answered: false,
            ..Outgoing::by_realm(event.publication, &event.topic, &payload)
        };
        if self.context.config().access.forgets_on(outgoing.topic) {
            realm.forget_on_event(outgoing.payload.source());
        }
        let delivered = self.deliver(&outgoing, wall_clock);
        self.context.wake_queue.wake(delivered.asleep);
        if self.context.taps.is_open() {
            self.context.taps.published(outgoing.topic, delivered.events);
        }
        if delivered.passed_over > 0 {
            self.context.counters.count(Refusal::Unrepresentable, delivered.passed_over as u64);
            self.context.measures.unrepresentable(delivered.passed_over);
        }
    }
}

impl Drop for Broker {
    /// What is left has no subscribers: its history was kept, or the realm was never there for anybody.
    fn drop(&mut self) {
        if self.context.cluster.get().is_none() {
            return;
        }
        for (pattern, _) in histories(&self.context.config()) {
            self.context.cluster.interest(&self.context, pattern, false);
        }
    }
}

/// What other nodes have to know of a publication.
fn routed<'e>(realm: &'e str, outgoing: &'e Outgoing<'_>) -> RoutedEvent<'e> {
    RoutedEvent {
        realm: Cow::Borrowed(realm),
        publication: outgoing.publication,
        topic: Cow::Borrowed(outgoing.topic),
        options: PublishOptions {
            receivers: outgoing.receivers.map(|receivers| Box::new(receivers.clone())),
            passthru: outgoing.passthru.map(|passthru| Box::new(passthru.clone())),
            forward_for: outgoing.forward_for.cloned(),
            ..PublishOptions::default()
        },
        payload: outgoing.payload.source().clone(),
        exclude: outgoing.exclude,
        publisher: outgoing.publisher.as_ref().map(|publisher| EventPublisher {
            session: publisher.session,
            authid: Cow::Borrowed(&publisher.authid),
            authrole: Cow::Borrowed(&publisher.authrole),
        }),
        by_configuration: outgoing.by_configuration,
        unrecorded: outgoing.unrecorded,
        trustlevel: outgoing.trustlevel,
    }
}
