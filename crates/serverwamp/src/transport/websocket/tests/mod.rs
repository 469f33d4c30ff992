//! Tests of WebSocket connections over an in-memory transport and paused time.
#![expect(clippy::disallowed_methods, reason = "tests run on tokio and its paused clock")]

mod batches;
mod clock;
mod echo;
mod ending;
mod flow;
mod liveness;
mod origin;
mod outbox;
mod overflow;
mod overflow_at_random;
mod overflow_of_messages;
mod pausing;
mod steady;
mod upgrade;
mod wake_queue;

use crate::base::locks::Mutex;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use hyper_util::rt::TokioIo;
use serverwamp_proto::websocket::frame::push_masked;
use serverwamp_proto::websocket::{Decoder, Event, Opcode, Role};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::JoinHandle;

use super::WebSocketConfig;
use crate::Overflow;
use crate::rt::{Runtime, Tokio};
use crate::transport::{
    Connection, DrainRate, EndReason, Flow, Framing, MessageHandler, Outbox, OutboxBounds, RunQueue,
};

const KEY: [u8; 4] = [9, 8, 7, 6];

/// OutboxBounds for all messages together, and none for a single one.
fn bounds(queued: usize, overflow: Overflow) -> OutboxBounds {
    let drain = DrainRate { bytes: 256 << 10, time: Duration::from_secs(2) };
    OutboxBounds { queued, messages: usize::MAX, message: usize::MAX, overflow, drain }
}

/// A call of a handler.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Seen {
    Message(Bytes),
    Violation(u16),
    Ended(EndReason),
}

/// A handler that writes down what it is told and does what the message says.
struct Recorder {
    outbox: Outbox,
    state: Arc<Mutex<Recorded>>,
}

#[derive(Debug, Default)]
struct Recorded {
    seen: Vec<Seen>,
    busy: bool,
    waker: Option<Waker>,
    deadline: Option<Instant>,
}

impl MessageHandler for Recorder {
    fn message(&mut self, message: Bytes, _kind: Opcode, now: Instant) -> Flow {
        let mut state = self.state.lock().unwrap();
        state.seen.push(Seen::Message(message.clone()));
        match &message[..] {
            b"pause" => {
                state.busy = true;
                return Flow::Pause;
            }
            b"close" => {
                let _ = self.outbox.push_encoded(b"last words");
                self.outbox.close(1000, "done");
            }
            b"later" => state.deadline = Some(now + Duration::from_secs(3)),
            _ => {
                let _ = self.outbox.push_encoded(&message);
            }
        }
        Flow::Continue
    }

    fn poll(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        let mut state = self.state.lock().unwrap();
        if state.deadline.take_if(|deadline| *deadline <= now).is_some() {
            self.outbox.push_encoded(b"now").unwrap();
        }
        state.waker = Some(cx.waker().clone());
        if state.busy { Poll::Pending } else { Poll::Ready(()) }
    }

    fn deadline(&self) -> Option<Instant> {
        self.state.lock().unwrap().deadline
    }

    fn violation(&mut self, description: &str, close_code: u16) {
        assert!(!description.is_empty());
        self.state.lock().unwrap().seen.push(Seen::Violation(close_code));
        let _ = self.outbox.push_encoded(b"abort");
    }

    fn ended(&mut self, reason: EndReason) {
        self.state.lock().unwrap().seen.push(Seen::Ended(reason));
    }
}

/// The client's end of a connection, and a look behind it.
struct Peer {
    io: DuplexStream,
    decoder: Decoder,
    buf: BytesMut,
    outbox: Outbox,
    state: Arc<Mutex<Recorded>>,
    task: JoinHandle<()>,
}

/// Starts a connection whose transport holds `pipe` bytes in each direction.
fn connect(framing: Framing, config: &WebSocketConfig, pipe: usize) -> Peer {
    connect_on(Arc::new(Tokio), framing, config, pipe)
}

/// The same on another runtime than tokio, or on one that has another clock.
fn connect_on(runtime: Arc<dyn Runtime>, framing: Framing, config: &WebSocketConfig, pipe: usize) -> Peer {
    connect_beside(&RunQueue::new(runtime, Arc::default()), framing, config, pipe)
}

/// The same beside the other connections that take these turns.
fn connect_beside(
    run_queue: &Arc<RunQueue>,
    framing: Framing,
    config: &WebSocketConfig,
    pipe: usize,
) -> Peer {
    let (io, server) = duplex(pipe);
    let outbox = Outbox::new(framing, bounds(config.max_queued, Overflow::default()));
    let state = Arc::<Mutex<Recorded>>::default();
    let handler = Recorder { outbox: outbox.clone(), state: state.clone() };
    let connection =
        Connection::new(TokioIo::new(server), outbox.clone(), handler, config.settings(), run_queue);
    let compressed = matches!(framing, Framing::WebSocket { deflate: Some(_), .. });
    let decoder = Decoder::new(Role::Client, 1 << 24).with_deflate(compressed);
    Peer { io, decoder, buf: BytesMut::new(), outbox, state, task: tokio::spawn(connection) }
}

/// A connection of binary messages with a large transport.
fn connect_binary() -> Peer {
    connect(binary(), &WebSocketConfig::default(), 1 << 20)
}

fn binary() -> Framing {
    Framing::WebSocket { kind: Some(Opcode::Binary), batch: None, deflate: None, role: Role::Server }
}

fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_masked(opcode, true, false, KEY, payload, &mut out);
    out
}

impl Peer {
    async fn send(&mut self, opcode: Opcode, payload: &[u8]) {
        self.io.write_all(&frame(opcode, payload)).await.unwrap();
    }

    /// The next event, or `None` when the server has ended its direction.
    async fn receive(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.decoder.decode(&mut self.buf).unwrap() {
                return Some(event);
            }
            if self.io.read_buf(&mut self.buf).await.ok()? == 0 {
                return None;
            }
        }
    }

    async fn expect(&mut self, payload: &'static [u8]) {
        assert_eq!(self.receive().await, Some(Event::Binary(Bytes::from_static(payload))));
    }

    async fn expect_close(&mut self, code: u16) {
        match self.receive().await {
            Some(Event::Close { code: received, .. }) => assert_eq!(received, Some(code)),
            other => panic!("no close but {other:?}"),
        }
    }

    fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }

    fn messages(&self) -> usize {
        self.seen().iter().filter(|seen| matches!(seen, Seen::Message(_))).count()
    }

    /// Lets the handler take messages again.
    fn resume(&self) {
        let mut state = self.state.lock().unwrap();
        state.busy = false;
        state.waker.take().unwrap().wake();
    }

    /// Waits for the end of the connection, and checks that the handler was told once and last.
    async fn expect_end(self, reason: EndReason) {
        let Self { io, state, task, outbox, .. } = self;
        task.await.unwrap();
        drop(io);
        let seen = state.lock().unwrap().seen.clone();
        let ends = seen.iter().filter(|seen| matches!(seen, Seen::Ended(_))).count();
        assert_eq!((ends, seen.last()), (1, Some(&Seen::Ended(reason))));
        assert!(outbox.is_closed());
    }
}

/// Lets every other task run until it has nothing to do.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
