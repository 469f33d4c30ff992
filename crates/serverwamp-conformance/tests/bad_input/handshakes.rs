//! Opening handshakes that are slow, broken, or never finished.

use std::time::{Duration, Instant};

use serde_json::json;
use serverwamp_conformance::harness::{Scene, hello, json_frame};
use serverwamp_conformance::tcp::{disconnect_at_every_byte, handshake};
use serverwamp_conformance::{Connect, DEADLINE, RawPeer, RawTcp, Subprotocol};

/// The default time for a peer's HTTP request, and then for its HELLO; and some more for a busy machine.
const HANDSHAKE: Duration = Duration::from_secs(5);
const LENIENCE: Duration = Duration::from_secs(3);

#[test]
fn a_disconnect_at_any_byte_of_the_handshake_and_the_first_frames_leaves_nothing_behind() {
    let mut scene = Scene::new();
    let mut conversation = handshake(scene.url(), Subprotocol::JSON);
    conversation.extend(json_frame(&hello()));
    conversation.extend(json_frame(&json!([32, 1, {}, "a.b"])));
    conversation.extend(json_frame(&json!([48, 2, {}, "waiting.watched"])));
    let base = scene.server.open_files();
    assert_eq!(disconnect_at_every_byte(scene.url(), &conversation), conversation.len() + 1);
    scene.wait_until("all handlers are dropped", |scene| {
        scene.ask("waiting.running", json!([]))[3] == json!([0])
    });
    scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
    scene.unharmed();
}

#[test]
fn a_handshake_byte_by_byte_is_accepted() {
    let mut scene = Scene::new();
    let mut tcp = RawTcp::open(scene.url());
    let request = handshake(scene.url(), Subprotocol::JSON);
    assert_eq!(tcp.write_slowly(&request, Duration::from_millis(1)), request.len());
    let head = tcp.read(DEADLINE).expect("an answer");
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    // And so are frames.
    let messages = [json_frame(&hello()), json_frame(&json!([48, 1, {}, "result.one"]))].concat();
    assert_eq!(tcp.write_slowly(&messages, Duration::from_millis(1)), messages.len());
    let mut received = String::new();
    while !received.contains("[50,1,{},[42]]") {
        received += &String::from_utf8_lossy(&tcp.read(DEADLINE).expect("WELCOME and a result"));
    }
    drop(tcp);
    scene.unharmed();
}

/// All requests and frames in one segment, before the server has said anything.
#[test]
fn frames_right_behind_the_request_are_served() {
    let mut scene = Scene::new();
    let mut tcp = RawTcp::open(scene.url());
    let all = [
        handshake(scene.url(), Subprotocol::JSON),
        json_frame(&hello()),
        json_frame(&json!([48, 1, {}, "result.one"])),
    ]
    .concat();
    tcp.write(&all);
    let mut received = String::new();
    while !received.contains("[50,1,{},[42]]") {
        received += &String::from_utf8_lossy(&tcp.read(DEADLINE).expect("101, WELCOME and a result"));
    }
    drop(tcp);
    scene.unharmed();
}

#[test]
fn peers_that_say_nothing_or_too_little_are_closed_in_time() {
    let mut scene = Scene::new();
    let request = handshake(scene.url(), Subprotocol::JSON);
    let base = scene.server.open_files();
    let started = Instant::now();
    let mut silent = RawTcp::open(scene.url());
    let mut half = RawTcp::open(scene.url());
    half.write(&request[..request.len() / 2]);
    let mut almost = RawTcp::open(scene.url());
    almost.write(&request[..request.len() - 1]);
    let mut without_hello = RawTcp::upgraded(scene.url(), Subprotocol::JSON);
    let mut half_a_frame = RawTcp::upgraded(scene.url(), Subprotocol::JSON);
    let frame = json_frame(&hello());
    half_a_frame.write(&frame[..frame.len() - 1]);
    scene.neighbour_is_served();
    for (what, tcp) in [
        ("silent", &mut silent),
        ("half a request", &mut half),
        ("almost a request", &mut almost),
        ("no HELLO", &mut without_hello),
        ("half a HELLO", &mut half_a_frame),
    ] {
        let left = (HANDSHAKE + LENIENCE).saturating_sub(started.elapsed()).max(Duration::from_millis(10));
        assert!(
            tcp.read_to_end(left).is_some(),
            "{what}: the connection is open after {:?}",
            started.elapsed()
        );
    }
    assert!(started.elapsed() > HANDSHAKE / 2, "they were given some time");
    scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
    scene.unharmed();
}

/// The time is for the whole handshake: a peer that sends a byte now and then gains nothing.
#[test]
fn peers_that_send_a_byte_now_and_then_are_closed_in_time() {
    let mut scene = Scene::new();
    let started = Instant::now();
    let url = scene.url().to_owned();
    let drip = |mut tcp: RawTcp, bytes: Vec<u8>| {
        move || {
            let pause = Duration::from_millis(250);
            let taken = tcp.write_slowly(&bytes, pause);
            (taken < bytes.len()).then(|| started.elapsed())
        }
    };
    let request = handshake(&url, Subprotocol::JSON);
    let http = std::thread::spawn(drip(RawTcp::open(&url), request));
    let frames = std::thread::spawn(drip(RawTcp::upgraded(&url, Subprotocol::JSON), json_frame(&hello())));
    scene.neighbour_is_served();
    for (what, thread) in [("the request", http), ("HELLO", frames)] {
        let ended =
            thread.join().expect("no panic").unwrap_or_else(|| panic!("{what} was waited for to its end"));
        assert!(ended < HANDSHAKE + LENIENCE, "{what} took {ended:?}");
    }
    scene.unharmed();
}

#[test]
fn requests_that_are_no_websocket_handshake_get_an_http_error() {
    let mut scene = Scene::new();
    let connect = || Connect::to(scene.url()).subprotocol(Subprotocol::JSON);
    for (what, connect, status) in [
        ("no upgrade", connect().without("Upgrade"), 426),
        ("another upgrade", connect().header("Upgrade", "h2c"), 426),
        ("no connection upgrade", connect().without("Connection"), 426),
        ("no version", connect().without("Sec-WebSocket-Version"), 426),
        ("an old version", connect().header("Sec-WebSocket-Version", "8"), 426),
        ("no key", connect().without("Sec-WebSocket-Key"), 400),
        ("a short key", connect().header("Sec-WebSocket-Key", "AAAA"), 400),
        ("no key at all", connect().header("Sec-WebSocket-Key", "not base64, but 24 bytes"), 400),
        ("no host", connect().without("Host"), 400),
        ("two hosts", connect().header("Host", "x").header("Host", "x"), 400),
        ("what is no host", connect().header("Host", "joe@x"), 400),
        ("another path", connect().path("/nowhere"), 404),
        ("a foreign origin", connect().header("Origin", "https://evil.example"), 403),
    ] {
        let refusal = connect.open().err().unwrap_or_else(|| panic!("{what} is accepted"));
        assert_eq!(refusal.status, status, "{what}: {}", refusal.body);
        assert!(refusal.body.len() > 10 && refusal.body.len() < 500, "{what}: {}", refusal.body);
    }
    scene.unharmed();
}

#[test]
fn what_is_no_http_is_refused() {
    let mut scene = Scene::new();
    let long_line = [b"GET /".as_slice(), &[b'a'; 100_000], b" HTTP/1.1\r\n\r\n"].concat();
    let many_headers = format!("GET /ws HTTP/1.1\r\n{}\r\n", "X-Header: value\r\n".repeat(1000));
    let a_mebibyte = format!("GET /ws HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(1 << 20));
    let garbage: [&[u8]; 9] = [
        b"\r\n\r\n\r\n\0",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"HELO example.com\r\n\r\n",
        b"GET /ws\r\n\r\n",
        b"\x7f\x01\0\0[1,\"realm1\",{}]\r\n\r\n",
        &[0xff; 5000],
        &long_line,
        many_headers.as_bytes(),
        a_mebibyte.as_bytes(),
    ];
    for bytes in garbage {
        let mut tcp = RawTcp::open(scene.url());
        drop(tcp.try_write(bytes));
        tcp.finish_writing();
        let answer = tcp.read_to_end(HANDSHAKE + LENIENCE).expect("the end");
        assert!(
            !answer.starts_with(b"HTTP/1.1 101"),
            "{:?}",
            String::from_utf8_lossy(&bytes[..bytes.len().min(50)])
        );
        scene.neighbour_is_served();
    }
    scene.unharmed();
}

#[test]
fn headers_beyond_the_limits_are_refused() {
    let mut scene = Scene::new();
    let connect = || Connect::to(scene.url()).subprotocol(Subprotocol::JSON);
    connect().header("X-Long", &"x".repeat(8000)).open().expect("8 kB of headers are usual").join("realm1");
    for connect in [
        connect().header("X-Long", &"x".repeat(20_000)),
        (0..100).fold(connect(), |connect, number| connect.header(&format!("X-{number}"), "value")),
    ] {
        let refusal = connect.open().expect_err("refused");
        assert_eq!(refusal.status, 431);
    }
    // A thousand subprotocols, of which the last one is known, are one long header.
    let names: Vec<String> = (0..1000).map(|number| format!("p{number}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("wamp.2.json");
    let peer = Connect::to(scene.url()).subprotocols(&names).open();
    peer.expect("a long list is a list").join("realm1");
    scene.unharmed();
}

#[test]
fn made_up_realms_leave_nothing_behind() {
    let mut scene = Scene::new();
    scene.within_memory(4 * serverwamp_conformance::harness::MIB, |scene, _| {
        for number in 0..500 {
            let mut peer = RawPeer::connect(scene.url(), Subprotocol::JSON);
            let answer = peer.hello(&format!("realm.{number}.{}", "x".repeat(900)), json!({}));
            assert_eq!((&answer[0], &answer[2]), (&json!(3), &json!("wamp.error.no_such_realm")));
        }
    });
    scene.unharmed();
}
