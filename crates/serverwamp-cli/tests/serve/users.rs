//! Users in the file that a configuration names, and roles that it does not list.

use crate::program::{FILE, Scratch};
use serverwamp_conformance::output::Finished;

const CONFIG: &str = r#"
[[listen]]
address = "127.0.0.1:0"
[[realm]]
name = "shop"
[[realm.auth]]
file.path = "users.toml"
[realm.role.customer]
allow = { "shop.order" = ["call"] }
[realm.role.backend]
allow = { "shop.*" = ["call"] }
"#;

fn configured() -> Scratch {
    let scratch = Scratch::new();
    scratch.write(FILE, CONFIG);
    scratch.write("secret", "hunter2 of joe");
    scratch
}

/// `serverwamp hash cra -c FILE --user joe`, and further words.
#[track_caller]
fn hash(scratch: &Scratch, more: &[&str]) -> Finished {
    let words = ["hash", "cra", "-c", FILE, "--user", "joe", "--secret-file", "secret"];
    scratch.run(&[&words[..], more].concat())
}

/// The lines of the file of users.
fn users(scratch: &Scratch) -> Vec<String> {
    let text = std::fs::read_to_string(scratch.file("users.toml")).expect("it is there");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_user_without_a_role_gets_the_one_that_is_named_and_nobody_another() {
    let scratch = configured();
    let key = scratch.run(&["keygen", "--key", "joe.key"]).stdout;
    let key = key.trim();
    scratch.write(
        "users.toml",
        format!("# people\n[user.joe]\n# by and by\n{key}\n\n[user.ann]\ncra_secret = \"x\"\n"),
    );
    let done = hash(&scratch, &["--role", "customer"]);
    assert_eq!((done.status.code(), &*done.stderr), (Some(0), ""));
    assert_eq!(done.stdout, "joe has a new entry in ./users.toml\n");
    let written = users(&scratch);
    let begin = ["# people", "[user.joe]", "# by and by", key, "role = \"customer\""];
    assert_eq!(written[..5], begin);
    assert!(written[5].starts_with("cra"), "{written:?}");
    assert_eq!(written[6..], ["", "[user.ann]", "cra_secret = \"x\""]);
    // The same role is no contradiction.
    let done = hash(&scratch, &["--role", "customer"]);
    assert_eq!((done.status.code(), &*done.stderr), (Some(0), ""));
    assert_eq!(users(&scratch).len(), written.len());
    let refused = hash(&scratch, &["--role", "backend"]);
    assert_eq!((refused.status.code(), &*refused.stdout), (Some(2), ""));
    assert_eq!(
        refused.stderr,
        "serverwamp: \"joe\" is in ./users.toml already and has the role \"customer\": leave --role out, or change it there\n"
    );
    assert_eq!(users(&scratch).len(), written.len());
    // What a role cannot be called stays out of the file.
    let refused = hash(&scratch, &["--role", "a\"b"]);
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr);
    std::fs::remove_file(scratch.file("users.toml")).expect("it is there");
    let refused = hash(&scratch, &["--role", "a\u{7}b"]);
    assert_eq!(refused.status.code(), Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("white space or a control character"), "{}", refused.stderr);
    assert!(!scratch.file("users.toml").exists());
}

#[test]
fn a_role_that_no_realm_lists_is_doubted_and_written_all_the_same() {
    let scratch = configured();
    let doubted = hash(&scratch, &["--role", "custmer"]);
    assert!(doubted.status.success(), "{doubted:?}");
    assert_eq!(
        doubted.stderr,
        "serverwamp: warning: the realm \"shop\" has no permissions for a role \"custmer\"; did you mean \"customer\"? \
         It has them for customer, backend\n"
    );
    assert!(users(&scratch).contains(&"role = \"custmer\"".to_owned()));
    // Roles that are not listed are as good as others where none is.
    let scratch = configured();
    scratch.write(FILE, CONFIG.split("[realm.role").next().expect("a first part"));
    let done = hash(&scratch, &["--role", "custmer"]);
    assert_eq!((done.status.success(), &*done.stderr), (true, ""));
}

#[test]
fn why_of_a_role_that_is_not_listed_names_the_nearest() {
    let scratch = configured();
    scratch.write("users.toml", "");
    let asked = |role: &str| {
        let finished = scratch.run(&["why", role, "call", "shop.order"]);
        (finished.status.code(), finished.stdout, finished.stderr)
    };
    let (no, none) = ("no: the realm: no rule names it\n".to_owned(), String::new());
    let told = "serverwamp: the realm \"shop\" has no permissions for a role \"custmer\"; did you mean \"customer\"? \
                It has them for customer, backend\n";
    assert_eq!(asked("custmer"), (Some(1), no.clone(), told.to_owned()));
    let told = "serverwamp: the realm \"shop\" has no permissions for a role \"anonymous\". It has them for customer, backend\n";
    assert_eq!(asked("anonymous"), (Some(1), no, told.to_owned()));
    let (status, said, more) = asked("customer");
    assert_eq!((status, more), (Some(0), none));
    assert!(said.starts_with("yes: role \"customer\""), "{said}");
}
