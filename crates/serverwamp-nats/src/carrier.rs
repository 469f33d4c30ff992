//! The carrier of a node: what goes out and comes in on the cluster's subjects.

use crate::connection::{self, StartError, Watch};
use crate::counts::{CarrierCounts, count};
use crate::echo::Echo;
use crate::queue::Queue;
use crate::settings::Settings;
use crate::store::Store;
use async_nats::connection::State;
use async_nats::{Client, Message, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use serverwamp::cluster::{Cluster, Inbound, NodeName, NotCarried, Revision, StoreError, StoredValue};
use serverwamp::rt::BoxFuture;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;

/// A connection to NATS, by which a node is in its cluster. It is made before the node joins, so that what is wrong stops the start.
pub struct Nats {
    client: Client,
    watch: Arc<Watch>,
    queue: Queue,
    echo: Echo,
    store: Store,
    /// `wamp.CLUSTER.`
    root: String,
    node: NodeName,
    /// What comes, until the node joins.
    incoming: Mutex<Option<Incoming>>,
    runtime: Handle,
}

struct Incoming {
    batches: Subscriber,
    announcements: Subscriber,
}

impl Nats {
    /// Connects, checks the server, tries whether messages are carried, and finds or makes the store.
    ///
    /// It has to be called on tokio, which it keeps to.
    ///
    /// # Errors
    /// With what is wrong and what to do.
    pub async fn connect(settings: &Settings) -> Result<Self, StartError> {
        let runtime = Handle::current();
        let watch = Arc::new(Watch::default());
        let client = connection::connect(settings, &watch).await?;
        let root = format!("wamp.{}.", settings.cluster);
        let own = format!("{}.taken", connection::inbox(settings));
        let subscribe = async |subject: String| {
            let subscribed = client.subscribe(subject).await;
            subscribed.map_err(|error| StartError::NotCarried(error.to_string()))
        };
        let incoming = Incoming {
            batches: subscribe(format!("{root}to.{}.*", settings.node)).await?,
            announcements: subscribe(format!("{root}all.*")).await?,
        };
        let echo = Echo::new(client.clone(), own.clone(), subscribe(own).await?, &runtime);
        let queue = Queue::new(client.clone(), &runtime);
        let round = echo.round(&queue).await;
        round.map_err(|error| StartError::NotCarried(error.to_string()))?;
        // Behind that, because the store's answers need the same permissions.
        let bucket = format!("wamp_{}", settings.cluster);
        let store = Store::open(&client, &bucket, settings.replicas).await.map_err(StartError::Store)?;
        let (node, incoming) = (settings.node.clone(), Mutex::new(Some(incoming)));
        Ok(Self { client, watch, queue, echo, store, root, node, incoming, runtime })
    }

    /// What went wrong with the connection so far.
    pub fn counts(&self) -> CarrierCounts {
        self.watch.counters.read()
    }

    /// Returns whether there is a connection at this moment.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// The longest message that the server takes, in bytes.
    pub fn max_payload(&self) -> usize {
        self.client.max_payload()
    }

    fn push(&self, subject: String, payload: Bytes) -> Result<(), NotCarried> {
        self.queue.push(subject, payload).inspect_err(|_| count(&self.watch.counters.not_sent))
    }
}

impl Cluster for Nats {
    fn start(&self, _node: &NodeName, inbound: Inbound) {
        let incoming = self.incoming.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A second start would have nothing to give.
        let Some(incoming) = incoming else { return };
        drop(self.watch.inbound.set(inbound.clone()));
        self.runtime.spawn(receive(incoming, inbound, Arc::clone(&self.watch)));
    }

    fn send(&self, receiver: &NodeName, batch: Bytes) -> Result<(), NotCarried> {
        self.push(format!("{}to.{receiver}.{}", self.root, self.node), batch)
    }

    fn announce(&self, announcement: Bytes) -> Result<(), NotCarried> {
        self.push(format!("{}all.{}", self.root, self.node), announcement)
    }

    fn taken(&self) -> BoxFuture<'static, Result<(), NotCarried>> {
        self.on_tokio(self.echo.round(&self.queue), NotCarried)
    }

    fn read(&self, key: &str) -> BoxFuture<'static, Result<Option<StoredValue>, StoreError>> {
        let (store, key) = (self.store.clone(), key.to_owned());
        self.on_tokio(async move { store.read(&key).await }, StoreError::Unavailable)
    }

    fn create(
        &self,
        key: &str,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> BoxFuture<'static, Result<Revision, StoreError>> {
        let (store, key) = (self.store.clone(), key.to_owned());
        self.on_tokio(async move { store.create(&key, value, ttl).await }, StoreError::Unavailable)
    }

    fn update(
        &self,
        key: &str,
        value: Bytes,
        revision: Revision,
        ttl: Option<Duration>,
    ) -> BoxFuture<'static, Result<Revision, StoreError>> {
        let (store, key) = (self.store.clone(), key.to_owned());
        self.on_tokio(async move { store.update(&key, value, revision, ttl).await }, StoreError::Unavailable)
    }

    fn remove(&self, key: &str, revision: Revision) -> BoxFuture<'static, Result<(), StoreError>> {
        let (store, key) = (self.store.clone(), key.to_owned());
        self.on_tokio(async move { store.remove(&key, revision).await }, StoreError::Unavailable)
    }
}

impl Nats {
    /// Whoever waits may be on another runtime, or give up: what was begun is carried out all the same.
    fn on_tokio<T: Send + 'static, E: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
        stopped: fn(String) -> E,
    ) -> BoxFuture<'static, Result<T, E>> {
        let running = self.runtime.spawn(work);
        async move { running.await.unwrap_or_else(|error| Err(stopped(error.to_string()))) }.boxed()
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nats").field("root", &self.root).field("node", &self.node).finish_non_exhaustive()
    }
}

/// Gives the node what comes. One task does, so that the order stays.
async fn receive(mut incoming: Incoming, inbound: Inbound, watch: Arc<Watch>) {
    loop {
        // The node hears its own announcements, so it is not long until it is seen that it has ended.
        let (message, is_batch) = tokio::select! {
            message = incoming.batches.next() => (message, true),
            message = incoming.announcements.next() => (message, false),
        };
        let Some(message) = message else { return };
        if inbound.is_over() {
            return;
        }
        match sender(&message) {
            Some(sender) if is_batch => inbound.batch(&sender, &message.payload),
            Some(sender) => inbound.announcement(&sender, &message.payload),
            None => count(&watch.counters.foreign),
        }
    }
}

/// The node that a subject names as its sender: its last part.
fn sender(message: &Message) -> Option<NodeName> {
    let (_, name) = message.subject.as_str().rsplit_once('.')?;
    NodeName::new(name).ok()
}
