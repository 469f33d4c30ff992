//! Values: what each kind takes, what it becomes, and that what is shown can be read again.

use serverwamp_config::model::Config;
use serverwamp_config::{Environment, Setting, read};
use std::time::Duration;

/// The configuration of a text without mistakes.
fn config(text: &str) -> Config {
    let read = read(text, &Environment::empty());
    let mistakes: Vec<&str> = read.mistakes.iter().map(|mistake| mistake.title()).collect();
    assert!(mistakes.is_empty(), "{text}: {mistakes:?}");
    read.config.unwrap()
}

/// The first mistake of a text.
fn mistake(text: &str) -> String {
    let read = read(text, &Environment::empty());
    let first = read.mistakes.iter().next().unwrap_or_else(|| panic!("{text} has no mistake"));
    format!("{}: {}", first.code().id(), first.title())
}

#[test]
fn times_are_numbers_with_units() {
    for (text, milliseconds) in [
        ("0s", 0),
        ("250ms", 250),
        ("20s", 20_000),
        ("1m 30s", 90_000),
        ("1m30s", 90_000),
        ("2h", 7_200_000),
        ("1d", 86_400_000),
        ("1 h 1 ms", 3_600_001),
    ] {
        let read = config(&format!("shutdown.drain = {text:?}"));
        assert_eq!(read.shutdown.drain.get(), Duration::from_millis(milliseconds), "{text}");
        let again = config(&format!("shutdown.drain = {}", read.shutdown.drain.show()));
        assert_eq!(again.shutdown.drain, read.shutdown.drain, "{text}");
    }
    for text in [
        "\"\"",
        "\"5\"",
        "\"s\"",
        "\"5x\"",
        "\"-5s\"",
        "\"5.5s\"",
        "\"99999999999999999999d\"",
        "\"1s2\"",
        "5",
        "true",
        "1.5",
    ] {
        let said = mistake(&format!("shutdown.drain = {text}"));
        assert!(said.starts_with("SW0102") || said.starts_with("SW0103"), "{text}: {said}");
    }
    assert!(mistake("shutdown.drain = 5").contains("\"5s\" is 5 seconds"));
    assert!(mistake("shutdown.drain = -5").contains("expected a time, such as \"1m 30s\", found -5"));
}

#[test]
fn bytes_are_numbers_with_units_or_without() {
    for (text, bytes) in [
        ("65536", 65_536),
        ("\"64 KiB\"", 65_536),
        ("\"64KiB\"", 65_536),
        ("\"1 MiB\"", 1 << 20),
        ("\"2 GiB\"", 2 << 30),
        ("\"5 kB\"", 5000),
        ("\"5 MB\"", 5_000_000),
        ("\"100 B\"", 100),
    ] {
        let read = config(&format!("limits.retained_bytes = {text}"));
        assert_eq!(read.limits.retained_bytes.count(), bytes, "{text}");
        let again = config(&format!("limits.retained_bytes = {}", read.limits.retained_bytes.show()));
        assert_eq!(again.limits.retained_bytes, read.limits.retained_bytes, "{text}");
    }
    for text in
        ["\"64\"", "\"64 kib\"", "\"KiB\"", "-1", "\"-1 B\"", "\"99999999999 GiB\"", "1.5", "\"1.5 MiB\""]
    {
        let said = mistake(&format!("limits.retained_bytes = {text}"));
        assert!(said.starts_with("SW0102") || said.starts_with("SW0103"), "{text}: {said}");
    }
}

#[test]
fn addresses_are_sockets_localhost_files_or_systemds() {
    for (text, local) in [
        ("127.0.0.1:8080", true),
        ("[::1]:8080", true),
        ("0.0.0.0:80", false),
        ("[::]:443", false),
        ("localhost:8080", true),
        ("unix:/run/wamp.sock", true),
        ("unix:wamp.sock", true),
        ("systemd:wamp", false),
    ] {
        let read = config(&format!("[[listen]]\naddress = {text:?}"));
        let address = &read.listen[0].address;
        assert_eq!(address.to_string(), text);
        assert_eq!(address.is_local(), local, "{text}");
    }
    for (text, why) in [
        ("8080", "the port is missing"),
        ("127.0.0.1:", "no number from 0 to 65535"),
        ("127.0.0.1:65536", "no number from 0 to 65535"),
        ("wamp.example.com:80", "are not looked up"),
        ("unix:", "needs a path"),
        ("systemd:", "needs a name"),
        ("", "empty string"),
    ] {
        let said = mistake(&format!("[[listen]]\naddress = {text:?}"));
        assert!(said.contains(why), "{text}: {said}");
    }
}

#[test]
fn patterns_have_stars_for_whole_parts() {
    for text in ["shop.order", "shop.*", "*", "shop.*.price", "*.price", "Shop.Ördér"] {
        let read = config(&format!("metrics.uri_labels = [{text:?}]"));
        assert!(read.metrics.uri_labels[0].pattern().is_ok(), "{text}");
    }
    for (text, why) in [
        ("shop.", "a part between two dots is empty"),
        (".shop", "a part between two dots is empty"),
        ("shop..price", "a part between two dots is empty"),
        ("shop*", "stands for a whole part"),
        ("shop.*.price.*", "one kind"),
        ("shop order", "' ' is not allowed"),
        ("shop#1", "'#' is not allowed"),
    ] {
        let said = mistake(&format!("metrics.uri_labels = [{text:?}]"));
        assert!(said.contains(why), "{text}: {said}");
    }
}

#[test]
fn modes_are_octal_digits() {
    for (text, bits) in [("0660", 0o660), ("600", 0o600), ("0000", 0), ("777", 0o777)] {
        let read = config(&format!("[[listen]]\naddress = \"unix:x\"\nmode = {text:?}"));
        assert_eq!(read.listen[0].mode.as_ref().unwrap().bits(), Some(bits), "{text}");
    }
    for text in ["8", "rw-", "1777", "00660", "-660", "+66", "0x1ff", ""] {
        let said = mistake(&format!("[[listen]]\naddress = \"unix:x\"\nmode = {text:?}"));
        assert!(said.starts_with("SW0103"), "{text}: {said}");
    }
    assert!(mistake("[[listen]]\nmode = 660").starts_with("SW0102"));
}

#[test]
fn secrets_are_named_and_not_written() {
    let read = config("auth_secret = { file = \"auth.secret\" }");
    assert_eq!(read.auth_secret.as_ref().unwrap().show(), "{ file = \"auth.secret\" }");
    let said = mistake("auth_secret = \"hunter2\"");
    assert!(said.starts_with("SW0105") && !said.contains("hunter2"), "{said}");
    for text in ["{}", "{ file = \"a\", env = \"B\" }"] {
        assert!(mistake(&format!("auth_secret = {text}")).starts_with("SW0108"), "{text}");
    }
}
