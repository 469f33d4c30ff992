//! A WebSocket that asks, and gives each answer to who waits for it, through the same layers that carry WAMP.
//!
//! It is the other side of an [`echo`](super::echo()), and as much as any client with several requests under way has to do.
//! Benchmarks compare the client with it; it is there with the feature `measure` alone.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use hashbrown::HashMap;
use hyper::rt::{Read, Write};
use serverwamp_proto::websocket::{Opcode, Role};

use super::WebSocketConfig;
use crate::base::locks::{Mutex, MutexGuard};
use crate::rt::Runtime;
use crate::transport::{
    Class, Connection, EndReason, Flow, Framing, MessageHandler, Outbox, Pool, RunQueue, infallible,
};

/// An open WebSocket on which anybody may ask. Cheap to clone; the connection ends with the process.
#[derive(Clone)]
pub struct EchoAsker {
    outbox: Outbox,
    questions: Arc<Mutex<Questions>>,
}

/// The questions without an answer, and who waits for it.
#[derive(Default)]
struct Questions {
    last: u64,
    open: HashMap<u64, Arc<Mutex<EchoAnswer>>>,
    over: bool,
}

#[derive(Default)]
struct EchoAnswer {
    message: Option<Option<Bytes>>,
    waker: Option<Waker>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl EchoAsker {
    /// Asks on a stream that was upgraded to a WebSocket; `id_of` finds in an answer the number of its question.
    pub fn on<IO>(io: IO, text: bool, id_of: fn(&[u8]) -> Option<u64>, runtime: &Arc<dyn Runtime>) -> Self
    where
        IO: Read + Write + Unpin + Send + 'static,
    {
        let kind = Some(if text { Opcode::Text } else { Opcode::Binary });
        let framing = Framing::WebSocket { kind, batch: None, deflate: None, role: Role::Client };
        let config = WebSocketConfig::default();
        let run_queue = RunQueue::new(Arc::clone(runtime), Pool::new(0));
        let outbox = Outbox::borrowing(framing, config.plain_bounds(), run_queue.pool());
        let questions = Arc::default();
        let handler = EchoReader { questions: Arc::clone(&questions), id_of };
        let connection = Connection::new(io, outbox.clone(), handler, config.settings(), &run_queue);
        runtime.spawn(Box::pin(connection));
        Self { outbox, questions }
    }

    /// Asks what `question` appends, which is told the number of the question; `None` when the connection is over.
    pub async fn ask(&self, question: impl FnOnce(u64, &mut Vec<u8>)) -> Option<Bytes> {
        let (number, answer) = self.enter()?;
        self.outbox.push(Class::Required, infallible(|out| question(number, out))).ok()?;
        poll_fn(|cx| {
            let mut answer = lock(&answer);
            match answer.message.take() {
                Some(message) => Poll::Ready(message),
                None => {
                    answer.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn enter(&self) -> Option<(u64, Arc<Mutex<EchoAnswer>>)> {
        let mut questions = lock(&self.questions);
        (!questions.over).then_some(())?;
        questions.last += 1;
        let (number, answer) = (questions.last, Arc::<Mutex<EchoAnswer>>::default());
        questions.open.insert(number, Arc::clone(&answer));
        Some((number, answer))
    }
}

impl fmt::Debug for EchoAsker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EchoAsker").field("open", &lock(&self.questions).open.len()).finish_non_exhaustive()
    }
}

/// Takes the answers in.
struct EchoReader {
    questions: Arc<Mutex<Questions>>,
    id_of: fn(&[u8]) -> Option<u64>,
}

fn give(answer: &Mutex<EchoAnswer>, message: Option<Bytes>) {
    let mut answer = lock(answer);
    answer.message = Some(message);
    let waker = answer.waker.take();
    drop(answer);
    waker.into_iter().for_each(Waker::wake);
}

impl MessageHandler for EchoReader {
    fn message(&mut self, message: Bytes, _: Opcode, _: Instant) -> Flow {
        let number = (self.id_of)(&message);
        let answer = number.and_then(|number| lock(&self.questions).open.remove(&number));
        if let Some(answer) = answer {
            give(&answer, Some(message));
        }
        Flow::Continue
    }

    fn violation(&mut self, _description: &str, _close_code: u16) {}

    fn ended(&mut self, _: EndReason) {
        let mut questions = lock(&self.questions);
        questions.over = true;
        let open = std::mem::take(&mut questions.open);
        drop(questions);
        open.values().for_each(|answer| give(answer, None));
    }
}
