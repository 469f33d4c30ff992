//! Clients that others wrote, in each other's company: every one as caller, callee, publisher and subscriber of every
//! other, each speaking its own serializer.
//!
//! `cargo test -p serverwamp-conformance --test interop_company`. With a client that cannot be had here it says so and
//! tests the other alone; with `SERVERWAMP_REQUIRE_INTEROP=1` it fails.

use serde_json::{Value, json};
use serverwamp_conformance::client::{Client, Conversation};
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol, binary, difference, interop};

const SERIALIZERS: [&str; 3] = ["json", "msgpack", "cbor"];

/// The clients that can be had here, each in every serializer, by names that are components of URIs.
fn clients() -> Vec<(String, Client, &'static str)> {
    let mut clients = Vec::new();
    for client in Client::ALL {
        match client.prepare() {
            Ok(()) => {
                for serializer in SERIALIZERS {
                    clients.push((format!("{}_{serializer}", client.name()), client, serializer));
                }
            }
            Err(reason) if interop::is_required() => panic!("{}: {reason}", client.name()),
            Err(reason) => println!("{} is skipped: {reason}", client.name()),
        }
    }
    clients
}

/// What a visitor finds at a host; both are a client and its name here.
fn found((visitor, visiting): (&str, Client), (host, hosting): (&str, Client)) -> Value {
    let topic = format!("visit.{visitor}.{host}");
    let event = |args: Value, kwargs: Value, publisher: bool| json!({ "topic": topic, "args": args, "kwargs": kwargs, "publisher": publisher });
    let bytes = json!({ "bytes": [0, 1, 127, 128, 255] });
    // A result of one value is that value for Autobahn and autobahn-js, and a list of it for wampy.
    let values = |args: Value, kwargs: Value| json!({ "args": args, "kwargs": kwargs });
    let by_autobahn = visiting == Client::Autobahn;
    let publisher = if by_autobahn { Value::Null } else { json!(true) };
    let single = |value: Value| match visiting {
        Client::Autobahn | Client::AutobahnJs => value,
        Client::Wampy => json!({ "args": [value], "kwargs": {} }),
    };
    // autobahn-js can only kill, and then the callee has the word: Autobahn says that it was interrupted.
    let canceled = match (visiting, hosting) {
        (Client::AutobahnJs, Client::Autobahn) => "wamp.error.runtime_error",
        _ => "wamp.error.canceled",
    };
    json!({
        "positional": values(json!([1, "zwei €", [2.5, null, true, { "k": [] }]]), json!({})),
        "named": values(json!([]), json!({ "a": 1, "b": { "c": "ä" } })),
        "bytes": single(bytes.clone()),
        "big": values(json!([2_147_483_647, -2_147_483_648_i64]), json!({})),
        "error": { "uri": "host.error.asked_for", "args": [1], "kwargs": { "why": "so" } },
        "final": "done",
        "progress": [1, 2, 3],
        // Autobahn cannot ask to be disclosed, neither as a caller nor as a publisher.
        "known": if by_autobahn { Value::Null } else { json!(true) },
        "unknown": [null, null],
        "canceled": canceled,
        "shouts": [null, null, null, null],
        "inbox": [{ "from": visitor, "args": [7], "kwargs": { "word": "€" }, "publisher": publisher }],
        "heard": [
            event(json!([1, "zwei"]), json!({ "k": null }), false),
            event(json!([2]), json!({}), hosting != Client::Autobahn),
            event(json!([bytes]), json!({}), false),
        ],
    })
}

#[test]
fn clients_of_other_languages_serve_and_hear_each_other() {
    let clients = clients();
    if clients.is_empty() {
        return;
    }
    let server = ServerProcess::start(&binary::fixture(), &[], &[]);
    let start = |client: &(String, Client, &str), scenario: &str| {
        client
            .1
            .start(server.url(), client.2, scenario)
            .unwrap_or_else(|reason| panic!("{}: {reason}", client.0))
    };
    let hosts: Vec<Conversation> =
        clients.iter().map(|client| start(client, &format!("host:{}", client.0))).collect();
    for (client, host) in clients.iter().zip(&hosts) {
        host.wait_until_ready().unwrap_or_else(|reason| panic!("{}: {reason}", client.0));
    }
    let names: Vec<&str> = clients.iter().map(|(name, ..)| name.as_str()).collect();
    let mut complaints = Vec::new();
    // One after the other: the shared procedure goes round among the hosts, and each visitor counts.
    for client in &clients {
        let visit = start(client, &format!("visit:{}:{}", client.0, names.join(",")));
        let mut expected = json!({
            "shared": true, "listed": true, "registered": [true, "exact", "single"],
            "subprotocol": format!("wamp.2.{}", client.2),
        });
        for (host, hosting, _) in &clients {
            expected[host] = found((&client.0, client.1), (host, *hosting));
        }
        match visit.finish() {
            Ok(summary) => complaints.extend(
                difference(&expected, &summary).into_iter().map(|one| format!("{} visits: {one}", client.0)),
            ),
            Err(reason) => complaints.push(format!("{} visits: {reason}", client.0)),
        }
    }
    let mut peer = RawPeer::joined(server.url(), Subprotocol::JSON, "router");
    for name in &names {
        peer.call(&format!("host.{name}.stop"), Value::Null, Value::Null, Value::Null);
    }
    for (client, host) in clients.iter().zip(hosts) {
        complaints.extend(host.finish().err().map(|reason| format!("{} as a host: {reason}", client.0)));
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
