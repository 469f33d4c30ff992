//! What a client answers to INVOCATION and INTERRUPT, and what it says of its registrations.

use super::{PASSTHRU_WELCOME, Router, WELCOME, joined};
use crate::WampError;
use crate::client::served::CALLS_SERVED;
use crate::extract::{Arg, CallInput, Caller, Canceled};
use crate::{PassthruPayload, Progress, Registration, prefix};
use futures_util::FutureExt;
use std::future::IntoFuture;
use std::sync::Arc;

type Registering = tokio::task::JoinHandle<Result<Registration, WampError>>;

/// Answers the REGISTER that `registering` waits for.
async fn registered(router: &mut Router, registering: Registering, register: &str) -> Registration {
    router.expect(register).await;
    router.say("[65,1,7]").await;
    registering.await.unwrap().unwrap()
}

#[tokio::test]
async fn an_invocation_is_answered_with_what_the_handler_returns() {
    let (mut router, client) = joined(WELCOME).await;
    let fail = |Arg(n): Arg<i64>, caller: Caller| async move {
        let name = caller.authid().unwrap_or("nobody").to_owned();
        if n > 0 { Ok(n + 1) } else { Err(WampError::new("com.error.small").arg(name).kwarg("n", n)) }
    };
    let registering = tokio::spawn(client.register("com.p", fail).into_future());
    let registration = registered(&mut router, registering, r#"[64,1,{},"com.p"]"#).await;
    router.say(r#"[68,1,7,{},[1]]"#).await;
    router.expect("[70,1,{},[2]]").await;
    router.say(r#"[68,2,7,{"caller":5,"caller_authid":"joe"},[0]]"#).await;
    router.expect(r#"[8,68,2,{},"com.error.small",["joe"],{"n":0}]"#).await;
    router.say(r#"[68,3,7,{},["x"]]"#).await;
    assert!(router.hear().await.unwrap().starts_with(r#"[8,68,3,{},"wamp.error.invalid_argument""#));

    drop(registration);
    router.expect("[66,2,7]").await;
    router.say(r#"[68,4,7,{},[4]]"#).await;
    router.expect("[70,4,{},[5]]").await;
    router.say("[67,2]").await;
    router.say(r#"[68,5,7,{},[4]]"#).await;
    assert!(router.hear().await.unwrap().contains("the client has no registration 7"));
}

#[tokio::test]
async fn an_interrupt_ends_a_handler_and_lets_it_wind_up_with_kill_alone() {
    let (mut router, client) = joined(WELCOME).await;
    let wind_up = |canceled: Canceled| async move {
        canceled.canceled().await;
        "wound up"
    };
    let registering = tokio::spawn(client.register("com.p", wind_up).into_future());
    let _registration = registered(&mut router, registering, r#"[64,1,{},"com.p"]"#).await;
    for (id, mode, answer) in [
        (1, r#"{"mode":"kill"}"#, r#"[70,1,{},["wound up"]]"#),
        (2, r#"{"mode":"killnowait"}"#, r#"[8,68,2,{},"wamp.error.canceled"]"#),
        (3, "{}", r#"[8,68,3,{},"wamp.error.canceled"]"#),
    ] {
        router.say(&format!("[68,{id},7,{{}}]")).await;
        router.say(&format!("[69,{id},{mode}]")).await;
        router.expect(answer).await;
        // It crossed the answer.
        router.say(&format!("[69,{id},{mode}]")).await;
    }
    assert!(client.is_open());
}

#[tokio::test]
async fn progress_and_further_inputs_go_both_ways_while_a_handler_runs() {
    let (mut router, client) = joined(WELCOME).await;
    let sum = |mut input: CallInput, progress: Progress| async move {
        let mut sum = 0;
        while let Some(number) = input.next().await {
            sum += number.bind::<i64>()?;
            progress.send(sum).await?;
        }
        Ok::<_, WampError>(sum)
    };
    let registering = tokio::spawn(client.register(prefix("com."), sum).into_future());
    let _registration = registered(&mut router, registering, r#"[64,1,{"match":"prefix"},"com."]"#).await;
    let details = r#"{"progress":true,"receive_progress":true,"procedure":"com.sum"}"#;
    router.say(&format!("[68,1,7,{details},[1]]")).await;
    router.expect(r#"[70,1,{"progress":true},[1]]"#).await;
    router.say(&format!("[68,1,7,{details},[2]]")).await;
    router.expect(r#"[70,1,{"progress":true},[3]]"#).await;
    router.say(r#"[68,1,7,{"receive_progress":true},[3]]"#).await;
    router.expect(r#"[70,1,{"progress":true},[6]]"#).await;
    router.expect("[70,1,{},[6]]").await;
}

#[tokio::test]
async fn an_input_of_a_procedure_that_takes_one_is_refused_with_what_comes_after_it() {
    let (mut router, client) = joined(WELCOME).await;
    let registering = tokio::spawn(client.register("com.p", || async {}).into_future());
    let _registration = registered(&mut router, registering, r#"[64,1,{},"com.p"]"#).await;
    router.say(r#"[68,1,7,{"progress":true},[1]]"#).await;
    assert!(router.hear().await.unwrap().starts_with(r#"[8,68,1,{},"wamp.error.feature_not_supported""#));
    router.say(r#"[68,1,7,{"progress":true},[2]]"#).await;
    router.say(r#"[68,1,7,{},[3]]"#).await;
    router.say("[68,2,7,{}]").await;
    router.expect("[70,2,{}]").await;
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_the_router_leaves_to_the_client_ends_the_call() {
    let (mut router, client) = joined(WELCOME).await;
    let never = || async { std::future::pending::<()>().await };
    let registering = tokio::spawn(client.register("com.p", never).into_future());
    let _registration = registered(&mut router, registering, r#"[64,1,{},"com.p"]"#).await;
    router.say(r#"[68,1,7,{"timeout":1000}]"#).await;
    assert!(router.hear().await.unwrap().starts_with(r#"[8,68,1,{},"wamp.error.timeout""#));
}

#[tokio::test]
async fn a_registration_nobody_waits_for_any_more_is_given_up() {
    let (mut router, client) = joined(WELCOME).await;
    let mut registering = client.register("com.p", || async {}).into_future();
    assert!((&mut registering).now_or_never().is_none());
    router.expect(r#"[64,1,{},"com.p"]"#).await;
    drop(registering);
    router.say("[65,1,7]").await;
    router.expect("[66,2,7]").await;
}

#[tokio::test]
async fn a_registration_that_the_router_takes_away_has_ended() {
    let (mut router, client) = joined(WELCOME).await;
    let registering = tokio::spawn(client.register("com.p", || async {}).into_future());
    let registration = registered(&mut router, registering, r#"[64,1,{},"com.p"]"#).await;
    assert!(registration.ended().now_or_never().is_none());
    router.say(r#"[67,0,{"registration":7,"reason":"wamp.registration.revoke"}]"#).await;
    registration.ended().await;
    drop(registration);
    let call = tokio::spawn(client.call::<(), _>("com.q", ()).into_future());
    router.expect(r#"[48,2,{},"com.q"]"#).await;
    router.say("[50,2,{}]").await;
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn more_calls_than_a_client_serves_are_refused_and_end_with_the_session() {
    let (mut router, client) = joined(WELCOME).await;
    let never = || async { std::future::pending::<()>().await };
    let registering = tokio::spawn(client.register("com.p", never).into_future());
    let registration = registered(&mut router, registering, r#"[64,1,{},"com.p"]"#).await;
    for id in 1..=CALLS_SERVED + 1 {
        router.say(&format!("[68,{id},7,{{}}]")).await;
    }
    let refused = router.hear().await.unwrap();
    let expected = format!(r#"[8,68,{},{{}},"wamp.error.unavailable""#, CALLS_SERVED + 1);
    assert!(refused.starts_with(&expected), "{refused}");
    drop(router);
    registration.ended().await;
}

#[tokio::test]
async fn ppt_09_a_result_that_the_router_refuses_ends_its_handler_without_an_answer() {
    let (mut router, client) = joined(PASSTHRU_WELCOME).await;
    let begun = Arc::new(());
    let running = Arc::downgrade(&begun);
    let handler = move |progress: Progress| {
        let begun = Arc::clone(&begun);
        async move {
            progress.send(PassthruPayload::new("x_ours", *b"abc")).await?;
            std::future::pending::<()>().await;
            drop(begun);
            Ok::<_, WampError>(())
        }
    };
    let registering = tokio::spawn(client.register("com.p", handler).into_future());
    let registration = registered(&mut router, registering, r#"[64,1,{},"com.p"]"#).await;
    router.say(r#"[68,1,7,{"receive_progress":true}]"#).await;
    router.expect(r#"[70,1,{"progress":true,"ppt_scheme":"x_ours"},["\u0000YWJj"]]"#).await;
    router.say(r#"[8,70,1,{},"wamp.error.feature_not_supported"]"#).await;
    // It may come twice, for results that crossed the refusal.
    router.say(r#"[8,70,1,{},"wamp.error.feature_not_supported"]"#).await;
    drop(registration);
    router.expect("[66,2,7]").await;
    router.say("[67,2]").await;
    while running.strong_count() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(client.is_open());
}

#[tokio::test]
async fn ppt_07_no_router_that_does_not_announce_it_gets_a_payload_in_passthru_mode() {
    let (mut router, client) = joined(WELCOME).await;
    let packed = || PassthruPayload::new("x_ours", *b"abc");
    let registering = tokio::spawn(client.register("com.p", move || async move { packed() }).into_future());
    let _registration = registered(&mut router, registering, r#"[64,1,{},"com.p"]"#).await;
    for refused in [
        client.call::<(), _>("com.q", packed()).await.unwrap_err(),
        client.publish("com.t", packed()).await.unwrap_err(),
        client.publication("com.t").send_unacknowledged(packed()).await.unwrap_err(),
    ] {
        assert_eq!(refused.uri(), "wamp.error.feature_not_supported");
    }
    router.say("[68,1,7,{}]").await;
    assert!(router.hear().await.unwrap().starts_with(r#"[8,68,1,{},"wamp.error.feature_not_supported""#));
}
