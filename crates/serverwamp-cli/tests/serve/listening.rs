//! What listeners, topics, limits and the environment say, and that it is so.

use crate::program::{FILE, Program, Scratch};
use serde_json::{Value, json};
use serverwamp_conformance::{Connect, RawPeer, RawSocket, Stream, Subprotocol};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

const CONFIG: &str = r#"
[[listen]]
address = "127.0.0.1:0"
realms = ["public", "tenant.*"]
websocket.path = ["/ws", "/other"]
websocket.origins = ["https://app.example.com"]

[[listen]]
address = "unix:server.sock"
mode = "0620"
serve = ["rawsocket"]

[[realm]]
name = "public"
limits.sessions = 4
[[realm.auth]]
anonymous = { role = "guest" }
[realm.role.guest]
allow = { "news.*" = ["publish", "subscribe"], "wamp.subscription.*" = ["call"] }
limits = { subscriptions = 2 }
[[realm.topic]]
uri = "news.today"
history = 2
[[realm.topic]]
uri = "news.fleeting"
retain = false

[[realm]]
name = "internal"
[[realm.auth]]
anonymous = {}

[[template]]
names = "tenant.*"
[[template.auth]]
anonymous = {}

[[template]]
names = "other.*"
[[template.auth]]
anonymous = {}
"#;

#[test]
fn a_listener_is_as_it_is_written() {
    let scratch = Scratch::new();
    let program = Program::start(&scratch, CONFIG);
    let address = program.address(0);
    let connect = |path: &str| Connect::to(&format!("ws://{address}{path}")).subprotocol(Subprotocol::JSON);
    let status = |connect: Connect| connect.open().map(drop).map_err(|refusal| refusal.status);
    assert_eq!(status(connect("/ws")), Ok(()));
    assert_eq!(status(connect("/other")), Ok(()));
    assert_eq!(status(connect("/none")), Err(404));
    assert_eq!(status(connect("/ws").header("Origin", "https://app.example.com")), Ok(()));
    assert_eq!(status(connect("/ws").header("Origin", "https://evil.example.com")), Err(403));

    let socket = scratch.file("server.sock");
    let mode = fs::metadata(&socket).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o620);
    let local = || Stream::unix(socket.to_str().expect("ASCII"));
    for (realm, over_tcp) in
        [("public", true), ("tenant.one", true), ("internal", false), ("other.one", false), ("none", false)]
    {
        let answer = program.hello(realm);
        let expected = if over_tcp { json!(2) } else { json!(3) };
        assert_eq!(answer[0], expected, "{realm}: {answer}");
        if !over_tcp {
            assert_eq!(answer[2], "wamp.error.no_such_realm", "{realm}");
        }
        let answer = RawSocket::over(local()).peer(Subprotocol::JSON).hello(realm, json!({}));
        assert_eq!(answer[0] == 2, realm != "none", "{realm}: {answer}");
    }
    // It speaks RawSocket alone.
    let mut http = RawSocket::over(local());
    http.write(&connect("/ws").request());
    http.expect_end();
}

fn publish(peer: &mut RawPeer, topic: &str, number: u64) -> Value {
    let id = peer.next_request();
    peer.send(json!([16, id, { "acknowledge": true, "retain": true }, topic, [number]]));
    peer.receive()
}

#[test]
fn events_are_kept_and_bounds_kept_to_as_it_is_written() {
    let scratch = Scratch::new();
    let program = Program::start(&scratch, CONFIG);
    let mut publisher = program.joined("public");
    // Somebody has to be subscribed for a history to be kept.
    let mut first = program.joined("public");
    let subscription = first.subscribe("news.today", Value::Null);
    for number in 1..=3 {
        assert_eq!(publish(&mut publisher, "news.today", number)[0], 17);
    }
    let mut late = program.joined("public");
    late.send(json!([32, 1, { "get_retained": true }, "news.today"]));
    let received = [late.receive(), late.receive()];
    let event = received.iter().find(|message| message[0] == 36).expect("what was retained");
    assert_eq!(event[4], json!([3]), "{received:?}");
    let answer =
        late.call("wamp.subscription.get_events", json!([subscription]), json!({ "limit": 10 }), Value::Null);
    assert_eq!(answer[0], 50, "{answer}");
    assert_eq!(answer[3].as_array().map(Vec::len), Some(2), "the last two: {answer}");
    // Nothing is retained there: what comes next is an answer, and no event.
    assert_eq!(publish(&mut publisher, "news.fleeting", 1)[0], 17);
    late.send(json!([32, 99, { "get_retained": true }, "news.fleeting"]));
    assert_eq!(late.receive()[0], 33);
    // Two subscriptions for each session of the role.
    late.send(json!([32, 100, {}, "news.third"]));
    assert_eq!(late.receive()[0], 8);
    // Four sessions in the realm.
    let mut fourth = program.joined("public");
    assert_eq!(program.hello("public")[0], 3);
    fourth.leave();
    drop((publisher, first));
}

#[test]
fn the_environment_goes_before_the_file() {
    let scratch = Scratch::new();
    scratch.write(FILE, CONFIG);
    let mut command = scratch.command(&["serve"]);
    let variables = [
        ("SERVERWAMP_REALM__PUBLIC__LIMITS__SESSIONS", "1"),
        ("SERVERWAMP_LISTEN__0__WEBSOCKET__PATH", "/elsewhere"),
        ("SERVERWAMP_LISTEN__0__REALMS", "[\"public\", \"internal\"]"),
        ("SERVERWAMP_LOG__FORMAT", "json"),
    ];
    // The lines are objects, so what is looked for is looked for in them.
    let program = Program::start_command(&scratch, command.envs(variables));
    let line: Value = serde_json::from_str(&program.wait_for("\"listening\"")).expect("an object");
    let address = line["address"]
        .as_str()
        .or_else(|| line["fields"]["address"].as_str())
        .expect("an address")
        .to_owned();
    let connect =
        |path: &str| Connect::to(&format!("ws://{address}{path}")).subprotocol(Subprotocol::JSON).open();
    assert!(connect("/ws").is_err());
    let mut peer = connect("/elsewhere").expect("it is served");
    peer.join("public");
    assert_eq!(connect("/elsewhere").expect("it is served").hello("public", json!({}))[0], 3);
    assert_eq!(connect("/elsewhere").expect("it is served").hello("internal", json!({}))[0], 2);
    assert_eq!(connect("/elsewhere").expect("it is served").hello("tenant.one", json!({}))[0], 3);
}
