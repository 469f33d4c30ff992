//! A peer of a realm, as application code holds it where it does not matter which: the application itself, or a client.

use super::call::{CallStarter, Calling, FromResults};
use super::event::Subscriber;
use super::pattern::RoutePattern;
use super::payload::ToArguments;
use super::registration::Registration;
use super::served::{Served, Takes};
use crate::WampError;
use crate::rt::{BoxFuture, Runtime};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::PublicationId;
use serverwamp_proto::payload::Payload;
use std::fmt;
use std::sync::Arc;

/// The realm as one peer reaches it: the router's own, or a session with a router.
pub(crate) trait RealmAccess: CallStarter {
    /// The realm's name.
    fn realm(&self) -> &str;

    /// The runtime that events are handled on.
    fn runtime(&self) -> Arc<dyn Runtime>;

    /// The serializer of arguments.
    fn encodes_in(&self) -> Serializer;

    fn as_starter(self: Arc<Self>) -> Arc<dyn CallStarter>;

    fn publish(
        self: Arc<Self>,
        topic: String,
        payload: Payload,
    ) -> BoxFuture<'static, Result<PublicationId, WampError>>;

    fn subscribe(self: Arc<Self>, pattern: RoutePattern)
    -> BoxFuture<'static, Result<Subscriber, WampError>>;

    fn register(
        self: Arc<Self>,
        pattern: RoutePattern,
        served: Served,
        takes: Takes,
    ) -> BoxFuture<'static, Result<Registration, WampError>>;
}

/// A peer of a realm: the application in its own realm, or a [`Client`](crate::client::Client) of any router.
///
/// Handlers that are served in both places take it to call, publish, subscribe and register, and so does all other code that
/// works for either; it is made of a [`RealmHandle`](crate::RealmHandle) or a client with `From`. What only one of them can is
/// not here: an application has its sessions, a client the options of its requests.
///
/// ```
/// use serverwamp::extract::Arg;
/// use serverwamp::{RealmPeer, WampError};
///
/// async fn put(Arg(title): Arg<String>, realm: RealmPeer) -> Result<i64, WampError> {
///     let number: i64 = realm.call("numbers.next", ()).await?;
///     realm.publish("docs.changes", (number, title)).await?;
///     Ok(number)
/// }
/// # serverwamp::RouteSet::<()>::new().procedure("docs.put", put);
/// ```
#[derive(Clone)]
pub struct RealmPeer(Arc<dyn RealmAccess>);

impl RealmPeer {
    pub(crate) fn new(access: Arc<dyn RealmAccess>) -> Self {
        Self(access)
    }

    pub(crate) fn access(&self) -> Arc<dyn RealmAccess> {
        Arc::clone(&self.0)
    }

    /// The realm's name; empty if the client's router does not tell.
    pub fn name(&self) -> &str {
        self.0.realm()
    }

    /// Calls a procedure; await it for the results. The application calls those that clients have registered: its own are
    /// functions.
    ///
    /// # Errors
    /// As for [`RealmHandle::call`](crate::RealmHandle::call) and [`Client::call`](crate::client::Client::call).
    pub fn call<T: FromResults, M>(
        &self,
        procedure: impl Into<String>,
        arguments: impl ToArguments<M>,
    ) -> Calling<T> {
        let payload = arguments.to_arguments(self.0.encodes_in());
        Calling::new(self.access().as_starter(), procedure.into(), payload)
    }

    /// Publishes an event and returns its id: a client's when its router has acknowledged it, the application's when subscribers
    /// that have much waiting have room for more.
    ///
    /// # Errors
    /// As for [`RealmHandle::publish_and_wait`](crate::RealmHandle::publish_and_wait) and
    /// [`Client::publish`](crate::client::Client::publish).
    pub async fn publish<M>(
        &self,
        topic: impl Into<String>,
        arguments: impl ToArguments<M>,
    ) -> Result<PublicationId, WampError> {
        let payload = arguments.to_arguments(self.0.encodes_in())?;
        self.access().publish(topic.into(), payload).await
    }

    /// Subscribes to a topic, a [`prefix`](crate::prefix) or a [`wildcard`](crate::wildcard).
    ///
    /// # Errors
    /// As for [`RealmHandle::subscribe`](crate::RealmHandle::subscribe) and
    /// [`Client::subscribe`](crate::client::Client::subscribe).
    pub async fn subscribe(&self, pattern: impl Into<RoutePattern>) -> Result<Subscriber, WampError> {
        self.access().subscribe(pattern.into()).await
    }
}

impl fmt::Debug for RealmPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RealmPeer").field(&self.name()).finish()
    }
}
