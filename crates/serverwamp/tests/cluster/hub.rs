//! What carries messages between nodes in one process: a queue for each node, and a store.

use bytes::Bytes;
use serverwamp::cluster::{Cluster, Inbound, NodeName, NotCarried, Revision, StoreError, StoredValue};
use serverwamp::rt::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// The name of a node by its number.
pub(crate) fn name(number: usize) -> NodeName {
    NodeName::new(&format!("node{number}")).unwrap()
}

/// Where all nodes are connected.
#[derive(Default)]
pub(crate) struct Hub {
    nodes: Mutex<BTreeMap<NodeName, UnboundedSender<Carried>>>,
    faults: Mutex<Faults>,
    /// What was sent is not known to have left.
    takes_nothing: AtomicBool,
    /// Nothing can be handed over, and whoever tries is told so.
    refuses: AtomicBool,
    store: Mutex<(Revision, BTreeMap<String, StoredValue>)>,
}

#[derive(Default)]
struct Faults {
    /// Nothing gets from the first to the second, and nobody is told.
    cut: BTreeSet<(NodeName, NodeName)>,
    /// The number of batches from the first to the second that are lost next.
    losing: BTreeMap<(NodeName, NodeName), usize>,
    /// The bytes of every batch that was sent, by its receiver.
    sent: BTreeMap<NodeName, Vec<Bytes>>,
}

enum Carried {
    Batch(NodeName, Bytes),
    Announcement(NodeName, Bytes),
}

impl Hub {
    pub(crate) fn carrier(self: &Arc<Self>) -> Arc<dyn Cluster> {
        Arc::new(Carrier { hub: Arc::clone(self), name: OnceLock::new() })
    }

    /// Nothing gets from one node to the other any more, in either direction, or again.
    pub(crate) fn cut(&self, one: usize, other: usize, is_cut: bool) {
        let mut faults = self.faults.lock().unwrap();
        for link in [(name(one), name(other)), (name(other), name(one))] {
            if is_cut {
                faults.cut.insert(link);
            } else {
                faults.cut.remove(&link);
            }
        }
    }

    /// The next batches from one node to another are lost.
    pub(crate) fn lose(&self, from: usize, to: usize, batches: usize) {
        self.faults.lock().unwrap().losing.insert((name(from), name(to)), batches);
    }

    /// It is not known of anything that it has left, or it is again.
    pub(crate) fn take_nothing(&self, is_so: bool) {
        self.takes_nothing.store(is_so, Ordering::SeqCst);
    }

    /// Nothing can be handed over any more.
    pub(crate) fn refuse(&self) {
        self.refuses.store(true, Ordering::SeqCst);
    }

    /// Whether these bytes have been sent to a node.
    pub(crate) fn has_sent(&self, to: usize, bytes: &[u8]) -> bool {
        let faults = self.faults.lock().unwrap();
        let sent = faults.sent.get(&name(to)).into_iter().flatten();
        sent.into_iter().any(|batch| batch.windows(bytes.len()).any(|window| window == bytes))
    }

    fn passes(&self, from: &NodeName, to: &NodeName) -> bool {
        let mut faults = self.faults.lock().unwrap();
        let link = (from.clone(), to.clone());
        if faults.cut.contains(&link) {
            return false;
        }
        match faults.losing.get_mut(&link).filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                false
            }
            None => true,
        }
    }
}

struct Carrier {
    hub: Arc<Hub>,
    name: OnceLock<NodeName>,
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrier")
    }
}

impl Carrier {
    fn name(&self) -> NodeName {
        self.name.get().cloned().expect("the node has joined")
    }
}

impl Cluster for Carrier {
    fn start(&self, node: &NodeName, inbound: Inbound) {
        self.name.set(node.clone()).expect("a node joins once");
        let (sender, mut receiver) = unbounded_channel();
        self.hub.nodes.lock().unwrap().insert(node.clone(), sender);
        tokio::spawn(async move {
            while let Some(carried) = receiver.recv().await {
                if inbound.is_over() {
                    return;
                }
                match carried {
                    Carried::Batch(sender, batch) => inbound.batch(&sender, &batch),
                    Carried::Announcement(sender, bytes) => inbound.announcement(&sender, &bytes),
                }
            }
        });
    }

    fn send(&self, receiver: &NodeName, batch: Bytes) -> Result<(), NotCarried> {
        self.hub.faults.lock().unwrap().sent.entry(receiver.clone()).or_default().push(batch.clone());
        if self.hub.refuses.load(Ordering::SeqCst) {
            return Err(NotCarried("there is no connection".to_owned()));
        }
        if !self.hub.passes(&self.name(), receiver) {
            return Ok(());
        }
        let nodes = self.hub.nodes.lock().unwrap();
        let queue = nodes.get(receiver).ok_or_else(|| NotCarried("no such node".to_owned()))?;
        queue.send(Carried::Batch(self.name(), batch)).map_err(|_| NotCarried("the node is gone".to_owned()))
    }

    fn announce(&self, announcement: Bytes) -> Result<(), NotCarried> {
        let nodes = self.hub.nodes.lock().unwrap();
        for (name, queue) in nodes.iter().filter(|(name, _)| **name != self.name()) {
            if !self.hub.faults.lock().unwrap().cut.contains(&(self.name(), name.clone())) {
                // Whoever is gone needs none.
                let _gone = queue.send(Carried::Announcement(self.name(), announcement.clone()));
            }
        }
        Ok(())
    }

    fn taken(&self) -> BoxFuture<'static, Result<(), NotCarried>> {
        let hub = Arc::clone(&self.hub);
        Box::pin(async move {
            while hub.takes_nothing.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok(())
        })
    }

    fn read(&self, key: &str) -> BoxFuture<'static, Result<Option<StoredValue>, StoreError>> {
        let value = self.hub.store.lock().unwrap().1.get(key).cloned();
        Box::pin(ready(Ok(value)))
    }

    fn create(
        &self,
        key: &str,
        value: Bytes,
        _ttl: Option<Duration>,
    ) -> BoxFuture<'static, Result<Revision, StoreError>> {
        Box::pin(ready(self.write(key, value, None)))
    }

    fn update(
        &self,
        key: &str,
        value: Bytes,
        revision: Revision,
        _ttl: Option<Duration>,
    ) -> BoxFuture<'static, Result<Revision, StoreError>> {
        Box::pin(ready(self.write(key, value, Some(revision))))
    }

    fn remove(&self, key: &str, revision: Revision) -> BoxFuture<'static, Result<(), StoreError>> {
        let mut store = self.hub.store.lock().unwrap();
        let is_so = store.1.get(key).is_some_and(|stored| stored.revision == revision);
        if is_so {
            store.1.remove(key);
        }
        Box::pin(ready(if is_so { Ok(()) } else { Err(StoreError::Conflict) }))
    }
}

impl Carrier {
    fn write(&self, key: &str, value: Bytes, expected: Option<Revision>) -> Result<Revision, StoreError> {
        let mut store = self.hub.store.lock().unwrap();
        if store.1.get(key).map(|stored| stored.revision) != expected {
            return Err(StoreError::Conflict);
        }
        store.0 += 1;
        let revision = store.0;
        store.1.insert(key.to_owned(), StoredValue { value, revision });
        Ok(revision)
    }
}
