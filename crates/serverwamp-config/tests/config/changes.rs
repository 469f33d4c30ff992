//! What differs between two configurations.

use serverwamp_config::{Environment, Source, changes, read};

fn differences(before: &str, after: &str) -> Vec<String> {
    let [before, after] = [before, after].map(|text| {
        let read = read(text, &Environment::empty());
        assert!(read.mistakes.is_empty(), "{text}: {:?}", read.mistakes);
        read.config.unwrap()
    });
    changes(&before, &after).iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_moved_or_written_otherwise_has_not_changed() {
    let one = "[limits]\nconnections = 100\n\n[[realm]]\nname = \"a\"\nrole.x = { allow = { \"a.*\" = [\"call\"] } }\n\n[[realm]]\nname = \"b\"\n";
    let other = "# A comment.\nlimits = { connections = 1_00 }\n[[realm]]\nname = \"b\"\n[[realm]]\nname = 'a'\n[realm.role.x.allow]\n\"a.*\" = [\"call\"]\n";
    assert_eq!(differences(one, other), [""; 0]);
    assert_eq!(differences("shutdown.drain = \"60s\"", "shutdown.drain = \"1m\""), [""; 0]);
    assert_eq!(differences("", "shutdown.drain = \"10s\""), [""; 0], "it is the default");
}

#[test]
fn every_difference_is_told_at_its_key() {
    let before = "limits.connections = 100\n\n[[realm]]\nname = \"a\"\nauth = [{ anonymous = {} }]\n\n[[realm]]\nname = \"b\"\n";
    let after = "limits.connections = 200\nlog.level = \"debug\"\n\n[[realm]]\nname = \"a\"\nauth = [{ anonymous = { role = \"guest\" } }]\n\n[[realm]]\nname = \"c\"\n";
    let found = differences(before, after);
    for part in [
        "limits.connections: 100 is now 200",
        "log.level: \"info\" is now \"debug\"",
        "\"b\"]: removed",
        "\"c\"]: added",
        "\"a\"].auth",
    ] {
        assert!(found.iter().any(|line| line.contains(part)), "{part}: {found:#?}");
    }
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[test]
fn what_needs_a_restart_says_so() {
    let found = differences("", "control = { socket = \"control.sock\" }\n");
    assert!(found.len() == 1 && found[0].ends_with("(needs a restart)"), "{found:?}");
    let found = differences("", "reload.watch = \"5s\"\n");
    assert!(found.len() == 1 && !found[0].contains("restart"), "{found:?}");
}

#[test]
fn secrets_are_not_told() {
    let environment = |secret: &str| -> Environment {
        [("SERVERWAMP_AUTH_SECRET".to_owned(), secret.to_owned())].into_iter().collect()
    };
    let [before, after] = ["hunter1", "hunter2"].map(|secret| read("", &environment(secret)).config.unwrap());
    let found: Vec<String> = changes(&before, &after).iter().map(ToString::to_string).collect();
    assert!(found.len() == 1 && !found[0].contains("hunter"), "{found:?}");
}

#[test]
fn a_change_says_where_its_value_stands() {
    let variable = ("SERVERWAMP_LIMITS__CONNECTIONS".to_owned(), "200".to_owned());
    let environment: Environment = [variable].into_iter().collect();
    let defaults = read("", &Environment::empty()).config.unwrap();
    let config = read("shutdown.drain = \"1m\"\n[admin]\nauth = []\n", &environment).config.unwrap();
    let found: Vec<_> =
        changes(&defaults, &config).into_iter().map(|change| (change.path, change.source)).collect();
    let expected = [
        ("admin", Some(Source::File)),
        ("limits.connections", Some(Source::Variable("SERVERWAMP_LIMITS__CONNECTIONS".to_owned()))),
        ("shutdown.drain", Some(Source::File)),
    ];
    assert_eq!(found, expected.map(|(path, source)| (path.to_owned(), source)));
}
