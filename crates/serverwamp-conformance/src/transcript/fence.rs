//! Fences: requests that change nothing and are answered at once, so that what comes before their answers is
//! all that a server had to say.
//!
//! A server may keep broker and dealer apart, so there is a fence for each, as far as the peer's roles allow.
//! Both are asked to end something nobody has, because such requests wait for nothing, not even for an authorizer; a peer that
//! only calls asks for a procedure nobody can register. No peer can see any of it, not even one that is subscribed to everything.

use serde_json::{Value, json};

use crate::expect::MAX_ID;

/// Request ids of fences begin here, far from those a transcript writes down.
pub(super) const FIRST_ID: u64 = 9_000_000_000;

/// A request, and the beginning of its answer.
#[derive(Debug)]
pub(super) struct Fence {
    pub(super) request: Value,
    answer: [Value; 3],
}

/// The fences for a peer with these roles; the first has the id `id`.
pub(super) fn fences(roles: &[String], id: u64) -> Vec<Fence> {
    let has = |role: &str| roles.iter().any(|one| one == role);
    let broker = if has("subscriber") {
        Some(json!([34, id, MAX_ID]))
    } else if has("publisher") {
        Some(json!([16, id, { "acknowledge": true }, "wamp.transcript.fence"]))
    } else {
        None
    };
    let id = id + 1;
    let dealer = if has("callee") {
        Some(json!([66, id, MAX_ID]))
    } else if has("caller") {
        Some(json!([48, id, {}, "wamp.transcript.fence"]))
    } else {
        None
    };
    let fence = |request: Value| {
        let answer = [json!(8), request[0].clone(), request[1].clone()];
        Fence { request, answer }
    };
    broker.into_iter().chain(dealer).map(fence).collect()
}

impl Fence {
    /// Returns whether this message answers it.
    pub(super) fn is_answered_by(&self, message: &Value) -> bool {
        (0..3).all(|at| message[at] == self.answer[at])
    }
}
