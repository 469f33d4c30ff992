//! Removing what is retained of all topics that match a pattern, some at a time, while others publish and subscribe.

use std::ops::Bound;
use std::sync::Arc;

use super::{RetainedEvents, stem};
use crate::pattern::{Match, UriPattern};

/// The progress of a removal among the topics.
///
/// Events that are retained after it began stay.
#[derive(Clone, Debug)]
pub struct RetainedRemoval {
    pattern: UriPattern,
    /// The last topic that was looked at.
    after: Option<Arc<str>>,
    /// The first event that came too late.
    end: u64,
    complete: bool,
}

impl RetainedRemoval {
    /// Returns whether every topic was looked at.
    pub const fn is_complete(&self) -> bool {
        self.complete
    }
}

impl<E> RetainedEvents<E> {
    /// Begins to remove all events that are retained now and whose topics match.
    pub fn removal(&self, pattern: &UriPattern) -> RetainedRemoval {
        RetainedRemoval { pattern: pattern.clone(), after: None, end: self.arrivals, complete: false }
    }

    /// Goes on, and returns the events that were removed: looks at topics until `most` of them and of events removed have
    /// come together. The events of one topic are removed at once.
    pub fn remove_some(&mut self, removal: &mut RetainedRemoval, most: usize) -> Vec<E> {
        let (mut gone, mut topics) = (Vec::new(), 0);
        while topics + gone.len() < most.max(1) {
            let Some(topic) = self.next_topic(removal) else {
                removal.complete = true;
                break;
            };
            topics += 1;
            if removal.pattern.matches(&topic) {
                let events = self.topics.get(&topic).map_or(&[][..], Vec::as_slice);
                let earlier = events.partition_point(|kept| kept.arrival < removal.end);
                gone.extend(self.take_out(&topic, 0..earlier));
            }
            removal.after = Some(topic);
        }
        gone
    }

    /// The next topic that begins as the pattern does.
    fn next_topic(&self, removal: &RetainedRemoval) -> Option<Arc<str>> {
        let stem = stem(&removal.pattern);
        let first = removal.after.as_deref().map_or(Bound::Included(stem), Bound::Excluded);
        let exact = removal.pattern.kind() == Match::Exact;
        if exact && removal.after.is_some() {
            return None;
        }
        let last = if exact { Bound::Included(stem) } else { Bound::Unbounded };
        let (topic, _) = self.topics.range::<str, _>((first, last)).next()?;
        topic.starts_with(stem).then(|| Arc::clone(topic))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{names, open, restricted, share, unbounded};
    use super::*;

    #[test]
    fn ret_14_a_removal_goes_on_some_at_a_time_and_leaves_what_came_meanwhile() {
        let mut retained = unbounded();
        for topic in ["a.1", "a.2", "a.3", "a.4", "b"] {
            open(&mut retained, topic, ("old", 1)).unwrap();
        }
        restricted(&mut retained, "a.1", ("for a few", 1)).unwrap();
        let mut removal = retained.removal(&UriPattern::prefix("a."));
        assert_eq!(retained.remove_some(&mut removal, 2), [("old", 1), ("for a few", 1)]);
        assert_eq!(retained.held(), share(4, 4));
        // Before what was looked at and behind it; one that replaces an old event, and one beside such.
        open(&mut retained, "a.0", ("new", 1)).unwrap();
        open(&mut retained, "a.1", ("new", 1)).unwrap();
        open(&mut retained, "a.2", ("new", 1)).unwrap();
        restricted(&mut retained, "a.3", ("new for a few", 1)).unwrap();
        // A topic counts as much as an event.
        assert_eq!(retained.remove_some(&mut removal, 2), [("old", 1)]);
        assert!(!removal.is_complete());
        assert_eq!(retained.remove_some(&mut removal, 10), [("old", 1)]);
        assert!(removal.is_complete());
        assert_eq!(retained.remove_some(&mut removal, 10), []);
        let left = ["a.0", "a.1", "a.2", "a.3", "a.4", "b"].map(|topic| names(&retained, topic));
        assert_eq!(left, [vec!["new"], vec!["new"], vec!["new"], vec!["new for a few"], vec![], vec!["old"]]);
        let mut exact = retained.removal(&UriPattern::exact("b"));
        assert_eq!(retained.remove_some(&mut exact, 10), [("old", 1)]);
        assert!(exact.is_complete());
    }
}
