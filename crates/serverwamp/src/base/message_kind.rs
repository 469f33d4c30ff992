//! The kinds of messages that a connection counts, one counter each.
//!
//! An answer to a call is a kind of its own for each outcome, so that calls are counted where their answers are queued, and
//! nowhere else.
//!
//! Invariant: each kind belongs to one direction, and to one message of the specification.

use crate::WampError;
use serverwamp_proto::message::{Call, Message};
use serverwamp_proto::uris::error;

/// Seen from the router.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum MessageDirection {
    /// From a client.
    Received,
    /// To a client.
    Sent,
}

impl MessageDirection {
    /// `"received"` or `"sent"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
        }
    }
}

/// The enum, its list, and what is known of each.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $direction:ident $message:literal $($outcome:literal)?,)+) => {
        /// A kind of message, with its place among the counters of a connection.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum MessageKind {
            $($(#[$doc])* $variant,)+
        }

        impl MessageKind {
            /// All of them, in the order of their counters.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            pub(crate) const COUNT: usize = Self::ALL.len();

            /// The direction and the name of the message.
            pub(crate) const fn message(self) -> (MessageDirection, &'static str) {
                match self {
                    $(Self::$variant => (MessageDirection::$direction, $message),)+
                }
            }

            /// What became of a call, if this is the answer to one.
            pub(crate) const fn outcome(self) -> Option<&'static str> {
                match self {
                    $($(Self::$variant => Some($outcome),)?)+
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    Hello Received "HELLO",
    Authenticate Received "AUTHENTICATE",
    PeersAbort Received "ABORT",
    PeersGoodbye Received "GOODBYE",
    CalleesError Received "ERROR",
    Publish Received "PUBLISH",
    Subscribe Received "SUBSCRIBE",
    Unsubscribe Received "UNSUBSCRIBE",
    Call Received "CALL",
    Cancel Received "CANCEL",
    Register Received "REGISTER",
    Unregister Received "UNREGISTER",
    Yield Received "YIELD",
    Welcome Sent "WELCOME",
    Challenge Sent "CHALLENGE",
    Abort Sent "ABORT",
    Goodbye Sent "GOODBYE",
    /// The answer to a request that is no CALL.
    Error Sent "ERROR",
    Published Sent "PUBLISHED",
    Subscribed Sent "SUBSCRIBED",
    Unsubscribed Sent "UNSUBSCRIBED",
    Event Sent "EVENT",
    Registered Sent "REGISTERED",
    Unregistered Sent "UNREGISTERED",
    Invocation Sent "INVOCATION",
    Interrupt Sent "INTERRUPT",
    Progress Sent "RESULT",
    Result Sent "RESULT" "result",
    Failed Sent "ERROR" "error",
    NoSuchProcedure Sent "ERROR" "no_such_procedure",
    NotAuthorized Sent "ERROR" "not_authorized",
    Canceled Sent "ERROR" "canceled",
    TimedOut Sent "ERROR" "timeout",
    Unavailable Sent "ERROR" "unavailable",
    Undeliverable Sent "ERROR" "undeliverable",
    /// What a client of ours sends, or a connection without WAMP.
    Other Sent "",
}

impl MessageKind {
    /// The kind of a RESULT: a call is over with its final result, and with none before.
    pub(crate) const fn of_result(progress: bool) -> Self {
        if progress { Self::Progress } else { Self::Result }
    }

    /// The kind of a message that the router sends.
    pub(crate) fn sent(message: &Message<'_>) -> Self {
        match message {
            Message::Welcome(_) => Self::Welcome,
            Message::Challenge(_) => Self::Challenge,
            Message::Abort(_) => Self::Abort,
            Message::Goodbye(_) => Self::Goodbye,
            Message::Error(_) => Self::Error,
            Message::Published(_) => Self::Published,
            Message::Subscribed(_) => Self::Subscribed,
            Message::Unsubscribed(_) => Self::Unsubscribed,
            Message::Event(_) => Self::Event,
            Message::Registered(_) => Self::Registered,
            Message::Unregistered(_) => Self::Unregistered,
            Message::Invocation(_) => Self::Invocation,
            Message::Interrupt(_) => Self::Interrupt,
            Message::Result(_) => Self::Progress,
            _ => Self::Other,
        }
    }

    /// The kind of a request that the router has received.
    pub(crate) fn received(message: &Message<'_>) -> Self {
        match message {
            Message::Error(_) => Self::CalleesError,
            Message::Publish(_) => Self::Publish,
            Message::Subscribe(_) => Self::Subscribe,
            Message::Unsubscribe(_) => Self::Unsubscribe,
            Message::Call(_) => Self::Call,
            Message::Cancel(_) => Self::Cancel,
            Message::Register(_) => Self::Register,
            Message::Unregister(_) => Self::Unregister,
            Message::Yield(_) => Self::Yield,
            _ => Self::Other,
        }
    }

    /// The kind of an ERROR that answers a request of this type.
    pub(crate) fn error(request_type: u64, error: &WampError) -> Self {
        if request_type == Call::CODE { Self::call_error(error.uri()) } else { Self::Error }
    }

    /// The kind of an ERROR that answers a CALL.
    pub(crate) fn call_error(uri: &str) -> Self {
        match uri {
            error::NO_SUCH_PROCEDURE => Self::NoSuchProcedure,
            error::NOT_AUTHORIZED
            | error::AUTHORIZATION_FAILED
            | error::AUTHORIZATION_DENIED
            | error::AUTHORIZATION_REQUIRED => Self::NotAuthorized,
            error::CANCELED => Self::Canceled,
            error::TIMEOUT => Self::TimedOut,
            error::UNAVAILABLE | error::NO_AVAILABLE_CALLEE => Self::Unavailable,
            error::NETWORK_FAILURE | error::PAYLOAD_SIZE_EXCEEDED | error::INVALID_PAYLOAD => {
                Self::Undeliverable
            }
            _ => Self::Failed,
        }
    }
}
