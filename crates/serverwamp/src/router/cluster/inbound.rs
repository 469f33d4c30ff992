//! What a carrier gives to its node.

use super::node::ClusterNode;
use crate::base::log::line;
use bytes::Bytes;
use serverwamp_proto::cluster::NodeName;
use std::fmt;
use std::sync::{Arc, Weak};

/// The entrance of a node, for a [`Cluster`](super::Cluster). It does not keep the node.
#[derive(Clone)]
pub struct Inbound(Weak<ClusterNode>);

impl Inbound {
    pub(super) fn new(node: &Arc<ClusterNode>) -> Self {
        Self(Arc::downgrade(node))
    }

    /// Returns whether the node takes nothing any more.
    pub fn is_over(&self) -> bool {
        self.0.upgrade().is_none_or(|node| node.is_over())
    }

    /// A batch has come, from the node that its subject names. Those of one node are given one after the other.
    pub fn batch(&self, sender: &NodeName, batch: &Bytes) {
        let Some(node) = self.0.upgrade() else { return };
        let mut noticed = Vec::new();
        let now = node.time();
        let mut mesh = node.mesh();
        let read = mesh.receive_batch(sender, batch, now, &mut noticed);
        let waits = mesh.has_waiting();
        drop(mesh);
        if let Err(error) = read {
            line!(WARN, "session", "a batch of another node is refused", node = sender, error = error);
        }
        node.notice(noticed);
        if waits {
            node.something_waits();
        }
    }

    /// An announcement has come, from the node that its subject names.
    pub fn announcement(&self, sender: &NodeName, announcement: &[u8]) {
        let Some(node) = self.0.upgrade() else { return };
        let mut noticed = Vec::new();
        let now = node.time();
        let read = node.mesh().receive_announcement(sender, announcement, now, &mut noticed);
        if let Err(error) = read {
            line!(
                WARN,
                "session",
                "an announcement of another node is refused",
                node = sender,
                error = error
            );
        }
        node.notice(noticed);
    }

    /// The connection is lost, or something that came has been dropped and nobody knows what: all links begin anew.
    pub fn cut_off(&self) {
        let Some(node) = self.0.upgrade() else { return };
        let mut noticed = Vec::new();
        let mut mesh = node.mesh();
        mesh.cut_off(&mut noticed);
        mesh.notice_unsent(&mut noticed);
        drop(mesh);
        node.notice(noticed);
        node.something_waits();
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inbound")
    }
}
