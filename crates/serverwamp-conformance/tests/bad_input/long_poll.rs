//! Memory that polling clients make the server keep before WELCOME.

use serde_json::json;
use serverwamp_conformance::{DEADLINE, Http, LongPoll, RawTcp, Stream, Subprotocol};

use serverwamp_conformance::harness::{MIB, Scene};

/// The number of transports that an attacker opens.
const TRANSPORTS: usize = 200;

#[test]
fn hellos_of_a_megabyte_and_bodies_that_lack_an_octet_take_no_more_than_a_hello_each() {
    let mut scene = Scene::with(&[
        "hello_timeout_ms=60000",
        "authenticate_timeout_ms=60000",
        "transports_per_connection=1000",
    ]);
    // Transports, the HTTP buffers of their connections, and `hello_bytes` for each: 64 KiB.
    scene.within_memory(TRANSPORTS as u64 * 64 * 1024 + 24 * MIB, |scene, check| {
        let mut http = Http::over(Stream::tcp(scene.server.address()));
        let mut unfinished = Vec::new();
        for _ in 0..TRANSPORTS {
            let opened = http.post("/lp/open", br#"{"protocols":["wamp.2.json"]}"#);
            let path = format!("/lp/{}", opened.json()["transport"].as_str().expect("an id"));
            for length in [1024 * 1024, 64 * 1024] {
                let mut tcp = RawTcp::open(scene.url());
                let head =
                    format!("POST {path}/send HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
                tcp.write(head.as_bytes());
                let _refused_meanwhile = tcp.try_write(&vec![b' '; length - 1]);
                unfinished.push(tcp);
            }
        }
        check(scene);
        drop(unfinished);
    });
    scene.wait_until("no body is waited for", |scene| scene.connections() <= 2 + TRANSPORTS as u64);
}

#[test]
fn transports_whose_sessions_have_ended_keep_nothing_of_what_they_were_sent() {
    let mut scene = Scene::new();
    scene.within_memory(48 * MIB, |scene, check| {
        let mut transports = Vec::new();
        for _ in 0..TRANSPORTS {
            let mut transport = LongPoll::open(scene.server.address(), "/lp", Subprotocol::JSON);
            let hello = json!([1, "realm1", { "roles": { "caller": {} } }]).to_string();
            assert_eq!(transport.post("send", hello.as_bytes()).status, 204);
            assert!(transport.receive(DEADLINE).is_ok_and(|welcome| welcome.is_some()));
            // No message, and a megabyte that nobody takes any more.
            assert_eq!(transport.post("send", b"nonsense").status, 400);
            // It is answered before it has been sent, and what nobody reads any more may be answered by a reset.
            let mut tcp = RawTcp::open(scene.url());
            let (path, length) = (transport.path(), 1024 * 1024);
            let head = format!("POST {path}/send HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
            let _refused_meanwhile =
                tcp.try_write(head.as_bytes()).and_then(|()| tcp.try_write(&vec![b' '; length]));
            transports.push((transport, tcp));
        }
        check(scene);
        transports.into_iter().for_each(|(transport, _)| transport.vanish());
    });
}
