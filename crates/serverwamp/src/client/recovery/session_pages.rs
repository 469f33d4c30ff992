//! Recovery in a session of a client: of a subscription that has just begun, and of one that was renewed.

use super::page::PageRequest;
use super::read::{PageSource, begin, recover};
use crate::base::error::WampError;
use crate::client::session::{Awaited, ClientSession, Unsent};
use crate::client::topics::TopicKey;
use crate::peering::{CallInbox, EventInbox, GapReason, Missed, Recovers};
use crate::rt::{BoxFuture, after};
use futures_util::future::{Either, select};
use serverwamp_proto::id::{RequestId, SubscriptionId};
use serverwamp_proto::message::{Call, CallOptions, CancelMode, Message, UnreadBytes};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::client::RequestKind;
use serverwamp_proto::uris;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// The time for one page, as long as a request waits for a session: a router that takes longer has something else to do, and live
/// events wait meanwhile.
const PAGE_TIME: Duration = Duration::from_secs(30);

/// Tells a subscription that has just begun what it has missed since the position that it was given; without one, nothing, and from here
/// on there is a position.
pub(in crate::client) async fn begin_recovering(
    session: &Arc<ClientSession>,
    key: &TopicKey,
    id: SubscriptionId,
    inbox: &Arc<EventInbox>,
) {
    let Some(recovers) = inbox.recovers() else { return };
    let missed = missed(session, key, id, inbox, &recovers).await;
    // Where the session is over, the next one does it.
    if session.end.get().is_none() || session.standing.is_none() {
        inbox.tell(&recovers, missed);
    }
}

/// Tells a subscription that was made again what it has missed since the last event.
pub(in crate::client) async fn go_on_recovering(
    session: &Arc<ClientSession>,
    key: &TopicKey,
    id: SubscriptionId,
    inbox: &Arc<EventInbox>,
    recovers: &Recovers,
) {
    let missed = missed(session, key, id, inbox, recovers).await;
    if session.end.get().is_none() {
        inbox.count_cut();
        inbox.tell(recovers, missed);
    }
}

async fn missed(
    session: &Arc<ClientSession>,
    key: &TopicKey,
    id: SubscriptionId,
    inbox: &Arc<EventInbox>,
    recovers: &Recovers,
) -> Missed {
    let pages = SessionPages { session: Arc::clone(session), id, inbox: Arc::clone(inbox) };
    if let Some(position) = &recovers.position {
        return recover(&pages, key, position).await;
    }
    match begin(&pages, key).await {
        Ok(position) if !recovers.begun => Missed::Nothing(position),
        // There was no history before, and now there is one.
        Ok(position) => Missed::Unknown { reason: GapReason::NewHistory, position: Some(position) },
        Err(reason) => Missed::Unknown { reason, position: None },
    }
}

/// The history of one subscription, as it is read in one session.
struct SessionPages {
    session: Arc<ClientSession>,
    id: SubscriptionId,
    inbox: Arc<EventInbox>,
}

impl PageSource for SessionPages {
    fn page(&self, request: PageRequest) -> BoxFuture<'_, Result<Payload, WampError>> {
        Box::pin(async move {
            let asked = self.ask(request)?;
            let answer = poll_fn(|cx| asked.answer.poll_answer(cx));
            let runtime = &self.session.runtime;
            if runtime.available().is_err() {
                return answer.await;
            }
            let late = runtime.sleep_until(after(runtime.now(), PAGE_TIME));
            match select(pin!(answer), late).await {
                Either::Left((answer, _)) => answer,
                Either::Right(_) => {
                    Err(WampError::timeout(format!("the router has not answered within {PAGE_TIME:?}")))
                }
            }
        })
    }

    fn dropped(&self) -> u64 {
        self.inbox.held_dropped()
    }
}

impl SessionPages {
    fn ask(&self, request: PageRequest) -> Result<AskedPage<'_>, WampError> {
        let payload = request.arguments(self.session.serializer, self.id)?;
        let answer = Arc::new(CallInbox::default());
        let kind = RequestKind::Call { receive_progress: false, more_input: false };
        let sent = self.session.request(kind, Awaited::Call(Arc::clone(&answer)), move |request| {
            let (options, procedure) = (CallOptions::default(), uris::subscription::GET_EVENTS.into());
            Message::Call(Call { request, options, procedure, unread: UnreadBytes::NONE, payload })
        });
        match sent {
            Ok(request) => Ok(AskedPage { session: &self.session, request, answer }),
            Err(Unsent::Refused(error)) => Err(error),
            Err(Unsent::Over(_)) => Err(WampError::network_failure("the session is over: nothing was asked")),
        }
    }
}

/// A call for a page. Dropped before its answer, it is canceled.
struct AskedPage<'a> {
    session: &'a ClientSession,
    request: RequestId,
    answer: Arc<CallInbox>,
}

impl Drop for AskedPage<'_> {
    fn drop(&mut self) {
        self.session.cancel(self.request, CancelMode::KillNoWait);
    }
}
