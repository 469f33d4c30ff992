//! Offers and calls: who is asked in which order, what goes through, and what ends when a link does.

use super::*;
use crate::cluster::{CallItem, CrossingAnswer, CrossingCall, RegistrationOffer};
use crate::id::{RequestId, SessionId};
use crate::message::{CallOptions, CancelMode, Invoke, Passthru};

pub(super) fn id(number: u64) -> RequestId {
    RequestId::new(number).unwrap()
}

fn offer(mesh: &mut Mesh, pattern: &UriPattern, invoke: Invoke, token: u64) {
    mesh.change_offer(REALM, pattern, Some(RegistrationOffer { invoke, token }));
}

fn asked(mesh: &Mesh, procedure: &str, turn: u64) -> Vec<String> {
    let callees = mesh.callees(REALM, procedure, |_| turn);
    let names = callees.into_iter().flat_map(|callees| callees.nodes);
    names.map(|(name, _)| name.as_str().to_owned()).collect()
}

pub(super) fn payload(serializer: Serializer) -> Payload {
    let args: &[u8] = match serializer {
        Serializer::Json => b"[1,\"two\"]",
        Serializer::MessagePack => b"\x92\x01\xa3two",
        Serializer::Cbor => b"\x82\x01\x63two",
    };
    Payload::of_parts(serializer, Part::copied(args), Part::new())
}

pub(super) fn call(number: u64, serializer: Serializer) -> CrossingCall<'static> {
    CrossingCall {
        id: id(number),
        realm: Cow::Borrowed(REALM),
        pattern: UriPattern::prefix("com.p"),
        procedure: Cow::Borrowed("com.p.x"),
        options: CallOptions { receive_progress: true, timeout: 7, ..CallOptions::default() },
        payload: payload(serializer),
        caller: SessionId::new(99).unwrap(),
        authid: Cow::Borrowed("joe"),
        authrole: Cow::Borrowed("user"),
        disclosed_by_realm: true,
        takes_passthru: false,
        forward_timeout: Some(false),
        trustlevel: Some(3),
    }
}

fn send(mesh: &mut Mesh, to: &str, number: u64, item: CallItem<'_>) -> bool {
    mesh.send_call_item(&name(to), life(number), item).unwrap()
}

fn items(noticed: Vec<Noticed>) -> Vec<CallItem<'static>> {
    let item = |one| match one {
        Noticed::Call(_, _, item) => Some(*item),
        _ => None,
    };
    noticed.into_iter().filter_map(item).collect()
}

/// `c` knows what `a` and `b` offer: they came in this order.
fn three(invoke: Invoke) -> (Mesh, Mesh, Mesh) {
    let (mut a, mut b, mut c) = (mesh("a", 1), mesh("b", 2), mesh("c", 3));
    let pattern = UriPattern::prefix("com.p");
    offer(&mut a, &pattern, invoke, 10);
    offer(&mut b, &pattern, invoke, 20);
    // The later one is heard of first.
    for other in [&mut b, &mut a] {
        announce(other, &mut c, Duration::ZERO);
        exchange(other, &mut c);
    }
    (a, b, c)
}

#[test]
fn the_policy_orders_the_nodes_by_when_they_came_into_the_claim() {
    for (invoke, turn, expected) in [
        (Invoke::First, 1, vec!["a", "b"]),
        (Invoke::Last, 1, vec!["b", "a"]),
        (Invoke::RoundRobin, 0, vec!["a", "b"]),
        (Invoke::RoundRobin, 1, vec!["b", "a"]),
        (Invoke::Random, 7, vec!["b", "a"]),
        // The higher token is right.
        (Invoke::Single, 0, vec!["b"]),
    ] {
        let (_, _, c) = three(invoke);
        assert_eq!(asked(&c, "com.p.x", turn), expected, "{invoke:?} {turn}");
        assert!(asked(&c, "org.p", turn).is_empty());
    }
}

#[test]
fn offers_come_with_the_snapshot_change_and_go_with_their_node() {
    let (mut a, _, mut c) = three(Invoke::RoundRobin);
    let exact = UriPattern::exact("com.p.x");
    offer(&mut a, &exact, Invoke::Single, 30);
    exchange(&mut a, &mut c);
    assert_eq!(c.offered(REALM, "com.p.x"), Some(&exact), "the exact one is the better match");
    assert_eq!(asked(&c, "com.p.x", 0), ["a"]);
    a.change_offer(REALM, &exact, None);
    exchange(&mut a, &mut c);
    assert_eq!(c.offered(REALM, "com.p.x"), Some(&UriPattern::prefix("com.p")));
    let (mut out, mut noticed) = (Vec::new(), Vec::new());
    a.leave(&mut out);
    for one in out {
        if let Outbound::Announcement(bytes) = one {
            c.receive_announcement(&name("a"), &bytes, Duration::ZERO, &mut noticed).unwrap();
        }
    }
    assert_eq!(asked(&c, "com.p.x", 0), ["b"]);
}

#[test]
fn a_call_and_all_that_follows_it_come_through_in_every_serializer() {
    for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
        let (mut a, mut b) = pair();
        let passthru = Passthru { scheme: Some("x_mine".into()), ..Passthru::default() };
        let packed = payload(serializer).packed(Some(Box::new(passthru)));
        assert!(packed.passthru.is_some());
        let error =
            CrossingAnswer::Error { error: "com.error".into(), payload: packed.clone(), unserved: true };
        for item in [
            CallItem::Call(Box::new(call(1, serializer))),
            CallItem::Input(id(1), packed.clone(), false),
            CallItem::Input(id(1), payload(serializer), true),
            CallItem::Cancel(id(1), CancelMode::Kill),
            CallItem::Answer(id(1), CrossingAnswer::Progress(packed.clone())),
            CallItem::Answer(id(1), CrossingAnswer::Result(payload(serializer))),
            CallItem::Answer(id(2), error),
        ] {
            let sent = format!("{item:?}");
            assert!(send(&mut a, "b", 2, item));
            let (_, at_b) = exchange(&mut a, &mut b);
            let come = items(at_b);
            let [come] = &*come else { panic!("{come:?}") };
            // Where the bytes lie is not part of what is said.
            assert_eq!(format!("{come:?}"), sent, "{serializer:?}");
        }
        assert_eq!((a.counts().calls_sent, b.counts().calls_received), (1, 1));
    }
}

#[test]
fn nothing_is_queued_for_another_life() {
    let (mut a, _) = pair();
    assert!(!send(&mut a, "b", 9, CallItem::Cancel(id(1), CancelMode::Skip)));
    assert!(!send(&mut a, "nobody", 2, CallItem::Cancel(id(1), CancelMode::Skip)));
    assert!(!a.has_waiting());
}

/// Both ends must hear that a call between them cannot go on, and a call that is made after that must not end with it.
#[test]
fn both_ends_of_a_lost_link_hear_of_it_before_what_comes_after() {
    let (mut a, mut b) = pair();
    assert!(send(&mut a, "b", 2, CallItem::Call(Box::new(call(1, Serializer::Json)))));
    assert_eq!(flush(&mut a).len(), 1, "this one is lost");
    assert!(send(&mut a, "b", 2, CallItem::Call(Box::new(call(2, Serializer::Json)))));
    let late = flush(&mut a);
    assert_eq!(lost(&carry(&a, &mut b, &late)), 1);
    // The other direction goes on, and its next batch says what is missing.
    assert!(send(&mut b, "a", 1, CallItem::Call(Box::new(call(3, Serializer::Json)))));
    let from_b = flush(&mut b);
    let at_a = carry(&b, &mut a, &from_b);
    assert!(
        matches!(&*at_a, [Noticed::Unsent(node, _), Noticed::Call(..)] if node.as_str() == "b"),
        "{at_a:?}"
    );
    assert!(send(&mut a, "b", 2, CallItem::Call(Box::new(call(4, Serializer::Json)))));
    let from_a = flush(&mut a);
    let come = items(carry(&a, &mut b, &from_a));
    assert!(matches!(&*come, [CallItem::Call(call)] if call.id == id(4)), "{come:?}");
}

#[test]
fn what_could_not_be_carried_is_said_once() {
    let (mut a, _) = pair();
    a.not_carried(&name("b"));
    let mut noticed = Vec::new();
    a.notice_unsent(&mut noticed);
    a.notice_unsent(&mut noticed);
    assert!(matches!(&*noticed, [Noticed::Unsent(..)]), "{noticed:?}");
}
