//! Values as they stand in the log: without control characters, and not longer than a line should be.
//!
//! Invariants: a text that is shown is printable, is one word or stands in quotes that nothing in it can close, and comes from
//! no more than [`LONG`] bytes of the value.

use std::fmt::{self, Display, Write as _};

/// Of a longer value the log has the beginning, in bytes: long enough for every URI within the limits and for the text of
/// an error, and a line stays a line.
pub(crate) const LONG: usize = 512;

/// A value, to be shown in a log. As few values as possible are put into quotes: ids and names are not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<T>(T);

impl<T: Display> Text<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T: Display> Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut start = Start { text: String::new(), bytes: 0 };
        // A value that cannot write itself has no more to say than it has said.
        let _unfinished = write!(start, "{}", self.0);
        let Start { text, bytes } = start;
        let plain =
            |character: char| character.is_ascii_alphanumeric() || "._-:/+@#%[]{}*".contains(character);
        if bytes == text.len() && !text.is_empty() && text.chars().all(plain) {
            return f.write_str(&text);
        }
        f.write_char('"')?;
        for character in text.chars() {
            match character {
                '\'' => f.write_char('\'')?,
                other => write!(f, "{}", other.escape_debug())?,
            }
        }
        f.write_char('"')?;
        if bytes > text.len() {
            write!(f, "... ({bytes} bytes)")?;
        }
        Ok(())
    }
}

/// The beginning of what is written, and how long all of it is.
struct Start {
    text: String,
    bytes: usize,
}

impl fmt::Write for Start {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        // Nothing is put behind what was cut off.
        if self.bytes == self.text.len() {
            let room = LONG - self.text.len();
            let fits = (0..=room.min(more.len())).rev().find_map(|end| more.get(..end));
            self.text.push_str(fits.unwrap_or_default());
        }
        self.bytes += more.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: impl Display) -> String {
        Text::new(value).to_string()
    }

    #[test]
    fn names_and_numbers_are_shown_as_they_are() {
        for plain in
            ["com.example.add2", "realm1", "127.0.0.1:8080", "[::1]:80", "wamp.2.json", "joe@example.com"]
        {
            assert_eq!(shown(plain), plain);
        }
        assert_eq!(shown(7_u64), "7");
    }

    #[test]
    fn nothing_that_is_shown_ends_the_line_or_the_quotes_or_moves_the_cursor() {
        assert_eq!(shown(""), r#""""#);
        assert_eq!(shown("it's two words"), r#""it's two words""#);
        assert_eq!(shown("joe role=admin"), r#""joe role=admin""#, "no field can be made up");
        assert_eq!(shown("a\" b=\"c\\"), r#""a\" b=\"c\\""#);
        assert_eq!(shown("a\r\n\x1b[2Jb\0\x7f\u{9b}"), r#""a\r\n\u{1b}[2Jb\0\u{7f}\u{9b}""#);
        assert_eq!(shown("\u{202e}abc\u{2028}\u{200b}\u{feff}"), r#""\u{202e}abc\u{2028}\u{200b}\u{feff}""#);
        assert_eq!(shown("Zoë"), "\"Zoë\"");
    }

    #[test]
    fn any_character_is_shown_as_printable_ones() {
        for character in (0..=0x10_ffff).filter_map(char::from_u32) {
            let text = shown(character);
            assert!(!text.chars().any(char::is_control), "{character:?}: {text:?}");
        }
    }

    #[test]
    fn a_long_value_is_cut_between_two_characters_and_its_length_told() {
        assert_eq!(shown("x".repeat(LONG)), "x".repeat(LONG));
        assert_eq!(shown("x".repeat(LONG + 1)), format!("\"{}\"... (513 bytes)", "x".repeat(LONG)));
        let wide = shown("ä".repeat(1_000_000));
        assert_eq!(wide, format!("\"{}\"... (2000000 bytes)", "ä".repeat(LONG / 2)));
        let odd = format!("x{}", "ä".repeat(LONG));
        assert_eq!(shown(odd), format!("\"x{}\"... (1025 bytes)", "ä".repeat(LONG / 2 - 1)));
    }

    #[test]
    fn what_is_written_in_pieces_is_cut_as_what_is_written_at_once() {
        let (head, tail) = ("ä".repeat(200), "ö".repeat(200));
        let pieces = shown(format_args!("{head}{tail}{}", 'x'));
        assert_eq!(pieces, shown(format!("{head}{tail}x")));
    }
}
