//! How much is retained, for how long, and how it ends: what the specification leaves to a router (RET-01, RET-03, RET-14).

use crate::router::{Router, play, play_at};
use serde_json::{Value, json};
use serverwamp::{Application, Limits, Realm, TopicSettings, prefix, wildcard};
use serverwamp_conformance::{RawPeer, Subprotocol};
use std::time::{Duration, Instant};

/// A router with one realm and these limits.
fn app(settings: TopicSettings, limits: impl FnOnce(&mut Limits)) -> Application {
    let realm = Realm::router("realm1").allow_anonymous("guest").topic_settings(prefix("com.set."), settings);
    Application::builder().limits(limits).realm(realm).build().expect("nothing is wrong with this realm")
}

// RET-01
#[test]
fn beyond_the_limits_of_the_realm_an_answered_publication_is_refused_and_any_other_only_delivered() {
    play_at(
        || app(TopicSettings::new(), |limits| limits.retained_events = 2),
        r#"
        alice joins
        bob joins
        bob subscribes com. {"match": "prefix"} as $s
        alice > [16, 1, {"acknowledge": true, "retain": true}, "com.a", [1]]
        alice < [17, 1, $a]
        bob < [36, $s, $a, {"topic": "com.a"}, [1]]
        alice > [16, 2, {"acknowledge": true, "retain": true}, "com.b", [2]]
        alice < [17, 2, $b]
        bob < [36, $s, $b, {"topic": "com.b"}, [2]]
        alice > [16, 3, {"acknowledge": true, "retain": true}, "com.c", [3]]
        alice < [8, 16, 3, {}, "wamp.error.unavailable", ["no more events of this realm can be retained: the limit is 2 events and 67108864 bytes"]]
        bob silent
        alice > [16, 4, {"retain": true}, "com.c", [4]]
        bob < [36, $s, _id, {"topic": "com.c"}, [4]]
        # What is not to be retained goes on, and what replaces something as well.
        alice > [16, 5, {"acknowledge": true}, "com.c", [5]]
        alice < [17, 5, _id]
        bob < [36, $s, _id, {"topic": "com.c"}, [5]]
        alice > [16, 6, {"acknowledge": true, "retain": true}, "com.a", [6]]
        alice < [17, 6, $new]
        bob < [36, $s, $new, {"topic": "com.a"}, [6]]
        carol joins
        carol subscribes com. {"match": "prefix", "get_retained": true} as $s
        carol < [36, $s, $b, {"topic": "com.b", "retained": true}, [2]]
        carol < [36, $s, $new, {"topic": "com.a", "retained": true}, [6]]
    "#,
    );
}

// RET-01
#[test]
fn one_session_takes_no_more_than_its_share_and_leaves_the_rest_to_others() {
    play_at(
        || app(TopicSettings::new(), |limits| limits.retained_events_of_session = 1),
        r#"
        alice joins
        bob joins
        alice > [16, 1, {"acknowledge": true, "retain": true}, "com.a"]
        alice < [17, 1, _id]
        alice > [16, 2, {"acknowledge": true, "retain": true}, "com.b"]
        alice < [8, 16, 2, {}, "wamp.error.unavailable", ["no more events of one session can be retained: the limit is 1 events and 16777216 bytes"]]
        bob > [16, 1, {"acknowledge": true, "retain": true}, "com.b"]
        bob < [17, 1, _id]
        # What somebody else has replaced counts for that one.
        bob > [16, 2, {"acknowledge": true, "retain": true}, "com.a"]
        bob < [8, 16, 2, ...]
        alice > [16, 3, {"acknowledge": true, "retain": true}, "com.b"]
        alice < [8, 16, 3, ...]
        alice > [16, 4, {"acknowledge": true, "retain": true}, "com.a"]
        alice < [17, 4, _id]
    "#,
    );
}

// RET-03
#[test]
fn topics_with_a_limit_of_their_own_keep_to_it_and_others_have_theirs() {
    play_at(
        || app(TopicSettings::new().retain_limit(1, 1 << 20), |_| {}),
        r#"
        alice joins
        alice > [16, 1, {"acknowledge": true, "retain": true}, "com.set.a"]
        alice < [17, 1, _id]
        alice > [16, 2, {"acknowledge": true, "retain": true}, "com.set.b"]
        alice < [8, 16, 2, {}, "wamp.error.unavailable", ["no more events of these topics can be retained: the limit is 1 events and 1048576 bytes"]]
        alice > [16, 3, {"acknowledge": true, "retain": true}, "com.b"]
        alice < [17, 3, _id]
        alice > [16, 4, {"acknowledge": true, "retain": true}, "com.set.a"]
        alice < [17, 4, _id]
    "#,
    );
}

// RET-14
#[test]
fn where_the_settings_say_so_an_event_without_arguments_ends_what_is_retained() {
    play_at(
        || app(TopicSettings::new().clear_retained(true), |_| {}),
        r#"
        alice joins
        bob joins
        bob subscribes com.set.a as $s
        alice > [16, 1, {"retain": true}, "com.set.a", [1]]
        bob < [36, $s, _id, {}, [1]]
        # It is an event like any other for those who hear it.
        alice > [16, 2, {"retain": true}, "com.set.a"]
        bob < [36, $s, _id, {}]
        bob subscribes com.set.a {"get_retained": true} as $s
        bob silent
        # What it leaves empty, and what is only for some, is retained.
        alice > [16, 3, {"retain": true}, "com.set.a", [2]]
        bob < [36, $s, $two, {}, [2]]
        alice > [16, 4, {}, "com.set.a"]
        bob < [36, $s, _id, {}]
        alice > [16, 5, {"retain": true, "eligible_authrole": ["nobody"]}, "com.set.a"]
        bob subscribes com.set.a {"get_retained": true} as $s
        bob < [36, $s, $two, {"retained": true}, [2]]
        alice > [16, 6, {"acknowledge": true, "retain": true}, "com.set.a", [], {}]
        alice < [17, 6, _id]
        bob < [36, $s, _id, {}, ...]
        bob subscribes com.set.a {"get_retained": true} as $s
    "#,
    );
}

// RET-14
#[test]
fn administrators_remove_what_is_retained() {
    play(
        r#"
        root joins as root secret
        bob joins
        bob > [16, 1, {"acknowledge": true, "retain": true}, "com.a", [1]]
        bob < [17, 1, _id]
        bob > [16, 2, {"acknowledge": true, "retain": true}, "com.b", [2]]
        bob < [17, 2, _id]
        bob > [16, 3, {"acknowledge": true, "retain": true, "eligible": []}, "com.b", [3]]
        bob < [17, 3, _id]
        bob > [48, 4, {}, "wamp.topic.remove_retained", ["com.a"]]
        bob < [8, 48, 4, {}, "wamp.error.not_authorized", ...]
        root > [48, 1, {}, "wamp.topic.remove_retained", ["com.b"]]
        root < [50, 1, {}, [2]]
        root subscribes com. {"match": "prefix", "get_retained": true} as $s
        root < [36, $s, _id, {"topic": "com.a", "retained": true}, [1]]
        root > [48, 3, {}, "wamp.topic.remove_retained", ["com.", {"match": "prefix"}]]
        root < [50, 3, {}, [1]]
        root > [48, 4, {}, "wamp.topic.remove_retained", ["com.", {"match": "prefix"}]]
        root < [50, 4, {}, [0]]
        root > [48, 5, {}, "wamp.topic.remove_retained", [7]]
        root < [8, 48, 5, {}, "wamp.error.invalid_argument", ...]
        root > [48, 6, {}, "wamp.topic.remove_retained", ["com..a#"]]
        root < [8, 48, 6, {}, "wamp.error.invalid_uri", ...]
    "#,
    );
}

// RET-14
#[test]
fn what_is_retained_of_many_topics_is_removed_in_several_turns_with_one_answer() {
    let removed = |uri: &str| {
        play_at(
            || {
                let realm = Realm::router("realm1").allow_anonymous("guest").administrators(["guest"]);
                let app =
                    Application::builder().realm(realm).build().expect("nothing is wrong with this realm");
                let realm = app.realm("realm1").expect("it is there");
                for number in 0..1000 {
                    realm.publication(format!("many.{number}.a")).retain().send("x").expect("there is room");
                    realm.publication(format!("more.{number}.b")).retain().send("x").expect("there is room");
                }
                app
            },
            &format!(
                r#"
                root joins
                root > [48, 1, {{}}, "wamp.topic.remove_retained", {uri}]
                root < [50, 1, {{}}, [1000]]
                root > [48, 2, {{}}, "wamp.topic.remove_retained", {uri}]
                root < [50, 2, {{}}, [0]]
                root > [48, 3, {{}}, "wamp.topic.remove_retained", ["", {{"match": "prefix"}}]]
                root < [50, 3, {{}}, [1000]]
                "#
            ),
        );
    };
    removed(r#"["many.", {"match": "prefix"}]"#);
    removed(r#"["..b", {"match": "wildcard"}]"#);
}

// RET-14
#[test]
fn the_application_removes_what_is_retained_and_sees_how_much_there_is() {
    let app = app(TopicSettings::new(), |_| {});
    let realm = app.realm("realm1").expect("it is there");
    let retain = |topic: &str| realm.publication(topic).retain().send("x").expect("there is room");
    assert_eq!(realm.retained(), (0, 0));
    for topic in ["a.b.c", "a.x.c", "a.b.d"] {
        retain(topic);
    }
    let (events, bytes) = realm.retained();
    assert!(events == 3 && (3 * 500..3 * 1000).contains(&bytes), "{events} events of {bytes} bytes");
    assert_eq!(realm.remove_retained(wildcard("a..c")).ok(), Some(2));
    assert_eq!(realm.remove_retained("a.b.d").ok(), Some(1));
    assert_eq!(realm.remove_retained(prefix("a")).ok(), Some(0));
    assert!(realm.remove_retained("a b#").is_err());
    for number in 0..1000 {
        retain(&format!("many.{number}"));
    }
    assert_eq!(realm.remove_retained(prefix("many.")).ok(), Some(1000));
    assert_eq!(realm.retained(), (0, 0));
}

// RET-01
#[test]
fn the_application_is_told_as_well_that_no_more_is_retained() {
    let app = app(TopicSettings::new(), |limits| limits.retained_events = 1);
    let realm = app.realm("realm1").expect("it is there");
    realm.publication("com.a").retain().send("x").expect("there is room for one");
    let refused = realm.publication("com.b").retain().send("x").expect_err("and for no more");
    assert_eq!(refused.uri(), "wamp.error.unavailable");
    realm.publication("com.b").send("x").expect("what is not retained needs no room");
}

// RET-01
#[test]
fn an_event_is_retained_as_long_as_its_topic_says() {
    let settings = TopicSettings::new().retain_for(Duration::from_millis(100));
    let router = Router::start(app(settings, |_| {}));
    let mut peer = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
    for topic in ["com.set.a", "com.b"] {
        let options = json!({ "acknowledge": true, "retain": true, "exclude_me": false });
        let request = peer.next_request();
        peer.send(json!([16, request, options, topic]));
        peer.expect(json!([17, request, "$id"]));
    }
    let begun = Instant::now();
    while is_retained(&mut peer, "com.set.a") {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is there for ever");
    }
    assert!(is_retained(&mut peer, "com.b"));
}

/// Subscribes, and says whether a retained event comes.
fn is_retained(peer: &mut RawPeer, topic: &str) -> bool {
    let subscription = peer.subscribe(topic, json!({ "get_retained": true }));
    let request = peer.next_request();
    peer.send(json!([34, request, subscription]));
    let first = peer.receive();
    if first == json!([35, request]) {
        return false;
    }
    assert_eq!(first[3], json!({ "retained": true }), "{first}");
    peer.expect(json!([35, request]));
    true
}

// BWL-01
#[test]
fn lists_of_receivers_may_be_as_long_as_their_limit_says_and_no_longer() {
    play_at(
        || app(TopicSettings::new(), |limits| limits.receivers = 3),
        r#"
        alice joins
        bob joins
        bob subscribes com.a as $s
        alice > [16, 1, {"acknowledge": true, "exclude": [1, 2], "eligible_authrole": ["guest"]}, "com.a", [1]]
        alice < [17, 1, _id]
        bob < [36, $s, _id, {}, [1]]
        alice > [16, 2, {"acknowledge": true, "exclude": [1, 2], "eligible_authrole": ["guest", "x"]}, "com.a", [2]]
        alice < [8, 16, 2, {}, "wamp.error.invalid_argument", ["the lists of receivers have at least 4 entries, 3 are allowed"]]
        alice > [16, 3, {"exclude_authid": ["a", "b", "c", "d"]}, "com.a", [3]]
        bob silent
    "#,
    );
}

/// What is told of a history is no longer than an eighth of what may wait for a peer, unless it is one event.
// HIST-18
#[test]
fn hist_18_one_event_can_always_be_read_and_several_that_are_long_can_not() {
    let settings = TopicSettings::new();
    let realm = Realm::router("realm1")
        .allow_anonymous("guest")
        .topic_settings("com.history", settings.history(10).history_bytes(200_000));
    let limits = |limits: &mut Limits| limits.outgoing_bytes = 400_000;
    let app = Application::builder().limits(limits).realm(realm).build().expect("nothing is wrong with it");
    let router = Router::start(app);
    for subprotocol in [Subprotocol::JSON, Subprotocol::MSGPACK] {
        let mut peer = RawPeer::joined(router.url(), subprotocol, "realm1");
        let mut publish = |letters: usize| {
            let request = peer.next_request();
            peer.send(json!([16, request, { "acknowledge": true }, "com.history", ["x".repeat(letters)]]));
            peer.expect(json!([17, request, "$id"]));
        };
        publish(24_000);
        publish(24_000);
        assert_eq!(told(&mut peer, json!({ "reverse": true, "limit": 2 })), Ok(2));
        assert_eq!(
            told(&mut peer, json!({ "reverse": true, "limit": 3 })).is_ok(),
            subprotocol == Subprotocol::JSON,
            "the second round finds events of the first"
        );
        let request = peer.next_request();
        peer.send(json!([16, request, { "acknowledge": true }, "com.history", ["x".repeat(150_000)]]));
        peer.expect(json!([17, request, "$id"]));
        assert_eq!(told(&mut peer, json!({ "reverse": true, "limit": 1 })), Ok(1));
        let refused = told(&mut peer, json!({ "reverse": true, "limit": 2 }));
        assert_eq!(refused, Err("wamp.error.payload_size_exceeded".to_owned()));
    }
}

/// How many events the history of `com.history` tells, or the error it is refused with.
fn told(peer: &mut RawPeer, filters: Value) -> Result<usize, String> {
    let found = peer.call("wamp.subscription.lookup", json!(["com.history"]), Value::Null, Value::Null);
    let answer = peer.call("wamp.subscription.get_events", json!([found[3][0]]), filters, Value::Null);
    match answer[3].as_array() {
        Some(events) if answer[0] == 50 => Ok(events.len()),
        _ => Err(answer[4].as_str().unwrap_or_default().to_owned()),
    }
}
