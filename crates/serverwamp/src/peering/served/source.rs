//! The session that a served call came from, as far as the call needs it.

use super::{Caller, ChargedPayload};
use crate::WampError;
use crate::peering::RealmPeer;
use crate::peering::payload::CallReply;
use crate::rt::Runtime;
use crate::transport::Outbox;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{RequestId, SessionId};
use serverwamp_proto::payload::Payload;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The session that a call came from, and that its answers go to: the caller's with this router, or, where a client serves the
/// call, the client's with its router.
pub(crate) trait CallSource: Any + fmt::Debug + Send + Sync {
    /// The id of that session.
    fn session(&self) -> SessionId;

    fn runtime(&self) -> &Arc<dyn Runtime>;

    /// The serializer of results.
    fn serializer(&self) -> Serializer;

    /// Where answers wait to be written.
    fn outbox(&self) -> &Outbox;

    /// Keeps a further input on behalf of the session; `None` when it makes us keep too much already.
    fn keep(&self, payload: &Payload) -> Option<ChargedPayload>;

    /// Queues a progressive result.
    ///
    /// # Errors
    /// When nobody can receive it; with `wamp.error.network_failure` the call is to end.
    fn send_progress(&self, request: RequestId, encoded: &Payload) -> Result<(), WampError>;

    /// Queues the final answer.
    fn send_reply(&self, request: RequestId, reply: &CallReply);

    /// A call was answered while more input may come: what comes late is passed over.
    fn answered_early(&self, request: RequestId);

    /// The caller, as far as it is known. `asked` says whether it asked to be disclosed.
    fn caller(&self, procedure: &str, asked: bool) -> Caller;

    /// The caller's session and its authid, where that session is one of this process.
    fn caller_session(&self) -> Option<(SessionId, &str)>;

    /// The peer that serves the call, for what else its handler does in the realm.
    ///
    /// # Errors
    /// When the client has left.
    fn realm_peer(&self) -> Result<RealmPeer, WampError>;

    /// The time that a handler that winds up has after the end of its call.
    fn grace(&self) -> Duration;

    /// A handler went on for longer than that.
    fn overstayed(&self, why: fmt::Arguments<'_>);

    /// Logs a panic of a handler, and returns the id under which it is in the log.
    fn panicked(&self, panic: &(dyn Any + Send)) -> String;
}
