//! Values as JSON: on one line, or indented where one line would be too long.
//!
//! Numbers are exact. Bytes are the text that WAMP has for them in JSON: NUL and base64. What a terminal would obey is escaped, also
//! where JSON does not demand it: documents are read on terminals too.

use super::output::is_obeyed;
use serverwamp::{Dict, Serializer, Value};
use serverwamp_proto::codec;

/// Up to this many characters a value is on one line.
const LINE: usize = 100;

/// The value on one line.
pub(super) fn compact(value: &Value) -> String {
    let mut text = Vec::new();
    match codec::to_writer(Serializer::Json, value, &mut text) {
        Ok(()) => escaped(&String::from_utf8_lossy(&text)),
        // A number that JSON does not have: NaN, the infinities.
        Err(_) => match value {
            Value::List(items) => joined('[', items.iter().map(compact), ']'),
            Value::Dict(dict) => {
                joined('{', dict.iter().map(|(name, item)| entry(name, &compact(item))), '}')
            }
            Value::Float(number) => format!("\"{number}\""),
            _ => "null".to_owned(),
        },
    }
}

/// Escapes what JSON allows in a text and a terminal obeys or does not show: DEL, the controls above it, and marks that turn the direction
/// of writing or are nothing to see. All of them stand in texts: JSON has only its own characters elsewhere.
pub(crate) fn escaped(json: &str) -> String {
    let mut clean = String::with_capacity(json.len());
    for character in json.chars() {
        match is_obeyed(character) {
            // Beyond the first plane they are two units.
            true => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    clean.push_str(&format!("\\u{unit:04x}"));
                }
            }
            false => clean.push(character),
        }
    }
    clean
}

/// The value for a person: indented if it is long.
pub(super) fn readable(value: &Value) -> String {
    let line = compact(value);
    if line.chars().count() <= LINE {
        return line;
    }
    let mut text = String::new();
    indented(value, 0, &mut text);
    text
}

fn indented(value: &Value, depth: usize, text: &mut String) {
    let line = compact(value);
    if line.chars().count() + 2 * depth <= LINE {
        text.push_str(&line);
        return;
    }
    let items: Vec<(Option<&str>, &Value)> = match value {
        Value::List(items) => items.iter().map(|item| (None, item)).collect(),
        Value::Dict(dict) => dict.iter().map(|(name, item)| (Some(name), item)).collect(),
        _ => return text.push_str(&line),
    };
    let (open, close) = if matches!(value, Value::List(_)) { ('[', ']') } else { ('{', '}') };
    text.push(open);
    for (at, (name, item)) in items.iter().enumerate() {
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        if let Some(name) = name {
            text.push_str(&compact(&Value::Text((*name).to_owned())));
            text.push_str(": ");
        }
        indented(item, depth + 1, text);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

fn entry(name: &str, item: &str) -> String {
    format!("{}:{item}", compact(&Value::Text(name.to_owned())))
}

fn joined(open: char, items: impl Iterator<Item = String>, close: char) -> String {
    format!("{open}{}{close}", items.collect::<Vec<_>>().join(","))
}

/// A dictionary of these entries.
pub(super) fn dict<const N: usize>(entries: [(&str, Value); N]) -> Dict {
    let mut dict = Dict::new();
    for (name, value) in entries {
        dict.insert(name, value);
    }
    dict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        codec::from_slice(Serializer::Json, text.as_bytes()).unwrap()
    }

    #[test]
    fn short_values_are_on_one_line_and_long_ones_indented() {
        assert_eq!(readable(&value(r#"{"a": [1, 2.5, null]}"#)), r#"{"a":[1,2.5,null]}"#);
        let long = format!(r#"{{"text": "{}", "list": [1, 2]}}"#, "x".repeat(120));
        let shown = readable(&value(&long));
        assert_eq!(shown, format!("{{\n  \"text\": \"{}\",\n  \"list\": [1,2]\n}}", "x".repeat(120)));
        assert_eq!(value(&shown), value(&long));
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_still_the_same_value() {
        let unseen = value(r#"["a\ufeff\u200b\u2028\udb40\udc41"]"#);
        assert_eq!(compact(&unseen), r#"["a\ufeff\u200b\u2028\udb40\udc41"]"#);
        let odd = value(r#"["\u001b[2J\u007f\u009b31m\u202e\u2066", {"\u009b": "é\n"}]"#);
        let shown = compact(&odd);
        assert_eq!(shown, r#"["\u001b[2J\u007f\u009b31m\u202e\u2066",{"\u009b":"é\n"}]"#);
        assert_eq!(value(&shown), odd);
    }

    #[test]
    fn numbers_are_exact_and_those_that_json_lacks_are_text() {
        assert_eq!(compact(&value("18446744073709551615")), "18446744073709551615");
        let odd = Value::List(vec![Value::Float(f64::NAN), Value::Integer(1), Value::Float(f64::INFINITY)]);
        assert_eq!(compact(&odd), r#"["NaN",1,"inf"]"#);
    }
}
