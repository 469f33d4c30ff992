//! Routers and peers that send what a terminal would obey, or nothing at all.

use crate::calls::interrupt;
use crate::false_router::{Answers, FalseRouter, goodbye, welcome};
use crate::terminal::Terminal;
use crate::{PATIENCE, ended, shell, start};
use serde_json::{Value, json};
use serverwamp_conformance::output::{self, Output};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Clears the screen, sets colours, rings, overwrites the line, turns the direction of writing, and forges a line.
const HOSTILE: &str = "x\u{1b}[2J\u{9b}31m\u{7f}\u{7}\r\u{202e}\nok forged";

fn answers(message: &Value) -> Vec<Value> {
    let request = &message[1];
    match (message[0].as_u64().unwrap_or_default(), message[3].as_str().unwrap_or_default()) {
        (1, _) => vec![welcome(HOSTILE)],
        (48, "a.steps") => {
            vec![json!([50, request, {"progress": true}, [HOSTILE]]), json!([50, request, {}, [HOSTILE]])]
        }
        (48, "a.fault") => {
            vec![json!([8, 48, request, {}, "a.fault", [HOSTILE, HOSTILE], {HOSTILE: HOSTILE}])]
        }
        (48, "a.end") => vec![json!([6, {"message": HOSTILE}, "wamp.close.system_shutdown"])],
        (48, "a.nonsense") => vec![json!([50, request, {}, HOSTILE])],
        (48, "a.stranger") => vec![json!([50, 77, {}, [HOSTILE]])],
        (48, "a.number") => vec![json!([HOSTILE])],
        (48, _) => {
            vec![json!([50, request, {}, [HOSTILE, [HOSTILE], {HOSTILE: HOSTILE}], {HOSTILE: HOSTILE}])]
        }
        (32, _) => vec![
            json!([33, request, 9]),
            json!([36, 9, 1, {"publisher_authid": HOSTILE}, [HOSTILE]]),
            json!([36, 9, 2, {}, [HOSTILE, 1], {HOSTILE: HOSTILE}]),
        ],
        (64, _) => vec![
            json!([65, request, 9]),
            json!([68, 1, 9, {"caller_authid": HOSTILE}, [HOSTILE], {HOSTILE: HOSTILE}]),
        ],
        (16, _) => vec![json!([8, 16, request, {}, "a.fault", [HOSTILE]])],
        (6, _) => goodbye(),
        _ => Vec::new(),
    }
}

/// Requires that nothing of it moves a cursor, and that no line of ours is forged.
#[track_caller]
fn is_harmless(shown: &str, words: &[&str]) {
    // Colours of ours.
    let ours = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[32m", "\u{1b}[1;31m"];
    let rest = ours.iter().fold(shown.replace("\r\n", "\n"), |rest, colour| rest.replace(colour, ""));
    let obeyed = |letter: &char| letter.is_control() && *letter != '\n' || *letter == '\u{202e}';
    assert_eq!(rest.chars().find(obeyed), None, "{words:?}: {rest:?}");
}

const REFUSING: Answers = |_| vec![json!([3, {"message": HOSTILE}, "wamp.error.not_authorized"])];
const CHALLENGING: Answers = |_| vec![json!([4, HOSTILE, {HOSTILE: HOSTILE}])];

#[test]
fn nothing_that_a_peer_sends_is_obeyed_by_a_terminal() {
    let router = FalseRouter::start(answers);
    let words: [&[&str]; 12] = [
        &["call", "a.b"],
        &["call", "a.steps", "--progress"],
        &["call", "a.fault"],
        &["call", "a.end"],
        &["call", "a.nonsense"],
        &["call", "a.stranger"],
        &["call", "a.number"],
        &["subscribe", "a.b", "-n", "2"],
        &["register", "a.b", "--echo", "-n", "1"],
        &["publish", "a.b", "--ack"],
        &["bench", "publish", "a.b"],
        &["doctor"],
    ];
    for words in words {
        let forms: &[&str] = match words {
            ["call" | "subscribe" | "register", ..] => &["pretty", "json", "jsonl", "raw"],
            _ => &[""],
        };
        for form in forms {
            let words = if form.is_empty() { words.to_vec() } else { [words, &["-o", form]].concat() };
            let words = router.with(&words);
            let finished = output::run(&mut shell(None, &words), PATIENCE).expect("it ends by itself");
            is_harmless(&finished.stderr, &words);
            if *form != "raw" {
                is_harmless(&finished.stdout, &words);
            }
            assert!(
                !finished.stderr.lines().any(|line| line.starts_with("ok forged")),
                "{}",
                finished.stderr
            );
            assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
            let status = finished.status.code().expect("it ends by itself");
            is_harmless(&Terminal::start(&words).end(status), &words);
        }
    }
    for (answers, status) in [(REFUSING, 4), (CHALLENGING, 4)] {
        let router = FalseRouter::start(answers);
        for command in [&["call", "a.b"][..], &["doctor"]] {
            let words = router.with(command);
            is_harmless(&Terminal::start(&words).end(status), &words);
        }
    }
}

/// Waits until this is so.
pub(crate) fn until(is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it is not");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_second_ctrl_c_ends_every_command_at_once() {
    static REQUESTS: AtomicUsize = AtomicUsize::new(0);
    /// A client is welcome, and is never answered again.
    const DEAF: Answers = |message| match message[0].as_u64() {
        Some(1) => vec![welcome("joe")],
        _ => {
            REQUESTS.fetch_add(1, Ordering::Relaxed);
            Vec::new()
        }
    };
    let router = FalseRouter::start(DEAF);
    let begun: Vec<_> = [
        &["call", "a.b"][..],
        &["publish", "a.b", "--ack"],
        &["subscribe", "a.b"],
        &["register", "a.b", "--echo"],
        &["bench", "call", "a.b"],
        &["doctor"],
    ]
    .into_iter()
    .map(|words| (words, start(&mut shell(None, &router.with(words)))))
    .collect();
    until(|| REQUESTS.load(Ordering::Relaxed) >= begun.len());
    let signaled = Instant::now();
    for (_, child) in &begun {
        interrupt(child.id());
    }
    std::thread::sleep(Duration::from_millis(100));
    for (words, mut child) in begun {
        if child.try_wait().expect("it is ours").is_none() {
            interrupt(child.id());
        }
        let finished = ended(child);
        assert!(matches!(finished.status.code(), Some(0 | 1)), "{words:?}: {finished:?}");
        assert!(finished.stderr.lines().all(|line| line.starts_with("serverwamp: ")), "{finished:?}");
    }
    assert!(
        signaled.elapsed() < Duration::from_secs(4),
        "no GOODBYE is waited for: {:?}",
        signaled.elapsed()
    );
}

#[test]
fn ctrl_c_ends_every_command_that_has_no_connection_yet() {
    // Connections are made by the system, and nobody says anything on them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("ws://{}/ws", silent.local_addr().expect("an address"));
    let begun: Vec<_> = [
        &["call", "a.b"][..],
        &["publish", "a.b"],
        &["subscribe", "a.b"],
        &["register", "a.b", "--echo"],
        &["bench", "call", "a.b"],
        &["doctor"],
    ]
    .into_iter()
    .map(|words| (words, start(&mut shell(None, &[words, &["--url", &url]].concat()))))
    .collect();
    // Who connects hears signals.
    let _connections: Vec<_> = begun.iter().map(|_| silent.accept().expect("a connection")).collect();
    let signaled = Instant::now();
    for (words, child) in begun {
        interrupt(child.id());
        let finished = ended(child);
        let said = if words == ["doctor"] {
            "serverwamp: stopped\n"
        } else {
            "serverwamp: stopped before there was a connection\n"
        };
        assert_eq!((finished.status.code(), &*finished.stderr), (Some(1), said), "{words:?}");
    }
    assert!(signaled.elapsed() < Duration::from_secs(5), "{:?}", signaled.elapsed());
}

#[test]
fn a_second_ctrl_c_ends_a_command_whose_output_nobody_reads() {
    static CALLED: AtomicUsize = AtomicUsize::new(0);
    const BIG: Answers = |message| match message[0].as_u64() {
        Some(1) => vec![welcome("joe")],
        Some(48) if CALLED.fetch_add(1, Ordering::Relaxed) < usize::MAX => {
            vec![json!([50, message[1], {}, ["y".repeat(4 << 20)]])]
        }
        _ => goodbye(),
    };
    let router = FalseRouter::start(BIG);
    // The pipe is full, and nobody empties it.
    let mut stalled = shell(None, &router.with(&["call", "a.b"]));
    let mut child = stalled.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let said = Output::collect(child.stderr.take().expect("piped"));
    until(|| CALLED.load(Ordering::Relaxed) > 0);
    // The time to read and to show it.
    std::thread::sleep(Duration::from_secs(2));
    let begun = Instant::now();
    interrupt(child.id());
    std::thread::sleep(Duration::from_millis(100));
    interrupt(child.id());
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(said.wait_for_end(PATIENCE), "serverwamp: stopped at once\n");
}
