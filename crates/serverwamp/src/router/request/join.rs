//! A session that comes to life: before its authentication, and after.

use super::PeerRequest;
use crate::peering::Request;
use crate::router::session::pending::{Admission, SessionReply};
use crate::{Session, WampError};
use std::sync::Arc;

/// The common part of requests to `on_connect` and `on_join` handlers, for extractors that serve both.
pub trait SessionRequest: PeerRequest + Request<Reply = SessionReply> {
    #[doc(hidden)]
    fn admission(&self) -> &Arc<Admission>;
    #[doc(hidden)]
    fn take(&mut self);
    #[doc(hidden)]
    fn is_taken(&self) -> bool;
}

macro_rules! session_request {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            pub(crate) admission: Arc<Admission>,
            pub(crate) taken: bool,
        }

        impl Request for $name {
            type Reply = SessionReply;

            fn refuse(error: WampError) -> SessionReply {
                SessionReply(Err(error))
            }
        }

        impl PeerRequest for $name {
            fn session(&self) -> Option<&Session> {
                Some(&self.admission.session)
            }
        }

        impl SessionRequest for $name {
            fn admission(&self) -> &Arc<Admission> {
                &self.admission
            }

            fn take(&mut self) {
                self.taken = true;
            }

            fn is_taken(&self) -> bool {
                self.taken
            }
        }
    };
}

session_request! {
    /// A session that said HELLO and is not authenticated yet.
    ConnectRequest
}

session_request! {
    /// A session that is authenticated and waits for its WELCOME.
    JoinRequest
}
