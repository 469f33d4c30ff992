//! Users from a file that an operator edits while the server runs.

use std::fs;
use std::path::PathBuf;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};
use serverwamp_conformance::{DEADLINE, RawPeer, ServerProcess, Subprotocol, binary};

/// An entry for the ticket `secret!!!`, with the cheapest parameters.
fn entry() -> String {
    let mut hash = [0; 32];
    let params = Params::new(8, 1, 1, Some(hash.len())).expect("costs");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(b"secret!!!", b"salt of joe", &mut hash).expect("a hash");
    let (salt, hash) = (STANDARD_NO_PAD.encode("salt of joe"), STANDARD_NO_PAD.encode(hash));
    format!("ticket = \"$argon2id$v=19$m=8,t=1,p=1${salt}${hash}\"\n")
}

/// A file, and a server that reads it.
struct Place {
    file: PathBuf,
    server: ServerProcess,
}

impl Place {
    fn with(name: &str, users: &str) -> Self {
        let file = std::env::temp_dir().join(format!("serverwamp-users-{name}-{}.toml", std::process::id()));
        fs::write(&file, users).expect("a file");
        let argument = format!("credentials={}", file.display());
        let server = ServerProcess::start(&binary::authenticators(), &[&argument], &[]);
        Self { file, server }
    }

    fn log_in(&self, authid: &str) -> Value {
        let mut peer = RawPeer::connect(self.server.url(), Subprotocol::JSON);
        peer.join_with_ticket("credentials", authid, "secret!!!")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.file));
    }
}

#[test]
fn a_file_of_users_that_becomes_wrong_changes_nothing_and_a_line_says_so() {
    let place = Place::with("reload", &format!("[user.joe]\n{}", entry()));
    let welcome = place.log_in("joe");
    let expected = json!({ "authid": "joe", "authrole": "authenticated", "authmethod": "ticket", "authprovider": "file" });
    for (name, value) in expected.as_object().expect("a dict") {
        assert_eq!(&welcome[2][name], value);
    }
    fs::write(&place.file, "[user.joe]\nticket = \"secret!!!\"\n").expect("a file");
    assert_eq!(place.log_in("joe")[0], 2);
    let line =
        place.server.wait_for_log("the credentials cannot be reloaded, the former ones stay", DEADLINE);
    let name = place.file.display().to_string();
    assert!(line.contains("ERROR") && line.contains(&name), "{line}");
    assert!(!line.contains(".rs:"), "no line of the program is wrong: {line}");
    let reason = place.server.wait_for_log(&format!("{name}:2: user"), DEADLINE);
    assert!(reason.contains("`ticket` is not of the form $argon2id$"), "{reason}");
    assert_eq!(place.log_in("joe")[0], 2);
    let lines = place.server.stderr().matches("cannot be reloaded").count();
    assert_eq!(lines, 1, "it is said once: {}", place.server.stderr());
    fs::write(&place.file, format!("[user.ada]\n{}", entry())).expect("a file");
    assert_eq!(place.log_in("ada")[0], 2);
    place.server.wait_for_log("the credentials were reloaded", DEADLINE);
    assert_eq!(place.log_in("joe")[2], "wamp.error.authentication_denied", "joe was removed");
    assert!(!place.server.log().contains("secret!!!"), "{}", place.server.log());
}

#[test]
fn a_file_of_users_that_is_wrong_stops_the_start_with_every_fault_and_its_line() {
    let file = std::env::temp_dir().join(format!("serverwamp-users-wrong-{}.toml", std::process::id()));
    fs::write(&file, "[user.joe]\nticket = \"hunter2\"\nscram = \"hunter2\"\n[user.ada]\nrole = \"x\"\n")
        .expect("a file");
    let argument = format!("credentials={}", file.display());
    let failure = ServerProcess::try_start(&binary::authenticators(), &[&argument], &[]).unwrap_err();
    for line in [2, 3, 4] {
        assert!(failure.contains(&format!("{}:{line}: user ", file.display())), "{line}: {failure}");
    }
    assert!(!failure.contains("hunter2"), "{failure}");
    drop(fs::remove_file(&file));
}
