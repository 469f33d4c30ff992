//! "Subscriber Black- and Whitelisting": who of the subscribers gets an event (group BWL).

use crate::router::play;
use std::fmt::Write as _;

/// What a PUBLISH of the truth table says when a list is there: its key, its value, and whom of joe, jane, mia it lets
/// through.
const LISTS: [(&str, &str, [bool; 3]); 6] = [
    ("eligible", "[$joe, $mia]", [true, false, true]),
    ("eligible_authid", r#"["joe", "jane"]"#, [true, true, false]),
    ("eligible_authrole", r#"["user", "admin"]"#, [true, true, false]),
    ("exclude", "[$jane, $root]", [true, false, true]),
    ("exclude_authid", r#"["mia"]"#, [true, true, false]),
    ("exclude_authrole", r#"["user"]"#, [false, false, true]),
];

const SUBSCRIBED: &str = r#"
    joe joins as joe secret
    jane joins as jane secret
    mia joins as mia secret
    root joins as root secret
    joe subscribes com.t as $s
    jane subscribes com.t as $s
    mia subscribes com.t as $s
"#;

#[test]
fn bwl_01_a_subscriber_gets_what_every_list_lets_through() {
    let mut text = SUBSCRIBED.to_owned();
    for lists in 0..1 << LISTS.len() {
        let present = |at: usize| lists >> at & 1 == 1;
        let there: Vec<_> = (0..LISTS.len()).filter(|at| present(*at)).map(|at| LISTS[at]).collect();
        let options: Vec<_> = there.iter().map(|(key, value, _)| format!("{key:?}: {value}")).collect();
        let options = options.join(", ");
        writeln!(text, "    root > [16, {}, {{{options}}}, \"com.t\", [{lists}]]", lists + 1).unwrap();
        for (at, name) in ["joe", "jane", "mia"].into_iter().enumerate() {
            if there.iter().all(|(.., lets)| lets[at]) {
                writeln!(text, "    {name} < [36, $s, _, {{}}, [{lists}]]").unwrap();
            }
        }
    }
    play(&text);
}

#[test]
fn bwl_01_a_long_list_is_no_different() {
    let ids: Vec<_> = (1..200).map(|id| id.to_string()).collect();
    let names: Vec<_> = (1..200).map(|number| format!("\"user{number}\"")).collect();
    let (ids, names) = (ids.join(", "), names.join(", "));
    play(&format!(
        r#"{SUBSCRIBED}
    root > [16, 1, {{"eligible": [{ids}, $joe, $mia]}}, "com.t", [1]]
    joe < [36, $s, $p1, {{}}, [1]]
    mia < [36, $s, $p1, {{}}, [1]]
    root > [16, 2, {{"exclude": [$jane, {ids}]}}, "com.t", [2]]
    joe < [36, $s, $p2, {{}}, [2]]
    mia < [36, $s, $p2, {{}}, [2]]
    root > [16, 3, {{"eligible_authid": [{names}, "jane"], "exclude_authrole": [{names}]}}, "com.t", [3]]
    jane < [36, $s, $p3, {{}}, [3]]
    root > [16, 4, {{"exclude_authid": [{names}, "joe", {names}], "eligible_authrole": ["user", {names}]}}, "com.t",
        [4]]
    jane < [36, $s, $p4, {{}}, [4]]
    "#
    ));
}

#[test]
fn bwl_02_who_is_on_both_lists_gets_nothing() {
    play(&format!(
        r#"{SUBSCRIBED}
    root > [16, 1, {{"eligible": [$joe, $jane, $mia], "exclude": [$joe, $mia]}}, "com.t", [1]]
    jane < [36, $s, _, {{}}, [1]]
    root > [16, 2, {{"eligible_authrole": ["user"], "exclude_authid": ["joe"]}}, "com.t", [2]]
    jane < [36, $s, _, {{}}, [2]]
    root > [16, 3, {{"eligible": [$joe], "exclude_authrole": ["user"]}}, "com.t", [3]]
    joe silent
    mia silent
    "#
    ));
}

#[test]
fn bwl_03_an_empty_whitelist_lets_nobody_through() {
    play(&format!(
        r#"{SUBSCRIBED}
    root > [16, 1, {{"eligible": [], "acknowledge": true}}, "com.t", [1]]
    root < [17, 1, _id]
    root > [16, 2, {{"eligible_authid": [], "acknowledge": true}}, "com.t", [2]]
    root < [17, 2, _id]
    root > [16, 3, {{"eligible_authrole": [], "eligible": [$joe]}}, "com.t", [3]]
    root > [16, 4, {{}}, "com.t", [4]]
    joe < [36, $s, $p, {{}}, [4]]
    jane < [36, $s, $p, {{}}, [4]]
    mia < [36, $s, $p, {{}}, [4]]
    "#
    ));
}

#[test]
fn bwl_04_a_blacklist_of_nobody_excludes_nobody() {
    let mut text = SUBSCRIBED.to_owned();
    let lists = [
        r#"{"exclude": []}"#,
        r#"{"exclude": [1, 2]}"#,
        r#"{"exclude_authid": []}"#,
        r#"{"exclude_authid": ["nobody", ""]}"#,
        r#"{"exclude_authrole": []}"#,
        r#"{"exclude_authrole": ["nope"]}"#,
        r#"{"eligible_authrole": ["nope", "user", "member"]}"#,
    ];
    for (at, list) in lists.iter().enumerate() {
        writeln!(text, "    root > [16, {}, {list}, \"com.t\", [{at}]]", at + 1).unwrap();
        for name in ["joe", "jane", "mia"] {
            writeln!(text, "    {name} < [36, $s, _, {{}}, [{at}]]").unwrap();
        }
    }
    play(&text);
}

#[test]
fn bwl_05_a_list_makes_nobody_a_subscriber() {
    play(&format!(
        r#"{SUBSCRIBED}
    carol joins
    carol subscribes com.u
    root > [16, 1, {{"eligible": [$carol]}}, "com.t", [1]]
    carol silent
    root > [16, 2, {{"eligible": [$carol, $joe]}}, "com.t", [2]]
    joe < [36, $s, _, {{}}, [2]]
    carol silent
    "#
    ));
}

#[test]
fn bwl_06_a_list_holds_for_every_subscription_of_a_session() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        alice subscribes com.t as $exact
        alice subscribes com. {"match": "prefix"} as $prefix
        alice subscribes .t {"match": "wildcard"} as $wildcard
        bob subscribes com. {"match": "prefix"} as $prefix
        carol > [16, 1, {"exclude": [$alice]}, "com.t", [1]]
        bob < [36, $prefix, _, {"topic": "com.t"}, [1]]
        alice silent
        carol > [16, 2, {"eligible": [$alice]}, "com.t", [2]]
        alice < any of
            [36, $exact, $p, {}, [2]]
            [36, $prefix, $p, {"topic": "com.t"}, [2]]
            [36, $wildcard, $p, {"topic": "com.t"}, [2]]
        bob silent
    "#,
    );
}

#[test]
fn bwl_07_a_list_of_the_wrong_type_ends_the_session() {
    let mut text = r#"
        alice joins
        alice subscribes com. {"match": "prefix"}
    "#
    .to_owned();
    for key in
        ["exclude", "exclude_authid", "exclude_authrole", "eligible", "eligible_authid", "eligible_authrole"]
    {
        let wrong = if key.contains("auth") { "[1]" } else { r#"["1"]"# };
        for value in [wrong, r#""joe""#, "7", "{}"] {
            writeln!(
                text,
                r#"
        bob joins
        bob > [16, 1, {{"{key}": {value}}}, "com.t"]
        bob < [3, _dict, "wamp.error.protocol_violation", ...]
        bob closed"#
            )
            .unwrap();
        }
    }
    play(&text);
}

#[test]
fn bwl_08_subscribers_are_not_told_who_was_excluded() {
    play(&format!(
        r#"{SUBSCRIBED}
    root > [16, 1, {{"eligible": [$joe, $mia], "eligible_authid": ["joe", "mia"],
        "eligible_authrole": ["user", "member"], "exclude": [$jane], "exclude_authid": ["jane"],
        "exclude_authrole": ["admin"]}}, "com.t"]
    joe < [36, $s, $p, {{}}]
    mia < [36, $s, $p, {{}}]
    jane silent
    "#
    ));
}

#[test]
fn bwl_09_black_and_whitelisting_is_announced() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"publisher": {}}}]
        alice < [2, _id, {..., "roles": {..., "broker":
            {..., "features": {..., "subscriber_blackwhite_listing": true}}}}]
    "#,
    );
}

#[test]
fn bwl_10_lists_of_other_things_are_unknown_options() {
    play(&format!(
        r#"{SUBSCRIBED}
    root > [16, 1, {{"eligible_foo": ["x"], "exclude_authmethod": ["ticket"], "exclude_bar": 7}}, "com.t"]
    joe < [36, $s, $p, {{}}]
    jane < [36, $s, $p, {{}}]
    mia < [36, $s, $p, {{}}]
    "#
    ));
}
