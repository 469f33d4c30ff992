//! Every way a connection ends, as the peer sees it and as the handler is told.

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant as Time;

use super::*;
use crate::transport::{Class, infallible};

#[tokio::test(start_paused = true)]
async fn the_peers_close_is_answered_and_ends_the_transport() {
    let mut peer = connect_binary();
    peer.send(Opcode::Binary, b"before").await;
    peer.send(Opcode::Close, &[&3000u16.to_be_bytes()[..], b"because"].concat()).await;
    peer.expect(b"before").await;
    peer.expect_close(3000).await;
    assert_eq!(peer.receive().await, None);
    peer.expect_end(EndReason::PeerClosed { code: Some(3000) }).await;
}

#[tokio::test(start_paused = true)]
async fn a_close_without_a_code_is_answered_with_1000() {
    let mut peer = connect_binary();
    peer.send(Opcode::Close, b"").await;
    assert_eq!(peer.receive().await, Some(Event::Close { code: Some(1000), reason: String::new() }));
    peer.expect_end(EndReason::PeerClosed { code: None }).await;
}

#[tokio::test(start_paused = true)]
async fn closing_writes_what_is_queued_and_awaits_the_peers_close() {
    let mut peer = connect_binary();
    let all = [&b"first"[..], b"close", b"too late"].map(|message| frame(Opcode::Binary, message)).concat();
    peer.io.write_all(&all).await.unwrap();
    peer.expect(b"first").await;
    peer.expect(b"last words").await;
    peer.expect_close(1000).await;
    assert_eq!(peer.messages(), 2);
    peer.send(Opcode::Close, &1000u16.to_be_bytes()).await;
    assert_eq!(peer.io.read_buf(&mut BytesMut::new()).await.unwrap(), 0);
    peer.expect_end(EndReason::Closed).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_answers_a_close_is_left_after_two_seconds() {
    let mut peer = connect_binary();
    peer.outbox.close(1001, "going away");
    let start = Time::now();
    peer.expect_close(1001).await;
    peer.expect_end(EndReason::Closed).await;
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_take_the_last_bytes_is_left_after_ten_seconds() {
    let peer = connect(binary(), &WebSocketConfig::default(), 100);
    peer.outbox.push_encoded(&[1; 1000]).unwrap();
    settle().await;
    let start = Time::now();
    peer.outbox.close(1001, "going away");
    peer.expect_end(EndReason::Closed).await;
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_closed_outbox_refuses_and_the_first_close_counts() {
    let mut peer = connect_binary();
    peer.outbox.close(1000, "first");
    peer.outbox.close(1011, "second");
    assert!(peer.outbox.push(Class::Required, infallible(|out| out.push(1))).is_err());
    peer.outbox.room().await;
    peer.expect_close(1000).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_violation_the_handlers_last_message_comes_before_the_close() {
    let violations: [(&str, Vec<u8>, u16); 6] = [
        ("wrong kind", frame(Opcode::Text, b"text"), 1002),
        ("not masked", vec![0x82, 1, 0], 1002),
        ("bad UTF-8 in a close", frame(Opcode::Close, b"\x03\xe8\xff"), 1007),
        ("reserved opcode", vec![0x83, 0x80, 0, 0, 0, 0], 1002),
        ("compressed", vec![0xc2, 0x80, 0, 0, 0, 0], 1002),
        ("too long", vec![0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1, 0, 0, 0, 0], 1009),
    ];
    for (name, bytes, code) in violations {
        let mut peer = connect_binary();
        let all = [frame(Opcode::Binary, b"good"), bytes, frame(Opcode::Binary, b"after")].concat();
        peer.io.write_all(&all).await.unwrap();
        peer.expect(b"good").await;
        peer.expect(b"abort").await;
        peer.expect_close(code).await;
        // Ends its direction at once, but reads on until the peer ends too.
        assert_eq!(peer.receive().await, None, "{name}");
        peer.io.write_all(&[0xff; 10_000]).await.unwrap();
        assert_eq!(
            peer.seen()[1..],
            [Seen::Violation(code), Seen::Ended(EndReason::Violation { code })],
            "{name}"
        );
        peer.io.shutdown().await.unwrap();
        peer.expect_end(EndReason::Violation { code }).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_floods_after_a_violation_is_left_soon() {
    let mut peer = connect_binary();
    peer.send(Opcode::Text, b"text").await;
    let start = Time::now();
    while peer.io.write_all(&[0xff; 1000]).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(start.elapsed().as_secs(), 2);
    peer.expect_end(EndReason::Violation { code: 1002 }).await;
}

#[tokio::test(start_paused = true)]
async fn an_end_without_a_close_is_a_lost_transport() {
    let mut peer = connect_binary();
    peer.send(Opcode::Binary, b"question").await;
    peer.io.shutdown().await.unwrap();
    // The peer may still be reading.
    peer.expect(b"question").await;
    peer.expect_close(1002).await;
    peer.expect_end(EndReason::TransportLost).await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_transport_ends_the_connection() {
    let Peer { io, task, state, .. } = connect_binary();
    drop(io);
    task.await.unwrap();
    assert_eq!(state.lock().unwrap().seen, [Seen::Ended(EndReason::TransportLost)]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_connection_tells_its_handler() {
    let peer = connect_binary();
    settle().await;
    peer.task.abort();
    let outbox = peer.outbox.clone();
    assert!(peer.task.await.unwrap_err().is_cancelled());
    assert_eq!(peer.state.lock().unwrap().seen, [Seen::Ended(EndReason::TransportLost)]);
    assert!(outbox.push_encoded(b"x").is_err());
}

#[tokio::test(start_paused = true)]
async fn a_slow_consumer_is_disconnected_and_its_memory_freed() {
    let config = WebSocketConfig { max_queued: 10_000, ..WebSocketConfig::default() };
    let peer = connect(binary(), &config, 100);
    let mut pushed = 0;
    while peer.outbox.push_encoded(&[0; 500]).is_ok() {
        pushed += 1;
        assert!(peer.outbox.queued() <= 10_000);
        settle().await;
    }
    // The transport took the first hundred bytes.
    assert_eq!(pushed, 10_100 / 504);
    peer.expect_end(EndReason::SlowConsumer).await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_handler_can_be_closed_from_outside() {
    let mut peer = connect_binary();
    peer.send(Opcode::Binary, b"pause").await;
    settle().await;
    peer.outbox.close(1001, Bytes::from_static(b"x").len().to_string());
    peer.expect_close(1001).await;
    peer.send(Opcode::Close, b"").await;
    peer.expect_end(EndReason::Closed).await;
}
