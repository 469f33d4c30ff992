//! Too much of what is allowed: calls, pings, fragments, subscriptions, and results that nobody reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::harness::{MIB, Scene, json_frame};
use serverwamp_conformance::tcp::frame;
use serverwamp_conformance::{Arrival, DEADLINE, RawPeer, Subprotocol};

/// Sends so many calls in batches, and requires an answer to each.
fn pipelined(peer: &mut RawPeer, first: u64, many: u64) {
    for start in (first..first + many).step_by(500) {
        let batch: Vec<Value> =
            (start..start + 500).map(|id| json!([48, id, {}, "demo.add", [id, 1]])).collect();
        peer.send_batch(&batch);
    }
    for id in first..first + many {
        peer.expect(json!([50, id, {}, [id + 1]]));
    }
}

#[test]
fn every_one_of_50_000_pipelined_calls_is_answered_and_memory_stays() {
    let mut scene = Scene::new();
    for subprotocol in [Subprotocol::JSON_BATCHED, Subprotocol::MSGPACK_BATCHED, Subprotocol::CBOR_BATCHED] {
        let mut peer = scene.joined(subprotocol);
        pipelined(&mut peer, 1, 10_000);
        // Buffers have their size now.
        scene.within_memory(4 * MIB, |scene, check| {
            pipelined(&mut peer, 10_001, 20_000);
            check(scene);
            pipelined(&mut peer, 30_001, 20_000);
        });
        scene.neighbour_is_served();
    }
    scene.unharmed();
}

#[test]
fn pipelined_frames_are_answered_one_by_one() {
    let mut scene = Scene::new();
    let mut tcp = scene.joined_tcp();
    let calls: Vec<u8> = (1..=50_000).flat_map(|id| json_frame(&json!([48, id, {}, "result.one"]))).collect();
    tcp.write(&calls);
    let mut tail = String::new();
    let mut answers = 0;
    while answers < 50_000 {
        let chunk = tcp.read(DEADLINE).unwrap_or_else(|| panic!("only {answers} answers came"));
        assert!(!chunk.is_empty(), "closed after {answers} answers");
        tail += &String::from_utf8_lossy(&chunk);
        answers += tail.matches("[42]]").count();
        // Bytes that may begin the end of another answer stay.
        let keep = tail.rfind("[42]]").map_or_else(|| tail.len().saturating_sub(4), |at| at + 5);
        tail = tail.split_off(tail.floor_char_boundary(keep));
    }
    assert_eq!(answers, 50_000);
    drop(tcp);
    scene.unharmed();
}

#[test]
fn a_caller_that_does_not_read_is_closed_and_costs_bounded_memory() {
    let mut scene = Scene::with(&["write_timeout_ms=1500"]);
    let mut tcp = scene.joined_tcp();
    let call = json_frame(&json!([48, 1, {}, "echo.payload", ["x".repeat(100_000)]]));
    scene.within_memory(16 * MIB, |scene, check| {
        let flood = std::thread::spawn(move || {
            let started = Instant::now();
            // 200 MB of calls, and their results: either the server stops taking them, or it has to keep results.
            let sent = (0..2000).take_while(|_| tcp.try_write(&call).is_ok()).count();
            (sent, started.elapsed(), tcp)
        });
        while !flood.is_finished() {
            scene.neighbour_is_served();
            check(scene);
            std::thread::sleep(Duration::from_millis(2));
        }
        let (sent, elapsed, _tcp) = flood.join().expect("no panic");
        assert!(sent < 2000, "the server took everything from a peer that reads nothing");
        assert!(
            elapsed < Duration::from_secs(9),
            "it was not closed, the test's own timeout ended it: {elapsed:?}"
        );
    });
    scene.unharmed();
}

/// Not reading for a while is no offence: the server stops taking calls until their results are taken.
#[test]
fn a_caller_that_reads_late_gets_everything() {
    const CALLS: usize = 200;
    let mut scene = Scene::new();
    let mut reader = scene.joined_tcp();
    let mut writer = reader.second();
    let sent = Arc::new(AtomicUsize::new(0));
    let progress = Arc::clone(&sent);
    scene.within_memory(16 * MIB, |scene, check| {
        let flood = std::thread::spawn(move || {
            let call = json_frame(&json!([48, 1, {}, "echo.payload", ["x".repeat(100_000)]]));
            for _ in 0..CALLS {
                writer.write(&call);
                progress.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut moved = (0, Instant::now());
        while moved.1.elapsed() < Duration::from_millis(500) {
            let now = sent.load(Ordering::Relaxed);
            assert!(now < CALLS, "the server keeps 20 MB of results for a peer that does not read");
            if now != moved.0 {
                moved = (now, Instant::now());
            }
            scene.neighbour_is_served();
            check(scene);
        }
        // A RESULT of this length has a header of ten bytes.
        let all = CALLS * (json_frame(&json!([50, 1, {}, ["x".repeat(100_000)]])).len() - 4);
        let mut received = 0;
        while received < all {
            let chunk =
                reader.read(DEADLINE).unwrap_or_else(|| panic!("only {received} bytes of {all} came"));
            assert!(!chunk.is_empty(), "closed after {received} bytes of {all}");
            received += chunk.len();
        }
        flood.join().expect("everything was taken");
        check(scene);
    });
    drop(reader);
    scene.unharmed();
}

#[test]
fn progress_that_is_not_read_waits_and_costs_bounded_memory() {
    let mut scene = Scene::with(&["write_timeout_ms=1500"]);
    let mut tcp = scene.joined_tcp();
    scene.within_memory(16 * MIB, |scene, check| {
        let options = json!({ "receive_progress": true });
        tcp.write(&json_frame(&json!([48, 1, options, "progress.flood", [4000, 65_536]])));
        scene.wait_until("the session that does not read is closed", |scene| {
            check(scene);
            scene.neighbour_is_served();
            scene.ask("sessions.count", json!([]))[3] == json!([1])
        });
    });
    drop(tcp);
    scene.unharmed();
}

#[test]
fn a_subscriber_that_does_not_read_is_closed_and_the_others_get_everything() {
    let mut scene = Scene::new();
    let mut healthy = scene.joined(Subprotocol::MSGPACK);
    let subscription = healthy.subscribe("busy.topic", Value::Null);
    let mut stopped = scene.joined_tcp();
    stopped.write(&json_frame(&json!([32, 1, {}, "busy.topic"])));
    assert!(stopped.read(DEADLINE).is_some_and(|answer| !answer.is_empty()));
    scene.within_memory(24 * MIB, |scene, check| {
        for _ in 0..128 {
            let id = scene.ask("publish.burst", json!(["busy.topic", 16, 65_536]));
            assert_eq!(id[3], json!([16]));
            for number in 0..16 {
                healthy.expect(json!([36, subscription, "$id", {}, [number, "$string"]]));
            }
            check(scene);
        }
    });
    healthy.expect_silence_until_fence();
    let sessions = scene.ask("sessions.count", json!([]));
    assert_eq!(sessions[3], json!([2]), "the one that does not read is gone, the healthy one is not");
    drop((healthy, stopped));
    scene.unharmed();
}

#[test]
fn handlers_that_never_return_are_bounded_per_session() {
    let mut scene = Scene::new();
    let mut hog = scene.joined(Subprotocol::JSON);
    for _ in 0..1024 {
        hog.start_call("waiting.watched", Value::Null, Value::Null, Value::Null);
    }
    for _ in 0..10 {
        let refused = hog.call("waiting.watched", Value::Null, Value::Null, Value::Null);
        assert_eq!((&refused[0], &refused[4]), (&json!(8), &json!("wamp.error.unavailable")), "{refused}");
    }
    assert_eq!(scene.ask("waiting.running", json!([]))[3], json!([1024]));
    scene.neighbour_is_served();
    // Another session has calls of its own.
    let mut other = scene.joined(Subprotocol::CBOR);
    let id = other.start_call("waiting.watched", Value::Null, Value::Null, Value::Null);
    other.send(json!([49, id, { "mode": "kill" }]));
    other.expect(json!([8, 48, id, {}, "wamp.error.canceled"]));
    // One that ends makes room for one.
    hog.send(json!([49, 1, { "mode": "kill" }]));
    hog.expect(json!([8, 48, 1, {}, "wamp.error.canceled"]));
    scene.wait_until("the canceled handler is dropped", |scene| {
        scene.ask("waiting.running", json!([]))[3] == json!([1023])
    });
    assert_eq!(hog.call("result.one", Value::Null, Value::Null, Value::Null)[3], json!([42]));
    drop((hog, other));
    scene.wait_until("the handlers end with their caller", |scene| {
        scene.ask("waiting.running", json!([]))[3] == json!([0])
    });
    scene.unharmed();
}

#[test]
fn arguments_that_handlers_keep_are_bounded_per_session() {
    let mut scene = Scene::with(&["outgoing_bytes=1000000"]);
    let mut hog = scene.joined(Subprotocol::MSGPACK);
    let long = json!(["x".repeat(99_000)]);
    for _ in 0..10 {
        hog.start_call("waiting.watched", long.clone(), Value::Null, Value::Null);
    }
    let refused = hog.call("waiting.watched", long.clone(), Value::Null, Value::Null);
    assert_eq!((&refused[0], &refused[4]), (&json!(8), &json!("wamp.error.unavailable")), "{refused}");
    assert!(refused[5][0].as_str().is_some_and(|text| text.contains("bytes of arguments")), "{refused}");
    let counters = scene.ask("statistics.all", json!([]));
    assert_eq!(counters[3][0]["call_arguments_refused"], json!(1), "{counters}");
    assert_eq!(scene.ask("waiting.running", json!([]))[3], json!([10]));
    // Short ones are not meant, and other sessions have room of their own.
    assert_eq!(hog.call("result.one", Value::Null, Value::Null, Value::Null)[3], json!([42]));
    let mut other = scene.joined(Subprotocol::CBOR);
    assert_eq!(other.call("result.one", long.clone(), Value::Null, Value::Null)[3], json!([42]));
    // A call that ends gives its room back.
    hog.send(json!([49, 1, { "mode": "kill" }]));
    hog.expect(json!([8, 48, 1, {}, "wamp.error.canceled"]));
    scene.wait_until("the canceled handler is dropped", |scene| {
        scene.ask("waiting.running", json!([]))[3] == json!([9])
    });
    // The handler ends here; its memory is given back a moment later.
    scene.wait_until("there is room again", |_| {
        hog.call("result.one", long.clone(), Value::Null, Value::Null)[3] == json!([42])
    });
    drop((hog, other));
    scene.unharmed();
}

/// One byte in each of what the server reads at once, which are up to 64 KiB.
#[test]
fn a_short_argument_does_not_keep_what_was_read_with_it() {
    let mut scene = Scene::new();
    let mut tcp = scene.joined_tcp();
    let between = frame(true, 10, &[b'p'; 125]).repeat(500);
    scene.within_memory(8 * MIB, |scene, check| {
        for id in 1..=400 {
            tcp.write(&json_frame(&json!([48, id, {}, "waiting.kept", ["x"]])));
            tcp.write(&between);
            check(scene);
        }
        scene.wait_until("all handlers run", |scene| {
            scene.ask("waiting.running", json!([]))[3] == json!([400])
        });
    });
    drop(tcp);
    scene.unharmed();
}

#[test]
fn subscriptions_are_bounded_and_every_request_is_answered() {
    let mut scene = Scene::new();
    for (options, limit) in
        [(json!({}), 1024), (json!({ "match": "prefix" }), 256), (json!({ "match": "wildcard" }), 256)]
    {
        let mut hog = scene.joined(Subprotocol::MSGPACK_BATCHED);
        let requests: Vec<Value> =
            (1..=5000).map(|id| json!([32, id, options, format!("free.topic{id}.x")])).collect();
        for batch in requests.chunks(500) {
            hog.send_batch(batch);
        }
        for id in 1..=5000 {
            let answer = hog.receive();
            if id <= limit {
                assert_eq!((&answer[0], &answer[1]), (&json!(33), &json!(id)), "{answer}");
            } else {
                assert_eq!(
                    (&answer[0], &answer[2], &answer[4]),
                    (&json!(8), &json!(id), &json!("wamp.error.unavailable")),
                    "{answer}"
                );
            }
        }
        let started = Instant::now();
        let published = scene.ask("publish.to", json!(["free.topic1.x", 1]));
        assert_eq!(published[0], 50);
        assert!(started.elapsed() < Duration::from_secs(1), "a publication took {:?}", started.elapsed());
        scene.neighbour_is_served();
    }
    scene.unharmed();
}

#[test]
fn four_hundred_thousand_empty_fragments_cost_nothing() {
    let mut scene = Scene::new();
    let mut tcp = scene.joined_tcp();
    scene.within_memory(4 * MIB, |scene, check| {
        tcp.write(&frame(false, 1, b"[48,1,{},"));
        let empties = frame(false, 0, b"").repeat(40_000);
        for _ in 0..10 {
            tcp.write(&empties);
            scene.neighbour_is_served();
            check(scene);
        }
        tcp.write(&frame(true, 0, b"\"result.one\"]"));
        let answer = tcp.read(2 * DEADLINE).expect("an answer");
        assert!(String::from_utf8_lossy(&answer).contains("[50,1,{},[42]]"));
    });
    drop(tcp);
    scene.unharmed();
}

#[test]
fn two_hundred_thousand_pings_whose_pongs_nobody_reads_cost_nothing() {
    let mut scene = Scene::new();
    let mut tcp = scene.joined_tcp();
    scene.within_memory(8 * MIB, |scene, check| {
        let pings = frame(true, 9, &[b'p'; 100]).repeat(20_000);
        for _ in 0..10 {
            tcp.write(&pings);
            scene.neighbour_is_served();
            check(scene);
        }
        // The session is alive, whatever became of its pongs.
        tcp.write(&json_frame(&json!([48, 1, {}, "result.one"])));
        let deadline = Instant::now() + 3 * DEADLINE;
        let mut last = String::new();
        while !last.contains("[50,1,{},[42]]") {
            assert!(Instant::now() < deadline, "the call is not answered");
            let chunk = tcp.read(DEADLINE).expect("pongs and an answer");
            assert!(!chunk.is_empty(), "closed");
            last = last.split_off(last.floor_char_boundary(last.len().saturating_sub(20)))
                + &String::from_utf8_lossy(&chunk);
        }
    });
    drop(tcp);
    scene.unharmed();
}

#[test]
fn panics_in_handlers_are_answered_and_harm_nobody() {
    let mut scene = Scene::new();
    let mut peer = scene.joined(Subprotocol::JSON);
    for _ in 0..20 {
        for procedure in ["error.panic", "error.panic_later"] {
            let answer = peer.call(procedure, Value::Null, Value::Null, Value::Null);
            assert_eq!((&answer[0], &answer[4]), (&json!(8), &json!("wamp.error.runtime_error")), "{answer}");
            assert!(!answer.to_string().contains("a bug"), "what went wrong inside stays inside: {answer}");
        }
    }
    assert_eq!(peer.next(Duration::from_millis(1)), Arrival::Nothing);
    drop(peer);
    scene.unharmed();
}
