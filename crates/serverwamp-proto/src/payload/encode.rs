//! Arguments out of Rust values.
//!
//! Invariant: no arguments at all are no bytes at all, so that a message need not carry an empty list or dictionary.

use super::Part;
use crate::codec::ser::{Compound, Encode};
use crate::codec::writer::{Encoder, with_writer};
use crate::codec::{EncodeError, Serializer};
use serde::ser::{self, Serialize};
use std::cell::Cell;

/// Levels around a single argument: the message and its list of arguments.
const AROUND_ARGUMENT: usize = 2;
/// Levels around all arguments: the message.
const AROUND_ARGUMENTS: usize = 1;
/// Most arguments fit without another allocation.
const ROOM: usize = 64;

/// Positional arguments: each element of a tuple or list is one. Empty if there is none.
///
/// # Errors
/// When `args` is neither a tuple nor a list nor `()`, or holds what the serializer cannot express.
pub fn encode_args<T: Serialize + ?Sized>(serializer: Serializer, args: &T) -> Result<Vec<u8>, EncodeError> {
    whole::<T, false>(serializer, args)
}

/// Keyword arguments: each field of a struct or entry of a map is one. Empty if there is none.
///
/// # Errors
/// When `kwargs` is neither a struct nor a map nor `()`, or holds what the serializer cannot express.
pub fn encode_kwargs<T: Serialize + ?Sized>(
    serializer: Serializer,
    kwargs: &T,
) -> Result<Vec<u8>, EncodeError> {
    whole::<T, true>(serializer, kwargs)
}

/// One positional argument, whatever its type.
///
/// # Errors
/// When `value` holds what the serializer cannot express.
pub fn encode_single<T: Serialize + ?Sized>(
    serializer: Serializer,
    value: &T,
) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::with_capacity(ROOM);
    single_into(serializer, value, &mut out)?;
    Ok(out)
}

fn single_into<T: Serialize + ?Sized>(
    serializer: Serializer,
    value: &T,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    with_writer!(serializer, out, w => {
        w.begin(false, 1);
        value.serialize(Encode::within(&mut w, AROUND_ARGUMENT))?;
        w.end(false);
    });
    Ok(())
}

thread_local! {
    /// Room for arguments, most of which are so short that a part holds them itself.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Room that is kept after longer arguments.
const KEPT: usize = 1024;

/// As [`encode_args`], without an allocation if the list is short.
///
/// # Errors
/// As for [`encode_args`].
pub fn encode_args_part<T: Serialize + ?Sized>(
    serializer: Serializer,
    args: &T,
) -> Result<Part, EncodeError> {
    part(|out| whole_into::<T, false>(serializer, args, out))
}

/// As [`encode_single`], without an allocation if the list is short.
///
/// # Errors
/// As for [`encode_single`].
pub fn encode_single_part<T: Serialize + ?Sized>(
    serializer: Serializer,
    value: &T,
) -> Result<Part, EncodeError> {
    part(|out| single_into(serializer, value, out))
}

/// What `encode` appends. A value whose `Serialize` encodes another one finds the room taken, and makes some of its own.
fn part(encode: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>) -> Result<Part, EncodeError> {
    SCRATCH.with(|scratch| {
        let mut out = scratch.take();
        out.clear();
        out.reserve(ROOM);
        encode(&mut out)?;
        if !Part::holds_itself(&out) {
            return Ok(out.into());
        }
        let part = Part::copied(&out);
        if out.capacity() <= KEPT {
            scratch.set(out);
        }
        Ok(part)
    })
}

fn whole<T: Serialize + ?Sized, const DICT: bool>(
    serializer: Serializer,
    value: &T,
) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::with_capacity(ROOM);
    whole_into::<T, DICT>(serializer, value, &mut out)?;
    Ok(out)
}

/// Writes into an empty `out`.
fn whole_into<T: Serialize + ?Sized, const DICT: bool>(
    serializer: Serializer,
    value: &T,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    with_writer!(serializer, &mut *out, w => {
        value.serialize(WholeArguments::<_, DICT>(Encode::within(&mut w, AROUND_ARGUMENTS)))
    })?;
    let empty: &[u8] = match (serializer, DICT) {
        (Serializer::Json, false) => b"[]",
        (Serializer::Json, true) => b"{}",
        (Serializer::MessagePack, false) => &[0x90],
        (Serializer::MessagePack, true) => &[0x80],
        (Serializer::Cbor, false) => &[0x80],
        (Serializer::Cbor, true) => &[0xa0],
    };
    if out == empty {
        out.clear();
    }
    Ok(())
}

/// Lets only lists through, or only dictionaries.
struct WholeArguments<'e, E, const DICT: bool>(Encode<'e, E>);

type Opened<'e, E> = Result<Compound<'e, E>, EncodeError>;

impl<'e, E: Encoder, const DICT: bool> WholeArguments<'e, E, DICT> {
    #[cold]
    fn refuse<T>() -> Result<T, EncodeError> {
        Err(EncodeError::new(if DICT {
            "keyword arguments must be a struct or a map"
        } else {
            "arguments must be a tuple or a list"
        }))
    }
    fn open(self, dict: bool, len: Option<usize>) -> Opened<'e, E> {
        if dict == DICT { self.0.open(dict, len) } else { Self::refuse() }
    }
}

macro_rules! refused {
    ($($method:ident($($type:ty),*))*) => {
        $(fn $method(self, $(_: $type),*) -> Result<(), EncodeError> {
            Self::refuse()
        })*
    };
}

impl<'e, E: Encoder, const DICT: bool> ser::Serializer for WholeArguments<'e, E, DICT> {
    type Ok = ();
    type Error = EncodeError;
    type SerializeSeq = Compound<'e, E>;
    type SerializeTuple = Compound<'e, E>;
    type SerializeTupleStruct = Compound<'e, E>;
    type SerializeTupleVariant = Compound<'e, E>;
    type SerializeMap = Compound<'e, E>;
    type SerializeStruct = Compound<'e, E>;
    type SerializeStructVariant = Compound<'e, E>;

    refused! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_i128(i128) serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_u128(u128) serialize_f32(f32) serialize_f64(f64) serialize_char(char) serialize_str(&str)
        serialize_bytes(&[u8]) serialize_unit_variant(&'static str, u32, &'static str)
    }
    fn serialize_none(self) -> Result<(), EncodeError> {
        Ok(())
    }
    fn serialize_unit(self) -> Result<(), EncodeError> {
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), EncodeError> {
        Ok(())
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
        Self::refuse()
    }
    fn serialize_seq(self, len: Option<usize>) -> Opened<'e, E> {
        self.open(false, len)
    }
    fn serialize_tuple(self, len: usize) -> Opened<'e, E> {
        self.open(false, Some(len))
    }
    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Opened<'e, E> {
        self.open(false, Some(len))
    }
    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Opened<'e, E> {
        Self::refuse()
    }
    fn serialize_map(self, len: Option<usize>) -> Opened<'e, E> {
        self.open(true, len)
    }
    fn serialize_struct(self, _: &'static str, len: usize) -> Opened<'e, E> {
        self.open(true, Some(len))
    }
    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Opened<'e, E> {
        Self::refuse()
    }
}
