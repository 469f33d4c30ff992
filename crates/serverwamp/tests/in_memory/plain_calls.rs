//! Plain calls of one procedure in a row, which take a shorter way from the second on, beside the same calls on the way of all.

use super::peer::Peer;
use serde::Deserialize;
use serverwamp::extract::{Args, Kwargs, State};
use serverwamp::memory::MemoryPeer;
use serverwamp::{Actions, Application, Progress, Realm, RouteSet, Serializer, WampError};
use std::sync::{Arc, Mutex, MutexGuard};

/// What handlers keep beyond their replies.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Progress>>>);

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Vec<Progress>> {
        self.0.lock().unwrap()
    }
}

#[derive(Deserialize)]
struct Sum {
    a: i64,
    b: i64,
}

/// Divides, waits before it divides by one, and panics where it divides by zero.
async fn divide(Kwargs(Sum { a, b }): Kwargs<Sum>) -> Result<i64, WampError> {
    if b == 1 {
        tokio::task::yield_now().await;
    }
    if b == 7 {
        return Err(WampError::new("com.error.seven").arg(a));
    }
    Ok(a / b)
}

async fn keep(State(kept): State<Kept>, progress: Progress, Args((number,)): Args<(u64,)>) -> u64 {
    if number % 2 == 1 {
        kept.lock().push(progress);
    }
    number
}

async fn wait() {
    std::future::pending().await
}

/// Waits if it is told to.
async fn wait_if(Args((waits,)): Args<(bool,)>) -> bool {
    if waits {
        wait().await;
    }
    waits
}

fn realm() -> Realm<Kept> {
    let routes = RouteSet::new()
        .procedure("com.divide", divide)
        .procedure("com.keep", keep)
        .procedure("com.wait", wait)
        .procedure("com.wait_if", wait_if);
    Realm::new("realm1").allow_anonymous("guest").routes(routes)
}

fn application() -> (Application, Kept) {
    let kept = Kept::default();
    (Application::builder().realm(realm()).with_state(kept.clone()).build().unwrap(), kept)
}

/// Numbers without a pattern, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }

    /// A CALL, as plain as most or with anything about it that is not.
    fn call(&mut self, request: u64) -> String {
        let options = self.one_of(&[
            "{}",
            "{}",
            "{}",
            "{}",
            "{}",
            r#"{"timeout":90000}"#,
            r#"{"receive_progress":true}"#,
            r#"{"disclose_me":true}"#,
            r#"{"progress":true}"#,
            r#"{"ppt_scheme":"mqtt"}"#,
            "[]",
        ]);
        let procedures =
            ["com.divide", "com.divide", "com.divide", "com.divide", "com.keep", "com.none", "com. none", ""];
        let procedure = self.one_of(&procedures);
        let payload = self.one_of(&[
            "",
            ",[]",
            ",[6]",
            r#",["six"]"#,
            r#",[],{"a":6,"b":2}"#,
            r#",[],{"a":6,"b":1}"#,
            r#",[],{"a":6,"b":7}"#,
            r#",[],{"a":6,"b":0}"#,
            r#",[],{"a":6,"b":"two"}"#,
            r#",[],{"a":6}"#,
            r#",[1],{"a":6,"b":2}"#,
            ",[8,9]",
            ",[[8]]",
            ",8",
        ]);
        let mut call = format!(r#"[48,{request},{options},"{procedure}"{payload}]"#);
        if self.below(12) == 0 {
            let place = self.below(call.len());
            call.replace_range(place..=place, self.one_of(&["", "x", "\"", "9", ",", "[", "}"]));
        }
        call
    }
}

/// A session that has made plain calls, or one in which another call waits: that one's calls all go the way of all calls.
async fn join(app: &Application, waits: bool) -> Peer {
    let mut peer = Peer::join(app, "realm1").await;
    match waits {
        true => peer.say(r#"[48,1,{},"com.wait"]"#).await,
        false => {
            for request in 1..4 {
                let call = format!(r#"[48,{request},{{}},"com.divide",[],{{"a":9,"b":3}}]"#);
                assert_eq!(peer.ask(&call).await, format!("[50,{request},{{}},[3]]"));
            }
        }
    }
    peer
}

/// An answer without the id under which a panic is in the log.
fn comparable(answer: String) -> String {
    match answer.split_once("internal error, id ") {
        Some((before, _)) => before.to_owned(),
        None => answer,
    }
}

#[tokio::test]
async fn plain_calls_are_answered_as_all_calls_are() {
    let (app, _kept) = application();
    let mut numbers = Numbers(0x5eed_1234_5678_9abc);
    let (mut plain, mut general) = (join(&app, false).await, join(&app, true).await);
    let mut results = 0;
    for request in 10..1500 {
        let call = numbers.call(request);
        let (one, other) = (plain.ask(&call).await, general.ask(&call).await);
        results += usize::from(one.starts_with("[50,"));
        assert_eq!(comparable(one.clone()), comparable(other), "{call}");
        if one.starts_with("[3,") {
            (plain, general) = (join(&app, false).await, join(&app, true).await);
        }
    }
    assert!(results > 60, "{results} calls had results");
}

#[tokio::test]
async fn what_a_handler_keeps_says_nothing_to_later_calls() {
    let (app, kept) = application();
    let mut peer = Peer::join(&app, "realm1").await;
    for number in 1..40 {
        // One in ten asks for progressive results: the handle of that call alone may send any.
        let options = if number % 10 == 5 { r#"{"receive_progress":true}"# } else { "{}" };
        let answer = peer.ask(&format!(r#"[48,{number},{options},"com.keep",[{number}]]"#)).await;
        assert_eq!(answer, format!("[50,{number},{{}},[{number}]]"));
        let all: Vec<Progress> = kept.lock().clone();
        for (index, progress) in all.iter().enumerate() {
            // Those of the calls 1, 3, 5, …
            let asked = (2 * index + 1) % 10 == 5;
            assert_eq!(progress.requested(), asked, "of call {}", 2 * index + 1);
            assert_eq!(progress.send("late").await.is_err(), asked);
        }
        if number % 12 == 0 {
            kept.lock().clear();
            kept.lock().extend(all);
        }
    }
}

#[tokio::test]
async fn a_plain_call_that_waits_is_canceled_and_the_next_ones_are_answered() {
    let (app, _kept) = application();
    let mut peer = Peer::join(&app, "realm1").await;
    for round in 0..4 {
        let first = round * 10 + 1;
        for request in first..first + 5 {
            let answer = peer.ask(&format!(r#"[48,{request},{{}},"com.wait_if",[false]]"#)).await;
            assert_eq!(answer, format!("[50,{request},{{}},[false]]"));
        }
        let waiting = first + 5;
        peer.say(&format!(r#"[48,{waiting},{{}},"com.wait_if",[true]]"#)).await;
        let beside = peer.ask(&format!(r#"[48,{},{{}},"com.wait_if",[false]]"#, waiting + 1)).await;
        assert_eq!(beside, format!("[50,{},{{}},[false]]", waiting + 1));
        let canceled = peer.ask(&format!("[49,{waiting},{{}}]")).await;
        assert!(
            canceled.starts_with(&format!(r#"[8,48,{waiting},{{}},"wamp.error.canceled""#)),
            "{canceled}"
        );
    }
}

#[tokio::test]
async fn a_plain_call_is_refused_once_permissions_say_so() {
    let allowed = realm().role("guest", |role| role.allow(Actions::CALL, "com.keep"));
    let app = Application::builder().realm(allowed).with_state(Kept::default()).build().unwrap();
    let mut peer = Peer::join(&app, "realm1").await;
    for number in [2, 4, 6, 8] {
        let answer = peer.ask(&format!(r#"[48,{number},{{}},"com.keep",[{number}]]"#)).await;
        assert_eq!(answer, format!("[50,{number},{{}},[{number}]]"));
    }
    let other = Realm::new("realm1").allow_anonymous("guest");
    let other = other.role("guest", |role| role.allow(Actions::CALL, "com.divide"));
    app.realms().reconfigure(other).unwrap().settled().await;
    let answer = peer.ask(r#"[48,10,{},"com.keep",[10]]"#).await;
    assert!(answer.starts_with(r#"[8,48,10,{},"wamp.error.not_authorized""#), "{answer}");
    let answer = peer.ask(r#"[48,11,{},"com.divide",[],{"a":9,"b":3}]"#).await;
    assert_eq!(answer, "[50,11,{},[3]]");
}

/// In the other serializers the same.
#[tokio::test]
async fn plain_calls_are_answered_in_every_serializer() {
    let (app, _kept) = application();
    let hello: [(Serializer, &[u8]); 2] = [
        (Serializer::MessagePack, b"\x93\x01\xa6realm1\x81\xa5roles\x81\xa6caller\x80"),
        (Serializer::Cbor, b"\x83\x01\x66realm1\xa1\x65roles\xa1\x66caller\xa0"),
    ];
    for (serializer, hello) in hello {
        let mut peer: MemoryPeer = app.connect(serializer);
        peer.send(hello.to_vec()).await.unwrap();
        peer.receive().await.unwrap();
        for request in 1..23_u8 {
            let (call, result) = match serializer {
                Serializer::MessagePack => (
                    [b"\x95\x30", &[request][..], b"\x80\xa8com.keep\x91\x02"].concat(),
                    [b"\x94\x32", &[request][..], b"\x80\x91\x02"].concat(),
                ),
                _ => (
                    [b"\x85\x18\x30", &[request][..], b"\xa0\x68com.keep\x81\x02"].concat(),
                    [b"\x84\x18\x32", &[request][..], b"\xa0\x81\x02"].concat(),
                ),
            };
            peer.send(call).await.unwrap();
            assert_eq!(peer.receive().await.unwrap(), result, "{serializer:?}");
        }
    }
}
