//! Routers that stop in the middle: everything ends in time, or waits within its bounds.

use crate::bad_routers::{FakeRouter, WELCOME, text_frame};
use futures_util::FutureExt as _;
use serverwamp::client::{Client, ClientError, Login, SessionEnd};
use serverwamp::{CallResult, Serializer};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn a_router_that_stops_while_somebody_joins_is_given_up() {
    let half = format!("{}{}", "\0\0\0\u{40}", &WELCOME[..20]);
    for (login, said) in [
        (Login::anonymous(), half.as_bytes()),
        (Login::anonymous(), &b"\0\0"[..]),
        (Login::new("joe").ticket("s3cret"), b"\0\0\0\x0f[4,\"ticket\",{}]"),
    ] {
        let mut router = FakeRouter::start().await;
        let connecting = Client::connect(format!("rs://{}", router.address())).realm("realm1");
        let connecting = connecting.serializer(Serializer::Json).timeout(Duration::from_millis(300));
        let client = tokio::spawn(connecting.login(login).into_future());
        router.hear().await.unwrap();
        router.stream().await.write_all(said).await.unwrap();
        let error = client.await.unwrap().unwrap_err();
        assert!(matches!(error, ClientError::Timeout(_)), "{error}");
    }
}

#[tokio::test]
async fn a_message_that_stops_in_the_middle_is_not_waited_for_without_end() {
    let (mut stream, client) =
        FakeRouter::joined_over_websocket(|client| client.ping_every(Duration::from_millis(200)), "").await;
    stream.write_all(&text_frame(b"[36,7,1,{}]")[..6]).await.unwrap();
    let begun = Instant::now();
    let SessionEnd::Lost(why) = client.closed().await else { panic!("it is lost") };
    assert_eq!(why, "the router did not answer a ping in time");
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn a_router_that_stops_reading_gets_no_more_than_the_queue_and_is_left() {
    let (_router, client) = FakeRouter::joined().await;
    let long = "a".repeat(60_000);
    let mut calls = Vec::new();
    let begun = Instant::now();
    // Nothing is written before this waits.
    let error = loop {
        let mut call = client.call::<CallResult, _>("com.p", &long).start();
        if call.next().now_or_never().is_some() {
            break call.finish().await.unwrap_err();
        }
        calls.push(call);
        assert!(calls.len() < 70, "more than 4 MiB are queued");
    };
    assert_eq!(error.uri(), "wamp.error.unavailable");
    assert!(error.message().unwrap().contains("the router reads too slowly"), "{error}");
    let SessionEnd::Lost(why) = client.closed().await else { panic!("it is lost") };
    assert_eq!(why, "the router accepted nothing for too long");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_router_that_does_not_close_after_abort_is_left_in_time() {
    let (mut router, client) = FakeRouter::joined().await;
    router.say("nonsense").await;
    assert!(matches!(client.closed().await, SessionEnd::Violation(_)));
    assert!(router.hear().await.unwrap().contains("wamp.error.protocol_violation"));
    let stream = router.stream().await;
    // The client's end of the connection, and then, though the router goes on, the whole of it.
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    let going_on = async {
        while stream.write_all(b"more").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(8), going_on).await.is_ok(), "it still listens");
}

#[tokio::test]
async fn a_router_that_takes_too_short_messages_for_a_session_is_told_apart_from_a_slow_one() {
    for (takes, said, name) in [(0x0f, None, "HELLO"), (0x2f, Some(r#"[4,"ticket",{}]"#), "AUTHENTICATE")] {
        let mut router = FakeRouter::start().await;
        let client = router.connect(Login::new("joe").ticket("s".repeat(3000)));
        let stream = router.stream().await;
        let mut octets = [0; 4];
        stream.read_exact(&mut octets).await.unwrap();
        stream.write_all(&[0x7f, takes & 0xf0 | octets[1] & 0x0f, 0, 0]).await.unwrap();
        if let Some(said) = said {
            router.hear().await.unwrap();
            router.say(said).await;
        }
        let error = client.await.unwrap().unwrap_err();
        let expected = format!("bytes here, and {name} is longer");
        assert!(matches!(&error, ClientError::Protocol(text) if text.ends_with(&expected)), "{error}");
    }
}

#[tokio::test]
async fn a_router_that_calls_and_takes_no_answers_is_not_read_any_more() {
    let (mut router, client) = FakeRouter::joined().await;
    let registering = tokio::spawn({
        let client = client.clone();
        async move { client.register("com.p", || async { "a".repeat(20_000) }).await }
    });
    router.hear().await.unwrap();
    router.say("[65,1,5]").await;
    let _registration = registering.await.unwrap().unwrap();
    let mut invocation = 0_u64;
    let (mut reading, mut writing) = router.stream().await.split();
    let flood = async {
        loop {
            invocation += 1;
            let message = format!(r#"[68,{invocation},5,{{}},["{}"]]"#, "b".repeat(20_000));
            let length = u32::try_from(message.len()).unwrap().to_be_bytes();
            if writing.write_all(&[&length, message.as_bytes()].concat()).await.is_err() {
                return;
            }
        }
    };
    let blocked = tokio::time::timeout(Duration::from_secs(2), flood).await.is_err();
    assert!(blocked && client.is_open(), "it goes on to read");
    // 10 MB in the sockets of either direction, and what may be queued.
    assert!(invocation < 1500, "{invocation} calls of 20 kB were read, and are answered with 20 kB each");
    // Whoever goes on to take the answers is served.
    let mut answers = vec![0; 200_000];
    tokio::time::timeout(Duration::from_secs(5), reading.read_exact(&mut answers)).await.unwrap().unwrap();
    assert!(client.is_open());
}
