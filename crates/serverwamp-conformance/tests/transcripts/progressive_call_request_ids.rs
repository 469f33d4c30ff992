//! Spec: advanced, "Progressive Call Invocations", "Verification of CALL Request IDs": where ids have to count up.
//!
//! A raw client says it, for fences have ids of their own and would be a violation there.

use crate::router::Router;
use serde_json::json;
use serverwamp::{Application, Realm};
use serverwamp_conformance::{RawPeer, Subprotocol};

/// A caller in a router that insists on request ids, and a callee there with one procedure.
struct Scene {
    _router: Router,
    caller: RawPeer,
    callee: RawPeer,
    registration: u64,
}

impl Scene {
    fn new(subprotocol: Subprotocol) -> Self {
        let realm = Realm::router("realm1").allow_anonymous("guest");
        let limits = |limits: &mut serverwamp::Limits| limits.strict_request_ids = true;
        let app = Application::builder().realm(realm).limits(limits).build();
        let router = Router::start(app.expect("nothing is wrong with this realm"));
        let mut callee = RawPeer::connect(router.url(), Subprotocol::JSON);
        let features =
            json!({ "features": { "call_canceling": true, "progressive_call_invocations": true } });
        let welcome = callee.hello("realm1", json!({ "roles": { "callee": features } }));
        callee.welcomed(&welcome);
        callee.send(json!([64, 1, {}, "com.p"]));
        let registration = callee.receive()[2].as_u64().expect("a registration has an id");
        let caller = RawPeer::joined(router.url(), subprotocol, "realm1");
        Self { _router: router, caller, callee, registration }
    }

    /// The caller sends an input, and the callee gets it as this invocation.
    #[track_caller]
    fn passes(&mut self, call: u64, invocation: u64, progress: bool, number: u64) {
        let options = if progress { json!({ "progress": true }) } else { json!({}) };
        self.caller.send(json!([48, call, options, "com.p", [number]]));
        self.callee.expect(json!([68, invocation, self.registration, options, [number]]));
    }

    /// The caller has broken the protocol, and its calls are over.
    #[track_caller]
    fn violated(&mut self, invocation: u64) {
        self.caller.expect_violation("");
        self.callee.expect(json!([69, invocation, { "mode": "killnowait" }]));
    }
}

#[test]
fn pci_15_an_id_that_is_too_high_ends_the_session_in_the_middle_of_a_stream_as_well() {
    for subprotocol in Subprotocol::PLAIN {
        let mut scene = Scene::new(subprotocol);
        scene.passes(1, 1, true, 1);
        scene.caller.send(json!([48, 3, {}, "com.p"]));
        scene.violated(1);
    }
}

#[test]
fn pci_14_an_input_has_the_id_of_its_call_and_needs_no_other() {
    let mut scene = Scene::new(Subprotocol::CBOR);
    scene.passes(1, 1, true, 1);
    scene.passes(2, 2, true, 1);
    scene.passes(1, 1, true, 2);
    scene.passes(3, 3, false, 1);
    scene.passes(2, 2, false, 2);
    scene.passes(1, 1, false, 3);
    for (call, invocation) in [(3, 3), (1, 1), (2, 2)] {
        scene.callee.send(json!([70, invocation, {}]));
        scene.caller.expect(json!([50, call, {}]));
    }
}

#[test]
fn pci_13_requests_of_every_kind_count_and_inputs_do_not() {
    let mut scene = Scene::new(Subprotocol::MSGPACK);
    scene.passes(1, 1, true, 1);
    scene.caller.send(json!([16, 2, { "acknowledge": true }, "com.t"]));
    scene.caller.expect(json!([17, 2, "$id"]));
    scene.passes(1, 1, true, 2);
    scene.caller.send(json!([32, 3, {}, "com.t"]));
    scene.caller.expect(json!([33, 3, "$id"]));
    scene.passes(1, 1, true, 3);
    scene.passes(4, 2, false, 1);
    scene.caller.send(json!([49, 1, { "mode": "skip" }]));
    scene.caller.expect(json!([8, 48, 1, {}, "wamp.error.canceled"]));
    scene.passes(5, 3, false, 1);
    scene.callee.send(json!([70, 3, {}]));
    scene.caller.expect(json!([50, 5, {}]));
    // The ids that PUBLISH and SUBSCRIBE have used are used.
    scene.caller.send(json!([48, 2, {}, "com.p"]));
    scene.violated(2);
}

#[test]
fn pci_16_an_input_may_come_too_late_and_a_call_that_took_none_may_not_be_continued() {
    let mut scene = Scene::new(Subprotocol::JSON);
    scene.passes(1, 1, true, 1);
    scene.callee.send(json!([70, 1, {}, ["enough"]]));
    scene.caller.expect(json!([50, 1, {}, ["enough"]]));
    scene.caller.send(json!([48, 1, { "progress": true }, "com.p", [2]]));
    scene.caller.send(json!([48, 1, {}, "com.p", [3]]));
    scene.passes(2, 2, false, 1);
    scene.callee.send(json!([70, 2, {}]));
    scene.caller.expect(json!([50, 2, {}]));
    scene.caller.send(json!([48, 2, { "progress": true }, "com.p", [2]]));
    scene.caller.expect_violation("");
}
