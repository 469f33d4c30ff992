//! The guide for those who come from Crossbar.io: unchanged clients meet at its program.

use crate::from_crossbar_program::{application, serve};
use crate::{blocks, can_be_had, document};
use serde_json::{Value, json};
use serverwamp_conformance::client::Client;
use serverwamp_conformance::output::{self, Output};
use serverwamp_conformance::{DEADLINE, RawPeer, Subprotocol, difference, interop};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const GUIDE: &str = "docs/from-crossbar.md";

/// A server of the guide, as long as the process lives: its URL and its Unix socket.
fn start(name: &str) -> (String, PathBuf) {
    let path = std::env::temp_dir().join(format!("serverwamp-crossbar-{}-{name}", std::process::id()));
    let unix = std::os::unix::net::UnixListener::bind(&path).expect("a path of this test's own");
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}/ws", tcp.local_addr().expect("it is bound"));
    tcp.set_nonblocking(true).and_then(|()| unix.set_nonblocking(true)).expect("sockets");
    std::thread::spawn(move || {
        tokio::runtime::Runtime::new()?.block_on(async {
            let tcp = tokio::net::TcpListener::from_std(tcp)?;
            let unix = tokio::net::UnixListener::from_std(unix)?;
            serve(application().expect("the guide's program is put together rightly"), tcp, unix).await
        })
    });
    (url, path)
}

/// A program that is killed when the test ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The one block of this language, for this server.
fn client(language: &str, url: &str) -> String {
    let blocks = blocks(&document(GUIDE), language);
    let [client] = &blocks[..] else { panic!("{GUIDE} has one {language}") };
    let here = client.replace("ws://127.0.0.1:8080/ws", url);
    assert_ne!(client, &here, "it connects to the program of the guide");
    here
}

#[test]
fn every_block_of_rust_in_the_guide_from_crossbar_is_compiled_and_served() {
    let program = include_str!("from_crossbar_program.rs");
    let rust = blocks(&document(GUIDE), "```rust");
    assert!(rust.len() >= 4, "the guide shows Rust");
    for block in rust {
        assert!(
            program.contains(&block),
            "this is in {GUIDE} and not in the program that is tested:\n{block}"
        );
    }
}

#[test]
fn clients_written_for_crossbar_meet_unchanged() {
    if !can_be_had(Client::Autobahn) || !can_be_had(Client::AutobahnJs) {
        return;
    }
    let (url, path) = start("clients");
    let mut backend = Command::new(interop::python().expect("prepared"));
    backend.args(["-c", &client("```python", &url)]);
    let backend = backend.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut backend = Killed(backend.expect("Python starts"));
    let (stdout, stderr) = (backend.0.stdout.take().expect("piped"), backend.0.stderr.take().expect("piped"));
    let (stdout, stderr) = (Output::collect(stdout), Output::collect(stderr));
    let ready = stdout.wait_for(DEADLINE, |text| text.contains("ready").then_some(()));
    assert!(ready.is_some(), "the backend never was ready:\n{}", stderr.text());

    let leave = "
        const log = console.log;
        let lines = 0;
        console.log = (...words) => { log(...words); if (++lines === 2) { connection.close(); } };";
    let page = format!("import './autobahnjs_browser.mjs';\n{}{leave}", client("```js", &url));
    let script = interop::node().expect("prepared").join(format!("crossbar-{}.mjs", std::process::id()));
    std::fs::write(&script, page).expect("target can be written");
    let seen = output::run(Command::new("node").arg(&script), Duration::from_secs(30));
    std::fs::remove_file(&script).and_then(|()| std::fs::remove_file(path)).expect("they were written");
    let seen = seen.unwrap_or_else(|why| panic!("{why}\n{}", stderr.text()));
    assert_eq!(seen.stdout, "frontend 5\nhello peter\n", "{}\n{}", seen.stderr, stderr.text());
}

#[test]
fn a_role_may_call_and_hear_what_the_guide_keeps_for_it() {
    let (url, path) = start("roles");
    let mut joe = RawPeer::connect(&url, Subprotocol::JSON);
    joe.join_with_ticket("realm1", "joe", "secret!!!");
    let mut peter = RawPeer::connect(&url, Subprotocol::JSON);
    peter.join_with_cra("realm1", "peter", "secret1");
    for (peer, answers) in [
        (
            &mut peter,
            [
                json!([8, 48, "$id", {}, "wamp.error.not_authorized", ["only backends may reset"]]),
                json!([8, 32, "$id", {}, "wamp.error.not_authorized", ["only backends hear alarms"]]),
            ],
        ),
        (&mut joe, [json!([50, "$id", {}, ["reset"]]), json!([33, "$id", "$id"])]),
    ] {
        let reset = peer.call("com.example.reset", json!([]), Value::Null, Value::Null);
        let found = difference(&answers[0], &reset);
        assert!(found.is_empty(), "{found:?}");
        let request = peer.next_request();
        peer.send(json!([32, request, {}, "com.example.alarms"]));
        peer.expect(answers[1].clone());
    }
    std::fs::remove_file(path).expect("it is bound");
}

#[test]
fn rawsocket_is_spoken_at_the_unix_socket_of_the_guide() {
    let (_, path) = start("unix");
    let mut stream = UnixStream::connect(&path).expect("the server listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    stream.write_all(&[0x7F, 0xF1, 0, 0]).expect("it reads");
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).expect("it answers");
    assert_eq!((answer[0], answer[1] & 0x0F, answer[2], answer[3]), (0x7F, 1, 0, 0), "JSON is accepted");
    std::fs::remove_file(path).expect("it is bound");
}
