//! A line of the log, as text or as JSON.
//!
//! Invariant: one line is one line, whatever is in its values.

use super::shown::{escape, original, show};
use super::{LogForm, journal};
use crate::shell::escaped_json;
use serde::ser::{Serialize, SerializeMap as _};
use serverwamp::Serializer;
use serverwamp_proto::auth::format_timestamp;
use serverwamp_proto::codec;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt::Write as _;
use std::fs::File;
use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};
use tracing::Level;

/// One line.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) level: Level,
    pub(super) target: &'a str,
    pub(super) message: String,
    pub(super) fields: Vec<(&'a str, Value)>,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Shown as one word or in quotes, and cut if it is long.
    Text(String),
    /// As it is, in JSON alone.
    Long(String),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
}

/// Where lines of text go.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// To a terminal.
    colours: bool,
    /// To the journal of systemd.
    journal: bool,
}

impl Look {
    pub(super) fn of(out: &File) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { colours: out.is_terminal() && wanted, journal: journal::is_read_by(out) }
    }
}

impl Line<'_> {
    /// The line, with the time that it is and its end.
    pub(super) fn rendered(&self, form: LogForm, look: Look) -> Vec<u8> {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = format_timestamp(u64::try_from(since_1970.as_millis()).unwrap_or_default());
        match form {
            LogForm::Text => self.text(&time, look).into_bytes(),
            LogForm::Json => self.json(&time),
        }
    }

    fn text(&self, time: &str, look: Look) -> String {
        let Self { level, target, message, fields } = self;
        let (dim, colour, end) =
            if look.colours { ("\x1b[2m", colour(*level), "\x1b[0m") } else { ("", "", "") };
        let mut text = if look.journal {
            format!("<{}>{level} {target}: ", priority(*level))
        } else {
            format!("{dim}{time}{end} {colour}{level:>5}{end} {dim}{target}:{end} ")
        };
        escape(message, &mut text);
        for (name, value) in fields {
            let _infallible = write!(text, " {name}=");
            match value {
                Value::Text(value) => show(value, &mut text),
                Value::Long(value) => escape(value, &mut text),
                Value::Unsigned(value) => text.push_str(&value.to_string()),
                Value::Signed(value) => text.push_str(&value.to_string()),
                Value::Float(value) => text.push_str(&value.to_string()),
                Value::Bool(value) => text.push_str(&value.to_string()),
            }
        }
        text.push('\n');
        text
    }

    fn json(&self, time: &str) -> Vec<u8> {
        #[derive(serde::Serialize)]
        struct Object<'a> {
            time: &'a str,
            level: &'a str,
            target: &'a str,
            message: &'a str,
            fields: Fields<'a>,
        }
        let Self { level, target, message, fields } = self;
        let level = level.as_str();
        let object = Object { time, level, target, message, fields: Fields(fields) };
        let mut line = Vec::new();
        codec::to_writer(Serializer::Json, &object, &mut line)
            .expect("texts, and numbers that JSON has, can be written as JSON");
        // The name of a client's software is text that a stranger chose, and logs are followed on terminals.
        let mut line = escaped_json(&String::from_utf8_lossy(&line)).into_bytes();
        line.push(b'\n');
        line
    }
}

/// The fields as an object.
struct Fields<'a>(&'a [(&'a str, Value)]);

impl Serialize for Fields<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(value) => {
                let mut shown = String::new();
                show(value, &mut shown);
                serializer.serialize_str(&original(&shown).unwrap_or(shown))
            }
            Self::Long(value) => serializer.serialize_str(value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Signed(value) => serializer.serialize_i64(*value),
            Self::Float(value) if value.is_finite() => serializer.serialize_f64(*value),
            Self::Float(value) => serializer.collect_str(value),
            Self::Bool(value) => serializer.serialize_bool(*value),
        }
    }
}

/// The line about lines that nobody read in time.
pub(super) fn lost(form: LogForm, look: Look, count: u64) -> Vec<u8> {
    let line = Line {
        level: Level::WARN,
        target: "serverwamp::log",
        message: "lines are lost, because nobody read the log".to_owned(),
        fields: vec![("lost", Value::Unsigned(count))],
    };
    line.rendered(form, look)
}

/// The line of JSON about what has ended the program.
pub(super) fn failed(look: Look, why: &str) -> Vec<u8> {
    let line = Line {
        level: Level::ERROR,
        target: "serverwamp::program",
        message: "the program ends".to_owned(),
        fields: vec![("error", Value::Text(why.trim_start_matches("serverwamp: ").to_owned()))],
    };
    line.rendered(LogForm::Json, look)
}

/// The line about a panic; behind it the backtrace if `RUST_BACKTRACE` asks for one, in JSON within.
pub(super) fn panic_line(form: LogForm, look: Look, panic: &PanicHookInfo<'_>) -> Vec<u8> {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = thread::current().name().unwrap_or("without a name").to_owned();
    let said = panic.payload();
    let said =
        said.downcast_ref::<&str>().copied().or_else(|| said.downcast_ref::<String>().map(String::as_str));
    let said = said.unwrap_or("a value that is no text").to_owned();
    let mut fields = vec![("thread", Value::Text(thread)), ("panic", Value::Text(said))];
    let trace = Backtrace::capture();
    let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
    if let (LogForm::Json, Some(trace)) = (form, &trace) {
        fields.push(("backtrace", Value::Long(trace.clone())));
    }
    let message = format!("panicked at {place}");
    let line = Line { level: Level::ERROR, target: "serverwamp::panic", message, fields };
    let mut text = line.rendered(form, look);
    if let (LogForm::Text, Some(trace)) = (form, trace) {
        text.extend(trace.trim_end().bytes());
        text.push(b'\n');
    }
    text
}

/// The number of syslog for a level.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        _ => "\x1b[35m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-11-30T21:16:28.123Z";

    fn line() -> Line<'static> {
        Line {
            level: Level::WARN,
            target: "serverwamp::refused",
            message: "refused".to_owned(),
            fields: vec![
                ("reason", Value::Text("http_requests_refused".to_owned())),
                // As the framework shows it.
                ("why", Value::Text(r#""origin \"https://evil\" is\nnot allowed""#.to_owned())),
                ("suppressed", Value::Unsigned(7)),
            ],
        }
    }

    #[test]
    fn a_line_of_text_has_time_level_target_message_and_fields() {
        let rest = r#"serverwamp::refused: refused reason=http_requests_refused why="origin \"https://evil\" is\nnot allowed" suppressed=7"#;
        assert_eq!(line().text(TIME, Look::default()), format!("{TIME}  WARN {rest}\n"));
        let journal = Look { journal: true, ..Look::default() };
        assert_eq!(line().text(TIME, journal), format!("<4>WARN {rest}\n"), "the journal knows the time");
    }

    #[test]
    fn a_line_of_json_has_the_values_themselves() {
        let written = line().json(TIME);
        assert!(written.ends_with(b"}\n") && !written[..written.len() - 1].contains(&b'\n'));
        assert_eq!(
            String::from_utf8(written).unwrap().trim_end(),
            format!(
                r#"{{"time":"{TIME}","level":"WARN","target":"serverwamp::refused","message":"refused","fields":{{"reason":"http_requests_refused","why":"origin \"https://evil\" is\nnot allowed","suppressed":7}}}}"#
            )
        );
    }

    #[test]
    fn no_value_and_no_message_begins_a_line() {
        let bad = "a\nERROR forged\r\x1b[2J\u{2028}\0";
        let line = Line {
            level: Level::INFO,
            target: "other",
            message: bad.to_owned(),
            fields: vec![
                ("odd", Value::Text(bad.to_owned())),
                ("none", Value::Float(f64::NAN)),
                ("agent", Value::Text("\u{7f}\u{9b}2J\u{202e}".to_owned())),
            ],
        };
        let text = line.text(TIME, Look::default());
        assert!(!text.trim_end_matches('\n').contains(char::is_control), "{text}");
        assert!(text.contains(r#"odd="a\nERROR forged\r\u{1b}[2J\u{2028}\0" none=NaN"#), "{text}");
        let json = line.json(TIME);
        let parsed: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((&parsed["message"], &parsed["fields"]["odd"]), (&bad.into(), &bad.into()));
        assert_eq!(parsed["fields"]["none"], "NaN");
        assert_eq!(parsed["fields"]["agent"], "\u{7f}\u{9b}2J\u{202e}");
        let json = String::from_utf8(json).unwrap();
        assert!(!json.trim_end().contains(|it: char| it.is_control() || it == '\u{202e}'), "{json:?}");
    }
}
