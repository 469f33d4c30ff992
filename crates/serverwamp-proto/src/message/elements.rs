//! The elements at fixed places of a message: ids, texts, dictionaries.

use std::borrow::Cow;

use super::encoded::Encoded;
use super::violation::Violation;
use super::wire::{Element, Elements};
use crate::codec::{EncodeError, Kind, Serializer, Writer};
use crate::id::{PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId};

macro_rules! id_elements {
    ($($ty:ident)*) => {$(
        impl<'a> Element<'a> for $ty {
            fn read(elements: &mut Elements<'a>, label: &'static str) -> Result<Self, Violation> {
                elements.id(label)
            }

            fn write(&self, writer: &mut Writer<'_>, _: Serializer) -> Result<(), EncodeError> {
                writer.unsigned(self.get());
                Ok(())
            }
        }
    )*};
}

id_elements!(SessionId RegistrationId SubscriptionId PublicationId);

impl<'a> Element<'a> for RequestId {
    fn read(elements: &mut Elements<'a>, label: &'static str) -> Result<Self, Violation> {
        let request = elements.id(label)?;
        elements.request = Some(request);
        Ok(request)
    }

    fn write(&self, writer: &mut Writer<'_>, _: Serializer) -> Result<(), EncodeError> {
        writer.unsigned(self.get());
        Ok(())
    }
}

/// The type code of the request that an ERROR answers.
impl<'a> Element<'a> for u64 {
    fn read(elements: &mut Elements<'a>, label: &'static str) -> Result<Self, Violation> {
        elements.element(label, "a type code", Kind::Integer, |list| Ok(list.unsigned()?))
    }

    fn write(&self, writer: &mut Writer<'_>, _: Serializer) -> Result<(), EncodeError> {
        writer.unsigned(*self);
        Ok(())
    }
}

/// The label of a procedure.
const PROCEDURE: &str = "Procedure";

impl<'a> Element<'a> for Cow<'a, str> {
    fn read(elements: &mut Elements<'a>, label: &'static str) -> Result<Self, Violation> {
        if elements.is_left() {
            return Ok(Cow::Borrowed(""));
        }
        let text = elements.element(label, "a string", Kind::Text, |list| Ok(list.text()?))?;
        if label == PROCEDURE {
            elements.note_procedure(&text);
        }
        Ok(text)
    }

    fn write(&self, writer: &mut Writer<'_>, _: Serializer) -> Result<(), EncodeError> {
        writer.text(self);
        Ok(())
    }
}

/// A string for which null may stand.
impl<'a> Element<'a> for Option<Cow<'a, str>> {
    fn read(elements: &mut Elements<'a>, label: &'static str) -> Result<Self, Violation> {
        if elements.kind()? == Kind::Null {
            elements.raw(label)?;
            return Ok(None);
        }
        Element::read(elements, label).map(Some)
    }

    fn write(&self, writer: &mut Writer<'_>, target: Serializer) -> Result<(), EncodeError> {
        match self {
            Some(text) => text.write(writer, target),
            None => {
                writer.null();
                Ok(())
            }
        }
    }
}

impl<'a> Element<'a> for Encoded {
    fn read(elements: &mut Elements<'a>, label: &'static str) -> Result<Self, Violation> {
        let bytes = elements.dict(label)?;
        Ok(Self::from_frame(elements.source.serializer, elements.source.share(bytes)))
    }

    fn write(&self, writer: &mut Writer<'_>, target: Serializer) -> Result<(), EncodeError> {
        self.write(writer, target)
    }
}
