//! Hands over received messages, one after the other, as long as the handler, the outbox and the turn allow.
//!
//! Invariant: nothing is handed over once the connection closes.

use std::time::Instant;

use bytes::Bytes;
use hyper::rt::{Read, Write};
use serverwamp_proto::websocket::{Event, InPlace, Opcode};

use super::Connection;
use crate::transport::budget::Budget;
use crate::transport::run_queue::Stopped;
use crate::transport::{EndReason, Flow, MessageHandler};

impl<IO: Read + Write + Unpin, H: MessageHandler> Connection<IO, H> {
    /// Hands over what was received.
    pub(super) fn deliver(&mut self, now: Instant, budget: &mut Budget) -> Stopped {
        loop {
            if self.closing.is_some() {
                return self.skip();
            }
            if self.output.outbox().is_closed() {
                return Stopped::Closing;
            }
            if self.is_paused() {
                return Stopped::Paused;
            }
            if budget.wants_time() {
                if !budget.is_spent() && self.has_nothing() {
                    return Stopped::NeedsInput;
                }
                budget.look(self.timer.now());
            }
            if budget.is_spent() {
                return Stopped::BudgetSpent;
            }
            budget.pay_event();
            if let Some(records) = &mut self.records {
                match self.output.outbox().next_record(records) {
                    Some(Ok(record)) => {
                        self.message(record, self.output.outbox().framing().kind(), budget, now)
                    }
                    Some(Err(error)) => self.violation(&error.to_string(), 1002, now),
                    None => self.records = None,
                }
                continue;
            }
            self.decoder.limit(self.settings.max_message.min(self.handler.longest_message()));
            let decoded = match self.decoder.decode_in_place(self.input.unread()) {
                Ok(Some(message)) => match self.in_place(&message, budget, now) {
                    true => {
                        self.input.pass(message.size());
                        continue;
                    }
                    false => Ok(Some(message.take(self.input.received()))),
                },
                Ok(None) => self.decoder.decode(self.input.received()),
                Err(failure) => Err(failure),
            };
            match decoded {
                Ok(Some(event)) => self.on_event(event, budget, now),
                Ok(None) => return Stopped::NeedsInput,
                Err(failure) if failure.code == 1009 && self.passes_over() => {}
                Err(failure) => self.violation(&failure.reason, failure.code, now),
            }
        }
    }

    /// Returns whether the beginning of a message that is too long is looked at, rather than nothing of it.
    fn passes_over(&mut self) -> bool {
        let (most, batch) = (self.handler.passes_over(), self.output.outbox().framing().batch());
        self.decoder.pass_over(most, batch)
    }

    /// Returns whether nothing can be handed over before more is received.
    fn has_nothing(&self) -> bool {
        self.records.is_none() && self.input.is_empty() && !self.decoder.holds_more()
    }

    /// While closing, only the peer's Close frame matters.
    fn skip(&mut self) -> Stopped {
        self.records = None;
        while let Ok(Some(event)) = self.decoder.decode(self.input.received()) {
            if let (Event::Close { .. }, Some(closing)) = (event, &mut self.closing) {
                closing.on_close();
            }
        }
        Stopped::Closing
    }

    /// Hands over a message where it is. Returns whether it was taken; it is so short that its length costs nothing.
    #[inline]
    fn in_place(&mut self, message: &InPlace, budget: &mut Budget, now: Instant) -> bool {
        let kind = message.opcode();
        if !self.output.outbox().framing().is_one_message(kind) {
            return false;
        }
        let message = message.message(self.input.unread());
        let Some(flow) = self.handler.message_in_place(message, kind, now) else { return false };
        self.handled(flow, budget);
        true
    }

    #[inline]
    fn on_event(&mut self, event: Event, budget: &mut Budget, now: Instant) {
        let framing = self.output.outbox().framing();
        match event {
            Event::Text(message) => self.whole(message, Opcode::Text, budget, now),
            Event::Binary(message) => self.whole(message, Opcode::Binary, budget, now),
            Event::Record { text: true, .. } if !framing.accepts(Opcode::Text) => {
                self.wrong_kind(Opcode::Text, now);
            }
            Event::Record { text: false, .. } if !framing.accepts(Opcode::Binary) => {
                self.wrong_kind(Opcode::Binary, now);
            }
            Event::Record { message, separator, .. } => {
                self.output.outbox().note_separator(separator);
                budget.pay_message(message.len());
                self.message(message, framing.kind(), budget, now);
            }
            Event::Ping(payload) if payload.len() > framing.longest() => {
                self.violation("ping whose pong would be longer than its sender accepts", 1009, now);
            }
            Event::Ping(payload) => self.output.pong(&payload),
            // A pong only shows that the peer is alive, which any frame does.
            Event::Pong(_) => {}
            Event::TooLong(one) => {
                if !self.handler.too_long(&one.head, &one.failure.reason, now) {
                    self.violation(&one.failure.reason, one.failure.code, now);
                }
            }
            Event::Passing(bytes) => budget.pay_message(bytes),
            Event::Close { code, .. } => {
                // One that says no code has nothing to object to.
                self.close(code.unwrap_or(1000), "");
                self.end(EndReason::PeerClosed { code });
                self.closing(now).on_close();
            }
        }
    }

    /// A message as its frame or its frames brought it: one for the handler, or a batch of them.
    #[inline]
    fn whole(&mut self, message: Bytes, kind: Opcode, budget: &mut Budget, now: Instant) {
        if !self.output.outbox().framing().accepts(kind) {
            return self.wrong_kind(kind, now);
        }
        budget.pay_message(message.len());
        match self.output.outbox().framing().records(message) {
            Ok(records) => self.records = Some(records),
            Err(message) => self.message(message, kind, budget, now),
        }
    }

    #[inline]
    fn message(&mut self, message: Bytes, kind: Opcode, budget: &mut Budget, now: Instant) {
        let secret = self.handler.expects_secret().then(|| message.clone());
        let flow = self.handler.message(message, kind, now);
        if let Some(secret) = secret {
            self.input.wipe(secret);
        }
        self.handled(flow, budget);
    }

    #[inline]
    fn handled(&mut self, flow: Flow, budget: &mut Budget) {
        match flow {
            Flow::Continue => {}
            Flow::Pause => self.busy = true,
        }
        if budget.pay_charged() {
            self.heed();
        }
    }

    fn wrong_kind(&mut self, kind: Opcode, now: Instant) {
        let description = match kind {
            Opcode::Text => "text message, but the subprotocol uses binary messages",
            _ => "binary message, but the subprotocol uses text messages",
        };
        self.violation(description, 1002, now);
    }

    fn violation(&mut self, description: &str, code: u16, now: Instant) {
        self.handler.violation(description, code);
        self.output.outbox().close(code, description.to_owned());
        self.end(EndReason::Violation { code });
        self.closing(now).on_violation();
    }
}
