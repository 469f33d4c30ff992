//! Events that are kept for those who subscribe later: the most recent one of each topic.
//!
//! A topic has at most one open event, which is for everybody, and beside it some restricted ones, which came later and
//! are for a few. An open event replaces all of them. Who may receive which is not decided here: whoever asks gets the
//! newest first, and takes the first that it may have. What is counted for an event is what it takes, and what the store
//! takes for it.
//!
//! Invariant: nobody holds more than its share, whatever comes. Spec: advanced, "Event Retention".

mod cursor;
mod listing;
mod removal;
mod share;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashMap;

pub use cursor::{Advance, RetainedCursor};
pub use removal::RetainedRemoval;
pub use share::{Beyond, Share};

use crate::footprint::{allocation, sorted};
use crate::id::SessionId;
use crate::pattern::{Match, UriPattern};

/// The limits of a [`RetainedEvents`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RetainedLimits {
    /// Of all together; no events switch retention off.
    pub all: Share,
    /// Of one publisher. Its events count for as long as they are there, also when the session is over.
    pub publisher: Share,
    /// The number of restricted events of one topic beside its open one; the oldest goes first. Each is looked at by every
    /// subscriber that may not have the newer ones.
    pub restricted_per_topic: usize,
}

/// An event that is to be retained: everything about it but itself.
#[derive(Clone, Debug)]
pub struct Retention {
    /// Its topic.
    pub topic: Arc<str>,
    /// Whether it is not for everybody.
    pub restricted: bool,
    /// The owner of the share it is counted in; `None` if the application published it.
    pub publisher: Option<SessionId>,
    /// A group of topics that have a share of their own: its number, and how much that is. A topic may change to another one: what is
    /// retained stays with the group it was retained in.
    pub group: Option<(usize, Share)>,
    /// When it is retained.
    pub now: Instant,
    /// Until when it is.
    pub until: Option<Instant>,
}

/// The retained events of one realm, by exact topic.
///
/// ```
/// use std::time::Instant;
///
/// use serverwamp_proto::broker::{RetainedEvents, RetainedLimits, Retention};
/// use serverwamp_proto::pattern::UriPattern;
///
/// # #[allow(clippy::disallowed_methods)]
/// let now = Instant::now();
/// let of = |topic: &str, restricted| {
///     Retention { topic: topic.into(), restricted, publisher: None, group: None, now, until: None }
/// };
/// let mut retained: RetainedEvents<&str> = RetainedEvents::new(RetainedLimits::default(), |event| event.len());
/// retained.retain("on", &of("lamp.kitchen", false))?;
/// retained.retain("off", &of("lamp.hall", false))?;
/// retained.retain("off, for admins", &of("lamp.kitchen", true))?;
///
/// assert!(retained.for_topic("lamp.kitchen").eq(&["off, for admins", "on"]));
/// let lamps = UriPattern::prefix("lamp.");
/// let latest = retained.latest_of_few(&lamps, 10, now, |event| !event.ends_with("for admins"));
/// assert_eq!(latest, Some(vec![&"on", &"off"]));
/// # Ok::<(), serverwamp_proto::broker::Beyond>(())
/// ```
#[derive(Clone, Debug)]
pub struct RetainedEvents<E> {
    limits: RetainedLimits,
    size_of: fn(&E) -> usize,
    /// Sorted, so that what a prefix matches stands together. Those of a topic stand from the oldest to the newest; only
    /// the first may be open, and there is at least one.
    topics: BTreeMap<Arc<str>, Vec<Kept<E>>>,
    /// The topics of all events in the order of publication.
    order: BTreeMap<u64, Arc<str>>,
    /// And of those that are not for ever, in the order of their ends.
    ends: BTreeMap<(Instant, u64), Arc<str>>,
    held: Share,
    held_by_publisher: HashMap<SessionId, Share>,
    held_by_group: HashMap<usize, Share>,
    /// The number of events ever retained, which gives each its place in the order of publication.
    arrivals: u64,
}

#[derive(Clone, Debug)]
struct Kept<E> {
    event: E,
    size: usize,
    arrival: u64,
    restricted: bool,
    publisher: Option<SessionId>,
    group: Option<usize>,
    until: Option<Instant>,
}

impl Default for RetainedLimits {
    /// 40,000 events are several for each device of a large site; 64 MiB for them keep a process small even if every client
    /// retains what it can; a quarter of it is for one publisher; 16 restricted events are more than there are roles on
    /// most realms.
    fn default() -> Self {
        Self {
            all: Share { events: 40_000, bytes: 64 << 20 },
            publisher: Share { events: 10_000, bytes: 16 << 20 },
            restricted_per_topic: 16,
        }
    }
}

impl<E> RetainedEvents<E> {
    /// The overhead of the store for each event: its places in the topic and in both orders.
    pub const OVERHEAD: usize = allocation(size_of::<Kept<E>>())
        + sorted(size_of::<(Arc<str>, Vec<Kept<E>>)>())
        + sorted(size_of::<(u64, Arc<str>)>())
        + sorted(size_of::<((Instant, u64), Arc<str>)>());

    /// A store without events. `size_of` says how many bytes of memory an event takes, its topic included.
    pub fn new(limits: RetainedLimits, size_of: fn(&E) -> usize) -> Self {
        Self {
            limits,
            size_of,
            topics: BTreeMap::new(),
            order: BTreeMap::new(),
            ends: BTreeMap::new(),
            held: Share::default(),
            held_by_publisher: HashMap::new(),
            held_by_group: HashMap::new(),
            arrivals: 0,
        }
    }

    /// Sets other limits, for what is retained from now on. What is kept stays, also if it is more; an event may then still take the
    /// place of one that takes as much.
    pub fn limit(&mut self, limits: RetainedLimits) {
        self.limits = limits;
    }

    /// Keeps an event, and returns those that had to go for it.
    ///
    /// An open event replaces all that the topic has. A restricted one is kept besides, and the oldest restricted ones of
    /// the topic go if it has too many of them or a share is used up.
    ///
    /// # Errors
    /// When not even the place of what the new event would replace is enough. Nothing is changed then.
    pub fn retain(&mut self, event: E, retention: &Retention) -> Result<Vec<E>, Beyond> {
        let mut gone = self.expire(retention.now);
        let size = (self.size_of)(&event).saturating_add(Self::OVERHEAD);
        let leaving = self.leaving(retention, size)?;
        gone.extend(self.take_out(&retention.topic, leaving));
        let Retention { restricted, publisher, until, .. } = *retention;
        let arrival = self.arrivals;
        self.arrivals += 1;
        let group = retention.group.map(|(group, _)| group);
        let kept = Kept { event, size, arrival, restricted, publisher, group, until };
        self.count(&kept);
        self.order.insert(arrival, Arc::clone(&retention.topic));
        if let Some(until) = until {
            self.ends.insert((until, arrival), Arc::clone(&retention.topic));
        }
        let events = self.topics.entry(Arc::clone(&retention.topic)).or_default();
        events.reserve_exact(1);
        events.push(kept);
        Ok(gone)
    }

    /// Removes events whose end has come, some at a time, and returns them.
    pub fn expire(&mut self, now: Instant) -> Vec<E> {
        /// A turn is short; the next call goes on.
        const AT_ONCE: usize = 64;
        let mut gone = Vec::new();
        while gone.len() < AT_ONCE
            && let Some((&(until, arrival), topic)) = self.ends.first_key_value()
            && until <= now
        {
            let topic = Arc::clone(topic);
            let place = self.topics.get(&*topic).and_then(|events| place_of(events, arrival));
            let Some(place) = place else { break };
            gone.extend(self.take_out(&topic, place..place + 1));
        }
        gone
    }

    /// The events of a topic, the newest first.
    pub fn for_topic(&self, topic: &str) -> impl Iterator<Item = &E> {
        self.topics.get(topic).into_iter().flatten().rev().map(|kept| &kept.event)
    }

    /// For each topic that matches, the newest event that is `permitted`: in the order of publication, so the oldest
    /// first. This is what a new subscriber receives. `None` where more than `most` events would have to be looked at: then
    /// a [cursor](Self::cursor) looks at some at a time.
    pub fn latest_of_few(
        &self,
        pattern: &UriPattern,
        most: usize,
        now: Instant,
        permitted: impl Fn(&E) -> bool,
    ) -> Option<Vec<&E>> {
        let mut looked_at = 0;
        for (_, events) in self.each_beginning_as(pattern) {
            looked_at += events.len();
            if looked_at > most {
                return None;
            }
        }
        let mut latest: Vec<&Kept<E>> = self
            .each_matching(pattern)
            .filter_map(|(_, events)| {
                events.iter().rev().find(|kept| kept.lasts(now) && permitted(&kept.event))
            })
            .collect();
        latest.sort_unstable_by_key(|kept| kept.arrival);
        Some(latest.into_iter().map(|kept| &kept.event).collect())
    }

    /// The number of all events, and the memory they take.
    pub const fn held(&self) -> Share {
        self.held
    }

    /// The same of one publisher.
    pub fn held_by(&self, publisher: SessionId) -> Share {
        self.held_by_publisher.get(&publisher).copied().unwrap_or_default()
    }

    /// The events of its topic that have to go before one more of this size is within all shares.
    fn leaving(&self, retention: &Retention, size: usize) -> Result<std::ops::Range<usize>, Beyond> {
        let events = self.topics.get(&retention.topic).map_or(&[][..], Vec::as_slice);
        if !retention.restricted {
            return self.within(retention, size, events).map(|()| 0..events.len());
        }
        let most = self.limits.restricted_per_topic;
        let first = events.iter().take_while(|kept| !kept.restricted).count();
        let mut last = events.len().saturating_sub(most.saturating_sub(1)).max(first);
        loop {
            let within = self.within(retention, size, events.get(first..last).unwrap_or_default());
            match within {
                Ok(()) if most > 0 => return Ok(first..last),
                Ok(()) => return Err(Beyond::Store),
                Err(beyond) if last >= events.len() => return Err(beyond),
                Err(_) => last += 1,
            }
        }
    }

    /// Checks that one more event is within all shares once these are gone.
    fn within(&self, retention: &Retention, size: usize, leaving: &[Kept<E>]) -> Result<(), Beyond> {
        let freed = Share::of(leaving.iter().map(|kept| kept.size));
        let admits = |held: Share, freed: Share, limit: Share| {
            // A limit may have been lowered below what is held.
            (held - freed).admits(size, limit) || (held - freed).admits(size, held)
        };
        if !admits(self.held, freed, self.limits.all) {
            return Err(Beyond::Store);
        }
        if let Some(publisher) = retention.publisher {
            let own = leaving.iter().filter(|kept| kept.publisher == Some(publisher));
            let freed = Share::of(own.map(|kept| kept.size));
            if !admits(self.held_by(publisher), freed, self.limits.publisher) {
                return Err(Beyond::Publisher);
            }
        }
        if let Some((group, share)) = retention.group {
            let own = leaving.iter().filter(|kept| kept.group == Some(group));
            let held = self.held_by_group.get(&group).copied().unwrap_or_default();
            if !admits(held, Share::of(own.map(|kept| kept.size)), share) {
                return Err(Beyond::Topics);
            }
        }
        Ok(())
    }

    /// Takes some events of a topic out of everything.
    fn take_out(&mut self, topic: &str, places: std::ops::Range<usize>) -> Vec<E> {
        let Some(events) = self.topics.get_mut(topic) else { return Vec::new() };
        let end = places.end.min(events.len());
        let gone: Vec<Kept<E>> = events.drain(places.start.min(end)..end).collect();
        if events.is_empty() {
            self.topics.remove(topic);
        }
        gone.into_iter()
            .map(|kept| {
                self.uncount(&kept);
                self.order.remove(&kept.arrival);
                kept.until.map(|until| self.ends.remove(&(until, kept.arrival)));
                kept.event
            })
            .collect()
    }

    fn count(&mut self, kept: &Kept<E>) {
        let share = Share::one(kept.size);
        self.held += share;
        if let Some(publisher) = kept.publisher {
            *self.held_by_publisher.entry(publisher).or_default() += share;
        }
        if let Some(group) = kept.group {
            *self.held_by_group.entry(group).or_default() += share;
        }
    }

    fn uncount(&mut self, kept: &Kept<E>) {
        let share = Share::one(kept.size);
        self.held -= share;
        if let Some(group) = kept.group
            && let Some(held) = self.held_by_group.get_mut(&group)
        {
            *held -= share;
            if held.events == 0 {
                self.held_by_group.remove(&group);
            }
        }
        let Some(publisher) = kept.publisher else { return };
        if let Some(held) = self.held_by_publisher.get_mut(&publisher) {
            *held -= share;
            if held.events == 0 {
                self.held_by_publisher.remove(&publisher);
            }
        }
    }

    /// The topics that match, in the order of their texts.
    fn each_matching(&self, pattern: &UriPattern) -> impl Iterator<Item = (&Arc<str>, &Vec<Kept<E>>)> {
        self.each_beginning_as(pattern).filter(|(topic, _)| pattern.matches(topic))
    }

    /// The topics that begin as the pattern does.
    fn each_beginning_as(&self, pattern: &UriPattern) -> impl Iterator<Item = (&Arc<str>, &Vec<Kept<E>>)> {
        let stem = stem(pattern);
        let last = if pattern.kind() == Match::Exact { Bound::Included(stem) } else { Bound::Unbounded };
        let topics = self.topics.range::<str, _>((Bound::Included(stem), last));
        topics.take_while(move |(topic, _)| topic.starts_with(stem))
    }
}

impl<E> Kept<E> {
    fn lasts(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

fn place_of<E>(events: &[Kept<E>], arrival: u64) -> Option<usize> {
    events.iter().position(|kept| kept.arrival == arrival)
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
mod relimited;
#[cfg(test)]
mod tests;
