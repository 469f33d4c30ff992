//! Peers that vanish in the middle of RawSocket, TLS and long-polling, and ports that are spoken to in all ways at once.

use std::io::{Read, Write};
use std::path::PathBuf;

use serde_json::json;
use serverwamp_conformance::carrier::HOST;
use serverwamp_conformance::harness::{RUNTIMES, Scene, hello};
use serverwamp_conformance::rawsocket::{MAGIC, frame};
use serverwamp_conformance::tcp::{disconnect_at_every_byte, handshake};
use serverwamp_conformance::{Authority, DEADLINE, Serializer, Stream, Subprotocol};

/// A RawSocket client's whole side of a session that never ends by itself.
fn rawsocket() -> Vec<u8> {
    let mut conversation = vec![MAGIC, 0xf1, 0, 0];
    for message in [hello(), json!([32, 1, {}, "a.b"]), json!([48, 2, {}, "waiting.watched"])] {
        conversation.extend(frame(0, &Serializer::Json.encode(&message)));
    }
    conversation
}

fn open_long_poll() -> Vec<u8> {
    let body = r#"{"protocols":["wamp.2.json"]}"#;
    format!("POST /lp/open HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn a_disconnect_at_any_byte_of_rawsocket_leaves_nothing_behind() {
    for runtime in RUNTIMES {
        let mut scene = Scene::with(&[runtime]);
        let base = scene.server.open_files();
        let conversation = rawsocket();
        assert_eq!(disconnect_at_every_byte(scene.url(), &conversation), conversation.len() + 1);
        scene.wait_until("all handlers are dropped", |scene| {
            scene.ask("waiting.running", json!([]))[3] == json!([0])
        });
        scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
        scene.unharmed();
    }
}

#[test]
fn a_disconnect_at_any_byte_of_a_request_to_long_poll_leaves_nothing_behind() {
    for runtime in RUNTIMES {
        let mut scene = Scene::with(&[runtime, "idle_timeout_ms=100"]);
        let base = scene.server.open_files();
        let request = open_long_poll();
        assert_eq!(disconnect_at_every_byte(scene.url(), &request), request.len() + 1);
        scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
        scene.wait_until("no transport is left", |scene| scene.connections() == 1);
        scene.unharmed();
    }
}

/// Directory of its own, removed in the end.
struct Certificates(PathBuf);

impl Drop for Certificates {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_disconnect_at_any_byte_of_a_tls_handshake_leaves_nothing_behind() {
    let directory =
        Certificates(std::env::temp_dir().join(format!("serverwamp-vanish-{}", std::process::id())));
    let authority = Authority::new("the authority of this test");
    let (certificate, key) = authority.issue(&[HOST]).write(&directory.0).expect("files");
    for runtime in RUNTIMES {
        let tls = format!("tls={},{}", certificate.display(), key.display());
        let mut scene = Scene::with(&[runtime, &tls]);
        let address = scene.server.tls_address().expect("a port with TLS");
        let base = scene.server.open_files();
        let hello = authority.client().hello(HOST);
        assert_eq!(hello[..2], [0x16, 3], "a handshake record of TLS");
        assert_eq!(disconnect_at_every_byte(&address, &hello), hello.len() + 1);
        scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
        assert!(authority.client().connect(&address, HOST).is_ok());
        scene.unharmed();
    }
}

/// Checklist RAW-24.
#[test]
fn one_port_is_spoken_to_in_all_ways_at_once_octet_by_octet() {
    for runtime in RUNTIMES {
        let mut scene = Scene::with(&[runtime]);
        let openings: [(Vec<u8>, &[u8]); 4] = [
            (vec![MAGIC, 0xf2, 0, 0], &[MAGIC]),
            (handshake(scene.url(), Subprotocol::CBOR), b"HTTP/1.1 101 "),
            (open_long_poll(), b"HTTP/1.1 200 "),
            (b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), b"HTTP/1.1 404 "),
        ];
        let connect = |opening| {
            let stream = Stream::tcp(scene.server.address());
            stream.set_read_timeout(DEADLINE);
            (stream, opening)
        };
        let mut peers: Vec<_> = openings.iter().cycle().take(20).map(connect).collect();
        let longest = openings.iter().map(|(opening, _)| opening.len()).max().unwrap_or_default();
        for at in 0..longest {
            for (stream, (opening, _)) in &mut peers {
                stream.write_all(opening.get(at..at + 1).unwrap_or_default()).expect("it is read");
            }
        }
        for (stream, (_, expected)) in &mut peers {
            let mut answer = vec![0; expected.len()];
            stream.read_exact(&mut answer).expect("an answer");
            assert_eq!(answer, *expected);
        }
        drop(peers);
        scene.unharmed();
    }
}
