//! An application that is a node of a cluster.

use super::Application;
use crate::router::cluster::{Cluster, ClusterNode, ClusterStatus, NodeName};
use crate::rt::Unavailable;
use std::sync::Arc;

impl Application {
    /// Makes this application a node of a cluster, once and before it serves: events of its realms go to the other nodes and come from
    /// there. To be called on a runtime.
    ///
    /// Calls, retained events and everything else stay on their node so far, so this is hidden.
    ///
    /// # Errors
    /// When nothing can be spawned here, or it is in a cluster already.
    #[doc(hidden)]
    pub fn join_cluster(&self, node: NodeName, cluster: Arc<dyn Cluster>) -> Result<(), Unavailable> {
        self.0.runtime.available()?;
        let shared = &self.0.realms.shared;
        let node = ClusterNode::new(node, cluster, &self.0.runtime, &shared.neighbours);
        if !shared.cluster.join(&node) {
            return Err(Unavailable::new("the application is in a cluster already"));
        }
        // Whatever comes from here on is told by whoever changes it.
        for realm in shared.neighbours.all() {
            let changes = realm.changes();
            for (_, entry) in changes.subscriptions.after(None) {
                node.change_interest(&realm.context, &entry.pattern, true);
            }
            for (_, entry) in changes.registrations.after(None) {
                if entry.application.is_none() {
                    node.change_offer(realm.name(), &entry.pattern, Some(entry.invoke));
                }
            }
        }
        node.start();
        Ok(())
    }

    /// What this node knows of its cluster; `None` before it has joined one.
    #[doc(hidden)]
    pub fn cluster_status(&self) -> Option<ClusterStatus> {
        self.0.realms.shared.cluster.get().map(|node| node.status())
    }

    /// Leaves the cluster as planned; the others hear of it behind everything that was published here.
    #[doc(hidden)]
    pub fn leave_cluster(&self) {
        if let Some(node) = self.0.realms.shared.cluster.get() {
            node.leave();
        }
    }
}
