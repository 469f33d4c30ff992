//! No type name means two things in the library crates, so that a reader who sees one knows which type it is.

use crate::{before_tests, files, none, read, root};
use std::collections::{BTreeMap, BTreeSet};

/// The crates that others depend on.
const LIBRARIES: [&str; 3] =
    ["crates/serverwamp/src", "crates/serverwamp-proto/src", "crates/serverwamp-macros/src"];

/// A name that several types have: which files below `crates/` declare one, and why none of them is renamed.
struct Exception {
    name: &'static str,
    files: &'static [&'static str],
    reason: &'static str,
}

const PER_FRAMING: &str = "WebSocket and RawSocket have the same parts; code names them with their module";

const WITHOUT_ROUTER: &str = "the same type in a build without the router, where it has no values";

const EXCEPTIONS: [Exception; 12] = [
    Exception {
        name: "Decoder",
        files: &["serverwamp-proto/src/rawsocket/decoder.rs", "serverwamp-proto/src/websocket/decoder.rs"],
        reason: PER_FRAMING,
    },
    Exception {
        name: "Event",
        files: &[
            "serverwamp-proto/src/message/pubsub.rs",
            "serverwamp-proto/src/rawsocket/decoder.rs",
            "serverwamp-proto/src/websocket/decoder.rs",
        ],
        reason: "the message EVENT; for the other two, the reason of Decoder",
    },
    Exception {
        name: "Expression",
        files: &["serverwamp/src/peering/expression.rs", "serverwamp/src/peering/no_expression.rs"],
        reason: WITHOUT_ROUTER,
    },
    Exception {
        name: "ExpressionText",
        files: &["serverwamp/src/peering/expression.rs", "serverwamp/src/peering/no_expression.rs"],
        reason: WITHOUT_ROUTER,
    },
    Exception {
        name: "Failure",
        files: &["serverwamp-proto/src/rawsocket/decoder.rs", "serverwamp-proto/src/websocket/close.rs"],
        reason: PER_FRAMING,
    },
    Exception {
        name: "HelloDetails",
        files: &["serverwamp-proto/src/message/session.rs", "serverwamp/src/api/auth/handlers.rs"],
        reason: "both are the details of a HELLO: read by the router, and as a dictionary for authenticators",
    },
    Exception {
        name: "Invocation",
        files: &["serverwamp-proto/src/message/rpc.rs", "serverwamp/src/peering/served/invocation.rs"],
        reason: "both are WAMP's word: the message INVOCATION, and the invocation of a handler of the application",
    },
    Exception {
        name: "Required",
        files: &["serverwamp/src/api/routes/required.rs", "serverwamp/src/api/routes/without_realm.rs"],
        reason: WITHOUT_ROUTER,
    },
    Exception {
        name: "Step",
        files: &["serverwamp/src/api/reply/progress.rs", "serverwamp/src/peering/payload/via.rs"],
        reason: "a marker in `via` is named after the type it marks",
    },
    Exception {
        name: "TooLong",
        files: &["serverwamp-proto/src/rawsocket/decoder.rs", "serverwamp-proto/src/websocket/too_long.rs"],
        reason: PER_FRAMING,
    },
    Exception {
        name: "TopicEntries",
        files: &["serverwamp/src/api/routes/topics.rs", "serverwamp/src/api/routes/without_realm.rs"],
        reason: WITHOUT_ROUTER,
    },
    Exception {
        name: "Value",
        files: &["serverwamp-proto/src/codec/value.rs", "serverwamp/src/peering/payload/via.rs"],
        reason: "a marker in `via` is named after the type it marks",
    },
];

/// The name of the type that a line of code declares. Associated types, which a trait has named, are none of ours.
fn declared(line: &str) -> Option<&str> {
    let is_name = |character: char| character.is_alphanumeric() || character == '_';
    let code = line.trim_start();
    let code = match code.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(") ")?.1,
        Some(rest) => rest.strip_prefix(' ')?,
        None => code,
    };
    let (keyword, rest) = code.split_once(' ')?;
    let declares = match keyword {
        "struct" | "enum" | "trait" | "union" => true,
        "type" => !line.starts_with(' '),
        _ => false,
    };
    let name = &rest[..rest.find(|character| !is_name(character)).unwrap_or(rest.len())];
    (declares && !name.is_empty()).then_some(name)
}

/// The files that declare a type of each name, in the code that is no test.
fn declarations(sources: &[(String, String)]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut declared_in: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, text) in sources {
        if path.contains("/tests/") || path.ends_with("/tests.rs") {
            continue;
        }
        let path = path.strip_prefix("crates/").unwrap_or(path);
        let code = before_tests(text);
        for name in code.lines().filter_map(declared) {
            declared_in.entry(name).or_default().insert(path);
        }
    }
    declared_in
}

fn complaints_about_names(sources: &[(String, String)], exceptions: &[Exception]) -> Vec<String> {
    let declared_in = declarations(sources);
    let mut complaints = Vec::new();
    for (name, files) in declared_in.iter().filter(|(_, files)| files.len() > 1) {
        let exception = exceptions.iter().find(|exception| exception.name == *name);
        let excepted: BTreeSet<&str> =
            exception.into_iter().flat_map(|exception| exception.files).copied().collect();
        if !files.is_subset(&excepted) {
            complaints.push(format!("several types are called {name}: rename one, in {files:?}"));
        }
    }
    for Exception { name, files, reason } in exceptions {
        let missing: Vec<_> = files
            .iter()
            .filter(|file| !declared_in.get(name).is_some_and(|files| files.contains(*file)))
            .collect();
        if files.len() < 2 || !missing.is_empty() {
            complaints.push(format!("{name} needs no exception: no type of this name is in {missing:?}"));
        }
        if reason.is_empty() {
            complaints.push(format!("the exception for {name} has no reason"));
        }
    }
    complaints
}

#[test]
fn no_type_name_means_two_things() {
    let sources: Vec<_> = LIBRARIES.iter().flat_map(|folder| files(folder, "rs")).collect();
    assert!(declarations(&sources).len() > 300, "types are found");
    none(complaints_about_names(&sources, &EXCEPTIONS));
}

#[test]
fn a_type_name_with_two_meanings_and_an_exception_that_nothing_needs_are_found() {
    let found = |other: &str, exceptions: &[Exception]| {
        let one = "pub struct Queue {\n    len: usize,\n}\n".to_owned();
        let sources = [("crates/a/src/a.rs".to_owned(), one), ("crates/a/src/b.rs".to_owned(), other.into())];
        complaints_about_names(&sources, exceptions).len()
    };
    for same in
        ["struct Queue;\n", "pub(super) enum Queue {}\n", "    trait Queue<T> {}\n", "type Queue = u8;\n"]
    {
        assert_eq!(found(same, &[]), 1, "{same}");
    }
    for fine in [
        "struct Queues;\n",
        "// struct Queue;\n",
        "impl A for B {\n    type Queue = u8;\n}\n",
        "use crate::a::Queue;\n",
        "\n#[cfg(test)]\nmod tests {\n    struct Queue;\n}\n",
    ] {
        assert_eq!(found(fine, &[]), 0, "{fine}");
    }
    let exception = |files: &'static [&'static str], reason| [Exception { name: "Queue", files, reason }];
    assert_eq!(found("struct Queue;\n", &exception(&["a/src/a.rs", "a/src/b.rs"], "a sample")), 0);
    assert_eq!(found("struct Queue;\n", &exception(&["a/src/a.rs", "a/src/b.rs"], "")), 1);
    // An exception holds for the types it names, and for no other of that name.
    assert_eq!(found("struct Queue;\n", &exception(&["a/src/a.rs", "a/src/c.rs"], "a sample")), 2);
    // Nothing needs it.
    assert_eq!(found("struct Deque;\n", &exception(&["a/src/a.rs", "a/src/b.rs"], "a sample")), 1);
}

/// The rows of the glossary: each term, and what its last column names in backticks.
fn glossary(map: &str) -> Vec<(&str, Vec<&str>)> {
    let section = map.lines().skip_while(|line| *line != "## Glossary").skip(1);
    let rows = section.take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("| "));
    let cells = rows.skip(1).map(|row| row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    cells
        .map(|cells| {
            let place = cells.get(2).copied().unwrap_or_default();
            (cells[0], place.split('`').skip(1).step_by(2).collect())
        })
        .collect()
}

/// Terms out of order, and types that are not there. A path that is not there is found with all others of the document.
fn complaints_about_glossary(map: &str, is_declared: impl Fn(&str) -> bool) -> Vec<String> {
    let rows = glossary(map);
    let mut complaints = Vec::new();
    for pair in rows.windows(2).filter(|pair| pair[0].0 >= pair[1].0) {
        complaints.push(format!("the glossary has {:?} before {:?}", pair[0].0, pair[1].0));
    }
    for (term, named) in &rows {
        if named.is_empty() {
            complaints.push(format!("the glossary names neither type nor place for {term:?}"));
        }
        let gone = named.iter().filter(|name| !name.contains('/') && !is_declared(name));
        complaints
            .extend(gone.map(|name| format!("the glossary names the type {name}, which does not exist")));
    }
    complaints
}

#[test]
fn the_glossary_names_types_that_exist() {
    let map = read(&root().join("ARCHITECTURE.md"));
    assert!(glossary(&map).len() >= 30, "the rows of the glossary are found");
    let sources: Vec<_> = LIBRARIES.iter().flat_map(|folder| files(folder, "rs")).collect();
    let declared_in = declarations(&sources);
    let is_declared = |name: &str| declared_in.contains_key(name);
    none(complaints_about_glossary(&map, is_declared));

    let found = |rows: &str| {
        let map =
            format!("## Glossary\n\n| term | what | type |\n|---|---|---|\n{rows}\n## Code map\n| z | | |\n");
        complaints_about_glossary(&map, |name| name == "Outbox").len()
    };
    assert_eq!(found("| outbox | bytes | `Outbox`, `crates/a.rs` |\n| turn | work | `crates/b.rs` |\n"), 0);
    assert_eq!(found("| outbox | bytes | `Inbox` |\n"), 1);
    assert_eq!(found("| outbox | bytes | |\n"), 1);
    assert_eq!(found("| turn | work | `crates/b.rs` |\n| outbox | bytes | `Outbox` |\n"), 1);
}
