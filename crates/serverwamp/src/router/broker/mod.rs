//! The broker of a realm: subscriptions, and the way of an event to its subscribers.
//!
//! Matching a topic takes a shared lock for as long as that lasts; delivering an event holds only the subscription it
//! is delivered on. So publications to several topics do not wait for each other, and one that reaches many
//! subscribers delays nobody but those who publish to, join or leave the same subscription. An event is queued for all
//! its receivers before its publisher's next message is looked at, which keeps the order of one publisher's events
//! (checklist ORD-01). The rules themselves are in `serverwamp_proto::broker`.

mod deliver;
mod direct;
mod in_process;
mod kept;
mod last_matches;
mod pending_subscribe;
mod publish;
mod replaced;
mod retained;
mod routed;
mod stored;
mod subscribe;
mod subscription;
mod unheard;

pub(crate) use kept::RetainedTopic;
pub(crate) use last_matches::LastMatches;
pub(crate) use pending_subscribe::{HeldSubscription, PendingSubscribe, WaitingRequest};
pub(crate) use publish::OwnOptions;
pub(crate) use stored::{Disclosed, StoredEvent};
use subscription::HistoryLimits;
pub(crate) use subscription::SubscriptionEntry;

use crate::base::limits::Limits;
use crate::base::locks::{Mutex, MutexGuard, RwLock};
use crate::router::realm::{RealmConfig, RealmContext};
use serverwamp_proto::broker::{HistoryBeginning, RetainedEvents, RetainedLimits, Share};
use serverwamp_proto::id::{Counter, EpochId, SubscriptionId};
use serverwamp_proto::pattern::{Match, PatternMap, UriPattern};
use serverwamp_proto::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::ops::Bound::{self, Excluded, Unbounded};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use unheard::UnheardTopics;

/// The default limit of a history in bytes.
const HISTORY_BYTES: usize = 64 << 20;

/// The subscriptions of a realm.
#[derive(Debug)]
pub(crate) struct Broker {
    context: Arc<RealmContext>,
    subscriptions: RwLock<PatternMap<Arc<SubscriptionEntry>>>,
    /// The number of changes of the subscriptions.
    changes: AtomicU64,
    retained: Mutex<RetainedEvents<Arc<StoredEvent>>>,
    /// The serializers that events were needed in so far, a bit for each.
    events_in: AtomicU8,
    unheard: UnheardTopics,
}

/// The part of the broker that only those who change it look at.
#[derive(Debug, Default)]
pub(crate) struct SubscriptionIndex {
    by_id: BTreeMap<SubscriptionId, Arc<SubscriptionEntry>>,
    next: Counter<SubscriptionId>,
}

/// The subscriptions a publication reaches. Most reach one.
#[derive(Debug, Default)]
struct Matches {
    first: Option<Arc<SubscriptionEntry>>,
    more: Vec<Arc<SubscriptionEntry>>,
}

impl Matches {
    fn iter(&self) -> impl Iterator<Item = &Arc<SubscriptionEntry>> {
        self.first.iter().chain(&self.more)
    }
}

impl Broker {
    /// A broker in which the subscriptions exist whose history is kept (checklist HIST-16).
    pub(crate) fn new(context: &Arc<RealmContext>, index: &mut SubscriptionIndex, now: Timestamp) -> Self {
        let broker = Self {
            context: Arc::clone(context),
            subscriptions: RwLock::default(),
            changes: AtomicU64::new(0),
            retained: Mutex::new(RetainedEvents::new(retained_limits(&context.limits()), |event| {
                event.bytes()
            })),
            events_in: AtomicU8::new(0),
            unheard: UnheardTopics::default(),
        };
        for (pattern, limits) in histories(&context.config()) {
            broker.enter(index, pattern, limits, now);
        }
        broker
    }

    /// The subscription of this pattern, which comes into being if there is none; says whether it did.
    fn enter(
        &self,
        index: &mut SubscriptionIndex,
        pattern: &UriPattern,
        history: HistoryLimits,
        now: Timestamp,
    ) -> (Arc<SubscriptionEntry>, bool) {
        if let Some(entry) = self.lookup(pattern.kind(), pattern.as_str()) {
            return (entry, false);
        }
        let mut id = index.next.issue();
        while index.by_id.contains_key(&id) {
            id = index.next.issue();
        }
        let history = history.history(|| self.history_beginning(now));
        let measures = self.context.measures.uri(pattern.as_str());
        let entry = Arc::new(SubscriptionEntry::new(id, pattern.clone(), now, history, measures));
        index.by_id.insert(id, Arc::clone(&entry));
        let mut subscriptions = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
        subscriptions.insert(pattern, Arc::clone(&entry));
        drop(subscriptions);
        self.changes.fetch_add(1, Ordering::Release);
        self.context.cluster.interest(&self.context, pattern, true);
        (entry, true)
    }

    /// A history that begins now is another one than all before.
    fn history_beginning(&self, now: Timestamp) -> HistoryBeginning {
        HistoryBeginning { epoch: EpochId::random(self.context.ids.bits()), at: now }
    }

    /// Takes a subscription that nobody is in any more out of the tables.
    ///
    /// Joining and leaving require the index, so no session has joined it meanwhile.
    pub(crate) fn remove_if_empty(&self, index: &mut SubscriptionIndex, entry: &SubscriptionEntry) -> bool {
        // One whose history is kept is there without subscribers as well.
        let members = entry.members();
        if members.history.is_some() || !members.is_empty() {
            return false;
        }
        drop(members);
        index.by_id.remove(&entry.id);
        let mut subscriptions = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
        subscriptions.remove(entry.pattern.kind(), entry.pattern.as_str());
        drop(subscriptions);
        self.changes.fetch_add(1, Ordering::Release);
        self.context.cluster.interest(&self.context, &entry.pattern, false);
        true
    }

    /// The subscription of exactly this topic and match; no pattern is evaluated.
    pub(crate) fn lookup(&self, kind: Match, topic: &str) -> Option<Arc<SubscriptionEntry>> {
        let subscriptions = self.subscriptions.read().unwrap_or_else(PoisonError::into_inner);
        subscriptions.get(kind, topic).cloned()
    }

    /// All subscriptions an event of `topic` reaches.
    pub(crate) fn matching(&self, topic: &str) -> Vec<Arc<SubscriptionEntry>> {
        self.matches(topic).iter().cloned().collect()
    }

    /// A number that is another one whenever subscriptions have come or gone.
    fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Returns whether the realm has a meta API.
    pub(crate) fn has_meta_api(&self) -> bool {
        self.context.config().offers.meta_api
    }

    /// Returns whether `topic` has no subscriber, on this node or another one.
    pub(crate) fn is_unheard(&self, topic: &str) -> bool {
        self.matches(topic).first.is_none()
            && !self.context.cluster.get().is_some_and(|node| node.is_wanted(&self.context.name, topic))
    }

    fn retained(&self) -> MutexGuard<'_, RetainedEvents<Arc<StoredEvent>>> {
        self.retained.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn matches(&self, topic: &str) -> Matches {
        let mut matches = Matches::default();
        let subscriptions = self.subscriptions.read().unwrap_or_else(PoisonError::into_inner);
        subscriptions.all(topic, |_, entry| match &matches.first {
            None => matches.first = Some(Arc::clone(entry)),
            Some(_) => matches.more.push(Arc::clone(entry)),
        });
        matches
    }
}

/// The patterns whose history a realm keeps, and how much of it.
fn histories(config: &RealmConfig) -> impl Iterator<Item = (&UriPattern, HistoryLimits)> {
    let kept = config.topic_settings.iter().filter(|(_, settings)| settings.history > 0);
    kept.map(|(pattern, settings)| {
        let bytes = settings.history_bytes.unwrap_or(HISTORY_BYTES);
        (pattern, HistoryLimits { events: settings.history, bytes })
    })
}

fn retained_limits(limits: &Limits) -> RetainedLimits {
    RetainedLimits {
        all: Share { events: limits.retained_events, bytes: limits.retained_bytes },
        publisher: Share {
            events: limits.retained_events_of_session,
            bytes: limits.retained_bytes_of_session,
        },
        ..RetainedLimits::default()
    }
}

impl SubscriptionIndex {
    /// The number of subscriptions.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn get(&self, id: SubscriptionId) -> Option<&Arc<SubscriptionEntry>> {
        self.by_id.get(&id)
    }

    /// All from behind this id on, in the order of the ids.
    pub(crate) fn after(
        &self,
        id: Option<SubscriptionId>,
    ) -> impl Iterator<Item = (&SubscriptionId, &Arc<SubscriptionEntry>)> {
        self.within((id.map_or(Unbounded, Excluded), Unbounded))
    }

    /// Those between these ids, in the order of the ids.
    pub(crate) fn within(
        &self,
        ids: (Bound<SubscriptionId>, Bound<SubscriptionId>),
    ) -> impl DoubleEndedIterator<Item = (&SubscriptionId, &Arc<SubscriptionEntry>)> {
        self.by_id.range(ids)
    }
}
