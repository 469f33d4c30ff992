//! A client whose router is this test: what bad routers send, and what is sent to them.

#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]
#![expect(clippy::disallowed_methods, reason = "the tests run on tokio")]

mod reconnect;
mod recovery;
mod served;

use super::{Client, ClientError, JoinSettings, Login, OpenedTransport, SessionEnd, TransportFault, join};
use crate::rt::Tokio;
use crate::server::memory::{MessageReceiver, MessageSender, messages, pipe};
use crate::transport::Framing;
use crate::transport::rawsocket::RawSocketConfig;
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use serverwamp_proto::codec::Serializer;
use std::future::{IntoFuture, poll_fn};
use std::sync::Arc;
use std::time::Duration;

const WELCOME: &str = r#"[2,4711,{"roles":{"broker":{},"dealer":{"features":{"call_canceling":true}}}}]"#;
const PASSTHRU_WELCOME: &str =
    r#"[2,4711,{"roles":{"broker":{},"dealer":{"features":{"payload_passthru_mode":true}}}}]"#;
const BASIC_WELCOME: &str = r#"[2,4711,{"roles":{"broker":{},"dealer":{}}}]"#;

/// The router's end of a connection.
struct Router {
    sender: MessageSender,
    receiver: MessageReceiver,
}

impl Router {
    async fn say(&mut self, message: &str) {
        self.sender.push(message.as_bytes()).unwrap();
        poll_fn(|cx| self.sender.poll_flush(cx)).await.unwrap();
    }

    /// The next message of the client; `None` when it has closed the connection.
    async fn hear(&mut self) -> Option<String> {
        let message: Bytes = poll_fn(|cx| self.receiver.poll_next(cx, None)).await.ok()?;
        Some(String::from_utf8(message.to_vec()).unwrap())
    }

    async fn expect(&mut self, expected: &str) {
        assert_eq!(self.hear().await.as_deref(), Some(expected));
    }
}

type Joining = tokio::task::JoinHandle<Result<Client, ClientError>>;

/// A client whose HELLO is in.
async fn joining(change: impl FnOnce(&mut JoinSettings)) -> (Router, Joining, String) {
    let (near, far) = pipe(64 * 1024);
    let mut how = JoinSettings::new("realm1".into());
    how.serializer = Serializer::Json;
    change(&mut how);
    let framing = Framing::RawSocket { serializer: Serializer::Json, takes: 1 << 20 };
    let settings = RawSocketConfig::default().settings();
    let opened = OpenedTransport {
        io: near,
        framing,
        settings,
        received: BytesMut::new(),
        channel: None,
        fault: TransportFault::default(),
    };
    let client = tokio::spawn(join(opened, how, Arc::new(Tokio)));
    let (receiver, sender) = messages(far, 1 << 20);
    let mut router = Router { sender, receiver };
    let hello = router.hear().await.unwrap();
    (router, client, hello)
}

async fn joined(welcome: &str) -> (Router, Client) {
    let (mut router, client, _) = joining(|_| {}).await;
    router.say(welcome).await;
    (router, client.await.unwrap().unwrap())
}

#[tokio::test]
async fn hello_says_what_the_client_can_do() {
    let (_router, _client, hello) = joining(|how| how.login = Login::new("joe").ticket("s3cret")).await;
    assert!(hello.starts_with(r#"[1,"realm1",{"#), "{hello}");
    for part in [r#""authmethods":["ticket"]"#, r#""authid":"joe""#, r#""progressive_call_results":true"#] {
        assert!(hello.contains(part), "{part} in {hello}");
    }
    assert!(hello.contains(r#""callee":{"features":{"#) && !hello.contains("s3cret"), "{hello}");
}

#[tokio::test]
async fn a_router_that_breaks_the_protocol_before_welcome_is_told_and_left() {
    for (said, why) in [
        ("[36,1,1,{}]", "EVENT is not allowed before WELCOME"),
        ("nonsense", "not a message: "),
        (r#"[2,0,{}]"#, "WELCOME"),
    ] {
        let (mut router, client, _) = joining(|_| {}).await;
        router.say(said).await;
        let error = client.await.unwrap().unwrap_err();
        assert!(matches!(&error, ClientError::Protocol(text) if text.contains(why)), "{error:?}");
        let abort = router.hear().await.unwrap();
        assert!(abort.starts_with("[3,") && abort.contains("wamp.error.protocol_violation"), "{abort}");
        assert_eq!(router.hear().await, None, "the client has closed the connection");
    }
}

#[tokio::test]
async fn answers_nobody_asked_for_end_the_session_and_what_waits() {
    for (said, why) in [
        ("[50,9,{},[1]]", "RESULT #9: no such request"),
        ("[36,7,1,{}]", "EVENT: the client has no subscription 7"),
        ("[68,1,7,{}]", "INVOCATION #1: the client has no registration 7"),
        ("[17,1,7]", "PUBLISHED #1 answers type 16, and the request is of type 48"),
        (r#"[50,1,{"progress":true}]"#, "RESULT #1: the call asked for no progressive results"),
    ] {
        let (mut router, client) = joined(WELCOME).await;
        let call = tokio::spawn(client.call::<(), _>("com.p", ()).into_future());
        router.expect(r#"[48,1,{},"com.p"]"#).await;
        router.say(said).await;
        let error = call.await.unwrap().unwrap_err();
        let expected = format!("the router broke the protocol ({why}): it may have been carried out");
        assert_eq!((error.uri(), error.message()), ("wamp.error.network_failure", Some(&*expected)));
        assert!(matches!(client.closed().await, SessionEnd::Violation(text) if text == why));
        assert!(router.hear().await.unwrap().contains(why));
    }
}

#[tokio::test]
async fn a_challenge_without_an_answer_is_a_clear_error() {
    let (mut router, client, _) = joining(|_| {}).await;
    router.say(r#"[4,"ticket",{}]"#).await;
    let error = client.await.unwrap().unwrap_err();
    let text = "the router's challenge by method \"ticket\" cannot be answered: this client offers none: add \
                `.ticket(..)` or `.login(..)`";
    assert_eq!(error.to_string(), text);
    assert!(router.hear().await.unwrap().contains("wamp.error.authentication_failed"));
}

#[tokio::test]
async fn a_transport_that_ends_early_is_a_clear_error() {
    let (router, client, _) = joining(|_| {}).await;
    drop(router);
    let error = client.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the transport ended before the session began: it ended without a goodbye");
    let (router, client) = joined(WELCOME).await;
    drop(router);
    assert!(matches!(client.closed().await, SessionEnd::Lost(_)));
}

#[tokio::test]
async fn a_cancel_goes_to_routers_that_announce_it_alone() {
    for (welcome, cancels) in [(WELCOME, true), (BASIC_WELCOME, false)] {
        let (mut router, client) = joined(welcome).await;
        let mut call = client.call::<(), _>("com.p", ()).into_future();
        assert!((&mut call).now_or_never().is_none());
        router.expect(r#"[48,1,{},"com.p"]"#).await;
        drop(call);
        if cancels {
            router.expect(r#"[49,1,{"mode":"killnowait"}]"#).await;
        }
        router.say(r#"[8,48,1,{},"wamp.error.canceled"]"#).await;
        let call = tokio::spawn(client.call::<i64, _>("com.q", ()).into_future());
        router.expect(r#"[48,2,{},"com.q"]"#).await;
        router.say("[50,2,{},[5]]").await;
        assert_eq!(call.await.unwrap().unwrap(), 5);
    }
}

#[tokio::test]
async fn more_unanswered_requests_than_the_limit_are_refused_before_they_are_sent() {
    let (mut router, client, _) = joining(|how| how.requests = 2).await;
    router.say(WELCOME).await;
    let client = client.await.unwrap().unwrap();
    let calls: Vec<_> =
        (0..2).map(|_| tokio::spawn(client.call::<(), _>("com.p", ()).into_future())).collect();
    router.expect(r#"[48,1,{},"com.p"]"#).await;
    router.expect(r#"[48,2,{},"com.p"]"#).await;
    let error = client.call::<(), _>("com.p", ()).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.unavailable");
    router.say("[50,1,{}]").await;
    router.say("[50,2,{}]").await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn progress_without_end_that_nobody_takes_ends_the_call_alone() {
    let (mut router, client) = joined(WELCOME).await;
    let results = client.call("com.p", ()).progressive();
    router.expect(r#"[48,1,{"receive_progress":true},"com.p"]"#).await;
    for _ in 0..=1024 {
        router.say(r#"[50,1,{"progress":true},[1]]"#).await;
    }
    router.expect(r#"[49,1,{"mode":"killnowait"}]"#).await;
    let error = results.finish().await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.network_failure");
    router.say(r#"[8,48,1,{},"wamp.error.canceled"]"#).await;
    assert!(client.is_open());
}

#[tokio::test]
async fn a_subscription_nobody_waits_for_any_more_is_ended() {
    let (mut router, client) = joined(WELCOME).await;
    let mut subscribing = client.subscribe("com.t").into_future();
    assert!((&mut subscribing).now_or_never().is_none());
    router.expect(r#"[32,1,{},"com.t"]"#).await;
    drop(subscribing);
    router.say("[33,1,5]").await;
    router.expect("[34,2,5]").await;
    router.say("[36,5,1,{}]").await;
    router.say("[35,2]").await;

    let mut events = {
        let subscribing = tokio::spawn(client.subscribe("com.t").into_future());
        router.expect(r#"[32,3,{},"com.t"]"#).await;
        router.say("[33,3,5]").await;
        router.say(r#"[36,5,2,{},["x"]]"#).await;
        subscribing.await.unwrap().unwrap()
    };
    assert_eq!(events.recv().await.unwrap().bind::<String>().unwrap(), "x");
    router.say(r#"[35,0,{"subscription":5,"reason":"com.revoked"}]"#).await;
    assert!(events.recv().await.is_none(), "the router took it away");
}

#[tokio::test(start_paused = true)]
async fn a_router_that_never_answers_goodbye_is_left_after_five_seconds() {
    let (mut router, client) = joined(WELCOME).await;
    let begun = tokio::time::Instant::now();
    client.leave().await;
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    router.expect(r#"[6,{},"wamp.close.close_realm"]"#).await;
}
