//! What hostile or careless callers are told: what is wrong, in a text that does not grow with what they sent.

use super::{application, operator};
use crate::admin::AdminPermission;
use crate::admin::table::{AdminRow, ArgumentKind, rows};
use crate::client::Client;
use crate::extract::Kwargs;
use crate::{CallResult, Dict, Value, WampError};

/// Arguments that every procedure takes which has them.
fn arguments(row: &AdminRow) -> Dict {
    let mut arguments = Dict::new();
    for argument in row.arguments {
        let value = match (argument.name, argument.kind) {
            ("realm", _) => Value::from("realm1"),
            ("uri" | "topic", _) => Value::from("com.x"),
            ("action", _) => Value::from("call"),
            ("authrole", _) => Value::from("guest"),
            // One of both.
            ("session", _) if row.arguments.iter().any(|other| other.name == "authrole") => continue,
            (_, ArgumentKind::Id) => Value::from(1_u64),
            _ => continue,
        };
        arguments.insert(argument.name, value);
    }
    arguments
}

async fn answer(client: &Client, row: &AdminRow, arguments: Dict) -> Result<Value, WampError> {
    client.call::<Value, _>(row.name, Kwargs(arguments)).await
}

/// Those that answer without the program and without progressive results.
fn answering() -> impl Iterator<Item = &'static AdminRow> {
    rows().filter(|row| !row.is_topic() && !row.needs_program())
}

#[tokio::test]
async fn an_error_does_not_grow_with_the_texts_it_is_about() {
    let app = application(AdminPermission::ALL);
    let client = operator(&app).await;
    let long = "\u{1b}".repeat(9000);
    let mut refused = 0;
    for row in answering() {
        for argument in row.arguments {
            let mut arguments = arguments(row);
            arguments.insert(argument.name, long.as_str());
            let Err(error) = answer(&client, row, arguments).await else { continue };
            refused += 1;
            let length = error.to_string().len();
            assert!(length < 4096, "{} {}: {length} bytes", row.name, argument.name);
        }
    }
    assert!(refused > 50, "only {refused} were refused");
}

#[tokio::test]
async fn a_word_that_no_filter_can_fit_is_refused() {
    let app = application(AdminPermission::ALL);
    let client = operator(&app).await;
    let mut refused = 0;
    for row in answering() {
        let Some(ArgumentKind::Filter(keys)) = row
            .arguments
            .iter()
            .map(|argument| argument.kind)
            .find(|kind| matches!(kind, ArgumentKind::Filter(_)))
        else {
            continue;
        };
        for key in keys.iter().filter(|key| !key.words.is_empty()) {
            let mut arguments = arguments(row);
            arguments.insert("filter", Value::Dict(Dict::from_iter([(key.name, "bogus")])));
            let error = answer(&client, row, arguments).await.unwrap_err().to_string();
            for part in [&format!("filter.{}: expected one of", key.name), "\"bogus\"", key.words[0]] {
                assert!(error.contains(part), "{} {part}: {error}", row.name);
            }
            refused += 1;
        }
    }
    assert_eq!(refused, 7, "transport, serializer, match twice, invoke, direction twice");
}

#[tokio::test]
async fn a_tap_of_a_type_that_there_is_not_does_not_wait_for_it() {
    let app = application(AdminPermission::ALL);
    let client = operator(&app).await;
    let filter = Value::Dict(Dict::from_iter([("type", "BOGUS")]));
    let arguments = Dict::from_iter([("realm", Value::from("realm1")), ("filter", filter)]);
    let mut tap = client.call::<CallResult, _>("serverwamp.tap.open", Kwargs(arguments)).progressive();
    assert!(tap.next().await.is_none());
    let error = tap.finish().await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.invalid_argument");
    let expected = "filter.type: expected a type of message such as CALL, got \"BOGUS\"";
    assert!(error.to_string().contains(expected), "{error}");
}
