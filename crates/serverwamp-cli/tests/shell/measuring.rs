//! `serverwamp bench`.

use crate::scratch::Scratch;
use crate::{demo, fails, run};
use serde_json::Value;

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
