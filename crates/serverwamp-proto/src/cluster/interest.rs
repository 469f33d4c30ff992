//! Which node wants which events: what this one wants, and what the others do.

use crate::pattern::{Match, PatternMap, UriPattern};
use hashbrown::{HashMap, HashSet};
use std::sync::Arc;

/// The place of another node in this node's tables. It is given to another node once its node is gone.
pub type NodeIndex = u16;

/// The subscriptions of this node, by realm, and who holds each: a realm that is stopped, and one that has its name by now, may both
/// have a subscription for a while.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnInterest(HashMap<Arc<str>, HashMap<UriPattern, Vec<u64>>>);

impl OwnInterest {
    /// Returns whether this changes anything for other nodes.
    pub(super) fn change(&mut self, realm: &str, pattern: &UriPattern, holder: u64, wanted: bool) -> bool {
        if wanted {
            if !self.0.contains_key(realm) {
                self.0.insert(realm.into(), HashMap::new());
            }
            let Some(patterns) = self.0.get_mut(realm) else { return false };
            let holders = patterns.entry(pattern.clone()).or_default();
            if !holders.contains(&holder) {
                holders.push(holder);
                return holders.len() == 1;
            }
            return false;
        }
        let Some(patterns) = self.0.get_mut(realm) else { return false };
        let Some(holders) = patterns.get_mut(pattern) else { return false };
        holders.retain(|other| *other != holder);
        if !holders.is_empty() {
            return false;
        }
        patterns.remove(pattern);
        if patterns.is_empty() {
            self.0.remove(realm);
        }
        true
    }

    pub(super) fn by_realm(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &UriPattern>)> {
        self.0.iter().map(|(realm, patterns)| (&**realm, patterns.keys()))
    }
}

/// What another node wants, by realm.
#[derive(Clone, Debug, Default)]
struct NodeInterest(HashMap<Arc<str>, HashSet<UriPattern>>);

impl NodeInterest {
    /// Returns whether this changes anything.
    fn change(&mut self, realm: &str, pattern: &UriPattern, wanted: bool) -> bool {
        if wanted {
            return match self.0.get_mut(realm) {
                Some(patterns) => patterns.insert(pattern.clone()),
                None => {
                    self.0.insert(realm.into(), HashSet::from_iter([pattern.clone()]));
                    true
                }
            };
        }
        let Some(patterns) = self.0.get_mut(realm) else { return false };
        let removed = patterns.remove(pattern);
        if patterns.is_empty() {
            self.0.remove(realm);
        }
        removed
    }

    fn by_realm(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &UriPattern>)> {
        self.0.iter().map(|(realm, patterns)| (&**realm, patterns.iter()))
    }
}

/// The interest of all other nodes.
#[derive(Debug, Default)]
pub(super) struct InterestTables {
    /// For each realm, the nodes that want a pattern, each once.
    by_realm: HashMap<Arc<str>, PatternMap<Vec<NodeIndex>>>,
    /// What each node wants, so that it can be forgotten.
    by_node: HashMap<NodeIndex, NodeInterest>,
}

impl InterestTables {
    pub(super) fn change(&mut self, node: NodeIndex, realm: &str, pattern: &UriPattern, wanted: bool) {
        if !self.by_node.entry(node).or_default().change(realm, pattern, wanted) {
            return;
        }
        if wanted {
            if !self.by_realm.contains_key(realm) {
                self.by_realm.insert(realm.into(), PatternMap::new());
            }
            let Some(patterns) = self.by_realm.get_mut(realm) else { return };
            match patterns.get_mut(pattern.kind(), pattern.as_str()) {
                Some(nodes) => nodes.push(node),
                None => drop(patterns.insert(pattern, vec![node])),
            }
        } else {
            self.take_out(node, realm, pattern);
        }
    }

    fn take_out(&mut self, node: NodeIndex, realm: &str, pattern: &UriPattern) {
        let Some(patterns) = self.by_realm.get_mut(realm) else { return };
        let Some(nodes) = patterns.get_mut(pattern.kind(), pattern.as_str()) else { return };
        nodes.retain(|other| *other != node);
        if nodes.is_empty() {
            patterns.remove(pattern.kind(), pattern.as_str());
        }
        if patterns.is_empty() {
            self.by_realm.remove(realm);
        }
    }

    /// The node wants nothing.
    pub(super) fn forget(&mut self, node: NodeIndex) {
        let Some(former) = self.by_node.remove(&node) else { return };
        for (realm, patterns) in former.by_realm() {
            for pattern in patterns {
                self.take_out(node, realm, pattern);
            }
        }
    }

    /// Adds the nodes that want an event of this topic to `nodes`, those that are not in it.
    pub(super) fn interested(&self, realm: &str, topic: &str, nodes: &mut Vec<NodeIndex>) {
        let Some(patterns) = self.by_realm.get(realm) else { return };
        patterns.all(topic, |_: Match, interested| {
            for node in interested {
                if !nodes.contains(node) {
                    nodes.push(*node);
                }
            }
        });
    }

    /// The number of patterns in all realms, counted once for each node that wants it.
    pub(super) fn len(&self) -> usize {
        let all = self.by_node.values().flat_map(|node| node.by_realm());
        all.map(|(_, patterns)| patterns.count()).sum()
    }
}
