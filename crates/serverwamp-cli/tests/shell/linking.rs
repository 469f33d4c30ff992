//! `serverwamp link`: two routers, and what goes from one to the other.

use crate::{PATIENCE, demo, fails, prints, run, shell, start};
use serde_json::json;
use serverwamp_conformance::output::Output;
use serverwamp_conformance::{RawPeer, ServerProcess, Signal, Subprotocol, binary};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A link that runs, and what it says.
pub(crate) struct Link {
    child: Child,
    said: Output,
}

impl Link {
    pub(crate) fn start(left: &str, right: &str, words: &[&str]) -> Self {
        let mut child = start(shell(None, &[&["link", left, right], words].concat()).stderr(Stdio::piped()));
        let said = Output::collect(child.stderr.take().expect("piped"));
        let link = Self { child, said };
        link.says("linked; Ctrl-C stops");
        link
    }

    #[track_caller]
    pub(crate) fn says(&self, part: &str) {
        let found = self.said.wait_for(PATIENCE, |text| text.contains(part).then_some(()));
        assert!(found.is_some(), "{part:?} in {}", self.said.text());
    }
}

impl Link {
    /// Waits until it ends by itself.
    pub(crate) fn ends(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it was started") {
                return status;
            }
            assert!(Instant::now() < deadline, "it goes on: {}", self.said.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

/// A peer that serves `shop.x`.
fn callee(server: &ServerProcess) -> RawPeer {
    let mut callee = RawPeer::connect(server.url(), Subprotocol::JSON);
    let features = json!({"call_canceling": true, "progressive_call_results": true});
    callee.send(json!([1, "realm1", {"roles": {"callee": {"features": features}}}]));
    assert_eq!(callee.receive()[0], 2);
    callee.send(json!([64, 1, {}, "shop.x"]));
    assert_eq!(callee.receive()[0], 65);
    callee
}

#[test]
fn calls_and_events_cross_a_link() {
    let (left, right) = (demo(), demo());
    let _link = Link::start(left.url(), right.url(), &["--calls-right", "shop.", "--events-left", "news."]);
    let mut callee = callee(&right);
    let mut caller = RawPeer::connect(left.url(), Subprotocol::JSON);
    let features = json!({"call_canceling": true, "progressive_call_results": true});
    caller.send(json!([1, "realm1", {"roles": {"caller": {"features": features}, "subscriber": {}}}]));
    caller.receive();
    // Arguments, progress, results.
    caller.send(json!([48, 1, {"receive_progress": true}, "shop.x", [1, "two"], {"n": [3]}]));
    let invocation = callee.receive();
    assert_eq!(
        (&invocation[0], &invocation[4], &invocation[5]),
        (&json!(68), &json!([1, "two"]), &json!({"n": [3]}))
    );
    assert_eq!(invocation[3]["receive_progress"], true);
    callee.send(json!([70, invocation[1], {"progress": true}, ["half"]]));
    caller.expect(json!([50, 1, {"progress": true}, ["half"]]));
    callee.send(json!([70, invocation[1], {}, ["whole"], {"m": 1}]));
    caller.expect(json!([50, 1, {}, ["whole"], {"m": 1}]));
    // Errors.
    caller.send(json!([48, 2, {}, "shop.x"]));
    let invocation = callee.receive();
    assert!(invocation[3].get("receive_progress").is_none(), "{invocation}");
    callee.send(json!([8, 68, invocation[1], {}, "shop.error.sold_out", ["no tea"], {"item": "tea"}]));
    caller.expect(json!([8, 48, 2, {}, "shop.error.sold_out", ["no tea"], {"item": "tea"}]));
    // Cancellation, with the callee's own answer.
    caller.send(json!([48, 3, {}, "shop.x"]));
    let invocation = callee.receive();
    caller.send(json!([49, 3, {"mode": "kill"}]));
    callee.expect(json!([69, invocation[1], {"mode": "kill"}]));
    callee.send(json!([8, 68, invocation[1], {}, "shop.error.undone"]));
    caller.expect(json!([8, 48, 3, {}, "shop.error.undone"]));
    // Timeouts.
    caller.send(json!([48, 4, {"timeout": 100}, "shop.x"]));
    let invocation = callee.receive();
    assert_eq!(caller.receive()[4], "wamp.error.timeout");
    assert_eq!((&callee.receive()[1]), &invocation[1], "it is interrupted");
    // Events, the other way.
    caller.send(json!([32, 5, {}, "news.today"]));
    assert_eq!(caller.receive()[0], 33);
    for text in ["one", "two", "three"] {
        prints(&right, &["publish", "news.today", text], "");
        assert_eq!(caller.receive()[4], json!([text]));
    }
}

#[test]
fn a_link_comes_back_after_either_side_restarts() {
    let left = demo();
    let start_at = |address: &str| ServerProcess::start(&binary::cli(), &["dev", "--listen", address], &[]);
    let mut right = start_at("127.0.0.1:0");
    let address = right.address().to_owned();
    let link = Link::start(left.url(), right.url(), &["--calls-right", "shop."]);
    right.signal(Signal::Terminate);
    right.wait_exit(PATIENCE);
    link.says("right: away: ");
    let away = run(&left, &["call", "shop.x"]);
    assert_eq!(away.status.code(), Some(1), "{}", away.stderr);
    let right = start_at(&address);
    link.says("right: connected again");
    let mut callee = callee(&right);
    let call = start(&mut shell(Some(&left), &["call", "shop.x"]));
    let invocation = callee.receive();
    callee.send(json!([70, invocation[1], {}, ["back"]]));
    assert_eq!(crate::ended(call).stdout, "back\n");
}

#[test]
fn the_side_that_registers_comes_back_as_well() {
    let right = demo();
    let start_at = |address: &str| ServerProcess::start(&binary::cli(), &["dev", "--listen", address], &[]);
    let left = start_at("127.0.0.1:0");
    let address = left.address().to_owned();
    let link = Link::start(left.url(), right.url(), &["--calls-right", "shop."]);
    drop(left);
    link.says("left: away: ");
    let left = start_at(&address);
    link.says("left: connected again");
    let mut callee = callee(&right);
    let call = start(&mut shell(Some(&left), &["call", "shop.x", "1"]));
    let invocation = callee.receive();
    callee.send(json!([70, invocation[1], {}, invocation[4]]));
    assert_eq!(crate::ended(call).stdout, "1\n");
}

#[test]
fn a_link_carries_something() {
    let server = demo();
    let url = server.url();
    let nothing = "serverwamp: nothing goes over this link: name it with --calls-right, --calls-left, --events-right or --events-left\n";
    fails(&server, &["link", url, url], 2, nothing);
}

#[test]
fn what_the_router_refuses_names_the_side() {
    let (left, right) = (demo(), demo());
    let finished = run(&left, &["link", left.url(), right.url(), "--calls-right", "demo.add"]);
    assert_eq!(finished.status.code(), Some(1));
    assert!(
        finished.stderr.starts_with("error: left: wamp.error.procedure_already_exists"),
        "{}",
        finished.stderr
    );
    let begun = Instant::now();
    let finished = run(&left, &["link", left.url(), "ws://127.0.0.1:1/ws", "--calls-right", "a."]);
    assert_eq!(finished.status.code(), Some(3), "{}", finished.stderr);
    assert!(begun.elapsed() < Duration::from_secs(20), "the first connection is not tried again");
}
