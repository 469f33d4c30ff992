//! What waits to be sent: the client's own channel, and behind it a queue that is bounded by bytes.
//!
//! In: messages, in their order, from whoever sends. Out: the client, in the same order. Invariants: nothing blocks; what waits here is
//! at most [`MOST_BYTES`]; and while something waits here, nothing passes it.

use async_nats::{Client, connection::State};
use bytes::Bytes;
use futures_util::FutureExt as _;
use serverwamp::cluster::NotCarried;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How much may wait behind the client's channel. A node that is this far behind is not reached any more, and its link begins anew.
const MOST_BYTES: usize = 64 << 20;

/// How many messages wait in the client's own channel, which is not bounded by bytes: a batch has up to 256 KiB, so these are 64 MiB at
/// the most.
pub(crate) const CHANNEL: usize = 256;

/// The way out of this node.
#[derive(Debug)]
pub(crate) struct Queue {
    client: Client,
    waiting: Arc<AtomicUsize>,
    sender: UnboundedSender<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    subject: String,
    payload: Bytes,
}

impl Queue {
    pub(crate) fn new(client: Client, runtime: &Handle) -> Self {
        let (sender, receiver) = unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        runtime.spawn(pump(client.clone(), receiver, Arc::clone(&waiting)));
        Self { client, waiting, sender }
    }

    /// Hands one message over.
    pub(crate) fn push(&self, subject: String, payload: Bytes) -> Result<(), NotCarried> {
        // The client would keep it, and send it late.
        if self.client.connection_state() != State::Connected {
            return Err(NotCarried("there is no connection to NATS".to_owned()));
        }
        let longest = self.client.max_payload();
        if payload.len() > longest {
            return Err(NotCarried(format!(
                "the NATS server takes at most {longest} bytes, got {}",
                payload.len()
            )));
        }
        if self.waiting.load(Ordering::Acquire) == 0 {
            // It takes the one step of entering the channel, or waits for room and has done nothing.
            let handed = self.client.publish(subject.clone(), payload.clone());
            match tokio::task::unconstrained(handed).now_or_never() {
                Some(Ok(())) => return Ok(()),
                Some(Err(error)) => return Err(NotCarried(error.to_string())),
                None => {}
            }
        }
        let size = payload.len() + subject.len();
        if self.waiting.fetch_add(size, Ordering::AcqRel) + size > MOST_BYTES {
            self.waiting.fetch_sub(size, Ordering::AcqRel);
            return Err(NotCarried(format!("more than {MOST_BYTES} bytes wait for NATS")));
        }
        self.sender
            .send(Waiting { subject, payload })
            .map_err(|_| NotCarried("the node has stopped".to_owned()))
    }
}

/// Gives the client what waits, as fast as it takes it.
async fn pump(client: Client, mut receiver: UnboundedReceiver<Waiting>, waiting: Arc<AtomicUsize>) {
    while let Some(one) = receiver.recv().await {
        let size = one.payload.len() + one.subject.len();
        // A connection that is lost meanwhile is told by an event, for all links.
        drop(client.publish(one.subject, one.payload).await);
        waiting.fetch_sub(size, Ordering::AcqRel);
    }
}
