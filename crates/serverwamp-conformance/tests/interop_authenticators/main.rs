//! Who comes in is decided elsewhere: by tokens that PyJWT made with OpenSSL's keys, by a web server in Python, by an
//! authenticator for Crossbar.io on Autobahn|Python (checklist AUTH-03, AUTH-08, AUTH-09, TKT-04, TKT-06, CRA-05).
//!
//! `cargo test -p serverwamp-conformance --test interop_authenticators`. Without Python or OpenSSL it says so and tests nothing;
//! with `SERVERWAMP_REQUIRE_INTEROP=1` it fails.

mod dynamic;
mod workshop;

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use serverwamp_conformance::harness::{NONE, assert_like, value};
use serverwamp_conformance::{Connect, RawPeer, ServerProcess, Subprotocol, binary};

use workshop::Workshop;

/// How long one command may take; keys of RSA are found by trying.
const PATIENCE: Duration = Duration::from_secs(60);
const DENIED: &str = "wamp.error.authentication_denied";
const FAILED: &str = "wamp.error.authentication_failed";

fn server(arguments: &[&str]) -> ServerProcess {
    ServerProcess::start(&binary::authenticators(), arguments, &[])
}

fn connect(server: &ServerProcess) -> RawPeer {
    RawPeer::connect(server.url(), Subprotocol::JSON)
}

/// Waits until it is so.
#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> Option<()>) {
    let deadline = Instant::now() + PATIENCE;
    while is_so().is_none() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

fn claims() -> Value {
    json!({ "sub": "joe", "aud": "chat", "exp": now() + 600, "roles": ["member"] })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

/// Joins with a token as a ticket, and gives WELCOME or ABORT.
#[track_caller]
fn join(server: &ServerProcess, realm: &str, token: &str) -> (RawPeer, Value) {
    let mut peer = connect(server);
    let challenge = peer.hello(realm, json!({ "authmethods": ["ticket"] }));
    assert_eq!(challenge, json!([4, "ticket", {}]));
    peer.send(json!([5, token, {}]));
    let answer = peer.receive();
    (peer, answer)
}

#[track_caller]
fn enters(server: &ServerProcess, realm: &str, token: &str) {
    let (mut peer, welcome) = join(server, realm, token);
    peer.welcomed(&welcome);
    assert_eq!(value(&mut peer, "who", NONE), json!(["joe", "member", "ticket"]));
}

#[test]
fn tokens_of_pyjwt_with_keys_of_openssl_let_in_whom_they_name() {
    let Some(workshop) = Workshop::open() else { return };
    workshop.key("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]);
    workshop.key("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    workshop.key("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]);
    workshop.key("ed25519", &["-algorithm", "ed25519"]);
    for (key, algorithms) in [
        ("rsa", &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..]),
        ("p256", &["ES256"]),
        ("p384", &["ES384"]),
        ("ed25519", &["EdDSA"]),
    ] {
        let case = |algorithm: &&str| json!({ "algorithm": algorithm, "key": format!("{key}.pem"), "claims": claims() });
        let tokens = workshop.tokens(&algorithms.iter().map(case).collect::<Vec<_>>());
        // PEM, and a JWKS with all keys.
        let server = server(&[&format!("jwt={}", workshop.path(&format!("{key}.pub")))]);
        for token in &tokens {
            enters(&server, "jwt", token);
        }
        let (_, abort) = join(&server, "jwt", &format!("{}x", tokens[0]));
        assert_eq!(abort, json!([3, { "message": "authentication denied" }, DENIED]));
    }
}

#[test]
fn a_wrong_token_gets_one_text_and_one_line_without_it() {
    let Some(workshop) = Workshop::open() else { return };
    workshop.key("ours", &["-algorithm", "ed25519"]);
    workshop.key("theirs", &["-algorithm", "ed25519"]);
    let public = fs::read_to_string(workshop.path("ours.pub")).expect("a key");
    fs::write(workshop.path("public-as-secret"), &public).expect("a file");
    let case = |algorithm: &str, key: &str, claims: Value| json!({ "algorithm": algorithm, "key": key, "claims": claims });
    let eddsa = |claims: Value| case("EdDSA", "ours.pem", claims);
    let faults = [
        (eddsa(with("exp", json!(now() - 100))), "expired"),
        (eddsa(with("nbf", json!(now() + 600))), "becomes valid"),
        (eddsa(with("aud", json!("mail"))), "names others"),
        (eddsa(with("roles", json!(["root"]))), "none of the allowed roles"),
        (eddsa(with("roles", json!({}))), "neither text nor a list"),
        (case("EdDSA", "theirs.pem", claims()), "the signature is that of no key"),
    ];
    let tokens = workshop.tokens(&faults.clone().map(|(case, _)| case));
    let server = server(&[&format!("jwt={}", workshop.path("ours.pub"))]);
    // One warning of each kind is logged in a minute, so each fault has a server of its own, except those below.
    for ((_, why), token) in faults.iter().zip(&tokens) {
        let server = self::server(&[&format!("jwt={}", workshop.path("ours.pub"))]);
        let (mut peer, abort) = join(&server, "jwt", token);
        assert_eq!(abort, json!([3, { "message": "authentication denied" }, DENIED]), "{why}");
        peer.expect_closed();
        until("a line in the log", || server.stderr().contains(why).then_some(()));
        let log = server.stderr();
        let lines: Vec<&str> = log.lines().filter(|line| line.contains("refused")).collect();
        assert_eq!(lines.len(), 1, "{log}");
        for part in ["method ticket", "step AUTHENTICATE", "realm jwt"] {
            assert!(lines[0].contains(part), "{part}: {}", lines[0]);
        }
        assert!(!log.contains(&token[..20]), "the token is in the log: {log}");
    }
    // Not even tokens at all.
    for token in ["", "..", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2UifQ.", &"x".repeat(50_000)] {
        let (_, abort) = join(&server, "jwt", token);
        assert_eq!(abort, json!([3, { "message": "authentication denied" }, DENIED]));
    }
    // Another authid than that of the token.
    let [good] = &workshop.tokens(&[eddsa(claims())])[..] else { panic!("one token") };
    let mut peer = connect(&server);
    peer.hello("jwt", json!({ "authmethods": ["jwt"], "authid": "peter" }));
    peer.send(json!([5, good, {}]));
    assert_eq!(peer.receive(), json!([3, { "message": "authentication denied" }, DENIED]));
    enters(&server, "jwt", good);
}

#[test]
fn a_bearer_token_comes_with_the_request() {
    let Some(workshop) = Workshop::open() else { return };
    workshop.key("key", &["-algorithm", "ed25519"]);
    let server = server(&[&format!("jwt={}", workshop.path("key.pub"))]);
    let case = json!({ "algorithm": "EdDSA", "key": "key.pem", "claims": claims() });
    let token = &workshop.tokens(&[case])[0];
    let bearing = |header: &str, details: Value| {
        let connect = Connect::to(server.url()).subprotocol(Subprotocol::JSON);
        let mut peer = connect.header("Authorization", header).open().expect("the server accepts");
        let answer = peer.hello("jwt", details);
        (peer, answer)
    };
    let (mut peer, welcome) = bearing(&format!("Bearer {token}"), json!({}));
    peer.welcomed(&welcome);
    assert_eq!(value(&mut peer, "who", NONE), json!(["joe", "member", "bearer"]));
    let (_, abort) = bearing("Bearer nonsense", json!({}));
    assert_eq!(abort, json!([3, { "message": "authentication denied" }, DENIED]));
    // Another scheme is for somebody else, and a client that lists other methods is not authenticated by it.
    let (_, abort) = bearing("Basic am9lOnNlY3JldA==", json!({}));
    assert_like(&json!([3, "$dict", "wamp.error.no_matching_auth_method"]), &abort);
    let (_, challenge) = bearing(&format!("Bearer {token}"), json!({ "authmethods": ["ticket"] }));
    assert_eq!(challenge, json!([4, "ticket", {}]));
}

#[test]
fn keys_rotate_while_the_server_runs() {
    let Some(workshop) = Workshop::open() else { return };
    workshop.key("old", &["-algorithm", "ed25519"]);
    workshop.key("new", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let case = |algorithm: &str, key: &str| json!({ "algorithm": algorithm, "key": format!("{key}.pem"), "claims": claims(), "header": { "kid": key } });
    let [old, new] = &workshop.tokens(&[case("EdDSA", "old"), case("ES256", "new")])[..] else {
        panic!("two tokens")
    };
    let (_web_server, url) = workshop.web_server();
    for runtime in ["tokio", "smol"] {
        fs::write(workshop.path("keys.json"), workshop.jwks(&["old"])).expect("a file");
        let runtime = format!("runtime={runtime}");
        let server = server(&[&format!("jwks={url}/keys.json"), &runtime]);
        enters(&server, "jwks", old);
        let (_, abort) = join(&server, "jwks", new);
        assert_eq!(abort[2], DENIED);
        fs::write(workshop.path("keys.json"), workshop.jwks(&["new"])).expect("a file");
        let answers = || {
            let (_, answer) = join(&server, "jwks", new);
            (answer[0] == 2).then_some(())
        };
        until("the new key is fetched", answers);
        let (_, abort) = join(&server, "jwks", old);
        assert_eq!(abort[2], DENIED, "a key that was taken back");
        // What cannot be used leaves the keys as they are.
        fs::write(workshop.path("keys.json"), "{").expect("a file");
        until("a line in the log", || {
            // It is fetched again once the interval has passed.
            join(&server, "jwks", old);
            server.stderr().contains("the keys of tokens stay as they are").then_some(())
        });
        let (_, welcome) = join(&server, "jwks", new);
        assert_eq!(welcome[0], 2);
    }
    // Without any keys nobody is denied: it is the server that could not do its work.
    let server = server(&[&format!("jwks={url}/nowhere.json")]);
    let (_, abort) = join(&server, "jwks", old);
    assert_eq!(abort[2], FAILED);
}

#[test]
fn a_key_that_cannot_be_used_stops_the_start_with_its_file_and_the_reason() {
    let Some(workshop) = Workshop::open() else { return };
    workshop.run(Command::new("openssl").args([
        "genpkey",
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:1024",
        "-out",
        "small.pem",
    ]));
    workshop.run(Command::new("openssl").args(["pkey", "-in", "small.pem", "-pubout", "-out", "small.pub"]));
    fs::write(workshop.path("empty"), "").expect("a file");
    for (name, why) in [
        ("small.pub", "1024 bits"),
        ("small.pem", "no public key"),
        ("empty", "no public key"),
        ("nowhere", "No such file"),
    ] {
        let path = workshop.path(name);
        let failure =
            ServerProcess::try_start(&binary::authenticators(), &[&format!("jwt={path}")], &[]).unwrap_err();
        assert!(failure.contains(&path) && failure.contains(why), "{why}: {failure}");
    }
}

#[test]
fn a_web_server_decides() {
    let Some(workshop) = Workshop::open() else { return };
    let (_hook, url) = workshop.start(workshop.script("tokens.py").arg("hook"));
    for runtime in ["tokio", "smol"] {
        let server = server(&[&format!("hook={url}"), &format!("runtime={runtime}")]);
        let mut peer = connect(&server);
        let details = json!({ "authmethods": ["ticket"], "authid": "joe", "authextra": { "app": 7 } });
        assert_eq!(peer.hello("hook", details), json!([4, "ticket", {}]));
        peer.send(json!([5, "secret!!!", {}]));
        let welcome = peer.receive();
        let extra = json!({ "version": 1, "realm": "hook", "authmethod": "ticket", "authextra": { "app": 7 }, "kind": "websocket" });
        let expected = json!({ "$has": {
            "authid": "joe", "authrole": "member", "authprovider": "http", "authextra": extra
        } });
        assert_like(&expected, &welcome[2]);
        // By a header that is passed on; others are not.
        let open = Connect::to(server.url()).subprotocol(Subprotocol::JSON).header("X-Session", "7").open();
        let welcome = open.expect("the server accepts").hello("hook", json!({}));
        assert_like(
            &json!({ "$has": { "authid": "seven", "authmethod": "hook", "authprovider": "sessions" } }),
            &welcome[2],
        );
        for (ticket, reason) in [
            ("wrong", DENIED),
            ("redirect", FAILED),
            ("teapot", FAILED),
            ("unclear", FAILED),
            ("long", FAILED),
            ("silence", FAILED),
        ] {
            let abort = connect(&server).join_with_ticket("hook", "joe", ticket);
            assert_eq!((abort[0].as_u64(), abort[2].as_str()), (Some(3), Some(reason)), "{ticket}: {abort}");
            let text = abort[1]["message"].as_str().expect("a text");
            assert!(!text.contains("127.0.0.1"), "{text}");
        }
        let log = server.stderr();
        assert!(!log.contains("secret!!!") && !log.contains("teapot"), "{log}");
    }
    let server = server(&["hook=http://127.0.0.1:9/nobody"]);
    assert_eq!(connect(&server).join_with_ticket("hook", "joe", "secret!!!")[2], FAILED);
}
