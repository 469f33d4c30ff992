//! JSON: how strict, and what strings mean.

use super::well_formed;
use crate::codec::{Kind, ListReader, Serializer, Value, from_slice, to_writer};

fn read(text: &str) -> Result<Value, String> {
    from_slice(Serializer::Json, text.as_bytes()).map_err(|error| error.reason.into_owned())
}

fn written<T: serde::Serialize + ?Sized>(value: &T) -> String {
    let mut out = Vec::new();
    to_writer(Serializer::Json, value, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn ser_02_what_rfc_8259_does_not_allow_is_refused_by_reading_and_by_passing() {
    let table: &[(&[u8], &str)] = &[
        (b"", "unexpected end of input"),
        (b" ", "unexpected end of input"),
        (b"\xef\xbb\xbf1", "unexpected character"),
        (b"[1,]", "unexpected character"),
        (b"[,1]", "unexpected character"),
        (b"[1 2]", "expected `,` or `]`"),
        (b"[1}", "expected `,` or `]`"),
        (b"[1", "unexpected end of input"),
        (b"{\"a\":1]", "expected `,` or `}`"),
        (b"{\"a\":1,}", "unexpected character"),
        (b"{\"a\" 1}", "unexpected character"),
        (b"{\"a\":}", "unexpected character"),
        (b"{a:1}", "unexpected character"),
        (b"{1:1}", "unexpected character"),
        (b"{\"a\"", "unexpected end of input"),
        (b"{,}", "unexpected character"),
        (b"01", "trailing bytes"),
        (b"-01", "trailing bytes"),
        (b"[01]", "expected `,` or `]`"),
        (b"-", "not a number"),
        (b"+1", "unexpected character"),
        (b".5", "unexpected character"),
        (b"1.", "not a number"),
        (b"1.e1", "not a number"),
        (b"1e", "not a number"),
        (b"1e+", "not a number"),
        (b"0x10", "trailing bytes"),
        (b"NaN", "unexpected character"),
        (b"Infinity", "unexpected character"),
        (b"nul", "unexpected character"),
        (b"nulls", "trailing bytes"),
        (b"True", "unexpected character"),
        (b"'a'", "unexpected character"),
        (b"\"a", "unexpected end of input"),
        (b"\"\\", "unexpected end of input"),
        (b"\"\\u12", "unexpected end of input"),
        (b"\"a\nb\"", "control characters in strings must be escaped"),
        (b"\"\0\"", "control characters in strings must be escaped"),
        (b"\"12345678\x1f\"", "control characters in strings must be escaped"),
        (b"\"\\x41\"", "unknown escape in a string"),
        (b"\"\\u12g4\"", "an escape needs four hexadecimal digits"),
        (b"\"\\u+123\"", "an escape needs four hexadecimal digits"),
        (b"\"\\ud800\"", "unpaired surrogate"),
        (b"\"\\udc00\"", "unpaired surrogate"),
        (b"\"\\ud800\\u0041\"", "unpaired surrogate"),
        (b"\"\\ud800\\ud800\"", "unpaired surrogate"),
        (b"\"\\udc00\\ud800\"", "unpaired surrogate"),
        (b"\"\xff\"", "text is not valid UTF-8"),
        (b"\"\xed\xa0\x80\"", "text is not valid UTF-8"),
        (b"\"\xc0\x80\"", "text is not valid UTF-8"),
        (b"1 //", "trailing bytes"),
        (b"[1]]", "trailing bytes"),
        (b"\x0c1", "unexpected character"),
    ];
    for (bytes, reason) in table {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(from_slice::<Value>(Serializer::Json, bytes).unwrap_err().reason, *reason, "{text}");
        assert_eq!(well_formed(Serializer::Json, bytes).unwrap_err().reason, *reason, "{text}");
    }
}

#[test]
fn what_rfc_8259_allows_is_accepted() {
    let table = [
        (" \t\r\n[ 1 , 2 ] \n", Value::from(vec![1, 2])),
        ("{ \"a\" : 1 }", Value::Dict([("a", 1)].into_iter().collect())),
        (r#""\"\\\/\b\f\n\r\t""#, Value::from("\"\\/\u{8}\u{c}\n\r\t")),
        (r#""\u00e9\u20AC\ud83d\ude00x""#, Value::from("é€😀x")),
        ("\"é€😀\u{7f}\"", Value::from("é€😀\u{7f}")),
        ("-0", Value::from(0)),
        ("-0.0", Value::from(-0.0)),
        ("1.0", Value::from(1.0)),
        ("1e2", Value::from(100.0)),
        ("1E-2", Value::from(0.01)),
        ("1.5e+3", Value::from(1500.0)),
        ("9223372036854775807", Value::from(i64::MAX)),
        ("-9223372036854775808", Value::from(i64::MIN)),
        ("18446744073709551615", Value::from(u64::MAX)),
        ("18446744073709551616", Value::Wide(1 << 64)),
        ("-9223372036854775809", Value::Wide(i128::from(i64::MIN) - 1)),
        ("[]", Value::List(vec![])),
        ("{}", Value::Dict(crate::codec::Dict::new())),
    ];
    for (text, expected) in table {
        assert_eq!(read(text).as_ref(), Ok(&expected), "{text}");
        assert_eq!(well_formed(Serializer::Json, text.as_bytes()), Ok(()), "{text}");
    }
    // The sign of zero is kept only by floats.
    assert!(matches!(read("-0.0"), Ok(Value::Float(zero)) if zero.is_sign_negative()));
}

#[test]
fn a_number_may_have_any_number_of_digits() {
    let long = format!("0.{}1", "0".repeat(1000));
    assert_eq!(read(&long), Ok(Value::Float(0.0)));
    assert_eq!(well_formed(Serializer::Json, long.as_bytes()), Ok(()));
    let infinite = format!("{}.5", "9".repeat(400));
    assert_eq!(read(&infinite), Err("number out of range".into()));
    assert_eq!(well_formed(Serializer::Json, infinite.as_bytes()), Ok(()));
}

#[test]
fn ser_08_a_string_that_starts_with_nul_is_bytes() {
    assert_eq!(read(r#""\u0000AQID""#), Ok(Value::Binary(vec![1, 2, 3])));
    assert_eq!(read(r#""\u0000""#), Ok(Value::Binary(vec![])));
    // Some encoders escape the slash.
    assert_eq!(read(r#""\u0000\/\/\/\/""#), Ok(Value::Binary(vec![0xff; 3])));
    // A NUL elsewhere is just a character.
    assert_eq!(read(r#""a\u0000AQID""#), Ok(Value::from("a\0AQID")));
    for wrong in ["!!!", "AQI", "AQ=", "AQ==AQID", "AR==", "AQ ID", "AQ-_", "\\u0000", "é"] {
        let text = format!("\"\\u0000{wrong}\"");
        let reason = "a string that starts with NUL must continue with base64";
        assert_eq!(read(&text), Err(reason.into()), "{text}");
        assert_eq!(well_formed(Serializer::Json, text.as_bytes()).unwrap_err().reason, reason, "{text}");
    }
    let mut list = ListReader::open(Serializer::Json, br#"["\u0000AQID"]"#).unwrap();
    assert_eq!(list.peek(), Ok(Some(Kind::Binary)));
}

#[test]
fn ser_10_bytes_are_no_key_at_any_depth() {
    for text in [r#"{"\u0000YQ==":1}"#, r#"[{"a":{"\u0000":1}}]"#] {
        assert_eq!(read(text), Err("dictionary keys must be strings".into()));
        let error = well_formed(Serializer::Json, text.as_bytes()).unwrap_err();
        assert_eq!(error.reason, "dictionary keys must be strings");
    }
}

#[test]
fn ser_07_bytes_are_written_as_nul_and_base64_at_any_depth() {
    let bytes = Value::Binary(b"\x10\xe3\xff\x90\x53\x07\x5c\x52\x6f\x5f\xc0\x6d\x4f\xe3\x7c\xdb".to_vec());
    assert_eq!(written(&bytes), r#""\u0000EOP/kFMHXFJvX8BtT+N82w==""#);
    let nested = Value::List(vec![Value::Dict([("a", Value::Binary(vec![0]))].into_iter().collect())]);
    assert_eq!(written(&nested), r#"[{"a":"\u0000AA=="}]"#);
}

#[test]
fn json_is_written_compactly_with_as_few_escapes_as_possible() {
    assert_eq!(
        written("a\0/é😀\u{7f}\u{1f}\"\\\n\r\t\u{8}\u{c}"),
        "\"a\\u0000/é😀\u{7f}\\u001f\\\"\\\\\\n\\r\\t\\b\\f\""
    );
    assert_eq!(written(&(1.0f64, 0.1f32, 1e300f64, -0.0f64, 1e-7f64)), "[1.0,0.1,1e300,-0.0,1e-7]");
    assert_eq!(
        written(&(u64::MAX, i64::MIN, true, ())),
        "[18446744073709551615,-9223372036854775808,true,null]"
    );
}

#[test]
fn msg_05_a_key_that_comes_twice_is_no_catastrophe() {
    let value = read(r#"{"a":1,"a":2}"#).unwrap();
    assert_eq!(value.get("a"), Some(&Value::from(2)));
    let map: std::collections::HashMap<String, i64> =
        from_slice(Serializer::Json, br#"{"a":1,"a":2}"#).unwrap();
    assert_eq!(map["a"], 2);
}

#[test]
fn an_error_says_where() {
    let error = from_slice::<Value>(Serializer::Json, b"[1, x]").unwrap_err();
    assert_eq!(error.to_string(), "unexpected character at byte 4");
    let error = from_slice::<Value>(Serializer::Json, b"\"abc\xff\"").unwrap_err();
    assert_eq!(error.offset, 4);
}
