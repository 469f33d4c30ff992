//! The tap, as a tool has it.

#![expect(clippy::disallowed_methods, reason = "a test waits for what another task does")]

use super::{application, operator};
use crate::admin::AdminPermission;
use crate::client::Client;
use crate::extract::Kwargs;
use crate::{Application, CallResult, Dict, ProgressResults, Registration, Value, WampError};
use std::time::Duration;

/// Opens a tap of `realm1`, with what else is asked for.
fn open(client: &Client, payloads: bool, more: &[(&str, Value)]) -> ProgressResults {
    let procedure = if payloads { "serverwamp.tap.open_with_payloads" } else { "serverwamp.tap.open" };
    let mut arguments: Dict = more.iter().map(|(name, value)| (*name, value.clone())).collect();
    arguments.insert("realm", "realm1");
    client.call::<CallResult, _>(procedure, Kwargs(arguments)).progressive()
}

/// The messages of the next progressive result, and how many were not shown so far.
async fn next(tap: &mut ProgressResults) -> (Vec<Value>, u64) {
    let batch: Value = tap.next().await.unwrap().payload().arg().unwrap();
    let messages = batch.get("messages").unwrap().as_list().unwrap().to_vec();
    (messages, batch.get("not_shown").unwrap().as_u64().unwrap())
}

/// Calls of a client that registered the procedure itself, from when a tap is open.
async fn traffic(app: &Application) -> (Client, Registration) {
    let guest = app.join("realm1").await.unwrap();
    let add = async |crate::extract::Arg(n): crate::extract::Arg<i64>| n + 1;
    let registration = guest.register("shop.add", add).await.unwrap();
    (guest, registration)
}

async fn until_open(app: &Application) {
    let realm = app.inner().realms.get("realm1").unwrap();
    while !realm.context.taps.is_open() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_tool_follows_a_call_and_the_tap_ends_with_its_limit() {
    let app = application([AdminPermission::Payloads]);
    let tool = operator(&app).await;
    let (guest, _registered) = traffic(&app).await;
    let filter: Dict = [("uri", "shop.*")].into_iter().collect();
    let mut tap = open(&tool, true, &[("filter", Value::Dict(filter)), ("limit", Value::from(4))]);
    until_open(&app).await;
    guest.publish("other.topic", (1,)).await.unwrap();
    assert_eq!(guest.call::<i64, _>("shop.add", (1,)).await.unwrap(), 2);
    let (messages, not_shown) = next(&mut tap).await;
    let types: Vec<_> = messages.iter().map(|one| one.get("type").unwrap().as_str().unwrap()).collect();
    assert_eq!((types.as_slice(), not_shown), (["CALL", "INVOCATION", "YIELD", "RESULT"].as_slice(), 0));
    assert!(messages.iter().all(|one| one.get("uri").unwrap().as_str() == Some("shop.add")));
    assert_eq!(messages[1].get("cause"), messages[0].get("number"));
    assert!(messages.iter().all(|one| one.get("masked").unwrap().as_u64() == Some(0)));
    assert_eq!(messages[3].get("args").unwrap().as_list().unwrap()[0].as_i64(), Some(2));
    let end: Value = tap.finish().await.unwrap().payload().arg().unwrap();
    assert_eq!(end.get("shown").unwrap().as_u64(), Some(4));
    assert_eq!(end.get("filtered").unwrap().as_u64(), Some(2), "PUBLISH and PUBLISHED were copied");
}

#[tokio::test]
async fn payloads_need_their_permission_and_progress_has_to_be_asked_for() {
    let app = application([AdminPermission::Read]);
    let tool = operator(&app).await;
    let error = open(&tool, true, &[]).finish().await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.not_authorized");
    let realm: Dict = [("realm", "realm1")].into_iter().collect();
    let error: WampError = tool.call::<Value, _>("serverwamp.tap.open", Kwargs(realm)).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.option_not_allowed");
    for wrong in [("direction", "both"), ("type", "CALLS"), ("type", ""), ("type", "CALL\u{1b}[2J")] {
        let filter: Dict = [wrong].into_iter().collect();
        let error = open(&tool, false, &[("filter", Value::Dict(filter))]).finish().await.unwrap_err();
        assert_eq!(error.uri(), "wamp.error.invalid_argument", "{wrong:?}");
        assert!(error.to_string().contains(&format!("filter.{}: expected", wrong.0)), "{error}");
    }
    let (guest, _registered) = traffic(&app).await;
    let mut tap = open(&tool, false, &[]);
    until_open(&app).await;
    guest.call::<i64, _>("shop.add", (1,)).await.unwrap();
    let (messages, _) = next(&mut tap).await;
    assert_eq!(messages.len(), 4);
    assert!(messages.iter().all(|one| one.get("args").is_none() && one.get("kwargs").is_none()));
}

#[tokio::test]
async fn a_tap_closes_with_its_session_and_with_cancel() {
    let app = application([AdminPermission::Read]);
    let realm = app.inner().realms.get("realm1").unwrap();
    let closed = async || {
        while realm.context.taps.is_open() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let tool = operator(&app).await;
    let tap = open(&tool, false, &[]);
    until_open(&app).await;
    tool.leave().await;
    drop(tap);
    closed().await;
    let tool = operator(&app).await;
    let tap = open(&tool, false, &[]);
    until_open(&app).await;
    tap.cancel(crate::CancelMode::KillNoWait);
    closed().await;
}

#[tokio::test]
async fn what_is_beyond_the_rate_is_counted() {
    let app = application([AdminPermission::Read]);
    let tool = operator(&app).await;
    let (guest, _registered) = traffic(&app).await;
    let mut tap = open(&tool, false, &[("rate", Value::from(20))]);
    until_open(&app).await;
    for _ in 0..10 {
        guest.call::<i64, _>("shop.add", (1,)).await.unwrap();
    }
    let (mut shown, mut not_shown) = (0, 0);
    while shown + not_shown < 40 {
        let (messages, missed) = next(&mut tap).await;
        shown += messages.len() as u64;
        not_shown = missed;
    }
    assert_eq!(shown + not_shown, 40);
    assert!(shown >= 2 && not_shown >= 1, "{shown} {not_shown}");
}
