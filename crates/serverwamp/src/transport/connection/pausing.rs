//! When nothing is read from a peer: while its handler is busy, much waits for it, or much waits for others because of it.
//!
//! Invariant: messages queued for a paused peer are written all the same, and a pause ends when its reason does.

use std::task::Context;
use std::time::Instant;

use hyper::rt::{Read, Write};

use super::Connection;
use crate::transport::MessageHandler;
use crate::transport::pause::{self, Pause};

impl<IO: Read + Write + Unpin, H: MessageHandler> Connection<IO, H> {
    #[inline]
    pub(super) fn is_paused(&self) -> bool {
        self.busy
            || self.pause.is_some()
            || self.output.owes_pong()
            || !self.output.outbox().has_room() && !self.output.outbox().is_slow_with_room()
    }

    /// Pauses for those whose outboxes were filled, if any were. Its own is none of them: as long as that has no room, nothing
    /// is read anyway.
    #[cold]
    pub(super) fn heed(&mut self) {
        let mut receivers = pause::noted();
        receivers.retain(|receiver| !receiver.is(self.output.outbox()));
        if receivers.is_empty() {
            return;
        }
        match &mut self.pause {
            Some(pause) => pause.extend(receivers),
            None => {
                self.pause = Some(Pause::new(receivers));
                self.handler.paused();
            }
        }
    }

    /// Tells the handler that nothing is read, unless that is its own wish.
    pub(super) fn leave_unread(&mut self, now: Instant) {
        if !self.busy && !std::mem::replace(&mut self.unread, true) {
            self.handler.unread(now);
        }
    }

    /// Tells the handler that what comes is read again.
    #[cold]
    pub(super) fn read_again(&mut self, now: Instant) {
        self.unread = false;
        self.handler.read_again(now);
    }

    /// Goes on if the receivers have room. Otherwise the task will be woken when they do.
    #[inline]
    pub(super) fn poll_pause(&mut self, cx: &Context<'_>) {
        if let Some(pause) = &mut self.pause
            && (!self.handler.may_pause() || pause.poll(cx).is_ready())
        {
            self.resumed = self.pause.take();
        }
    }
}
