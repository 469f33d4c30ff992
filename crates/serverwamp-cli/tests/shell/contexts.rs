//! `serverwamp context`, and the settings of the environment.

use crate::scratch::Scratch;
use crate::{PATIENCE, demo, shell};
use serverwamp_conformance::output::{self, Finished};
use std::os::unix::fs::PermissionsExt as _;

fn with(contexts: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Finished {
    let mut command = shell(None, arguments);
    command.env("SERVERWAMP_CONTEXTS", contexts).envs(environment.iter().copied());
    output::run(&mut command, PATIENCE).expect("it ends by itself")
}

#[test]
fn a_context_is_a_router_by_name() {
    let server = demo();
    let scratch = Scratch::new();
    let file = scratch.file("sub/contexts.toml");
    let said = |arguments: &[&str]| {
        let finished = with(&file, arguments, &[]);
        (finished.status.code(), finished.stdout + &finished.stderr)
    };
    let ok = |text: &str| (Some(0), text.to_owned());
    assert_eq!(said(&["context", "ls"]), ok(""));
    assert_eq!(said(&["context", "add", "here", "--url", server.url()]), ok(""));
    assert_eq!(
        said(&[
            "context",
            "add",
            "away",
            "--url",
            "wss://example.com/ws",
            "--realm",
            "shop",
            "--authid",
            "joe"
        ]),
        ok("")
    );
    let listed = format!("  away  wss://example.com/ws  shop  as joe\n* here  {}  realm1\n", server.url());
    assert_eq!(said(&["context", "ls"]), ok(&listed));
    assert_eq!(said(&["call", "demo.add", "2", "3"]), ok("5\n"));
    assert_eq!(said(&["context", "select", "away"]), ok(""));
    assert_eq!(said(&["call", "demo.add", "2", "3", "--context", "here"]), ok("5\n"));
    let unknown = "serverwamp: there is no context \"hare\": there are away, here\n";
    assert_eq!(said(&["context", "rm", "hare"]), (Some(2), unknown.to_owned()));
    assert_eq!(said(&["context", "rm", "away"]), ok(""));
    assert_eq!(said(&["context", "select", "--none"]), ok(""));
    assert_eq!(said(&["context", "ls"]), ok(&format!("  here  {}  realm1\n", server.url())));
    let mode = std::fs::metadata(&file).expect("it was written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
}

#[test]
fn the_environment_goes_before_the_selected_context_and_behind_options() {
    let server = demo();
    let scratch = Scratch::new();
    let file = scratch.write(
        "c.toml",
        "selected = \"x\"\n[context.x]\nurl = \"ws://127.0.0.1:1/ws\"\nrealm = \"nowhere\"\n",
    );
    let environment = [("WAMP_URL", server.url()), ("WAMP_REALM", "realm1")];
    assert_eq!(with(&file, &["call", "demo.add", "1", "1"], &environment).stdout, "2\n");
    let finished = with(&file, &["call", "demo.add", "1", "1", "--realm", "other"], &environment);
    assert!(finished.stderr.starts_with("error: wamp.error.no_such_realm"), "{}", finished.stderr);
    let finished = with(&file, &["call", "demo.add", "1", "1", "--context", "x"], &environment);
    assert_eq!(finished.status.code(), Some(3), "{}", finished.stderr);
}

#[test]
fn a_file_that_is_broken_says_where() {
    let scratch = Scratch::new();
    for (text, part) in [
        ("selected = \"x\"\n[context.x\n", "line 2"),
        ("[context.x]\nurll = \"ws://h\"\n", "unknown field `urll`"),
        ("selected = \"gone\"\n", "there is no context \"gone\""),
        ("[context.x]\n\"\\u001b[2J\" = 1\n", "unknown field `\\u{1b}[2J`"),
    ] {
        let file = scratch.write("c.toml", text);
        let finished = with(&file, &["call", "demo.add"], &[]);
        assert_eq!(finished.status.code(), Some(2), "{text}");
        assert!(
            finished.stderr.contains(part) && finished.stderr.lines().count() == 1,
            "{}",
            finished.stderr
        );
    }
}

#[test]
fn a_file_that_others_can_write_or_that_is_none_is_not_read() {
    let scratch = Scratch::new();
    let file = scratch.write("c.toml", "[context.x]\n");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).expect("it is ours");
    let bytes = scratch.write("bytes", b"\xFF\xFE");
    let folder = scratch.file("");
    for (file, part) in [
        (&*file, "others can write it (mode 666): write chmod 600"),
        (&*bytes, "no text in UTF-8"),
        (&*folder, "Is a directory"),
        ("/dev/zero", "longer than 1024 KiB"),
    ] {
        let finished = with(file, &["context", "ls"], &[]);
        assert_eq!(finished.status.code(), Some(2), "{file}: {}", finished.stderr);
        assert!(
            finished.stderr.contains(part) && finished.stderr.lines().count() == 1,
            "{}",
            finished.stderr
        );
    }
    assert_eq!(with("/dev/null", &["context", "ls"], &[]).status.code(), Some(0));
    let finished = with("/dev/null", &["context", "add", "x"], &[]);
    assert_eq!(finished.status.code(), Some(2), "{}", finished.stderr);
    assert!(!std::fs::metadata("/dev/null").expect("it is there").is_file(), "it is what it was");
}

#[test]
fn a_login_is_used_with_the_router_that_it_was_named_with() {
    let server = demo();
    let scratch = Scratch::new();
    let ticket = scratch.write("ticket", "tick3t");
    let file = scratch.file("c.toml");
    let words = [
        "context",
        "add",
        "prod",
        "--url",
        "wss://wamp.example.com/ws",
        "--authid",
        "joe",
        "--ticket-file",
        &ticket,
    ];
    assert_eq!(with(&file, &words, &[]).status.code(), Some(0));
    // The demo refuses every login, and lets those in who have none.
    let call = ["call", "demo.add", "1", "1", "--url", server.url()];
    assert_eq!(with(&file, &call, &[]).stdout, "2\n");
    let secrets =
        [("WAMP_URL", "ws://elsewhere.example.com/ws"), ("WAMP_TICKET", "t"), ("WAMP_AUTHID", "joe")];
    assert_eq!(with("/nonexistent/c.toml", &call, &secrets).stdout, "2\n");
    let named = [&call[..], &["--authid", "joe", "--ticket-file", &ticket]].concat();
    assert_eq!(with(&file, &named, &[]).status.code(), Some(4));
}
