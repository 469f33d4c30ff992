//! "Pattern-based Subscription": prefixes and wildcards (group PSUB).

use crate::router::play;
use std::fmt::Write as _;

/// A transcript in which alice subscribes to a pattern and bob publishes to topics, of which some reach alice.
fn matches(kind: &str, pattern: &str, reached: &[&str], others: &[&str]) -> String {
    let mut text = format!(
        r#"
        alice joins
        bob joins
        alice > [32, 1, {{"match": "{kind}"}}, "{pattern}"]
        alice < [33, 1, $s]"#
    );
    let mut request = 0;
    for (topic, arrives) in others.iter().map(|it| (it, false)).chain(reached.iter().map(|it| (it, true))) {
        request += 1;
        write!(
            text,
            r#"
        bob > [16, {request}, {{"acknowledge": true}}, "{topic}"]
        bob < [17, {request}, _id]"#
        )
        .expect("a String takes what is written");
        if arrives {
            write!(text, "\n        alice < [36, $s, _, {{\"topic\": \"{topic}\"}}]")
                .expect("a String takes what is written");
        }
    }
    text
}

#[test]
fn psub_01_match_is_exact_prefix_or_wildcard_and_nothing_else() {
    play(
        r#"
        alice joins
        alice > [32, 1, {"match": "suffix"}, "com.t"]
        alice < [3, _dict, "wamp.error.protocol_violation", ...]
        alice closed
        bob joins
        bob > [32, 1, {"match": 1}, "com.t"]
        bob < [3, _dict, "wamp.error.protocol_violation", ...]
        bob closed
        carol joins
        carol > [32, 1, {"match": "exact"}, "com.t"]
        carol < [33, 1, $exact]
        carol > [32, 2, {}, "com.t"]
        carol < [33, 2, $exact]
        carol > [32, 3, {"match": "prefix"}, "com.t"]
        carol < [33, 3, $prefix]
        carol > [32, 4, {"match": "wildcard"}, "com.t"]
        carol < [33, 4, $wildcard]
        all different $exact $prefix $wildcard
    "#,
    );
}

#[test]
fn psub_02_a_prefix_is_one_of_the_text() {
    let reached = [
        "com.myapp.topic.emergency.11",
        "com.myapp.topic.emergency-low",
        "com.myapp.topic.emergency.category.severe",
        "com.myapp.topic.emergency",
    ];
    let others = ["com.myapp.topic.emerge", "com.myapp.topic", "com.myapp.topic.Emergency", "com.myapp"];
    play(&matches("prefix", "com.myapp.topic.emergency", &reached, &others));
    play(&matches("prefix", "com.t.", &["com.t.u", "com.t.u.v"], &["com.t", "com.tt.u"]));
    // Everything is a lot: in a realm with a meta API it begins with the subscription's own creation.
    play(&matches("prefix", "", &["com", "com.t"], &[]).replace("joins", "joins plain"));
}

#[test]
fn psub_03_a_wildcard_stands_for_one_component() {
    let reached = ["com.myapp.foo.userevent", "com.myapp.bar.userevent", "com.myapp.a12.userevent"];
    let others = [
        "com.myapp.foo.userevent.bar",
        "com.myapp.foo.user",
        "com.myapp2.foo.userevent",
        "com.myapp.userevent",
        "com.myapp.foo.bar.userevent",
    ];
    play(&matches("wildcard", "com.myapp..userevent", &reached, &others));
    play(&matches("wildcard", ".b", &["a.b", "x.b"], &["b", "a.b.c", "a.c", "x.a.b"]));
    play(&matches("wildcard", "a.", &["a.b", "a.c"], &["a", "b.a", "a.b.c", "ab.c"]));
    play(&matches("wildcard", "a..", &["a.b.c"], &["a.b", "a.b.c.d", "a"]));
    play(&matches("wildcard", "a...d", &["a.b.c.d"], &["a.b.d", "a.b.c.e", "a.b.c.d.e", "a.b.c.c.d"]));
    play(&matches("wildcard", "...", &["a.b.c.d"], &["a.b.c", "a.b.c.d.e"]));
    play(&matches("wildcard", "", &["a", "com"], &["a.b"]));
    play(&matches("wildcard", "a.b", &["a.b"], &["a.c", "a.b.c"]));
}

#[test]
fn psub_04_an_event_comes_once_on_every_subscription_it_matches() {
    play(
        r#"
        alice joins
        bob joins
        alice > [32, 1, {}, "a.b.c"]
        alice < [33, 1, $exact]
        alice > [32, 2, {"match": "prefix"}, "a."]
        alice < [33, 2, $short]
        alice > [32, 3, {"match": "prefix"}, "a.b"]
        alice < [33, 3, $long]
        alice > [32, 4, {"match": "wildcard"}, "a..c"]
        alice < [33, 4, $inner]
        alice > [32, 5, {"match": "wildcard"}, ".b."]
        alice < [33, 5, $outer]
        alice > [32, 6, {"match": "prefix"}, "b"]
        alice < [33, 6, _id]
        bob > [16, 1, {"acknowledge": true}, "a.b.c", [1]]
        bob < [17, 1, $p]
        alice < any of
            [36, $exact, $p, {}, [1]]
            [36, $short, $p, {"topic": "a.b.c"}, [1]]
            [36, $long, $p, {"topic": "a.b.c"}, [1]]
            [36, $inner, $p, {"topic": "a.b.c"}, [1]]
            [36, $outer, $p, {"topic": "a.b.c"}, [1]]
        all different $exact $short $long $inner $outer
    "#,
    );
}

#[test]
fn psub_05_a_pattern_is_left_as_a_whole_by_its_id() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        bob > [32, 1, {"match": "prefix"}, "a"]
        bob < [33, 1, $prefix]
        bob > [34, 2, "a"]
        bob < [3, _dict, "wamp.error.protocol_violation", ...]
        bob closed
        alice > [32, 1, {"match": "prefix"}, "a"]
        alice < [33, 1, $s]
        # A part of it has an id of its own, and leaving that one leaves the pattern as it is.
        alice > [32, 2, {}, "a.b"]
        alice < [33, 2, $part]
        alice > [34, 3, $part]
        alice < [35, 3]
        carol > [16, 1, {}, "a.b"]
        alice < [36, $s, _, {"topic": "a.b"}]
        alice > [34, 4, $s]
        alice < [35, 4]
        carol > [16, 2, {}, "a.b"]
        alice silent
    "#,
    );
}

#[test]
fn psub_06_the_same_text_matched_another_way_is_another_subscription() {
    play(
        r#"
        alice joins
        bob joins
        alice > [32, 1, {"match": "exact"}, "a.b"]
        alice < [33, 1, $exact]
        alice > [32, 2, {"match": "prefix"}, "a.b"]
        alice < [33, 2, $prefix]
        alice > [32, 3, {"match": "wildcard"}, "a.b"]
        alice < [33, 3, $wildcard]
        all different $exact $prefix $wildcard
        bob > [16, 1, {}, "a.b"]
        alice < any of
            [36, $exact, $p, {}]
            [36, $prefix, $p, {"topic": "a.b"}]
            [36, $wildcard, $p, {"topic": "a.b"}]
        # Leaving one leaves the others.
        alice > [34, 4, $prefix]
        alice < [35, 4]
        bob > [16, 2, {}, "a.b"]
        alice < any of
            [36, $exact, $q, {}]
            [36, $wildcard, $q, {"topic": "a.b"}]
    "#,
    );
}

#[test]
fn psub_07_an_event_on_a_pattern_names_its_topic() {
    play(
        r#"
        alice joins
        bob joins
        carol joins {"roles": {"subscriber": {}}}
        alice > [32, 1, {"match": "prefix"}, "a.b"]
        alice < [33, 1, $prefix]
        bob > [32, 1, {"match": "wildcard"}, "a.."]
        bob < [33, 1, $wildcard]
        carol > [32, 1, {"match": "prefix"}, "a.b"]
        carol < [33, 1, $prefix]
        alice > [16, 2, {"exclude_me": false}, "a.b.c"]
        alice < [36, $prefix, $p, {"topic": "a.b.c"}]
        bob < [36, $wildcard, $p, {"topic": "a.b.c"}]
        carol < [36, $prefix, $p, {"topic": "a.b.c"}]
    "#,
    );
}

#[test]
fn psub_08_nobody_publishes_to_a_pattern() {
    play(
        r#"
        alice joins
        bob joins
        alice > [32, 1, {}, "a.b"]
        alice < [33, 1, $s]
        bob > [16, 1, {"match": "prefix", "acknowledge": true}, "a."]
        bob < [8, 16, 1, {}, "wamp.error.invalid_uri", ...]
        bob > [16, 2, {"match": "wildcard", "acknowledge": true}, "a..b"]
        bob < [8, 16, 2, {}, "wamp.error.invalid_uri", ...]
        # The option itself means nothing to PUBLISH.
        bob > [16, 3, {"match": "prefix", "acknowledge": true}, "a"]
        bob < [17, 3, _id]
        bob > [16, 4, {"match": "prefix", "acknowledge": true}, "a.b"]
        bob < [17, 4, $p]
        alice < [36, $s, $p, {}]
    "#,
    );
}

#[test]
fn psub_09_pattern_based_subscription_is_announced() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"subscriber": {}}}]
        alice < [2, _id, {..., "roles": {..., "broker": {..., "features": {..., "pattern_based_subscription": true}}}}]
    "#,
    );
}

#[test]
fn psub_10_a_pattern_reaches_the_routers_own_events() {
    play(
        r#"
        alice joins
        alice > [32, 1, {"match": "prefix"}, "wamp.session."]
        alice < [33, 1, $s]
        bob joins
        alice < [36, $s, _, {"topic": "wamp.session.on_join"}, [{..., "session": $bob}]]
        bob says goodbye
        alice < [36, $s, _, {"topic": "wamp.session.on_leave"}, [$bob, ...]]
    "#,
    );
}
