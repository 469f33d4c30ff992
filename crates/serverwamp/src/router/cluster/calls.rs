//! The calls between this node and others: those that are out, those that are served here, and what ends them.
//!
//! Invariant: under the locks here nothing else is locked and nobody is woken. A call's state may be locked before them, and the view
//! of the cluster comes last.

use super::answers::CallOut;
use super::caller_elsewhere::CallerElsewhere;
use super::elsewhere;
use super::node::ClusterNode;
use crate::WampError;
use crate::base::locks::Mutex;
use crate::base::log::line_later;
use crate::router::dealer::{Answer, CallOrigin, CallRequest, RoutedCall};
use crate::router::realm::no_such_procedure;
use crate::router::routes::ProcedureRoute;
use hashbrown::HashMap;
use serverwamp_proto::cluster::{CallItem, CrossingCall, Life, NodeName, RegistrationOffer};
use serverwamp_proto::id::{Counter, RequestId};
use serverwamp_proto::message::Invoke;
use serverwamp_proto::pattern::{Match, PatternMap, UriPattern};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, Weak};

/// The calls between this node and others.
#[derive(Debug, Default)]
pub(super) struct Crossings {
    ids: Mutex<Counter<RequestId>>,
    turns: AtomicU64,
    /// Calls of this node that others serve.
    out: Mutex<HashMap<RequestId, Arc<CallOut>>>,
    /// Calls of others that clients of this node serve.
    here: Mutex<HashMap<(NodeName, RequestId), Arc<RoutedCall>>>,
    route: OnceLock<Arc<ProcedureRoute>>,
}

impl Crossings {
    /// Enters a call that is about to go out.
    pub(super) fn enter(&self, node: &NodeName, life: Life) -> (RequestId, Arc<CallOut>) {
        let id = self.ids.lock().unwrap_or_else(PoisonError::into_inner).issue();
        let call = Arc::new(CallOut::new(node.clone(), life));
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.insert(id, Arc::clone(&call));
        (id, call)
    }

    /// Whatever comes back of this call is passed over from here on.
    pub(super) fn leave(&self, id: RequestId) {
        self.out.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// A call that was served here is over.
    pub(super) fn served(&self, node: &NodeName, id: RequestId) {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let call = here.remove(&(node.clone(), id));
        drop(here);
        drop(call);
    }

    fn find_out(&self, id: RequestId) -> Option<Arc<CallOut>> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn find(&self, node: NodeName, id: RequestId) -> Option<Arc<RoutedCall>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner).get(&(node, id)).cloned()
    }
}

impl ClusterNode {
    /// The registration of clients of this node with this pattern has come into being, or is gone. Locks may be held.
    pub(crate) fn change_offer(&self, realm: &str, pattern: &UriPattern, invoke: Option<Invoke>) {
        let offer = invoke.map(|invoke| RegistrationOffer { invoke, token: 0 });
        let waits = self.mesh().change_offer(realm, pattern, offer);
        if waits {
            self.something_waits();
        }
    }

    /// The route to the callees of other nodes, if they serve this procedure better than the registration of this pattern here.
    pub(crate) fn route_elsewhere(
        self: &Arc<Self>,
        realm: &str,
        procedure: &str,
        here: Option<&UriPattern>,
    ) -> Option<Arc<ProcedureRoute>> {
        let mesh = self.mesh();
        let there = mesh.offered(realm, procedure)?;
        if let Some(here) = here {
            let mut both = PatternMap::new();
            both.insert(there, false);
            // The one of this node is asked first where both are the same.
            both.insert(here, true);
            if both.best(procedure).is_none_or(|(_, is_here)| *is_here) {
                return None;
            }
        }
        drop(mesh);
        Some(Arc::clone(self.calls.route.get_or_init(|| elsewhere::route(Arc::downgrade(self)))))
    }

    /// The next number for a policy that takes one after the other, or a random one.
    pub(super) fn turn(&self, invoke: Invoke, random: impl FnOnce() -> u64) -> u64 {
        if invoke == Invoke::Random { random() } else { self.calls.turns.fetch_add(1, Ordering::Relaxed) }
    }

    /// Queues something about a call for a node. Locks may be held, but not the view of the cluster.
    pub(super) fn send_call_item(
        &self,
        node: &NodeName,
        life: Life,
        item: CallItem<'_>,
    ) -> Result<(), NotSent> {
        let queued = self.mesh().send_call_item(node, life, item);
        match queued {
            Ok(true) => {
                self.something_waits();
                Ok(())
            }
            Ok(false) => Err(NotSent::Gone),
            Err(error) => {
                line_later!(
                    WARN,
                    "call",
                    "a call or an answer cannot be written for another node",
                    node = node,
                    error = error
                );
                Err(NotSent::Unsayable)
            }
        }
    }

    /// Something about a call has come.
    pub(super) fn take_call_item(
        &self,
        this: &Weak<Self>,
        node: NodeName,
        life: Life,
        item: CallItem<'static>,
    ) {
        match item {
            CallItem::Call(call) => self.serve(this, node, life, *call),
            CallItem::Input(id, payload, last) => {
                if let Some(call) = self.calls.find(node, id) {
                    // An input too many is a fault of the caller's node, which has looked.
                    let _taken = call.go_on(call.procedure(), &payload, last);
                }
            }
            CallItem::Cancel(id, mode) => {
                if let Some(call) = self.calls.find(node, id) {
                    call.cancel(Some(mode));
                }
            }
            CallItem::Answer(id, answer) => {
                let call = self.calls.find_out(id);
                let call = call.filter(|call| call.node == node && call.life == life);
                if call.is_some_and(|call| call.take(answer)) {
                    self.calls.leave(id);
                }
            }
        }
    }

    /// A call of another node for a client of this one.
    fn serve(&self, this: &Weak<Self>, node: NodeName, life: Life, call: CrossingCall<'static>) {
        let id = call.id;
        let caller = Arc::new(CallerElsewhere {
            of: Weak::clone(this),
            node: node.clone(),
            life,
            id,
            session: call.caller,
            authid: call.authid.into(),
            authrole: call.authrole.into(),
            takes_passthru: call.takes_passthru,
        });
        let realm = self.realms.get(&call.realm);
        let found = realm.and_then(|realm| {
            let entry = realm.dealer.lookup(call.pattern.kind(), call.pattern.as_str())?;
            let is_of_clients = entry.application.is_none() && !realm.context.connections.stopping();
            is_of_clients.then_some((realm, entry))
        });
        let Some((realm, registration)) = found else {
            // It has gone, or this node goes: the caller's node asks others.
            caller.finish(&Answer::Refusal(&no_such_procedure(&call.procedure)));
            return;
        };
        let is_exact = call.pattern.kind() == Match::Exact;
        let request = CallRequest {
            procedure: (!is_exact).then(|| call.procedure.into()),
            options: call.options,
            trustlevel: call.trustlevel,
            disclosed_by_realm: call.disclosed_by_realm,
            forward_timeout: call.forward_timeout,
            // The caller's node looks after the time.
            deadline: None,
            only: None,
            began: None,
        };
        let routed = Arc::new(RoutedCall::new(CallOrigin::Elsewhere(caller), registration, request));
        let mut here = self.calls.here.lock().unwrap_or_else(PoisonError::into_inner);
        here.insert((node, id), Arc::clone(&routed));
        drop(here);
        routed.start(call.payload, || realm.context.ids.bits());
    }

    /// Something between this node and another one was lost: all calls between the two end.
    pub(super) fn end_calls(&self, node: &NodeName, life: Life) {
        let mut out = self.calls.out.lock().unwrap_or_else(PoisonError::into_inner);
        let ended: Vec<_> = out.extract_if(|_, call| call.node == *node && call.life == life).collect();
        drop(out);
        for (_, call) in ended {
            call.end(WampError::canceled("the node of the callee cannot be reached"));
        }
        let mut here = self.calls.here.lock().unwrap_or_else(PoisonError::into_inner);
        let left: Vec<_> = here.extract_if(|(caller, _), _| caller == node).collect();
        drop(here);
        for (_, call) in left {
            call.caller_left();
        }
    }
}

/// Why something about a call was not queued.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NotSent {
    /// The node is not there, or not in this life.
    Gone,
    /// It cannot be written.
    Unsayable,
}
