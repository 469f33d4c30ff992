//! The interface between a connection and the code that handles its messages.

use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use serverwamp_proto::websocket::Opcode;

/// Understands the messages of one connection. Answers go into the connection's [`Outbox`](super::Outbox).
///
/// Everything here is called on the connection's task, so nothing may block. After [`ended`](Self::ended) nothing is
/// called any more.
pub(crate) trait MessageHandler: Send + Unpin {
    /// Takes one message: a whole WebSocket message, or one record of a batched one. Its kind is as negotiated.
    ///
    /// Closing the outbox ends the connection: no further message comes then, even if some were already received.
    fn message(&mut self, message: Bytes, kind: Opcode, now: Instant) -> Flow;

    /// The same for a short message that is still among what was received, if nothing of it has to be kept. `None` means that
    /// nothing has happened yet: [`message`](Self::message) gets it then.
    ///
    /// Most messages are such, and to take one out costs as much as to read one.
    fn message_in_place(&mut self, message: &[u8], kind: Opcode, now: Instant) -> Option<Flow> {
        let _ = (message, kind, now);
        None
    }

    /// Does work of the handler's own; `Pending` means that it is busy and takes no messages for now.
    ///
    /// Called whenever the connection's task runs, after the received messages and before the outbox is written. A busy
    /// handler has to wake the context once it is not; so has one that wants to do work later.
    fn poll(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        let _ = (cx, now);
        Poll::Ready(())
    }

    /// Puts more of something long into the outbox if it `may`, no more than a turn allows, and says whether there is still
    /// more.
    ///
    /// It may in each of the connection's turns, of which it gets another as long as there is more and the outbox has room.
    fn produce(&mut self, may: bool) -> bool {
        let _ = may;
        false
    }

    /// When [`poll`](Self::poll) has to be called next at the latest; a timer without a timer.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Returns whether the next message may bring a secret: its bytes are overwritten once it was taken.
    fn expects_secret(&self) -> bool {
        false
    }

    /// The longest message that is taken for now, if it is shorter than the transport's own limit.
    fn longest_message(&self) -> usize {
        usize::MAX
    }

    /// Up to how many bytes a message that is too long is passed over, with its beginning given to
    /// [`too_long`](Self::too_long). Asked when there is one; with 0 it ends the connection without being looked at.
    fn passes_over(&self) -> usize {
        0
    }

    /// A message that begins with `head` is too long and is passed over; `false` ends the connection in its place.
    fn too_long(&mut self, head: &[u8], description: &str, now: Instant) -> bool {
        let _ = (head, description, now);
        false
    }

    /// Returns whether the connection may pause for the receivers of what its peer sent.
    fn may_pause(&self) -> bool {
        true
    }

    /// The connection pauses: nothing is read before the receivers of what its peer sent have room.
    fn paused(&mut self) {}

    /// The peer's messages are not read from now on, for a reason that is not the handler's own: its silence shows nothing.
    fn unread(&mut self, now: Instant) {
        let _ = now;
    }

    /// The peer's messages are read again.
    fn read_again(&mut self, now: Instant) {
        let _ = now;
    }

    /// The peer is found slow: it takes less of what waits for it than it should.
    fn found_slow(&mut self) {}

    /// The peer broke a rule of the transport, and the connection is about to be closed with `close_code`: the last
    /// opportunity to put something into the outbox. [`ended`](Self::ended) follows.
    fn violation(&mut self, description: &str, close_code: u16);

    /// The connection is over for the handler. Called exactly once.
    fn ended(&mut self, reason: EndReason);
}

/// Whether a handler takes another message at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Flow {
    /// It does.
    Continue,
    /// Not before [`MessageHandler::poll`] returns `Ready`.
    Pause,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EndReason {
    /// The peer sent a Close frame, with this code if any.
    PeerClosed { code: Option<u16> },
    /// The outbox was closed on this side.
    Closed,
    /// The peer broke a rule of the transport; it is told this code.
    Violation { code: u16 },
    /// More bytes were waiting for the peer than it is allowed.
    SlowConsumer,
    /// The peer did not answer a ping in time.
    PingTimeout,
    /// The peer accepted nothing of what was being written for too long.
    WriteTimeout,
    /// The transport ended or failed without a Close frame, or the connection was dropped.
    TransportLost,
}
