//! Pushing a message into the outbox, and the treatment of one that does not fit.
//!
//! Invariant: a message that is refused leaves nothing behind.

use std::sync::atomic::Ordering;
use std::task::Waker;

use serverwamp_proto::websocket::Opcode;

use super::frames::Draft;
use super::room::Amount;
use super::{Class, Outbox, OutboxEnd, PATIENT, PushError, Queue};
use crate::Overflow;
use crate::base::locks::MutexGuard;
use crate::base::message_kind::MessageKind;

impl Outbox {
    pub(super) fn append<E>(
        &self,
        (class, counted): (Class, MessageKind),
        kind: Opcode,
        expected: usize,
        asleep: Option<&mut Vec<Self>>,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), PushError<E>> {
        let shared = &*self.0;
        let mut queue = self.lock();
        if queue.end.is_some() {
            return Err(PushError::Closed);
        }
        let message = (kind, class == Class::Event, expected);
        let draft = queue
            .frames
            .encode(&shared.framing, &shared.separator, message, encode)
            .map_err(PushError::Encode)?;
        if draft.message() > queue.longest {
            return self.too_long(queue, &draft, class).map_err(PushError::widen);
        }
        let Amount { bytes, messages } = queue.queued;
        let total = Amount { bytes: bytes + queue.frames.length(&draft), messages: messages + 1 };
        if !queue.room.is_there(total) {
            return self
                .append_to_much(queue, draft, (class, counted), kind, total)
                .map_err(PushError::widen);
        }
        self.commit(queue, &draft, (class, counted), kind, asleep);
        Ok(())
    }

    /// With the draft there is a total of a quarter of the limit or more.
    #[cold]
    fn append_to_much(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        draft: Draft,
        (class, counted): (Class, MessageKind),
        kind: Opcode,
        total: Amount,
    ) -> Result<(), PushError> {
        let begins = self.press(&mut queue);
        let bound = queue.room.bound(class, self.0.overflow);
        let appended = if total.exceeds(bound) && !self.borrow(&mut queue, class, total, bound) {
            self.overflow(queue, draft, (class, counted), kind, (total, bound))
        } else {
            self.commit(queue, &draft, (class, counted), kind, None);
            Ok(())
        };
        if appended.is_ok() {
            self.note_sender();
        }
        if begins {
            self.0.writer.wake();
        }
        appended
    }

    #[inline]
    pub(super) fn commit(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        draft: &Draft,
        (class, counted): (Class, MessageKind),
        kind: Opcode,
        asleep: Option<&mut Vec<Self>>,
    ) {
        let added = queue.frames.commit(draft, kind, class == Class::Event);
        self.0.traffic.pushed(counted);
        let Amount { bytes, messages } = queue.queued;
        self.set_queued(&mut queue, Amount { bytes: bytes + added, messages: messages + 1 });
        // A connection falls asleep under the lock with an empty queue, so either it finds this push or this push finds it asleep.
        let sleeps = self.0.sleeps.load(Ordering::Relaxed);
        if sleeps
            && queue.queued.bytes < PATIENT
            && let Some(asleep) = asleep
        {
            if !std::mem::replace(&mut queue.in_crowd, true) {
                asleep.push(self.clone());
            }
            return;
        }
        if sleeps {
            self.0.sleeps.store(false, Ordering::Relaxed);
        }
        drop(queue);
        if sleeps {
            self.0.writer.wake();
        }
    }

    /// The draft is longer than the peer accepts (checklist RAW-16).
    #[cold]
    fn too_long(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        draft: &Draft,
        class: Class,
    ) -> Result<(), PushError> {
        queue.frames.undo(draft);
        drop(queue);
        if class == Class::Event {
            self.0.traffic.lost_for_length();
            self.lose(1);
        }
        Err(PushError::TooLong)
    }

    /// With the draft there is a total of more than the bound.
    #[cold]
    fn overflow(
        &self,
        mut queue: MutexGuard<'_, Queue>,
        mut draft: Draft,
        (class, counted): (Class, MessageKind),
        kind: Opcode,
        total_and_bound: (Amount, Amount),
    ) -> Result<(), PushError> {
        if queue.frames.are_removable() {
            let Queue { frames, room, .. } = &mut *queue;
            draft = match frames.make_room(draft, kind, total_and_bound, |excess| room.at_once(excess)) {
                Ok((draft, removed)) => {
                    let waiting = self.subtract(&mut queue, removed);
                    self.commit(queue, &draft, (class, counted), kind, None);
                    waiting.into_iter().for_each(Waker::wake);
                    self.lose_for_room(u64::try_from(removed.messages).unwrap_or(u64::MAX));
                    return Ok(());
                }
                Err(draft) => draft,
            };
        }
        queue.frames.undo(&draft);
        drop(queue);
        match class {
            Class::Refusable | Class::Answer => Err(PushError::Full),
            Class::Event if self.0.overflow != Overflow::CloseSession => {
                self.lose_for_room(1);
                Err(PushError::Full)
            }
            Class::Event | Class::Required => {
                self.end(OutboxEnd::Overflow);
                Err(PushError::Closed)
            }
        }
    }

    fn lose_for_room(&self, events: u64) {
        self.0.traffic.lost_for_room(events);
        self.lose(events);
    }

    fn lose(&self, events: u64) {
        let before = self.0.lost.fetch_add(events, Ordering::Relaxed);
        if before == 0 && events > 0 {
            // So that somebody says so; later losses are looked at whenever the connection runs.
            self.0.writer.wake();
        }
    }
}
