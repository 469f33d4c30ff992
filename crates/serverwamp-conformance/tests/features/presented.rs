//! Who is authenticated by what the HTTP request presents: a cookie, or a header that a proxy has written.

use serde_json::json;
use serverwamp_conformance::harness::{NONE, value};
use serverwamp_conformance::{Connect, RawPeer, ServerProcess, Subprotocol, binary};

fn server() -> ServerProcess {
    ServerProcess::start(&binary::authenticators(), &[], &[])
}

/// The answer to HELLO without a list of methods, of a peer whose request has these headers.
fn hello(server: &ServerProcess, realm: &str, headers: &[(&str, &str)]) -> (RawPeer, serde_json::Value) {
    let connect = Connect::to(server.url()).subprotocol(Subprotocol::JSON);
    let connect = headers.iter().fold(connect, |connect, (name, value)| connect.header(name, value));
    let mut peer = connect.open().expect("the server accepts");
    let answer = peer.hello(realm, json!({}));
    (peer, answer)
}

fn who(server: &ServerProcess, realm: &str, headers: &[(&str, &str)]) -> serde_json::Value {
    let (mut peer, welcome) = hello(server, realm, headers);
    peer.welcomed(&welcome);
    value(&mut peer, "who", NONE)
}

// AUTH-18

#[test]
fn a_cookie_is_looked_up() {
    let server = server();
    let known = json!(["joe", "member", "cookie"]);
    assert_eq!(who(&server, "presented", &[("Cookie", "a=b; sid=7f3c9a51d2")]), known);
    // An unknown one, and none, leave the peer to the next method.
    for cookie in ["sid=7f3c9a51d3", "sid=", "other=7f3c9a51d2", "sid"] {
        assert_eq!(who(&server, "presented", &[("Cookie", cookie)])[1], "guest", "{cookie}");
    }
}

#[test]
fn a_header_counts_from_a_trusted_proxy_alone() {
    let server = server();
    let header = [("X-Remote-User", "ann")];
    assert_eq!(who(&server, "presented", &header), json!(["ann", "employee", "header"]));
    assert_eq!(who(&server, "presented_elsewhere", &header)[1], "guest", "we are no trusted proxy there");
    for nobody in ["", " "] {
        let seen = who(&server, "presented", &[("X-Remote-User", nobody)]);
        assert_eq!(seen[1], "guest", "the proxy says that there is nobody: {nobody:?}");
    }
    let (_, abort) = hello(&server, "presented", &[("X-Remote-User", "ann"), ("X-Remote-User", "root")]);
    assert_eq!(
        abort[2], "wamp.error.authentication_denied",
        "a proxy that lets its clients write it as well"
    );
}
