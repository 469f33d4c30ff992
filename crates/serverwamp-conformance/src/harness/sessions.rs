//! Servers and sessions as most tests want them.

use serde_json::{Value, json};

use crate::binary;
use crate::peer::RawPeer;
use crate::process::ServerProcess;
use crate::serial::Subprotocol;

/// A way in which a session ends; the peer is kept when its transport stays.
pub type Ending = fn(RawPeer) -> Option<RawPeer>;

/// A fixture server with its usual settings.
#[track_caller]
pub fn server() -> ServerProcess {
    server_with(&[])
}

/// A fixture server with these arguments.
#[track_caller]
pub fn server_with(arguments: &[&str]) -> ServerProcess {
    ServerProcess::start(&binary::fixture(), arguments, &[])
}

/// An anonymous session over JSON.
#[track_caller]
pub fn join(server: &ServerProcess, realm: &str) -> RawPeer {
    RawPeer::joined(server.url(), Subprotocol::JSON, realm)
}

/// A session over JSON that proved itself with a ticket.
#[track_caller]
pub fn join_with_ticket(server: &ServerProcess, realm: &str, authid: &str) -> RawPeer {
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = peer.join_with_ticket(realm, authid, "secret!!!");
    peer.welcomed(&welcome);
    peer
}

/// A session in `realm1` over JSON.
#[track_caller]
pub fn joined(server: &ServerProcess) -> RawPeer {
    join(server, "realm1")
}

/// A session in `realm1` over each of the three serializers.
#[track_caller]
pub fn joined_in_each(server: &ServerProcess) -> [RawPeer; 3] {
    Subprotocol::PLAIN.map(|subprotocol| RawPeer::joined(server.url(), subprotocol, "realm1"))
}

/// All roles a client can have, without features.
pub fn roles() -> Value {
    json!({ "publisher": {}, "subscriber": {}, "caller": {}, "callee": {} })
}

/// HELLO to `realm1` with all [`roles`].
pub fn hello() -> Value {
    json!([1, "realm1", { "roles": roles() }])
}
