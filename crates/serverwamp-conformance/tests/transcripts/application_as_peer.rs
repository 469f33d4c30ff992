//! The application as a peer of its own realm: it serves and subscribes at run time, and publishes.
//!
//! The application runs in this process, so that a test can act for it; the clients come over sockets as always.

use crate::router::Router;
use serde_json::{Value, json};
use serverwamp::extract::{Args, CallInput, Procedure};
use serverwamp::{Application, Limits, Progress, Realm, RealmHandle, WampError, prefix, wildcard};
use serverwamp_conformance::{DEADLINE, RawPeer, Subprotocol};
use tokio::runtime::{Builder, Runtime};

/// A router with one realm, the application's handle to it, and a runtime on which the application acts.
pub(crate) struct Scene {
    pub(crate) router: Router,
    pub(crate) realm: RealmHandle,
    pub(crate) runtime: Runtime,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let app = Application::builder()
            .realm(Realm::router("realm1").allow_anonymous("guest"))
            .limits(|limits: &mut Limits| limits.outgoing_bytes = 1 << 20)
            .build()
            .expect("nothing is wrong with this realm");
        let realm = app.realm("realm1").expect("it was added");
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
        Self { router: Router::start(app), realm, runtime }
    }

    /// A client that announces all it takes to be interrupted and to send progress.
    pub(crate) fn client(&self, subprotocol: Subprotocol) -> RawPeer {
        let features = json!({ "features": {
            "progressive_call_results": true, "call_canceling": true, "call_timeout": true,
            "progressive_call_invocations": true, "caller_identification": true,
        } });
        let mut peer = RawPeer::connect(self.router.url(), subprotocol);
        let roles = json!({ "callee": features, "caller": features, "subscriber": {}, "publisher": {} });
        let welcome = peer.hello("realm1", json!({ "roles": roles }));
        peer.welcomed(&welcome);
        peer
    }

    /// A client that has registered `com.client`.
    pub(crate) fn callee(&self, subprotocol: Subprotocol) -> (RawPeer, Value) {
        let mut peer = self.client(subprotocol);
        let request = peer.next_request();
        peer.send(json!([64, request, {}, "com.client"]));
        let registered = peer.receive();
        assert_eq!(registered[0], 65, "{registered}");
        (peer, registered[2].clone())
    }
}

#[test]
fn the_application_serves_at_run_time_until_the_guard_is_dropped() {
    let scene = Scene::new();
    let mut caller = scene.client(Subprotocol::JSON);
    let guard = scene
        .realm
        .register("com.double", |Args((n,)): Args<(i64,)>| async move { 2 * n })
        .expect("nobody serves it");
    assert_eq!(caller.call("com.double", json!([21]), Value::Null, Value::Null)[3], json!([42]));
    let twice = scene.realm.register("com.double", || async {}).expect_err("somebody serves it");
    assert_eq!(twice.uri(), "wamp.error.procedure_already_exists");
    caller.send(json!([64, 100, {}, "com.double"]));
    assert_eq!(caller.receive()[4], "wamp.error.procedure_already_exists");
    let lookup = caller.call("wamp.registration.lookup", json!(["com.double"]), Value::Null, Value::Null);
    assert_eq!(lookup[3], json!([guard.id().get()]));
    drop(guard);
    let gone = caller.call("com.double", json!([21]), Value::Null, Value::Null);
    assert_eq!(gone[4], "wamp.error.no_such_procedure");
    caller.send(json!([64, 101, {}, "com.double"]));
    assert_eq!(caller.receive()[0], 65);
    // A pattern, with the procedure that was called, beside what clients have registered.
    let _pattern = scene
        .realm
        .register(wildcard("com..name"), |Procedure(uri): Procedure| async move { uri.to_string() })
        .expect("nobody serves it");
    assert_eq!(caller.call("com.x.name", Value::Null, Value::Null, Value::Null)[3], json!(["com.x.name"]));
    let refused =
        scene.realm.register(serverwamp::regex("x.*"), || async {}).expect_err("peers know no such thing");
    assert_eq!(refused.uri(), "wamp.error.invalid_uri");
    assert_eq!(scene.realm.register("wamp.mine", || async {}).unwrap_err().uri(), "wamp.error.invalid_uri");
}

/// Serves `com.client_count` as the application's handler serves `com.count`.
fn count(mut client: RawPeer) {
    let mut sum = 0;
    loop {
        let message = client.receive();
        match message[0].as_u64() {
            Some(68) if message[4][0] == "stop" => {
                client.send(json!([70, message[1], {}]));
                return;
            }
            Some(68) => {
                let number = message[4][0].as_i64().expect("it is sent numbers");
                if number < 0 {
                    client.send(json!([8, 68, message[1], {}, "com.negative", [number]]));
                    sum = 0;
                    continue;
                }
                sum += number;
                client.send(json!([70, message[1], { "progress": true }, [sum]]));
                if message[3].get("progress").is_none() {
                    client.send(json!([70, message[1], {}, [sum]]));
                    sum = 0;
                }
            }
            Some(69) => {
                client.send(json!([8, 68, message[1], {}, "wamp.error.canceled"]));
                sum = 0;
            }
            _ => panic!("{message}"),
        }
    }
}

/// What the application serves behaves as a client's procedure does, so a caller cannot tell who answers.
#[test]
fn a_caller_cannot_tell_who_answers() {
    let scene = Scene::new();
    let _guard = scene
        .realm
        .register("com.count", |mut input: CallInput, progress: Progress| async move {
            let mut sum = 0;
            while let Some(numbers) = input.next().await {
                let (number,) = numbers
                    .bind::<(i64,)>()
                    .map_err(|error| WampError::invalid_argument(error.to_string()))?;
                if number < 0 {
                    return Err(WampError::new("com.negative").arg(number));
                }
                sum += number;
                progress.send(sum).await?;
            }
            Ok(sum)
        })
        .expect("nobody serves it");
    let mut client = scene.client(Subprotocol::CBOR);
    client.send(json!([64, 1, {}, "com.client_count"]));
    assert_eq!(client.receive()[0], 65);
    let serving = std::thread::spawn(move || count(client));
    let mut conversations = Vec::new();
    for procedure in ["com.count", "com.client_count"] {
        let mut caller = scene.client(Subprotocol::JSON);
        let mut heard = Vec::new();
        for (messages, answers) in [
            (vec![json!([48, 1, { "receive_progress": true }, procedure, [5]])], 2),
            (vec![json!([48, 2, {}, procedure, [-1]])], 1),
            (
                vec![
                    json!([48, 3, { "receive_progress": true, "progress": true }, procedure, [1]]),
                    json!([48, 3, { "progress": true }, procedure, [2]]),
                    json!([48, 3, {}, procedure, [3]]),
                ],
                4,
            ),
            (vec![json!([48, 4, { "progress": true, "timeout": 60 }, procedure, [1]])], 1),
            (
                vec![
                    json!([48, 5, { "progress": true }, procedure, [1]]),
                    json!([49, 5, { "mode": "killnowait" }]),
                ],
                1,
            ),
            (
                vec![
                    json!([48, 6, { "progress": true }, procedure, [1]]),
                    json!([49, 6, { "mode": "kill" }]),
                ],
                1,
            ),
        ] {
            messages.into_iter().for_each(|message| caller.send(message));
            heard.extend((0..answers).map(|_| caller.receive()));
        }
        conversations.push(heard);
    }
    assert_eq!(conversations[0], conversations[1]);
    let mut caller = scene.client(Subprotocol::JSON);
    caller.call("com.client_count", json!(["stop"]), Value::Null, Value::Null);
    serving.join().unwrap();
}

#[test]
fn rer_02_an_application_without_time_is_a_callee_without_time() {
    let scene = Scene::new();
    let busy = || async { Err::<(), _>(WampError::unavailable("busy")) };
    let _guard = scene.realm.register("com.busy", busy).expect("nobody serves it");
    let mut caller = scene.client(Subprotocol::JSON);
    let answer = caller.call("com.busy", Value::Null, Value::Null, Value::Null);
    assert_eq!(answer, json!([8, 48, answer[2], {}, "wamp.error.no_available_callee"]));
}

#[test]
fn the_application_subscribes_and_loses_the_oldest_when_it_falls_behind() {
    let scene = Scene::new();
    let mut publisher = scene.client(Subprotocol::MSGPACK);
    let mut events = scene.realm.subscribe(prefix("com.news.")).expect("it is a prefix");
    publisher
        .send(json!([16, 1, { "acknowledge": true, "disclose_me": true }, "com.news.a", [1], { "k": "v" }]));
    let published = publisher.receive();
    let event = scene.runtime.block_on(events.recv()).unwrap();
    assert_eq!(event.topic(), "com.news.a");
    assert_eq!(json!(event.publication().get()), published[2]);
    assert_eq!(event.publisher_authrole(), Some("guest"));
    #[derive(serde::Deserialize)]
    struct News {
        number: i64,
        k: String,
    }
    let News { number, k } = event.payload().bind().unwrap();
    assert_eq!((number, k.as_str()), (1, "v"));
    // Its own publications reach it as they reach everybody.
    scene.realm.publish("com.news.b", "mine").unwrap();
    assert_eq!(scene.runtime.block_on(events.recv()).unwrap().bind::<String>().unwrap(), "mine");
    for number in 0..1100 {
        scene.realm.publish("com.news.c", number).unwrap();
    }
    assert_eq!(events.lost(), 76);
    assert_eq!(events.try_recv().unwrap().bind::<i64>().unwrap(), 76);
    let count = publisher.call("wamp.subscription.match", json!(["com.news.x"]), Value::Null, Value::Null);
    assert_eq!(count[3], json!([[events.id().get()]]));
    drop(events);
    let gone = publisher.call("wamp.subscription.match", json!(["com.news.x"]), Value::Null, Value::Null);
    assert_eq!(gone[3], json!([null]));
}

#[test]
fn what_the_application_does_is_told_by_the_meta_api() {
    let scene = Scene::new();
    let mut monitor = scene.client(Subprotocol::JSON);
    let all = monitor.subscribe("wamp.", json!({ "match": "prefix" }));
    let guard = scene.realm.register("com.mine", || async {}).unwrap();
    let id = guard.id().get();
    let created = monitor.receive();
    assert_eq!(
        (&created[1], &created[3]["topic"]),
        (&json!(all), &json!("wamp.registration.on_create")),
        "{created}"
    );
    assert_eq!((&created[4][1]["id"], &created[4][1]["uri"]), (&json!(id), &json!("com.mine")));
    let own = created[4][0].clone();
    monitor.expect(json!([36, all, "$id", { "topic": "wamp.registration.on_register" }, [own, id]]));
    drop(guard);
    monitor.expect(json!([36, all, "$id", { "topic": "wamp.registration.on_unregister" }, [own, id]]));
    monitor.expect(json!([36, all, "$id", { "topic": "wamp.registration.on_delete" }, [own, id]]));
    // The application is no session that can be listed or killed (checklist META-10).
    let sessions = monitor.call("wamp.session.list", Value::Null, Value::Null, Value::Null);
    assert!(!sessions[3][0].as_array().unwrap().contains(&own));
    let events = scene.realm.subscribe("com.topic").unwrap();
    let created = monitor.find("on_create", DEADLINE, |message| message[0] == 36);
    assert_eq!(created[3]["topic"], "wamp.subscription.on_create");
    monitor.expect(
        json!([36, all, "$id", { "topic": "wamp.subscription.on_subscribe" }, [own, events.id().get()]]),
    );
    drop(events);
    monitor.expect(json!([36, all, "$id", { "topic": "wamp.subscription.on_unsubscribe" }, "$list"]));
    monitor.expect(json!([36, all, "$id", { "topic": "wamp.subscription.on_delete" }, "$list"]));
}

#[test]
fn a_publication_of_the_application_reaches_whom_it_names_and_is_kept_if_asked() {
    let scene = Scene::new();
    let mut subscriber = scene.client(Subprotocol::JSON);
    let id = subscriber.subscribe("com.t", json!({}));
    scene.realm.publication("com.t").exclude_authroles(["guest"]).send("not for guests").unwrap();
    scene.realm.publication("com.t").eligible_authids(["nobody"]).send("for nobody").unwrap();
    let none: [&str; 0] = [];
    scene.realm.publication("com.t").eligible_authroles(none).send("for no role").unwrap();
    let kept = scene.realm.publication("com.t").eligible_authroles(["guest"]).retain().send("kept").unwrap();
    subscriber.expect(json!([36, id, kept.get(), {}, ["kept"]]));
    let mut later = scene.client(Subprotocol::CBOR);
    let id = later.subscribe("com.t", json!({ "get_retained": true }));
    later.expect(json!([36, id, kept.get(), { "retained": true }, ["kept"]]));
    assert_eq!(scene.realm.publish("wamp.session.on_join", 1).unwrap_err().uri(), "wamp.error.invalid_uri");
}
