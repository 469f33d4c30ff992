//! TOML as it is written for people: strings, lists, tables, times and sizes.

use std::fmt::Write as _;

/// A string in quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            control if control.is_control() => {
                // A string takes what is written to it.
                let _written = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A key: bare if it can be.
pub(super) fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !name.is_empty() && name.bytes().all(is_bare) { name.to_owned() } else { quoted(name) }
}

/// A list of strings.
pub(super) fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", quoted.join(", "))
}

/// A time.
pub(super) fn time(milliseconds: u64) -> String {
    if milliseconds.is_multiple_of(1000) {
        format!("\"{}s\"", milliseconds / 1000)
    } else {
        format!("\"{milliseconds}ms\"")
    }
}

/// A number of bytes.
pub(super) fn bytes(number: u64) -> String {
    const MIB: u64 = 1 << 20;
    match number {
        0 => "0".to_owned(),
        some if some.is_multiple_of(MIB) => format!("\"{} MiB\"", some / MIB),
        some if some.is_multiple_of(1024) => format!("\"{} KiB\"", some / 1024),
        some => some.to_string(),
    }
}

/// What may stand in a comment: one line.
pub(super) fn comment(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mistake::Mistakes;
    use crate::node::{Value, parse};

    #[test]
    fn strings_and_keys_are_read_as_they_were() {
        for text in ["", "joe", "a\"b\\c", "a\nb\u{7f}\u{0}", "jürgen", "[x]", "#"] {
            let line = format!("{} = {}", key(text), quoted(text));
            let node = parse(&line, &mut Mistakes::default());
            let Value::Table(entries) = node.value else { panic!("{line} is a table") };
            let [entry] = entries.as_slice() else { panic!("{line} is one key") };
            assert_eq!(entry.key, text);
            assert!(matches!(&entry.node.value, Value::Text(read) if read == text), "{line}");
        }
    }

    #[test]
    fn numbers_have_the_largest_unit_that_fits() {
        assert_eq!(time(2500), "\"2500ms\"");
        assert_eq!(time(10_000), "\"10s\"");
        assert_eq!(bytes(1_048_576), "\"1 MiB\"");
        assert_eq!(bytes(65_536), "\"64 KiB\"");
        assert_eq!(bytes(1000), "1000");
    }
}
