//! TEST: events that a session leaves behind.

use std::fmt::Write as _;

use crate::router::{play, play_at, play_once};
use serverwamp::{Application, Realm, RouteSet};

#[test]
fn test_01_a_testament_is_published_with_all_that_was_given() {
    play(
        r#"
        bob joins
        bob subscribes com.t as $s
        alice joins
        alice > [48, 1, {}, "wamp.session.add_testament", ["com.t", [1, "two", null], {"three": [3.5]}],
            {"publish_options": {"disclose_me": true}, "scope": "detached"}]
        alice < [50, 1, {}]
        bob silent
        alice lost
        bob < [36, $s, _id, {"publisher": $alice, "publisher_authid": $alice.authid,
            "publisher_authrole": "guest"}, [1, "two", null], {"three": [3.5]}]
        bob silent
    "#,
    );
}

#[test]
fn test_02_adding_and_flushing_return_nothing() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.session.add_testament", ["com.t", [], {}]]
        alice < [50, 1, {}]
        alice > [48, 2, {}, "wamp.session.flush_testaments"]
        alice < [50, 2, {}]
    "#,
    );
}

#[test]
fn test_03_what_is_no_testament_is_refused() {
    let mut text =
        "bob joins\nbob > [32, 1, {\"match\": \"wildcard\"}, \"com.\"]\nbob < [33, 1, _id]\nalice joins\n"
            .to_owned();
    for (at, (call, error)) in [
        (r#"["com.t", []]"#, "invalid_argument"),
        (r#"["com.t"]"#, "invalid_argument"),
        ("[]", "invalid_argument"),
        (r#"["com.t", [], {}, {}]"#, "invalid_argument"),
        (r#"["com.t", "args", {}]"#, "invalid_argument"),
        (r#"["com.t", {}, {}]"#, "invalid_argument"),
        (r#"["com.t", [], []]"#, "invalid_argument"),
        (r#"["com.t", [], "kwargs"]"#, "invalid_argument"),
        (r#"[5, [], {}]"#, "invalid_argument"),
        (r#"["com.t", [], {}], {"scope": "x"}"#, "invalid_argument"),
        (r#"["com.t", [], {}], {"scope": 5}"#, "invalid_argument"),
        (r#"["com.t", [], {}], {"publish_options": []}"#, "invalid_argument"),
        (r#"["com.t", [], {}], {"publish_options": {"exclude": "x"}}"#, "invalid_argument"),
        (r#"["com.t", [], {}], {"publish_options": {"eligible": ["x"]}}"#, "invalid_argument"),
        (r#"["com.t", [], {}], {"publish_options": {"retain": 1}}"#, "invalid_argument"),
        (r#"["com t", [], {}]"#, "invalid_uri"),
        (r#"["com..t", [], {}]"#, "invalid_uri"),
        (r#"["", [], {}]"#, "invalid_uri"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = at + 1;
        writeln!(text, "alice > [48, {id}, {{}}, \"wamp.session.add_testament\", {call}]").unwrap();
        writeln!(text, "alice < [8, 48, {id}, {{}}, \"wamp.error.{error}\", [_string]]").unwrap();
    }
    text.push_str("alice says goodbye\nbob silent\n");
    play(&text);
}

#[test]
fn test_03_too_many_testaments_are_refused() {
    let mut text = "bob joins\nbob > [32, 1, {}, \"com.t\"]\nbob < [33, 1, $s]\nalice joins\n".to_owned();
    for id in 1..=64 {
        let scope = if id % 2 == 0 { "destroyed" } else { "detached" };
        writeln!(
            text,
            "alice > [48, {id}, {{}}, \"wamp.session.add_testament\", [\"com.t\", [{id}], {{}}], {{\"scope\": \"{scope}\"}}]\nalice < [50, {id}, {{}}]"
        )
        .unwrap();
    }
    text.push_str(
        r#"
alice > [48, 65, {}, "wamp.session.add_testament", ["com.t", [65], {}]]
alice < [8, 48, 65, {}, "wamp.error.unavailable", ["a session may leave 64 testaments"]]
alice > [48, 66, {}, "wamp.session.flush_testaments", [], {"scope": "detached"}]
alice < [50, 66, {}]
alice > [48, 67, {}, "wamp.session.flush_testaments"]
alice < [50, 67, {}]
alice > [48, 68, {}, "wamp.session.add_testament", ["com.t", ["the only one"], {}]]
alice < [50, 68, {}]
alice lost
bob < [36, $s, _id, {}, ["the only one"]]
bob silent
"#,
    );
    play_once(&text);
}

#[test]
fn test_03_a_testament_that_is_too_large_is_refused() {
    let text = r#"
        bob joins
        bob subscribes com.t as $s
        alice joins
        alice > [48, 1, {}, "wamp.session.add_testament", ["com.t", ["LARGE+++"], {}]]
        alice < [8, 48, 1, {}, "wamp.error.payload_size_exceeded", [_string]]
        alice > [48, 2, {}, "wamp.session.add_testament", ["com.t", ["LARGE"], {}]]
        alice < [50, 2, {}]
        alice lost
        bob < [36, $s, _id, {}, ["LARGE"]]
        bob silent
    "#;
    // 64 KiB are due to each, the other elements of the PUBLISH it becomes included.
    let large = "x".repeat((64 << 10) - 64);
    play(&text.replace("+++", &"+".repeat(128)).replace("LARGE", &large));
}

#[test]
fn test_04_testaments_are_published_in_the_order_added() {
    play(
        r#"
        bob joins
        bob subscribes com.t as $s
        alice joins
        alice > [48, 1, {}, "wamp.session.add_testament", ["com.t", [1], {}]]
        alice < [50, 1, {}]
        alice > [48, 2, {}, "wamp.session.add_testament", ["com.t", [2], {}]]
        alice < [50, 2, {}]
        alice > [48, 3, {}, "wamp.session.add_testament", ["com.t", [3], {}]]
        alice < [50, 3, {}]
        alice lost
        bob < [36, $s, $first, {}, [1]]
        bob < [36, $s, $second, {}, [2]]
        bob < [36, $s, $third, {}, [3]]
        all different $first $second $third
    "#,
    );
}

#[test]
fn test_05_what_was_left_for_the_connection_comes_before_what_was_left_for_the_session() {
    play(
        r#"
        bob joins
        bob subscribes com.t as $s
        alice joins
        alice > [48, 1, {}, "wamp.session.add_testament", ["com.t", ["D1"], {}], {"scope": "destroyed"}]
        alice < [50, 1, {}]
        alice > [48, 2, {}, "wamp.session.add_testament", ["com.t", ["T1"], {}], {"scope": "detached"}]
        alice < [50, 2, {}]
        alice > [48, 3, {}, "wamp.session.add_testament", ["com.t", ["D2"], {}]]
        alice < [50, 3, {}]
        alice says goodbye
        bob < [36, $s, _id, {}, ["T1"]]
        bob < [36, $s, _id, {}, ["D1"]]
        bob < [36, $s, _id, {}, ["D2"]]
        bob silent
    "#,
    );
}

#[test]
fn test_06_every_ending_publishes_them() {
    for ending in [
        "alice lost",
        "alice says goodbye",
        "alice > [3, {}, \"wamp.close.normal\"]\n            alice closed",
        r#"root joins as root secret
            root > [48, 1, {}, "wamp.session.kill", [$alice]]
            root < [50, 1, {}]
            alice < [6, {}, "wamp.close.killed"]"#,
        "alice > [2, 1, {}]\n            alice < [3, ...]\n            alice closed",
    ] {
        let text = r#"
            bob joins
            bob subscribes com.t as $s
            alice joins
            alice > [48, 1, {}, "wamp.session.add_testament", ["com.t", ["gone"], {}]]
            alice < [50, 1, {}]
            ENDING
            bob < [36, $s, _id, {}, ["gone"]]
            bob silent
        "#;
        play(&text.replace("ENDING", ending));
    }
}

#[test]
fn test_07_flushing_takes_one_bucket_back() {
    for (flush, left) in
        [("", "T1"), (r#", [], {"scope": "destroyed"}"#, "T1"), (r#", [], {"scope": "detached"}"#, "D1")]
    {
        let text = r#"
            bob joins
            bob subscribes com.t as $s
            alice joins
            alice > [48, 1, {}, "wamp.session.flush_testaments", [], {"scope": "x"}]
            alice < [8, 48, 1, {}, "wamp.error.invalid_argument", ["scope: expected \"destroyed\" or \"detached\", got a string"]]
            alice > [48, 2, {}, "wamp.session.add_testament", ["com.t", ["D1"], {}]]
            alice < [50, 2, {}]
            alice > [48, 3, {}, "wamp.session.add_testament", ["com.t", ["T1"], {}], {"scope": "detached"}]
            alice < [50, 3, {}]
            alice > [48, 4, {}, "wamp.session.flush_testaments"FLUSH]
            alice < [50, 4, {}]
            alice lost
            bob < [36, $s, _id, {}, ["LEFT"]]
            bob silent
        "#;
        play(&text.replace("FLUSH", flush).replace("LEFT", left));
    }
}

#[test]
fn test_08_options_that_make_sense_are_obeyed_and_others_ignored() {
    play(
        r#"
        bob joins
        bob subscribes com.t as $s
        carol joins
        carol subscribes com.t as $s
        alice joins
        alice > [48, 1, {}, "wamp.session.add_testament", ["com.t", ["for both"], {}],
            {"publish_options": {"acknowledge": true, "x_unknown": 1}}]
        alice < [50, 1, {}]
        alice > [48, 2, {}, "wamp.session.add_testament", ["com.t", ["for bob"], {}],
            {"publish_options": {"eligible": [$bob]}}]
        alice < [50, 2, {}]
        alice > [48, 3, {}, "wamp.session.add_testament", ["com.t", ["for carol"], {}],
            {"publish_options": {"exclude": [$bob], "retain": true}}]
        alice < [50, 3, {}]
        alice says goodbye
        alice silent
        bob < [36, $s, $both, {}, ["for both"]]
        bob < [36, $s, _id, {}, ["for bob"]]
        bob silent
        carol < [36, $s, $both, {}, ["for both"]]
        carol < [36, $s, $kept, {}, ["for carol"]]
        dave joins
        dave subscribes com.t {"get_retained": true} as $s
        dave < [36, $s, $kept, {"retained": true}, ["for carol"]]
    "#,
    );
}

#[test]
fn test_09_testaments_belong_to_the_session_that_added_them() {
    play(
        r#"
        bob joins
        bob subscribes com.t as $s
        alice joins
        alice > [48, 1, {}, "wamp.session.add_testament", ["com.t", ["alice"], {}]]
        alice < [50, 1, {}]
        carol joins
        carol > [48, 1, {}, "wamp.session.flush_testaments"]  # she has none
        carol < [50, 1, {}]
        carol says goodbye
        bob silent
        alice says goodbye
        bob < [36, $s, _id, {}, ["alice"]]
    "#,
    );
}

#[test]
fn test_10_who_may_not_publish_leaves_no_testament() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.session.add_testament", ["wamp.session.on_join", [{}], {}]]
        alice < [8, 48, 1, {}, "wamp.error.invalid_uri", [_string]]
        joe joins nodisclose as joe secret
        joe > [48, 1, {}, "wamp.session.add_testament", ["com.t", [], {}],
            {"publish_options": {"disclose_me": true}}]
        joe < [8, 48, 1, {}, "wamp.error.option_disallowed.disclose_me", ...]
        mia joins {"roles": {"caller": {}}}
        mia > [48, 1, {}, "wamp.session.add_testament", ["com.t", ["x"], {}],
            {"publish_options": {"ppt_scheme": "x_scheme"}}]
        mia < [8, 48, 1, {}, "wamp.error.invalid_argument", [_string]]
    "#,
    );
}

/// Clients may ask the meta API, and publish nothing.
fn listening() -> Application {
    let realm =
        Realm::new("realm1").allow_anonymous("guest").meta_api().routes(RouteSet::new().open_topic("com.t"));
    Application::builder().realm(realm).build().expect("nothing is wrong with this realm")
}

#[test]
fn test_10_where_clients_do_not_publish_they_leave_no_testament() {
    play_at(
        listening,
        r#"
        bob joins
        bob subscribes com.t as $s
        alice joins
        alice > [48, 1, {}, "wamp.session.add_testament", ["com.t", [], {}]]
        alice < [8, 48, 1, {}, "wamp.error.not_authorized", [_string]]
        alice says goodbye
        bob silent
    "#,
    );
}

#[test]
fn test_11_a_testament_comes_before_the_news_that_its_session_left() {
    for ending in ["alice says goodbye", "alice lost"] {
        let text = r#"
            bob joins
            bob subscribes wamp.session.on_leave as $leave
            bob subscribes com.t as $t
            alice joins
            alice > [48, 1, {}, "wamp.session.add_testament", ["com.t", ["gone"], {}]]
            alice < [50, 1, {}]
            ENDING
            bob < [36, $t, _id, {}, ["gone"]]
            bob < [36, $leave, _id, {}, [$alice, $alice.authid, "guest"]]
        "#;
        play(&text.replace("ENDING", ending));
    }
}

#[test]
fn test_12_kill_all_publishes_none() {
    play(
        r#"
        root joins as root secret
        root subscribes com.t as $s
        alice joins
        alice > [48, 1, {}, "wamp.session.add_testament", ["com.t", ["gone"], {}]]
        alice < [50, 1, {}]
        root > [48, 2, {}, "wamp.session.kill_all"]
        root < [50, 2, {}, [1]]
        alice < [6, {}, "wamp.close.killed"]
        alice lost
        root silent
    "#,
    );
}

#[test]
fn test_13_testaments_are_announced_by_the_dealer() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"caller": {}}}]
        alice < [2, _id, {..., "roles": {..., "dealer": {"features": {..., "testament_meta_api": true}}}}]
    "#,
    );
}

#[test]
fn test_14_a_session_does_not_get_its_own_testament() {
    play(
        r#"
        bob joins
        bob subscribes com.t as $s
        alice joins
        alice subscribes com.t as $s
        alice > [48, 2, {}, "wamp.session.add_testament", ["com.t", ["gone"], {}],
            {"publish_options": {"exclude_me": false}}]
        alice < [50, 2, {}]
        alice > [6, {}, "wamp.close.close_realm"]
        bob < [36, $s, _id, {}, ["gone"]]
        alice < [6, {}, "wamp.close.goodbye_and_out"]
        alice joins
        alice silent
    "#,
    );
}
