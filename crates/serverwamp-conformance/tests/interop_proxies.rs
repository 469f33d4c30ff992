//! The configurations of docs/proxies, each loaded by its proxy: sessions over WebSocket and long-polling, and over RawSocket
//! where a proxy carries that, with the right address, and an event after a longer silence than the proxy allows.
//!
//! `cargo test -p serverwamp-conformance --test interop_proxies`. A proxy that is not installed is said to be skipped; with
//! `SERVERWAMP_REQUIRE_INTEROP=1` that fails.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::proxy::{Program, Proxy};
use serverwamp_conformance::{
    Connect, DEADLINE, Http, Nginx, RawPeer, RawSocket, ServerProcess, Stream, Subprotocol, binary, interop,
};

/// Where clients come from: another address than the proxies'.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 7));

/// How long a connection may be silent for the proxies in these tests, in place of a minute.
const PATIENCE: &str = "3s";

/// How long it is silent.
const SILENCE: Duration = Duration::from_millis(4500);

/// The host that pages and requests name.
const HOST: &str = "wamp.example.com";

/// Whether a proxy can be had; if not, that is said.
#[track_caller]
fn is_here(looked_for: Result<(), String>) -> bool {
    match looked_for {
        Ok(()) => true,
        Err(reason) if interop::is_required() => panic!("{reason}"),
        Err(reason) => {
            println!("1 skipped: {reason}");
            false
        }
    }
}

/// A server that pings often, and does not let a `receive` wait for long.
fn by_header() -> ServerProcess {
    let trusted = "trusted_proxies=x-forwarded-for,127.0.0.1";
    ServerProcess::start(&binary::fixture(), &[trusted, "ping_ms=1000", "receive_timeout_ms=1000"], &[])
}

/// A server that does not ping: what carries RawSocket has to be patient.
fn by_proxy_header() -> ServerProcess {
    ServerProcess::start(&binary::fixture(), &["trusted_proxies=proxy,127.0.0.1"], &[])
}

/// A file of docs/proxies with something in the place of its addresses and times, each of which has to be there.
#[track_caller]
fn configuration(name: &str, instead: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/proxies").join(name);
    let text = fs::read_to_string(&path).expect("a file of the documentation");
    instead.iter().fold(text, |text, (there, here)| {
        assert!(text.contains(there), "{there:?} is not in {name}");
        text.replace(there, here)
    })
}

fn nginx(server: &ServerProcess, more: &[(&str, &str)]) -> Nginx {
    let http = |port: u16| {
        let listen = format!("listen 127.0.0.1:{port};");
        let timeouts = ["proxy_read_timeout", "proxy_send_timeout"]
            .map(|what| (format!("{what} 60s"), format!("{what} {PATIENCE}")));
        let mut instead = vec![("listen 80;", listen.as_str()), ("127.0.0.1:8080", server.address())];
        instead.extend(timeouts.iter().map(|(there, here)| (there.as_str(), here.as_str())));
        instead.extend(more);
        configuration("nginx.conf", &instead)
    };
    Nginx::start(http).expect("nginx takes its configuration")
}

/// What a session is told about where it comes from: the peer, without its port where that is not said, and the proxy.
fn is_told(said: &Value, port: Option<u16>) {
    let expected = format!("{CLIENT}:{}", port.unwrap_or_default());
    assert_eq!(said["peer"], json!(expected), "{said}");
    let proxy = said["connection"].as_str().unwrap_or_default();
    assert!(proxy.starts_with("127.0.0.1:"), "{said}");
}

/// Publishes, as somebody who comes without the proxy.
fn publish(server: &ServerProcess, topic: &str) {
    // The server that expects PROXY headers expects none of others.
    let stream = Stream::tcp_from(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 8)), server.address());
    let mut peer = RawSocket::over(stream).peer(Subprotocol::JSON);
    peer.join("realm1");
    assert_eq!(peer.call("publish.to", json!([topic, "after a while"]), Value::Null, Value::Null)[0], 50);
}

/// A session through the proxy: its address, and an event after the silence.
#[track_caller]
fn lives(mut peer: RawPeer, server: &ServerProcess, port: Option<u16>) {
    peer.join("realm1");
    let answer = peer.call("session.addresses", Value::Null, Value::Null, Value::Null);
    is_told(&answer[4], port);
    // One of its own: others live behind the same server at the same time.
    let topic = format!("news.through_the_proxy.{:?}", thread::current().id()).replace(['(', ')'], "_");
    let subscription = peer.subscribe(&topic, Value::Null);
    // It answers pings meanwhile.
    peer.expect_silence_for(SILENCE);
    publish(server, &topic);
    assert_eq!(peer.event(subscription, DEADLINE)[4], json!(["after a while"]));
}

/// A page of the host through the proxy, which claims another address than its own.
fn websocket(address: &str) -> RawPeer {
    let connect = Connect::to(&format!("ws://{address}/ws"))
        .subprotocol(Subprotocol::JSON)
        .header("Host", HOST)
        .header("Origin", &format!("https://{HOST}"))
        .header("X-Forwarded-For", "6.6.6.6");
    connect.open_on(Stream::tcp_from(CLIENT, address)).expect("the page is of the same host")
}

/// The same for a client that polls, with one connection for all of its requests.
#[track_caller]
fn polls(address: &str, server: &ServerProcess) {
    let mut http = Http::over(Stream::tcp_from(CLIENT, address));
    let mut ask = |path: &str, body: &str| {
        http.request("POST", path, &[("X-Forwarded-For", "6.6.6.6")], body.as_bytes()).expect("sent");
        let answer = http.response(DEADLINE).expect("the connection stays").expect("an answer");
        assert!(answer.is_success(), "{path}: {answer:?}");
        answer.json()
    };
    let opened = ask("/lp/open", r#"{"protocols":["wamp.2.json"]}"#);
    let path = format!("/lp/{}", opened["transport"].as_str().expect("the transport's id"));
    let (send, receive) = (format!("{path}/send"), format!("{path}/receive"));
    ask(&send, r#"[1,"realm1",{"roles":{"caller":{},"subscriber":{}}}]"#);
    assert_eq!(ask(&receive, "")[0], 2);
    ask(&send, r#"[48,1,{},"session.addresses"]"#);
    is_told(&ask(&receive, "")[4], None);
    ask(&send, r#"[32,2,{},"news.for_who_polls"]"#);
    assert_eq!(ask(&receive, "")[0], 33);
    let (begun, mut published) = (Instant::now(), false);
    let event = loop {
        if begun.elapsed() > SILENCE && !published {
            publish(server, "news.for_who_polls");
            published = true;
        }
        let received = ask(&receive, "");
        if !received.is_null() {
            break received;
        }
        assert!(begun.elapsed() < SILENCE + DEADLINE, "no event comes");
    };
    assert!(published);
    assert_eq!((&event[0], &event[4]), (&json!(36), &json!(["after a while"])));
    ask(&format!("{path}/close"), "");
}

#[test]
fn nginx_carries_websockets_and_long_polling() {
    if !is_here(Nginx::prepare()) {
        return;
    }
    let server = by_header();
    let nginx = nginx(&server, &[]);
    thread::scope(|scope| {
        scope.spawn(|| polls(nginx.address(), &server));
        lives(websocket(nginx.address()), &server, None);
    });
}

#[test]
fn behind_nginx_that_does_not_pass_host_on_a_page_is_told_why_it_is_refused() {
    if !is_here(Nginx::prepare()) {
        return;
    }
    let server = by_header();
    let nginx = nginx(&server, &[("proxy_set_header Host $http_host;", "")]);
    let page = Connect::to(&format!("ws://{}/ws", nginx.address()))
        .subprotocol(Subprotocol::JSON)
        .header("Host", HOST)
        .header("Origin", &format!("https://{HOST}"));
    let refusal = page.open().map(drop).expect_err("the server is asked for another host");
    assert_eq!(refusal.status, 403);
    for part in [HOST, "host serverwamp ", "proxy_set_header Host"] {
        assert!(refusal.body.contains(part), "{}", refusal.body);
    }
    let line = server.wait_for_log(&format!("origin https://{HOST} is not allowed"), DEADLINE);
    assert!(line.contains("WARN") && line.contains("host serverwamp "), "{line}");
}

#[test]
fn caddy_carries_websockets_and_long_polling() {
    if !is_here(Program::Caddy.prepare()) {
        return;
    }
    let server = by_header();
    let caddy = Proxy::start(Program::Caddy, |[port]| {
        let site =
            format!("{{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}}\n\nhttp://:{port} {{");
        configuration("Caddyfile", &[("wamp.example.com {", &site), ("127.0.0.1:8080", server.address())])
    });
    let caddy = caddy.expect("Caddy takes its configuration");
    let address = caddy.address(0);
    thread::scope(|scope| {
        scope.spawn(|| polls(&address, &server));
        lives(websocket(&address), &server, None);
    });
}

#[test]
fn haproxy_carries_websockets_long_polling_and_every_transport_over_tcp() {
    if !is_here(Program::HaProxy.prepare()) {
        return;
    }
    let (server, introduced) = (by_header(), by_proxy_header());
    let haproxy = Proxy::start(Program::HaProxy, |[http, everything]| {
        let timeout = |what: &str| (format!("timeout {what} 60s"), format!("timeout {what} {PATIENCE}"));
        let timeouts = ["client", "server", "tunnel"].map(timeout);
        let binds = [http, everything].map(|port| format!("bind 127.0.0.1:{port}"));
        let mut instead = vec![
            ("bind :8000", binds[1].as_str()),
            ("bind :80", binds[0].as_str()),
            ("127.0.0.1:8080", server.address()),
            ("127.0.0.1:8081", introduced.address()),
        ];
        instead.extend(timeouts.iter().map(|(there, here)| (there.as_str(), here.as_str())));
        configuration("haproxy.cfg", &instead)
    });
    let haproxy = haproxy.expect("HAProxy takes its configuration");
    let (http, everything) = (haproxy.address(0), haproxy.address(1));
    thread::scope(|scope| {
        scope.spawn(|| polls(&http, &server));
        scope.spawn(|| lives(websocket(&http), &server, None));
        for over_websocket in [true, false] {
            let (everything, introduced) = (&everything, &introduced);
            scope.spawn(move || {
                let stream = Stream::tcp_from(CLIENT, everything);
                let port = stream.local_port();
                let peer = if over_websocket {
                    let connect =
                        Connect::to(&format!("ws://{everything}/ws")).subprotocol(Subprotocol::JSON);
                    connect.open_on(stream).expect("accepted")
                } else {
                    RawSocket::over(stream).peer(Subprotocol::CBOR)
                };
                lives(peer, introduced, Some(port));
            });
        }
    });
}
