//! The tables of a session: calls, subscriptions, registrations, testaments.

use super::open_calls::OpenCalls;
use super::{RouterSession, Session};
use crate::WampError;
use crate::base::locks::MutexGuard;
use crate::peering::payload::CallReply;
use crate::peering::{CallState, Stop};
use crate::router::broker::{HeldSubscription, PendingSubscribe};
use crate::router::dealer::{CallOrigin, CallRequest, RegistrationEntry, RoutedCall};
use crate::router::meta::Testament;
use crate::router::realm::{RealmPlace, Seat};
use hashbrown::HashMap;
use serverwamp_proto::broker::Testaments;
use serverwamp_proto::id::{RegistrationId, RequestId, SubscriptionId};
use serverwamp_proto::pattern::Match;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The tables of a session.
#[derive(Debug, Default)]
pub(crate) struct SessionTables {
    pub(crate) calls: OpenCalls<OpenCall>,
    /// Calls that clients have answered, for the next ones.
    pub(crate) spare_calls: Vec<Arc<RoutedCall>>,
    /// Calls that were answered while their caller could still send input: what comes late is passed over.
    pub(crate) answered_inputs: VecDeque<RequestId>,
    pub(crate) subscriptions: HashMap<SubscriptionId, HeldSubscription>,
    pub(crate) registrations: HashMap<RegistrationId, Arc<RegistrationEntry>>,
    /// The number of registrations by pattern.
    pub(crate) pattern_registrations: usize,
    pub(crate) testaments: Testaments<Testament>,
    /// Subscriptions whose handlers have not decided yet.
    pub(crate) attempts: Vec<Arc<PendingSubscribe>>,
    /// Its place among the sessions of its authid, where its role limits these.
    pub(crate) seat: Option<Box<Seat>>,
    /// Its place among the sessions of its realm.
    pub(crate) place: Option<RealmPlace>,
}

impl SessionTables {
    /// Takes a registration out.
    pub(crate) fn leave_registration(&mut self, id: RegistrationId) -> Option<Arc<RegistrationEntry>> {
        let entry = self.registrations.remove(&id)?;
        self.pattern_registrations -= usize::from(entry.pattern.kind() != Match::Exact);
        Some(entry)
    }
}

/// A call that has not been answered, or whose handler has not come to its end.
#[derive(Clone, Debug)]
pub(crate) enum OpenCall {
    /// The application serves it.
    Served(Arc<CallState<Session>>),
    /// A client serves it.
    Routed(Arc<RoutedCall>),
}

impl OpenCall {
    /// Answers the call with `error` unless it has been answered. Returns whether it was this.
    fn end(&self, error: &WampError) -> bool {
        match self {
            Self::Served(call) => {
                let ended = call.answer(&CallReply::error(error.clone()));
                call.stop.set(Stop::Now);
                ended
            }
            Self::Routed(call) => call.end(error),
        }
    }

    /// Whether nobody has stopped it yet, as far as that can be seen without its lock.
    fn is_going_on(&self) -> bool {
        match self {
            Self::Served(call) => call.stop.get().is_none(),
            Self::Routed(_) => true,
        }
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn caller_left(&self) {
        match self {
            Self::Served(call) => call.abandon(),
            Self::Routed(call) => call.caller_left(),
        }
    }
}

/// The number of answered calls that are kept for the next ones: as many as a busy client has under way.
const SPARE_CALLS: usize = 64;

/// The number of answered calls with open input that are remembered.
const ANSWERED_INPUTS: usize = 1024;

impl RouterSession {
    pub(crate) fn calls_in_flight(&self) -> usize {
        // A thread that sees that a call has gone also sees its remembered input.
        self.in_flight.load(Ordering::Acquire)
    }

    /// A call becomes a task: from now on it can be found and stopped. It has its place among all that wait.
    pub(crate) fn enter_call(&self, call: &Arc<CallState<Session>>) {
        let mut tables = self.tables();
        tables.calls.insert(call.request(), OpenCall::Served(Arc::clone(call)));
        self.count(&tables, 1);
        drop(tables);
        if !self.is_open() {
            call.abandon();
        }
    }

    /// A call goes to a client: from now on it can be found and canceled. It has its place among all that wait.
    pub(crate) fn enter_routed(
        self: &Arc<Self>,
        id: RequestId,
        registration: &Arc<RegistrationEntry>,
        request: CallRequest,
    ) -> Arc<RoutedCall> {
        let begin = |request| {
            let caller = CallOrigin::Session(Arc::clone(self), id);
            Arc::new(RoutedCall::new(caller, Arc::clone(registration), request))
        };
        let mut tables = self.tables();
        // Somebody else may have ended the session and taken its tables away: nobody would take this out any more, and
        // session and call would keep each other for ever.
        if !self.is_open() {
            drop(tables);
            self.realm.context.permits.give_back(1);
            let call = begin(request);
            call.caller_left();
            return call;
        }
        // One that somebody still looks at is not used, and dropped when the lock is free.
        let (call, unused) = match tables.spare_calls.pop() {
            Some(mut spare) => match Arc::get_mut(&mut spare) {
                Some(call) => {
                    let leftovers = call.begin_anew(id, registration, request);
                    (spare, (None, leftovers))
                }
                None => (begin(request), (Some(spare), None)),
            },
            None => (begin(request), (None, None)),
        };
        tables.calls.insert(id, OpenCall::Routed(Arc::clone(&call)));
        self.count(&tables, 1);
        drop(tables);
        drop(unused);
        call
    }

    /// The same for a call that `begin` makes of one that has its answer, and hands over to its callee; the tables are held meanwhile.
    /// Returns whether it did; otherwise nothing is entered.
    pub(crate) fn enter_again(
        &self,
        id: RequestId,
        begin: impl FnOnce(&mut Arc<RoutedCall>) -> bool,
    ) -> bool {
        let mut tables = self.tables();
        // As above: nobody would take it out any more.
        if !self.is_open() {
            return false;
        }
        let Some(mut spare) = tables.spare_calls.pop() else { return false };
        if !begin(&mut spare) {
            tables.spare_calls.push(spare);
            return false;
        }
        tables.calls.insert(id, OpenCall::Routed(spare));
        self.count(&tables, 1);
        true
    }

    /// Changes the number of calls in flight. Who holds the tables is the only one who does, so it takes no atomic step.
    fn count(&self, _work: &SessionTables, by: isize) {
        let in_flight = self.in_flight.load(Ordering::Relaxed);
        self.in_flight.store(in_flight.wrapping_add_signed(by), Ordering::Release);
    }

    /// Returns whether calls were answered while their callers could still send input.
    pub(crate) fn has_answered_inputs(&self) -> bool {
        self.answered_inputs.load(Ordering::Relaxed)
    }

    /// Keeps a copy of `tables.answered_inputs.is_empty()` that costs no lock.
    fn note_answered_inputs(&self, tables: &SessionTables) {
        self.answered_inputs.store(!tables.answered_inputs.is_empty(), Ordering::Relaxed);
    }

    /// A call that went to a client has its answer.
    pub(crate) fn leave_routed(&self, request: RequestId, input_open: bool) {
        let mut tables = self.tables();
        let Some(call) = tables.calls.remove(&request) else { return };
        if input_open {
            self.remember_input(&mut tables, request);
        }
        self.keep_spare(tables, call);
    }

    /// The same for a plain call: whoever answers it has taken it from its callee. Only if nobody but these tables has it beside, so that
    /// nobody else can answer it; returns whether that is so. Otherwise nothing happens.
    pub(crate) fn leave_plainly(&self, request: RequestId, call: &Arc<RoutedCall>) -> bool {
        let mut tables = self.tables();
        // Whoever else comes to it comes by way of these tables.
        let is_alone = |open: &OpenCall| match open {
            OpenCall::Routed(open) => Arc::ptr_eq(open, call) && Arc::strong_count(call) == 2,
            OpenCall::Served(_) => false,
        };
        let Some(call) = tables.calls.remove_from_ring(request, is_alone) else { return false };
        self.keep_spare(tables, call);
        true
    }

    /// A call has its answer, and is kept for the next one.
    #[inline]
    fn keep_spare(&self, mut tables: MutexGuard<'_, SessionTables>, call: OpenCall) {
        let unused = match call {
            OpenCall::Routed(call) if tables.spare_calls.len() < SPARE_CALLS => {
                tables.spare_calls.push(call);
                None
            }
            other => Some(other),
        };
        self.count(&tables, -1);
        drop(tables);
        drop(unused);
        self.realm.context.permits.give_back(1);
        if self.realm.context.connections.stopping() {
            // It may have waited for nothing else.
            self.outbox.wake();
        }
    }

    /// Gives back what is kept of answered calls.
    pub(crate) fn drop_spare_calls(&self) {
        let spare = std::mem::take(&mut self.tables().spare_calls);
        // They hold callees: not under the lock.
        drop(spare);
    }

    /// A call was answered while its caller could still send input: what comes late is passed over (PCI-10).
    pub(crate) fn remember_answered_input(&self, request: RequestId) {
        self.remember_input(&mut self.tables(), request);
    }

    /// Returns whether the call `request` was answered before this input of it came (PCI-10). The last input ends the memory of it.
    pub(crate) fn was_answered_early(&self, request: RequestId, last: bool) -> bool {
        let mut tables = self.tables();
        let Some(place) = tables.answered_inputs.iter().position(|id| *id == request) else { return false };
        if last {
            tables.answered_inputs.remove(place);
            self.note_answered_inputs(&tables);
        }
        true
    }

    fn remember_input(&self, tables: &mut SessionTables, request: RequestId) {
        if tables.answered_inputs.len() >= ANSWERED_INPUTS {
            tables.answered_inputs.pop_front();
        }
        tables.answered_inputs.push_back(request);
        self.note_answered_inputs(tables);
    }

    /// The call's task is at its end.
    pub(crate) fn leave_call(&self, call: &CallState<Session>) {
        let mut tables = self.tables();
        // The caller may have used the id for another call since this one was answered.
        let is_this = |open: &OpenCall| matches!(open, OpenCall::Served(one) if std::ptr::eq(&**one, call));
        if tables.calls.get(&call.request()).is_some_and(is_this) {
            tables.calls.remove(&call.request());
        }
        self.count(&tables, -1);
        drop(tables);
        if call.lets_permit_go() {
            self.realm.context.permits.give_back(1);
        }
        if self.realm.code.serial_calls || self.realm.context.connections.stopping() {
            // The next call waits in the connection's task, or the end of the session does.
            self.outbox.wake();
        }
    }

    /// Answers every open call of the session with `error`. Returns how many these were.
    pub(crate) fn end_calls(&self, error: &WampError) -> usize {
        let calls: Vec<OpenCall> = self.tables().calls.values().cloned().collect();
        calls.iter().filter(|call| call.end(error)).count()
    }

    /// Ends the newest call of the session with `error`, for its permit. Returns whether that has been given back.
    pub(crate) fn give_permit_up(&self, error: &WampError) -> bool {
        let tables = self.tables();
        let unanswered = tables.calls.iter().filter(|(_, open)| open.is_going_on());
        let newest = unanswered.max_by_key(|(request, _)| **request).map(|(_, open)| open.clone());
        drop(tables);
        let Some(call) = newest.filter(|call| call.end(error)) else { return false };
        if let OpenCall::Served(served) = call
            && served.lets_permit_go()
        {
            // Its handler stops a moment later, and may have to wind up; nobody waits for that.
            self.realm.context.permits.give_back(1);
        }
        true
    }

    /// Takes the tables of the session, which has ended.
    pub(crate) fn take_tables(&self) -> SessionTables {
        let mut tables = self.tables();
        // Those that clients serve are in no table any more; those that the application serves leave when their tasks end.
        let routed = tables.calls.values().filter(|call| matches!(call, OpenCall::Routed(_))).count();
        self.count(&tables, -routed.cast_signed());
        self.realm.context.permits.give_back(routed);
        std::mem::take(&mut *tables)
    }
}
