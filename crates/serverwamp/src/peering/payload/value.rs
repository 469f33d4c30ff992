//! One Rust value as one positional result or as the arguments of a message, and the trap in that.
//!
//! `Result<T, E>` is itself `Serialize` when `T` and `E` are. Invariant of this file: an `Err` that reaches it, however
//! wrapped in `Some` and `Box`, comes out as an error.

use super::cannot_encode;
use crate::base::error::{WampError, to_value};
use serde::Serialize;
use serde::ser::{Impossible, Serializer as SerdeSerializer};
use serverwamp_proto::codec::{Serializer, Value};
use serverwamp_proto::payload::{Part, Payload, encode_args_part, encode_single_part, encode_whole_part};
use serverwamp_proto::uris;
use std::fmt;

/// Encodes `value` as the only positional argument; nothing when it is `()` or `None`.
pub(crate) fn encode_value<T: Serialize + ?Sized>(
    serializer: Serializer,
    value: &T,
) -> Result<Payload, WampError> {
    Glance { serializer, spreads: false }.encode(value)
}

/// As [`encode_value`], but each element of a tuple or an array is an argument of its own.
pub(crate) fn encode_arguments<T: Serialize + ?Sized>(
    serializer: Serializer,
    value: &T,
) -> Result<Payload, WampError> {
    Glance { serializer, spreads: true }.encode(value)
}

fn encode_plain<T: Serialize + ?Sized>(serializer: Serializer, value: &T) -> Result<Payload, WampError> {
    match encode_single_part(serializer, value) {
        Ok(args) => Ok(Payload::of_parts(serializer, args, Part::new())),
        Err(error) => Err(cannot_encode(error)),
    }
}

/// A serializer that looks at the outermost layer of a value and writes nothing.
#[derive(Clone, Copy)]
struct Glance {
    serializer: Serializer,
    /// Whether the elements of a tuple are arguments.
    spreads: bool,
}

impl Glance {
    fn encode<T: Serialize + ?Sized>(self, value: &T) -> Result<Payload, WampError> {
        match value.serialize(self) {
            Ok(never) => match never {},
            Err(Seen::Nothing) => Ok(Payload::empty(self.serializer)),
            Err(Seen::Value) => encode_plain(self.serializer, value),
            Err(Seen::Whole(number)) => match encode_whole_part(self.serializer, number) {
                Some(args) => Ok(Payload::of_parts(self.serializer, args, Part::new())),
                None => encode_plain(self.serializer, value),
            },
            Err(Seen::Elements) => match encode_args_part(self.serializer, value) {
                Ok(args) => Ok(Payload::of_parts(self.serializer, args, Part::new())),
                Err(error) => Err(cannot_encode(error)),
            },
            Err(Seen::Unwrapped(encoded)) => *encoded,
        }
    }
}

/// The finding of a [`Glance`]; it travels as the "error" because nothing was written.
#[derive(Debug)]
enum Seen {
    /// `()` or `None`.
    Nothing,
    /// Something to encode as it is.
    Value,
    /// The same, and it is this number.
    Whole(u64),
    /// A tuple or an array whose elements are arguments.
    Elements,
    /// The inside of a `Result`, already encoded, or the error it was.
    Unwrapped(Box<Result<Payload, WampError>>),
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("looked at")
    }
}

impl std::error::Error for Seen {}

impl serde::ser::Error for Seen {
    /// The value's own `Serialize` failed before it called the serializer; encoding it will say so again.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Value
    }
}

/// Nothing is ever written, so success has no value.
#[derive(Debug)]
enum Never {}

/// What most numbers are, which takes no second look at the value.
macro_rules! whole_numbers {
    ($($method:ident($arg:ty);)*) => {
        $(
            #[inline]
            fn $method(self, number: $arg) -> Result<Never, Seen> {
                Err(u64::try_from(number).map_or(Seen::Value, Seen::Whole))
            }
        )*
    };
}

macro_rules! plain_values {
    ($($method:ident($($arg:ty),*);)*) => {
        $(fn $method(self, $(_: $arg),*) -> Result<Never, Seen> {
            Err(Seen::Value)
        })*
    };
}

impl SerdeSerializer for Glance {
    type Ok = Never;
    type Error = Seen;
    type SerializeSeq = Impossible<Never, Seen>;
    type SerializeTuple = Impossible<Never, Seen>;
    type SerializeTupleStruct = Impossible<Never, Seen>;
    type SerializeTupleVariant = Impossible<Never, Seen>;
    type SerializeMap = Impossible<Never, Seen>;
    type SerializeStruct = Impossible<Never, Seen>;
    type SerializeStructVariant = Impossible<Never, Seen>;

    whole_numbers! {
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
    }

    plain_values! {
        serialize_bool(bool);
        serialize_i128(i128);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    fn serialize_none(self) -> Result<Never, Seen> {
        Err(Seen::Nothing)
    }

    fn serialize_unit(self) -> Result<Never, Seen> {
        Err(Seen::Nothing)
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<Never, Seen> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, _: &T) -> Result<Never, Seen> {
        Err(Seen::Value)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Never, Seen> {
        match (name, variant) {
            ("Result", "Ok") => Err(Seen::Unwrapped(Box::new(self.encode(value)))),
            ("Result", "Err") => {
                let argument = to_value(value).unwrap_or(Value::Null);
                Err(Seen::Unwrapped(Box::new(Err(WampError::new(uris::error::RUNTIME_ERROR).arg(argument)))))
            }
            _ => Err(Seen::Value),
        }
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Seen> {
        Err(Seen::Value)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Seen> {
        Err(if self.spreads { Seen::Elements } else { Seen::Value })
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Seen> {
        Err(Seen::Value)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Seen> {
        Err(Seen::Value)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Seen> {
        Err(Seen::Value)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Seen> {
        Err(Seen::Value)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Seen> {
        Err(Seen::Value)
    }

    fn collect_str<T: ?Sized + fmt::Display>(self, _: &T) -> Result<Never, Seen> {
        Err(Seen::Value)
    }
}
