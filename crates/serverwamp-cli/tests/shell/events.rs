//! `serverwamp publish` and `serverwamp subscribe`.

use crate::calls::interrupt;
use crate::scratch::Scratch;
use crate::{PATIENCE, demo, ended, prints, run, shell, start};
use serde_json::{Value, json};
use serverwamp_conformance::output::Output;
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol, binary};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A command that has subscribed, and its output.
struct Subscribed {
    child: Child,
    printed: Output,
}

/// Subscribes, and waits until the router knows of it.
fn subscribed(server: &ServerProcess, words: &[&str]) -> Subscribed {
    let mut watcher = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    watcher.send(json!([32, 1, {}, "wamp.subscription.on_subscribe"]));
    watcher.receive();
    let words = [&["subscribe"], words].concat();
    let mut child = start(shell(Some(server), &words).stdout(Stdio::piped()));
    let printed = Output::collect(child.stdout.take().expect("piped"));
    assert_eq!(watcher.receive()[0], 36, "somebody has subscribed");
    Subscribed { child, printed }
}

#[test]
fn events_are_printed_until_there_are_enough() {
    let server = demo();
    let chat = subscribed(&server, &["chat", "-n", "2", "-o", "jsonl"]);
    prints(&server, &["publish", "chat", "hello", "n=1"], "");
    let acknowledged = run(&server, &["publish", "chat", "[1, 2]", "--ack"]);
    let publication: u64 = acknowledged.stdout.trim().parse().expect("the id of the publication");
    let finished = ended(chat.child);
    assert_eq!((finished.status.code(), &*finished.stderr), (Some(0), ""));
    let text = chat.printed.wait_for_end(Duration::from_secs(5));
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        (&events[0]["topic"], &events[0]["args"], &events[0]["kwargs"]),
        (&json!("chat"), &json!(["hello"]), &json!({"n": 1}))
    );
    assert_eq!((&events[1]["args"], &events[1]["publication"]), (&json!([[1, 2]]), &json!(publication)));
}

#[test]
fn patterns_show_the_topic_of_each_event() {
    let server = demo();
    let sensors = subscribed(&server, &["sensors.", "--match", "prefix", "-n", "1"]);
    prints(&server, &["publish", "sensors.kitchen", "temperature=21.5"], "");
    ended(sensors.child);
    let line = sensors.printed.wait_for_end(Duration::from_secs(5));
    assert!(line.ends_with(" sensors.kitchen  {\"temperature\":21.5}\n"), "{line}");
    let wild = subscribed(&server, &["a..c", "--match", "wildcard", "-n", "1", "-o", "raw"]);
    prints(&server, &["publish", "a.b.c", "one", "2"], "");
    ended(wild.child);
    assert_eq!(wild.printed.wait_for_end(Duration::from_secs(5)), "one\n2\n");
}

#[test]
fn retained_events_come_first_and_say_so() {
    let server = demo();
    run(&server, &["publish", "weather", "rain", "--retain", "--ack"]);
    let finished = run(&server, &["subscribe", "weather", "--retained", "-n", "1"]);
    assert!(finished.stdout.ends_with(" weather (retained)  rain\n"), "{}", finished.stdout);
}

#[test]
fn only_those_who_are_named_get_an_event() {
    let server = demo();
    let chat = subscribed(&server, &["chat", "-n", "1", "-o", "raw"]);
    prints(&server, &["publish", "chat", "no", "--exclude-authrole", "guest"], "");
    prints(&server, &["publish", "chat", "no", "--eligible-authrole", "admin"], "");
    prints(&server, &["publish", "chat", "no", "--eligible-authid", "nobody"], "");
    prints(&server, &["publish", "chat", "no", "--eligible", "1"], "");
    prints(&server, &["publish", "chat", "yes", "--eligible-authrole", "guest", "--exclude", "1"], "");
    ended(chat.child);
    assert_eq!(chat.printed.wait_for_end(Duration::from_secs(5)), "yes\n");
}

#[test]
fn an_event_over_which_the_router_ends_the_session_is_not_passed_over() {
    let server = demo();
    let scratch = Scratch::new();
    let long = format!("@{}", scratch.write("long", "x".repeat(3 << 20)));
    for words in [&["publish", "chat", &*long][..], &["publish", "chat", &*long, "--ack"]] {
        let finished = run(&server, words);
        assert_eq!(finished.status.code(), Some(3), "{}", finished.stderr);
        assert!(finished.stderr.contains("exceeds the limit of 1048576"), "{}", finished.stderr);
    }
}

#[test]
fn ctrl_c_ends_a_subscription_in_good_order() {
    let server = demo();
    let chat = subscribed(&server, &["chat"]);
    interrupt(chat.child.id());
    let finished = ended(chat.child);
    assert_eq!((finished.status.code(), &*finished.stderr), (Some(0), ""));
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let server = demo();
    let Subscribed { mut child, printed: _ } = subscribed(&server, &["unread"]);
    child.kill().and_then(|()| child.wait()).expect("it ran");
    let mut piped = start(shell(Some(&server), &["subscribe", "demo.clock"]).stdout(Stdio::piped()));
    drop(piped.stdout.take());
    let finished = ended(piped);
    assert_eq!((finished.status.code(), &*finished.stderr), (Some(0), ""));
}

#[test]
fn the_end_of_the_router_is_the_end_of_a_subscription() {
    let mut server = demo();
    let chat = subscribed(&server, &["chat"]);
    server.signal(serverwamp_conformance::Signal::Terminate);
    server.wait_exit(Duration::from_secs(20));
    let finished = ended(chat.child);
    let said = "serverwamp: the router ended the session with wamp.close.system_shutdown";
    assert_eq!(finished.status.code(), Some(3));
    assert!(finished.stderr.starts_with(said), "{}", finished.stderr);
}

#[test]
fn a_subscription_that_recovers_comes_back_and_says_what_may_be_missing() {
    let start_at = |address: &str| ServerProcess::start(&binary::cli(), &["dev", "--listen", address], &[]);
    let server = start_at("127.0.0.1:0");
    let address = server.address().to_owned();
    let mut chat = subscribed(&server, &["chat", "-n", "2", "-o", "raw", "--recover"]);
    let said = Output::collect(chat.child.stderr.take().expect("piped"));
    let hears = |part: &str| {
        let heard = said.wait_for(PATIENCE, |text| text.contains(part).then_some(()));
        assert!(heard.is_some(), "{part:?} in {}", said.text());
    };
    hears("events may be missing here: the router keeps no history");
    prints(&server, &["publish", "chat", "before"], "");
    assert!(chat.printed.wait_for(PATIENCE, |text| text.contains("before").then_some(())).is_some());
    drop(server);
    let server = start_at(&address);
    let deadline = Instant::now() + PATIENCE;
    while !chat.printed.text().contains("after") && Instant::now() < deadline {
        run(&server, &["publish", "chat", "after", "--ack"]);
    }
    assert!(chat.child.wait().expect("it ends").success(), "{}", said.text());
    assert_eq!(chat.printed.wait_for_end(Duration::from_secs(5)), "before\nafter\n");
}
