//! What a session is sent: answers to its requests, and messages.

use super::Session;
use crate::WampError;
use crate::base::log::line_later;
use crate::base::statistics::Refusal;
use crate::router::payload::CallReply;
use crate::router::wire;
use crate::transport::PushError;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message::{Call, Message, encode_result};
use serverwamp_proto::uris;

impl Session {
    /// Queues the final answer to a call. A full or closed outbox ends the connection by itself.
    pub(crate) fn send_reply(&self, request: RequestId, reply: &CallReply) {
        match &reply.0 {
            Ok(encoded) => {
                let queued = self.0.outbox.push(|out| {
                    encode_result(self.0.serializer, request, false, &encoded.args, &encoded.kwargs, out);
                });
                self.answer_too_long(request, queued);
            }
            // A client's procedure that has no time would be passed over, and so is the application's (RER-02).
            Err(error)
                if error.uri() == uris::error::UNAVAILABLE
                    && self.0.realm.context.config().permissions.register =>
            {
                self.send_error(Call::CODE, request, &WampError::new(uris::error::NO_AVAILABLE_CALLEE));
            }
            Err(error) => self.send_error(Call::CODE, request, error),
        }
    }

    /// The answer to a call, at the level of calls: `"result"`, or an error's URI. Locks may be held.
    pub(crate) fn log_answered(&self, request: RequestId, outcome: &str) {
        line_later!(
            DEBUG,
            "call",
            "a call is answered",
            session = self.id(),
            request = request,
            outcome = outcome
        );
    }

    /// Queues an ERROR for the request `request` of message type `code`.
    pub(crate) fn send_error(&self, request_type: u64, request: RequestId, error: &WampError) {
        if request_type == Call::CODE {
            self.log_answered(request, error.uri());
        }
        let push = |error: &WampError| {
            self.0.outbox.push(|out| wire::error(self.0.serializer, request_type, request, error, out))
        };
        if let Err(PushError::TooLong) = push(error) {
            let why = format_args!("the error {} is longer than the peer takes", error.uri());
            self.0.realm.context.counters.refused_under_lock(Refusal::OutgoingMessageBytes, self, why);
            // Its name alone, or, for those who take next to nothing, the reason why not even that.
            let short =
                [WampError::new(error.uri().to_owned()), WampError::new(uris::error::PAYLOAD_SIZE_EXCEEDED)];
            let _sent = short.iter().any(|error| push(error) != Err(PushError::TooLong));
        }
    }

    /// Says to a caller that the answer was longer than it takes, if that is what became of it (checklist RAW-16).
    pub(crate) fn answer_too_long<E>(&self, request: RequestId, queued: Result<(), PushError<E>>) {
        if let Err(PushError::TooLong) = queued {
            let error = self.too_long("the answer is longer than the caller takes");
            self.send_error(Call::CODE, request, &error);
        } else {
            self.log_answered(request, "result");
        }
    }

    /// A message to this session was too long, and this is what its sender, or who waits for it, is told in its place.
    pub(crate) fn too_long(&self, text: &str) -> WampError {
        self.0.realm.context.counters.refused_under_lock(Refusal::OutgoingMessageBytes, self, text);
        WampError::payload_size_exceeded(text)
    }

    /// Queues a message.
    pub(crate) fn send(&self, message: &Message<'_>) {
        wire::queue(&self.0.outbox, self.0.serializer, message);
    }
}
