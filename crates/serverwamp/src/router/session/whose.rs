//! Sessions as lines in the log name them.

use super::RouterSession;
use crate::base::log::Whose;
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
