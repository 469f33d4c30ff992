//! The callees that one call has asked.

use hashbrown::HashSet;

use crate::id::SessionId;

/// The callees that were asked for one call and had no time, or left before it reached them.
///
/// Beside the sessions it keeps how far a call has come in the order of the callees, so that the next one is found without a
/// look at all that were asked. It belongs to one registration.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    /// Most calls never need it.
    sessions: Option<Box<HashSet<SessionId>>>,
    /// Under [`Invoke::First`](crate::message::Invoke::First): all callees with a lower number were tried.
    pub(super) before: u64,
    /// Under [`Invoke::Last`](crate::message::Invoke::Last): all callees from here on …
    pub(super) from: u64,
    /// … to here were tried, with 0 for none.
    pub(super) until: u64,
}

impl Tried {
    /// Adds one that was asked.
    pub fn add(&mut self, session: SessionId) {
        self.sessions.get_or_insert_default().insert(session);
    }

    /// Returns whether nobody was asked.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_none()
    }

    /// Returns whether this one may be asked.
    pub fn is_left(&self, session: SessionId) -> bool {
        self.sessions.as_ref().is_none_or(|sessions| !sessions.contains(&session))
    }
}
