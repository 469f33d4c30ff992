//! Pings, pongs and peers that are not there any more.

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant as Time, sleep};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_with_its_payload() {
    let mut peer = connect_binary();
    peer.send(Opcode::Ping, b"are you there").await;
    assert_eq!(peer.receive().await, Some(Event::Pong(Bytes::from_static(b"are you there"))));
}

#[tokio::test(start_paused = true)]
async fn of_many_pings_the_last_is_answered() {
    let mut peer = connect(binary(), &WebSocketConfig::default(), 1000);
    for number in 0..20_000u32 {
        peer.send(Opcode::Ping, &number.to_be_bytes()).await;
    }
    let mut pongs = 0;
    loop {
        let Some(Event::Pong(payload)) = peer.receive().await else { panic!("no pong") };
        pongs += 1;
        if payload == 19_999u32.to_be_bytes()[..] {
            break;
        }
    }
    assert!(pongs < 2000, "{pongs}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_pinged_and_stays_if_it_answers() {
    let mut peer = connect_binary();
    let start = Time::now();
    for round in 1..4 {
        assert_eq!(peer.receive().await, Some(Event::Ping(Bytes::new())));
        assert_eq!(start.elapsed().as_secs(), 20 * round);
        peer.send(Opcode::Pong, b"").await;
    }
    assert!(!peer.outbox.is_closed());
}

#[tokio::test(start_paused = true)]
async fn whatever_a_peer_sends_shows_that_it_lives() {
    let mut peer = connect_binary();
    for _ in 0..10 {
        sleep(Duration::from_secs(15)).await;
        peer.send(Opcode::Binary, b"here").await;
        peer.expect(b"here").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_pings_is_given_up() {
    let peer = connect_binary();
    let start = Time::now();
    peer.expect_end(EndReason::PingTimeout).await;
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn without_a_ping_interval_silence_is_nothing_special() {
    let config = WebSocketConfig {
        ping_interval: Duration::MAX,
        ping_timeout: Duration::MAX,
        write_timeout: Duration::MAX,
        close_timeout: Duration::MAX,
        ..WebSocketConfig::default()
    };
    let mut peer = connect(binary(), &config, 100);
    sleep(Duration::from_secs(100_000)).await;
    peer.send(Opcode::Binary, b"still here").await;
    peer.expect(b"still here").await;
    peer.outbox.close(1000, "");
    peer.expect_close(1000).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_not_listened_to_is_not_called_silent() {
    let mut peer = connect_binary();
    peer.send(Opcode::Binary, b"pause").await;
    sleep(Duration::from_secs(100)).await;
    peer.resume();
    peer.send(Opcode::Binary, b"still here").await;
    peer.expect(b"still here").await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_called_at_its_deadline() {
    let mut peer = connect_binary();
    let start = Time::now();
    for round in 1..5 {
        peer.send(Opcode::Binary, b"later").await;
        peer.expect(b"now").await;
        assert_eq!(start.elapsed().as_secs(), 3 * round);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_accepts_nothing_is_given_up() {
    let mut peer = connect(binary(), &WebSocketConfig::default(), 1000);
    peer.io.write_all(&frame(Opcode::Binary, &[1; 900])).await.unwrap();
    peer.io.write_all(&frame(Opcode::Binary, &[2; 900])).await.unwrap();
    let start = Time::now();
    peer.expect_end(EndReason::WriteTimeout).await;
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_accepts_little_by_little_stays() {
    let mut peer = connect(binary(), &WebSocketConfig::default(), 100);
    peer.outbox.push_encoded(&[3; 2000]).unwrap();
    for _ in 0..10 {
        sleep(Duration::from_secs(8)).await;
        let mut some = [0; 100];
        peer.io.read_exact(&mut some).await.unwrap();
        peer.send(Opcode::Pong, b"").await;
    }
    assert!(!peer.outbox.is_closed());
}
