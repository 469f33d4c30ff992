//! Messages that are too big, too deep, or say they are.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::harness::{MIB, Scene, raw_message, refused};
use serverwamp_conformance::tcp::frame;
use serverwamp_conformance::{Connect, DEADLINE, RawPeer, RawTcp, Subprotocol};
use tungstenite::Message;

/// The limit that holds by default.
const MAX_MESSAGE: usize = 1024 * 1024;

/// The time that a refusal may take. It takes milliseconds; this is far below what a decoder takes that is not linear.
const SOON: Duration = Duration::from_millis(1500);

/// A call whose message has exactly this length.
fn call_of(subprotocol: Subprotocol, length: usize) -> Message {
    let with =
        |letters: usize| subprotocol.encode(&[json!([48, 1, {}, "echo.payload", ["x".repeat(letters)]])]);
    // Beyond 65535 letters the length of the string takes the same number of bytes.
    let overhead = with(70_000).len() - 70_000;
    let message = with(length - overhead);
    assert_eq!(message.len(), length);
    message
}

#[test]
fn a_message_of_exactly_the_limit_is_served_and_one_byte_more_is_refused_with_1009() {
    let mut scene = Scene::new();
    for subprotocol in Subprotocol::ALL {
        let mut peer = scene.joined(subprotocol);
        peer.send_raw(call_of(subprotocol, MAX_MESSAGE));
        peer.expect(json!([50, 1, {}, "$list"]));
        assert_eq!(refused(&mut peer, call_of(subprotocol, MAX_MESSAGE + 1)), Some(1009), "{subprotocol}");
        let mut stranger = RawPeer::connect(scene.url(), subprotocol);
        assert_eq!(
            refused(&mut stranger, call_of(subprotocol, MAX_MESSAGE + 1)),
            Some(1009),
            "{subprotocol}"
        );
        scene.neighbour_is_served();
    }
    scene.unharmed();
}

#[test]
fn fragments_are_counted_together() {
    let mut scene = Scene::new();
    let half = vec![b' '; MAX_MESSAGE / 2];
    let mut tcp = scene.joined_tcp();
    tcp.write(&frame(false, 1, &half));
    tcp.write(&frame(false, 0, &half[..half.len() - 24]));
    tcp.write(&frame(true, 0, b"[48,1,{},\"result.one\"]  "));
    let answer = tcp.read(DEADLINE).expect("an answer");
    assert!(String::from_utf8_lossy(&answer).contains("[50,1,{},[42]]"), "{answer:?}");
    tcp.write(&frame(false, 1, &half));
    tcp.write(&frame(false, 0, &half));
    drop(tcp.try_write(&frame(true, 0, b" ")));
    let end = tcp.read_to_end(DEADLINE).expect("the end");
    assert!(end.windows(2).any(|pair| pair == 1009_u16.to_be_bytes()), "{}", String::from_utf8_lossy(&end));
    scene.unharmed();
}

/// A hundred mebibytes of zeros as one deflated block: after the first, each match of 258 zeros takes 13 bits.
fn deflated_zeros() -> Vec<u8> {
    let mut bits: Vec<bool> = vec![false, true, false];
    let mut huffman = |code: u32, length: u32| bits.extend((0..length).rev().map(|bit| code >> bit & 1 == 1));
    huffman(0x30, 8);
    for _ in 0..100 * MIB / 258 {
        huffman(0b1100_0101, 8);
        huffman(0, 5);
    }
    huffman(0, 7);
    // An empty stored block, whose lengths the receiver adds.
    huffman(0, 3);
    bits.chunks(8).map(|byte| byte.iter().enumerate().map(|(at, bit)| u8::from(*bit) << at).sum()).collect()
}

#[test]
fn what_inflates_beyond_the_limit_is_refused_before_it_has() {
    let mut scene = Scene::new();
    let bomb = deflated_zeros();
    assert!(bomb.len() < MAX_MESSAGE, "it must pass as a message of legal length");
    let mut compressed = frame(true, 1, &bomb);
    compressed[0] |= 0x40;
    scene.within_memory(8 * MIB, |scene, check| {
        for _ in 0..3 {
            let connect = Connect::to(scene.url())
                .subprotocol(Subprotocol::JSON)
                .header("Sec-WebSocket-Extensions", "permessage-deflate");
            let mut tcp = RawTcp::open(scene.url());
            tcp.write(&connect.request());
            let head = tcp.read(DEADLINE).expect("an answer to the handshake");
            assert!(
                String::from_utf8_lossy(&head).contains("permessage-deflate"),
                "compression is negotiated"
            );
            let started = Instant::now();
            drop(tcp.try_write(&compressed));
            let end = tcp.read_to_end(DEADLINE).expect("the end");
            assert!(
                end.windows(2).any(|pair| pair == 1009_u16.to_be_bytes()),
                "{}",
                String::from_utf8_lossy(&end)
            );
            assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
            check(scene);
        }
    });
    scene.unharmed();
}

/// A message in a frame that says that it is compressed, and has it as it is: as a stored block of DEFLATE.
fn stored(message: &Value) -> Vec<u8> {
    let text = message.to_string();
    let length = u16::try_from(text.len()).expect("one block holds it");
    let block = [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), text.as_bytes(), &[0]].concat();
    let mut compressed = frame(true, 1, &block);
    compressed[0] |= 0x40;
    compressed
}

/// A window takes 32 KiB in the direction of the server, and compressing a quarter of a mebibyte: nothing of that is
/// kept for a connection.
#[test]
fn compression_keeps_nothing_between_messages() {
    const CONNECTIONS: u64 = 200;
    let mut scene = Scene::new();
    let connect = Connect::to(scene.url())
        .subprotocol(Subprotocol::JSON)
        .header("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
    scene.within_memory(2 * MIB + CONNECTIONS * 40 * 1024, |scene, check| {
        let mut idle = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut tcp = RawTcp::open(scene.url());
            tcp.write(&connect.request());
            let head = tcp.read(DEADLINE).expect("an answer to the handshake");
            let head = String::from_utf8_lossy(&head);
            assert!(head.contains("server_no_context_takeover; client_no_context_takeover"), "{head}");
            tcp.write(&stored(&json!([1, "realm1", { "roles": { "caller": {} } }])));
            tcp.read(DEADLINE).expect("WELCOME");
            tcp.write(&stored(&json!([48, 1, {}, "echo.payload", ["x".repeat(5000)]])));
            let result = tcp.read(DEADLINE).expect("a result");
            assert!(result.starts_with(&[0xc1]) && result.len() < 1000, "compressed: {:x?}", &result[..2]);
            idle.push(tcp);
            check(scene);
        }
    });
    scene.unharmed();
}

/// A hundred thousand levels of something, in each serializer.
fn deep() -> Vec<(Subprotocol, Vec<u8>)> {
    const LEVELS: usize = 100_000;
    let in_call = |head: &[u8], level: &[u8]| [head, &level.repeat(LEVELS)].concat();
    let json = |level: &str| (Subprotocol::JSON, in_call(b"", level.as_bytes()));
    let json_call =
        |level: &str| (Subprotocol::JSON, in_call(br#"[48,1,{},"echo.payload",["#, level.as_bytes()));
    let json_option = |level: &str| (Subprotocol::JSON, in_call(br#"[48,1,{"unknown":"#, level.as_bytes()));
    let msgpack = |head: &[u8], level: &[u8]| (Subprotocol::MSGPACK, in_call(head, level));
    let cbor = |head: &[u8], level: &[u8]| (Subprotocol::CBOR, in_call(head, level));
    let (msgpack_call, cbor_call) =
        (b"\x95\x30\x01\x80\xacecho.payload", b"\x85\x18\x30\x01\xa0\x6cecho.payload");
    vec![
        json("["),
        json("{\"a\":"),
        json("[[],"),
        json_call("["),
        json_call("{\"a\":["),
        json_option("["),
        msgpack(b"", &[0x91]),
        msgpack(b"", &[0x81, 0xa1, b'a']),
        msgpack(msgpack_call, &[0x91]),
        msgpack(b"\x94\x30\x01\x81\xa1x", &[0x91]),
        cbor(b"", &[0x81]),
        cbor(b"", &[0x9f]),
        cbor(b"", &[0xbf, 0x61, b'a']),
        cbor(b"", &[0xc1]),
        cbor(cbor_call, &[0x81]),
        cbor(cbor_call, &[0x9f]),
        cbor(cbor_call, &[0xd8, 0x20]),
        cbor(b"\x84\x18\x30\x01\xa1\x61x", &[0x81]),
    ]
}

#[test]
fn a_hundred_thousand_levels_are_refused_quickly_before_and_after_hello() {
    let mut scene = Scene::new();
    for (subprotocol, bytes) in deep() {
        let bad = raw_message(subprotocol, &bytes);
        let mut peers = [RawPeer::connect(scene.url(), subprotocol), scene.joined(subprotocol)];
        for peer in &mut peers {
            let (started, used) = (Instant::now(), scene.server.cpu_time());
            refused(peer, bad.clone());
            let used = scene.server.cpu_time() - used;
            assert!(used < SOON / 5, "{used:?} of processor time over {:02x?}", &bytes[..20]);
            assert!(started.elapsed() < SOON, "{:?} over {:02x?}", started.elapsed(), &bytes[..20]);
        }
        scene.neighbour_is_served();
    }
    scene.unharmed();
}

#[test]
fn levels_closed_in_good_order_are_refused_as_well() {
    let mut scene = Scene::new();
    for levels in [65, 1000, 100_000] {
        let nested = "[".repeat(levels) + &"]".repeat(levels);
        let call = format!(r#"[48,1,{{}},"echo.payload",{nested}]"#);
        refused(&mut scene.joined(Subprotocol::JSON), Message::text(call));
        let nested = [&[0x91].repeat(levels)[..], &[0x90]].concat();
        let call = [b"\x95\x30\x01\x80\xacecho.payload", &nested[..]].concat();
        refused(&mut scene.joined(Subprotocol::MSGPACK), Message::binary(call));
    }
    // The nesting that applications use passes.
    for subprotocol in Subprotocol::PLAIN {
        let nested = (0..30).fold(json!("core"), |inner, _| json!([{ "in": inner }]));
        let mut peer = scene.joined(subprotocol);
        let id = peer.start_call("echo.payload", json!([nested]), Value::Null, Value::Null);
        peer.expect(json!([50, id, {}, [nested]]));
    }
    scene.unharmed();
}

/// Lengths of up to 2^64 that nothing follows.
fn announced() -> Vec<(Subprotocol, Vec<u8>)> {
    let mut all = Vec::new();
    for head in [0xdd, 0xdf, 0xdb, 0xc6, 0xc9] {
        for length in [[0xff; 4], [0x7f, 0xff, 0xff, 0xff], [0, 0x10, 0, 0]] {
            all.push((Subprotocol::MSGPACK, [&[head][..], &length].concat()));
            all.push((Subprotocol::MSGPACK, [b"\x95\x30\x01\x80\xa1a", &[head][..], &length].concat()));
        }
    }
    for head in [0x9b, 0xbb, 0x7b, 0x5b] {
        for length in
            [[0xff; 8], [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0, 0, 0x10, 0, 0]]
        {
            all.push((Subprotocol::CBOR, [&[head][..], &length].concat()));
            all.push((Subprotocol::CBOR, [b"\x85\x18\x30\x01\xa0\x61a", &[head][..], &length].concat()));
        }
    }
    for length in [[0xff; 4], [0x7f, 0xff, 0xff, 0xff], [0, 0x0f, 0xff, 0xff]] {
        all.push((Subprotocol::MSGPACK_BATCHED, length.to_vec()));
        all.push((Subprotocol::CBOR_BATCHED, [&length[..], &[0x81]].concat()));
    }
    all
}

#[test]
fn huge_lengths_are_refused_without_memory_for_them() {
    let mut scene = Scene::new();
    scene.within_memory(4 * MIB, |scene, check| {
        for (subprotocol, bytes) in announced() {
            refused(&mut RawPeer::connect(scene.url(), subprotocol), raw_message(subprotocol, &bytes));
            refused(&mut scene.joined(subprotocol), raw_message(subprotocol, &bytes));
            check(scene);
        }
    });
    scene.unharmed();
}

#[test]
fn frames_that_announce_more_than_the_limit_are_refused_at_their_header() {
    let mut scene = Scene::new();
    scene.within_memory(4 * MIB, |scene, check| {
        for length in [MAX_MESSAGE as u64 + 1, 1 << 31, 1 << 32, (1 << 62) + 7, (1 << 63) - 1] {
            for opcode in [0x81, 0x82, 0x01] {
                let mut tcp = RawTcp::upgraded(scene.url(), Subprotocol::JSON);
                tcp.write(&[&[opcode, 0xff][..], &length.to_be_bytes(), &[1, 2, 3, 4]].concat());
                let end = tcp.read_to_end(DEADLINE).expect("the end");
                assert!(end.windows(2).any(|pair| pair == 1009_u16.to_be_bytes()), "{length}");
                check(scene);
            }
        }
    });
    scene.unharmed();
}

#[test]
fn memory_is_taken_for_what_came_and_not_for_what_was_announced() {
    let mut scene = Scene::new();
    let header = [&[0x81, 0xff][..], &(MAX_MESSAGE as u64).to_be_bytes(), &[0; 4], b"[48,1"].concat();
    // 100 mebibytes are announced.
    scene.within_memory(10 * MIB, |scene, check| {
        let mut waiting = Vec::new();
        for _ in 0..100 {
            let mut tcp = RawTcp::upgraded(scene.url(), Subprotocol::JSON);
            tcp.write(&header);
            waiting.push(tcp);
        }
        scene.neighbour_is_served();
        check(scene);
    });
    scene.unharmed();
}

#[test]
fn messages_of_many_small_things_take_no_more_than_their_length_is_worth() {
    let mut scene = Scene::new();
    let most = MAX_MESSAGE - 100;
    let empties = "[],".repeat(most / 3);
    // More than 64 KiB of options are refused unread.
    let most_of_an_option = "[],".repeat(64 * 1024 / 3 - 10);
    let calls = [
        (Subprotocol::JSON, format!(r#"[48,1,{{}},"result.one",[{empties}1]]"#).into_bytes()),
        (
            Subprotocol::JSON,
            format!(r#"[48,1,{{"unknown":[{most_of_an_option}1]}},"result.one"]"#).into_bytes(),
        ),
        (
            Subprotocol::MSGPACK,
            [b"\x95\x30\x01\x80\xaaresult.one\xdd\0\x0f\0\0", &[0x90; 0x000f_0000][..]].concat(),
        ),
        (
            Subprotocol::CBOR,
            [b"\x85\x18\x30\x01\xa0\x6aresult.one\x9f", &[0x80; 0x000f_0000][..], &[0xff]].concat(),
        ),
    ];
    scene.within_memory(24 * MIB, |scene, check| {
        for (subprotocol, bytes) in &calls {
            let mut peer = scene.joined(*subprotocol);
            let started = Instant::now();
            peer.send_raw(raw_message(*subprotocol, bytes));
            peer.expect(json!([50, 1, {}, [42]]));
            assert!(started.elapsed() < 2 * SOON, "{:?}", started.elapsed());
            check(scene);
        }
    });
    scene.unharmed();
}
