//! Answers to requests: files, headers, and the login by a link.

#![expect(clippy::unwrap_used, reason = "a test fails there")]

use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_NONE_MATCH, LOCATION, SET_COOKIE,
};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use serverwamp_console::{Console, Visitor};
use std::time::Duration;

type Answer = Response<Full<bytes::Bytes>>;

fn request(method: Method, path: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn got(console: &Console, path: &str, headers: &[(&str, &str)]) -> Answer {
    console.answer(&request(Method::GET, path, headers))
}

fn header(answer: &Answer, name: HeaderName) -> &str {
    answer.headers().get(name).unwrap().to_str().unwrap()
}

fn ann() -> Visitor {
    Visitor { authid: "ann".to_owned(), role: "operator".to_owned() }
}

/// Exchanges a token from a page of this origin.
fn log_in(console: &Console, token: &str, origin: &str, host: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer), ("origin", origin), ("host", host)];
    console.answer(&request(Method::POST, "/console/login", &headers))
}

fn token(console: &Console) -> String {
    let link = console.link(ann()).unwrap();
    link.strip_prefix("/console/#token=").unwrap().to_owned()
}

#[test]
fn a_page_comes_with_a_policy_that_lets_nothing_else_run() {
    let answer = got(&Console::new(), "/console/", &[("accept-encoding", "gzip, br")]);
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(&answer, CONTENT_ENCODING), "gzip");
    let policy = header(&answer, CONTENT_SECURITY_POLICY);
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types lit-html",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.split("; ").any(|one| one == part), "{policy} has no {part}");
    }
    assert!(!policy.contains("unsafe") && policy.ends_with("connect-src 'self'"), "{policy}");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers()["cache-control"], "no-cache");
    let script = got(&Console::new(), "/console/app.js", &[]);
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    assert!(script.headers().contains_key(CONTENT_SECURITY_POLICY));
}

#[test]
fn a_copy_that_is_kept_is_not_sent_again() {
    let console = Console::new();
    let first = got(&console, "/console/app.js", &[]);
    let etag = header(&first, ETAG);
    let again = got(&console, "/console/app.js", &[("if-none-match", etag)]);
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert!(!again.headers().contains_key(CONTENT_ENCODING));
    let other = got(&console, "/console/app.js", &[(IF_NONE_MATCH.as_str(), "\"0\"")]);
    assert_eq!(other.status(), StatusCode::OK);
    assert_ne!(header(&got(&console, "/console/style.css", &[]), ETAG), etag);
}

#[test]
fn who_refuses_gzip_is_told_so() {
    for (refuses, status) in [
        ("identity", StatusCode::NOT_ACCEPTABLE),
        ("gzip;q=0, *", StatusCode::NOT_ACCEPTABLE),
        ("br, *;q=0", StatusCode::NOT_ACCEPTABLE),
        ("br;q=1.0, gzip;q=0.8", StatusCode::OK),
        ("*", StatusCode::OK),
    ] {
        let answer = got(&Console::new(), "/console/app.js", &[(ACCEPT_ENCODING.as_str(), refuses)]);
        assert_eq!(answer.status(), status, "{refuses}");
    }
}

#[test]
fn other_paths_and_methods_are_refused() {
    let console = Console::new();
    for path in [
        "/console/nothing.js",
        "/console/../app.js",
        "/console//app.js",
        "/console/./app.js",
        "/console/lib/../app.js",
        "/console/..%2fapp.js",
        "/console/lib\\..\\app.js",
        "/console/app.js/",
        "/console/app.js%00.html",
        "/console/APP.JS",
        "/console/vendor",
        "/console/vendor/vendor.lock",
        "/elsewhere",
        "/console/%61pp.js",
    ] {
        assert_eq!(got(&console, path, &[]).status(), StatusCode::NOT_FOUND, "{path}");
    }
    let posted = console.answer(&request(Method::POST, "/console/app.js", &[]));
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(got(&console, "/console/login", &[]).status(), StatusCode::METHOD_NOT_ALLOWED);
    let redirected = got(&console, "/console", &[]);
    assert_eq!(
        (redirected.status(), header(&redirected, LOCATION)),
        (StatusCode::PERMANENT_REDIRECT, "/console/")
    );
    assert!(console.has("/console") && console.has("/console/x") && !console.has("/consoles"));
    assert!(Console::new().path("/").has("/app.js"));
}

#[test]
fn every_answer_has_the_headers_that_keep_others_out() {
    let console = Console::new();
    let posted = |path: &str, headers: &[(&str, &str)]| console.answer(&request(Method::POST, path, headers));
    let page = [("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")];
    let stolen =
        [("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080"), ("authorization", "Bearer 00")];
    let kept = header(&got(&console, "/console/app.js", &[]), ETAG).to_owned();
    let mut refusal = Response::new(Full::<bytes::Bytes>::default());
    *refusal.status_mut() = StatusCode::UPGRADE_REQUIRED;
    console.protect(&mut refusal);
    for (answer, status) in [
        (got(&console, "/console/", &[]), StatusCode::OK),
        (got(&console, "/console", &[]), StatusCode::PERMANENT_REDIRECT),
        (got(&console, "/console/nothing", &[]), StatusCode::NOT_FOUND),
        (got(&console, "/console/app.js", &[("if-none-match", &kept)]), StatusCode::NOT_MODIFIED),
        (got(&console, "/console/app.js", &[("accept-encoding", "identity")]), StatusCode::NOT_ACCEPTABLE),
        (posted("/console/app.js", &[]), StatusCode::METHOD_NOT_ALLOWED),
        (posted("/console/login", &[]), StatusCode::FORBIDDEN),
        (posted("/console/login", &page), StatusCode::BAD_REQUEST),
        (posted("/console/login", &stolen), StatusCode::FORBIDDEN),
        (posted("/console/logout", &page), StatusCode::NO_CONTENT),
        (refusal, StatusCode::UPGRADE_REQUIRED),
    ] {
        assert_eq!(answer.status(), status);
        assert!(header(&answer, CONTENT_SECURITY_POLICY).starts_with("default-src 'none'; "), "{answer:?}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-cache"),
        ] {
            assert_eq!(answer.headers()[name], value, "{status}");
        }
    }
}

#[test]
fn what_changes_who_is_logged_in_takes_one_method() {
    let console = Console::new();
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS, Method::PATCH] {
        for path in ["/console/login", "/console/logout"] {
            let answer = console.answer(&request(method.clone(), path, &[]));
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.headers()["allow"], "POST");
            assert!(!answer.headers().contains_key(SET_COOKIE));
        }
    }
}

#[test]
fn a_link_that_is_too_old_logs_nobody_in() {
    let console = Console::new();
    let link = console.link_within(ann(), Duration::ZERO).unwrap();
    let token = link.strip_prefix("/console/#token=").unwrap();
    let answer = log_in(&console, token, "http://127.0.0.1:8080", "127.0.0.1:8080");
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(!answer.headers().contains_key(SET_COOKIE));
    let waiting = console.link_within(ann(), Duration::MAX).unwrap();
    console.log_everybody_out();
    let token = waiting.strip_prefix("/console/#token=").unwrap();
    let answer = log_in(&console, token, "http://127.0.0.1:8080", "127.0.0.1:8080");
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

#[test]
fn requests_with_several_of_what_there_is_one_of_are_nobodys() {
    let console = Console::new();
    let token = token(&console);
    let bearer = format!("Bearer {token}");
    for twice in [("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")] {
        let headers = [
            ("authorization", &*bearer),
            ("origin", "http://127.0.0.1:8080"),
            ("host", "127.0.0.1:8080"),
            twice,
        ];
        let answer = console.answer(&request(Method::POST, "/console/login", &headers));
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{twice:?}");
    }
    // None of them has used it up.
    let answer = log_in(&console, &token, "http://127.0.0.1:8080", "127.0.0.1:8080");
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

#[test]
fn a_link_logs_one_browser_in() {
    let console = Console::new();
    let token = token(&console);
    let answer = log_in(&console, &token, "http://127.0.0.1:8080", "127.0.0.1:8080");
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let set = header(&answer, SET_COOKIE);
    let (pair, attributes) = set.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/console/; HttpOnly; SameSite=Strict");
    assert!(pair.starts_with("serverwamp_console_8080=") && !pair.contains(&token));
    let visitor = |cookie: &str, host: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_str(host).unwrap());
        headers.insert("cookie", HeaderValue::from_str(cookie).unwrap());
        console.visitor(&headers)
    };
    assert_eq!(visitor(&format!("other=1; {pair}"), "127.0.0.1:8080"), Some(ann()));
    assert_eq!(visitor(pair, "127.0.0.1:8081"), None, "it is the cookie of another port");
    assert_eq!(visitor(&pair[..pair.len() - 1], "127.0.0.1:8080"), None);
    let again = log_in(&console, &token, "http://127.0.0.1:8080", "127.0.0.1:8080");
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    let leaving = [("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080"), ("cookie", pair)];
    let left = console.answer(&request(Method::POST, "/console/logout", &leaving));
    assert!(header(&left, SET_COOKIE).ends_with("Max-Age=0"));
    assert_eq!(visitor(pair, "127.0.0.1:8080"), None);
}

#[test]
fn pages_of_others_log_nobody_in() {
    let console = Console::new();
    let token = token(&console);
    for (origin, host) in [
        ("http://evil.example", "127.0.0.1:8080"),
        ("http://127.0.0.1:9999", "127.0.0.1:8080"),
        ("null", "127.0.0.1:8080"),
        ("ftp://127.0.0.1:8080", "127.0.0.1:8080"),
    ] {
        assert_eq!(log_in(&console, &token, origin, host).status(), StatusCode::FORBIDDEN, "{origin}");
    }
    let silent =
        request(Method::POST, "/console/login", &[("host", "127.0.0.1:8080"), ("authorization", "Bearer x")]);
    assert_eq!(console.answer(&silent).status(), StatusCode::FORBIDDEN);
    // None of them has used the token up.
    let encrypted = log_in(&console, &token, "https://wamp.example.com", "wamp.example.com");
    assert!(header(&encrypted, SET_COOKIE).ends_with("SameSite=Strict; Secure"), "{encrypted:?}");
}

#[test]
fn routers_of_others_are_named_one_by_one() {
    let console =
        Console::new().routers(["ws://127.0.0.1:9000", "wss://x; script-src *", "https://evil.example"]);
    let answer = got(&console, "/console/", &[]);
    assert!(header(&answer, CONTENT_SECURITY_POLICY).ends_with("connect-src 'self' ws://127.0.0.1:9000"));
}
