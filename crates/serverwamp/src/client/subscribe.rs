//! Subscriptions of a client.

use super::handle::Held;
use super::session::{Awaited, WaitingSubscribe};
use super::topics::TopicKey;
use crate::base::error::WampError;
use crate::base::signal::Signal;
use crate::peering::{EventInbox, EventSource, PatternShape, RoutePattern, Subscriber, WAITING_EVENTS};
use crate::rt::BoxFuture;
use serverwamp_proto::id::SubscriptionId;
use serverwamp_proto::message::SubscribeOptions;
use serverwamp_proto::pattern::Match;
use serverwamp_proto::session::client::RequestKind;
use serverwamp_proto::uris;
use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

/// A subscription that is about to be made; made by [`Client::subscribe`](super::Client::subscribe).
///
/// Await it for the stream of events.
#[must_use = "nothing is subscribed to until this is awaited"]
pub struct Subscribing {
    held: Arc<Held>,
    pattern: RoutePattern,
    get_retained: bool,
}

impl Subscribing {
    pub(super) fn new(held: Arc<Held>, pattern: RoutePattern) -> Self {
        Self { held, pattern, get_retained: false }
    }

    /// Asks for the retained events of the topics as well: they come first.
    pub fn get_retained(mut self) -> Self {
        self.get_retained = true;
        self
    }

    async fn subscribe(self) -> Result<Subscriber, WampError> {
        let key = topic_of(self.pattern)?;
        let options = SubscribeOptions {
            kind: key.kind,
            get_retained: self.get_retained,
            ..SubscribeOptions::default()
        };
        let inbox = Arc::new(EventInbox::new(WAITING_EVENTS));
        let waiting =
            Arc::new(WaitingSubscribe { key, options, inbox: Arc::clone(&inbox), answer: Signal::default() });
        let mut unclaimed = Unclaimed { held: Arc::clone(&self.held), waiting: Some(Arc::clone(&waiting)) };
        let asked = Arc::clone(&waiting);
        let message = move |request| asked.message(request);
        self.held.request(RequestKind::Subscribe, Awaited::Subscribe(waiting), message).await?;
        let id = unclaimed.answer().await?;
        Ok(Subscriber::new(self.held, id, inbox))
    }
}

impl IntoFuture for Subscribing {
    type Output = Result<Subscriber, WampError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.subscribe())
    }
}

/// A SUBSCRIBE whose answer nobody has taken. Dropped, the subscription is ended if there is one by then.
struct Unclaimed {
    held: Arc<Held>,
    waiting: Option<Arc<WaitingSubscribe>>,
}

impl Unclaimed {
    async fn answer(&mut self) -> Result<SubscriptionId, WampError> {
        let Some(waiting) = &self.waiting else { return Err(WampError::network_failure("answered before")) };
        let answer = waiting.answer.wait().await;
        self.waiting = None;
        answer
    }
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        let Some(waiting) = &self.waiting else { return };
        waiting.inbox.give_up();
        if let Some(Ok(id)) = waiting.answer.get() {
            self.held.session().unsubscribe(*id, &waiting.inbox);
        }
    }
}

fn topic_of(pattern: RoutePattern) -> Result<TopicKey, WampError> {
    match pattern.0 {
        PatternShape::Uri(Match::Exact, uri) if uri.ends_with('.') => {
            let text = format!(
                "the topic {uri:?} ends with a dot: write `prefix({uri:?})` for all that begin with it"
            );
            Err(WampError::new(uris::error::INVALID_URI).arg(text))
        }
        PatternShape::Uri(kind, uri) => Ok(TopicKey { kind, topic: uri.into() }),
        PatternShape::Regex { .. } => {
            let text = "peers know URIs, prefixes and wildcards, not regular expressions";
            Err(WampError::new(uris::error::INVALID_URI).arg(text))
        }
    }
}

impl EventSource for Held {
    fn unsubscribe(&self, id: SubscriptionId, inbox: &Arc<EventInbox>) {
        self.session().unsubscribe(id, inbox);
    }
}

impl fmt::Debug for Subscribing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribing").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}
