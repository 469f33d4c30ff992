//! Command lines, and what is said about those that cannot be followed.

use super::*;

fn parsed(line: &str) -> Result<Option<Arguments>, String> {
    let words = ["serverwamp"].into_iter().chain(line.split_whitespace());
    parse(words.map(OsString::from)).map_err(|failure| failure.to_string())
}

fn dev(line: &str) -> DevOptions {
    match parsed(line).unwrap().unwrap().command() {
        Command::Dev(options) => options,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_command_line_is_sound() {
    <Arguments as CommandFactory>::command().debug_assert();
}

#[test]
fn dev_can_be_left_out() {
    assert_eq!(dev("").listen, ListenAddress::DEFAULT);
    for line in [
        "--listen 127.0.0.1:9000 --insecure",
        "dev --listen=localhost:9000 --insecure",
        "--listen 127.0.0.1:9000 dev --insecure",
    ] {
        let options = dev(line);
        assert_eq!(options.listen.to_string(), "127.0.0.1:9000");
        assert!(options.insecure);
    }
    for line in ["-v", "--verbose dev", "dev -v", "-v --listen 127.0.0.1:1"] {
        assert_eq!(parsed(line).unwrap().unwrap().verbose, 1, "{line}");
    }
}

#[test]
fn origins_and_hosts_may_be_repeated() {
    let options = dev("--origin https://a.example --host a.example dev --origin https://*.b.example");
    assert_eq!((options.origin.len(), options.host.len()), (2, 1));
}

#[test]
fn options_before_the_command_and_behind_it_are_one_list() {
    assert_eq!(parsed("-v dev -vv").unwrap().unwrap().verbose, 3);
    let twice = parsed("--listen 127.0.0.1:1 dev --listen 127.0.0.1:2").unwrap_err();
    assert!(twice.contains("--listen is given more than once"), "{twice}");
    let options = dev("--unix-mode 600 dev --unix dev");
    assert!(options.unix_mode.is_some() && options.unix.is_some_and(|path| path == *"dev"));
    assert!(dev("--unix dev dev").unix.is_some());
    assert!(dev("--unix=dev").unix.is_some());
    assert!(parsed("--unix dev dev dev").unwrap_err().contains("one word too many"));
}

#[test]
fn what_is_not_understood_is_answered_in_one_line() {
    for (line, part) in [
        ("--lisen 127.0.0.1:1", "unknown option --lisen; did you mean --listen?"),
        ("dev --insecur", "did you mean --insecure?"),
        ("--nonsense", "unknown option --nonsense; see serverwamp --help"),
        ("-x", "unknown option -x"),
        ("devv", "unknown command \"devv\"; did you mean dev?"),
        ("srve", "unknown command \"srve\"; did you mean serve?"),
        ("help --help", "write serverwamp help or serverwamp dev --help"),
        ("dev help", "\"help\" is one word too many; write serverwamp dev --help"),
        ("start", "unknown command \"start\"; write serverwamp dev"),
        ("--port 9000", "unknown option --port; the port is part of the address: --listen 127.0.0.1:PORT"),
        ("--port=9000", "unknown option --port; the port is part of the address"),
        ("dev -p 9000", "unknown option -p; the port is part of the address"),
        ("--listen ws://127.0.0.1:9000/ws", "write 127.0.0.1:9000"),
        ("dev more", "\"more\" is one word too many"),
        ("--listen", "--listen needs a value: --listen <ADDR:PORT>"),
        ("--listen 9000", "--listen \"9000\": the address is missing, write 127.0.0.1:9000"),
        (
            "--tls-key key.pem",
            "--tls-certificates is missing: --tls-certificates and --tls-key are given together",
        ),
        ("--tls-certificates cert.pem", "--tls-key is missing"),
        ("--listen 127.0.0.1:1 --listen 127.0.0.1:2", "--listen is given more than once"),
        ("--origin app.example.com", "the scheme is missing, write \"https://app.example.com\""),
        ("--host app.example.com:80", "write app.example.com"),
        ("--host https://app.example.com:80/ws", "a host has no scheme: write app.example.com"),
        ("hash scrm", "unknown command \"scrm\"; did you mean scram?"),
        ("hash scram --kdf argon2", "--kdf \"argon2\": expected pbkdf2 or argon2id13"),
        ("hash", "hash needs a word behind it: ticket or cra or scram; see serverwamp help hash"),
        ("token", "token needs a word behind it: make or check; see serverwamp help token"),
        ("token make --key key.pem", "--subject is missing; see serverwamp help token make"),
        ("token check", "--keys or --secret is missing; see serverwamp help token check"),
        ("token check --keys a --secret b", "--keys and --secret exclude each other"),
        ("token check --keys a --keys b", "--keys is given more than once"),
        ("hash ticket --user ", "--user needs a value"),
        ("token make --key k --subject s --expires-in 0s", "a token that is never valid"),
        ("token make --key k --subject s --expires-in 99999999999d", "100 years at the most"),
        ("token make --key k --subject s --claim exp=1", "--expires-in says that"),
        ("token make --key k --subject s --claim sub=1", "--subject says that"),
    ] {
        let said = parsed(line).unwrap_err();
        assert!(said.contains(part), "{line:?}: {said}");
        assert!(!said.contains('\n'), "{line:?}: {said}");
    }
}
