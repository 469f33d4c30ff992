//! A session, as handlers hold it.
//!
//! The handle is cheap to clone and outlives the session: after the end everything that would send does nothing.

mod charge;
mod events;
mod extensions;
mod features;
pub(crate) mod pending;
mod reason;
mod sending;
mod tables;
mod whose;

pub(crate) use charge::{Charge, ChargedPayload};
pub use pending::PendingSession;
pub use reason::CloseReason;
pub(crate) use sending::{queue, queue_unless_too_long};
pub(crate) use tables::{OpenCall, SessionTables};

use crate::WampError;
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::log::line;
use crate::base::signal::Signal;
use crate::router::auth::Principal;
use crate::router::dealer::RoutedCall;
use crate::router::payload::ToArguments;
use crate::router::realm::{RealmHandle, RunningRealm};
use crate::rt::Runtime;
use crate::transport::Outbox;
use crate::transport::TransportInfo;
use events::Behind;
use extensions::Extensions;
use futures_util::future::select;
use futures_util::lock::Mutex as Turn;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::dealer::Invocations;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::session::ClientRoles;
use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, OnceLock, PoisonError};

/// A peer's session in a realm.
///
/// Every kind of handler can take it as an argument. It is a handle: clone it, keep it, send it to other tasks.
#[derive(Clone)]
pub struct Session(Arc<SessionInner>);

struct SessionInner {
    id: SessionId,
    realm: Arc<RunningRealm>,
    serializer: Serializer,
    transport: Arc<TransportInfo>,
    outbox: Outbox,
    /// Events that earlier sessions of the same transport had lost.
    lost_before: u64,
    /// Events that this one lost, once it is over.
    lost: OnceLock<u64>,
    runtime: Arc<dyn Runtime>,
    principal: OnceLock<Principal>,
    extensions: Mutex<Extensions>,
    /// Set once, when the session is over for everybody but its transport.
    ended: Signal<CloseReason>,
    /// Set when WELCOME is queued.
    joined: Arc<Signal<()>>,
    /// Calls whose handlers run as tasks; a copy of `tables.calls.len()` that costs no lock.
    in_flight: AtomicUsize,
    /// A copy of `!tables.answered_inputs.is_empty()` that costs no lock.
    answered_inputs: AtomicBool,
    /// The application asks the connection to end the session.
    close_request: OnceLock<CloseRequest>,
    tables: Mutex<SessionTables>,
    /// Who of those that make it a list has its turn.
    listing: Turn<()>,
    /// The bytes of payloads that are kept on behalf of the session.
    held_bytes: AtomicUsize,
    roles: OnceLock<ClientRoles>,
    /// What the session has been asked as a callee.
    invocations: Mutex<Invocations<Arc<RoutedCall>>>,
    /// What it has yet to get of what was retained.
    behind: Behind,
}

/// How the application wants a session to end.
#[derive(Clone, Debug)]
pub(crate) enum CloseRequest {
    /// GOODBYE, and time for the peer to answer it.
    Goodbye { reason: String, message: Option<String> },
    /// ABORT, and the transport closes.
    Abort { reason: String, message: Option<String> },
}

impl Session {
    pub(crate) fn new(
        id: SessionId,
        realm: Arc<RunningRealm>,
        serializer: Serializer,
        transport: Arc<TransportInfo>,
        outbox: Outbox,
        runtime: Arc<dyn Runtime>,
    ) -> Self {
        Self(Arc::new(SessionInner {
            id,
            realm,
            serializer,
            transport,
            lost_before: outbox.events_lost(),
            lost: OnceLock::new(),
            outbox,
            runtime,
            principal: OnceLock::new(),
            extensions: Mutex::default(),
            ended: Signal::default(),
            joined: Arc::default(),
            in_flight: AtomicUsize::new(0),
            answered_inputs: AtomicBool::new(false),
            close_request: OnceLock::new(),
            tables: Mutex::default(),
            listing: Turn::default(),
            held_bytes: AtomicUsize::new(0),
            roles: OnceLock::new(),
            invocations: Mutex::default(),
            behind: Behind::default(),
        }))
    }

    /// The session's id, as in its WELCOME.
    pub fn id(&self) -> SessionId {
        self.0.id
    }

    /// The realm the session belongs to.
    pub fn realm(&self) -> RealmHandle {
        RealmHandle::new(Arc::clone(&self.0.realm))
    }

    /// Who the peer is; `None` until it is authenticated.
    pub fn principal(&self) -> Option<&Principal> {
        self.0.principal.get()
    }

    /// The peer's authid; empty until it is authenticated.
    pub fn authid(&self) -> &str {
        self.principal().map_or("", Principal::authid)
    }

    /// The peer's role; empty until it is authenticated.
    pub fn authrole(&self) -> &str {
        self.principal().map_or("", Principal::authrole)
    }

    /// How the peer was authenticated, such as `"ticket"`; empty until it is.
    pub fn authmethod(&self) -> &str {
        self.principal().map_or("", Principal::authmethod)
    }

    /// The value the authenticator attached, if it is a `U`.
    pub fn identity<U: Send + Sync + 'static>(&self) -> Option<Arc<U>> {
        let identity: Arc<dyn Any + Send + Sync> = Arc::clone(self.principal()?.identity_value()?);
        identity.downcast().ok()
    }

    /// What is known of the transport: peer address, HTTP request, certificate.
    pub fn transport(&self) -> &TransportInfo {
        &self.0.transport
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
    /// Says on how many; none when it is not subscribed, or over, or when [`Overflow`](crate::Overflow) dropped the event.
    ///
    /// # Errors
    /// When `topic` is not a URI, or the payload cannot be encoded.
    pub fn send_event<M>(&self, topic: &str, arguments: impl ToArguments<M>) -> Result<usize, WampError> {
        self.0.realm.broker.send_event(self, topic, &arguments)
    }

    /// How many events this session did not get because its peer read too slowly.
    ///
    /// None, unless [`Limits::overflow`](crate::Limits::overflow) says that events may be dropped. Losses are logged as
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
        self.0.lost.get().copied().unwrap_or_else(|| self.0.outbox.events_lost() - self.0.lost_before)
    }

    /// Ends the session with a GOODBYE that carries `reason`, such as `"wamp.close.normal"`.
    ///
    /// Its handlers end at once; the peer has a moment to answer, then the transport is closed. The first request to
    /// end a session counts, later ones change nothing.
    pub fn close(&self, reason: impl Into<String>) {
        self.request_close(CloseRequest::Goodbye { reason: reason.into(), message: None });
    }

    /// As [`close`](Self::close), with a text for the person at the other end.
    pub fn close_with_message(&self, reason: impl Into<String>, message: impl Into<String>) {
        self.request_close(CloseRequest::Goodbye { reason: reason.into(), message: Some(message.into()) });
    }

    /// Ends the session with an ABORT: no answer is waited for, the transport is closed.
    pub fn abort(&self, reason: impl Into<String>, message: impl Into<String>) {
        self.request_close(CloseRequest::Abort { reason: reason.into(), message: Some(message.into()) });
    }

    /// Waits for the session's end and says how it came.
    pub async fn closed(&self) -> CloseReason {
        self.0.ended.wait().await
    }

    /// Is the session still there?
    pub fn is_open(&self) -> bool {
        self.0.ended.get().is_none()
    }

    /// Runs `task` beside the session; at the session's end it is dropped.
    ///
    /// Where the application's runtime cannot spawn, as on a thread that is not tokio's, the task is dropped at once, and the
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

    pub(crate) fn request_close(&self, request: CloseRequest) {
        if self.0.close_request.set(request).is_ok() {
            self.0.outbox.wake();
        }
    }

    /// How it ended, once it has.
    pub(crate) fn ended(&self) -> Option<&CloseReason> {
        self.0.ended.get()
    }

    pub(crate) fn close_request(&self) -> Option<&CloseRequest> {
        self.0.close_request.get()
    }

    pub(crate) fn welcome(&self, principal: Principal) {
        // A session is welcomed once; the handshake is the only caller.
        let _first = self.0.principal.set(principal);
    }

    pub(crate) fn serializer(&self) -> Serializer {
        self.0.serializer
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    pub(crate) fn running_realm(&self) -> &Arc<RunningRealm> {
        &self.0.realm
    }

    pub(crate) fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.0.runtime
    }

    pub(crate) fn shared_transport(&self) -> &Arc<TransportInfo> {
        &self.0.transport
    }

    pub(crate) fn joined(&self) -> &Arc<Signal<()>> {
        &self.0.joined
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, SessionTables> {
        self.0.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists that take several turns are made one after the other: each holds as much as an answer may have.
    pub(crate) fn listing(&self) -> &Turn<()> {
        &self.0.listing
    }

    /// The session is over: every call, subscription and scope that belongs to it learns why. Says whether it was not
    /// over before.
    pub(crate) fn end(&self, reason: CloseReason) -> bool {
        self.finish(reason, false)
    }

    /// As [`end`](Self::end), without testaments and events about the session.
    pub(crate) fn end_quietly(&self, reason: CloseReason) -> bool {
        self.finish(reason, true)
    }

    fn finish(&self, reason: CloseReason, quiet: bool) -> bool {
        // What is lost from now on is lost to the next session of the same transport.
        let lost = *self.0.lost.get_or_init(|| self.events_lost());
        if !self.0.ended.set(reason) {
            return false;
        }
        if lost > 0 {
            line!(
                WARN,
                "session",
                "the session is over and has lost events",
                session = self.id(),
                events = lost
            );
        }
        self.0.realm.forget(self, quiet);
        true
    }

    /// The invocations the session has not answered.
    pub(crate) fn invocations(&self) -> MutexGuard<'_, Invocations<Arc<RoutedCall>>> {
        self.0.invocations.lock().unwrap_or_else(PoisonError::into_inner)
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
