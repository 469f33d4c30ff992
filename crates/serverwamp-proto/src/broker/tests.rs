//! The table against a naive model, and the rules of subscribing one by one.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::id::Counter;

fn session(number: u64) -> SessionId {
    SessionId::new(number).unwrap()
}

/// A table with counted ids; each subscriber keeps its own number.
#[derive(Debug, Default)]
struct Table {
    subscriptions: Subscriptions<u64>,
    ids: Counter<SubscriptionId>,
}

impl Table {
    fn subscribe(&mut self, number: u64, kind: Match, topic: &str) -> Subscribed {
        let Self { subscriptions, ids } = self;
        subscriptions.subscribe(session(number), kind, topic, number, || ids.issue())
    }

    fn receivers(&self, topic: &str) -> Vec<(SubscriptionId, u64)> {
        let mut receivers = Vec::new();
        self.subscriptions.matching(topic, |subscription| {
            assert!(subscription.pattern().matches(topic));
            receivers
                .extend(subscription.subscribers().iter().map(|(_, number)| (subscription.id(), *number)));
        });
        receivers.sort_unstable();
        receivers
    }
}

#[test]
fn sub_02_the_same_subscription_again_changes_nothing() {
    let mut table = Table::default();
    let first = table.subscribe(1, Match::Exact, "com.t");
    let second = table.subscribe(1, Match::Exact, "com.t");
    assert_eq!((first.is_new_for_session, first.created), (true, true));
    assert_eq!((second.is_new_for_session, second.created), (false, false));
    assert_eq!(first.id, second.id);
    assert_eq!(table.receivers("com.t"), [(first.id, 1)]);
}

#[test]
fn sub_03_one_unsubscribe_ends_it() {
    let mut table = Table::default();
    let id = table.subscribe(1, Match::Exact, "com.t").id;
    table.subscribe(1, Match::Exact, "com.t");
    let gone = table.subscriptions.unsubscribe(session(1), id).unwrap();
    assert_eq!(
        (gone.id, gone.pattern, gone.subscriber, gone.deleted),
        (id, UriPattern::exact("com.t"), 1, true)
    );
    assert!(table.receivers("com.t").is_empty());
    assert_eq!(table.subscriptions.unsubscribe(session(1), id).unwrap_err(), NoSuchSubscription);
    assert!(table.subscriptions.is_forgotten(session(1)));
}

#[test]
fn sub_04_ids_are_shared_by_topic_and_match() {
    let mut table = Table::default();
    let exact = table.subscribe(1, Match::Exact, "a.b").id;
    let shared = table.subscribe(2, Match::Exact, "a.b");
    assert_eq!((shared.id, shared.created, shared.is_new_for_session), (exact, false, true));
    let prefix = table.subscribe(1, Match::Prefix, "a.b").id;
    let wildcard = table.subscribe(1, Match::Wildcard, "a.b").id;
    assert_eq!([exact, prefix, wildcard].iter().collect::<HashSet<_>>().len(), 3);
    assert_eq!(table.receivers("a.b"), [(exact, 1), (exact, 2), (prefix, 1), (wildcard, 1)]);
    assert_eq!(table.subscriptions.lookup(Match::Prefix, "a.b"), Some(prefix));
    assert_eq!(table.subscriptions.lookup(Match::Prefix, "a"), None);
}

#[test]
fn sub_07_unknown_ids_are_refused() {
    let mut table = Table::default();
    let unknown = SubscriptionId::new(4711).unwrap();
    assert_eq!(table.subscriptions.unsubscribe(session(1), unknown).unwrap_err(), NoSuchSubscription);
}

#[test]
fn sub_08_nobody_unsubscribes_for_another() {
    let mut table = Table::default();
    let id = table.subscribe(1, Match::Exact, "com.t").id;
    table.subscribe(2, Match::Exact, "com.other");
    assert_eq!(table.subscriptions.unsubscribe(session(2), id).unwrap_err(), NoSuchSubscription);
    assert_eq!(table.receivers("com.t"), [(id, 1)]);
}

#[test]
fn ids_in_use_are_not_given_twice() {
    let mut table = Table::default();
    let first = table.subscribe(1, Match::Exact, "a").id;
    let mut offers = [first, first, SubscriptionId::new(9).unwrap()].into_iter();
    let second =
        table.subscriptions.subscribe(session(1), Match::Exact, "b", 1, || offers.next().unwrap()).id;
    assert_eq!(second.get(), 9);
}

#[test]
fn the_last_subscriber_takes_the_subscription_along() {
    let mut table = Table::default();
    let id = table.subscribe(1, Match::Prefix, "a.").id;
    table.subscribe(2, Match::Prefix, "a.");
    assert!(!table.subscriptions.unsubscribe(session(1), id).unwrap().deleted);
    let left = table.subscriptions.session_left(session(2));
    assert_eq!(left.iter().map(|gone| (gone.id, gone.deleted)).collect::<Vec<_>>(), [(id, true)]);
    assert!(table.subscriptions.is_empty());
    assert!(table.subscribe(2, Match::Prefix, "a.").created);
}

#[derive(Clone, Debug)]
enum Operation {
    Subscribe(u64, Match, &'static str),
    Unsubscribe(u64, u64),
    Leave(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    let topic = prop_oneof![Just("a"), Just("a."), Just("a.b"), Just(""), Just(".b"), Just("a.b.c")];
    let kind = prop_oneof![Just(Match::Exact), Just(Match::Prefix), Just(Match::Wildcard)];
    prop_oneof![
        4 => (1..6u64, kind, topic).prop_map(|(who, kind, topic)| Operation::Subscribe(who, kind, topic)),
        2 => (1..6u64, 1..12u64).prop_map(|(who, id)| Operation::Unsubscribe(who, id)),
        1 => (1..6u64).prop_map(Operation::Leave),
    ]
}

proptest! {
    #[test]
    fn the_table_agrees_with_a_list(operations in vec(operation(), 0..60)) {
        let mut table = Table::default();
        // The model: who holds which pattern under which id.
        let mut model: Vec<(u64, UriPattern, SubscriptionId)> = Vec::new();
        for operation in operations {
            match operation {
                Operation::Subscribe(who, kind, topic) => {
                    let pattern = UriPattern::new(kind, topic);
                    let shared = model.iter().find(|(_, other, _)| *other == pattern).map(|(_, _, id)| *id);
                    let held = model.iter().any(|(other, held, _)| *other == who && *held == pattern);
                    let subscribed = table.subscribe(who, kind, topic);
                    prop_assert_eq!(subscribed.created, shared.is_none());
                    prop_assert_eq!(subscribed.is_new_for_session, !held);
                    prop_assert!(shared.is_none_or(|id| id == subscribed.id));
                    if !held {
                        model.push((who, pattern, subscribed.id));
                    }
                }
                Operation::Unsubscribe(who, number) => {
                    let id = SubscriptionId::new(number).unwrap();
                    let before = model.len();
                    model.retain(|(other, _, held)| (*other, *held) != (who, id));
                    let gone = table.subscriptions.unsubscribe(session(who), id);
                    prop_assert_eq!(gone.is_ok(), model.len() < before);
                    if let Ok(gone) = gone {
                        prop_assert_eq!(gone.deleted, !model.iter().any(|(_, _, other)| *other == id));
                        prop_assert_eq!(gone.subscriber, who);
                    }
                }
                Operation::Leave(who) => {
                    let held = model.iter().filter(|(other, _, _)| *other == who).count();
                    model.retain(|(other, _, _)| *other != who);
                    prop_assert_eq!(table.subscriptions.session_left(session(who)).len(), held);
                    prop_assert!(table.subscriptions.is_forgotten(session(who)));
                }
            }
            for topic in ["a", "a.b", "b.b", "a.b.c", "x"] {
                let reached = model.iter().filter(|(_, pattern, _)| pattern.matches(topic));
                let mut expected: Vec<_> = reached.map(|(who, _, id)| (*id, *who)).collect();
                expected.sort_unstable();
                prop_assert_eq!(table.receivers(topic), expected);
            }
            let ids: HashSet<_> = model.iter().map(|(_, _, id)| *id).collect();
            prop_assert_eq!(table.subscriptions.len(), ids.len());
            for who in 1..6 {
                let held = model.iter().filter(|(other, _, _)| *other == who).count();
                prop_assert_eq!(table.subscriptions.count_of(session(who)), held);
            }
        }
    }
}
