//! `docs/conformance.md` says which test holds each rule of the specification. Here it is held to the tests there are.
//!
//! A test says which rules it holds by its name (`sub_02_...`, `ses_26_id_09_...`, `pci_13_to_19_...`) or in a comment
//! on or in it (`checklist SUB-02`). After a change, `SERVERWAMP_BLESS=1 cargo test -p serverwamp-conformance --test tidy`
//! writes the column anew; remarks and rows are written by hand.

use crate::{files, none, read, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// How many rules the checklist has.
const RULES: usize = 599;

/// How many tests a row names.
const NAMED: usize = 3;

/// With one of these a remark may stand in for a test.
const EXCUSES: [&str; 3] = ["not yet:", "not offered:", "nothing to test:"];

/// What a router's realm announces in WELCOME, and the rules that this promises to keep.
const PROMISES: [(&str, &str); 23] = [
    ("publisher_identification", "PID"),
    ("publisher_exclusion", "EXCL"),
    ("subscriber_blackwhite_listing", "BWL"),
    ("pattern_based_subscription", "PSUB"),
    ("publication_trustlevels", "TRUST"),
    ("subscription_meta_api", "MSUB"),
    ("subscription_revocation", "SREV"),
    ("event_history", "HIST"),
    ("event_retention", "RET"),
    ("session_meta_api", "MSES"),
    ("caller_identification", "CID"),
    ("pattern_based_registration", "PREG"),
    ("shared_registration", "SHREG"),
    ("registration_meta_api", "MREG"),
    ("registration_revocation", "REGREV"),
    ("testament_meta_api", "TEST"),
    ("progressive_call_results", "PCR"),
    ("progressive_call_invocations", "PCI"),
    ("call_canceling", "CAN"),
    ("call_timeout", "TMO"),
    ("call_trustlevels", "TRUST"),
    ("call_reroute", "RER"),
    ("payload_passthru_mode", "PPT"),
];

/// One row of the document.
struct Row<'d> {
    id: &'d str,
    tests: &'d str,
    remark: &'d str,
}

impl<'d> Row<'d> {
    /// The row in this line, if it is one: `| id | level | rule | tests | remark |`.
    fn read(line: &'d str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
        let [id, _, _, tests, remark] = *cells.as_slice() else { return None };
        is_id(id).then_some(Self { id, tests, remark })
    }

    fn is_excused(&self) -> bool {
        EXCUSES.iter().any(|excuse| self.remark.starts_with(excuse))
    }
}

fn is_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(group, number)| {
        !group.is_empty()
            && group.bytes().all(|letter| letter.is_ascii_uppercase())
            && number.len() == 2
            && number.bytes().all(|digit| digit.is_ascii_digit())
    })
}

/// The ids in the name of a test: `ses_26_id_09_x`, `feat_01_and_02_x`, `pci_13_to_19_x`.
fn ids_of_name(name: &str) -> BTreeSet<String> {
    let words: Vec<&str> = name.split('_').collect();
    let number = |at: usize| words.get(at).filter(|word| word.len() == 2)?.parse::<u32>().ok();
    let mut ids = BTreeSet::new();
    let mut at = 0;
    while let (Some(group), Some(first)) = (words.get(at), number(at + 1)) {
        let group = group.to_uppercase();
        let mut add = |numbers: std::ops::RangeInclusive<u32>| {
            ids.extend(numbers.map(|number| format!("{group}-{number:02}")));
        };
        add(first..=first);
        at += 2;
        let mut last = first;
        loop {
            match (words.get(at), number(at), number(at + 1)) {
                (_, Some(next), _) => {
                    add(next..=next);
                    (last, at) = (next, at + 1);
                }
                (Some(&"and"), _, Some(next)) => {
                    add(next..=next);
                    (last, at) = (next, at + 2);
                }
                (Some(&"to"), _, Some(next)) => {
                    add(last + 1..=next);
                    (last, at) = (next, at + 2);
                }
                // Another group follows.
                (Some(&"and"), _, None) if number(at + 2).is_some() => at += 1,
                _ => break,
            }
        }
    }
    ids
}

/// The ids in a comment: `SUB-01`, and those between the two of `CAN-02 .. CAN-05`.
fn ids_of_comment(comment: &str) -> BTreeSet<String> {
    let around = |letter: char| ",;:()`\"".contains(letter);
    let words: Vec<&str> = comment
        .split_whitespace()
        .map(|word| word.trim_matches(around))
        .map(|word| if word == ".." { word } else { word.trim_end_matches('.').trim_end_matches(around) })
        .collect();
    let mut ids = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        if !is_id(word) {
            continue;
        }
        ids.insert((*word).to_owned());
        if matches!(words.get(at + 1), Some(&".." | &"to"))
            && let Some((group, last)) =
                words.get(at + 2).filter(|word| is_id(word)).and_then(|word| word.split_once('-'))
            && let Some((_, first)) = word.split_once('-').filter(|(same, _)| *same == group)
            && let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>())
        {
            ids.extend((first..=last).map(|number| format!("{group}-{number:02}")));
        }
    }
    ids
}

/// Which tests of a source hold which rules.
fn tests_of(source: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut tests: Vec<(String, BTreeSet<String>)> = Vec::new();
    let mut waiting = BTreeSet::new();
    let (mut is_test, mut inside) = (false, false);
    // What stands behind a test's last brace is about the next one.
    let mut end = String::new();
    for whole in source.lines() {
        inside &= whole != end;
        let line = whole.trim_start();
        if let Some(comment) =
            line.split_once("//").map(|(_, comment)| comment).filter(|text| !text.starts_with('!'))
        {
            let ids = ids_of_comment(comment);
            match tests.last_mut().filter(|_| inside && !line.starts_with("///")) {
                Some((_, held)) => held.extend(ids),
                None => waiting.extend(ids),
            }
        }
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        }
        let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(name) = function.and_then(|rest| rest.split('(').next()) {
            if is_test {
                let mut ids = ids_of_name(name);
                ids.append(&mut waiting);
                tests.push((name.to_owned(), ids));
            }
            waiting.clear();
            inside = is_test;
            end = format!("{}}}", " ".repeat(whole.len() - line.len()));
            is_test = false;
        }
    }
    tests
}

/// All tests there are, by the rules they hold.
fn tests_by_rule() -> BTreeMap<String, BTreeSet<String>> {
    let mut by_rule: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, source) in files("crates", "rs") {
        for (test, ids) in tests_of(&source) {
            for id in ids {
                by_rule.entry(id).or_default().insert(test.clone());
            }
        }
    }
    by_rule
}

/// The cell that names the tests of a rule: those whose names begin with it first.
fn cell(id: &str, tests: &BTreeSet<String>) -> String {
    let own = id.to_lowercase().replace('-', "_");
    let (first, others): (Vec<_>, Vec<_>) = tests.iter().partition(|test| test.starts_with(&own));
    let mut cell = String::new();
    for test in first.iter().chain(&others).take(NAMED) {
        let separator = if cell.is_empty() { "" } else { ", " };
        let _never_fails = write!(cell, "{separator}`{test}`");
    }
    if tests.len() > NAMED {
        let _never_fails = write!(cell, " and {} more", tests.len() - NAMED);
    }
    cell
}

fn complaints(document: &str, tests: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let none = BTreeSet::new();
    let mut complaints = Vec::new();
    let mut seen = BTreeSet::new();
    for row in document.lines().filter_map(Row::read) {
        let held_by = tests.get(row.id).unwrap_or(&none);
        if !seen.insert(row.id) {
            complaints.push(format!("{} has two rows", row.id));
        }
        if row.tests != cell(row.id, held_by) {
            complaints.push(format!("{} names other tests than there are: bless it", row.id));
        }
        if held_by.is_empty() && !row.is_excused() {
            complaints
                .push(format!("{} has no test, and its remark begins with none of {EXCUSES:?}", row.id));
        }
        if !held_by.is_empty() && row.is_excused() {
            complaints.push(format!("{} has a test and an excuse", row.id));
        }
    }
    let unknown = tests.keys().filter(|id| is_known_group(id, &seen) && !seen.contains(id.as_str()));
    complaints.extend(unknown.map(|id| format!("{id} has tests and no row")));
    complaints
}

/// Words in names of tests look like ids at times; only groups that the document has count.
fn is_known_group(id: &str, seen: &BTreeSet<&str>) -> bool {
    let group = id.split('-').next();
    seen.iter().any(|known| known.split('-').next() == group)
}

#[test]
fn every_rule_names_the_tests_that_hold_it() {
    let path = root().join("docs/conformance.md");
    let tests = tests_by_rule();
    if std::env::var_os("SERVERWAMP_BLESS").is_some() {
        let blessed = bless(&read(&path), &tests);
        std::fs::write(&path, blessed).expect("the document can be written");
    }
    let document = read(&path);
    none(complaints(&document, &tests));
    let rows = document.lines().filter_map(Row::read).count();
    assert_eq!(rows, RULES, "there is a row for every rule of the checklist");
}

/// Rows that deviate, and the list that says why, name the same rules.
fn deviations(document: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let rows = document.lines().filter_map(Row::read).filter(|row| row.remark.starts_with("deviation:"));
    let (_, after) = document.split_once("\n## Deviations\n").unwrap_or_default();
    let section = after.split("\n## ").next().unwrap_or_default();
    let listed = section.lines().filter_map(|line| line.strip_prefix("* ")?.split(':').next());
    (rows.map(|row| row.id).collect(), listed.collect())
}

#[test]
fn every_deviation_has_its_reason() {
    let document = read(&root().join("docs/conformance.md"));
    let (rows, reasons) = deviations(&document);
    assert!(!rows.is_empty());
    assert_eq!(rows, reasons);
    let sample = "\n## Deviations\n\n* SUB-01: why\n\n## X\n* SUB-02: y\n| SUB-01 | MUST | rule | `t` | deviation: x |";
    assert_eq!(deviations(sample), (BTreeSet::from(["SUB-01"]), BTreeSet::from(["SUB-01"])));
}

fn bless(document: &str, tests: &BTreeMap<String, BTreeSet<String>>) -> String {
    let none = BTreeSet::new();
    let mut blessed = String::new();
    for line in document.lines() {
        match Row::read(line) {
            None => blessed.push_str(line),
            Some(row) => {
                let cells: Vec<&str> = line.split('|').collect();
                let tests = cell(row.id, tests.get(row.id).unwrap_or(&none));
                let _never_fails =
                    write!(blessed, "|{}|{}|{}| {tests} | {} |", cells[1], cells[2], cells[3], row.remark);
            }
        }
        blessed.push('\n');
    }
    blessed
}

/// FEAT-01, FEAT-02: what WELCOME announces is what the rules of its chapter hold.
#[test]
fn what_a_router_announces_is_held_by_tests() {
    let document = read(&root().join("docs/conformance.md"));
    let rows: Vec<Row<'_>> = document.lines().filter_map(Row::read).collect();
    let announced = read(&root().join("crates/serverwamp/src/router/wire.rs"));
    for (feature, group) in PROMISES {
        assert!(announced.contains(&format!("{feature}:")), "{feature} is not announced any more");
        let of_group: Vec<_> = rows.iter().filter(|row| row.id.split('-').next() == Some(group)).collect();
        assert!(!of_group.is_empty(), "{feature} has no rules");
        let open: Vec<_> =
            of_group.iter().filter(|row| row.remark.starts_with("not yet:")).map(|row| row.id).collect();
        assert!(open.is_empty(), "{feature} is announced, and {open:?} are not held");
    }
}

#[test]
fn ids_are_read_from_names_and_comments() {
    let ids = |list: &[&str]| list.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(ids_of_name("ses_26_id_09_a_new_session"), ids(&["SES-26", "ID-09"]));
    assert_eq!(ids_of_name("feat_01_and_02_exactly"), ids(&["FEAT-01", "FEAT-02"]));
    assert_eq!(ids_of_name("pci_01_02_and_03_all"), ids(&["PCI-01", "PCI-02", "PCI-03"]));
    assert_eq!(ids_of_name("ord_03_and_id_05_calls"), ids(&["ORD-03", "ID-05"]));
    assert_eq!(ids_of_name("pci_13_to_15_open"), ids(&["PCI-13", "PCI-14", "PCI-15"]));
    assert_eq!(ids_of_name("a_test_without"), ids(&[]));
    assert_eq!(
        ids_of_comment("it does (checklist CAN-02 .. CAN-04), RPC-01."),
        ids(&["CAN-02", "CAN-03", "CAN-04", "RPC-01"])
    );
    assert_eq!(
        ids_of_comment("checklist RAW-01, RAW-12 and (RAW-22)."),
        ids(&["RAW-01", "RAW-12", "RAW-22"]),
        "an enumeration is no range"
    );
}

#[test]
fn a_row_that_is_not_true_is_found() {
    let source = "/// checklist SUB-02\n#[test]\nfn sub_01_x() {\n    // SUB-03: so it is\n}\n\n// SUB-05\n#[test]\n\
                  fn y() {}\nfn sub_04_no_test() {}\n";
    let mut tests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (test, ids) in tests_of(source) {
        for id in ids {
            tests.entry(id).or_default().insert(test.clone());
        }
    }
    assert_eq!(tests.keys().collect::<Vec<_>>(), ["SUB-01", "SUB-02", "SUB-03", "SUB-05"]);
    assert_eq!(tests["SUB-05"], BTreeSet::from(["y".to_owned()]), "a comment is about the test below it");
    let row = |id: &str, tests: &str, remark: &str| format!("| {id} | MUST | rule | {tests} | {remark} |\n");
    let good = [
        row("SUB-01", "`sub_01_x`", ""),
        row("SUB-02", "`sub_01_x`", ""),
        row("SUB-03", "`sub_01_x`", ""),
        row("SUB-04", "", "not yet: soon"),
        row("SUB-05", "`y`", ""),
    ]
    .concat();
    assert!(complaints(&good, &tests).is_empty(), "{:?}", complaints(&good, &tests));
    for wrong in [
        good.replace("`sub_01_x`", "`sub_01_y`"),
        good.replace("not yet: soon", "soon"),
        good.replace("| SUB-03 |", "| SUB-02 |"),
        good.replace("| rule | `sub_01_x` |  |", "| rule | `sub_01_x` | not yet: x |"),
    ] {
        assert!(!complaints(&wrong, &tests).is_empty(), "{wrong}");
    }
    assert_eq!(bless(&good.replace("`sub_01_x`", "`old`"), &tests), good);
}
