//! [`Value`] and the `Value` of the crate `serde_json`, converted into each other exactly or not at all.
//!
//! Invariant: a number that comes out is the number that went in. A value that the other side has no number for is an error and
//! never another number. Byte strings are the text that WAMP's JSON writes for them.

use super::Value;
use super::json::base64;
use serde_json::{Map, Number, Value as Json};
use std::borrow::Cow;
use std::fmt;

/// Why a value cannot be converted: the part of it that the other side cannot represent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConversionError(Cow<'static, str>);

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConversionError {}

/// Integers stay integers and floats stay floats, text that starts with NUL is the bytes that WAMP's JSON means by it.
///
/// ```
/// use serverwamp_proto::codec::Value;
/// use serde_json::json;
///
/// let value = Value::try_from(json!({ "id": 7, "mean": 7.0 }))?;
/// assert_eq!(value.get("id"), Some(&Value::Integer(7)));
/// assert_eq!(value.get("mean"), Some(&Value::Float(7.0)));
/// # Ok::<(), serverwamp_proto::codec::ConversionError>(())
/// ```
///
/// # Errors
/// When text that starts with NUL does not go on with base64, and with `serde_json`'s feature `arbitrary_precision` for
/// numbers that neither 128 bits nor a double hold.
impl TryFrom<Json> for Value {
    type Error = ConversionError;

    fn try_from(json: Json) -> Result<Self, ConversionError> {
        Ok(match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            Json::Number(number) => from_number(&number)?,
            Json::String(text) => match text.strip_prefix('\0') {
                None => Self::Text(text),
                Some(encoded) => Self::Binary(base64::decode(encoded).ok_or(ConversionError(
                    Cow::Borrowed("text that starts with NUL must continue with base64"),
                ))?),
            },
            Json::Array(values) => {
                Self::List(values.into_iter().map(Self::try_from).collect::<Result<_, _>>()?)
            }
            Json::Object(entries) => {
                let entries = entries.into_iter().map(|(key, value)| Ok((key, Self::try_from(value)?)));
                Self::Dict(entries.collect::<Result<_, ConversionError>>()?)
            }
        })
    }
}

/// Bytes become the text that WAMP's JSON writes for them: NUL, then base64. Of keys that occur twice the last one counts; the
/// order of keys is kept where `serde_json` keeps one.
///
/// ```
/// use serverwamp_proto::codec::Value;
/// use serde_json::json;
///
/// let list = Value::from(vec![1, 2]);
/// assert_eq!(serde_json::Value::try_from(list), Ok(json!([1, 2])));
/// assert!(serde_json::Value::try_from(Value::Float(f64::NAN)).is_err());
/// ```
///
/// # Errors
/// For NaN and the infinities, for integers of more than 64 bits unless `serde_json` has its feature
/// `arbitrary_precision`, and for text that starts with NUL, which means bytes in WAMP's JSON.
impl TryFrom<Value> for Json {
    type Error = ConversionError;

    fn try_from(value: Value) -> Result<Self, ConversionError> {
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Integer(value) => Self::Number(value.into()),
            Value::Unsigned(value) => Self::Number(value.into()),
            Value::Wide(value) => Self::Number(Number::from_i128(value).ok_or_else(|| no_number(value))?),
            Value::Float(value) => Self::Number(Number::from_f64(value).ok_or_else(|| no_number(value))?),
            Value::Text(text) if text.starts_with('\0') => {
                return Err(ConversionError(Cow::Borrowed(
                    "text that starts with NUL means bytes in WAMP's JSON",
                )));
            }
            Value::Text(text) => Self::String(text),
            Value::Binary(bytes) => {
                let mut text = vec![0];
                base64::encode(&bytes, &mut text);
                Self::String(String::from_utf8(text).unwrap_or_default())
            }
            Value::List(values) => {
                Self::Array(values.into_iter().map(Self::try_from).collect::<Result<_, _>>()?)
            }
            Value::Dict(entries) => {
                let entries = entries.into_iter().map(|(key, value)| Ok((key, Self::try_from(value)?)));
                Self::Object(entries.collect::<Result<Map<_, _>, ConversionError>>()?)
            }
        })
    }
}

fn no_number(value: impl fmt::Display) -> ConversionError {
    ConversionError(Cow::Owned(format!("serde_json has no number for {value}")))
}

fn from_number(number: &Number) -> Result<Value, ConversionError> {
    if let Some(value) = number.as_i128() {
        return Ok(value.into());
    }
    match number.as_f64() {
        Some(value) if is_decimal_of(&number.to_string(), value) => Ok(Value::Float(value)),
        _ => Err(ConversionError(Cow::Owned(format!("neither 128 bits nor a double hold {number}")))),
    }
}

/// Returns whether `text` is a decimal of `value`: the shortest one of those that are read as it, however it is written.
///
/// Only with `arbitrary_precision` can it be another one, for which this double would merely be the nearest.
fn is_decimal_of(text: &str, value: f64) -> bool {
    value.is_finite()
        && Decimal::read(text).is_some_and(|read| Decimal::read(&format!("{value:e}")) == Some(read))
}

/// `± digits × 10 ^ exponent`, where digits begin and end with another one than 0.
#[derive(Debug, Eq, PartialEq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_end_matches('0');
        let zeros = i64::try_from(all.len() - significant.len()).ok()?;
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(zeros)?;
        let digits = significant.trim_start_matches('0').to_owned();
        let exponent = if digits.is_empty() { 0 } else { exponent };
        Some(Self { negative, digits, exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Serializer, from_slice, to_writer};
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_serde_json_has_no_number_for_is_refused() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = Json::try_from(Value::from(vec![value])).unwrap_err();
            assert_eq!(error.to_string(), format!("serde_json has no number for {value}"));
        }
        let wide = i128::from(u64::MAX) + 1;
        let error = Json::try_from(Value::Wide(wide)).unwrap_err();
        assert_eq!(error.to_string(), "serde_json has no number for 18446744073709551616");
    }

    #[test]
    fn bytes_are_what_wamp_writes_for_them_and_no_other_text_starts_like_that() {
        let bytes = Value::Binary(vec![1, 2, 3]);
        assert_eq!(Json::try_from(bytes.clone()), Ok(json!("\u{0}AQID")));
        assert_eq!(Value::try_from(json!("\u{0}AQID")), Ok(bytes));
        assert!(Value::try_from(json!(["\u{0}no base64"])).is_err());
        assert!(Json::try_from(Value::from("\u{0}AQID")).is_err());
    }

    #[test]
    fn integers_stay_integers_and_floats_stay_floats() {
        let cases = [
            (json!(i64::MIN), Value::Integer(i64::MIN)),
            (json!(i64::MAX), Value::Integer(i64::MAX)),
            (json!(u64::MAX), Value::Unsigned(u64::MAX)),
            (json!(1.0), Value::Float(1.0)),
            (json!(1e300), Value::Float(1e300)),
            (json!(5e-324), Value::Float(5e-324)),
            (json!(-0.0), Value::Float(-0.0)),
            (json!({ "b": [null, true, "x"], "a": {} }), {
                let list = Value::List(vec![Value::Null, true.into(), "x".into()]);
                let entries = [("a", Value::Dict(super::super::Dict::new())), ("b", list)];
                Value::Dict(entries.into_iter().collect())
            }),
        ];
        for (json, value) in cases {
            assert_eq!(Value::try_from(json.clone()).as_ref(), Ok(&value));
            assert_eq!(Json::try_from(value), Ok(json));
        }
    }

    #[test]
    fn a_decimal_that_no_double_is_written_as_is_another_number() {
        for (text, value) in [("0.1", 0.1), ("1E+2", 100.0), ("100.0", 1e2), ("-0.0050", -5e-3), ("0e7", 0.0)]
        {
            assert!(is_decimal_of(text, value), "{text}");
        }
        for (text, value) in [
            ("0.10000000000000000001", 0.1),
            ("9007199254740993.0", 9_007_199_254_740_992.0),
            ("1e400", f64::INFINITY),
            ("-1", 1.0),
            ("1e99999999999999999999", f64::INFINITY),
        ] {
            assert!(!is_decimal_of(text, value), "{text}");
        }
    }

    proptest! {
        #[test]
        fn json_text_read_by_either_is_the_same_value(text in r#"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?(e-?[0-6])?|-?[1-9][0-9]{17}"#) {
            let theirs: Json = serde_json::from_str(&text).unwrap();
            let ours: Value = from_slice(Serializer::Json, text.as_bytes()).unwrap();
            // Theirs reads "-0" as a float, and is not exact for decimals of many digits.
            prop_assume!(text != "-0");
            prop_assert_eq!(&Value::try_from(theirs.clone()).unwrap(), &ours);
            let back = Json::try_from(ours).unwrap();
            prop_assert_eq!(back, theirs);
        }

        #[test]
        fn a_double_comes_back_to_the_bit(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let json = Json::try_from(Value::Float(value)).unwrap();
            let Value::Float(back) = Value::try_from(json.clone()).unwrap() else { panic!("{json} is no float") };
            prop_assert_eq!(back.to_bits(), bits);
            let mut text = Vec::new();
            to_writer(Serializer::Json, &Value::Float(value), &mut text).unwrap();
            prop_assert_eq!(from_slice::<Value>(Serializer::Json, &text).unwrap(), Value::Float(value));
        }
    }
}
