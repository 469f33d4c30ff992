//! Watches: what single procedures and topics do, counted while somebody looks.
//!
//! In: the CALLs of the realm's sessions, the answers to them, and all publications. Out, once in each interval: how many there were, how
//! long calls took, and how many are unanswered; for some URIs each on its own, for all others together.
//!
//! Invariants: while nobody watches, nothing is looked at but the flag of the taps; a watch remembers no more URIs and no more unanswered
//! calls than its bounds say, and counts what is beyond.

use super::latency::LatencyCounts;
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::threads::{CacheLine, number_of_this_thread};
use crate::router::realm::RealmContext;
use serverwamp_proto::id::{RequestId, SessionId};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// The parts of a watch. A session counts in one of them, so that few wait for each other.
const PARTS: usize = 8;

/// The unanswered calls that one part remembers. The answers to further ones are not counted.
const MOST_OPEN: usize = 8192;

/// The most watches of a realm at a time.
pub(crate) const MOST_WATCHES: usize = 8;

/// Which URIs are watched.
#[derive(Clone, Debug)]
pub(crate) enum WatchedUris {
    All,
    One(String),
    Beginning(String),
}

impl WatchedUris {
    fn has(&self, uri: &str) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => uri == one,
            Self::Beginning(start) => uri.starts_with(start.as_str()),
        }
    }
}

/// One watch.
#[derive(Debug)]
pub(super) struct UriWatch {
    uris: WatchedUris,
    /// The most procedures, and the most topics, that each part counts on their own.
    most: usize,
    parts: [CacheLine<Mutex<WatchPart>>; PARTS],
}

/// What was counted since it was taken the last time, and the calls that are unanswered.
#[derive(Debug, Default)]
struct WatchPart {
    procedures: HashMap<Arc<str>, ProcedureFigures>,
    other_procedures: ProcedureFigures,
    topics: HashMap<Arc<str>, TopicFigures>,
    other_topics: TopicFigures,
    open: HashMap<SessionId, HashMap<RequestId, WatchedCall>>,
    open_count: usize,
}

/// A call without an answer.
#[derive(Debug)]
struct WatchedCall {
    /// `None` if it is counted with others.
    procedure: Option<Arc<str>>,
    began: Instant,
}

/// What a procedure, or several, did.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProcedureFigures {
    pub(crate) calls: u64,
    pub(crate) results: u64,
    /// Errors, and calls whose callers have left.
    pub(crate) errors: u64,
    /// Calls without an answer, of those that came while it was watched.
    pub(crate) in_flight: u64,
    latency: Option<LatencyCounts>,
}

/// What a topic, or several, did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TopicFigures {
    pub(crate) publications: u64,
    pub(crate) events: u64,
}

/// What was counted since it was taken the last time.
#[derive(Debug, Default)]
pub(crate) struct WatchFigures {
    /// The busiest first.
    pub(crate) procedures: Vec<(Arc<str>, ProcedureFigures)>,
    pub(crate) other_procedures: ProcedureFigures,
    /// The busiest first.
    pub(crate) topics: Vec<(Arc<str>, TopicFigures)>,
    pub(crate) other_topics: TopicFigures,
}

/// An open watch. It closes when this is dropped.
#[derive(Debug)]
pub(crate) struct UriWatcher {
    context: Arc<RealmContext>,
    watch: Arc<UriWatch>,
}

impl UriWatch {
    pub(super) fn new(uris: WatchedUris, most: usize) -> Self {
        Self { uris, most, parts: Default::default() }
    }

    fn part(&self, index: usize) -> MutexGuard<'_, WatchPart> {
        self.parts[index % PARTS].0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn part_of(&self, session: SessionId) -> MutexGuard<'_, WatchPart> {
        self.part(usize::try_from(session.get() % PARTS as u64).unwrap_or(0))
    }

    pub(super) fn called(&self, session: SessionId, request: RequestId, procedure: &str, now: Instant) {
        if self.uris.has(procedure) {
            self.part_of(session).called(session, request, procedure, (now, self.most));
        }
    }

    pub(super) fn answered(&self, session: SessionId, request: RequestId, with_result: bool, now: Instant) {
        self.part_of(session).answered(session, request, with_result, now);
    }

    pub(super) fn published(&self, topic: &str, events: usize) {
        if self.uris.has(topic) {
            self.part(number_of_this_thread()).published(topic, events as u64, self.most);
        }
    }

    pub(super) fn left(&self, session: SessionId) {
        let mut part = self.part_of(session);
        let open = part.open.remove(&session).unwrap_or_default();
        part.open_count -= open.len();
        for call in open.into_values() {
            part.figures(call.procedure.as_ref()).ended(false);
        }
    }
}

impl WatchPart {
    fn called(
        &mut self,
        session: SessionId,
        request: RequestId,
        procedure: &str,
        (began, most): (Instant, usize),
    ) {
        // A call of several inputs comes several times.
        if self.open.get(&session).is_some_and(|calls| calls.contains_key(&request)) {
            return;
        }
        let known = self.procedures.get_key_value(procedure).map(|(uri, _)| Arc::clone(uri));
        let procedure = known.or_else(|| (self.procedures.len() < most).then(|| Arc::from(procedure)));
        let figures = match &procedure {
            Some(uri) => self.procedures.entry(Arc::clone(uri)).or_default(),
            None => &mut self.other_procedures,
        };
        figures.calls += 1;
        if self.open_count < MOST_OPEN {
            figures.in_flight += 1;
            self.open_count += 1;
            self.open.entry(session).or_default().insert(request, WatchedCall { procedure, began });
        }
    }

    fn answered(&mut self, session: SessionId, request: RequestId, with_result: bool, now: Instant) {
        let Some(calls) = self.open.get_mut(&session) else { return };
        let Some(WatchedCall { procedure, began }) = calls.remove(&request) else { return };
        self.open_count -= 1;
        let figures = self.figures(procedure.as_ref());
        figures.ended(with_result);
        figures.latency.get_or_insert_default().add(now.saturating_duration_since(began));
    }

    /// The figures of a call that is open: as long as it is, they are there.
    fn figures(&mut self, procedure: Option<&Arc<str>>) -> &mut ProcedureFigures {
        procedure.and_then(|uri| self.procedures.get_mut(uri)).unwrap_or(&mut self.other_procedures)
    }

    fn published(&mut self, topic: &str, events: u64, most: usize) {
        if self.topics.len() < most && !self.topics.contains_key(topic) {
            self.topics.insert(Arc::from(topic), TopicFigures::default());
        }
        let figures = self.topics.get_mut(topic).unwrap_or(&mut self.other_topics);
        figures.publications += 1;
        figures.events += events;
    }

    /// Takes what was counted, and leaves what is unanswered.
    fn take(&mut self, into: &mut MergedFigures) {
        for (uri, figures) in &mut self.procedures {
            into.procedures.entry(Arc::clone(uri)).or_default().merge(figures.take());
        }
        self.procedures.retain(|_, figures| figures.in_flight > 0);
        into.other_procedures.merge(self.other_procedures.take());
        for (uri, figures) in self.topics.drain() {
            into.topics.entry(uri).or_default().merge(figures);
        }
        into.other_topics.merge(std::mem::take(&mut self.other_topics));
        self.open.retain(|_, calls| !calls.is_empty());
    }
}

impl ProcedureFigures {
    /// The duration that `percent` of the calls did not exceed that were answered.
    pub(crate) fn percentile(&self, percent: u64) -> Option<Duration> {
        self.latency.as_ref()?.percentile(percent)
    }

    const fn ended(&mut self, with_result: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let counter = if with_result { &mut self.results } else { &mut self.errors };
        *counter += 1;
    }

    fn take(&mut self) -> Self {
        let in_flight = self.in_flight;
        std::mem::replace(self, Self { in_flight, ..Self::default() })
    }

    fn merge(&mut self, more: Self) {
        self.calls += more.calls;
        self.results += more.results;
        self.errors += more.errors;
        self.in_flight += more.in_flight;
        match (&mut self.latency, more.latency) {
            (Some(latency), Some(more)) => latency.merge(&more),
            (latency, more) => *latency = latency.take().or(more),
        }
    }
}

impl TopicFigures {
    const fn merge(&mut self, more: Self) {
        self.publications += more.publications;
        self.events += more.events;
    }
}

/// The figures of all parts.
#[derive(Default)]
struct MergedFigures {
    procedures: BTreeMap<Arc<str>, ProcedureFigures>,
    other_procedures: ProcedureFigures,
    topics: BTreeMap<Arc<str>, TopicFigures>,
    other_topics: TopicFigures,
}

impl UriWatcher {
    /// Watches these URIs of a realm, of which the busiest `most` are told on their own. `None` if there are
    /// [too many](MOST_WATCHES).
    pub(crate) fn open(context: &Arc<RealmContext>, uris: WatchedUris, most: usize) -> Option<Self> {
        let watch = context.taps.watch(uris, most)?;
        Some(Self { context: Arc::clone(context), watch })
    }

    /// Takes what was counted since the last time.
    pub(crate) fn take(&self) -> WatchFigures {
        let mut merged = MergedFigures::default();
        for index in 0..PARTS {
            self.watch.part(index).take(&mut merged);
        }
        let MergedFigures { procedures, mut other_procedures, topics, mut other_topics } = merged;
        let mut procedures: Vec<_> = procedures.into_iter().collect();
        procedures.sort_by_key(|(_, one)| std::cmp::Reverse((one.calls, one.in_flight)));
        let mut topics: Vec<_> = topics.into_iter().collect();
        topics.sort_by_key(|(_, one)| std::cmp::Reverse((one.publications, one.events)));
        let most = self.watch.most;
        procedures.drain(most.min(procedures.len())..).for_each(|(_, one)| other_procedures.merge(one));
        topics.drain(most.min(topics.len())..).for_each(|(_, one)| other_topics.merge(one));
        WatchFigures { procedures, other_procedures, topics, other_topics }
    }
}

impl Drop for UriWatcher {
    fn drop(&mut self) {
        self.context.taps.unwatch(&self.watch);
    }
}
