//! README.md agrees with what it speaks of: the manifest, the crate's page, the comparison.

use crate::{none, read, root};
use std::collections::BTreeMap;

/// The first page of the crate's documentation.
const CRATE_PAGE: &str = "crates/serverwamp/src/docs/crate.md";

/// The first block of code that starts like this, without the line that starts it.
fn first_block<'d>(document: &'d str, start: &str) -> Option<&'d str> {
    let (_, rest) = document.split_once(start)?;
    Some(rest.split_once("```")?.0)
}

/// The README's program is not compiled where it stands; the same one on the crate's page is.
#[test]
fn the_program_of_the_readme_is_that_of_the_crate_page() {
    let readme = read(&root().join("README.md"));
    let page = read(&root().join(CRATE_PAGE));
    let program = first_block(&readme, "```rust,no_run\n");
    assert!(program.is_some_and(|program| program.contains("async fn main()")), "{program:?}");
    assert_eq!(program, first_block(&page, "```no_run\n"));
}

/// The name, version and features of each line `name = ..` of a table of dependencies.
fn dependencies(table: &str) -> BTreeMap<&str, (Option<&str>, Vec<&str>)> {
    let lines = table.lines().filter_map(|line| line.split_once(" = "));
    lines
        .map(|(name, value)| {
            let (version, features) = match value.strip_prefix('"') {
                Some(version) => (version.split('"').next(), ""),
                None => {
                    let version =
                        value.split_once("version = \"").and_then(|(_, rest)| rest.split('"').next());
                    (version, value.split_once("features = [").map_or("", |(_, features)| features))
                }
            };
            (name, (version, features.split('"').skip(1).step_by(2).collect()))
        })
        .collect()
}

/// Dependencies whose version or features are not those that the tests build with.
fn complaints_about_dependencies(readme: &str, workspace: &str, tests: &str) -> Vec<String> {
    let (promised, built, tested) = (dependencies(readme), dependencies(workspace), dependencies(tests));
    let mut complaints = Vec::new();
    for (name, (version, features)) in promised {
        let Some((Some(used), general)) = built.get(name) else {
            complaints.push(format!("README.md depends on {name}, and this project does not"));
            continue;
        };
        if version.is_some_and(|version| *used != version && !used.starts_with(&format!("{version}."))) {
            complaints.push(format!("README.md depends on {name} {version:?}, and this project on {used}"));
        }
        let workspace_key = format!("{name}.workspace");
        let own = tested.get(name).or_else(|| tested.get(workspace_key.as_str()));
        let own = own.map_or(&[][..], |(_, features)| features);
        for feature in features {
            if !general.contains(&feature) && !own.contains(&feature) {
                complaints
                    .push(format!("nothing tests README.md's program with the feature {feature} of {name}"));
            }
        }
    }
    complaints
}

#[test]
fn the_dependencies_of_the_readme_are_those_its_program_is_tested_with() {
    let readme = read(&root().join("README.md"));
    let promised = first_block(&readme, "```toml\n[dependencies]\n").expect("README.md has dependencies");
    assert!(dependencies(promised).contains_key("serverwamp"), "{promised}");
    let workspace = read(&root().join("Cargo.toml"));
    let tests = read(&root().join("crates/serverwamp-conformance/Cargo.toml"));
    none(complaints_about_dependencies(promised, &workspace, &tests));
}

#[test]
fn another_dependency_is_found() {
    let workspace = "a = { version = \"1.2\", features = [\"x\"] }\nb = \"0.8\"\n";
    let tests = "a.workspace = true\nb = { workspace = true, features = [\"y\"] }\n";
    let complaints = |readme| complaints_about_dependencies(readme, workspace, tests).len();
    assert_eq!(complaints("a = { version = \"1\", features = [\"x\"] }\nb = \"0.8\"\n"), 0);
    assert_eq!(complaints("b = { version = \"0.8\", features = [\"y\"] }\n"), 0);
    for wrong in
        ["c = \"1\"\n", "b = \"0.7\"\n", "a = \"1.3\"\n", "a = { version = \"1\", features = [\"y\"] }\n"]
    {
        assert_eq!(complaints(wrong), 1, "{wrong}");
    }
}

/// The cells of the rows of the table with this heading.
fn table<'d>(document: &'d str, heading: &str) -> Vec<Vec<&'d str>> {
    let rows = document.lines().skip_while(|line| !line.starts_with(heading)).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// Rows of the comparison that no test and no source stand behind.
fn complaints_about_comparison(readme: &str, sources: &str) -> Vec<String> {
    let claims = table(readme, "| | serverwamp |");
    let sources = table(sources, "| row | test of serverwamp |");
    let mut complaints = Vec::new();
    if claims.len() != sources.len() {
        complaints.push(format!(
            "README.md compares {} rows, docs/comparison.md {}",
            claims.len(),
            sources.len()
        ));
    }
    for row in claims {
        let (name, ours) = (row[0], row[1]);
        match sources.iter().find(|source| source[0] == name) {
            None => complaints.push(format!("docs/comparison.md has no row {name:?}")),
            Some(source) if (ours == "**no**") == source[1].contains('`') => {
                complaints.push(format!("{name}: README.md says {ours}, and the test is {}", source[1]));
            }
            Some(source) if source.get(2).is_none_or(|read| read.is_empty()) => {
                complaints.push(format!("{name}: nothing says where the others' claims were read"));
            }
            Some(_) => {}
        }
    }
    complaints
}

#[test]
fn a_test_stands_behind_each_claim_of_the_comparison() {
    let readme = read(&root().join("README.md"));
    assert!(table(&readme, "| | serverwamp |").len() >= 8, "README.md has a comparison");
    none(complaints_about_comparison(&readme, &read(&root().join("docs/comparison.md"))));
}

#[test]
fn a_claim_without_a_test_is_found() {
    let readme = "| | serverwamp | x |\n|---|---|---|\n| A | yes | – |\n| B | **no** | yes |\n";
    let sources = |rows: &str| format!("| row | test of serverwamp | the others |\n|---|---|---|\n{rows}");
    let complaints = |rows: &str| complaints_about_comparison(readme, &sources(rows)).len();
    assert_eq!(complaints("| A | `some_test` | x: README |\n| B | none | x: README |\n"), 0);
    assert_eq!(complaints("| A | none | x: README |\n| B | none | x: README |\n"), 1);
    assert_eq!(complaints("| A | `some_test` | x: README |\n| B | `some_test` | x: README |\n"), 1);
    assert_eq!(complaints("| A | `some_test` | |\n| B | none | x: README |\n"), 1);
    assert_eq!(complaints("| A | `some_test` | x: README |\n"), 2);
}
