//! Subscriptions of a client.

use super::handle::Held;
use super::recovery::begin_recovering;
use super::session::{Awaited, WaitingSubscribe};
use super::topics::TopicKey;
use crate::base::error::WampError;
use crate::base::signal::Signal;
use crate::peering::{
    EventInbox, EventSource, HistoryPosition, PatternShape, RoutePattern, Subscriber, WAITING_EVENTS,
};
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
    /// Whether it recovers, and from which position.
    recovery: Option<Option<HistoryPosition>>,
}

impl Subscribing {
    pub(super) fn new(held: Arc<Held>, pattern: RoutePattern) -> Self {
        Self { held, pattern, get_retained: false, recovery: None }
    }

    /// Asks for the retained events of the topics as well: they come first.
    pub fn get_retained(mut self) -> Self {
        self.get_retained = true;
        self
    }

    /// Reads what was missed from the router's history, when the client has [reconnected](super::ClientBuilder::reconnect):
    /// [`next_delivery`](Subscriber::next_delivery) yields [`Recovered`](crate::Delivery::Recovered) with all that was missed, or
    /// [`Gap`](crate::Delivery::Gap) with the reason why nobody knows it, and then live events, each once.
    /// [`recv`](Subscriber::recv) hands out recovered events as any others, and passes gaps over.
    ///
    /// The router has to keep a history of exactly this topic or pattern ([`TopicSettings::history`](crate::TopicSettings::history)),
    /// and to have a meta API. Where that is not so, the first thing that the subscription yields is the gap that says it.
    ///
    /// ```
    /// # async fn reload() {}
    /// # async fn example(client: serverwamp::client::Client) -> Result<(), serverwamp::WampError> {
    /// use serverwamp::Delivery;
    ///
    /// let mut prices = client.subscribe("shop.prices").recover().await?;
    /// while let Some(next) = prices.next_delivery().await {
    ///     match next {
    ///         Delivery::Event(event) => println!("{}", event.bind::<f64>()?),
    ///         Delivery::Recovered(missed) => println!("{} missed, and here they are", missed.len()),
    ///         Delivery::Gap(gap) => {
    ///             println!("some may be missing: {}", gap.reason());
    ///             reload().await;
    ///         }
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Events for single sessions (`eligible`), and those that an application sends to one subscriber, are in no history, so they are
    /// not recovered. The client's own publications are in it, and are recovered. At most 10,000 events are recovered, or 16 MiB.
    pub fn recover(mut self) -> Self {
        self.recovery = Some(None);
        self
    }

    /// As [`recover`](Self::recover), and goes on from where a former subscription was ([`Subscriber::position`]), of this program or of
    /// one that has ended: the first thing that it yields is what was missed since.
    ///
    /// ```
    /// # async fn example(client: serverwamp::client::Client, stored: String) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut orders = client.subscribe("shop.orders").recover_from(stored.parse()?).await?;
    /// while let Some(order) = orders.recv().await {
    ///     println!("{:?}", order.payload());
    ///     let _to_be_stored = orders.position().map(|position| position.to_string());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn recover_from(mut self, position: HistoryPosition) -> Self {
        self.recovery = Some(Some(position));
        self
    }

    async fn subscribe(self) -> Result<Subscriber, WampError> {
        let key = topic_of(self.pattern)?;
        let options = SubscribeOptions {
            kind: key.kind,
            get_retained: self.get_retained,
            ..SubscribeOptions::default()
        };
        let inbox = Arc::new(match self.recovery {
            None => EventInbox::new(WAITING_EVENTS),
            Some(position) => EventInbox::recovering(WAITING_EVENTS, position),
        });
        let waiting =
            Arc::new(WaitingSubscribe { key, options, inbox: Arc::clone(&inbox), answer: Signal::default() });
        let mut unclaimed = Unclaimed { held: Arc::clone(&self.held), waiting: Some(Arc::clone(&waiting)) };
        let asked = Arc::clone(&waiting);
        let sent = Arc::clone(&waiting);
        let message = move |request| sent.message(request);
        self.held.request(RequestKind::Subscribe, Awaited::Subscribe(waiting), message).await?;
        let id = unclaimed.answer().await?;
        // It ends the subscription if this is dropped meanwhile.
        let subscriber = Subscriber::new(Arc::clone(&self.held) as _, id, Arc::clone(&inbox));
        let session = Arc::clone(&self.held.session());
        begin_recovering(&session, &asked.key, subscriber.id(), &inbox).await;
        Ok(subscriber)
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
