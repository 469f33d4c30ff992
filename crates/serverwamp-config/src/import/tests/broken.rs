//! What is no configuration, and what somebody has broken.

use super::nexus::NEXUS;
use super::{Import, NODE, finding, import, imported, node};
use serde_json::{Value, json};

fn fails(text: &str) -> String {
    import(text, &Import { credentials: "users.toml".to_owned() }).expect_err("no configuration").to_string()
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    assert_eq!(fails("{\n  \"workers\": [1,]\n}"), "line 2, column 17: this is not JSON: trailing comma");
    assert!(fails("").starts_with("line 1, column 0: this is not JSON"));
    assert!(fails(&"[".repeat(100_000)).contains("recursion limit exceeded"));
    assert!(fails("[[listen]]\naddress = \"x\"").contains("this is not JSON"));
}

#[test]
fn json_of_something_else_is_refused() {
    for text in [
        "{}",
        "[]",
        "1",
        "null",
        "\"workers\"",
        r#"{"version": 2}"#,
        r#"{"name": "package"}"#,
        r#"{"router": 1}"#,
    ] {
        assert!(fails(text).starts_with("this is not a configuration of Crossbar.io or nexus"), "{text}");
    }
    for text in [r#"{"workers": []}"#, r#"{"workers": 1}"#, r#"{"controller": {}, "version": 3}"#] {
        imported(text);
    }
}

/// Every value of the tree in turn, replaced by values of other types.
#[test]
fn every_value_of_a_wrong_type_is_listed() {
    assert_eq!(unlisted(NODE, 200), [""; 0]);
}

#[test]
fn every_value_of_a_wrong_type_of_nexus_is_listed() {
    assert_eq!(unlisted(NEXUS, 25), [""; 0]);
}

/// The values that can be of another type and nobody says so.
fn unlisted(text: &str, least: usize) -> Vec<String> {
    let whole: Value = serde_json::from_str(text).expect("JSON");
    let mut pointers = Vec::new();
    collect("", &whole, &mut pointers);
    assert!(pointers.len() >= least, "{}", pointers.len());
    let mut unlisted = Vec::new();
    for pointer in &pointers {
        for wrong in
            [json!(null), json!([]), json!({}), json!("\u{7f} \"x\n"), json!(-1), json!(1e300), json!(true)]
        {
            let mut broken = whole.clone();
            let place = broken.pointer_mut(pointer).expect("it is there");
            if std::mem::discriminant(place) == std::mem::discriminant(&wrong) {
                continue;
            }
            *place = wrong;
            // Without what it is known by it is no configuration.
            if broken.get("workers").is_none() && !broken["router"].is_object() {
                continue;
            }
            let imported = imported(&broken.to_string());
            assert!(!format!("{imported:?}").contains("hunter2"));
            if !is_free(pointer) && !is_listed(pointer, &imported.findings) {
                unlisted.push(pointer.clone());
            }
        }
    }
    unlisted.dedup();
    unlisted
}

/// Whether a finding is about the value, or about something that it is in.
fn is_listed(pointer: &str, findings: &[super::Finding]) -> bool {
    let plain = |text: &str| -> String {
        text.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect()
    };
    let pointer = plain(&pointer.replace("~1", ""));
    findings.iter().any(|finding| pointer.starts_with(&plain(&finding.path)))
}

/// Values that are not looked at, because nothing depends on them.
fn is_free(pointer: &str) -> bool {
    let free = ["/$schema", "/id"];
    free.iter().any(|end| pointer.ends_with(end))
}

fn collect(pointer: &str, value: &Value, pointers: &mut Vec<String>) {
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            pointers.push(pointer.clone());
            collect(&pointer, value, pointers);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(number, value)| {
            let pointer = format!("{pointer}/{number}");
            pointers.push(pointer.clone());
            collect(&pointer, value, pointers);
        }),
        _ => {}
    }
}

#[test]
fn keys_that_nobody_knows_and_keys_that_are_written_twice_are_listed() {
    let imported = imported(&node(
        r#"{"name": "one", "name": "two", "rolse": []}"#,
        r#"{"type": "rawsocket", "endpoint": {"type": "tcp", "port": 1, "prot": 2}}"#,
    ));
    assert!(imported.config.contains("name = \"two\""));
    assert!(finding(&imported, "realms[0].name").reason.contains("twice"));
    assert!(finding(&imported, "realms[0].rolse").reason.contains("not known"));
    assert!(finding(&imported, "endpoint.prot").reason.contains("not known"));
}

#[test]
fn names_that_are_made_to_break_out_stay_names() {
    let name = "x\\\"]\\n[[realm]]\\nname = \\\"y";
    let realm = format!(r#"{{"name": "{name}", "roles": [{{"name": "a"}}]}}"#);
    assert!(!imported(&node(&realm, "")).config.contains("[[realm]]"), "a name has no line break");
    let role = r#"{"name": "r", "roles": [{"name": "a.b\"c", "permissions": [{"uri": "a\"b", "allow": {"call": true}}]}]}"#;
    imported(&node(role, r#"{"type": "rawsocket", "endpoint": {"type": "unix", "path": "a\"\nb"}}"#));
}

#[test]
fn a_long_one_takes_no_longer_for_each_of_its_parts() {
    let realms: Vec<String> = (0..20_000).map(|number| format!(r#"{{"name": "r{number}"}}"#)).collect();
    let imported = imported(&node(&realms.join(","), ""));
    assert_eq!(imported.config.matches("[[realm]]").count(), 20_000);
}
