//! Each way into a realm that a configuration can name, and what `why` says of whoever comes in.

use crate::PATIENCE;
use crate::program::{Program, Scratch};
use serde_json::{Value, json};
use serverwamp_conformance::{Authority, Connect, RawPeer, RawSocket, Stream, Subprotocol, TlsClient};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpListener};
use std::thread;

const DENIED: &str = "wamp.error.authentication_denied";

/// A web server that lets in whoever has the right ticket; gives its address.
fn hook() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it listens");
    // It ends with the tests.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("somebody asks");
            stream.set_read_timeout(Some(PATIENCE)).expect("a time above 0");
            let (mut request, mut part) = (Vec::new(), [0; 4096]);
            // The body ends with the object that it is.
            while !request.ends_with(b"}") {
                let length = stream.read(&mut part).expect("a request");
                request.extend_from_slice(&part[..length]);
            }
            let right = String::from_utf8_lossy(&request).contains("tick3t");
            let body = if right { r#"{"allow":true,"role":"member"}"# } else { r#"{"allow":false}"# };
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    format!("http://{address}/decide")
}

fn config(hook: &str, user: u32) -> String {
    let realm = |name: &str, way: &str| {
        format!(
            "[[realm]]\nname = \"{name}\"\n[[realm.auth]]\n{way}\n[realm.role.member]\nallow = {{ \"free.*\" = [\"call\"] }}\n"
        )
    };
    [
        r#"
[[listen]]
address = "127.0.0.1:0"
trusted_proxies = { addresses = ["127.0.0.1"] }
[[listen]]
address = "127.0.0.2:0"
[listen.tls]
certificates = "certificate.pem"
key = "key.pem"
client_certificates = "optional"
client_authorities = "authority.pem"
[[listen]]
address = "unix:server.sock"
[[realm]]
name = "backend"
[[realm.auth]]
anonymous = {}
[realm.role.anonymous]
allow = { "auth.check" = ["register"] }
"#
        .to_owned(),
        realm("anonymous", "anonymous.role = \"member\""),
        realm("hook", &format!("http.url = \"{hook}\"")),
        realm("certificate", "certificate.common_names.device7 = { authid = \"seven\", role = \"member\" }"),
        realm("unix", &format!("unix.users.{user} = {{ authid = \"local\", role = \"member\" }}")),
        realm(
            "header",
            "header = { name = \"X-Remote-User\", proxies = [\"127.0.0.1\"], role = \"member\" }",
        ),
        realm(
            "procedure",
            "procedure = { method = \"ticket\", procedure = \"auth.check\", realm = \"backend\" }",
        ),
    ]
    .concat()
}

/// What a peer is answered, and may do: what its role says, and nothing else.
#[track_caller]
fn comes_in(mut peer: RawPeer, welcome: &Value, authid: Option<&str>, method: &str) {
    peer.welcomed(welcome);
    let details = &welcome[2];
    assert_eq!(
        (&details["authrole"], &details["authmethod"]),
        (&json!("member"), &json!(method)),
        "{welcome}"
    );
    if let Some(authid) = authid {
        assert_eq!(details["authid"], authid);
    }
    let mut call = |uri: &str| peer.call(uri, Value::Null, Value::Null, Value::Null)[4].clone();
    assert_eq!(call("free.thing"), "wamp.error.no_such_procedure");
    assert_eq!(call("other.thing"), "wamp.error.not_authorized");
}

#[test]
fn every_way_into_a_realm_lets_in_whom_it_should_and_nobody_else() {
    let (scratch, authority) = (Scratch::new(), Authority::new("ways"));
    authority.issue(&["localhost"]).write(scratch.path()).expect("files");
    scratch.write("authority.pem", authority.certificate());
    let user = rustix::process::getuid().as_raw();
    let program = Program::start(&scratch, &config(&hook(), user));
    let hello = |mut peer: RawPeer, realm: &str| {
        let answer = peer.hello(realm, json!({}));
        (peer, answer)
    };

    let (peer, welcome) = hello(program.connect(), "anonymous");
    comes_in(peer, &welcome, None, "anonymous");

    let mut peer = program.connect();
    let welcome = peer.join_with_ticket("hook", "joe", "tick3t");
    comes_in(peer, &welcome, Some("joe"), "ticket");
    assert_eq!(program.connect().join_with_ticket("hook", "joe", "wrong")[2], DENIED);

    let secure = program.address(1);
    let over_tls = |client: TlsClient| {
        let stream = client.connect(&secure, "localhost").expect("a handshake");
        Connect::to(&format!("wss://{secure}/ws"))
            .subprotocol(Subprotocol::JSON)
            .open_on(stream)
            .expect("it is served")
    };
    let with = |name: &str| over_tls(authority.client().with_certificate(authority.issue(&[name])));
    let (peer, welcome) = hello(with("device7"), "certificate");
    comes_in(peer, &welcome, Some("seven"), "tls");
    for peer in [with("device8"), over_tls(authority.client()), program.connect()] {
        assert_eq!(hello(peer, "certificate").1[0], 3);
    }

    let socket = scratch.file("server.sock");
    let local = || RawSocket::over(Stream::unix(socket.to_str().expect("ASCII"))).peer(Subprotocol::JSON);
    let (peer, welcome) = hello(local(), "unix");
    comes_in(peer, &welcome, Some("local"), "unix");
    assert_eq!(hello(program.connect(), "unix").1[0], 3, "over TCP nobody is known");

    let address = program.address(0);
    let from = |source: [u8; 4], user: &str| {
        let stream = Stream::tcp_from(IpAddr::from(source), &address);
        let connect =
            Connect::to(&program.url()).subprotocol(Subprotocol::JSON).header("x-remote-user", user);
        connect.open_on(stream).expect("it is served")
    };
    let (peer, welcome) = hello(from([127, 0, 0, 1], "joe"), "header");
    comes_in(peer, &welcome, Some("joe"), "header");
    assert_eq!(hello(from([127, 0, 0, 9], "joe"), "header").1[0], 3, "not from a proxy");

    let mut authenticator = program.joined("backend");
    authenticator.register("auth.check");
    let mut ask = |ticket: &str, role: Option<&str>| {
        let mut peer = program.connect();
        let asked = peer.hello("procedure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
        assert_eq!(asked[0], 4, "{asked}");
        peer.send(json!([5, ticket, {}]));
        let invocation = authenticator.receive();
        assert_eq!(invocation[4][2]["ticket"], ticket, "{invocation}");
        authenticator.send(match role {
            Some(role) => json!([70, invocation[1], {}, [role]]),
            None => json!([8, 68, invocation[1], {}, "app.error.no"]),
        });
        let answer = peer.receive();
        (peer, answer)
    };
    let (peer, welcome) = ask("tick3t", Some("member"));
    comes_in(peer, &welcome, Some("joe"), "ticket");
    assert_eq!(ask("wrong", None).1[0], 3);

    // The same is said without a session.
    for (uri, status, verdict) in [("free.thing", 0, "yes: "), ("other.thing", 1, "no: ")] {
        let finished = scratch.run(&["why", "--realm", "header", "member", "call", uri]);
        assert_eq!(finished.status.code(), Some(status), "{}", finished.stderr);
        assert!(finished.stdout.starts_with(verdict), "{}", finished.stdout);
    }
}
