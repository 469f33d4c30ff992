//! Copies of what a session sends and gets, for taps and watches. None of it runs while none is open.

use super::RouterSession;
use crate::base::message_kind::MessageDirection;
use bytes::Bytes;
use serverwamp_proto::message::{Call, Message};

impl RouterSession {
    /// Whether somebody looks at the messages of the realm.
    #[inline]
    pub(crate) fn is_tapped(&self) -> bool {
        self.realm.context.taps.is_open()
    }

    /// A message has come; returns its number if it was kept.
    #[cold]
    pub(crate) fn tap_received(&self, message: &Bytes) -> Option<u64> {
        let taps = &self.realm.context.taps;
        if taps.are_watched()
            && let Ok(Message::Call(call)) = Message::decode(self.serializer(), message)
        {
            taps.called(self.id(), call.request, &call.procedure, self.runtime().now());
        }
        taps.notice(self.id())
            .then(|| taps.keep(self.id(), MessageDirection::Received, self.serializer(), message))
    }

    /// A message is queued that a tap wants, or that watches count as the final answer to a call.
    #[cold]
    pub(super) fn tap_queued(&self, message: Bytes, is_wanted: bool, is_counted: bool) {
        if is_wanted {
            self.tap_sent(&message);
        }
        if is_counted {
            self.watch_answer(&message);
        }
    }

    /// The final answer to a call is queued.
    fn watch_answer(&self, message: &Bytes) {
        let (request, with_result) = match Message::decode(self.serializer(), message) {
            Ok(Message::Result(result)) => (result.request, true),
            Ok(Message::Error(error)) if error.request_type == Call::CODE => (error.request, false),
            _ => return,
        };
        self.realm.context.taps.answered(self.id(), request, with_result, self.runtime().now());
    }

    /// A message that is queued came by, and is kept.
    #[cold]
    pub(super) fn tap_sent(&self, message: &[u8]) {
        self.realm.context.taps.keep(self.id(), MessageDirection::Sent, self.serializer(), message);
    }

    /// A message that is queued came by; a copy of it is kept if a tap wants it.
    #[cold]
    pub(super) fn tap_message(&self, message: &Message<'_>) {
        // Who proves who it is shows that to the router alone.
        if matches!(message, Message::Challenge(_)) || !self.realm.context.taps.notice(self.id()) {
            return;
        }
        let mut copy = Vec::new();
        // A message that cannot be encoded was not queued either.
        if message.encode(self.serializer, &mut copy).is_ok() {
            self.tap_sent(&copy);
        }
    }
}
