//! `[admin]`: the server is asked about itself and told what to do over WAMP, and what it is told is in the log.

use crate::program::{FILE, Program, Scratch};
use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Signal};
use std::os::unix::fs::PermissionsExt as _;

pub(crate) const CONFIG: &str = r#"
[[listen]]
address = "127.0.0.1:0"
[[realm]]
name = "realm1"
auth = [{ anonymous = {} }]
[admin]
auth = [{ anonymous = { role = "operator" } }]
role = { operator = ["read", "write"] }
"#;

pub(crate) const REALM: &str = "serverwamp.admin";

/// The answer of a procedure of the admin interface: its dictionary, or the URI of its error and the text.
pub(crate) fn ask(peer: &mut RawPeer, procedure: &str, arguments: Value) -> Result<Value, (String, String)> {
    let answer = peer.call(procedure, Value::Null, arguments, Value::Null);
    match answer[0].as_u64() {
        Some(50) => Ok(answer[3][0].clone()),
        _ => Err((
            answer[4].as_str().unwrap_or_default().to_owned(),
            answer[5][0].as_str().unwrap_or_default().to_owned(),
        )),
    }
}

#[test]
fn a_server_is_reloaded_and_stopped_by_its_administrators_who_leave_a_line_each_time() {
    let scratch = Scratch::new();
    let mut program = Program::start(&scratch, CONFIG);
    let mut admin = program.joined(REALM);
    let mut guest = program.joined("realm1");
    let config = ask(&mut admin, "serverwamp.node.config", json!({})).expect("it is told");
    let settings = config["config"].as_array().expect("a list");
    let has = |key: &str, source: &str| {
        settings.iter().any(|one| {
            one["key"].as_str().is_some_and(|known| known.contains(key)) && one["source"] == source
        })
    };
    assert!(has("realm[\"realm1\"]", "file") && has("admin", "file"), "{config}");

    let former =
        ask(&mut admin, "serverwamp.node.log_level", json!({ "filter": "info" })).expect("it is taken");
    assert_eq!(former["former"], "info");
    let (uri, text) = ask(&mut admin, "serverwamp.node.log_level", json!({ "filter": "loud" })).unwrap_err();
    assert!(uri == "wamp.error.invalid_argument" && text.contains("loud"), "{uri}: {text}");

    scratch.replace(FILE, "[[realm]\n");
    let (uri, text) = ask(&mut admin, "serverwamp.node.reload", json!({})).unwrap_err();
    assert!(uri == "serverwamp.error.not_applied" && text.contains("[[realm]"), "{uri}: {text}");
    scratch.replace(FILE, CONFIG.replace("\"realm1\"", "\"realm2\""));
    let reloaded = ask(&mut admin, "serverwamp.node.reload", json!({})).expect("it is applied");
    assert!(
        reloaded["outcome"].as_str().is_some_and(|text| text.starts_with("reload: 1 realm added")),
        "{reloaded}"
    );
    assert_eq!(guest.receive()[0], 6, "its realm is gone");
    let (uri, _) = ask(&mut admin, "serverwamp.session.query", json!({ "realm": "realm1" })).unwrap_err();
    assert_eq!(uri, "wamp.error.no_such_realm");

    assert_eq!(ask(&mut admin, "serverwamp.node.drain", json!({})), Ok(json!({ "draining": true })));
    assert!(program.ended().success());
    let log = program.log();
    for part in ["procedure=serverwamp.node.reload", "procedure=serverwamp.node.drain", "authrole=operator"] {
        let is_audit = |line: &str| line.contains("serverwamp::audit") && line.contains(part);
        assert!(log.lines().any(is_audit), "{part} in {log}");
    }
}

#[test]
fn a_reload_takes_permissions_away_and_the_admin_interface_as_well() {
    let scratch = Scratch::new();
    let control = "[control]\nsocket = \"control.sock\"\n";
    let program = Program::start(&scratch, &format!("{control}{CONFIG}"));
    let mut admin = program.joined(REALM);
    let kill = json!({ "realm": "realm1", "authrole": "nobody" });
    assert_eq!(ask(&mut admin, "serverwamp.session.kill", kill.clone()), Ok(json!({ "ended": 0 })));
    program.reload(&format!("{control}{CONFIG}").replace(", \"write\"", ""));
    let (uri, _) = ask(&mut admin, "serverwamp.session.kill", kill).unwrap_err();
    assert_eq!(uri, "wamp.error.not_authorized");
    ask(&mut admin, "serverwamp.node.info", json!({})).expect("it may read");
    let without = format!("{control}{}", CONFIG.split("[admin]").next().expect("a beginning"));
    program.reload(&without);
    assert_eq!(admin.receive()[0], 6, "its realm is gone");
    assert_eq!(program.hello(REALM)[0], 3, "there is none any more");
    program.reload(&format!("{control}{CONFIG}"));
    let mut admin = program.joined(REALM);
    ask(&mut admin, "serverwamp.node.config", json!({})).expect("it is there again, with the program's own");
}

/// The configuration in docs/shell.md, for the user who runs this test.
fn documented() -> String {
    let document = include_str!("../../../../docs/shell.md");
    let block =
        document.split("```toml\n").skip(1).find(|block| block.contains("[admin]")).expect("it is there");
    let block = block.split("```").next().expect("a beginning");
    let user = rustix::process::getuid().as_raw();
    block.replace(":8080", ":0").replace("1000", &user.to_string())
}

#[test]
fn users_of_this_machine_come_in_at_a_socket_of_its_own_without_a_password() {
    let scratch = Scratch::new();
    let mut program = Program::start(&scratch, &documented());
    let socket = scratch.file("admin.sock");
    let mode = std::fs::metadata(&socket).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    assert_eq!(program.hello(REALM)[0], 3, "it is not there over TCP");
    let guest = program.joined("realm1");
    let sessions = scratch.run(&["sessions", "--socket", "admin.sock", "-o", "jsonl"]);
    assert_eq!(
        (sessions.status.code(), sessions.stdout.lines().count()),
        (Some(0), 1),
        "{}",
        sessions.stderr
    );
    let url = format!("unix://{}", socket.display());
    let reloaded = scratch.run(&["reload", "--url", &url]);
    assert!(reloaded.stdout.contains("reload: nothing changed"), "{}{}", reloaded.stdout, reloaded.stderr);
    scratch.replace(FILE, "[[realm]\n");
    let refused = scratch.run(&["reload", "--url", &url]);
    assert_eq!((refused.status.code(), &*refused.stdout), (Some(1), ""), "{}", refused.stderr);
    assert!(refused.stderr.contains("serverwamp.error.not_applied"), "{}", refused.stderr);
    let strangers =
        documented().replace(&format!("{} = ", rustix::process::getuid().as_raw()), "4000000000 = ");
    scratch.replace(FILE, &strangers);
    program.signal(Signal::Hangup);
    program.wait_for("reload: 1 realm replaced");
    let refused = scratch.run(&["sessions", "--socket", "admin.sock"]);
    assert_eq!(
        refused.status.code(),
        Some(4),
        "another user may come in: {}{}",
        refused.stdout,
        refused.stderr
    );
    program.signal(Signal::Terminate);
    drop(guest);
    assert!(program.ended().success());
}

#[test]
fn a_drain_may_take_less_time_than_is_configured() {
    let scratch = Scratch::new();
    let mut program =
        Program::start(&scratch, &format!("[shutdown]\ndrain = \"1h\"\nrestarts = false\n{}", documented()));
    // It does not answer GOODBYE.
    let mut guest = program.joined("realm1");
    let drained = scratch.run(&["drain", "--within", "100ms", "--socket", "admin.sock"]);
    assert!(drained.status.success(), "{}", drained.stderr);
    assert_eq!(guest.receive()[0], 6);
    assert!(program.ended().success());
    assert!(program.log().contains("stopped at once, without waiting for sessions"), "{}", program.log());
}

#[test]
fn a_reload_that_takes_the_own_way_in_away_says_so_and_leaves_its_line() {
    let scratch = Scratch::new();
    let program = Program::start(&scratch, CONFIG);
    let url = program.url();
    scratch.replace(FILE, CONFIG.replace("operator", "owner"));
    let reloaded = scratch.run(&["reload", "--url", &url]);
    assert_eq!((reloaded.status.code(), &*reloaded.stdout), (Some(3), ""), "{}", reloaded.stderr);
    for part in ["the router ended the session", "takes away your own way into the admin interface"] {
        assert!(reloaded.stderr.contains(part), "{part} in {}", reloaded.stderr);
    }
    let log = program.wait_for("serverwamp::audit: ");
    let audit = log.lines().find(|line| line.contains("serverwamp::audit")).expect("a line");
    assert!(
        audit.contains("procedure=serverwamp.node.reload") && audit.contains("authrole=operator"),
        "{audit}"
    );
    let nothing = scratch.run(&["reload", "--url", &url]);
    assert_eq!(&*nothing.stdout, "reload: nothing changed (1 session kept)\n", "{}", nothing.stderr);
}

#[test]
fn where_the_admin_interface_is_reached_is_changed_by_a_restart_and_never_by_half() {
    let control = "[control]\nsocket = \"control.sock\"\n";
    let without = format!("{control}{}", CONFIG.split("[admin]").next().expect("a beginning"));
    let everywhere = format!("{control}{CONFIG}");
    let apart = everywhere.replace("[admin]\n", "[admin]\nlisten = \"unix:admin.sock\"\n");
    let elsewhere = apart.replace("unix:admin.sock", "unix:other.sock");
    // At the listener of clients, and at the one of its own.
    let reached = |program: &Program<'_>, scratch: &Scratch| {
        let own = scratch.run(&["sessions", "--socket", "admin.sock"]).status.success();
        (program.hello(REALM)[0] == 2, own)
    };
    for (start, then, expected, in_between) in [
        (&everywhere, &apart, (true, false), "admin.listen: added, "),
        (&apart, &everywhere, (false, true), "admin.listen: removed "),
        (&apart, &elsewhere, (false, true), "admin.listen: \"unix:admin.sock\" is now "),
        (&without, &apart, (false, false), "admin.listen: added, \"unix:admin.sock\" "),
        (&without, &everywhere, (true, false), "admin: added"),
    ] {
        let scratch = Scratch::new();
        let program = Program::start(&scratch, start);
        let said = program.reload(then);
        let line = said.lines().find(|line| line.contains(in_between)).unwrap_or_else(|| panic!("{said}"));
        assert_eq!(line.contains("(needs a restart)"), *then != everywhere || *start == apart, "{said}");
        assert_eq!(reached(&program, &scratch), expected, "{start}\nthen {then}");
        assert!(program.reload(start).starts_with("reload: "));
    }
}
