//! Limits and counters: the table in `docs/limits.md`, the fields, the counters, and their tests agree.

use std::collections::BTreeSet;

use crate::{files, none, read, root};

const DOCUMENT: &str = "docs/limits.md";

/// The public fields of a struct, each with its documentation.
fn fields<'s>(source: &'s str, name: &str) -> Vec<(&'s str, String)> {
    let head = format!("pub struct {name} {{");
    let body = source.split_once(head.as_str()).map_or("", |(_, rest)| rest);
    let mut documentation = String::new();
    let mut fields = Vec::new();
    for line in body.lines().map(str::trim).take_while(|line| *line != "}") {
        match (line.strip_prefix("///"), line.strip_prefix("pub ").and_then(|field| field.split_once(':'))) {
            (Some(text), _) => documentation.push_str(text),
            (None, Some((field, _))) => fields.push((field, std::mem::take(&mut documentation))),
            (None, None) => {}
        }
    }
    fields
}

/// The public methods that set a limit of a role.
fn role_limits(source: &str) -> Vec<&str> {
    let methods = source.lines().filter_map(|line| line.trim().strip_prefix("pub fn "));
    methods.filter_map(|method| method.split_once('(')).map(|(name, _)| name).collect()
}

fn complaints_about_role_limits(document: &str, methods: &[&str]) -> Vec<String> {
    let section = document.split("\n## ").find(|section| section.starts_with("Of roles")).unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let named: Vec<&str> = rows.filter_map(|row| row.split_once('`')).map(|(name, _)| name).collect();
    let missing = methods.iter().filter(|method| !named.contains(method));
    let missing = missing.map(|method| format!("{DOCUMENT} does not name the limit {method} of roles"));
    let gone = named.iter().filter(|name| !methods.contains(name));
    let gone = gone.map(|name| format!("{DOCUMENT} names the limit {name} of roles, which does not exist"));
    missing.chain(gone).collect()
}

/// The variants and names in the list of refusals.
fn refusals(source: &str) -> Vec<(&str, &str)> {
    let list = source.split_once("refusals! {\n").map_or("", |(_, rest)| rest);
    let entries = list.lines().map(str::trim).take_while(|line| *line != "}");
    entries
        .filter_map(|line| line.strip_suffix("\",")?.split_once(" \""))
        .filter(|(variant, _)| variant.chars().all(char::is_alphanumeric))
        .collect()
}

/// What stands in backticks in this column of the tables of a document.
fn column(document: &str, index: usize) -> Vec<&str> {
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| row.split('|').nth(index + 1).unwrap_or_default().split('`').skip(1).step_by(2))
        .collect()
}

fn complaints_about_fields(document: &str, fields: &[(&str, String)]) -> Vec<String> {
    let section = document.split("\n## ").find(|section| section.starts_with("Of the application"));
    let named = column(section.unwrap_or_default(), 0);
    let missing = fields.iter().filter(|(field, _)| !named.contains(field));
    let missing = missing.map(|(field, _)| format!("{DOCUMENT} does not name the limit {field}"));
    let gone = named.iter().filter(|name| !fields.iter().any(|(field, _)| field == *name));
    let gone = gone.map(|name| format!("{DOCUMENT} names the limit {name}, which does not exist"));
    let twice = named.iter().filter(|name| named.iter().filter(|other| other == name).count() > 1);
    let twice = twice.map(|name| format!("{DOCUMENT} names the limit {name} more than once"));
    let mute = fields.iter().filter(|(_, text)| !text.contains("Default "));
    let mute =
        mute.map(|(field, _)| format!("the documentation of {field} does not say its default and why"));
    missing.chain(gone).chain(twice).chain(mute).collect()
}

fn complaints_about_counters(
    document: &str,
    refusals: &[(&str, &str)],
    code: &str,
    tests: &str,
) -> Vec<String> {
    let named: BTreeSet<&str> = document.split('`').skip(1).step_by(2).collect();
    let counters = column(document, 4);
    let gone = counters.iter().filter(|name| !refusals.iter().any(|(_, counter)| counter == *name));
    let gone = gone.map(|name| format!("{DOCUMENT} names the counter {name}, which does not exist"));
    let faults = refusals.iter().flat_map(|(variant, counter)| {
        let unnamed =
            (!named.contains(counter)).then(|| format!("{DOCUMENT} does not name the counter {counter}"));
        let idle = !code.contains(&format!("Refusal::{variant}"));
        let idle = idle.then(|| format!("nothing counts {counter}"));
        let untested = !tests.contains(&format!("\"{counter}\""));
        let untested = untested.then(|| format!("no test asks for the counter {counter}"));
        unnamed.into_iter().chain(idle).chain(untested)
    });
    faults.chain(gone).collect()
}

/// The texts of all of these files but one.
fn joined(files: Vec<(String, String)>, but: &str) -> String {
    files.into_iter().filter(|(path, _)| !path.ends_with(but)).map(|(_, text)| text).collect()
}

#[test]
fn every_limit_is_in_the_table_of_limits_and_says_why_it_is_what_it_is() {
    let document = read(&root().join(DOCUMENT));
    let source = read(&root().join("crates/serverwamp/src/base/limits.rs"));
    let fields = fields(&source, "Limits");
    assert!(fields.len() > 20, "the check looks in the wrong place");
    none(complaints_about_fields(&document, &fields));
}

#[test]
fn every_limit_of_a_role_is_in_the_table_of_limits() {
    let document = read(&root().join(DOCUMENT));
    let source = read(&root().join("crates/serverwamp/src/api/realm/role_limits.rs"));
    let methods = role_limits(&source);
    assert!(methods.len() > 3, "the check looks in the wrong place");
    none(complaints_about_role_limits(&document, &methods));
}

#[test]
fn every_counter_is_in_the_table_of_limits_is_counted_and_is_asked_for_by_a_test() {
    let document = read(&root().join(DOCUMENT));
    let source = read(&root().join("crates/serverwamp/src/base/statistics.rs"));
    let refusals = refusals(&source);
    assert!(refusals.len() > 20, "the check looks in the wrong place");
    let code = joined(files("crates/serverwamp/src", "rs"), "/statistics.rs");
    let tests = joined(files("crates/serverwamp-conformance/tests", "rs"), "/tidy/limits.rs");
    none(complaints_about_counters(&document, &refusals, &code, &tests));
}

#[test]
fn a_limit_that_is_missing_or_gone_or_without_a_reason_is_found() {
    let source =
        "pub struct Limits {\n    /// Calls. Default 1: one is enough.\n    pub calls: usize,\n}\npub x: u8";
    let found = fields(source, "Limits");
    assert_eq!(found, [("calls", " Calls. Default 1: one is enough.".to_owned())]);
    let fine = "# L\n\n## Of the application\n| `calls` | 1 |\n## Others\n| `other` | 1 |";
    assert!(complaints_about_fields(fine, &found).is_empty());
    assert_eq!(complaints_about_fields(&fine.replace("calls", "coals"), &found).len(), 2);
    assert_eq!(complaints_about_fields(fine, &[("calls", "Calls.".to_owned())]).len(), 1);
    let roles = format!("{fine}\n## Of roles\n| `calls`: how many | 1 |\n");
    let methods = role_limits("impl RoleRules {\n    pub fn calls(self, most: usize) -> Self {\n    }\n");
    assert!(complaints_about_role_limits(&roles, &methods).is_empty());
    assert_eq!(complaints_about_role_limits(&roles, &["coals"]).len(), 2);
    let twice = fine.replace("| `calls` | 1 |", "| `calls` | 1 |\n| `calls` | 1 |");
    assert_eq!(complaints_about_fields(&twice, &found).len(), 2);
}

#[test]
fn a_counter_that_is_missing_or_gone_or_not_counted_or_not_tested_is_found() {
    let source = "refusals! {\n    /// Calls beyond \"that\",\n    Calls \"calls_refused\",\n}\n";
    let refusals = refusals(source);
    assert_eq!(refusals, [("Calls", "calls_refused")]);
    let complaints = |document: &str, code: &str, tests: &str| {
        complaints_about_counters(document, &refusals, code, tests).len()
    };
    let (document, code, tests) =
        ("| `calls` | 1 | | | `calls_refused` |", "refused(Refusal::Calls)", "{ \"calls_refused\": 1 }");
    assert_eq!(complaints(document, code, tests), 0);
    assert_eq!(complaints("| `calls` | 1 | | | `coals_refused` |", code, tests), 2);
    assert_eq!(complaints(document, "", tests), 1);
    assert_eq!(complaints(document, code, ""), 1);
}
