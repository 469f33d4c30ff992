//! serde's view of a writer: one `Serializer` for all three serializers.
//!
//! Invariant: the output never nests deeper than our own readers accept.

use super::ser_key::KeyEncode;
use super::writer::{Encoder, Level, with_writer};
use super::{EncodeError, MAX_DEPTH, Serializer};
use serde::ser::{self, Serialize};
use std::fmt;

/// Writes one value of a Rust type at the end of `out`, which stays as it was if that fails.
///
/// Dictionary keys may be numbers, booleans and characters as well as strings; they become strings. A float that is
/// infinite or not a number cannot be written in JSON, and an integer of more than 64 bits not in MessagePack, unless a
/// double is exactly that number.
pub fn to_writer<T: Serialize + ?Sized>(
    serializer: Serializer,
    value: &T,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let result = with_writer!(serializer, &mut *out, w => value.serialize(Encode::new(&mut w)));
    if result.is_err() {
        out.truncate(start);
    }
    result
}

impl ser::Error for EncodeError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(super::de::shortened(message))
    }
}

/// The place where the next value goes.
pub(crate) struct Encode<'e, E> {
    encoder: &'e mut E,
    depth: usize,
}

impl<'e, E: Encoder> Encode<'e, E> {
    pub(crate) fn new(encoder: &'e mut E) -> Self {
        Self { encoder, depth: 0 }
    }
    /// For a value around which `depth` levels are or will be written by others.
    pub(crate) fn within(encoder: &'e mut E, depth: usize) -> Self {
        Self { encoder, depth }
    }

    pub(crate) fn open(self, dict: bool, len: Option<usize>) -> Result<Compound<'e, E>, EncodeError> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(EncodeError::new("nested too deeply to be written"));
        }
        let level = self.encoder.open(dict, len.unwrap_or(0));
        Ok(Compound { encoder: self.encoder, level, outer: None, depth })
    }

    /// The list or dictionary within the dictionary of one entry that an enum variant is.
    fn open_variant(
        self,
        variant: &'static str,
        dict: bool,
        len: usize,
    ) -> Result<Compound<'e, E>, EncodeError> {
        let mut outer = self.open(true, Some(1))?;
        outer.key(variant)?;
        let Compound { encoder, level, depth, .. } = outer;
        let mut inner = Encode { encoder, depth }.open(dict, Some(len))?;
        inner.outer = Some(level);
        Ok(inner)
    }
}

macro_rules! plain {
    ($($method:ident($type:ty) $to:ident)*) => {
        $(fn $method(self, value: $type) -> Result<(), EncodeError> {
            self.encoder.$to(value.into());
            Ok(())
        })*
    };
}

impl<'e, E: Encoder> ser::Serializer for Encode<'e, E> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Compound<'e, E>;
    type SerializeTuple = Compound<'e, E>;
    type SerializeTupleStruct = Compound<'e, E>;
    type SerializeTupleVariant = Compound<'e, E>;
    type SerializeMap = Compound<'e, E>;
    type SerializeStruct = Compound<'e, E>;
    type SerializeStructVariant = Compound<'e, E>;

    plain! {
        serialize_bool(bool) boolean
        serialize_i8(i8) signed serialize_i16(i16) signed serialize_i32(i32) signed serialize_i64(i64) signed
        serialize_u8(u8) unsigned serialize_u16(u16) unsigned serialize_u32(u32) unsigned
        serialize_u64(u64) unsigned
        serialize_bytes(&[u8]) binary
    }
    fn serialize_str(self, value: &str) -> Result<(), EncodeError> {
        E::check_text(value)?;
        self.encoder.text(value);
        Ok(())
    }
    fn serialize_i128(self, value: i128) -> Result<(), EncodeError> {
        self.encoder.exact(&value.into())
    }
    fn serialize_u128(self, value: u128) -> Result<(), EncodeError> {
        self.encoder.exact(&value.into())
    }
    fn serialize_f32(self, value: f32) -> Result<(), EncodeError> {
        self.encoder.single(value)
    }
    fn serialize_f64(self, value: f64) -> Result<(), EncodeError> {
        self.encoder.double(value)
    }
    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }
    fn serialize_none(self) -> Result<(), EncodeError> {
        self.serialize_unit()
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), EncodeError> {
        self.encoder.null();
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), EncodeError> {
        self.serialize_unit()
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), EncodeError> {
        let mut outer = self.open(true, Some(1))?;
        outer.entry(variant, value)?;
        outer.close();
        Ok(())
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<Compound<'e, E>, EncodeError> {
        self.open(false, len)
    }
    fn serialize_tuple(self, len: usize) -> Result<Compound<'e, E>, EncodeError> {
        self.open(false, Some(len))
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Compound<'e, E>, EncodeError> {
        self.open(false, Some(len))
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'e, E>, EncodeError> {
        self.open_variant(variant, false, len)
    }
    fn serialize_map(self, len: Option<usize>) -> Result<Compound<'e, E>, EncodeError> {
        self.open(true, len)
    }
    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Compound<'e, E>, EncodeError> {
        self.open(true, Some(len))
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'e, E>, EncodeError> {
        self.open_variant(variant, true, len)
    }
}

/// An open list or dictionary.
pub(crate) struct Compound<'e, E> {
    encoder: &'e mut E,
    level: Level,
    /// The dictionary around it, for enum variants.
    outer: Option<Level>,
    depth: usize,
}

impl<E: Encoder> Compound<'_, E> {
    fn element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.level.count();
        self.value(value)
    }
    fn value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), EncodeError> {
        value.serialize(Encode { encoder: &mut *self.encoder, depth: self.depth })
    }
    fn key(&mut self, key: &str) -> Result<(), EncodeError> {
        E::check_key(key)?;
        self.level.count();
        self.encoder.key(key);
        Ok(())
    }
    fn entry<T: ?Sized + Serialize>(&mut self, key: &str, value: &T) -> Result<(), EncodeError> {
        self.key(key)?;
        self.value(value)
    }
    fn close(self) {
        self.encoder.close(&self.level);
        if let Some(outer) = &self.outer {
            self.encoder.close(outer);
        }
    }
}

macro_rules! lists {
    ($($trait:ident $method:ident)*) => {
        $(impl<E: Encoder> ser::$trait for Compound<'_, E> {
            type Ok = ();
            type Error = EncodeError;
            fn $method<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), EncodeError> {
                self.element(value)
            }
            fn end(self) -> Result<(), EncodeError> {
                self.close();
                Ok(())
            }
        })*
    };
}

lists! {
    SerializeSeq serialize_element
    SerializeTuple serialize_element
    SerializeTupleStruct serialize_field
    SerializeTupleVariant serialize_field
}

macro_rules! structs {
    ($($trait:ident)*) => {
        $(impl<E: Encoder> ser::$trait for Compound<'_, E> {
            type Ok = ();
            type Error = EncodeError;
            fn serialize_field<T: ?Sized + Serialize>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), EncodeError> {
                self.entry(key, value)
            }
            fn end(self) -> Result<(), EncodeError> {
                self.close();
                Ok(())
            }
        })*
    };
}

structs! { SerializeStruct SerializeStructVariant }

impl<E: Encoder> ser::SerializeMap for Compound<'_, E> {
    type Ok = ();
    type Error = EncodeError;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), EncodeError> {
        self.level.count();
        key.serialize(KeyEncode::new(&mut *self.encoder))
    }
    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), EncodeError> {
        self.value(value)
    }
    fn end(self) -> Result<(), EncodeError> {
        self.close();
        Ok(())
    }
}
