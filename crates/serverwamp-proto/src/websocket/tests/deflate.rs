//! Compressed messages in both directions, and those that mean harm.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Decoder, KEY, LIMIT, decode_in_pieces};
use crate::websocket::deflate::{Deflate, MIN_COMPRESSED};
use crate::websocket::extension::negotiate;
use crate::websocket::frame::{push, push_masked};
use crate::websocket::{Event, Failure, Opcode, Role};

fn deflate() -> Deflate {
    negotiate(["permessage-deflate"]).unwrap().unwrap()
}

fn decoder(role: Role, limit: usize) -> Decoder {
    Decoder::new(role, limit).with_deflate(true)
}

/// Compresses as a client would, with its 00 00 ff ff removed.
pub(super) fn compressed(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 1000);
    Compress::new(Compression::best(), false).compress_vec(payload, &mut out, FlushCompress::Sync).unwrap();
    out.truncate(out.len() - 4);
    out
}

/// Decodes, as a server, compressed `bytes` sent in fragments.
fn receive(opcode: Opcode, bytes: &[u8], fragment: usize, limit: usize) -> (Vec<Event>, Option<Failure>) {
    let mut stream = Vec::new();
    let fragments: Vec<&[u8]> = bytes.chunks(fragment).collect();
    for (index, part) in fragments.iter().enumerate() {
        let first = index == 0;
        let opcode = if first { opcode } else { Opcode::Continuation };
        push_masked(opcode, index + 1 == fragments.len(), first, KEY, part, &mut stream);
    }
    decode_in_pieces(decoder(Role::Server, limit), &stream, 1000)
}

#[test]
fn the_examples_of_the_rfc_decode() {
    // RFC 7692, sections 7.2.3.1 to 7.2.3.5: one block, a stored block, a final block, two blocks.
    let hello = vec![Event::Text(Bytes::from_static(b"Hello"))];
    let examples: [&[u8]; 4] = [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
    ];
    for example in examples {
        for fragment in [1, 3, 100] {
            assert_eq!(
                receive(Opcode::Text, example, fragment, LIMIT),
                (hello.clone(), None),
                "{example:x?}"
            );
        }
    }
    assert_eq!(receive(Opcode::Text, &[0], 1, LIMIT), (vec![Event::Text(Bytes::new())], None));
}

#[test]
fn only_the_first_fragment_of_a_message_has_rsv1() {
    let mut stream = Vec::new();
    push_masked(Opcode::Text, false, true, KEY, &[0xf2, 0x48], &mut stream);
    push_masked(Opcode::Continuation, true, true, KEY, &[0xcd, 0xc9, 0xc9, 0x07, 0x00], &mut stream);
    let failure = decode_in_pieces(decoder(Role::Server, LIMIT), &stream, 100).1;
    assert_eq!(failure.map(|failure| failure.code), Some(1002));
    let mut ping = Vec::new();
    push_masked(Opcode::Ping, true, true, KEY, b"", &mut ping);
    let failure = decode_in_pieces(decoder(Role::Server, LIMIT), &ping, 100).1;
    assert_eq!(failure.map(|failure| failure.code), Some(1002));
}

#[test]
fn compressed_text_is_checked_while_it_arrives() {
    let failure = receive(Opcode::Text, &compressed(b"fine \xff not"), 100, LIMIT).1;
    assert_eq!(failure.map(|failure| failure.code), Some(1007));
    let failure = receive(Opcode::Binary, &[0xff; 20], 100, LIMIT).1;
    assert_eq!(failure.map(|failure| failure.code), Some(1007));
}

#[test]
fn the_limit_holds_for_what_comes_out() {
    // Not so repetitive that the ratio would be noticed first.
    let noise: Vec<u8> = (0..50_001u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 & 15).collect();
    let (events, failure) = receive(Opcode::Binary, &compressed(&noise), 1000, 50_001);
    assert_eq!((events, failure), (vec![Event::Binary(noise.clone().into())], None));
    let failure = receive(Opcode::Binary, &compressed(&noise), 1000, 50_000).1.unwrap();
    assert_eq!((failure.code, &*failure.reason), (1009, "message is longer than 50000 bytes"));
}

#[test]
fn a_deflate_bomb_is_refused_while_it_goes_off() {
    let bomb = compressed(&vec![0; 64 << 20]);
    assert!(bomb.len() < 100_000);
    let failure = receive(Opcode::Binary, &bomb, 100_000, 1 << 20).1.unwrap();
    assert_eq!((failure.code, &*failure.reason), (1009, "message is longer than 1048576 bytes"));
}

#[test]
fn what_the_limit_allows_may_expand_as_far_as_it_does() {
    // `"a" * 900000` in JSON, which zlib brings down to a thousandth.
    let text = format!("[48,1,{{}},\"a.b\",[\"{}\"]]", "a".repeat(900_000));
    let message = compressed(text.as_bytes());
    assert!(message.len() < text.len() / 500, "{}", message.len());
    for (limit, refused) in [(text.len(), false), (text.len() - 1, true)] {
        let (events, failure) = receive(Opcode::Text, &message, 100, limit);
        assert_eq!(failure.map(|failure| failure.code), refused.then_some(1009), "{limit}");
        assert_eq!(events, if refused { vec![] } else { vec![Event::Text(text.clone().into())] }, "{limit}");
    }
}

#[test]
fn long_messages_go_out_compressed_and_others_as_they_are() {
    let long = b"0123456789abcdef".repeat(200);
    let mut noise = vec![0u8; MIN_COMPRESSED];
    let mut state = 1u64;
    noise.fill_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    });
    let short = [b'x'; MIN_COMPRESSED - 1];
    let mut frames = Vec::new();
    push(Opcode::Text, &long, &mut frames);
    push(Opcode::Binary, &noise, &mut frames);
    push(Opcode::Text, &short, &mut frames);
    push(Opcode::Ping, b"p", &mut frames);

    let mut out = b"before".to_vec();
    assert_eq!(deflate().compress_frames(&frames, usize::MAX, &mut out), frames.len());
    assert!(out.len() < MIN_COMPRESSED * 2 + 500, "{}", out.len());
    assert_eq!(out[6], 0xc1);
    let (events, failure) = decode_in_pieces(decoder(Role::Client, LIMIT), &out[6..], 77);
    let expected = vec![
        Event::Text(long.into()),
        Event::Binary(noise.into()),
        Event::Text(Bytes::copy_from_slice(&short)),
        Event::Ping(Bytes::from_static(b"p")),
    ];
    assert_eq!((events, failure), (expected, None));
}

#[test]
fn compressing_stops_when_enough_is_there() {
    let mut frames = Vec::new();
    for _ in 0..10 {
        push(Opcode::Text, &[b'x'; 100], &mut frames);
    }
    let mut out = Vec::new();
    let taken = deflate().compress_frames(&frames, 150, &mut out);
    assert_eq!((taken, out.len()), (204, 204));
}

#[test]
fn a_compressor_survives_what_it_cannot_compress() {
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..400 {
        let len = [1024, 5000, 65_535, 65_536][random() as usize % 4];
        let alphabet = [256, 100, 4][random() as usize % 3];
        let payload: Vec<u8> = (0..len).map(|_| (random() % alphabet) as u8).collect();
        let mut out = Vec::new();
        if deflate().compress(&payload, &mut out) {
            assert!(alphabet < 256);
            let expected = vec![Event::Binary(payload.into())];
            assert_eq!(receive(Opcode::Binary, &out, 10_000, LIMIT), (expected, None), "round {round}");
        } else {
            assert_eq!((alphabet, out.len()), (256, 0));
        }
    }
}

#[test]
fn a_narrow_window_is_kept() {
    let deflate = negotiate(["permessage-deflate; server_max_window_bits=9"]).unwrap().unwrap();
    // The repetition is 600 bytes away, out of reach of a window of 512 bytes.
    let half: Vec<u8> = (0..600u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 20) as u8).collect();
    let payload = [half.as_slice(), half.as_slice()].concat();
    let (mut narrow, mut wide) = (Vec::new(), Vec::new());
    deflate.compress(&payload, &mut narrow);
    assert!(super::deflate::deflate().compress(&payload, &mut wide));
    assert!(narrow.is_empty() || narrow.len() > wide.len() + 200, "{} {}", narrow.len(), wide.len());

    // A client that keeps no more than its window understands it.
    for bits in [9, 12] {
        let offer = format!("permessage-deflate; server_max_window_bits={bits}");
        let deflate = negotiate([offer.as_str()]).unwrap().unwrap();
        let payload: Vec<u8> = (0..200_000u32).map(|i| b'a' + ((i / 7) ^ (i / 1000)) as u8 % 16).collect();
        let mut compressed = Vec::new();
        assert!(deflate.compress(&payload, &mut compressed));
        let mut client = Decompress::new_with_window_bits(false, bits);
        let mut out = Vec::new();
        while out.len() < payload.len() {
            // In small steps, so that the window is what is needed.
            out.reserve_exact(300);
            let rest = &compressed[client.total_in() as usize..];
            client.decompress_vec(rest, &mut out, FlushDecompress::Sync).unwrap();
        }
        assert!(out == payload, "window of {bits} bits");
    }
}

proptest! {
    #[test]
    fn what_is_compressed_comes_out_again(payload in vec(0u8..4, 0..5000), fragment in 1usize..500) {
        let mut out = Vec::new();
        if deflate().compress(&payload, &mut out) {
            prop_assert!(out.len() < payload.len());
            prop_assert_eq!(receive(Opcode::Binary, &out, fragment, 5000), (vec![Event::Binary(payload.into())], None));
        } else {
            prop_assert!(out.is_empty());
        }
    }
}

#[test]
fn any_deflate_encoder_is_understood() {
    let payload = b"a line of text that repeats\n".repeat(100);
    for level in 0..=9 {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(&payload).unwrap();
        // Ends with a final block, behind which RFC 7692 wants one more byte.
        let mut bytes = encoder.finish().unwrap();
        bytes.push(0);
        let expected = vec![Event::Text(Bytes::from(payload.clone()))];
        assert_eq!(receive(Opcode::Text, &bytes, 11, LIMIT), (expected, None), "level {level}");
    }
}
