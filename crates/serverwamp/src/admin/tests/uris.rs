//! Watches of single URIs, as a tool has them.

#![expect(clippy::disallowed_methods, reason = "a test waits for what another task does")]

use super::{application, integer, operator};
use crate::admin::AdminPermission;
use crate::client::Client;
use crate::extract::{Arg, Kwargs};
use crate::{Application, CallResult, Dict, ProgressResults, Value, WampError};
use std::time::Duration;

const WATCH: &str = "serverwamp.uri.watch";

fn watch(client: &Client, more: &[(&str, Value)]) -> ProgressResults {
    let mut arguments: Dict = more.iter().map(|(name, value)| (*name, value.clone())).collect();
    arguments.insert("realm", "realm1");
    client.call::<CallResult, _>(WATCH, Kwargs(arguments)).progressive()
}

async fn next(watch: &mut ProgressResults) -> Value {
    watch.next().await.unwrap().payload().arg().unwrap()
}

/// Until somebody watches, or nobody does any more.
async fn until(app: &Application, watched: bool) {
    let realm = app.inner().realms.get("realm1").unwrap();
    let reached = async {
        while realm.context.taps.is_open() != watched {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reached).await.expect("watches open and close in time");
}

fn rows<'v>(figures: &'v Value, name: &str) -> Vec<(&'v str, &'v Value)> {
    let rows = figures.get(name).unwrap().as_list().unwrap();
    rows.iter().map(|row| (row.get("uri").unwrap().as_str().unwrap(), row)).collect()
}

#[tokio::test]
async fn calls_and_publications_are_counted_while_somebody_watches() {
    let app = application([AdminPermission::Read]);
    let tool = operator(&app).await;
    let guest = app.join("realm1").await.unwrap();
    let _add = guest.register("shop.add", async |Arg(n): Arg<i64>| n + 1).await.unwrap();
    let _fail = guest.register("shop.fail", async || Err::<(), _>(WampError::new("shop.no"))).await.unwrap();
    let _hang = guest.register("shop.hang", async || std::future::pending::<()>().await).await.unwrap();
    let mut subscriber = guest.subscribe("shop.sold").await.unwrap();
    guest.call::<i64, _>("shop.add", (1,)).await.unwrap();
    let mut figures = watch(&tool, &[("interval_ms", Value::from(100))]);
    until(&app, true).await;
    let caller = app.join("realm1").await.unwrap();
    for n in 0..3 {
        caller.call::<i64, _>("shop.add", (n,)).await.unwrap();
    }
    caller.call::<(), _>("shop.fail", ()).await.unwrap_err();
    caller.call::<(), _>("shop.nothing", ()).await.unwrap_err();
    let hanging = caller.call::<(), _>("shop.hang", ());
    let hanging = tokio::spawn(hanging.into_future());
    caller.publish("shop.sold", (1,)).await.unwrap();
    app.realms().get("realm1").unwrap().publish("shop.sold", (2,)).unwrap();
    subscriber.recv().await.unwrap();
    subscriber.recv().await.unwrap();
    let (mut calls, mut errors, mut in_flight, mut events) = (0, 0, 0, 0);
    while (calls, errors, in_flight, events) != (3, 2, 1, 2) {
        let figures = next(&mut figures).await;
        for (uri, row) in rows(&figures, "procedures") {
            match uri {
                "shop.add" => calls += integer(row, "results"),
                "shop.fail" | "shop.nothing" => errors += integer(row, "errors"),
                "shop.hang" => in_flight = integer(row, "in_flight"),
                other => panic!("{other}"),
            }
            if integer(row, "results") > 0 {
                assert!(integer(row, "p50_micros") <= integer(row, "p99_micros"));
                assert!(row.get("calls_per_second").unwrap().as_f64().unwrap() > 0.0);
            }
        }
        events += rows(&figures, "topics").iter().map(|(_, row)| integer(row, "events")).sum::<i64>();
    }
    caller.leave().await;
    drop(hanging);
    loop {
        let figures = next(&mut figures).await;
        if let [("shop.hang", row)] = rows(&figures, "procedures")[..]
            && integer(row, "in_flight") == 0
        {
            assert_eq!(integer(row, "errors"), 1, "its caller has left");
            break;
        }
    }
    assert!(rows(&next(&mut figures).await, "procedures").is_empty(), "nothing happens any more");
}

#[tokio::test]
async fn beyond_the_busiest_all_are_summed_and_the_filter_leaves_others_out() {
    let app = application([AdminPermission::Read]);
    let tool = operator(&app).await;
    let guest = app.join("realm1").await.unwrap();
    let more = [("uri", "shop.*".into()), ("most", Value::from(1)), ("limit", Value::from(1))];
    let figures = watch(&tool, &more);
    until(&app, true).await;
    for topic in ["shop.a", "shop.b", "other", "shop.a", "shop.c", "shop.a"] {
        guest.publish(topic, ()).await.unwrap();
    }
    let figures: Value = figures.finish().await.unwrap().payload().arg().unwrap();
    let [(uri, row)] = rows(&figures, "topics")[..] else { panic!("{figures:?}") };
    assert_eq!((uri, integer(row, "publications")), ("shop.a", 3));
    assert_eq!(integer(&figures, "other_topics.publications"), 2);
    assert_eq!(integer(&figures, "other_procedures.calls"), 0);
    until(&app, false).await;
}

#[tokio::test]
async fn it_ends_with_its_session_and_there_are_not_too_many() {
    let app = application([AdminPermission::Read]);
    let tool = operator(&app).await;
    let watches: Vec<_> = (0..8).map(|_| watch(&tool, &[])).collect();
    until(&app, true).await;
    // Calls of one session are read in order.
    let error = watch(&tool, &[]).finish().await.unwrap_err();
    assert_eq!(error.uri(), "serverwamp.error.too_many_watches");
    let without: Dict = [("realm", "realm1")].into_iter().collect();
    let error: WampError = tool.call::<Value, _>(WATCH, Kwargs(without)).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.option_not_allowed");
    tool.leave().await;
    until(&app, false).await;
    drop(watches);
}
