//! The encoders that build no message value write the bytes that the messages would, of details only what is known.

use bytes::Bytes;
use serde_json::{Value, json};
use serverwamp_proto::codec::{self, Serializer};
use serverwamp_proto::id::{PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId};
use serverwamp_proto::message::{
    End, Error, ErrorDetails, Event, EventDetails, Interrupt, InterruptMode, InterruptOptions, Invocation,
    InvocationDetails, Message, Passthru, Published, Registered, Result, ResultDetails, Subscribed,
    Unregistered, Unsubscribed, encode_error, encode_error_with, encode_event, encode_interrupt,
    encode_invocation, encode_published, encode_registered, encode_result, encode_result_with,
    encode_subscribed, encode_unregistered, encode_unsubscribed,
};
use serverwamp_proto::payload::Payload;

use super::value::{SERIALIZERS, to_frame, to_value};

/// Ids at the borders of what one form of an integer holds.
const NUMBERS: [u64; 9] = [1, 23, 24, 127, 128, 255, 65_536, 1 << 32, 1 << 53];

fn request(number: u64) -> RequestId {
    RequestId::new(number).unwrap()
}

/// Arguments and keyword arguments, absent, empty and full.
fn payloads(serializer: Serializer) -> Vec<Payload> {
    let encode = |value: Value| if value.is_null() { Bytes::new() } else { to_frame(serializer, &value) };
    let many = json!(["\u{e4}\"\n", -1.5, null, {"a": [1]}, "\0AAECAw=="]);
    let mut payloads = Vec::new();
    for args in [Value::Null, json!([]), json!([1, "x"]), many] {
        for kwargs in [Value::Null, json!({}), json!({"k": 1})] {
            payloads.push(Payload::of_parts(serializer, encode(args.clone()).into(), encode(kwargs).into()));
        }
    }
    payloads
}

/// Every combination of a few attributes of payload passthru, that of none among them.
fn passthrus() -> Vec<Option<Box<Passthru>>> {
    let set = |bits: u32, bit: u32, text: &str| (bits >> bit & 1 == 1).then(|| text.into());
    let all = (1..16).map(|bits| Passthru {
        scheme: set(bits, 0, "x_my_ppt"),
        serializer: set(bits, 1, "cbor"),
        cipher: set(bits, 2, "aes\"256\""),
        keyid: set(bits, 3, "\u{e4}"),
        ..Passthru::default()
    });
    all.map(|passthru| Some(Box::new(passthru))).chain([None]).collect()
}

/// The encoder appends the same bytes as the message does, and keeps those that were there before.
fn same<'a>(serializer: Serializer, message: impl Into<Message<'a>>, encode: impl FnOnce(&mut Vec<u8>)) {
    let message = message.into();
    let (mut expected, mut out) = (b"before".to_vec(), b"before".to_vec());
    message.encode(serializer, &mut expected).unwrap();
    encode(&mut out);
    assert_eq!(Bytes::from(out), Bytes::from(expected), "{serializer:?} {message:?}");
}

fn each_payload(mut visit: impl FnMut(Serializer, u64, Payload)) {
    for serializer in SERIALIZERS {
        for payload in payloads(serializer) {
            for number in NUMBERS {
                visit(serializer, number, payload.clone());
            }
        }
    }
}

#[test]
fn an_invocation_is_what_the_message_would_be() {
    let full = InvocationDetails {
        receive_progress: true,
        progress: true,
        timeout: 5000,
        caller: SessionId::new(1 << 40),
        caller_authid: Some("joe \"x\"".into()),
        caller_authrole: Some("".into()),
        procedure: Some("a.b".into()),
        trustlevel: Some(0),
        ..InvocationDetails::default()
    };
    let procedure = InvocationDetails { procedure: Some("a.b".into()), ..InvocationDetails::default() };
    for details in [InvocationDetails::default(), procedure, full] {
        each_payload(|serializer, number, payload| {
            let registration = RegistrationId::new(number / 2 + 1).unwrap();
            let (details, request, Payload { args, kwargs, .. }) =
                (details.clone(), request(number), &payload);
            let message =
                Invocation { request, registration, details: details.clone(), payload: payload.clone() };
            same(serializer, message, |out| {
                encode_invocation(serializer, request, registration, &details, args, kwargs, out).unwrap();
            });
        });
    }
}

#[test]
fn an_event_is_what_the_message_would_be() {
    let topic = EventDetails { topic: Some("a.b".into()), retained: true, ..EventDetails::default() };
    for details in [EventDetails::default(), topic] {
        each_payload(|serializer, number, payload| {
            let publication = PublicationId::new(number).unwrap();
            let subscription = SubscriptionId::new(number / 2 + 1).unwrap();
            let Payload { args, kwargs, .. } = &payload;
            let message =
                Event { subscription, publication, details: details.clone(), payload: payload.clone() };
            same(serializer, message, |out| {
                encode_event(serializer, subscription, publication, &details, args, kwargs, out).unwrap();
            });
        });
    }
}

#[test]
fn results_and_errors_are_what_the_messages_would_be() {
    each_payload(|serializer, number, payload| {
        let (request, Payload { args, kwargs, .. }) = (request(number), &payload);
        for progress in [false, true] {
            let details = ResultDetails { progress, ..ResultDetails::default() };
            let message = Result { request, details: details.clone(), payload: payload.clone() };
            same(serializer, message.clone(), |out| {
                encode_result(serializer, request, progress, args, kwargs, out);
            });
            same(serializer, message, |out| {
                encode_result_with(serializer, request, &details, args, kwargs, out).unwrap();
            });
        }
        let (details, error) = (ErrorDetails::default(), "a.\u{e4}\"");
        let message = Error {
            request_type: 48,
            request,
            details: details.clone(),
            error: error.into(),
            payload: payload.clone(),
        };
        same(serializer, message.clone(), |out| {
            encode_error(serializer, 48, request, error, args, kwargs, out);
        });
        same(serializer, message, |out| {
            encode_error_with(serializer, 48, request, &details, error, args, kwargs, out).unwrap();
        });
    });
}

#[test]
fn ppt_02_the_attributes_of_passthru_are_written_as_they_came() {
    let (request, registration) = (request(7), RegistrationId::new(8).unwrap());
    let (subscription, publication) = (SubscriptionId::new(9).unwrap(), PublicationId::new(10).unwrap());
    for serializer in SERIALIZERS {
        let payload = Payload {
            args: to_frame(serializer, &json!(["\0AAECAw=="])).into(),
            ..Payload::empty(serializer)
        };
        let args = &payload.args;
        for passthru in passthrus() {
            let payload = || payload.clone();
            let details = ResultDetails { progress: true, passthru: passthru.clone(), ..Default::default() };
            let message = Result { request, details: details.clone(), payload: payload() };
            same(serializer, message, |out| {
                encode_result_with(serializer, request, &details, args, &[], out).unwrap();
            });
            let details = ErrorDetails { passthru: passthru.clone(), ..Default::default() };
            let message =
                Error { request_type: 48, request, details, error: "a.b".into(), payload: payload() };
            same(serializer, message.clone(), |out| {
                let details = &message.details;
                encode_error_with(serializer, 48, request, details, "a.b", args, &[], out).unwrap();
            });
            let details = InvocationDetails { passthru: passthru.clone(), ..Default::default() };
            let message = Invocation { request, registration, details: details.clone(), payload: payload() };
            same(serializer, message, |out| {
                encode_invocation(serializer, request, registration, &details, args, &[], out).unwrap();
            });
            let details = EventDetails { passthru, ..Default::default() };
            let message = Event { subscription, publication, details: details.clone(), payload: payload() };
            same(serializer, message, |out| {
                encode_event(serializer, subscription, publication, &details, args, &[], out).unwrap();
            });
        }
    }
}

#[test]
fn acknowledgements_and_interrupts_are_what_the_messages_would_be() {
    for serializer in SERIALIZERS {
        for number in NUMBERS {
            let request = request(number);
            let publication = PublicationId::new(number / 2 + 1).unwrap();
            let subscription = SubscriptionId::new(number / 3 + 1).unwrap();
            let registration = RegistrationId::new(number / 4 + 1).unwrap();
            same(serializer, Published { request, publication }, |out| {
                encode_published(serializer, request, publication, out);
            });
            same(serializer, Subscribed { request, subscription }, |out| {
                encode_subscribed(serializer, request, subscription, out);
            });
            same(serializer, Registered { request, registration }, |out| {
                encode_registered(serializer, request, registration, out);
            });
            same(serializer, Unsubscribed { end: End::Answer(request) }, |out| {
                encode_unsubscribed(serializer, request, out);
            });
            same(serializer, Unregistered { end: End::Answer(request) }, |out| {
                encode_unregistered(serializer, request, out);
            });
            for mode in [InterruptMode::Kill, InterruptMode::KillNoWait] {
                let options = InterruptOptions { mode: Some(mode), ..Default::default() };
                same(serializer, Interrupt { request, options }, |out| {
                    encode_interrupt(serializer, request, mode, out);
                });
            }
        }
    }
}

#[test]
fn pub_10_rpc_10_what_a_peer_invented_is_not_written() {
    for serializer in SERIALIZERS {
        let mut out = Vec::new();
        let frame = to_frame(serializer, &json!([36, 1, 2, {"_x_foo": 1, "topic": "a.b"}]));
        let Ok(Message::Event(Event { subscription, publication, details, .. })) =
            Message::decode(serializer, &frame)
        else {
            panic!("no EVENT")
        };
        encode_event(serializer, subscription, publication, &details, &[], &[], &mut out).unwrap();
        assert_eq!(to_value(serializer, &out), json!([36, 1, 2, {"topic": "a.b"}]));
        out.clear();
        let frame = to_frame(serializer, &json!([8, 68, 3, {"_foo_bar": 1}, "a.b"]));
        let Ok(Message::Error(error)) = Message::decode(serializer, &frame) else { panic!("no ERROR") };
        encode_error_with(serializer, 48, error.request, &error.details, "a.b", &[], &[], &mut out).unwrap();
        assert_eq!(to_value(serializer, &out), json!([8, 48, 3, {}, "a.b"]));
        out.clear();
        let frame = to_frame(serializer, &json!([68, 3, 4, {"_x": [1], "progress": true}]));
        let Ok(Message::Invocation(call)) = Message::decode(serializer, &frame) else {
            panic!("no INVOCATION")
        };
        let (request, registration) = (call.request, call.registration);
        encode_invocation(serializer, request, registration, &call.details, &[], &[], &mut out).unwrap();
        assert_eq!(to_value(serializer, &out), json!([68, 3, 4, {"progress": true}]));
        out.clear();
        let frame = to_frame(serializer, &json!([50, 3, {"_x": {}, "ppt_scheme": "x_a"}]));
        let Ok(Message::Result(result)) = Message::decode(serializer, &frame) else { panic!("no RESULT") };
        encode_result_with(serializer, result.request, &result.details, &[], &[], &mut out).unwrap();
        assert_eq!(to_value(serializer, &out), json!([50, 3, {"ppt_scheme": "x_a"}]));
    }
}

#[test]
fn ppt_16_an_opaque_payload_stays_one_string_from_publish_to_event() {
    let options = json!({"enc_algo": "cryptobox", "enc_key": "k", "enc_serializer": "cbor"});
    let (subscription, publication) = (SubscriptionId::new(1).unwrap(), PublicationId::new(2).unwrap());
    // Of length 0 too, and with bytes that would be an empty list or dictionary.
    for opaque in ["\0AAECAw==", "\0", "\0kA==", "\0gA==", "text", "", "[]"] {
        for source in SERIALIZERS {
            let frame = to_frame(source, &json!([16, 239_714_735, options, "com.t", opaque]));
            let Ok(Message::Publish(publish)) = Message::decode(source, &frame) else { panic!("no PUBLISH") };
            let details = EventDetails { passthru: publish.options.passthru.clone(), ..Default::default() };
            for target in SERIALIZERS {
                let (mut args, mut out) = (Vec::new(), Vec::new());
                codec::transcode(source, &publish.payload.args, target, &mut args).unwrap();
                encode_event(target, subscription, publication, &details, &args, &[], &mut out).unwrap();
                let expected = json!([36, 1, 2, options, opaque]);
                assert_eq!(to_value(target, &out), expected, "{source:?} to {target:?}");
                let event = Event {
                    subscription,
                    publication,
                    details: details.clone(),
                    payload: publish.payload.clone(),
                };
                same(target, event, |out| {
                    encode_event(target, subscription, publication, &details, &args, &[], out).unwrap();
                });
            }
        }
    }
}

#[test]
fn ppt_16_an_opaque_payload_stays_one_string_through_a_call() {
    let options = json!({"enc_algo": "x_own"});
    let (request, registration) = (request(5), RegistrationId::new(6).unwrap());
    for serializer in SERIALIZERS {
        for opaque in ["\0AAECAw==", "text", ""] {
            let frame = to_frame(serializer, &json!([48, 5, options, "com.p", opaque]));
            let Ok(Message::Call(call)) = Message::decode(serializer, &frame) else { panic!("no CALL") };
            let (passthru, Payload { args, kwargs, .. }) = (call.options.passthru, &call.payload);
            let mut out = Vec::new();
            let details = InvocationDetails { passthru: passthru.clone(), ..Default::default() };
            encode_invocation(serializer, request, registration, &details, args, kwargs, &mut out).unwrap();
            assert_eq!(to_value(serializer, &out), json!([68, 5, 6, options, opaque]));
            out.clear();
            let details = ResultDetails { passthru: passthru.clone(), ..Default::default() };
            encode_result_with(serializer, request, &details, args, kwargs, &mut out).unwrap();
            assert_eq!(to_value(serializer, &out), json!([50, 5, options, opaque]));
            out.clear();
            let details = ErrorDetails { passthru, ..Default::default() };
            encode_error_with(serializer, 48, request, &details, "a.b", args, kwargs, &mut out).unwrap();
            assert_eq!(to_value(serializer, &out), json!([8, 48, 5, options, "a.b", opaque]));
        }
    }
}
