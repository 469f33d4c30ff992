//! The frames that wait for one peer, and which of them are events, which may have to give way.
//!
//! In go messages, which are encoded in place and then either committed or undone; out go all bytes at once. Where
//! events may be removed, their places are kept, and a batch holds either events or other messages.
//!
//! Invariant: between calls there are whole frames only, in the order of the commits, but for the batch that is open at
//! the end; removing events changes neither the other frames nor their order.

use std::sync::OnceLock;

use serverwamp_proto::rawsocket;
use serverwamp_proto::websocket::Opcode;
use serverwamp_proto::websocket::batch::{Separator, begin_record, finish_record};
use serverwamp_proto::websocket::frame::{self, Mark};

use super::Amount;
use crate::transport::Framing;

/// A batch that is longer than this is complete: its receiver has to hold all of it before it sees the first message.
const LONG_BATCH: usize = 32 * 1024;

/// The longest header of a frame, and by how much closing a batch can make it shorter.
pub(super) const HEADER: usize = 10;
const SAVED: usize = 2;

/// Places of events that are kept room for after a burst.
const KEPT_PLACES: usize = 1024;

/// Frames, one behind the other.
#[derive(Debug)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// The batch at the end of `bytes` that further messages join.
    batch: Option<Mark>,
    /// Bytes by which batches became shorter when they were completed, and that nobody was told of.
    saved: usize,
    /// Whether events may be removed; otherwise the fields below stay as they are.
    removable: bool,
    /// The positions of the frames with events, in their order.
    events: Vec<Place>,
    /// The total of those.
    removable_events: Amount,
    /// Events in the open batch: all that is in it, or none.
    batch_events: u32,
}

/// A frame of events.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: usize,
    len: u32,
    events: u32,
}

impl Place {
    const fn len(self) -> usize {
        self.len as usize
    }

    const fn end(self) -> usize {
        self.start + self.len()
    }
}

/// A message that was encoded and is not committed. Nothing else may happen to the frames before it is, or is undone.
#[derive(Debug)]
#[must_use = "a message is committed or undone"]
pub(super) struct Draft {
    start: usize,
    /// The batch it is in.
    batch: Option<Mark>,
    /// Bytes of the message itself.
    message: usize,
}

impl Draft {
    /// Bytes of the message, without what frames it.
    #[inline]
    pub(super) const fn message(&self) -> usize {
        self.message
    }

    /// Returns whether it joined a batch that was open already.
    fn joins(&self) -> bool {
        self.batch.is_some_and(|mark| mark.start() < self.start)
    }

    /// Its start after the header of the batch that it opens.
    fn record(&self) -> usize {
        self.batch.map_or(self.start, |mark| mark.body().max(self.start))
    }
}

impl Frames {
    /// No frames; events can be removed from among them if they are `removable`.
    pub(super) const fn new(removable: bool) -> Self {
        Self {
            bytes: Vec::new(),
            batch: None,
            saved: 0,
            removable,
            events: Vec::new(),
            removable_events: Amount { bytes: 0, messages: 0 },
            batch_events: 0,
        }
    }

    /// Returns whether events can be removed.
    pub(super) const fn are_removable(&self) -> bool {
        self.removable
    }

    /// Adds a message, the bytes that `encode` appends; when that fails or panics, nothing is left of it.
    #[inline]
    pub(super) fn encode<E>(
        &mut self,
        framing: &Framing,
        separator: &OnceLock<Separator>,
        (kind, event, expected): (Opcode, bool, usize),
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Draft, E> {
        if self.removable && self.batch.is_some() && event != (self.batch_events > 0) {
            self.finish_batch(kind);
        }
        let mut entry = Uncommitted { start: self.bytes.len(), bytes: &mut self.bytes, complete: false };
        let start = entry.start;
        let draft = match *framing {
            Framing::RawSocket { .. } => {
                let start = rawsocket::frame::begin(entry.bytes);
                let message = entry.append(encode)?;
                rawsocket::frame::finish(entry.bytes, start, rawsocket::FrameKind::Message);
                Draft { start, batch: None, message }
            }
            Framing::WebSocket { batch: None, .. } => {
                let mark = frame::begin_sized(entry.bytes, expected);
                let message = entry.append(encode)?;
                frame::finish(entry.bytes, mark, kind, false);
                Draft { start, batch: None, message }
            }
            Framing::WebSocket { batch: Some(serializer), .. } => {
                let mark = self.batch.unwrap_or_else(|| frame::begin_sized(entry.bytes, LONG_BATCH));
                let begun = begin_record(serializer, entry.bytes);
                let message = entry.append(encode)?;
                let separator = separator.get().copied().unwrap_or_default();
                finish_record(serializer, separator, entry.bytes, begun);
                Draft { start, batch: Some(mark), message }
            }
        };
        entry.complete = true;
        Ok(draft)
    }

    /// Adds a message of so many bytes that is framed already, where messages are in no batches.
    #[inline]
    pub(super) fn append_frame(&mut self, frame: &[u8], message: usize) -> Draft {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(frame);
        Draft { start, batch: None, message }
    }

    /// By how many bytes the draft made the frames longer.
    #[inline]
    pub(super) const fn length(&self, draft: &Draft) -> usize {
        self.bytes.len() - draft.start
    }

    /// Makes the draft a message that waits, and returns by how many bytes that made the frames longer.
    #[inline]
    pub(super) fn commit(&mut self, draft: &Draft, kind: Opcode, event: bool) -> usize {
        let counts = self.removable && event;
        match draft.batch {
            None if counts => self.note_events(draft.start, 1),
            None => {}
            Some(mark) => {
                self.batch = draft.batch;
                self.batch_events += u32::from(counts);
                if self.bytes.len() - mark.start() > LONG_BATCH {
                    self.finish_batch(kind);
                }
            }
        }
        self.bytes.len() - draft.start
    }

    /// Takes the draft back.
    pub(super) fn undo(&mut self, draft: &Draft) {
        self.bytes.truncate(draft.start);
    }

    /// Removes events from the front until the draft fits, which makes a `total` of more than `bound`; as many as
    /// `at_once` says if there are so many, because everything behind them has to move. If that would not do, nothing is
    /// removed and the draft comes back.
    pub(super) fn make_room(
        &mut self,
        draft: Draft,
        kind: Opcode,
        (mut total, bound): (Amount, Amount),
        at_once: impl FnOnce(Amount) -> Amount,
    ) -> Result<(Draft, Amount), Draft> {
        // A draft that joined a batch gets one of its own, because the batch may have to go.
        total.bytes += if draft.joins() { HEADER } else { 0 };
        let excess = total.beyond(bound);
        if excess.exceeds(self.removable_before(&draft)) {
            return Err(draft);
        }
        let message = self.bytes.split_off(draft.record());
        self.undo(&draft);
        self.finish_batch(kind);
        let removed = self.remove_events(excess.max(at_once(excess)));
        let start = self.bytes.len();
        let batch = draft.batch.map(|_| frame::begin_sized(&mut self.bytes, LONG_BATCH));
        self.bytes.extend_from_slice(&message);
        Ok((Draft { start, batch, message: draft.message }, removed))
    }

    /// At least so much in events can be removed.
    fn removable_before(&self, draft: &Draft) -> Amount {
        let Amount { bytes, messages } = self.removable_events;
        let open = match self.batch {
            Some(mark) if self.batch_events > 0 => (draft.start - mark.start()).saturating_sub(SAVED),
            _ => 0,
        };
        Amount { bytes: bytes + open, messages: messages + self.batch_events as usize }
    }

    fn remove_events(&mut self, least: Amount) -> Amount {
        let mut removed = Amount::default();
        let mut count = 0;
        while let Some(place) = self.events.get(count)
            && least.exceeds(removed)
        {
            removed.bytes += place.len();
            removed.messages += place.events as usize;
            count += 1;
        }
        let mut to = self.events.first().map_or(self.bytes.len(), |first| first.start);
        for (index, place) in self.events.iter().enumerate().take(count) {
            // The frames between this one and the next one that is removed, or the end.
            let next = self.events.get(index + 1).filter(|_| index + 1 < count);
            let stays = place.end()..next.map_or(self.bytes.len(), |next| next.start);
            let len = stays.len();
            self.bytes.copy_within(stays, to);
            to += len;
        }
        self.bytes.truncate(to);
        self.events.drain(..count);
        self.events.iter_mut().for_each(|place| place.start -= removed.bytes);
        self.removable_events.bytes -= removed.bytes;
        self.removable_events.messages -= removed.messages;
        removed
    }

    /// The frame from `start` to the end consists of events. One of 4 GiB is never removed.
    fn note_events(&mut self, start: usize, events: u32) {
        if let Ok(len) = u32::try_from(self.bytes.len() - start) {
            self.events.push(Place { start, len, events });
            self.removable_events.bytes += self.bytes.len() - start;
            self.removable_events.messages += events as usize;
        }
    }

    /// Completes the batch that is open, if one is. That can make it shorter; only a long batch can become longer, and
    /// those are completed by the commit that made them long.
    fn finish_batch(&mut self, kind: Opcode) {
        let Some(mark) = self.batch.take() else { return };
        let before = self.bytes.len();
        frame::finish(&mut self.bytes, mark, kind, false);
        self.saved += before.saturating_sub(self.bytes.len());
        let events = std::mem::take(&mut self.batch_events);
        if events > 0 {
            self.note_events(mark.start(), events);
        }
    }

    /// Takes all there is in exchange for the empty `writing`, and returns how many bytes fewer that are than were told;
    /// nothing if there is nothing.
    pub(super) fn take(&mut self, kind: Opcode, writing: &mut Vec<u8>) -> Option<usize> {
        if self.bytes.is_empty() {
            return None;
        }
        self.finish_batch(kind);
        std::mem::swap(&mut self.bytes, writing);
        if !self.events.is_empty() {
            self.forget_events();
        }
        Some(std::mem::take(&mut self.saved))
    }

    /// Adds a control frame. Returns by how many bytes that made the frames longer, and how many bytes fewer than were
    /// told stand before it.
    pub(super) fn push_control(
        &mut self,
        framing: &Framing,
        control: Opcode,
        payload: &[u8],
    ) -> (usize, usize) {
        self.finish_batch(framing.kind());
        let before = self.bytes.len();
        framing.push_control(control, payload, &mut self.bytes);
        (self.bytes.len() - before, std::mem::take(&mut self.saved))
    }

    /// Throws everything away.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.removable);
    }

    /// Gives memory back that is not in use.
    pub(super) fn trim(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
            self.events = Vec::new();
        }
    }

    fn forget_events(&mut self) {
        self.removable_events = Amount::default();
        self.events.clear();
        self.events.shrink_to(KEPT_PLACES);
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + self.events.capacity() * size_of::<Place>()
    }
}

/// A message being encoded; taken back unless it is completed, also by a panic.
struct Uncommitted<'a> {
    bytes: &'a mut Vec<u8>,
    start: usize,
    complete: bool,
}

impl Uncommitted<'_> {
    /// Appends the message, and says how long it is.
    #[inline]
    fn append<E>(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<usize, E> {
        let before = self.bytes.len();
        encode(self.bytes)?;
        Ok(self.bytes.len() - before)
    }
}

impl Drop for Uncommitted<'_> {
    fn drop(&mut self) {
        if !self.complete {
            self.bytes.truncate(self.start);
        }
    }
}
