//! The application as a caller in its own realm.

use super::Found;
use super::call::{Answer, CallOrigin, CallRequest, RoutedCall};
use crate::WampError;
use crate::peering::{CallDraft, CallInbox, CallStarter, StartedCall, Taken};
use crate::router::realm::{RunningRealm, no_such_procedure, not_offered};
use crate::rt::{BoxFuture, Runtime, Unavailable};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::CancelMode;
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::uris;
use std::future::ready;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

impl Answer<'_> {
    /// The answer for the application.
    pub(super) fn to_application(&self) -> Result<Payload, WampError> {
        match self {
            Answer::Result { payload, passthru } => {
                Ok((*payload).clone().packed(passthru.map(|passthru| Box::new(passthru.clone()))))
            }
            Answer::Error { error, payload, .. } => Err(WampError::received(error, payload)),
            Answer::Refusal(error) => Err((*error).clone()),
        }
    }
}

impl CallStarter for RunningRealm {
    fn start(self: Arc<Self>, procedure: &str, draft: CallDraft) -> Box<dyn StartedCall> {
        let inbox = Arc::new(CallInbox::default());
        let runtime = Arc::clone(&self.context.runtime);
        let deadline = runtime.now().checked_add(Duration::from_millis(draft.options.timeout));
        let deadline = deadline.filter(|_| draft.options.timeout > 0);
        // Without a timeout a call needs nothing of the runtime.
        let available = if deadline.is_some() { runtime.available() } else { Ok(()) };
        let timer = deadline.filter(|_| available.is_ok()).map(|at| runtime.sleep_until(at));
        let unavailable =
            |error: Unavailable| WampError::unavailable(format!("no timeout can be awaited here: {error}"));
        let routed =
            available.map_err(unavailable).and_then(|()| route(&self, procedure, draft, &inbox, deadline));
        let call = routed.map_err(|error| inbox.finish(Err(error))).ok();
        Box::new(OwnCall { inbox, call, timer, runtime })
    }
}

fn route(
    realm: &Arc<RunningRealm>,
    procedure: &str,
    draft: CallDraft,
    inbox: &Arc<CallInbox>,
    deadline: Option<Instant>,
) -> Result<Arc<RoutedCall>, WampError> {
    realm.context.check_uri(procedure, Match::Exact, None)?;
    let registration = match realm.dealer.find(procedure) {
        Some(Found::Registered(registration))
            if !draft.exact || registration.pattern.kind() == Match::Exact =>
        {
            registration
        }
        Some(Found::Route(_) | Found::Local(_)) => {
            let text = format!("{procedure:?} is served by the application itself: call its function");
            return Err(WampError::new(uris::error::NO_SUCH_PROCEDURE).arg(text));
        }
        Some(Found::Registered(_)) | None => return Err(no_such_procedure(procedure)),
    };
    let exact = registration.pattern.kind() == Match::Exact;
    let config = realm.context.config();
    if draft.options.passthru.is_some() && !config.access.offers_passthru() {
        return Err(not_offered());
    }
    let settings = config.procedure_settings.of(procedure);
    let caller = CallOrigin::Application(Arc::clone(inbox), draft.about);
    let call = Arc::new(RoutedCall::new(
        caller,
        registration,
        CallRequest {
            began: None,
            procedure: (!exact).then(|| procedure.into()),
            options: draft.options,
            trustlevel: settings.and_then(|settings| settings.trustlevel),
            disclosed_by_realm: false,
            forward_timeout: settings.and_then(|settings| settings.forward_timeout),
            deadline,
            only: draft.callee,
        },
    ));
    call.start(draft.payload?, || realm.context.ids.bits());
    Ok(call)
}

/// A call of the application that is out.
struct OwnCall {
    inbox: Arc<CallInbox>,
    call: Option<Arc<RoutedCall>>,
    timer: Option<BoxFuture<'static, ()>>,
    runtime: Arc<dyn Runtime>,
}

impl OwnCall {
    fn poll_timer(&mut self, cx: &mut Context<'_>) {
        while let Some(timer) = &mut self.timer {
            if timer.as_mut().poll(cx).is_pending() {
                return;
            }
            let later = self.call.as_ref().and_then(|call| call.expire(self.runtime.now()));
            self.timer = later.map(|at| self.runtime.sleep_until(at));
        }
    }
}

impl StartedCall for OwnCall {
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<Payload, WampError>> {
        self.poll_timer(cx);
        self.inbox.poll_answer(cx)
    }

    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Option<Payload>> {
        self.poll_timer(cx);
        self.inbox.poll_progress(cx)
    }

    fn cancel(&self, mode: CancelMode) {
        if let Some(call) = &self.call {
            call.cancel(Some(mode));
        }
    }

    fn send_input(&mut self, input: Payload, last: bool) -> Result<(), WampError> {
        let taken = self.call.as_ref().map(|call| call.go_on(call.procedure(), &input, last));
        match taken {
            Some(Taken::Waiting) => Ok(()),
            _ => Err(WampError::call_canceled()),
        }
    }

    fn encodes_in(&self) -> Serializer {
        Serializer::MessagePack
    }

    /// A callee that has much waiting ends the call.
    fn room(&self) -> BoxFuture<'static, ()> {
        Box::pin(ready(()))
    }
}

impl Drop for OwnCall {
    fn drop(&mut self) {
        self.cancel(CancelMode::KillNoWait);
    }
}
