//! A call to a client that decides who other clients are, or what they may do.

use super::RunningRealm;
use crate::WampError;
use crate::peering::payload::ToArguments;
use crate::peering::{CallResult, Calling};
use crate::router::dealer::Found;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::SessionId;
use std::sync::Arc;
use std::time::Duration;

/// Why a client's procedure cannot be asked who somebody is, or what came of it.
#[derive(Debug)]
pub(crate) enum Unasked {
    /// Nobody serves the procedure, or nobody who may be asked.
    Nobody(String),
    /// The callee's answer is an error, or there is none.
    Error(WampError),
}

impl RunningRealm {
    /// Calls a procedure that a client has registered which was not let in by such a procedure itself: otherwise whoever that lets in
    /// could let in others.
    pub(crate) async fn ask_authenticator<M>(
        self: &Arc<Self>,
        procedure: &str,
        arguments: impl ToArguments<M>,
        timeout: Duration,
    ) -> Result<CallResult, Unasked> {
        let callee = self.trusted_callee(procedure)?;
        let payload = arguments.to_arguments(Serializer::MessagePack);
        let realm: Arc<Self> = Arc::clone(self);
        let calling = Calling::<CallResult>::new(realm, procedure.to_owned(), payload).timeout(timeout);
        let calling = match callee {
            Some(session) => calling.callee(session),
            None => calling,
        };
        calling.await.map_err(Unasked::Error)
    }

    /// The callee that may decide about others: one that no procedure let in. `None`: any callee may.
    pub(super) fn trusted_callee(&self, procedure: &str) -> Result<Option<SessionId>, Unasked> {
        let name = self.name();
        let nobody = |why: &str| Unasked::Nobody(format!("{procedure:?} in realm {name:?}: {why}"));
        let registration = match self.dealer.find(procedure) {
            Some(Found::Registered(registration)) => registration,
            Some(Found::Route(_) | Found::Local(_)) => {
                return Err(nobody("the application serves it itself, and decides by handlers"));
            }
            None => return Err(nobody("nobody has registered it")),
        };
        let callees = registration.callee_ids();
        let sessions = self.sessions_by_id();
        let may_be_asked = |id: &&SessionId| {
            let principal = sessions.get(*id).and_then(|session| session.principal());
            principal.is_some_and(|principal| !principal.is_said_by_procedure())
        };
        let trusted: Vec<SessionId> = callees.iter().filter(may_be_asked).copied().collect();
        match trusted.first() {
            _ if trusted.len() == callees.len() => Ok(None),
            Some(first) => Ok(Some(*first)),
            None => Err(nobody("its callee was itself let in by a procedure")),
        }
    }
}
