//! Calls between nodes: a call on its way to the node of its callee, what follows it, and what comes back.
//!
//! Each is the WAMP message that a peer could have sent, in that peer's serializer, and beside it what the caller's node has decided.

use super::batch::{ItemKind, MalformedBatch, put_item};
use super::event::{number_of, serializer_of};
use super::fields::{FieldReader, FieldWriter};
use super::interest_item::{number_of_match, read_pattern};
use crate::codec::{EncodeError, Serializer};
use crate::id::{RequestId, SessionId};
use crate::message::{
    Call, CallOptions, CancelMode, Error, ErrorDetails, Message, Passthru, ResultDetails, UnreadBytes,
};
use crate::pattern::UriPattern;
use crate::payload::Payload;
use bytes::Bytes;
use std::borrow::Cow;

const SERIALIZER: u64 = 1;
const MESSAGE: u64 = 3;
const REALM: u64 = 5;
const PATTERN: u64 = 7;
const CALLER: u64 = 9;
const AUTHID: u64 = 11;
const AUTHROLE: u64 = 13;
const FLAGS: u64 = 14;
const TRUSTLEVEL: u64 = 16;
const ID: u64 = 17;
const MODE: u64 = 19;

const DISCLOSED_BY_REALM: u64 = 1;
const TAKES_PASSTHRU: u64 = 2;
const FORWARDS_TIMEOUT: u64 = 4;
const KEEPS_TIMEOUT: u64 = 8;
const UNSERVED: u64 = 1;

/// A call with all that the callee's node must know.
#[derive(Clone, Debug)]
pub struct CrossingCall<'a> {
    /// The caller's node counts its calls; a life does not use a number twice.
    pub id: RequestId,
    /// The realm of caller and callee.
    pub realm: Cow<'a, str>,
    /// The registration that the caller's node has found.
    pub pattern: UriPattern,
    /// The URI that was called.
    pub procedure: Cow<'a, str>,
    /// The caller's options.
    pub options: CallOptions,
    /// The arguments, in the serializer that they came in.
    pub payload: Payload,
    /// The caller's session.
    pub caller: SessionId,
    /// Its principal.
    pub authid: Cow<'a, str>,
    /// Its role.
    pub authrole: Cow<'a, str>,
    /// The caller is disclosed by the realm's settings, and so to everybody.
    pub disclosed_by_realm: bool,
    /// The caller takes results in passthru mode.
    pub takes_passthru: bool,
    /// Whether the callee looks after the timeout, if the realm decides that.
    pub forward_timeout: Option<bool>,
    /// The trust level of the caller.
    pub trustlevel: Option<u64>,
}

/// What comes back of a call.
#[derive(Clone, Debug)]
pub enum CrossingAnswer {
    /// One result of several.
    Progress(Payload),
    /// The final result.
    Result(Payload),
    /// The final error.
    Error {
        /// Why.
        error: Box<str>,
        /// Its arguments.
        payload: Payload,
        /// No callee of that node has served it: another node may.
        unserved: bool,
    },
}

/// Something about calls that one node tells another.
#[derive(Clone, Debug)]
pub enum CallItem<'a> {
    /// A call.
    Call(Box<CrossingCall<'a>>),
    /// A further input of a call, and whether it is the last one.
    Input(RequestId, Payload, bool),
    /// The caller takes the call back.
    Cancel(RequestId, CancelMode),
    /// What comes back.
    Answer(RequestId, CrossingAnswer),
}

impl CallItem<'_> {
    /// # Errors
    /// When something cannot be said in the payload's serializer.
    pub(super) fn write(self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Call(call) => put_item(out, ItemKind::Call, |out| call.write(out)),
            Self::Input(id, payload, last) => put_item(out, ItemKind::CallInput, |out| {
                let options = CallOptions { progress: !last, ..CallOptions::default() };
                put_call(&mut FieldWriter(out), id, options, Cow::Borrowed(""), payload)
            }),
            Self::Cancel(id, mode) => put_item(out, ItemKind::CallCancel, |out| {
                let mut fields = FieldWriter(out);
                fields.number(ID, id.get());
                fields.text(MODE, mode.as_str());
                Ok(())
            }),
            Self::Answer(id, answer) => put_item(out, ItemKind::CallAnswer, |out| answer.write(id, out)),
        }
    }

    /// Reads the fields of an item of this kind, which are a part of `batch`; `None` for items that are not about calls.
    ///
    /// # Errors
    /// When it has another form.
    pub(super) fn read(
        kind: ItemKind,
        fields: &[u8],
        batch: &Bytes,
    ) -> Result<Option<CallItem<'static>>, MalformedBatch> {
        let read = ReadFields::read(fields)?;
        Ok(Some(match kind {
            ItemKind::Call => CallItem::Call(Box::new(CrossingCall::read(&read, batch)?)),
            ItemKind::CallInput => {
                let call = read.call(batch)?;
                let payload = call.payload.packed(call.options.passthru);
                CallItem::Input(call.request, payload, !call.options.progress)
            }
            ItemKind::CallCancel => {
                let (Some(id), Some(mode)) = (read.id, read.mode) else {
                    return Err(MalformedBatch::Malformed("a cancellation without an id or a known mode"));
                };
                CallItem::Cancel(id, mode)
            }
            ItemKind::CallAnswer => {
                let (id, answer) = CrossingAnswer::read(&read, batch)?;
                CallItem::Answer(id, answer)
            }
            ItemKind::Interest | ItemKind::SnapshotEnd | ItemKind::Event | ItemKind::Offer => {
                return Ok(None);
            }
        }))
    }
}

impl CrossingCall<'_> {
    fn write(self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut fields = FieldWriter(out);
        fields.text(REALM, &self.realm);
        let mut pattern = vec![number_of_match(self.pattern.kind())];
        pattern.extend_from_slice(self.pattern.as_str().as_bytes());
        fields.bytes(PATTERN, &pattern);
        fields.number(CALLER, self.caller.get());
        fields.text(AUTHID, &self.authid);
        fields.text(AUTHROLE, &self.authrole);
        let flags = u64::from(self.disclosed_by_realm) * DISCLOSED_BY_REALM
            + u64::from(self.takes_passthru) * TAKES_PASSTHRU
            + match self.forward_timeout {
                None => 0,
                Some(true) => FORWARDS_TIMEOUT,
                Some(false) => KEEPS_TIMEOUT,
            };
        if flags > 0 {
            fields.number(FLAGS, flags);
        }
        if let Some(trustlevel) = self.trustlevel {
            fields.number(TRUSTLEVEL, trustlevel);
        }
        put_call(&mut fields, self.id, self.options, self.procedure, self.payload)
    }

    fn read(read: &ReadFields<'_>, batch: &Bytes) -> Result<CrossingCall<'static>, MalformedBatch> {
        let call = read.call(batch)?;
        let (Some(realm), Some(pattern), Some(caller)) = (read.realm, &read.pattern, read.caller) else {
            return Err(MalformedBatch::Malformed("a call without realm, registration or caller"));
        };
        let forward_timeout = match read.flags & (FORWARDS_TIMEOUT | KEEPS_TIMEOUT) {
            0 => None,
            forwards => Some(forwards & FORWARDS_TIMEOUT != 0),
        };
        Ok(CrossingCall {
            id: call.request,
            realm: Cow::Owned(realm.into()),
            pattern: pattern.clone(),
            procedure: Cow::Owned(call.procedure.into_owned()),
            options: call.options,
            payload: call.payload,
            caller,
            authid: Cow::Owned(read.authid.into()),
            authrole: Cow::Owned(read.authrole.into()),
            disclosed_by_realm: read.flags & DISCLOSED_BY_REALM != 0,
            takes_passthru: read.flags & TAKES_PASSTHRU != 0,
            forward_timeout,
            trustlevel: read.trustlevel,
        })
    }
}

impl CrossingAnswer {
    fn write(self, id: RequestId, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut fields = FieldWriter(out);
        let progress = matches!(self, Self::Progress(_));
        match self {
            Self::Progress(mut payload) | Self::Result(mut payload) => {
                let passthru = payload.passthru.take();
                let details = ResultDetails { progress, passthru, ..ResultDetails::default() };
                let serializer = payload.serializer;
                let message = crate::message::Result { request: id, details, payload };
                put_message(&mut fields, serializer, &Message::Result(message))
            }
            Self::Error { error, mut payload, unserved } => {
                if unserved {
                    fields.number(FLAGS, UNSERVED);
                }
                let passthru = payload.passthru.take();
                let details = ErrorDetails { passthru, ..ErrorDetails::default() };
                let serializer = payload.serializer;
                let error = Cow::Owned(error.into());
                let message = Error { request_type: Call::CODE, request: id, details, error, payload };
                put_message(&mut fields, serializer, &Message::Error(message))
            }
        }
    }

    fn read(read: &ReadFields<'_>, batch: &Bytes) -> Result<(RequestId, Self), MalformedBatch> {
        let (serializer, frame) = read.message(batch)?;
        match Message::decode(serializer, &frame) {
            Ok(Message::Result(result)) => {
                let payload = result.payload.packed(result.details.passthru);
                let progress = result.details.progress;
                let answer = if progress { Self::Progress(payload) } else { Self::Result(payload) };
                Ok((result.request, answer))
            }
            Ok(Message::Error(error)) => {
                let payload = error.payload.packed(error.details.passthru);
                let unserved = read.flags & UNSERVED != 0;
                Ok((error.request, Self::Error { error: error.error.into(), payload, unserved }))
            }
            _ => Err(MalformedBatch::Malformed("an answer that is neither RESULT nor ERROR")),
        }
    }
}

fn put_call(
    fields: &mut FieldWriter<'_>,
    request: RequestId,
    mut options: CallOptions,
    procedure: Cow<'_, str>,
    mut payload: Payload,
) -> Result<(), EncodeError> {
    let passthru: Option<Box<Passthru>> = payload.passthru.take();
    options.passthru = passthru.or(options.passthru);
    let serializer = payload.serializer;
    let call = Call { request, options, procedure, unread: UnreadBytes::NONE, payload };
    put_message(fields, serializer, &Message::Call(call))
}

fn put_message(
    fields: &mut FieldWriter<'_>,
    serializer: Serializer,
    message: &Message<'_>,
) -> Result<(), EncodeError> {
    fields.number(SERIALIZER, number_of(serializer));
    fields.nested(MESSAGE, |out| message.encode(serializer, out))
}

/// The fields of all items that are about calls.
#[derive(Default)]
struct ReadFields<'b> {
    serializer: Option<Serializer>,
    message: Option<&'b [u8]>,
    realm: Option<&'b str>,
    pattern: Option<UriPattern>,
    caller: Option<SessionId>,
    authid: &'b str,
    authrole: &'b str,
    flags: u64,
    trustlevel: Option<u64>,
    id: Option<RequestId>,
    mode: Option<CancelMode>,
}

impl<'b> ReadFields<'b> {
    fn read(fields: &'b [u8]) -> Result<Self, MalformedBatch> {
        let mut read = Self::default();
        let mut reader = FieldReader(fields);
        while let Some(field) = reader.next()? {
            match field.key {
                SERIALIZER => read.serializer = serializer_of(field.number()?),
                MESSAGE => read.message = Some(field.bytes),
                REALM => read.realm = Some(field.text()?),
                PATTERN => read.pattern = Some(read_pattern(field.bytes)?),
                CALLER => read.caller = SessionId::new(field.number()?),
                AUTHID => read.authid = field.text()?,
                AUTHROLE => read.authrole = field.text()?,
                FLAGS => read.flags = field.number()?,
                TRUSTLEVEL => read.trustlevel = Some(field.number()?),
                ID => read.id = RequestId::new(field.number()?),
                MODE => read.mode = CancelMode::from_word(field.text()?),
                _ => field.pass_over()?,
            }
        }
        Ok(read)
    }

    fn message(&self, batch: &Bytes) -> Result<(Serializer, Bytes), MalformedBatch> {
        let (Some(serializer), Some(message)) = (self.serializer, self.message) else {
            return Err(MalformedBatch::Malformed("an item about a call without serializer or message"));
        };
        Ok((serializer, batch.slice_ref(message)))
    }

    fn call(&self, batch: &Bytes) -> Result<Call<'static>, MalformedBatch> {
        let (serializer, frame) = self.message(batch)?;
        match Message::decode(serializer, &frame) {
            Ok(Message::Call(call)) => {
                Ok(Call { procedure: Cow::Owned(call.procedure.into_owned()), ..call })
            }
            _ => Err(MalformedBatch::Malformed("a call that is no CALL")),
        }
    }
}
