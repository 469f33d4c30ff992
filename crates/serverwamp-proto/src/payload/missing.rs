//! The place in a tuple for which no argument came.
//!
//! Invariant: only an `Option` is content with nothing.

use super::ArgumentsError;
use super::bind::{fail, plural};
use serde::de::{Deserializer, Visitor};

pub(super) struct Missing {
    pub(super) expected: usize,
    pub(super) got: usize,
}

impl<'de> Deserializer<'de> for Missing {
    type Error = ArgumentsError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ArgumentsError> {
        fail(format!("expected {}, got {}", plural(self.expected, "positional argument"), self.got))
    }
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgumentsError> {
        visitor.visit_none()
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        visitor.visit_newtype_struct(self)
    }
    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
