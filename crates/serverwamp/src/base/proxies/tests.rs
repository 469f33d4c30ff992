//! The proxies that are trusted, and the addresses taken from their headers.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderValue};

use super::TrustedProxies;

const PROXIES: [&str; 3] = ["10.0.0.0/8", "2001:db8:1::/48", "unix:"];

fn headers(name: &'static str, lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, HeaderValue::from_str(line).unwrap());
    }
    headers
}

/// The origin of a request, as text; `"malformed"` if its headers cannot be read.
fn resolved(proxies: &TrustedProxies, connection: &str, headers: &HeaderMap) -> String {
    let connection = connection.parse::<SocketAddr>().ok();
    match proxies.resolve(connection, headers) {
        Ok(address) => address.map_or_else(|| "none".to_owned(), |address| address.to_string()),
        Err(_) => "malformed".to_owned(),
    }
}

#[test]
fn the_last_address_counts_that_is_no_trusted_proxys() {
    let proxies = TrustedProxies::x_forwarded_for(PROXIES);
    for (lines, expected) in [
        (&["192.0.2.1"][..], "192.0.2.1:0"),
        (&["6.6.6.6, 192.0.2.1"], "192.0.2.1:0"),
        (&["6.6.6.6, 192.0.2.1, 10.1.1.1,10.2.2.2"], "192.0.2.1:0"),
        (&["6.6.6.6", "192.0.2.1", "10.1.1.1"], "192.0.2.1:0"),
        (&["192.0.2.1:4711"], "192.0.2.1:4711"),
        (&["2001:db8::1"], "[2001:db8::1]:0"),
        (&["[2001:db8::1]:4711"], "[2001:db8::1]:4711"),
        (&["[2001:db8::1]"], "[2001:db8::1]:0"),
        (&["::ffff:192.0.2.1"], "192.0.2.1:0"),
        (&["2001:db8::1, 2001:db8:1::5"], "[2001:db8::1]:0"),
        // Everybody on the way is trusted: the first one is who asked.
        (&["10.9.9.9, 10.1.1.1"], "10.9.9.9:0"),
        // Entries before that of a trusted proxy are not even read.
        (&["nonsense, 192.0.2.1"], "192.0.2.1:0"),
        (&["nonsense", "192.0.2.1"], "192.0.2.1:0"),
        // A proxy that does not name its client is the origin itself.
        (&[], "10.0.0.1:5"),
        (&["unknown"], "10.0.0.1:5"),
        (&["192.0.2.1, unknown, 10.2.2.2"], "10.2.2.2:0"),
        (&["nonsense"], "malformed"),
        (&[""], "malformed"),
        (&["192.0.2.1,"], "malformed"),
        (&["192.0.2.1 10.0.0.1"], "malformed"),
        (&["[192.0.2.1]"], "malformed"),
        (&["192.0.2.256"], "malformed"),
        (&["192.0.2.1:65536"], "malformed"),
        (&["nonsense, 10.1.1.1"], "malformed"),
    ] {
        assert_eq!(
            resolved(&proxies, "10.0.0.1:5", &headers("x-forwarded-for", lines)),
            expected,
            "{lines:?}"
        );
    }
    let long = ["10.1.1.1"; 100].join(",");
    let lines = headers("x-forwarded-for", &["192.0.2.1", &long]);
    assert_eq!(resolved(&proxies, "10.0.0.1:5", &lines), "10.1.1.1:0", "and does not go on for ever");
}

#[test]
fn forwarded_is_read_as_its_rfc_says() {
    let proxies = TrustedProxies::forwarded(PROXIES);
    for (lines, expected) in [
        (&["for=192.0.2.60;proto=http;by=203.0.113.43"][..], "192.0.2.60:0"),
        (&["For=\"[2001:db8:cafe::17]:4711\""], "[2001:db8:cafe::17]:4711"),
        (&["for=\"192.0.2.43:47011\""], "192.0.2.43:47011"),
        (&["for=192.0.2.43:47011"], "192.0.2.43:47011"),
        (&["for=6.6.6.6, for=192.0.2.1;by=_x,  for=10.1.1.1 ; host=\"a,b;c=\\\"d\\\"\""], "192.0.2.1:0"),
        (&["for=6.6.6.6", "for=192.0.2.1"], "192.0.2.1:0"),
        (&["for=\"", "for=192.0.2.1"], "192.0.2.1:0"),
        (&["for=\"192.0.2.\\1\""], "192.0.2.1:0"),
        (&["for=unknown"], "10.0.0.1:5"),
        (&["for=_hidden, for=10.3.3.3"], "10.3.3.3:0"),
        (&["by=10.0.0.1"], "10.0.0.1:5"),
        (&[], "10.0.0.1:5"),
        (&["192.0.2.1"], "malformed"),
        (&["for=192.0.2.1,"], "malformed"),
        (&["for=192.0.2.1;for=192.0.2.2"], "malformed"),
        (&["for=2001:db8::"], "[2001:db8::]:0"),
        (&["for=\"192.0.2.1"], "malformed"),
        (&["for=\"192.0.2.1\"x"], "malformed"),
        (&["=192.0.2.1"], "malformed"),
        (&["for="], "malformed"),
        (&["for=_"], "malformed"),
        (&[""], "malformed"),
        // Nobody swallows what the proxy adds behind it.
        (&["for=6.6.6.6;x=\", for=192.0.2.1"], "malformed"),
        (&["for=6.6.6.6;x=\", for=\"[2001:db8::1]\""], "malformed"),
    ] {
        assert_eq!(resolved(&proxies, "10.0.0.1:5", &headers("forwarded", lines)), expected, "{lines:?}");
    }
}

#[test]
fn one_place_is_trusted_and_only_from_trusted_proxies() {
    let both = || {
        let mut both = headers("x-forwarded-for", &["192.0.2.1"]);
        both.extend(headers("forwarded", &["for=192.0.2.2"]));
        both
    };
    let all = [
        (TrustedProxies::none(), "10.0.0.1:5"),
        (TrustedProxies::x_forwarded_for(PROXIES), "192.0.2.1:0"),
        (TrustedProxies::forwarded(PROXIES), "192.0.2.2:0"),
        (TrustedProxies::proxy_protocol(PROXIES), "10.0.0.1:5"),
    ];
    for (proxies, expected) in all {
        assert_eq!(proxies.impossible(), [""; 0]);
        assert_eq!(resolved(&proxies, "10.0.0.1:5", &both()), expected, "{proxies:?}");
        assert_eq!(resolved(&proxies, "11.0.0.1:5", &both()), "11.0.0.1:5", "{proxies:?}");
        assert_eq!(proxies.speak_proxy_protocol(), format!("{proxies:?}").contains("ProxyProtocol"));
    }
    let proxies = TrustedProxies::x_forwarded_for(PROXIES);
    assert_eq!(resolved(&proxies, "[::ffff:10.0.0.1]:5", &both()), "192.0.2.1:0");
    // A peer on a Unix socket has no address.
    assert_eq!(resolved(&proxies, "", &both()), "192.0.2.1:0");
    assert_eq!(resolved(&TrustedProxies::x_forwarded_for(["10.0.0.1"]), "", &both()), "none");
    assert!(proxies.contains("10.9.9.9".parse().unwrap()) && !proxies.contains("192.0.2.1".parse().unwrap()));
}

#[test]
fn proxies_that_cannot_be_are_named_all_at_once() {
    let proxies = TrustedProxies::forwarded(["nginx", "10.0.0.0/8", "0.0.0.0/0"]);
    assert_eq!(proxies.impossible().len(), 2, "{:?}", proxies.impossible());
    assert_eq!(TrustedProxies::proxy_protocol([""; 0]).impossible().len(), 1);
}
