//! The application as a caller: it calls procedures that its clients have registered.

use std::time::Duration;

use crate::application_as_peer::Scene;
use serde_json::json;
use serverwamp::CallResult;
use serverwamp::extract::Args;
use serverwamp_conformance::{RawPeer, Subprotocol};

#[test]
fn a_call_nobody_serves_fails_and_so_does_one_that_is_no_uri() {
    let Scene { realm, runtime, .. } = Scene::new();
    let error =
        runtime.block_on(async { realm.call::<(), _>("com.none", ()).await }).expect_err("nobody serves it");
    assert_eq!(error.uri(), "wamp.error.no_such_procedure");
    let error = runtime.block_on(async { realm.call::<(), _>("a b", ()).await }).expect_err("it is no URI");
    assert_eq!(error.uri(), "wamp.error.invalid_uri");
}

#[test]
fn the_application_calls_a_client_in_every_serializer() {
    let scene = Scene::new();
    for subprotocol in Subprotocol::PLAIN {
        let (mut callee, registration) = scene.callee(subprotocol);
        let realm = scene.realm.clone();
        let call = scene
            .runtime
            .spawn(async move { realm.call::<CallResult, _>("com.client", Args((1, "two"))).await });
        let answering = std::thread::spawn(move || {
            let invocation = callee.receive();
            assert_eq!(invocation, json!([68, 1, registration, {}, [1, "two"]]));
            callee.send(json!([70, 1, {}, [42], { "unit": "cm" }]));
            callee
        });
        let result = scene.runtime.block_on(call).unwrap().expect("the callee answered");
        #[derive(serde::Deserialize)]
        struct Length {
            value: i64,
            unit: String,
        }
        let Length { value, unit } = result.payload().bind().expect("it fits");
        assert_eq!((value, unit.as_str()), (42, "cm"));
        answering.join().unwrap().leave();
    }
}

#[test]
fn an_error_of_the_client_is_the_applications_error() {
    let scene = Scene::new();
    let (mut callee, _) = scene.callee(Subprotocol::CBOR);
    let realm = scene.realm.clone();
    let call = scene.runtime.spawn(async move { realm.call::<(), _>("com.client", ()).await });
    let answering = std::thread::spawn(move || {
        callee.receive();
        callee.send(json!([8, 68, 1, {}, "com.e", ["why"], { "code": 7 }]));
        callee
    });
    let error = scene.runtime.block_on(call).unwrap().expect_err("the callee failed");
    assert_eq!((error.uri(), error.message()), ("com.e", Some("why")));
    assert_eq!(error.keyword_args().get("code"), Some(&7.into()));
    // And a callee that leaves fails its calls (checklist RPC-28).
    let callee = answering.join().unwrap();
    let realm = scene.realm.clone();
    let call = scene.runtime.spawn(async move { realm.call::<(), _>("com.client", ()).await });
    let leaving = std::thread::spawn(move || {
        let mut callee = callee;
        callee.receive();
        callee.leave();
    });
    let error = scene.runtime.block_on(call).unwrap().expect_err("the callee left");
    assert_eq!(error.uri(), "wamp.error.canceled");
    leaving.join().unwrap();
}

#[test]
fn a_call_of_the_application_times_out_and_is_interrupted() {
    let scene = Scene::new();
    let (mut callee, _) = scene.callee(Subprotocol::JSON);
    let error = scene
        .runtime
        .block_on(async {
            scene.realm.call::<(), _>("com.client", ()).timeout(Duration::from_millis(50)).await
        })
        .expect_err("nobody answered");
    assert_eq!(error.uri(), "wamp.error.timeout");
    assert_eq!(callee.receive()[0], 68);
    callee.expect(json!([69, 1, { "mode": "killnowait" }]));
    callee.send(json!([70, 1, {}]));
    callee.fence_dealer();
}

#[test]
fn a_call_that_is_dropped_is_interrupted() {
    let scene = Scene::new();
    let (mut callee, _) = scene.callee(Subprotocol::MSGPACK);
    scene.runtime.block_on(async {
        let call = scene.realm.call::<(), _>("com.client", ()).into_future();
        let timeout = tokio::time::timeout(Duration::from_millis(1), call).await;
        assert!(timeout.is_err(), "nobody answered");
    });
    assert_eq!(callee.receive()[0], 68);
    callee.expect(json!([69, 1, { "mode": "killnowait" }]));
    // One that is never awaited is none.
    drop(scene.realm.call::<(), _>("com.client", ()));
    callee.fence_dealer();
}

#[test]
fn progressive_results_of_a_client_are_a_stream() {
    let scene = Scene::new();
    let (mut callee, registration) = scene.callee(Subprotocol::JSON);
    let mut results = scene.realm.call("com.client", ()).progressive();
    callee.expect(json!([68, 1, registration, { "receive_progress": true }]));
    for number in 1..=3 {
        callee.send(json!([70, 1, { "progress": true }, [number]]));
    }
    callee.send(json!([70, 1, {}, ["end"]]));
    scene.runtime.block_on(async {
        for number in 1..=3 {
            assert_eq!(results.next().await.expect("there is more").get::<i64>().unwrap(), number);
        }
        assert!(results.next().await.is_none());
        assert_eq!(results.finish().await.unwrap().get::<String>().unwrap(), "end");
    });
}

#[test]
fn a_call_may_be_meant_for_one_callee() {
    let scene = Scene::new();
    let mut callees: Vec<(RawPeer, u64)> = (0..2)
        .map(|_| {
            let mut peer = RawPeer::connect(scene.router.url(), Subprotocol::JSON);
            let id = peer.join("realm1");
            peer.send(json!([64, 1, { "invoke": "first" }, "com.shared"]));
            assert_eq!(peer.receive()[0], 65);
            (peer, id)
        })
        .collect();
    let (mut second, id) = callees.pop().unwrap();
    let session = scene.realm.sessions().into_iter().find(|session| session.id().get() == id).unwrap();
    let realm = scene.realm.clone();
    let chosen = session.id();
    let call =
        scene.runtime.spawn(async move { realm.call::<String, _>("com.shared", ()).callee(chosen).await });
    let answering = std::thread::spawn(move || {
        let invocation = second.receive();
        second.send(json!([70, invocation[1], {}, ["second"]]));
        second
    });
    assert_eq!(scene.runtime.block_on(call).unwrap().unwrap(), "second");
    answering.join().unwrap().leave();
    let error =
        scene.runtime.block_on(async { scene.realm.call::<(), _>("com.shared", ()).callee(chosen).await });
    assert_eq!(error.expect_err("it has left").uri(), "wamp.error.no_such_procedure");
    callees[0].0.fence_dealer();
}
