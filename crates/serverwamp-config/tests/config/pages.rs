//! What is generated of the table of keys: the reference page and the JSON Schema.

use crate::support::compare;
use serde_json::{Value, json};
use serverwamp_config::reference;
use std::path::Path;

/// The head of the reference page.
const HEAD: &str = include_str!("reference_head.md");

#[test]
fn the_reference_page_is_that_of_the_table_of_keys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    compare(&path, &format!("{HEAD}\n{}", reference::page())).unwrap();
}

/// What a value has that the schema does not allow. Of JSON Schema that is what ours uses, but for patterns.
fn faults(schema: &Value, value: &Value, root: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.strip_prefix("#/$defs/").unwrap();
        found.extend(faults(&root["$defs"][name], value, root, at));
    }
    if let Some(shapes) = schema["anyOf"].as_array()
        && !shapes.iter().any(|shape| faults(shape, value, root, at).is_empty())
    {
        found.push(format!("{at}: fits none"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        found.push(format!("{at}: {value} is not among {words:?}"));
    }
    let right_type = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some(other) => panic!("{other}"),
        None => true,
    };
    if !right_type {
        found.push(format!("{at}: {value} is no {}", schema["type"]));
    }
    if value.as_u64().is_some_and(|number| {
        schema["minimum"].as_u64().is_some_and(|least| number < least)
            || schema["maximum"].as_u64().is_some_and(|most| number > most)
    }) {
        found.push(format!("{at}: {value} is out of range"));
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(faults(&schema["items"], item, root, &format!("{at}[{number}]")));
    }
    let Some(entries) = value.as_object() else { return found };
    for required in schema["required"].as_array().into_iter().flatten() {
        if !entries.contains_key(required.as_str().unwrap()) {
            found.push(format!("{at}: {required} is missing"));
        }
    }
    let most = schema["maxProperties"].as_u64().unwrap_or(u64::MAX);
    if schema["type"] == "object" && entries.len() as u64 > most {
        found.push(format!("{at}: too many keys"));
    }
    for (key, item) in entries {
        let at = format!("{at}.{key}");
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => found.push(format!("{at}: unknown")),
            (Value::Null, others) => found.extend(faults(others, item, root, &at)),
            (own, _) => found.extend(faults(own, item, root, &at)),
        }
    }
    found
}

fn of_toml(text: &str) -> Value {
    let table: toml::Table = text.parse().unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn the_schema_accepts_what_the_reader_accepts_and_refuses_unknown_keys() {
    let schema = reference::schema();
    for text in [include_str!("whole.toml"), include_str!("small.toml")] {
        let value = of_toml(text);
        assert_eq!(faults(&schema, &value, &schema, ""), [""; 0]);
    }
    for (text, fault) in [
        ("listne = []", ".listne: unknown"),
        ("[limits]\nnesting = 2", ".limits.nesting: 2 is out of range"),
        ("[limits]\nconnections = \"many\"", ".limits.connections: \"many\" is no \"integer\""),
        ("[[realm]]\n", ".realm[0]: \"name\" is missing"),
        (
            "[[realm]]\nname = \"a\"\nauth = [{ file = {}, anonymous = {} }]",
            ".realm[0].auth[0]: too many keys",
        ),
        ("[[listen]]\nserve = [\"wamp\"]", ".listen[0].serve[0]: \"wamp\" is not among"),
        ("[[realm]]\nname = \"a\"\n[realm.role.x]\nalow = {}", ".realm[0].role.x.alow: unknown"),
    ] {
        let found = faults(&schema, &of_toml(text), &schema, "").join("\n");
        assert!(found.contains(fault), "{text}: {found}");
    }
    assert_eq!(schema["$schema"], json!("https://json-schema.org/draft/2020-12/schema"));
}

#[test]
fn every_section_and_key_is_found_by_its_path() {
    for section in reference::sections() {
        for key in section.keys() {
            let path = format!("{}.{}", section.name, key.name);
            let path = path.strip_prefix("config.").unwrap_or(&path);
            let found = reference::find(path);
            assert!(found.is_ok(), "{path}: {found:?}");
            assert!(found.unwrap().print().contains(key.name), "{path}");
        }
    }
    for (path, hint) in [
        ("limts", "did you mean `limits`?"),
        ("realm.auth.jtw", "did you mean `jwt`?"),
        ("limits.x", "lists the keys"),
    ] {
        assert!(reference::find(path).unwrap_err().contains(hint), "{path}");
    }
}
