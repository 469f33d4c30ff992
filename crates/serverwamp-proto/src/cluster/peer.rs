//! Another node, as one knows it.

use super::link::{ReceivingEnd, Sending};
use super::node::{Life, NodeName};
use super::notices::{MeshCounts, Noticed};
use std::time::Duration;

/// Another node.
#[derive(Debug)]
pub(super) struct PeerNode {
    pub(super) name: NodeName,
    pub(super) life: Life,
    pub(super) sending: Sending,
    pub(super) receiving: ReceivingEnd,
    pub(super) heard: Duration,
    /// What it wants is not known, and so it gets everything.
    pub(super) wants_all: bool,
}

impl PeerNode {
    /// Says once that the direction to the node has begun anew.
    pub(super) fn notice_begun_anew(&mut self, noticed: &mut Vec<Noticed>) {
        if std::mem::take(&mut self.sending.begun_anew) {
            noticed.push(Noticed::Unsent(self.name.clone(), self.life));
        }
    }

    /// Queues an item; `false`, and the link begins anew, when too much waits.
    pub(super) fn push(&mut self, item: &[u8], counts: &mut MeshCounts) -> bool {
        let queued = self.sending.push(item);
        counts.links_lost += u64::from(!queued);
        queued
    }
}
