//! Rust types in and out.

use super::{ALL, nested, unhex};
use crate::codec::{EncodeError, MAX_DEPTH, Serializer, Value, from_slice, to_writer};
use serde::de::DeserializeOwned;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

fn written<T: Serialize + ?Sized>(serializer: Serializer, value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut out = b"kept".to_vec();
    let result = to_writer(serializer, value, &mut out);
    let rest = out.strip_prefix(b"kept").expect("what was there stays there").to_vec();
    if result.is_err() {
        assert_eq!(rest, b"", "nothing is written on an error");
    }
    result.map(|()| rest)
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    for serializer in ALL {
        let bytes = written(serializer, value).unwrap();
        assert_eq!(from_slice::<T>(serializer, &bytes).as_ref(), Ok(value), "{serializer:?}");
    }
}

fn json_error<T: DeserializeOwned + Debug>(text: &str) -> String {
    from_slice::<T>(Serializer::Json, text.as_bytes()).unwrap_err().reason.into_owned()
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Everything {
    flag: bool,
    small: i8,
    large: u64,
    wide: i128,
    single: f32,
    double: f64,
    letter: char,
    text: String,
    list: Vec<u16>,
    pair: (u8, String),
    some: Option<i32>,
    none: Option<i32>,
    unit: (),
    array: [u8; 3],
    by_number: BTreeMap<i64, String>,
    by_flag: HashMap<bool, char>,
    by_name: BTreeMap<Shape, u8>,
    shapes: Vec<Shape>,
    wrapped: Wrapped,
    nothing: Nothing,
}

#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
enum Shape {
    Point,
    Circle(u32),
    Line(i32, i32),
    Box { width: u8, height: Option<u8> },
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Wrapped(u64);

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Nothing;

#[test]
fn ser_01_derived_types_survive_all_three_serializers() {
    // The default of a character is NUL, which JSON cannot hold (SER-09).
    round_trip(&Everything { letter: 'a', ..Everything::default() });
    round_trip(&Everything {
        flag: true,
        small: -128,
        large: u64::MAX,
        wide: i128::from(i64::MIN),
        single: 0.1,
        double: -1e300,
        letter: '😀',
        text: "a\"\\\n/é".into(),
        list: vec![0, 65535],
        pair: (255, "x".into()),
        some: Some(-5),
        none: None,
        unit: (),
        array: [1, 2, 3],
        by_number: [(-1, "a".into()), (7, "b".into())].into(),
        by_flag: [(true, 'y'), (false, 'n')].into(),
        by_name: [(Shape::Point, 1)].into(),
        shapes: vec![
            Shape::Point,
            Shape::Circle(1),
            Shape::Line(-1, 1),
            Shape::Box { width: 1, height: None },
            Shape::Box { width: 1, height: Some(2) },
        ],
        wrapped: Wrapped(3),
        nothing: Nothing,
    });
}

#[test]
fn keys_are_strings_in_every_serializer() {
    let numbers = BTreeMap::from([(1u8, true)]);
    assert_eq!(written(Serializer::Json, &numbers).unwrap(), br#"{"1":true}"#);
    assert_eq!(written(Serializer::MessagePack, &numbers).unwrap(), unhex("81 a131 c3"));
    assert_eq!(written(Serializer::Cbor, &numbers).unwrap(), unhex("a1 6131 f5"));
    for serializer in ALL {
        let lists = BTreeMap::from([(vec![1], 1)]);
        assert_eq!(written(serializer, &lists).unwrap_err().reason, "dictionary keys must be strings");
        assert!(written(serializer, &BTreeMap::from([(Some(1), 1)])).is_ok());
        assert!(written(serializer, &BTreeMap::from([(None::<u8>, 1)])).is_err());
    }
    assert_eq!(json_error::<BTreeMap<u8, u8>>(r#"{"x":1}"#), r#"invalid type: string "x", expected u8"#);
}

#[test]
fn numbers_are_lenient_in_one_direction() {
    for serializer in ALL {
        let bytes = written(serializer, &(5, -5, u64::MAX)).unwrap();
        assert_eq!(from_slice::<(f64, f32, f64)>(serializer, &bytes), Ok((5.0, -5.0, u64::MAX as f64)));
        let bytes = written(serializer, &1.0f64).unwrap();
        let error = from_slice::<i64>(serializer, &bytes).unwrap_err();
        assert_eq!(error.reason, "invalid type: floating point `1.0`, expected i64");
        let bytes = written(serializer, &300).unwrap();
        let error = from_slice::<u8>(serializer, &bytes).unwrap_err();
        assert_eq!(error.reason, "invalid value: integer `300`, expected u8");
        assert!(from_slice::<bool>(serializer, &written(serializer, &1).unwrap()).is_err());
    }
    for half in ["f9 3e00", "fa 3fc00000", "fb 3ff8000000000000"] {
        assert_eq!(from_slice::<f64>(Serializer::Cbor, &unhex(half)), Ok(1.5));
        assert_eq!(from_slice::<f32>(Serializer::Cbor, &unhex(half)), Ok(1.5));
    }
}

#[test]
fn bytes_and_text_are_never_mixed_up() {
    for serializer in ALL {
        let bytes = written(serializer, &Value::Binary(vec![97, 98, 99])).unwrap();
        assert_eq!(from_slice::<Vec<u8>>(serializer, &bytes), Ok(vec![97, 98, 99]));
        assert_eq!(from_slice::<[u8; 3]>(serializer, &bytes), Ok([97, 98, 99]));
        assert_eq!(from_slice::<Value>(serializer, &bytes), Ok(Value::Binary(vec![97, 98, 99])));
        assert!(from_slice::<[u8; 2]>(serializer, &bytes).is_err());
        let error = from_slice::<String>(serializer, &bytes).unwrap_err();
        assert_eq!(error.reason, "invalid type: byte array, expected a string");
        let text = written(serializer, "abc").unwrap();
        assert!(from_slice::<Vec<u8>>(serializer, &text).is_err());
        assert!(from_slice::<&[u8]>(serializer, &text).is_err());
        // A plain list of numbers is a fine Vec<u8> as well.
        let list = written(serializer, &vec![1u8, 2]).unwrap();
        assert_eq!(from_slice::<Vec<u8>>(serializer, &list), Ok(vec![1, 2]));
    }
    assert_eq!(from_slice::<&[u8]>(Serializer::MessagePack, &unhex("c4 01 07")), Ok(&[7][..]));
}

#[test]
fn text_is_borrowed_where_possible() {
    #[derive(Deserialize)]
    struct Borrowing<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
        plain: &'a str,
    }
    for serializer in ALL {
        let bytes = written(serializer, &BTreeMap::from([("name", "é"), ("plain", "x")])).unwrap();
        let read: Borrowing<'_> = from_slice(serializer, &bytes).unwrap();
        assert!(matches!(read.name, Cow::Borrowed("é")));
        assert_eq!(read.plain, "x");
    }
    let read: Borrowing<'_> = from_slice(Serializer::Json, br#"{"name":"\u00e9","plain":"x"}"#).unwrap();
    assert!(matches!(read.name, Cow::Owned(name) if name == "é"));
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Flat {
    id: u64,
    #[serde(flatten)]
    rest: BTreeMap<String, i64>,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "type")]
enum Tagged {
    A { x: i64 },
    B { y: Vec<String> },
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
enum Untagged {
    Number(f64),
    Text(String),
    Many(Vec<i64>),
}

#[test]
fn flattened_tagged_and_untagged_types() {
    for len in [0, 1, 15, 16, 30, 300] {
        round_trip(&Flat { id: 7, rest: (0..len).map(|n| (format!("k{n}"), n)).collect() });
    }
    round_trip(&vec![Tagged::A { x: -1 }, Tagged::B { y: vec!["a".into()] }]);
    round_trip(&vec![Untagged::Number(1.5), Untagged::Text("a".into()), Untagged::Many(vec![1, 2])]);
}

/// Announces a length that is not the one it has.
struct Liar {
    announced: Option<usize>,
    len: usize,
    dict: bool,
}

impl Serialize for Liar {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.dict {
            let mut map = serializer.serialize_map(self.announced)?;
            (0..self.len).try_for_each(|n| map.serialize_entry(&n.to_string(), &n))?;
            map.end()
        } else {
            let mut seq = serializer.serialize_seq(self.announced)?;
            (0..self.len).try_for_each(|n| seq.serialize_element(&n))?;
            seq.end()
        }
    }
}

#[test]
fn an_unknown_or_wrong_length_gives_the_same_bytes_as_the_right_one() {
    for serializer in ALL {
        for dict in [false, true] {
            for len in [0, 1, 15, 16, 23, 24, 255, 256, 65536] {
                let right = written(serializer, &Liar { announced: Some(len), len, dict }).unwrap();
                for announced in [None, Some(0), Some(15), Some(16), Some(24), Some(300), Some(70_000)] {
                    let liar = Liar { announced, len, dict };
                    assert!(
                        written(serializer, &liar).unwrap() == right,
                        "{serializer:?} {dict} {len} {announced:?}"
                    );
                    // Within another list the bytes behind it must move as well.
                    let list = written(serializer, &(&liar, 1)).unwrap();
                    let expected =
                        written(serializer, &(Liar { announced: Some(len), len, dict }, 1)).unwrap();
                    assert!(list == expected);
                }
            }
        }
    }
}

#[test]
fn ser_13_a_float_that_json_cannot_hold_is_an_error_and_leaves_nothing_behind() {
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(written(Serializer::Json, &(1, float)).is_err());
        assert!(written(Serializer::Json, &(1, float as f32)).is_err());
        for serializer in [Serializer::MessagePack, Serializer::Cbor] {
            let read: (u8, f64) = from_slice(serializer, &written(serializer, &(1, float)).unwrap()).unwrap();
            assert_eq!(read.1.to_bits(), float.to_bits());
        }
    }
    let key = BTreeMap::from([("\0", 1)]);
    assert!(written(Serializer::Json, &key).is_err());
    assert!(written(Serializer::Cbor, &key).is_ok());
}

#[test]
fn integers_beyond_64_bits_are_refused_where_they_do_not_exist_exactly() {
    let below = i128::from(i64::MIN) - 1;
    assert_eq!(written(Serializer::Cbor, &below).unwrap(), unhex("3b 8000000000000000"));
    assert_eq!(from_slice::<i128>(Serializer::Cbor, &unhex("3b 8000000000000000")), Ok(below));
    assert!(from_slice::<i64>(Serializer::Cbor, &unhex("3b 8000000000000000")).is_err());
    for serializer in ALL {
        assert_eq!(
            from_slice::<u128>(serializer, &written(serializer, &u128::from(u64::MAX)).unwrap()),
            Ok(u64::MAX.into())
        );
        let more_than_doubles = serializer != Serializer::MessagePack;
        assert!(written(serializer, &(u128::from(u64::MAX) + 1)).is_ok());
        assert_eq!(written(serializer, &u128::MAX).is_ok(), more_than_doubles);
        assert!(written(serializer, &i128::MIN).is_ok());
        assert_eq!(written(serializer, &below).is_ok(), more_than_doubles);
    }
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct Chain(Vec<Self>);

#[test]
fn ser_14_recursive_types_are_bounded_in_both_directions() {
    let deep = |levels: usize| (1..levels).fold(Chain::default(), |inner, _| Chain(vec![inner]));
    for serializer in ALL {
        assert!(from_slice::<Chain>(serializer, &nested(serializer, MAX_DEPTH)).is_ok());
        for levels in [MAX_DEPTH + 1, 100_000] {
            let error = from_slice::<Chain>(serializer, &nested(serializer, levels)).unwrap_err();
            assert_eq!(error.reason, "nested too deeply");
            assert!(from_slice::<Value>(serializer, &nested(serializer, levels)).is_err());
            assert!(from_slice::<serde::de::IgnoredAny>(serializer, &nested(serializer, levels)).is_err());
        }
        assert_eq!(written(serializer, &deep(MAX_DEPTH)).unwrap(), nested(serializer, MAX_DEPTH));
        assert_eq!(
            written(serializer, &deep(MAX_DEPTH + 1)).unwrap_err().reason,
            "nested too deeply to be written"
        );
    }
}

#[test]
fn errors_are_written_for_people() {
    assert_eq!(json_error::<i64>(r#""x""#), r#"invalid type: string "x", expected i64"#);
    assert_eq!(json_error::<Wrapped>("null"), "invalid type: unit value, expected u64");
    assert_eq!(json_error::<(u8, u8)>("[1]"), "invalid length 1, expected a tuple of size 2");
    assert_eq!(json_error::<(u8, u8)>("[1,2,3,4]"), "invalid length 4, expected 2");
    assert_eq!(
        json_error::<Shape>(r#""Oval""#),
        "unknown variant `Oval`, expected one of `Point`, `Circle`, `Line`, `Box`"
    );
    assert_eq!(json_error::<Shape>("{}"), "expected a dictionary with one entry, got an empty one");
    assert_eq!(
        json_error::<Shape>(r#"{"Circle":1,"Point":null}"#),
        "expected a dictionary with one entry, got more"
    );
    assert_eq!(json_error::<Shape>("7"), "invalid type: integer `7`, expected enum Shape");
    assert_eq!(json_error::<Shape>(r#""Circle""#), "invalid type: unit variant, expected newtype variant");
    assert!(json_error::<Everything>("{}").starts_with("missing field `flag`"));
    let error = from_slice::<(u8, i64)>(Serializer::Json, br#"[1, "x"]"#).unwrap_err();
    assert_eq!(error.offset, 7);
    // The text of a peer is quoted only so far.
    let long = format!("\"{}\"", "é".repeat(100_000));
    assert!(json_error::<i64>(&long).len() < 320);
}

#[test]
fn null_is_none_whatever_form_it_has() {
    for null in ["f6", "f7", "c1 f7"] {
        assert_eq!(from_slice::<Option<u8>>(Serializer::Cbor, &unhex(null)), Ok(None));
        assert_eq!(from_slice::<()>(Serializer::Cbor, &unhex(null)), Ok(()));
    }
    assert_eq!(from_slice::<Option<u8>>(Serializer::Cbor, &unhex("c1 05")), Ok(Some(5)));
    assert_eq!(from_slice::<Option<u8>>(Serializer::Json, b" null "), Ok(None));
    assert_eq!(from_slice::<Option<Vec<()>>>(Serializer::Json, b"[null]"), Ok(Some(vec![()])));
}

#[test]
fn unknown_fields_are_passed_over_but_checked() {
    let read: BTreeMap<String, serde::de::IgnoredAny> =
        from_slice(Serializer::Json, br#"{"a":[1,{"b":"\n"}],"c":1e5}"#).unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(json_error::<serde::de::IgnoredAny>(r#"{"a":[1,{"b":"\x"}]}"#), "unknown escape in a string");
}
