//! REFL: reflection is a sketch without payloads, and so not offered.

use crate::router::play;

#[test]
fn refl_01_reflection_is_neither_announced_nor_served() {
    let mut text = r#"
        alice connects
        alice > [1, "realm1", {"roles": {"caller": {}}}]
        alice < [2, _id, {..., "roles": {
            "broker": {"reflection": absent, "features": _dict},
            "dealer": {"reflection": absent, "features": _dict}}}]
    "#
    .to_owned();
    let procedures = [
        "topic.list",
        "topic.describe",
        "procedure.list",
        "procedure.describe",
        "error.list",
        "error.describe",
    ];
    let procedures = procedures.map(|name| format!("wamp.reflection.{name}"));
    let others = ["wamp.reflect.define", "wamp.reflect.describe", "wamp", "wamp.session", "wamp.session.lis"];
    for (at, procedure) in procedures.iter().map(String::as_str).chain(others).enumerate() {
        let id = at + 1;
        text.push_str(&format!("    alice > [48, {id}, {{}}, \"{procedure}\"]\n"));
        text.push_str(&format!(
            "        alice < [8, 48, {id}, {{}}, \"wamp.error.no_such_procedure\", ...]\n    "
        ));
    }
    play(&text);
}
