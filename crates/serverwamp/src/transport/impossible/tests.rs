//! Settings that can never work are refused, all at once, each with the line that made it.

use std::time::Duration;

use crate::auth::{self, AuthExchange, AuthId, CraCredential, Principal, Ticket};
use crate::rawsocket::RawSocketConfig;
use crate::websocket::{Hosts, Origins, WebSocketConfig};
use crate::{Application, ApplicationBuilder, Limits, Realm, WampError};

type Change = fn(&mut Limits);

const NONE: Duration = Duration::ZERO;

async fn check(AuthId(id): AuthId, Ticket(_): Ticket) -> Option<Principal> {
    Some(Principal::new(id))
}

async fn by_transport() -> Option<Principal> {
    None
}

async fn answers(_: AuthExchange) -> Result<Principal, WampError> {
    Err(WampError::authentication_denied("authentication denied"))
}

fn builder() -> ApplicationBuilder {
    Application::builder().realm(Realm::new("realm1").allow_anonymous("guest"))
}

/// The problems of an application with this realm.
fn of_realm(realm: Realm) -> Vec<String> {
    problems(Application::builder().realm(realm))
}

fn problems(builder: ApplicationBuilder) -> Vec<String> {
    builder.build().err().map(|error| error.problems().collect()).unwrap_or_default()
}

/// Requires exactly one problem, which says this.
#[track_caller]
fn one(problems: &[String], part: &str) {
    assert!(matches!(problems, [problem] if problem.contains(part)), "{part:?} in {problems:?}");
}

#[test]
fn a_realm_that_admits_nobody_is_refused_unless_it_is_the_applications_own() {
    for realm in [Realm::new("closed"), Realm::router("closed")] {
        one(&of_realm(realm), "realm \"closed\" lets nobody in: add `.allow_anonymous(role)`");
    }
    assert!(of_realm(Realm::new("own").application_only()).is_empty());
    one(&of_realm(Realm::new("own").application_only().allow_anonymous("guest")), "remove one of the two");
    one(
        &of_realm(Realm::new("own").authenticator(auth::ticket(check)).application_only()),
        "remove one of the two",
    );
}

#[test]
fn two_authenticators_of_one_method_are_refused() {
    let realm = || Realm::new("secure").authenticator(auth::ticket(check));
    one(
        &of_realm(realm().authenticator(auth::ticket(check))),
        "already has an authenticator for the method \"ticket\"",
    );
    one(
        &of_realm(realm().authenticator(auth::custom("ticket", answers))),
        "already has an authenticator for the method \"ticket\"",
    );
    let anonymous = realm().authenticator(auth::custom("anonymous", answers));
    assert!(of_realm(anonymous).is_empty(), "an anonymous dialogue of one's own is a method like any");
    let both =
        Realm::new("secure").authenticator(auth::custom("anonymous", answers)).allow_anonymous("guest");
    one(&of_realm(both), "its authenticator for the method \"anonymous\" would never be asked");
    // Each of these leaves the peer to the next one.
    let transport = realm()
        .authenticator(auth::transport("cookie", by_transport))
        .authenticator(auth::transport("cookie", by_transport));
    assert!(of_realm(transport).is_empty());
}

#[test]
fn wamp_cra_with_and_without_salt_are_one_method() {
    async fn secret_of(AuthId(_): AuthId) -> Option<CraCredential> {
        None
    }
    let both = Realm::new("secure")
        .authenticator(auth::cra(secret_of))
        .authenticator(auth::cra_salted(100, 16, secret_of));
    one(&of_realm(both), "already has an authenticator for the method \"wampcra\"");
}

#[test]
fn anonymous_peers_are_allowed_once() {
    let twice = Realm::new("realm1").allow_anonymous("guest").allow_anonymous("admin");
    one(&of_realm(twice), "realm \"realm1\" already has the role \"guest\" for anonymous peers");
}

#[test]
fn a_role_is_a_word() {
    for role in ["", " ", "guest ", "a b", "guest\n", "a\0", "\u{85}"] {
        let said = format!("realm \"realm1\" has the role {role:?}: a role has one character at least");
        one(&of_realm(Realm::new("realm1").allow_anonymous(role)), &said);
        one(&of_realm(Realm::new("realm1").allow_anonymous("guest").administrators([role])), &said);
    }
    assert!(of_realm(Realm::new("realm1").allow_anonymous("com.example:Gäste-1")).is_empty());
}

#[test]
fn a_limit_of_0_that_can_never_work_is_refused() {
    let impossible: [(&str, Change); 16] = [
        ("connections", |limits| limits.connections = 0),
        ("connections_per_address", |limits| limits.connections_per_address = 0),
        ("hello_timeout", |limits| limits.hello_timeout = NONE),
        ("authenticate_timeout", |limits| limits.authenticate_timeout = NONE),
        ("idle_timeout", |limits| limits.idle_timeout = NONE),
        ("hello_bytes", |limits| limits.hello_bytes = 19),
        ("requests_per_second", |limits| limits.requests_per_second = 0),
        ("requests_burst", |limits| limits.requests_burst = 0),
        ("outgoing_bytes", |limits| limits.outgoing_bytes = 0),
        ("outgoing_messages", |limits| limits.outgoing_messages = 0),
        ("outgoing_message_bytes", |limits| limits.outgoing_message_bytes = 0),
        ("invocations_in_flight", |limits| limits.invocations_in_flight = 0),
        ("retained_age", |limits| limits.retained_age = NONE),
        ("longest_call_timeout", |limits| limits.longest_call_timeout = NONE),
        ("uri_bytes", |limits| limits.uri_bytes = 0),
        ("uri_components", |limits| limits.uri_components = 0),
    ];
    for (name, change) in impossible {
        let found = problems(builder().limits(change));
        let says = found.iter().any(|problem| problem.contains(&format!("Limits::{name} is ")));
        assert!(says, "{name}: {found:?}");
        assert!(found.iter().all(|problem| problem.contains("tests.rs:")), "{found:?}");
    }
    // Of these 0 means that there is none.
    let possible: [Change; 12] = [
        |limits| limits.goodbye_timeout = NONE,
        |limits| limits.grace = NONE,
        |limits| limits.calls_in_flight = 0,
        |limits| limits.calls_in_flight_in_all = 0,
        |limits| limits.subscriptions = 0,
        |limits| limits.pattern_subscriptions = 0,
        |limits| limits.registrations = 0,
        |limits| limits.testaments = 0,
        |limits| limits.retained_events = 0,
        |limits| limits.receivers = 0,
        |limits| limits.receivers_bytes = 0,
        |limits| limits.forward_for = 0,
    ];
    for change in possible {
        assert!(problems(builder().limits(change)).is_empty());
    }
}

#[test]
fn settings_of_transports_that_can_never_work_are_refused() {
    let websocket: [fn(&mut WebSocketConfig); 5] = [
        |config| config.subprotocols.clear(),
        |config| config.max_message = 0,
        |config| config.ping_interval = NONE,
        |config| config.ping_timeout = NONE,
        |config| config.write_timeout = NONE,
    ];
    for change in websocket {
        one(&problems(builder().websocket(change)), "WebSocketConfig::");
    }
    let rawsocket: [fn(&mut RawSocketConfig); 5] = [
        |config| config.serializers.clear(),
        |config| config.max_message = 0,
        |config| config.ping_interval = NONE,
        |config| config.ping_timeout = NONE,
        |config| config.write_timeout = NONE,
    ];
    for change in rawsocket {
        one(&problems(builder().rawsocket(change)), "RawSocketConfig::");
    }
    one(&problems(builder().long_poll(|config| config.max_message = 0)), "LongPollConfig::max_message is 0");
    one(&problems(builder().long_poll(|config| config.idle_timeout = NONE)), "LongPollConfig::idle_timeout");
    one(
        &problems(builder().long_poll(|config| config.receive_timeout = NONE)),
        "LongPollConfig::receive_timeout",
    );
    let never_awaited = builder().websocket(|config| config.close_timeout = NONE);
    assert!(problems(never_awaited.rawsocket(|config| config.close_timeout = NONE)).is_empty());
}

#[test]
fn origins_that_no_page_has_are_refused_with_what_to_write() {
    for (origin, part) in [
        ("app.example.com", "the scheme is missing, write \"https://app.example.com\""),
        ("//app.example.com", "write \"https://app.example.com\""),
        ("", "the scheme is missing"),
        ("*", "Origins::any_origin()"),
        ("wss://app.example.com", "write \"https://app.example.com\""),
        ("ws://app.example.com:1", "write \"http://app.example.com:1\""),
        ("https://app.example.com/page", "an origin has no path, write \"https://app.example.com\""),
        ("https://app.example.com?x", "write \"https://app.example.com\""),
        ("https://joe@app.example.com", "an origin has no user, write \"app.example.com\""),
        ("https://", "the host is missing"),
        ("file:///", "the host is missing"),
        ("https://:443", "the host is missing"),
        ("https://app.example.com:", "\"\" is not a port"),
        ("https://app.example.com:http", "\"http\" is not a port"),
        ("https://app.example.com:+1", "\"+1\" is not a port"),
        ("https://app.example.com:65536", "\"65536\" is not a port"),
        ("https://app example.com", "is not a host name"),
        (" https://app.example.com", "is not a scheme"),
        ("https://b\u{fc}cher.example", "xn--"),
        ("https://[::1", "is not an IPv6 address"),
        ("https://[app]:80", "is not an IPv6 address"),
    ] {
        let listed = builder().websocket(|config| config.origins = Origins::listed([origin]));
        let found = problems(listed);
        one(&found, part);
        assert!(found[0].contains(&format!("no page has the origin {origin:?}: ")), "{found:?}");
    }
}

#[test]
fn hosts_that_no_request_is_for_are_refused_with_what_to_write() {
    for (host, part) in [
        ("example.com:8080", "write example.com"),
        ("https://example.com", "a host has no scheme: write example.com"),
    ] {
        one(&problems(builder().websocket(|config| config.hosts = Hosts::listed([host]))), part);
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_line() {
    let builder = Application::builder()
        .realm(Realm::new("closed"))
        .realm(Realm::new("twice").allow_anonymous("a").allow_anonymous("b"))
        .limits(|limits| (limits.connections, limits.uri_components, limits.nesting) = (0, 0, 0))
        .websocket(|config| config.origins = Origins::listed(["a.example", "b.example"]));
    let found = problems(builder);
    for part in ["lets nobody in", "already", "::connections is 0", "nesting is 0", "a.example", "b.example"]
    {
        assert!(found.iter().any(|problem| problem.contains(part)), "{part:?} in {found:?}");
    }
    let lines: Vec<_> = found.iter().filter_map(|problem| problem.split(':').nth(1)).collect();
    assert!(lines.iter().all(|line| line.parse::<u32>().is_ok()), "{lines:?}");
    assert_ne!(lines.first(), lines.last(), "each is where it was set");
}

#[test]
fn nesting_can_be_set_to_what_readers_can_do() {
    for nesting in [8, 64] {
        assert!(problems(builder().limits(|limits| limits.nesting = nesting)).is_empty(), "{nesting}");
    }
    for nesting in [0, 7, 65, usize::MAX] {
        let expected = format!("messages can have 8 to 64 levels, but Limits::nesting is {nesting}");
        one(&problems(builder().limits(|limits| limits.nesting = nesting)), &expected);
    }
}
