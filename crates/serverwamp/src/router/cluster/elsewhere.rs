//! A call of this node on its way to a callee of another one, and back.
//!
//! For its caller it is a call that this node serves: it is timed, canceled and answered as one of the application's.

use super::answers::CallOut;
use super::calls::NotSent;
use super::node::ClusterNode;
use crate::WampError;
use crate::peering::payload::CallReply;
use crate::peering::{CallState, Invocation, Matched, ProcedureService, Served, Stop, Takes};
use crate::router::realm::{Disclosure, no_such_procedure};
use crate::router::routes::{ProcedureRoute, RequiredRoles};
use crate::router::session::Session;
use serverwamp_proto::cluster::{CallItem, CrossingAnswer, CrossingCall};
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message::{CallOptions, CancelMode};
use serverwamp_proto::pattern::UriPattern;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;
use std::any::Any;
use std::borrow::Cow;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;

/// The route of all calls that other nodes serve.
pub(super) fn route(node: Weak<ClusterNode>) -> Arc<ProcedureRoute> {
    let service = tower::service_fn(move |invocation: Invocation| {
        let node = Weak::clone(&node);
        async move { Ok::<_, Infallible>(CallReply::new(call(node, invocation).await)) }
    });
    Arc::new(ProcedureRoute {
        uri: "".into(),
        matched: Matched::Exact,
        served: Served::Service(ProcedureService::new(service)),
        takes: Takes { input: true, passthru: true },
        required: RequiredRoles::default(),
    })
}

/// Asks the nodes that have callees, one after the other, until one serves the call.
async fn call(node: Weak<ClusterNode>, invocation: Invocation) -> Result<Payload, WampError> {
    let Invocation { call, payload } = invocation;
    let source: &dyn Any = &call.source;
    let (Some(node), Some(session)) = (node.upgrade(), source.downcast_ref::<Session>()) else {
        return Err(WampError::unavailable("the server is shutting down"));
    };
    let context = &session.inner().running_realm().context;
    let turn = |invoke| node.turn(invoke, || context.ids.bits());
    let found = node.mesh().callees(&context.name, &call.procedure, turn);
    let Some(found) = found else { return Err(no_such_procedure(&call.procedure)) };
    // The callee is told to stop, and its answer counts: so this goes on after a cancellation.
    call.handler_winds_up();
    let (last, mut refused) = (found.nodes.len().saturating_sub(1), false);
    let mut kept = Some(payload);
    for (place, (name, life)) in found.nodes.iter().enumerate() {
        let Some(payload) = (if place < last { kept.clone() } else { kept.take() }) else { break };
        let (id, out) = node.calls.enter(name, *life);
        let mut crossing = Crossing { node: &node, out, id, is_over: true };
        let item = CrossingCall { pattern: found.pattern.clone(), ..described(&call, session, id, payload) };
        match node.send_call_item(name, *life, CallItem::Call(Box::new(item))) {
            Ok(()) => crossing.is_over = false,
            Err(NotSent::Gone) => continue,
            Err(NotSent::Unsayable) => {
                return Err(WampError::invalid_payload("the call cannot be sent to the node of its callee"));
            }
        }
        match crossing.answered(&call).await? {
            Outcome::Result(result) => return Ok(result),
            Outcome::Unserved { had_no_time } => refused |= had_no_time,
        }
    }
    Err(match refused {
        true => WampError::new(uris::error::NO_AVAILABLE_CALLEE),
        false => no_such_procedure(&call.procedure),
    })
}

/// The call as the callee's node has to know it, but for the registration.
fn described(call: &CallState, session: &Session, id: RequestId, payload: Payload) -> CrossingCall<'static> {
    let config = session.inner().running_realm().context.config();
    let settings = config.procedure_settings.of(&call.procedure);
    let timeout = call.timeout.map_or(0, |timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
    CrossingCall {
        id,
        realm: Cow::Owned(session.inner().running_realm().name().as_ref().into()),
        pattern: UriPattern::exact(Arc::clone(&call.procedure)),
        procedure: Cow::Owned(call.procedure.as_ref().into()),
        options: CallOptions {
            receive_progress: call.receive_progress,
            progress: call.inputs.is_some(),
            timeout,
            disclose_me: call.disclose_me,
            forward_for: call.forward_for.clone(),
            ..CallOptions::default()
        },
        payload,
        caller: session.id(),
        authid: Cow::Owned(session.authid().into()),
        authrole: Cow::Owned(session.authrole().into()),
        disclosed_by_realm: config.offers.disclosure == Disclosure::Always
            || settings.is_some_and(|settings| settings.disclose_caller),
        takes_passthru: session.inner().caller_has(Feature::PayloadPassthruMode),
        forward_timeout: settings.and_then(|settings| settings.forward_timeout),
        trustlevel: settings.and_then(|settings| settings.trustlevel),
    }
}

/// What became of a call at one node.
enum Outcome {
    Result(Payload),
    /// Nobody there serves it; at least one who could had no time.
    Unserved {
        had_no_time: bool,
    },
}

/// What a call waits for.
enum ElsewhereStep {
    Answer(Result<CrossingAnswer, WampError>),
    Input(Option<(Payload, bool)>),
    Stop,
}

/// A call that another node serves. Dropped before it is over, it is taken back.
struct Crossing<'n> {
    node: &'n ClusterNode,
    out: Arc<CallOut>,
    id: RequestId,
    is_over: bool,
}

impl Crossing<'_> {
    /// Passes on what the caller says and what the callee answers, until there is a final answer.
    async fn answered(&mut self, call: &CallState) -> Result<Outcome, WampError> {
        let serializer = call.source.serializer();
        let in_its_serializer = |payload: Payload| {
            let unsayable = |_| WampError::invalid_payload("this serializer cannot represent the answer");
            payload.to_serializer(serializer).map_err(unsayable)
        };
        let mut stopped = pin!(call.stop.wait());
        let (mut waits_for_stop, mut inputs, mut is_fresh) = (true, call.inputs.as_deref(), true);
        loop {
            let step = poll_fn(|cx| {
                if let Poll::Ready(answer) = self.out.poll_next(cx) {
                    return Poll::Ready(ElsewhereStep::Answer(answer));
                }
                if let Some(Poll::Ready(input)) = inputs.map(|inputs| inputs.poll_next_of_all(cx)) {
                    return Poll::Ready(ElsewhereStep::Input(input));
                }
                if waits_for_stop && stopped.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(ElsewhereStep::Stop);
                }
                Poll::Pending
            })
            .await;
            match step {
                ElsewhereStep::Answer(Ok(CrossingAnswer::Progress(payload))) => {
                    is_fresh = false;
                    call.send_progress(in_its_serializer(payload)?).await?;
                }
                ElsewhereStep::Answer(Ok(CrossingAnswer::Result(payload))) => {
                    self.is_over = true;
                    return Ok(Outcome::Result(in_its_serializer(payload)?));
                }
                ElsewhereStep::Answer(Ok(CrossingAnswer::Error { error, payload, unserved })) => {
                    self.is_over = true;
                    // A call that has had results or more than one input cannot begin anew.
                    if unserved && is_fresh && call.inputs.is_none() && waits_for_stop {
                        return Ok(Outcome::Unserved {
                            had_no_time: *error == *uris::error::NO_AVAILABLE_CALLEE,
                        });
                    }
                    return Err(WampError::received(&error, &payload));
                }
                ElsewhereStep::Answer(Err(error)) => return Err(error),
                ElsewhereStep::Input(None) => inputs = None,
                ElsewhereStep::Input(Some((payload, last))) => {
                    is_fresh = false;
                    self.send(CallItem::Input(self.id, payload, last))?;
                }
                ElsewhereStep::Stop if call.stop.get() == Some(&Stop::Kill) => {
                    waits_for_stop = false;
                    self.send(CallItem::Cancel(self.id, CancelMode::Kill))?;
                }
                // The caller has its answer.
                ElsewhereStep::Stop => return Err(WampError::call_canceled()),
            }
        }
    }

    /// # Errors
    /// When it cannot be said; that the node is gone ends the call in another way.
    fn send(&self, item: CallItem<'_>) -> Result<(), WampError> {
        match self.node.send_call_item(&self.out.node, self.out.life, item) {
            Ok(()) | Err(NotSent::Gone) => Ok(()),
            Err(NotSent::Unsayable) => {
                Err(WampError::invalid_payload("an input cannot be sent to the node of the callee"))
            }
        }
    }
}

impl Drop for Crossing<'_> {
    fn drop(&mut self) {
        self.node.calls.leave(self.id);
        if !self.is_over {
            // A node that is gone has dropped it already.
            let _gone = self.send(CallItem::Cancel(self.id, CancelMode::KillNoWait));
        }
    }
}
