//! `serve = ["console"]`: its pages and its WebSocket are where the file says, and elsewhere after a reload.

use crate::PATIENCE;
use crate::program::{Program, Scratch};
use serde_json::json;
use serverwamp_conformance::{Connect, RawPeer, Signal, Subprotocol};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// With a path, and routers that its pages may connect to.
fn config(console: &str) -> String {
    format!(
        "[control]\nsocket = \"control.sock\"\n\
         [[listen]]\naddress = \"127.0.0.1:0\"\nserve = [\"console\"]\n{console}\n\
         [[realm]]\nname = \"realm1\"\nauth = [{{ anonymous = {{}} }}]\n"
    )
}

/// The head of the answer to GET.
fn head(address: &str, path: &str) -> String {
    answered(address, &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n"))
}

/// The head of the answer to a request of these lines.
fn answered(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time above 0");
    let request = format!("{request}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let answer = String::from_utf8_lossy(&answer);
    answer.split_once("\r\n\r\n").map_or_else(|| answer.to_string(), |(head, _)| head.to_owned())
}

#[test]
fn a_reload_moves_the_console() {
    let scratch = Scratch::new();
    let program = Program::start(&scratch, &config(""));
    let address = program.address(0);
    let first = head(&address, "/console/");
    assert!(first.starts_with("HTTP/1.1 200 ") && first.contains("content-encoding: gzip"), "{first}");
    assert!(first.contains("connect-src 'self'\r\n"), "{first}");
    drop(RawPeer::joined(&format!("ws://{address}/console/ws"), Subprotocol::JSON, "realm1"));
    assert!(head(&address, "/ws").starts_with("HTTP/1.1 404 "), "clients have no WebSocket here");

    program.reload(&config("console = { path = \"/look\", routers = [\"ws://127.0.0.1:9000\"] }"));
    let moved = head(&address, "/look/");
    assert!(
        moved.starts_with("HTTP/1.1 200 ") && moved.contains("connect-src 'self' ws://127.0.0.1:9000\r\n"),
        "{moved}"
    );
    assert!(head(&address, "/console/").starts_with("HTTP/1.1 404 "), "it has moved");
    drop(RawPeer::joined(&format!("ws://{address}/look/ws"), Subprotocol::JSON, "realm1"));
}

const ADMIN: &str = "serverwamp.admin";

/// A console and an admin interface, which has an address of its own; `console` is what the listener of the console says beside.
fn administrated(console: &str, permissions: &str) -> String {
    let user = rustix::process::getuid().as_raw();
    format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\n{console}\n\
         [[realm]]\nname = \"realm1\"\nauth = [{{ anonymous = {{}} }}]\n\
         [admin]\nlisten = \"unix:admin.sock\"\n\
         auth = [{{ unix = {{ users = {{ {user} = {{ authid = \"ann\", role = \"operator\" }} }} }} }}]\n\
         role = {{ operator = [{permissions}] }}\n"
    )
}

const LINK: [&str; 4] = ["console", "link", "--socket", "admin.sock"];

/// What a browser gets for a token: the head of the answer.
fn log_in(address: &str, token: &str) -> String {
    answered(
        address,
        &format!(
            "POST /console/login HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
             authorization: Bearer {token}\r\ncontent-length: 0\r\n"
        ),
    )
}

/// The first answer to HELLO in the realm of the admin interface, with this cookie.
fn hello(address: &str, cookie: &str) -> serde_json::Value {
    let url = format!("ws://{address}/console/ws");
    let mut peer =
        Connect::to(&url).subprotocol(Subprotocol::JSON).header("Cookie", cookie).open().expect("it opens");
    peer.send(json!([1, ADMIN, { "roles": { "caller": {} } }]));
    peer.receive()
}

#[test]
fn a_link_from_the_shell_logs_one_browser_in_as_who_asked_until_the_admin_interface_changes() {
    let scratch = Scratch::new();
    let console = "serve = [\"console\"]\nrealms = [\"realm1\", \"serverwamp.admin\"]";
    let program = Program::start(&scratch, &administrated(console, "\"read\""));
    let address = program.address(0);
    assert_eq!(hello(&address, "")[0], 3, "without a link nobody comes in");
    let made = scratch.run(&LINK);
    assert!(made.status.success(), "{}", made.stderr);
    let link = made.stdout.strip_suffix('\n').expect("one line");
    let token = link.strip_prefix(&format!("http://{address}/console/#token=")).expect(link);
    let answer = log_in(&address, token);
    assert!(answer.starts_with("HTTP/1.1 204 ") && answer.contains("content-security-policy: "), "{answer}");
    let cookie =
        answer.split("set-cookie: ").nth(1).and_then(|rest| rest.split(';').next()).expect("a cookie");
    let welcome = hello(&address, cookie);
    assert_eq!(welcome[0], 2, "{welcome}");
    assert_eq!((&welcome[2]["authid"], &welcome[2]["authrole"]), (&json!("ann"), &json!("operator")));
    assert!(log_in(&address, token).starts_with("HTTP/1.1 403 "), "it works once");
    let log = program.log();
    assert!(log.contains("a link to the console is made") && log.contains("authid=ann"), "{log}");
    let secret = cookie.split_once('=').expect("a pair").1;
    assert!(!log.contains(token) && !log.contains(secret), "a secret is in the log: {log}");

    // Whoever is let in otherwise from now on must not keep what the former way in gave.
    scratch.replace(crate::program::FILE, administrated(console, "\"read\", \"payloads\""));
    program.signal(Signal::Hangup);
    program.wait_for("reload: 1 realm replaced");
    assert_eq!(hello(&address, cookie)[0], 3, "it was logged out");
}

#[test]
fn why_there_is_no_link_is_said() {
    for (console, permissions, part) in [
        ("", "\"read\"", "no listener serves the console: add one"),
        (
            "serve = [\"console\"]",
            "\"read\"",
            "no listener that serves the console serves the realm serverwamp.admin too",
        ),
        (
            "serve = [\"console\"]\nrealms = [\"realm1\", \"serverwamp.admin\"]",
            "",
            "the role that logged in may not use serverwamp.node.console_link",
        ),
    ] {
        let scratch = Scratch::new();
        let _program = Program::start(&scratch, &administrated(console, permissions));
        let refused = scratch.run(&LINK);
        assert_eq!((refused.status.code(), &*refused.stdout), (Some(1), ""), "{console}: {}", refused.stderr);
        assert!(refused.stderr.contains(part), "{console}: {}", refused.stderr);
    }
}

#[test]
fn a_page_that_calls_itself_by_the_name_of_another_host_gets_nothing() {
    let scratch = Scratch::new();
    let program = Program::start(&scratch, &config(""));
    let address = program.address(0);
    let (_, port) = address.rsplit_once(':').expect("a port");
    for path in ["/console/", "/console/app.js", "/console/ws"] {
        let answer = answered(&address, &format!("GET {path} HTTP/1.1\r\nhost: evil.example:{port}\r\n"));
        assert!(
            answer.starts_with("HTTP/1.1 403 ") && answer.contains("content-security-policy: "),
            "{answer}"
        );
        let answer = answered(&address, &format!("GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\n"));
        assert!(!answer.starts_with("HTTP/1.1 403 "), "{answer}");
    }
}
