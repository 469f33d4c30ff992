//! One registration of a realm: its pattern and its callees.

use super::call::RoutedCallState;
use crate::base::locks::{Mutex, MutexGuard};
use crate::router::measures::UriMeasures;
use crate::router::routes::ProcedureRoute;
use crate::router::session::RouterSession;
use serverwamp_proto::dealer::{AlreadyExists, Callees};
use serverwamp_proto::id::{RegistrationId, SessionId};
use serverwamp_proto::message::{Invoke, RegisterOptions};
use serverwamp_proto::pattern::UriPattern;
use serverwamp_proto::timestamp::Timestamp;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};

/// A registration: what all its callees share.
#[derive(Debug)]
pub(crate) struct RegistrationEntry {
    pub(crate) id: RegistrationId,
    pub(crate) pattern: UriPattern,
    pub(crate) invoke: Invoke,
    pub(crate) created: Timestamp,
    /// The application serves it itself, and nobody shares it.
    pub(crate) application: Option<Arc<ProcedureRoute>>,
    /// Its counts, if the operator has named it.
    pub(super) measures: Option<Arc<UriMeasures>>,
    callees: Mutex<Callees<Arc<Callee>>>,
    /// The only callee there ever is, where calls are not shared out: found without the lock.
    single: OnceLock<Arc<Callee>>,
}

/// A client that serves a registration, with what it registered for.
#[derive(Debug)]
pub(crate) struct Callee {
    pub(crate) session: Arc<RouterSession>,
    pub(crate) options: CalleeOptions,
    /// Set, under its invocations, when it leaves the registration, or was found to be gone: nothing new comes after
    /// UNREGISTERED (ORD-07).
    left: AtomicBool,
}

impl Callee {
    pub(super) fn has_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    /// Its session is over: it will leave, and calls pass it over until it has.
    pub(super) fn is_gone(&self) {
        self.left.store(true, Ordering::Relaxed);
    }
}

/// The options of a callee's REGISTER; each callee of a shared registration has its own (checklist CID-08,
/// TMO-12).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CalleeOptions {
    pub(crate) disclose_caller: bool,
    pub(crate) forward_timeout: bool,
}

impl From<&RegisterOptions> for CalleeOptions {
    fn from(options: &RegisterOptions) -> Self {
        Self { disclose_caller: options.disclose_caller, forward_timeout: options.forward_timeout }
    }
}

impl RegistrationEntry {
    pub(super) fn new(
        id: RegistrationId,
        pattern: UriPattern,
        invoke: Invoke,
        application: Option<Arc<ProcedureRoute>>,
        created: Timestamp,
        measures: Option<Arc<UriMeasures>>,
    ) -> Self {
        let callees = Mutex::new(Callees::new(invoke));
        Self { id, pattern, invoke, created, application, measures, callees, single: OnceLock::new() }
    }

    fn callees(&self) -> MutexGuard<'_, Callees<Arc<Callee>>> {
        self.callees.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a client in; says whether it was not in before (checklist SHREG-02, SHREG-03, SHREG-09).
    pub(crate) fn join(
        &self,
        session: &Arc<RouterSession>,
        options: CalleeOptions,
        invoke: Invoke,
    ) -> Result<bool, AlreadyExists> {
        if self.application.is_some() {
            return Err(AlreadyExists);
        }
        let callee = Arc::new(Callee { session: Arc::clone(session), options, left: AtomicBool::new(false) });
        let joined = self.callees().join(session.id(), Arc::clone(&callee), invoke)?;
        if !self.is_shared() {
            // When its only callee leaves, the registration goes with it, so nobody follows.
            self.single.get_or_init(|| callee);
        }
        Ok(joined)
    }

    /// Takes a client out, which holds its invocations meanwhile. Returns whether it was in.
    pub(crate) fn leave(&self, session: SessionId) -> bool {
        let Some(callee) = self.callees().leave(session) else { return false };
        callee.left.store(true, Ordering::Relaxed);
        true
    }

    /// The client that serves it alone.
    pub(super) fn only_callee(&self) -> Option<Arc<RouterSession>> {
        if self.is_shared() {
            return None;
        }
        self.callees().iter().next().map(|(_, callee)| Arc::clone(&callee.session))
    }

    /// The only callee there ever is, where calls are not shared out.
    pub(super) fn only(&self) -> Option<&Arc<Callee>> {
        self.single.get()
    }

    /// Returns whether the registration may have several callees.
    pub(super) fn is_shared(&self) -> bool {
        self.invoke != Invoke::Single
    }

    /// Returns whether it has no client.
    pub(super) fn is_empty(&self) -> bool {
        self.callees().is_empty()
    }

    /// The number of clients.
    pub(crate) fn count_callees(&self) -> usize {
        self.callees().len()
    }

    /// Whether this client registered to have its callers disclosed.
    pub(crate) fn is_disclosed_to(&self, session: SessionId) -> bool {
        self.callees().get(session).is_some_and(|callee| callee.options.disclose_caller)
    }

    /// Returns whether one of the clients in it may decide about others.
    pub(crate) fn may_decide_about_others(&self) -> bool {
        self.callees().iter().any(|(_, callee)| callee.session.may_decide_about_others())
    }

    /// The clients in it, in the order they registered.
    pub(crate) fn callee_ids(&self) -> Vec<SessionId> {
        self.callees().iter().map(|(id, _)| id).collect()
    }

    /// The client that a call goes to next: this one `only`, or by the policy, leaving out those that were `tried` and those that
    /// may not serve it.
    pub(super) fn choose(
        &self,
        random: impl FnOnce() -> u64,
        only: Option<SessionId>,
        may_serve: impl Fn(&Callee) -> bool,
        state: &mut RoutedCallState,
    ) -> Option<Arc<Callee>> {
        let tried = &mut state.tried;
        if let Some(only) = only {
            return self
                .callees()
                .get(only)
                .filter(|one| tried.is_left(only) && may_serve(one))
                .map(Arc::clone);
        }
        if !self.is_shared() {
            let callee = self.single.get()?;
            let left = !callee.has_left() && tried.is_left(callee.session.id()) && may_serve(callee);
            // There is no other one, so a call that is used again has this one already.
            return left.then(|| state.former.take().unwrap_or_else(|| Arc::clone(callee)));
        }
        // Only one policy needs it, and drawing it costs a lock.
        let random = if self.invoke == Invoke::Random { random() } else { 0 };
        self.callees()
            .choose(random, tried, |callee| !callee.has_left() && may_serve(callee))
            .map(|(_, callee)| Arc::clone(callee))
    }
}
