//! Clients that others wrote log in over TLS by every method, may do what their role allows, and nothing else.
//!
//! Where they cannot be had these tests are skipped, with a message; with `SERVERWAMP_REQUIRE_INTEROP=1` they fail.

use crate::PATIENCE;
use crate::program::{Program, Scratch};
use serde_json::{Value, json};
use serverwamp_conformance::{Authority, interop, output};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

const CONFIG: &str = r#"
[[listen]]
address = "127.0.0.1:0"
[listen.tls]
certificates = "certificate.pem"
key = "key.pem"

[[realm]]
name = "shop"
[[realm.auth]]
file = { path = "users.toml" }
[realm.role.customer]
allow = { "shop.*" = ["subscribe"], "shop.order" = ["call"] }
[realm.role.backend]
allow = { "shop.*" = ["call", "register", "publish", "subscribe"] }
deny = { "shop.internal.*" = ["call", "publish"] }

[[realm]]
name = "partners"
[[realm.auth]]
jwt = { secret = { file = "issuer" }, role = "customer" }
[realm.role.customer]
allow = { "shop.*" = ["subscribe"], "shop.order" = ["call"] }
"#;

/// What everybody tries.
const ACTIONS: [(&str, &str); 6] = [
    ("subscribe", "shop.news"),
    ("call", "shop.order"),
    ("call", "shop.internal.stop"),
    ("register", "shop.made"),
    ("publish", "shop.news"),
    ("call", "other.thing"),
];

const DENIED: &str = "wamp.error.authentication_denied";

/// What each role gets for [`ACTIONS`]; nobody has registered what is called.
fn outcomes(role: &str) -> [&'static str; 6] {
    let (none, no) = ("wamp.error.no_such_procedure", "wamp.error.not_authorized");
    match role {
        "customer" => ["ok", none, no, no, no, no],
        _ => ["ok", none, no, "ok", "ok", no],
    }
}

/// A user: realm, method, authid, role.
type User = (&'static str, &'static str, &'static str, &'static str);

const USERS: [User; 5] = [
    ("shop", "ticket", "tim", "customer"),
    ("shop", "wampcra", "cora", "backend"),
    ("shop", "scram", "sam", "customer"),
    ("shop", "cryptosign", "kay", "backend"),
    ("partners", "ticket", "joe", "customer"),
];

/// Makes the users with the program's own commands, and gives what each proves itself with.
fn logins(scratch: &Scratch) -> Vec<Value> {
    let mut entries = String::new();
    for (_, method, authid, role) in &USERS[..4] {
        let entry = match *method {
            "cryptosign" => scratch.run(&["keygen", "--user", authid, "--key", "kay.key"]).stdout,
            method => {
                let method = if method == "wampcra" { "cra" } else { method };
                scratch.made_of(&format!("s3cret of {authid}"), &["hash", method, "--user", authid])
            }
        };
        entries +=
            &entry.replace(&format!("[user.{authid}]"), &format!("[user.{authid}]\nrole = \"{role}\""));
    }
    scratch.write("users.toml", &entries);
    let public =
        entries.split('"').find(|text| text.len() == 64 && text.chars().all(|one| one.is_ascii_hexdigit()));
    scratch.write("issuer", "a secret of at least thirty-two bytes");
    let token = scratch.run(&["token", "make", "--key", "issuer", "--subject", "joe"]).stdout;
    let key = std::fs::read_to_string(scratch.file("kay.key")).expect("it was made");
    let secret = |(realm, method, authid, _): &User| match (*realm, *method) {
        ("partners", _) => token.trim().to_owned(),
        (_, "cryptosign") => key.trim().to_owned(),
        _ => format!("s3cret of {authid}"),
    };
    let login = |user: &User| {
        let (realm, method, authid, _) = user;
        let public = public.filter(|_| *method == "cryptosign");
        json!({ "realm": realm, "method": method, "authid": authid, "secret": secret(user), "pubkey": public })
    };
    USERS.iter().map(login).collect()
}

/// What a client is to see of these logins, of which the last one has a wrong secret.
fn expected(logins: &[Value]) -> Value {
    let seen = |login: &Value| {
        let (_, method, authid, role) =
            USERS.iter().find(|user| login["authid"] == user.2).expect("one of them");
        json!({ "authid": authid, "authrole": role, "authmethod": method, "outcomes": outcomes(role) })
    };
    let mut all: Vec<Value> = logins[..logins.len() - 1].iter().map(seen).collect();
    all.push(json!({ "outcomes": DENIED }));
    all.into()
}

#[test]
fn clients_of_others_log_in_over_tls_and_may_do_what_why_says() {
    let scratch = Scratch::new();
    let authority = Authority::new("guests");
    authority.issue(&["127.0.0.1", "localhost"]).write(scratch.path()).expect("files");
    scratch.write("authority.pem", authority.certificate());
    let logins = logins(&scratch);
    let program = Program::start(&scratch, CONFIG);
    for role in ["customer", "backend"] {
        for ((action, uri), outcome) in ACTIONS.into_iter().zip(outcomes(role)) {
            let finished = scratch.run(&["why", "--realm", "shop", role, action, uri]);
            let (status, verdict) =
                if outcome == "wamp.error.not_authorized" { (1, "no: ") } else { (0, "yes: ") };
            assert_eq!(finished.status.code(), Some(status), "{role} {action} {uri}: {}", finished.stdout);
            assert!(finished.stdout.starts_with(verdict), "{}", finished.stdout);
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/guests_of_others");
    let node = |name: &str| {
        // Node looks for packages from where the script is.
        let modules = scratch.file("node_modules");
        if !modules.exists() {
            symlink(interop::node()?.join("node_modules"), modules).map_err(|error| error.to_string())?;
        }
        let script = scratch.file(name);
        std::fs::copy(folder.join(name), &script).map_err(|error| error.to_string())?;
        let mut command = Command::new("node");
        command.arg(script).env("NODE_EXTRA_CA_CERTS", scratch.file("authority.pem"));
        Ok::<_, String>(command)
    };
    let python = || {
        let mut command = Command::new(interop::python()?);
        command.arg(folder.join("autobahn_guest.py")).env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(command)
    };
    let clients = [
        ("Autobahn|Python", python(), true),
        ("wampy.js", node("wampy_guest.mjs"), false),
        ("autobahn-js", node("autobahnjs_guest.mjs"), false),
    ];
    for (name, command, has_scram) in clients {
        let mut command = match command {
            Ok(command) => command,
            Err(why) => {
                assert!(!interop::is_required(), "{name}: {why}");
                println!("skipped: {name}: {why}");
                continue;
            }
        };
        let mut own: Vec<Value> =
            logins.iter().filter(|login| has_scram || login["method"] != "scram").cloned().collect();
        let mut wrong = own[0].clone();
        wrong["secret"] = json!("wrong");
        own.push(wrong);
        let url = format!("wss://{}/ws", program.address(0));
        let actions: Vec<Value> = ACTIONS.iter().map(|(action, uri)| json!([action, uri])).collect();
        let visit = json!({ "url": url, "authority": scratch.file("authority.pem"), "logins": own, "actions": actions });
        let finished = output::run(command.arg(visit.to_string()), PATIENCE).expect(name);
        let line = finished.stdout.lines().last().unwrap_or_default();
        let seen: Value = serde_json::from_str(line)
            .unwrap_or_else(|_| panic!("{name}: {}{}", finished.stdout, finished.stderr));
        assert_eq!(seen, expected(&own), "{name}");
    }
}
