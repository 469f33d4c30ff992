//! Logins: secrets from files, the environment and the terminal, and what a refusal says.

use crate::scratch::Scratch;
use crate::terminal::Terminal;
use crate::{PATIENCE, shell};
use rustix::process::Signal;
use serverwamp_conformance::output::{self, Finished};
use serverwamp_conformance::{ServerProcess, binary};
use std::time::{Duration, Instant};

/// Users of a file, made by this very program, and a server that lets them in.
struct Users {
    server: ServerProcess,
    scratch: Scratch,
}

impl Users {
    fn new() -> Self {
        let scratch = Scratch::new();
        let joe = entry(&["hash", "ticket", "--user", "joe"], "tick3t");
        let bob = entry(&["hash", "scram", "--user", "bob", "--memory", "16384"], "scr4m");
        // Somebody has SCRAM, which the router takes before CRA.
        let kim = entry(&["hash", "cra", "--user", "kim"], "cr4secret");
        let key = scratch.file("ann.key");
        let ann = entry(&["keygen", "--user", "ann", "--key", &key], "");
        let file = scratch.write("users.toml", joe + &bob + &kim + &ann);
        let server = ServerProcess::start(&binary::authenticators(), &[&format!("credentials={file}")], &[]);
        Self { server, scratch }
    }

    /// A call of nothing: whoever is let in hears that there is no such procedure.
    fn call(&self, words: &[&str], environment: &[(&str, &str)]) -> Finished {
        let words = [&["call", "no.such", "--realm", "credentials"], words].concat();
        let mut command = shell(Some(&self.server), &words);
        output::run(command.envs(environment.iter().copied()), PATIENCE).expect("it ends by itself")
    }

    #[track_caller]
    fn lets_in(&self, words: &[&str], environment: &[(&str, &str)]) {
        let finished = self.call(words, environment);
        assert!(
            finished.stderr.starts_with("error: wamp.error.no_such_procedure"),
            "{words:?}: {}",
            finished.stderr
        );
    }

    #[track_caller]
    fn refuses(&self, words: &[&str], environment: &[(&str, &str)]) {
        let finished = self.call(words, environment);
        assert_eq!(finished.status.code(), Some(4), "{words:?}: {}", finished.stderr);
        assert!(finished.stderr.contains("log in with --authid NAME"), "{}", finished.stderr);
        for secret in ["tick3t", "scr4m", "cr4secret", "wr0ng"] {
            assert!(!finished.stderr.contains(secret), "{}", finished.stderr);
        }
    }
}

fn entry(words: &[&str], secret: &str) -> String {
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", "printf %s \"$INPUT\" | \"$0\" \"$@\""])
        .arg(binary::cli())
        .args(words)
        .env("INPUT", secret);
    output::run(&mut command, PATIENCE).expect("it ends by itself").stdout
}

#[test]
fn every_proof_lets_its_user_in_and_a_wrong_one_is_status_4() {
    let users = Users::new();
    let file = |secret: &str| users.scratch.write(secret, format!("{secret}\n"));
    let (ticket, scram, wrong) = (file("tick3t"), file("scr4m"), file("wr0ng"));
    let key = users.scratch.file("ann.key");
    users.lets_in(&["--authid", "joe", "--ticket-file", &ticket], &[]);
    users.lets_in(&["--authid", "bob", "--secret-file", &scram], &[]);
    users.lets_in(&["--key", &key], &[]);
    users.lets_in(&["--authid", "ann", "--key", &key], &[]);
    users.lets_in(&["--authid", "joe"], &[("WAMP_TICKET", "tick3t")]);
    users.lets_in(&[], &[("WAMP_SECRET", "scr4m"), ("WAMP_AUTHID", "bob")]);
    users.lets_in(&[], &[("WAMP_SECRET_FILE", &*scram), ("WAMP_AUTHID", "bob")]);
    users.refuses(&["--authid", "joe", "--ticket-file", &wrong], &[]);
    users.refuses(&["--authid", "bob", "--secret-file", &wrong], &[]);
    users.refuses(&["--authid", "bob", "--key", &key], &[]);
    users.refuses(&[], &[]);
    // Options go before the environment.
    users.lets_in(&["--authid", "joe", "--ticket-file", &ticket], &[("WAMP_TICKET", "wr0ng")]);
}

#[test]
fn a_method_that_is_named_is_the_only_one_offered() {
    let users = Users::new();
    let cra = users.scratch.write("cra", "cr4secret\n");
    let scram = users.scratch.write("scram", "scr4m\n");
    let kim = ["--authid", "kim", "--secret-file", &cra];
    users.refuses(&kim, &[]);
    users.lets_in(&[&kim[..], &["--authmethod", "wampcra"]].concat(), &[]);
    users.lets_in(&kim, &[("WAMP_AUTHMETHOD", "wampcra")]);
    users.lets_in(&["--authid", "kim", "--authmethod", "wampcra"], &[("WAMP_SECRET", "cr4secret")]);
    let bob = ["--authid", "bob", "--secret-file", &scram];
    users.lets_in(&[&bob[..], &["--authmethod", "wamp-scram"]].concat(), &[]);
    users.refuses(&[&bob[..], &["--authmethod", "wampcra"]].concat(), &[]);
    // What is not offered is not even read.
    let both = ["--authid", "joe", "--key", "/no/such/file", "--authmethod", "ticket"];
    let ticket = users.scratch.write("ticket", "tick3t\n");
    users.lets_in(&[&both[..], &["--ticket-file", &ticket]].concat(), &[]);
    // It is kept with the rest of a login.
    let contexts = users.scratch.file("contexts.toml");
    let words =
        [&["context", "add", "kims", "--url", users.server.url()], &kim[..], &["--authmethod", "wampcra"]];
    let mut add = shell(None, &words.concat());
    let added = output::run(add.env("SERVERWAMP_CONTEXTS", &contexts), PATIENCE).expect("it ends by itself");
    assert!(added.status.success(), "{added:?}");
    users.lets_in(&["--context", "kims"], &[("SERVERWAMP_CONTEXTS", &*contexts)]);
}

#[test]
fn a_secret_that_is_typed_is_not_shown() {
    let users = Users::new();
    let mut words =
        vec!["call", "no.such", "--realm", "credentials", "--authid", "bob", "--url", users.server.url()];
    let mut terminal = Terminal::start(&words);
    // Ctrl-U begins again, and backspace takes a letter.
    terminal.answer("Secret of bob: ", b"wr0ng\x15scr4x\x7fm\n");
    let shown = terminal.end(1);
    assert!(shown.contains("wamp.error.no_such_procedure") && !shown.contains("scr4m"), "{shown}");
    words[5] = "joe";
    words.push("--ticket");
    let mut terminal = Terminal::start(&words);
    terminal.answer("Ticket of joe: ", b"tick3t\n");
    let shown = terminal.end(1);
    assert!(shown.contains("wamp.error.no_such_procedure") && !shown.contains("tick3t"), "{shown}");
    let mut terminal = Terminal::start(&words);
    terminal.answer("Ticket of joe: ", b"\x03");
    assert!(terminal.end(1).contains("stopped: no secret was read"));
    for signal in [Signal::TERM, Signal::INT] {
        let terminal = Terminal::start(&words);
        terminal.sees("Ticket of joe: ");
        assert!(!terminal.echoes(), "it is quiet");
        terminal.signal(signal);
        let deadline = Instant::now() + PATIENCE;
        while !terminal.echoes() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(terminal.echoes(), "it is as it was");
        assert!(terminal.end(1).contains("serverwamp: stopped"));
    }
}
