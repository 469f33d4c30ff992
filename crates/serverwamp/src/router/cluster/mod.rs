//! The seam to other nodes: what carries messages to them and keeps what all must agree on, and this node among them.
//!
//! What is said between nodes and what follows from it is in `serverwamp_proto::cluster`; the design is in `docs/cluster.md`. Whoever
//! implements [`Cluster`] carries bytes and decides nothing. A realm without a cluster looks at one pointer where a subscription
//! comes or goes and where something is published.

mod answers;
mod caller_elsewhere;
mod calls;
mod elsewhere;
mod events;
mod inbound;
mod link;
mod node;
mod status;

pub(crate) use caller_elsewhere::CallerElsewhere;
pub use inbound::Inbound;
pub(crate) use link::ClusterLink;
pub(crate) use node::ClusterNode;
pub use status::{ClusterStatus, OtherNode};

pub use serverwamp_proto::cluster::{InvalidName, MeshCounts, NodeName, Revision};

use crate::rt::BoxFuture;
use bytes::Bytes;
use std::fmt;
use std::time::Duration;

/// Carries messages between nodes, and keeps what all of them must agree on.
///
/// Nothing here blocks. What is sent to one node arrives in the order in which it was sent, or not at all; what is lost is found out.
pub trait Cluster: Send + Sync + fmt::Debug + 'static {
    /// Begins to give `inbound` all that comes for this node. It is called once, when the node joins, on a runtime.
    ///
    /// What comes from one node is given in the order in which it came, by one task. The carrier stops when
    /// [`Inbound::is_over`].
    fn start(&self, node: &NodeName, inbound: Inbound);

    /// Sends a batch to one node.
    ///
    /// # Errors
    /// When it cannot be handed over, because there is no connection or too much waits. The link to that node then begins anew.
    fn send(&self, receiver: &NodeName, batch: Bytes) -> Result<(), NotCarried>;

    /// Sends an announcement to all nodes.
    ///
    /// # Errors
    /// When it cannot be handed over. Another one follows soon.
    fn announce(&self, announcement: Bytes) -> Result<(), NotCarried>;

    /// Completes when everything that was sent before has left this process for good: it arrives also if this process is killed.
    fn taken(&self) -> BoxFuture<'static, Result<(), NotCarried>>;

    /// Reads a key. What it says may be old: only [`create`](Self::create), [`update`](Self::update) and [`remove`](Self::remove) decide.
    fn read(&self, key: &str) -> BoxFuture<'static, Result<Option<StoredValue>, StoreError>>;

    /// Creates a key that is not there, and says its revision. It is gone after `ttl`, if there is one, unless it is updated.
    fn create(
        &self,
        key: &str,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> BoxFuture<'static, Result<Revision, StoreError>>;

    /// Writes a key that still has this revision, and says the next one, which is higher. `ttl` begins anew.
    fn update(
        &self,
        key: &str,
        value: Bytes,
        revision: Revision,
        ttl: Option<Duration>,
    ) -> BoxFuture<'static, Result<Revision, StoreError>>;

    /// Removes a key that still has this revision.
    fn remove(&self, key: &str, revision: Revision) -> BoxFuture<'static, Result<(), StoreError>>;
}

/// Why something was not carried.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct NotCarried(pub String);

/// The value of a key, and the number of its last write.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredValue {
    /// The value.
    pub value: Bytes,
    /// The number of its last write.
    pub revision: Revision,
}

/// Why the store did not do something.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// The key is there, or has another revision, or is not there any more: somebody else was faster.
    #[error("the key has another revision")]
    Conflict,
    /// The store cannot be reached, or does not answer. It is not known whether it was done.
    #[error("the store does not answer: {0}")]
    Unavailable(String),
}
