//! WS: the opening handshake, frames, and how WebSocket and WAMP end together.

use serde_json::{Value, json};
use serverwamp_conformance::harness::{
    Witness, call, joined, roles, server, server_with, violates, wait_for_sessions,
};
use serverwamp_conformance::tcp::frame;
use serverwamp_conformance::{
    Connect, DEADLINE, RawPeer, RawTcp, Refusal, Serializer, ServerProcess, Signal, Subprotocol,
};
use tungstenite::Message;

fn refusal(connect: &Connect) -> Refusal {
    match connect.open() {
        Ok(_) => panic!("the handshake is accepted: {:?}", String::from_utf8_lossy(&connect.request())),
        Err(refusal) => refusal,
    }
}

fn offer(server: &ServerProcess, names: &[&str]) -> Connect {
    Connect::to(server.url()).subprotocols(names)
}

#[test]
fn ws_01_the_subprotocol_that_was_offered_is_echoed() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let peer = RawPeer::connect(server.url(), subprotocol);
        assert_eq!(peer.header("sec-websocket-protocol"), Some(subprotocol.name()));
    }
}

#[test]
fn ws_02_the_clients_first_choice_that_the_server_speaks_is_taken() {
    let server = server();
    for (names, chosen) in [
        (&["foo", "wamp.2.cbor", "wamp.2.json"][..], "wamp.2.cbor"),
        (&["wamp.2.json", "wamp.2.cbor"], "wamp.2.json"),
        (&["wamp.2.flatbuffers", "wamp.2.msgpack.batched", "wamp.2.msgpack"], "wamp.2.msgpack.batched"),
    ] {
        let mut peer = offer(&server, names).open().expect("one of them is known");
        assert_eq!(peer.header("sec-websocket-protocol"), Some(chosen));
        peer.join("realm1");
    }
    // Offered in several headers, with blanks around.
    let connect = Connect::to(server.url())
        .header("Sec-WebSocket-Protocol", "foo ,  wamp.2.json")
        .subprotocols(&["wamp.2.json"]);
    connect.open().expect("blanks do not matter").join("realm1");
}

#[test]
fn ws_03_without_a_common_subprotocol_the_handshake_fails_and_says_why() {
    let server = server();
    for names in [&["wamp.1"][..], &[], &["wamp.2.jsonx", "WAMP.2.JSON"], &["wamp.2.ubjson"]] {
        let refusal = refusal(&offer(&server, names));
        assert_eq!(refusal.status, 400, "{names:?}");
        for known in Subprotocol::ALL {
            assert!(refusal.body.contains(known.name()), "{}", refusal.body);
        }
        for offered in names {
            assert!(refusal.body.contains(offered), "{}", refusal.body);
        }
    }
}

#[test]
fn ws_04_text_frames_for_json_and_binary_frames_for_the_others() {
    let server = server();
    let mut witness = Witness::new(&server);
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        peer.send(json!([1, "realm1", { "roles": roles() }]));
        let welcome = peer.next_raw(DEADLINE).expect("WELCOME");
        assert_eq!(welcome.is_text(), subprotocol == Subprotocol::JSON);
        let good = json!([48, 1, {}, "result.one"]);
        let wrong = match subprotocol.serializer {
            Serializer::Json => Message::binary(Serializer::Json.encode(&good)),
            _ => Message::text("[48,1,{},\"result.one\"]"),
        };
        violates(&mut peer, &mut witness, wrong, "");
    }
}

#[test]
fn ws_05_fragments_are_one_message_and_two_messages_are_a_violation() {
    let server = server();
    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    let hello = Serializer::Json.encode(&json!([1, "realm1", { "roles": roles() }]));
    tcp.write(&frame(true, 1, &hello));
    let mut text = String::from_utf8_lossy(&tcp.read(DEADLINE).expect("WELCOME")).into_owned();
    let call = "[48,1,{},\"echo.payload\",[\"Größe\"]]".as_bytes();
    // Cut inside a character, with a ping between the fragments and an empty fragment.
    let cut = call.iter().position(|byte| *byte >= 0x80).expect("a long character") + 1;
    tcp.write(&frame(false, 1, &call[..4]));
    tcp.write(&frame(true, 9, b"hello?"));
    tcp.write(&frame(false, 0, &call[4..cut]));
    tcp.write(&frame(false, 0, b""));
    tcp.write(&frame(true, 0, &call[cut..]));
    while !text.contains("[50,1,") {
        text += &String::from_utf8_lossy(&tcp.read(DEADLINE).expect("a pong and a result"));
    }
    assert!(text.contains("hello?") && text.contains("[50,1,{},[\"Größe\"]]"), "{text}");

    let mut witness = Witness::new(&server);
    let two = Message::text("[48,1,{},\"result.one\"][48,2,{},\"result.one\"]");
    violates(&mut joined(&server), &mut witness, two, "");
}

#[test]
fn ws_06_a_ping_is_answered_with_its_payload() {
    let server = server();
    let mut peer = joined(&server);
    for payload in [&b""[..], b"x", &[7; 125]] {
        peer.send_raw(Message::Ping(payload.to_vec().into()));
        assert_eq!(peer.next_raw(DEADLINE), Some(Message::Pong(payload.to_vec().into())));
    }
    // An unasked pong means nothing.
    peer.send_raw(Message::Pong(b"heartbeat".to_vec().into()));
    peer.expect_silence_until_fence();
}

/// The code of the Close frame that answers these bytes after a handshake.
#[track_caller]
fn close_code(server: &ServerProcess, subprotocol: Subprotocol, bytes: &[u8]) -> u16 {
    let mut tcp = RawTcp::upgraded(server.url(), subprotocol);
    tcp.write(bytes);
    let all = tcp.read_to_end(DEADLINE).unwrap_or_else(|| panic!("open after {bytes:02x?}"));
    let close = all.windows(2).rposition(|pair| pair[0] == 0x88 && all.len() >= 4 && pair[1] >= 2);
    let at = close.unwrap_or_else(|| panic!("no Close frame with a code in {all:02x?} after {bytes:02x?}"));
    u16::from_be_bytes([all[at + 2], all[at + 3]])
}

#[test]
fn ws_06_frames_that_break_the_rules_are_refused_with_their_code() {
    let server = server();
    let ping_of_126 = frame(true, 9, &[0; 126]);
    let rules: [(&str, &[u8], u16); 13] = [
        ("not masked", b"\x81\x02[]", 1002),
        ("first reserved bit", b"\xc1\x82\0\0\0\0[]", 1002),
        ("second reserved bit", b"\xa1\x82\0\0\0\0[]", 1002),
        ("third reserved bit", b"\x91\x82\0\0\0\0[]", 1002),
        ("reserved data opcode", b"\x83\x82\0\0\0\0[]", 1002),
        ("reserved control opcode", b"\x8b\x80\0\0\0\0", 1002),
        ("fragmented ping", b"\x09\x80\0\0\0\0", 1002),
        ("long ping", &ping_of_126, 1002),
        ("continuation of nothing", b"\x80\x82\0\0\0\0[]", 1002),
        ("message in a message", b"\x01\x81\0\0\0\0[\x81\x82\0\0\0\0[]", 1002),
        ("not UTF-8", b"\x81\x82\0\0\0\0\xc3\x28", 1007),
        ("half a character at the end", b"\x81\x82\0\0\0\0[\xc3", 1007),
        ("length beyond 63 bits", b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 1002),
    ];
    for (what, bytes, code) in rules {
        let found = close_code(&server, Subprotocol::JSON, bytes);
        // A length that cannot be may as well be called too big.
        assert!(found == code || what.starts_with("length") && found == 1009, "{what}: {found}");
    }
    Witness::new(&server).saw_nothing();
}

#[test]
fn ws_06_close_frames_are_answered_and_bad_ones_refused() {
    let server = server();
    for (code, answer) in [(1000, 1000), (1001, 1001), (1003, 1003), (1011, 1011), (3000, 3000), (4999, 4999)]
    {
        let payload = u16::to_be_bytes(code);
        assert_eq!(close_code(&server, Subprotocol::JSON, &frame(true, 8, &payload)), answer);
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        let payload = u16::to_be_bytes(code);
        assert_eq!(close_code(&server, Subprotocol::JSON, &frame(true, 8, &payload)), 1002, "code {code}");
    }
    assert_eq!(close_code(&server, Subprotocol::JSON, &frame(true, 8, &[3])), 1002, "half a code");
    assert_eq!(
        close_code(&server, Subprotocol::JSON, &frame(true, 8, b"\x03\xe8\xff")),
        1007,
        "a reason that is no text"
    );
    // Without a code the answer has the one that objects to nothing.
    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    tcp.write(&frame(true, 8, b""));
    assert_eq!(tcp.read_to_end(DEADLINE).as_deref(), Some(&b"\x88\x02\x03\xe8"[..]));
}

#[test]
fn ws_07_messages_beyond_the_limit_are_refused_with_1009() {
    let server = server_with(&["max_message=5000"]);
    let mut witness = Witness::new(&server);
    for subprotocol in Subprotocol::ALL {
        let sized = |wanted: usize| {
            let around = |text: &str| subprotocol.encode(&[json!([48, 1, {}, "echo.payload", [text]])]);
            // From 256 letters on, the length of the string takes three bytes in either binary serializer.
            let overhead = around(&"x".repeat(1000)).len() - 1000;
            let message = around(&"x".repeat(wanted - overhead));
            assert_eq!(message.len(), wanted);
            message
        };
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        peer.send_raw(sized(5000));
        peer.expect(json!([50, 1, {}, "$list"]));
        peer.send_raw(sized(5001));
        assert_eq!(peer.expect_violation(""), Some(1009), "{subprotocol}");
        witness.saw_nothing();
    }
}

#[test]
fn ws_08_a_session_ends_with_its_transport_whether_clean_or_not() {
    let server = server();
    let mut other = joined(&server);
    let clean = |mut peer: RawPeer| assert_eq!(peer.close(1001), Some(1001));
    let endings: [fn(RawPeer); 2] = [clean, |peer| drop(peer)];
    for end in endings {
        let mut peer = joined(&server);
        peer.subscribe("a.b", Value::Null);
        wait_for_sessions(&mut other, 2);
        end(peer);
        wait_for_sessions(&mut other, 1);
    }
}

#[test]
fn ws_09_every_end_has_its_close_code() {
    let mut server = server();
    let mut violator = joined(&server);
    violator.send(json!([33, 1, 1]));
    assert_eq!(violator.expect_violation(""), Some(1002));
    let mut aborter = joined(&server);
    aborter.send(json!([3, {}, "com.x"]));
    assert_eq!(aborter.expect_closed(), Some(1000));
    let mut refused = RawPeer::connect(server.url(), Subprotocol::JSON);
    refused.send(json!([1, "nope", { "roles": roles() }]));
    assert_eq!(refused.expect_abort("wamp.error.no_such_realm", ""), Some(1000));
    let mut leaving = joined(&server);
    leaving.leave();
    assert_eq!(leaving.close(1000), Some(1000));
    let mut silent = RawPeer::connect(server.url(), Subprotocol::JSON);
    let mut stays = joined(&server);
    server.signal(Signal::Terminate);
    assert_eq!(silent.expect_abort("wamp.close.system_shutdown", ""), Some(1001));
    stays.expect(json!([6, "$dict", "wamp.close.system_shutdown"]));
    stays.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    assert!(matches!(stays.expect_closed(), Some(1000 | 1001)));
    assert!(server.wait_exit(DEADLINE).success());
}

#[test]
fn ws_10_what_the_transport_knows_cannot_be_said_by_the_client() {
    let server = server();
    let connect = Connect::to(server.url()).subprotocol(Subprotocol::JSON).header("Cookie", "sid=joe");
    let fake =
        json!({ "transport": { "auth": { "cookie": "banned" } }, "authid": "root", "authrole": "admin" });
    let mut peer = connect.open().expect("accepted");
    let welcome = peer.hello("cookies", fake.clone());
    peer.welcomed(&welcome);
    assert_eq!((&welcome[2]["authid"], &welcome[2]["authrole"]), (&json!("joe"), &json!("browser")));
    assert!(!welcome.to_string().contains("banned"), "{welcome}");
    let info = call(&mut peer, "session.info", json!([]));
    assert_eq!(info[4]["cookie"], "joe");
    // The same words without the cookie are worth nothing.
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let answer = peer.hello("cookies", fake);
    assert_eq!(answer[0], 3, "{answer}");
}

#[test]
fn ws_11_pages_of_other_hosts_are_refused() {
    let server = server();
    let connect = |origin: &str| offer(&server, &["wamp.2.json"]).header("Origin", origin);
    for origin in ["https://evil.example", "null", "http://127.0.0.1.evil.example", "file://"] {
        assert_eq!(refusal(&connect(origin)).status, 403, "{origin}");
    }
    connect(&format!("http://{}", server.address())).open().expect("a page of the same host").join("realm1");
}

#[test]
fn ws_11_a_silent_peer_is_pinged_and_given_up() {
    let server = server_with(&["ping_ms=200"]);
    let mut answering = joined(&server);
    let mut silent = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    let hello = Serializer::Json.encode(&json!([1, "realm1", { "roles": roles() }]));
    silent.write(&frame(true, 1, &hello));
    // This library answers pings while it is read from.
    let pings = (0..5).filter(|_| matches!(answering.next_raw(DEADLINE), Some(Message::Ping(_)))).count();
    assert_eq!(pings, 5);
    assert!(silent.read_to_end(DEADLINE).is_some(), "a peer that answers no ping is kept");
    answering.expect_silence_until_fence();
}

#[test]
fn ws_11_compression_is_used_when_both_sides_want_it() {
    let server = server();
    let plain = RawPeer::connect(server.url(), Subprotocol::JSON);
    assert_eq!(plain.header("sec-websocket-extensions"), None, "it was not asked for");
    let connect = offer(&server, &["wamp.2.json"]).header("Sec-WebSocket-Extensions", "permessage-deflate");
    let peer = connect.open().expect("accepted");
    let chosen = peer.header("sec-websocket-extensions").unwrap_or("");
    assert!(chosen.starts_with("permessage-deflate"), "{chosen}");
}

#[test]
fn ws_12_names_nobody_registered_are_refused() {
    let server = server();
    assert_eq!(refusal(&offer(&server, &["wamp.2.x_test"])).status, 400);
}
