//! Seeded mistakes: what is said about each, word for word. `mistakes/NAME.toml` is the file, `mistakes/NAME.txt` what is printed.

use crate::support::{checked, compare, environment_of, printed, sources};
use serverwamp_config::codes::Code;
use std::collections::BTreeMap;
use std::fs;

/// The files with mistakes, by name.
fn cases() -> BTreeMap<String, String> {
    let files = fs::read_dir(sources().join("mistakes")).unwrap().map(|entry| entry.unwrap().path());
    let toml = files.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    toml.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(&path).unwrap())
    })
    .collect()
}

#[test]
fn every_mistake_is_told_word_for_word() {
    let mut differences = Vec::new();
    for (name, text) in cases() {
        let found = printed(&text, &environment_of(&text));
        let path = sources().join("mistakes").join(format!("{name}.txt"));
        differences.extend(compare(&path, &found).err());
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

#[test]
fn a_file_of_one_mistake_has_one_and_a_file_of_ten_has_ten() {
    let (mut seeded, mut others) = (0, Vec::new());
    for (name, text) in cases() {
        let mistakes = checked(&text, &environment_of(&text)).mistakes;
        let found: Vec<String> =
            mistakes.iter().map(|it| format!("{} {}", it.code().id(), it.title())).collect();
        let wanted = if name.starts_with("ten_") { 10 } else { 1 };
        if found.len() != wanted {
            others.push(format!("{name} has {}: {found:#?}", found.len()));
        }
        seeded += wanted;
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
    assert!(seeded >= 100, "{seeded}");
}

/// The mistakes of these two come from building what the file says, after it was checked.
const OF_BUILDING: [&str; 2] = ["SW0200", "SW0300"];

/// The titles of all mistakes of a text.
fn titles(text: &str) -> Vec<String> {
    let mistakes = checked(text, &environment_of(text)).mistakes;
    mistakes.iter().map(|mistake| mistake.title().to_owned()).collect()
}

#[test]
fn a_wrong_name_of_a_realm_hides_nothing_that_stands_beside_it() {
    let inside = "auth = [{ anonymous = {} }, { anonymous = {} }]\n\
                  role.anonymous = { allow = { \"shop.*\" = [\"call\"] }, deny = { \"shop.*\" = [\"call\"] } }\n";
    for name in ["realm 1", "wamp.shop", "shop.*"] {
        let found = titles(&format!("[[realm]]\nname = {name:?}\n{inside}"));
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found[0].starts_with(&format!("{name:?}")), "{found:#?}");
        assert!(found[1].contains("have the method \"anonymous\""), "{found:#?}");
        assert!(found[2].contains("is allowed and denied"), "{found:#?}");
    }
}

#[test]
fn wrong_and_missing_names_of_templates_and_realms_hide_nothing_that_stands_beside_them() {
    let inside = "auth = [{ anonymous = {} }, { anonymous = {} }]\n\
                  role.anonymous = { allow = { \"shop.*\" = [\"call\"] }, deny = { \"shop.*\" = [\"call\"] } }\n";
    for (head, told) in [
        ("[[template]]\nnames = \"com..x\"", "\"com..x\" is not a URI"),
        ("[[template]]\nnames = 5", "expected a URI"),
        ("[[template]]", "`names` is missing in `template`"),
        ("[[realm]]\nname = 5", "expected the name of a realm"),
        ("[[realm]]", "`name` is missing in `realm`"),
    ] {
        // Two of them are not one that is there twice.
        let found = titles(&format!("{head}\n{inside}{head}\n{inside}"));
        let count = |begin: &str| found.iter().filter(|title| title.contains(begin)).count();
        assert_eq!(count(told), 2, "{head}: {found:#?}");
        assert_eq!(count("have the method \"anonymous\""), 2, "{head}: {found:#?}");
        assert_eq!(count("is allowed and denied"), 2, "{head}: {found:#?}");
        let twice = usize::from(head.contains('"'));
        assert_eq!(found.len(), 6 + twice, "{head}: {found:#?}");
    }
}

#[test]
fn what_stands_below_a_head_that_is_not_toml_is_not_told_as_keys_of_another_table() {
    let realm = "name = \"shop\"\nauth = [{ anonymous = {} }]\n";
    // Behind a head that is not closed the parser finds no other one.
    let (few, all) = (&["unknown key `foo`"][..], &["unknown key `foo`", "unknown key `bar`"][..]);
    for (head, expected) in [("[[realm]", few), ("[[realm", few), ("[realm]]", all)] {
        let found = titles(&format!("[limits]\nfoo = 1\n{head}\n{realm}[metrics]\nbar = 2\n"));
        let unknown: Vec<&str> =
            found.iter().map(String::as_str).filter(|title| title.starts_with("unknown key")).collect();
        assert_eq!(unknown, expected, "{head}: {found:#?}");
        assert!(found.iter().any(|title| title.starts_with("this is not TOML")), "{head}: {found:#?}");
    }
}

#[test]
fn a_file_that_is_cut_off_in_several_tables_is_not_told_twice_of_each() {
    let mut found = titles("[[realm]]\nname = \"shop\"\nauth = [{ jwt = { secret = { file = ");
    let all = found.len();
    found.sort();
    found.dedup();
    assert_eq!(found.len(), all, "{found:#?}");
}

#[test]
fn every_code_has_a_case() {
    let cases = cases();
    let found: Vec<String> = cases
        .values()
        .flat_map(|text| {
            let mistakes = checked(text, &environment_of(text)).mistakes;
            mistakes.iter().map(|mistake| mistake.code().id()).collect::<Vec<_>>()
        })
        .collect();
    for code in Code::all().filter(|code| !OF_BUILDING.contains(&code.id().as_str())) {
        assert!(
            found.contains(&code.id()),
            "no file in tests/mistakes has the mistake {} ({})",
            code.id(),
            code.name()
        );
    }
}

#[test]
fn no_text_of_a_secret_is_printed() {
    for (name, text) in cases() {
        let printed = printed(&text, &environment_of(&text));
        assert!(!printed.contains("hunter2"), "{name}: {printed}");
    }
}
