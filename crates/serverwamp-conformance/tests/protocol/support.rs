//! What the tests of all groups share: a server of their own, and a witness of what a violation must not cause.

use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol, binary};
use tungstenite::Message;

/// The topic that [`Witness`] listens to.
const SEEN: &str = "com.witness.seen";

/// A server with every fixture.
pub(crate) fn server() -> ServerProcess {
    server_with(&[])
}

/// A server with every fixture and other limits.
pub(crate) fn server_with(arguments: &[&str]) -> ServerProcess {
    ServerProcess::start(&binary::fixture(), arguments, &[])
}

/// A session in `realm1` over JSON.
#[track_caller]
pub(crate) fn joined(server: &ServerProcess) -> RawPeer {
    RawPeer::joined(server.url(), Subprotocol::JSON, "realm1")
}

/// A session in `realm1` over each of the three serializers.
#[track_caller]
pub(crate) fn joined_in_each(server: &ServerProcess) -> [RawPeer; 3] {
    Subprotocol::PLAIN.map(|subprotocol| RawPeer::joined(server.url(), subprotocol, "realm1"))
}

/// Calls with positional arguments and gives the answer.
#[track_caller]
pub(crate) fn call(peer: &mut RawPeer, uri: &str, args: Value) -> Value {
    peer.call(uri, args, Value::Null, Value::Null)
}

/// Publishes a value through the server's procedure for that.
#[track_caller]
pub(crate) fn publish(peer: &mut RawPeer, topic: &str, value: &Value) -> u64 {
    let answer = call(peer, "publish.to", json!([topic, value]));
    answer[3][0].as_u64().unwrap_or_else(|| panic!("nothing was published on {topic}: {answer}"))
}

/// How many sessions `realm1` has.
#[track_caller]
pub(crate) fn sessions(peer: &mut RawPeer) -> u64 {
    call(peer, "sessions.count", json!([]))[3][0].as_u64().expect("a number of sessions")
}

/// Waits until `realm1` has this many sessions, as the server tells it.
#[track_caller]
pub(crate) fn wait_for_sessions(peer: &mut RawPeer, wanted: u64) {
    let deadline = std::time::Instant::now() + serverwamp_conformance::DEADLINE;
    loop {
        let now = sessions(peer);
        if now == wanted {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "there are {now} sessions, and {wanted} are due");
    }
}

/// A request whose effect [`Witness::saw_nothing`] would notice.
pub(crate) fn telltale() -> Value {
    json!([48, 900_000, {}, "publish.to", [SEEN, "processed after a violation"]])
}

/// Another session, which nothing a violator sent after its violation may reach.
pub(crate) struct Witness {
    peer: RawPeer,
    subscription: u64,
}

impl Witness {
    #[track_caller]
    pub(crate) fn new(server: &ServerProcess) -> Self {
        let mut peer = joined(server);
        let subscription = peer.subscribe(SEEN, Value::Null);
        Self { peer, subscription }
    }

    /// Requires that no telltale was served: the first event is the witness's own. It shows as well that the witness
    /// is served while others misbehave.
    #[track_caller]
    pub(crate) fn saw_nothing(&mut self) {
        publish(&mut self.peer, SEEN, &json!("sentinel"));
        let event = self.peer.receive();
        assert_eq!(event[4], json!(["sentinel"]), "the witness received {event}");
        assert_eq!(event[1], json!(self.subscription));
    }
}

/// Requires the whole reaction to a violation: ABORT as the next message, nothing processed after it, the transport
/// closed.
#[track_caller]
pub(crate) fn violates(peer: &mut RawPeer, witness: &mut Witness, bad: Message, part: &str) {
    peer.send_raw(bad);
    // The server may be gone by now, which is what is wanted.
    drop(peer.try_send(&[telltale()]));
    assert_eq!(peer.expect_violation(part), Some(1002));
    witness.saw_nothing();
}

/// Requires of each message, on a session of its own, the whole reaction to a violation.
#[track_caller]
pub(crate) fn each_violates(server: &ServerProcess, messages: &[(Value, &str)]) {
    let mut witness = Witness::new(server);
    for (message, part) in messages {
        let mut peer = joined(server);
        let bad = peer.subprotocol().encode(std::slice::from_ref(message));
        violates(&mut peer, &mut witness, bad, part);
    }
}

/// Requires of each message, as the first on a connection, ABORT and the end.
#[track_caller]
pub(crate) fn each_violates_at_first(server: &ServerProcess, messages: &[(Value, &str)]) {
    let mut witness = Witness::new(server);
    for (message, part) in messages {
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        let bad = peer.subprotocol().encode(std::slice::from_ref(message));
        violates(&mut peer, &mut witness, bad, part);
    }
}

/// All roles a client can have, without features.
pub(crate) fn roles() -> Value {
    json!({ "publisher": {}, "subscriber": {}, "caller": {}, "callee": {} })
}

/// A binary WebSocket message.
pub(crate) fn binary_message(bytes: &[u8]) -> Message {
    Message::binary(bytes.to_vec())
}

/// A list of MessagePack or CBOR values that are encoded already: `head` is the list's first byte.
pub(crate) fn list(head: u8, elements: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![head];
    elements.iter().for_each(|element| bytes.extend_from_slice(element));
    bytes
}
