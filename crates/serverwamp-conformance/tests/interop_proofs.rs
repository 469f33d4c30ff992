//! Logins of clients in Python by passwords and keys: Autobahn|Python with SCRAM and cryptosign, xconn with cryptosign, and a peer on
//! pyOpenSSL and PyNaCl that binds its signature to the TLS connection (checklist SCR-14, CSG-06, CSG-10 to CSG-12).
//!
//! `cargo test -p serverwamp-conformance --test interop_proofs`. Where Python or its packages cannot be had, it says so and tests
//! nothing; with `SERVERWAMP_REQUIRE_INTEROP=1` it fails.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::{Authority, ServerProcess, binary, interop, output};

const PATIENCE: Duration = Duration::from_secs(60);

const DENIED: &str = "wamp.error.authentication_denied";

/// A server with TLS, the files of its certificate, and a Python that has the clients.
struct Place {
    server: ServerProcess,
    python: PathBuf,
    directory: PathBuf,
}

impl Place {
    /// `None` where there is no Python, which is said.
    #[track_caller]
    fn new() -> Option<&'static Self> {
        static PLACE: OnceLock<Option<Place>> = OnceLock::new();
        PLACE.get_or_init(Self::prepare).as_ref()
    }

    fn prepare() -> Option<Self> {
        let python = match interop::python() {
            Ok(python) => python,
            Err(reason) => {
                assert!(!interop::is_required(), "{reason}");
                println!("skipped: {reason}");
                return None;
            }
        };
        let directory = std::env::temp_dir().join(format!("serverwamp-proofs-{}", std::process::id()));
        let authority = Authority::new("interop");
        let (certificate, key) = authority.issue(&["127.0.0.1"]).write(&directory).expect("files");
        std::fs::write(directory.join("authority.pem"), authority.certificate()).expect("a file");
        let tls = format!("tls={},{}", certificate.display(), key.display());
        let server = ServerProcess::try_start(&binary::fixture(), &[&tls], &[]).expect("the server starts");
        Some(Self { server, python, directory })
    }

    fn file(&self, name: &str) -> String {
        self.directory.join(name).display().to_string()
    }

    fn tls(&self) -> String {
        self.server.tls_address().expect("a port with TLS")
    }

    /// What the client saw.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(&self.python);
        command.arg(interop::scripts().join("proofs_client.py")).args(arguments);
        let finished = output::run(&mut command, PATIENCE).expect("it ends");
        let line = finished.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(line)
            .unwrap_or_else(|_| panic!("{arguments:?}: {}{}", finished.stdout, finished.stderr))
    }
}

#[test]
fn scr_14_autobahn_logs_in_by_scram_with_argon2_and_knows_the_server() {
    let Some(place) = Place::new() else { return };
    let log_in = |authid: &str, password: &str| {
        place.run(&["autobahn", place.server.url(), "proofs", "scram", authid, password])
    };
    let expected = json!({
        "challenges": ["scram"], "kdf": "argon2id-13", "server_is_right": true,
        "authid": "anna", "authmethod": "scram", "end": "wamp.close.goodbye_and_out"
    });
    assert_eq!(log_in("anna", "pencil"), expected);
    assert_eq!(log_in("anna", "eraser")["end"], DENIED);
}

#[test]
fn csg_06_autobahn_logs_in_by_cryptosign_with_tls_and_without() {
    let Some(place) = Place::new() else { return };
    let (right, wrong) = ("01".repeat(32), "02".repeat(32));
    let secure = format!("wss://{}/ws", place.tls());
    let authority = place.file("authority.pem");
    for (url, authority) in [(place.server.url(), None), (secure.as_str(), Some(authority.as_str()))] {
        let log_in = |key: &str| {
            let arguments = ["autobahn", url, "proofs", "cryptosign", "joe", key];
            place.run(&arguments.into_iter().chain(authority).collect::<Vec<_>>())
        };
        let seen = log_in(&right);
        assert_eq!((&seen["authid"], &seen["authmethod"]), (&json!("joe"), &json!("cryptosign")), "{seen}");
        assert_eq!(log_in(&wrong)["end"], DENIED);
    }
}

#[test]
fn csg_06_xconn_logs_in_by_cryptosign() {
    let Some(place) = Place::new() else { return };
    for authid in ["joe", ""] {
        let seen = place.run(&["xconn", place.server.url(), "proofs", authid, &"01".repeat(32)]);
        assert_eq!(seen, json!({ "authid": "joe", "authrole": "device" }));
    }
}

#[test]
fn csg_10_csg_12_openssl_computes_the_same_binding_on_tls_1_2_and_1_3() {
    let Some(place) = Place::new() else { return };
    for realm in ["proofs", "bound"] {
        for version in ["TLS1_2_VERSION", "TLS1_3_VERSION"] {
            let seen = place.run(&["openssl", &place.tls(), realm, version]);
            assert_eq!(seen, json!({ "channel_binding": "tls-exporter", "authid": "joe" }), "{version}");
        }
    }
}

#[test]
fn csg_12_without_an_extended_master_secret_there_is_no_binding() {
    let Some(place) = Place::new() else { return };
    let ask = |realm: &str| place.run(&["openssl", &place.tls(), realm, "TLS1_2_VERSION", "no_ems"]);
    assert_eq!(ask("proofs"), json!({ "channel_binding": null, "authid": "joe" }));
    assert_eq!(ask("bound"), json!({ "end": DENIED }));
}

#[test]
fn csg_10_a_peer_in_the_middle_with_the_servers_own_certificate_fails() {
    let Some(place) = Place::new() else { return };
    let pair = format!("{},{}", place.file("certificate.pem"), place.file("key.pem"));
    for version in ["TLS1_2_VERSION", "TLS1_3_VERSION"] {
        let seen = place.run(&["openssl", &place.tls(), "proofs", version, &pair]);
        assert_eq!(seen, json!({ "channel_binding": "tls-exporter", "end": DENIED }), "{version}");
    }
}
