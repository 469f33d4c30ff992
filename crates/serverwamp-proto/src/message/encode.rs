//! Encoders for the messages a busy router sends most: no message value is built, arguments are already encoded.
//!
//! `args` and `kwargs` must be encoded in `serializer`; either is empty when absent. In the legacy form of payload
//! passthru `args` is one string and no list. Of options and details only the attributes we know are written, so nothing
//! a peer invented travels through a router. Plain messages are constants in JSON but for their numbers and payload.

use super::arguments::{payload_count, sent_payload};
use super::attributes::{AttributeSet, is_plain, write_known};
use super::keywords::InterruptMode;
use super::options::{CallOptions, ErrorDetails, EventDetails, InvocationDetails, ResultDetails};
use super::wire::Element;
use crate::codec::json::{push_whole, push_whole_before_comma};
use crate::codec::writer::{Encoder as _, with_writer};
use crate::codec::{EncodeError, Serializer, Writer};
use crate::id::{PublicationId, RegistrationId, RequestId, SubscriptionId};

/// Appends a CALL.
///
/// # Errors
/// When an attribute of `options` cannot be expressed in `serializer`; nothing is written then.
pub fn encode_call(
    serializer: Serializer,
    request: RequestId,
    options: &CallOptions,
    procedure: &str,
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let unescaped = |byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if serializer == Serializer::Json && is_plain(options) && procedure.bytes().all(unescaped) {
        let (args, kwargs) = sent_payload(serializer, args, kwargs);
        out.reserve(procedure.len());
        let middle = [b",{},\"" as &[u8], procedure.as_bytes(), b"\""];
        json(b"[48", [request.get()], middle, args, kwargs, out);
        return Ok(());
    }
    detailed(serializer, [48, request.get()], options, Some(procedure), args, kwargs, out)
}

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
    if !progress {
        return plain(serializer, 50, [request.get()], args, kwargs, out);
    }
    let mut writer = Writer::new(serializer, out);
    writer.list(3 + payload_count(args, kwargs));
    writer.unsigned(50);
    writer.unsigned(request.get());
    write_progress(progress, &mut writer);
    write_payload(args, kwargs, &mut writer);
    writer.end();
}

/// Appends a RESULT with details, such as those of a payload that only the endpoints can read.
///
/// # Errors
/// When an attribute of `details` cannot be expressed in `serializer`; nothing is written then.
pub fn encode_result_with(
    serializer: Serializer,
    request: RequestId,
    details: &ResultDetails,
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    detailed(serializer, [50, request.get()], details, None, args, kwargs, out)
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

/// Appends an ERROR with details that answers a request of this type code.
///
/// # Errors
/// When an attribute of `details` cannot be expressed in `serializer`; nothing is written then.
#[expect(clippy::too_many_arguments, reason = "they are the elements of the message, in their order")]
pub fn encode_error_with(
    serializer: Serializer,
    request_type: u64,
    request: RequestId,
    details: &ErrorDetails,
    error: &str,
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    detailed(serializer, [8, request_type, request.get()], details, Some(error), args, kwargs, out)
}

/// Appends an EVENT.
///
/// # Errors
/// When an attribute of `details` cannot be expressed in `serializer`; nothing is written then.
pub fn encode_event(
    serializer: Serializer,
    subscription: SubscriptionId,
    publication: PublicationId,
    details: &EventDetails<'_>,
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let ids = [subscription.get(), publication.get()];
    if is_plain(details) {
        let (args, kwargs) = sent_payload(serializer, args, kwargs);
        plain(serializer, 36, ids, args, kwargs, out);
        return Ok(());
    }
    let [subscription, publication] = ids;
    detailed(serializer, [36, subscription, publication], details, None, args, kwargs, out)
}

/// Appends an INVOCATION.
///
/// # Errors
/// When an attribute of `details` cannot be expressed in `serializer`; nothing is written then.
pub fn encode_invocation(
    serializer: Serializer,
    request: RequestId,
    registration: RegistrationId,
    details: &InvocationDetails<'_>,
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    if is_plain(details) {
        encode_plain_invocation(serializer, request, registration, args, kwargs, out);
        return Ok(());
    }
    let (request, registration) = (request.get(), registration.get());
    detailed(serializer, [68, request, registration], details, None, args, kwargs, out)
}

/// Appends an INVOCATION without details.
pub fn encode_plain_invocation(
    serializer: Serializer,
    request: RequestId,
    registration: RegistrationId,
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) {
    let (args, kwargs) = sent_payload(serializer, args, kwargs);
    plain(serializer, 68, [request.get(), registration.get()], args, kwargs, out);
}

/// Appends an INTERRUPT.
pub fn encode_interrupt(serializer: Serializer, request: RequestId, mode: InterruptMode, out: &mut Vec<u8>) {
    let mut writer = Writer::new(serializer, out);
    writer.list(3);
    writer.unsigned(69);
    writer.unsigned(request.get());
    writer.dict(1);
    writer.key("mode");
    writer.text(mode.as_str());
    writer.end();
    writer.end();
}

/// Appends a PUBLISHED.
pub fn encode_published(
    serializer: Serializer,
    request: RequestId,
    publication: PublicationId,
    out: &mut Vec<u8>,
) {
    if serializer == Serializer::Json {
        return json(b"[17", [request.get(), publication.get()], [], &[], &[], out);
    }
    numbers(serializer, [17, request.get(), publication.get()], out);
}

/// Appends a SUBSCRIBED.
pub fn encode_subscribed(
    serializer: Serializer,
    request: RequestId,
    subscription: SubscriptionId,
    out: &mut Vec<u8>,
) {
    numbers(serializer, [33, request.get(), subscription.get()], out);
}

/// Appends an UNSUBSCRIBED that answers a request.
pub fn encode_unsubscribed(serializer: Serializer, request: RequestId, out: &mut Vec<u8>) {
    numbers(serializer, [35, request.get()], out);
}

/// Appends a REGISTERED.
pub fn encode_registered(
    serializer: Serializer,
    request: RequestId,
    registration: RegistrationId,
    out: &mut Vec<u8>,
) {
    numbers(serializer, [65, request.get(), registration.get()], out);
}

/// Appends an UNREGISTERED that answers a request.
pub fn encode_unregistered(serializer: Serializer, request: RequestId, out: &mut Vec<u8>) {
    numbers(serializer, [67, request.get()], out);
}

/// A message without details: the type code, which has two digits, ids, an empty dictionary, the payload.
#[inline]
fn plain<const N: usize>(
    serializer: Serializer,
    code: u8,
    ids: [u64; N],
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) {
    if serializer == Serializer::Json {
        return plain_json(code, ids, args, kwargs, out);
    }
    out.reserve(16 + 9 * N + args.len() + kwargs.len());
    with_writer!(serializer, out, w => {
        w.begin(false, N + 2 + payload_count(args, kwargs));
        w.unsigned(u64::from(code));
        ids.into_iter().for_each(|id| w.unsigned(id));
        w.begin(true, 0);
        for part in [args, kwargs] {
            if !part.is_empty() {
                w.raw(part);
            }
        }
    });
}

/// The same in JSON.
#[inline]
fn plain_json<const N: usize>(code: u8, ids: [u64; N], args: &[u8], kwargs: &[u8], out: &mut Vec<u8>) {
    out.reserve(16 + 21 * N + args.len() + kwargs.len());
    out.extend_from_slice(&[b'[', b'0' + code / 10, b'0' + code % 10, b',']);
    ids.into_iter().for_each(|id| push_whole_before_comma(id, out));
    // Keyword arguments never come alone.
    if args.is_empty() {
        out.extend_from_slice(b"{}]");
        return;
    }
    out.extend_from_slice(b"{},");
    out.extend_from_slice(args);
    if !kwargs.is_empty() {
        out.push(b',');
        out.extend_from_slice(kwargs);
    }
    out.push(b']');
}

/// A message in JSON: its beginning up to the type code, ids, what stands between them and the payload, the payload.
#[inline]
fn json<const N: usize, const M: usize>(
    begin: &[u8],
    ids: [u64; N],
    middle: [&[u8]; M],
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) {
    out.reserve(16 + 20 * N + args.len() + kwargs.len());
    out.extend_from_slice(begin);
    for id in ids {
        out.push(b',');
        push_whole(id, out);
    }
    for bytes in middle {
        out.extend_from_slice(bytes);
    }
    for part in [args, kwargs] {
        if !part.is_empty() {
            out.push(b',');
            out.extend_from_slice(part);
        }
    }
    out.push(b']');
}

/// A message in any serializer: numbers, details, a URI where there is one, the payload.
fn detailed<'d, S: AttributeSet<'d>, const N: usize>(
    serializer: Serializer,
    begin: [u64; N],
    details: &S,
    uri: Option<&str>,
    args: &[u8],
    kwargs: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let (args, kwargs) = sent_payload(serializer, args, kwargs);
    let mut writer = Writer::new(serializer, out);
    writer.list(N + 1 + usize::from(uri.is_some()) + payload_count(args, kwargs));
    begin.into_iter().for_each(|number| writer.unsigned(number));
    if let Err(error) = write_known(details, &mut writer, serializer) {
        out.truncate(start);
        return Err(error);
    }
    if let Some(uri) = uri {
        writer.text(uri);
    }
    write_payload(args, kwargs, &mut writer);
    writer.end();
    Ok(())
}

/// A message that consists of its type code and ids.
fn numbers<const N: usize>(serializer: Serializer, numbers: [u64; N], out: &mut Vec<u8>) {
    let mut writer = Writer::new(serializer, out);
    writer.list(N);
    numbers.into_iter().for_each(|number| writer.unsigned(number));
    writer.end();
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
    Element::write(details, &mut Writer::new(serializer, out), serializer)
        .inspect_err(|_| out.truncate(start))
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

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
