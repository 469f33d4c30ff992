//! The reference page docs/admin.md and the answer of `serverwamp.admin.describe`, both made of the table.

use super::call::{AdminCall, fields};
use super::routes::served;
use super::table::{
    AdminAnswer, AdminRow, AnsweredBy, ArgumentDefault, ArgumentKind, ArgumentRow, FieldRow, SECTIONS,
};
use crate::WampError;
use serverwamp_proto::codec::Value;
use std::fmt::Write as _;

const HEAD: &str = include_str!("../docs/admin_head.md");

/// The page.
pub(super) fn page() -> String {
    let mut page = HEAD.to_owned();
    for (heading, rows) in SECTIONS {
        let _never_fails = write!(page, "\n## {heading}\n");
        for row in *rows {
            describe(row, &mut page);
        }
    }
    page
}

fn describe(row: &AdminRow, page: &mut String) {
    let kind = if row.is_topic() { "Topic" } else { "Procedure" };
    let program = if row.needs_program() { ", of the program only" } else { "" };
    let mut add = |text: String| page.push_str(&text);
    add(format!(
        "\n### `{}`\n\n{kind}, permission `{}`{program}. {}\n",
        row.name,
        row.permission.name(),
        row.text
    ));
    if !row.arguments.is_empty() {
        add("\n| argument | type | default | |\n|---|---|---|---|\n".to_owned());
    }
    for ArgumentRow { name, kind, default, text } in row.arguments {
        add(format!("| `{name}` | {} | {} | {text} |\n", cell(&kind.words()), cell(&default.written())));
    }
    for keys in row.arguments.iter().filter_map(|argument| match argument.kind {
        ArgumentKind::Filter(keys) => Some(keys),
        _ => None,
    }) {
        add("\n| key of `filter` | |\n|---|---|\n".to_owned());
        for key in keys {
            add(format!("| `{}` | {} |\n", key.name, key.text));
        }
    }
    if !row.answer.is_empty() {
        add("\n| answer | |\n|---|---|\n".to_owned());
    }
    for FieldRow { name, text } in row.answer {
        add(format!("| `{name}` | {text} |\n"));
    }
    if !row.errors.is_empty() {
        add("\n| error | |\n|---|---|\n".to_owned());
    }
    for (uri, text) in row.errors {
        add(format!("| `{uri}` | {text} |\n"));
    }
}

/// A text as a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

impl ArgumentDefault {
    fn written(self) -> String {
        match self {
            Self::Required => "required".to_owned(),
            Self::Nothing => "none".to_owned(),
            Self::Integer(number) => format!("`{number}`"),
            Self::Word(word) => format!("`\"{word}\"`"),
        }
    }
}

/// The table as a value: of this node, so without what only a program serves where there is none.
pub(super) fn describe_all(call: &AdminCall) -> AdminAnswer {
    let realm = call.caller.inner().running_realm();
    let has = |row: &&AdminRow| realm.code.routes.procedure(row.name).is_some();
    let control =
        SECTIONS.iter().flat_map(|(_, rows)| rows.iter()).any(|row| row.needs_program() && has(&row));
    let rows: Vec<Value> = served(control).map(described).collect();
    Ok::<_, WampError>(fields([("version", env!("CARGO_PKG_VERSION").into()), ("items", rows.into())]))
}

fn described(row: &AdminRow) -> Value {
    let field = |field: &FieldRow| fields([("name", field.name.into()), ("text", field.text.into())]);
    let error = |(uri, text): &(&str, &str)| fields([("uri", (*uri).into()), ("text", (*text).into())]);
    fields([
        ("name", row.name.into()),
        ("kind", if row.is_topic() { "topic" } else { "procedure" }.into()),
        ("permission", row.permission.name().into()),
        ("program", matches!(row.serve, AnsweredBy::Program(_)).into()),
        ("text", row.text.into()),
        ("arguments", row.arguments.iter().map(argument).collect::<Vec<Value>>().into()),
        ("answer", row.answer.iter().map(field).collect::<Vec<Value>>().into()),
        ("errors", row.errors.iter().map(error).collect::<Vec<Value>>().into()),
    ])
}

fn argument(argument: &ArgumentRow) -> Value {
    let default = match argument.default {
        ArgumentDefault::Required | ArgumentDefault::Nothing => Value::Null,
        ArgumentDefault::Integer(number) => number.into(),
        ArgumentDefault::Word(word) => word.into(),
    };
    let keys: Vec<Value> = match argument.kind {
        ArgumentKind::Filter(keys) => {
            keys.iter().map(|key| fields([("name", key.name.into()), ("text", key.text.into())])).collect()
        }
        _ => Vec::new(),
    };
    fields([
        ("name", argument.name.into()),
        ("type", argument.kind.words().into()),
        ("required", matches!(argument.default, ArgumentDefault::Required).into()),
        ("default", default),
        ("keys", keys.into()),
        ("text", argument.text.into()),
    ])
}
