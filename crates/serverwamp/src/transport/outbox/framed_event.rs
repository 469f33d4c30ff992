//! EVENTs that are framed once for all who get the same.
//!
//! Invariant: what is queued is what [`Outbox::push_event`] would have queued.

use serverwamp_proto::websocket::Opcode;
use serverwamp_proto::websocket::frame;

use super::{Amount, Class, Outbox, PushError};
use crate::base::message_kind::MessageKind;
use crate::transport::Framing;

/// An encoded EVENT, and the WebSocket frame around it, which is the same for every connection without batches.
#[derive(Debug)]
pub(crate) struct FramedEvent {
    kind: Opcode,
    frame: Vec<u8>,
    /// Where the message begins in the frame; it goes to the end.
    message: usize,
}

impl FramedEvent {
    /// The event that `encode` appends, of some `expected` bytes; `None` if it appends none.
    pub(crate) fn new(
        kind: Opcode,
        expected: usize,
        encode: impl FnOnce(&mut Vec<u8>) -> Option<()>,
    ) -> Option<Self> {
        let mut frame = Vec::with_capacity(expected);
        let mark = frame::begin_sized(&mut frame, expected);
        let body = mark.body();
        encode(&mut frame)?;
        let length = frame.len() - body;
        frame::finish(&mut frame, mark, kind, false);
        let message = frame.len() - length;
        Some(Self { kind, frame, message })
    }

    /// The EVENT itself.
    pub(crate) fn message(&self) -> &[u8] {
        self.frame.get(self.message..).unwrap_or_default()
    }
}

impl Outbox {
    /// Adds an EVENT that is framed already, as [`push_event`](Self::push_event) does.
    #[inline]
    pub(crate) fn push_framed_event(
        &self,
        event: &FramedEvent,
        asleep: Option<&mut Vec<Self>>,
    ) -> Result<(), PushError> {
        let framing = &self.0.framing;
        if !matches!(framing, Framing::WebSocket { batch: None, .. }) || framing.kind() != event.kind {
            return self.push_event(event.message(), asleep);
        }
        let mut queue = self.lock();
        let Amount { bytes, messages } = queue.queued;
        let total = Amount { bytes: bytes + event.frame.len(), messages: messages + 1 };
        let length = event.frame.len() - event.message;
        if queue.end.is_some() || length > queue.longest || !queue.room.is_there(total) {
            drop(queue);
            return self.push_event(event.message(), asleep);
        }
        let draft = queue.frames.append_frame(&event.frame, length);
        self.commit(queue, &draft, (Class::Event, MessageKind::Event), event.kind, asleep);
        Ok(())
    }
}
