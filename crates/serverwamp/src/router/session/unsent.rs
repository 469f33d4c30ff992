//! Messages that a session cannot be sent: each is counted, and whoever sends it or waits for it learns why.

use super::RouterSession;
use crate::WampError;
use crate::base::statistics::Refusal;

impl RouterSession {
    /// A result found no room, and this is what ends its call.
    pub(super) fn unread(&self) -> WampError {
        let text = "the caller does not read fast enough";
        self.realm.context.counters.refused_under_lock(Refusal::UnreadResults, self, text);
        WampError::network_failure(text)
    }

    /// A message to this session was too long, and this is what its sender, or who waits for it, is told in its place.
    pub(crate) fn too_long(&self, text: &str) -> WampError {
        self.realm.context.counters.refused_under_lock(Refusal::OutgoingMessageBytes, self, text);
        WampError::payload_size_exceeded(text)
    }

    /// The session's serializer cannot represent a message.
    pub(super) fn count_unsayable(&self) {
        self.realm.context.counters.count(Refusal::Unrepresentable, 1);
    }
}
