//! META: what holds for the whole meta API.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use crate::router::{Router, play, realms};
use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Subprotocol};

#[test]
fn meta_01_realms_hear_nothing_of_each_other() {
    play(
        r#"
        there joins realm2
        there subscribes wamp. {"match": "prefix"}
        alice joins
        alice registers com.p as $r
        alice subscribes com.t as $s
        there silent
        there > [48, 2, {}, "wamp.session.count"]
        there < [50, 2, {}, [1]]
        there > [48, 3, {}, "wamp.session.get", [$alice]]
        there < [8, 48, 3, {}, "wamp.error.no_such_session", [_string]]
        there > [48, 4, {}, "wamp.registration.lookup", ["com.p"]]
        there < [50, 4, {}, [null]]
        there > [48, 5, {}, "wamp.subscription.lookup", ["com.t"]]
        there < [50, 5, {}, [null]]
        alice says goodbye
        there silent
    "#,
    );
}

#[test]
fn meta_02_the_meta_api_is_announced() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"caller": {}}}]
        alice < [2, _id, {..., "roles": {
            "broker": {"features": {..., "session_meta_api": true, "subscription_meta_api": true}},
            "dealer": {"features": {..., "session_meta_api": true, "registration_meta_api": true}}}}]
    "#,
    );
}

#[test]
fn meta_03_events_of_the_meta_api_look_like_any_other() {
    play(
        r#"
        alice joins
        alice subscribes wamp.subscription. {"match": "prefix"} as $prefix
        alice subscribes wamp..on_subscribe {"match": "wildcard"} as $wildcard
        alice subscribes wamp.subscription.on_subscribe as $exact
        bob joins
        bob subscribes com.t as $s
        alice < [36, $prefix, $create, {"topic": "wamp.subscription.on_create"}, [$bob, _dict]]
        alice < any of
            [36, $prefix, $join, {"topic": "wamp.subscription.on_subscribe"}, [$bob, $s]]
            [36, $wildcard, $join, {"topic": "wamp.subscription.on_subscribe"}, [$bob, $s]]
            [36, $exact, $join, {}, [$bob, $s]]
        all different $create $join
    "#,
    );
}

/// Every procedure with arguments that do not fit, and the argument that its complaint names.
const MISFITS: [(&str, &str, &str); 50] = [
    ("wamp.session.count", "[5]", "filter_authroles"),
    ("wamp.session.count", "[[], []]", "at most 1"),
    ("wamp.session.list", "[[5]]", "filter_authroles"),
    ("wamp.session.get", "[]", "session"),
    ("wamp.session.get", "[\"x\"]", "session"),
    ("wamp.session.get", "[0]", "session"),
    ("wamp.session.get", "[-1]", "session"),
    ("wamp.session.get", "[1.5]", "session"),
    ("wamp.session.get", "[null]", "session"),
    ("wamp.session.get", "[9007199254740993]", "session"),
    ("wamp.session.get", "[1, 2]", "at most 1"),
    ("wamp.session.kill", "[]", "session"),
    ("wamp.session.kill", "[\"x\"]", "session"),
    ("wamp.session.kill", "[1, \"com.reason\"]", "at most 1"),
    ("wamp.session.kill_by_authid", "[]", "authid"),
    ("wamp.session.kill_by_authid", "[5]", "authid"),
    ("wamp.session.kill_by_authrole", "[]", "authrole"),
    ("wamp.session.kill_by_authrole", "[[\"user\"]]", "authrole"),
    ("wamp.session.kill_all", "[1]", "at most 0"),
    ("wamp.session.kill_all", "[], {\"reason\": 5}", "reason"),
    ("wamp.session.add_testament", "[\"com.t\", []]", "kwargs"),
    ("wamp.session.flush_testaments", "[], {\"scope\": 5}", "scope"),
    ("wamp.registration.list", "[1]", "at most 0"),
    ("wamp.registration.lookup", "[]", "procedure"),
    ("wamp.registration.lookup", "[5]", "procedure"),
    ("wamp.registration.lookup", "[\"com.p\", \"prefix\"]", "options"),
    ("wamp.registration.lookup", "[\"com.p\", {\"match\": \"regex\"}]", "options"),
    ("wamp.registration.match", "[]", "procedure"),
    ("wamp.registration.match", "[{}]", "procedure"),
    ("wamp.registration.get", "[]", "registration"),
    ("wamp.registration.get", "[\"1\"]", "registration"),
    ("wamp.registration.list_callees", "[]", "registration"),
    ("wamp.registration.list_callees", "[true]", "registration"),
    ("wamp.registration.count_callees", "[]", "registration"),
    ("wamp.registration.count_callees", "[[1]]", "registration"),
    ("wamp.registration.remove_callee", "[]", "registration"),
    ("wamp.subscription.list", "[{}]", "at most 0"),
    ("wamp.subscription.lookup", "[]", "topic"),
    ("wamp.subscription.lookup", "[5]", "topic"),
    ("wamp.subscription.lookup", "[\"com.t\", {\"match\": 5}]", "options"),
    ("wamp.subscription.match", "[]", "topic"),
    ("wamp.subscription.match", "[5]", "topic"),
    ("wamp.subscription.get", "[]", "subscription"),
    ("wamp.subscription.get", "[\"1\"]", "subscription"),
    ("wamp.subscription.list_subscribers", "[]", "subscription"),
    ("wamp.subscription.list_subscribers", "[{}]", "subscription"),
    ("wamp.subscription.count_subscribers", "[]", "subscription"),
    ("wamp.subscription.count_subscribers", "[\"x\"]", "subscription"),
    ("wamp.subscription.remove_subscriber", "[]", "subscription"),
    ("wamp.subscription.get_events", "[]", "subscription"),
];

#[test]
fn meta_04_arguments_that_do_not_fit_are_named() {
    for subprotocol in Subprotocol::PLAIN {
        let router = Router::start(realms());
        let mut root = RawPeer::connect(router.url(), subprotocol);
        root.join_with_ticket("realm1", "root", "secret");
        for (procedure, arguments, named) in MISFITS {
            let payload: Value = serde_json::from_str(&format!("[{arguments}]")).unwrap();
            let kwargs = payload.get(1).cloned().unwrap_or(Value::Null);
            let answer = root.call(procedure, payload[0].clone(), kwargs, Value::Null);
            assert_eq!(answer[4], "wamp.error.invalid_argument", "{procedure} {arguments}: {answer}");
            let text = answer[5][0].as_str().unwrap_or_default();
            assert!(text.contains(named), "{procedure} {arguments}: {text}");
        }
    }
}

#[test]
fn meta_05_the_meta_api_does_not_tell_of_itself() {
    play(
        r#"
        alice joins
        alice subscribes wamp.subscription. {"match": "prefix"} as $own
        bob joins
        bob subscribes wamp.session.on_join as $join
        bob subscribes wamp. {"match": "prefix"} as $all
        bob > [34, 3, $join]
        bob < [35, 3]
        alice silent
        bob silent
        bob > [34, 4, $all]
        bob < [35, 4]
        bob subscribes a as $a
        alice < [36, $own, _id, {"topic": "wamp.subscription.on_create"}, [$bob, _dict]]
        alice < [36, $own, _id, {"topic": "wamp.subscription.on_subscribe"}, [$bob, $a]]
        alice silent
    "#,
    );
}

#[test]
fn meta_06_who_causes_an_event_of_the_meta_api_gets_it() {
    play(
        r#"
        alice joins
        alice subscribes wamp.. {"match": "wildcard"} as $meta
        alice subscribes a as $a
        alice < [36, $meta, _id, {"topic": "wamp.subscription.on_create"}, [$alice, {..., "id": $a}]]
        alice < [36, $meta, _id, {"topic": "wamp.subscription.on_subscribe"}, [$alice, $a]]
        alice registers a.p as $p
        alice < [36, $meta, _id, {"topic": "wamp.registration.on_create"}, [$alice, {..., "id": $p}]]
        alice < [36, $meta, _id, {"topic": "wamp.registration.on_register"}, [$alice, $p]]
        alice silent
    "#,
    );
}

#[test]
fn meta_07_the_answer_comes_before_the_event() {
    play(
        r#"
        alice joins
        alice subscribes wamp.. {"match": "wildcard"} as $meta
        alice > [32, 2, {}, "a"]
        alice > [64, 3, {}, "a.p"]
        alice < [33, 2, $a]
        alice < [36, $meta, _id, {"topic": "wamp.subscription.on_create"}, _list]
        alice < [36, $meta, _id, {"topic": "wamp.subscription.on_subscribe"}, _list]
        alice < [65, 3, $p]
        alice < [36, $meta, _id, {"topic": "wamp.registration.on_create"}, _list]
        alice < [36, $meta, _id, {"topic": "wamp.registration.on_register"}, _list]
        alice > [34, 4, $a]
        alice > [66, 5, $p]
        alice < [35, 4]
        alice < [36, $meta, _id, {"topic": "wamp.subscription.on_unsubscribe"}, _list]
        alice < [36, $meta, _id, {"topic": "wamp.subscription.on_delete"}, _list]
        alice < [67, 5]
        alice < [36, $meta, _id, {"topic": "wamp.registration.on_unregister"}, _list]
        alice < [36, $meta, _id, {"topic": "wamp.registration.on_delete"}, _list]
    "#,
    );
}

#[test]
fn meta_08_the_meta_api_knows_its_caller_without_disclosure() {
    play(
        r#"
        root joins nodisclose as root secret
        root > [48, 1, {}, "wamp.session.kill", [$root]]
        root < [8, 48, 1, {}, "wamp.error.no_such_session", [_string]]
        bob joins nodisclose
        bob subscribes com.testament as $s
        root > [48, 2, {}, "wamp.session.add_testament", ["com.testament", [], {}]]
        root < [50, 2, {}]
        root says goodbye
        bob < [36, $s, _id, {}]
    "#,
    );
}

#[test]
fn meta_09_only_administrators_end_sessions_and_take_things_away() {
    let mut text = String::from(
        r#"
        bob joins
        joe joins as joe secret
        joe registers com.p as $r
        joe subscribes com.t as $s
        "#,
    );
    for (at, call) in [
        r#""wamp.session.kill", [$joe]"#,
        r#""wamp.session.kill_by_authid", ["joe"]"#,
        r#""wamp.session.kill_by_authrole", ["user"]"#,
        r#""wamp.session.kill_all""#,
        r#""wamp.registration.remove_callee", [$r, $joe]"#,
        r#""wamp.subscription.remove_subscriber", [$s, $joe]"#,
        // Who may not is not told whether the arguments would have done.
        r#""wamp.session.kill", ["x"]"#,
        r#""wamp.session.kill", [4711]"#,
    ]
    .into_iter()
    .enumerate()
    {
        let id = at + 1;
        writeln!(text, "bob > [48, {id}, {{}}, {call}]").unwrap();
        writeln!(text, "        bob < [8, 48, {id}, {{}}, \"wamp.error.not_authorized\", [_string]]")
            .unwrap();
        text.push_str("        ");
    }
    text.push_str(
        r#"joe silent
        bob > [48, 20, {}, "com.p"]
        joe < [68, 1, $r, {}]
        joe > [70, 1, {}]
        bob < [50, 20, {}]
        bob > [16, 21, {}, "com.t"]
        joe < [36, $s, _id, {}]
        "#,
    );
    play(&text);
}

#[test]
fn meta_11_what_belongs_to_the_meta_api_is_in_no_list() {
    play(
        r#"
        alice joins
        alice subscribes wamp.session.on_join as $join
        alice subscribes wamp. {"match": "prefix"} as $all
        alice > [48, 3, {}, "wamp.registration.list"]
        alice < [50, 3, {}, [{"exact": [], "prefix": [], "wildcard": []}]]
        alice > [48, 4, {}, "wamp.registration.match", ["wamp.session.list"]]
        alice < [50, 4, {}, [null]]
        alice > [48, 5, {}, "wamp.registration.lookup", ["wamp.session.list"]]
        alice < [50, 5, {}, [null]]
        alice > [48, 6, {}, "wamp.subscription.list"]
        alice < [50, 6, {}, [{"exact": [], "prefix": [], "wildcard": []}]]
        alice > [48, 7, {}, "wamp.subscription.match", ["wamp.session.on_join"]]
        alice < [50, 7, {}, [null]]
        alice > [48, 8, {}, "wamp.subscription.lookup", ["wamp.", {"match": "prefix"}]]
        alice < [50, 8, {}, [null]]
        alice > [48, 9, {}, "wamp.subscription.get", [$all]]
        alice < [8, 48, 9, {}, "wamp.error.no_such_subscription", [_string]]
        alice > [48, 10, {}, "wamp.subscription.list_subscribers", [$join]]
        alice < [8, 48, 10, {}, "wamp.error.no_such_subscription", [_string]]
    "#,
    );
}

#[test]
fn meta_12_times_are_now_and_in_utc() {
    /// Seconds since 1970 of a time such as `2026-11-22T10:00:00.123456Z`.
    fn seconds(text: &str) -> u64 {
        assert!(text.ends_with('Z') && text.as_bytes()[10] == b'T', "{text} is not in UTC");
        let number = |at: std::ops::Range<usize>| text[at].parse::<u64>().unwrap();
        let (year, month, day) = (number(0..4), number(5..7), number(8..10));
        // Years begin in March here, so that a leap day is the last of its year.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469;
        days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19)
    }
    let router = Router::start(realms());
    let mut alice = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
    let subscription = alice.subscribe("com.t", json!({}));
    let request = alice.next_request();
    alice.send(json!([64, request, {}, "com.p"]));
    let registration = alice.expect(json!([65, request, "$id"]))[2].clone();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    for (procedure, id) in
        [("wamp.subscription.get", json!(subscription)), ("wamp.registration.get", registration)]
    {
        let answer = alice.call(procedure, json!([id]), Value::Null, Value::Null);
        let created = seconds(answer[3][0]["created"].as_str().unwrap());
        // The clock is the same; what may lie between is this test's own slowness.
        assert!(created.abs_diff(now) <= 5, "{answer}, and now it is {now}");
    }
}
