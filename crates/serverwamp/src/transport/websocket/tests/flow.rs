//! The flow of messages: order, bursts, back-pressure, fairness, compression, memory.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::{future::Future as _, io};

use bytes::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use serverwamp_proto::websocket::extension::negotiate;
use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::transport::{Class, infallible};

#[tokio::test(start_paused = true)]
async fn messages_are_answered_in_order() {
    let mut peer = connect_binary();
    for message in [b"one", b"two", b"six"] {
        peer.send(Opcode::Binary, message).await;
    }
    peer.expect(b"one").await;
    peer.expect(b"two").await;
    peer.expect(b"six").await;
    assert_eq!(peer.outbox.queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn messages_of_every_size_pass_a_narrow_transport() {
    let mut peer = connect(binary(), &WebSocketConfig::default(), 50);
    let (mut reader, mut writer) = tokio::io::split(peer.io);
    let sizes = [0, 1, 125, 126, 4000, 65535, 65536, 300_000];
    let sender = tokio::spawn(async move {
        for size in sizes {
            writer.write_all(&frame(Opcode::Binary, &vec![size as u8; size])).await.unwrap();
        }
        writer
    });
    for size in sizes {
        let event = loop {
            if let Some(event) = peer.decoder.decode(&mut peer.buf).unwrap() {
                break event;
            }
            assert_ne!(reader.read_buf(&mut peer.buf).await.unwrap(), 0);
        };
        assert_eq!(event, Event::Binary(vec![size as u8; size].into()), "size {size}");
    }
    sender.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_busy_handler_gets_no_messages_until_it_is_not() {
    let mut peer = connect_binary();
    let both = [frame(Opcode::Binary, b"pause"), frame(Opcode::Binary, b"after")].concat();
    peer.io.write_all(&both).await.unwrap();
    settle().await;
    assert_eq!(peer.messages(), 1);
    peer.resume();
    peer.expect(b"after").await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_not_read_from() {
    let config = WebSocketConfig { max_queued: 40_000, ..WebSocketConfig::default() };
    let mut peer = connect(binary(), &config, 1000);
    let message = frame(Opcode::Binary, &[7; 1000]);
    let mut sent = 0;
    loop {
        let send = peer.io.write_all(&message);
        // Nothing but the peer's own reading can end this wait.
        if tokio::time::timeout(Duration::from_millis(1), send).await.is_err() {
            break;
        }
        sent += 1;
    }
    assert!((5..30).contains(&sent), "{sent}");
    assert!(peer.outbox.queued() >= 10_000 && peer.outbox.queued() < 20_000, "{}", peer.outbox.queued());
    assert!(!peer.outbox.has_room());
    let outbox = peer.outbox.clone();
    let room = tokio::spawn(async move { outbox.room().await });
    for _ in 0..sent {
        assert!(matches!(peer.receive().await, Some(Event::Binary(_))));
    }
    room.await.unwrap();
    assert!(!peer.outbox.is_closed());
}

#[tokio::test(start_paused = true)]
async fn what_others_push_is_written_without_being_asked() {
    let mut peer = connect_binary();
    settle().await;
    let outbox = peer.outbox.clone();
    tokio::spawn(
        async move { outbox.push(Class::Required, infallible(|out| out.extend_from_slice(b"event"))) },
    );
    peer.expect(b"event").await;
}

#[tokio::test(start_paused = true)]
async fn long_messages_are_compressed_when_that_was_negotiated() {
    let deflate = negotiate(["permessage-deflate"]).unwrap();
    let mut peer = connect(Framing::plain(deflate), &WebSocketConfig::default(), 1 << 20);
    let long = Bytes::from((0..20_000).map(|number| format!("{number},")).collect::<String>());
    for message in [long.clone(), Bytes::from_static(b"short"), long.clone()] {
        peer.outbox.push_encoded(&message).unwrap();
    }
    assert_eq!(peer.receive().await, Some(Event::Binary(long.clone())));
    assert_eq!(peer.receive().await, Some(Event::Binary(Bytes::from_static(b"short"))));
    assert_eq!(peer.receive().await, Some(Event::Binary(long)));
    settle().await;
    assert_eq!(peer.outbox.queued(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wake_is_lost_between_threads() {
    let mut peer = connect_binary();
    let pushers: Vec<_> = (0..2)
        .map(|_| {
            let outbox = peer.outbox.clone();
            tokio::spawn(async move {
                for _ in 0..5000 {
                    outbox.room().await;
                    outbox.push_encoded(b"event").unwrap();
                    // So that the connection sleeps now and then.
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let all = async {
        for _ in 0..10_000 {
            peer.expect(b"event").await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.unwrap();
    for pusher in pushers {
        pusher.await.unwrap();
    }
    assert_eq!(peer.outbox.queued(), 0);
}

/// A transport of which each read gives all there is, and that counts the bytes that are read and its writes.
struct Scripted {
    input: Vec<u8>,
    read: Arc<AtomicUsize>,
    writes: Arc<AtomicUsize>,
}

impl Read for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let n = buf.remaining().min(self.input.len());
        if n == 0 {
            return Poll::Pending;
        }
        let read: Vec<u8> = self.input.drain(..n).collect();
        buf.put_slice(&read);
        self.read.fetch_add(n, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl Write for Scripted {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The work of a connection in one poll.
#[derive(Debug, Eq, PartialEq)]
struct Slot {
    read: usize,
    writes: usize,
    handled: usize,
    wakes: usize,
}

/// Polls a connection once that received this.
async fn poll_once(input: Vec<u8>) -> Slot {
    let (read, writes) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let outbox = Outbox::new(binary(), bounds(1 << 20, Overflow::default()));
    let state = Arc::<Mutex<Recorded>>::default();
    let handler = Recorder { outbox: outbox.clone(), state: state.clone() };
    let io = Scripted { input, read: read.clone(), writes: writes.clone() };
    let mut connection = Connection::new(
        io,
        outbox,
        handler,
        WebSocketConfig::default().settings(),
        &RunQueue::new(Arc::new(Tokio), Arc::default()),
    );
    let wakes = Arc::<Wakes>::default();
    let waker = Waker::from(wakes.clone());
    assert!(Pin::new(&mut connection).poll(&mut Context::from_waker(&waker)).is_pending());
    let handled = state.lock().unwrap().seen.len();
    // A connection that has more to do is woken after all others.
    tokio::task::yield_now().await;
    let [read, writes, wakes] = [&*read, &*writes, &wakes.0].map(|count| count.load(Ordering::Relaxed));
    Slot { read, writes, handled, wakes }
}

fn messages(many: usize) -> Vec<u8> {
    frame(Opcode::Binary, b"m").repeat(many)
}

#[tokio::test(start_paused = true)]
async fn what_is_read_at_once_is_answered_with_one_write_and_no_wake() {
    for many in [1, 64] {
        let turn = poll_once(messages(many)).await;
        assert_eq!((turn.writes, turn.handled, turn.wakes), (1, many, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_lets_others_run() {
    let turn = poll_once(messages(10_000)).await;
    assert!((200..=256).contains(&turn.handled), "{turn:?}");
    assert_eq!(turn.wakes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_frames_that_are_no_messages_lets_others_run() {
    let mut fragments = Vec::new();
    push_masked(Opcode::Binary, false, false, KEY, b"", &mut fragments);
    let mut fragment = Vec::new();
    push_masked(Opcode::Continuation, false, false, KEY, b"", &mut fragment);
    fragments.extend(fragment.repeat(1_000_000));
    let turn = poll_once(fragments).await;
    assert!((48 * 1024..=128 * 1024).contains(&turn.read), "{turn:?}");
    assert_eq!((turn.handled, turn.wakes), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_little_waits_for_one_of_those_who_ask_for_more_and_not_for_all() {
    let (read, run_queue) = (Arc::<AtomicUsize>::default(), RunQueue::new(Arc::new(Tokio), Arc::default()));
    let connection = |io| {
        let outbox = Outbox::new(binary(), bounds(1 << 20, Overflow::default()));
        let handler = Recorder { outbox: outbox.clone(), state: Arc::default() };
        Connection::new(io, outbox, handler, WebSocketConfig::default().settings(), &run_queue)
    };
    let input = frame(Opcode::Binary, &[b'm'; 10_000]).repeat(100);
    let floods: Vec<_> = (0..10)
        .map(|_| Scripted { input: input.clone(), read: read.clone(), writes: Arc::default() })
        .map(|io| tokio::spawn(connection(io)))
        .collect();
    let mut polite = connect_beside(&run_queue, binary(), &WebSocketConfig::default(), 1 << 20);
    // The first turns of all are over.
    tokio::task::yield_now().await;
    let all = floods.len() * input.len();
    let mut most = 0;
    for _ in 0..20 {
        let before = read.load(Ordering::Relaxed);
        polite.send(Opcode::Binary, b"little").await;
        polite.expect(b"little").await;
        most = most.max(read.load(Ordering::Relaxed) - before);
    }
    assert!(read.load(Ordering::Relaxed) < all, "the floods were over too soon to tell");
    assert!(0 < most && most <= 4 * 64 * 1024, "{most} bytes of floods were read before the answer");
    floods.iter().for_each(JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn of_many_who_ask_for_much_at_once_all_get_everything() {
    let run_queue = RunQueue::new(Arc::new(Tokio), Arc::default());
    let burst = frame(Opcode::Binary, &[b'm'; 50]).repeat(10_000);
    let peers = (0..16).map(|number| {
        let mut peer = connect_beside(&run_queue, binary(), &WebSocketConfig::default(), 1 << 20);
        let burst = burst.clone();
        tokio::spawn(async move {
            let (mut reader, mut writer) = tokio::io::split(&mut peer.io);
            writer.write_all(&burst).await.unwrap();
            // Every other one ends in the middle, and its turn is handed on.
            if number % 2 == 1 {
                reader.read_exact(&mut [0; 5000]).await.unwrap();
                return peer.task.abort();
            }
            reader.read_exact(&mut vec![0; 10_000 * 52]).await.unwrap();
        })
    });
    let peers: Vec<_> = peers.collect();
    for peer in peers {
        tokio::time::timeout(Duration::from_secs(30), peer).await.expect("nobody waits for ever").unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn memory_of_a_burst_is_given_back() {
    let (client, server) = duplex(1 << 20);
    let outbox = Outbox::new(binary(), bounds(1 << 22, Overflow::default()));
    let state = Arc::<Mutex<Recorded>>::default();
    let handler = Recorder { outbox: outbox.clone(), state: state.clone() };
    let config = WebSocketConfig::default();
    let mut connection = Box::pin(Connection::new(
        TokioIo::new(server),
        outbox,
        handler,
        config.settings(),
        &RunQueue::new(Arc::new(Tokio), Arc::default()),
    ));
    let (mut reader, mut writer) = tokio::io::split(client);
    let burst = frame(Opcode::Binary, &[1; 1000]).repeat(500);
    tokio::select! {
        () = &mut connection => panic!("ended"),
        () = async {
            writer.write_all(&burst).await.unwrap();
            let mut answers = vec![0; 500 * 1004];
            reader.read_exact(&mut answers).await.unwrap();
        } => {}
    }
    let bulky = connection.memory();
    tokio::select! {
        () = &mut connection => panic!("ended"),
        () = tokio::time::sleep(Duration::from_secs(5)) => {}
    }
    let idle = connection.memory();
    assert!(bulky > 20_000 && idle <= 8 * 1024, "{bulky} {idle}");
}
