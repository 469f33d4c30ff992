//! A client, as application code holds it.

use super::end::SessionEnd;
use super::publication::ClientPublication;
use super::session::ClientSession;
use super::subscribe::Subscribing;
use crate::base::error::WampError;
use crate::peering::payload::ToArguments;
use crate::peering::{Calling, FromResults, RoutePattern};
use crate::rt::after;
use futures_util::future::select;
use serverwamp_proto::id::{PublicationId, SessionId};
use serverwamp_proto::message::WelcomeDetails;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// The time for the router to answer GOODBYE; then the transport is closed.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

/// A client with a session: it calls, publishes and subscribes. Cheap to clone.
///
/// The session ends with [`leave`](Self::leave), or when nobody holds the client any more, nor a call or a subscription of it.
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

/// A session that somebody holds. Dropping the last one ends it.
pub(super) struct Held(Arc<ClientSession>);

impl Held {
    pub(super) fn new(session: Arc<ClientSession>) -> Self {
        Self(session)
    }

    pub(super) fn session(&self) -> &Arc<ClientSession> {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.say_goodbye();
        self.0.close();
    }
}

impl Client {
    pub(super) fn new(held: Held) -> Self {
        Self(Arc::new(held))
    }

    pub(super) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.0)
    }

    /// The session's id.
    pub fn session_id(&self) -> Option<SessionId> {
        self.0.session().welcome.get().map(|(welcome, _)| welcome.session)
    }

    fn details(&self) -> Option<&WelcomeDetails> {
        self.0.session().welcome.get().map(|(welcome, _)| &welcome.details)
    }

    /// The realm, as the router names it; empty if it does not.
    pub fn realm(&self) -> &str {
        self.details().and_then(|details| details.realm.as_deref()).unwrap_or_default()
    }

    /// The authid that the router has given the session; empty if it does not tell.
    pub fn authid(&self) -> &str {
        self.details().and_then(|details| details.authid.as_deref()).unwrap_or_default()
    }

    /// The role that the router has given the session; empty if it does not tell.
    pub fn authrole(&self) -> &str {
        self.details().and_then(|details| details.authrole.as_deref()).unwrap_or_default()
    }

    /// Calls a procedure; await it for the results.
    ///
    /// A tuple is the positional arguments: [`ToArguments`]. The results are what they are read as: any `serde::Deserialize`,
    /// or a [`CallResult`](crate::CallResult). Dropped before they are there, the call is canceled.
    ///
    /// # Errors
    /// The callee's or the router's, and when the results do not fit. `wamp.error.network_failure` when the session ends first:
    /// its text says whether the call may have been carried out. `wamp.error.unavailable` when too many calls are unanswered, or
    /// too much waits to be sent.
    pub fn call<T: FromResults, M>(
        &self,
        procedure: impl Into<String>,
        arguments: impl ToArguments<M>,
    ) -> Calling<T> {
        let held: Arc<Held> = Arc::clone(&self.0);
        let payload = arguments.to_arguments(held.session().serializer);
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

    /// Waits for the session's end and returns how it ended.
    pub async fn closed(&self) -> SessionEnd {
        self.0.session().end.wait().await
    }

    /// Returns whether the session has not ended.
    pub fn is_open(&self) -> bool {
        self.0.session().end.get().is_none()
    }

    /// Ends the session: GOODBYE `wamp.close.close_realm`, and up to 5 seconds for the router's answer.
    ///
    /// What waits for an answer ends with `wamp.error.network_failure`.
    pub async fn leave(self) {
        let session = self.0.session();
        session.say_goodbye();
        let runtime = &session.runtime;
        if runtime.available().is_ok() {
            let late = runtime.sleep_until(after(runtime.now(), GOODBYE_TIMEOUT));
            select(pin!(session.end.wait()), late).await;
        }
        session.end(SessionEnd::Left);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("session", &self.session_id()).field("realm", &self.realm()).finish()
    }
}
