//! Arguments bound to a Rust type as Python binds a call to a signature.
//!
//! serde tells the names of a struct's fields in their order, so positional arguments can be given those names and the
//! keyword arguments added behind them. Invariant: arguments are decoded once, in the order in which they stand in the
//! bytes; only to explain an error are they looked at again.

use super::ArgumentsError;
use super::missing::Missing;
use crate::codec::DecodeError;
use crate::codec::Kind;
use crate::codec::de::{Decode, shortened};
use crate::codec::reader::{Frame, Reader, Token};
use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::marker::PhantomData;

pub(super) fn fail<T>(text: impl Into<String>) -> Result<T, ArgumentsError> {
    Err(ArgumentsError(text.into()))
}

/// `1 positional argument`, `2 positional arguments`.
pub(super) fn plural(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The encoded arguments of one message.
pub(super) struct Bind<'de, R> {
    args: &'de [u8],
    kwargs: &'de [u8],
    reader: PhantomData<R>,
}

impl<R> Clone for Bind<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Bind<'_, R> {}

/// The elements of the list or the entries of the dictionary that are still to be read.
struct Remaining<R> {
    /// Nothing if the message has no such list or dictionary, or it was read to its end.
    open: Option<(R, Frame)>,
}

impl<'de, R: Reader<'de>> Remaining<R> {
    fn list(bytes: &'de [u8]) -> Result<Self, ArgumentsError> {
        if bytes.is_empty() {
            return Ok(Self { open: None });
        }
        let mut reader = R::new(bytes)?;
        match reader.token()? {
            Token::List(frame) => Ok(Self { open: Some((reader, frame)) }),
            _ => fail("arguments are not a list"),
        }
    }
    fn dict(bytes: &'de [u8]) -> Result<Self, ArgumentsError> {
        if bytes.is_empty() {
            return Ok(Self { open: None });
        }
        let mut reader = R::new(bytes)?;
        match reader.token()? {
            Token::Dict(frame) => Ok(Self { open: Some((reader, frame)) }),
            _ => fail("keyword arguments are not a dictionary"),
        }
    }
    /// The reader, standing before the next element or entry; nothing at the end.
    fn next(&mut self) -> Result<Option<&mut R>, ArgumentsError> {
        if let Some((reader, frame)) = &mut self.open
            && !reader.more(frame)?
        {
            reader.finish()?;
            self.open = None;
        }
        Ok(self.reader())
    }
    fn reader(&mut self) -> Option<&mut R> {
        self.open.as_mut().map(|(reader, _)| reader)
    }
}

impl<'de, R: Reader<'de>> Bind<'de, R> {
    pub(super) fn new(args: &'de [u8], kwargs: &'de [u8]) -> Self {
        Self { args, kwargs, reader: PhantomData }
    }
    fn positionals(self) -> Result<Remaining<R>, ArgumentsError> {
        Remaining::list(self.args)
    }
    fn keywords(self) -> Result<Remaining<R>, ArgumentsError> {
        Remaining::dict(self.kwargs)
    }
    pub(super) fn positional_part(self) -> Self {
        Self { kwargs: &[], ..self }
    }
    pub(super) fn keyword_part(self) -> Self {
        Self { args: &[], ..self }
    }
    pub(super) fn no_keywords(self) -> Result<(), ArgumentsError> {
        match self.keywords()?.next()? {
            None => Ok(()),
            Some(_) => fail("takes positional arguments only"),
        }
    }
    pub(super) fn no_positionals(self) -> Result<(), ArgumentsError> {
        match self.positionals()?.next()? {
            None => Ok(()),
            Some(_) => fail("takes keyword arguments only"),
        }
    }
    fn nothing(self) -> Result<(), ArgumentsError> {
        match (self.positionals()?.next()?, self.keywords()?.next()?) {
            (None, None) => Ok(()),
            _ => fail("takes no arguments"),
        }
    }

    /// The number of positional arguments.
    pub(super) fn count(self) -> Result<usize, ArgumentsError> {
        let mut args = self.positionals()?;
        let mut count = 0;
        while let Some(reader) = args.next()? {
            reader.skip()?;
            count += 1;
        }
        Ok(count)
    }

    /// Returns whether there are bytes for keyword arguments, though they may be an empty dictionary.
    pub(super) const fn has_keyword_part(self) -> bool {
        !self.kwargs.is_empty()
    }

    /// Decodes the first positional argument, behind which there is none.
    pub(super) fn only<T>(
        self,
        decode: impl FnOnce(&mut R) -> Result<T, DecodeError>,
    ) -> Result<T, ArgumentsError> {
        let mut args = self.positionals()?;
        let Some(reader) = args.next()? else { return fail("there is none") };
        let value = decode(reader)?;
        match args.next()? {
            None => Ok(value),
            Some(_) => fail("there are several"),
        }
    }

    /// Decodes exactly one positional argument.
    pub(super) fn single<T>(
        self,
        decode: impl FnOnce(&mut R) -> Result<T, DecodeError>,
    ) -> Result<T, ArgumentsError> {
        self.no_keywords()?;
        let mut args = self.positionals()?;
        let result = match args.next()? {
            Some(reader) => decode(reader).map_err(ArgumentsError::from),
            None => fail(""),
        };
        if result.is_ok() && args.next()?.is_none() {
            return result;
        }
        // A wrong number of arguments says more than what is wrong with the first one.
        match self.count()? {
            1 => result,
            count => fail(format!("expected exactly 1 positional argument, got {count}")),
        }
    }

    pub(super) fn sequence<V: Visitor<'de>>(
        self,
        len: Option<usize>,
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        self.no_keywords()?;
        let mut elements = PositionalArguments { args: self.positionals()?, taken: 0, len };
        let result = visitor.visit_seq(&mut elements);
        if result.is_ok() && elements.args.next()?.is_none() {
            return result;
        }
        match (self.count()?, len) {
            (count, Some(len)) if count > len => {
                fail(format!("expected {}, got {count}", plural(len, "positional argument")))
            }
            (count, None) if result.is_ok() => fail(format!("takes fewer than {count} arguments")),
            _ => result,
        }
    }

    fn fields<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        visitor.visit_map(Fields {
            args: self.positionals()?,
            kwargs: self.keywords()?,
            fields,
            taken: 0,
            name: Cow::Borrowed(""),
        })
    }

    /// The advice for a caller with wrong arguments for a struct.
    #[cold]
    fn explain(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        error: ArgumentsError,
    ) -> ArgumentsError {
        match self.count() {
            Ok(_) if fields.is_empty() => ArgumentsError("takes no arguments".into()),
            Ok(count) if count > fields.len() => {
                ArgumentsError(format!("takes at most {}, got {count}", plural(fields.len(), "argument")))
            }
            Ok(1) if self.got_one_dictionary() => {
                ArgumentsError(format!("{error}; got 1 dictionary; did you mean `Arg<{name}>`?"))
            }
            _ => error,
        }
    }

    fn got_one_dictionary(self) -> bool {
        let kind = self.positionals().and_then(|mut args| match args.next()? {
            Some(reader) => Ok(Some(reader.peek()?)),
            None => Ok(None),
        });
        kind == Ok(Some(Kind::Dict)) && self.no_keywords().is_ok()
    }
}

/// Positional arguments as the elements of a tuple or list.
struct PositionalArguments<R> {
    args: Remaining<R>,
    taken: usize,
    /// The number of arguments that the type takes, if it is known.
    len: Option<usize>,
}

impl<'de, R: Reader<'de>> SeqAccess<'de> for &mut PositionalArguments<R> {
    type Error = ArgumentsError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ArgumentsError> {
        match (self.args.next()?, self.len) {
            (Some(reader), _) => {
                self.taken += 1;
                seed.deserialize(Decode::new(reader))
                    .map(Some)
                    .map_err(|error| ArgumentsError(format!("argument {}: {}", self.taken, error.reason)))
            }
            (None, Some(len)) => seed.deserialize(Missing { expected: len, got: self.taken }).map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// Positional arguments under the names of a struct's fields, then the keyword arguments.
struct Fields<'de, R> {
    args: Remaining<R>,
    kwargs: Remaining<R>,
    fields: &'static [&'static str],
    /// The number of fields given by position.
    taken: usize,
    /// The field whose value is next.
    name: Cow<'de, str>,
}

impl<'de, R: Reader<'de>> MapAccess<'de> for Fields<'de, R> {
    type Error = ArgumentsError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ArgumentsError> {
        if self.args.next()?.is_some() {
            let Some(field) = self.fields.get(self.taken) else { return fail("takes fewer arguments") };
            self.taken += 1;
            self.name = Cow::Borrowed(field);
            return seed.deserialize(BorrowedStrDeserializer::new(field)).map(Some);
        }
        let Some(reader) = self.kwargs.next()? else { return Ok(None) };
        self.name = reader.key()?;
        if self.fields.iter().take(self.taken).any(|field| *field == self.name) {
            return fail(format!("`{}` given both by position and by name", self.name));
        }
        let name: CowStrDeserializer<'_, ArgumentsError> = self.name.clone().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, ArgumentsError> {
        // The positional arguments are closed as soon as their end is seen, which the next key does.
        let Some(reader) = self.args.reader().or_else(|| self.kwargs.reader()) else {
            return fail("a value without a name");
        };
        seed.deserialize(Decode::new(reader))
            .map_err(|error| ArgumentsError(shortened(format_args!("`{}`: {}", self.name, error.reason))))
    }
}

macro_rules! single {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
            self.single(|reader| Decode::new(reader).$method(visitor))
        })*
    };
}

impl<'de, R: Reader<'de>> Deserializer<'de> for Bind<'de, R> {
    type Error = ArgumentsError;

    single! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_identifier
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        self.single(|reader| Decode::new(reader).deserialize_enum(name, variants, visitor))
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
        if self.no_keywords().is_err() {
            return visitor.visit_some(self);
        }
        let mut args = self.positionals()?;
        let none = match args.next()? {
            None => true,
            Some(reader) => reader.take_null()? && args.next()?.is_none(),
        };
        if none { visitor.visit_none() } else { visitor.visit_some(self) }
    }
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
        self.nothing()?;
        visitor.visit_unit()
    }
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        self.deserialize_unit(visitor)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
        self.sequence(None, visitor)
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ArgumentsError> {
        self.sequence(Some(len), visitor)
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        self.sequence(Some(len), visitor)
    }
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
        self.no_positionals()?;
        self.fields(&[], visitor)
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        self.fields(fields, visitor).map_err(|error| self.explain(name, fields, error))
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
        visitor.visit_unit()
    }
}
