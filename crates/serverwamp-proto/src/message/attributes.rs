//! Options and details: dictionaries with attributes we know and attributes we do not.
//!
//! [`attributes!`] declares a struct whose fields are the known attributes. A known attribute of the wrong type is a
//! violation that names it; an unknown one is ignored, but kept where it stood, so that a message that is decoded and
//! encoded again has lost nothing. An attribute that has its default is not written.

use std::borrow::Cow;

use bytes::Bytes;

use super::dictionary::Source;
use super::encoded::Encoded;
use super::violation::{Fault, Violation};
use super::wire::{Element, Elements};
use crate::codec::{DecodeError, DictReader, EncodeError, Kind, Serializer, Writer};

/// The value of one attribute.
pub(super) trait Attribute<'a>: AttributeValue + Sized {
    /// The expected value, with its article.
    const EXPECTED: &'static str;
    /// The kind of value that belongs there.
    const KIND: Kind;

    fn read(dict: &mut DictReader<'a>, source: &Source<'a>) -> Result<Self, Fault>;
}

/// The half of [`Attribute`] that writes.
pub(super) trait AttributeValue {
    /// Returns whether the attribute is left out when written.
    fn is_default(&self) -> bool;

    fn write(&self, writer: &mut Writer<'_>, target: Serializer) -> Result<(), EncodeError>;
}

/// A set of attributes: one dictionary, or a group of keys that several dictionaries share.
pub(super) trait AttributeSet<'a>: Default {
    /// Returns whether the key is one of the set.
    fn knows(key: &str) -> bool;

    /// Reads the value behind `key`, if the set knows the key.
    fn take(&mut self, key: &str, dict: &mut DictReader<'a>, source: &Source<'a>) -> Result<bool, Fault>;

    /// Shows the attributes that are not at their default, in the order in which they are written.
    fn each<'s>(&'s self, visit: &mut dyn FnMut(&'static str, &'s dyn AttributeValue));

    /// The attributes nobody here knows, if this is a whole dictionary and not a group.
    fn unknown(&self) -> Option<&UnknownAttributes> {
        None
    }

    /// The place of unknown attributes.
    fn unknown_mut(&mut self) -> Option<&mut UnknownAttributes> {
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
}

/// The attributes of a decoded dictionary that nobody here knows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UnknownAttributes(Option<Box<Encoded>>);

impl UnknownAttributes {
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
    let Some(original) = set.unknown().and_then(UnknownAttributes::dict) else {
        return write_known(set, writer, target);
    };
    let mut known: Vec<(&'static str, &dyn AttributeValue)> = Vec::new();
    set.each(&mut |key, value| known.push((key, value)));
    let entries = read_entries(original, S::knows)?;
    writer.dict(known.len() + entries.iter().filter(|entry| entry.unknown.is_some()).count());
    for RawAttribute { key, unknown } in &entries {
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

/// Writes the known attributes only, as a router does that forwards what it knows (checklist PUB-10, RPC-10).
pub(super) fn write_known<'a, S: AttributeSet<'a>>(
    set: &S,
    writer: &mut Writer<'_>,
    target: Serializer,
) -> Result<(), EncodeError> {
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
    written
}

/// Returns whether the attributes read so far ask for an answer.
pub(super) fn is_acknowledged<'a, S: AttributeSet<'a>>(set: &S) -> bool {
    let mut acknowledged = false;
    set.each(&mut |key, _| acknowledged |= key == "acknowledge");
    acknowledged
}

/// Returns whether every known attribute has its default.
pub(super) fn is_plain<'a, S: AttributeSet<'a>>(set: &S) -> bool {
    let mut plain = true;
    set.each(&mut |_, _| plain = false);
    plain
}

/// One entry of a dictionary that was decoded.
struct RawAttribute<'a> {
    key: Cow<'a, str>,
    /// The value, if the key is not a known one.
    unknown: Option<Encoded>,
}

/// The keys of a dictionary in their order, with the values of those that are not `known`.
fn read_entries(original: &Encoded, known: fn(&str) -> bool) -> Result<Vec<RawAttribute<'_>>, EncodeError> {
    let broken = |error: DecodeError| EncodeError { reason: error.reason };
    let mut dict = DictReader::open(original.serializer(), original.bytes()).map_err(broken)?;
    let mut entries = Vec::new();
    while let Some(key) = dict.key().map_err(broken)? {
        let value = dict.raw().map_err(broken)?;
        let unknown = if known(&key) { None } else { Some(original.slice(value)) };
        entries.push(RawAttribute { key, unknown });
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
            $(#[doc = "The attributes we do not know."] pub $unknown: $crate::message::attributes::UnknownAttributes,)?
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
                source: &$crate::message::dictionary::Source<'f>,
            ) -> std::result::Result<bool, $crate::message::violation::Fault> {
                match key {
                    $($key => {
                        self.$field = $crate::message::attributes::read_attribute(dict, source)?;
                        Ok(true)
                    })*
                    _ => {
                        $(if $crate::message::attributes::AttributeSet::take(&mut self.$group, key, dict, source)? {
                            return Ok(true);
                        })*
                        Ok(false)
                    }
                }
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

            $(fn unknown(&self) -> Option<&$crate::message::attributes::UnknownAttributes> {
                Some(&self.$unknown)
            }

            fn unknown_mut(&mut self) -> Option<&mut $crate::message::attributes::UnknownAttributes> {
                Some(&mut self.$unknown)
            })?
        }
    };
    (@type $f:lifetime $name:ident) => { $name };
    (@type $f:lifetime $name:ident $lifetime:lifetime) => { $name<$f> };
}
pub(super) use attributes;

/// Reads one attribute after a look at its kind.
///
/// Null is as good as absent: clients that fill options from variables send it for those that are not set.
pub(super) fn read_attribute<'a, A: Attribute<'a> + Default>(
    dict: &mut DictReader<'a>,
    source: &Source<'a>,
) -> Result<A, Fault> {
    let kind = source.within(dict, |dict| Ok(dict.peek()?))?;
    if kind == Kind::Null {
        dict.raw()?;
        return Ok(A::default());
    }
    if kind != A::KIND {
        return Err(Fault::kind(A::EXPECTED, kind));
    }
    if kind == Kind::List {
        return A::read(dict, source);
    }
    source.within(dict, |dict| A::read(dict, source))
}
