//! The types that attributes have, and how each is read and written.

use std::borrow::Cow;

use super::attributes::{Attribute, AttributeValue};
use super::dictionary::Source;
use super::encoded::Encoded;
use super::names::Names;
use super::violation::{Fault, kind_name};
use crate::codec::{DecodeError, DictReader, EncodeError, Kind, ListReader, Serializer, Writer};
use crate::id::{Id, RegistrationId, SessionId, SubscriptionId};

impl AttributeValue for bool {
    fn is_default(&self) -> bool {
        !self
    }

    fn write(&self, writer: &mut Writer<'_>, _: Serializer) -> Result<(), EncodeError> {
        writer.boolean(*self);
        Ok(())
    }
}

impl<'a> Attribute<'a> for bool {
    const EXPECTED: &'static str = "a boolean";
    const KIND: Kind = Kind::Boolean;

    fn read(dict: &mut DictReader<'a>, _: &Source<'a>) -> Result<Self, Fault> {
        Ok(dict.boolean()?)
    }
}

impl AttributeValue for u64 {
    fn is_default(&self) -> bool {
        *self == 0
    }

    fn write(&self, writer: &mut Writer<'_>, _: Serializer) -> Result<(), EncodeError> {
        writer.unsigned(*self);
        Ok(())
    }
}

impl<'a> Attribute<'a> for u64 {
    const EXPECTED: &'static str = "a non-negative integer";
    const KIND: Kind = Kind::Integer;

    fn read(dict: &mut DictReader<'a>, _: &Source<'a>) -> Result<Self, Fault> {
        let outside = Fault::Wrong { expected: <Self as Attribute<'_>>::EXPECTED, got: "another".into() };
        dict.unsigned().map_err(|_| outside)
    }
}

/// Values that have no default: present or absent, and written whenever present.
macro_rules! optional {
    ($($ty:ty, $expected:literal, $kind:ident, |$dict:ident, $source:ident| $read:expr,
       |$writer:ident, $target:ident, $value:ident| $write:expr;)*) => {$(
        impl AttributeValue for Option<$ty> {
            fn is_default(&self) -> bool {
                self.is_none()
            }

            fn write(&self, $writer: &mut Writer<'_>, $target: Serializer) -> Result<(), EncodeError> {
                let _ = $target;
                if let Some($value) = self { $write }
                Ok(())
            }
        }

        impl<'a> Attribute<'a> for Option<$ty> {
            const EXPECTED: &'static str = $expected;
            const KIND: Kind = Kind::$kind;

            fn read($dict: &mut DictReader<'a>, $source: &Source<'a>) -> Result<Self, Fault> {
                let _ = $source;
                Ok(Some($read))
            }
        }
    )*};
}

optional! {
    bool, "a boolean", Boolean, |dict, source| dict.boolean()?, |writer, target, value| writer.boolean(*value);
    u64, "a non-negative integer", Integer,
        |dict, source| <u64 as Attribute<'_>>::read(dict, source)?, |writer, target, value| writer.unsigned(*value);
    SessionId, "an id", Integer, |dict, source| read_id(dict)?, |writer, target, value| writer.unsigned(value.get());
    SubscriptionId, "an id", Integer, |dict, source| read_id(dict)?, |writer, target, value| writer.unsigned(value.get());
    RegistrationId, "an id", Integer, |dict, source| read_id(dict)?, |writer, target, value| writer.unsigned(value.get());
    String, "a string", Text, |dict, source| dict.text()?.into_owned(), |writer, target, value| writer.text(value);
    Box<str>, "a string", Text, |dict, source| dict.text()?.into(), |writer, target, value| writer.text(value);
    Encoded, "a dictionary", Dict,
        |dict, source| Encoded::from_frame(source.serializer, source.share(dict.raw()?)),
        |writer, target, value| value.write(writer, target)?;
    Vec<SessionId>, "a list of ids", List,
        |dict, source| {
            let mut ids = Vec::new();
            let read = |list: &mut ListReader<'a>| match list.unsigned() {
                Err(error) if error.is_cut_short() => Err(error),
                number => Ok(number.ok().and_then(SessionId::new)),
            };
            read_list(dict, source, ("a list of ids", Kind::Integer), read, |id| ids.push(id))?;
            ids
        },
        |writer, target, value| write_list(writer, value, |writer, id| writer.unsigned(id.get()));
    Vec<String>, "a list of strings", List,
        |dict, source| {
            let mut texts = Vec::new();
            let read = |list: &mut ListReader<'a>| list.text().map(Some);
            read_list(dict, source, ("a list of strings", Kind::Text), read, |text| texts.push(text.into_owned()))?;
            texts
        },
        |writer, target, value| write_list(writer, value, |writer, text| writer.text(text));
    Names, "a list of strings", List,
        |dict, source| {
            let mut names = Names::default();
            let read = |list: &mut ListReader<'a>| list.text().map(Some);
            read_list(dict, source, ("a list of strings", Kind::Text), read, |name| names.push(&name))?;
            names
        },
        |writer, target, value| {
            writer.list(value.len());
            value.iter().for_each(|name| writer.text(name));
            writer.end();
        };
}

impl AttributeValue for Option<Cow<'_, str>> {
    fn is_default(&self) -> bool {
        self.is_none()
    }

    fn write(&self, writer: &mut Writer<'_>, _: Serializer) -> Result<(), EncodeError> {
        if let Some(text) = self {
            writer.text(text);
        }
        Ok(())
    }
}

impl<'a> Attribute<'a> for Option<Cow<'a, str>> {
    const EXPECTED: &'static str = "a string";
    const KIND: Kind = Kind::Text;

    fn read(dict: &mut DictReader<'a>, _: &Source<'a>) -> Result<Self, Fault> {
        Ok(Some(dict.text()?))
    }
}

pub(super) fn read_id<T: Id>(dict: &mut DictReader<'_>) -> Result<T, Fault> {
    let outside = Fault::Wrong { expected: "an id from 1 to 2^53", got: "another integer".into() };
    dict.unsigned().ok().and_then(T::new).ok_or(outside)
}

/// Lets `keep` have one element after the other, as long as entries of lists are read.
fn read_list<'a, T>(
    dict: &mut DictReader<'a>,
    source: &Source<'a>,
    (expected, kind): (&'static str, Kind),
    read: impl Fn(&mut ListReader<'a>) -> Result<Option<T>, DecodeError>,
    mut keep: impl FnMut(T),
) -> Result<(), Fault> {
    let mut list = dict.elements()?;
    let mut left = source.entries.get();
    let next = |list: &mut ListReader<'a>| {
        let Some(found) = list.peek()? else { return Ok(None) };
        if found != kind {
            return Err(Fault::Wrong { expected, got: format!("a list with a {}", kind_name(found)).into() });
        }
        let outside = || Fault::Wrong { expected, got: "a value out of range".into() };
        read(list)?.ok_or_else(outside).map(Some)
    };
    while left > 0
        && let Some(entry) = source.entry(&mut list, next)?
    {
        left -= 1;
        keep(entry);
    }
    source.entries.set(if source.has_long_lists() { 0 } else { left });
    source.behind(dict, list)
}

fn write_list<T>(writer: &mut Writer<'_>, values: &[T], write: impl Fn(&mut Writer<'_>, &T)) {
    writer.list(values.len());
    values.iter().for_each(|value| write(writer, value));
    writer.end();
}
