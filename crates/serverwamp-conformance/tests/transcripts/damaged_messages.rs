//! Whatever one client sends, another one can read all that it gets, and stays.
//!
//! The witness speaks JSON, the serializer that can say the least, listens to everything, serves, calls, and asks for the
//! lists. The other client sends messages of every kind with one octet changed: to NUL, with which no text may begin in
//! JSON, to one that means another type, and by a bit. What reaches the witness is read by the rules of this project's own
//! reader, which is as strict as others are.

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use serverwamp::memory::MemoryPeer;
use serverwamp::{Application, Realm, Serializer};
use serverwamp_conformance::Serializer as Written;
use serverwamp_proto::message::Message;

/// Messages with something of everything, that reach others or are listed for them; the client has registered `act.p` and
/// was called there.
fn samples() -> Vec<Value> {
    let passthru =
        json!({ "ppt_scheme": "x_mine", "ppt_serializer": "json", "ppt_cipher": "none", "ppt_keyid": "key" });
    vec![
        json!([16, 2, { "retain": true, "disclose_me": true }, "com.t", [1, "text", null, 2.5], { "k": { "l": "m" } }]),
        json!([16, 2, passthru, "com.t", ["\u{0}AQID"]]),
        json!([16, 2, { "eligible_authrole": ["guest"], "exclude_authid": ["nobody"] }, "com.t", ["text"]]),
        json!([48, 2, { "disclose_me": true, "timeout": 1000 }, "com.p", ["text"], { "k": "v" }]),
        json!([48, 2, { "progress": true, "receive_progress": true }, "com.p", ["text"]]),
        json!([48, 2, passthru, "com.p", ["\u{0}AQID"]]),
        json!([48, 2, {}, "wamp.session.add_testament", ["com.t", ["text"], { "k": "v" }], { "scope": "destroyed" }]),
        json!([64, 2, { "match": "prefix", "invoke": "random" }, "com.mine"]),
        json!([32, 2, { "match": "wildcard" }, "com..mine"]),
        json!([66, 2, 2]),
        json!([70, 1, {}, ["text"], { "k": "v" }]),
        json!([70, 1, { "progress": true }, ["text"]]),
        json!([70, 1, passthru, ["\u{0}AQID"]]),
        json!([8, 68, 1, {}, "com.failed", ["text"], { "k": "v" }]),
        json!([6, { "message": "text" }, "wamp.close.close_realm"]),
    ]
}

/// What both announce: all that has to do with what reaches others.
fn details() -> Value {
    json!({ "agent": "text", "roles": {
        "publisher": { "features": { "payload_passthru_mode": true } },
        "subscriber": { "features": { "pattern_based_subscription": true, "publisher_identification": true } },
        "caller": { "features": {
            "call_canceling": true, "payload_passthru_mode": true,
            "progressive_call_results": true, "progressive_call_invocations": true,
        } },
        "callee": { "features": {
            "caller_identification": true, "pattern_based_registration": true, "payload_passthru_mode": true,
            "progressive_call_results": true, "progressive_call_invocations": true,
        } },
    } })
}

/// Another octet in the place of this one.
const CHANGES: [fn(u8) -> u8; 4] =
    [|_| 0, |octet| octet ^ 1, |octet| octet ^ 0x20, |octet| octet.wrapping_add(0x80)];

/// Lets all tasks do what there is to do.
async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

struct Witness {
    peer: MemoryPeer,
    requests: u64,
    answers: u64,
}

impl Witness {
    async fn join(app: &Application) -> Self {
        let mut witness = Self { peer: app.connect(Serializer::Json), requests: 0, answers: 0 };
        witness.say(&json!([1, "realm1", details()])).await;
        for topic in ["", "wamp."] {
            let request = witness.next_request();
            witness.say(&json!([32, request, { "match": "prefix" }, topic])).await;
        }
        let request = witness.next_request();
        witness.say(&json!([64, request, { "match": "prefix", "invoke": "first" }, "com"])).await;
        witness.hear("the beginning").await;
        witness
    }

    fn next_request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    async fn say(&mut self, message: &Value) {
        self.peer.send(message.to_string()).await.expect("the witness stays");
        settle().await;
    }

    /// Reads all that has come because of `cause`, and answers what it is called for.
    async fn hear(&mut self, cause: &str) {
        loop {
            settle().await;
            let Some(received) = self.peer.receive().now_or_never() else { return };
            let frame =
                received.unwrap_or_else(|error| panic!("the witness was thrown out by {cause}: {error}"));
            let invocation = match Message::decode(Serializer::Json, &frame) {
                Err(fault) => panic!("the witness cannot read {frame:?}, which {cause} led to: {fault}"),
                Ok(Message::Abort(_) | Message::Goodbye(_)) => panic!("{cause} led to {frame:?}"),
                Ok(Message::Invocation(invocation)) => invocation.request.get(),
                Ok(Message::Result(_) | Message::Error(_)) => {
                    self.answers += 1;
                    continue;
                }
                Ok(_) => continue,
            };
            self.say(&json!([70, invocation, {}, ["yes"]])).await;
        }
    }

    async fn call(&mut self, procedure: &str) {
        let request = self.next_request();
        self.say(&json!([48, request, {}, procedure])).await;
    }
}

/// A client that says `frame` once it has been called, and leaves.
async fn act(app: &Application, serializer: Serializer, frame: &[u8], witness: &mut Witness, cause: &str) {
    let mut actor = app.connect(serializer);
    for message in [json!([1, "realm1", details()]), json!([64, 1, {}, "act.p"])] {
        actor.send(written(serializer).encode(&message)).await.expect("it has done no harm yet");
        settle().await;
    }
    witness.call("act.p").await;
    let before = witness.answers;
    actor.send(frame).await.expect("nor now");
    witness.hear(cause).await;
    for list in ["wamp.registration.list", "wamp.subscription.list"] {
        witness.call(list).await;
    }
    drop(actor);
    witness.hear(cause).await;
    assert!(witness.answers >= before + 3, "the witness still waits for an answer: {cause}");
}

fn written(serializer: Serializer) -> Written {
    match serializer {
        Serializer::Json => Written::Json,
        Serializer::MessagePack => Written::MsgPack,
        Serializer::Cbor => Written::Cbor,
    }
}

#[test]
fn ser_09_and_vio_02_whatever_one_client_sends_another_can_read_what_it_gets() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let realm = Realm::router("realm1").allow_anonymous("guest");
        let app = Application::builder().realm(realm).build().expect("nothing is wrong with this realm");
        let mut witness = Witness::join(&app).await;
        for sample in samples() {
            for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
                let frame = written(serializer).encode(&sample);
                act(&app, serializer, &frame, &mut witness, &format!("{sample} in {serializer:?}")).await;
                for place in 0..frame.len() {
                    for (number, change) in CHANGES.iter().enumerate() {
                        let mut damaged = frame.clone();
                        damaged[place] = change(damaged[place]);
                        let cause = format!("{sample} in {serializer:?} with change {number} at {place}");
                        act(&app, serializer, &damaged, &mut witness, &cause).await;
                    }
                }
            }
        }
    });
}
