//! Arguments: which forms are taken, which are sent, and the encoders that take them encoded.

use bytes::Bytes;
use serde_json::json;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{PublicationId, RequestId, SubscriptionId};
use serverwamp_proto::message::{EventDetails, Message, encode_error, encode_event, encode_result};

use super::value::{SERIALIZERS, to_frame, to_value};
use super::{reencode, violation};

#[test]
fn msg_09_10_14_payload_forms() {
    for (given, sent) in [
        (json!([16, 1, {}, "t", [], {}]), json!([16, 1, {}, "t"])),
        (json!([16, 1, {}, "t", []]), json!([16, 1, {}, "t"])),
        (json!([16, 1, {}, "t", [], {"k": 1}]), json!([16, 1, {}, "t", [], {"k": 1}])),
        (json!([16, 1, {}, "t", [1], {}]), json!([16, 1, {}, "t", [1]])),
        (json!([48, 1, {}, "p", null, {"k": 1}]), json!([48, 1, {}, "p", [], {"k": 1}])),
        (json!([48, 1, {}, "p", null, null]), json!([48, 1, {}, "p"])),
        (json!([48, 1, {}, "p", [1], null]), json!([48, 1, {}, "p", [1]])),
        (json!([48, 1, {}, "p", [null]]), json!([48, 1, {}, "p", [null]])),
        (json!([70, 1, {}, [], {}]), json!([70, 1, {}])),
        (json!([8, 68, 1, {}, "e", []]), json!([8, 68, 1, {}, "e"])),
    ] {
        for serializer in SERIALIZERS {
            assert_eq!(reencode(serializer, &given), sent, "{given}");
        }
    }
}

#[test]
fn msg_10_empty_arguments_are_seen_in_any_spelling() {
    for (serializer, bytes) in [
        (Serializer::Json, &b"[16,1,{},\"t\",[ ],{ }]"[..]),
        (Serializer::MessagePack, &b"\x96\x10\x01\x80\xa1t\xdc\0\0\xde\0\0"[..]),
        (Serializer::Cbor, &b"\x86\x10\x01\xa0\x61t\x9f\xff\xbf\xff"[..]),
    ] {
        let frame = Bytes::copy_from_slice(bytes);
        let message = Message::decode(serializer, &frame).unwrap();
        let mut out = Vec::new();
        message.encode(serializer, &mut out).unwrap();
        assert_eq!(to_value(serializer, &out), json!([16, 1, {}, "t"]));
    }
}

#[test]
fn ppt_16_opaque_payloads_need_their_attribute() {
    let legacy = json!([16, 1, {"enc_algo": "cryptobox"}, "t", "\0oWZub3RpY2U="]);
    for serializer in SERIALIZERS {
        assert_eq!(reencode(serializer, &legacy), legacy);
    }
    violation(&json!([16, 1, {}, "t", "\0oWZub3RpY2U="]));
    violation(&json!([16, 1, {"ppt_scheme": "wamp"}, "t", "\0oWZub3RpY2U="]));
    violation(&json!([16, 1, {"enc_algo": "cryptobox"}, "t", "x", {}]));
    violation(&json!([16, 1, {"enc_algo": "cryptobox"}, "t", 5]));
}

#[test]
fn the_cheap_encoders_write_what_the_messages_would() {
    let (request, subscription) = (RequestId::new(7).unwrap(), SubscriptionId::new(8).unwrap());
    let publication = PublicationId::new(1 << 53).unwrap();
    for serializer in SERIALIZERS {
        let args = to_frame(serializer, &json!([1, "x"]));
        let kwargs = to_frame(serializer, &json!({"k": 1}));
        let (none, empty_list, empty_dict) =
            (&[][..], to_frame(serializer, &json!([])), to_frame(serializer, &json!({})));
        let mut out = Vec::new();
        encode_result(serializer, request, false, &args, none, &mut out);
        assert_eq!(to_value(serializer, &out), json!([50, 7, {}, [1, "x"]]));
        out.clear();
        encode_result(serializer, request, true, &empty_list, &empty_dict, &mut out);
        assert_eq!(to_value(serializer, &out), json!([50, 7, {"progress": true}]));
        out.clear();
        encode_error(serializer, 48, request, "a.b", none, &kwargs, &mut out);
        assert_eq!(to_value(serializer, &out), json!([8, 48, 7, {}, "a.b", [], {"k": 1}]));
        out.clear();
        let details = EventDetails { topic: Some("a.b".into()), ..EventDetails::default() };
        encode_event(serializer, subscription, publication, &details, &args, &kwargs, &mut out).unwrap();
        assert_eq!(
            to_value(serializer, &out),
            json!([36, 8, 1_u64 << 53, {"topic": "a.b"}, [1, "x"], {"k": 1}])
        );
    }
}
