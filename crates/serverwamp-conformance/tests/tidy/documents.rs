//! Documents that agree with the tree: every folder is on the map, every link leads somewhere.

use crate::{files, none, read, root, walk};
use std::collections::BTreeSet;

/// The folders with sources, as paths from the root: `crates/serverwamp/src/router/realm`; tests inside `src` belong to their
/// parent.
fn source_folders() -> BTreeSet<String> {
    files("crates", "rs")
        .into_iter()
        .filter_map(|(path, _)| path.rsplit_once('/').map(|(folder, _)| folder.to_owned()))
        .filter(|folder| !(folder.contains("/src/") && folder.ends_with("/tests")))
        .collect()
}

/// The paths of this project that a document names in backticks.
fn named_paths(document: &str) -> BTreeSet<&str> {
    let quoted = document.split('`').skip(1).step_by(2);
    quoted.map(|path| path.trim_end_matches('/')).filter(|path| path.starts_with("crates/")).collect()
}

fn complaints_about_map(map: &str, folders: &BTreeSet<String>, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let named = named_paths(map);
    let missing = folders.iter().filter(|folder| !named.contains(folder.as_str()));
    let missing = missing.map(|folder| format!("ARCHITECTURE.md does not name `{folder}`"));
    let gone = named.iter().filter(|path| !path.contains(['*', ' ', '<']) && !exists(path));
    missing.chain(gone.map(|path| format!("ARCHITECTURE.md names `{path}`, which does not exist"))).collect()
}

#[test]
fn the_architecture_names_every_folder_and_nothing_else() {
    let root = root();
    let map = read(&root.join("ARCHITECTURE.md"));
    none(complaints_about_map(&map, &source_folders(), |path| root.join(path).exists()));
}

#[test]
fn a_folder_that_is_not_on_the_map_is_found() {
    let folders = BTreeSet::from(["crates/a/src".to_owned(), "crates/a/src/b".to_owned()]);
    let exists = |path: &str| path != "crates/a/src/gone.rs";
    assert!(complaints_about_map("see `crates/a/src/` and `crates/a/src/b`", &folders, exists).is_empty());
    assert_eq!(complaints_about_map("see `crates/a/src`, not crates/a/src/b", &folders, exists).len(), 1);
    let both = "`crates/a/src` `crates/a/src/b` `crates/a/src/gone.rs`";
    assert_eq!(complaints_about_map(both, &folders, exists).len(), 1);
}

/// Rows of the table of changes that name no file or more than five.
fn complaints_about_changes(map: &str) -> Vec<String> {
    let rows = map.lines().skip_while(|line| !line.starts_with("| change | files |")).skip(2);
    let rows: Vec<&str> = rows.take_while(|line| line.starts_with('|')).collect();
    let mut complaints = Vec::new();
    if rows.len() < 10 {
        complaints.push(format!("ARCHITECTURE.md tells of {} changes, not of ten", rows.len()));
    }
    for row in rows {
        let files = row.split('|').nth(2).map_or(0, |files| files.split('`').skip(1).step_by(2).count());
        if !(1..=5).contains(&files) {
            complaints.push(format!("a change needs one to five files, and this one {files}: {row}"));
        }
    }
    complaints
}

#[test]
fn ten_changes_need_at_most_five_files_each() {
    none(complaints_about_changes(&read(&root().join("ARCHITECTURE.md"))));
    let table = |row: &str| format!("| change | files | what |\n|---|---|---|\n{}", row.repeat(10));
    assert!(complaints_about_changes(&table("| a limit | `a` , `b` | |\n")).is_empty());
    assert_eq!(complaints_about_changes(&table("| a limit | `a` `b` `c` `d` `e` `f` | |\n")).len(), 10);
    assert_eq!(complaints_about_changes(&table("| a limit | | `a` |\n")).len(), 10);
    assert_eq!(complaints_about_changes("no table").len(), 1);
}

/// The tests that the tables of a document name: `some_name_of_a_test`, and `features::topics` for all of a file.
fn named_tests(document: &str) -> BTreeSet<&str> {
    let rows = document.lines().filter(|line| line.starts_with('|'));
    let quoted = rows.flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_name = |text: &&str| {
        let letters = text.trim_start_matches("features::").trim_start_matches("command_line::");
        let plain = letters
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
        plain && (letters.len() < text.len() || letters.matches('_').count() >= 3)
    };
    quoted.filter(is_name).collect()
}

fn complaints_about_tests(path: &str, document: &str, sources: &[(String, String)]) -> Vec<String> {
    let exists = |name: &str| match name.split_once("::") {
        Some(("features", file)) => {
            sources.iter().any(|(path, _)| path.ends_with(&format!("/tests/features/{file}.rs")))
        }
        Some((file, test)) => {
            let function = format!("fn {test}()");
            sources
                .iter()
                .any(|(path, text)| path.ends_with(&format!("/tests/{file}.rs")) && text.contains(&function))
        }
        None => {
            // Tests inside macros for properties are functions with arguments.
            let function = format!("fn {name}(");
            sources.iter().any(|(_, text)| text.contains(&function))
        }
    };
    let gone = named_tests(document).into_iter().filter(|name| !exists(name));
    gone.map(|name| format!("{path} relies on the test {name}, which does not exist")).collect()
}

#[test]
fn every_test_the_documents_rely_on_exists() {
    let root = root();
    let sources = files("crates", "rs");
    none(["ARCHITECTURE.md", "docs/comparison.md", "docs/features.md"].iter().flat_map(|path| {
        let document = read(&root.join(path));
        assert!(!named_tests(&document).is_empty(), "{path} names tests");
        complaints_about_tests(path, &document, &sources)
    }));
}

#[test]
fn a_test_that_does_not_exist_is_found() {
    let source = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let sources = [
        source("crates/a/src/tests.rs", "fn all_is_really_well() {}\n"),
        source("crates/a/tests/features/topics.rs", ""),
        source("crates/a/tests/command_line.rs", "fn it_starts() {}"),
    ];
    let fine = "| 1 | x | test `all_is_really_well`, `features::topics`, `command_line::it_starts`, `await_holding` |\n`no_such_test_at_all`";
    assert!(complaints_about_tests("a.md", fine, &sources).is_empty());
    for gone in ["`all_is_not_really_well`", "`features::realms`", "`command_line::it_stops`"] {
        assert_eq!(complaints_about_tests("a.md", &format!("| {gone} |"), &sources).len(), 1, "{gone}");
    }
}

/// Where the links of a document lead that do not lead out of the repository; without code blocks.
fn internal_links(document: &str) -> Vec<&str> {
    let mut in_code = false;
    let text = document.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    let targets = text.flat_map(|line| line.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
    // `https://..`, `mailto:..`, and items of Rust such as `crate::Realm`, which rustdoc checks.
    targets.filter(|target| !target.contains(':')).collect()
}

/// The headings of a document as links name them.
fn anchors(document: &str) -> BTreeSet<String> {
    let headings = document.lines().filter(|line| line.starts_with('#'));
    let kept = |character: &char| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_');
    headings
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|text| text.chars().filter(kept).collect::<String>().replace(' ', "-"))
        .collect()
}

fn complaints_about_links(path: &str, document: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let broken = internal_links(document).into_iter().filter(|target| {
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let text =
            if file.is_empty() { Some(document.to_owned()) } else { read(&format!("{folder}/{file}")) };
        !text.is_some_and(|text| anchor.is_empty() || anchors(&text).contains(anchor))
    });
    broken.map(|target| format!("{path}: the link to {target} leads nowhere")).collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    let root = root();
    let read_linked = |path: &str| {
        let path = root.join(path.trim_start_matches('/'));
        // What is no text has no headings, but it is there.
        path.exists().then(|| std::fs::read_to_string(path).unwrap_or_default())
    };
    let documents = files("", "md");
    none(documents.iter().flat_map(|(path, text)| complaints_about_links(path, text, read_linked)));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let read = |path: &str| (path == "docs/there.md").then(|| "# What it is\n".to_owned());
    for fine in [
        "[a](there.md) and [b](there.md#what-it-is)",
        "[a](https://example.com/nowhere) [b](crate::Realm) [c](#here)\n## Here",
        "```\n[a](nowhere.md)\n```\n",
    ] {
        assert!(complaints_about_links("docs/a.md", fine, read).is_empty(), "{fine}");
    }
    for broken in ["[a](nowhere.md)", "[a](there.md#gone)", "[a](#gone)", "```\n```\n[`a`](../docs.md)"] {
        assert_eq!(complaints_about_links("docs/a.md", broken, read).len(), 1, "{broken}");
    }
}

/// What attributes tell users through the compiler that is not there: pages, and names of ours.
fn complaints_about_diagnostics(path: &str, text: &str, is_defined: impl Fn(&str) -> bool) -> Vec<String> {
    let attributes = text.split("#[diagnostic::on_unimplemented(").skip(1);
    let texts = attributes.flat_map(|rest| rest.split(")]").next().unwrap_or_default().split('"'));
    let mut complaints = Vec::new();
    for told in texts.skip(1) {
        if told.contains("://") {
            complaints
                .push(format!("{path} sends users to a page, which may not be there: name a module: {told}"));
        }
        for name in told.split("serverwamp::").skip(1) {
            let end = name.find(|character: char| !character.is_alphanumeric() && !"_:".contains(character));
            let mut parts = name[..end.unwrap_or(name.len())].split("::");
            complaints.extend(
                parts
                    .find(|part| !is_defined(part))
                    .map(|part| format!("{path} tells of {part}, which is not there")),
            );
        }
    }
    complaints
}

#[test]
fn what_the_compiler_tells_users_names_what_is_there() {
    let sources = files("crates", "rs");
    let is_defined = |name: &str| {
        let definitions = ["mod", "fn", "struct", "enum", "trait"].map(|kind| format!("pub {kind} {name}"));
        let follows = |text: &str, definition: &String| {
            let rest = text.split(definition.as_str()).skip(1);
            rest.map(|rest| rest.chars().next())
                .any(|next| next.is_none_or(|next| !next.is_alphanumeric() && next != '_'))
        };
        sources.iter().any(|(_, text)| definitions.iter().any(|definition| follows(text, definition)))
    };
    let framework: Vec<_> =
        sources.iter().filter(|(path, _)| path.starts_with("crates/serverwamp/src/")).collect();
    assert!(framework.iter().any(|(_, text)| text.contains("#[diagnostic::on_unimplemented(")));
    none(framework.iter().flat_map(|(path, text)| complaints_about_diagnostics(path, text, is_defined)));
    assert!(is_defined("ApplicationBuilder") && !is_defined("ApplicationB"));
}

#[test]
fn a_page_that_the_compiler_tells_of_and_is_not_there_is_found() {
    let found = |told: &str| {
        let text = format!("#[diagnostic::on_unimplemented(\n    note = \"{told}\"\n)]\npub trait A {{}}\n");
        complaints_about_diagnostics("a.rs", &text, |name| ["handler", "Realm"].contains(&name)).len()
    };
    assert_eq!(found("see the module `serverwamp::handler`, and `serverwamp::handler::Realm`"), 0);
    assert_eq!(found("see https://docs.rs/serverwamp/latest/serverwamp/handler"), 1);
    assert_eq!(found("see `serverwamp::nowhere`"), 1);
    assert_eq!(found("see `serverwamp::handler::nothing`"), 1);
}

#[test]
fn the_documents_a_stranger_looks_for_are_there() {
    let mut found = BTreeSet::new();
    let root = root();
    walk(&root, &mut |path| {
        if path.parent() == Some(&root) {
            found.insert(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
    });
    let wanted = [
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "SECURITY.md",
    ];
    none(wanted.iter().filter(|name| !found.contains(**name)).map(|name| format!("{name} is missing")));
}
