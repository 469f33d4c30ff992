//! Reading retained events some at a time, while others come and go.
//!
//! A subscriber takes what was retained when it came in the order of publication. What is published meanwhile it gets
//! anyway, and what is replaced meanwhile it does not get any more. Before something newer of a topic it gets what is
//! retained of that topic ahead of its turn.

use std::time::Instant;

use hashbrown::HashSet;

use super::{Kept, RetainedEvents, place_of};
use crate::pattern::{Match, UriPattern};

/// The progress of a subscriber in the events that were retained when it subscribed.
///
/// It holds no event, so what is replaced or removed meanwhile is gone.
#[derive(Clone, Debug)]
pub struct RetainedCursor {
    pattern: UriPattern,
    /// The first event that was not looked at.
    next: u64,
    /// The first that came too late.
    end: u64,
    /// Events that were taken ahead of their turn.
    ahead: HashSet<u64>,
}

/// The next event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Advance<'r, E> {
    /// This event.
    Event(&'r E),
    /// Nobody knows yet: enough was looked at.
    More,
    /// Nothing.
    Done,
}

impl RetainedCursor {
    /// The number of remembered events that were taken ahead of their turn.
    pub fn taken_ahead(&self) -> usize {
        self.ahead.len()
    }
}

impl<E> RetainedEvents<E> {
    /// A cursor before all events that match and are retained now.
    pub fn cursor(&self, pattern: &UriPattern) -> RetainedCursor {
        RetainedCursor { pattern: pattern.clone(), next: 0, end: self.arrivals, ahead: HashSet::new() }
    }

    /// Looks for the next event that is the newest of its topic that is `permitted`, at no more than `looks` events.
    pub fn advance(
        &self,
        cursor: &mut RetainedCursor,
        looks: &mut usize,
        now: Instant,
        permitted: impl Fn(&E) -> bool,
    ) -> Advance<'_, E> {
        if cursor.pattern.kind() == Match::Exact {
            let topic = cursor.pattern.clone();
            let found = self.ahead(cursor, topic.as_str(), |kept| kept.lasts(now) && permitted(&kept.event));
            cursor.next = cursor.end;
            return found.map_or(Advance::Done, |kept| Advance::Event(&kept.event));
        }
        for (&arrival, topic) in self.order.range(cursor.next..cursor.end) {
            let Some(left) = looks.checked_sub(1) else { return Advance::More };
            *looks = left;
            cursor.next = arrival + 1;
            if !cursor.pattern.matches(topic) || cursor.ahead.remove(&arrival) {
                continue;
            }
            let events = self.topics.get(topic).map_or(&[][..], Vec::as_slice);
            let events = place_of(events, arrival).and_then(|place| events.get(place..));
            let Some((kept, newer)) = events.and_then(<[_]>::split_first) else { continue };
            if !kept.lasts(now) || !permitted(&kept.event) {
                continue;
            }
            let mut newer = newer.iter().filter(|kept| kept.arrival < cursor.end && kept.lasts(now));
            let has_newer = newer.any(|kept| {
                *looks = looks.saturating_sub(1);
                permitted(&kept.event)
            });
            if !has_newer {
                return Advance::Event(&kept.event);
            }
        }
        cursor.next = cursor.end;
        Advance::Done
    }

    /// The event of this topic that the cursor has not yielded yet; the cursor then does not yield it any more.
    pub fn take_ahead(
        &self,
        cursor: &mut RetainedCursor,
        topic: &str,
        permitted: impl Fn(&E) -> bool,
    ) -> Option<&E> {
        let kept = self.ahead(cursor, topic, |kept| permitted(&kept.event))?;
        cursor.ahead.insert(kept.arrival);
        Some(&kept.event)
    }

    fn ahead(
        &self,
        cursor: &RetainedCursor,
        topic: &str,
        permitted: impl Fn(&Kept<E>) -> bool,
    ) -> Option<&Kept<E>> {
        let events = self.topics.get(topic)?.iter().rev();
        let found = events.filter(|kept| kept.arrival < cursor.end).find(|kept| permitted(kept))?;
        (found.arrival >= cursor.next && !cursor.ahead.contains(&found.arrival)).then_some(found)
    }
}
