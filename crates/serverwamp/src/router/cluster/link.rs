//! The way from a realm to its node's cluster, if there is one.

use super::ClusterNode;
use crate::router::realm::RealmContext;
use serverwamp_proto::message::Invoke;
use serverwamp_proto::pattern::UriPattern;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Empty until the node joins a cluster, which it does once.
#[derive(Default)]
pub(crate) struct ClusterLink(OnceLock<Arc<ClusterNode>>);

impl ClusterLink {
    /// The node joins. Returns `false` when it has joined already.
    pub(crate) fn join(&self, node: &Arc<ClusterNode>) -> bool {
        self.0.set(Arc::clone(node)).is_ok()
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<&Arc<ClusterNode>> {
        self.0.get()
    }

    /// A registration of clients has come into being with this policy, or is gone. The caller keeps others from changing the same
    /// meanwhile.
    pub(crate) fn offer(&self, realm: &str, pattern: &UriPattern, invoke: Option<Invoke>) {
        if let Some(node) = self.get() {
            node.change_offer(realm, pattern, invoke);
        }
    }

    /// A subscription has come into being, or is gone. The caller keeps others from changing the same meanwhile.
    pub(crate) fn interest(&self, realm: &RealmContext, pattern: &UriPattern, wanted: bool) {
        if let Some(node) = self.get() {
            node.change_interest(realm, pattern, wanted);
        }
    }
}

impl fmt::Debug for ClusterLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClusterLink").field(&self.get().map(|node| node.name())).finish()
    }
}
