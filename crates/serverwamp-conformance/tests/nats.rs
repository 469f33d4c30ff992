//! What the tests of a cluster stand on: NATS servers that are killed and started again, and links that are cut and healed.
//!
//! What cannot be had here is skipped, with its reason; with `SERVERWAMP_REQUIRE_INTEROP=1` that fails.

use serverwamp_conformance::{NatsCluster, NatsServer, Network, interop, namespace, nats, output};
use std::io::Read as _;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// The time for what happens by itself, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether a test can run. If not, it says why, or fails.
fn can(what: &str, prepared: Result<(), String>) -> bool {
    if let Err(reason) = prepared {
        assert!(!interop::is_required(), "{what}: {reason}");
        println!("{what}: skipped: {reason}");
        return false;
    }
    true
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Returns whether a server says what it says to whoever connects.
fn greets(address: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let mut first = [0; 4];
    let timed = stream.set_read_timeout(Some(Duration::from_millis(500)));
    timed.and_then(|()| stream.read_exact(&mut first)).is_ok() && &first == b"INFO"
}

#[test]
fn a_server_is_killed_and_started_again_at_its_port() {
    if !can("nats-server", NatsServer::prepare()) {
        return;
    }
    let mut server = NatsServer::start("").unwrap();
    let address = server.address();
    assert!(nats::answers(&address));
    server.kill();
    assert!(!nats::answers(&address));
    server.start_again().unwrap();
    assert!(nats::answers(&address));
    server.pause();
    assert!(!greets(&address), "nothing comes from a server that stands still");
    server.resume();
    until("it goes on", || greets(&address));
    let directory = server.directory().to_owned();
    drop(server);
    assert!(!nats::answers(&address) && !directory.exists(), "nothing is left of it");
}

#[test]
fn three_servers_are_one_cluster_and_go_on_without_one() {
    if !can("nats-server", NatsServer::prepare()) {
        return;
    }
    let mut cluster = NatsCluster::start().unwrap();
    assert_eq!(cluster.urls().len(), 3);
    cluster.servers()[0].kill();
    let address = cluster.servers()[1].address();
    assert!(nats::answers(&address));
    cluster.servers()[0].start_again().unwrap();
}

#[test]
fn the_link_of_one_node_is_cut_and_healed() {
    if !can("nats-server", NatsServer::prepare()) || !can("network namespaces", Network::prepare()) {
        return;
    }
    let network = Network::new(2).unwrap();
    let server = NatsServer::start_in(network.middle(), namespace::MIDDLE).unwrap();
    // What a NATS server says to whoever connects. Each try is short, as nobody refuses on a link that is cut.
    let greets = |number: usize| {
        let mut command = network.node(number).command("bash");
        command.args(["-c", &format!("exec 3<>/dev/tcp/{}/4222; head -c 4 <&3", namespace::MIDDLE)]);
        output::run(&mut command, Duration::from_secs(2)).is_ok_and(|finished| finished.stdout == "INFO")
    };
    until("both nodes reach the server", || greets(0) && greets(1));
    network.cut(0).unwrap();
    until("the node that is cut off does not reach it", || !greets(0));
    until("the other one does", || greets(1));
    network.heal(0).unwrap();
    until("both reach it again", || greets(0) && greets(1));
    assert!(server.log().contains("Server is ready"));
}
