//! The benchmark runs, its table is complete, and every answer in it was right. How long anything took is not judged.
#![cfg(target_os = "linux")]

use std::process::Command;

#[test]
fn a_quick_run_has_all_rows() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("quick.json");
    let output = Command::new(env!("CARGO_BIN_EXE_serverwamp-bench"))
        .arg("--quick")
        .arg("--json")
        .arg(&file)
        .output()
        .expect("the benchmark starts");
    let table = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{table}\n{errors}");
    for format in ["json", "msgpack", "cbor"] {
        let rows = table.lines().filter(|line| line.contains(&format!("  call {format} ")));
        assert_eq!(rows.count(), 4, "{format} in\n{table}");
    }
    // One for each served call, each routed call, and each kind of event whether acknowledged or not.
    assert_eq!(table.lines().filter(|line| line.contains("  echo ")).count(), 12 + 12 + 12, "{table}");
    for (row, count) in [
        ("  routed call json ", 6),
        ("  routed call json > cbor ", 3),
        ("  event mixed ", 3),
        ("  event mixed, acknowledged ", 3),
        // With sockets and without.
        ("calls, 64 pairs x 64 ", 4),
        ("events, 8 topics x 64 ", 4),
        ("join, subscribe ten times, leave, ", 3),
    ] {
        assert_eq!(table.matches(row).count(), count, "{row} in\n{table}");
    }
    for row in ["plain writes to sockets", "published events", "WebSocket echo", "joined session"] {
        assert!(table.lines().any(|line| line.starts_with(row)), "{row} in\n{table}");
    }
    assert!(table.trim_end().ends_with("none wrong, none missing"), "{table}");
    assert_figures(&std::fs::read_to_string(file).expect("the figures are written"));
}

#[test]
fn a_quick_run_of_clients_has_all_rows_and_says_who_is_skipped() {
    let output = Command::new(env!("CARGO_BIN_EXE_serverwamp-bench"))
        .args(["client", "--quick", "--python", "/nowhere", "--node-modules", "/nowhere"])
        .output()
        .expect("the benchmark starts");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}\n{}", String::from_utf8_lossy(&output.stderr));
    let skipped = ["skipped: Autobahn|Python: ", "skipped: wampy.js: "];
    for row in ["bare WebSocket ", "asking WebSocket ", "serverwamp::client "].into_iter().chain(skipped) {
        assert_eq!(table.lines().filter(|line| line.starts_with(row)).count(), 3, "{row} in\n{table}");
    }
}

/// Every figure is there, and is a number that can be true.
fn assert_figures(json: &str) {
    let report: serde_json::Value = serde_json::from_str(json).expect("the figures are JSON");
    let calls = report["calls"].as_array().expect("there are calls");
    let points: Vec<_> =
        calls.iter().map(|row| (row["connections"].as_u64(), row["depth"].as_u64())).collect();
    for point in [(1, 1), (1, 64), (64, 1), (64, 64)] {
        let point = (Some(point.0), Some(point.1));
        assert_eq!(points.iter().filter(|other| **other == point).count(), 3, "{point:?}");
    }
    let fanout = &report["fanout"];
    let figures = calls.iter().flat_map(|row| [&row["echo"], &row["call"]]);
    let beside = |part: &str, names: [&'static str; 2]| {
        let rows = report[part].as_array().expect("the part is there");
        rows.iter().flat_map(move |row| names.map(|name| &row[name])).collect::<Vec<_>>()
    };
    let figures = figures
        .chain(beside("routed", ["echo", "call"]))
        .chain(beside("publish", ["echo", "events"]))
        .chain(beside("threads", ["one", "two"]));
    for figures in figures.chain([&fanout["writes"], &fanout["events"]]) {
        for figure in ["cpu_least", "cpu_median", "per_second", "p50", "p99", "longest", "answers"] {
            assert!(figures[figure].as_f64().is_some_and(|value| value > 0.0), "{figure} in {figures}");
        }
    }
    for embedded in report["embedded"].as_array().expect("the part is there") {
        // One thread, two, and eight on the same processors.
        let of_each =
            (0..3).flat_map(|threads| ["each_second", "cpu_micros"].map(|name| &embedded[name][threads]));
        let factors = [&embedded["factors"][0], &embedded["factors"][1], &embedded["answers"]];
        for figure in of_each.chain(factors) {
            assert!(figure.as_f64().is_some_and(|value| value > 0.0), "{figure} in {embedded}");
        }
    }
    for ratio in calls.iter().map(|row| &row["ratio"]).chain([&fanout["ratio"]]) {
        assert!(ratio.as_f64().is_some_and(f64::is_finite), "{ratio}");
    }
    assert!(report["memory"]["session"].as_f64().is_some_and(|bytes| bytes >= 0.0));
}

#[test]
fn a_program_that_does_not_serve_has_no_footprint() {
    let output = Command::new(env!("CARGO_BIN_EXE_serverwamp-bench"))
        .args(["footprint", "--program", "/bin/true"])
        .output()
        .expect("the benchmark starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{errors}");
    assert_eq!(errors, "serverwamp-bench: it has not said where it listens\n");
}
