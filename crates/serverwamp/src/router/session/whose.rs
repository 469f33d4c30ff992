//! Sessions as lines in the log name them, and their calls.

use super::RouterSession;
use crate::base::log::{Whose, line_later};
use serverwamp_proto::id::RequestId;
use std::fmt::Display;
use std::sync::Arc;

impl From<&RouterSession> for Whose {
    fn from(session: &RouterSession) -> Self {
        Self::from(session.transport()).in_session(session.id())
    }
}

impl From<&Arc<RouterSession>> for Whose {
    fn from(session: &Arc<RouterSession>) -> Self {
        Self::from(&**session)
    }
}

impl From<Option<&RouterSession>> for Whose {
    fn from(session: Option<&RouterSession>) -> Self {
        session.map(Self::from).unwrap_or_default()
    }
}

impl RouterSession {
    /// The answer to a call, at the level of calls: `"result"`, or an error's URI and its text. Locks may be held.
    pub(super) fn log_answered<T: Display>(
        &self,
        request: RequestId,
        outcome: &str,
        text: impl FnOnce() -> Option<T>,
    ) {
        line_later!(
            DEBUG,
            "call",
            "a call is answered",
            session = self.id(),
            request = request,
            outcome = outcome;
            error = text()
        );
    }
}
