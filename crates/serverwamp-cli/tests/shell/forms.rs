//! Every command in every form of its output, in a pipe and at a terminal: the files `snapshots/forms_*.txt`.

use crate::false_router::{FalseRouter, goodbye, welcome};
use crate::scratch::Scratch;
use crate::snapshot::Snapshot;
use crate::terminal::Terminal;
use crate::{PATIENCE, demo, shell};
use serde_json::{Value, json};
use serverwamp_conformance::output;

/// One of each thing that can be shown.
fn answers(message: &Value) -> Vec<Value> {
    let request = &message[1];
    let result = |args: Value, kwargs: Value| vec![json!([50, request, {}, args, kwargs])];
    match (message[0].as_u64().unwrap_or_default(), message[3].as_str().unwrap_or_default()) {
        (1, _) => vec![welcome("joe")],
        (48, "a.text") => result(json!(["two words\nand a line"]), json!({})),
        (48, "a.bytes") => result(json!(["\u{0}AQL/"]), json!({})),
        (48, "a.all") => result(
            json!(["text", 2.5, null, [1, {"a": true}], {"long": "x".repeat(100)}]),
            json!({"n": "two words", "m": 1}),
        ),
        (48, "a.nothing") => vec![json!([50, request, {}])],
        (48, "a.steps") => vec![
            json!([50, request, {"progress": true}, [1]]),
            json!([50, request, {"progress": true}, [], {"of": 2}]),
            json!([50, request, {}, ["done"]]),
        ],
        (48, _) => {
            vec![json!([8, 48, request, {}, "shop.error.sold_out", ["no tea", {"left": 0}], {"item": "tea"}])]
        }
        (32, _) => vec![
            json!([33, request, 9]),
            json!([36, 9, 1001, {"topic": "chat.a"}, ["hello"]]),
            json!([36, 9, 1002, {"topic": "chat.b", "publisher": 5, "publisher_authid": "ann", "retained": true}, ["a", 1], {"n": 2}]),
            json!([36, 9, 1003, {"topic": "chat.c"}, [], {"temperature": 21.5}]),
            json!([36, 9, 1004, {"topic": "chat.d"}]),
        ],
        (64, _) => vec![
            json!([65, request, 9]),
            json!([68, 1, 9, {"procedure": "tools.x", "caller": 5, "caller_authid": "ann"}, ["word"], {"n": 1}]),
        ],
        (16, _) => vec![json!([17, request, 4711])],
        (6, _) => goodbye(),
        _ => Vec::new(),
    }
}

const FORMS: [&str; 4] = ["pretty", "json", "jsonl", "raw"];

#[test]
fn every_command_in_every_form_in_a_pipe_and_at_a_terminal() {
    let router = FalseRouter::start(answers);
    let known = [(router.url(), "rs://ROUTER")];
    let mut piped = Snapshot::new("forms_in_a_pipe", &known);
    let mut seen = Snapshot::new("forms_at_a_terminal", &known);
    let mut in_both = |words: &[&str], environment: &[(&str, &str)]| {
        let mut command = shell(None, words);
        let finished =
            output::run(command.envs(environment.iter().copied()), PATIENCE).expect("it ends by itself");
        piped.piped(words, &finished);
        let status = finished.status.code().expect("it ends by itself");
        seen.seen(words, &Terminal::start_with(words, environment).end(status), status);
    };
    let scratch = Scratch::new();
    let contexts = scratch.write(
        "contexts.toml",
        "selected = \"prod\"\n[context.prod]\nurl = \"wss://wamp.example.com/ws\"\nrealm = \"shop\"\nauthid = \"joe\"\n[context.test]\n",
    );
    for form in FORMS {
        in_both(&["context", "ls", "-o", form], &[("SERVERWAMP_CONTEXTS", &contexts)]);
    }
    let mut both = |words: &[&str]| in_both(&router.with(words), &[]);
    for form in FORMS {
        for words in [
            &["call", "a.text"][..],
            &["call", "a.bytes"],
            &["call", "a.all"],
            &["call", "a.nothing"],
            &["call", "a.steps", "--progress"],
            &["call", "a.fault"],
            &["publish", "chat", "hello", "--ack"],
            &["publish", "chat", "hello"],
            &["subscribe", "chat.", "--match", "prefix", "-n", "4"],
            &["register", "tools.", "--match", "prefix", "--echo", "-n", "1"],
        ] {
            both(&[words, &["-o", form]].concat());
        }
    }
    both(&["doctor"]);
    both(&["bench", "call", "a.fault"]);
    piped.check();
    seen.check();
}

#[test]
fn a_measurement_says_the_same_things_every_time() {
    let server = demo();
    let names = |line: &str| line.get(..15).unwrap_or(line).trim_end().to_owned();
    let words = ["bench", "call", "demo.add", "2", "3", "-n", "20", "--warm-up", "1ms"];
    let shown = crate::run(&server, &words).stdout;
    let expected =
        ["call demo.add", "  url", "  realm", "  connections", "  in flight", "  done", "  latency in ms"];
    let lines: Vec<String> = shown.lines().map(names).collect();
    assert_eq!(&lines[..7], &expected, "{shown}");
    assert_eq!(
        lines[7..].iter().map(|line| line.trim()).collect::<Vec<_>>(),
        ["p50", "p90", "p99", "p99.9", "p99.99", "max"]
    );
}
