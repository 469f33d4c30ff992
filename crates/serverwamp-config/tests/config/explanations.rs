//! The explanations of codes: their wrong examples have the mistake, their right ones have none.

use crate::support::checked;
use serverwamp_config::Environment;
use serverwamp_config::codes::Code;
use std::collections::BTreeSet;

/// What a file needs besides, so that it can have a single mistake.
const REALM: &str =
    "\n[[realm]]\nname = \"realm1\"\nauth = [{ anonymous = { role = \"guest\" } }]\nrole.guest = {}\n";

/// The codes that a text has, as a whole file.
fn codes(text: &str, has_realm: bool) -> BTreeSet<String> {
    let text = if has_realm { text.to_owned() } else { format!("{text}{REALM}") };
    let mistakes = checked(&text, &Environment::empty()).mistakes;
    mistakes.iter().map(|mistake| mistake.code().id()).collect()
}

/// The example behind this word.
fn example<'e>(explanation: &'e str, word: &str) -> Option<&'e str> {
    let (_, behind) = explanation.split_once(&format!("{word}:\n\n```toml\n"))?;
    Some(behind.split_once("```").unwrap().0)
}

#[test]
fn the_examples_show_what_they_are_to_show() {
    let without = ["SW0106", "SW0200", "SW0300"];
    let mut faults = Vec::new();
    for code in Code::all().filter(|code| !without.contains(&code.id().as_str())) {
        let (id, explanation) = (code.id(), code.explanation());
        let wrong = example(&explanation, "Wrong").unwrap_or_else(|| panic!("{id} has no wrong example"));
        let right = example(&explanation, "Right").unwrap_or_else(|| panic!("{id} has no right example"));
        let has_realm = |text: &str| text.contains("[[realm]]") || id == "SW0220";
        let found = codes(wrong, has_realm(wrong));
        // What is no TOML has no value, so that other mistakes follow.
        if found != BTreeSet::from([id.clone()]) && !(id == "SW0100" && found.contains(&id)) {
            faults.push(format!("{id}, wrong: {found:?}\n{wrong}"));
        }
        let found = codes(right, has_realm(right));
        if !found.is_empty() {
            faults.push(format!("{id}, right: {found:?}\n{right}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn codes_are_in_order_and_found_however_they_are_written() {
    let ids: Vec<String> = Code::all().map(Code::id).collect();
    let mut sorted = ids.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(ids, sorted);
    for id in ["SW0107", "sw107", "0107", "107"] {
        assert_eq!(Code::find(id).unwrap().id(), "SW0107");
    }
    for id in ["", "SW", "SW9999", "x107", "-107"] {
        assert!(Code::find(id).is_none(), "{id}");
    }
}
