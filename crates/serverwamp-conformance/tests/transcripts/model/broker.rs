//! The reference broker: lists and nothing else, written from the rules.

use serde_json::{Value, json};

use super::{Expected, Kind, NEW_ID, PUBLICATION, matches};

/// A subscription and who is in it.
#[derive(Debug)]
struct Subscription {
    id: u64,
    kind: Kind,
    uri: String,
    members: Vec<usize>,
}

/// How many events that are not for everybody a topic keeps.
const RESTRICTED: usize = 16;

/// Who is subscribed to what, and what is retained, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Broker {
    subscriptions: Vec<Subscription>,
    retained: Vec<Retained>,
}

#[derive(Debug)]
struct Retained {
    id: u64,
    publication: Publication,
}

/// Who gets a publication, besides being subscribed.
#[derive(Clone, Debug)]
pub(super) struct Publication {
    pub(super) publisher: usize,
    pub(super) topic: &'static str,
    pub(super) exclude_me: bool,
    pub(super) exclude: Option<Vec<usize>>,
    pub(super) eligible: Option<Vec<usize>>,
    /// The publisher's session, authid and role, if it wants to be known.
    pub(super) disclosed: Option<(u64, String, String)>,
    pub(super) payload: u64,
}

impl Publication {
    /// May this client have it, if it is subscribed?
    fn is_for(&self, peer: usize) -> bool {
        let own = peer == self.publisher && self.exclude_me;
        let excluded = self.exclude.as_ref().is_some_and(|list| list.contains(&peer));
        let eligible = self.eligible.as_ref().is_none_or(|list| list.contains(&peer));
        !own && !excluded && eligible
    }

    /// Is it kept from some, whoever they are?
    fn is_restricted(&self) -> bool {
        self.eligible.is_some() || self.exclude.as_ref().is_some_and(|list| !list.is_empty())
    }

    /// The EVENT for a member of this subscription.
    fn event(&self, subscription: &Subscription, id: Value, retained: bool) -> Value {
        let mut details = json!({});
        if subscription.kind != Kind::Exact {
            details["topic"] = json!(self.topic);
        }
        if let Some((session, authid, authrole)) = &self.disclosed {
            details["publisher"] = json!(session);
            details["publisher_authid"] = json!(authid);
            details["publisher_authrole"] = json!(authrole);
        }
        if retained {
            details["retained"] = json!(true);
        }
        json!([
            36,
            if subscription.id == 0 { json!(NEW_ID) } else { json!(subscription.id) },
            id,
            details,
            [self.payload]
        ])
    }
}

impl Broker {
    /// The ids of all subscriptions, for those who unsubscribe.
    pub(super) fn ids(&self) -> Vec<u64> {
        self.subscriptions.iter().map(|one| one.id).collect()
    }

    /// SUBSCRIBED; the id of a new subscription is learned by [`learn`](Self::learn).
    pub(super) fn subscribe(&mut self, peer: usize, request: u64, kind: Kind, uri: &str) -> Value {
        let known = self.subscriptions.iter_mut().find(|one| one.kind == kind && one.uri == uri);
        if let Some(subscription) = known {
            if !subscription.members.contains(&peer) {
                subscription.members.push(peer);
            }
            return json!([33, request, subscription.id]);
        }
        let members = vec![peer];
        self.subscriptions.push(Subscription { id: 0, kind, uri: uri.to_owned(), members });
        json!([33, request, NEW_ID])
    }

    pub(super) fn learn(&mut self, id: u64) {
        assert!(!self.ids().contains(&id), "{id} is the id of another subscription");
        if let Some(subscription) = self.subscriptions.last_mut() {
            subscription.id = id;
        }
    }

    pub(super) fn unsubscribe(&mut self, peer: usize, request: u64, id: u64) -> Value {
        let held = self.subscriptions.iter_mut().find(|one| one.id == id && one.members.contains(&peer));
        let Some(subscription) = held else {
            return json!([8, 34, request, {}, "wamp.error.no_such_subscription"]);
        };
        subscription.members.retain(|member| *member != peer);
        self.subscriptions.retain(|one| !one.members.is_empty());
        json!([35, request])
    }

    pub(super) fn publish(&self, publication: &Publication, sink: &mut Expected) {
        for subscription in
            self.subscriptions.iter().filter(|one| matches(one.kind, &one.uri, publication.topic))
        {
            for member in subscription.members.iter().filter(|member| publication.is_for(**member)) {
                sink.push((*member, publication.event(subscription, json!(PUBLICATION), false)));
            }
        }
    }

    /// Keeps a publication: for everybody in place of all others of its topic, for some beside them.
    pub(super) fn retain(&mut self, id: u64, publication: Publication) {
        let topic = publication.topic;
        if publication.is_restricted() {
            let restricted =
                |one: &Retained| one.publication.topic == topic && one.publication.is_restricted();
            if self.retained.iter().filter(|one| restricted(one)).count() == RESTRICTED {
                let oldest = self.retained.iter().position(restricted);
                oldest.into_iter().for_each(|at| drop(self.retained.remove(at)));
            }
        } else {
            self.retained.retain(|one| one.publication.topic != topic);
        }
        self.retained.push(Retained { id, publication });
    }

    /// Of each topic the newest retained event that a subscriber may have.
    pub(super) fn late(&self, peer: usize, kind: Kind, uri: &str, sink: &mut Expected) {
        let subscription = self.subscriptions.iter().find(|one| one.kind == kind && one.uri == uri);
        let Some(subscription) = subscription else { return };
        let mut topics = Vec::new();
        for Retained { id, publication } in self.retained.iter().rev() {
            if matches(kind, uri, publication.topic)
                && publication.is_for(peer)
                && !topics.contains(&publication.topic)
            {
                topics.push(publication.topic);
                sink.push((peer, publication.event(subscription, json!(id), true)));
            }
        }
    }

    pub(super) fn leave(&mut self, peer: usize) {
        for subscription in &mut self.subscriptions {
            subscription.members.retain(|member| *member != peer);
        }
        self.subscriptions.retain(|one| !one.members.is_empty());
    }
}
