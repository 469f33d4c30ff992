//! A callee that answers at length, however it is connected, and its caller.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use serverwamp_conformance::carrier::Places;
use serverwamp_conformance::peer::Arrival;
use serverwamp_conformance::{Carrier, Connect, DEADLINE, RawPeer, Serializer, ServerProcess, Subprotocol};
use tungstenite::Message;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::answers_too_long::EXCEEDED;
use serverwamp_conformance::harness::{NONE, assert_error};

/// How a callee sends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) carrier: Carrier,
    pub(crate) subprotocol: Subprotocol,
    /// The level at which it compresses its messages, if it does.
    pub(crate) compressed: Option<u32>,
}

impl Way {
    pub(crate) const fn new(carrier: Carrier, subprotocol: Subprotocol) -> Self {
        Self { carrier, subprotocol, compressed: None }
    }

    pub(crate) fn connect(self, server: &ServerProcess) -> RawPeer {
        if self.compressed.is_none() {
            return self.carrier.connect(&Places::at(server.url()), self.subprotocol);
        }
        let connect = Connect::to(server.url()).subprotocol(self.subprotocol);
        connect.header("Sec-WebSocket-Extensions", "permessage-deflate").open().expect("accepted")
    }

    /// These messages in one WebSocket message, compressed.
    pub(crate) fn compress(self, messages: &[Value], level: u32) -> Message {
        let (kind, bytes) = parts_of(self.subprotocol.encode(messages));
        let mut compressed = Vec::with_capacity(2 * bytes.len() + 100);
        flate2::Compress::new(flate2::Compression::new(level), false)
            .compress_vec(&bytes, &mut compressed, flate2::FlushCompress::Sync)
            .expect("bytes can be compressed");
        compressed.truncate(compressed.len() - 4);
        let mut frame = Frame::message(compressed, OpCode::Data(kind), true);
        frame.header_mut().rsv1 = true;
        Message::Frame(frame)
    }

    /// By how much a batch of one message is longer than that.
    pub(crate) fn overhead(self) -> usize {
        match (self.subprotocol.batched, self.subprotocol.serializer) {
            (false, _) => 0,
            (true, Serializer::Json) => 1,
            (true, _) => 4,
        }
    }
}

/// The opcode and the payload of a message.
pub(crate) fn parts_of(message: Message) -> (Data, Vec<u8>) {
    match message {
        Message::Text(text) => (Data::Text, text.as_bytes().to_vec()),
        other => (Data::Binary, other.into_data().to_vec()),
    }
}

/// Pairs so far: each calls a procedure of its own, because the server may hear late that the callee before is gone.
static PAIRS: AtomicUsize = AtomicUsize::new(0);

/// A callee and its caller.
pub(crate) struct Pair {
    procedure: String,
    pub(crate) callee: RawPeer,
    pub(crate) caller: RawPeer,
    pub(crate) way: Way,
}

impl Pair {
    #[track_caller]
    pub(crate) fn join(server: &ServerProcess, way: Way) -> Self {
        let mut callee = way.connect(server);
        callee.join("router");
        let request = callee.next_request();
        let procedure = format!("com.long.{}", PAIRS.fetch_add(1, Ordering::Relaxed));
        callee.send(json!([64, request, {}, procedure]));
        callee.expect(json!([65, request, "$id"]));
        let caller = RawPeer::joined(server.url(), Subprotocol::JSON, "router");
        Self { procedure, callee, caller, way }
    }

    /// Lets the callee send, several messages in one if there are several.
    #[track_caller]
    pub(crate) fn send(&mut self, messages: &[Value]) {
        match self.way.compressed {
            Some(level) => self.callee.send_raw(self.way.compress(messages, level)),
            None => self.callee.send_batch(messages),
        }
    }

    /// Calls, and gives the ids of the call and of the invocation.
    #[track_caller]
    pub(crate) fn call(&mut self, options: Value) -> (u64, u64) {
        let call = self.caller.start_call(&self.procedure, json!([]), NONE, options);
        let invocation = self.callee.find("an INVOCATION", DEADLINE, |message| message[0] == 68);
        (call, invocation[1].as_u64().expect("an id"))
    }

    /// This answer with as many letters as make it `length` bytes.
    pub(crate) fn sized(&self, length: usize, answer: impl Fn(String) -> Value) -> Value {
        let bytes = |answer: &Value| self.way.subprotocol.serializer.encode(answer).len();
        let sized = answer("x".repeat(length - (bytes(&answer("x".repeat(length))) - length)));
        assert_eq!(bytes(&sized), length);
        sized
    }

    pub(crate) fn result(&self, length: usize, invocation: u64) -> Value {
        self.sized(length, |text| json!([70, invocation, {}, [text]]))
    }

    /// The registration is still there, and its callee answers.
    #[track_caller]
    pub(crate) fn expect_service(&mut self) {
        let (call, invocation) = self.call(NONE);
        self.send(&[json!([70, invocation, {}, ["served"]])]);
        assert_eq!(self.caller.final_answer(call), json!([50, call, {}, ["served"]]));
    }

    /// The callee's session is over, and the call with it; it may have ended already for the length of its answer, where
    /// that is compressed, as nobody knows before how long it is in the end.
    #[track_caller]
    pub(crate) fn expect_end(&mut self, call: u64) {
        let last = loop {
            match self.callee.next(DEADLINE) {
                Arrival::Message(message) => assert_eq!(message[0], 3, "only ABORT may come: {message}"),
                other => break other,
            }
        };
        assert!(matches!(last, Arrival::Closed(_)), "the callee's connection stays open");
        let answer = self.caller.final_answer(call);
        if self.way.compressed.is_none() || answer[4] != EXCEEDED {
            assert_error(&answer, "wamp.error.canceled", &["left"]);
        }
    }
}
