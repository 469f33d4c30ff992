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

/// Who is subscribed to what.
#[derive(Debug, Default)]
pub(super) struct Broker {
    subscriptions: Vec<Subscription>,
}

/// Who gets a publication, besides being subscribed.
#[derive(Debug)]
pub(super) struct Publication<'p> {
    pub(super) publisher: usize,
    pub(super) topic: &'p str,
    pub(super) exclude_me: bool,
    pub(super) exclude: Option<Vec<usize>>,
    pub(super) eligible: Option<Vec<usize>>,
    /// The publisher's session, authid and role, if it wants to be known.
    pub(super) disclosed: Option<(u64, String, String)>,
    pub(super) payload: u64,
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

    pub(super) fn publish(&self, publication: &Publication<'_>, sink: &mut Expected) {
        for subscription in
            self.subscriptions.iter().filter(|one| matches(one.kind, &one.uri, publication.topic))
        {
            for member in &subscription.members {
                let own = *member == publication.publisher && publication.exclude_me;
                let excluded = publication.exclude.as_ref().is_some_and(|list| list.contains(member));
                let eligible = publication.eligible.as_ref().is_none_or(|list| list.contains(member));
                if own || excluded || !eligible {
                    continue;
                }
                let mut details = json!({});
                if subscription.kind != Kind::Exact {
                    details["topic"] = json!(publication.topic);
                }
                if let Some((session, authid, authrole)) = &publication.disclosed {
                    details["publisher"] = json!(session);
                    details["publisher_authid"] = json!(authid);
                    details["publisher_authrole"] = json!(authrole);
                }
                sink.push((
                    *member,
                    json!([36, subscription.id, PUBLICATION, details, [publication.payload]]),
                ));
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
