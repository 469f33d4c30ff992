//! `serverwamp doctor`: what each step says, and what the one says that fails.

use crate::false_router::{FalseRouter, welcome};
use crate::scratch::Scratch;
use crate::{PATIENCE, demo, shell};
use serde_json::json;
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
    let polling = doctor(&[&format!("http://{}/lp", server.address())]);
    let shown = [&expected[..4], &expected[5..]].concat();
    assert_eq!(steps(&polling), shown, "a connection for the answers is no other step: {}", polling.stdout);
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
fn false_server(serve: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || serve(listener.accept().expect("a connection").0));
    address
}

#[test]
fn a_router_that_says_nothing_fails_where_it_stopped() {
    let silent = false_server(|stream| {
        // Held open until the program has gone.
        drop((&stream).read_to_end(&mut Vec::new()));
    });
    let words = [&*format!("ws://{silent}/ws"), "--connect-timeout", "300ms"];
    fails(&words, "upgrade", 3, "took longer than 300ms");
    let silent = false_server(|mut stream| {
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
    let deaf = false_server(|mut stream| {
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

/// Reads the head of a request, and answers it with this.
fn answers(answer: &'static str) -> String {
    false_server(move |mut stream| {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
            head.push(byte[0]);
        }
        drop(stream.write_all(answer.as_bytes()));
    })
}

#[test]
fn an_upgrade_or_a_handshake_that_is_answered_wrongly_says_how() {
    let web = |answer| format!("ws://{}/ws", answers(answer));
    fails(&[&web("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")], "upgrade", 3, "answers 200, expected 101");
    fails(&[&web("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")], "upgrade", 3, "answers 403");
    let other = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chat\r\n\r\n";
    fails(&[&web(other)], "upgrade", 3, "Sec-WebSocket-Accept");
    fails(&[&web("nonsense\r\n\r\n")], "upgrade", 3, "no WebSocket at");
    fails(&[&web("")], "upgrade", 3, "closed the connection without a word");
    fails(
        &[&format!("http://{}/lp", answers("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))],
        "upgrade",
        3,
        "no long-polling at",
    );
    let raw = |answer: &'static [u8]| {
        let address = false_server(move |mut stream| {
            drop(stream.read_exact(&mut [0; 4]).and_then(|()| stream.write_all(answer)));
            drop(stream.read_to_end(&mut Vec::new()));
        });
        format!("rs://{address}")
    };
    fails(&[&raw(b"HTTP")], "handshake", 3, "connect to ws://.. if it serves a WebSocket");
    fails(&[&raw(&[0x7F, 0x10, 0, 0]), "--serializer", "json"], "handshake", 3, "serializer");
    fails(&["unix:///no/such/socket"], "connection", 3, "there is no such socket");
}

#[test]
fn a_protocol_that_all_speak_but_not_this_one_is_named() {
    use serverwamp_proto::websocket::handshake::accept_key as accept;
    let address = false_server(|mut stream| {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("ASCII");
        let key = |line: &str| {
            line.to_ascii_lowercase().starts_with("sec-websocket-key:").then(|| line[18..].trim().to_owned())
        };
        let key = head.lines().find_map(key).expect("a key");
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            accept(&key)
        );
        drop(stream.write_all(answer.as_bytes()));
        drop(stream.read_to_end(&mut Vec::new()));
    });
    fails(&[&format!("ws://{address}/ws")], "upgrade", 3, "subprotocol");
}

#[test]
fn a_session_that_is_refused_says_at_which_step() {
    let refusing = |answers| FalseRouter::start(answers);
    let doctor = |router: &FalseRouter, words: &[&'static str], step: &str, status: i32, part: &str| {
        fails(&router.with(words), step, status, part);
    };
    let abort = refusing(|_| vec![json!([3, {"message": "full"}, "wamp.error.overloaded"])]);
    doctor(&abort, &[], "HELLO", 1, "wamp.error.overloaded: full");
    let nonsense = refusing(|_| vec![json!([99, {}])]);
    doctor(&nonsense, &[], "HELLO", 3, "broke the protocol");
    let challenge = refusing(|_| vec![json!([4, "wampcra", {"challenge": "x"}])]);
    doctor(&challenge, &[], "login", 4, "cannot be answered");
    doctor(
        &challenge,
        &["--authid", "joe", "--secret-file", "/no/such/file"],
        "login",
        2,
        "no secret can be read",
    );
    let unknown = refusing(|_| vec![json!([3, {}, "wamp.error.no_such_principal"])]);
    doctor(&unknown, &[], "login", 4, "log in with --authid NAME");
    let breaking = refusing(|message| match message[0].as_u64() {
        Some(1) => vec![welcome("joe")],
        _ => vec![json!([50, 77, {}])],
    });
    doctor(&breaking, &[], "ping", 3, "let the client in and then failed");
}
