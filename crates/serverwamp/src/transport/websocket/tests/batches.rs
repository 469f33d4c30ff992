//! Batched subprotocols.

use serverwamp_proto::codec::Serializer;
use serverwamp_proto::websocket::Subprotocol;
use serverwamp_proto::websocket::batch::{Records, push_record};
use tokio::io::AsyncWriteExt as _;

use super::*;

fn batched(serializer: Serializer) -> Peer {
    let framing = Framing::wamp(Role::Server, Subprotocol::new(serializer).batched(), None);
    connect(framing, &WebSocketConfig::default(), 1 << 20)
}

fn kind(serializer: Serializer) -> Opcode {
    Subprotocol::new(serializer).opcode()
}

fn batch(serializer: Serializer, messages: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        push_record(serializer, message, &mut out);
    }
    out
}

async fn receive_batch(peer: &mut Peer, serializer: Serializer) -> Vec<Bytes> {
    let payload = match (peer.receive().await, serializer) {
        (Some(Event::Text(payload)), Serializer::Json) => payload,
        (Some(Event::Binary(payload)), Serializer::MessagePack | Serializer::Cbor) => payload,
        other => panic!("no batch but {other:?}"),
    };
    Records::new(serializer, payload).collect::<Result<_, _>>().unwrap()
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_batch_are_answered_with_a_batch() {
    for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
        let mut peer = batched(serializer);
        peer.send(kind(serializer), &batch(serializer, &[b"one", b"two", b"three"])).await;
        assert_eq!(receive_batch(&mut peer, serializer).await, ["one", "two", "three"]);
        assert_eq!(peer.messages(), 3);
        // A single message is a batch of one.
        peer.outbox.push_encoded(b"alone").unwrap();
        assert_eq!(receive_batch(&mut peer, serializer).await, ["alone"]);
        settle().await;
        assert_eq!(peer.outbox.queued(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn long_batches_are_split() {
    for serializer in [Serializer::Json, Serializer::Cbor] {
        let mut peer = batched(serializer);
        let long = vec![b'x'; 10_000];
        let very_long = vec![b'y'; 100_000];
        for _ in 0..10 {
            peer.outbox.push_encoded(&long).unwrap();
        }
        peer.outbox.push_encoded(&very_long).unwrap();
        peer.outbox.push_encoded(b"short").unwrap();
        let mut received = Vec::new();
        let mut batches = 0;
        while received.len() < 12 {
            received.extend(receive_batch(&mut peer, serializer).await);
            batches += 1;
        }
        assert_eq!((received.len(), batches), (12, 4));
        assert_eq!(
            (&received[9][..], &received[10][..], &received[11][..]),
            (&long[..], &very_long[..], &b"short"[..])
        );
        settle().await;
        assert_eq!(peer.outbox.queued(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_malformed_batch_is_a_violation_after_its_good_messages() {
    let cases: [(&[u8], usize); 4] =
        [(b"", 0), (b"[1]\x1e[2]", 1), (b"[1]", 0), (b"[1]\x1e[2]\x1e\x1e[3]\x1e", 2)];
    for (payload, good) in cases {
        let mut peer = batched(Serializer::Json);
        peer.send(Opcode::Text, payload).await;
        let expected = good + 1;
        assert_eq!(receive_batch(&mut peer, Serializer::Json).await.len(), expected);
        peer.expect_close(1002).await;
        assert_eq!(peer.messages(), good);
        peer.io.shutdown().await.unwrap();
        peer.expect_end(EndReason::Violation { code: 1002 }).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_interrupted_by_a_pause_and_by_a_close() {
    let serializer = Serializer::Cbor;
    let mut peer = batched(serializer);
    peer.send(Opcode::Binary, &batch(serializer, &[b"pause", b"one", b"close", b"late"])).await;
    settle().await;
    assert_eq!(peer.messages(), 1);
    peer.resume();
    assert_eq!(receive_batch(&mut peer, serializer).await, ["one", "last words"]);
    peer.expect_close(1000).await;
    assert_eq!(peer.messages(), 3);
}
