//! Sessions: the handle that handlers hold, and what router and peers keep of one.

mod charge;
mod events;
mod extensions;
mod features;
mod handle;
pub(crate) mod pending;
mod reason;
mod sending;
mod tables;
mod whose;

pub(crate) use charge::{Charge, ChargedPayload};
pub use handle::Session;
pub use pending::PendingSession;
pub use reason::CloseReason;
pub(crate) use sending::{queue, queue_unless_too_long};
pub(crate) use tables::{OpenCall, SessionTables};

use crate::base::locks::{Mutex, MutexGuard};
use crate::base::log::line;
use crate::base::signal::Signal;
use crate::router::auth::Principal;
use crate::router::dealer::RoutedCall;
use crate::router::realm::RunningRealm;
use crate::rt::Runtime;
use crate::transport::Outbox;
use crate::transport::TransportInfo;
use events::Behind;
use extensions::Extensions;
use futures_util::lock::Mutex as Turn;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::dealer::Invocations;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::session::ClientRoles;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, OnceLock, PoisonError};

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
