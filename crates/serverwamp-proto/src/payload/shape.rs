//! The names of newtypes that say which part of a payload they are read from.

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;

/// A newtype with this name has the only positional argument.
pub const ARG: &str = "$serverwamp::Arg";
/// A newtype with this name has all positional arguments.
pub const ARGS: &str = "$serverwamp::Args";
/// A newtype with this name has all keyword arguments.
pub const KWARGS: &str = "$serverwamp::Kwargs";

/// Returns whether `T` is a pair that begins with [`ARGS`].
pub(super) fn is_both<'de, T: Deserialize<'de>>() -> bool {
    matches!(T::deserialize(PairProbe { inside: false }), Err(PairFound::Both))
}

/// A deserializer that sees what a type asks for first and gives it nothing.
struct PairProbe {
    /// Whether it stands at the first element of a pair.
    inside: bool,
}

/// The finding of a [`PairProbe`]; it travels as the error.
#[derive(Debug)]
enum PairFound {
    Both,
    Other,
}

impl fmt::Display for PairFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("looked at")
    }
}

impl std::error::Error for PairFound {}

impl de::Error for PairFound {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Other
    }
}

impl<'de> Deserializer<'de> for PairProbe {
    type Error = PairFound;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, PairFound> {
        Err(PairFound::Other)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: V,
    ) -> Result<V::Value, PairFound> {
        Err(if self.inside && name == ARGS { PairFound::Both } else { PairFound::Other })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, PairFound> {
        if self.inside || len != 2 {
            return Err(PairFound::Other);
        }
        visitor.visit_seq(FirstElement)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple_struct map struct enum identifier ignored_any
    }
}

struct FirstElement;

impl<'de> SeqAccess<'de> for FirstElement {
    type Error = PairFound;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, PairFound> {
        seed.deserialize(PairProbe { inside: true }).map(Some)
    }
}
