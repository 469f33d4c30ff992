//! Options and details: dictionaries with attributes we know and attributes we do not.
//!
//! [`attributes!`] declares a struct whose fields are the known attributes. A known attribute of the wrong type is a
//! violation that names it; an unknown one is ignored, but kept where it stood, so that a message that is decoded and
//! encoded again has lost nothing. An attribute that has its default is not written.

use std::borrow::Cow;

use bytes::Bytes;

use super::encoded::Encoded;
use super::violation::{Fault, Violation};
use super::wire::{Element, Elements};
use crate::codec::{DecodeError, DictReader, EncodeError, Kind, ListReader, Serializer, Writer};
use crate::id::{Id, RegistrationId, SessionId, SubscriptionId};

/// Where a value that is being read comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) serializer: Serializer,
    pub(super) frame: &'a Bytes,
}

impl<'a> Source<'a> {
    /// A slice of the frame that shares its memory.
    pub(super) fn share(&self, part: &'a [u8]) -> Bytes {
        self.frame.slice_ref(part)
    }
}

/// The value of one attribute.
pub(super) trait Attribute<'a>: AttributeValue + Sized {
    /// What belongs there, with its article.
    const EXPECTED: &'static str;
    /// The kind of value that belongs there.
    const KIND: Kind;

    fn read(dict: &mut DictReader<'a>, source: &Source<'a>) -> Result<Self, Fault>;
}

/// The half of [`Attribute`] that writes.
pub(super) trait AttributeValue {
    /// Whether the attribute is left out when written.
    fn is_default(&self) -> bool;

    fn write(&self, writer: &mut Writer<'_>, target: Serializer) -> Result<(), EncodeError>;
}

/// A set of attributes: one dictionary, or a group of keys that several dictionaries share.
pub(super) trait AttributeSet<'a>: Default {
    /// Whether the key is one of the set.
    fn knows(key: &str) -> bool;

    /// Reads the value behind `key`, if the set knows the key.
    fn take(&mut self, key: &str, dict: &mut DictReader<'a>, source: &Source<'a>) -> Result<bool, Fault>;

    /// Shows the attributes that are not at their default, in the order in which they are written.
    fn each<'s>(&'s self, visit: &mut dyn FnMut(&'static str, &'s dyn AttributeValue));

    /// Whether the attributes announce a payload that is one opaque string in place of the arguments.
    fn is_transparent(&self) -> bool {
        false
    }

    /// The attributes nobody here knows, if this is a whole dictionary and not a group.
    fn unknown(&self) -> Option<&Unknown> {
        None
    }

    /// Where to keep the attributes nobody here knows.
    fn unknown_mut(&mut self) -> Option<&mut Unknown> {
        None
    }
}

/// A whole dictionary of attributes is an element of a message.
impl<'a, S: AttributeSet<'a>> Element<'a> for S {
    fn read(elements: &mut Elements<'a>, label: &'static str) -> Result<Self, Violation> {
        let mut set = Self::default();
        elements.attributes(label, &mut set)?;
        Ok(set)
    }

    fn write(&self, writer: &mut Writer<'_>, target: Serializer) -> Result<(), EncodeError> {
        write_dict(self, writer, target)
    }
}

/// A rarely used group stands in a box, so that its absence costs one word.
impl<'a, G: AttributeSet<'a>> AttributeSet<'a> for Option<Box<G>> {
    fn knows(key: &str) -> bool {
        G::knows(key)
    }

    fn take(&mut self, key: &str, dict: &mut DictReader<'a>, source: &Source<'a>) -> Result<bool, Fault> {
        if !G::knows(key) {
            return Ok(false);
        }
        self.get_or_insert_default().take(key, dict, source)
    }

    fn each<'s>(&'s self, visit: &mut dyn FnMut(&'static str, &'s dyn AttributeValue)) {
        if let Some(group) = self {
            group.each(visit);
        }
    }

    fn is_transparent(&self) -> bool {
        self.as_ref().is_some_and(|group| group.is_transparent())
    }
}

/// The attributes of a decoded dictionary that nobody here knows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Unknown(Option<Box<Encoded>>);

impl Unknown {
    /// The dictionary they stood in, unless all its attributes are known.
    pub fn dict(&self) -> Option<&Encoded> {
        self.0.as_deref()
    }

    pub(super) fn keep(&mut self, source: &Source<'_>, dict: Bytes) {
        self.0 = Some(Box::new(Encoded::from_frame(source.serializer, dict)));
    }
}

/// Writes a dictionary: the known attributes, and the unknown ones where they once stood among them.
fn write_dict<'a, S: AttributeSet<'a>>(
    set: &S,
    writer: &mut Writer<'_>,
    target: Serializer,
) -> Result<(), EncodeError> {
    let original = set.unknown().and_then(Unknown::dict);
    if original.is_none() {
        let mut len = 0;
        set.each(&mut |_, _| len += 1);
        writer.dict(len);
        let mut written = Ok(());
        set.each(&mut |key, value| {
            if written.is_ok() {
                writer.key(key);
                written = value.write(writer, target);
            }
        });
        writer.end();
        return written;
    }
    let mut known: Vec<(&'static str, &dyn AttributeValue)> = Vec::new();
    set.each(&mut |key, value| known.push((key, value)));
    let entries = original.map_or_else(|| Ok(Vec::new()), |original| read_entries(original, S::knows))?;
    writer.dict(known.len() + entries.iter().filter(|(_, unknown)| unknown.is_some()).count());
    for (key, unknown) in &entries {
        if let Some(value) = unknown {
            writer.key(key);
            value.write(writer, target)?;
        } else if let Some(index) = known.iter().position(|(name, _)| name == key) {
            let (name, value) = known.remove(index);
            writer.key(name);
            value.write(writer, target)?;
        }
    }
    for (key, value) in known {
        writer.key(key);
        value.write(writer, target)?;
    }
    writer.end();
    Ok(())
}

/// The keys of a dictionary in their order, with the values of those that are not `known`.
fn read_entries(
    original: &Encoded,
    known: fn(&str) -> bool,
) -> Result<Vec<(Cow<'_, str>, Option<Encoded>)>, EncodeError> {
    let broken = |error: DecodeError| EncodeError { reason: error.reason };
    let mut dict = DictReader::open(original.serializer(), original.bytes()).map_err(broken)?;
    let mut entries = Vec::new();
    while let Some(key) = dict.key().map_err(broken)? {
        let value = dict.raw().map_err(broken)?;
        let unknown = if known(&key) { None } else { Some(original.slice(value)) };
        entries.push((key, unknown));
    }
    Ok(entries)
}

/// Declares the attributes of one dictionary (with `unknown`) or of a group several dictionaries share (without).
macro_rules! attributes {
    (
        $(#[$doc:meta])*
        pub struct $name:ident $(<$lifetime:lifetime>)? {
            $($(#[$field_doc:meta])* $key:literal => $field:ident: $ty:ty,)*
            $(+ $group:ident: $group_ty:ty,)*
        }
        $($unknown:ident)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Eq, PartialEq)]
        pub struct $name $(<$lifetime>)? {
            $($(#[$field_doc])* pub $field: $ty,)*
            $(#[doc = "Present if one of its attributes is."] pub $group: $group_ty,)*
            $(#[doc = "The attributes we do not know."] pub $unknown: $crate::message::attributes::Unknown,)?
        }

        impl<'f> $crate::message::attributes::AttributeSet<'f> for $crate::message::attributes::attributes!(@type 'f $name $($lifetime)?) {
            fn knows(key: &str) -> bool {
                $(if key == $key { return true; })*
                $(if <$group_ty as $crate::message::attributes::AttributeSet<'_>>::knows(key) { return true; })*
                false
            }

            fn take(
                &mut self,
                key: &str,
                dict: &mut $crate::codec::DictReader<'f>,
                source: &$crate::message::attributes::Source<'f>,
            ) -> std::result::Result<bool, $crate::message::violation::Fault> {
                match key {
                    $($key => self.$field = $crate::message::attributes::read_attribute(dict, source)?,)*
                    _ => {
                        $(if $crate::message::attributes::AttributeSet::take(&mut self.$group, key, dict, source)? {
                            return Ok(true);
                        })*
                        return Ok(false);
                    }
                }
                Ok(true)
            }

            fn each<'s>(
                &'s self,
                visit: &mut dyn FnMut(&'static str, &'s dyn $crate::message::attributes::AttributeValue),
            ) {
                $(if !$crate::message::attributes::AttributeValue::is_default(&self.$field) {
                    visit($key, &self.$field);
                })*
                $($crate::message::attributes::AttributeSet::each(&self.$group, visit);)*
            }

            $crate::message::attributes::attributes!(@transparent $($group)*);

            $(fn unknown(&self) -> Option<&$crate::message::attributes::Unknown> {
                Some(&self.$unknown)
            }

            fn unknown_mut(&mut self) -> Option<&mut $crate::message::attributes::Unknown> {
                Some(&mut self.$unknown)
            })?
        }
    };
    (@type $f:lifetime $name:ident) => { $name };
    (@type $f:lifetime $name:ident $lifetime:lifetime) => { $name<$f> };
    (@transparent) => {};
    (@transparent $($group:ident)+) => {
        fn is_transparent(&self) -> bool {
            false $(|| $crate::message::attributes::AttributeSet::is_transparent(&self.$group))+
        }
    };
}
pub(super) use attributes;

/// Reads one attribute after a look at its kind.
pub(super) fn read_attribute<'a, A: Attribute<'a>>(
    dict: &mut DictReader<'a>,
    source: &Source<'a>,
) -> Result<A, Fault> {
    let kind = dict.peek()?;
    if kind != A::KIND {
        return Err(Fault::kind(A::EXPECTED, kind));
    }
    A::read(dict, source)
}

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
    const EXPECTED: &'static str = "an integer from 0 on";
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
    u64, "an integer from 0 on", Integer,
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
        |dict, source| read_list(dict, source, "a list of ids", Kind::Integer, |list| SessionId::new(list.unsigned().ok()?))?,
        |writer, target, value| write_list(writer, value, |writer, id| writer.unsigned(id.get()));
    Vec<String>, "a list of strings", List,
        |dict, source| read_list(dict, source, "a list of strings", Kind::Text, |list| Some(list.text().ok()?.into_owned()))?,
        |writer, target, value| write_list(writer, value, |writer, text| writer.text(text));
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

fn read_id<T: Id>(dict: &mut DictReader<'_>) -> Result<T, Fault> {
    let outside = Fault::Wrong { expected: "an id from 1 to 2^53", got: "another integer".into() };
    dict.unsigned().ok().and_then(T::new).ok_or(outside)
}

fn read_list<'a, T>(
    dict: &mut DictReader<'a>,
    source: &Source<'a>,
    expected: &'static str,
    kind: Kind,
    read: impl Fn(&mut ListReader<'a>) -> Option<T>,
) -> Result<Vec<T>, Fault> {
    let mut list = ListReader::open(source.serializer, dict.raw()?)?;
    let mut values = Vec::new();
    while let Some(found) = list.peek()? {
        if found != kind {
            return Err(Fault::Wrong {
                expected,
                got: format!("a list with a {}", super::violation::kind_name(found)).into(),
            });
        }
        let outside = || Fault::Wrong { expected, got: "a value out of range".into() };
        values.push(read(&mut list).ok_or_else(outside)?);
    }
    Ok(values)
}

fn write_list<T>(writer: &mut Writer<'_>, values: &[T], write: impl Fn(&mut Writer<'_>, &T)) {
    writer.list(values.len());
    values.iter().for_each(|value| write(writer, value));
    writer.end();
}
