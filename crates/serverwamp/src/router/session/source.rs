//! Sessions as sources of the calls that the application serves.

use super::Session;
use crate::WampError;
use crate::base::statistics::Refusal;
use crate::peering::payload::CallReply;
use crate::peering::{CallSource, Caller, ChargedPayload, RealmPeer};
use crate::router::realm::Disclosure;
use crate::router::supervise;
use crate::rt::Runtime;
use crate::transport::Outbox;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{RequestId, SessionId};
use serverwamp_proto::payload::Payload;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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

    /// What a client in the application's place would be told (checklist CID-01, CID-04, CID-05).
    fn caller(&self, procedure: &str, asked: bool) -> Caller {
        let config = self.inner().running_realm().context.config();
        let settings = config.procedure_settings.of(procedure);
        let disclosed = asked
            || config.offers.disclosure == Disclosure::Always
            || settings.is_some_and(|settings| settings.disclose_caller);
        let trustlevel = settings.and_then(|settings| settings.trustlevel);
        if !disclosed {
            return Caller { trustlevel, ..Caller::default() };
        }
        Caller {
            session: Some(self.id()),
            authid: Some(self.authid().into()),
            authrole: Some(self.authrole().into()),
            trustlevel,
            forward_for: None,
        }
    }

    fn caller_session(&self) -> Option<(SessionId, &str)> {
        Some((self.id(), self.authid()))
    }

    fn realm_peer(&self) -> Result<RealmPeer, WampError> {
        Ok(self.realm().into())
    }

    fn grace(&self) -> Duration {
        self.inner().limits().grace
    }

    fn overstayed(&self, why: fmt::Arguments<'_>) {
        self.inner().running_realm().context.counters.refused(Refusal::Grace, self.inner(), why);
    }

    fn panicked(&self, panic: &(dyn Any + Send)) -> String {
        supervise::report_panic("procedure handler", self.inner(), panic)
    }
}
