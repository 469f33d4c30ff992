//! What a close frame says: the text of the ABORT or of the violation before it, cut to what a close frame holds.

use serde_json::{Value, json};
use serverwamp_conformance::{
    Arrival, Carrier, Connect, DEADLINE, Places, RawPeer, RawTcp, Subprotocol, tcp,
};
use tungstenite::Message;

use serverwamp_conformance::harness::{join, server, server_with, takes};

/// What stands in a close frame beside its code.
const LONGEST: usize = 123;

/// Text in the ABORT, the close code, and what brings them about.
type Case<'c> = (&'c str, u16, &'c dyn Fn(&mut RawPeer));

/// Waits for ABORT and the end. Gives the text of the ABORT, the code, and the text of the close frame.
#[track_caller]
fn ended(peer: &mut RawPeer) -> (String, u16, String) {
    let mut abort = Value::Null;
    let code = loop {
        match peer.next(DEADLINE) {
            Arrival::Message(message) if message[0] == 3 => abort = message,
            Arrival::Message(_) => {}
            Arrival::Closed(code) => break code.expect("a close frame"),
            Arrival::Nothing => panic!("the connection stays open"),
        }
    };
    let text = abort[1]["message"].as_str().expect("a text").to_owned();
    (text, code, peer.close_reason().expect("a close frame").to_owned())
}

#[test]
fn the_close_frame_says_what_the_abort_said() {
    let server = server_with(&["max_message=1000", "hello_timeout_ms=100"]);
    let cases: [Case<'_>; 5] = [
        ("realm", 1000, &|peer| peer.send(json!([1, "nowhere", { "roles": { "caller": {} } }]))),
        ("HELLO", 1002, &|peer| peer.send(json!([48, 1, {}, "a.b"]))),
        ("text", 1002, &|peer| peer.send_raw(Message::binary(vec![1]))),
        ("message of 1001 bytes exceeds the limit of 1000", 1009, &|peer| {
            peer.send_raw(Message::text("x".repeat(1001)))
        }),
        ("no HELLO within", 1002, &|_| ()),
    ];
    for (part, code, act) in cases {
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        act(&mut peer);
        let (text, closed, reason) = ended(&mut peer);
        assert!(text.contains(part), "{part:?} is not in {text:?}");
        assert_eq!((closed, reason), (code, text));
    }
    let mut peer = join(&server, "realm1");
    peer.start_call("session.abort", Value::Null, Value::Null, Value::Null);
    assert_eq!(ended(&mut peer), ("asked for".to_owned(), 1000, "asked for".to_owned()));
}

#[test]
fn the_text_of_a_close_frame_is_cut_between_two_characters() {
    let server = server();
    for length in 50..54 {
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        let realm = format!("{}{}", "x".repeat(length), "\u{20ac}".repeat(40));
        peer.send(json!([1, realm, { "roles": { "caller": {} } }]));
        let (text, code, reason) = ended(&mut peer);
        assert!(text.len() > LONGEST, "{text}");
        assert_eq!(code, 1000);
        assert!(text.starts_with(&reason), "{reason:?} is not the beginning of {text:?}");
        assert!((LONGEST - 2..=LONGEST).contains(&reason.len()), "{}", reason.len());
    }
}

#[test]
fn a_close_frame_without_a_code_is_answered_with_1000() {
    let server = server();
    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    tcp.write(&tcp::frame(true, 8, b""));
    assert_eq!(tcp.read_to_end(DEADLINE).as_deref(), Some(&[0x88, 2, 0x03, 0xe8][..]));
}

// SES-15
#[test]
fn an_abort_before_hello_ends_the_transport_at_once_whatever_carries_it() {
    let server = server_with(&["hello_timeout_ms=60000"]);
    let places = Places::at(server.url());
    for carrier in [Carrier::WebSocket, Carrier::RawSocketTcp, Carrier::LongPoll] {
        let mut peers =
            [carrier.connect(&places, Subprotocol::JSON), carrier.connect(&places, Subprotocol::JSON)];
        // In the second a session has come and gone.
        peers[1].join("realm1");
        peers[1].leave();
        for peer in &mut peers {
            peer.send(json!([3, {}, "wamp.error.canceled"]));
            takes(0, 3000, || assert!(matches!(peer.next(DEADLINE), Arrival::Closed(_)), "{carrier:?}"));
        }
    }
    let mut peer = Connect::to(server.url()).subprotocol(Subprotocol::CBOR).open().expect("an upgrade");
    peer.send(json!([3, {}, "wamp.error.canceled"]));
    assert_eq!(peer.expect_closed(), Some(1000));
}
