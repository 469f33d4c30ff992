//! A publication on its way to another node.
//!
//! It is the PUBLISH that its publisher could have sent, so that lists of receivers, passthru and forward_for have the form that
//! they have for clients, and beside it what the publisher's node has decided.

use super::batch::{ItemKind, MalformedBatch, put_item};
use super::fields::{FieldReader, FieldWriter};
use crate::codec::{EncodeError, Serializer};
use crate::id::{PublicationId, RequestId, SessionId};
use crate::message::{Message, Publish, PublishOptions, UnreadBytes};
use crate::payload::Payload;
use bytes::Bytes;
use std::borrow::Cow;

const REALM: u64 = 3;
const PUBLICATION: u64 = 5;
const SERIALIZER: u64 = 7;
const MESSAGE: u64 = 9;
const EXCLUDED: u64 = 11;
const FLAGS: u64 = 12;
const PUBLISHER: u64 = 14;
const AUTHID: u64 = 16;
const AUTHROLE: u64 = 18;
const TRUSTLEVEL: u64 = 20;

const BY_CONFIGURATION: u64 = 1;
const UNRECORDED: u64 = 2;

/// A publication with all that its receivers' node must know.
#[derive(Clone, Debug)]
pub struct RoutedEvent<'a> {
    /// The realm of publisher and receivers.
    pub realm: Cow<'a, str>,
    /// Its id, the same for all who get it.
    pub publication: PublicationId,
    /// The topic.
    pub topic: Cow<'a, str>,
    /// The publisher's options that receivers depend on; the others are not sent.
    pub options: PublishOptions,
    /// The arguments, in the serializer that they came in.
    pub payload: Payload,
    /// The session that does not get the event: its publisher, as a rule.
    pub exclude: Option<SessionId>,
    /// The publisher, if it may be disclosed.
    pub publisher: Option<EventPublisher<'a>>,
    /// The publisher is disclosed by its realm's settings, and so to everybody.
    pub by_configuration: bool,
    /// No history keeps it.
    pub unrecorded: bool,
    /// The trust level of the publisher.
    pub trustlevel: Option<u64>,
}

/// A publisher that is made known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventPublisher<'a> {
    /// Its session.
    pub session: SessionId,
    /// Its principal.
    pub authid: Cow<'a, str>,
    /// Its role.
    pub authrole: Cow<'a, str>,
}

impl<'a> RoutedEvent<'a> {
    /// # Errors
    /// When the options cannot be said in the payload's serializer.
    pub(super) fn write(self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put_item(out, ItemKind::Event, |out| {
            let Self { realm, publication, topic, options, payload, exclude, publisher, .. } = self;
            let mut fields = FieldWriter(out);
            fields.text(REALM, &realm);
            fields.number(PUBLICATION, publication.get());
            if let Some(excluded) = exclude {
                fields.number(EXCLUDED, excluded.get());
            }
            let flags =
                u64::from(self.by_configuration) * BY_CONFIGURATION + u64::from(self.unrecorded) * UNRECORDED;
            if flags > 0 {
                fields.number(FLAGS, flags);
            }
            if let Some(publisher) = publisher {
                fields.number(PUBLISHER, publisher.session.get());
                fields.text(AUTHID, &publisher.authid);
                fields.text(AUTHROLE, &publisher.authrole);
            }
            if let Some(trustlevel) = self.trustlevel {
                fields.number(TRUSTLEVEL, trustlevel);
            }
            let serializer = payload.serializer;
            fields.number(SERIALIZER, number_of(serializer));
            let request = RequestId::new(1).expect("1 is an id");
            let message =
                Message::Publish(Publish { request, options, unread: UnreadBytes::NONE, topic, payload });
            fields.nested(MESSAGE, |out| message.encode(serializer, out))
        })
    }

    /// Reads the fields of an item, which are a part of `batch`.
    ///
    /// # Errors
    /// When it is no publication.
    pub(super) fn read(fields: &[u8], batch: &Bytes) -> Result<RoutedEvent<'static>, MalformedBatch> {
        let (mut realm, mut publication, mut serializer, mut message) = (None, None, None, None);
        let (mut exclude, mut flags, mut trustlevel) = (None, 0, None);
        let (mut publisher, mut authid, mut authrole) = (None, "", "");
        let mut reader = FieldReader(fields);
        while let Some(field) = reader.next()? {
            match field.key {
                REALM => realm = Some(field.text()?),
                PUBLICATION => publication = PublicationId::new(field.number()?),
                SERIALIZER => serializer = serializer_of(field.number()?),
                MESSAGE => message = Some(field.bytes),
                EXCLUDED => exclude = SessionId::new(field.number()?),
                FLAGS => flags = field.number()?,
                PUBLISHER => publisher = SessionId::new(field.number()?),
                AUTHID => authid = field.text()?,
                AUTHROLE => authrole = field.text()?,
                TRUSTLEVEL => trustlevel = Some(field.number()?),
                _ => field.pass_over()?,
            }
        }
        let (Some(realm), Some(publication), Some(serializer), Some(message)) =
            (realm, publication, serializer, message)
        else {
            return Err(MalformedBatch::Malformed("a publication without realm, id, serializer or message"));
        };
        let frame = batch.slice_ref(message);
        let Ok(Message::Publish(Publish { options, topic, payload, .. })) =
            Message::decode(serializer, &frame)
        else {
            return Err(MalformedBatch::Malformed("a publication that is no PUBLISH"));
        };
        Ok(RoutedEvent {
            realm: Cow::Owned(realm.into()),
            publication,
            topic: Cow::Owned(topic.into_owned()),
            options,
            payload,
            exclude,
            publisher: publisher.map(|session| EventPublisher {
                session,
                authid: Cow::Owned(authid.into()),
                authrole: Cow::Owned(authrole.into()),
            }),
            by_configuration: flags & BY_CONFIGURATION != 0,
            unrecorded: flags & UNRECORDED != 0,
            trustlevel,
        })
    }
}

pub(super) const fn number_of(serializer: Serializer) -> u64 {
    match serializer {
        Serializer::Json => 1,
        Serializer::MessagePack => 2,
        Serializer::Cbor => 3,
    }
}

pub(super) const fn serializer_of(number: u64) -> Option<Serializer> {
    match number {
        1 => Some(Serializer::Json),
        2 => Some(Serializer::MessagePack),
        3 => Some(Serializer::Cbor),
        _ => None,
    }
}
