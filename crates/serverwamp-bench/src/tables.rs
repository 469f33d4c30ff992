//! A router's tables with very much in them, without sockets: the structures of broker and realm, one by one.

use crate::Failure;
use crate::options::Plan;
use crate::statistics::median;
use hashbrown::HashMap;
use serde::Serialize;
use serverwamp_proto::broker::Members;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::pattern::{Match, PatternMap, UriPattern};
use std::hint::black_box;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

/// Sessions that a table is shared with when somebody joins and leaves.
const OTHERS: [usize; 3] = [1, 1_000, 100_000];

/// What a session subscribes to between joining and leaving.
const OWN: usize = 10;

/// Depth of the patterns that are meant to make a search long.
const DEPTH: usize = 12;

#[derive(Debug, Serialize)]
pub(crate) struct Tables {
    pub(crate) subscriptions: usize,
    pub(crate) topics: usize,
    pub(crate) patterns: usize,
    /// Nanoseconds to find the subscriptions of a publication.
    pub(crate) matching: Vec<Matching>,
    /// Nanoseconds for joining a realm, ten subscriptions, and leaving, for each number of other sessions.
    pub(crate) sessions: Vec<(usize, f64)>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Matching {
    pub(crate) what: &'static str,
    pub(crate) patterns: usize,
    /// Subscriptions that a publication reaches, on average.
    pub(crate) found: f64,
    pub(crate) nanos: f64,
    pub(crate) goal: Option<f64>,
}

/// A subscription, as the broker has it.
struct Entry {
    pattern: UriPattern,
    members: Mutex<Members<Arc<()>>>,
}

/// The subscriptions of a realm, as the broker has them.
#[derive(Default)]
struct Table {
    subscriptions: RwLock<PatternMap<Arc<Entry>>>,
}

impl Table {
    fn lookup(&self, kind: Match, uri: &str) -> Option<Arc<Entry>> {
        self.subscriptions.read().unwrap_or_else(PoisonError::into_inner).get(kind, uri).cloned()
    }

    fn join(&self, pattern: &UriPattern, session: SessionId, member: &Arc<()>) -> Arc<Entry> {
        let entry = self.lookup(pattern.kind(), pattern.as_str()).unwrap_or_else(|| {
            let entry = Arc::new(Entry { pattern: pattern.clone(), members: Mutex::default() });
            let mut subscriptions = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
            subscriptions.insert(pattern, Arc::clone(&entry));
            entry
        });
        let mut members = entry.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.add(session, Arc::clone(member));
        drop(members);
        entry
    }

    fn leave(&self, entry: &Entry, session: SessionId) {
        let mut members = entry.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.remove(session);
        let deserted = members.is_empty();
        drop(members);
        if deserted {
            let mut subscriptions = self.subscriptions.write().unwrap_or_else(PoisonError::into_inner);
            subscriptions.remove(entry.pattern.kind(), entry.pattern.as_str());
        }
    }

    /// The subscriptions that a publication reaches; how many they are.
    fn matches(&self, topic: &str) -> usize {
        let mut first = None;
        let mut more = Vec::new();
        let subscriptions = self.subscriptions.read().unwrap_or_else(PoisonError::into_inner);
        subscriptions.all(topic, |_, entry| match &first {
            None => first = Some(Arc::clone(entry)),
            Some(_) => more.push(Arc::clone(entry)),
        });
        drop(subscriptions);
        black_box(usize::from(first.is_some()) + more.len())
    }
}

pub(crate) fn measure(plan: &Plan) -> Result<Tables, Failure> {
    let (topics, patterns) = (plan.subscriptions / 10, plan.subscriptions / 100);
    let member = Arc::new(());
    let uris: Vec<String> = (0..topics).map(topic).collect();
    let table = Table::default();
    for number in 0..plan.subscriptions - patterns {
        let uri = &uris[number % topics];
        table.join(&UriPattern::new(Match::Exact, uri.as_str()), session(number)?, &member);
    }
    let mut matching = vec![matching("exact topics alone", &table, 0, &uris, Some(1000.0))];
    for number in 0..patterns {
        table.join(&pattern(number), session(number)?, &member);
    }
    matching.push(self::matching("with patterns as they are", &table, patterns, &uris, Some(1000.0)));
    let sessions = sessions(plan, &table, &uris)?;
    matching.extend(adversarial(patterns)?);
    Ok(Tables { subscriptions: plan.subscriptions, topics, patterns, matching, sessions })
}

/// `com.acme.<service>.<thing>.<what happened to it>`.
fn topic(number: usize) -> String {
    format!("com.acme.service{}.thing{}.changed{}", number % 100, number / 100, number % 3)
}

/// Six of ten are prefixes: of a service, or of a thing. The others leave service, thing or both open.
fn pattern(number: usize) -> UriPattern {
    let (service, thing) = (number % 100, number / 10);
    match number % 10 {
        0 => UriPattern::new(Match::Prefix, format!("com.acme.service{}.", number / 10 % 100)),
        1..=5 => UriPattern::new(Match::Prefix, format!("com.acme.service{service}.thing{thing}.")),
        6 | 7 => UriPattern::new(Match::Wildcard, format!("com.acme..thing{thing}.changed{}", number % 3)),
        8 => UriPattern::new(Match::Wildcard, format!("com.acme.service{service}..changed{}", number % 3)),
        _ => UriPattern::new(Match::Wildcard, format!("com.acme..thing{thing}.")),
    }
}

fn session(number: usize) -> Result<SessionId, Failure> {
    Ok(SessionId::new(number as u64 + 1).ok_or("a number that is no id")?)
}

/// The median of several rounds over all topics, in an order in which no two neighbours lie side by side.
fn matching(
    what: &'static str,
    table: &Table,
    patterns: usize,
    uris: &[String],
    goal: Option<f64>,
) -> Matching {
    let mut found = 0;
    let rounds = (0..5).map(|_| {
        found = 0;
        let start = Instant::now();
        for step in 0..uris.len() {
            found += table.matches(&uris[step * 7919 % uris.len()]);
        }
        start.elapsed().as_nanos() as f64 / uris.len() as f64
    });
    let nanos = median(rounds.collect::<Vec<_>>());
    Matching { what, patterns, found: found as f64 / uris.len() as f64, nanos, goal }
}

/// Wildcards that leave every component open or not, in every combination: a search has to follow all of them.
fn adversarial(patterns: usize) -> Result<Vec<Matching>, Failure> {
    let combinations = (1 << DEPTH).min(patterns);
    let wildcard = |bits: usize, last: &str| {
        let components = (0..DEPTH).map(|bit| if bits >> bit & 1 == 0 { "a" } else { "" });
        let components: Vec<&str> = components.chain([last]).collect();
        UriPattern::new(Match::Wildcard, components.join("."))
    };
    let uris = vec![format!("{}b", "a.".repeat(DEPTH)); 100];
    let mut rows = Vec::new();
    for (what, last) in [("patterns that all match", "b"), ("patterns that nearly match", "c")] {
        let table = Table::default();
        for bits in 0..combinations {
            table.join(&wildcard(bits, last), session(bits)?, &Arc::new(()));
        }
        rows.push(matching(what, &table, combinations, &uris, None));
    }
    Ok(rows)
}

/// What it costs to join, to subscribe to some topics of the table and some of one's own, and to leave.
fn sessions(plan: &Plan, table: &Table, uris: &[String]) -> Result<Vec<(usize, f64)>, Failure> {
    let realm = Mutex::new(HashMap::new());
    let own: Vec<UriPattern> = (0..OWN)
        .map(|number| match number % 2 {
            0 => UriPattern::new(Match::Exact, uris[number * 97 % uris.len()].as_str()),
            _ => UriPattern::new(Match::Exact, format!("com.acme.nobody.else{number}")),
        })
        .collect();
    let mut costs = Vec::new();
    let mut present = 0;
    for others in OTHERS {
        let others = others.min(plan.subscriptions / 10);
        let member = Arc::new(());
        while present < others {
            let id = session(plan.subscriptions + present)?;
            realm.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&member));
            for pattern in own.iter().step_by(2) {
                table.join(pattern, id, &member);
            }
            present += 1;
        }
        let mut rounds = Vec::new();
        for round in 0..7 {
            let start = Instant::now();
            for number in 0..1000 {
                let id = session(plan.subscriptions * 2 + round * 1000 + number)?;
                realm.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&member));
                let held: Vec<_> = own.iter().map(|pattern| table.join(pattern, id, &member)).collect();
                held.iter().for_each(|entry| table.leave(entry, id));
                realm.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            }
            rounds.push(start.elapsed().as_nanos() as f64 / 1000.0);
        }
        costs.push((others, median(rounds)));
    }
    Ok(costs)
}
