//! A running realm, as application code holds it.

use super::publish::Publication;
use super::running::RunningRealm;
use crate::reply::ToPayload;
use crate::{Session, WampError};
use serverwamp_proto::id::{PublicationId, SessionId};
use std::fmt;
use std::sync::Arc;

/// A running realm: publish to its topics, look at its sessions.
///
/// Every kind of handler can take it as an argument; elsewhere it comes from
/// [`Application::realm`](crate::Application::realm).
///
/// ```
/// use serverwamp::extract::{Arg, Args};
/// use serverwamp::{RealmHandle, WampError};
///
/// async fn put(Arg(title): Arg<String>, realm: RealmHandle) -> Result<(), WampError> {
///     realm.publish("docs.changes", Args(("put", title)))?;
///     Ok(())
/// }
/// # serverwamp::RouteSet::<()>::new().procedure("docs.put", put);
/// ```
#[derive(Clone)]
pub struct RealmHandle(Arc<RunningRealm>);

impl RealmHandle {
    pub(crate) fn new(realm: Arc<RunningRealm>) -> Self {
        Self(realm)
    }

    /// The realm's name.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Publishes an event to all subscribers of `topic`, exact, prefix and wildcard, and returns its id.
    ///
    /// The payload is anything a procedure can return as a value: one `Serialize` is one positional argument,
    /// [`Args`](crate::extract::Args) several, [`Kwargs`](crate::extract::Kwargs) keywords. The events of one task reach
    /// a subscriber in the order they were published in.
    ///
    /// # Errors
    /// When the topic is not a URI, or the payload cannot be encoded for any receiver. Receivers for whose serializer
    /// it cannot, such as a NaN in JSON, are passed over.
    pub fn publish<M>(&self, topic: &str, payload: impl ToPayload<M>) -> Result<PublicationId, WampError> {
        self.publication(topic).send(payload)
    }

    /// A publication to `topic` that only some sessions are to get.
    pub fn publication(&self, topic: impl Into<String>) -> Publication {
        Publication { realm: Arc::clone(&self.0), topic: topic.into(), exclude: Vec::new(), eligible: None }
    }

    /// The sessions that are in the realm now.
    pub fn sessions(&self) -> Vec<Session> {
        self.0.sessions()
    }

    /// The session with this id, if it is in the realm.
    pub fn session(&self, id: SessionId) -> Option<Session> {
        self.0.core().sessions.get(&id).cloned()
    }
}

impl fmt::Debug for RealmHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RealmHandle").field(&self.0.name()).finish()
    }
}
