//! Frames of a WebSocket that are too long, never end, or grow when they are decompressed.

use crate::bad_routers::{FakeRouter, text_frame};
use serverwamp::client::SessionEnd;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const MOST: usize = 64 * 1024;

#[tokio::test]
async fn a_message_that_is_too_long_is_told_with_its_length_and_the_limit() {
    for (head, length) in [
        (vec![0x81, 127, 0, 0, 0, 0, 1, 49, 45, 0], "20000000"),
        (vec![0x81, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "9223372036854775807"),
        // After a first part of 4 bytes.
        (vec![0x01, 4, b'a', b'b', b'c', b'd', 0x80, 127, 0, 0, 0, 0, 0, 1, 0, 0], "65540"),
    ] {
        let (mut stream, client) =
            FakeRouter::joined_over_websocket(|client| client.max_message(MOST), "").await;
        stream.write_all(&head).await.unwrap();
        let SessionEnd::Lost(why) = client.closed().await else { panic!("it is lost") };
        let said = format!(
            "message of {length} bytes exceeds the limit of 65536, which `ClientBuilder::max_message` sets"
        );
        assert_eq!(why, said);
    }
}

#[tokio::test]
async fn fragments_without_end_are_no_longer_than_a_message() {
    let (mut stream, client) = FakeRouter::joined_over_websocket(|client| client.max_message(MOST), "").await;
    stream.write_all(&[0x01, 0]).await.unwrap();
    let fragment = [&[0x00, 100][..], &[b'a'; 100]].concat().repeat(10);
    let flood = async { while stream.write_all(&fragment).await.is_ok() {} };
    assert!(tokio::time::timeout(Duration::from_secs(10), flood).await.is_ok(), "it goes on to take them");
    let SessionEnd::Lost(why) = client.closed().await else { panic!("it is lost") };
    assert!(why.starts_with("message of 65600 bytes exceeds the limit of 65536"), "{why}");
}

#[tokio::test]
async fn pings_without_end_cost_nothing_that_stays() {
    let (mut stream, client) = FakeRouter::joined_over_websocket(|client| client, "").await;
    let pings = [0x89, 4, b'p', b'i', b'n', b'g'].repeat(512);
    let flood = async { while stream.write_all(&pings).await.is_ok() {} };
    let _still = tokio::time::timeout(Duration::from_millis(500), flood).await;
    assert!(client.is_open());
    // The answers so far are there, masked, and no more than was asked for.
    let mut answer = [0; 2];
    loop {
        stream.read_exact(&mut answer).await.unwrap();
        if answer[0] == 0x8a {
            break;
        }
        // HELLO.
        assert_eq!(answer[0], 0x81);
        let length = usize::from(stream.read_u16().await.unwrap());
        stream.read_exact(&mut vec![0; length + 4]).await.unwrap();
    }
    assert_eq!(answer, [0x8a, 0x84]);
}

/// Bits of a stream of deflate, the lowest first.
#[derive(Default)]
struct Bits {
    octets: Vec<u8>,
    used: usize,
}

impl Bits {
    fn push(&mut self, bits: &str) {
        for bit in bits.bytes() {
            if self.used.is_multiple_of(8) {
                self.octets.push(0);
            }
            *self.octets.last_mut().unwrap() |= (bit - b'0') << (self.used % 8);
            self.used += 1;
        }
    }
}

/// A compressed message of `repeats` times 258 letters, and one: a fixed block of one literal and of repetitions.
fn bomb(repeats: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push("110");
    bits.push("10010001");
    for _ in 0..repeats {
        // The length 258, and the distance 1.
        bits.push("1100010100000");
    }
    bits.push("0000000");
    bits.octets
}

#[tokio::test]
async fn what_grows_when_it_is_decompressed_ends_at_the_longest_message() {
    let agreed = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
                  client_no_context_takeover\r\n";
    let (mut stream, client) =
        FakeRouter::joined_over_websocket(|client| client.compress().max_message(MOST), agreed).await;
    // 60 kB that become 10 MB.
    let bomb = bomb(38_000);
    let mut frame = text_frame(&bomb);
    frame[0] |= 0x40;
    stream.write_all(&frame).await.unwrap();
    let SessionEnd::Lost(why) = client.closed().await else { panic!("it is lost") };
    assert_eq!(why, "message is longer than 65536 bytes, which `ClientBuilder::max_message` sets");
}

#[tokio::test]
async fn what_cannot_be_decompressed_is_the_routers_fault() {
    let agreed = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
                  client_no_context_takeover\r\n";
    let (mut stream, client) = FakeRouter::joined_over_websocket(|client| client.compress(), agreed).await;
    stream.write_all(&[0xc1, 4, 0xff, 0xff, 0xff, 0xff]).await.unwrap();
    assert!(matches!(client.closed().await, SessionEnd::Violation(_)));
}
