//! Connections that end badly, by the hundred.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::harness::{MIB, Scene, hello, json_frame};
use serverwamp_conformance::tcp::frame;
use serverwamp_conformance::{DEADLINE, RawPeer, RawTcp, Serializer, Subprotocol};
use tungstenite::Message;

#[test]
fn open_files_and_memory_return_to_their_base_after_500_connections() {
    let mut scene = Scene::new();
    let churn = |scene: &Scene, many: usize| {
        for number in 0..many {
            let mut peer = scene.joined(Subprotocol::ALL[number % 6]);
            peer.subscribe("a.b", Value::Null);
            peer.start_call("waiting.watched", Value::Null, Value::Null, Value::Null);
            match number % 4 {
                0 => {
                    peer.send(json!([6, {}, "wamp.close.close_realm"]));
                    peer.find("GOODBYE", DEADLINE, |message| message[0] == 6);
                }
                1 => drop(peer.close(1000)),
                2 => {
                    peer.send(json!([33, 1, 1]));
                    peer.find("ABORT", DEADLINE, |message| message[0] == 3);
                }
                _ => {}
            }
        }
    };
    // The first hundred fill caches of the allocator and the runtime.
    churn(&scene, 100);
    scene.unharmed();
    let base = scene.server.open_files();
    scene.within_memory(2 * MIB, |scene, _| churn(scene, 500));
    scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
    scene.wait_until("all handlers are dropped", |scene| {
        scene.ask("waiting.running", json!([]))[3] == json!([0])
    });
    scene.unharmed();
}

#[test]
fn resets_in_the_middle_of_everything_are_survived() {
    let mut scene = Scene::new();
    let base = scene.server.open_files();
    let payload = "x".repeat(100_000);
    for number in 0..100 {
        let mut tcp = scene.joined_tcp();
        for id in 1..=5 {
            tcp.write(&json_frame(&json!([48, id, {}, "echo.payload", [payload]])));
        }
        tcp.write(&json_frame(&json!([48, 6, {}, "waiting.watched"])));
        if number % 2 == 0 {
            // A socket closed with something to read in it answers with a reset.
            assert!(tcp.read(DEADLINE).is_some());
        }
        drop(tcp);
    }
    scene.neighbour_is_served();
    scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
    scene.wait_until("all handlers are dropped", |scene| {
        scene.ask("waiting.running", json!([]))[3] == json!([0])
    });
    scene.unharmed();
}

#[test]
fn a_half_closed_connection_gets_its_answers_and_ends() {
    let mut scene = Scene::new();
    for messages in [
        vec![],
        vec![json_frame(&hello())],
        vec![json_frame(&hello()), json_frame(&json!([48, 1, {}, "result.one"]))],
        vec![json_frame(&hello()), json_frame(&json!([48, 1, {}, "waiting.watched"]))],
        vec![json_frame(&hello())[..10].to_vec()],
    ] {
        let mut tcp = RawTcp::upgraded(scene.url(), Subprotocol::JSON);
        tcp.write(&messages.concat());
        tcp.finish_writing();
        let all = tcp.read_to_end(DEADLINE).expect("the server closes its side as well");
        let said = String::from_utf8_lossy(&all);
        assert_eq!(said.contains("[2,"), messages.first().is_some_and(|first| first.len() > 10), "{said}");
        if messages.len() == 2 && said.contains("[50,1,{},[42]]") {
            assert!(said.find("[2,") < said.find("[50,"));
        }
    }
    // Before the handshake is complete, too.
    let mut tcp = RawTcp::open(scene.url());
    tcp.write(b"GET /ws HTTP/1.1\r\nHost: x\r\n");
    tcp.finish_writing();
    assert!(tcp.read_to_end(DEADLINE).is_some());
    scene.unharmed();
}

#[test]
fn close_frames_with_bad_codes_or_reasons_are_refused_with_1002_or_1007() {
    let mut scene = Scene::new();
    let reason_too_long = frame(true, 8, &[&[0x03, 0xe8][..], &[b'x'; 124]].concat());
    let mut bad: Vec<(Vec<u8>, u16)> =
        [0_u16, 1, 500, 999, 1004, 1005, 1006, 1015, 1100, 2000, 2999, 5000, u16::MAX]
            .into_iter()
            .map(|code| (frame(true, 8, &code.to_be_bytes()), 1002))
            .collect();
    bad.push((frame(true, 8, &[3]), 1002));
    bad.push((frame(false, 8, &[3, 0xe8]), 1002));
    bad.push((reason_too_long, 1002));
    bad.push((frame(true, 8, b"\x03\xe8\xc3\x28"), 1007));
    for (bytes, code) in bad {
        for joined in [false, true] {
            let mut tcp =
                if joined { scene.joined_tcp() } else { RawTcp::upgraded(scene.url(), Subprotocol::JSON) };
            tcp.write(&bytes);
            let end = tcp.read_to_end(DEADLINE).expect("the end");
            assert!(
                end.windows(2).any(|pair| pair == code.to_be_bytes()),
                "{bytes:02x?} was answered with {end:02x?}"
            );
        }
    }
    scene.unharmed();
}

#[test]
fn who_goes_on_after_its_close_frame_is_not_heard() {
    let mut scene = Scene::new();
    let mut tcp = scene.joined_tcp();
    let late = json_frame(&json!([48, 1, {}, "waiting.watched"]));
    tcp.write(&[frame(true, 8, &1000_u16.to_be_bytes()), late.repeat(1000)].concat());
    let all = tcp.read_to_end(DEADLINE).expect("the end");
    assert_eq!(all, [0x88, 2, 3, 0xe8], "the close frame and nothing else");
    assert_eq!(scene.ask("waiting.running", json!([]))[3], json!([0]));
    scene.unharmed();
}

#[test]
fn who_does_not_answer_the_servers_close_frame_is_dropped() {
    let mut scene = Scene::new();
    let base = scene.server.open_files();
    let mut peers: Vec<RawTcp> = (0..20).map(|_| scene.joined_tcp()).collect();
    for tcp in &mut peers {
        tcp.write(&json_frame(&json!([3, {}, "com.x.abort"])));
    }
    let started = Instant::now();
    scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    scene.unharmed();
}

/// As it looks from here when a peer's machine loses power: the connection is there, and nobody at the other end.
#[test]
fn half_open_connections_are_noticed() {
    let mut scene = Scene::with(&["ping_ms=1000"]);
    let base = scene.server.open_files();
    let mut gone: Vec<RawTcp> = (0..50).map(|_| scene.joined_tcp()).collect();
    for tcp in &mut gone {
        tcp.write(&json_frame(&json!([32, 1, {}, "a.b"])));
        tcp.write(&json_frame(&json!([48, 2, {}, "waiting.watched"])));
    }
    assert_eq!(scene.ask("sessions.count", json!([]))[3], json!([51]));
    // The neighbour answers its pings, as it reads all the time.
    scene.wait_until("all handlers are dropped", |scene| {
        scene.ask("waiting.running", json!([]))[3] == json!([0])
    });
    scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
    drop(gone);
    scene.unharmed();
}

/// Every abuse of this file at once, with a neighbour that calls all the time.
#[test]
fn bad_peers_of_all_kinds_do_not_slow_down_a_good_one() {
    let mut scene = Scene::new();
    let url = scene.url().to_owned();
    let bad: [fn(&str); 4] = [
        |url| drop(RawTcp::open(url).try_write(b"GET /ws HTTP/1.1\r\n")),
        |url| {
            let mut peer = RawPeer::connect(url, Subprotocol::MSGPACK);
            peer.send_raw(Message::binary(vec![0x91; 100_000]));
            peer.expect_violation("");
        },
        |url| {
            let mut peer = RawPeer::joined(url, Subprotocol::CBOR, "realm1");
            peer.start_call("error.panic", Value::Null, Value::Null, Value::Null);
            peer.start_call("error.panic_later", Value::Null, Value::Null, Value::Null);
            peer.send(json!([33, 1, 1]));
            peer.find("ABORT", DEADLINE, |message| message[0] == 3);
        },
        |url| {
            let mut tcp = RawTcp::upgraded(url, Subprotocol::JSON);
            tcp.write(&frame(true, 1, &Serializer::Json.encode(&hello())));
            drop(tcp.try_write(&frame(true, 1, b"\xff\xff")));
        },
    ];
    let threads = bad.map(|abuse| {
        let url = url.clone();
        std::thread::spawn(move || (0..25).for_each(|_| abuse(&url)))
    });
    while threads.iter().any(|thread| !thread.is_finished()) {
        scene.neighbour_is_served();
    }
    for thread in threads {
        thread.join().expect("each abuse was answered as it should be");
    }
    scene.unharmed();
}
