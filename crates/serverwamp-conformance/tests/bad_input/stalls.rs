//! Peers that stop in the middle of something, and go on holding their connection.

use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::harness::{MIB, NONE, Scene, hello, json_frame};
use serverwamp_conformance::rawsocket::{self, MAGIC};
use serverwamp_conformance::tcp::handshake;
use serverwamp_conformance::{DEADLINE, RawTcp, Serializer, Subprotocol};

/// The form of a message on the wire.
type Frame = fn(&Value) -> Vec<u8>;

fn raw(message: &Value) -> Vec<u8> {
    rawsocket::frame(0, &Serializer::Json.encode(message))
}

/// A session over RawSocket whose frames are written by hand.
fn joined_rawsocket(scene: &Scene) -> RawTcp {
    let mut tcp = RawTcp::open(scene.url());
    tcp.write(&[&[MAGIC, 0xf1, 0, 0][..], &raw(&hello())].concat());
    let mut received = Vec::new();
    while received.len() < 6 {
        let more = tcp.read(DEADLINE).expect("an answer to the handshake, and WELCOME");
        assert!(!more.is_empty(), "closed after {received:?}");
        received.extend(more);
    }
    tcp
}

/// A session of each transport.
fn both(scene: &Scene) -> [(RawTcp, Frame); 2] {
    [(scene.joined_tcp(), json_frame), (joined_rawsocket(scene), raw)]
}

#[test]
fn who_stops_reading_in_the_middle_of_a_frame_is_closed_and_costs_bounded_memory() {
    let mut scene = Scene::with(&["write_timeout_ms=1000"]);
    let base = scene.server.open_files();
    scene.within_memory(16 * MIB, |scene, check| {
        let stopped = both(scene).map(|(mut tcp, frame)| {
            let call = move |id: u64| frame(&json!([48, id, {}, "echo.payload", ["x".repeat(900_000)]]));
            let mut writer = tcp.second();
            // More than the system's buffers take; the rest is not written once the server stops reading.
            let flood = std::thread::spawn(move || (1..=80).all(|id| writer.try_write(&call(id)).is_ok()));
            let some = tcp.read(DEADLINE).expect("the beginning of a result");
            assert!(!some.is_empty() && some.len() < 900_000, "{} bytes at once", some.len());
            (tcp, flood)
        });
        scene.wait_until("those who do not read on are closed", |scene| {
            scene.neighbour_is_served();
            check(scene);
            scene.ask("sessions.count", json!([]))[3] == json!([1])
        });
        for (_tcp, flood) in stopped {
            assert!(!flood.join().expect("no panic"), "the server took everything");
        }
    });
    scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
    scene.unharmed();
}

/// As it looks from here when a machine loses power while it sends.
#[test]
fn who_stops_sending_in_the_middle_of_a_frame_is_noticed_by_pings() {
    let mut scene = Scene::with(&["ping_ms=1000"]);
    let base = scene.server.open_files();
    let mut stopped = Vec::new();
    for (mut tcp, frame) in (0..10).flat_map(|_| both(&scene)) {
        let call = frame(&json!([48, 1, {}, "echo.payload", ["x".repeat(50_000)]]));
        tcp.write(&call[..30_000]);
        stopped.push(tcp);
    }
    assert_eq!(scene.ask("sessions.count", json!([]))[3], json!([21]));
    scene.wait_until("their sessions are over", |scene| {
        scene.ask("sessions.count", json!([]))[3] == json!([1])
    });
    scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
    drop(stopped);
    scene.unharmed();
}

/// The system itself checks a connection that looks like that one: the timer of TCP keepalive runs.
#[test]
#[cfg(target_os = "linux")]
fn where_nobody_is_pinged_the_system_asks_whether_the_peer_is_there() {
    let mut scene = Scene::new();
    let silent = joined_rawsocket(&scene);
    let here = format!(":{:04X}", silent.local_port());
    let port: u16 =
        scene.server.address().rsplit_once(':').expect("a port").1.parse().expect("a port is a number");
    let there = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux has it");
    // Local and remote address, state, queues, and the timer: 02 is the one of keepalive.
    let timer = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (fields[1].ends_with(&there) && fields[2].ends_with(&here)).then(|| fields[5].to_owned())
    });
    let timer = timer.expect("the server's end of the connection");
    let (kind, ticks) = timer.split_once(':').expect("a timer and its time");
    assert_eq!(kind, "02", "{timer}");
    // Linux tells 1/100 s. By default a system waits two hours.
    assert!(u64::from_str_radix(ticks, 16).expect("a number") <= 2000, "{timer}");
    drop(silent);
    scene.unharmed();
}

/// As many as a process may have that was given no more files than usual.
const SLOW: usize = 700;

#[test]
fn slow_handshakes_by_the_hundred_end_in_time_and_cost_little() {
    let mut scene = Scene::with(&["handshake_ms=2000", "hello_timeout_ms=2000", "connections=2000"]);
    let base = scene.server.open_files();
    let request = handshake(scene.url(), Subprotocol::JSON);
    let rawsocket = [&[MAGIC, 0xf1, 0, 0][..], &raw(&hello())].concat();
    // 32 KiB for each; `serverwamp-bench flood` looks more closely, at thousands.
    scene.within_memory(32 * 1024 * SLOW as u64, |scene, check| {
        let mut slow: Vec<(RawTcp, &[u8])> = (0..SLOW)
            .map(|number| match number % 4 {
                0 => (RawTcp::open(scene.url()), &[][..]),
                1 => (RawTcp::open(scene.url()), &rawsocket[..]),
                _ => (RawTcp::open(scene.url()), &request[..]),
            })
            .collect();
        assert!(scene.server.open_files() > base, "none of them is there");
        // A byte for each in every round, which would keep alive what only waits for the next byte.
        scene.wait_until("all of them are closed", |scene| {
            for (tcp, rest) in &mut slow {
                if let Some((next, later)) = rest.split_first() {
                    drop(tcp.try_write(&[*next]));
                    *rest = later;
                }
            }
            std::thread::sleep(Duration::from_millis(50));
            scene.neighbour_is_served();
            check(scene);
            scene.server.open_files() <= base
        });
        assert!(slow.iter().any(|(_, rest)| !rest.is_empty()), "they had time to say everything");
    });
    scene.unharmed();
}

#[test]
fn rawsocket_takes_memory_for_what_came_and_not_for_what_was_announced() {
    let mut scene = Scene::new();
    // 100 mebibytes are announced in all.
    scene.within_memory(10 * MIB, |scene, check| {
        let mut waiting = Vec::new();
        for _ in 0..100 {
            let mut tcp = joined_rawsocket(scene);
            tcp.write(b"\x00\x0f\xff\xff[48,1");
            waiting.push(tcp);
        }
        scene.neighbour_is_served();
        check(scene);
    });
    scene.unharmed();
}

/// The three kinds of subscriber that do not read as fast as they should.
#[derive(Clone, Copy, PartialEq)]
enum Stall {
    Stops,
    ReadsOctets,
    StopsWithinAFrame,
}

#[test]
fn subscribers_that_stall_meet_their_policy_after_the_bound_and_nobody_else_notices() {
    let mut scene = Scene::with(&["outgoing_bytes=500000", "borrowed_bytes=0"]);
    let base = scene.server.open_files();
    let mut publisher = scene.joined(Subprotocol::CBOR);
    let mut stalled = Vec::new();
    for stall in [Stall::Stops, Stall::ReadsOctets, Stall::StopsWithinAFrame] {
        for (mut tcp, frame) in both(&scene) {
            tcp.write(&frame(&json!([32, 1, {}, "a.stalled.topic"])));
            assert!(tcp.read(DEADLINE).is_some_and(|subscribed| !subscribed.is_empty()));
            stalled.push((tcp, stall));
        }
    }
    let publishing = std::thread::spawn(move || {
        // Each burst is answered, the one that is held up as well.
        for _ in 0..60 {
            let answer = publisher.call("publish.burst", json!(["a.stalled.topic", 5, 60_000]), NONE, NONE);
            assert_eq!(answer[3], json!([5]));
        }
        publisher
    });
    for (tcp, stall) in &mut stalled {
        if *stall == Stall::StopsWithinAFrame {
            let some = tcp.read(DEADLINE).expect("the beginning of an event");
            assert!(!some.is_empty() && some.len() < 60_000, "{} bytes at once", some.len());
        }
    }
    let mut rounds = 0;
    scene.wait_until("those who stall are closed", |scene| {
        scene.neighbour_is_served();
        rounds += 1;
        if rounds % 50 == 0 {
            let octets = stalled.iter_mut().filter(|(_, stall)| *stall == Stall::ReadsOctets);
            octets.for_each(|(tcp, _)| tcp.read_octet());
        }
        scene.ask("sessions.count", json!([]))[3] == json!([2])
    });
    let publisher = publishing.join().expect("nobody else notices");
    drop((publisher, stalled));
    scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
    scene.unharmed();
}
