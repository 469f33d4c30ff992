//! "Event History": the keyword results of `wamp.subscription.get_events`, by which a client knows whether it has missed something.
//! The edges are tested where they are decided, in `serverwamp_proto::broker`.

use crate::router::{play, play_at, tickets};
use serverwamp::{Actions, Application, Realm, TopicSettings, prefix};

/// bob asks for the history of `com.history.five`, `$s`, which keeps five events.
const BOB: &str = r#"
    alice joins settings
    bob joins settings
    bob > [48, 1, {}, "wamp.subscription.lookup", ["com.history.five"]]
    bob < [50, 1, {}, [$s]]
"#;

/// Lines in which alice publishes these numbers; `$p1` is the publication of 1.
fn published(numbers: std::ops::RangeInclusive<u32>) -> String {
    let lines = numbers.map(|number| {
        format!(
            r#"
    alice > [16, {number}, {{"acknowledge": true}}, "com.history.five", [{number}]]
    alice < [17, {number}, $p{number}]
"#
        )
    });
    lines.collect()
}

#[test]
fn hist_03_an_answer_says_whether_it_is_complete_whether_there_is_more_and_of_which_history_it_is() {
    play(&format!(
        r#"{BOB}
    bob > [48, 2, {{}}, "wamp.subscription.get_events", [$s]]
    bob < [50, 2, {{}}, [], {{"complete": true, "more": false, "epoch": $epoch}}]
    {}
    bob > [48, 3, {{}}, "wamp.subscription.get_events", [$s]]
    bob < [50, 3, {{}}, [{{...}}, {{...}}, {{...}}], {{"complete": true, "more": false, "epoch": $epoch}}]
    bob > [48, 4, {{}}, "wamp.subscription.get_events", [$s], {{"limit": 2}}]
    bob < [50, 4, {{}}, [{{...}}, {{..., "publication": $p2}}], {{"complete": true, "more": true, "epoch": $epoch}}]
    bob > [48, 5, {{}}, "wamp.subscription.get_events", [$s], {{"limit": 1, "after_publication": $p2}}]
    bob < [50, 5, {{}}, [{{..., "publication": $p3}}], {{"complete": true, "more": false, "epoch": $epoch}}]
    # The newest one is the position of whoever has missed nothing.
    bob > [48, 6, {{}}, "wamp.subscription.get_events", [$s], {{"after_publication": $p3}}]
    bob < [50, 6, {{}}, [], {{"complete": true, "more": false, "epoch": $epoch}}]
    "#,
        published(1..=3)
    ));
}

#[test]
fn hist_11_an_unknown_publication_gives_nothing_and_that_is_not_complete() {
    play(&format!(
        r#"{BOB} {}
    bob > [48, 2, {{}}, "wamp.subscription.get_events", [$s], {{"after_publication": 123}}]
    bob < [50, 2, {{}}, [], {{"complete": false, "more": false, "epoch": $epoch}}]
    bob > [48, 3, {{}}, "wamp.subscription.get_events", [$s], {{"from_publication": 123, "reverse": true}}]
    bob < [50, 3, {{}}, [], {{"complete": false, "more": false, "epoch": $epoch}}]
    bob > [48, 4, {{}}, "wamp.subscription.get_events", [$s], {{"before_publication": 123}}]
    bob < [50, 4, {{}}, [], {{"complete": false, "more": false, "epoch": $epoch}}]
    "#,
        published(1..=1)
    ));
}

#[test]
fn hist_16_what_is_forgotten_makes_an_answer_incomplete() {
    play(&format!(
        r#"{BOB} {}
    bob > [48, 2, {{}}, "wamp.subscription.get_events", [$s]]
    bob < [50, 2, {{}}, [{{..., "args": [3]}}, {{...}}, {{...}}, {{...}}, {{...}}],
        {{"complete": false, "more": false, "epoch": $epoch}}]
    bob > [48, 3, {{}}, "wamp.subscription.get_events", [$s], {{"after_publication": $p2}}]
    bob < [50, 3, {{}}, [], {{"complete": false, "more": false, "epoch": $epoch}}]
    bob > [48, 4, {{}}, "wamp.subscription.get_events", [$s], {{"after_publication": $p3}}]
    bob < [50, 4, {{}}, [{{..., "args": [4]}}, {{...}}, {{...}}, {{..., "args": [7]}}],
        {{"complete": true, "more": false, "epoch": $epoch}}]
    bob > [48, 5, {{}}, "wamp.subscription.get_events", [$s], {{"reverse": true, "limit": 2}}]
    bob < [50, 5, {{}}, [{{..., "args": [7]}}, {{..., "args": [6]}}], {{"complete": true, "more": true, "epoch": $epoch}}]
    bob > [48, 6, {{}}, "wamp.subscription.get_events", [$s], {{"reverse": true, "limit": 5}}]
    bob < [50, 6, {{}}, [{{..., "args": [7]}}, {{...}}, {{...}}, {{...}}, {{..., "args": [3]}}],
        {{"complete": false, "more": false, "epoch": $epoch}}]
    bob > [48, 7, {{}}, "wamp.subscription.get_events", [$s], {{"from_time": "2000-01-01T00:00:00Z"}}]
    bob < [50, 7, {{}}, [{{...}}, {{...}}, {{...}}, {{...}}, {{...}}], {{"complete": false, ...}}]
    bob > [48, 8, {{}}, "wamp.subscription.get_events", [$s], {{"from_time": "2999-01-01T00:00:00Z"}}]
    bob < [50, 8, {{}}, [], {{"complete": true, "more": false, "epoch": $epoch}}]
    bob > [48, 9, {{}}, "wamp.subscription.get_events", [$s], {{"before_time": "2000-01-01T00:00:00Z"}}]
    bob < [50, 9, {{}}, [], {{"complete": true, "more": false, "epoch": $epoch}}]
    "#,
        published(1..=7)
    ));
}

#[test]
fn hist_12_an_event_that_excluded_sessions_is_missing_and_one_for_single_sessions_is_not() {
    play(&format!(
        r#"{BOB} {}
    alice > [16, 2, {{"eligible": [1]}}, "com.history.five", ["for one"]]
    alice > [16, 3, {{"acknowledge": true}}, "com.history.five", [3]]
    alice < [17, 3, $p3]
    bob > [48, 2, {{}}, "wamp.subscription.get_events", [$s], {{"after_publication": $p1}}]
    bob < [50, 2, {{}}, [{{..., "args": [3]}}], {{"complete": true, "more": false, "epoch": $epoch}}]
    alice > [16, 4, {{"exclude": [1]}}, "com.history.five", ["for all but one"]]
    alice > [16, 5, {{"acknowledge": true}}, "com.history.five", [5]]
    alice < [17, 5, $p5]
    bob > [48, 3, {{}}, "wamp.subscription.get_events", [$s], {{"after_publication": $p3}}]
    bob < [50, 3, {{}}, [{{..., "args": [5]}}], {{"complete": false, "more": false, "epoch": $epoch}}]
    bob > [48, 4, {{}}, "wamp.subscription.get_events", [$s], {{"until_publication": $p3}}]
    bob < [50, 4, {{}}, [{{..., "args": [1]}}, {{..., "args": [3]}}], {{"complete": true, "more": false, "epoch": $epoch}}]
    bob > [48, 5, {{}}, "wamp.subscription.get_events", [$s], {{"from_publication": $p5}}]
    bob < [50, 5, {{}}, [{{..., "args": [5]}}], {{"complete": true, "more": false, "epoch": $epoch}}]
    "#,
        published(1..=1)
    ));
}

#[test]
fn hist_13_what_is_for_other_users_is_not_missing() {
    play(
        r#"
        alice joins settings
        joe joins settings as joe secret
        joe > [48, 1, {}, "wamp.subscription.lookup", ["com.history.five"]]
        joe < [50, 1, {}, [$s]]
        alice > [16, 1, {"acknowledge": true}, "com.history.five", [1]]
        alice < [17, 1, $p1]
        alice > [16, 2, {"acknowledge": true, "exclude_authrole": ["user"]}, "com.history.five", [2]]
        alice < [17, 2, _id]
        joe > [48, 2, {}, "wamp.subscription.get_events", [$s], {"after_publication": $p1}]
        joe < [50, 2, {}, [], {"complete": true, "more": false, "epoch": $epoch}]
        joe > [48, 3, {}, "wamp.subscription.get_events", [$s], {"limit": 1}]
        joe < [50, 3, {}, [{..., "args": [1]}], {"complete": true, "more": false, "epoch": $epoch}]
        alice > [48, 3, {}, "wamp.subscription.get_events", [$s], {"limit": 1}]
        alice < [50, 3, {}, [{..., "args": [1]}], {"complete": true, "more": true, "epoch": $epoch}]
    "#,
    );
}

#[test]
fn hist_08_of_one_topic_of_a_pattern_there_is_more_only_if_that_topic_has_more() {
    play(
        r#"
        alice joins settings
        alice > [48, 1, {}, "wamp.subscription.lookup", ["com.history.all.", {"match": "prefix"}]]
        alice < [50, 1, {}, [$s]]
        alice > [16, 2, {"acknowledge": true}, "com.history.all.a", [1]]
        alice < [17, 2, $p]
        alice > [16, 3, {"acknowledge": true}, "com.history.all.b", [2]]
        alice < [17, 3, _id]
        alice > [48, 4, {}, "wamp.subscription.get_events", [$s], {"topic": "com.history.all.a", "limit": 1}]
        alice < [50, 4, {}, [{..., "publication": $p}], {"complete": true, "more": false, "epoch": $epoch}]
        alice > [48, 5, {}, "wamp.subscription.get_events", [$s], {"limit": 1}]
        alice < [50, 5, {}, [{..., "publication": $p}], {"complete": true, "more": true, "epoch": $epoch}]
        alice > [48, 6, {}, "wamp.subscription.get_events", [$s], {"topic": "com.none"}]
        alice < [50, 6, {}, [], {"complete": true, "more": false, "epoch": $epoch}]
        # Another subscription has another history.
        alice > [48, 7, {}, "wamp.subscription.lookup", ["com.history.all.auth"]]
        alice < [50, 7, {}, [$auth]]
        alice > [48, 8, {}, "wamp.subscription.get_events", [$auth]]
        alice < [50, 8, {}, [], {"complete": true, "more": false, "epoch": $other}]
        all different $epoch $other
    "#,
    );
}

#[test]
fn hist_15_a_subscription_without_history_has_no_epoch_and_nothing_of_it_is_complete() {
    play(
        r#"
        alice joins settings
        alice subscribes com.t as $s
        alice > [48, 2, {}, "wamp.subscription.get_events", [$s]]
        alice < [50, 2, {}, [], {"complete": false, "more": false}]
    "#,
    );
}

#[test]
fn what_a_publisher_may_not_leave_in_the_history_is_missing_there() {
    let unrecorded = || {
        let guests = |role: serverwamp::RoleRules| {
            let allowance = serverwamp::Allowance { history: false, ..serverwamp::Allowance::FULL };
            role.allow(Actions::CALL, prefix("")).allow_with(Actions::PUBLISH, prefix("com."), allowance)
        };
        let realm = Realm::router("realm1")
            .allow_anonymous("guest")
            .role("guest", guests)
            .authenticator(tickets())
            .topic_settings("com.t", TopicSettings::new().history(10));
        Application::builder().realm(realm).build().unwrap()
    };
    play_at(
        unrecorded,
        r#"
        joe joins as joe secret
        gus joins
        joe subscribes com.t as $s
        joe > [16, 2, {"acknowledge": true}, "com.t", [1]]
        joe < [17, 2, $p]
        gus > [16, 1, {}, "com.t", [2]]
        joe < [36, $s, _, {}, [2]]
        joe > [48, 3, {}, "wamp.subscription.get_events", [$s], {"after_publication": $p}]
        joe < [50, 3, {}, [], {"complete": false, "more": false, "epoch": _id}]
    "#,
    );
}
