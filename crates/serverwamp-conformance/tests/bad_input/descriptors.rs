//! A server that has no file descriptors left.

use std::path::Path;

use serverwamp_conformance::harness::Scene;
use serverwamp_conformance::{Connect, DEADLINE, RawTcp, ServerProcess, Subprotocol, binary};

/// The number of files that the server may have open.
const FILES: usize = 40;

const REFUSED: &str = "no connection can be accepted";

#[test]
fn without_descriptors_a_server_serves_those_it_has_rests_and_accepts_again() {
    let fixture = binary::fixture();
    let fixture = fixture.to_str().expect("a path of UTF-8");
    let command = format!("ulimit -n {FILES}; exec \"$0\" connections=1000 handshake_ms=60000");
    let server = ServerProcess::start(Path::new("/bin/sh"), &["-c", &command, fixture], &[]);
    let mut scene = Scene::at(server);
    let base = scene.server.open_files();
    // Once, and after it has found descriptors again once more.
    for _ in 0..2 {
        // The system completes these connections, whether the server accepts them or not.
        let mut waiting: Vec<RawTcp> = (0..2 * FILES).map(|_| RawTcp::open(scene.url())).collect();
        scene.server.wait_for_log(REFUSED, DEADLINE);
        assert!(scene.server.open_files() < base + FILES);
        for _ in 0..100 {
            scene.neighbour_is_served();
        }
        // One goes, one comes.
        drop(waiting.remove(0));
        scene.neighbour_is_served();
        drop(waiting);
        scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
        scene.unharmed();
    }
    let told =
        scene.server.log().lines().filter(|line| line.contains("ERROR") && line.contains(REFUSED)).count();
    assert!((1..=3).contains(&told), "it said so {told} times");
}

#[test]
fn of_64_descriptors_enough_are_left_to_tell_a_newcomer_that_there_are_too_many_connections() {
    let fixture = binary::fixture();
    let fixture = fixture.to_str().expect("a path of UTF-8");
    // The time for the handshake does not end silent connections during the test.
    let command = "ulimit -n 64; exec \"$0\" handshake_ms=60000";
    let server = ServerProcess::start(Path::new("/bin/sh"), &["-c", command, fixture], &[]);
    let mut scene = Scene::at(server);
    // All but 16 of 64 files, with the neighbour. The program has twelve open itself, where its runtime awaits signals.
    let sessions: Vec<_> = (1..48).map(|_| scene.joined(Subprotocol::JSON)).collect();
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.extend((0..10).map(|_| RawTcp::open(scene.url())));
        let refusal = Connect::to(scene.url()).subprotocol(Subprotocol::JSON).open().map(drop);
        assert_eq!(refusal.expect_err("there are too many").status, 503);
        scene.neighbour_is_served();
    }
    drop((sessions, silent));
    scene.wait_until("all connections are gone", |scene| scene.connections() == 1);
    scene.unharmed();
}
