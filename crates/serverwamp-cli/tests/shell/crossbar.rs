//! The same commands with a router that others wrote: Crossbar.io.
//!
//! Without it these tests are skipped, with a message; with `SERVERWAMP_REQUIRE_INTEROP=1` they fail.

use crate::linking::Link;
use crate::linking_both_ways::{BOTH_WAYS, arrive, callee_at, join_at, listener_at};
use crate::scratch::Scratch;
use crate::{PATIENCE, demo, ended, shell, start};
use serde_json::{Value, json};
use serverwamp_conformance::interop;
use serverwamp_conformance::output::{self, Finished, Output};
use serverwamp_conformance::router::{ForeignRouter, Make};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

fn crossbar() -> Option<ForeignRouter> {
    match Make::Crossbar.prepare() {
        Ok(_) => Some(ForeignRouter::start(Make::Crossbar).unwrap_or_else(|reason| panic!("{reason}"))),
        Err(reason) => {
            assert!(!interop::is_required(), "{reason}");
            println!("Crossbar.io is skipped: {reason}");
            None
        }
    }
}

fn run(url: &str, words: &[&str]) -> Finished {
    output::run(shell(None, words).env("WAMP_URL", url), PATIENCE).expect("it ends by itself")
}

#[track_caller]
fn prints(url: &str, words: &[&str], expected: &str) {
    let finished = run(url, words);
    assert_eq!((&*finished.stdout, &*finished.stderr), (expected, ""), "{words:?}");
}

/// Runs a command until it succeeds: what it waits for is on its way.
#[track_caller]
fn eventually(url: &str, words: &[&str], expected: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let finished = run(url, words);
        if finished.stdout == expected {
            return;
        }
        assert!(Instant::now() < deadline, "{words:?}: {finished:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

#[test]
fn every_command_works_with_crossbar() {
    let Some(router) = crossbar() else { return };
    let url = router.websocket();
    for address in [&*url, &*router.rawsocket()] {
        prints(address, &["call", "com.example.add", "2", "3"], "5\n");
    }
    for serializer in ["json", "msgpack", "cbor"] {
        prints(&url, &["call", "com.example.add", "2", "3", "--serializer", serializer], "5\n");
    }
    let failed = run(&url, &["call", "com.example.fail"]);
    assert_eq!(
        (failed.status.code(), failed.stderr.lines().next()),
        (Some(1), Some("error: com.example.failed: why"))
    );
    let mut serving =
        start(shell(None, &["register", "com.shell.echo", "--echo", "-n", "1"]).env("WAMP_URL", &url));
    eventually(
        &url,
        &["call", "com.shell.echo", "1", "n=2", "-o", "jsonl"],
        "{\"args\":[1],\"kwargs\":{\"n\":2}}\n",
    );
    assert!(serving.wait().expect("it ends").success(), "one call was to be answered");
    let examined = run(&url, &["doctor"]);
    assert_eq!((&*examined.stderr, examined.status.code()), ("", Some(0)), "{}", examined.stdout);
    assert!(examined.stdout.contains("ok ping"), "{}", examined.stdout);
    let scratch = Scratch::new();
    let contexts = scratch.file("contexts.toml");
    let with = |words: &[&str]| {
        let mut command = shell(None, words);
        output::run(command.env("SERVERWAMP_CONTEXTS", &contexts), PATIENCE).expect("it ends by itself")
    };
    assert_eq!(with(&["context", "add", "crossbar", "--url", &url]).status.code(), Some(0));
    assert_eq!(with(&["call", "com.example.add", "2", "3"]).stdout, "5\n");
    let mut command = shell(None, &["subscribe", "com.shell.", "--match", "prefix", "-n", "1", "-o", "raw"]);
    let mut subscribed = start(command.env("WAMP_URL", &url).stdout(Stdio::piped()));
    let printed = Output::collect(subscribed.stdout.take().expect("piped"));
    let deadline = Instant::now() + PATIENCE;
    while printed.text().is_empty() && Instant::now() < deadline {
        // Nothing of it says when it has subscribed.
        let published = run(&url, &["publish", "com.shell.said", "hello", "--ack"]);
        assert_eq!(published.status.code(), Some(0), "{}", published.stderr);
    }
    assert_eq!(printed.wait_for_end(PATIENCE), "hello\n");
    assert!(ended(subscribed).status.success());
    let measured =
        run(&url, &["bench", "call", "com.example.add", "2", "3", "-n", "50", "--json", "--warm-up", "50ms"]);
    let report: Value = serde_json::from_str(&measured.stdout).expect(&measured.stderr);
    assert_eq!(report["done"], 50, "{report}");
    for words in [
        &["bench", "publish", "com.shell.bench", "x"][..],
        &["bench", "fanout", "com.shell.bench", "--subscribers", "3"],
    ] {
        let words = [words, &["-n", "20", "--warm-up", "50ms", "--json"]].concat();
        let measured = run(&url, &words);
        assert_eq!(measured.status.code(), Some(0), "{words:?}: {}{}", measured.stdout, measured.stderr);
    }
    let missing = run(&url, &["call", "com.example.ad", "2", "3"]);
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    assert!(missing.stderr.starts_with("error: wamp.error.no_such_procedure"), "{missing:?}");
    let refused = run(&url, &["call", "com.example.add", "--realm", "nowhere"]);
    assert!(matches!(refused.status.code(), Some(1 | 4)), "{refused:?}");
    assert!(refused.stderr.contains("no_such_realm"), "{refused:?}");
}

#[test]
fn a_link_carries_calls_and_events_between_crossbar_and_us() {
    let Some(router) = crossbar() else { return };
    let (theirs, ours) = (router.websocket(), demo());
    let words = [
        "link",
        &*theirs,
        ours.url(),
        "--calls-left",
        "com.example.",
        "--calls-right",
        "demo.",
        "--events-right",
        "com.shell.",
    ];
    let mut link = start(shell(None, &words).stderr(Stdio::piped()));
    let said = Output::collect(link.stderr.take().expect("piped"));
    let link = Killed(link);
    assert!(
        said.wait_for(PATIENCE, |text| text.contains("linked").then_some(())).is_some(),
        "{}",
        said.text()
    );
    prints(ours.url(), &["call", "com.example.add", "2", "3"], "5\n");
    prints(&theirs, &["call", "demo.add", "4", "5"], "9\n");
    let counted = ["call", "demo.countdown", "from=2", "interval_ms=1", "--progress"];
    prints(&theirs, &counted, "2\n1\nliftoff\n");
    let failed = run(ours.url(), &["call", "com.example.fail"]);
    assert_eq!(
        (failed.status.code(), failed.stderr.lines().next()),
        (Some(1), Some("error: com.example.failed: why"))
    );
    let mut command = shell(None, &["subscribe", "com.shell.said", "-n", "1", "-o", "raw"]);
    let mut subscribed = start(command.env("WAMP_URL", ours.url()).stdout(Stdio::piped()));
    let printed = Output::collect(subscribed.stdout.take().expect("piped"));
    let deadline = Instant::now() + PATIENCE;
    while printed.text().is_empty() && Instant::now() < deadline {
        run(&theirs, &["publish", "com.shell.said", "hello", "--ack"]);
    }
    assert_eq!(printed.wait_for_end(PATIENCE), "hello\n");
    drop(ended(subscribed));
    drop(link);
}

#[test]
fn the_same_uris_go_both_ways_between_crossbar_and_us() {
    let Some(router) = crossbar() else { return };
    let (theirs, ours) = (router.websocket(), demo());
    let _link = Link::start(&theirs, ours.url(), &BOTH_WAYS);
    let mut served = [callee_at(&theirs, "shop.theirs"), callee_at(ours.url(), "shop.ours")];
    for (url, procedure, place) in [(&*theirs, "shop.ours", 1), (ours.url(), "shop.theirs", 0)] {
        let call = start(shell(None, &["call", procedure, "1"]).env("WAMP_URL", url));
        let invocation = served[place].receive();
        let list = invocation[3]["forward_for"].as_array().expect("a list");
        assert!(list.iter().any(|entry| entry["authrole"] == "serverwamp.link"), "{invocation}");
        served[place].send(json!([70, invocation[1], {}, [2]]));
        assert_eq!(ended(call).stdout, "2\n");
        let begun = Instant::now();
        let finished = run(url, &["call", "shop.nobody"]);
        assert!(finished.stderr.starts_with("error: wamp.error.no_such_procedure"), "{finished:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "it went round and round");
    }
    let _other = Link::start(&theirs, ours.url(), &BOTH_WAYS[4..]);
    let (mut there, mut here) = (listener_at(&theirs), listener_at(ours.url()));
    arrive(&mut join_at(&theirs), &mut [(&mut there, 1), (&mut here, 2)], 0..5);
    arrive(&mut join_at(ours.url()), &mut [(&mut there, 2), (&mut here, 1)], 5..10);
}

#[test]
fn where_crossbar_discloses_nobody_a_uri_goes_one_way() {
    let Some(router) = crossbar() else { return };
    let (scratch, ours) = (Scratch::new(), demo());
    let ticket = scratch.write("ticket", "pencil");
    let context = format!(
        "[context.theirs]\nurl = {:?}\nauthid = \"ian\"\nticket-file = {ticket:?}\n",
        router.websocket()
    );
    let contexts = scratch.write("c.toml", &context);
    for (words, what) in [(&BOTH_WAYS[..4], "calls"), (&BOTH_WAYS[4..], "events")] {
        let mut command = shell(None, &[&["link", "theirs", ours.url()], words].concat());
        let finished = output::run(command.env("SERVERWAMP_CONTEXTS", &contexts), PATIENCE).expect("it ends");
        let pattern = if what == "calls" { "shop." } else { "news." };
        let expected = format!(
            "serverwamp: {what} of the same URIs would go both ways, and round and round: --{what}-right {pattern} and --{what}-left {pattern}\n  left does not keep forward_for, which says where they have been; Crossbar.io does if the permission for them discloses\n"
        );
        assert_eq!((finished.status.code(), &*finished.stderr), (Some(2), &*expected));
    }
}
