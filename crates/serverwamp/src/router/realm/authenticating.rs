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
        (about, timeout): (SessionId, Duration),
    ) -> Result<CallResult, Unasked> {
        self.somebody_decides(procedure)?;
        let payload = arguments.to_arguments(Serializer::MessagePack);
        let realm: Arc<Self> = Arc::clone(self);
        let calling = Calling::<CallResult>::new(realm, procedure.to_owned(), payload).timeout(timeout);
        calling.about(about).await.map_err(Unasked::Error)
    }

    /// Whether the procedure has a callee that may decide about others. Which one is called the dealer chooses.
    ///
    /// # Errors
    /// When it has none, with the reason.
    pub(super) fn somebody_decides(&self, procedure: &str) -> Result<(), Unasked> {
        let name = self.name();
        let nobody = |why: &str| Err(Unasked::Nobody(format!("{procedure:?} in realm {name:?}: {why}")));
        match self.dealer.find(procedure) {
            Some(Found::Registered(registration)) if registration.may_decide_about_others() => Ok(()),
            Some(Found::Registered(_)) => nobody("its callee was itself let in by a procedure"),
            Some(Found::Route(_) | Found::Local(_)) => {
                nobody("the application serves it itself, and decides by handlers")
            }
            None => nobody("nobody has registered it"),
        }
    }
}
