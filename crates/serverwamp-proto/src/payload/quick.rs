//! Arguments of which there are exactly as many as a struct has fields or a tuple has elements, by position.
//!
//! They are decoded in their order, without names and without a look for keywords. Invariant: whatever does not fit at once is
//! left to [`Bind`](super::bind::Bind), which starts anew, so what is accepted and what is said does not depend on this file.

use std::cell::Cell;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::ArgumentsError;
use crate::codec::de::Decode;
use crate::codec::reader::{Frame, Reader};

/// `args` as a `T`, if there is one argument for each of its fields or elements. `None` says nothing about them.
#[inline]
pub(super) fn quick<'de, R: Reader<'de>, T: Deserialize<'de>>(args: &'de [u8]) -> Option<T> {
    // A type may hide an error, so the error is noted where it is made.
    let left = Cell::new(false);
    let value = T::deserialize(Quick::<R> { reader: R::new(args).ok()?, left: &left }).ok()?;
    (!left.get()).then_some(value)
}

/// All arguments, of which none was read.
struct Quick<'q, R> {
    reader: R,
    /// Whether they are left to the general way.
    left: &'q Cell<bool>,
}

/// The arguments that follow.
struct InOrder<'q, R> {
    reader: R,
    frame: Frame,
    taken: usize,
    left: &'q Cell<bool>,
}

/// An error without a text, which nobody sees.
fn leave<T>(left: &Cell<bool>) -> Result<T, ArgumentsError> {
    left.set(true);
    Err(ArgumentsError(String::new()))
}

impl<'de, R: Reader<'de>> Quick<'_, R> {
    #[inline]
    fn in_order<V: Visitor<'de>>(mut self, len: usize, visitor: V) -> Result<V::Value, ArgumentsError> {
        let Some(frame) = self.reader.plain_list() else { return leave(self.left) };
        let mut elements = InOrder { reader: self.reader, frame, taken: 0, left: self.left };
        let value = visitor.visit_seq(&mut elements)?;
        if elements.taken == len
            && matches!(elements.reader.more(&mut elements.frame), Ok(false))
            && elements.reader.finish().is_ok()
        {
            Ok(value)
        } else {
            leave(self.left)
        }
    }
}

impl<'de, R: Reader<'de>> SeqAccess<'de> for &mut InOrder<'_, R> {
    type Error = ArgumentsError;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ArgumentsError> {
        let Ok(true) = self.reader.more(&mut self.frame) else { return leave(self.left) };
        self.taken += 1;
        match seed.deserialize(Decode::new(&mut self.reader)) {
            Ok(value) => Ok(Some(value)),
            Err(_) => leave(self.left),
        }
    }
}

impl<'de, R: Reader<'de>> Deserializer<'de> for Quick<'_, R> {
    type Error = ArgumentsError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ArgumentsError> {
        leave(self.left)
    }
    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        self.in_order(fields.len(), visitor)
    }
    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ArgumentsError> {
        self.in_order(len, visitor)
    }
    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgumentsError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        seq tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use proptest::prelude::*;
    use serde::de::DeserializeOwned;

    use super::super::bind::Bind;
    use super::super::{ArgumentsError, Part, Payload};
    use super::*;
    use crate::codec::reader::with_reader;
    use crate::codec::{Serializer, transcode};

    #[derive(Debug, Deserialize, PartialEq)]
    struct Pair {
        a: i64,
        b: Option<u8>,
    }
    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Defaults {
        text: String,
        number: f64,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Aliased {
        #[serde(alias = "c")]
        a: u64,
        #[serde(skip)]
        _skipped: u8,
        list: Vec<i8>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Wrapped(Pair);
    /// Takes a default where its field is refused.
    #[derive(Debug, PartialEq)]
    struct Hiding(Option<Pair>);

    impl<'de> Deserialize<'de> for Hiding {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Ok(Self(Pair::deserialize(deserializer).ok()))
        }
    }

    fn agrees<T: DeserializeOwned + Debug + PartialEq>(serializer: Serializer, args: &[u8]) {
        let payload = Payload::of_parts(serializer, Part::copied(args), Part::new());
        let general: Result<T, ArgumentsError> =
            with_reader!(serializer, R => T::deserialize(Bind::<R<'_>>::new(args, &[])));
        assert_eq!(payload.bind::<T>(), general, "{:?}", payload.args);
    }

    fn all_agree(serializer: Serializer, args: &[u8]) {
        agrees::<Pair>(serializer, args);
        agrees::<Defaults>(serializer, args);
        agrees::<Aliased>(serializer, args);
        agrees::<Wrapped>(serializer, args);
        agrees::<Hiding>(serializer, args);
        agrees::<(i64, Option<u8>)>(serializer, args);
        agrees::<(String, f64)>(serializer, args);
        agrees::<Option<Pair>>(serializer, args);
        agrees::<i64>(serializer, args);
    }

    fn element() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<i64>().prop_map(|number| number.to_string()),
            (0_u16..300).prop_map(|number| number.to_string()),
            prop::sample::select(vec![
                "18446744073709551615",
                "18446744073709551616",
                "9223372036854775808",
                "-9223372036854775809",
                "9999999999999999999",
                "1000000000000000000",
                "1e3",
                "1.5",
                "-0",
                "null",
                "true",
                "\"a\\n\\u00e4\"",
                "\"\\u0000AQI=\"",
                "\"\\ud800\"",
                "\"\u{e4}\u{65e5}\"",
                "[1,[2]]",
                "[1,-2]",
                "{\"a\":1}",
                "{}",
            ])
            .prop_map(str::to_owned),
            ".{0,80}".prop_map(|text| serde_json::Value::from(text).to_string()),
        ]
    }

    proptest! {
        #[test]
        fn the_quick_way_and_the_general_one_agree(
            elements in prop::collection::vec(element(), 0..4),
            separator in prop::sample::select(vec![",", ", ", ",,"]),
            damage in (any::<prop::sample::Index>(), any::<u8>(), 0_u8..4),
        ) {
            let json = format!("[{}]", elements.join(separator)).into_bytes();
            for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
                let mut args = Vec::new();
                if serializer == Serializer::Json {
                    args.clone_from(&json);
                } else if transcode(Serializer::Json, &json, serializer, &mut args).is_err() {
                    continue;
                }
                all_agree(serializer, &args);
                let at = damage.0.index(args.len());
                match damage.2 {
                    0 => args[at] = damage.1,
                    1 => args.truncate(at),
                    2 => args.insert(at, damage.1),
                    _ => args.push(damage.1),
                }
                all_agree(serializer, &args);
            }
        }
    }

    #[test]
    fn arguments_that_fit_are_taken_at_once() {
        fn taken<T: DeserializeOwned>(args: &str) -> bool {
            type R<'a> = crate::codec::json::JsonReader<'a>;
            quick::<R<'_>, T>(args.as_bytes()).is_some()
        }
        assert!(taken::<Pair>("[130,50]"));
        assert!(taken::<(i64, i64)>("[130,-50]"));
        assert!(!taken::<Pair>("[130]"), "a field may be missing");
        assert!(!taken::<Pair>("[130,50,1]"));
        assert!(!taken::<Hiding>("[130]"), "an error that was hidden");
    }
}
