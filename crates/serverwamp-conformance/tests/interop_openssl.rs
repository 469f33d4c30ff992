//! OpenSSL, the other implementation of TLS that everybody has: its files, its client, its view of a certificate that
//! changes (checklist SEC-01 to SEC-03).
//!
//! `cargo test -p serverwamp-conformance --test interop_openssl`. Without the program `openssl` it says so and tests
//! nothing; with `SERVERWAMP_REQUIRE_INTEROP=1` it fails.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::output::{self, Finished};
use serverwamp_conformance::{
    Connect, DEADLINE, RawPeer, RawSocket, ServerProcess, Stream, Subprotocol, binary, interop,
};

/// How long one command may take; keys of RSA are found by trying.
const PATIENCE: Duration = Duration::from_secs(60);

/// The files of one test.
struct Directory(PathBuf);

impl Directory {
    /// `None` where there is no OpenSSL, which is said.
    #[track_caller]
    fn new() -> Option<Self> {
        if let Err(reason) = output::run(Command::new("openssl").arg("version"), PATIENCE) {
            assert!(!interop::is_required(), "{reason}");
            println!("skipped: {reason}");
            return None;
        }
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("serverwamp-openssl-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory");
        Some(Self(path))
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path of ASCII").to_owned()
    }

    /// Runs OpenSSL with these arguments, among the files.
    #[track_caller]
    fn openssl(&self, arguments: &[&str]) -> Finished {
        let mut command = Command::new("openssl");
        output::run(command.args(arguments).current_dir(&self.0), PATIENCE).expect("openssl ends")
    }

    #[track_caller]
    fn make(&self, arguments: &[&str]) -> Finished {
        let finished = self.openssl(arguments);
        assert!(finished.status.success(), "openssl {arguments:?}: {}", finished.stderr);
        finished
    }

    /// A certificate for `localhost` that vouches for itself, with the key in this file.
    #[track_caller]
    fn certify(&self, certificate: &str, key: &str, organisation: &str) {
        let subject = format!("/O={organisation}/CN=localhost");
        let names = "subjectAltName=DNS:localhost";
        self.make(&[
            "req",
            "-new",
            "-x509",
            "-days",
            "2",
            "-key",
            key,
            "-out",
            certificate,
            "-subj",
            &subject,
            "-addext",
            names,
        ]);
    }

    /// A server with the files `cert.pem` and `key.pem`, which it looks at for each handshake.
    #[track_caller]
    fn serve(&self, more: &[&str]) -> ServerProcess {
        let tls = format!("tls={},{}", self.file("cert.pem"), self.file("key.pem"));
        let arguments = [&[tls.as_str(), "tls_check_ms=0"], more].concat();
        ServerProcess::start(&binary::fixture(), &arguments, &[])
    }

    /// A whole handshake, after which the client leaves: what it says about it.
    #[track_caller]
    fn shake_hands(&self, server: &ServerProcess, authority: &str, more: &[&str]) -> Finished {
        let address = server.tls_address().expect("a port with TLS");
        let usual = ["s_client", "-brief", "-connect", &address, "-servername", "localhost"];
        let trust = ["-verify_return_error", "-CAfile", authority];
        self.openssl(&[&usual, &trust[..], more].concat())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// OpenSSL's client as the carrier of a connection: what is written into it arrives encrypted, and back.
struct Carrier(Child);

impl Carrier {
    #[track_caller]
    fn open(directory: &Path, server: &ServerProcess, more: &[&str]) -> (Self, Stream) {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        let pipe = |stream: UnixStream| Stdio::from(OwnedFd::from(stream));
        let address = server.tls_address().expect("a port with TLS");
        let child = Command::new("openssl")
            .args(["s_client", "-quiet", "-connect", &address, "-servername", "localhost"])
            .args(["-verify_return_error"])
            .args(more)
            .current_dir(directory)
            .stdin(pipe(theirs.try_clone().expect("a second handle")))
            .stdout(pipe(theirs))
            .stderr(Stdio::null())
            .spawn();
        (Self(child.expect("openssl starts")), Stream::Unix(ours))
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[track_caller]
fn lives(peer: &mut RawPeer) {
    let answer = peer.call("math.add", json!([1]), Value::Null, Value::Null);
    assert_eq!(answer[3], json!([6]), "{answer}");
}

#[test]
fn sec_03_openssl_sees_the_next_certificate_while_a_session_lives_on_the_last() {
    let Some(directory) = Directory::new() else { return };
    directory.make(&[
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-out",
        "key.pem",
    ]);
    directory.certify("cert.pem", "key.pem", "the last");
    directory.make(&["x509", "-in", "cert.pem", "-out", "last.pem"]);
    let server = directory.serve(&[]);
    let presented = |authority: &str| {
        let finished = directory.shake_hands(&server, authority, &[]);
        (finished.status.success(), finished.stderr)
    };
    let (_carrier, stream) = Carrier::open(&directory.0, &server, &["-CAfile", "last.pem"]);
    let mut peer = RawSocket::over(stream).peer(Subprotocol::JSON);
    peer.join("realm1");
    let (verified, said) = presented("last.pem");
    assert!(verified && said.contains("the last"), "{said}");
    lives(&mut peer);

    // The key alone, as for a moment in every renewal.
    directory.make(&["genpkey", "-algorithm", "RSA", "-out", "key.pem"]);
    let (verified, said) = presented("last.pem");
    assert!(verified && said.contains("the last"), "{said}");
    let log = server.wait_for_log("the certificate stays as it is", DEADLINE);
    assert!(log.contains("key.pem is not that of the first certificate in"), "{log}");
    lives(&mut peer);

    directory.certify("cert.pem", "key.pem", "the next");
    let (verified, said) = presented("cert.pem");
    assert!(verified && said.contains("the next"), "{said}");
    assert!(!presented("last.pem").0, "the last one is presented no more");
    lives(&mut peer);
    let (_other, stream) = Carrier::open(&directory.0, &server, &["-CAfile", "cert.pem"]);
    let mut other = RawSocket::over(stream).peer(Subprotocol::CBOR);
    other.join("realm1");
    lives(&mut other);
    lives(&mut peer);
}

#[test]
fn sec_01_openssl_comes_in_with_tls_1_2_and_1_3_and_not_with_1_1() {
    let Some(directory) = Directory::new() else { return };
    directory.make(&["genpkey", "-algorithm", "RSA", "-out", "key.pem"]);
    directory.certify("cert.pem", "key.pem", "test");
    let server = directory.serve(&[]);
    for (option, name) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let finished = directory.shake_hands(&server, "cert.pem", &[option]);
        assert!(finished.status.success() && finished.stderr.contains(name), "{}", finished.stderr);
    }
    // At its lowest level of security, OpenSSL would.
    let finished = directory.shake_hands(&server, "cert.pem", &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    assert!(!finished.status.success(), "{}{}", finished.stdout, finished.stderr);
}

#[test]
fn keys_and_certificates_are_read_in_every_format_that_openssl_writes() {
    let Some(directory) = Directory::new() else { return };
    let curve = "ec_paramgen_curve:P-384";
    let formats: [(&str, &[&[&str]]); 5] = [
        ("PKCS#8 of RSA", &[&["genpkey", "-algorithm", "RSA", "-out", "key.pem"]]),
        ("PKCS#1", &[&["rsa", "-in", "key.pem", "-traditional", "-out", "key.pem"]]),
        ("PKCS#8 of EC", &[&["genpkey", "-algorithm", "EC", "-pkeyopt", curve, "-out", "key.pem"]]),
        // Its parameters stand in a block of their own, before the key.
        ("SEC1", &[&["ecparam", "-name", "prime256v1", "-genkey", "-out", "key.pem"]]),
        ("Ed25519", &[&["genpkey", "-algorithm", "ED25519", "-out", "key.pem"]]),
    ];
    let mut server = None;
    for (format, commands) in formats {
        commands.iter().for_each(|command| drop(directory.make(command)));
        directory.certify("plain.pem", "key.pem", format);
        // With the whole certificate in words before it, and the ends of lines of other systems.
        let described = directory.make(&["x509", "-in", "plain.pem", "-text"]).stdout;
        fs::write(directory.0.join("cert.pem"), described.replace('\n', "\r\n")).expect("a file");
        let server = server.get_or_insert_with(|| directory.serve(&[]));
        let finished = directory.shake_hands(server, "plain.pem", &[]);
        assert!(
            finished.status.success() && finished.stderr.contains(format),
            "{format}: {}",
            finished.stderr
        );
    }
}

#[test]
fn sec_02_a_certificate_that_openssl_presents_is_known_to_authenticators() {
    let Some(directory) = Directory::new() else { return };
    let generate = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"];
    for (certificate, key) in [("cert.pem", "key.pem"), ("strange.pem", "strange.key")] {
        directory.make(&[&generate[..], &[key]].concat());
        directory.certify(certificate, key, certificate);
    }
    // Without an extension it would be of version 1, which nobody takes any more.
    fs::write(directory.0.join("extensions"), "basicConstraints=CA:FALSE\n").expect("a file");
    for (name, authority) in [("joe", ["cert.pem", "key.pem"]), ("eve", ["strange.pem", "strange.key"])] {
        let [key, request, certificate] = ["key", "csr", "pem"].map(|kind| format!("{name}.{kind}"));
        directory.make(&[&generate[..], &[&key]].concat());
        let subject = format!("/C=DE/O=Example, Inc./OU=Jürgen's <meters>/CN={name}");
        directory.make(&["req", "-new", "-utf8", "-key", &key, "-subj", &subject, "-out", &request]);
        let [signed_by, with] = authority;
        directory.make(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            signed_by,
            "-CAkey",
            with,
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "extensions",
            "-out",
            &certificate,
        ]);
    }
    let server = directory.serve(&[&format!("tls_clients_only={}", directory.file("cert.pem"))]);
    // `sha256 Fingerprint=AB:CD:...`
    let fingerprint = directory.make(&["x509", "-in", "joe.pem", "-noout", "-fingerprint", "-sha256"]).stdout;
    let fingerprint =
        fingerprint.trim().rsplit('=').next().unwrap_or_default().replace(':', "").to_lowercase();
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments = [version, "-CAfile", "cert.pem", "-cert", "joe.pem", "-key", "joe.key"];
        let open = || Carrier::open(&directory.0, &server, &arguments);
        let (_carrier, stream) = open();
        let web = Connect::to(server.url()).subprotocol(Subprotocol::MSGPACK).open_on(stream);
        let (_other, stream) = open();
        let raw = RawSocket::over(stream).peer(Subprotocol::JSON);
        for mut peer in [web.expect("101"), raw] {
            let welcome = peer.hello("certificates", json!({ "authmethods": ["tls"] }));
            assert_eq!(welcome[2]["authid"], json!(fingerprint), "{version}: {welcome}");
        }
    }
    let arguments = ["-CAfile", "cert.pem", "-cert", "joe.pem", "-key", "joe.key"];
    let (_carrier, stream) = Carrier::open(&directory.0, &server, &arguments);
    let welcome =
        RawSocket::over(stream).peer(Subprotocol::JSON).hello("subjects", json!({ "authmethods": ["tls"] }));
    // `subject=CN=joe,OU=...`
    let names = ["-noout", "-subject", "-nameopt", "RFC2253,-esc_msb,utf8"];
    let shown = directory.make(&[&["x509", "-in", "joe.pem"], &names[..]].concat()).stdout;
    assert_eq!(
        format!("subject={}", welcome[2]["authextra"]["subject"].as_str().expect("a text")),
        shown.trim_end()
    );
    assert_eq!(
        (&welcome[2]["authid"], &welcome[2]["authrole"]),
        (&json!("joe"), &json!("Jürgen's <meters>"))
    );
    for strangers in [&["-cert", "eve.pem", "-key", "eve.key"][..], &[]] {
        let finished = directory.shake_hands(&server, "cert.pem", &[&["-tls1_2"], strangers].concat());
        assert!(!finished.status.success(), "{strangers:?}: {}", finished.stderr);
    }
}
