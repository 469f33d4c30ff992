//! A tap of a realm with a caller, a callee and a subscriber.

#![cfg(feature = "tokio")]

use super::{MOST_TAPS, ShownMessage, ShownPayload, TapDisplay, TapReader, Taps};
use crate::base::message_kind::MessageDirection;
use crate::memory::MemoryPeer;
use crate::router::realm::RunningRealm;
use crate::{Application, Realm};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::SessionId;
use std::sync::Arc;
use std::sync::atomic::Ordering;

struct Peers {
    caller: MemoryPeer,
    callee: MemoryPeer,
    realm: Arc<RunningRealm>,
}

async fn say(peer: &mut MemoryPeer, text: impl Into<Vec<u8>>) {
    peer.send(text.into()).await.unwrap();
}

async fn hear(peer: &mut MemoryPeer) -> String {
    String::from_utf8(peer.receive().await.unwrap().to_vec()).unwrap()
}

/// The numbers of a message.
fn number(message: &str, at: usize) -> u64 {
    let numbers = message.split(|letter: char| !letter.is_ascii_digit()).filter(|text| !text.is_empty());
    numbers.map(|text| text.parse().unwrap()).nth(at).unwrap()
}

async fn peers() -> Peers {
    let application =
        Application::builder().realm(Realm::<()>::router("realm1").allow_anonymous("guest")).build().unwrap();
    let mut two = Vec::new();
    for _ in 0..2 {
        let mut peer = application.connect(Serializer::Json);
        say(&mut peer, r#"[1,"realm1",{"roles":{"caller":{},"callee":{},"publisher":{},"subscriber":{}}}]"#)
            .await;
        assert!(hear(&mut peer).await.starts_with("[2,"));
        two.push(peer);
    }
    let (callee, caller) = (two.pop().unwrap(), two.pop().unwrap());
    Peers { caller, callee, realm: application.inner().realms.get("realm1").unwrap() }
}

impl Peers {
    async fn register(&mut self) {
        say(&mut self.callee, r#"[64,1,{},"com.add"]"#).await;
        assert!(hear(&mut self.callee).await.starts_with("[65,1,"));
    }

    /// A call with a secret, and its answer.
    async fn call(&mut self, request: u64) {
        say(&mut self.caller, format!(r#"[48,{request},{{}},"com.add",[1],{{"password":"x","n":2}}]"#)).await;
        let invocation = hear(&mut self.callee).await;
        say(&mut self.callee, format!("[70,{},{{}},[3]]", number(&invocation, 1))).await;
        assert_eq!(hear(&mut self.caller).await, format!("[50,{request},{{}},[3]]"));
    }

    fn tap(&self, most: usize) -> TapReader {
        TapReader::open(&self.realm.context, None, most).unwrap()
    }
}

fn line(shown: &ShownMessage) -> String {
    let direction = if shown.direction == MessageDirection::Received { "<" } else { ">" };
    let uri = shown.uri.as_deref().unwrap_or("-");
    format!("{direction}{} {uri}", shown.name.unwrap_or("?"))
}

#[tokio::test]
async fn a_call_is_seen_from_its_call_to_its_result() {
    let mut peers = peers().await;
    peers.register().await;
    let mut tap = peers.tap(100);
    peers.call(1).await;
    let batch = tap.take();
    let mut display = TapDisplay::new(true, 1024, vec!["password".to_owned()]);
    let shown: Vec<_> = batch.messages.iter().map(|one| display.show(&peers.realm, one)).collect();
    let lines: Vec<_> = shown.iter().map(line).collect();
    assert_eq!(lines, ["<CALL com.add", ">INVOCATION com.add", "<YIELD com.add", ">RESULT com.add"]);
    assert_eq!(batch.unseen, 0);
    // What was sent while a message was handled comes of it.
    assert_eq!(shown[1].cause, Some(shown[0].number));
    assert_eq!(shown[3].cause, Some(shown[2].number));
    assert_eq!((shown[0].cause, shown[2].cause), (None, None));
    assert_eq!((shown[0].session, shown[1].session), (shown[3].session, shown[2].session));
    let Some(ShownPayload::Shown(args, kwargs, masked)) = &shown[0].payload else { panic!("{:?}", shown[0]) };
    assert_eq!((args[0].as_i64(), *masked), (Some(1), 1));
    assert_eq!(kwargs.get("password").and_then(|value| value.as_str()), Some("**********"));
    assert_eq!(kwargs.get("n").and_then(|value| value.as_i64()), Some(2));
}

#[tokio::test]
async fn events_errors_and_subscriptions_are_told_by_their_uris() {
    let mut peers = peers().await;
    let mut tap = peers.tap(100);
    say(&mut peers.callee, r#"[32,1,{},"com.news"]"#).await;
    let subscribed = hear(&mut peers.callee).await;
    say(&mut peers.caller, r#"[16,1,{"acknowledge":true},"com.news",["secret"]]"#).await;
    hear(&mut peers.caller).await;
    hear(&mut peers.callee).await;
    say(&mut peers.caller, r#"[48,2,{},"com.none"]"#).await;
    hear(&mut peers.caller).await;
    say(&mut peers.callee, format!("[34,2,{}]", number(&subscribed, 2))).await;
    hear(&mut peers.callee).await;
    let mut display = TapDisplay::new(false, 1024, Vec::new());
    let batch = tap.take();
    let shown: Vec<_> = batch.messages.iter().map(|one| display.show(&peers.realm, one)).collect();
    let mut lines: Vec<_> = shown.iter().map(line).collect();
    // Publisher and subscriber have their messages from one thread, in whatever order.
    lines[3..5].sort();
    assert_eq!(
        lines,
        [
            "<SUBSCRIBE com.news",
            ">SUBSCRIBED com.news",
            "<PUBLISH com.news",
            ">EVENT com.news",
            ">PUBLISHED com.news",
            "<CALL com.none",
            ">ERROR com.none",
            "<UNSUBSCRIBE com.news",
            ">UNSUBSCRIBED com.news",
        ]
    );
    assert!(shown.iter().all(|one| one.payload.is_none()), "payloads were not asked for");
    assert_eq!(shown[6].error.as_deref(), Some("wamp.error.no_such_procedure"));
}

#[tokio::test]
async fn what_is_not_kept_is_counted() {
    let mut peers = peers().await;
    peers.register().await;
    let mut tap = peers.tap(3);
    for request in 1..=5 {
        peers.call(request).await;
    }
    let batch = tap.take();
    assert_eq!((batch.messages.len(), batch.unseen), (3, 17));
    peers.call(6).await;
    let batch = tap.take();
    assert_eq!((batch.messages.len(), batch.unseen), (3, 1));
    assert_eq!((tap.take().messages.len(), tap.take().unseen), (0, 0));
}

#[test]
fn while_all_taps_are_full_messages_are_counted_and_no_tap_is_asked() {
    let (taps, session) = (Taps::default(), SessionId::new(1).unwrap());
    let asked = || taps.asked.load(Ordering::Relaxed);
    let keep = || taps.keep(session, MessageDirection::Received, Serializer::Json, b"[1]");
    assert!(!taps.notice(session), "nobody looks");
    let (all, other) = (taps.open(None, 1).unwrap(), taps.open(None, 2).unwrap());
    assert!(taps.notice(session) && asked() == 2);
    keep();
    assert!(taps.notice(session) && asked() == 1, "one of them is full");
    keep();
    assert!(!taps.notice(session) && asked() == 0, "both are");
    assert_eq!((taps.seen_by(&all), taps.seen_by(&other)), (3, 3));
    taps.emptied(&other);
    taps.emptied(&other);
    assert!(taps.notice(session) && asked() == 1, "one has room again");
    // One of a session counts what is its own, and is asked even if it is full.
    let one = taps.open(Some(session), 1).unwrap();
    taps.notice(SessionId::new(2).unwrap());
    taps.notice(session);
    keep();
    assert!(one.is_full.load(Ordering::Relaxed) && asked() == 1, "it alone is asked");
    assert_eq!((taps.seen_by(&one), taps.seen_by(&other)), (1, 6));
    [&all, &other, &one].into_iter().for_each(|tap| taps.close(tap));
    assert_eq!(asked(), 0, "however full they were");
    keep();
    assert_eq!(asked(), 0);
}

#[tokio::test]
async fn a_tap_of_one_session_sees_that_one_and_a_closed_one_nothing() {
    let mut peers = peers().await;
    peers.register().await;
    let mut all = peers.tap(100);
    peers.call(1).await;
    let callee = all.take().messages[1].session;
    let mut one = TapReader::open(&peers.realm.context, Some(callee), 100).unwrap();
    drop(all);
    assert!(peers.realm.context.taps.is_open());
    peers.call(2).await;
    let batch = one.take();
    assert_eq!((batch.messages.len(), batch.unseen), (2, 0));
    assert!(batch.messages.iter().all(|message| message.session == callee));
    drop(one);
    assert!(!peers.realm.context.taps.is_open());
}

#[tokio::test]
async fn a_realm_has_a_bounded_number_of_taps() {
    let peers = peers().await;
    let taps: Vec<_> = (0..MOST_TAPS).map(|_| peers.tap(1)).collect();
    assert!(TapReader::open(&peers.realm.context, None, 1).is_none());
    drop(taps);
    assert!(TapReader::open(&peers.realm.context, None, 1).is_some());
}

#[tokio::test]
async fn a_message_that_is_too_long_is_told_by_its_length() {
    let mut peers = peers().await;
    let mut tap = peers.tap(10);
    let long = format!(r#"[16,1,{{}},"com.long",["{}"]]"#, "x".repeat(70_000));
    let length = long.len();
    say(&mut peers.caller, long).await;
    say(&mut peers.caller, r#"[16,2,{"acknowledge":true},"com.short",["some text"]]"#).await;
    hear(&mut peers.caller).await;
    let mut display = TapDisplay::new(true, 4, Vec::new());
    let batch = tap.take();
    let shown: Vec<_> = batch.messages.iter().map(|one| display.show(&peers.realm, one)).collect();
    assert_eq!((shown[0].name, shown[0].length), (None, length));
    assert!(matches!(shown[1].payload, Some(ShownPayload::TooLong)), "{:?}", shown[1]);
}
