//! Values as they stand in a line of text: one word, or quoted with everything escaped that is not printable. The framework
//! shows its values so before they come here; this does it for all others, and turns shown values back for JSON.

use std::fmt::Write as _;

/// Of a longer value the log has the beginning, in bytes, as of the framework's.
const LONG: usize = 512;

/// Appends a value: as it is if it is a word or shown already.
pub(super) fn show(value: &str, text: &mut String) {
    let plain = |character: char| character.is_ascii_alphanumeric() || "._-:/+@#%[]{}*".contains(character);
    if !value.is_empty() && value.len() <= LONG && value.chars().all(plain) || original(value).is_some() {
        return text.push_str(value);
    }
    let end = (0..=LONG.min(value.len())).rev().find(|end| value.is_char_boundary(*end)).unwrap_or_default();
    text.push('"');
    escape(&value[..end], text);
    text.push('"');
    if end < value.len() {
        let _infallible = write!(text, "... ({} bytes)", value.len());
    }
}

/// Appends a text that is no value, such as that of the line itself.
pub(super) fn escape(value: &str, text: &mut String) {
    for character in value.chars() {
        match character {
            '\'' => text.push('\''),
            other => text.extend(other.escape_debug()),
        }
    }
}

/// The value that was shown like this between quotes; `None` if it was not, or is written in a way that nobody here writes.
pub(super) fn original(shown: &str) -> Option<String> {
    let mut value = String::with_capacity(shown.len());
    let mut rest = shown.strip_prefix('"')?.chars();
    loop {
        match rest.next()? {
            '"' => break,
            '\\' => value.push(match rest.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                same @ ('\\' | '"' | '\'') => same,
                'u' => {
                    let (digits, more) = rest.as_str().strip_prefix('{')?.split_once('}')?;
                    rest = more.chars();
                    char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
                }
                _ => return None,
            }),
            character if character.is_control() => return None,
            character => value.push(character),
        }
    }
    let cut = rest.as_str();
    let is_length = |text: &str| {
        let digits = text.strip_prefix("... (").and_then(|text| text.strip_suffix(" bytes)"));
        digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if cut.is_empty() {
        return Some(value);
    }
    is_length(cut).then(|| value + cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let mut text = String::new();
        show(value, &mut text);
        text
    }

    #[test]
    fn a_value_is_a_word_or_quoted_and_comes_back_from_it() {
        assert_eq!(shown("com.example.add2"), "com.example.add2");
        assert_eq!(shown("127.0.0.1:8080"), "127.0.0.1:8080");
        for (value, expected) in [
            ("", r#""""#),
            ("it's two words", r#""it's two words""#),
            ("a=b", r#""a=b""#),
            ("a\" b=\"c\\", r#""a\" b=\"c\\""#),
            ("a\r\n\x1b[2Jb\0\x7f\u{9b}\u{202e}", r#""a\r\n\u{1b}[2Jb\0\u{7f}\u{9b}\u{202e}""#),
            ("Zo\u{eb}", "\"Zo\u{eb}\""),
        ] {
            assert_eq!(shown(value), expected);
            assert_eq!(original(expected).as_deref(), Some(value));
            assert_eq!(shown(expected), expected, "what is shown is not shown again");
        }
    }

    #[test]
    fn what_was_not_shown_stays_as_it_is() {
        for other in [
            "word",
            "\"",
            "\"a",
            "\"a\nb\"",
            "\"a\" b=c",
            r#""\x""#,
            r#""\u{zz}""#,
            r#""\u{d800}""#,
            "\"a\"... (b)",
        ] {
            assert_eq!(original(other), None, "{other}");
        }
        assert_eq!(shown("\"a\" b=c"), r#""\"a\" b=c""#, "nothing is forged behind a quote");
    }

    #[test]
    fn a_long_value_is_cut_and_its_length_told() {
        let long = shown(&"\u{e4}".repeat(1000));
        assert_eq!(long, format!("\"{}\"... (2000 bytes)", "\u{e4}".repeat(LONG / 2)));
        assert_eq!(original(&long).unwrap(), format!("{}... (2000 bytes)", "\u{e4}".repeat(LONG / 2)));
    }
}
