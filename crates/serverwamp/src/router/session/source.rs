//! Sessions as sources of the calls that the application serves.

use super::Session;
use crate::WampError;
use crate::peering::payload::CallReply;
use crate::peering::{CallSource, ChargedPayload};
use crate::rt::Runtime;
use crate::transport::Outbox;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{RequestId, SessionId};
use serverwamp_proto::payload::Payload;
use std::sync::Arc;

impl CallSource for Session {
    fn session(&self) -> SessionId {
        self.id()
    }

    #[inline]
    fn runtime(&self) -> &Arc<dyn Runtime> {
        self.inner().runtime()
    }

    #[inline]
    fn serializer(&self) -> Serializer {
        self.inner().serializer()
    }

    #[inline]
    fn outbox(&self) -> &Outbox {
        self.inner().outbox()
    }

    fn keep(&self, payload: &Payload) -> Option<ChargedPayload> {
        self.inner().charge_copy(payload)
    }

    fn send_progress(&self, request: RequestId, encoded: &Payload) -> Result<(), WampError> {
        self.inner().send_progress(request, encoded)
    }

    fn send_reply(&self, request: RequestId, reply: &CallReply) {
        self.inner().send_reply(request, reply);
    }

    fn answered_early(&self, request: RequestId) {
        self.inner().remember_answered_input(request);
    }
}
