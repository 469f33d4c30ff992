//! Senders that pause for the receivers of what they send.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::transport::{Class, Pool, infallible};

/// Bytes of an outbox and of a message in it; half of the former is the mark.
const LIMIT: usize = 1 << 20;
const MESSAGE: usize = 64 << 10;

/// A handler that passes every message on to others.
struct Sender {
    receivers: Vec<Outbox>,
    pass_on: fn(&Outbox, &Bytes),
    outbox: Outbox,
    paused: Arc<AtomicUsize>,
}

impl MessageHandler for Sender {
    fn message(&mut self, message: Bytes, _kind: Opcode, _now: Instant) -> Flow {
        for receiver in &self.receivers {
            (self.pass_on)(receiver, &message);
        }
        let _ = self.outbox.push_encoded(b"done");
        Flow::Continue
    }

    fn paused(&mut self) {
        self.paused.fetch_add(1, Ordering::SeqCst);
    }

    fn violation(&mut self, _: &str, _: u16) {}

    fn ended(&mut self, _: EndReason) {}
}

fn as_answer(receiver: &Outbox, message: &Bytes) {
    let _ = receiver.push(Class::Refusable, infallible(|out| out.extend_from_slice(message)));
}

fn as_event(receiver: &Outbox, message: &Bytes) {
    let _ = receiver.push_event(message, None);
}

struct Pair {
    sender: Peer,
    paused: Arc<AtomicUsize>,
    receiver: Peer,
    pool: Arc<Pool>,
}

/// One peer whose messages go to another one.
fn pair(pool: usize) -> Pair {
    let pool = Pool::new(pool);
    let turns = RunQueue::new(Arc::new(Tokio), Arc::clone(&pool));
    let config = WebSocketConfig { ping_interval: Duration::from_secs(1), ..WebSocketConfig::default() };
    let receiver = {
        let (io, server) = duplex(1024);
        let outbox = Outbox::borrowing(binary(), bounds(LIMIT, Overflow::default()), &pool);
        let state = Arc::<Mutex<Recorded>>::default();
        let handler = Recorder { outbox: outbox.clone(), state: state.clone() };
        let settings = WebSocketConfig::default().settings();
        let connection = Connection::new(TokioIo::new(server), outbox.clone(), handler, settings, &turns);
        let decoder = Decoder::new(Role::Client, 1 << 24);
        Peer { io, decoder, buf: BytesMut::new(), outbox, state, task: tokio::spawn(connection) }
    };
    let paused = Arc::<AtomicUsize>::default();
    let (io, server) = duplex(8 << 20);
    let outbox = Outbox::borrowing(binary(), bounds(LIMIT, Overflow::default()), &pool);
    let handler = Sender {
        receivers: vec![receiver.outbox.clone()],
        pass_on: as_answer,
        outbox: outbox.clone(),
        paused: Arc::clone(&paused),
    };
    let connection =
        Connection::new(TokioIo::new(server), outbox.clone(), handler, config.settings(), &turns);
    let decoder = Decoder::new(Role::Client, 1 << 24);
    let state = Arc::default();
    let sender = Peer { io, decoder, buf: BytesMut::new(), outbox, state, task: tokio::spawn(connection) };
    Pair { sender, paused, receiver, pool }
}

impl Pair {
    async fn send(&mut self, messages: usize) {
        for number in 0..messages {
            self.sender.send(Opcode::Binary, &vec![u8::try_from(number % 256).unwrap(); MESSAGE]).await;
        }
        // A turn takes one message of this length.
        for _ in 0..10 {
            settle().await;
        }
    }

    fn waiting(&self) -> usize {
        self.receiver.outbox.queued() / MESSAGE
    }
}

#[tokio::test(start_paused = true)]
async fn who_fills_an_outbox_pauses_and_goes_on_when_its_peer_has_read() {
    let mut pair = pair(0);
    pair.send(100).await;
    assert_eq!(pair.waiting(), 8, "half of the limit");
    assert_eq!((pair.paused.load(Ordering::SeqCst), pair.receiver.outbox.pauses()), (1, 1));
    for number in 0..100 {
        let Some(Event::Binary(message)) = pair.receiver.receive().await else { panic!("the end") };
        assert_eq!((message.len(), message[0]), (MESSAGE, number), "nothing is lost, and all in order");
        assert!(pair.waiting() <= 9);
    }
    settle().await;
    assert_eq!((pair.receiver.outbox.queued(), pair.receiver.outbox.pauses()), (0, 0));
    assert!(!pair.receiver.outbox.is_under_pressure());
}

#[tokio::test(start_paused = true)]
async fn who_reads_nothing_holds_others_up_for_the_bound_and_once() {
    let mut pair = pair(0);
    let began = Tokio.now();
    pair.send(100).await;
    tokio::time::sleep(Duration::from_millis(1999)).await;
    assert_eq!(pair.waiting(), 8);
    // Its own messages go out meanwhile, as do its pongs.
    for _ in 0..9 {
        pair.sender.expect(b"done").await;
    }
    while pair.sender.outbox.queued() > 0 || pair.paused.load(Ordering::SeqCst) != 1 {
        settle().await;
    }
    // The rest is sent, and refused where it does not fit.
    for _ in 9..100 {
        pair.sender.expect(b"done").await;
    }
    assert!(Tokio.now() - began < Duration::from_millis(2100));
    assert_eq!((pair.waiting(), pair.paused.load(Ordering::SeqCst)), (13, 1), "seven eighths");
    assert_eq!(pair.receiver.outbox.pauses(), 0);
    // Once it has read all of it, it is waited for again.
    for _ in 0..14 {
        assert!(matches!(pair.receiver.receive().await, Some(Event::Binary(_))));
    }
    settle().await;
    pair.send(20).await;
    assert_eq!((pair.waiting(), pair.paused.load(Ordering::SeqCst)), (8, 2));
}

#[tokio::test(start_paused = true)]
async fn who_reads_for_a_moment_and_then_nothing_holds_others_up_no_longer() {
    let mut pair = pair(0);
    let began = Tokio.now();
    pair.send(100).await;
    // As much as it should read in two seconds.
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..4 {
        assert!(matches!(pair.receiver.receive().await, Some(Event::Binary(_))));
    }
    for _ in 0..100 {
        pair.sender.expect(b"done").await;
    }
    let held_up = Tokio.now() - began;
    assert!(held_up > Duration::from_millis(2050) && held_up < Duration::from_millis(2200), "{held_up:?}");
}

#[tokio::test(start_paused = true)]
async fn who_reads_at_the_documented_rate_is_never_slow_and_gets_everything() {
    let mut pair = pair(0);
    pair.send(100).await;
    // Four messages in two seconds, and a little more often.
    for number in 0..100 {
        tokio::time::sleep(Duration::from_millis(480)).await;
        let Some(Event::Binary(message)) = pair.receiver.receive().await else { panic!("the end") };
        assert_eq!((message.len(), message[0]), (MESSAGE, number));
    }
    settle().await;
    assert_eq!(pair.receiver.outbox.queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_reads_an_octet_a_second_is_as_slow_as_who_reads_nothing() {
    let mut pair = pair(0);
    pair.send(100).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        pair.receiver.io.read_u8().await.unwrap();
    }
    assert_eq!(pair.waiting(), 13);
}

#[tokio::test(start_paused = true)]
async fn what_is_borrowed_is_given_back() {
    let mut pair = pair(32 * LIMIT);
    pair.send(100).await;
    assert!(pair.waiting() >= 99, "all of it has room");
    assert!(pair.pool.lent() > 80 * MESSAGE && pair.paused.load(Ordering::SeqCst) == 0);
    drop(pair.receiver);
    settle().await;
    assert_eq!(pair.pool.lent(), 0);
}

#[tokio::test(start_paused = true)]
async fn before_the_pool_is_empty_senders_pause() {
    let mut pair = pair(4 * LIMIT);
    pair.send(100).await;
    // A quarter of what is left for others may be borrowed without a pause.
    let waiting = pair.waiting();
    assert!((20..=28).contains(&waiting) && pair.paused.load(Ordering::SeqCst) == 1, "{waiting}");
    for _ in 0..100 {
        assert!(matches!(pair.receiver.receive().await, Some(Event::Binary(_))));
    }
    settle().await;
    assert_eq!(pair.pool.lent(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_either_leaves_nothing_behind() {
    let mut first = pair(0);
    first.send(100).await;
    assert_eq!(first.receiver.outbox.pauses(), 1);
    first.sender.task.abort();
    settle().await;
    assert_eq!(first.receiver.outbox.pauses(), 0, "no waker of who is gone");
    let mut second = pair(0);
    second.send(100).await;
    drop(second.receiver.io);
    // The receivers are gone, so nobody is waited for.
    for _ in 0..100 {
        second.sender.expect(b"done").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_paused_peer_is_not_taken_for_dead() {
    let mut pair = pair(0);
    pair.send(100).await;
    let began = Tokio.now();
    // It reads fast enough not to be slow, and for long: the sender's pings are not read for longer than it may be silent.
    while Tokio.now() - began < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(480)).await;
        let mut some = vec![0; MESSAGE];
        pair.receiver.io.read_exact(&mut some).await.unwrap();
    }
    assert!(!pair.sender.outbox.is_closed());
}

/// Reads everything, or so many bytes in each second; says how many these were.
async fn read(mut io: DuplexStream, each_second: Option<usize>) -> usize {
    let mut buffer = vec![0; each_second.unwrap_or(64 << 10)];
    let mut read = 0;
    loop {
        if each_second.is_some() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        match io.read(&mut buffer).await {
            Ok(some @ 1..) => read += some,
            _ => return read,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_slow_subscriber_among_a_thousand_holds_the_publisher_up_once_and_then_its_policy_applies() {
    const EVENTS: usize = 200;
    const BYTES: usize = 8 << 10;
    let turns = RunQueue::new(Arc::new(Tokio), Arc::default());
    let settings = WebSocketConfig { ping_interval: Duration::MAX, ..WebSocketConfig::default() }.settings();
    let connect = |io, handler: Option<Sender>, outbox: &Outbox| {
        let state = Arc::<Mutex<Recorded>>::default();
        let recorder = Recorder { outbox: outbox.clone(), state: Arc::clone(&state) };
        let task = match handler {
            Some(handler) => {
                tokio::spawn(Connection::new(TokioIo::new(io), outbox.clone(), handler, settings, &turns))
            }
            None => {
                tokio::spawn(Connection::new(TokioIo::new(io), outbox.clone(), recorder, settings, &turns))
            }
        };
        (task, state)
    };
    let outbox = || Outbox::new(binary(), bounds(LIMIT, Overflow::default()));
    let (mut subscribers, mut readers, mut states) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..1000 {
        let (io, server) = duplex(64 << 10);
        let subscriber = outbox();
        states.push(connect(server, None, &subscriber).1);
        subscribers.push(subscriber);
        readers.push(tokio::spawn(read(io, (number == 500).then_some(64_000))));
    }
    let (mut io, server) = duplex(8 << 20);
    let (own, paused) = (outbox(), Arc::<AtomicUsize>::default());
    let handler = Sender {
        receivers: subscribers,
        pass_on: as_event,
        outbox: own.clone(),
        paused: Arc::clone(&paused),
    };
    connect(server, Some(handler), &own);
    let began = Tokio.now();
    for _ in 0..EVENTS {
        io.write_all(&frame(Opcode::Binary, &[7; BYTES])).await.unwrap();
    }
    let mut done = vec![0; EVENTS * 6];
    io.read_exact(&mut done).await.unwrap();
    let took = Tokio.now() - began;
    assert!(took >= Duration::from_secs(2) && took < Duration::from_millis(2100), "{took:?}");
    assert_eq!(paused.load(Ordering::SeqCst), 1, "once, and not for each event");
    let ended = |state: &Arc<Mutex<Recorded>>| state.lock().unwrap().seen.clone();
    assert_eq!(ended(&states[500]), [Seen::Ended(EndReason::SlowConsumer)]);
    drop(io);
    tokio::time::sleep(Duration::from_secs(30)).await;
    for (number, state) in states.iter().enumerate().filter(|(number, _)| *number != 500) {
        assert_eq!(ended(state), [], "subscriber {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_who_have_paused_some_at_a_time_go_on_and_all_of_them_in_the_end() {
    const SENDERS: usize = 200;
    const EACH: usize = 10;
    const BYTES: usize = 16 << 10;
    let pool = Pool::new(16 << 20);
    let turns = RunQueue::new(Arc::new(Tokio), Arc::clone(&pool));
    let settings = WebSocketConfig::default().settings();
    let (mut io, server) = duplex(4096);
    let receiver = Outbox::borrowing(binary(), bounds(LIMIT, Overflow::default()), &pool);
    let recorder = Recorder { outbox: receiver.clone(), state: Arc::default() };
    tokio::spawn(Connection::new(TokioIo::new(server), receiver.clone(), recorder, settings, &turns));
    let mut senders = Vec::new();
    for _ in 0..SENDERS {
        let (mut io, server) = duplex(1 << 20);
        let outbox = Outbox::new(binary(), bounds(LIMIT, Overflow::default()));
        let handler = Sender {
            receivers: vec![receiver.clone()],
            pass_on: as_answer,
            outbox: outbox.clone(),
            paused: Arc::default(),
        };
        tokio::spawn(Connection::new(TokioIo::new(server), outbox, handler, settings, &turns));
        for _ in 0..EACH {
            io.write_all(&frame(Opcode::Binary, &[7; BYTES])).await.unwrap();
        }
        senders.push(io);
    }
    settle().await;
    // Beyond the mark each of them sends one message; when they go on, they do not all do so.
    let (mut message, mut peak) = (vec![0; BYTES + 4], 0);
    for number in 0..SENDERS * EACH {
        io.read_exact(&mut message).await.unwrap();
        if number >= 2 * SENDERS {
            peak = peak.max(receiver.queued());
        }
    }
    settle().await;
    assert_eq!((receiver.queued(), receiver.pauses()), (0, 0), "nobody is forgotten");
    assert!(peak < LIMIT / 2 + (4 << 20) + 12 * BYTES, "{peak}");
    drop(senders);
}
