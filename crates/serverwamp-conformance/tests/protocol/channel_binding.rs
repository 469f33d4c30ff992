//! Authentication that is bound to its TLS connection (checklist CSG-10 to CSG-13, SCR-08), and the peers of Unix sockets.

use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use serverwamp_conformance::carrier::HOST;
use serverwamp_conformance::cryptosign::{is_signed, public_key, sign};
use serverwamp_conformance::scram::{NONCE, ScramUser};
use serverwamp_conformance::{Connect, RawPeer, RawSocket, Stream, Subprotocol};

use crate::tls::Secured;
use serverwamp_conformance::harness::server_with;

const DENIED: &str = "wamp.error.authentication_denied";

/// Peers over TLS, of each version and each carrier, with the binding of their connections.
fn peers(secured: &Secured) -> Vec<(RawPeer, [u8; 32])> {
    let mut peers = Vec::new();
    for version in [&TLS12, &TLS13] {
        let client = secured.authority.client().with_version(version);
        let connect = || client.connect(&secured.address(), HOST).expect("a connection");
        let stream = connect();
        let channel = stream.tls_exporter();
        peers.push((RawSocket::over(stream).peer(Subprotocol::JSON), channel));
        let stream = connect();
        let channel = stream.tls_exporter();
        let connect = Connect::to(&format!("wss://{HOST}/ws")).subprotocol(Subprotocol::JSON);
        peers.push((connect.open_on(stream).expect("a WebSocket"), channel));
    }
    peers
}

fn by_key(binding: &str) -> Value {
    let authextra =
        json!({ "pubkey": public_key(1), "channel_binding": binding, "challenge": "1f".repeat(32) });
    json!({ "authmethods": ["cryptosign"], "authextra": authextra })
}

#[test]
fn csg_10_csg_12_csg_13_signatures_are_bound_to_the_connection() {
    let secured = Secured::start(&[]);
    for realm in ["proofs", "bound"] {
        for (mut peer, channel) in peers(&secured) {
            let challenge = peer.hello(realm, by_key("tls-exporter"));
            let extra = &challenge[2];
            assert_eq!(extra["channel_binding"], "tls-exporter", "{challenge}");
            let signature = extra["signature"].as_str().expect("the router signs");
            assert!(is_signed(&public_key(9), signature, &"1f".repeat(32), Some(channel)), "{extra}");
            let text = extra["challenge"].as_str().expect("a challenge");
            peer.send(json!([5, sign(1, text, Some(channel)), {}]));
            assert_eq!(peer.receive()[2]["authid"], "joe");
        }
        // The plain challenge, and the channel of another connection: that of the peer in the middle.
        for elsewhere in [None, Some([7; 32])] {
            for (mut peer, _) in peers(&secured) {
                let challenge = peer.hello(realm, by_key("tls-exporter"));
                let text = challenge[2]["challenge"].as_str().expect("a challenge");
                peer.send(json!([5, sign(1, text, elsewhere), {}]));
                assert_eq!(peer.receive()[2], DENIED);
            }
        }
    }
}

#[test]
fn csg_11_what_the_router_cannot_bind_to_it_does_not_claim_to() {
    let secured = Secured::start(&[]);
    for (mut peer, _) in peers(&secured) {
        let challenge = peer.hello("proofs", by_key("tls-unique"));
        assert_eq!(challenge[2]["channel_binding"], Value::Null);
        let text = challenge[2]["challenge"].as_str().expect("a challenge");
        peer.send(json!([5, sign(1, text, None), {}]));
        assert_eq!(peer.receive()[0], 2);
    }
    for (mut peer, _) in peers(&secured) {
        assert_eq!(peer.hello("bound", by_key("tls-unique"))[2], DENIED);
    }
}

#[test]
fn scr_08_proofs_are_bound_to_the_connection() {
    let secured = Secured::start(&[]);
    let details = |binding: &str| {
        let authextra = json!({ "nonce": NONCE, "channel_binding": binding });
        json!({ "authmethods": ["wamp-scram"], "authid": "anna", "authextra": authextra })
    };
    for (mut peer, channel) in peers(&secured) {
        let challenge = peer.hello("bound", details("tls-exporter"));
        let user = ScramUser { channel: Some(channel), ..ScramUser::new("anna", "pencil") };
        let answer = user.answer(&challenge[2]);
        peer.send(json!([5, answer.signature, answer.extra]));
        assert_eq!(peer.receive()[2]["authextra"]["verifier"], answer.verifier);
    }
    for (mut peer, _) in peers(&secured) {
        let challenge = peer.hello("bound", details("tls-exporter"));
        let user = ScramUser { channel: Some([7; 32]), ..ScramUser::new("anna", "pencil") };
        let answer = user.answer(&challenge[2]);
        peer.send(json!([5, answer.signature, answer.extra]));
        let abort = peer.receive();
        assert_eq!((&abort[2], &abort[1]["scram"]), (&json!(DENIED), &json!("channel-bindings-dont-match")));
    }
    for (mut peer, _) in peers(&secured) {
        let abort = peer.hello("bound", details("tls-unique"));
        assert_eq!(abort[1]["scram"], "unsupported-channel-binding-type");
    }
}

// AUTH-17
#[cfg(target_os = "linux")]
#[test]
fn auth_17_the_peer_of_a_unix_socket_is_who_the_system_says() {
    use std::os::unix::fs::MetadataExt as _;
    for runtime in ["tokio", "smol"] {
        let path = std::env::temp_dir().join(format!("serverwamp-peer-{}-{runtime}", std::process::id()));
        let path = path.to_str().expect("a path of ASCII");
        let _server = server_with(&[&format!("unix={path}"), &format!("runtime={runtime}")]);
        let mut peer = RawSocket::over(Stream::unix(path)).peer(Subprotocol::JSON);
        let welcome = peer.hello("unix", json!({ "authmethods": ["unix"] }));
        let own = std::fs::metadata("/proc/self").expect("this process");
        let pid = std::process::id();
        let expected = format!("uid {} gid {} pid {pid}", own.uid(), own.gid());
        assert_eq!((&welcome[2]["authid"], &welcome[2]["authmethod"]), (&json!(expected), &json!("unix")));
    }
    let tcp = server_with(&[]);
    let mut peer = RawPeer::connect(tcp.url(), Subprotocol::JSON);
    assert_eq!(peer.hello("unix", json!({ "authmethods": ["unix"] }))[0], 3);
}
