//! The dealer of a realm: registrations, and the way of a call to its callee and back.
//!
//! Procedures of the application are registered here beside those of clients: same matching, same meta API. An exact
//! route of the application is found without a lock, because routes never change and an exact URI wins against every
//! pattern. The rules themselves are in `serverwamp_proto::dealer`.

mod again;
mod answer;
mod call;
mod in_process;
mod invoke;
mod plain;
mod register;
mod registration;
mod takeover;

pub(crate) use answer::{receive_error, receive_too_long, receive_yield};
pub(crate) use call::{Answer, CallOrigin, CallRequest, RoutedCall};
use registration::CalleeOptions;
pub(crate) use registration::RegistrationEntry;

use crate::base::locks::RwLock;
use crate::router::realm::RealmContext;
use crate::router::routes::{ProcedureRoute, RouteTable};
use serverwamp_proto::id::{Counter, RegistrationId};
use serverwamp_proto::message::{Invoke, PlainCall};
use serverwamp_proto::pattern::{Match, PatternMap, UriPattern};
use serverwamp_proto::timestamp::Timestamp;
use std::collections::BTreeMap;
use std::ops::Bound::{self, Excluded, Unbounded};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

/// The registrations of a realm.
#[derive(Debug)]
pub(crate) struct Dealer {
    context: Arc<RealmContext>,
    registrations: RwLock<PatternMap<Arc<RegistrationEntry>>>,
    /// The number of them that are not routes of the application.
    added: AtomicUsize,
    /// The number of changes of the registrations.
    changes: AtomicU64,
    routes: Arc<RouteTable>,
}

/// The part of the dealer that only those who change it look at.
#[derive(Debug, Default)]
pub(crate) struct RegistrationIndex {
    by_id: BTreeMap<RegistrationId, Arc<RegistrationEntry>>,
    next: Counter<RegistrationId>,
}

/// The callee of a call.
#[derive(Debug)]
pub(crate) enum Found<'d> {
    /// A route of the application.
    Route(&'d Arc<ProcedureRoute>),
    /// A handler of the application that was registered at run time.
    Local(Arc<ProcedureRoute>),
    /// Clients.
    Registered(Arc<RegistrationEntry>),
}

impl Dealer {
    /// A dealer that knows what the application serves.
    pub(crate) fn new(
        context: &Arc<RealmContext>,
        routes: &Arc<RouteTable>,
        index: &mut RegistrationIndex,
        now: Timestamp,
    ) -> Self {
        let dealer = Self {
            context: Arc::clone(context),
            registrations: RwLock::default(),
            added: AtomicUsize::new(0),
            changes: AtomicU64::new(0),
            routes: Arc::clone(routes),
        };
        routes.each_pattern(|pattern, route| {
            dealer.enter(index, pattern, Invoke::Single, Some(Arc::clone(route)), now);
        });
        dealer.added.store(0, Ordering::Relaxed);
        dealer
    }

    /// A registration of this pattern, which nobody is in yet; there must be none.
    fn enter(
        &self,
        index: &mut RegistrationIndex,
        pattern: &UriPattern,
        invoke: Invoke,
        application: Option<Arc<ProcedureRoute>>,
        now: Timestamp,
    ) -> Arc<RegistrationEntry> {
        let mut id = index.next.issue();
        while index.by_id.contains_key(&id) {
            id = index.next.issue();
        }
        // A procedure of the application is counted where it is served.
        let measures = if application.is_some() { None } else { self.context.measures.uri(pattern.as_str()) };
        let entry = RegistrationEntry::new(id, pattern.clone(), invoke, application, now, measures);
        let entry = Arc::new(entry);
        index.by_id.insert(id, Arc::clone(&entry));
        let mut registrations = self.registrations.write().unwrap_or_else(PoisonError::into_inner);
        registrations.insert(pattern, Arc::clone(&entry));
        self.changes.fetch_add(1, Ordering::Release);
        self.added.fetch_add(1, Ordering::Release);
        drop(registrations);
        if entry.application.is_none() {
            self.context.cluster.offer(&self.context.name, pattern, Some(invoke));
        }
        entry
    }

    /// Takes a registration that nobody is in any more out of the tables.
    pub(crate) fn remove_if_empty(&self, index: &mut RegistrationIndex, entry: &RegistrationEntry) -> bool {
        if !entry.is_empty() {
            return false;
        }
        self.remove(index, entry);
        true
    }

    /// Takes a registration out of the tables.
    fn remove(&self, index: &mut RegistrationIndex, entry: &RegistrationEntry) {
        index.by_id.remove(&entry.id);
        let mut registrations = self.registrations.write().unwrap_or_else(PoisonError::into_inner);
        registrations.remove(entry.pattern.kind(), entry.pattern.as_str());
        self.changes.fetch_add(1, Ordering::Release);
        self.added.fetch_sub(1, Ordering::Release);
        drop(registrations);
        if entry.application.is_none() {
            self.context.cluster.offer(&self.context.name, &entry.pattern, None);
        }
    }

    /// The registration of exactly this procedure and match; no pattern is evaluated.
    pub(crate) fn lookup(&self, kind: Match, procedure: &str) -> Option<Arc<RegistrationEntry>> {
        let registrations = self.registrations.read().unwrap_or_else(PoisonError::into_inner);
        registrations.get(kind, procedure).cloned()
    }

    /// The registration that a call of `procedure` goes to. Regular expressions are the application's own and none.
    pub(crate) fn best(&self, procedure: &str) -> Option<Arc<RegistrationEntry>> {
        let registrations = self.registrations.read().unwrap_or_else(PoisonError::into_inner);
        registrations.best(procedure).map(|(_, entry)| Arc::clone(entry))
    }

    /// A number that is another one whenever registrations have changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// The callee of a call of `procedure`.
    #[inline]
    pub(crate) fn find(&self, procedure: &str) -> Option<Found<'_>> {
        if let Some(route) = self.routes.exact(procedure) {
            return Some(Found::Route(route));
        }
        if self.added.load(Ordering::Acquire) == 0 {
            return self.routes.procedure(procedure).map(Found::Route);
        }
        match self.best(procedure) {
            Some(entry) => Some(match &entry.application {
                Some(route) => Found::Local(Arc::clone(route)),
                None => Found::Registered(entry),
            }),
            None => self.routes.expression(procedure).map(Found::Route),
        }
    }
}

/// The registration that a caller's last call went to, for the next one: most callers call the same again, and then
/// need neither the tables' lock nor a search, nor write a count that all callers of the procedure share.
///
/// It holds on to the callees, so it is emptied when its caller rests.
#[derive(Debug, Default)]
pub(crate) struct LastFound {
    changes: u64,
    registration: Option<Arc<RegistrationEntry>>,
    /// The number of the configuration under which the last call was a plain one.
    plain_by: Option<u64>,
}

impl LastFound {
    /// Keeps what [`Dealer::find`] has found; `changes` is [`Dealer::changes`] from before it was asked.
    pub(crate) fn keep(&mut self, changes: u64, registration: &Arc<RegistrationEntry>) {
        // Another URI may find a pattern that is not the best one for the next.
        if registration.pattern.kind() == Match::Exact {
            *self = Self { changes, registration: Some(Arc::clone(registration)), plain_by: None };
        }
    }

    /// The registration, if it is that of `procedure`, and no registration has come or gone since. It is to be
    /// [put back](Self::put_back) when the call is routed.
    pub(crate) fn take(&mut self, dealer: &Dealer, procedure: &str) -> Option<Arc<RegistrationEntry>> {
        if self.changes != dealer.changes() {
            self.registration = None;
            return None;
        }
        self.registration.take_if(|entry| entry.pattern.as_str() == procedure)
    }

    /// Notes under which configuration a call without options was handed over as nothing but its arguments; `None` where it was not.
    pub(crate) const fn note_plain(&mut self, config: Option<u64>) {
        self.plain_by = config;
    }

    /// The registration that this call without options goes to as the last one did, under the configuration of this number.
    #[inline]
    pub(crate) fn plain(
        &self,
        dealer: &Dealer,
        call: &PlainCall<'_>,
        config: u64,
    ) -> Option<&Arc<RegistrationEntry>> {
        let registration = self.registration.as_ref()?;
        let is_as_before = self.plain_by == Some(config)
            && self.changes == dealer.changes()
            && call.calls(registration.pattern.as_str());
        is_as_before.then_some(registration)
    }

    /// Keeps what was taken.
    pub(crate) fn put_back(&mut self, registration: Arc<RegistrationEntry>) {
        self.registration = Some(registration);
    }
}

impl RegistrationIndex {
    /// The number of registrations.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn get(&self, id: RegistrationId) -> Option<&Arc<RegistrationEntry>> {
        self.by_id.get(&id)
    }

    /// All from behind this id on, in the order of the ids.
    pub(crate) fn after(
        &self,
        id: Option<RegistrationId>,
    ) -> impl Iterator<Item = (&RegistrationId, &Arc<RegistrationEntry>)> {
        self.within((id.map_or(Unbounded, Excluded), Unbounded))
    }

    /// Those between these ids, in the order of the ids.
    pub(crate) fn within(
        &self,
        ids: (Bound<RegistrationId>, Bound<RegistrationId>),
    ) -> impl DoubleEndedIterator<Item = (&RegistrationId, &Arc<RegistrationEntry>)> {
        self.by_id.range(ids)
    }
}
