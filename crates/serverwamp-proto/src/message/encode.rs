//! Encoders for the messages a busy router sends most: no message value is built, arguments are already encoded.
//!
//! `args` and `kwargs` must be encoded in `serializer`; either is empty when absent.

use super::arguments::{payload_count, sent_payload};
use super::options::EventDetails;
use super::wire::Element;
use crate::codec::{EncodeError, Serializer, Writer};
use crate::id::{PublicationId, RequestId, SubscriptionId};

/// Appends a RESULT.
pub fn encode_result(
    serializer: Serializer,
    request: RequestId,
    progress: bool,
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) {
    let (args, kwargs) = sent_payload(serializer, args, kwargs);
    if serializer == Serializer::Json && !progress {
        return encode_json_result(request, args, kwargs, out);
    }
    let mut writer = Writer::new(serializer, out);
    writer.list(3 + payload_count(args, kwargs));
    writer.unsigned(50);
    writer.unsigned(request.get());
    write_progress(progress, &mut writer);
    write_payload(args, kwargs, &mut writer);
    writer.end();
}

/// The final RESULT in JSON, the message servers send most: its frame is a constant but for one number.
fn encode_json_result(request: RequestId, args: &[u8], kwargs: &[u8], out: &mut Vec<u8>) {
    out.reserve(32 + args.len() + kwargs.len());
    out.extend_from_slice(b"[50,");
    out.extend_from_slice(itoa::Buffer::new().format(request.get()).as_bytes());
    out.extend_from_slice(b",{}");
    for part in [args, kwargs] {
        if !part.is_empty() {
            out.push(b',');
            out.extend_from_slice(part);
        }
    }
    out.push(b']');
}

/// Appends an ERROR with empty details that answers a request of this type code, such as 48 for CALL.
pub fn encode_error(
    serializer: Serializer,
    request_type: u64,
    request: RequestId,
    error: &str,
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) {
    let (args, kwargs) = sent_payload(serializer, args, kwargs);
    let mut writer = Writer::new(serializer, out);
    writer.list(5 + payload_count(args, kwargs));
    writer.unsigned(8);
    writer.unsigned(request_type);
    writer.unsigned(request.get());
    write_progress(false, &mut writer);
    writer.text(error);
    write_payload(args, kwargs, &mut writer);
    writer.end();
}

/// Appends an EVENT.
///
/// # Errors
/// When an attribute of `details` stands in another serializer and cannot be carried over; nothing is written then.
pub fn encode_event(
    serializer: Serializer,
    subscription: SubscriptionId,
    publication: PublicationId,
    details: &EventDetails<'_>,
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let (args, kwargs) = sent_payload(serializer, args, kwargs);
    let mut writer = Writer::new(serializer, out);
    writer.list(4 + payload_count(args, kwargs));
    writer.unsigned(36);
    writer.unsigned(subscription.get());
    writer.unsigned(publication.get());
    if let Err(error) = details.write(&mut writer, serializer) {
        out.truncate(start);
        return Err(error);
    }
    write_payload(args, kwargs, &mut writer);
    writer.end();
    Ok(())
}

/// Appends the details of an EVENT alone, as histories show them.
///
/// # Errors
/// When an attribute of `details` stands in another serializer and cannot be carried over; nothing is written then.
pub fn encode_event_details(
    serializer: Serializer,
    details: &EventDetails<'_>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    details.write(&mut Writer::new(serializer, out), serializer).inspect_err(|_| out.truncate(start))
}

fn write_progress(progress: bool, writer: &mut Writer<'_>) {
    writer.dict(usize::from(progress));
    if progress {
        writer.key("progress");
        writer.boolean(true);
    }
    writer.end();
}

fn write_payload(args: &[u8], kwargs: &[u8], writer: &mut Writer<'_>) {
    for part in [args, kwargs] {
        if !part.is_empty() {
            writer.raw(part);
        }
    }
}

macro_rules! via_message {
    ($($name:ident($($arg:ident: $ty:ty),*) $build:expr;)*) => {$(
        /// stub
        pub fn $name(serializer: Serializer, $($arg: $ty,)* args: &[u8], kwargs: &[u8], out: &mut Vec<u8>) -> Result<(), EncodeError> {
            let payload = crate::payload::Payload { serializer, args: bytes::Bytes::copy_from_slice(args), kwargs: bytes::Bytes::copy_from_slice(kwargs) };
            let build = $build;
            let message: super::Message<'_> = build(payload);
            message.encode(serializer, out)
        }
    )*};
}
via_message! {
    encode_invocation(request: RequestId, registration: crate::id::RegistrationId, details: &super::InvocationDetails<'_>)
        |payload| super::Message::Invocation(super::Invocation { request, registration, details: details.clone(), payload });
    encode_result_with(request: RequestId, details: &super::ResultDetails)
        |payload| super::Message::Result(super::Result { request, details: details.clone(), payload });
    encode_error_with(request_type: u64, request: RequestId, details: &super::ErrorDetails, error: &str)
        |payload| super::Message::Error(super::Error { request_type, request, details: details.clone(), error: error.into(), payload });
}
/// stub
pub fn encode_published(serializer: Serializer, request: RequestId, publication: PublicationId, out: &mut Vec<u8>) {
    let _ = super::Message::Published(super::Published { request, publication }).encode(serializer, out);
}
/// stub
pub fn encode_interrupt(serializer: Serializer, request: RequestId, mode: super::InterruptMode, out: &mut Vec<u8>) {
    let _ = super::Message::Interrupt(super::Interrupt { request, options: super::InterruptOptions { mode: Some(mode), ..Default::default() } }).encode(serializer, out);
}
