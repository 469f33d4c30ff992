//! What the crates depend on, and which features they announce.

use crate::{none, read, root};
use serverwamp_conformance::output;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

/// What does I/O, knows the time or draws random numbers has no place in the protocol.
const IMPURE: [&str; 11] = [
    "async-std",
    "axum",
    "futures-util",
    "getrandom",
    "hyper",
    "mio",
    "rand",
    "rand_core",
    "smol",
    "socket2",
    "tokio",
];

/// The lines of a dependency tree that name one of these.
fn complaints_about_tree(tree: &str) -> Vec<String> {
    let named = tree.lines().filter(|line| {
        let name = line.split(' ').next().unwrap_or_default();
        IMPURE.contains(&name)
    });
    named.map(|line| format!("serverwamp-proto depends on {line}")).collect()
}

#[test]
fn the_protocol_depends_on_no_io_no_clock_and_no_randomness() {
    let tree = tree("serverwamp-proto", &["--edges", "normal,build", "--all-features"]);
    assert!(tree.starts_with("serverwamp-proto v"), "{tree}");
    assert!(tree.contains("\nserde v"), "the tree has branches: {tree}");
    none(complaints_about_tree(&tree));
}

/// Everything that a crate depends on, a line each.
fn tree(package: &str, arguments: &[&str]) -> String {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo.args(["tree", "--package", package, "--prefix", "none", "--locked", "--offline"]).args(arguments);
    let finished = output::run(&mut cargo, Duration::from_secs(120)).expect("cargo runs");
    assert!(finished.status.success(), "{}", finished.stderr);
    finished.stdout
}

/// The features whose row in a table of features says what they cost: `N more crates`, and whether beyond `tls`.
fn costs(document: &str) -> Vec<(String, usize, bool)> {
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let cost = |row: &str| {
        let (before, after) = row.split_once(" more crates")?;
        let number = before.rsplit(' ').next()?.parse().ok()?;
        Some((row.split('`').nth(1)?.to_owned(), number, after.starts_with(" than `tls`")))
    };
    rows.filter_map(cost).collect()
}

#[test]
fn a_feature_costs_as_many_crates_as_its_row_says() {
    let crates = |features: &str| -> BTreeSet<String> {
        let tree = tree("serverwamp", &["--edges", "normal", "--no-dedupe", "--features", features]);
        let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
        tree.lines().map(name).collect()
    };
    let (by_default, with_tls) = (crates("default"), crates("tls"));
    let costs = costs(&read(&root().join("README.md")));
    let named: Vec<&str> = costs.iter().map(|(feature, ..)| feature.as_str()).collect();
    assert_eq!(named, ["tls", "scram", "cryptosign", "jwt", "long-polling", "http-auth", "credentials"]);
    for (feature, number, beyond_tls) in costs {
        let base = if beyond_tls { &with_tls } else { &by_default };
        let more: Vec<String> = crates(&feature).difference(base).cloned().collect();
        assert_eq!(more.len(), number, "{feature} costs {more:?}");
    }
}

/// How many crates combinations of features compile, as a table `| features | crates, .. |` says; no feature is all defaults.
fn sizes(document: &str) -> Vec<(Vec<&str>, usize)> {
    let rows = document.lines().skip_while(|line| !line.starts_with("| features | crates")).skip(2);
    let size =
        |row: &'_ str| row.trim_matches('|').rsplit('|').next().and_then(|cell| cell.trim().parse().ok());
    rows.take_while(|line| line.starts_with('|'))
        .map(|row| (row.split('`').skip(1).step_by(2).collect(), size(row).unwrap_or_default()))
        .collect()
}

/// What only a router needs, and `httparse` and `httpdate`, which come with HTTP and the server of hyper.
const OF_A_SERVER: [&str; 6] = ["arc-swap", "http-body-util", "httparse", "httpdate", "regex", "signal-hook"];

/// The crates of a tree that nothing but a router or a server of HTTP needs.
fn of_a_server(tree: &str) -> BTreeSet<&str> {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    names.filter(|name| OF_A_SERVER.contains(name)).collect()
}

#[test]
fn client_and_server_compile_as_many_crates_as_the_readme_says() {
    let readme = read(&root().join("README.md"));
    let sizes = sizes(&readme);
    assert_eq!(
        sizes.iter().map(|(features, _)| features.join(",")).collect::<Vec<_>>(),
        ["", "client,tokio", "server,tokio"]
    );
    for (features, number) in sizes {
        let features = features.join(",");
        let chosen = ["--no-default-features", "--features", &features];
        let chosen = if features.is_empty() { &[][..] } else { &chosen[..] };
        let lines = tree("serverwamp", &[&["--edges", "normal"], chosen].concat());
        let crates: BTreeSet<String> =
            lines.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(crates.len(), number, "{features:?} compiles {crates:?}");
    }
}

#[test]
fn the_client_alone_has_neither_router_nor_http_server() {
    let tree_of = |features: &str| {
        tree("serverwamp", &["--edges", "normal", "--no-default-features", "--features", features])
    };
    for features in ["client,tokio", "client,smol,tls,scram,cryptosign"] {
        assert_eq!(of_a_server(&tree_of(features)), BTreeSet::new(), "{features}");
    }
    assert_eq!(of_a_server(&tree_of("server")), OF_A_SERVER.into_iter().collect(), "they are found");
}

#[test]
fn an_impure_dependency_is_found() {
    assert!(
        complaints_about_tree("serverwamp-proto v0.1.0 (/src)\nserde v1.0.0\ntokio-like v1.0.0\n").is_empty()
    );
    let tree = "serverwamp-proto v0.1.0 (/src)\ngetrandom v0.4.0\nserde v1.0.0\ntokio v1.0.0 (*)\n";
    assert_eq!(complaints_about_tree(tree).len(), 2);
}

/// The features a manifest defines, and whether they are on by default.
fn defined(manifest: &str) -> BTreeMap<String, bool> {
    let section = manifest.split("\n[features]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let entries: Vec<(&str, &str)> = lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let mut enabled = vec!["default"];
    // Features switch on others; the list grows while it is gone through.
    let mut next = 0;
    while let Some(feature) = enabled.get(next).copied() {
        let switched_on = entries.iter().find(|(name, _)| *name == feature).map_or("", |(_, value)| value);
        for part in switched_on.split('"') {
            if entries.iter().any(|(name, _)| *name == part) && !enabled.contains(&part) {
                enabled.push(part);
            }
        }
        next += 1;
    }
    let features = entries.iter().filter(|(name, _)| *name != "default");
    features.map(|(name, _)| ((*name).to_owned(), enabled.contains(name))).collect()
}

/// The features a document's table `| feature | default | ..` lists.
fn listed(document: &str) -> BTreeMap<String, bool> {
    let rows = document.lines().skip_while(|line| !line.starts_with("| feature | default |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .filter_map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            Some((cells.next()?.trim_matches('`').to_owned(), cells.next()? == "yes"))
        })
        .collect()
}

/// The first page of the crate's documentation.
const CRATE_PAGE: &str = "crates/serverwamp/src/docs/crate.md";

#[test]
fn the_feature_table_is_that_of_the_manifest() {
    let manifest = defined(&read(&root().join("crates/serverwamp/Cargo.toml")));
    assert!(manifest.contains_key("tokio"), "{manifest:?}");
    for document in ["README.md", CRATE_PAGE] {
        assert_eq!(listed(&read(&root().join(document))), manifest, "{document}");
    }
}

#[test]
fn another_feature_table_is_found() {
    let manifest = "[package]\n\n[features]\ndefault = [\"a\"]\n# What it does.\na = [\"dep:x\", \"b\"]\nb = []\nd = []\n\n[dependencies]\nc = \"1\"\n";
    let right = "text\n\n| feature | default | what |\n|---|---|---|\n| `a` | yes | x |\n| `b` | yes | y |\n| `d` | no | z |\n\n| other | table |\n";
    assert_eq!(defined(manifest), listed(right));
    for wrong in [
        right.replace("| `b` | yes |", "| `b` | no |"),
        right.replace("| `d` | no | z |\n", ""),
        right.replace("`b`", "`c`"),
    ] {
        assert_ne!(defined(manifest), listed(&wrong), "{wrong}");
    }
}
