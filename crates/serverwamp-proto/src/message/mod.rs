//! The messages of WAMP, typed.
//!
//! A frame goes in and a [`Message`] comes out, or a [`Violation`] that says what is wrong with it. Texts are borrowed
//! from the frame, arguments are slices of it; options are read into structs. The table of this file is the only place
//! that knows type codes and lengths:
//!
//! | who sends it to a router | messages |
//! |---|---|
//! | a client | HELLO, ABORT, AUTHENTICATE, GOODBYE, ERROR (of an invocation), PUBLISH, SUBSCRIBE, UNSUBSCRIBE, CALL, CANCEL, REGISTER, UNREGISTER, YIELD |
//! | nobody | WELCOME, CHALLENGE, PUBLISHED, SUBSCRIBED, UNSUBSCRIBED, EVENT, RESULT, REGISTERED, UNREGISTERED, INVOCATION, INTERRUPT |

mod arguments;
mod attributes;
mod bounds;
mod dictionary;
mod elements;
mod encode;
mod encoded;
mod fast_path;
mod forward_for;
mod head;
mod keywords;
mod names;
mod options;
mod pubsub;
mod revocation;
mod rpc;
mod session;
mod values;
mod violation;
mod wire;

use bytes::Bytes;

pub use attributes::UnknownAttributes;
pub use bounds::{Bounds, UnreadBytes};
pub use encode::{
    encode_call, encode_error, encode_error_with, encode_event, encode_event_details, encode_interrupt,
    encode_invocation, encode_plain_invocation, encode_published, encode_registered, encode_result,
    encode_result_with, encode_subscribed, encode_unregistered, encode_unsubscribed,
};
pub use encoded::Encoded;
pub use fast_path::{PlainCall, PlainPublish, QuickRequest, quick_request, quick_result, short_request};
pub use forward_for::{ForwardFor, Forwarder};
pub use head::{HEAD, answered_by, is_goodbye};
pub use keywords::{CancelMode, EncAlgo, InterruptMode, Invoke};
pub use names::Names;
pub use options::{
    CallOptions, CancelOptions, ErrorDetails, EventDetails, InterruptOptions, InvocationDetails, Passthru,
    PublishOptions, Receivers, RegisterOptions, ResultDetails, Sharding, SubscribeOptions,
    UnregisteredDetails, UnsubscribedDetails, YieldOptions,
};
pub use pubsub::{Event, Publish, Published, Subscribe, Subscribed, Unsubscribe, Unsubscribed};
pub use revocation::End;
pub use rpc::{
    Call, Cancel, Error, Interrupt, Invocation, Register, Registered, Result, Unregister, Unregistered, Yield,
};
pub use session::{
    Abort, AbortDetails, Authenticate, Challenge, Goodbye, GoodbyeDetails, Hello, HelloDetails, Welcome,
    WelcomeDetails,
};
pub use violation::Violation;

use crate::codec::{EncodeError, Serializer, Writer};
use wire::{Elements, Layout};

/// The table of messages: type code, name, lengths of the whole list, struct.
macro_rules! messages {
    ($($code:literal $name:literal $first:literal ..= $last:literal $variant:ident $(<$lifetime:lifetime>)?;)*) => {
        /// Any message.
        #[derive(Clone, Debug)]
        pub enum Message<'a> {
            $(#[doc = concat!($name, ", type code ", $code, ".")] $variant($variant $(<$lifetime>)?),)*
        }

        impl<'a> Message<'a> {
            /// The type code.
            pub const fn code(&self) -> u64 {
                match self { $(Self::$variant(_) => $code,)* }
            }

            /// The name of the message as the specification writes it.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// Reads one frame.
            ///
            /// # Errors
            /// When the frame is not a well-formed message: broken bytes, an unknown type code, an element or a known
            /// attribute of the wrong type, too few or too many elements, or bytes behind the message.
            pub fn decode(serializer: Serializer, frame: &'a Bytes) -> std::result::Result<Self, Violation> {
                Self::decode_within(serializer, frame, Bounds::NONE)
            }

            /// Reads one frame within these bounds.
            ///
            /// # Errors
            /// As [`decode`](Self::decode), when it is nested too deeply, and when its options are too long.
            pub fn decode_within(
                serializer: Serializer,
                frame: &'a Bytes,
                bounds: Bounds,
            ) -> std::result::Result<Self, Violation> {
                if let Some(request) = quick_request(serializer, frame, &bounds) {
                    return Ok(request.into());
                }
                let (code, elements) = Elements::open(serializer, frame, bounds)?;
                match code {
                    $($code => elements.message($name, $first..=$last).map(Self::$variant),)*
                    _ => Err(Violation::new(format!("unknown type code {code}"))),
                }
            }

            /// Writes the message at the end of `out`.
            ///
            /// # Errors
            /// When a payload or an attribute stands in another serializer and cannot be carried over. Nothing is
            /// written then.
            pub fn encode(&self, serializer: Serializer, out: &mut Vec<u8>) -> std::result::Result<(), EncodeError> {
                let start = out.len();
                let written = match self { $(Self::$variant(message) => write($code, message, serializer, out),)* };
                if written.is_err() {
                    out.truncate(start);
                }
                written
            }
        }

        $(impl $(<$lifetime>)? $variant $(<$lifetime>)? {
            #[doc = concat!("The type code of ", $name, ".")]
            pub const CODE: u64 = $code;
        })*

        $(impl<'a> From<$variant $(<$lifetime>)?> for Message<'a> {
            fn from(message: $variant $(<$lifetime>)?) -> Self {
                Self::$variant(message)
            }
        })*
    };
}

messages! {
    1 "HELLO" 3..=3 Hello<'a>;
    2 "WELCOME" 3..=3 Welcome;
    3 "ABORT" 3..=5 Abort<'a>;
    4 "CHALLENGE" 3..=3 Challenge<'a>;
    5 "AUTHENTICATE" 3..=3 Authenticate<'a>;
    6 "GOODBYE" 3..=3 Goodbye<'a>;
    8 "ERROR" 5..=7 Error<'a>;
    16 "PUBLISH" 4..=6 Publish<'a>;
    17 "PUBLISHED" 3..=3 Published;
    32 "SUBSCRIBE" 4..=4 Subscribe<'a>;
    33 "SUBSCRIBED" 3..=3 Subscribed;
    34 "UNSUBSCRIBE" 3..=3 Unsubscribe;
    35 "UNSUBSCRIBED" 2..=3 Unsubscribed;
    36 "EVENT" 4..=6 Event<'a>;
    48 "CALL" 4..=6 Call<'a>;
    49 "CANCEL" 3..=3 Cancel;
    50 "RESULT" 3..=5 Result;
    64 "REGISTER" 4..=4 Register<'a>;
    65 "REGISTERED" 3..=3 Registered;
    66 "UNREGISTER" 3..=3 Unregister;
    67 "UNREGISTERED" 2..=3 Unregistered;
    68 "INVOCATION" 4..=6 Invocation<'a>;
    69 "INTERRUPT" 3..=3 Interrupt;
    70 "YIELD" 3..=5 Yield;
}

fn write<'a, T: Layout<'a>>(
    code: u64,
    message: &T,
    serializer: Serializer,
    out: &mut Vec<u8>,
) -> std::result::Result<(), EncodeError> {
    let mut writer = Writer::new(serializer, out);
    writer.list(1 + message.count());
    writer.unsigned(code);
    message.write(&mut writer, serializer)?;
    writer.end();
    Ok(())
}
