//! The end of a connection: the last bytes out, the closing handshake, and no reset that could overtake them.
//!
//! A socket that is closed while received bytes lie unread answers with a reset, and a reset makes the peer's system
//! throw away what it has not read yet: perhaps the message that says why the connection ended. So this side stops
//! sending first, and reads on for a moment.
//!
//! Invariant: every step has a deadline, so no peer can keep a connection that is closing.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::Write;

use crate::rt::after;

/// The phase of closing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ClosingStep {
    /// The queue is being written, with the Close frame as the last.
    Flush,
    /// The peer's Close frame is awaited.
    AwaitClose,
    /// The sending direction of the transport is being ended.
    Shutdown,
    /// Further input of the peer is read and discarded.
    Linger,
    /// Nothing is left to do.
    Done,
}

#[derive(Debug)]
pub(super) struct Closing {
    step: ClosingStep,
    deadline: Instant,
    timeout: Duration,
    /// The peer will not send anything that matters: it sent Close, broke a rule, or ended its direction.
    peer_done: bool,
    /// The peer may go on sending: it broke a rule, or cannot know yet that the connection ends.
    violated: bool,
    eof: bool,
}

impl Closing {
    /// Queued messages have to be written by `deadline`, each later step takes `timeout` at most. Without goodbyes, nothing
    /// distinguishes the peer's last bytes from others: they are read until it ends its direction.
    pub(super) const fn new(deadline: Instant, timeout: Duration, says_goodbye: bool) -> Self {
        let silent = !says_goodbye;
        Self { step: ClosingStep::Flush, deadline, timeout, peer_done: silent, violated: silent, eof: false }
    }

    /// The peer sent its Close frame.
    pub(super) const fn on_close(&mut self) {
        self.peer_done = true;
    }

    /// The peer broke a rule: its Close frame could not be recognized.
    pub(super) const fn on_violation(&mut self) {
        self.peer_done = true;
        self.violated = true;
    }

    /// The peer ended its direction.
    pub(super) const fn on_eof(&mut self) {
        self.peer_done = true;
        self.eof = true;
    }

    /// There is no use in writing any more.
    pub(super) const fn on_reset(&mut self) {
        self.step = ClosingStep::Done;
    }

    pub(super) const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns whether anything is still to be read.
    pub(super) fn reads(&self) -> bool {
        !self.eof && self.step != ClosingStep::Done
    }

    /// Goes on as far as possible; `written` says that the Close frame is out.
    pub(super) fn advance(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut (impl Write + Unpin),
        written: bool,
        now: Instant,
    ) -> Poll<()> {
        loop {
            let next = match self.step {
                ClosingStep::Flush if written => ClosingStep::AwaitClose,
                ClosingStep::AwaitClose if self.peer_done => ClosingStep::Shutdown,
                ClosingStep::Shutdown => match Pin::new(&mut *io).poll_shutdown(cx) {
                    Poll::Ready(Ok(())) if self.violated => ClosingStep::Linger,
                    Poll::Ready(_) => ClosingStep::Done,
                    Poll::Pending => return Poll::Pending,
                },
                ClosingStep::Linger if self.eof => ClosingStep::Done,
                ClosingStep::Done => return Poll::Ready(()),
                ClosingStep::Flush | ClosingStep::AwaitClose | ClosingStep::Linger => return Poll::Pending,
            };
            self.step = next;
            self.deadline = after(now, self.timeout);
        }
    }

    /// The timer went off.
    pub(super) fn on_time(&mut self, now: Instant) -> Poll<()> {
        if now < self.deadline {
            return Poll::Pending;
        }
        match self.step {
            ClosingStep::AwaitClose => {
                self.step = ClosingStep::Shutdown;
                self.deadline = after(now, self.timeout);
                Poll::Pending
            }
            ClosingStep::Flush | ClosingStep::Shutdown | ClosingStep::Linger | ClosingStep::Done => {
                Poll::Ready(())
            }
        }
    }
}
