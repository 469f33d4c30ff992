//! Everything that a peer is sent: messages, answers to its requests, what others ask it, events.
//!
//! Nothing else of router and peers puts anything into an outbox.

use super::RouterSession;
use crate::WampError;
use crate::base::log::line_later;
use crate::base::message_kind::MessageKind;
use crate::base::statistics::Refusal;
use crate::peering::encode_error;
use crate::peering::payload::CallReply;
use crate::router::dealer::Answer;
use crate::transport::{Class, FramedEvent, Outbox, PushError, infallible};
use serverwamp_proto::codec::{EncodeError, Serializer};
use serverwamp_proto::id::{PublicationId, RegistrationId, RequestId};
use serverwamp_proto::message::{
    Call, ErrorDetails, InterruptMode, InvocationDetails, Message, Passthru, ResultDetails,
    encode_error_with, encode_interrupt, encode_invocation, encode_plain_invocation, encode_published,
    encode_result, encode_result_with,
};
use serverwamp_proto::payload::{Payload, Transcoded};
use serverwamp_proto::uris;
use std::borrow::Cow;

impl RouterSession {
    /// Queues the final answer to a call. A full or closed outbox ends the connection by itself.
    pub(crate) fn send_reply(&self, request: RequestId, reply: &CallReply) {
        match &reply.result {
            Ok(encoded) => match self.check_takes(encoded) {
                Ok(()) => {
                    let queued = self.send_own_result(request, false, encoded);
                    self.answer_unless_queued(request, queued);
                }
                Err(error) => self.send_error(Call::CODE, request, &error),
            },
            // A client's procedure that has no time would be passed over, and so is the application's (RER-02).
            Err(error)
                if error.uri() == uris::error::UNAVAILABLE
                    && self.realm.context.config().access.registers() =>
            {
                self.send_error(Call::CODE, request, &WampError::new(uris::error::NO_AVAILABLE_CALLEE));
            }
            Err(error) => self.send_error(Call::CODE, request, error),
        }
    }

    /// Queues an ERROR for the request `request` of message type `code`.
    pub(crate) fn send_error(&self, request_type: u64, request: RequestId, error: &WampError) {
        if request_type == Call::CODE {
            self.log_answered(request, error.uri(), || error.message());
        }
        let kind = MessageKind::error(request_type, error);
        let push = |error: &WampError| {
            let encode = infallible(|out| encode_error(self.serializer, request_type, request, error, out));
            self.push(Class::Required, kind, encode)
        };
        if let Err(PushError::TooLong) = push(error) {
            let why = format_args!("the error {} is longer than the peer accepts", error.uri());
            self.realm.context.counters.refused_under_lock(Refusal::OutgoingMessageBytes, self, why);
            // Its name alone, or, for those who take next to nothing, the reason why not even that.
            let short =
                [WampError::new(error.uri().to_owned()), WampError::new(uris::error::PAYLOAD_SIZE_EXCEEDED)];
            let _sent = short.iter().any(|error| push(error) != Err(PushError::TooLong));
        }
    }

    /// Says to a caller that the answer was longer than it takes (checklist RAW-16), or found no room (PCR-11), if that is
    /// what became of it.
    fn answer_unless_queued<E>(&self, request: RequestId, queued: Result<(), PushError<E>>) {
        match queued {
            Err(PushError::TooLong) => {
                let error = self.too_long("the answer is longer than the caller accepts");
                self.send_error(Call::CODE, request, &error);
            }
            Err(PushError::Full) => self.send_error(Call::CODE, request, &self.unread()),
            Ok(()) | Err(PushError::Closed | PushError::Encode(_)) => {
                self.log_answered(request, "result", || None::<&str>)
            }
        }
    }

    /// Queues a message.
    pub(crate) fn send(&self, message: &Message<'_>) {
        queue(&self.outbox, self.serializer, message);
        if self.is_tapped() {
            self.tap_message(message);
        }
    }

    /// Queues a final RESULT or ERROR of a client. A full or closed outbox ends the connection by itself.
    pub(crate) fn send_answer(&self, request: RequestId, answer: &Answer<'_>) {
        let serializer = self.serializer();
        let unsayable = |error| {
            self.count_unsayable();
            line_later!(
                WARN,
                "call",
                "an answer cannot be transcoded for its caller",
                session = self.id(),
                error = error
            );
            let text = "this serializer cannot represent the answer";
            self.send_error(Call::CODE, request, &WampError::invalid_payload(text));
        };
        match answer {
            Answer::Result { payload, passthru: None } if payload.serializer == serializer => {
                let queued = self.send_plain_result(request, false, &payload.args, &payload.kwargs);
                self.answer_unless_queued(request, queued);
            }
            Answer::Result { payload, passthru } => {
                let details = ResultDetails {
                    passthru: passthru.map(|passthru| Box::new(passthru.clone())),
                    ..ResultDetails::default()
                };
                match self.send_result(request, &details, payload) {
                    Err(PushError::Encode(error)) => unsayable(error),
                    queued => self.answer_unless_queued(request, queued),
                }
            }
            Answer::Error { error, payload, passthru } => {
                self.log_answered(request, error, || payload.arg::<Cow<'_, str>>().ok());
                match self.send_foreign_error(request, error, payload, *passthru) {
                    Err(PushError::Encode(error)) => unsayable(error),
                    // Its name alone may be short enough.
                    Err(PushError::TooLong | PushError::Full) => {
                        self.send_error(Call::CODE, request, &WampError::new(error.to_string()));
                    }
                    Ok(()) | Err(PushError::Closed) => {}
                }
            }
            Answer::Refusal(error) => self.send_error(Call::CODE, request, error),
        }
    }

    /// Queues an ERROR of a client for a call, whose arguments are left out if they cannot be carried over.
    fn send_foreign_error(
        &self,
        request: RequestId,
        error: &str,
        payload: &Payload,
        passthru: Option<&Passthru>,
    ) -> Result<(), PushError<EncodeError>> {
        let serializer = self.serializer();
        let details = ErrorDetails {
            passthru: passthru.map(|passthru| Box::new(passthru.clone())),
            ..ErrorDetails::default()
        };
        let payload = payload.transcoded(serializer).unwrap_or_else(|problem| {
            self.count_unsayable();
            line_later!(
                WARN,
                "call",
                "the arguments of an error cannot be transcoded and are left out",
                session = self.id(),
                error = problem
            );
            Transcoded::nothing()
        });
        let (args, kwargs) = (&payload.args, &payload.kwargs);
        self.push(Class::Answer, MessageKind::call_error(error), |out| {
            encode_error_with(serializer, Call::CODE, request, &details, error, args, kwargs, out)
        })
    }

    /// Queues a progressive result of a client.
    ///
    /// # Errors
    /// What the call ends with, when the caller cannot have it.
    pub(crate) fn send_progress_of(
        &self,
        request: RequestId,
        details: &ResultDetails,
        payload: &Payload,
    ) -> Result<(), WampError> {
        match self.send_result(request, details, payload) {
            // A closed connection is about to end all its calls anyway.
            Ok(()) | Err(PushError::Closed) => Ok(()),
            Err(PushError::Full) => Err(self.unread()),
            Err(PushError::Encode(error)) => {
                self.count_unsayable();
                line_later!(
                    WARN,
                    "call",
                    "a progressive result cannot be transcoded, the call is ended",
                    session = self.id(),
                    error = error
                );
                Err(WampError::invalid_payload("this serializer cannot represent a progressive result"))
            }
            Err(PushError::TooLong) => {
                Err(self.too_long("a progressive result is longer than the caller accepts"))
            }
        }
    }

    /// Queues a RESULT with details, carried over into the caller's serializer.
    fn send_result(
        &self,
        request: RequestId,
        details: &ResultDetails,
        payload: &Payload,
    ) -> Result<(), PushError<EncodeError>> {
        let serializer = self.serializer();
        let payload = payload.transcoded(serializer)?;
        self.push(Class::Answer, MessageKind::of_result(details.progress), |out| {
            encode_result_with(serializer, request, details, &payload.args, &payload.kwargs, out)
        })
    }

    /// Queues a progressive result of the application.
    ///
    /// # Errors
    /// When the caller is gone, or takes no message of this length.
    pub(crate) fn send_progress(&self, request: RequestId, encoded: &Payload) -> Result<(), WampError> {
        self.check_takes(encoded)?;
        self.send_own_result(request, true, encoded).map_err(|error| match error {
            PushError::TooLong => self.too_long("the progressive result is longer than the caller accepts"),
            PushError::Full => self.unread(),
            PushError::Closed => WampError::call_canceled(),
            PushError::Encode(never) => match never {},
        })
    }

    /// Queues a RESULT of the application, whose arguments are in the session's serializer.
    #[inline]
    fn send_own_result(
        &self,
        request: RequestId,
        progress: bool,
        payload: &Payload,
    ) -> Result<(), PushError> {
        let Payload { args, kwargs, passthru, .. } = payload;
        if passthru.is_none() {
            return self.send_plain_result(request, progress, args, kwargs);
        }
        let details = ResultDetails { progress, passthru: passthru.clone(), ..ResultDetails::default() };
        let encode = |out: &mut Vec<u8>| {
            let encoded = encode_result_with(self.serializer(), request, &details, args, kwargs, out);
            debug_assert!(encoded.is_ok(), "details of plain texts can be written in every serializer");
        };
        self.push(Class::Answer, MessageKind::of_result(progress), infallible(encode))
    }

    /// Queues a RESULT without details, whose arguments are in the session's serializer.
    #[inline]
    fn send_plain_result(
        &self,
        request: RequestId,
        progress: bool,
        args: &[u8],
        kwargs: &[u8],
    ) -> Result<(), PushError> {
        let serializer = self.serializer();
        self.push(
            Class::Answer,
            MessageKind::of_result(progress),
            infallible(|out| encode_result(serializer, request, progress, args, kwargs, out)),
        )
    }

    /// Queues an INVOCATION, the first of a call or a further one.
    pub(crate) fn send_invocation(
        &self,
        invocation: RequestId,
        registration: RegistrationId,
        details: &InvocationDetails<'_>,
        payload: &Transcoded<'_>,
    ) -> Result<(), PushError> {
        let serializer = self.serializer();
        let (args, kwargs) = (&payload.args, &payload.kwargs);
        let encode = |out: &mut Vec<u8>| {
            let encoded = encode_invocation(serializer, invocation, registration, details, args, kwargs, out);
            debug_assert!(
                encoded.is_ok(),
                "details of plain texts and numbers can be written in every serializer"
            );
        };
        self.push(Class::Refusable, MessageKind::Invocation, infallible(encode))
    }

    /// Queues an INVOCATION without details, whose arguments are in the session's serializer.
    #[inline]
    pub(crate) fn send_plain_invocation(
        &self,
        invocation: RequestId,
        registration: RegistrationId,
        payload: &Payload,
    ) -> Result<(), PushError> {
        let (serializer, args, kwargs) = (self.serializer(), &payload.args, &payload.kwargs);
        let encode = |out: &mut Vec<u8>| {
            encode_plain_invocation(serializer, invocation, registration, args, kwargs, out)
        };
        self.push(Class::Refusable, MessageKind::Invocation, infallible(encode))
    }

    /// Queues an INTERRUPT. A connection that is closed needs none.
    pub(crate) fn send_interrupt(&self, invocation: RequestId, mode: InterruptMode) {
        let serializer = self.serializer();
        let encode = infallible(|out| encode_interrupt(serializer, invocation, mode, out));
        let _closed = self.push(Class::Required, MessageKind::Interrupt, encode);
    }

    /// Queues a PUBLISHED.
    pub(crate) fn send_published(&self, request: RequestId, publication: PublicationId) {
        let serializer = self.serializer();
        let encode = infallible(|out| encode_published(serializer, request, publication, out));
        let _closed = self.push(Class::Required, MessageKind::Published, encode);
    }

    /// Queues an EVENT that is already encoded, and returns whether it is not lost.
    pub(crate) fn queue_event(&self, event: &[u8]) -> bool {
        let is_queued = self.outbox.push_event(event, None).is_ok();
        if self.is_tapped() && is_queued && self.realm.context.taps.notice(self.id()) {
            self.tap_sent(event);
        }
        is_queued
    }

    /// The same for one of many who get the event, and who have to be woken if they come to be among those `asleep`.
    #[inline]
    pub(crate) fn queue_framed_event(&self, event: &FramedEvent, asleep: Option<&mut Vec<Outbox>>) -> bool {
        let is_queued = self.outbox.push_framed_event(event, asleep).is_ok();
        if self.is_tapped() && is_queued && self.realm.context.taps.notice(self.id()) {
            self.tap_sent(event.message());
        }
        is_queued
    }

    /// Everything but events goes through here.
    #[inline]
    fn push<E>(
        &self,
        class: Class,
        counted: MessageKind,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), PushError<E>> {
        if self.is_tapped() {
            return self.push_tapped(class, counted, encode);
        }
        self.outbox.push_counted(class, counted, encode)
    }

    /// The same while somebody looks: a copy is kept of what finds room. It is locked, and an outbox is the last that may be.
    #[cold]
    fn push_tapped<E>(
        &self,
        class: Class,
        counted: MessageKind,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), PushError<E>> {
        let is_wanted = self.realm.context.taps.notice(self.id());
        let is_counted = counted.outcome().is_some() && self.realm.context.taps.are_watched();
        let mut copy = (is_wanted || is_counted).then(Vec::new);
        self.outbox.push_counted(class, counted, |out| {
            let start = out.len();
            encode(out)?;
            copy.iter_mut().for_each(|copy| copy.extend_from_slice(&out[start..]));
            Ok(())
        })?;
        copy.into_iter().for_each(|copy| self.tap_queued(copy.into(), is_wanted, is_counted));
        Ok(())
    }
}

/// Queues a message. A full or closed outbox ends the connection by itself; so does a message that the peer does not
/// take, because there is no protocol without it.
pub(crate) fn queue(outbox: &Outbox, serializer: Serializer, message: &Message<'_>) {
    if !queue_unless_too_long(outbox, serializer, message) {
        line_later!(
            WARN,
            "refused",
            "the peer accepts only messages too short for one it must receive",
            message = message.name()
        );
        outbox.close(1009, "the peer accepts only messages that are too short");
    }
}

/// As [`queue`], but a message that the peer does not take is not sent, and `false`.
pub(crate) fn queue_unless_too_long(outbox: &Outbox, serializer: Serializer, message: &Message<'_>) -> bool {
    let kind = MessageKind::sent(message);
    match outbox.push_counted(Class::Required, kind, |out| message.encode(serializer, out)) {
        Ok(()) | Err(PushError::Closed | PushError::Full) => true,
        Err(PushError::Encode(error)) => {
            line_later!(
                ERROR,
                "internal",
                "a message cannot be encoded and is not sent",
                message = message.name(),
                error = error
            );
            true
        }
        Err(PushError::TooLong) => false,
    }
}
