//! serde's view of a reader: one `Deserializer` for all three serializers.
//!
//! Invariant: the values that a type sees do not depend on the serializer. Numbers are lenient (an integer is a fine float,
//! never the other way round), text and bytes are never mixed up, and all formats call themselves human readable, so
//! a payload keeps its shape when a router carries it from one serializer to another.

use super::de_key::Key;
use super::exact::Native;
use super::reader::{Frame, Reader, Token, with_reader};
use super::{DecodeError, Serializer};
use serde::de::value::SeqDeserializer;
use serde::de::{self, DeserializeSeed, Error as _, IntoDeserializer, Unexpected, Visitor};
use std::borrow::Cow;
use std::fmt::{self, Write};

/// Reads one value of a Rust type from `bytes`; nothing may trail.
///
/// An integer is accepted where a float is wanted: it becomes the nearest one. It is never a float where none is wanted;
/// `i128` and `u128` take integers of more than 64 bits. A decimal fraction or a bigfloat of CBOR is read as what it is in
/// JSON, a float. A byte string is accepted as `Vec<u8>` or `[u8; N]` as well as by
/// types that ask serde for bytes. Enums are externally tagged.
pub fn from_slice<'de, T: de::Deserialize<'de>>(
    serializer: Serializer,
    bytes: &'de [u8],
) -> Result<T, DecodeError> {
    with_reader!(serializer, R => {
        let mut reader = R::new(bytes)?;
        let value = T::deserialize(Decode::new(&mut reader)).map_err(|error| error.at(reader.offset()))?;
        reader.finish()?;
        Ok(value)
    })
}

/// An error of serde's has no place; the holder of the reader fills it in.
const NOWHERE: usize = usize::MAX;
/// Error texts quote the peer's values; this many bytes are enough to recognise one.
const LONGEST_REASON: usize = 300;

impl DecodeError {
    pub(crate) fn at(mut self, offset: usize) -> Self {
        if self.offset == NOWHERE {
            self.offset = offset;
        }
        self
    }
}

impl de::Error for DecodeError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { reason: Cow::Owned(shortened(message)), offset: NOWHERE }
    }
}

/// The text of `message`, cut to a length that can be sent and logged.
pub(crate) fn shortened(message: impl fmt::Display) -> String {
    struct Limited(String);
    impl Write for Limited {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = LONGEST_REASON.saturating_sub(self.0.len());
            if text.len() <= room {
                self.0.push_str(text);
                return Ok(());
            }
            let fits = (0..=room).rev().find_map(|end| text.get(..end));
            self.0.push_str(fits.unwrap_or_default());
            Err(fmt::Error)
        }
    }
    let mut limited = Limited(String::new());
    if write!(limited, "{message}").is_err() {
        limited.0.push('…');
    }
    limited.0
}

impl Token<'_> {
    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Boolean(value) => Unexpected::Bool(*value),
            Self::Unsigned(value) => Unexpected::Unsigned(*value),
            Self::Signed(value) => Unexpected::Signed(*value),
            Self::Exact(number) if number.is_whole() => Unexpected::Other("integer of more than 64 bits"),
            Self::Exact(_) => Unexpected::Other("decimal fraction"),
            Self::Float(value) => Unexpected::Float(*value),
            Self::Time(value) => Unexpected::Str(value),
            Self::Text(value) => Unexpected::Str(value),
            Self::Binary(value) => Unexpected::Bytes(value),
            Self::List(_) => Unexpected::Seq,
            Self::Dict(_) => Unexpected::Map,
            Self::Extension => Unexpected::Other("extension type"),
            Self::Opaque(reason) => Unexpected::Other(reason),
        }
    }
}

/// The next value of a reader.
pub(crate) struct Decode<'r, R> {
    reader: &'r mut R,
}

impl<'r, R> Decode<'r, R> {
    pub(crate) fn new(reader: &'r mut R) -> Self {
        Self { reader }
    }
}

impl<'de, R: Reader<'de>> Decode<'_, R> {
    /// Shows `token`, just read, to `visitor`.
    fn show<V: Visitor<'de>>(self, token: Token<'de>, visitor: V) -> Result<V::Value, DecodeError> {
        match token {
            Token::Null => visitor.visit_unit(),
            Token::Boolean(value) => visitor.visit_bool(value),
            Token::Unsigned(value) => visitor.visit_u64(value),
            Token::Signed(value) => visitor.visit_i64(value),
            Token::Exact(number) if number.is_whole() => match number.native() {
                Some(Native::Signed(value)) => visitor.visit_i128(value),
                Some(Native::Unsigned(value)) => visitor.visit_u128(value),
                None => Err(DecodeError::invalid_type(
                    Unexpected::Other("integer of more than 128 bits"),
                    &visitor,
                )),
            },
            Token::Exact(number) => visitor.visit_f64(number.nearest().map_err(DecodeError::custom)?),
            Token::Float(value) => visitor.visit_f64(value),
            Token::Text(Cow::Borrowed(value)) => visitor.visit_borrowed_str(value),
            Token::Text(Cow::Owned(value)) => visitor.visit_string(value),
            Token::Binary(Cow::Borrowed(value)) => visitor.visit_borrowed_bytes(value),
            Token::Binary(Cow::Owned(value)) => visitor.visit_byte_buf(value),
            Token::Time(value) => visitor.visit_string(value),
            Token::List(frame) => self.list(frame, visitor),
            Token::Dict(frame) => self.dict(frame, visitor),
            Token::Opaque(reason) => Err(DecodeError::custom(reason)),
            Token::Extension => Err(DecodeError::invalid_type(token.unexpected(), &visitor)),
        }
    }

    fn list<V: Visitor<'de>>(self, frame: Frame, visitor: V) -> Result<V::Value, DecodeError> {
        let mut elements = OpenElements { reader: self.reader, frame, seen: 0, done: false };
        let value = visitor.visit_seq(&mut elements)?;
        elements.finish()?;
        Ok(value)
    }

    fn dict<V: Visitor<'de>>(self, frame: Frame, visitor: V) -> Result<V::Value, DecodeError> {
        let mut entries = OpenElements { reader: self.reader, frame, seen: 0, done: false };
        let value = visitor.visit_map(&mut entries)?;
        entries.finish()?;
        Ok(value)
    }

    /// Text only: types such as `String` would take bytes for text.
    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.reader.token()? {
            token @ Token::Binary(_) => Err(DecodeError::invalid_type(token.unexpected(), &visitor)),
            token => self.show(token, visitor),
        }
    }

    /// Bytes, or a list of them; types such as `&[u8]` would take text for bytes.
    fn bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.reader.token()? {
            token @ (Token::Binary(_) | Token::List(_)) => self.show(token, visitor),
            token => Err(DecodeError::invalid_type(token.unexpected(), &visitor)),
        }
    }

    #[inline]
    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.reader.plain_unsigned() {
            Some(value) => visitor.visit_u64(value),
            None => de::Deserializer::deserialize_any(self, visitor),
        }
    }

    fn float<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.reader.token()? {
            Token::Unsigned(value) => visitor.visit_f64(value as f64),
            Token::Signed(value) => visitor.visit_f64(value as f64),
            Token::Exact(number) => visitor.visit_f64(number.nearest().map_err(DecodeError::custom)?),
            token => self.show(token, visitor),
        }
    }

    /// A list, or bytes as the list of numbers that `Vec<u8>` asks serde for.
    fn sequence<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.reader.token()? {
            Token::Binary(bytes) => {
                let mut numbers = SeqDeserializer::new(bytes.iter().copied());
                let value = visitor.visit_seq(&mut numbers)?;
                numbers.end()?;
                Ok(value)
            }
            token => self.show(token, visitor),
        }
    }
}

macro_rules! forward {
    ($($method:ident)* => $to:ident) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.$to(visitor)
        })*
    };
}

impl<'de, R: Reader<'de>> de::Deserializer<'de> for Decode<'_, R> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let token = self.reader.token()?;
        self.show(token, visitor)
    }

    forward! {
        deserialize_bool deserialize_i128 deserialize_u128 deserialize_unit deserialize_map => deserialize_any
    }
    forward! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 => integer
    }
    forward! { deserialize_f32 deserialize_f64 => float }
    forward! { deserialize_char deserialize_str deserialize_string deserialize_identifier => text }
    forward! { deserialize_bytes deserialize_byte_buf => bytes }
    forward! { deserialize_seq => sequence }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.reader.take_null()? { visitor.visit_none() } else { visitor.visit_some(self) }
    }
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.sequence(visitor)
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.sequence(visitor)
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.reader.token()? {
            Token::Text(variant) => visitor.visit_enum(variant.into_deserializer()),
            Token::Dict(mut frame) => {
                if !self.reader.more(&mut frame)? {
                    return Err(DecodeError::custom(
                        "expected a dictionary with one entry, got an empty one",
                    ));
                }
                let value = visitor.visit_enum(Variant { reader: self.reader })?;
                if self.reader.more(&mut frame)? {
                    return Err(DecodeError::custom("expected a dictionary with one entry, got more"));
                }
                Ok(value)
            }
            token => Err(DecodeError::invalid_type(token.unexpected(), &visitor)),
        }
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.reader.skip()?;
        visitor.visit_unit()
    }
}

/// The rest of an open list or dictionary.
struct OpenElements<'r, R> {
    reader: &'r mut R,
    frame: Frame,
    seen: usize,
    done: bool,
}

impl<'de, R: Reader<'de>> OpenElements<'_, R> {
    fn more(&mut self) -> Result<bool, DecodeError> {
        if !self.done {
            self.done = !self.reader.more(&mut self.frame)?;
        }
        self.seen += usize::from(!self.done);
        Ok(!self.done)
    }

    fn hint(&self) -> Option<usize> {
        (self.frame.left > 0).then_some(self.frame.left)
    }

    /// A type that stopped before the end wanted fewer elements than there are.
    fn finish(mut self) -> Result<(), DecodeError> {
        let wanted = self.seen;
        while self.more()? {
            if self.frame.dict {
                self.reader.pass_key()?;
            }
            self.reader.skip()?;
        }
        if self.seen == wanted {
            return Ok(());
        }
        Err(DecodeError::custom(format_args!("invalid length {}, expected {wanted}", self.seen)))
    }
}

impl<'de, R: Reader<'de>> de::SeqAccess<'de> for &mut OpenElements<'_, R> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        if self.more()? { seed.deserialize(Decode { reader: self.reader }).map(Some) } else { Ok(None) }
    }
    fn size_hint(&self) -> Option<usize> {
        self.hint()
    }
}

impl<'de, R: Reader<'de>> de::MapAccess<'de> for &mut OpenElements<'_, R> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        if !self.more()? {
            return Ok(None);
        }
        seed.deserialize(Key(self.reader.key()?)).map(Some)
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, DecodeError> {
        seed.deserialize(Decode { reader: self.reader })
    }
    fn size_hint(&self) -> Option<usize> {
        self.hint()
    }
}

/// The only entry of a dictionary that stands for an enum: the key names the variant.
struct Variant<'r, R> {
    reader: &'r mut R,
}

impl<'de, 'r, R: Reader<'de>> de::EnumAccess<'de> for Variant<'r, R> {
    type Error = DecodeError;
    type Variant = Decode<'r, R>;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Decode<'r, R>), DecodeError> {
        let variant = seed.deserialize(Key(self.reader.key()?))?;
        Ok((variant, Decode { reader: self.reader }))
    }
}

impl<'de, R: Reader<'de>> de::VariantAccess<'de> for Decode<'_, R> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        de::Deserialize::deserialize(self)
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, DecodeError> {
        seed.deserialize(self)
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.sequence(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        de::Deserializer::deserialize_any(self, visitor)
    }
}
