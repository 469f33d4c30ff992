//! The clients of a play, as the real router has them.

use serde_json::{Value, json};
use serverwamp_conformance::{Carrier, Places, RawPeer, Subprotocol};

/// A client of the real router.
pub(super) struct Client {
    pub(super) peer: RawPeer,
    pub(super) session: u64,
    pub(super) authid: String,
    pub(super) role: String,
    /// Its last request id.
    pub(super) last: u64,
}

impl Client {
    /// Joins over the carrier and in the serializer that are this number's turn: as `authid`, or as a stranger.
    pub(super) fn join(url: &str, number: usize, advanced: bool, authid: Option<&str>) -> Self {
        let carrier = [Carrier::WebSocket, Carrier::RawSocketTcp][number % 2];
        let mut peer = carrier.connect(&Places::at(url), Subprotocol::PLAIN[number % 3]);
        let known = json!({ "features": { "publisher_identification": true } });
        let all = json!({ "features": {
            "progressive_call_results": true, "progressive_call_invocations": true, "call_canceling": true
        } });
        let callee = if advanced { all.clone() } else { json!({}) };
        let roles = json!({ "publisher": {}, "subscriber": known, "caller": all, "callee": callee });
        let welcome = match authid {
            None => peer.hello("realm1", json!({ "roles": roles })),
            Some(authid) => {
                peer.hello("realm1", json!({ "roles": roles, "authmethods": ["ticket"], "authid": authid }));
                peer.send(json!([5, "secret", {}]));
                peer.receive()
            }
        };
        let session = peer.welcomed(&welcome);
        let text = |name: &str| welcome[2][name].as_str().unwrap_or_default().to_owned();
        let (authid, role) = (text("authid"), text("authrole"));
        Self { peer, session, authid, role, last: 0 }
    }
}

/// Sees what the realm says of itself: who leaves, and what is created.
pub(super) struct Monitor {
    leavings: RawPeer,
    creations: RawPeer,
}

impl Monitor {
    pub(super) fn of(url: &str) -> Self {
        let administrator = || {
            let mut peer = RawPeer::connect(url, Subprotocol::JSON);
            let welcome = peer.join_with_ticket("realm1", "root", "secret");
            peer.welcomed(&welcome);
            peer
        };
        let (mut leavings, mut creations) = (administrator(), administrator());
        leavings.subscribe("wamp.session.on_leave", json!({}));
        for topic in ["wamp.subscription.on_create", "wamp.registration.on_create"] {
            creations.subscribe(topic, json!({}));
        }
        Self { leavings, creations }
    }

    /// Waits until the session has left.
    pub(super) fn wait_for_end_of(&mut self, session: u64) {
        let gone = |message: &Value| message[0] == 36 && message[4][0] == session;
        self.leavings.find("on_leave", serverwamp_conformance::DEADLINE, gone);
    }

    /// The number of subscriptions and registrations whose creation was told.
    pub(super) fn creations(mut self) -> usize {
        self.creations.send(json!([34, 1000, 4711_4711]));
        let told = std::iter::repeat_with(|| self.creations.receive()).take_while(|message| message[0] == 36);
        told.count()
    }
}
