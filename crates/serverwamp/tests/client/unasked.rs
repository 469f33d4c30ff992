//! Answers that nobody asked for: the session ends, and both sides are told why.

use crate::bad_routers::{FakeRouter, WELCOME};
use serverwamp::client::{Client, ClientError, Login, SessionEnd};
use std::time::Duration;

/// Says a message to a client in a session; why the session ended.
async fn violation(router: &mut FakeRouter, client: &Client, message: &str) -> String {
    router.say(message).await;
    let end = tokio::time::timeout(Duration::from_secs(5), client.closed()).await;
    let Ok(SessionEnd::Violation(text)) = end else { panic!("{message}: {end:?}") };
    loop {
        let heard = router.hear().await.unwrap();
        if heard.starts_with("[3,") {
            assert!(heard.contains("wamp.error.protocol_violation"), "{heard}");
            return text;
        }
    }
}

#[tokio::test]
async fn what_nobody_asked_for_ends_the_session_and_is_named() {
    for (message, why) in [
        ("[50,9,{},[1]]", "RESULT #9: no such request"),
        (r#"[50,9,{"progress":true},[1]]"#, "RESULT #9: no such call"),
        (r#"[8,48,9,{},"a.b"]"#, "ERROR #9: no such request"),
        ("[17,9,1]", "PUBLISHED #9: no such request"),
        ("[33,9,1]", "SUBSCRIBED #9: no such request"),
        ("[35,9]", "UNSUBSCRIBED #9: no such request"),
        ("[65,9,1]", "REGISTERED #9: no such request"),
        ("[67,9]", "UNREGISTERED #9: no such request"),
        ("[36,7,1,{}]", "EVENT: the client has no subscription 7"),
        ("[68,1,5,{}]", "INVOCATION #1: the client has no registration 5"),
        (WELCOME, "WELCOME is not allowed"),
        (r#"[4,"ticket",{}]"#, "CHALLENGE is not allowed"),
        (r#"[48,1,{},"a"]"#, "CALL is not allowed"),
        (r#"[1,"realm1",{"roles":{"caller":{}}}]"#, "HELLO is not allowed"),
        ("[35,0,{}]", "Details.subscription is missing"),
    ] {
        let (mut router, client) = FakeRouter::joined().await;
        let text = violation(&mut router, &client, message).await;
        assert!(text.contains(why), "{message}: {text}");
    }
}

#[tokio::test]
async fn what_comes_before_welcome_and_is_none_ends_the_attempt() {
    for (message, why) in [
        ("[36,7,1,{}]", "EVENT is not allowed before WELCOME"),
        ("[50,1,{}]", "RESULT is not allowed before WELCOME"),
        (r#"[6,{},"a.b"]"#, "GOODBYE is not allowed before WELCOME"),
        ("[2,0,{}]", "WELCOME"),
    ] {
        let mut router = FakeRouter::start().await;
        let client = router.connect(Login::anonymous());
        router.hear().await.unwrap();
        router.say(message).await;
        let error = client.await.unwrap().unwrap_err();
        assert!(matches!(&error, ClientError::Protocol(text) if text.contains(why)), "{message}: {error}");
        assert!(router.hear().await.unwrap().contains("wamp.error.protocol_violation"));
    }
}

#[tokio::test]
async fn an_answer_of_another_kind_ends_the_session_and_the_request() {
    let (mut router, client) = FakeRouter::joined().await;
    let calling = tokio::spawn({
        let client = client.clone();
        async move { client.call::<i64, _>("com.p", ()).await }
    });
    router.hear().await.unwrap();
    let text = violation(&mut router, &client, "[33,1,7]").await;
    assert!(text.contains("SUBSCRIBED #1 answers type 32, and the request is of type 48"), "{text}");
    let error = calling.await.unwrap().unwrap_err();
    assert_eq!(error.uri(), "wamp.error.network_failure");
    assert!(error.message().unwrap().contains("SUBSCRIBED #1 answers type 32"), "{error}");
}

#[tokio::test]
async fn a_second_answer_ends_the_session_and_the_first_one_counts() {
    let (mut router, client) = FakeRouter::joined().await;
    let calling = tokio::spawn({
        let client = client.clone();
        async move { client.call::<i64, _>("com.p", ()).await }
    });
    router.hear().await.unwrap();
    router.say("[50,1,{},[5]]").await;
    assert_eq!(calling.await.unwrap().unwrap(), 5);
    let text = violation(&mut router, &client, "[50,1,{},[6]]").await;
    assert!(text.contains("RESULT #1: no such request"), "{text}");
}

#[tokio::test]
async fn progress_that_was_not_asked_for_ends_the_session() {
    let (mut router, client) = FakeRouter::joined().await;
    let calling = tokio::spawn({
        let client = client.clone();
        async move { client.call::<i64, _>("com.p", ()).await }
    });
    router.hear().await.unwrap();
    let text = violation(&mut router, &client, r#"[50,1,{"progress":true},[6]]"#).await;
    assert!(text.contains("the call asked for no progressive results"), "{text}");
    assert!(calling.await.unwrap().is_err());
}

#[tokio::test]
async fn revocations_and_interrupts_of_what_is_not_there_are_passed_over() {
    let (mut router, client) = FakeRouter::joined().await;
    for message in
        [r#"[35,0,{"subscription":7}]"#, r#"[67,0,{"registration":7}]"#, "[69,7,{}]", r#"[8,70,7,{},"a.b"]"#]
    {
        router.say(message).await;
    }
    let calling = tokio::spawn({
        let client = client.clone();
        async move { client.call::<i64, _>("com.p", ()).await }
    });
    router.hear().await.unwrap();
    router.say("[50,1,{},[5]]").await;
    assert_eq!(calling.await.unwrap().unwrap(), 5);
}

#[tokio::test]
async fn two_topics_or_procedures_of_one_id_end_the_session() {
    let (mut router, client) = FakeRouter::joined().await;
    let second = tokio::spawn({
        let client = client.clone();
        async move {
            let first = client.subscribe("com.first").await.unwrap();
            (client.subscribe("com.second").await.map(drop), first)
        }
    });
    router.hear().await.unwrap();
    router.say("[33,1,7]").await;
    router.hear().await.unwrap();
    let text = violation(&mut router, &client, "[33,2,7]").await;
    assert_eq!(text, "SUBSCRIBED: subscription 7 is that of com.first, and not of com.second");
    let (second, _first) = second.await.unwrap();
    assert!(second.unwrap_err().message().unwrap().contains(&text));

    let (mut router, client) = FakeRouter::joined().await;
    let second = tokio::spawn({
        let client = client.clone();
        async move {
            let first = client.register("com.first", || async {}).await.unwrap();
            (client.register("com.second", || async {}).await.map(drop), first)
        }
    });
    router.hear().await.unwrap();
    router.say("[65,1,7]").await;
    router.hear().await.unwrap();
    let text = violation(&mut router, &client, "[65,2,7]").await;
    assert_eq!(text, "REGISTERED: registration 7 is that of com.first, and not of com.second");
    let (second, _first) = second.await.unwrap();
    assert!(second.unwrap_err().message().unwrap().contains(&text));
}
