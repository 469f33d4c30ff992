//! Bytes nobody planned for: never a panic, and what is carried between serializers stays the same.

use bytes::Bytes;
use proptest::prelude::*;
use serverwamp_proto::id::{RequestNumbering, SessionId};
use serverwamp_proto::message::Message;
use serverwamp_proto::session::SessionMachine;

use super::samples;
use super::value::{SERIALIZERS, to_frame, to_value};

/// Decodes and, should that work, encodes in every serializer; the result can be read there, and is the same message.
fn exercise(frame: &Bytes) {
    for serializer in SERIALIZERS {
        if let Ok(message) = Message::decode(serializer, frame) {
            for target in SERIALIZERS {
                let mut out = vec![7];
                if message.encode(target, &mut out).is_err() {
                    assert_eq!(out, [7], "nothing is written when encoding fails");
                    continue;
                }
                let carried = Bytes::from(out.split_off(1));
                let read = Message::decode(target, &carried);
                let read = read.unwrap_or_else(|fault| panic!("{frame:?} becomes {carried:?}: {fault}"));
                read.encode(target, &mut out).expect("it was encoded like this");
                assert_eq!(out[1..], carried);
            }
        }
        let mut session = SessionMachine::new(RequestNumbering::Lenient);
        session.welcomed(SessionId::random(1));
        let _ = session.receive_frame(serializer, frame);
        session.closing();
        let _ = session.receive_frame(serializer, frame);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_a_violation(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        exercise(&bytes.into());
    }

    #[test]
    fn damaged_messages_are_messages_or_violations(
        sample in 0..33usize,
        serializer in 0..3usize,
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let samples = samples();
        let mut frame = to_frame(SERIALIZERS[serializer], &samples[sample % samples.len()]).to_vec();
        let place = place.index(frame.len());
        frame[place] = byte;
        exercise(&frame.clone().into());
        frame.truncate(cut.index(frame.len()));
        exercise(&frame.into());
    }
}

/// A text may begin with what JSON cannot say (checklist SER-09, SER-10), wherever it stands.
#[test]
fn ser_09_every_octet_may_be_nul() {
    for sample in samples() {
        for serializer in SERIALIZERS {
            let frame = to_frame(serializer, &sample).to_vec();
            for place in 0..frame.len() {
                let mut damaged = frame.clone();
                damaged[place] = 0;
                exercise(&damaged.into());
            }
        }
    }
}

#[test]
fn ser_06_messages_are_carried_from_one_serializer_to_another() {
    for value in samples() {
        for source in SERIALIZERS {
            let frame = to_frame(source, &value);
            let message = Message::decode(source, &frame).unwrap();
            for target in SERIALIZERS {
                let mut out = Vec::new();
                message.encode(target, &mut out).unwrap();
                assert_eq!(to_value(target, &out), value, "{source:?} to {target:?}");
            }
        }
    }
}
