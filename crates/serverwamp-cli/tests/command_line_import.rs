//! `serverwamp config import`: what it writes, where, and what it says.
//!
//! `cargo test -p serverwamp-cli --test command_line_import`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serverwamp_conformance::binary;
use serverwamp_conformance::output::{self, Finished};

/// Hashing takes a while where it is not optimised.
const PATIENCE: Duration = Duration::from_secs(60);

/// A node with a user, everybody else as a guest, and a page about the node.
const NODE: &str = r#"{
    "version": 2,
    "workers": [{
        "type": "router",
        "realms": [{"name": "realm1", "roles": [{"name": "guest", "permissions": [
            {"uri": "com.example.", "match": "prefix", "allow": {"call": true}}
        ]}]}],
        "transports": [{
            "type": "web",
            "endpoint": {"type": "tcp", "port": 8080},
            "paths": {
                "ws": {"type": "websocket", "auth": {
                    "anonymous": {"type": "static", "role": "guest"},
                    "ticket": {"type": "static", "principals": {"joe": {"ticket": "hunter2", "role": "guest"}}}
                }},
                "info": {"type": "nodeinfo"}
            }
        }]
    }]
}"#;

/// The files of one test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("serverwamp-import-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory");
        fs::write(path.join("config.json"), NODE).expect("a file");
        Self(path)
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new(binary::cli());
        command.current_dir(&self.0).args(["config", "import"]).args(arguments);
        output::run(&mut command, PATIENCE).expect("it ends by itself")
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).expect("a file")
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.0.join(name)).expect("a file").permissions().mode() & 0o777
    }

    fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[track_caller]
fn fails(finished: &Finished, line: &str) {
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert_eq!((finished.stdout.as_str(), finished.stderr.trim()), ("", line));
}

#[test]
fn the_configuration_is_printed_and_what_is_left_is_listed_beside_it() {
    let files = Directory::new();
    let finished = files.run(&["config.json"]);
    assert_eq!(finished.status.code(), Some(0), "{finished:?}");
    for part in [
        "[[listen]]\naddress = \"0.0.0.0:8080\"\nserve = [\"websocket\"]\n",
        "[[realm.auth]]\nfile = { path = \"users.toml\", methods = [\"ticket\"] }\n",
        "[realm.role.guest.allow]\n\"com.example.*\" = [\"call\"]\n",
    ] {
        assert!(finished.stdout.contains(part), "{part} is not in\n{}", finished.stdout);
    }
    for part in [
        "not carried over:\n  there is no page about the node\n  -> `serve = [\"health\"]`",
        "       workers[0].transports[0].paths.info\n",
        "users with secrets that are not written: 1; `--credentials users.toml` writes the file",
        "serverwamp: config.json: carried over; left out: 1, changed: 0, see above\n",
    ] {
        assert!(finished.stderr.contains(part), "{part} is not in\n{}", finished.stderr);
    }
    assert!(!format!("{finished:?}").contains("hunter2"));
    assert!(!files.has("users.toml"));
}

#[test]
fn users_are_written_into_a_file_that_their_owner_alone_can_read() {
    let files = Directory::new();
    let finished = files.run(&["config.json", "-o", "serverwamp.toml", "--credentials", "users.toml"]);
    assert_eq!((finished.status.code(), finished.stdout.as_str()), (Some(0), ""), "{finished:?}");
    assert!(finished.stderr.contains("serverwamp: users written to users.toml: 1\n"), "{finished:?}");
    assert!(files.read("serverwamp.toml").contains("path = \"users.toml\""));
    let users = files.read("users.toml");
    assert!(users.contains("[user.joe]\nrole = \"guest\"\nticket = \"$argon2id$"), "{users}");
    assert!(!users.contains("hunter2") && files.mode("users.toml") == 0o600);
    // In another folder, the configuration names it as a whole.
    fs::create_dir(files.0.join("etc")).expect("a directory");
    files.run(&["config.json", "-o", "etc/serverwamp.toml", "--credentials", "other.toml"]);
    let whole = fs::canonicalize(files.0.join("other.toml")).expect("a file");
    assert!(
        files.read("etc/serverwamp.toml").contains(&format!("path = {:?}", whole.to_str().expect("ASCII")))
    );
}

#[test]
fn nothing_is_written_over_a_file_that_is_there_unless_asked() {
    for there in ["serverwamp.toml", "users.toml"] {
        let files = Directory::new();
        fs::write(files.0.join(there), "mine").expect("a file");
        fs::set_permissions(files.0.join(there), fs::Permissions::from_mode(0o644)).expect("a mode");
        let arguments = ["config.json", "-o", "serverwamp.toml", "--credentials", "users.toml"];
        let line = format!(
            "serverwamp: {there} is there already: choose another file, or write over it with --force"
        );
        fails(&files.run(&arguments), &line);
        assert_eq!(files.read(there), "mine");
        assert!(!(files.has("serverwamp.toml") && files.has("users.toml")), "none is written");
        let finished = files.run(&[&arguments[..], &["--force"]].concat());
        assert_eq!(finished.status.code(), Some(0), "{finished:?}");
        assert!(files.read(there) != "mine" && files.mode("users.toml") == 0o600);
        assert_eq!(fs::read_dir(&files.0).expect("a directory").count(), 3, "nothing is left beside them");
    }
}

#[test]
fn what_is_no_configuration_of_a_router_is_one_line() {
    let files = Directory::new();
    for (text, line) in [
        ("{\n \"workers\": [1 2]\n}", "serverwamp: x.json:2:16: this is not JSON: expected `,` or `]`"),
        (
            "{}",
            "serverwamp: x.json: this is not a configuration of Crossbar.io or nexus: it has neither `workers` nor `controller` nor `router`",
        ),
        ("", "serverwamp: x.json:1:0: this is not JSON: EOF while parsing a value"),
    ] {
        fs::write(files.0.join("x.json"), text).expect("a file");
        fails(&files.run(&["x.json", "-o", "new.toml"]), line);
    }
    fs::write(files.0.join("x.json"), [0xff, 0xfe]).expect("a file");
    fails(&files.run(&["x.json"]), "serverwamp: x.json is not UTF-8, as JSON is");
    fails(&files.run(&["/dev/zero"]), "serverwamp: /dev/zero is longer than 16 MiB: no configuration is");
    let finished = files.run(&["none.json"]);
    assert!(
        finished.status.code() == Some(1)
            && finished.stderr.starts_with("serverwamp: none.json cannot be read: ")
    );
    assert!(!files.has("new.toml"));
}

#[test]
fn a_configuration_that_is_all_there_is_said_to_be() {
    let files = Directory::new();
    let node = NODE.replace(",\n                \"info\": {\"type\": \"nodeinfo\"}", "");
    fs::write(files.0.join("config.json"), node).expect("a file");
    let finished = files.run(&["config.json", "--credentials", "users.toml"]);
    assert_eq!(
        (finished.status.code(), finished.stderr.as_str()),
        (
            Some(0),
            "serverwamp: users written to users.toml: 1\nserverwamp: config.json: everything is carried over\n"
        )
    );
}
