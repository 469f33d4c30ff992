//! Payloads in passthru mode: from and to clients, and from and to an application, whose handlers are served in both places.

use serverwamp::client::Client;
use serverwamp::extract::{Arg, CallInput};
use serverwamp::{
    Application, PassthruPayload, Progress, Realm, RealmPeer, RouteSet, Serializer, WampError, prefix,
};

/// What the endpoints do, and no router can.
fn encrypt(text: &[u8]) -> Vec<u8> {
    text.iter().map(|byte| byte ^ 0xff).collect()
}

fn packed(text: &str) -> PassthruPayload {
    PassthruPayload::new("x_ours", encrypt(text.as_bytes()))
        .with_serializer("cbor")
        .with_cipher("x_inverted")
        .with_keyid("2026")
}

fn unpacked(payload: &PassthruPayload) -> String {
    assert_eq!(payload.scheme(), "x_ours");
    assert_eq!((payload.cipher(), payload.keyid()), (Some("x_inverted"), Some("2026")));
    String::from_utf8(encrypt(payload.bytes())).unwrap()
}

async fn echo(payload: PassthruPayload, progress: Progress) -> Result<PassthruPayload, WampError> {
    let text = unpacked(&payload);
    progress.send(packed("half")).await?;
    Ok(packed(&format!("{text} {text}")))
}

async fn either(payload: Option<PassthruPayload>) -> &'static str {
    if payload.is_some() { "packed" } else { "plain" }
}

async fn join_up(mut input: CallInput, _: Option<PassthruPayload>) -> Result<PassthruPayload, WampError> {
    let mut text = String::new();
    while let Some(next) = input.next().await {
        text += &unpacked(&PassthruPayload::of(&next)?.ok_or_else(|| WampError::canceled("plain"))?);
    }
    Ok(packed(&text))
}

/// Relays what it gets, and says how the other end answered.
async fn relay(payload: PassthruPayload, realm: RealmPeer) -> Result<PassthruPayload, WampError> {
    realm.publish("events.relayed", payload.clone()).await?;
    realm.call("sealed.elsewhere", payload).await
}

fn routes() -> RouteSet {
    RouteSet::new()
        .procedure("sealed.echo", echo)
        .procedure("sealed.either", either)
        .procedure("sealed.join", join_up)
        .procedure("sealed.relay", relay)
        .procedure("plain.packs", || async { packed("unasked") })
        .procedure("plain.args", |Arg(_): Arg<i64>| async {})
}

fn application() -> Application {
    let realm = |name: &str| Realm::router(name).allow_anonymous("guest");
    let realms = [realm("application").routes(routes()), realm("router")];
    let builder = realms.into_iter().fold(Application::builder(), |all, realm| all.realm(realm));
    builder.build().unwrap()
}

async fn client(app: &Application, realm: &str, serializer: Serializer) -> Client {
    app.join(realm).serializer(serializer).await.unwrap()
}

#[tokio::test]
async fn ppt_02_and_12_bytes_go_and_come_wherever_their_handler_is_served() {
    let app = application();
    let worker = client(&app, "router", Serializer::Cbor).await;
    let _served = worker.serve(routes()).await.unwrap();
    for realm in ["application", "router"] {
        let other = client(&app, realm, Serializer::MessagePack).await;
        let _elsewhere = other.register("sealed.elsewhere", echo).await.unwrap();
        let mut relayed = other.subscribe(prefix("events.")).await.unwrap();
        for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
            let caller = client(&app, realm, serializer).await;
            let answer: PassthruPayload = caller.call("sealed.echo", packed("ho")).await.unwrap();
            assert_eq!(unpacked(&answer), "ho ho");
            let mut results = caller.call("sealed.echo", packed("ho")).progressive();
            let half = results.next().await.unwrap().passthru().unwrap().unwrap();
            assert_eq!(unpacked(&half), "half");
            assert_eq!(unpacked(&results.finish().await.unwrap().passthru().unwrap().unwrap()), "ho ho");
            assert_eq!(caller.call::<String, _>("sealed.either", packed("x")).await.unwrap(), "packed");
            assert_eq!(caller.call::<String, _>("sealed.either", ()).await.unwrap(), "plain");
            let answer: PassthruPayload = caller.call("sealed.relay", packed("on")).await.unwrap();
            assert_eq!(unpacked(&answer), "on on");
            let event = relayed.recv().await.unwrap();
            assert_eq!(unpacked(&event.passthru().unwrap().unwrap()), "on");
            assert_eq!(event.topic(), "events.relayed");
        }
    }
}

#[tokio::test]
async fn ppt_08_a_procedure_takes_what_its_handler_takes_wherever_it_is_served() {
    let app = application();
    let worker = client(&app, "router", Serializer::Cbor).await;
    let _served = worker.serve(routes()).await.unwrap();
    for realm in ["application", "router"] {
        let caller = client(&app, realm, Serializer::Json).await;
        let refused = caller.call::<(), _>("plain.args", packed("x")).await.unwrap_err();
        assert_eq!(refused.uri(), "wamp.error.feature_not_supported", "{realm}");
        let refused = caller.call::<(), _>("sealed.echo", 1).await.unwrap_err();
        assert_eq!(refused.uri(), "wamp.error.invalid_argument", "{realm}");
        assert!(refused.message().unwrap().contains("ppt_scheme is missing"), "{refused}");
        // A caller that expects something else is not given the bytes.
        let error = caller.call::<Vec<u8>, _>("plain.packs", ()).await.unwrap_err();
        assert_eq!(error.uri(), "serverwamp.error.unreadable", "{realm}");
        assert!(error.message().unwrap().contains("is packed with the scheme \"x_ours\""), "{error}");
        let error = caller.call::<PassthruPayload, _>("sealed.either", ()).await.unwrap_err();
        assert!(error.message().unwrap().contains("are not in passthru mode"), "{error}");
    }
}

#[tokio::test]
async fn ppt_14_all_inputs_of_a_call_are_packed_as_the_first_one() {
    let app = application();
    let worker = client(&app, "router", Serializer::Cbor).await;
    let _served = worker.serve(routes()).await.unwrap();
    for realm in ["application", "router"] {
        let caller = client(&app, realm, Serializer::Json).await;
        let mut inputs = caller.call("sealed.join", packed("a")).with_inputs();
        inputs.send(packed("b")).await.unwrap();
        let results = inputs.finish(packed("c")).await.unwrap();
        let answer = results.finish().await.unwrap().passthru().unwrap().unwrap();
        assert_eq!(unpacked(&answer), "abc", "{realm}");
    }
}

#[tokio::test]
async fn ppt_10_events_of_clients_and_of_the_application_keep_their_attributes() {
    let app = application();
    let realm = app.realm("application").unwrap();
    let mut own = realm.subscribe("events.all").unwrap();
    let subscriber = client(&app, "application", Serializer::Json).await;
    let mut events = subscriber.subscribe("events.all").await.unwrap();
    realm.publish("events.all", packed("own")).unwrap();
    let publisher = client(&app, "application", Serializer::Cbor).await;
    publisher.publication("events.all").retain().send(packed("a client's")).await.unwrap();
    publisher.publication("events.all").send_unacknowledged(packed("unheard")).await.unwrap();
    for text in ["own", "a client's", "unheard"] {
        for inbox in [&mut own, &mut events] {
            let event = inbox.recv().await.unwrap();
            assert_eq!(unpacked(&event.passthru().unwrap().unwrap()), text);
            assert!(event.bind::<Vec<u8>>().is_err());
        }
    }
    let mut retained = subscriber.subscribe(prefix("events.")).get_retained().await.unwrap();
    let event = retained.recv().await.unwrap();
    assert_eq!(
        (event.is_retained(), unpacked(&event.passthru().unwrap().unwrap())),
        (true, "a client's".into())
    );
}
