//! A configuration that cannot be used changes nothing, and says why.

use crate::program::{FILE, Program, Scratch};
use serde_json::Value;
use serverwamp_conformance::{Authority, Signal};
use std::fs;

const CONFIG: &str = r#"
[control]
socket = "control.sock"
[[listen]]
address = "127.0.0.1:0"
[[listen]]
address = "127.0.0.2:0"
[listen.tls]
certificates = "certificate.pem"
key = "key.pem"
check_every = "1h"
[[realm]]
name = "realm1"
[[realm.auth]]
anonymous = {}
[[realm.auth]]
file = { path = "users.toml", look_every = "1h" }
[[realm.auth]]
jwt = { secret = { file = "secret" }, place = "bearer" }
"#;

/// What is wrong in a folder, and what is said of it.
struct Fault {
    what: &'static str,
    make: fn(&Scratch),
    said: &'static [&'static str],
}

/// A configuration that adds a realm, so that it is seen whether a part of it took effect, and something wrong.
fn with(scratch: &Scratch, wrong: &str) {
    let added = "[[realm]]\nname = \"extra\"\n[[realm.auth]]\nanonymous = {}\n";
    scratch.replace(FILE, format!("{CONFIG}{added}{wrong}"));
}

const FAULTS: &[Fault] = &[
    Fault {
        what: "half of it",
        make: |scratch| scratch.write(FILE, &CONFIG[..CONFIG.len() / 2 + 3]),
        said: &["SW0100"],
    },
    Fault { what: "nothing", make: |scratch| scratch.write(FILE, "\n"), said: &["there is no realm"] },
    Fault {
        what: "no text",
        make: |scratch| scratch.write(FILE, [0xff, 0xfe, 0]),
        said: &["cannot be read", "UTF-8"],
    },
    Fault {
        what: "a file that has vanished",
        make: |scratch| fs::remove_file(scratch.file(FILE)).expect("it is there"),
        said: &["serverwamp.toml cannot be read: there is no such file"],
    },
    Fault {
        what: "a folder in its place",
        make: |scratch| {
            fs::remove_file(scratch.file(FILE)).expect("it is there");
            fs::create_dir(scratch.file(FILE)).expect("nothing is there");
        },
        said: &["serverwamp.toml cannot be read"],
    },
    Fault {
        what: "two mistakes",
        make: |scratch| with(scratch, "[log]\nlevl = \"info\"\n[limits]\nconnections = \"many\"\n"),
        said: &["levl", "connections", "2 errors"],
    },
    Fault {
        what: "what only the library finds",
        make: |scratch| {
            with(scratch, "[[realm]]\nname = \"odd\"\n[[realm.auth]]\nanonymous = {}\n[realm.role.nobody]\n")
        },
        said: &["SW0200", "nobody"],
    },
    Fault {
        what: "levels of no target",
        make: |scratch| with(scratch, "[log.targets]\n\"serverwamp::nonsense\" = \"info\"\n"),
        said: &["serverwamp::nonsense"],
    },
    Fault {
        what: "users that have vanished",
        make: |scratch| fs::remove_file(scratch.file("users.toml")).expect("it is there"),
        said: &["users.toml cannot be read", "does not exist"],
    },
    Fault {
        what: "users that cannot be used",
        make: |scratch| scratch.write("users.toml", "[user.ann]\nticket = \"p4ssw0rd\"\n"),
        said: &["users.toml:2"],
    },
    Fault {
        what: "a secret that has vanished",
        make: |scratch| fs::remove_file(scratch.file("secret")).expect("it is there"),
        said: &["secret cannot be read", "does not exist"],
    },
    Fault {
        what: "a certificate that is half written",
        make: |scratch| {
            let text = fs::read_to_string(scratch.file("certificate.pem")).expect("it is there");
            scratch.write("certificate.pem", &text[..text.len() / 2]);
            with(scratch, "");
        },
        said: &["certificate.pem"],
    },
    Fault {
        what: "a key of another certificate",
        make: |scratch| {
            scratch.write("key.pem", Authority::new("other").issue(&["localhost"]).key);
            with(scratch, "");
        },
        said: &["key"],
    },
];

fn good(scratch: &Scratch, authority: &Authority) {
    authority.issue(&["localhost"]).write(scratch.path()).expect("files");
    scratch.write("users.toml", "");
    scratch.write("secret", "s3cret-of-thirty-two-bytes-at-least");
    if scratch.file(FILE).is_dir() {
        fs::remove_dir(scratch.file(FILE)).expect("it is empty");
    }
    scratch.replace(FILE, CONFIG);
}

#[test]
fn nothing_changes_and_it_is_said_why() {
    let (scratch, authority) = (Scratch::new(), Authority::new("wrong"));
    good(&scratch, &authority);
    let program = Program::start(&scratch, CONFIG);
    let mut peer = program.joined("realm1");
    for (number, Fault { what, make, said }) in FAULTS.iter().enumerate() {
        make(&scratch);
        let text = program.refuses_to_reload();
        assert!(said.iter().all(|part| text.contains(part)), "{what}: {text}");
        assert!(!text.contains("p4ssw0rd") && !text.contains("s3cret"), "{what}: {text}");
        // The same by a signal, and in the log, which bounds the number of these lines.
        if number < 10 && number % 5 == 0 {
            let before = program.log().len();
            program.signal(Signal::Hangup);
            let line = program
                .wait_for_after(before, "the configuration was not reloaded, and what runs stays as it is");
            assert!(line.contains(said[0]) && !line.contains("p4ssw0rd"), "{what}: {line}");
        }
        assert_eq!(program.hello("extra")[2], "wamp.error.no_such_realm", "{what}: a part of it took effect");
        assert_eq!(program.hello("realm1")[0], 2, "{what}");
        good(&scratch, &authority);
    }
    let report = program.ask_to_reload().stdout;
    assert!(report.starts_with("reload: 1 listener with other files (1 session kept)"), "{report}");
    // A listener that loses its TLS, and gets it back, has more than other files.
    let table = CONFIG
        .split_once("[listen.tls]")
        .expect("it has one")
        .1
        .split_once("[[realm]]")
        .expect("and a realm")
        .0;
    let plain = CONFIG.replace(&format!("[listen.tls]{table}"), "");
    for (text, now, said) in [
        (&*plain, "without TLS now", "new connections are not encrypted any more"),
        (CONFIG, "with TLS now", "new connections are encrypted from now on"),
    ] {
        let before = program.log().len();
        let report = program.reload(text);
        assert!(
            report.starts_with(&format!("reload: 1 key changed, 1 listener {now} (1 session kept)")),
            "{report}"
        );
        assert!(report.contains(&format!("\n  127.0.0.2:0: {said}\n")), "{report}");
        assert!(!report.contains("other files"), "{report}");
        program.wait_for_after(before, &format!("{said} listener=127.0.0.2:0"));
    }
    let answer = peer.call("nothing", Value::Null, Value::Null, Value::Null);
    assert_eq!(answer[4], "wamp.error.no_such_procedure");
}

#[test]
fn what_needs_a_restart_is_said_until_it_is_as_it_was() {
    let (scratch, authority) = (Scratch::new(), Authority::new("restart"));
    good(&scratch, &authority);
    let program = Program::start(&scratch, CONFIG);
    let first = program.address(0);
    let others = CONFIG.replace("\"127.0.0.1:0\"", "\"127.0.0.3:0\"") + "[shutdown]\ndrain = \"3s\"\n";
    let restart = [
        "  listen[\"127.0.0.1:0\"]: removed (needs a restart)",
        "  listen[\"127.0.0.3:0\"]: added, { address = \"127.0.0.3:0\" } (needs a restart)",
        "  shutdown.drain: \"10s\" is now \"3s\" (needs a restart)",
    ];
    // And with it something that does not.
    let live = others.replace("anonymous = {}", "anonymous = { role = \"guest\" }");
    for (text, changes) in [(&others, 0), (&others, 0), (&live, 1)] {
        let report = program.reload(text);
        let lines: Vec<&str> = report.lines().collect();
        let first = if changes == 0 {
            "reload: nothing changed (0 sessions kept)"
        } else {
            "reload: 1 realm replaced, 1 key changed (0 sessions kept)"
        };
        assert_eq!(lines[0], first);
        let mut told: Vec<&str> = lines.iter().copied().filter(|line| line.contains("restart")).collect();
        told.sort_unstable();
        assert_eq!(told, restart, "{report}");
        assert_eq!(lines.len(), 1 + changes + restart.len(), "{report}");
        assert_eq!(program.hello("realm1")[0], 2, "at {}", program.address(0));
    }
    assert_eq!(program.address(0), first);
    let report = program.reload(CONFIG);
    assert!(!report.contains("restart"), "{report}");
}
