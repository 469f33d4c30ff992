//! Options and details: known attributes are checked, unknown ones ignored and kept.

use bytes::Bytes;
use serde_json::{Value, json};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::Message;

use super::value::SERIALIZERS;
use super::{reencode, violation, violation_of_frame};

fn forward_for() -> Value {
    json!([{ "session": 7, "authid": "joe", "authrole": "user" }, { "session": 8, "authid": "", "authrole": "link" }])
}

#[test]
fn entries_of_forward_for_have_three_attributes_and_others_are_passed_over() {
    let with = |entry: Value| json!([48, 1, { "forward_for": [entry] }, "p"]);
    for (entry, got) in [
        (json!(1), "a list with a integer"),
        (json!({ "authid": "joe", "authrole": "user" }), "an entry without session"),
        (json!({ "session": 7, "authrole": "user" }), "an entry without authid"),
        (json!({ "session": 7, "authid": "joe" }), "an entry without authrole"),
        (json!({ "session": "7", "authid": "joe", "authrole": "user" }), "an entry with a string as session"),
        (json!({ "session": 7, "authid": null, "authrole": "user" }), "an entry with a null as authid"),
    ] {
        let violation = violation(&with(entry)).to_string();
        assert!(violation.contains("Options.forward_for must be a list of dictionaries"), "{violation}");
        assert!(violation.ends_with(got), "{violation}");
    }
    violation(&with(json!({ "session": 0, "authid": "joe", "authrole": "user" })));
    violation(&with(json!({ "session": (1_u64 << 53) + 1, "authid": "joe", "authrole": "user" })));
    let more = with(json!({ "x": [{}], "session": 7, "authid": "joe", "y": null, "authrole": "user" }));
    let known = with(json!({ "session": 7, "authid": "joe", "authrole": "user" }));
    for serializer in SERIALIZERS {
        assert_eq!(reencode(serializer, &more), known);
        let none = json!([48, 1, { "forward_for": null }, "p"]);
        assert_eq!(reencode(serializer, &none), json!([48, 1, {}, "p"]));
    }
}

/// Messages without attributes, the attributes each may have, and a value that fits them.
fn known_attributes() -> Vec<(Value, Vec<&'static str>, Value)> {
    vec![
        (json!([16, 1, {}, "t"]), vec!["acknowledge", "exclude_me", "disclose_me", "retain"], json!(true)),
        (json!([16, 1, {}, "t"]), vec!["exclude", "eligible"], json!([1])),
        (
            json!([16, 1, {}, "t"]),
            vec!["exclude_authid", "exclude_authrole", "eligible_authid", "eligible_authrole"],
            json!(["x"]),
        ),
        (
            json!([16, 1, {}, "t"]),
            vec!["rkey", "ppt_scheme", "ppt_serializer", "ppt_cipher", "ppt_keyid"],
            json!("x"),
        ),
        (json!([32, 1, {}, "t"]), vec!["get_retained"], json!(true)),
        (json!([32, 1, {}, "t"]), vec!["match"], json!("exact")),
        (json!([36, 1, 1, {}]), vec!["publisher", "trustlevel"], json!(1)),
        (
            json!([36, 1, 1, {}]),
            vec!["publisher_authid", "publisher_authrole", "topic", "ppt_scheme"],
            json!("x"),
        ),
        (json!([36, 1, 1, {}]), vec!["retained"], json!(true)),
        (json!([64, 1, {}, "p"]), vec!["disclose_caller", "forward_timeout"], json!(true)),
        (json!([64, 1, {}, "p"]), vec!["match"], json!("prefix")),
        (json!([64, 1, {}, "p"]), vec!["invoke"], json!("random")),
        (json!([48, 1, {}, "p"]), vec!["receive_progress", "progress", "disclose_me"], json!(true)),
        (json!([48, 1, {}, "p"]), vec!["timeout"], json!(5)),
        (json!([48, 1, {}, "p"]), vec!["ppt_keyid", "rkey", "runmode"], json!("x")),
        (json!([48, 1, {}, "p"]), vec!["forward_for"], forward_for()),
        (json!([16, 1, {}, "t"]), vec!["forward_for"], forward_for()),
        (json!([36, 1, 1, {}]), vec!["forward_for"], forward_for()),
        (json!([68, 1, 1, {}]), vec!["forward_for"], forward_for()),
        (json!([49, 1, {}]), vec!["mode"], json!("skip")),
        (json!([69, 1, {}]), vec!["mode"], json!("kill")),
        (json!([70, 1, {}]), vec!["progress"], json!(true)),
        (json!([70, 1, {}]), vec!["ppt_scheme"], json!("x")),
        (json!([50, 1, {}]), vec!["progress"], json!(true)),
        (json!([8, 68, 1, {}, "e"]), vec!["ppt_cipher"], json!("x")),
        (json!([1, "r", {}]), vec!["roles", "authextra"], json!({})),
        (json!([1, "r", {}]), vec!["agent", "authid", "authrole"], json!("x")),
        (json!([1, "r", {}]), vec!["authmethods"], json!(["x"])),
        (json!([6, {}, "r"]), vec!["message"], json!("x")),
        (json!([3, {}, "r"]), vec!["message"], json!("x")),
    ]
}

#[test]
fn msg_04_and_08_known_attributes_have_one_type() {
    let wrong = [
        json!(true),
        json!(1),
        json!(-1),
        json!(1.5),
        json!("foo"),
        json!("\0AA=="),
        json!([true]),
        json!([0]),
        json!(["x", 1]),
        json!({"k": 1}),
    ];
    for (message, keys, right) in known_attributes() {
        let place = message.as_array().unwrap().iter().position(Value::is_object).unwrap();
        for key in keys {
            let mut value = message.clone();
            value[place][key] = right.clone();
            reencode(Serializer::Json, &value);
            for wrong in &wrong {
                let words = ["match", "invoke", "mode"].contains(&key);
                let same = std::mem::discriminant(wrong) == std::mem::discriminant(&right);
                let outside = wrong.is_array()
                    || *wrong == json!(-1)
                    || *wrong == json!(1.5)
                    || *wrong == json!("\0AA==");
                if same && !words && !outside {
                    continue;
                }
                value[place][key] = wrong.clone();
                let text = violation(&value);
                assert!(text.contains(&format!(".{key} must be ")), "{value}: {text}");
            }
        }
    }
    assert_eq!(
        violation(&json!([32, 1, {"match": "foo"}, "a.b"])),
        "SUBSCRIBE #1: Options.match must be \"exact\", \"prefix\" or \"wildcard\", got \"foo\""
    );
    assert_eq!(
        violation(&json!([16, 1, {"acknowledge": 1}, "a.b"])),
        "PUBLISH #1: Options.acknowledge must be a boolean, got integer"
    );
}

/// Clients that fill options from variables send null, or `undefined` as wampy.js does, for those that are not set.
#[test]
fn msg_08_an_attribute_that_is_null_is_absent() {
    for (message, keys, _) in known_attributes() {
        let place = message.as_array().unwrap().iter().position(Value::is_object).unwrap();
        for key in keys {
            let mut value = message.clone();
            value[place][key] = json!(null);
            reencode(Serializer::Json, &value);
        }
    }
    for (serializer, bytes) in [
        (
            Serializer::MessagePack,
            &b"\x94\x20\x01\xde\x00\x02\xa5match\xd4\x00\x00\xacget_retained\xd4\x00\x00\xa3a.b"[..],
        ),
        (Serializer::Cbor, &b"\x84\x18\x20\x01\xa1\x65match\xf7\x63a.b"[..]),
    ] {
        let frame = Bytes::copy_from_slice(bytes);
        let Ok(Message::Subscribe(subscribe)) = Message::decode(serializer, &frame) else {
            panic!("{serializer:?} is no SUBSCRIBE");
        };
        assert_eq!(subscribe.options.kind, serverwamp_proto::pattern::Match::Exact);
        assert_eq!(subscribe.topic, "a.b");
    }
}

#[test]
fn msg_05_keys_are_strings() {
    for (serializer, bytes) in [
        (Serializer::MessagePack, &b"\x94\x20\x01\x81\x01\x01\xa1a"[..]),
        (Serializer::Cbor, &b"\x84\x18\x20\x01\xa1\x01\x01\x61a"[..]),
        (Serializer::Json, &b"[32,1,{1:1},\"a\"]"[..]),
        (Serializer::Json, &b"[16,1,{\"\\u0000YQ==\":1},\"a\"]"[..]),
    ] {
        violation_of_frame(serializer, &Bytes::copy_from_slice(bytes));
    }
}

#[test]
fn msg_07_unknown_attributes_are_ignored_and_kept() {
    for value in [
        json!([32, 1, {"_foo_bar": 1, "bogus": {"x": [1]}, "match": "prefix"}, "a.b"]),
        json!([16, 1, {"_forward": "whatever", "acknowledge": true, "zzz": null}, "a.b"]),
        json!([32, 1, {"forward_for": "whatever"}, "a.b"]),
        json!([48, 1, {"a_first": 1.5, "timeout": 3, "transaction_hash": 7}, "a.b"]),
        json!([64, 1, {"concurrency": 4, "force_unregister": true}, "a.b"]),
        json!([1, "r", {"roles": {"caller": {}}, "transport": {"auth": {}}, "resumable": true}]),
    ] {
        for serializer in SERIALIZERS {
            assert_eq!(reencode(serializer, &value), value);
        }
    }
}

#[test]
fn msg_07_unknown_attributes_keep_their_place() {
    for text in [
        r#"[16,1,{"zzz":1,"retain":true,"aaa":[],"acknowledge":true},"a.b"]"#,
        r#"[36,1,2,{"_forward":[],"topic":"t","publisher":1}]"#,
    ] {
        let frame = Bytes::from(text);
        let mut out = Vec::new();
        Message::decode(Serializer::Json, &frame).unwrap().encode(Serializer::Json, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
}

#[test]
fn two_hundred_and_fifty_six_attributes_and_no_more() {
    for messages in
        [json!([48, 1, {}, "p"]), json!([16, 1, {}, "t"]), json!([32, 1, {}, "t"]), json!([64, 1, {}, "p"])]
    {
        let with = |many: usize| {
            let mut message = messages.clone();
            message[2] = (0..many)
                .map(|number| (format!("_{number}"), json!(number)))
                .collect::<serde_json::Map<_, _>>()
                .into();
            Bytes::from(message.to_string())
        };
        assert!(Message::decode(Serializer::Json, &with(256)).is_ok(), "{messages}");
        let text = Message::decode(Serializer::Json, &with(257)).unwrap_err().to_string();
        assert!(text.contains("Options has more than 256 attributes"), "{text}");
    }
}
