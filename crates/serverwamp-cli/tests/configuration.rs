//! The commands about configuration files: what they print, and how they end.

#![expect(clippy::unwrap_used, reason = "a test fails there")]

use serverwamp_conformance::binary;
use serverwamp_conformance::output::{self, Finished};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    /// Tests run at the same time, and several have one of the same name.
    fn new(name: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("serverwamp-configuration-{name}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary::cli());
    command.current_dir(folder).args(arguments);
    // What the tests are run with is no part of a configuration.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SERVERWAMP_")) {
        command.env_remove(name);
    }
    command
}

fn run(folder: &Folder, arguments: &[&str]) -> Finished {
    output::run(&mut command(&folder.0, arguments), PATIENCE).expect("it ends by itself")
}

/// What is printed by a command that succeeds.
fn printed(arguments: &[&str]) -> String {
    let folder = Folder::new("printed");
    let finished = run(&folder, arguments);
    assert_eq!((finished.status.code(), &*finished.stderr), (Some(0), ""), "{arguments:?}");
    finished.stdout
}

/// Requires one line on the standard error, and this status.
fn refused(arguments: &[&str], status: i32, said: &str) {
    let folder = Folder::new("refused");
    let finished = run(&folder, arguments);
    assert_eq!((finished.status.code(), &*finished.stdout), (Some(status), ""), "{arguments:?}");
    assert!(finished.stderr.contains(said), "{arguments:?}: {}", finished.stderr);
    assert_eq!(finished.stderr.matches('\n').count(), 1, "{}", finished.stderr);
}

const GOOD: &str = "[[realm]]\nname = \"realm1\"\nauth = [{ anonymous = {} }]\n";
const BAD: &str = "[[listen]]\nwebsocket = { max_mesage = \"1 MiB\" }\n\n[[realm]]\nname = \"realm1\"\nauth = [{ anonymous = {} }]\n";
const DOUBTFUL: &str =
    "[[listen]]\nmode = \"0660\"\n\n[[realm]]\nname = \"realm1\"\nauth = [{ anonymous = {} }]\n";

#[test]
fn a_file_is_found_where_it_is_usually_or_where_it_is_said_to_be() {
    let folder = Folder::new("found");
    folder.file("serverwamp.toml", GOOD);
    folder.file("other.toml", BAD);
    let fine = "serverwamp.toml: no mistakes, 1 listener, 1 realm\n";
    assert_eq!(run(&folder, &["check"]).stdout, fine);
    assert_eq!(run(&folder, &["check", "-c", "serverwamp.toml"]).stdout, fine);
    let by_variable =
        output::run(command(&folder.0, &["check"]).env("SERVERWAMP_CONFIG", "other.toml"), PATIENCE);
    let by_variable = by_variable.unwrap();
    assert_eq!(by_variable.status.code(), Some(1));
    assert!(by_variable.stdout.contains("--> other.toml:2:15"), "{}", by_variable.stdout);
}

#[test]
fn mistakes_are_printed_as_rustc_prints_its_own_and_fail() {
    let folder = Folder::new("mistakes");
    folder.file("serverwamp.toml", BAD);
    let finished = run(&folder, &["check"]);
    let expected = "error[SW0107]: unknown key `max_mesage`
 --> serverwamp.toml:2:15
  |
2 | websocket = { max_mesage = \"1 MiB\" }
  |               ^^^^^^^^^^
  |
  = help: did you mean `max_message`?

serverwamp.toml: 1 error
`serverwamp explain SW0107` says more about the first
";
    assert_eq!((finished.status.code(), &*finished.stdout, &*finished.stderr), (Some(1), expected, ""));
}

#[test]
fn warnings_fail_if_they_are_told_to() {
    let folder = Folder::new("warnings");
    folder.file("serverwamp.toml", DOUBTFUL);
    let finished = run(&folder, &["check"]);
    assert_eq!(finished.status.code(), Some(0));
    assert!(finished.stdout.starts_with("warning[SW0207]"), "{}", finished.stdout);
    assert!(
        finished.stdout.ends_with("serverwamp.toml: it can be used, 1 listener, 1 realm\n"),
        "{}",
        finished.stdout
    );
    assert_eq!(run(&folder, &["check", "--warnings-as-errors"]).status.code(), Some(1));
}

#[test]
fn a_file_to_begin_with_has_no_mistake_and_is_read_from_a_pipe() {
    let folder = Folder::new("begin");
    let begun = printed(&["config", "init", "--realm", "shop"]);
    assert!(begun.contains("name = \"shop\""), "{begun}");
    let mut child = command(&folder.0, &["check", "-c", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(begun.as_bytes()).unwrap();
    let finished = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&finished.stdout),
        "standard input: no mistakes, 1 listener, 1 realm\n"
    );
    assert!(finished.status.success());
}

#[test]
fn codes_are_explained_and_listed() {
    let explained = printed(&["explain", "SW0107"]);
    assert!(explained.starts_with("error[SW0107]: unknown key\n\nA key does not exist.\n"), "{explained}");
    assert!(
        explained.contains("\n    websocket = { max_mesage = \"1 MiB\" }\n") && !explained.contains("```"),
        "{explained}"
    );
    let listed = printed(&["explain"]);
    assert!(
        listed.starts_with("SW0100  error    this is not TOML\n") && listed.lines().count() > 40,
        "{listed}"
    );
}

#[test]
fn keys_are_explained() {
    let explained = printed(&["config", "explain", "limits.connections"]);
    assert!(explained.starts_with("limits.connections\n"), "{explained}");
    assert!(printed(&["config", "explain"]).contains("\n  listen "));
    assert!(printed(&["config", "explain", "realm.auth.jwt"]).contains("jwks_url"));
}

#[test]
fn the_schema_is_json() {
    let schema: serde_json::Value = serde_json::from_str(&printed(&["config", "schema"])).unwrap();
    assert!(schema["$defs"]["listen"]["properties"]["address"].is_object());
}

#[test]
fn variables_are_listed_and_their_values_are_not() {
    assert!(printed(&["config", "env"]).contains("\nSERVERWAMP_LIMITS__CONNECTIONS\n"));
    let folder = Folder::new("variables");
    folder.file("serverwamp.toml", GOOD);
    let set = output::run(
        command(&folder.0, &["config", "env", "-c", "serverwamp.toml"])
            .env("SERVERWAMP_AUTH_SECRET", "hunter2")
            .env("SERVERWAMP_LIMTS__NESTING", "64"),
        PATIENCE,
    )
    .unwrap();
    assert_eq!(set.stdout, "SERVERWAMP_AUTH_SECRET\nSERVERWAMP_LIMTS__NESTING  SW0106: unknown variable\n");
}

#[test]
fn what_cannot_be_followed_is_one_line() {
    refused(&["check"], 2, "there is no configuration: write -c FILE or set SERVERWAMP_CONFIG");
    refused(&["check", "-c", "missing.toml"], 1, "missing.toml cannot be read: there is no such file");
    refused(&["check", "-c", "."], 1, "it is a folder");
    refused(&["check", "--strict"], 2, "unknown option --strict");
    refused(&["check", "serverwamp.toml"], 2, "one word too many; write -c FILE");
    refused(&["serve", "serverwamp.toml"], 2, "one word too many; write -c FILE");
    refused(&["-c", "serverwamp.toml"], 2, "write serverwamp serve -c FILE");
    refused(&["dev", "--config", "serverwamp.toml"], 2, "write serverwamp serve -c FILE");
    refused(&["explain", "SW9999"], 2, "there is no code \"SW9999\"");
    refused(&["config"], 2, "config needs a word behind it: init or schema or explain or import or env");
    refused(&["config", "explain", "limts"], 2, "did you mean `limits`?");
    refused(&["config", "init", "--tls-key", "key.pem"], 2, "--tls-certificates is missing");
}

#[test]
fn a_file_that_is_no_text_is_said_to_be_none() {
    let folder = Folder::new("text");
    std::fs::write(folder.0.join("serverwamp.toml"), b"# fine\n\xff\xfe").unwrap();
    let finished = run(&folder, &["check"]);
    assert_eq!(finished.status.code(), Some(1));
    assert_eq!(finished.stderr, "serverwamp: serverwamp.toml cannot be read: line 2 is not UTF-8\n");
}

#[test]
fn whoever_stops_reading_has_seen_enough() {
    let folder = Folder::new("pipe");
    for arguments in [&["config", "schema"][..], &["config", "env"], &["explain"], &["config", "init"]] {
        let mut child =
            command(&folder.0, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let finished = child.wait_with_output().unwrap();
        assert_eq!((finished.status.code(), &*finished.stderr), (Some(0), &b""[..]), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_an_error_by_its_name() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = Folder::new("no-text");
    folder.file("serverwamp.toml", GOOD);
    let value = std::ffi::OsStr::from_bytes(b"hunter2\xff");
    let finished =
        output::run(command(&folder.0, &["check"]).env("SERVERWAMP_AUTH_SECRET", value), PATIENCE).unwrap();
    assert_eq!(finished.status.code(), Some(1));
    let said = "error[SW0102]: the environment variable SERVERWAMP_AUTH_SECRET is not UTF-8\n";
    assert!(finished.stdout.starts_with(said), "{}", finished.stdout);
    assert!(!finished.stdout.contains("hunter2"), "{}", finished.stdout);
}

#[test]
fn the_exit_status_of_a_missing_file_is_told() {
    let help = printed(&["check", "--help"]);
    assert!(help.contains("It is 1 for one with mistakes, and for one that is named and missing"), "{help}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_can_be_checked_and_is_not_served() {
    let folder = Folder::new("fifo");
    let made = Command::new("mkfifo").arg(folder.0.join("pipe")).status().unwrap();
    assert!(made.success());
    let finished = run(&folder, &["serve", "-c", "pipe"]);
    assert_eq!(finished.status.code(), Some(1));
    let said = "serverwamp: pipe cannot be read: it is a named pipe, and a file is expected\n";
    assert_eq!(finished.stderr, said);
    let pipe = folder.0.join("pipe");
    let writing = std::thread::spawn(move || std::fs::write(pipe, GOOD));
    let finished = run(&folder, &["check", "-c", "pipe"]);
    assert_eq!(finished.stdout, "pipe: no mistakes, 1 listener, 1 realm\n");
    writing.join().unwrap().unwrap();
}
