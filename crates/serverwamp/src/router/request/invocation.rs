//! A CALL for the application, in its own realm.

use super::PeerRequest;
use crate::Session;
use crate::peering::Invocation;
use std::any::Any;

impl Invocation {
    /// The caller's session; `None` when a client serves the call, whose router alone has the session.
    pub fn session(&self) -> Option<&Session> {
        let source: &dyn Any = &self.call.source;
        source.downcast_ref()
    }
}

impl PeerRequest for Invocation {
    fn session(&self) -> Option<&Session> {
        self.session()
    }
}
