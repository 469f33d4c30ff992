//! Routers that send without end or stop in the middle: the client keeps a bounded amount, and says why it left.

use crate::bad_routers::{FakeRouter, WELCOME};
use serverwamp::client::{ClientError, Login, SessionEnd};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Sends the same bytes until the client has closed the connection. It may discard what comes for a moment, so that what it has
/// said itself arrives.
async fn flood(stream: &mut tokio::net::TcpStream, bytes: &[u8]) {
    let sending = async { while stream.write_all(bytes).await.is_ok() {} };
    let ended = tokio::time::timeout(Duration::from_secs(10), sending).await;
    assert!(ended.is_ok(), "it goes on to take what it is sent");
}

#[tokio::test]
async fn an_endless_answer_to_the_upgrade_is_cut_off_at_its_limit() {
    let mut router = FakeRouter::start().await;
    let client = router.connect_websocket();
    let stream = router.stream().await;
    let mut request = [0; 2048];
    let _length = stream.read(&mut request).await.unwrap();
    stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n").await.unwrap();
    flood(stream, &b"X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(100)).await;
    let error = client.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("more than 16384 bytes of headers"), "{error}");
}

#[tokio::test]
async fn an_answer_that_stalls_is_given_up_in_time() {
    let mut router = FakeRouter::start().await;
    let address = format!("ws://{}/ws", router.address());
    let connecting = serverwamp::client::Client::connect(address).realm("realm1");
    let client = tokio::spawn(connecting.timeout(Duration::from_millis(300)).into_future());
    let stream = router.stream().await;
    // An octet now and then does not extend the deadline.
    for octet in b"HTTP/1.1 101 Switching" {
        if stream.write_all(&[*octet]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let error = client.await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::Late { .. }), "{error}");
}

#[tokio::test]
async fn a_message_that_never_ends_takes_no_more_than_the_longest_one() {
    let mut router = FakeRouter::start().await;
    let client = tokio::spawn({
        let address = format!("rs://{}", router.address());
        let connecting = serverwamp::client::Client::connect(address).realm("realm1");
        connecting.serializer(serverwamp::Serializer::Json).max_message(64 * 1024).into_future()
    });
    router.hear().await.unwrap();
    router.say(WELCOME).await;
    let client = client.await.unwrap().unwrap();
    // 16 MiB are announced, and the client takes 64 KiB.
    let stream = router.stream().await;
    stream.write_all(&[0, 255, 255, 255]).await.unwrap();
    flood(stream, &[b'a'; 4096]).await;
    let end = client.closed().await;
    assert!(
        matches!(&end, SessionEnd::Lost(why) if why.contains("16777215") && why.contains("max_message")),
        "{end:?}"
    );
}

#[tokio::test]
async fn events_that_nobody_subscribed_to_end_the_session_at_once() {
    let mut router = FakeRouter::start().await;
    let client = router.connect(Login::anonymous());
    router.hear().await.unwrap();
    router.say(WELCOME).await;
    let client = client.await.unwrap().unwrap();
    let event = r#"[36,7,1,{}]"#;
    let frame = [&[0, 0, 0, u8::try_from(event.len()).unwrap()], event.as_bytes()].concat();
    flood(router.stream().await, &frame.repeat(1000)).await;
    assert!(matches!(client.closed().await, SessionEnd::Violation(_)));
}

#[tokio::test]
async fn pings_without_end_are_answered_and_cost_nothing_that_stays() {
    let mut router = FakeRouter::start().await;
    let client = router.connect(Login::anonymous());
    router.hear().await.unwrap();
    router.say(WELCOME).await;
    let client = client.await.unwrap().unwrap();
    let (mut reading, mut writing) = router.stream().await.split();
    // RawSocket wants an answer to each: so nothing more is read from who does not take the answers.
    let ping = [1, 0, 0, 4, b'p', b'i', b'n', b'g'].repeat(512);
    let sent = tokio::time::timeout(Duration::from_millis(500), async {
        let mut sent = 0_usize;
        while writing.write_all(&ping).await.is_ok() {
            sent += ping.len();
        }
        sent
    });
    assert!(sent.await.is_err(), "the client stops reading, and neither leaves nor keeps it all");
    assert!(client.is_open());
    let mut answers = [0; 8];
    reading.read_exact(&mut answers).await.unwrap();
    assert_eq!(answers, [2, 0, 0, 4, b'p', b'i', b'n', b'g']);
}
