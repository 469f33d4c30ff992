//! What comes out of a [`Mesh`](super::Mesh): what its node must know, what is to be carried away, what was counted.

use super::call::CallItem;
use super::event::RoutedEvent;
use super::node::{Life, NodeName};
use bytes::Bytes;

/// Something that the node must know.
#[derive(Debug)]
pub enum Noticed {
    /// A node is there, or is in another life.
    Met(NodeName, Life),
    /// Something about a call, from this node in this life.
    Call(NodeName, Life, Box<CallItem<'static>>),
    /// A publication for the sessions of this node.
    Event(Box<RoutedEvent<'static>>),
    /// Something of this node has been lost on its way here, and all that depends on the link ends. It begins anew by itself.
    Lost(NodeName, Life),
    /// Something that this node had for that one was lost or given up: all calls between the two end. It begins anew by itself.
    Unsent(NodeName, Life),
    /// The node has left, or nothing was heard of it for long.
    Gone(NodeName, Life),
}

/// Something to be carried away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outbound {
    /// For one node.
    Batch(NodeName, Bytes),
    /// For all nodes.
    Announcement(Bytes),
}

/// What has been counted since the start.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct MeshCounts {
    /// Batches and announcements that were refused.
    pub refused: u64,
    /// Links on which something was lost.
    pub links_lost: u64,
    /// Batches that were dropped: they came twice, late, or on a link that had lost something.
    pub dropped: u64,
    /// Items of kinds that a later version has.
    pub passed_over: u64,
    /// Publications that were queued for other nodes, once for each.
    pub events_sent: u64,
    /// Publications that came from other nodes.
    pub events_received: u64,
    /// Calls that were queued for other nodes.
    pub calls_sent: u64,
    /// Calls that came from other nodes.
    pub calls_received: u64,
}
