//! Sessions: the handle that handlers hold, and what router and peers keep of one.

mod arrival;
mod charge;
mod events;
mod expiry;
mod extensions;
mod features;
mod handle;
mod open_calls;
pub(crate) mod pending;
mod reason;
mod sending;
mod source;
mod tables;
mod tapped;
mod unsent;
mod whose;

pub(crate) use charge::Charge;
pub use handle::Session;
pub use pending::PendingSession;
pub use reason::CloseReason;
pub(crate) use sending::{queue, queue_unless_too_long};
pub(crate) use tables::{OpenCall, SessionTables};

use crate::base::limits::Limits;
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::log::line;
use crate::base::signal::Signal;
use crate::router::auth::Principal;
use crate::router::dealer::RoutedCall;
use crate::router::realm::{Access, RealmConfig, RoleLimits, RunningRealm};
use crate::rt::Runtime;
use crate::transport::Outbox;
use crate::transport::TransportInfo;
use arrival::Arrival;
use events::Behind;
use expiry::ExpiryTime;
use extensions::Extensions;
use futures_util::lock::Mutex as Turn;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::dealer::Invocations;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::session::ClientRoles;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};

/// A session, as router and peers work with it: what is sent to its peer, and what runs on its behalf.
///
/// Handlers get a [`Session`], which is a handle to it.
pub(crate) struct RouterSession {
    id: SessionId,
    realm: Arc<RunningRealm>,
    /// The limits of the session, which stay what they were at its HELLO.
    limits: Arc<Limits>,
    serializer: Serializer,
    transport: Arc<TransportInfo>,
    outbox: Outbox,
    /// Events that earlier sessions of the same transport had lost.
    lost_before: u64,
    /// Events that this one lost, once it is over.
    lost: OnceLock<u64>,
    runtime: Arc<dyn Runtime>,
    principal: OnceLock<Principal>,
    expiry: ExpiryTime,
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
    /// The turn among the lists that are made for it.
    listing: Turn<()>,
    /// The bytes of payloads that are kept on behalf of the session.
    held_bytes: AtomicUsize,
    roles: OnceLock<ClientRoles>,
    arrival: OnceLock<Arrival>,
    /// The invocations of the session as a callee.
    invocations: Mutex<Invocations<Arc<RoutedCall>>>,
    /// The retained events that it has yet to get.
    behind: Behind,
    /// The number of the realm's configuration that let it in.
    let_in_by: AtomicU64,
    /// Its role has, or had, permissions of its own.
    has_rules: AtomicBool,
}

/// A request of the application to end a session.
#[derive(Clone, Debug)]
pub(crate) enum CloseRequest {
    /// GOODBYE, and time for the peer to answer it.
    Goodbye { reason: String, message: Option<String> },
    /// ABORT, and the transport closes.
    Abort { reason: String, message: Option<String> },
}

impl RouterSession {
    pub(crate) fn new(
        id: SessionId,
        realm: Arc<RunningRealm>,
        serializer: Serializer,
        transport: Arc<TransportInfo>,
        outbox: Outbox,
        runtime: Arc<dyn Runtime>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            limits: realm.context.kept_limits(),
            realm,
            serializer,
            transport,
            lost_before: outbox.events_lost(),
            lost: OnceLock::new(),
            outbox,
            runtime,
            principal: OnceLock::new(),
            expiry: ExpiryTime::default(),
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
            arrival: OnceLock::new(),
            invocations: Mutex::default(),
            behind: Behind::default(),
            let_in_by: AtomicU64::new(0),
            has_rules: AtomicBool::new(false),
        })
    }

    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    /// The limits of the session, and of its callers where it is a callee.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The authenticated identity of the peer; `None` before authentication.
    pub(crate) fn principal(&self) -> Option<&Principal> {
        self.principal.get()
    }

    /// The peer's authid; empty before authentication.
    pub(crate) fn authid(&self) -> &str {
        self.principal().map_or("", Principal::authid)
    }

    /// The peer's role; empty before authentication.
    pub(crate) fn authrole(&self) -> &str {
        self.principal().map_or("", Principal::authrole)
    }

    /// The limits of the peer's role, where it has some of its own.
    pub(crate) fn limits_of_role(&self) -> RoleLimits {
        self.running_realm().context.config().access.limits_of(self.authrole())
    }

    /// The calls that the peer may have unanswered at once, if it has so many already. The limit of a role is at least one,
    /// so that a call that is the only one needs no look at it.
    pub(crate) fn most_calls_beside(&self, unanswered: usize, of_role: impl FnOnce() -> RoleLimits) -> usize {
        let most = self.limits.calls_in_flight;
        if unanswered == 0 {
            return most;
        }
        of_role().calls_in_flight.map_or(most, |of_role| of_role.min(most))
    }

    /// The method of the peer's authentication; empty before it.
    pub(crate) fn authmethod(&self) -> &str {
        self.principal().map_or("", Principal::authmethod)
    }

    pub(crate) fn transport(&self) -> &TransportInfo {
        &self.transport
    }

    /// The number of events that this session lost because its peer read too slowly.
    pub(crate) fn events_lost(&self) -> u64 {
        self.lost.get().copied().unwrap_or_else(|| self.outbox.events_lost() - self.lost_before)
    }

    /// Returns whether the session has not ended.
    pub(crate) fn is_open(&self) -> bool {
        self.ended.get().is_none()
    }

    /// Waits for the session's end and returns its reason.
    pub(crate) async fn closed(&self) -> CloseReason {
        self.ended.wait().await
    }

    pub(crate) fn request_close(&self, request: CloseRequest) {
        if self.close_request.set(request).is_ok() {
            self.outbox.wake();
        }
    }

    /// The reason of its end, once it has ended.
    pub(crate) fn ended(&self) -> Option<&CloseReason> {
        self.ended.get()
    }

    pub(crate) fn close_request(&self) -> Option<&CloseRequest> {
        self.close_request.get()
    }

    /// `config` is the configuration that let it in.
    pub(crate) fn welcome(&self, principal: Principal, config: &RealmConfig) {
        self.let_in_by.store(config.number, Ordering::Relaxed);
        self.has_rules.store(config.access.is_about(principal.authrole()), Ordering::Relaxed);
        self.expire_with(&principal);
        // A session is welcomed once; the handshake is the only caller.
        let _first = self.principal.set(principal);
    }

    /// Takes over what the session of an anteroom has got there: its principal, the roles of its peer, the values that the
    /// application has kept on it. `config` is the configuration that lets it in.
    pub(crate) fn take_over(&self, anteroom: &Self, config: &RealmConfig) {
        self.announce(anteroom.roles());
        let kept = std::mem::take(&mut *anteroom.extensions.lock().unwrap_or_else(PoisonError::into_inner));
        *self.extensions.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        if let Some(principal) = anteroom.principal() {
            self.welcome(principal.clone(), config);
            self.let_in_by.fetch_add(anteroom.let_in_by(), Ordering::Relaxed);
        }
    }

    /// Returns whether it may say who others are and what they may do, which a session that such a procedure let in may not.
    pub(crate) fn may_decide_about_others(&self) -> bool {
        self.principal().is_some_and(|principal| !principal.is_said_by_procedure())
    }

    /// The age of the entrance that let it in, see `RunningRealm::entrance_age`.
    pub(crate) fn let_in_by(&self) -> u64 {
        self.let_in_by.load(Ordering::Relaxed)
    }

    /// Returns whether permissions or an authorizer decided about its role, and none does any more: it would be allowed what everybody is.
    pub(crate) fn lost_its_rules(&self, access: &Access) -> bool {
        if access.is_about(self.authrole()) {
            self.has_rules.store(true, Ordering::Relaxed);
            return false;
        }
        self.has_rules.load(Ordering::Relaxed)
    }

    pub(crate) fn serializer(&self) -> Serializer {
        self.serializer
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(crate) fn running_realm(&self) -> &Arc<RunningRealm> {
        &self.realm
    }

    pub(crate) fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.runtime
    }

    pub(crate) fn shared_transport(&self) -> &Arc<TransportInfo> {
        &self.transport
    }

    pub(crate) fn joined(&self) -> &Arc<Signal<()>> {
        &self.joined
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, SessionTables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists that take several turns are made one after the other: each holds as much as an answer may have.
    pub(crate) fn listing(&self) -> &Turn<()> {
        &self.listing
    }

    /// The session is over: every call, subscription and scope that belongs to it learns why. Says whether it was not
    /// over before.
    pub(crate) fn end(self: &Arc<Self>, reason: CloseReason) -> bool {
        self.finish(reason, false)
    }

    /// As [`end`](Self::end), without testaments and events about the session.
    pub(crate) fn end_quietly(self: &Arc<Self>, reason: CloseReason) -> bool {
        self.finish(reason, true)
    }

    fn finish(self: &Arc<Self>, reason: CloseReason, quiet: bool) -> bool {
        // Later losses count for the next session of the same transport.
        let lost = *self.lost.get_or_init(|| self.events_lost());
        if !self.ended.set(reason) {
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
        self.realm.forget(self, quiet);
        true
    }

    /// The invocations the session has not answered.
    pub(crate) fn invocations(&self) -> MutexGuard<'_, Invocations<Arc<RoutedCall>>> {
        self.invocations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RouterSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterSession")
            .field("id", &self.id)
            .field("realm", &self.realm.name())
            .field("authid", &self.authid())
            .finish_non_exhaustive()
    }
}
