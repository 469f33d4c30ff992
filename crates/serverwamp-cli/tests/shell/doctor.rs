//! `serverwamp doctor`: what each step says, and what the one says that fails.

use crate::scratch::Scratch;
use crate::{PATIENCE, demo, shell};
use serverwamp_conformance::output::{self, Finished};
use serverwamp_conformance::tls::Authority;
use serverwamp_conformance::{ServerProcess, binary};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

fn doctor(words: &[&str]) -> Finished {
    let words = [&["doctor"], words].concat();
    output::run(&mut shell(None, &words), PATIENCE).expect("it ends by itself")
}

/// The steps that were shown, each with its mark.
fn steps(finished: &Finished) -> Vec<String> {
    let line = |line: &str| line.get(..13).unwrap_or(line).trim_end().to_owned();
    finished.stdout.lines().map(line).collect()
}

#[test]
fn a_router_that_is_well_passes_every_step() {
    let server = demo();
    let finished = doctor(&[server.url()]);
    assert_eq!((finished.status.code(), &*finished.stderr), (Some(0), ""));
    let expected = [
        "   address",
        "ok DNS",
        "ok connection",
        "   TLS",
        "ok upgrade",
        "ok HELLO",
        "   login",
        "   router",
        "ok ping",
    ];
    assert_eq!(steps(&finished), expected, "{}", finished.stdout);
    assert!(finished.stdout.contains("role guest, by anonymous"), "{}", finished.stdout);
    let rawsocket = doctor(&[&format!("rs://{}", server.address())]);
    assert!(steps(&rawsocket).contains(&"ok handshake".to_owned()), "{}", rawsocket.stdout);
}

/// Requires that this step fails, as the last one, and that the line below says so.
#[track_caller]
fn fails(words: &[&str], step: &str, status: i32, part: &str) {
    let finished = doctor(words);
    let last = steps(&finished).pop().unwrap_or_default();
    assert_eq!(last, format!("!! {step}"), "{words:?}: {}{}", finished.stdout, finished.stderr);
    assert_eq!(finished.status.code(), Some(status), "{}", finished.stderr);
    assert!(finished.stderr.contains(part), "{words:?}: {}", finished.stderr);
    assert!(!finished.stderr.contains("serverwamp doctor"), "it is the doctor: {}", finished.stderr);
}

#[test]
fn the_step_that_fails_is_named_with_what_to_do() {
    let server = demo();
    let url = server.url();
    fails(&["nonsense"], "address", 2, "write ws://nonsense/ws");
    fails(&["ws://no.such.host.invalid/ws"], "DNS", 3, "check the name");
    fails(&["ws://127.0.0.1:1/ws"], "connection", 3, "start the router, or check the port");
    fails(&[&url.replace("ws://", "wss://")], "TLS", 3, "what answers is not TLS");
    fails(&[&url.replace("/ws", "/elsewhere")], "upgrade", 3, "the WebSocket is at /ws");
    fails(&[url, "--realm", "nowhere"], "HELLO", 1, "--realm chooses another one");
    let scratch = Scratch::new();
    let secret = scratch.write("secret", "s3cret");
    fails(&[url, "--authid", "joe", "--secret-file", &secret], "login", 4, "it accepts: anonymous");
}

#[test]
fn a_certificate_that_nobody_vouches_for_fails_at_tls() {
    let scratch = Scratch::new();
    let authority = Authority::new("doctor");
    let (certificate, key) = authority.issue(&["localhost"]).write(scratch.path()).expect("files");
    let (certificate, key) = (certificate.to_str().expect("text"), key.to_str().expect("text"));
    let trusted = scratch.write("ca.pem", authority.certificate());
    let words = ["dev", "--listen", "127.0.0.1:0", "--tls-certificates", certificate, "--tls-key", key];
    let server = ServerProcess::start(&binary::cli(), &words, &[]);
    let url = format!("wss://localhost:{}/ws", server.address().rsplit(':').next().expect("a port"));
    fails(&[&url], "TLS", 3, "--tls-ca");
    let trusted = doctor(&[&url, "--tls-ca", &trusted]);
    assert!(steps(&trusted).contains(&"ok TLS".to_owned()), "{}{}", trusted.stdout, trusted.stderr);
    assert_eq!(trusted.status.code(), Some(0));
    fails(
        &[&url.replace("localhost", "127.0.0.1"), "--tls-ca", &scratch.file("ca.pem")],
        "TLS",
        3,
        "for another name",
    );
}

/// A server that does what `serve` does with its one connection.
fn false_router(serve: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || serve(listener.accept().expect("a connection").0));
    address
}

#[test]
fn a_router_that_says_nothing_fails_where_it_stopped() {
    let silent = false_router(|stream| {
        // Held open until the program has gone.
        drop((&stream).read_to_end(&mut Vec::new()));
    });
    let words = [&*format!("ws://{silent}/ws"), "--connect-timeout", "300ms"];
    fails(&words, "upgrade", 3, "took longer than 300ms");
    let silent = false_router(|mut stream| {
        let mut octets = [0; 4];
        stream.read_exact(&mut octets).expect("a handshake");
        stream.write_all(&[0x7F, octets[1], 0, 0]).expect("a peer");
        drop(stream.read_to_end(&mut Vec::new()));
    });
    let words = [&*format!("rs://{silent}"), "--serializer", "json", "--connect-timeout", "300ms"];
    fails(&words, "HELLO", 3, "no WELCOME within 300ms");
}

#[test]
fn a_router_that_welcomes_and_answers_nothing_fails_at_the_ping() {
    let deaf = false_router(|mut stream| {
        let mut octets = [0; 4];
        stream.read_exact(&mut octets).expect("a handshake");
        stream.write_all(&[0x7F, octets[1], 0, 0]).expect("a peer");
        stream.read_exact(&mut octets).expect("the head of HELLO");
        let welcome = br#"[2,1,{"roles":{"dealer":{},"broker":{}}}]"#;
        stream.write_all(&[0, 0, 0, u8::try_from(welcome.len()).expect("short")]).expect("a peer");
        stream.write_all(welcome).expect("a peer");
        drop(stream.read_to_end(&mut Vec::new()));
    });
    let words = [&*format!("rs://{deaf}"), "--serializer", "json", "--connect-timeout", "300ms"];
    fails(&words, "ping", 3, "does not answer");
}
