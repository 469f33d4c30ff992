//! Connections that are reset, as by a peer whose program crashed, at every byte of every handshake.

use serde_json::{Value, json};
use serverwamp_conformance::carrier::HOST;
use serverwamp_conformance::harness::{MIB, RUNTIMES, Scene, hello, json_frame};
use serverwamp_conformance::rawsocket::{MAGIC, frame};
use serverwamp_conformance::tcp::handshake;
use serverwamp_conformance::{Authority, DEADLINE, RawTcp, Serializer, Subprotocol, TlsClient};

/// Sends so many bytes of `conversation`, and resets the connection: at once, or when the server had time to answer.
fn reset_at_every_byte(scene: &mut Scene, conversation: &[u8]) {
    let base = scene.server.open_files();
    let url = scene.url().to_owned();
    scene.within_memory(4 * MIB, |scene, check| {
        for length in 0..=conversation.len() {
            for patient in [false, true] {
                let mut tcp = RawTcp::open(&url);
                drop(tcp.try_write(&conversation[..length]));
                if patient {
                    // Another session's answer comes behind what these bytes made the server do.
                    scene.neighbour_is_served();
                }
                tcp.reset();
            }
            check(scene);
        }
    });
    scene.wait_until("all handlers are dropped", |scene| {
        scene.ask("waiting.running", json!([]))[3] == json!([0])
    });
    scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
    scene.unharmed();
}

#[test]
fn resets_at_any_byte_of_a_websockets_handshake_and_first_frames_leave_nothing_behind() {
    for runtime in RUNTIMES {
        let mut scene = Scene::with(&[runtime]);
        let mut conversation = handshake(scene.url(), Subprotocol::JSON);
        conversation.extend(json_frame(&hello()));
        conversation.extend(json_frame(&json!([48, 1, {}, "waiting.watched"])));
        reset_at_every_byte(&mut scene, &conversation);
    }
}

#[test]
fn resets_at_any_octet_of_rawsockets_handshake_and_first_frames_leave_nothing_behind() {
    let message = |message: &Value| frame(0, &Serializer::Json.encode(message));
    let mut conversation = vec![MAGIC, 0xf1, 0, 0];
    conversation.extend(message(&hello()));
    conversation.extend(message(&json!([48, 1, {}, "waiting.watched"])));
    for runtime in RUNTIMES {
        reset_at_every_byte(&mut Scene::with(&[runtime]), &conversation);
    }
}

#[test]
fn resets_at_any_octet_of_a_tls_handshake_leave_nothing_behind() {
    let directory = std::env::temp_dir().join(format!("serverwamp-resets-{}", std::process::id()));
    let authority = Authority::new("the authority of this test");
    let (certificate, key) = authority.issue(&[HOST]).write(&directory).expect("files");
    let client = authority.client();
    for runtime in RUNTIMES {
        let tls = format!("tls={},{}", certificate.display(), key.display());
        reset_at_every_octet_of_tls(&mut Scene::with(&[runtime, &tls]), &client);
    }
    drop(std::fs::remove_dir_all(directory));
}

fn reset_at_every_octet_of_tls(scene: &mut Scene, client: &TlsClient) {
    let address = scene.server.tls_address().expect("a port with TLS");
    let base = scene.server.open_files();
    scene.within_memory(8 * MIB, |scene, check| {
        for octets in 0.. {
            let (mut tcp, complete) = client.begin(&address, HOST, octets).expect("the server shakes hands");
            scene.neighbour_is_served();
            if complete {
                assert!(octets > 200, "a handshake of {octets} octets");
                // Nobody waits for what it has to say.
                drop(tcp.read(DEADLINE));
            }
            tcp.reset();
            check(scene);
            if complete {
                break;
            }
        }
    });
    scene.wait_until("all sockets are closed", |scene| scene.server.open_files() <= base);
    scene.unharmed();
}
