//! Begin and end of sessions.

use serde_json::json;
use serverwamp_conformance::{Arrival, DEADLINE, RawPeer, matches};

use crate::place::At;
use crate::place::Place;
use serverwamp_conformance::harness::NONE;

/// A session that has been left is another one when it is joined again, and what it held is gone.
pub(crate) fn leave_and_join_again(at: At<'_>) {
    let (mut peer, first) = at.join_as("router");
    peer.register("com.example.once");
    peer.leave();
    let second = peer.join("router");
    assert_ne!(first, second);
    peer.register("com.example.once");
    peer.leave();
    assert_ne!(peer.join("realm1"), second, "another realm");
    peer.expect_silence_until_fence();
    peer.leave();
}

/// A ticket lets its owner in, and a wrong one nobody.
pub(crate) fn authenticate_with_a_ticket(at: At<'_>) {
    let mut peer = at.connect();
    let welcome = peer.join_with_ticket("secure", "joe", "secret!!!");
    peer.welcomed(&welcome);
    assert_eq!((&welcome[2]["authid"], &welcome[2]["authmethod"]), (&json!("joe"), &json!("ticket")));
    peer.leave();
    let mut peer = at.connect();
    let abort = peer.join_with_ticket("secure", "joe", "wrong");
    assert!(matches(&json!([3, "$dict", "wamp.error.authentication_denied"]), &abort), "{abort}");
    peer.expect_closed();
}

/// A signature lets its owner in, salted or not, and a wrong one nobody.
pub(crate) fn authenticate_with_cra(at: At<'_>) {
    for authid in ["peter", "anna"] {
        let mut peer = at.connect();
        let welcome = peer.join_with_cra("secure", authid, "secret1");
        peer.welcomed(&welcome);
        assert_eq!((&welcome[2]["authid"], &welcome[2]["authmethod"]), (&json!(authid), &json!("wampcra")));
        peer.leave();
        let mut peer = at.connect();
        let abort = peer.join_with_cra("secure", authid, "secret2");
        assert!(matches(&json!([3, "$dict", "wamp.error.authentication_denied"]), &abort), "{abort}");
        peer.expect_closed();
    }
}

/// A violation is answered with ABORT and the end, and nothing behind it is heard.
pub(crate) fn violate_the_protocol(at: At<'_>) {
    let mut witness = at.join("router");
    let subscription = witness.subscribe("com.example.seen", NONE);
    let mut peer = at.join("router");
    let telltale = json!([16, 1, {}, "com.example.seen", ["behind a violation"]]);
    // The server may close before it has been sent.
    drop(peer.try_send(&[json!([48, "one", {}, "com.example.nothing"])]));
    drop(peer.try_send(&[telltale]));
    peer.expect_violation("");
    let mut other = at.join("router");
    other.publish("com.example.seen", json!(["the next"]), NONE);
    assert_eq!(witness.event(subscription, DEADLINE)[4], json!(["the next"]));
}

/// A session ends with its transport, and others hear of it.
pub(crate) fn lose_the_transport(at: At<'_>) {
    let mut witness = at.join("router");
    let left = witness.subscribe("wamp.session.on_leave", NONE);
    let (mut peer, id) = at.join_as("router");
    peer.register("com.example.lost");
    // Where the server cannot see it, this is the client that says so.
    drop(peer);
    let event = witness.find("the event of its leaving", DEADLINE, |event| event[4][0] == id);
    assert_eq!(event[1], left);
    let mut heir = at.join("router");
    heir.register("com.example.lost");
    heir.leave();
}

/// Whoever is in a realm that is reconfigured reads what it has lost, and why it ends when the realm is stopped.
pub(crate) fn stay_in_a_realm_that_changes_and_stops(at: At<'_>) {
    let mut operator = at.join("realm1");
    let mut change = |step: &str| {
        let changed = operator.call("realms.change", json!([step, "changing"]), NONE, NONE);
        assert!(matches(&json!([50, "$id", "$dict"]), &changed), "{step}: {changed}");
    };
    change("add");
    let mut peer = at.join("changing");
    let kept = peer.subscribe("com.kept.topic", NONE);
    let lost = peer.subscribe("com.lost.topic", NONE);
    let registration = peer.register("com.lost.procedure");
    change("narrow");
    let reason = "wamp.error.not_authorized";
    peer.expect(json!([35, 0, { "subscription": lost, "reason": reason }]));
    peer.expect(json!([67, 0, { "registration": registration, "reason": reason }]));
    at.join("changing").publish("com.kept.topic", json!([1]), NONE);
    assert_eq!(peer.event(kept, DEADLINE)[4], json!([1]));
    change("stop");
    peer.expect(json!([6, "$dict", "wamp.close.close_realm"]));
    peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    peer.expect_closed();
}

/// Sessions whose clients do not come back end, and others hear of it.
pub(crate) fn stay_away(mut witness: RawPeer, absent: impl Iterator<Item = RawPeer>) {
    witness.join("router");
    let left = witness.subscribe("wamp.session.on_leave", NONE);
    let join_and_vanish = |mut peer: RawPeer| {
        let id = peer.join("router");
        peer.vanish();
        id
    };
    let mut ids: Vec<u64> = absent.map(join_and_vanish).collect();
    while !ids.is_empty() {
        let event = witness.event(left, DEADLINE);
        ids.retain(|id| event[4][0] != *id);
    }
}

/// A server that stops says so to everybody who is in, and waits for the answer.
pub(crate) fn stop_the_server(place: &mut impl Place) {
    let mut peers: Vec<RawPeer> = place
        .subprotocols()
        .iter()
        .map(|&subprotocol| At { place: &*place, subprotocol }.join("router"))
        .collect();
    place.stop();
    for peer in &mut peers {
        peer.expect(json!([6, "$dict", "wamp.close.system_shutdown"]));
        peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
        peer.expect_closed();
    }
    // RawSocket waits for the other side's end.
    drop(peers);
    place.expect_stopped();
}

/// Everybody hears what everybody says, however each is connected.
pub(crate) fn meet(mut peers: Vec<RawPeer>) {
    let subscriptions: Vec<u64> = peers
        .iter_mut()
        .map(|peer| {
            peer.join("router");
            peer.subscribe("com.example.meeting", NONE)
        })
        .collect();
    let all = peers.len();
    for speaker in 0..all {
        peers[speaker].publish("com.example.meeting", json!([speaker, "grüß\u{0}e"]), NONE);
        for (listener, peer) in peers.iter_mut().enumerate().filter(|(listener, _)| *listener != speaker) {
            let event = peer.event(subscriptions[listener], DEADLINE);
            assert_eq!(event[4], json!([speaker, "grüß\u{0}e"]), "from {speaker} to {listener}");
        }
    }
    for peer in &mut peers {
        peer.expect_silence_until_fence();
        peer.leave();
        assert_eq!(peer.next(std::time::Duration::from_millis(1)), Arrival::Nothing, "the transport stays");
    }
}
