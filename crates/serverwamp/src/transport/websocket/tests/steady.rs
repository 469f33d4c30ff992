//! Receivers that read steadily, and those who wait behind them.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::transport::{Class, Pool, infallible};
use tokio::sync::mpsc;
use tokio::time::sleep_until;

/// Bytes of an outbox; half of them is the mark.
const LIMIT: usize = 1 << 20;

/// A receiver reads so many bytes in each millisecond: 4 MB/s, and the documented rate.
const FAST: usize = 4000;
const DOCUMENTED: usize = (128 << 10) / 1000 + 1;

/// Length of the header of a frame from the server, by the length of its message.
const fn framed(message: usize) -> usize {
    message
        + if message < 126 {
            2
        } else if message < 1 << 16 {
            4
        } else {
            10
        }
}

/// A handler that passes a message on to the receiver that its first byte names.
struct Callee {
    receivers: Vec<Outbox>,
    class: Class,
    paused: Arc<AtomicUsize>,
}

impl MessageHandler for Callee {
    fn message(&mut self, message: Bytes, _kind: Opcode, _now: Instant) -> Flow {
        let receiver = &self.receivers[usize::from(message[0])];
        // One who is read from at its pace would miss it.
        let _ = receiver.push(self.class, infallible(|out| out.extend_from_slice(&message)));
        Flow::Continue
    }

    fn paused(&mut self) {
        self.paused.fetch_add(1, Ordering::SeqCst);
    }

    fn violation(&mut self, _: &str, _: u16) {}

    fn ended(&mut self, _: EndReason) {}
}

/// A server, and the outboxes of the receivers at it.
struct Hub {
    pool: Arc<Pool>,
    turns: Arc<RunQueue>,
    receivers: Vec<Outbox>,
    paused: Arc<AtomicUsize>,
}

impl Hub {
    fn new(pool: usize) -> Self {
        let pool = Pool::new(pool);
        let turns = RunQueue::new(Arc::new(Tokio), Arc::clone(&pool));
        Self { pool, turns, receivers: Vec::new(), paused: Arc::default() }
    }

    fn connect(&self, pipe: usize, outbox: &Outbox, handler: impl MessageHandler + 'static) -> DuplexStream {
        let (io, server) = duplex(pipe);
        let settings =
            WebSocketConfig { ping_interval: Duration::MAX, ..WebSocketConfig::default() }.settings();
        tokio::spawn(Connection::new(TokioIo::new(server), outbox.clone(), handler, settings, &self.turns));
        io
    }

    fn outbox(&self, limit: usize) -> Outbox {
        Outbox::borrowing(binary(), bounds(limit, Overflow::CloseSession), &self.pool)
    }

    fn receiver(&mut self, limit: usize) -> DuplexStream {
        let outbox = self.outbox(limit);
        let handler = Recorder { outbox: outbox.clone(), state: Arc::default() };
        let io = self.connect(1024, &outbox, handler);
        self.receivers.push(outbox);
        io
    }

    fn sender(&self, class: Class) -> DuplexStream {
        let (receivers, paused) = (self.receivers.clone(), Arc::clone(&self.paused));
        self.connect(64 << 10, &self.outbox(LIMIT), Callee { receivers, class, paused })
    }
}

/// Reads so many bytes in each millisecond until there were so many in all; with none, nothing ever.
async fn read_steadily(mut io: DuplexStream, each: usize, all: usize, octets: bool) {
    let (began, mut read) = (tokio::time::Instant::now(), 0);
    if each == 0 {
        std::future::pending::<()>().await;
    }
    let mut some = vec![0; each];
    for tick in 1.. {
        sleep_until(began + Duration::from_millis(tick)).await;
        let now = each.min(all - read);
        if octets {
            for _ in 0..now {
                io.read_u8().await.unwrap();
            }
        } else {
            io.read_exact(&mut some[..now]).await.unwrap();
        }
        read += now;
        if read == all {
            return;
        }
    }
}

/// How long a second caller waits for its results at most, while a callee has much more to say to a first one than may wait for
/// it; and how often the callee is paused.
async fn longest_wait(result: usize, results: usize, each: usize) -> (Duration, usize) {
    const SMALL: usize = 100;
    let mut hub = Hub::new(64 << 20);
    let first = hub.receiver(4 << 20);
    let mut second = hub.receiver(4 << 20);
    let mut callee = hub.sender(Class::Answer);
    let reads = tokio::spawn(read_steadily(first, each, framed(result) * results, false));
    let (said, mut says) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for _ in 0..results {
            callee.write_all(&frame(Opcode::Binary, &vec![0; result])).await.unwrap();
            said.send(tokio::time::Instant::now()).unwrap();
            callee.write_all(&frame(Opcode::Binary, &[1; SMALL])).await.unwrap();
        }
        drop(said);
        std::future::pending::<()>().await;
    });
    let (mut longest, mut heard) = (Duration::ZERO, [0; framed(SMALL)]);
    while let Some(said) = says.recv().await {
        second.read_exact(&mut heard).await.unwrap();
        longest = longest.max(said.elapsed());
    }
    if each > 0 {
        reads.await.unwrap();
    }
    (longest, hub.paused.load(Ordering::SeqCst))
}

#[tokio::test(start_paused = true)]
async fn a_second_caller_waits_a_moment_while_the_first_reads_steadily() {
    for result in [64_000, 100_000] {
        let (longest, pauses) = longest_wait(result, 40_000_000 / result, FAST).await;
        assert!(longest <= Duration::from_millis(100) && pauses > 20, "{result}: {longest:?}, {pauses}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_caller_waits_no_longer_than_the_bound_while_the_first_reads_nothing() {
    let (longest, pauses) = longest_wait(64_000, 400, 0).await;
    assert!(longest <= Duration::from_millis(2010) && pauses == 1, "{longest:?}, {pauses}");
}

#[tokio::test(start_paused = true)]
async fn a_file_of_ten_megabytes_makes_no_second_caller_wait() {
    assert_eq!(longest_wait(64_000, 160, FAST).await, (Duration::ZERO, 0));
}

/// Eight senders send to one receiver as fast as they may, and it reads at the documented rate.
async fn reads_at_the_documented_rate(class: Class, octets: bool) {
    const SENDERS: usize = 8;
    const MESSAGE: usize = 16 << 10;
    let (mut hub, each) = (Hub::new(0), if octets { 6 } else { 20 });
    let receiver = hub.receiver(LIMIT);
    let senders: Vec<_> = (0..SENDERS).map(|_| hub.sender(class)).collect();
    for mut sender in senders {
        tokio::spawn(async move {
            for _ in 0..each {
                sender.write_all(&frame(Opcode::Binary, &[0; MESSAGE])).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
    }
    read_steadily(receiver, DOCUMENTED, SENDERS * each * framed(MESSAGE), octets).await;
    assert!(!hub.receivers[0].is_closed() && hub.paused.load(Ordering::SeqCst) > 0);
}

#[tokio::test(start_paused = true)]
async fn who_reads_at_the_documented_rate_gets_all_events_of_many() {
    reads_at_the_documented_rate(Class::Event, false).await;
}

#[tokio::test(start_paused = true)]
async fn who_reads_at_the_documented_rate_gets_all_results_of_many() {
    reads_at_the_documented_rate(Class::Answer, false).await;
}

#[tokio::test(start_paused = true)]
async fn who_reads_octet_by_octet_at_the_documented_rate_gets_everything() {
    reads_at_the_documented_rate(Class::Event, true).await;
}
