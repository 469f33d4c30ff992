//! Lists of more ids than one turn looks at, which is 1,024: whole, in parts, and with parts that end beside that number.

use crate::router::{Router, realms};
use serde_json::{Value, json};
use serverwamp::{Application, Limits, Realm};
use serverwamp_conformance::{RawPeer, Subprotocol};

/// So many are looked at in one turn.
const TURN: usize = 1024;

/// A bit more than two turns.
const ALL: usize = 2 * TURN + 1;

fn router() -> Router {
    let limits = |limits: &mut Limits| {
        (limits.subscriptions, limits.registrations) = (ALL, ALL);
        (limits.unauthenticated, limits.unauthenticated_per_address) = (Some(64), Some(64));
    };
    let realm = Realm::router("realm1").allow_anonymous("guest");
    Router::start(
        Application::builder().limits(limits).realm(realm).build().expect("nothing is wrong with it"),
    )
}

/// Subscribes or registers under so many names, and gives the ids in the order of the answers.
fn make(router: &Router, code: u64, many: usize) -> (RawPeer, Vec<u64>) {
    let mut peer = RawPeer::joined(router.url(), Subprotocol::CBOR_BATCHED, "realm1");
    let mut ids = Vec::new();
    for some in (1..=many as u64).collect::<Vec<_>>().chunks(256) {
        let requests: Vec<Value> =
            some.iter().map(|at| json!([code, at, {}, format!("com.number.{at}")])).collect();
        peer.send_batch(&requests);
        ids.extend(
            some.iter().map(|at| peer.expect(json!([code + 1, at, "$id"]))[2].as_u64().expect("an id")),
        );
    }
    (peer, ids)
}

/// The ids that a procedure lists.
#[track_caller]
fn list(peer: &mut RawPeer, procedure: &str, keywords: Value) -> Vec<u64> {
    let answer = peer.call(procedure, json!([]), keywords, Value::Null);
    let listed = match &answer[3][0] {
        Value::Object(by_match) => &by_match["exact"],
        list => list,
    };
    listed.as_array().unwrap_or_else(|| panic!("{answer}")).iter().filter_map(Value::as_u64).collect()
}

#[track_caller]
fn comes_in_parts(peer: &mut RawPeer, procedure: &str, sorted: &[u64]) {
    assert_eq!(list(peer, procedure, json!({})), sorted, "{procedure}");
    for limit in [1, TURN - 1, TURN, TURN + 1, 2 * TURN, sorted.len() - 1, sorted.len(), sorted.len() + 1] {
        let part = list(peer, procedure, json!({ "limit": limit }));
        assert_eq!(part, sorted[..limit.min(sorted.len())], "{procedure} with limit {limit}");
    }
    for place in [0, TURN - 2, TURN - 1, TURN, sorted.len() - 2, sorted.len() - 1] {
        let behind = &sorted[place + 1..];
        let after = sorted[place];
        assert_eq!(list(peer, procedure, json!({ "after": after })), behind, "{procedure} after {place}");
        let part = list(peer, procedure, json!({ "after": after, "limit": TURN + 1 }));
        assert_eq!(part, behind[..behind.len().min(TURN + 1)], "{procedure} after {place}");
    }
    // An id that is none of these is a place as well.
    let between = sorted[TURN - 1] - 1;
    assert_eq!(list(peer, procedure, json!({ "after": between, "limit": 1 })), sorted[TURN - 1..TURN]);
    // In parts of a turn, as a client would read them.
    let (mut read, mut after) = (Vec::new(), 0);
    loop {
        let part = list(peer, procedure, json!({ "limit": TURN, "after": after }));
        let Some(last) = part.last() else { break };
        after = *last;
        read.extend(part);
    }
    assert_eq!(read, sorted, "{procedure} in parts");
}

// MSUB-06, MREG-07
#[test]
fn msub_06_lists_of_more_ids_than_a_turn_has_are_whole_and_come_in_parts_of_any_length() {
    let router = router();
    for (code, procedure) in [(32, "wamp.subscription.list"), (64, "wamp.registration.list")] {
        let (_held, mut ids) = make(&router, code, ALL);
        ids.sort_unstable();
        for subprotocol in [Subprotocol::JSON, Subprotocol::MSGPACK, Subprotocol::CBOR] {
            let mut peer = RawPeer::joined(router.url(), subprotocol, "realm1");
            comes_in_parts(&mut peer, procedure, &ids);
        }
    }
}

// MSES-07
#[test]
fn mses_07_a_list_of_sessions_that_are_more_than_a_turn_has_is_whole_and_filtered() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let realm = Realm::router("realm1").allow_anonymous("guest");
    let app = Application::builder().realm(realm).build().expect("nothing is wrong with it");
    let mut ids = Vec::new();
    let mut peers = Vec::new();
    for _ in 0..TURN + 1 {
        let mut peer = app.connect(serverwamp::Serializer::Json);
        let hello = json!([1, "realm1", { "roles": { "caller": {} } }]).to_string();
        let welcome = runtime.block_on(async {
            peer.send(hello.into_bytes()).await.expect("it is taken");
            peer.receive().await.expect("WELCOME")
        });
        let welcome: Value = serde_json::from_slice(&welcome).expect("JSON");
        ids.push(welcome[1].as_u64().expect("an id"));
        peers.push(peer);
    }
    ids.sort_unstable();
    let caller = &mut peers[0];
    let mut request = 0;
    let mut ask = |args: Value, keywords: Value| {
        request += 1;
        let call = json!([48, request, {}, "wamp.session.list", args, keywords]).to_string();
        let answer = runtime.block_on(async {
            caller.send(call.into_bytes()).await.expect("it is taken");
            caller.receive().await.expect("an answer")
        });
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let listed = answer[3][0].as_array().unwrap_or_else(|| panic!("{answer}"));
        listed.iter().filter_map(Value::as_u64).collect::<Vec<_>>()
    };
    assert_eq!(ask(json!([]), json!({})), ids);
    assert_eq!(ask(json!([["guest"]]), json!({})), ids);
    assert!(ask(json!([["nobody"]]), json!({ "limit": 1 })).is_empty(), "all have been looked at");
    for limit in [TURN - 1, TURN, TURN + 1, TURN + 2] {
        assert_eq!(ask(json!([["guest"]]), json!({ "limit": limit })), ids[..limit.min(TURN + 1)]);
    }
    for place in [TURN - 2, TURN - 1, TURN] {
        assert_eq!(ask(json!([]), json!({ "after": ids[place] })), ids[place + 1..]);
    }
}

/// Checklist META-04: every procedure that lists, every kind of value, in every serializer.
#[test]
fn meta_04_what_is_no_limit_and_no_id_is_refused_wherever_there_are_lists() {
    let router = Router::start(realms());
    let bad = [json!(true), json!(1.5), json!("1"), json!(""), json!([1]), json!({ "a": 1 }), json!(-1)];
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(router.url(), subprotocol, "realm1");
        let subscription = peer.subscribe("com.a", Value::Null);
        let request = peer.next_request();
        peer.send(json!([64, request, {}, "com.a"]));
        let registration = peer.expect(json!([65, request, "$id"]))[2].clone();
        let lists = [
            ("wamp.session.list", json!([])),
            ("wamp.session.list", json!([["guest"]])),
            ("wamp.registration.list", json!([])),
            ("wamp.registration.list_callees", json!([registration])),
            ("wamp.subscription.list", json!([])),
            ("wamp.subscription.match", json!(["com.a"])),
            ("wamp.subscription.match", json!(["com.of.nobody"])),
            ("wamp.subscription.list_subscribers", json!([subscription])),
        ];
        let mut ask = |procedure: &str, args: &Value, keywords: Value| {
            peer.call(procedure, args.clone(), keywords, Value::Null)
        };
        for (procedure, args) in &lists {
            for name in ["limit", "after"] {
                for value in &bad {
                    let answer = ask(procedure, args, json!({ name: value }));
                    assert_eq!(
                        answer[4], "wamp.error.invalid_argument",
                        "{procedure} {name}={value}: {answer}"
                    );
                    let text = answer[5][0].as_str().unwrap_or_default();
                    assert!(text.starts_with(&format!("{name}: expected ")), "{answer}");
                }
            }
            // One past the ids there can be, and the smallest and the largest of both.
            let answer = ask(procedure, args, json!({ "after": (1_u64 << 53) + 1 }));
            assert_eq!(answer[4], "wamp.error.invalid_argument", "{procedure}: {answer}");
            assert_eq!(ask(procedure, args, json!({ "limit": 0 }))[4], "wamp.error.invalid_argument");
            for fine in [
                json!({ "after": 0 }),
                json!({ "after": 1_u64 << 53 }),
                json!({ "limit": 1 }),
                json!({ "limit": u64::MAX }),
                json!({ "limit": null, "after": null }),
            ] {
                assert_eq!(ask(procedure, args, fine.clone())[0], 50, "{procedure} {fine}");
            }
        }
    }
}
