//! The required and the forbidden effects of a violation of the protocol.

use serde_json::{Value, json};
use tungstenite::Message;

use super::{NONE, joined, publish};
use crate::peer::RawPeer;
use crate::process::ServerProcess;
use crate::serial::Subprotocol;

/// The topic that [`Witness`] listens to.
const SEEN: &str = "com.witness.seen";

/// A request whose effect [`Witness::saw_nothing`] would notice.
pub fn telltale() -> Value {
    json!([48, 900_000, {}, "publish.to", [SEEN, "processed after a violation"]])
}

/// Another session, which nothing a violator sent after its violation may reach.
#[derive(Debug)]
pub struct Witness {
    peer: RawPeer,
    subscription: u64,
}

impl Witness {
    /// A session in `realm1` that is subscribed to what telltales publish.
    #[track_caller]
    pub fn new(server: &ServerProcess) -> Self {
        let mut peer = joined(server);
        let subscription = peer.subscribe(SEEN, NONE);
        Self { peer, subscription }
    }

    /// Requires that no telltale was served: the first event is the witness's own. It shows as well that the witness
    /// is served while others misbehave.
    #[track_caller]
    pub fn saw_nothing(&mut self) {
        publish(&mut self.peer, SEEN, &json!("sentinel"));
        let event = self.peer.receive();
        assert_eq!(event[4], json!(["sentinel"]), "the witness received {event}");
        assert_eq!(event[1], json!(self.subscription));
    }
}

/// Requires the whole reaction to a violation: ABORT as the next message, nothing processed after it, the transport
/// closed.
#[track_caller]
pub fn violates(peer: &mut RawPeer, witness: &mut Witness, bad: Message, part: &str) {
    peer.send_raw(bad);
    // The server may be gone by now, which is what is wanted.
    drop(peer.try_send(&[telltale()]));
    assert_eq!(peer.expect_violation(part), Some(1002));
    witness.saw_nothing();
}

/// Requires of each message, on a session of its own, the whole reaction to a violation.
#[track_caller]
pub fn each_violates(server: &ServerProcess, messages: &[(Value, &str)]) {
    let mut witness = Witness::new(server);
    for (message, part) in messages {
        let mut peer = joined(server);
        let bad = peer.subprotocol().encode(std::slice::from_ref(message));
        violates(&mut peer, &mut witness, bad, part);
    }
}

/// Requires of each message, as the first on a connection, ABORT and the end.
#[track_caller]
pub fn each_violates_at_first(server: &ServerProcess, messages: &[(Value, &str)]) {
    let mut witness = Witness::new(server);
    for (message, part) in messages {
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        let bad = peer.subprotocol().encode(std::slice::from_ref(message));
        violates(&mut peer, &mut witness, bad, part);
    }
}

/// A binary WebSocket message.
pub fn binary_message(bytes: &[u8]) -> Message {
    Message::binary(bytes.to_vec())
}

/// A list of MessagePack or CBOR values that are encoded already: `head` is the list's first byte.
pub fn list(head: u8, elements: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![head];
    elements.iter().for_each(|element| bytes.extend_from_slice(element));
    bytes
}
