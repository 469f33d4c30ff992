//! A value of any shape, as a peer can send it when nobody knows the type.
//!
//! Invariant: a `Value` survives all three serializers unchanged, bytes as bytes and the order of keys included, or, if it
//! is more than one of them can say, is refused by it.

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq};
use std::fmt;

/// Any value a peer can send.
///
/// Handlers name their own types wherever they know them; this is for tools, tests and arguments of any shape.
///
/// ```
/// use serverwamp_proto::codec::{Serializer, Value, from_slice, to_writer};
///
/// let value: Value = from_slice(Serializer::Json, br#"{"id": 7, "tags": ["a", null]}"#)?;
/// assert_eq!(value.get("id").and_then(Value::as_i64), Some(7));
/// assert!(value.get("tags").and_then(Value::as_list).is_some_and(|tags| tags[1].is_null()));
///
/// let mut cbor = Vec::new();
/// to_writer(Serializer::Cbor, &value, &mut cbor)?;
/// assert_eq!(from_slice::<Value>(Serializer::Cbor, &cbor)?, value);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Null, and nothing at all.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number that fits.
    Integer(i64),
    /// A whole number past `i64::MAX`. Smaller ones are `Integer`, so that equal numbers are equal values.
    Unsigned(u64),
    /// A whole number beyond 64 bits. One beyond 128 bits is refused and never rounded.
    Wide(i128),
    /// A floating-point number; decimal fractions and bigfloats of CBOR as well, to the nearest float.
    Float(f64),
    /// Text. One that starts with NUL comes back from JSON as `Binary`, or not at all: WAMP cannot tell them apart there.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// A list.
    List(Vec<Self>),
    /// A dictionary.
    Dict(Dict),
}

impl Value {
    /// The value behind `key`, if this is a dictionary that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        if let Self::Dict(dict) = self { dict.get(key) } else { None }
    }
    /// Returns whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
    /// The boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }
    /// The number, if this is an integer that fits. A float is none, not even 2.0.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_i128().and_then(|value| i64::try_from(value).ok())
    }
    /// The number, if this is an integer that is not negative and fits. A float is none, not even 2.0.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_i128().and_then(|value| u64::try_from(value).ok())
    }
    /// The number, if this is an integer. A float is none, not even 2.0.
    pub fn as_i128(&self) -> Option<i128> {
        match self {
            Self::Integer(value) => Some((*value).into()),
            Self::Unsigned(value) => Some((*value).into()),
            Self::Wide(value) => Some(*value),
            _ => None,
        }
    }
    /// The number as a float, if this is a float or an integer that a float holds exactly: 2 is 2.0, and 2^53 + 1 is none.
    pub fn as_f64(&self) -> Option<f64> {
        if let Self::Float(value) = self { Some(*value) } else { exact_float(self.as_i128()?) }
    }
    /// The text, if this is text.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
    /// The bytes, if these are bytes.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Binary(bytes) = self { Some(bytes) } else { None }
    }
    /// The elements, if this is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }
    /// The entries, if this is a dictionary.
    pub fn as_dict(&self) -> Option<&Dict> {
        if let Self::Dict(dict) = self { Some(dict) } else { None }
    }
}

/// The float that is this integer, if there is one.
fn exact_float(value: i128) -> Option<f64> {
    let magnitude = value.unsigned_abs();
    // A float has 53 binary digits; zeros behind them are its exponent.
    let digits = (u128::BITS - magnitude.leading_zeros()).saturating_sub(magnitude.trailing_zeros());
    (digits <= f64::MANTISSA_DIGITS).then_some(value as f64)
}

/// A dictionary that keeps the order in which its keys came. Equality respects that order.
///
/// WAMP wants keys to be unique. A peer that sends one twice is not refused; the last value counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dict {
    entries: Vec<(String, Value)>,
}

impl Dict {
    /// A dictionary without entries.
    pub fn new() -> Self {
        Self::default()
    }
    /// The value behind `key`. Looks at one entry after the other, which is fast for the few that messages have.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }
    /// Puts `value` behind `key`, at the place of the old value if there is one; that one is returned.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.entries.iter_mut().rev().find(|(name, _)| *name == key) {
            Some((_, old)) => Some(std::mem::replace(old, value)),
            None => {
                self.entries.push((key, value));
                None
            }
        }
    }
    /// The entries in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }
    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl IntoIterator for Dict {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Dict {
    /// Of entries with the same key the last one counts.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut dict = Self::new();
        for (key, value) in entries {
            dict.insert(key, value);
        }
        dict
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident)*) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from! {
    bool => Bool i8 => Integer i16 => Integer i32 => Integer i64 => Integer u8 => Integer u16 => Integer
    u32 => Integer f32 => Float f64 => Float &str => Text String => Text Dict => Dict
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self::Unsigned(value), Self::Integer)
    }
}

impl From<i128> for Value {
    fn from(value: i128) -> Self {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => Self::Integer(value),
            (_, Ok(value)) => Self::Unsigned(value),
            _ => Self::Wide(value),
        }
    }
}

impl From<()> for Value {
    fn from((): ()) -> Self {
        Self::Null
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A list. Bytes are made with [`Value::Binary`].
impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(value) => serializer.serialize_i64(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Wide(value) => serializer.serialize_i128(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Binary(value) => serializer.serialize_bytes(value),
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                values.iter().try_for_each(|value| list.serialize_element(value))?;
                list.end()
            }
            Self::Dict(dict) => dict.serialize(serializer),
        }
    }
}

impl Serialize for Dict {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        self.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
        map.end()
    }
}

impl<'de> de::Deserialize<'de> for Value {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

impl<'de> de::Deserialize<'de> for Dict {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DictVisitor)
    }
}

struct AnyVisitor;

macro_rules! visits {
    ($($method:ident($type:ty))*) => {
        $(fn $method<E: de::Error>(self, value: $type) -> Result<Value, E> {
            Ok(value.into())
        })*
    };
}

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    visits! { visit_bool(bool) visit_i128(i128) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str) visit_string(String) }
    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        // Half of these are integers like any other; the rest is as good as longer than 128 bits.
        i128::try_from(value).map(Value::from).map_err(|_| E::custom("an integer of more than 128 bits"))
    }
    fn visit_bytes<E: de::Error>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::Binary(value.to_vec()))
    }
    fn visit_byte_buf<E: de::Error>(self, value: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Binary(value))
    }
    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_some<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_newtype_struct<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = elements.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Value, A::Error> {
        DictVisitor.visit_map(entries).map(Value::Dict)
    }
}

struct DictVisitor;

impl<'de> Visitor<'de> for DictVisitor {
    type Value = Dict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a dictionary")
    }
    /// Keys that occur more than once are kept as they came; looking for them here would take quadratic time.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Dict, A::Error> {
        let mut dict = Dict::new();
        while let Some(entry) = entries.next_entry()? {
            dict.entries.push(entry);
        }
        Ok(dict)
    }
}
