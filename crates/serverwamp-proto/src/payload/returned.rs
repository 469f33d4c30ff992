//! Results and arguments read as the types they were written as: the inverse of how one value becomes a message.
//!
//! Invariant: nothing is dropped silently unless `()` asks for that; a value that was written alone is read as a whole.

use super::ArgumentsError;
use super::bind::{Bind, fail};
use super::shape::{ARG, ARGS, KWARGS};
use crate::codec::DecodeError;
use crate::codec::de::Decode;
use crate::codec::reader::Reader;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

/// What a tuple is.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum ValuesAs {
    /// One list, as a handler returns it; as many positional results where there is not one.
    Returned,
    /// The positional arguments.
    Given,
    /// All positional arguments, and all keyword arguments.
    Both,
}

/// The encoded values of one message.
pub(super) struct Values<'de, R> {
    bind: Bind<'de, R>,
    rule: ValuesAs,
}

impl<'de, R: Reader<'de>> Values<'de, R> {
    pub(super) fn new(args: &'de [u8], kwargs: &'de [u8], rule: ValuesAs) -> Self {
        Self { bind: Bind::new(args, kwargs), rule }
    }

    fn what(&self) -> &'static str {
        match self.rule {
            ValuesAs::Returned => "result",
            ValuesAs::Given | ValuesAs::Both => "argument",
        }
    }

    /// Decodes the only positional value.
    fn whole<T>(self, decode: impl FnOnce(&mut R) -> Result<T, DecodeError>) -> Result<T, ArgumentsError> {
        let what = self.what();
        if !self.bind.has_keyword_part() {
            // Only where it is not the only one, or cannot be read, they are counted: a wrong number says more than that.
            return self.bind.only(decode).or_else(|error| match self.bind.count()? {
                1 => Err(error),
                0 => fail(format!("there is no {what}")),
                count => fail(format!("there are {count} positional {what}s: read `Args<..>`")),
            });
        }
        let keywords = self.bind.no_keywords().is_err();
        match self.bind.count()? {
            1 if !keywords => self.bind.single(decode),
            1 => fail(format!(
                "there is 1 positional {what} and keyword {what}s: read `(Args<..>, Kwargs<..>)`"
            )),
            0 if keywords => fail(format!("there are keyword {what}s alone: read `Kwargs<..>`")),
            0 => fail(format!("there is no {what}")),
            count if keywords => fail(format!(
                "there are {count} positional {what}s and keyword {what}s: read `(Args<..>, Kwargs<..>)`"
            )),
            count => fail(format!("there are {count} positional {what}s: read `Args<..>`")),
        }
    }

    /// All positional values as one element, all keyword ones as the next.
    fn both<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
        visitor.visit_seq(BothParts([self.bind.positional_part(), self.bind.keyword_part()].into_iter()))
    }

    fn is_empty(&self) -> Result<bool, ArgumentsError> {
        Ok(self.bind.count()? == 0 && self.bind.no_keywords().is_ok())
    }
}

struct BothParts<'de, R>(std::array::IntoIter<Bind<'de, R>, 2>);

impl<'de, R: Reader<'de>> SeqAccess<'de> for BothParts<'de, R> {
    type Error = ArgumentsError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ArgumentsError> {
        self.0.next().map(|part| seed.deserialize(part)).transpose()
    }
}

macro_rules! whole {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
            self.whole(|reader| Decode::new(reader).$method(visitor))
        })*
    };
}

impl<'de, R: Reader<'de>> Deserializer<'de> for Values<'de, R> {
    type Error = ArgumentsError;

    whole! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_identifier deserialize_seq deserialize_map
    }
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
        if self.is_empty()? {
            return visitor.visit_unit();
        }
        self.whole(|reader| Decode::new(reader).deserialize_any(visitor))
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
        let null = self.bind.single(|reader| reader.take_null()) == Ok(true);
        if null || self.is_empty()? { visitor.visit_none() } else { visitor.visit_some(self) }
    }
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
        visitor.visit_unit()
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
        visitor.visit_unit()
    }
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        self.whole(|reader| Decode::new(reader).deserialize_unit_struct(name, visitor))
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        match name {
            ARGS => {
                self.bind.no_keywords()?;
                visitor.visit_newtype_struct(self.bind)
            }
            KWARGS => {
                self.bind.no_positionals()?;
                visitor.visit_newtype_struct(self.bind)
            }
            ARG => self.bind.single(|reader| visitor.visit_newtype_struct(Decode::new(reader))),
            _ => self.whole(|reader| Decode::new(reader).deserialize_newtype_struct(name, visitor)),
        }
    }
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ArgumentsError> {
        let spread = match self.rule {
            ValuesAs::Both => return self.both(visitor),
            ValuesAs::Given => true,
            ValuesAs::Returned => len > 1 && self.bind.count()? == len,
        };
        if spread {
            return self.bind.sequence(Some(len), visitor);
        }
        self.whole(|reader| Decode::new(reader).deserialize_tuple(len, visitor))
    }
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        self.whole(|reader| Decode::new(reader).deserialize_tuple_struct(name, len, visitor))
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        self.whole(|reader| Decode::new(reader).deserialize_struct(name, fields, visitor))
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        self.whole(|reader| Decode::new(reader).deserialize_enum(name, variants, visitor))
    }
}
