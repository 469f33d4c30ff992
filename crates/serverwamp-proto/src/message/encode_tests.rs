//! Tests of the encoders: each writes what the general writer does.

use super::*;
use crate::message::{Call, Message, UnreadBytes};
use crate::payload::Payload;

#[test]
fn plain_messages_are_written_as_the_general_writer_does() {
    let payloads: [(Serializer, [[&[u8]; 3]; 2]); 3] = [
        (Serializer::Json, [[b"", b"[]", b"[1]"], [b"", b"{}", b"{\"k\":1}"]]),
        (Serializer::MessagePack, [[b"", b"\x90", b"\x91\x01"], [b"", b"\x80", b"\x81\xa1k\x01"]]),
        (Serializer::Cbor, [[b"", b"\x80", b"\x81\x01"], [b"", b"\xa0", b"\xa1\x61k\x01"]]),
    ];
    let numbers = [1, 23, 24, 127, 128, 255, 256, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, 1 << 53];
    for (serializer, [lists, dicts]) in payloads {
        for (args, kwargs) in lists.iter().flat_map(|args| dicts.iter().map(move |kwargs| (args, kwargs))) {
            for (first, second) in numbers.iter().flat_map(|a| numbers.iter().map(move |b| (*a, *b))) {
                let (mut written, mut expected) = (vec![b'x'], vec![b'x']);
                let request = RequestId::new(first).unwrap();
                encode_result(serializer, request, false, args, kwargs, &mut written);
                let details = ResultDetails::default();
                encode_result_with(serializer, request, &details, args, kwargs, &mut expected).unwrap();
                let registration = RegistrationId::new(second).unwrap();
                let details = InvocationDetails::default();
                encode_invocation(serializer, request, registration, &details, args, kwargs, &mut written)
                    .unwrap();
                detailed(serializer, [68, first, second], &details, None, args, kwargs, &mut expected)
                    .unwrap();
                let subscription = SubscriptionId::new(first).unwrap();
                let publication = PublicationId::new(second).unwrap();
                let details = EventDetails::default();
                encode_event(serializer, subscription, publication, &details, args, kwargs, &mut written)
                    .unwrap();
                detailed(serializer, [36, first, second], &details, None, args, kwargs, &mut expected)
                    .unwrap();
                assert_eq!(written, expected, "{first} {second}");
            }
        }
    }
}

#[test]
fn a_call_is_written_as_its_message_is() {
    let procedures =
        ["a", "demo.add", "", "a b", "a~", "a\u{7f}", "a\"b", "a\\b", "a\nb", "b\u{e4}r", "\u{0}a"];
    // No list, an empty one, one with an element; and dictionaries likewise.
    let payloads: [(Serializer, [[&[u8]; 3]; 2]); 3] = [
        (Serializer::Json, [[b"", b"[]", b"[1]"], [b"", b"{}", b"{\"k\":1}"]]),
        (Serializer::MessagePack, [[b"", b"\x90", b"\x91\x01"], [b"", b"\x80", b"\x81\xa1k\x01"]]),
        (Serializer::Cbor, [[b"", b"\x80", b"\x81\x01"], [b"", b"\xa0", b"\xa1\x61k\x01"]]),
    ];
    let options = [CallOptions::default(), CallOptions { timeout: 1, ..CallOptions::default() }];
    let request = RequestId::new(4711).unwrap();
    for (serializer, [lists, dicts]) in payloads {
        for args in lists {
            for kwargs in dicts {
                for (procedure, options) in
                    procedures.iter().flat_map(|name| options.iter().map(move |options| (*name, options)))
                {
                    let part = |bytes: &[u8]| bytes.to_vec().into();
                    let message = Message::Call(Call {
                        request,
                        options: options.clone(),
                        procedure: procedure.into(),
                        unread: UnreadBytes::NONE,
                        payload: Payload::of_parts(serializer, part(args), part(kwargs)),
                    });
                    let (mut expected, mut written) = (vec![b'x'], vec![b'x']);
                    message.encode(serializer, &mut expected).unwrap();
                    encode_call(serializer, request, options, procedure, args, kwargs, &mut written).unwrap();
                    assert_eq!(written, expected, "{message:?}");
                }
            }
        }
    }
}
