//! Which host a request is for: pages that give their own name the server's address, and requests that name no host.

use serde_json::json;
use serverwamp_conformance::{Connect, DEADLINE, RawTcp, ServerProcess, Subprotocol, binary};

use crate::counters::Counters;
use serverwamp_conformance::harness::{join, server, server_with};

/// The answer to a request by hand, to its end.
fn ask(server: &ServerProcess, version: &str, method: &str, path: &str, headers: &str) -> String {
    let mut tcp = RawTcp::open(server.url());
    let request =
        format!("{method} {path} HTTP/{version}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n");
    tcp.write(request.as_bytes());
    String::from_utf8_lossy(&tcp.read_to_end(DEADLINE).expect("an answer")).into_owned()
}

/// One request for each kind of answer: the WebSocket, long-polling, and a plain page.
const ALL: [(&str, &str); 3] = [("GET", "/ws"), ("POST", "/lp/open"), ("GET", "/elsewhere")];

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

fn connect(server: &ServerProcess, host: &str) -> Connect {
    Connect::to(server.url()).subprotocol(Subprotocol::JSON).header("Host", host)
}

#[test]
fn a_request_for_no_host_or_for_two_is_answered_400_whatever_carries_it() {
    let server = server();
    let mut counters = Counters::of(&server);
    let mut refused = 0;
    for version in ["1.0", "1.1"] {
        for (method, path) in ALL {
            for headers in ["", "Host: a\r\nHost: a\r\n", "Host: \r\n", "Host: joe@a\r\n", "Host: a:b\r\n"] {
                let answer = ask(&server, version, method, path, headers);
                assert_eq!(status(&answer), "400", "{version} {path} {headers:?}: {answer}");
                assert!(answer.to_lowercase().contains("host"), "{answer}");
                refused += 1;
            }
        }
    }
    counters.expect(json!({ "hosts_refused": refused }));
}

#[test]
fn a_page_that_gave_its_own_name_the_servers_address_is_refused_where_the_server_knows_its_names() {
    let server = server_with(&["hosts=app.example.com,*.dev.example.com,127.0.0.1"]);
    let mut counters = Counters::of(&server);
    let mut refused = 0;
    for host in ["rebound.example", "localhost", "dev.example.com", "app.example.com.evil.example"] {
        let origin = format!("http://{host}");
        let refusal =
            connect(&server, host).header("Origin", &origin).open().map(drop).expect_err("a stranger");
        assert_eq!(refusal.status, 403, "{host}");
        for part in [host, "WebSocketConfig::hosts", "docs/proxies.md"] {
            assert!(refusal.body.contains(part), "{}", refusal.body);
        }
        for (method, path) in ALL {
            for version in ["1.0", "1.1"] {
                let answer = ask(&server, version, method, path, &format!("Host: {host}:8080\r\n"));
                assert_eq!(status(&answer), "403", "{version} {path} {host}: {answer}");
                assert!(!answer.contains("access-control-allow-origin"), "{answer}");
            }
        }
        refused += 7;
    }
    counters.expect(json!({ "hosts_refused": refused }));
    for host in ["app.example.com", "APP.example.com.:8443", "x.dev.example.com", "127.0.0.1"] {
        connect(&server, host).open().expect("a name of the server");
    }
}

#[test]
fn any_host_will_do_unless_the_setting_says_otherwise() {
    let server = server();
    connect(&server, "whatever.example").open().expect("any name");
    join(&server, "realm1");
}

#[test]
fn origins_can_be_listed_by_pattern_and_a_refusal_names_both_sides() {
    let server = server_with(&["origin=https://*.example.com,http://localhost:5173/"]);
    let from = |origin: &str| connect(&server, "backend:8080").header("Origin", origin).open();
    for origin in
        ["https://app.example.com", "https://a.b.example.com", "http://localhost:5173", "http://backend"]
    {
        from(origin).expect("a listed page, or one of the same host");
    }
    let foreign =
        ["https://example.com", "http://app.example.com", "http://localhost:5174", "https://xexample.com"];
    for origin in foreign {
        let refusal = from(origin).map(drop).expect_err("a foreign page");
        assert_eq!(refusal.status, 403);
        for part in [origin, "backend:8080", "proxy_set_header Host", "WebSocketConfig::origins"] {
            assert!(refusal.body.contains(part), "{}", refusal.body);
        }
    }
    // One warning of a kind is logged in a minute, so only the first of these.
    let line = server.wait_for_log(&format!("origin {} is not allowed", foreign[0]), DEADLINE);
    assert!(line.contains("WARN") && line.contains("host backend:8080"), "{line}");
}

#[test]
fn the_program_answers_to_the_names_of_this_machine_and_to_those_it_is_told() {
    let start = |more: &[&str]| {
        let arguments = [&["--listen", "127.0.0.1:0"], more].concat();
        ServerProcess::start(&binary::cli(), &arguments, &[])
    };
    let status = |server: &ServerProcess, host: &str, origin: Option<&str>| {
        let mut connect = connect(server, host);
        if let Some(origin) = origin {
            connect = connect.header("Origin", origin);
        }
        connect.open().map_or_else(|refusal| refusal.status, |_| 101)
    };
    let plain = start(&[]);
    for name in ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"] {
        assert_eq!(status(&plain, &format!("{name}:8080"), Some("http://localhost:5173")), 101, "{name}");
        assert_eq!(status(&plain, "127.0.0.1", Some(&format!("http://{name}:3000"))), 101, "{name}");
    }
    for host in ["rebound.example", "192.0.2.1", "app.example.com"] {
        let origin = format!("http://{host}");
        assert_eq!(status(&plain, host, Some(&origin)), 403, "{host}");
        assert_eq!(status(&plain, "localhost", Some(&origin)), 403, "{host}");
    }
    let told = start(&["--host", "app.example.com", "--origin", "https://*.example.com"]);
    assert_eq!(status(&told, "app.example.com", Some("http://app.example.com")), 101);
    assert_eq!(status(&told, "localhost", Some("https://x.example.com")), 101);
    assert_eq!(status(&told, "rebound.example", None), 403);
    let insecure = start(&["--insecure"]);
    assert_eq!(status(&insecure, "192.0.2.1", Some("http://192.0.2.1")), 101);
    assert_eq!(status(&insecure, "rebound.example", Some("http://rebound.example")), 403);
}
