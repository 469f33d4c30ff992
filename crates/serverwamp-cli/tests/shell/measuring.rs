//! `serverwamp bench`.

use crate::calls::interrupt;
use crate::scratch::Scratch;
use crate::{demo, ended, fails, run, shell, start};
use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Subprotocol};
use std::time::{Duration, Instant};

#[test]
fn calls_publications_and_events_are_counted() {
    let server = demo();
    for words in [
        &["bench", "call", "demo.add", "2", "3", "-n", "50"][..],
        &["bench", "call", "demo.add", "2", "3", "-n", "50", "-c", "2", "-f", "4"],
        &["bench", "call", "demo.add", "2", "3", "-n", "50", "--rate", "1000"],
        &["bench", "publish", "chat", "hello", "-n", "50"],
    ] {
        let finished = run(&server, &[words, &["--json", "--warm-up", "50ms"]].concat());
        let report: Value = serde_json::from_str(&finished.stdout).expect(&finished.stderr);
        assert_eq!((&report["done"], finished.status.code()), (&50.into(), Some(0)), "{words:?}: {report}");
        assert!(report["latency_ms"]["p50"].as_f64().expect("a number") > 0.0, "{report}");
        assert!(report["latency_ms"]["p50"].as_f64() <= report["latency_ms"]["max"].as_f64(), "{report}");
    }
    let words = ["bench", "fanout", "chat", "--subscribers", "5", "-n", "20", "--json", "--warm-up", "50ms"];
    let finished = run(&server, &words);
    let report: Value = serde_json::from_str(&finished.stdout).expect(&finished.stderr);
    assert_eq!(report["done"], report["expected"], "{report}");
    assert!(report["expected"].as_u64() >= Some(95), "{report}");
}

#[test]
fn a_picture_and_a_text_are_made_of_it() {
    let server = demo();
    let scratch = Scratch::new();
    let picture = scratch.file("latency.svg");
    let finished = run(&server, &["bench", "call", "demo.add", "2", "3", "-n", "100", "--plot", &picture]);
    for part in ["call demo.add\n", "100 calls in", "p99.9", "closed loop"] {
        assert!(finished.stdout.contains(part), "{part}: {}", finished.stdout);
    }
    let drawn = std::fs::read_to_string(picture).expect("a picture");
    assert!(drawn.starts_with("<svg") && drawn.contains("latency (ms)"), "{drawn}");
}

#[test]
fn what_fails_is_no_measurement() {
    let server = demo();
    let said = "error: wamp.error.no_such_procedure: no procedure \"demo.ad\"\n";
    fails(&server, &["bench", "call", "demo.ad", "-n", "10"], 1, said);
    let finished =
        run(&server, &["bench", "call", "demo.add", "2", "3", "-n", "5", "--plot", "/no/such/folder/x.svg"]);
    assert_eq!(finished.status.code(), Some(1));
    assert!(finished.stderr.starts_with("serverwamp: --plot /no/such/folder/x.svg: "), "{}", finished.stderr);
}

#[test]
fn a_rate_that_is_too_high_is_no_measurement() {
    let server = demo();
    let begun = Instant::now();
    let words = [
        "bench",
        "call",
        "demo.add",
        "2",
        "3",
        "--rate",
        "10000000",
        "--for",
        "200ms",
        "--warm-up",
        "1ms",
        "--json",
    ];
    let finished = run(&server, &words);
    let report: Value = serde_json::from_str(&finished.stdout).expect(&finished.stderr);
    assert!(report["unsent"].as_u64() > Some(1000), "{report}");
    assert_eq!(finished.status.code(), Some(1));
    assert!(finished.stderr.contains("were due and could not be sent"), "{}", finished.stderr);
    assert!(begun.elapsed() < Duration::from_secs(20), "it does not send for ever: {:?}", begun.elapsed());
}

#[test]
fn what_is_stopped_reports_what_it_has_and_a_router_that_goes_is_status_3() {
    let server = demo();
    let mut watcher = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    watcher.send(json!([32, 1, {}, "wamp.session.on_join"]));
    watcher.receive();
    let mut joined = |count: usize| {
        for _ in 0..count {
            assert_eq!(watcher.receive()[0], 36, "somebody has joined");
        }
        std::thread::sleep(Duration::from_secs(1));
    };
    for (words, sessions) in [(&["call", "demo.add", "2", "3"][..], 1), (&["fanout", "chat"], 11)] {
        let words = [&["bench"], words, &["--for", "60s", "--warm-up", "1ms"]].concat();
        let child = start(&mut shell(Some(&server), &words));
        joined(sessions);
        interrupt(child.id());
        let finished = ended(child);
        assert_eq!(
            (&*finished.stderr, finished.status.code()),
            ("error: it was stopped before its end\n", Some(1))
        );
        assert!(finished.stdout.contains("p99.9"), "{}", finished.stdout);
    }
    let child = start(&mut shell(Some(&server), &["bench", "call", "demo.add", "2", "3", "--for", "60s"]));
    joined(1);
    drop(server);
    let finished = ended(child);
    assert!(finished.stderr.starts_with("serverwamp: the connection was lost after "), "{}", finished.stderr);
    assert_eq!(finished.status.code(), Some(3));
}
