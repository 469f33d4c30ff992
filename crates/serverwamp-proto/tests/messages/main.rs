//! Every message in every serializer: round trips, and a violation for everything that is not as it must be.
//! The names of the tests start with the rule of the conformance checklist they check.
#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

mod attributes;
mod bounds;
mod encoders;
mod payloads;
mod robustness;
#[path = "../value/mod.rs"]
mod value;

use bytes::Bytes;
use serde_json::{Value, json};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::Message;

use value::{SERIALIZERS, to_frame, to_value};

/// Every message, full and bare.
fn samples() -> Vec<Value> {
    vec![
        json!([1, "realm1", {"roles": {"caller": {}}, "agent": "a", "authmethods": ["ticket"], "authid": "joe",
            "authrole": "user", "authextra": {"pubkey": "00"}}]),
        json!([2, 9_007_199_254_740_992_u64, {"roles": {"broker": {}}, "agent": "a", "realm": "r", "authid": "joe",
            "authrole": "user", "authmethod": "ticket", "authprovider": "db", "authextra": {"verifier": "x"}}]),
        json!([3, {"message": "no", "scram": "other-error"}, "wamp.error.no_such_realm", [1], {"a": 2}]),
        json!([3, {}, "wamp.error.no_such_realm"]),
        json!([4, "wampcra", {"challenge": "{}"}]),
        json!([5, "signature", {"nonce": "x"}]),
        json!([6, {"message": "bye"}, "wamp.close.close_realm"]),
        json!([8, 48, 1, {}, "com.e"]),
        json!([8, 68, 1, {"ppt_scheme": "mqtt"}, "com.e", [1], {"a": null}]),
        json!([16, 1, {"acknowledge": true, "exclude_me": false, "disclose_me": true, "retain": true, "rkey": "k",
            "exclude": [1, 2], "exclude_authid": ["a"], "exclude_authrole": [], "eligible": [3],
            "eligible_authid": [], "eligible_authrole": ["r"], "ppt_scheme": "x_s", "ppt_serializer": "cbor",
            "ppt_cipher": "c", "ppt_keyid": "k"}, "com.t", [], {"k": 1}]),
        json!([16, 1, {}, "com.t"]),
        json!([17, 1, 2]),
        json!([32, 1, {"match": "wildcard", "get_retained": true, "nkey": "n"}, "com..t"]),
        json!([33, 1, 2]),
        json!([34, 1, 2]),
        json!([35, 1]),
        json!([35, 0, {"subscription": 5, "reason": "wamp.error.not_authorized"}]),
        json!([36, 1, 2, {"publisher": 3, "publisher_authid": "a", "publisher_authrole": "r", "topic": "com.t",
            "trustlevel": 2, "retained": true}, [1, 2], {"a": [null, 1.5, -1, "x", "\0AAECAw==", [], {}]}]),
        json!([36, 1, 2, {}]),
        json!([48, 7, {}, "demo.add", [2, 3]]),
        json!([48, 1, {"receive_progress": true, "progress": true, "timeout": 250, "disclose_me": true, "rkey": "k",
            "runmode": "partition"}, "com.p", [], {"k": "v"}]),
        json!([49, 1, {"mode": "kill"}]),
        json!([50, 1, {"progress": true}, ["x"], {"y": 1}]),
        json!([50, 1, {}]),
        json!([64, 1, {"match": "prefix", "invoke": "roundrobin", "disclose_caller": true, "forward_timeout": true},
            "com.p."]),
        json!([65, 1, 2]),
        json!([66, 1, 2]),
        json!([67, 1]),
        json!([67, 0, {"registration": 5, "reason": "x"}]),
        json!([68, 1, 2, {"receive_progress": true, "progress": true, "timeout": 5, "caller": 3, "caller_authid": "a",
            "caller_authrole": "r", "procedure": "com.p", "trustlevel": 0}, ["x"], {"y": 1}]),
        json!([69, 1, {"mode": "killnowait"}]),
        json!([70, 1, {"progress": true}, ["x"], {"y": 1}]),
        json!([70, 1, {}]),
    ]
}

fn reencode(serializer: Serializer, value: &Value) -> Value {
    let frame = to_frame(serializer, value);
    let message =
        Message::decode(serializer, &frame).unwrap_or_else(|violation| panic!("{value}: {violation}"));
    assert_eq!(value[0], message.code());
    let mut out = Vec::new();
    message.encode(serializer, &mut out).unwrap();
    to_value(serializer, &out)
}

fn violation_of_frame(serializer: Serializer, frame: &Bytes) -> String {
    match Message::decode(serializer, frame) {
        Ok(message) => panic!("{frame:?} was accepted as {message:?}"),
        Err(violation) => violation.message.into_owned(),
    }
}

fn violation(value: &Value) -> String {
    let texts = SERIALIZERS.map(|serializer| violation_of_frame(serializer, &to_frame(serializer, value)));
    let [text, ..] = texts;
    text
}

#[test]
fn every_message_survives_a_round_trip() {
    for value in samples() {
        for serializer in SERIALIZERS {
            assert_eq!(reencode(serializer, &value), value, "{serializer:?}");
        }
    }
}

#[test]
fn msg_01_a_message_is_a_list_that_starts_with_an_integer() {
    for value in [json!([]), json!({}), json!("x"), json!(null), json!(1), json!([null]), json!([[1]])] {
        violation(&value);
    }
    assert_eq!(violation(&json!([])), "a message must not be an empty list");
    let text = violation(&json!(["1", "realm1", {}]));
    assert_eq!(text, "a message must start with an integer type code, got string");
    for value in [json!([1.0, "realm1", {}]), json!([-1, {}]), json!([true, {}])] {
        violation(&value);
    }
}

#[test]
fn msg_02_every_element_has_one_type() {
    let wrong = [
        json!(null),
        json!(true),
        json!(5),
        json!(1.5),
        json!("x"),
        json!("\0AA=="),
        json!([1]),
        json!({"k": 1}),
    ];
    for sample in samples() {
        for index in 1..sample.as_array().unwrap().len() {
            for value in &wrong {
                let mut broken = sample.clone();
                if fits(&sample, index, value) {
                    continue;
                }
                broken[index] = value.clone();
                let text = violation(&broken);
                assert!(text.contains(&format!("element {index} (")), "{broken}: {text}");
            }
        }
    }
}

/// Returns whether `value` may stand in place of the element of a sample.
fn fits(sample: &Value, index: usize, value: &Value) -> bool {
    let kind = |value: &Value| match value {
        Value::String(text) if text.starts_with('\0') => "binary",
        Value::String(_) => "string",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "integer",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
    };
    // Null may stand for absent arguments (MSG-14) and for the realm (SES-11).
    let payload_at = match sample[0].as_u64().unwrap() {
        3 | 50 | 70 => 3,
        8 => 5,
        16 | 36 | 48 | 68 => 4,
        _ => usize::MAX,
    };
    let absent = value.is_null() && (index >= payload_at || (sample[0] == 1 && index == 1));
    kind(&sample[index]) == kind(value) || absent
}

#[test]
fn msg_02_by_example() {
    for (value, text) in [
        (json!([32, 1, [], "a.b"]), "SUBSCRIBE #1: element 2 (Options) must be a dictionary, got list"),
        (json!([32, "1", {}, "a.b"]), "SUBSCRIBE: element 1 (Request) must be an id, got string"),
        (
            json!([16, 1, {}, "a.b", {"k": 1}]),
            "PUBLISH #1: element 4 (Arguments) must be a list, got dictionary",
        ),
        (json!([48, 12, {}, "a.b", 42]), "CALL #12: element 4 (Arguments) must be a list, got integer"),
        (
            json!([48, 1, {}, "a.b", [], []]),
            "CALL #1: element 5 (ArgumentsKw) must be a dictionary, got list",
        ),
        (json!([5, 42, {}]), "AUTHENTICATE: element 1 (Signature) must be a string, got integer"),
        (json!([5, "x", []]), "AUTHENTICATE: element 2 (Extra) must be a dictionary, got list"),
        (json!([1, 5, {}]), "HELLO: element 1 (Realm) must be a string, got integer"),
        (json!([32, 1, {}, "\0YQ=="]), "SUBSCRIBE #1: element 3 (Topic) must be a string, got binary string"),
    ] {
        assert_eq!(violation(&value), text);
    }
}

#[test]
fn msg_03_no_other_length_is_legal() {
    let legal: &[(u64, &[usize])] = &[
        (1, &[3]),
        (2, &[3]),
        (3, &[3, 4, 5]),
        (4, &[3]),
        (5, &[3]),
        (6, &[3]),
        (8, &[5, 6, 7]),
        (16, &[4, 5, 6]),
        (17, &[3]),
        (32, &[4]),
        (33, &[3]),
        (34, &[3]),
        (35, &[2]),
        (36, &[4, 5, 6]),
        (48, &[4, 5, 6]),
        (49, &[3]),
        (50, &[3, 4, 5]),
        (64, &[4]),
        (65, &[3]),
        (66, &[3]),
        (67, &[2]),
        (68, &[4, 5, 6]),
        (69, &[3]),
        (70, &[3, 4, 5]),
    ];
    for (code, lengths) in legal {
        let of_code = samples().into_iter().filter(|value| value[0] == *code && value[1] != 0);
        let full = of_code.max_by_key(|value| value.as_array().unwrap().len()).unwrap();
        let mut elements = full.as_array().unwrap().clone();
        elements.push(json!(0));
        for length in 1..=elements.len() {
            let value = json!(elements[..length]);
            if lengths.contains(&length) {
                reencode(Serializer::Json, &value);
            } else {
                let text = violation(&value);
                assert!(text.contains("elements"), "{value}: {text}");
            }
        }
    }
    assert_eq!(violation(&json!([32, 1, {}])), "SUBSCRIBE #1 has 3 elements, expected 4");
    assert_eq!(violation(&json!([32, 1, {}, "a.b", 1])), "SUBSCRIBE #1 has more than 4 elements");
    assert_eq!(violation(&json!([48, 1, {}])), "CALL #1 has 3 elements, expected 4 to 6");
    assert_eq!(violation(&json!([48, 1, {}, "p", [], {}, 0])), "CALL #1 has more than 6 elements");
    violation(&json!([35, 0]));
    violation(&json!([35, 1, {}]));
}

#[test]
fn msg_12_unknown_codes_are_violations() {
    for code in [0, 7, 9, 15, 31, 37, 63, 71, 255, 256, 300, 337, 1023, 1024, u64::MAX] {
        assert_eq!(violation(&json!([code, {}])), format!("unknown type code {code}"));
    }
}

#[test]
fn id_01_ids_lie_between_1_and_2_pow_53() {
    for bad in [json!(0), json!(9_007_199_254_740_993_u64), json!(u64::MAX), json!(-1)] {
        let text = violation(&json!([32, bad, {}, "a.b"]));
        assert!(
            text.starts_with("SUBSCRIBE: element 1 (Request) must be an id from 1 to 9007199254740992"),
            "{text}"
        );
        violation(&json!([34, 1, bad]));
        violation(&json!([16, 1, {"exclude": [bad]}, "t"]));
    }
    violation(&json!([32, 1.0, {}, "a"]));
    reencode(Serializer::Json, &json!([32, 9_007_199_254_740_992_u64, {}, "a.b"]));
}

#[test]
fn vio_17_broken_bytes_are_violations() {
    for (serializer, bytes) in [
        (Serializer::Json, &b""[..]),
        (Serializer::Json, &b"[32,1,"[..]),
        (Serializer::Json, &b"[32,1,{},\"a\"] [1]"[..]),
        (Serializer::Json, &b"[32,1,{},\"a\"]x"[..]),
        (Serializer::Json, &b"[32,1,{},\"\xff\"]"[..]),
        (Serializer::MessagePack, &b"\xc1"[..]),
        (Serializer::MessagePack, &b"\x94\x20\x01\x80\xa1a\x01"[..]),
        (Serializer::MessagePack, &b"\x94\x20\x01\x80\xa5a"[..]),
        (Serializer::Cbor, &b"\xff"[..]),
        (Serializer::Cbor, &b"\x84\x18\x20\x01\xa0"[..]),
        (Serializer::Cbor, &b"\x84\x18\x20\x01\xa0\x61a\x00"[..]),
    ] {
        violation_of_frame(serializer, &Bytes::copy_from_slice(bytes));
    }
}

#[test]
fn ser_04_05_any_width_and_indefinite_lists_are_fine() {
    let frame = Bytes::from_static(b"\x9f\x18\x20\x01\xa0\x63a.b\xff");
    assert!(matches!(Message::decode(Serializer::Cbor, &frame), Ok(Message::Subscribe(_))));
    let wide = Bytes::from_static(b"\x94\xcf\0\0\0\0\0\0\0\x20\xcf\0\0\0\0\0\0\0\x01\x80\xa1a");
    assert!(matches!(Message::decode(Serializer::MessagePack, &wide), Ok(Message::Subscribe(_))));
}

#[test]
fn ses_11_the_realm_may_be_null() {
    let frame = Bytes::from_static(br#"[1,null,{"roles":{"caller":{}}}]"#);
    let Ok(Message::Hello(hello)) = Message::decode(Serializer::Json, &frame) else { panic!("not a HELLO") };
    assert!(hello.realm.is_none());
}
