//! From a call to the outbox of a callee.

use super::call::{Answer, CallOrigin, RoutedCall, RoutedCallState, Serving};
use super::registration::Callee;
use crate::WampError;
use crate::base::log::line_later;
use crate::base::statistics::Refusal;
use crate::peering::Taken;
use crate::router::session::RouterSession;
use crate::transport::PushError;
use serverwamp_proto::dealer::NoPlace;
use serverwamp_proto::id::{RequestId, SessionId};
use serverwamp_proto::message::InvocationDetails;
use serverwamp_proto::payload::{Payload, Transcoded};
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;
use std::borrow::Cow;
use std::sync::Arc;

/// The identity of a caller, as a callee may see it.
struct CallerIdentity<'c> {
    session: SessionId,
    authid: &'c str,
    authrole: &'c str,
}

/// A callee that is being asked, and under which id.
#[derive(Clone, Copy)]
struct Asked<'c> {
    callee: &'c Callee,
    invocation: RequestId,
    keeps_time: bool,
}

impl<'c> From<&'c Serving> for Asked<'c> {
    fn from(serving: &'c Serving) -> Self {
        let Serving { callee, invocation, keeps_time } = serving;
        Self { callee, invocation: *invocation, keeps_time: *keeps_time }
    }
}

/// A call that ends because its callee has too many of its caller, and another one finds no place there. Its invocation is
/// out of the callee's table already.
#[must_use = "nobody else ends it"]
pub(super) struct GivesWay {
    call: Arc<RoutedCall>,
    callee: Arc<RouterSession>,
}

impl GivesWay {
    /// Ends it. To be called without a lock: another call's state is not locked beside the one it makes room for.
    pub(super) fn end(self) {
        let context = &self.callee.running_realm().context;
        let share = self.callee.limits().caller_share().share();
        let text = format!(
            "more than {share} calls of this caller are waiting for the callee, and others find no place"
        );
        if self.call.end(&WampError::network_failure(&*text)) {
            context.counters.refused(Refusal::InvocationsOfCaller, self.call.caller_session(), text);
        }
    }
}

impl RoutedCall {
    /// Sends the call to a callee.
    ///
    /// `random` draws the bits a policy may need. Whatever comes of it, the caller has or gets its one answer.
    pub(crate) fn start(self: &Arc<Self>, payload: Payload, random: impl Fn() -> u64) {
        let mut state = self.state();
        // The caller may have left between the entry into its table and this.
        if !state.over {
            let gives_way = self.invoke(&mut state, payload, random);
            drop(state);
            gives_way.into_iter().for_each(GivesWay::end);
        }
    }

    /// Finds a callee among those that have not been tried, and queues an INVOCATION for it. What gives way to it is to be ended
    /// when its state is unlocked.
    pub(super) fn invoke(
        self: &Arc<Self>,
        state: &mut RoutedCallState,
        payload: Payload,
        random: impl Fn() -> u64,
    ) -> Option<GivesWay> {
        loop {
            let may_serve = |callee: &Callee| self.may_go_to(callee);
            let chosen = self.registration.choose(&random, self.only, may_serve, state);
            let Some(callee) = chosen else {
                // Callees that left while the call was on its way served nothing (checklist RPC-18).
                let error = match state.refused {
                    false => crate::router::realm::no_such_procedure(self.procedure()),
                    true => WampError::new(uris::error::NO_AVAILABLE_CALLEE),
                };
                self.finish(state, &Answer::Refusal(&error));
                return None;
            };
            if let Some(error) = self.beyond(&callee.session) {
                self.finish(state, &Answer::Refusal(&error));
                return None;
            }
            let id = callee.session.id();
            match self.send(state, callee, &payload) {
                Ok(gives_way) => {
                    // Another callee may be asked only as long as one was.
                    if self.registration.is_shared() && !self.options.progress {
                        state.payload = self.keep(payload);
                    }
                    return gives_way;
                }
                Err(NotInvoked::Gone) => state.tried.add(id),
                Err(NotInvoked::Refused(error)) => {
                    self.finish(state, &Answer::Refusal(&error));
                    return None;
                }
            }
        }
    }

    /// Returns an error if the call needs a feature that the callee does not announce (checklist PCI-06, PPT-08).
    fn beyond(&self, callee: &RouterSession) -> Option<WampError> {
        let missing = if self.passthru().is_some() && !callee.callee_has(Feature::PayloadPassthruMode) {
            "payload_passthru_mode"
        } else if self.options.progress
            && !(callee.callee_has(Feature::ProgressiveCallInvocations)
                && callee.callee_has(Feature::CallCanceling))
        {
            "progressive_call_invocations"
        } else {
            return None;
        };
        Some(
            WampError::new(uris::error::FEATURE_NOT_SUPPORTED)
                .arg(format!("the callee does not announce {missing}")),
        )
    }

    fn send(
        self: &Arc<Self>,
        state: &mut RoutedCallState,
        callee: Arc<Callee>,
        payload: &Payload,
    ) -> Result<Option<GivesWay>, NotInvoked> {
        let session = &callee.session;
        let keeps_time = self.options.timeout > 0
            && session.callee_has(Feature::CallTimeout)
            && self.forward_timeout.unwrap_or(callee.options.forward_timeout);
        let payload = transcoded(payload, session)?;
        let realm = session.running_realm();
        let mut invocations = session.invocations();
        if callee.has_left() {
            return Err(NotInvoked::Gone);
        }
        let last_of_another = invocations
            .place_for(self, session.limits().caller_share(), || realm.context.now())
            .map_err(|no_place| self.no_place(no_place, session))?;
        let Some(invocation) = invocations.issue(Arc::clone(self)) else {
            callee.is_gone();
            return Err(NotInvoked::Gone);
        };
        let asked = Asked { callee: &callee, invocation, keeps_time };
        if let Err(unsent) = self.push(asked, self.options.progress, &payload) {
            invocations.remove(invocation);
            return Err(unsent);
        }
        let gives_way = last_of_another.and_then(|id| invocations.remove(id));
        drop(invocations);
        let gives_way = gives_way.map(|call| GivesWay { call, callee: Arc::clone(session) });
        state.serving = Some(Serving { callee, invocation, keeps_time });
        Ok(gives_way)
    }

    #[cold]
    fn no_place(&self, no_place: NoPlace, callee: &RouterSession) -> NotInvoked {
        let context = &callee.running_realm().context;
        let text = match no_place {
            NoPlace::Full => {
                let text =
                    format!("{} calls are waiting for the callee", callee.limits().caller_share().places());
                context.counters.refused_under_lock(Refusal::Invocations, callee, &text);
                text
            }
            NoPlace::BeyondShare => {
                let share = callee.limits().caller_share().share();
                let text = format!(
                    "{share} calls of this caller are waiting for the callee, and others find no place"
                );
                let caller = self.caller_session();
                context.counters.refused_under_lock(Refusal::InvocationsOfCaller, caller, &text);
                text
            }
        };
        NotInvoked::Refused(WampError::network_failure(text))
    }

    /// A further input for a call that is being served (checklist PCI-01, PCI-07, PCI-08); [`Taken::Complete`] is the
    /// caller's fault (PCI-17, PCI-19).
    pub(crate) fn go_on(&self, procedure: &str, payload: &Payload, last: bool) -> Taken {
        let mut state = self.state();
        if state.over {
            return Taken::Answered;
        }
        if !state.input_open || self.procedure() != procedure {
            return Taken::Complete;
        }
        state.input_open = !last;
        let Some(serving) = state.serving.clone().filter(|_| !state.killed) else { return Taken::Waiting };
        let sent = transcoded(payload, &serving.callee.session)
            .and_then(|payload| self.push(Asked::from(&serving), !last, &payload));
        if let Err(NotInvoked::Refused(error)) = sent {
            // A callee that is gone is about to be missed by everybody it serves.
            self.stop(&mut state, true, &error);
        }
        Taken::Waiting
    }

    /// Queues an INVOCATION, the first of the call or a further one.
    fn push(&self, asked: Asked<'_>, progress: bool, payload: &Transcoded<'_>) -> Result<(), NotInvoked> {
        let session = &asked.callee.session;
        let details = self.details(asked, progress);
        match session.send_invocation(asked.invocation, self.registration.id, &details, payload) {
            Ok(()) => Ok(()),
            Err(PushError::Closed) => Err(NotInvoked::Gone),
            Err(PushError::TooLong) => {
                let text = "the call is longer than its callee accepts";
                Err(NotInvoked::Refused(session.too_long(text)))
            }
            Err(PushError::Full) => {
                let text = "the callee does not read fast enough";
                let counters = &session.running_realm().context.counters;
                counters.refused_under_lock(Refusal::Invocations, session, text);
                Err(NotInvoked::Refused(WampError::network_failure(text)))
            }
            Err(PushError::Encode(never)) => match never {},
        }
    }

    /// The details of the INVOCATION. Empty unless some option asks for more (checklist RPC-17).
    fn details(&self, asked: Asked<'_>, progress: bool) -> InvocationDetails<'_> {
        let callee = &asked.callee.session;
        let receive_progress = self.options.receive_progress
            && callee.callee_has(Feature::ProgressiveCallResults)
            && (callee.callee_has(Feature::CallCanceling) || !callee.limits().strict_progressive_results);
        let caller = self.disclosed(asked.callee).then(|| self.identity()).flatten();
        InvocationDetails {
            receive_progress,
            progress,
            timeout: if asked.keeps_time { self.options.timeout } else { 0 },
            caller: caller.as_ref().map(|caller| caller.session),
            caller_authid: caller.as_ref().map(|caller| Cow::Borrowed(caller.authid)),
            caller_authrole: caller.as_ref().map(|caller| Cow::Borrowed(caller.authrole)),
            procedure: self.procedure.as_deref().map(Cow::Borrowed),
            trustlevel: self.trustlevel,
            forward_for: self.options.forward_for.clone(),
            passthru: self.passthru().map(|passthru| Box::new(passthru.clone())),
            ..InvocationDetails::default()
        }
    }

    /// Returns whether the caller is disclosed to this callee (checklist CID-01, CID-04, CID-05, FEAT-08).
    fn disclosed(&self, callee: &Callee) -> bool {
        self.disclosed_by_realm
            || callee.options.disclose_caller
            || self.options.disclose_me && callee.session.callee_has(Feature::CallerIdentification)
    }

    fn identity(&self) -> Option<CallerIdentity<'_>> {
        match &self.caller {
            CallOrigin::Session(session, _) => Some(CallerIdentity {
                session: session.id(),
                authid: session.authid(),
                authrole: session.authrole(),
            }),
            CallOrigin::Elsewhere(caller) => Some(CallerIdentity {
                session: caller.session,
                authid: &caller.authid,
                authrole: &caller.authrole,
            }),
            CallOrigin::Application(..) => None,
        }
    }
}

/// Why a call did not reach a callee.
enum NotInvoked {
    /// The callee has left: another one may take the call.
    Gone,
    /// It cannot be sent to this callee.
    Refused(WampError),
}

/// The arguments in the callee's serializer.
fn transcoded<'p>(payload: &'p Payload, callee: &RouterSession) -> Result<Transcoded<'p>, NotInvoked> {
    payload.transcoded(callee.serializer()).map_err(|error| {
        callee.running_realm().context.counters.count(Refusal::Unrepresentable, 1);
        line_later!(
            WARN,
            "call",
            "a call cannot be transcoded for its callee",
            callee = callee.id(),
            error = error
        );
        NotInvoked::Refused(WampError::invalid_payload("the callee's serializer cannot represent the call"))
    })
}
