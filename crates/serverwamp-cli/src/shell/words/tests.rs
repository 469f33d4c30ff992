//! Words as they are typed, and the arguments that they are.

use super::*;

fn words(arguments: &[&str], positional: &[&str]) -> Words {
    let all = |words: &[&str]| words.iter().map(OsString::from).collect();
    Words { arguments: all(arguments), positional: all(positional) }
}

fn arguments(typed: &[&str]) -> Arguments {
    read(&words(typed, &[]), &mut std::io::empty()).unwrap()
}

fn json(text: &str) -> Value {
    codec::from_slice(Serializer::Json, text.as_bytes()).unwrap()
}

#[test]
fn a_word_is_json_or_else_text() {
    let read = arguments(&["2", "-1.5", "true", "null", "[1, 2]", "{\"a\": 1}", "\"2\"", "two", "1.2.3", ""]);
    assert_eq!(
        Value::List(read.args),
        json(r#"[2, -1.5, true, null, [1, 2], {"a": 1}, "2", "two", "1.2.3", ""]"#)
    );
    assert!(read.kwargs.is_empty());
}

#[test]
fn a_name_before_an_equals_sign_is_a_keyword() {
    let read = arguments(&["from=3", "_x=a=b", "1=2", "a.b=c", "a-b=c", "=d"]);
    assert_eq!(Value::Dict(read.kwargs), json(r#"{"from": 3, "_x": "a=b"}"#));
    assert_eq!(Value::List(read.args), json(r#"["1=2", "a.b=c", "a-b=c", "=d"]"#));
}

#[test]
fn behind_two_dashes_every_word_is_positional() {
    let read = read(&words(&["a=1"], &["b=2", "3", "-x", "@y", "-"]), &mut std::io::empty()).unwrap();
    assert_eq!(Value::List(read.args), json(r#"["b=2", 3, "-x", "@y", "-"]"#));
    assert_eq!(Value::Dict(read.kwargs), json(r#"{"a": 1}"#));
}

#[test]
fn a_dash_reads_the_standard_input_once() {
    let mut input: &[u8] = b"[1, 2]\n";
    let read_one = read(&words(&["n=-"], &[]), &mut input).unwrap();
    assert_eq!(Value::Dict(read_one.kwargs), json(r#"{"n": [1, 2]}"#));
    let mut input: &[u8] = b"\xFF\x00";
    let bytes = read(&words(&["-"], &[]), &mut input).unwrap();
    assert_eq!(bytes.args, [Value::Binary(vec![0xFF, 0])]);
    let twice = read(&words(&["-", "-"], &[]), &mut std::io::empty()).unwrap_err().to_string();
    assert!(twice.contains("once only"), "{twice}");
}

#[test]
fn what_begins_like_json_has_to_be_json() {
    for wrong in ["{\"a\":", "[1,", "\"x", "[a]", "@", "@/no/such/file"] {
        let error = read(&words(&[wrong], &[]), &mut std::io::empty()).unwrap_err().to_string();
        assert!(!error.contains('\n') && error.contains('\''), "{wrong}: {error}");
    }
    let twice = read(&words(&["a=1", "a=2"], &[]), &mut std::io::empty()).unwrap_err().to_string();
    assert!(twice.contains("given twice"), "{twice}");
}
