//! Tests of handshake and frames, byte for byte.

use bytes::BytesMut;
use proptest::prelude::*;

use super::frame::{MAX_PAYLOAD, PREFIX, begin, finish, push};
use super::{
    Decoder, Event, FrameKind, HandshakeError, HandshakeRefusal, HandshakeRequest, MaxLength, TooLong, accept,
};
use crate::codec::Serializer;
use crate::message::HEAD;

fn decode(max: usize, bytes: &[u8]) -> Result<Option<Event>, String> {
    Decoder::new(max, false).decode(&mut BytesMut::from(bytes)).map_err(|failure| failure.to_string())
}

#[test]
fn raw_08_reserved_octets_of_the_handshake_are_refused() {
    for octets in [[0xf1, 0, 1], [0xf1, 1, 0]] {
        assert_eq!(HandshakeRequest::read(octets), Err(HandshakeError::Reserved));
    }
    assert_eq!(HandshakeError::Reserved.octets(), [0x7f, 0x30, 0, 0]);
}

#[test]
fn raw_06_raw_07_only_three_serializers_are_known() {
    for number in (0..16).filter(|number| !(1..=3).contains(number)) {
        let refusal = HandshakeRequest::read([0xf0 | number, 0, 0]).unwrap_err();
        assert_eq!(refusal.octets(), [0x7f, 0x10, 0, 0]);
    }
}

#[test]
fn raw_11_no_refusal_has_the_code_zero() {
    let all = [
        HandshakeError::Serializer(0),
        HandshakeError::MaxLength(512),
        HandshakeError::Reserved,
        HandshakeError::TooManyConnections,
    ];
    let codes: Vec<u8> = all.iter().map(|refusal| refusal.octets()[1]).collect();
    assert_eq!(codes, [0x10, 0x20, 0x30, 0x40]);
}

#[test]
fn raw_04_raw_05_raw_09_a_handshake_says_length_and_serializer_in_both_directions() {
    let hello = HandshakeRequest::read([0x52, 0, 0]).unwrap();
    assert_eq!((hello.takes.bytes(), hello.serializer), (16 * 1024, Serializer::MessagePack));
    assert_eq!(accept(MaxLength::within(1 << 20), hello.serializer), [0x7f, 0xb2, 0, 0]);
}

#[test]
fn a_client_reads_what_the_router_takes_or_why_it_refuses() {
    let request = HandshakeRequest { takes: MaxLength::LONGEST, serializer: Serializer::MessagePack };
    let taken = MaxLength::within(1 << 20);
    assert_eq!(request.read_answer(accept(taken, Serializer::MessagePack)), Ok(taken));
    for (refused, text) in [
        (HandshakeError::Serializer(2).octets(), "it does not support the serializer"),
        (HandshakeError::MaxLength(512).octets(), "it does not accept the maximum message length"),
        (HandshakeError::Reserved.octets(), "it wants other reserved bits"),
        (HandshakeError::TooManyConnections.octets(), "it has too many connections"),
        ([0x7f, 0xf0, 0, 0], "it names a code that the specification does not define"),
    ] {
        let refusal = request.read_answer(refused).unwrap_err();
        assert_eq!(refusal.to_string(), format!("the router refuses the handshake: {text}"));
    }
    let other = request.read_answer(accept(taken, Serializer::Json));
    assert_eq!(other, Err(HandshakeRefusal::OtherSerializer(1)));
    for nonsense in [*b"HTTP", [0x7f, 0xf2, 0, 1], [0x15, 3, 3, 0]] {
        assert_eq!(request.read_answer(nonsense), Err(HandshakeRefusal::NoRawSocket(nonsense)));
    }
    for (nonsense, text) in [
        (*b"HTTP", "connect to ws://.."),
        (*b"SSH-", "it answers \"SSH-..\""),
        ([0x15, 3, 3, 0], "connect to rss://.."),
        ([1, 2, 3, 4], "the answer is [01, 02, 03, 04], which is not RawSocket: check the port"),
    ] {
        assert!(HandshakeRefusal::NoRawSocket(nonsense).to_string().contains(text), "{text}");
    }
}

#[test]
fn raw_09_the_announced_length_is_never_longer_than_the_limit() {
    for (limit, bytes) in [(0, 512), (511, 512), (512, 512), (1023, 512), (1024, 1024), (usize::MAX, 1 << 24)]
    {
        assert_eq!(MaxLength::within(limit).bytes(), bytes, "{limit}");
    }
}

#[test]
fn raw_13_raw_20_reserved_bits_and_types_are_refused() {
    for first in [0x10, 0x80, 0x03, 0x07] {
        assert!(decode(1024, &[first, 0, 0, 5]).is_err(), "{first:#x}");
    }
}

#[test]
fn raw_15_a_frame_that_is_too_long_is_refused_by_its_prefix() {
    assert_eq!(decode(1024, &[0, 0, 4, 0]), Ok(None));
    assert!(decode(1024, &[0, 0, 4, 1]).unwrap_err().contains("1025 bytes"));
    assert!(decode(4096, &[8, 0, 0, 0]).is_err());
}

#[test]
fn raw_14_two_to_the_24_bytes_are_said_by_a_bit_of_their_own() {
    assert!(decode(MAX_PAYLOAD, &[8, 0, 0, 1]).is_err());
    assert_eq!(decode(MAX_PAYLOAD, &[8, 0, 0, 0]), Ok(None));
    let mut out = Vec::new();
    push(FrameKind::Ping, &vec![7; MAX_PAYLOAD], &mut out);
    assert_eq!(out[..PREFIX], [9, 0, 0, 0]);
    assert!(
        matches!(decode(MAX_PAYLOAD, &out), Ok(Some(Event::Ping(payload))) if payload.len() == MAX_PAYLOAD)
    );
    out.clear();
    push(FrameKind::Pong, &vec![7; MAX_PAYLOAD - 1], &mut out);
    assert_eq!(out[..PREFIX], [2, 0xff, 0xff, 0xff]);
}

#[test]
fn raw_21_an_empty_message_is_refused_and_an_empty_ping_is_not() {
    assert!(decode(1024, &[0, 0, 0, 0]).is_err());
    assert_eq!(decode(1024, &[1, 0, 0, 0]), Ok(Some(Event::Ping(Default::default()))));
}

#[test]
fn ser_07_a_text_that_is_not_utf_8_is_refused() {
    let frame = [0, 0, 0, 3, b'[', 0xff, b']'];
    assert!(Decoder::new(1024, true).decode(&mut BytesMut::from(&frame[..])).is_err());
    assert!(matches!(decode(1024, &frame), Ok(Some(Event::Message(_)))));
}

#[test]
fn nothing_comes_after_a_failure() {
    let mut decoder = Decoder::new(1024, false);
    let mut buf = BytesMut::from(&[0x10, 0, 0, 0, 1, 0, 0, 0][..]);
    assert!(decoder.decode(&mut buf).is_err());
    assert_eq!(decoder.decode(&mut buf), Ok(None));
    assert!(buf.is_empty());
}

#[test]
fn a_message_that_is_too_long_is_passed_over_and_the_next_one_is_read() {
    let long: Vec<u8> = (b'a'..=b'z').cycle().take(3000).collect();
    let mut stream = Vec::new();
    for (kind, payload) in
        [(FrameKind::Message, &long[..]), (FrameKind::Ping, b"alive?"), (FrameKind::Message, b"next")]
    {
        push(kind, payload, &mut stream);
    }
    for piece in [1, 7, 600, stream.len()] {
        let (mut decoder, mut buf, mut seen) = (Decoder::new(100, true), BytesMut::new(), Vec::new());
        for piece in stream.chunks(piece) {
            buf.extend_from_slice(piece);
            loop {
                match decoder.decode(&mut buf) {
                    Ok(Some(event)) => seen.push(event),
                    Ok(None) => break,
                    Err(failure) => assert!(failure.too_long && decoder.pass_over(3000)),
                }
            }
            assert!(buf.len() <= HEAD.max(piece.len()), "{} bytes are kept", buf.len());
        }
        let failure = decode(100, &stream[..PREFIX]).unwrap_err();
        let [Event::TooLong(told), Event::Ping(ping), Event::Message(next)] = &seen[..] else {
            panic!("{seen:?}")
        };
        let TooLong { head, failure: told } = &**told;
        assert_eq!((&head[..], told.to_string()), (&long[..HEAD], failure));
        assert_eq!((&ping[..], &next[..]), (&b"alive?"[..], &b"next"[..]));
    }
}

#[test]
fn a_longer_message_and_a_long_ping_are_not_passed_over() {
    for (first, most) in [(0, 2999), (1, 1 << 24)] {
        let (mut decoder, mut buf) = (Decoder::new(100, false), BytesMut::from(&[first, 0, 0x0b, 0xb8][..]));
        assert!(decoder.decode(&mut buf).is_err_and(|failure| failure.too_long));
        assert!(!decoder.pass_over(most));
        assert_eq!((decoder.decode(&mut buf), buf.len()), (Ok(None), 0));
    }
    // The longest frame there is.
    let (mut decoder, mut buf) = (Decoder::new(100, false), BytesMut::from(&[8, 0, 0, 0][..]));
    assert!(decoder.decode(&mut buf).is_err());
    assert!(decoder.pass_over(MAX_PAYLOAD));
}

proptest! {
    /// Checklist RAW-01, RAW-12, RAW-22.
    #[test]
    fn raw_22_frames_arrive_whole_however_they_are_cut(
        frames in prop::collection::vec((0_u8..3, prop::collection::vec(any::<u8>(), 1..300)), 1..8),
        cuts in prop::collection::vec(1_usize..50, 1..100),
    ) {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for (kind, payload) in &frames {
            let kind = FrameKind::from_bits(*kind).unwrap();
            let start = begin(&mut bytes);
            bytes.extend_from_slice(payload);
            finish(&mut bytes, start, kind);
            let payload = bytes::Bytes::copy_from_slice(payload);
            expected.push(match kind {
                FrameKind::Message => Event::Message(payload),
                FrameKind::Ping => Event::Ping(payload),
                FrameKind::Pong => Event::Pong(payload),
            });
        }
        let mut decoder = Decoder::new(1024, false);
        let (mut buf, mut seen, mut rest) = (BytesMut::new(), Vec::new(), &bytes[..]);
        for cut in cuts.iter().cycle() {
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            buf.extend_from_slice(now);
            while let Some(event) = decoder.decode(&mut buf).unwrap() {
                seen.push(event);
            }
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(seen, expected);
        prop_assert!(buf.is_empty());
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), text: bool) {
        let mut decoder = Decoder::new(40, text);
        let mut buf = BytesMut::from(&bytes[..]);
        while let Ok(Some(_)) = decoder.decode(&mut buf) {}
    }
}
