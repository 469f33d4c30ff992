//! Events that are kept for those who subscribe later: the most recent one of each topic.
//!
//! A topic has at most one open event, which is for everybody, and beside it some restricted ones, which came later and
//! are for a few. An open event replaces all of them. Who may receive which is not decided here: whoever asks gets the
//! newest first, and takes the first that it may have. Invariant: the bounds given at construction hold, whatever comes.
//! Spec: advanced, "Event Retention".

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use super::Full;
use crate::pattern::{Match, UriPattern};

/// How much a [`RetainedEvents`] may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RetainedLimits {
    /// How many topics; none switches retention off.
    pub topics: usize,
    /// How many events of all topics together.
    pub events: usize,
    /// How many bytes all events have together. Each counts as much as the function given at construction says.
    pub bytes: usize,
    /// How many restricted events one topic has beside its open one; the oldest goes first. Each is looked at by every
    /// subscriber that may not have the newer ones.
    pub restricted_per_topic: usize,
}

/// The retained events of one realm, by exact topic.
///
/// ```
/// use serverwamp_proto::broker::{RetainedEvents, RetainedLimits};
/// use serverwamp_proto::pattern::UriPattern;
///
/// let mut retained: RetainedEvents<&str> = RetainedEvents::new(RetainedLimits::default(), |event| event.len());
/// retained.retain("lamp.kitchen", "on", false)?;
/// retained.retain("lamp.hall", "off", false)?;
/// retained.retain("lamp.kitchen", "off, for admins", true)?;
///
/// assert!(retained.for_topic("lamp.kitchen").eq(&["off, for admins", "on"]));
/// let latest = retained.latest(&UriPattern::prefix("lamp."), |event| !event.ends_with("for admins"));
/// assert_eq!(latest, [("lamp.kitchen", &"on"), ("lamp.hall", &"off")]);
/// # Ok::<(), serverwamp_proto::broker::Full>(())
/// ```
#[derive(Clone, Debug)]
pub struct RetainedEvents<E> {
    limits: RetainedLimits,
    size_of: fn(&E) -> usize,
    /// Sorted, so that what a prefix matches stands together.
    topics: BTreeMap<Arc<str>, Events<E>>,
    events: usize,
    bytes: usize,
    /// How many events have ever been retained; gives each its place in the order of publication.
    arrivals: u64,
}

/// The retained events of one topic, as [`RetainedEvents::matching`] shows them.
#[derive(Debug)]
pub struct RetainedTopic<'r, E> {
    topic: &'r str,
    events: &'r Events<E>,
}

/// Never empty. The restricted ones are all newer than the open one, from the oldest to the newest.
#[derive(Clone, Debug)]
struct Events<E> {
    open: Option<Kept<E>>,
    restricted: VecDeque<Kept<E>>,
}

#[derive(Clone, Debug)]
struct Kept<E> {
    event: E,
    size: usize,
    arrival: u64,
}

/// How many events go to make place, and how many bytes they have.
#[derive(Clone, Copy, Debug, Default)]
struct Leaving {
    events: usize,
    bytes: usize,
}

impl Default for RetainedLimits {
    /// 10 000 topics hold one topic for each device of a large site; 64 MiB for their events keep a process small even
    /// if every client retains what it can; 16 restricted events are more than there are roles on most realms.
    fn default() -> Self {
        Self { topics: 10_000, events: 20_000, bytes: 64 << 20, restricted_per_topic: 16 }
    }
}

impl<E> RetainedEvents<E> {
    /// Nothing yet; `size_of` says how many bytes an event counts as, and is asked once for each.
    pub const fn new(limits: RetainedLimits, size_of: fn(&E) -> usize) -> Self {
        Self { limits, size_of, topics: BTreeMap::new(), events: 0, bytes: 0, arrivals: 0 }
    }

    /// Keeps an event of an exact topic.
    ///
    /// An open event replaces all that the topic has. One that is not for everybody (`restricted`) is kept besides, and
    /// the oldest restricted ones of the topic go if it has too many of them or the store is full.
    ///
    /// # Errors
    /// When there is no place: for a topic that has no event yet, as soon as one bound is reached; for one that has, when
    /// not even the place of what the new event would replace is enough. Nothing is changed then.
    pub fn retain(&mut self, topic: &str, event: E, restricted: bool) -> Result<(), Full> {
        let size = (self.size_of)(&event);
        let leaving = match self.topics.get(topic) {
            None if self.topics.len() >= self.limits.topics => return Err(Full),
            None if restricted && self.limits.restricted_per_topic == 0 => return Err(Full),
            None if self.fits(size, Leaving::default()) => Leaving::default(),
            None => return Err(Full),
            Some(events) if restricted => self.place_beside(events, size).ok_or(Full)?,
            Some(events) => Some(events.all()).filter(|all| self.fits(size, *all)).ok_or(Full)?,
        };
        self.events = self.events - leaving.events + 1;
        self.bytes = self.bytes - leaving.bytes + size;
        let kept = Kept { event, size, arrival: self.arrivals };
        self.arrivals += 1;
        match self.topics.get_mut(topic) {
            None => drop(self.topics.insert(topic.into(), Events::only(kept, restricted))),
            Some(events) if restricted => {
                events.restricted.drain(..leaving.events);
                events.restricted.push_back(kept);
            }
            Some(events) => *events = Events::only(kept, false),
        }
        Ok(())
    }

    /// The events of a topic, the newest first.
    pub fn for_topic(&self, topic: &str) -> impl Iterator<Item = &E> {
        self.topics.get(topic).into_iter().flat_map(Events::newest_first).map(|kept| &kept.event)
    }

    /// The topics that match and have events, in the order in which their newest events were published.
    ///
    /// Who may not have the newest event of a topic gets an older one, which may stand elsewhere in the order:
    /// [`latest`](Self::latest) takes care of that.
    pub fn matching(&self, pattern: &UriPattern) -> Vec<RetainedTopic<'_, E>> {
        let mut topics: Vec<_> = self.each_matching(pattern).collect();
        topics.sort_unstable_by_key(|found| found.events.newest_first().next().map(|kept| kept.arrival));
        topics
    }

    /// For each topic that matches, the newest event that is `permitted`: in the order of publication, so the oldest
    /// first. This is what a new subscriber receives.
    pub fn latest(&self, pattern: &UriPattern, mut permitted: impl FnMut(&E) -> bool) -> Vec<(&str, &E)> {
        let mut latest: Vec<(&str, &Kept<E>)> = self
            .each_matching(pattern)
            .filter_map(|RetainedTopic { topic, events }| {
                Some((topic, events.newest_first().find(|kept| permitted(&kept.event))?))
            })
            .collect();
        latest.sort_unstable_by_key(|(_, kept)| kept.arrival);
        latest.into_iter().map(|(topic, kept)| (topic, &kept.event)).collect()
    }

    /// How many topics have events.
    pub fn topics(&self) -> usize {
        self.topics.len()
    }

    /// How many events are kept.
    pub const fn len(&self) -> usize {
        self.events
    }

    /// Whether nothing is kept.
    pub const fn is_empty(&self) -> bool {
        self.events == 0
    }

    /// How many bytes the events that are kept have together.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there is place for one more event of this size once some have left.
    const fn fits(&self, size: usize, leaving: Leaving) -> bool {
        self.events - leaving.events < self.limits.events
            && size <= self.limits.bytes.saturating_sub(self.bytes - leaving.bytes)
    }

    /// The oldest restricted events that have to go before one more is in bounds, if that is possible at all.
    fn place_beside(&self, events: &Events<E>, size: usize) -> Option<Leaving> {
        let most = self.limits.restricted_per_topic;
        let mut leaving = Leaving::default();
        let mut oldest_first = events.restricted.iter();
        while events.restricted.len() - leaving.events >= most || !self.fits(size, leaving) {
            leaving.events += 1;
            leaving.bytes += oldest_first.next()?.size;
        }
        Some(leaving)
    }

    /// The topics that match, in the order of their texts. Looks only at those that begin as the pattern does.
    fn each_matching<'r>(&'r self, pattern: &UriPattern) -> impl Iterator<Item = RetainedTopic<'r, E>> {
        let stem = stem(pattern);
        let last = if pattern.kind() == Match::Exact { Bound::Included(stem) } else { Bound::Unbounded };
        self.topics
            .range::<str, _>((Bound::Included(stem), last))
            .take_while(move |(topic, _)| topic.starts_with(stem))
            .filter(move |(topic, _)| pattern.matches(topic))
            .map(|(topic, events)| RetainedTopic { topic, events })
    }
}

impl<'r, E> RetainedTopic<'r, E> {
    /// The topic.
    pub const fn topic(&self) -> &'r str {
        self.topic
    }

    /// Its events, the newest first; there is at least one.
    pub fn newest_first(&self) -> impl Iterator<Item = &'r E> + use<'r, E> {
        self.events.newest_first().map(|kept| &kept.event)
    }
}

impl<E> Events<E> {
    fn only(kept: Kept<E>, restricted: bool) -> Self {
        match restricted {
            true => Self { open: None, restricted: VecDeque::from([kept]) },
            false => Self { open: Some(kept), restricted: VecDeque::new() },
        }
    }

    fn newest_first(&self) -> impl Iterator<Item = &Kept<E>> {
        self.restricted.iter().rev().chain(&self.open)
    }

    fn all(&self) -> Leaving {
        let mut all = Leaving::default();
        for kept in self.newest_first() {
            all.events += 1;
            all.bytes += kept.size;
        }
        all
    }
}

/// The longest text that every URI the pattern matches begins with.
fn stem(pattern: &UriPattern) -> &str {
    let text = pattern.as_str();
    match pattern.kind() {
        Match::Exact | Match::Prefix => text,
        Match::Wildcard if text.starts_with('.') => "",
        Match::Wildcard => text.find("..").map_or(text, |gap| &text[..=gap]),
    }
}

#[cfg(test)]
mod tests;
