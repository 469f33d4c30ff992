//! A client, as application code holds it.

use super::end::SessionEnd;
use super::publication::ClientPublication;
use super::reconnect::{ConnectionState, ConnectionStates, Link, Submitted, Waits};
use super::session::{Awaited, ClientSession, Unsent};
use super::subscribe::Subscribing;
use crate::base::error::WampError;
use crate::peering::payload::{ToArguments, encode_own};
use crate::peering::{Calling, FromResults, RoutePattern};
use crate::rt::after;
use futures_util::future::select;
use serverwamp_proto::id::{PublicationId, RequestId, SessionId};
use serverwamp_proto::message::{Message, WelcomeDetails};
use serverwamp_proto::session::client::RequestKind;
use std::fmt;
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// The time for the router to answer GOODBYE; then the transport is closed.
pub(super) const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

/// A client with a session: it calls, publishes and subscribes. Cheap to clone.
///
/// The session ends with [`leave`](Self::leave), or when nobody holds the client any more, nor a call or a subscription of it. One
/// that [reconnects](super::ClientBuilder::reconnect) has one session after the other.
///
/// ```
/// # async fn example(app: serverwamp::Application) -> Result<(), Box<dyn std::error::Error>> {
/// let client = app.join("realm1").await?;
/// let sum: i64 = client.call("math.add", (2, 3)).await?;
/// assert_eq!(sum, 5);
/// client.leave().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Held>);

/// A session that somebody holds, or one after the other. Dropping the last holder ends it.
pub(super) struct Held {
    /// The first session, and the only one without a link.
    first: Arc<ClientSession>,
    link: Option<Arc<Link>>,
}

/// The present session of a client, or its last one.
pub(super) enum PresentSession<'a> {
    Only(&'a Arc<ClientSession>),
    OneOfSeveral(Arc<ClientSession>),
}

impl Deref for PresentSession<'_> {
    type Target = Arc<ClientSession>;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Only(session) => session,
            Self::OneOfSeveral(session) => session,
        }
    }
}

impl Held {
    pub(super) fn new(session: Arc<ClientSession>, link: Option<Arc<Link>>) -> Self {
        Self { first: session, link }
    }

    pub(super) fn session(&self) -> PresentSession<'_> {
        match &self.link {
            None => PresentSession::Only(&self.first),
            Some(link) => PresentSession::OneOfSeveral(link.session()),
        }
    }

    pub(super) fn first(&self) -> &Arc<ClientSession> {
        &self.first
    }

    pub(super) fn link(&self) -> Option<&Arc<Link>> {
        self.link.as_ref()
    }

    /// Sends a request that nobody gave a choice for.
    pub(super) async fn request<M>(
        &self,
        kind: RequestKind,
        waiting: Awaited,
        message: M,
    ) -> Result<(), WampError>
    where
        M: FnOnce(RequestId) -> Message<'static> + Send + 'static,
    {
        self.submit(Waits::default(), move |session| session.request(kind, waiting, message)).await
    }

    /// Sends a request in the present session, or in the next one if it may wait for that.
    pub(super) async fn submit(
        &self,
        waits: Waits,
        request: impl FnOnce(&ClientSession) -> Result<RequestId, Unsent> + Send + 'static,
    ) -> Result<(), WampError> {
        let waiting = match &self.link {
            None => return self.send(request).map(drop),
            Some(link) => match link.submit(waits, request) {
                Submitted::Sent(..) => return Ok(()),
                Submitted::Refused(error) => return Err(error),
                Submitted::Waiting(waiting) => waiting,
            },
        };
        waiting.await.map(drop)
    }

    /// Sends a request in the first session, if it is not over.
    pub(super) fn send(
        &self,
        request: impl FnOnce(&ClientSession) -> Result<RequestId, Unsent>,
    ) -> Result<RequestId, WampError> {
        request(&self.first).map_err(|unsent| match unsent {
            Unsent::Refused(error) => error,
            Unsent::Over(_) => self.first.refusal(),
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            link.stop();
        }
        let session = self.session();
        session.say_goodbye();
        session.close();
    }
}

impl Client {
    pub(super) fn new(held: Held) -> Self {
        Self(Arc::new(held))
    }

    pub(super) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.0)
    }

    /// The session's id. Of a client that reconnects, it is that of the present session, or of the last one.
    pub fn session_id(&self) -> Option<SessionId> {
        self.0.session().welcome.get().map(|(welcome, _)| welcome.session)
    }

    fn detail(&self, of: impl FnOnce(&WelcomeDetails) -> Option<&str>) -> String {
        let session = self.0.session();
        let welcome = session.welcome.get();
        welcome.and_then(|(welcome, _)| of(&welcome.details)).unwrap_or_default().to_owned()
    }

    /// The realm, as the router named it at the first connection; empty if it did not.
    pub fn realm(&self) -> &str {
        let welcome = self.0.first().welcome.get();
        welcome.and_then(|(welcome, _)| welcome.details.realm.as_deref()).unwrap_or_default()
    }

    /// The router's name and version; empty if it does not tell.
    pub fn router_agent(&self) -> String {
        self.detail(|details| details.agent.as_deref())
    }

    /// The method by which the router has let the session in; empty if it does not tell.
    pub fn authmethod(&self) -> String {
        self.detail(|details| details.authmethod.as_deref())
    }

    /// The authid that the router has given the session; empty if it does not tell. An anonymous client may get another one
    /// whenever it reconnects.
    pub fn authid(&self) -> String {
        self.detail(|details| details.authid.as_deref())
    }

    /// The role that the router has given the session; empty if it does not tell.
    pub fn authrole(&self) -> String {
        self.detail(|details| details.authrole.as_deref())
    }

    /// Calls a procedure; await it for the results.
    ///
    /// A tuple is the positional arguments: [`ToArguments`]. The results are what they are read as: any `serde::Deserialize`,
    /// or a [`CallResult`](crate::CallResult). Dropped before they are there, the call is canceled.
    ///
    /// # Errors
    /// The callee's or the router's, and when the results do not fit. `wamp.error.network_failure` when the session ends first:
    /// [`WampError::unanswered`] and its text say whether the call may have been carried out. `wamp.error.unavailable` when too many calls are unanswered, or
    /// too much waits to be sent.
    pub fn call<T: FromResults, M>(
        &self,
        procedure: impl Into<String>,
        arguments: impl ToArguments<M>,
    ) -> Calling<T> {
        let held: Arc<Held> = Arc::clone(&self.0);
        let payload = encode_own(&arguments, held.session().serializer);
        Calling::new(held, procedure.into(), payload)
    }

    /// Publishes an event, waits until the router has acknowledged it, and returns its id.
    ///
    /// # Errors
    /// As for [`ClientPublication::send`].
    pub async fn publish<M>(
        &self,
        topic: impl Into<String>,
        arguments: impl ToArguments<M>,
    ) -> Result<PublicationId, WampError> {
        self.publication(topic).send(arguments).await
    }

    /// A publication to `topic` that only some sessions are to get, that is kept, or not acknowledged.
    pub fn publication(&self, topic: impl Into<String>) -> ClientPublication {
        ClientPublication::new(Arc::clone(&self.0), topic.into())
    }

    /// Subscribes to a topic, a [`prefix`](crate::prefix) or a [`wildcard`](crate::wildcard); await it for the stream of events.
    ///
    /// ```
    /// # async fn example(client: serverwamp::client::Client) -> Result<(), serverwamp::WampError> {
    /// let mut readings = client.subscribe(serverwamp::prefix("sensors.")).await?;
    /// while let Some(event) = readings.recv().await {
    ///     println!("{}: {:?}", event.topic(), event.bind::<(f64,)>()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Up to 1024 events wait, or 4 MiB; beyond, the oldest are dropped and counted.
    ///
    /// # Errors
    /// The router's, such as `wamp.error.not_authorized`; `wamp.error.invalid_uri` for regular expressions.
    pub fn subscribe(&self, pattern: impl Into<RoutePattern>) -> Subscribing {
        Subscribing::new(Arc::clone(&self.0), pattern.into())
    }

    /// Waits for the end of the client and returns how it ended: the session is over, and no other one follows.
    pub async fn closed(&self) -> SessionEnd {
        match self.0.link() {
            None => self.0.first().end.wait().await,
            Some(link) => link.end.wait().await,
        }
    }

    /// Returns whether the client has not ended. One that reconnects may have no session at present.
    pub fn is_open(&self) -> bool {
        match self.0.link() {
            None => self.0.first().end.get().is_none(),
            Some(link) => link.end.get().is_none(),
        }
    }

    /// The present state of the connection.
    pub fn state(&self) -> ConnectionState {
        match self.0.link() {
            None => ConnectionState::of_session(self.0.first()),
            Some(link) => link.states.get(),
        }
    }

    /// A stream of the states of the connection, from the present one on. It does not keep the client.
    ///
    /// ```
    /// # async fn example(client: serverwamp::client::Client) {
    /// let mut states = client.states();
    /// while let Some(state) = states.next().await {
    ///     println!("{state}");
    /// }
    /// # }
    /// ```
    ///
    /// Whoever reads slowly gets the newest state and not those in between; what matters of them is in it:
    /// [`Connected::number`](ConnectionState::Connected) counts the sessions, and [`Ended`](ConnectionState::Ended) is always
    /// there, as the last one.
    pub fn states(&self) -> ConnectionStates {
        match self.0.link() {
            None => ConnectionStates::of_session(self.0.first()),
            Some(link) => ConnectionStates::of_link(&link.states),
        }
    }

    /// Ends the session: GOODBYE `wamp.close.close_realm`, and up to 5 seconds for the router's answer. The client does not
    /// reconnect any more.
    ///
    /// What waits for an answer ends with `wamp.error.network_failure`.
    pub async fn leave(self) {
        if let Some(link) = self.0.link() {
            link.stop();
        }
        let session = self.0.session();
        session.say_goodbye();
        let runtime = &session.runtime;
        if runtime.available().is_ok() {
            let late = runtime.sleep_until(after(runtime.now(), GOODBYE_TIMEOUT));
            select(pin!(session.end.wait()), late).await;
        }
        session.end(SessionEnd::Left);
        if let Some(link) = self.0.link() {
            link.finish(&SessionEnd::Left);
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("session", &self.session_id()).field("realm", &self.realm()).finish()
    }
}
