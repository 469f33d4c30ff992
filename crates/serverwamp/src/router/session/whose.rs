//! Sessions as lines in the log name them.

use super::Session;
use crate::base::log::Whose;

impl From<&Session> for Whose {
    fn from(session: &Session) -> Self {
        Self::from(session.transport()).in_session(session.id())
    }
}

impl From<Option<&Session>> for Whose {
    fn from(session: Option<&Session>) -> Self {
        session.map(Self::from).unwrap_or_default()
    }
}
