//! "Event History" of many events: in pages, in order, and by time (the rest of group HIST).

use crate::router::{Router, play_once, realms};
use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Subprotocol};
use std::fmt::Write as _;

const ALL: &str = r#"
    alice joins settings
    alice > [48, 1, {}, "wamp.subscription.lookup", ["com.history.all.", {"match": "prefix"}]]
    alice < [50, 1, {}, [$s]]
"#;

// More than half of what may wait for a peer, 4 MiB by default, is refused.
#[test]
fn hist_18_a_history_too_long_for_one_answer_is_refused_and_can_be_had_in_pages() {
    let mut text = ALL.to_owned();
    let payload = "x".repeat(100_000);
    for request in 2..27 {
        writeln!(
            text,
            "    alice > [16, {request}, {{\"acknowledge\": true}}, \"com.history.all.t\", [\"{payload}\"]]"
        )
        .unwrap();
        writeln!(text, "    alice < [17, {request}, $p{request}]").unwrap();
    }
    text.push_str(
        r#"
    alice > [48, 27, {}, "wamp.subscription.get_events", [$s]]
    alice < [8, 48, 27, {}, "wamp.error.payload_size_exceeded", ...]
    alice > [48, 28, {}, "wamp.subscription.get_events", [$s], {"limit": 2}]
    alice < [50, 28, {}, [{..., "publication": $p2}, {..., "publication": $p3}], {...}]
    alice > [48, 29, {}, "wamp.subscription.get_events", [$s], {"after_publication": $p24}]
    alice < [50, 29, {}, [{..., "publication": $p25}, {..., "publication": $p26}], {...}]
    "#,
    );
    play_once(&text);
}

#[test]
fn hist_18_a_long_history_is_read_in_pages() {
    let mut text = ALL.to_owned();
    for number in 0..25 {
        writeln!(text, "    alice > [16, {}, {{}}, \"com.history.all.t\", [{number}]]", number + 2).unwrap();
    }
    // Each page begins behind the last publication of the one before; the last page is not full.
    for (page, numbers) in (0..25).collect::<Vec<_>>().chunks(10).enumerate() {
        let request = 100 + page;
        let after = if page == 0 { String::new() } else { format!(", \"after_publication\": $last{page}") };
        writeln!(
            text,
            "    alice > [48, {request}, {{}}, \"wamp.subscription.get_events\", [$s], {{\"limit\": 10{after}}}]"
        )
        .unwrap();
        let events = numbers.iter().map(|number| {
            let last =
                if numbers.last() == Some(number) { format!("$last{}", page + 1) } else { "_id".into() };
            format!("{{..., \"publication\": {last}, \"args\": [{number}]}}")
        });
        let events = events.collect::<Vec<_>>().join(", ");
        let more = page < 2;
        let worth = format!("{{\"complete\": true, \"more\": {more}, \"epoch\": $epoch}}");
        writeln!(text, "    alice < [50, {request}, {{}}, [{events}], {worth}]").unwrap();
    }
    writeln!(text, "    alice > [48, 200, {{}}, \"wamp.subscription.get_events\", [$s], {{\"limit\": 10, \"after_publication\": $last3}}]").unwrap();
    text.push_str(
        "    alice < [50, 200, {}, [], {\"complete\": true, \"more\": false, \"epoch\": $epoch}]\n",
    );
    play_once(&text);
}

#[test]
fn hist_19_events_stay_in_the_order_they_came_in_even_within_one_moment() {
    let router = Router::start(realms());
    let mut peer = RawPeer::joined(router.url(), Subprotocol::MSGPACK_BATCHED, "settings");
    let publishes: Vec<_> =
        (0..100).map(|at| json!([16, at + 1, {}, format!("com.history.all.t{}", at % 7), [at]])).collect();
    peer.send_batch(&publishes);
    let numbers: Vec<_> =
        history(&mut peer, json!({})).iter().map(|event| event["args"][0].clone()).collect();
    assert_eq!(numbers, (0..100).map(Value::from).collect::<Vec<_>>());
}

#[test]
fn hist_07_what_is_no_time_is_refused() {
    let mut text = ALL.to_owned();
    let mut request = 1;
    for key in ["from_time", "after_time", "before_time", "until_time"] {
        for value in [
            "\"yesterday\"",
            "\"\"",
            "7",
            "\"2026-01-01\"",
            "\"2026-13-01T00:00:00Z\"",
            "\"2026-01-01T00:00:00\"",
        ] {
            request += 1;
            write!(
                text,
                r#"
    alice > [48, {request}, {{}}, "wamp.subscription.get_events", [$s], {{"{key}": {value}}}]
    alice < [8, 48, {request}, {{}}, "wamp.error.invalid_argument", ...]"#
            )
            .unwrap();
        }
    }
    play_once(&text);
}

#[test]
fn hist_07_times_bound_what_is_told_with_their_edges_or_without() {
    let router = Router::start(realms());
    let mut peer = RawPeer::joined(router.url(), Subprotocol::JSON, "settings");
    // Until three events have times of their own, so that there is something on either side of the edge.
    let mut all = Vec::new();
    while distinct(&all) < 3 {
        let id = peer.next_request();
        peer.send(json!([16, id, { "acknowledge": true }, "com.history.all.t"]));
        peer.expect(json!([17, id, "$id"]));
        all = history(&mut peer, json!({}));
        assert!(all.len() < 1000, "a thousand events within two moments: {:?}", all.last());
    }
    let edge = time(&all[all.len() / 2]).to_owned();
    let earlier = |event: &Value| time(event) < edge.as_str();
    let later = |event: &Value| time(event) > edge.as_str();
    assert_eq!(history(&mut peer, json!({ "from_time": edge })), only(&all, |event| !earlier(event)));
    assert_eq!(history(&mut peer, json!({ "after_time": edge })), only(&all, later));
    assert_eq!(history(&mut peer, json!({ "before_time": edge })), only(&all, earlier));
    assert_eq!(history(&mut peer, json!({ "until_time": edge })), only(&all, |event| !later(event)));
    let moment = history(&mut peer, json!({ "from_time": edge, "until_time": edge }));
    assert_eq!(moment, only(&all, |event| time(event) == edge));
    assert!(history(&mut peer, json!({ "from_time": edge, "before_time": edge })).is_empty());
    let mut backwards = only(&all, |event| !earlier(event));
    backwards.reverse();
    assert_eq!(history(&mut peer, json!({ "from_time": edge, "reverse": true })), backwards);
    // The same moment in another zone, and moments far away.
    let elsewhere = elsewhere(&edge);
    assert_eq!(history(&mut peer, json!({ "from_time": elsewhere })), only(&all, |event| !earlier(event)));
    assert_eq!(history(&mut peer, json!({ "after_time": "1999-12-31T23:59:59+14:00" })), all);
    assert!(history(&mut peer, json!({ "from_time": "2999-12-31T23:59:60Z" })).is_empty());
}

/// The history of `com.history.all.`, as it is told with these filters.
#[track_caller]
fn history(peer: &mut RawPeer, filters: Value) -> Vec<Value> {
    let lookup = json!(["com.history.all.", { "match": "prefix" }]);
    let found = peer.call("wamp.subscription.lookup", lookup, Value::Null, Value::Null);
    let answer =
        peer.call("wamp.subscription.get_events", json!([found[3][0]]), filters.clone(), Value::Null);
    assert_eq!(answer[0], 50, "{filters} is refused: {answer}");
    answer[3].as_array().cloned().unwrap_or_default()
}

fn time(event: &Value) -> &str {
    event["timestamp"].as_str().expect("an event of the history has a time")
}

/// How many times there are. All have the same form, so that their texts compare as they do.
fn distinct(events: &[Value]) -> usize {
    let mut times: Vec<_> = events.iter().map(time).collect();
    assert!(times.iter().all(|time| time.len() == times[0].len() && time.ends_with('Z')), "{times:?}");
    times.sort_unstable();
    times.dedup();
    times.len()
}

fn only(events: &[Value], which: impl Fn(&Value) -> bool) -> Vec<Value> {
    events.iter().filter(|event| which(event)).cloned().collect()
}

/// A time of the zone `Z` as a clock shows it where it is an hour behind; in the first hour of a day, the same time with
/// the zone written another way.
fn elsewhere(time: &str) -> String {
    let hour: u32 = time[11..13].parse().expect("a time has an hour");
    let rest = time[13..].trim_end_matches('Z');
    if hour == 0 {
        return format!("{}+00:00", time.trim_end_matches('Z'));
    }
    format!("{}{:02}{rest}-01:00", &time[..11], hour - 1)
}
