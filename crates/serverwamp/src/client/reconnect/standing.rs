//! What a client has made in its session and wants in the next one as well: its registrations and its subscriptions.
//!
//! Invariant: something stands from the router's answer until its holder drops it, the router takes it away or refuses it, or the
//! client ends.

use crate::base::locks::{Mutex, MutexGuard};
use crate::base::signal::Signal;
use crate::client::served::ClientRoute;
use crate::client::session::WaitingSubscribe;
use crate::client::topics::TopicKey;
use crate::peering::{Ended, EventInbox};
use hashbrown::HashMap;
use serverwamp_proto::message::SubscribeOptions;
use std::sync::{Arc, PoisonError, Weak};

/// What is made again in the next session.
#[derive(Default)]
pub(in crate::client) struct StandingParts(Mutex<StandingTables>);

#[derive(Default)]
struct StandingTables {
    /// Whether registrations are taken over from the session before.
    takes_over: bool,
    /// The number of what was made last.
    made: u64,
    /// By the addresses of what serves them and of the inboxes, which live as long as their entries.
    registrations: HashMap<usize, (u64, Arc<ClientRoute>)>,
    subscriptions: HashMap<usize, StandingSubscription>,
}

/// A subscription, as it is asked for again. Who holds it has the inbox.
struct StandingSubscription {
    number: u64,
    key: TopicKey,
    options: SubscribeOptions,
    inbox: Weak<EventInbox>,
}

impl StandingParts {
    fn tables(&self) -> MutexGuard<'_, StandingTables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registrations are to be taken over from the session before.
    pub(super) fn take_over(&self) {
        self.tables().takes_over = true;
    }

    pub(super) fn takes_over(&self) -> bool {
        self.tables().takes_over
    }

    pub(in crate::client) fn registered(&self, route: &Arc<ClientRoute>) {
        let mut tables = self.tables();
        tables.made += 1;
        let number = tables.made;
        // One that was made again keeps its number.
        let entry = tables.registrations.entry(Arc::as_ptr(route).addr());
        entry.or_insert_with(|| (number, Arc::clone(route)));
    }

    pub(in crate::client) fn unregistered(&self, route: &Arc<ClientRoute>) {
        let gone = self.tables().registrations.remove(&Arc::as_ptr(route).addr());
        // It may be the last one that holds a handler, which is user code.
        drop(gone);
    }

    pub(in crate::client) fn subscribed(&self, subscribe: &WaitingSubscribe) {
        let mut tables = self.tables();
        tables.made += 1;
        let number = tables.made;
        let entry = tables.subscriptions.entry(Arc::as_ptr(&subscribe.inbox).addr());
        entry.or_insert_with(|| StandingSubscription {
            number,
            key: subscribe.key.clone(),
            options: subscribe.options.clone(),
            inbox: Arc::downgrade(&subscribe.inbox),
        });
    }

    pub(in crate::client) fn unsubscribed(&self, inbox: &Arc<EventInbox>) {
        self.tables().subscriptions.remove(&Arc::as_ptr(inbox).addr());
    }

    /// The registrations, in the order in which they were made.
    pub(super) fn registrations(&self) -> Vec<Arc<ClientRoute>> {
        let mut all: Vec<_> = self.tables().registrations.values().cloned().collect();
        all.sort_unstable_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, route)| route).collect()
    }

    /// The subscriptions, in the order in which they were made, each as a SUBSCRIBE that has not been sent.
    pub(super) fn subscriptions(&self) -> Vec<Arc<WaitingSubscribe>> {
        let mut tables = self.tables();
        tables.subscriptions.retain(|_, one| one.inbox.strong_count() > 0);
        let mut all: Vec<_> = tables.subscriptions.values().collect();
        all.sort_unstable_by_key(|one| one.number);
        let subscribe = |one: &StandingSubscription| {
            let (key, options, inbox) = (one.key.clone(), one.options.clone(), one.inbox.upgrade()?);
            Some(Arc::new(WaitingSubscribe { key, options, inbox, answer: Signal::default() }))
        };
        all.into_iter().filter_map(subscribe).collect()
    }

    /// Tells all holders that the client is over.
    pub(super) fn end(&self) {
        let mut tables = self.tables();
        let registrations = std::mem::take(&mut tables.registrations);
        let subscriptions = std::mem::take(&mut tables.subscriptions);
        drop(tables);
        for (_, route) in registrations.values() {
            route.ended.set(Ended::SessionOver);
        }
        for inbox in subscriptions.values().filter_map(|one| one.inbox.upgrade()) {
            inbox.end(Ended::SessionOver);
        }
    }
}
