//! A thousand sessions that call, serve and listen while their configuration is reloaded.

use crate::PATIENCE;
use crate::program::{Program, Scratch};
use serde_json::{Value, json};
use serverwamp_conformance::{Arrival, Authority, Connect, RawPeer, Subprotocol};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

const GROUPS: usize = 8;
const CALLERS: usize = 124;
/// Each group has a callee.
const SESSIONS: usize = GROUPS * (CALLERS + 1);

/// What the configurations of this test differ in.
#[derive(Clone)]
struct Variant {
    more_for_guests: &'static str,
    realm: &'static str,
    limits: &'static str,
    level: &'static str,
}

impl Variant {
    fn text(&self) -> String {
        let Self { more_for_guests, realm, limits, level } = self;
        format!(
            r#"
[control]
socket = "control.sock"

[log]
level = "{level}"

[limits]
{limits}

[[listen]]
address = "127.0.0.1:0"

[[listen]]
address = "127.0.0.2:0"
[listen.tls]
certificates = "certificate.pem"
key = "key.pem"
check_every = "1h"

[[realm]]
name = "shop"
[[realm.auth]]
anonymous = {{ role = "guest" }}
[[realm.auth]]
file = {{ path = "users.toml", look_every = "1h" }}
[realm.role.guest]
allow = {{ "shop.*" = ["call", "register", "publish", "subscribe"]{more_for_guests} }}
[realm.role.clerk]
allow = {{ "shop.*" = ["call"] }}
{realm}
"#
        )
    }
}

/// Sessions that one thread drives: a callee that serves and publishes, and callers that subscribe.
struct Group {
    callee: RawPeer,
    callers: Vec<(RawPeer, u64)>,
    procedure: String,
    topic: String,
    rounds: u64,
}

impl Group {
    fn new(program: &Program<'_>, number: usize) -> Self {
        let mut callee = program.joined("shop");
        let procedure = format!("shop.order{number}");
        callee.register(&procedure);
        let topic = format!("shop.news{number}");
        let caller = |_| {
            let mut peer = program.joined("shop");
            peer.subscribe(&topic, Value::Null);
            (peer, 0)
        };
        let callers = (0..CALLERS).map(caller).collect();
        Self { callee, callers, procedure, topic, rounds: 0 }
    }

    /// Everybody calls, and hears an event. Panics when an answer or an event is missing.
    fn round(&mut self) {
        self.rounds += 1;
        let number = self.rounds;
        let publish = self.callee.next_request();
        self.callee.send(json!([16, publish, {}, self.topic, [number]]));
        for (caller, _) in &mut self.callers {
            caller.start_call(&self.procedure, json!([number]), Value::Null, Value::Null);
        }
        for _ in 0..CALLERS {
            let invocation = message(&mut self.callee);
            assert_eq!((&invocation[0], &invocation[4]), (&json!(68), &json!([number])), "{invocation}");
            self.callee.send(json!([70, invocation[1], {}, invocation[4]]));
        }
        for (caller, events) in &mut self.callers {
            let mut answered = false;
            while !answered || *events < number {
                let received = message(caller);
                match received[0].as_u64() {
                    Some(50) => {
                        assert_eq!(received[3], json!([number]), "{received}");
                        assert!(!std::mem::replace(&mut answered, true), "answered twice");
                    }
                    Some(36) => {
                        *events += 1;
                        assert_eq!(received[4], json!([events]), "an event is missing");
                    }
                    _ => panic!("{received}\n{}", caller.transcript()),
                }
            }
        }
    }
}

#[track_caller]
fn message(peer: &mut RawPeer) -> Value {
    match peer.next(PATIENCE) {
        Arrival::Message(message) => message,
        other => panic!("{other:?}\n{}", peer.transcript()),
    }
}

/// The first line of a report, and the others, sorted.
fn parts(report: &str) -> (String, Vec<String>) {
    let told = report.split("\n\n").next().unwrap_or_default();
    let mut lines = told.lines().map(|line| line.trim().to_owned());
    let first = lines.next().unwrap_or_default();
    let mut rest: Vec<String> = lines.collect();
    rest.sort();
    (first, rest)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one load goes on through all reloads")]
fn a_thousand_sessions_under_load_live_through_every_reload() {
    let scratch = Scratch::new();
    let authorities = [Authority::new("first"), Authority::new("second")];
    let issue =
        |authority: &Authority| drop(authority.issue(&["localhost"]).write(scratch.path()).expect("files"));
    issue(&authorities[0]);
    scratch.write("users.toml", scratch.made_of("tick3t", &["hash", "ticket", "--user", "ann"]));
    let mut variant = Variant { more_for_guests: "", realm: "", limits: "", level: "info" };
    let program = Program::start(&scratch, &variant.text());
    // One session by TLS, which outlives the certificate that it was opened with.
    let secure = program.address(1);
    let connect = |number: usize| authorities[number].client().connect(&secure, "localhost");
    let tls = Connect::to(&format!("wss://{secure}/ws")).subprotocol(Subprotocol::JSON);
    let mut over_tls = tls.open_on(connect(0).expect("its certificate")).expect("it is served");
    over_tls.join("shop");
    assert!(connect(1).is_err());

    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let begin = Barrier::new(GROUPS + 1);
    thread::scope(|scope| {
        let running: Vec<_> = (0..GROUPS)
            .map(|number| {
                let (stop, calls, begin, program) = (&stop, &calls, &begin, &program);
                scope.spawn(move || {
                    let mut group = Group::new(program, number);
                    begin.wait();
                    while !stop.load(Ordering::Relaxed) {
                        group.round();
                        calls.fetch_add(CALLERS as u64, Ordering::Relaxed);
                    }
                    // Whoever was there at the beginning is there at the end.
                    group.round();
                    group.rounds
                })
            })
            .collect();
        begin.wait();
        // Threads that fail are noticed when they are joined, and those that wait are ended.
        let stopped = StopAtEnd(&stop);
        let under_load = || {
            let before = calls.load(Ordering::Relaxed);
            let began = Instant::now();
            while calls.load(Ordering::Relaxed) < before + SESSIONS as u64 {
                assert!(began.elapsed() < PATIENCE, "nobody calls any more:\n{}", program.log());
                thread::sleep(Duration::from_millis(5));
            }
        };
        let kept = SESSIONS + 1;
        let expect = |variant: &Variant, first: &str, rest: &[&str]| {
            let report = program.reload(&variant.text());
            let rest: Vec<String> = rest.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(parts(&report), (format!("reload: {first} ({kept} sessions kept)"), rest));
            under_load();
        };
        expect(&variant, "nothing changed", &[]);
        variant.realm = "[[realm]]\nname = \"extra\"\n[[realm.auth]]\nanonymous = {}";
        expect(
            &variant,
            "1 realm added, 1 key changed",
            &[r#"realm["extra"]: added, { name = "extra", auth = [{ anonymous = {} }] }"#],
        );
        program.joined("extra").leave();
        variant.more_for_guests = ", \"stock.count\" = [\"call\"]";
        expect(
            &variant,
            "1 realm replaced, 1 key changed",
            &[r#"realm["shop"].role."guest".allow."stock.count": added, ["call"]"#],
        );
        variant.limits = "subscriptions = 3";
        variant.level = "debug";
        expect(
            &variant,
            "2 keys changed",
            &["limits.subscriptions: 1024 is now 3", "log.level: \"info\" is now \"debug\""],
        );
        variant.level = "info";
        issue(&authorities[1]);
        expect(
            &variant,
            "1 key changed, 1 listener with other files",
            &["log.level: \"debug\" is now \"info\""],
        );
        assert!(connect(0).is_err() && connect(1).is_ok(), "new connections get the new certificate");
        scratch.write("users.toml", scratch.made_of("other", &["hash", "ticket", "--user", "bob"]));
        expect(&variant, "1 realm replaced", &[]);
        let mut new_user = program.connect();
        assert_eq!(new_user.join_with_ticket("shop", "bob", "other")[0], 2, "a new user");
        new_user.leave();
        variant.realm = "";
        expect(&variant, "1 realm removed, 1 key changed", &[r#"realm["extra"]: removed"#]);
        assert_eq!(program.hello("extra")[2], "wamp.error.no_such_realm");
        drop(stopped);
        for thread in running {
            assert!(thread.join().expect("every call was answered, and every event arrived") > 7);
        }
    });
    assert_eq!(
        over_tls.call("shop.none", json!([]), Value::Null, Value::Null)[4],
        "wamp.error.no_such_procedure"
    );
}

struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
