//! Which topics something is retained of, some at a time.

use std::ops::Bound;
use std::sync::Arc;

use super::RetainedEvents;

impl<E> RetainedEvents<E> {
    /// The topics from this one on in the order of their letters, each with its events, the oldest first.
    pub fn topics_from(&self, first: Bound<&str>) -> impl Iterator<Item = (&Arc<str>, Vec<&E>)> {
        let topics = self.topics.range::<str, _>((first, Bound::Unbounded));
        topics.map(|(topic, events)| (topic, events.iter().map(|kept| &kept.event).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{open, restricted, unbounded};
    use super::*;

    #[test]
    fn topics_come_in_their_order_from_behind_one_on() {
        let mut retained = unbounded();
        for topic in ["b", "a.2", "a.1"] {
            open(&mut retained, topic, ("all", 1)).unwrap();
        }
        restricted(&mut retained, "a.2", ("some", 1)).unwrap();
        let topics = |first| {
            let topics = retained.topics_from(first);
            topics.map(|(topic, events)| format!("{topic} {}", events.len())).collect::<Vec<_>>()
        };
        assert_eq!(topics(Bound::Unbounded), ["a.1 1", "a.2 2", "b 1"]);
        assert_eq!(topics(Bound::Excluded("a.1")), ["a.2 2", "b 1"]);
        assert_eq!(topics(Bound::Included("a.3")), ["b 1"]);
    }
}
