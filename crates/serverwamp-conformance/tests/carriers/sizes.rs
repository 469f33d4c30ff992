//! Messages at the limit of what a server takes, and one byte beyond.

use serde_json::json;
use serverwamp_conformance::Subprotocol;

use crate::place::At;
use crate::place::LONGEST;
use serverwamp_conformance::harness::NONE;

/// A CALL that has this length as it is sent.
fn call_of(length: usize, subprotocol: Subprotocol, request: u64) -> serde_json::Value {
    let call = |text: usize| json!([48, request, {}, "echo.payload", ["x".repeat(text)]]);
    // From 256 letters on, and up to 65,535, the length of the string takes as many bytes in either binary serializer.
    let overhead = subprotocol.encode(&[call(1000)]).len() - 1000;
    let message = call(length - overhead);
    assert_eq!(subprotocol.encode(std::slice::from_ref(&message)).len(), length);
    message
}

/// The longest message is taken, and its answer arrives whole.
pub(crate) fn send_the_longest_message(at: At<'_>) {
    let mut peer = at.join("realm1");
    for _ in 0..3 {
        let request = peer.next_request();
        let call = call_of(LONGEST, at.subprotocol, request);
        peer.send(call.clone());
        peer.expect(json!([50, request, {}, call[4]]));
    }
}

/// One byte more ends the session and nobody else's, or is refused where each message has an answer of its own.
pub(crate) fn send_a_message_that_is_too_long(at: At<'_>) {
    let mut witness = at.join("realm1");
    let mut peer = at.join("realm1");
    let request = peer.next_request();
    // Where a batch may be longer than its messages, it is the message that is too long: what frames it counts on top.
    let framing = if at.place.refuses_long_messages() && at.subprotocol.batched { 4 } else { 0 };
    let sent = peer.try_send(&[call_of(LONGEST + framing + 1, at.subprotocol, request)]);
    if at.place.refuses_long_messages() {
        assert!(sent.is_err());
        assert_eq!(peer.call("math.add", json!([1, 2]), NONE, NONE)[3], json!([3]));
    } else {
        peer.expect_violation("");
    }
    witness.expect_silence_until_fence();
}
