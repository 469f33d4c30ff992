//! Ways around permissions, over every kind of transport: each has to end where the plain request ends.
//!
//! A guest may do everything below `open.`, and subscribe to `news`. A member may do everything, and does it as bait: what the
//! guest reaches for is there.

use serde_json::{Value, json};
use serverwamp::{Actions, Application, Realm, TopicSettings, prefix};
use serverwamp_conformance::{Carrier, Places, RawPeer, Subprotocol};

use crate::router::{Router, tickets};

const DENIED: &str = "wamp.error.not_authorized";

/// Every meta procedure and topic that specification and router have.
const META_PROCEDURES: [&str; 24] = [
    "session.count",
    "session.list",
    "session.get",
    "session.kill",
    "session.kill_by_authid",
    "session.kill_by_authrole",
    "session.kill_all",
    "session.add_testament",
    "session.flush_testaments",
    "registration.list",
    "registration.lookup",
    "registration.match",
    "registration.get",
    "registration.list_callees",
    "registration.count_callees",
    "registration.remove_callee",
    "subscription.list",
    "subscription.lookup",
    "subscription.match",
    "subscription.get",
    "subscription.list_subscribers",
    "subscription.count_subscribers",
    "subscription.remove_subscriber",
    "subscription.get_events",
];
const META_TOPICS: [&str; 10] = [
    "session.on_join",
    "session.on_leave",
    "registration.on_create",
    "registration.on_register",
    "registration.on_unregister",
    "registration.on_delete",
    "subscription.on_create",
    "subscription.on_subscribe",
    "subscription.on_unsubscribe",
    "subscription.on_delete",
];

fn application(realm: Realm) -> Application {
    let realm = realm
        .allow_anonymous("guest")
        .authenticator(tickets())
        .topic_settings(prefix("closed."), TopicSettings::new().history(10))
        .role("guest", |role| role.allow(Actions::ALL, prefix("open.")).allow(Actions::SUBSCRIBE, "news"))
        .role("member", |role| role.allow(Actions::ALL, prefix("")));
    Application::builder().realm(realm).build().expect("nothing is wrong with this realm")
}

/// A guest over each kind of transport, at a router's realm and at an application's, with a member beside it.
fn with_guests(attack: impl Fn(&mut RawPeer, &mut RawPeer)) {
    const REALMS: [fn() -> Realm; 2] = [|| Realm::router("realm1"), || Realm::new("realm1").meta_api()];
    const CARRIERS: [Carrier; 3] = [Carrier::WebSocket, Carrier::RawSocketTcp, Carrier::LongPoll];
    let all = json!({ "features": {
        "payload_passthru_mode": true, "progressive_call_results": true, "progressive_call_invocations": true,
        "call_canceling": true, "publisher_identification": true, "caller_identification": true
    } });
    let roles = json!({ "caller": all, "callee": all, "publisher": all, "subscriber": all });
    for realm in REALMS {
        let router = Router::start(application(realm()));
        for (carrier, subprotocol) in CARRIERS.into_iter().zip(Subprotocol::PLAIN) {
            let mut member = RawPeer::connect(router.url(), Subprotocol::JSON);
            let welcome = member.join_with_ticket("realm1", "mia", "secret");
            member.welcomed(&welcome);
            let mut guest = carrier.connect(&Places::at(router.url()), subprotocol);
            let welcome = guest.hello("realm1", json!({ "roles": roles }));
            guest.welcomed(&welcome);
            attack(&mut guest, &mut member);
            guest.leave();
            member.leave();
        }
    }
}

/// Asks, and requires that it is denied.
#[track_caller]
fn denied(peer: &mut RawPeer, code: u64, options: Value, uri: &str) {
    let request = peer.next_request();
    peer.send(json!([code, request, options, uri]));
    let answer = peer.receive();
    assert_eq!(
        (&answer[1], &answer[2], &answer[4]),
        (&json!(code), &json!(request), &json!(DENIED)),
        "{uri}: {answer}"
    );
}

// AUTHZ-09, AUTHZ-03
#[test]
fn no_pattern_reaches_beyond_what_is_allowed() {
    with_guests(|guest, _| {
        for code in [32, 64] {
            for uri in ["", "o", "open", "n", "news", "closed.", "openly"] {
                denied(guest, code, json!({ "match": "prefix" }), uri);
            }
            for uri in [".", "..", "...", ".a", "open", "closed.", ".open", "open_.a", "opens."] {
                denied(guest, code, json!({ "match": "wildcard" }), uri);
            }
        }
        for code in [16, 32, 48, 64] {
            for uri in
                ["OPEN.a", "Open.a", "о\u{440}en.a", "open%2Ea", "open", "openly.a", "a.open.a", "open-a"]
            {
                denied(guest, code, json!({ "acknowledge": true }), uri);
            }
        }
        // A member of the allowed set in another spelling is none.
        guest.subscribe("open.", json!({ "match": "prefix" }));
        guest.subscribe("open..", json!({ "match": "wildcard" }));
        guest.subscribe("open.a", json!({ "match": "wildcard" }));
    });
}

// AUTHZ-12, AUTHZ-07
#[test]
fn no_meta_procedure_or_topic_tells_a_guest_anything() {
    with_guests(|guest, member| {
        member.register("closed.p");
        let seen = member.subscribe("closed.t", json!({}));
        for name in META_PROCEDURES {
            let request = guest.next_request();
            guest.send(json!([48, request, {}, format!("wamp.{name}"), ["closed.p"]]));
            let answer = guest.receive();
            assert_eq!(answer[4], DENIED, "{name}: {answer}");
            let request = guest.next_request();
            guest.send(json!([48, request, {}, format!("wamp.{name}"), [seen]]));
            assert_eq!(guest.receive()[4], DENIED, "{name}");
        }
        for name in META_TOPICS {
            denied(guest, 32, json!({}), &format!("wamp.{name}"));
        }
        for uri in ["wamp.", "wamp", "w", "wamp.session."] {
            denied(guest, 32, json!({ "match": "prefix" }), uri);
        }
        for uri in ["wamp..", "wamp..on_join", "..on_join", ".session.on_join"] {
            denied(guest, 32, json!({ "match": "wildcard" }), uri);
        }
    });
}

// AUTHZ-05, HIST-14
#[test]
fn what_was_published_before_is_as_closed_as_what_comes() {
    with_guests(|guest, member| {
        let request = member.next_request();
        member.send(json!([16, request, { "acknowledge": true, "retain": true, "exclude_me": false }, "closed.t", ["secret"]]));
        assert_eq!(member.receive()[0], 17);
        denied(guest, 32, json!({ "get_retained": true }), "closed.t");
        denied(guest, 32, json!({ "get_retained": true, "match": "prefix" }), "closed.");
        denied(guest, 32, json!({ "get_retained": true, "match": "prefix" }), "");
        denied(guest, 32, json!({ "get_retained": true, "match": "wildcard" }), ".t");
        guest.subscribe("open.", json!({ "match": "prefix", "get_retained": true }));
        // Forged, with every option that a publication has, and in silence.
        let topic = member.subscribe("closed.t", json!({}));
        for options in [
            json!({}),
            json!({ "exclude_me": false }),
            json!({ "retain": true }),
            json!({ "disclose_me": true }),
            json!({ "eligible_authrole": ["member"] }),
            json!({ "ppt_scheme": "x_any", "ppt_serializer": "native" }),
        ] {
            let request = guest.next_request();
            guest.send(json!([16, request, options, "closed.t", ["forged"]]));
        }
        guest.fence_broker();
        member.expect_silence_until_fence();
        member.unsubscribe(topic);
        // Nothing of it was kept either.
        let topic = member.subscribe("closed.t", json!({ "get_retained": true }));
        assert_eq!(member.event(topic, serverwamp_conformance::DEADLINE)[4], json!(["secret"]));
    });
}

// AUTHZ-03, AUTHZ-07
#[test]
fn neither_shared_nor_broad_registrations_serve_what_is_closed() {
    with_guests(|guest, member| {
        // Of everything, by a member; and one that others may join.
        let all = member_registers(member, "", json!({ "match": "prefix" }));
        member_registers(member, "closed.p", json!({ "invoke": "roundrobin" }));
        denied(guest, 64, json!({ "invoke": "roundrobin" }), "closed.p");
        denied(guest, 64, json!({ "invoke": "roundrobin", "disclose_caller": true }), "closed.p");
        denied(guest, 64, json!({ "match": "prefix", "invoke": "roundrobin" }), "");
        for options in [
            json!({}),
            json!({ "progress": true }),
            json!({ "receive_progress": true, "disclose_me": true, "timeout": 1000 }),
            json!({ "ppt_scheme": "x_any", "ppt_serializer": "native" }),
        ] {
            denied(guest, 48, options, "closed.p");
        }
        // What a denied call goes on with goes nowhere.
        let request = guest.next_request();
        guest.send(json!([48, request, { "progress": true }, "closed.p"]));
        guest.send(json!([48, request, { "progress": false }, "closed.p"]));
        let answer = guest.receive();
        assert_eq!((&answer[2], &answer[4]), (&json!(request), &json!(DENIED)), "{answer}");
        guest.fence_broker();
        member.expect_silence_until_fence();
        // What is open is served by the same registration.
        let request = guest.start_call("open.p", json!([1]), json!({}), json!({}));
        let invocation = member.expect(json!([68, "$id", all, { "procedure": "open.p" }, [1]]));
        member.send(json!([70, invocation[1], {}, ["served"]]));
        assert_eq!(guest.final_answer(request), json!([50, request, {}, ["served"]]));
    });
}

fn member_registers(member: &mut RawPeer, uri: &str, options: Value) -> u64 {
    let request = member.next_request();
    member.send(json!([64, request, options, uri]));
    member.receive()[2].as_u64().expect("REGISTERED")
}

// AUTHZ-01
#[test]
fn nobody_chooses_a_role_in_hello() {
    let router = Router::start(application(Realm::router("realm1")));
    let mut peer = RawPeer::connect(router.url(), Subprotocol::JSON);
    let details = json!({
        "roles": { "caller": {} }, "authid": "mia", "authrole": "member", "authextra": { "authrole": "member" },
        "authmethods": ["anonymous"], "authprovider": "static"
    });
    let welcome = peer.hello("realm1", details);
    assert_eq!((&welcome[0], &welcome[2]["authrole"]), (&json!(2), &json!("guest")), "{welcome}");
    assert_ne!(welcome[2]["authid"], "mia");
    denied(&mut peer, 48, json!({}), "closed.p");
}
