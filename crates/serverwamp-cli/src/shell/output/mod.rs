//! What the shell prints: for people, or for programs.
//!
//! Invariant: nothing that a peer chose reaches a terminal with its control characters: they could rewrite what the person reads. In
//! the form `raw`, which is as the peer sent it, this holds where the output is a terminal.

mod stream;

pub(crate) use self::stream::{Out, note};

use super::json;
use crate::failure::Failure;
use clap::ValueEnum;
use serverwamp::{Dict, Payload, Value};
use serverwamp_proto::codec;

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Form {
    /// For people
    #[default]
    Pretty,
    /// JSON documents, indented where they are long
    Json,
    /// JSON, each result or event on a line of its own
    Jsonl,
    /// The positional arguments alone: text and bytes as they are, unless a terminal would obey them
    Raw,
}

/// The option that chooses it.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct OutputOptions {
    /// The form of the output: pretty for people, json, jsonl (one line each) or raw (text and bytes as they are)
    #[arg(short, long = "output", value_name = "FORM", default_value = "pretty")]
    pub(crate) output: Form,
}

/// Arguments or results, with what else is known of them: a topic, a time.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// What is shown before the arguments, for people.
    pub(super) lead: String,
    /// What is beside the arguments, for programs.
    pub(super) details: Dict,
    pub(super) args: Vec<Value>,
    pub(super) kwargs: Dict,
}

impl Item {
    /// The item in this form, without a line break at its end.
    pub(super) fn to_bytes(&self, form: Form) -> Vec<u8> {
        match form {
            Form::Pretty => self.pretty().into_bytes(),
            Form::Json => json::readable(&self.document()).into_bytes(),
            Form::Jsonl => json::compact(&self.document()).into_bytes(),
            Form::Raw => self.raw(),
        }
    }

    fn document(&self) -> Value {
        let mut document = self.details.clone();
        document.insert("args", Value::List(self.args.clone()));
        document.insert("kwargs", Value::Dict(self.kwargs.clone()));
        Value::Dict(document)
    }

    fn raw(&self) -> Vec<u8> {
        let parts = self.args.iter().map(|arg| match arg {
            Value::Text(text) => text.clone().into_bytes(),
            Value::Binary(bytes) => bytes.clone(),
            other => json::compact(other).into_bytes(),
        });
        parts.collect::<Vec<_>>().join(&b'\n')
    }

    /// One value as it is, several on one line if they are short; keywords behind them, as they are typed.
    fn pretty(&self) -> String {
        // Beside a topic, a text of several lines would look like several events.
        let many_lines = |text: &Value| text.as_str().is_some_and(|text| text.contains('\n'));
        let beside = !self.lead.is_empty() && self.args.iter().any(many_lines);
        let alone = self.args.len() == 1 && self.kwargs.is_empty() && !beside;
        let mut parts: Vec<String> = self.args.iter().map(|arg| shown(arg, alone)).collect();
        match (&*self.args, self.lead.is_empty()) {
            // As one dictionary, beside a topic: a line for each name would be a line without it.
            ([], false) if !self.kwargs.is_empty() => {
                parts.push(json::readable(&Value::Dict(self.kwargs.clone())))
            }
            _ => parts.extend(
                self.kwargs
                    .iter()
                    .map(|(name, value)| format!("{}={}", visible_on_a_line(name), shown(value, false))),
            ),
        }
        let between = if self.lead.is_empty() { "\n" } else { " " };
        match (&*self.lead, parts.is_empty()) {
            ("", _) => parts.join(between),
            (lead, true) => lead.to_owned(),
            (lead, false) => format!("{lead}  {}", parts.join(between)),
        }
    }
}

/// The positional and keyword arguments of a payload, whatever they are.
///
/// # Errors
/// A payload that is not encoded as its serializer demands.
pub(super) fn parts(payload: &Payload) -> Result<(Vec<Value>, Dict), Failure> {
    let wrong = |error| Failure::Answered(format!("the arguments cannot be read: {error}"));
    let args = match payload.args.is_empty() {
        true => Vec::new(),
        false => codec::from_slice(payload.serializer, &payload.args).map_err(wrong)?,
    };
    match payload.kwargs.is_empty() {
        true => Ok((args, Dict::new())),
        false => match codec::from_slice(payload.serializer, &payload.kwargs).map_err(wrong)? {
            Value::Dict(kwargs) => Ok((args, kwargs)),
            _ => Ok((args, Dict::new())),
        },
    }
}

/// A value for people: text that stands alone is without quotes.
fn shown(value: &Value, alone: bool) -> String {
    match value {
        Value::Text(text) if alone => visible(text),
        Value::Binary(bytes) => format!("<{} bytes>", bytes.len()),
        other => visible(&json::readable(other)),
    }
}

/// Text without control characters, but for line breaks and tabs.
pub(crate) fn visible(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => clean.push(character),
            obeyed if is_obeyed(obeyed) => clean.extend(obeyed.escape_unicode()),
            other => clean.push(other),
        }
    }
    clean
}

/// Text without control characters, on one line: what stands beside it on its line cannot be forged.
pub(super) fn visible_on_a_line(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// Text of a peer below a line of ours: its further lines are indented, so that none of them looks like one of ours.
pub(super) fn visible_below(text: &str) -> String {
    visible(text.trim_end()).replace('\n', "\n  ")
}

/// Whether a terminal would do something other than show this character: controls, ends of lines, and marks that turn the direction of
/// writing or show nothing, with which a URI could show as another one. What joins letters of some languages and emoji is none of them.
pub(super) fn is_obeyed(character: char) -> bool {
    let turning = matches!(character, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let ending = matches!(character, '\u{2028}' | '\u{2029}');
    let unseen = matches!(
        character,
        '\u{00AD}' | '\u{034F}' | '\u{180E}' | '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}'
    );
    turning || ending || unseen || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp::Serializer;
    use serverwamp_proto::codec::from_slice;

    fn item(args: &str, kwargs: &str) -> Item {
        let Ok(Value::List(args)) = from_slice(Serializer::Json, args.as_bytes()) else { panic!("{args}") };
        let Ok(Value::Dict(kwargs)) = from_slice(Serializer::Json, kwargs.as_bytes()) else {
            panic!("{kwargs}")
        };
        Item { args, kwargs, ..Item::default() }
    }

    fn said(item: &Item, form: Form) -> String {
        String::from_utf8(item.to_bytes(form)).unwrap()
    }

    #[test]
    fn one_value_is_shown_as_it_is_and_several_below_each_other() {
        for (args, kwargs, expected) in [
            ("[5]", "{}", "5"),
            (r#"["two words"]"#, "{}", "two words"),
            (r#"["a", 1]"#, "{}", "\"a\"\n1"),
            (r#"["a"]"#, r#"{"n": 1}"#, "\"a\"\nn=1"),
            ("[]", r#"{"n": 1, "m": "x"}"#, "n=1\nm=\"x\""),
            ("[]", "{}", ""),
            ("[null]", "{}", "null"),
        ] {
            assert_eq!(said(&item(args, kwargs), Form::Pretty), expected, "{args} {kwargs}");
        }
    }

    #[test]
    fn an_event_is_on_the_line_of_its_topic() {
        let event = Item { lead: "chat".to_owned(), ..item(r#"["hello", 2]"#, r#"{"n": 1}"#) };
        assert_eq!(said(&event, Form::Pretty), "chat  \"hello\" 2 n=1");
        let event = Item { lead: "chat".to_owned(), ..item("[]", r#"{"n": 1}"#) };
        assert_eq!(said(&event, Form::Pretty), "chat  {\"n\":1}");
        assert_eq!(said(&Item { lead: "chat".to_owned(), ..item("[]", "{}") }, Form::Pretty), "chat");
    }

    #[test]
    fn programs_get_one_document_for_each() {
        let result =
            Item { details: json::dict([("progress", true.into())]), ..item("[1]", r#"{"n": [2]}"#) };
        assert_eq!(said(&result, Form::Jsonl), r#"{"progress":true,"args":[1],"kwargs":{"n":[2]}}"#);
        assert_eq!(said(&item(r#"["a\u001b[1m", 2]"#, "{}"), Form::Raw), "a\u{1b}[1m\n2");
    }

    #[test]
    fn control_characters_of_peers_are_shown_and_not_obeyed() {
        let result = item(r#"["a\u001b[2Jb\u0007\n\u202Ec"]"#, "{}");
        assert_eq!(said(&result, Form::Pretty), "a\\u{1b}[2Jb\\u{7}\n\\u{202e}c");
        let several = item(r#"["a\u009b2J", 1]"#, "{}");
        assert_eq!(said(&several, Form::Pretty), "\"a\\u009b2J\"\n1");
        let forged = Item { lead: "chat".to_owned(), ..item(r#"["hi\n12:00 chat  bye"]"#, "{}") };
        assert_eq!(said(&forged, Form::Pretty), r#"chat  "hi\n12:00 chat  bye""#);
        assert_eq!(said(&item("[]", r#"{"a\nb": 1}"#), Form::Pretty), "a\\nb=1");
        assert_eq!(visible_below("one\ntwo\n"), "one\n  two");
        // Names that look alike are told apart, and one does not become two columns.
        assert_eq!(
            visible_on_a_line("b.\u{200b}\u{feff}\tx\u{2028}y\u{e0041}"),
            "b.\\u{200b}\\u{feff}\\tx\\u{2028}y\\u{e0041}"
        );
        let family = "👩\u{200d}👧 漢字";
        assert_eq!(visible_on_a_line(family), family);
    }
}
