//! `serverwamp call`.

use crate::scratch::Scratch;
use crate::{demo, ended, fails, prints, run, run_with_input, shell, start};
use serde_json::json;
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol};

#[test]
fn a_result_is_printed_in_the_form_that_was_asked_for() {
    let server = demo();
    prints(&server, &["call", "demo.add", "2", "3"], "5\n");
    prints(&server, &["call", "demo.add", "-o", "raw", "--", "-7", "3"], "-4");
    prints(&server, &["call", "demo.add", "a=2", "b=3", "-o", "jsonl"], "{\"args\":[5],\"kwargs\":{}}\n");
}

#[test]
fn progressive_results_come_one_by_one() {
    let server = demo();
    let words = ["call", "demo.countdown", "from=2", "interval_ms=1", "--progress"];
    prints(&server, &words, "2\n1\nliftoff\n");
    let lines = "{\"progress\":true,\"args\":[2],\"kwargs\":{}}\n{\"progress\":true,\"args\":[1],\"kwargs\":{}}\n\
                 {\"args\":[\"liftoff\"],\"kwargs\":{}}\n";
    prints(&server, &[&words[..], &["-o", "jsonl"]].concat(), lines);
    prints(&server, &words[..4], "liftoff\n");
}

#[test]
fn an_error_is_printed_whole_and_is_status_1() {
    let server = demo();
    let whole = "error: demo.error.failed: this procedure always fails\n  hint=\"call it with \\\"panic\\\" to see what a bug in a \
                 handler looks like\"\n";
    fails(&server, &["call", "demo.fail"], 1, whole);
    let meant = "error: wamp.error.no_such_procedure: no procedure \"demo.ad\"\n  did you mean: demo.add\n";
    fails(&server, &["call", "demo.ad", "2", "3"], 1, meant);
    let nothing_like_it = "error: wamp.error.no_such_procedure: no procedure \"com.example.weather\"\n";
    fails(&server, &["call", "com.example.weather"], 1, nothing_like_it);
}

#[test]
fn arguments_come_from_files_and_the_standard_input() {
    let server = demo();
    let scratch = Scratch::new();
    let two = scratch.write("two", "2\n");
    prints(&server, &["call", "demo.add", &format!("@{two}"), &format!("b=@{two}")], "4\n");
    let finished = run_with_input(&server, &["call", "demo.add", "-", "3"], b"4");
    assert_eq!((&*finished.stdout, &*finished.stderr), ("7\n", ""));
}

#[test]
fn a_call_that_takes_too_long_is_given_up() {
    let server = demo();
    fails(&server, &["call", "demo.slow", "60", "--timeout", "50ms"], 1, "error: wamp.error.timeout\n");
    fails(&server, &["call", "demo.slow", "60", "--cancel-after", "50ms"], 1, "error: wamp.error.canceled\n");
}

/// Serves `test.wait`, and takes INTERRUPT.
fn callee(server: &ServerProcess) -> RawPeer {
    let mut callee = RawPeer::connect(server.url(), Subprotocol::JSON);
    callee.send(json!([1, "realm1", {"roles": {"callee": {"features": {"call_canceling": true}}}}]));
    assert_eq!(callee.receive()[0], 2);
    callee.send(json!([64, 1, {}, "test.wait"]));
    assert_eq!(callee.receive()[0], 65);
    callee
}

#[test]
fn the_mode_of_canceling_is_what_the_router_is_told() {
    let server = demo();
    let mut callee = callee(&server);
    for (mode, interrupt) in [("kill", Some("kill")), ("killnowait", Some("killnowait")), ("skip", None)] {
        let words = ["call", "test.wait", "--cancel-after", "50ms", "--cancel-mode", mode];
        let child = start(&mut shell(Some(&server), &words));
        let invocation = callee.receive();
        assert_eq!(invocation[0], 68);
        if let Some(mode) = interrupt {
            callee.expect(json!([69, invocation[1], {"mode": mode}]));
        }
        if mode == "kill" {
            callee.send(json!([8, 68, invocation[1], {}, "test.error.wound_up", ["half done"]]));
        }
        let finished = ended(child);
        let said = if mode == "kill" {
            "error: test.error.wound_up: half done\n"
        } else {
            "error: wamp.error.canceled\n"
        };
        assert_eq!((finished.status.code(), &*finished.stderr), (Some(1), said), "{mode}");
    }
}

#[test]
fn ctrl_c_cancels_the_call_first_and_a_second_one_ends_it() {
    let server = demo();
    let mut callee = callee(&server);
    let child = start(&mut shell(Some(&server), &["call", "test.wait"]));
    let invocation = callee.receive();
    interrupt(child.id());
    // With `kill` the callee may take its time.
    callee.expect(json!([69, invocation[1], {"mode": "kill"}]));
    interrupt(child.id());
    let finished = ended(child);
    let said = "serverwamp: canceled; once more Ctrl-C stops at once\nserverwamp: stopped without waiting for the callee\n";
    assert_eq!((finished.status.code(), &*finished.stderr), (Some(1), said));
}

pub(crate) fn interrupt(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.try_into().expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
}

#[test]
fn every_serializer_and_every_address_of_the_demo_works() {
    let server = demo();
    for serializer in ["json", "msgpack", "cbor", "json.batched", "msgpack.batched", "cbor.batched"] {
        prints(&server, &["call", "demo.add", "2", "3", "--serializer", serializer], "5\n");
    }
    for url in [format!("rs://{}", server.address()), format!("http://{}/lp", server.address())] {
        prints(&server, &["call", "demo.add", "2", "3", "--url", &url], "5\n");
    }
    assert_eq!(run(&server, &["call", "demo.add", "18446744073709551615", "0"]).status.code(), Some(1));
}
