//! TLS as clients see it (checklist SEC-01 to SEC-03, RAW-23): trusted certificates, clients that are let in, and certificates
//! that change.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use serverwamp_conformance::carrier::HOST;
use serverwamp_conformance::rawsocket::{MAGIC, frame};
use serverwamp_conformance::tls::Issued;
use serverwamp_conformance::{
    Authority, Carrier, Connect, DEADLINE, Http, Places, RawPeer, RawSocket, ServerProcess, Stream,
    Subprotocol, TlsClient,
};
use sha2::{Digest as _, Sha256};

use serverwamp_conformance::harness::{call, joined, server_with};

/// A server with a certificate, and the authority its clients trust.
pub(crate) struct Secured {
    server: ServerProcess,
    pub(crate) authority: Authority,
    directory: PathBuf,
}

impl Secured {
    /// `more` are further arguments; a path in them may begin with `DIR`.
    #[track_caller]
    pub(crate) fn start(more: &[&str]) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("serverwamp-tls-{}-{number}", std::process::id()));
        let authority = Authority::new("the authority of this test");
        let (certificate, key) = authority.issue(&[HOST]).write(&directory).expect("files");
        std::fs::write(directory.join("authority.pem"), authority.certificate()).expect("a file");
        let mut arguments = vec![format!("tls={},{}", certificate.display(), key.display())];
        arguments
            .extend(more.iter().map(|one| one.replace("DIR", directory.to_str().expect("a path of ASCII"))));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Self { server: server_with(&arguments), authority, directory }
    }

    pub(crate) fn address(&self) -> String {
        self.server.tls_address().expect("a port with TLS")
    }

    /// A session over TLS, or why there is none.
    fn join(&self, client: &TlsClient, realm: &str) -> Result<RawPeer, String> {
        let stream = client.connect(&self.address(), HOST).map_err(|error| error.to_string())?;
        let mut socket = RawSocket::over(stream);
        // With TLS 1.3 a server refuses a client's certificate only behind the handshake.
        if socket.shake_hands(15, 1).is_none() {
            return Err("the connection ends behind its handshake".to_owned());
        }
        drop(socket);
        let stream = client.connect(&self.address(), HOST).map_err(|error| error.to_string())?;
        let mut peer = RawSocket::over(stream).peer(Subprotocol::JSON);
        let answer = peer.hello(realm, json!({ "authmethods": ["anonymous", "tls"] }));
        if answer[0] == 2 { Ok(peer) } else { Err(answer[2].to_string()) }
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

fn fingerprint(issued: &Issued) -> String {
    Sha256::digest(issued.der()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn sec_03_clients_refuse_a_server_that_they_do_not_know() {
    let secured = Secured::start(&[]);
    let stranger = Authority::new("another authority").client();
    let refused = stranger.connect(&secured.address(), HOST).expect_err("nobody vouches for this server");
    assert!(refused.to_string().contains("UnknownIssuer"), "{refused}");
    let client = secured.authority.client();
    let refused = client.connect(&secured.address(), "example.com").expect_err("it is not called that");
    assert!(refused.to_string().contains("example.com"), "{refused}");
    drop(secured.join(&client, "realm1").expect("the client knows this one"));
}

#[test]
fn what_is_no_tls_is_disconnected_on_a_port_with_tls() {
    let secured = Secured::start(&[]);
    for octets in
        [&b"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n"[..], &[0x7f, 0xf1, 0, 0], &[0x16, 3, 1, 0xff, 0xff]]
    {
        let mut stream = Stream::tcp(&secured.address());
        stream.set_read_timeout(DEADLINE);
        stream.write_all(octets).unwrap();
        stream.finish_writing();
        let mut answer = Vec::new();
        // A reset is an end as well.
        drop(stream.read_to_end(&mut answer));
        assert!(answer.len() <= 7, "at most an alert: {answer:?}");
    }
    // And TLS on a port without.
    let plain = secured.server.address();
    let refused = secured.authority.client().connect(plain, HOST);
    assert!(refused.is_err(), "HTTP is spoken there");
    drop(secured.join(&secured.authority.client(), "realm1").expect("the server goes on"));
}

#[test]
fn a_tls_handshake_that_takes_too_long_is_cut_off_and_counted() {
    let secured = Secured::start(&["tls_ms=200"]);
    // Nothing, and the beginning of a ClientHello. Behind the handshake another deadline begins.
    for octets in [&[][..], &[0x16, 3, 1, 2, 0, 1, 0]] {
        let mut stream = Stream::tcp(&secured.address());
        stream.set_read_timeout(DEADLINE / 2);
        stream.write_all(octets).unwrap();
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);
        assert!(!matches!(&ended, Err(error) if error.kind() == ErrorKind::WouldBlock), "{ended:?}");
    }
    // Counted before the connection is closed; a client that leaves by itself was refused nothing.
    drop(Stream::tcp(&secured.address()));
    let counters = call(&mut joined(&secured.server), "statistics.all", json!([]));
    assert_eq!(counters[3][0]["handshake_timeouts"], 2, "{counters}");
    assert_eq!(counters[3][0]["handshakes_refused"], Value::Null, "{counters}");
    let mut stream = secured.authority.client().connect(&secured.address(), HOST).expect("a handshake");
    stream.set_read_timeout(Duration::from_millis(600));
    let read = stream.read(&mut [0]);
    assert!(matches!(&read, Err(error) if error.kind() == ErrorKind::WouldBlock), "{read:?}");
}

#[test]
fn sec_02_certificates_of_clients_that_nobody_vouches_for_are_refused() {
    let stranger = Authority::new("another authority").issue(&["device"]);
    for mode in ["tls_clients=DIR/authority.pem", "tls_clients_only=DIR/authority.pem"] {
        let secured = Secured::start(&[mode]);
        let client = secured.authority.client();
        let foreign = client.clone().with_certificate(stranger.clone());
        for version in [&TLS12, &TLS13] {
            assert!(secured.join(&foreign.clone().with_version(version), "realm1").is_err(), "{mode}");
        }
        let without = secured.join(&client, "realm1");
        assert_eq!(without.is_ok(), mode.starts_with("tls_clients="), "{mode}: {:?}", without.err());
    }
}

#[test]
fn sec_02_a_certificate_of_a_client_says_who_it_is() {
    let secured = Secured::start(&["tls_clients=DIR/authority.pem"]);
    let client = secured.authority.client();
    let denied = secured.join(&client, "certificates").expect_err("nobody is known by no certificate");
    assert!(denied.contains("wamp.error"), "{denied}");
    let certificate = secured.authority.issue(&["device"]);
    let known = client.with_certificate(certificate.clone());
    for version in [&TLS12, &TLS13] {
        let mut peer =
            secured.join(&known.clone().with_version(version), "certificates").expect("it is known");
        let info = peer.call("session.info", Value::Null, Value::Null, Value::Null);
        assert_eq!(info[4]["authid"], fingerprint(&certificate));
    }
    // By WebSocket as well.
    let stream = known.connect(&secured.address(), HOST).expect("a handshake");
    let web = Connect::to(secured.server.url()).subprotocol(Subprotocol::CBOR).open_on(stream);
    let welcome = web.expect("101").hello("certificates", json!({ "authmethods": ["tls"] }));
    assert_eq!(welcome[2]["authid"], fingerprint(&certificate));
}

#[test]
fn sec_02_the_subject_of_a_certificate_says_who_it_is() {
    let secured = Secured::start(&["tls_clients=DIR/authority.pem"]);
    let hello = |name: &str| {
        let client = secured.authority.client().with_certificate(secured.authority.issue(&[name]));
        let stream = client.connect(&secured.address(), HOST).expect("a handshake");
        let web = Connect::to(secured.server.url()).subprotocol(Subprotocol::JSON).open_on(stream);
        web.expect("101").hello("subjects", json!({ "authmethods": ["tls"] }))
    };
    let welcome = hello("device");
    assert_eq!((&welcome[2]["authid"], &welcome[2]["authrole"]), (&json!("device"), &json!("machine")));
    assert_eq!(welcome[2]["authextra"]["subject"], "CN=device");
    // What could be taken for somebody else is nobody, and the log says why.
    let abort = hello("device\0.example.com");
    assert_eq!(abort, json!([3, { "message": "authentication denied" }, "wamp.error.authentication_denied"]));
    let line = secured.server.wait_for_log("control character", DEADLINE);
    assert!(line.contains("method tls") && !line.contains("example.com"), "{line}");
}

#[test]
fn sec_01_raw_23_raw_24_one_port_with_tls_serves_everything() {
    let secured = Secured::start(&[]);
    let client = secured.authority.client();
    let tls = Some((secured.address(), client.clone()));
    let places = Places { tls, ..Places::at(secured.server.url()) };
    let mut raw = Carrier::RawSocketTls.connect(&places, Subprotocol::MSGPACK);
    let mut web = Carrier::WebSocketTls.connect(&places, Subprotocol::JSON);
    raw.join("realm1");
    web.join("realm1");
    let subscription = raw.subscribe("com.shared", Value::Null);
    web.call("publish.to", json!(["com.shared", 7]), Value::Null, Value::Null);
    assert_eq!(raw.event(subscription, DEADLINE)[4], json!([7]));
    let mut http = Http::over(client.connect(&secured.address(), HOST).expect("a handshake"));
    assert_eq!(http.post("/lp/open", br#"{"protocols":["wamp.2.json"]}"#).status, 200);
    assert_eq!(http.post("/elsewhere", b"").status, 404);
}

#[test]
fn sec_03_a_certificate_that_changes_is_presented_to_the_next_and_ends_no_session() {
    let secured = Secured::start(&["tls_check_ms=0"]);
    let old = secured.authority.client();
    let mut peer = secured.join(&old, "realm1").expect("a session");
    let mut lives = || assert_eq!(peer.call("math.add", json!([1]), Value::Null, Value::Null)[3], json!([6]));

    // Half of a new pair does not fit the other half of the old one, and is not taken.
    let renewed = Authority::new("the next authority");
    let next = renewed.issue(&[HOST]);
    std::fs::write(secured.directory.join("certificate.pem"), &next.certificate).expect("a file");
    drop(secured.join(&old, "realm1").expect("the old pair is presented"));
    secured.server.wait_for_log("the certificate stays as it is", DEADLINE);
    lives();

    next.write(&secured.directory).expect("files");
    drop(secured.join(&renewed.client(), "realm1").expect("the new pair is presented"));
    assert!(old.connect(&secured.address(), HOST).is_err(), "the old one is not");
    lives();

    std::fs::remove_file(secured.directory.join("key.pem")).expect("it was there");
    drop(secured.join(&renewed.client(), "realm1").expect("a file that is gone changes nothing"));
    lives();
}

#[test]
fn a_connection_that_is_too_many_is_told_so_within_tls_and_by_an_alert_when_many_are() {
    let secured = Secured::start(&["connections=2", "tls_ms=20000"]);
    let client = secured.authority.client();
    let connect = || client.connect(&secured.address(), HOST);
    let mut witness = joined(&secured.server);
    let occupant = Connect::to(secured.server.url()).subprotocol(Subprotocol::JSON);
    let occupant = occupant.open_on(connect().expect("a handshake")).expect("there is room for it");
    let refuse_web = || {
        let web = Connect::to(secured.server.url()).subprotocol(Subprotocol::JSON);
        web.open_on(connect()?).map(drop).map_err(|refusal| {
            assert_eq!((refusal.status, refusal.header("retry-after")), (503, Some("5")));
            std::io::Error::other(refusal.body)
        })
    };
    let text = refuse_web().expect_err("it is one too many").to_string();
    assert_eq!(text, "too many connections: the server accepts 2\n");
    let mut raw = RawSocket::over(connect().expect("a handshake"));
    raw.write(&[MAGIC, 0xf1, 0, 0]);
    assert_eq!(raw.read_octets(4), Some(vec![MAGIC, 0x40, 0, 0]));
    drop(raw);

    // While others are being told, nobody computes keys only to say no.
    let silent: Vec<Stream> = (0..4).map(|_| Stream::tcp(&secured.address())).collect();
    for version in [&TLS12, &TLS13] {
        let refused = client.clone().with_version(version).connect(&secured.address(), HOST);
        let refused = refused.expect_err("it is one too many").to_string();
        assert!(refused.contains("InternalError"), "{refused}");
    }
    let counters = call(&mut witness, "statistics.all", json!([]));
    assert_eq!(counters[3][0]["connections_refused"], 8, "{counters}");
    drop(silent);
    let deadline = Instant::now() + DEADLINE;
    while !refuse_web().expect_err("it is one too many").to_string().starts_with("too many") {
        assert!(Instant::now() < deadline, "nobody is told any more");
    }
    drop(occupant);
    while refuse_web().is_err() {
        assert!(Instant::now() < deadline, "there is room again, and nobody is let in");
    }
}

#[test]
fn sec_01_an_end_over_tls_is_said_and_not_cut() {
    let secured = Secured::start(&[]);
    let connect = || secured.authority.client().connect(&secured.address(), HOST).expect("a handshake");
    // A refused RawSocket handshake, a violation, a request: without close_notify, reading ends with an error.
    let abort = frame(0, b"[48]");
    let requests =
        [&[MAGIC, 0xf1, 1, 0][..], &[&[MAGIC, 0xf1, 0, 0][..], &abort].concat(), b"GET / HTTP/1.0\r\n\r\n"];
    for request in requests {
        let mut stream = connect();
        stream.set_read_timeout(DEADLINE);
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an end that is said");
        assert!(answer.len() >= 4, "{answer:?}");
    }
    // A client that breaks off without saying so does no harm.
    let Stream::Tls(tls) = connect() else { panic!("TLS was asked for") };
    tls.sock.shutdown(Shutdown::Both).expect("it is open");
    drop(secured.join(&secured.authority.client(), "realm1").expect("the server goes on"));
}
