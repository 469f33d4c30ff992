//! Dictionary keys out of Rust values.
//!
//! Invariant: a key is a string in every serializer, as WAMP demands; numbers and booleans are spelled out.

use super::EncodeError;
use super::reader::KEY_NOT_TEXT;
use super::writer::Encoder;
use serde::ser::{self, Impossible, Serialize};

pub(crate) struct KeyEncode<'e, E> {
    encoder: &'e mut E,
}

impl<'e, E: Encoder> KeyEncode<'e, E> {
    pub(crate) fn new(encoder: &'e mut E) -> Self {
        Self { encoder }
    }
}

type RefusedKey = Result<Impossible<(), EncodeError>, EncodeError>;

#[cold]
fn refuse<T>() -> Result<T, EncodeError> {
    Err(EncodeError::new(KEY_NOT_TEXT))
}

macro_rules! integers {
    ($($method:ident($type:ty))*) => {
        $(fn $method(self, value: $type) -> Result<(), EncodeError> {
            self.serialize_str(itoa::Buffer::new().format(value))
        })*
    };
}

macro_rules! refused {
    ($($method:ident($($type:ty),*) -> $result:ty;)*) => {
        $(fn $method(self, $(_: $type),*) -> $result {
            refuse()
        })*
    };
}

impl<E: Encoder> ser::Serializer for KeyEncode<'_, E> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Impossible<(), EncodeError>;
    type SerializeTuple = Impossible<(), EncodeError>;
    type SerializeTupleStruct = Impossible<(), EncodeError>;
    type SerializeTupleVariant = Impossible<(), EncodeError>;
    type SerializeMap = Impossible<(), EncodeError>;
    type SerializeStruct = Impossible<(), EncodeError>;
    type SerializeStructVariant = Impossible<(), EncodeError>;

    fn serialize_str(self, key: &str) -> Result<(), EncodeError> {
        E::check_key(key)?;
        self.encoder.key(key);
        Ok(())
    }
    integers! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_i128(i128)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_u128(u128)
    }
    fn serialize_bool(self, value: bool) -> Result<(), EncodeError> {
        self.serialize_str(if value { "true" } else { "false" })
    }
    fn serialize_char(self, value: char) -> Result<(), EncodeError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), EncodeError> {
        self.serialize_str(variant)
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), EncodeError> {
        value.serialize(self)
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
        _: &'static str,
        _: &T,
    ) -> Result<(), EncodeError> {
        refuse()
    }
    refused! {
        serialize_f32(f32) -> Result<(), EncodeError>;
        serialize_f64(f64) -> Result<(), EncodeError>;
        serialize_bytes(&[u8]) -> Result<(), EncodeError>;
        serialize_none() -> Result<(), EncodeError>;
        serialize_unit() -> Result<(), EncodeError>;
        serialize_unit_struct(&'static str) -> Result<(), EncodeError>;
        serialize_seq(Option<usize>) -> RefusedKey;
        serialize_tuple(usize) -> RefusedKey;
        serialize_tuple_struct(&'static str, usize) -> RefusedKey;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> RefusedKey;
        serialize_map(Option<usize>) -> RefusedKey;
        serialize_struct(&'static str, usize) -> RefusedKey;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> RefusedKey;
    }
}
