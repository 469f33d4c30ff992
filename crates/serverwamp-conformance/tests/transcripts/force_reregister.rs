//! REGISTER with `force_reregister`, which is Crossbar.io's and not the specification's: who may take a registration over, from whom,
//! and what becomes of its calls.

use crate::router::{Router, play, play_at, realms, tickets};
use serde_json::{Value, json};
use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::{Actions, Application, Realm, prefix};
use serverwamp_conformance::{RawPeer, Subprotocol};
use std::collections::BTreeMap;
use std::thread;

#[test]
fn a_session_of_the_same_authid_and_role_takes_a_registration_over() {
    play(
        r#"
        bob joins
        old joins as joe secret
        new joins as joe secret
        old > [64, 1, {}, "com.p"]
        old < [65, 1, $r]
        new > [64, 1, {}, "com.p"]
        new < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        new > [64, 2, {"force_reregister": true}, "com.p"]
        old < [67, 0, {"registration": $r, "reason": "wamp.error.unregistered"}]
        new < [65, 2, $n]
        all different $r $n
        bob > [48, 1, {}, "com.p", [1]]
        new < [68, 1, $n, {}, [1]]
        new > [70, 1, {}, [2]]
        bob < [50, 1, {}, [2]]
        # The former callee has no registration any more, and may take it back.
        old > [66, 2, $r]
        old < [8, 66, 2, {}, "wamp.error.no_such_registration", ...]
        old > [64, 3, {"force_reregister": true}, "com.p"]
        new < [67, 0, {"registration": $n, "reason": "wamp.error.unregistered"}]
        old < [65, 3, _id]
    "#,
    );
}

#[test]
fn a_procedure_that_nobody_has_is_registered_as_without_the_option() {
    play(
        r#"
        alice joins
        bob joins as joe secret
        alice > [64, 1, {"force_reregister": true}, "com.p"]
        alice < [65, 1, _id]
        bob > [64, 1, {"force_reregister": false}, "com.p"]
        bob < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        bob > [64, 2, {"force_reregister": true}, "com.q"]
        bob < [65, 2, _id]
    "#,
    );
}

#[test]
fn calls_in_flight_end_as_if_the_callee_had_left_and_its_other_calls_go_on() {
    play(
        r#"
        bob joins
        old joins as joe secret
        new joins as joe secret
        old registers com.p as $r
        old registers com.q as $q
        bob calls com.p [1] reaching old
        bob calls com.q [2] reaching old
        bob calls com.p [3] reaching old
        new > [64, 1, {"force_reregister": true}, "com.p"]
        old < [67, 0, {"registration": $r, "reason": "wamp.error.unregistered"}]
        old < [69, 1, {"mode": "killnowait"}]
        old < [69, 3, {"mode": "killnowait"}]
        new < [65, 1, $n]
        bob < any of
            [8, 48, 1, {}, "wamp.error.canceled", ["the callee has left"]]
            [8, 48, 3, {}, "wamp.error.canceled", ["the callee has left"]]
        # What it still says about them is no violation, and reaches nobody.
        old > [70, 1, {}, ["late"]]
        old > [8, 68, 3, {}, "wamp.error.canceled"]
        bob silent
        old > [70, 2, {}, ["in time"]]
        bob < [50, 2, {}, ["in time"]]
    "#,
    );
}

#[test]
fn a_callee_that_knows_of_no_revocation_is_not_told_and_yet_loses_the_registration() {
    play(
        r#"
        bob joins
        old connects
        old > [1, "realm1", {"roles": {"callee": {}}, "authid": "joe", "authmethods": ["ticket"]}]
        old < [4, "ticket", {}]
        old > [5, "secret", {}]
        old < [2, _id, {...}]
        new joins as joe secret
        old > [64, 1, {}, "com.p"]
        old < [65, 1, $r]
        bob > [48, 1, {}, "com.p"]
        old < [68, 1, $r, {}]
        new > [64, 1, {"force_reregister": true}, "com.p"]
        new < [65, 1, $n]
        bob < [8, 48, 1, {}, "wamp.error.canceled", ...]
        bob > [48, 2, {}, "com.p"]
        new < [68, 1, $n, {}]
        new > [70, 1, {}]
        bob < [50, 2, {}]
    "#,
    );
}

#[test]
fn meta_events_tell_of_the_former_callee_first() {
    play(
        r#"
        old joins as joe secret
        new joins as joe secret
        old registers com.p as $r
        root joins as root secret
        root subscribes wamp.registration. {"match": "prefix"} as $m
        new > [64, 1, {"force_reregister": true}, "com.p"]
        old < [67, 0, {...}]
        new < [65, 1, $n]
        root < [36, $m, _, {"topic": "wamp.registration.on_unregister"}, [$old, $r]]
        root < [36, $m, _, {"topic": "wamp.registration.on_delete"}, [$old, $r]]
        root < [36, $m, _, {"topic": "wamp.registration.on_create"}, [$new, {..., "id": $n, "uri": "com.p"}]]
        root < [36, $m, _, {"topic": "wamp.registration.on_register"}, [$new, $n]]
    "#,
    );
}

#[test]
fn another_authid_takes_nothing_over() {
    play(
        r#"
        joe joins as joe secret
        jane joins as jane secret
        root joins as root secret
        joe registers com.p as $r
        jane > [64, 1, {"force_reregister": true}, "com.p"]
        jane < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        root > [64, 1, {"force_reregister": true}, "com.p"]
        root < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        joe silent
    "#,
    );
}

/// The realm `realm1`, where the ticket is the role.
fn by_role() -> Application {
    async fn role(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Principal {
        let role = if ticket.matches("user") { "user" } else { "service" };
        Principal::new(authid).role(role)
    }
    let realm = Realm::router("realm1").authenticator(auth::ticket(role));
    Application::builder().realm(realm).build().expect("nothing is wrong with the realm")
}

#[test]
fn another_role_of_the_same_authid_takes_nothing_over() {
    play_at(
        by_role,
        r#"
        old joins as joe user
        new joins as joe service
        old registers com.p as $r
        new > [64, 1, {"force_reregister": true}, "com.p"]
        new < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        old silent
    "#,
    );
}

/// The realm `realm1`, where everybody is the same anonymous principal.
fn one_anonymous() -> Application {
    let everybody = || async { Principal::new("everybody").role("guest") };
    let realm = Realm::router("realm1").authenticator(auth::transport("anonymous", everybody));
    Application::builder().realm(realm).build().expect("nothing is wrong with the realm")
}

#[test]
fn anonymous_sessions_take_nothing_over() {
    for app in [realms, one_anonymous] {
        play_at(
            app,
            r#"
        old joins
        new joins
        old registers com.p as $r
        new > [64, 1, {"force_reregister": true}, "com.p"]
        new < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        old silent
    "#,
        );
    }
}

#[test]
fn a_realm_may_refuse_it() {
    let refusing = || {
        let realm = Realm::router("realm1").authenticator(tickets()).force_reregister(false);
        Application::builder().realm(realm).build().unwrap()
    };
    play_at(
        refusing,
        r#"
        old joins as joe secret
        new joins as joe secret
        old registers com.p as $r
        new > [64, 1, {"force_reregister": true}, "com.p"]
        new < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        old silent
        new > [64, 2, {"force_reregister": true}, "com.q"]
        new < [65, 2, _id]
    "#,
    );
}

#[test]
fn a_shared_registration_is_joined_and_nobody_is_put_out_of_it() {
    play(
        r#"
        bob joins
        old joins as joe secret
        new joins as joe secret
        old registers com.p {"invoke": "roundrobin"} as $r
        new > [64, 1, {"force_reregister": true}, "com.p"]
        new < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        new > [64, 2, {"force_reregister": true, "invoke": "first"}, "com.p"]
        new < [8, 64, 2, {}, "wamp.error.procedure_already_exists", ...]
        new > [64, 3, {"force_reregister": true, "invoke": "roundrobin"}, "com.p"]
        new < [65, 3, $r]
        old silent
        bob calls com.p reaching old
    "#,
    );
}

#[test]
fn a_registration_that_is_not_shared_becomes_a_shared_one() {
    play(
        r#"
        old joins as joe secret
        new joins as joe secret
        old registers com.p as $r
        new > [64, 1, {"force_reregister": true, "invoke": "roundrobin"}, "com.p"]
        old < [67, 0, {"registration": $r, "reason": "wamp.error.unregistered"}]
        new < [65, 1, $n]
        old > [64, 2, {"invoke": "roundrobin"}, "com.p"]
        old < [65, 2, $n]
    "#,
    );
}

#[test]
fn what_the_application_serves_stays_with_it() {
    play(
        r#"
        joe joins guarded as joe secret
        joe > [64, 1, {"force_reregister": true}, "com.served"]
        joe < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        joe > [48, 2, {}, "com.served"]
        joe < [50, 2, {}, ["by the application"]]
    "#,
    );
}

#[test]
fn a_session_takes_nothing_over_from_itself() {
    play(
        r#"
        bob joins
        joe joins as joe secret
        joe registers com.p as $r
        joe > [64, 2, {"force_reregister": true}, "com.p"]
        joe < [8, 64, 2, {}, "wamp.error.procedure_already_exists", ...]
        bob calls com.p reaching joe
    "#,
    );
}

#[test]
fn of_patterns_the_same_one_is_taken_over_and_no_other() {
    play(
        r#"
        bob joins
        old joins as joe secret
        new joins as joe secret
        old registers com.p as $exact
        old registers com. {"match": "prefix"} as $prefix
        old registers com. {"match": "wildcard"} as $wildcard
        new > [64, 1, {"force_reregister": true, "match": "prefix"}, "com."]
        old < [67, 0, {"registration": $prefix, "reason": "wamp.error.unregistered"}]
        new < [65, 1, $n]
        bob > [48, 1, {}, "com.p"]
        old < [68, 1, $exact, {}]
        bob > [48, 2, {}, "com.q.r"]
        new < [68, 1, $n, {"procedure": "com.q.r"}]
    "#,
    );
}

#[test]
fn nobody_loses_a_registration_for_a_request_that_is_refused() {
    let limited = || {
        let users = |role: serverwamp::RoleRules| {
            role.allow(Actions::REGISTER, prefix("com.")).deny(Actions::REGISTER, "com.denied")
        };
        let realm = Realm::router("realm1").authenticator(tickets()).role("user", users);
        Application::builder().limits(|limits| limits.registrations = 1).realm(realm).build().unwrap()
    };
    play_at(
        limited,
        r#"
        old joins as joe secret
        new joins as joe secret
        old registers com.p as $r
        new registers com.other as $o
        new > [64, 2, {"force_reregister": true}, "com.p"]
        new < [8, 64, 2, {}, "wamp.error.unavailable", ...]
        new > [64, 3, {"force_reregister": true}, "com.denied"]
        new < [8, 64, 3, {}, "wamp.error.not_authorized", ...]
        old silent
    "#,
    );
}

#[test]
fn an_option_of_another_type_ends_the_session() {
    play(
        r#"
        joe joins as joe secret
        joe > [64, 1, {"force_reregister": 1}, "com.p"]
        joe < [3, {...}, "wamp.error.protocol_violation"]
        joe closed
    "#,
    );
}

/// How many procedures a session has that leaves while another one takes them over.
const PROCEDURES: usize = 1000;

#[test]
fn what_is_taken_from_a_session_that_is_about_to_leave_stays_taken() {
    let router = Router::start(realms());
    let mut old = joe(&router);
    let mut kept = take_all(&mut old, false);
    for round in 0..10 {
        let mut new = joe(&router);
        let leaves = thread::spawn(move || {
            old.send(json!([6, {}, "wamp.close.normal"]));
            drop(old);
        });
        let taken = take_all(&mut new, round % 2 == 0);
        leaves.join().unwrap();
        assert!(taken.iter().all(|(number, id)| kept[number] != *id));
        for number in 0..PROCEDURES {
            let found = new.call(
                "wamp.registration.lookup",
                json!([format!("com.p{number}")]),
                Value::Null,
                Value::Null,
            );
            assert_eq!(found[3][0], taken[&number], "com.p{number}");
        }
        (old, kept) = (new, taken);
    }
}

/// Registers all procedures. A session leaves the oldest one first, so whoever takes them in the opposite order meets it somewhere.
fn take_all(peer: &mut RawPeer, backwards: bool) -> BTreeMap<usize, Value> {
    let numbers = (0..PROCEDURES).map(|number| if backwards { PROCEDURES - 1 - number } else { number });
    for number in numbers.clone() {
        let request = peer.next_request();
        peer.send(json!([64, request, { "force_reregister": true }, format!("com.p{number}")]));
    }
    numbers.map(|number| (number, registered(peer))).collect()
}

fn joe(router: &Router) -> RawPeer {
    let mut peer = RawPeer::connect(router.url(), Subprotocol::MSGPACK);
    let roles = json!({ "callee": { "features": { "registration_revocation": true } }, "caller": {} });
    peer.send(json!([1, "realm1", { "roles": roles, "authid": "joe", "authmethods": ["ticket"] }]));
    assert_eq!(peer.receive()[0], 4);
    peer.send(json!([5, "secret", {}]));
    assert_eq!(peer.receive()[0], 2);
    peer
}

/// The id in the next REGISTERED.
#[track_caller]
fn registered(peer: &mut RawPeer) -> Value {
    let answer = peer.receive();
    assert_eq!(answer[0], 65, "{answer}");
    answer[2].clone()
}
