//! The messages a busy router and its callers read most, read in one go: CALL, YIELD and PUBLISH, and RESULT, in their plainest
//! form.
//!
//! Plain are no spaces, the shortest type code, empty options, a URI without escapes; a PUBLISH may ask to be
//! acknowledged. Everything else, and every fault, is left to the general reader, so what is accepted and what is said
//! about the rest does not depend on this folder. Payloads but the flattest are read by the general reader in any case.

mod flat;
mod prefix;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use bytes::Bytes;

use self::flat::flat;
use self::prefix::{CALL, PUBLISH, Prefix, RESULT, YIELD, elements, prefix};
use super::Message;
use super::bounds::{Bounds, UnreadBytes};
use super::options::{CallOptions, PublishOptions, ResultDetails, YieldOptions};
use super::pubsub::Publish;
use super::rpc::{self, Call, Yield};
use super::wire::{Element, Elements};
use crate::codec::{ListReader, Nesting, Serializer};
use crate::id::RequestId;
use crate::payload::{Part, Payload};

/// Payloads of so many bytes are not looked at one argument after the other.
const LONG: usize = 1024;

/// A message that was read quickly.
#[derive(Clone, Debug)]
pub enum QuickRequest<'a> {
    /// A CALL without options.
    Call(PlainCall<'a>),
    /// A YIELD without options: a final result.
    Yield(Yield),
    /// A PUBLISH that has no option but perhaps `acknowledge`.
    Publish(PlainPublish<'a>),
}

/// A PUBLISH that has no option but perhaps `acknowledge`, of which everything was read.
#[derive(Clone, Debug)]
pub struct PlainPublish<'a> {
    request: RequestId,
    acknowledge: bool,
    /// The topic, which is UTF-8.
    topic: &'a [u8],
    payload: Payload,
}

/// A CALL without options, of which everything was read.
#[derive(Clone, Debug)]
pub struct PlainCall<'a> {
    /// The id of this request.
    pub request: RequestId,
    /// The procedure: UTF-8, and nothing else was made of it, because whoever calls the same again need not know more.
    procedure: &'a [u8],
    /// The call's arguments.
    pub payload: Payload,
}

impl<'a> PlainCall<'a> {
    /// Returns whether it is this procedure that is called.
    #[inline]
    pub fn calls(&self, procedure: &str) -> bool {
        *self.procedure == *procedure.as_bytes()
    }

    /// The procedure.
    pub fn procedure(&self) -> &'a str {
        text(self.procedure)
    }
}

/// The request in `frame`, if it is written in the plainest way.
///
/// `None` says nothing about the frame: give it to [`Message::decode`], which reads every form, with the same result.
#[inline]
pub fn quick_request<'a>(
    serializer: Serializer,
    frame: &'a Bytes,
    bounds: &Bounds,
) -> Option<QuickRequest<'a>> {
    // A frame that is none of them is none at a look at its first bytes, so they may well be tried in turn.
    let Some((request, prefix, payload)) = parts::<CALL>(serializer, frame, bounds) else {
        return other(serializer, frame, bounds);
    };
    Some(QuickRequest::Call(PlainCall { request, procedure: prefix.uri, payload }))
}

/// The same of a frame that is about to be overwritten: its request, if nothing of its payload would share the frame's memory.
///
/// `None` says nothing about the frame, as with [`quick_request`].
#[inline]
pub fn short_request(serializer: Serializer, frame: &[u8]) -> Option<QuickRequest<'_>> {
    let Some((request, prefix, payload)) = short_parts::<CALL>(serializer, frame) else {
        return other_short(serializer, frame);
    };
    Some(QuickRequest::Call(PlainCall { request, procedure: prefix.uri, payload }))
}

#[inline(never)]
fn other_short(serializer: Serializer, frame: &[u8]) -> Option<QuickRequest<'_>> {
    if let Some((request, _, payload)) = short_parts::<YIELD>(serializer, frame) {
        return Some(QuickRequest::Yield(Yield { request, options: YieldOptions::default(), payload }));
    }
    let (request, prefix, payload) = short_parts::<PUBLISH>(serializer, frame)?;
    let Prefix { acknowledge, uri: topic, .. } = prefix;
    Some(QuickRequest::Publish(PlainPublish { request, acknowledge, topic, payload }))
}

#[inline]
fn short_parts<const CODE: u8>(
    serializer: Serializer,
    frame: &[u8],
) -> Option<(RequestId, Prefix<'_>, Payload)> {
    let prefix = prefix::<CODE>(serializer, frame)?;
    let request = RequestId::new(prefix.request)?;
    let rest = frame.get(prefix.at..)?;
    let args = if is_end(serializer, prefix.left, rest) {
        Part::new()
    } else {
        Part::short(flat(serializer, frame, prefix.at).filter(|_| announces_one(serializer, prefix.left))?)?
    };
    Some((request, prefix, Payload::of_parts(serializer, args, Part::new())))
}

/// Whether a message without a payload ends here.
#[inline]
fn is_end(serializer: Serializer, left: usize, rest: &[u8]) -> bool {
    match serializer {
        Serializer::Json => *rest == *b"]",
        Serializer::MessagePack | Serializer::Cbor => left == 0 && rest.is_empty(),
    }
}

/// Whether positional arguments alone may follow. A list that announces another number of elements is not as flat as it looks.
#[inline]
fn announces_one(serializer: Serializer, left: usize) -> bool {
    serializer == Serializer::Json || left == 1
}

/// The RESULT in `frame`, if it has no details and is written in the plainest way: what a client reads most.
///
/// `None` says nothing about the frame, as with [`quick_request`].
#[inline]
pub fn quick_result(serializer: Serializer, frame: &Bytes, bounds: &Bounds) -> Option<rpc::Result> {
    let (request, _, payload) = parts::<RESULT>(serializer, frame, bounds)?;
    Some(rpc::Result { request, details: ResultDetails::default(), payload })
}

#[inline(never)]
fn other<'a>(serializer: Serializer, frame: &'a Bytes, bounds: &Bounds) -> Option<QuickRequest<'a>> {
    if let Some((request, _, payload)) = parts::<YIELD>(serializer, frame, bounds) {
        return Some(QuickRequest::Yield(Yield { request, options: YieldOptions::default(), payload }));
    }
    let (request, prefix, payload) = parts::<PUBLISH>(serializer, frame, bounds)?;
    let Prefix { acknowledge, uri: topic, .. } = prefix;
    Some(QuickRequest::Publish(PlainPublish { request, acknowledge, topic, payload }))
}

#[inline]
fn parts<'a, const CODE: u8>(
    serializer: Serializer,
    frame: &'a Bytes,
    bounds: &Bounds,
) -> Option<(RequestId, Prefix<'a>, Payload)> {
    let prefix = prefix::<CODE>(serializer, frame)?;
    let request = RequestId::new(prefix.request)?;
    let rest = frame.get(prefix.at..)?;
    let announced = announces_one(serializer, prefix.left);
    // Many arguments the general reader passes faster, and knows which it leaves unread.
    let short = rest.len() < LONG;
    if !short && CODE == CALL && rest.len() > bounds.behind_procedure(text(prefix.uri)) {
        return None;
    }
    let args = if short { flat(serializer, frame, prefix.at).filter(|_| announced) } else { None };
    if let Some(args) = args {
        let payload = Payload::of_parts(serializer, Part::of_frame(frame, args), Part::new());
        return Some((request, prefix, payload));
    }
    let payload = deep(serializer, frame, (prefix.at, prefix.left), elements(CODE), request, bounds.nesting)?;
    Some((request, prefix, payload))
}

/// A URI that a prefix has shown to be UTF-8.
fn text(uri: &[u8]) -> &str {
    str::from_utf8(uri).unwrap_or_default()
}

/// The payload behind the first `read` elements, read by the general reader. It knows no type code, so that there is one
/// of it and not one for each message: calls are read measurably faster that way.
fn deep(
    serializer: Serializer,
    frame: &Bytes,
    place: (usize, usize),
    read: usize,
    request: RequestId,
    nesting: Nesting,
) -> Option<Payload> {
    let list = ListReader::resume(serializer, frame, place, nesting)?;
    // The name would go into a violation, and the general reader is the one to say what is wrong.
    let elements = Elements::resume(serializer, frame, list, "", read..=read + 2, read, request);
    elements.complete(|elements| Payload::read(elements, "")).ok()
}

impl<'a> From<PlainCall<'a>> for Call<'a> {
    fn from(call: PlainCall<'a>) -> Self {
        let (options, procedure) = (CallOptions::default(), Cow::Borrowed(call.procedure()));
        let PlainCall { request, payload, .. } = call;
        Self { request, options, procedure, unread: UnreadBytes::NONE, payload }
    }
}

impl<'a> From<PlainPublish<'a>> for Publish<'a> {
    fn from(publish: PlainPublish<'a>) -> Self {
        let PlainPublish { request, acknowledge, topic, payload } = publish;
        let options = PublishOptions { acknowledge, ..PublishOptions::default() };
        Self { request, options, unread: UnreadBytes::NONE, topic: Cow::Borrowed(text(topic)), payload }
    }
}

impl<'a> From<QuickRequest<'a>> for Message<'a> {
    fn from(request: QuickRequest<'a>) -> Self {
        match request {
            QuickRequest::Call(call) => Self::Call(call.into()),
            QuickRequest::Yield(result) => Self::Yield(result),
            QuickRequest::Publish(publish) => Self::Publish(publish.into()),
        }
    }
}
