//! Nodes in one process, whose batches a test carries, loses, delays and repeats.

mod call_network;
mod calls;
mod claims;
mod format;
mod links;
mod network;

use super::{Life, Mesh, NodeName, Noticed, Outbound, RoutedEvent};
use crate::codec::Serializer;
use crate::id::PublicationId;
use crate::message::PublishOptions;
use crate::pattern::UriPattern;
use crate::payload::{Part, Payload};
use bytes::Bytes;
use std::borrow::Cow;
use std::time::Duration;

pub(super) const REALM: &str = "realm1";

pub(super) fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

pub(super) fn life(number: u64) -> Life {
    Life::new(number).unwrap()
}

pub(super) fn mesh(text: &str, number: u64) -> Mesh {
    Mesh::new(name(text), life(number))
}

pub(super) fn event(number: u64, topic: &str) -> RoutedEvent<'_> {
    RoutedEvent {
        realm: Cow::Borrowed(REALM),
        publication: PublicationId::new(number).unwrap(),
        topic: Cow::Borrowed(topic),
        options: PublishOptions::default(),
        payload: Payload::of_parts(Serializer::Json, Part::copied(b"[1,\"two\"]"), Part::new()),
        exclude: None,
        publisher: None,
        by_configuration: false,
        unrecorded: false,
        trustlevel: None,
    }
}

pub(super) fn publish(mesh: &mut Mesh, number: u64, topic: &str) -> bool {
    mesh.publish(REALM, topic, || event(number, topic)).unwrap()
}

pub(super) fn want(mesh: &mut Mesh, topic: &str, wanted: bool) {
    mesh.change_interest(REALM, &UriPattern::exact(topic), 1, wanted);
}

/// What waits in a node.
pub(super) fn flush(mesh: &mut Mesh) -> Vec<Bytes> {
    let mut out = Vec::new();
    mesh.flush(&mut out);
    batches(out)
}

pub(super) fn batches(out: Vec<Outbound>) -> Vec<Bytes> {
    let batch = |one| match one {
        Outbound::Batch(_, batch) => Some(batch),
        Outbound::Announcement(_) => None,
    };
    out.into_iter().filter_map(batch).collect()
}

/// Gives batches of `from` to `to`, and returns what it noticed.
pub(super) fn carry(from: &Mesh, to: &mut Mesh, batches: &[Bytes]) -> Vec<Noticed> {
    let mut noticed = Vec::new();
    for batch in batches {
        to.receive_batch(from.name(), batch, Duration::ZERO, &mut noticed).unwrap();
    }
    noticed
}

/// The announcement of a node.
pub(super) fn announce(from: &mut Mesh, to: &mut Mesh, now: Duration) -> Vec<Noticed> {
    let (mut out, mut noticed) = (Vec::new(), Vec::new());
    from.tick(now, &mut noticed, &mut out);
    for one in out {
        if let Outbound::Announcement(bytes) = one {
            to.receive_announcement(from.name(), &bytes, now, &mut noticed).unwrap();
        }
    }
    noticed
}

/// The numbers of the publications among what was noticed.
pub(super) fn events(noticed: &[Noticed]) -> Vec<u64> {
    let event = |one: &Noticed| match one {
        Noticed::Event(event) => Some(event.publication.get()),
        _ => None,
    };
    noticed.iter().filter_map(event).collect()
}

pub(super) fn lost(noticed: &[Noticed]) -> usize {
    noticed.iter().filter(|one| matches!(one, Noticed::Lost(..))).count()
}

/// Two nodes that know what the other wants.
pub(super) fn pair() -> (Mesh, Mesh) {
    let (mut a, mut b) = (mesh("a", 1), mesh("b", 2));
    announce(&mut a, &mut b, Duration::ZERO);
    exchange(&mut a, &mut b);
    (a, b)
}

/// Carries everything to and fro until nothing waits.
pub(super) fn exchange(a: &mut Mesh, b: &mut Mesh) -> (Vec<Noticed>, Vec<Noticed>) {
    let (mut at_a, mut at_b) = (Vec::new(), Vec::new());
    while a.has_waiting() || b.has_waiting() {
        let from_a = flush(a);
        at_b.extend(carry(a, b, &from_a));
        let from_b = flush(b);
        at_a.extend(carry(b, a, &from_b));
    }
    (at_a, at_b)
}
