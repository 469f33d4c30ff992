//! What a node knows of its cluster.

use super::node::ClusterNode;
use serverwamp_proto::cluster::{MeshCounts, NodeName};

/// What a node knows of its cluster, at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClusterStatus {
    /// The node itself.
    pub node: NodeName,
    /// The other nodes, in the order of their names.
    pub others: Vec<OtherNode>,
    /// The number of patterns that other nodes want, counted once for each node.
    pub interest: usize,
    /// The number of registrations that other nodes have callees for, counted once for each node.
    pub offers: usize,
    /// What has been counted since the node joined.
    pub counts: MeshCounts,
}

/// Another node, as one knows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OtherNode {
    /// Its name.
    pub name: NodeName,
    /// Its wishes are known here, and it has been sent those of this node.
    pub is_joined: bool,
}

impl ClusterNode {
    pub(crate) fn status(&self) -> ClusterStatus {
        let mesh = self.mesh();
        let others = mesh.peers().map(|(name, _, is_joined)| OtherNode { name: name.clone(), is_joined });
        ClusterStatus {
            node: self.name().clone(),
            others: others.collect(),
            interest: mesh.interest(),
            offers: mesh.offers(),
            counts: mesh.counts(),
        }
    }
}
