//! Finds out what the server has taken: a message to ourselves, behind everything that was sent before.
//!
//! `flush` of async-nats ends when the bytes are in the socket, and a killed process may lose those. A server handles what one connection
//! sends in its order, so when the message comes back, it has handled all that went before. That holds for one connection only: if it
//! was replaced meanwhile, nothing is known.

use crate::queue::Queue;
use async_nats::{Client, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serverwamp::cluster::NotCarried;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

/// The time that it may take to come back; a link is given up after a similar time.
const COMES_BACK: Duration = Duration::from_secs(2);

/// Messages to ourselves.
#[derive(Debug)]
pub(crate) struct Echo {
    client: Client,
    subject: String,
    last: AtomicU64,
    back: watch::Receiver<u64>,
}

impl Echo {
    /// `subscriber` is that of `subject`, which nobody else uses.
    pub(crate) fn new(client: Client, subject: String, mut subscriber: Subscriber, runtime: &Handle) -> Self {
        let (sender, back) = watch::channel(0);
        runtime.spawn(async move {
            while let Some(message) = subscriber.next().await {
                let Some(number) = message.payload.first_chunk().copied().map(u64::from_le_bytes) else {
                    continue;
                };
                sender.send_if_modified(|last| std::mem::replace(last, number.max(*last)) < number);
                if sender.is_closed() {
                    return;
                }
            }
        });
        Self { client, subject, last: AtomicU64::new(0), back }
    }

    /// Sends one, and waits for it or for a later one.
    pub(crate) fn round(&self, queue: &Queue) -> impl Future<Output = Result<(), NotCarried>> + Send + use<> {
        let number = self.last.fetch_add(1, Ordering::AcqRel) + 1;
        let (client, mut back) = (self.client.clone(), self.back.clone());
        let before = connection(&client);
        let sent = queue.push(self.subject.clone(), Bytes::copy_from_slice(&number.to_le_bytes()));
        async move {
            sent?;
            match timeout(COMES_BACK, back.wait_for(|last| *last >= number)).await {
                Ok(Ok(_)) => {}
                Ok(Err(_)) => return Err(NotCarried("the node has stopped".to_owned())),
                Err(_) => {
                    return Err(NotCarried(format!("the NATS server did not answer within {COMES_BACK:?}")));
                }
            }
            if connection(&client) == before {
                return Ok(());
            }
            Err(NotCarried("the connection to NATS was replaced meanwhile".to_owned()))
        }
    }
}

/// What tells a connection from the one before it.
fn connection(client: &Client) -> (String, u64) {
    let info = client.server_info();
    (info.server_id, info.client_id)
}
