//! Proxies in front: whose word about a peer's address is taken, in HTTP headers and in PROXY headers, over everything that
//! carries sessions. The tests are the proxy themselves; the addresses of 127.0.0.0/8 tell trusted ones from others.

use std::io::{Read as _, Write as _};
use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::{
    Authority, Connect, DEADLINE, Http, RawPeer, RawSocket, ServerProcess, Stream, Subprotocol,
};

use crate::counters::Counters;
use serverwamp_conformance::harness::{NONE, keywords, server_with};

/// The address that servers here trust.
const PROXY: &str = "127.0.0.1";

/// One that they do not trust.
const STRANGER: &str = "127.0.0.99";

fn trusting(place: &str, more: &[&str]) -> ServerProcess {
    let trusted = format!("trusted_proxies={place},{PROXY},10.0.0.0/8");
    server_with(&[&[trusted.as_str()][..], more].concat())
}

fn from(source: &str, server: &ServerProcess) -> Stream {
    let source: IpAddr = source.parse().expect("an address");
    Stream::tcp_from(source, server.address())
}

fn connect(server: &ServerProcess, headers: &[(&str, &str)]) -> Connect {
    let connect = Connect::to(server.url()).subprotocol(Subprotocol::JSON);
    headers.iter().fold(connect, |connect, (name, value)| connect.header(name, value))
}

/// What the server says of where a session comes from: the peer, and the other end of the connection without its port.
fn addresses(peer: &mut RawPeer) -> (Value, Value) {
    peer.join("realm1");
    let said = keywords(peer, "session.addresses");
    let connection =
        said["connection"].as_str().map(|text| text.rsplit_once(':').expect("a port").0.to_owned());
    (said["peer"].clone(), json!(connection))
}

/// The status of `open` of long-polling, and what the server then says.
fn poll(server: &ServerProcess, headers: &[(&str, &str)]) -> (u16, Option<(Value, Value)>) {
    let mut http = Http::over(from(PROXY, server));
    let mut ask = |path: &str, headers: &[(&str, &str)], body: &str| {
        http.request("POST", path, headers, body.as_bytes()).expect("sent");
        http.response(DEADLINE).expect("the connection stays").expect("an answer")
    };
    let opened = ask("/lp/open", headers, r#"{"protocols":["wamp.2.json"]}"#);
    if opened.status != 200 {
        return (opened.status, None);
    }
    let id = opened.json()["transport"].as_str().expect("an id").to_owned();
    let mut exchange = |message: Value| {
        assert!(ask(&format!("/lp/{id}/send"), &[], &message.to_string()).is_success());
        ask(&format!("/lp/{id}/receive"), &[], "").json()
    };
    assert_eq!(exchange(json!([1, "realm1", { "roles": { "caller": {} } }]))[0], 2);
    let answer = exchange(json!([48, 1, {}, "session.addresses"]));
    let said = &answer[4];
    let connection =
        said["connection"].as_str().map(|text| text.rsplit_once(':').expect("a port").0.to_owned());
    (200, Some((said["peer"].clone(), json!(connection))))
}

#[test]
fn an_http_proxy_that_is_trusted_tells_the_peers_address_to_websockets_and_long_polling() {
    for (place, header, value) in [
        ("x-forwarded-for", "X-Forwarded-For", "6.6.6.6, 192.0.2.1, 10.1.2.3"),
        ("forwarded", "Forwarded", "for=6.6.6.6, for=192.0.2.1;proto=https, for=10.1.2.3"),
    ] {
        let server = trusting(place, &[]);
        let told = [(header, value)];
        let mut peer = connect(&server, &told).open().expect("accepted");
        let expected = (json!("192.0.2.1:0"), json!(PROXY));
        assert_eq!(addresses(&mut peer), expected);
        assert_eq!(poll(&server, &told), (200, Some(expected)));
        // The header that is not the trusted one says nothing, and neither does that of a stranger.
        let other = if header == "Forwarded" {
            ("X-Forwarded-For", "192.0.2.1")
        } else {
            ("Forwarded", "for=192.0.2.1")
        };
        let mut peer = connect(&server, &[other]).open().expect("accepted");
        let (told_by_nobody, connection) = addresses(&mut peer);
        assert!(
            told_by_nobody.as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")),
            "{told_by_nobody}"
        );
        assert_eq!(connection, PROXY);
        let line = server.wait_for_log("does not name its client", DEADLINE);
        assert!(line.contains("WARN") && line.contains(header), "{line}");
        let mut peer = connect(&server, &told).open_on(from(STRANGER, &server)).expect("accepted");
        let (stranger, connection) = addresses(&mut peer);
        assert!(stranger.as_str().is_some_and(|peer| peer.starts_with(STRANGER)), "{stranger}");
        assert_eq!(connection, STRANGER);
    }
}

#[test]
fn what_a_trusted_proxy_says_and_nobody_understands_is_refused_and_counted() {
    for (place, header, value) in [
        ("x-forwarded-for", "X-Forwarded-For", "192.0.2.1, somebody"),
        ("forwarded", "Forwarded", "for=6.6.6.6;x=\", for=192.0.2.1"),
    ] {
        let server = trusting(place, &[]);
        let mut counters = Counters::of(&server);
        let refusal =
            connect(&server, &[(header, value)]).open().map(drop).expect_err("nobody understands it");
        assert_eq!((refusal.status, refusal.body.contains(header)), (400, true), "{refusal:?}");
        assert_eq!(poll(&server, &[(header, value)]).0, 400);
        counters.expect(json!({ "forwarded_addresses_refused": 2 }));
        let line = server.wait_for_log("cannot be parsed", DEADLINE);
        assert!(line.contains("WARN") && line.contains(PROXY), "{line}");
        // Of a stranger it is not even read.
        connect(&server, &[(header, value)]).open_on(from(STRANGER, &server)).expect("accepted");
        counters.expect(json!({ "forwarded_addresses_refused": 2 }));
    }
}

#[test]
fn what_long_polling_refuses_is_logged_with_the_address_that_a_proxy_tells() {
    let server = trusting("x-forwarded-for", &["max_message=2000"]);
    let told = [("X-Forwarded-For", "6.6.6.6, 192.0.2.77")];
    let refused = connect(&server, &told).path("/lp/open").header("Origin", "https://evil.example");
    let refusal = refused.open().map(drop).expect_err("another origin");
    assert_eq!(refusal.status, 403);
    let line = server.wait_for_log("evil.example", DEADLINE);
    assert!(line.contains("peer=192.0.2.77"), "{line}");
}

#[test]
fn an_address_that_a_proxy_tells_has_its_limit_and_the_proxy_has_none() {
    let server = trusting("x-forwarded-for", &["connections_per_address=2"]);
    let mut counters = Counters::of(&server);
    let of = |address: &str| connect(&server, &[("X-Forwarded-For", address)]).open();
    let first = [of("192.0.2.1").expect("the first"), of("192.0.2.1").expect("the second")];
    for claimed in ["192.0.2.1", "6.6.6.6, 192.0.2.1", "192.0.2.1:4711"] {
        let refusal = of(claimed).map(drop).expect_err("one too many");
        assert_eq!((refusal.status, refusal.body.contains("accepts 2")), (503, true), "{refusal:?}");
    }
    assert_eq!(poll(&server, &[("X-Forwarded-For", "192.0.2.1")]).0, 503);
    counters.expect(json!({ "connections_per_address_refused": 4 }));
    // Others have their own, and what comes without the header is the proxy's.
    let others = [of("192.0.2.2").expect("another"), of("2001:db8::1").expect("another")];
    let proxys: Vec<RawPeer> =
        (0..4).map(|_| connect(&server, &[]).open().expect("a proxy stands for many")).collect();
    drop(first);
    counters.expect_connections(1 + others.len() + proxys.len());
    of("192.0.2.1").expect("there is room again");
    counters.expect(json!({ "connections_per_address_refused": 4 }));
}

/// A PROXY header of version 2 for TCP over IPv4 from `source`.
fn header(source: [u8; 4]) -> Vec<u8> {
    let [a, b, c, d] = source;
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &[a, b, c, d, 127, 0, 0, 1, 0x12, 0x67, 0, 80][..]].concat()
}

fn proxied(server: &ServerProcess, header: &[u8]) -> Stream {
    let mut stream = from(PROXY, server);
    stream.write_all(header).expect("sent");
    stream
}

/// Requires that the server ends the connection, having said nothing.
#[track_caller]
fn ends(mut stream: Stream) {
    stream.set_read_timeout(DEADLINE);
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        // What the server did not read makes the end a reset.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn a_proxy_header_comes_before_every_transport() {
    let server = trusting("proxy", &[]);
    let expected = (json!("192.0.2.1:4711"), json!(PROXY));
    let introduced = header([192, 0, 2, 1]);

    let mut peer = connect(&server, &[]).open_on(proxied(&server, &introduced)).expect("accepted");
    assert_eq!(addresses(&mut peer), expected, "a WebSocket");
    // Headers do not count beside it.
    let spoofed = connect(&server, &[("X-Forwarded-For", "6.6.6.6")]);
    let mut peer = spoofed.open_on(proxied(&server, &introduced)).expect("accepted");
    assert_eq!(addresses(&mut peer), expected, "a WebSocket with a header that is not trusted");

    let mut peer = RawSocket::over(proxied(&server, &introduced)).peer(Subprotocol::CBOR);
    assert_eq!(addresses(&mut peer), expected, "RawSocket");

    let mut http = Http::over(proxied(&server, &introduced));
    assert_eq!(http.post("/lp/open", br#"{"protocols":["wamp.2.json"]}"#).status, 200, "long-polling");

    // What stands behind the addresses is left aside, and LOCAL is the proxy itself.
    let with_more = [&introduced[..14], b"\0\x13", &introduced[16..], b"\x03\0\x04abcd"].concat();
    let mut peer = RawSocket::over(proxied(&server, &with_more)).peer(Subprotocol::JSON);
    assert_eq!(addresses(&mut peer), expected);
    let local = [&introduced[..12], b"\x20\0\0\0"].concat();
    let mut peer = RawSocket::over(proxied(&server, &local)).peer(Subprotocol::JSON);
    let (peer, connection) = addresses(&mut peer);
    assert!(peer.as_str().is_some_and(|peer| peer.starts_with(PROXY)), "{peer}");
    assert_eq!(connection, PROXY);
}

#[test]
fn a_proxy_header_comes_before_tls() {
    let directory = std::env::temp_dir().join(format!("serverwamp-{}-proxied-tls", std::process::id()));
    let authority = Authority::new("the authority of this test");
    let (certificate, key) = authority.issue(&["localhost"]).write(&directory).expect("files");
    let server = trusting("proxy", &[&format!("tls={},{}", certificate.display(), key.display())]);
    let secured = server.tls_address().expect("a port with TLS");
    let stream =
        authority.client().connect_behind(&secured, "localhost", &header([192, 0, 2, 1])).expect("TLS");
    let mut peer = RawSocket::over(stream).peer(Subprotocol::JSON);
    assert_eq!(addresses(&mut peer), (json!("192.0.2.1:4711"), json!(PROXY)));
    authority
        .client()
        .connect(&secured, "localhost")
        .map(drop)
        .expect_err("a trusted proxy without its header");
    Counters::of_proxied(&server, &header([192, 0, 2, 2])).expect(json!({ "proxy_headers_refused": 1 }));
    drop(std::fs::remove_dir_all(&directory));
}

#[test]
fn a_proxy_header_that_is_missing_or_not_understood_or_of_a_stranger_ends_the_connection_and_is_counted() {
    let server = trusting("proxy", &["handshake_ms=500"]);
    let mut counters = Counters::of_proxied(&server, &header([192, 0, 2, 2]));
    let good = header([192, 0, 2, 1]);
    let request = b"GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut refused = 0;
    for bad in [
        &request[..],
        b"\x7f\xf1\0\0",
        b"PROXY TCP4 192.0.2.1 127.0.0.1 4711 80\r\n",
        &[&good[..11], b"x", &good[12..]].concat(),
        &[&good[..12], b"\x11", &good[13..]].concat(),
        &[&good[..12], b"\x22", &good[13..]].concat(),
        &[&good[..13], b"\x12", &good[14..]].concat(),
        &[&good[..14], b"\x08\x01", &good[16..]].concat(),
        &[&good[..14], b"\0\x0b", &good[16..]].concat(),
        // Once is enough.
        &[&good[..], &good[..]].concat(),
    ] {
        ends(proxied(&server, bad));
        refused += 1;
        counters.expect(json!({ "proxy_headers_refused": refused }));
    }
    let line = server.wait_for_log("send-proxy-v2", DEADLINE);
    assert!(line.contains("WARN") && line.contains(PROXY), "{line}");
    // A stranger may not send one.
    let mut stranger = from(STRANGER, &server);
    stranger.write_all(&good).expect("sent");
    ends(stranger);
    refused += 1;
    counters.expect(json!({ "proxy_headers_refused": refused }));
    // And needs none.
    let mut peer = connect(&server, &[]).open_on(from(STRANGER, &server)).expect("accepted");
    assert!(addresses(&mut peer).0.as_str().is_some_and(|peer| peer.starts_with(STRANGER)));
    // Half of one is waited for as long as a handshake may take; who leaves is refused nothing.
    ends(proxied(&server, &good[..20]));
    counters.expect(json!({ "proxy_headers_refused": refused, "handshake_timeouts": 1 }));
    drop(proxied(&server, &good[..20]));
    counters.expect_connections(2);
    counters.expect(json!({ "proxy_headers_refused": refused, "handshake_timeouts": 1 }));
}

#[test]
fn who_is_one_too_many_is_told_behind_its_proxy_header() {
    let server = trusting("proxy", &["connections_per_address=1", "connections=4", "unauthenticated=4"]);
    let mut counters = Counters::of_proxied(&server, &header([192, 0, 2, 2]));
    let open = |last: u8| connect(&server, &[]).open_on(proxied(&server, &header([192, 0, 2, last])));
    let _first = open(1).expect("the first");
    let refusal = open(1).map(drop).expect_err("one too many of this address");
    assert_eq!((refusal.status, refusal.body.contains("from your address")), (503, true), "{refusal:?}");
    let mut raw = RawSocket::over(proxied(&server, &header([192, 0, 2, 1])));
    raw.write(&[0x7f, 0xf1, 0, 0]);
    assert_eq!(raw.read_octets(4), Some(vec![0x7f, 0x40, 0, 0]));
    counters.expect(json!({ "connections_per_address_refused": 2 }));
    let _others = [open(3).expect("another"), open(4).expect("another")];
    counters.expect_connections(4);
    let refusal = open(5).map(drop).expect_err("one too many in all");
    assert_eq!((refusal.status, refusal.body.contains("the server accepts 4")), (503, true), "{refusal:?}");
    counters.expect(json!({ "connections_per_address_refused": 2, "connections_refused": 1 }));
}

#[test]
fn a_proxy_at_a_unix_socket_is_trusted_by_its_own_name() {
    let path = std::env::temp_dir().join(format!("serverwamp-{}-proxied.sock", std::process::id()));
    let path = path.to_str().expect("a path that is text");
    let _server = server_with(&["trusted_proxies=proxy,unix:", &format!("unix={path}")]);
    let mut stream = Stream::unix(path);
    stream.write_all(&header([192, 0, 2, 1])).expect("sent");
    let mut peer = RawSocket::over(stream).peer(Subprotocol::JSON);
    assert_eq!(addresses(&mut peer), (json!("192.0.2.1:4711"), NONE));
    // A limit of time is one here as well.
    let mut silent = Stream::unix(path);
    silent.set_read_timeout(Duration::from_millis(50));
    assert!(silent.read(&mut [0]).is_err(), "it may still send its header");
}
