//! Values of the environment: which key each belongs to, and that it wins over the file.

use serverwamp_config::model::Config;
use serverwamp_config::{Environment, Printer, ReadConfig, Style, read};

const FILE: &str =
    "[[listen]]\naddress = \"127.0.0.1:8080\"\n\n[[realm]]\nname = \"shop\"\nauth = [{ anonymous = {} }]\n";

fn read_with(variables: &[(&str, &str)]) -> ReadConfig {
    let environment: Environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    read(FILE, &environment)
}

fn config(variables: &[(&str, &str)]) -> Config {
    let read = read_with(variables);
    let mistakes: Vec<&str> = read.mistakes.iter().map(|mistake| mistake.title()).collect();
    assert!(mistakes.is_empty(), "{variables:?}: {mistakes:?}");
    read.config.unwrap()
}

fn mistakes(variables: &[(&str, &str)]) -> Vec<String> {
    let read = read_with(variables);
    read.mistakes.iter().map(|mistake| format!("{}: {}", mistake.code().id(), mistake.title())).collect()
}

#[test]
fn a_variable_wins_over_the_file() {
    let config = config(&[
        ("SERVERWAMP_LISTEN__0__ADDRESS", "0.0.0.0:80"),
        ("SERVERWAMP_LIMITS__CONNECTIONS", "1000"),
        ("SERVERWAMP_SHUTDOWN__DRAIN", "20s"),
        ("SERVERWAMP_LOG__LEVEL", "debug"),
        ("SERVERWAMP_METRICS__MOST_URIS", "7"),
        ("SERVERWAMP_METRICS__URI_LABELS", "[\"shop.*\", \"office.*\"]"),
    ]);
    assert_eq!(config.listen[0].address.to_string(), "0.0.0.0:80");
    assert_eq!(config.limits.connections.unwrap().get(), 1000);
    assert_eq!(config.shutdown.drain.get().as_secs(), 20);
    assert_eq!(config.log.level.word(), "debug");
    assert_eq!(config.metrics.most_uris.get(), 7);
    assert_eq!(config.metrics.uri_labels.len(), 2);
}

#[test]
fn one_of_a_list_is_found_by_name_or_number_and_made_if_it_is_the_next() {
    let config = config(&[
        ("SERVERWAMP_REALM__SHOP__RULES__META_API", "false"),
        ("SERVERWAMP_REALM__1__NAME", "office"),
        ("SERVERWAMP_REALM__1__AUTH", "[{ anonymous = {} }]"),
        ("SERVERWAMP_LISTEN__1__ADDRESS", "localhost:9000"),
    ]);
    assert!(!*config.realm[0].rules.meta_api);
    assert_eq!(config.realm[1].name.as_str(), "office");
    assert_eq!(config.listen[1].address.to_string(), "localhost:9000");
}

#[test]
fn variables_of_the_program_itself_belong_to_no_key_and_are_no_mistake() {
    assert!(
        mistakes(&[("SERVERWAMP_CONFIG", "a.toml"), ("SERVERWAMP_CONTEXTS", "contexts.toml")]).is_empty()
    );
}

#[test]
fn a_secret_may_be_given_and_is_not_shown() {
    let config = config(&[("SERVERWAMP_AUTH_SECRET", "hunter2")]);
    let secret = config.auth_secret.as_ref().unwrap();
    assert!(!format!("{secret:?}").contains("hunter2"));
    assert_eq!(secret.load(std::path::Path::new(".")).unwrap().as_str(), "hunter2");
}

#[test]
fn a_variable_of_no_key_is_doubtful_and_a_wrong_value_is_wrong() {
    for (name, value, said) in [
        (
            "SERVERWAMP_LIMTS__CONNECTIONS",
            "5",
            "SW0106: the environment variable SERVERWAMP_LIMTS__CONNECTIONS belongs to no key",
        ),
        ("SERVERWAMP_REALM__OFFICE__NAME", "office", "SW0106"),
        ("SERVERWAMP_LISTEN__5__ADDRESS", "0.0.0.0:80", "SW0106"),
        ("SERVERWAMP_LIMITS__CONNECTIONS__X", "5", "SW0106"),
        ("SERVERWAMP_LIMITS__CONNECTIONS", "many", "SW0102"),
        ("SERVERWAMP_LIMITS__NESTING", "2", "SW0103"),
        ("SERVERWAMP_LOG__LEVEL", "loud", "SW0103"),
    ] {
        let found = mistakes(&[(name, value)]);
        assert!(found.len() == 1 && found[0].starts_with(said), "{name}: {found:?}");
    }
}

#[test]
fn what_others_set_is_left_alone() {
    config(&[
        ("SERVERWAMP_SERVICE_HOST", "10.0.0.1"),
        ("SERVERWAMP_PORT", "tcp://10.0.0.1:80"),
        ("SERVERWAMP_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("SERVERWAMP_CONFIG", "serverwamp.toml"),
        ("PATH", "/bin"),
    ]);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_named_and_its_value_is_not_printed() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;
    let bytes = |text: &[u8]| OsString::from_vec(text.to_vec());
    let environment: Environment = [
        (bytes(b"SERVERWAMP_AUTH_SECRET"), bytes(b"hunter2\xff")),
        (bytes(b"SERVERWAMP_LIMITS__CONNECTIONS"), bytes(b"5")),
        (bytes(b"SERVERWAMP_L\xff"), bytes(b"5")),
        (bytes(b"SERVERWAMP_CONFIG"), bytes(b"a\xff.toml")),
        (bytes(b"LC_ALL"), bytes(b"\xff")),
    ]
    .into_iter()
    .collect();
    let read = read(FILE, &environment);
    let found: Vec<String> =
        read.mistakes.iter().map(|it| format!("{}: {}", it.code().id(), it.title())).collect();
    assert_eq!(
        found,
        [
            "SW0102: the environment variable SERVERWAMP_AUTH_SECRET is not UTF-8",
            "SW0102: the environment variable SERVERWAMP_L\u{fffd} is not UTF-8",
        ]
    );
    assert_eq!(read.mistakes.errors(), 2);
    let printed = Printer::new("serverwamp.toml", FILE, &environment, Style::Plain).print(&read.mistakes);
    assert!(!printed.contains("hunter2") && printed.contains("SERVERWAMP_AUTH_SECRET"), "{printed}");
    let names: Vec<&str> = environment.names().collect();
    assert_eq!(names, ["SERVERWAMP_LIMITS__CONNECTIONS", "SERVERWAMP_AUTH_SECRET", "SERVERWAMP_L\u{fffd}"]);
}
