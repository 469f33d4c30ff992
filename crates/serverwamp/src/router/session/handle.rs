//! A session, as handlers hold it.
//!
//! The handle is cheap to clone and outlives the session: after the end everything that would send does nothing.

use super::extensions::Extensions;
use super::{CloseReason, CloseRequest, RouterSession};
use crate::WampError;
use crate::base::locks::MutexGuard;
use crate::base::log::line;
use crate::peering::payload::ToArguments;
use crate::router::auth::Principal;
use crate::router::realm::RealmHandle;
use crate::transport::TransportInfo;
use futures_util::future::select;
use serverwamp_proto::id::SessionId;
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, PoisonError};

/// A peer's session in a realm.
///
/// Every kind of handler can take it as an argument. It is a handle: clone it, keep it, send it to other tasks.
#[derive(Clone)]
pub struct Session(Arc<RouterSession>);

impl Session {
    pub(crate) fn new(session: Arc<RouterSession>) -> Self {
        Self(session)
    }

    /// The session as router and peers work with it.
    pub(crate) fn inner(&self) -> &Arc<RouterSession> {
        &self.0
    }

    /// The session's id, as in its WELCOME.
    pub fn id(&self) -> SessionId {
        self.0.id()
    }

    /// The realm the session belongs to.
    pub fn realm(&self) -> RealmHandle {
        RealmHandle::new(Arc::clone(&self.0.realm))
    }

    /// The authenticated identity of the peer; `None` before authentication.
    pub fn principal(&self) -> Option<&Principal> {
        self.0.principal()
    }

    /// The peer's authid; empty before authentication.
    pub fn authid(&self) -> &str {
        self.0.authid()
    }

    /// The peer's role; empty before authentication.
    pub fn authrole(&self) -> &str {
        self.0.authrole()
    }

    /// The method of the peer's authentication, such as `"ticket"`; empty before it.
    pub fn authmethod(&self) -> &str {
        self.0.authmethod()
    }

    /// The value the authenticator attached, if it is a `U`.
    pub fn identity<U: Send + Sync + 'static>(&self) -> Option<Arc<U>> {
        let identity: Arc<dyn Any + Send + Sync> = Arc::clone(self.principal()?.identity_value()?);
        identity.downcast().ok()
    }

    /// The properties of the transport: peer address, HTTP request, certificate.
    pub fn transport(&self) -> &TransportInfo {
        self.0.transport()
    }

    /// Keeps `value` on the session, for all its handlers, until the session ends; returns the one it replaces.
    ///
    /// There is one value of each type: wrap plain types in one of your own.
    pub fn insert<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        self.extensions().insert(value)
    }

    /// The value of type `T` that is kept on the session.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.extensions().get()
    }

    /// Takes the value of type `T` from the session.
    pub fn remove<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.extensions().remove()
    }

    /// Sends an event to this session alone, on every subscription it has that matches `topic`.
    ///
    /// Returns their number; 0 if it is not subscribed, or has ended, or if [`Overflow`](crate::Overflow) dropped the event.
    ///
    /// # Errors
    /// When `topic` is not a URI, or the payload cannot be encoded.
    pub fn send_event<M>(&self, topic: &str, arguments: impl ToArguments<M>) -> Result<usize, WampError> {
        self.0.realm.broker.send_event(&self.0, topic, &arguments)
    }

    /// The number of events that this session lost because its peer read too slowly.
    ///
    /// 0, unless [`Limits::overflow`](crate::Limits::overflow) allows the loss of events. Losses are logged as
    /// warnings, and so is the total at the session's end.
    ///
    /// ```
    /// use serverwamp::{RealmHandle, RouteSet};
    ///
    /// let routes = RouteSet::<()>::new().procedure("monitor.slow_sessions", |realm: RealmHandle| async move {
    ///     realm.sessions().iter().filter(|session| session.events_lost() > 0).count()
    /// });
    /// ```
    pub fn events_lost(&self) -> u64 {
        self.0.events_lost()
    }

    /// Ends the session with a GOODBYE that carries `reason`, such as `"wamp.close.normal"`.
    ///
    /// Its handlers end at once; the peer has a moment to answer, then the transport is closed. The first request to
    /// end a session counts, later ones change nothing.
    pub fn close(&self, reason: impl Into<String>) {
        self.0.request_close(CloseRequest::Goodbye { reason: reason.into(), message: None });
    }

    /// As [`close`](Self::close), with a text for the person at the other end.
    pub fn close_with_message(&self, reason: impl Into<String>, message: impl Into<String>) {
        self.0.request_close(CloseRequest::Goodbye { reason: reason.into(), message: Some(message.into()) });
    }

    /// Ends the session with an ABORT: no answer is waited for, the transport is closed.
    pub fn abort(&self, reason: impl Into<String>, message: impl Into<String>) {
        self.0.request_close(CloseRequest::Abort { reason: reason.into(), message: Some(message.into()) });
    }

    /// Waits for the session's end and returns its reason.
    pub async fn closed(&self) -> CloseReason {
        self.0.closed().await
    }

    /// Returns whether the session has not ended.
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// Runs `task` beside the session; at the session's end it is dropped.
    ///
    /// If the application's runtime cannot spawn, as on a thread that is not tokio's, the task is dropped at once, and the
    /// log says what to do.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Err(unavailable) = self.0.runtime.available() {
            line!(
                ERROR,
                "internal",
                "Session::spawn cannot spawn here",
                session = self.id(),
                error = unavailable
            );
            return;
        }
        let session = self.clone();
        self.0.runtime.spawn(Box::pin(async move {
            let task = pin!(task);
            let closed = pin!(session.closed());
            drop(select(task, closed).await);
        }));
    }

    fn extensions(&self) -> MutexGuard<'_, Extensions> {
        self.0.extensions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.0.id)
            .field("realm", &self.0.realm.name())
            .field("authid", &self.authid())
            .finish_non_exhaustive()
    }
}
