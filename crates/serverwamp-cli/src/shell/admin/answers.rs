//! Answers of the admin interface, as tables for people.

use crate::shell::json;
use crate::shell::output::visible_on_a_line;
use serverwamp::Value;
use std::fmt::Write as _;

/// The widest column but the last.
const WIDEST: usize = 40;

/// A column: its heading and the field that it shows.
pub(super) type Column = (&'static str, &'static str);

/// A field of an answer for people: nothing where it is null, text without quotes.
pub(super) fn shown(row: &Value, field: &str) -> String {
    match row.get(field) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::Text(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::Text(text)) => visible_on_a_line(text),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(other) => visible_on_a_line(&json::compact(other)),
    }
}

/// The rows below their headings, in columns.
pub(super) fn table(columns: &[Column], rows: &[Value]) -> String {
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|(_, field)| shown(row, field)).collect()).collect();
    let headings: Vec<String> = columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
    let width = |column: usize| {
        let widths = cells.iter().chain([&headings]).map(|row| row[column].chars().count());
        widths.max().unwrap_or(0).min(WIDEST)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for row in [&headings].into_iter().chain(&cells) {
        let mut line = String::new();
        for (number, cell) in row.iter().enumerate() {
            if number + 1 == row.len() {
                line.push_str(cell);
            } else {
                // Writing into a text does not fail.
                let _written = write!(line, "{:width$}  ", cut(cell, widths[number]), width = widths[number]);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.pop();
    text
}

/// The beginning of a text that is too long for its column.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let Some(kept) = most.checked_sub(1) else { return String::new() };
    let mut start: String = text.chars().take(kept).collect();
    start.push('…');
    start
}

/// So many of something, whose plural ends in s: `1 session`, `2 sessions`.
pub(super) fn counted(number: u64, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp::Serializer;
    use serverwamp_proto::codec::from_slice;

    #[test]
    fn rows_stand_below_their_headings_and_what_a_peer_chose_stays_in_its_cell() {
        let rows: Value = from_slice(
            Serializer::Json,
            br#"[{"id":12,"authid":"joe","agent":null},{"id":3,"authid":"a\nb\u001b[2J","agent":"x"}]"#,
        )
        .unwrap();
        let columns = [("SESSION", "id"), ("AUTHID", "authid"), ("AGENT", "agent")];
        assert_eq!(
            table(&columns, rows.as_list().unwrap()),
            "SESSION  AUTHID         AGENT\n12       joe            -\n3        a\\nb\\u{1b}[2J  x"
        );
        assert_eq!([0, 1, 2].map(|number| counted(number, "call")), ["0 calls", "1 call", "2 calls"]);
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }
}
