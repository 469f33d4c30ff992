//! Which web pages may connect.

use http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

use crate::transport::websocket::Origins;

fn allowed(origins: &Origins, origin: &[u8], host: &str) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_str(host).unwrap());
    headers.insert(ORIGIN, HeaderValue::from_bytes(origin).unwrap());
    origins.check(&headers).is_ok()
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
    assert!(Origins::same_host().check(&HeaderMap::new()).is_ok());
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
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_static("a.example"));
    headers.append(ORIGIN, HeaderValue::from_static("https://a.example"));
    headers.append(ORIGIN, HeaderValue::from_static("https://evil.example"));
    assert!(Origins::same_host().check(&headers).is_err());
}
