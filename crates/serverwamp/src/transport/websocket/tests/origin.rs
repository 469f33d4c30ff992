//! The web pages that may connect.

use http::header::{HeaderMap, HeaderValue, ORIGIN};
use http::{Request, StatusCode, Version};

use crate::transport::websocket::{HostPattern, Hosts, OriginPattern, Origins};

/// Checks that a request with these headers may connect to `host`; the error is the reason why not.
fn check(origins: &Origins, host: &str, with: &[&[u8]]) -> Result<(), String> {
    let requested = Hosts::any().check(&Request::get("/ws").header("host", host).body(()).unwrap()).unwrap();
    let mut headers = HeaderMap::new();
    for origin in with {
        headers.append(ORIGIN, HeaderValue::from_bytes(origin).unwrap());
    }
    origins.check(&headers, &requested)
}

fn allowed(origins: &Origins, origin: &[u8], host: &str) -> bool {
    check(origins, host, &[origin]).is_ok()
}

#[test]
fn pages_of_the_same_host_may_connect() {
    for (origin, host) in [
        ("http://example.com", "example.com"),
        ("https://example.com", "example.com:8443"),
        ("https://EXAMPLE.com:3000", "example.com"),
        ("http://localhost:5173", "localhost:8080"),
        ("http://[::1]:3000", "[::1]:8080"),
    ] {
        assert!(allowed(&Origins::same_host(), origin.as_bytes(), host), "{origin} {host}");
    }
}

#[test]
fn other_pages_may_not() {
    for (origin, host) in [
        ("https://evil.example", "example.com"),
        ("https://example.com.evil.example", "example.com"),
        ("https://evil-example.com", "example.com"),
        ("https://sub.example.com", "example.com"),
        ("https://example.com@evil.example", "example.com"),
        ("https://evil.example/example.com", "example.com"),
        ("https://example.com/path", "example.com"),
        ("null", "example.com"),
        ("null", "null"),
        ("example.com", "example.com"),
        ("", "example.com"),
    ] {
        assert!(!allowed(&Origins::same_host(), origin.as_bytes(), host), "{origin} {host}");
    }
    assert!(!allowed(&Origins::same_host(), b"http://\xff", "example.com"));
    assert!(!allowed(&Origins::listed(["https://app.example"]), b"https://other.example", "example.com"));
}

#[test]
fn listed_pages_and_programs_may() {
    let listed = Origins::listed(["https://app.example"]);
    assert!(allowed(&listed, b"https://app.example", "api.example"));
    assert!(allowed(&listed, b"https://api.example", "api.example"));
    assert!(!allowed(&listed, b"http://app.example", "api.example"));
    assert!(allowed(&Origins::any_origin(), b"https://evil.example", "api.example"));
    assert!(check(&Origins::same_host(), "a.example", &[]).is_ok());
}

#[test]
fn what_is_listed_is_compared_as_browsers_write_it() {
    for (listed, origin) in [
        ("https://app.example/", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://app.example:80/", "http://app.example"),
        ("HTTPS://App.Example", "https://app.example"),
        ("https://app.example:80", "https://app.example:80"),
        ("http://[0:0::1]:3000", "http://[::1]:3000"),
        ("chrome-extension://abcdefgh", "chrome-extension://abcdefgh"),
        ("null", "null"),
    ] {
        let origins = Origins::listed([listed]);
        assert!(origins.impossible().is_empty(), "{listed}");
        assert!(allowed(&origins, origin.as_bytes(), "api.example"), "{listed}");
        assert!(!allowed(&origins, b"https://app.example.evil.example", "api.example"), "{listed}");
    }
}

#[test]
fn two_origins_are_refused() {
    let both: [&[u8]; 2] = [b"https://a.example", b"https://evil.example"];
    assert!(check(&Origins::same_host(), "a.example", &both).is_err());
}

#[test]
fn a_pattern_lets_the_pages_of_every_host_below_a_domain_in_and_no_others() {
    let listed = Origins::listed(["https://*.Example.com", "http://*.example.com:8080"]);
    assert_eq!(listed.impossible(), [""; 0]);
    for origin in [
        "https://a.example.com",
        "https://a.b.EXAMPLE.com",
        "https://a.example.com:443",
        "http://a.example.com:8080",
    ] {
        assert!(allowed(&listed, origin.as_bytes(), "api.example"), "{origin}");
    }
    for origin in [
        "https://example.com",
        "https://.example.com",
        "https://evilexample.com",
        "https://a.example.com.evil",
        "https://a.example.com:8443",
        "http://a.example.com",
        "http://a.example.com:80",
        "https://a.example.com/",
        "https://x@a.example.com",
        "https://*.example.com",
    ] {
        assert!(!allowed(&listed, origin.as_bytes(), "api.example"), "{origin}");
    }
}

#[test]
fn a_refused_page_is_told_both_sides_and_what_to_do() {
    let why = check(&Origins::same_host(), "backend:8080", &[b"https://example.com"]).unwrap_err();
    for part in
        ["origin https://example.com", "host backend:8080", "proxy_set_header Host", "--origin", "proxies.md"]
    {
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn names_of_this_machine_are_one_host_where_the_setting_says_so() {
    let one = Origins::same_host().loopback_as_one_host();
    let names = ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"];
    for page in names {
        for host in names {
            let origin = format!("http://{page}:5173");
            assert!(allowed(&one, origin.as_bytes(), &format!("{host}:8080")), "{page} {host}");
            assert_eq!(
                allowed(&Origins::same_host(), origin.as_bytes(), host),
                page == host,
                "{page} {host}"
            );
        }
        assert!(!allowed(&one, format!("http://{page}").as_bytes(), "example.com"));
        assert!(!allowed(&one, b"http://localhost.evil.example", page));
    }
}

#[test]
fn an_origin_is_listed_in_one_spelling_or_refused_with_what_to_write() {
    for (listed, read) in [
        ("HTTPS://App.Example.com", "https://app.example.com"),
        ("https://app.example.com/", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80/", "http://app.example.com"),
        ("http://app.example.com:443", "http://app.example.com:443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://*.example.com", "https://*.example.com"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("null", "null"),
        ("file://", "file://"),
    ] {
        assert_eq!(listed.parse::<OriginPattern>().map(|origin| origin.to_string()).as_deref(), Ok(read));
    }
    for (listed, part) in [
        ("app.example.com", "write \"https://app.example.com\""),
        ("app.example.com/", "write \"https://app.example.com\""),
        ("*", "any_origin"),
        ("*.example.com", "the scheme is missing"),
        ("wss://app.example.com", "write \"https://app.example.com\""),
        ("https://app.example.com/path", "write \"https://app.example.com\""),
        ("https://joe@app.example.com", "write \"app.example.com\""),
        ("https://app.example.com:0", "is not a port"),
        ("https://app.example.com:+1", "is not a port"),
        ("https://app.*.com", "not a host name"),
        ("https://*", "not a host name"),
        ("https://*.", "not a host name"),
        ("https://b\u{fc}cher.example", "xn--"),
        ("https://", "the host is missing"),
        ("", "the scheme is missing"),
    ] {
        let impossible = Origins::listed([listed]).impossible().join("");
        assert!(impossible.contains(part), "{listed:?}: {impossible}");
    }
}

fn status(hosts: &Hosts, request: &Request<()>) -> Option<StatusCode> {
    hosts.check(request).err().map(|(status, _)| status)
}

fn host_allowed(hosts: &Hosts, host: &str) -> bool {
    status(hosts, &Request::get("/").header("host", host).body(()).unwrap()).is_none()
}

#[test]
fn a_request_names_one_host_in_every_version_of_http() {
    for version in [Version::HTTP_10, Version::HTTP_11] {
        let request = |hosts: &[&str]| {
            let builder = hosts.iter().fold(Request::get("/"), |request, host| request.header("host", *host));
            builder.version(version).body(()).unwrap()
        };
        for bad in [
            &[][..],
            &["a", "a"],
            &[""],
            &["a b"],
            &["x@a"],
            &["a:b"],
            &["a/b"],
            &["[::1"],
            &["*.a"],
            &["::1"],
        ] {
            assert_eq!(status(&Hosts::any(), &request(bad)), Some(StatusCode::BAD_REQUEST), "{bad:?}");
        }
        for fine in ["a", "a.", "A.example:8080", "a:", "[::1]:1", "127.0.0.1", "_x.example"] {
            assert_eq!(status(&Hosts::any(), &request(&[fine])), None, "{fine}");
        }
    }
    // A target with a host counts more than the header, which HTTP/1.1 demands all the same.
    let known = Hosts::listed(["a.example"]);
    let to = |target: &str, version, host: Option<&str>| {
        let builder =
            host.into_iter().fold(Request::get(target), |request, host| request.header("host", host));
        status(&known, &builder.version(version).body(()).unwrap())
    };
    assert_eq!(to("http://a.example/", Version::HTTP_11, Some("evil.example")), None);
    assert_eq!(to("http://evil.example/", Version::HTTP_11, Some("a.example")), Some(StatusCode::FORBIDDEN));
    assert_eq!(to("http://a.example/", Version::HTTP_11, None), Some(StatusCode::BAD_REQUEST));
    assert_eq!(to("http://a.example/", Version::HTTP_2, None), None);
}

#[test]
fn a_server_that_knows_its_names_takes_requests_for_no_others() {
    let dev = Hosts::loopback().and(["app.example", "*.dev.example"]);
    assert_eq!(dev.impossible(), [""; 0]);
    for host in [
        "localhost",
        "LOCALHOST.:1",
        "127.0.0.1:8080",
        "127.1.2.3",
        "[::1]:80",
        "app.example",
        "x.dev.example:1",
    ] {
        assert!(host_allowed(&dev, host), "{host}");
    }
    for host in
        ["rebound.example", "localhost.rebound.example", "dev.example", "192.0.2.1", "[2001:db8::1]", "127.1"]
    {
        assert!(!host_allowed(&dev, host), "{host}");
    }
    let literals = dev.and_ip_literals();
    assert!(host_allowed(&literals, "192.0.2.1:8080") && host_allowed(&literals, "[2001:db8::1]"));
    assert!(!host_allowed(&literals, "rebound.example"));
}

#[test]
fn a_host_is_listed_without_a_port() {
    for (listed, read) in
        [("Example.com.", "example.com"), ("::1", "[::1]"), ("[::1]", "[::1]"), ("*.a.b", "*.a.b")]
    {
        assert_eq!(listed.parse::<HostPattern>().map(|host| host.to_string()).as_deref(), Ok(read));
    }
    for (listed, part) in [
        ("example.com:80", "write example.com"),
        ("https://example.com", "write example.com"),
        ("https://[::1]:80/x", "write [::1]"),
        ("https://a b", "write the name alone"),
        ("", "is not a host"),
        ("*", "is not a host"),
    ] {
        let impossible = Hosts::listed([listed]).impossible().join("");
        assert!(impossible.contains(part), "{listed:?}: {impossible}");
    }
}
