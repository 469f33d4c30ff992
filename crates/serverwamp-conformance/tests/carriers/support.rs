//! What the scenarios say often.

use serde_json::{Value, json};
use serverwamp_conformance::transcript::all_features;
use serverwamp_conformance::{RawPeer, Subprotocol};

use crate::place::Place;

pub(crate) const NONE: Value = Value::Null;

/// A server and the subprotocol that is spoken with it: what every scenario gets.
#[derive(Clone, Copy)]
pub(crate) struct At<'p> {
    pub(crate) place: &'p dyn Place,
    pub(crate) subprotocol: Subprotocol,
}

impl At<'_> {
    /// A connection on which nothing has been said yet.
    #[track_caller]
    pub(crate) fn connect(self) -> RawPeer {
        self.place.connect(self.subprotocol)
    }

    /// A session in `realm`, with every role and feature.
    #[track_caller]
    pub(crate) fn join(self, realm: &str) -> RawPeer {
        self.join_as(realm).0
    }

    /// The same, with its id.
    #[track_caller]
    pub(crate) fn join_as(self, realm: &str) -> (RawPeer, u64) {
        let mut peer = self.connect();
        let welcome = peer.hello(realm, json!({ "roles": all_features() }));
        let id = peer.welcomed(&welcome);
        (peer, id)
    }
}

/// Registers, and gives the registration's id.
#[track_caller]
pub(crate) fn register(peer: &mut RawPeer, procedure: &str) -> u64 {
    let request = peer.next_request();
    peer.send(json!([64, request, {}, procedure]));
    peer.expect(json!([65, request, "$id"]))[2].as_u64().expect("an id")
}

/// Publishes, and waits until that is done.
#[track_caller]
pub(crate) fn publish(peer: &mut RawPeer, topic: &str, args: Value, kwargs: Value) -> u64 {
    let request = peer.next_request();
    peer.send(json!([16, request, { "acknowledge": true }, topic, args, kwargs]));
    peer.expect(json!([17, request, "$id"]))[2].as_u64().expect("an id")
}
