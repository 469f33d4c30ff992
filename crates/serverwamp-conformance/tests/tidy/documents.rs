//! Documents that agree with the tree: every folder is on the map, every link leads somewhere.

use crate::{files, none, read, root, walk};
use std::collections::BTreeSet;

/// The folders with sources, as paths from the root: `crates/serverwamp/src/realm`.
fn source_folders() -> BTreeSet<String> {
    files("crates", "rs")
        .into_iter()
        .filter_map(|(path, _)| path.rsplit_once('/').map(|(folder, _)| folder.to_owned()))
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
