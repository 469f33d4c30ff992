//! What is counted for each realm, and that it is counted once.

use crate::peer::Peer;
use crate::templates;
use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::{
    Application, Limits, MessageDirection, Overflow, Realm, RealmStatistics, RouteSet, SAMPLED_CALLS,
    WampError, prefix,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CAROL: &str = r#"[1,"realm1",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"carol"}]"#;

async fn check(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Result<Option<Principal>, WampError> {
    match ticket.expose() {
        b"secret" => Ok(Some(Principal::new(authid).role("customer"))),
        b"busy" => Err(WampError::unavailable("too many logins")),
        _ => Ok(None),
    }
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(20)).await;
    "slow"
}

fn routes() -> RouteSet<()> {
    RouteSet::new()
        .procedure("shop.price", || async { 3 })
        .procedure("shop.fail", || async { Err::<(), _>(WampError::new("shop.error.none")) })
        .procedure("shop.slow", slow)
        .procedure("other.price", || async { 4 })
}

fn realm(name: &str) -> Realm {
    Realm::router(name).allow_anonymous("guest").authenticator(auth::ticket(check)).routes(routes())
}

fn application(change: impl FnOnce(&mut Limits)) -> Application {
    let builder = Application::builder().realm(realm("realm1")).realm(realm("realm2")).limits(change);
    builder.metrics(|metrics| metrics.uris = vec![prefix("shop.")]).build().unwrap()
}

fn of(app: &Application, realm: &str) -> RealmStatistics {
    app.statistics_by_realm().into_iter().find(|one| one.realm == realm).unwrap()
}

/// What is not zero.
fn messages(statistics: &RealmStatistics) -> BTreeMap<String, u64> {
    let some = statistics.messages().filter(|(_, _, count)| *count > 0);
    some.map(|(direction, name, count)| (format!("{} {name}", direction.name()), count)).collect()
}

fn map<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    expected.map(|(name, count)| (name.to_owned(), count)).into()
}

fn nonzero<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> BTreeMap<String, u64> {
    counts.filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count)).collect()
}

async fn until_gone(app: &Application) {
    while app.statistics().connections > 0 || app.statistics().sessions > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn messages_and_calls_are_counted_once_while_a_session_lasts_and_after_it() {
    let app = application(|_| {});
    let mut peer = Peer::join(&app, "realm1").await;
    peer.call("shop.price", "").await;
    peer.call("shop.price", "").await;
    peer.call("shop.fail", "").await;
    peer.call("shop.slow", "").await;
    peer.call("nobody.serves.this", "").await;
    let id = peer.subscribe("shop.news").await;
    peer.ask(r#"[16,7,{"acknowledge":true,"exclude_me":false},"shop.news",["x"]]"#).await;
    peer.hear().await;
    let expected = map([
        ("received CALL", 5),
        ("received HELLO", 1),
        ("received PUBLISH", 1),
        ("received SUBSCRIBE", 1),
        ("sent ERROR", 2),
        ("sent EVENT", 1),
        ("sent PUBLISHED", 1),
        ("sent RESULT", 3),
        ("sent SUBSCRIBED", 1),
        ("sent WELCOME", 1),
    ]);
    // Once more, because what was handed over must not come again.
    for _ in 0..2 {
        let statistics = of(&app, "realm1");
        assert_eq!(messages(&statistics), expected);
        assert_eq!(nonzero(statistics.calls()), map([("error", 1), ("no_such_procedure", 1), ("result", 3)]));
        assert_eq!((statistics.sessions, statistics.subscriptions, statistics.events_delivered()), (1, 1, 1));
        assert!(statistics.received_bytes > 200 && statistics.sent_bytes > 100, "{statistics:?}");
        assert_eq!(messages(&of(&app, "realm2")), map([]));
    }
    peer.ask(&format!("[34,8,{id}]")).await;
    peer.ask(r#"[6,{},"wamp.close.normal"]"#).await;
    // Another session on the same transport, in another realm.
    peer.ask(r#"[1,"realm2",{"roles":{"caller":{}}}]"#).await;
    peer.say(r#"[48,1,{},"shop.price"]"#).await;
    peer.hear().await;
    drop(peer);
    until_gone(&app).await;
    let mut expected = expected;
    expected.extend(map([
        ("received GOODBYE", 1),
        ("received UNSUBSCRIBE", 1),
        ("sent GOODBYE", 1),
        ("sent UNSUBSCRIBED", 1),
    ]));
    let statistics = of(&app, "realm1");
    assert_eq!(messages(&statistics), expected);
    assert_eq!((statistics.sessions, statistics.subscriptions, statistics.send_queue_bytes), (0, 0, 0));
    let after = map([("received CALL", 1), ("received HELLO", 1), ("sent RESULT", 1), ("sent WELCOME", 1)]);
    assert_eq!(messages(&of(&app, "realm2")), after);
}

#[tokio::test]
async fn routed_calls_are_counted_for_caller_callee_and_uri() {
    let app = application(|_| {});
    let (mut caller, mut callee) = (Peer::join(&app, "realm1").await, Peer::join(&app, "realm1").await);
    callee.ask(r#"[64,1,{},"shop.routed"]"#).await;
    callee.ask(r#"[64,2,{"match":"prefix"},"shop.all."]"#).await;
    let rounds = u64::from(SAMPLED_CALLS);
    for request in 1..=rounds {
        caller.say(&format!(r#"[48,{request},{{}},"shop.routed"]"#)).await;
        let invocation = callee.hear().await;
        let id = invocation.split(',').nth(1).unwrap();
        callee.say(&format!(r#"[70,{id},{{}},[1]]"#)).await;
        caller.hear().await;
    }
    let made_up = rounds + 1;
    caller.say(&format!(r#"[48,{made_up},{{}},"shop.all.{}"]"#, "made.up")).await;
    let invocation = callee.hear().await;
    let id = invocation.split(',').nth(1).unwrap();
    callee.say(&format!(r#"[8,68,{id},{{}},"shop.error.none"]"#)).await;
    caller.hear().await;
    let statistics = of(&app, "realm1");
    assert_eq!(nonzero(statistics.calls()), map([("error", 1), ("result", rounds)]));
    let all = messages(&statistics);
    assert_eq!((all["sent INVOCATION"], all["received YIELD"], all["received ERROR"]), (made_up, rounds, 1));
    assert_eq!(statistics.call_durations.count(), 1 + u64::from(timed_last(&statistics)));
    assert_eq!(statistics.registrations, 2 + 4, "those of the application count as well");
    let uris: Vec<_> =
        statistics.uris.iter().map(|one| (one.uri.as_str(), one.results, one.errors)).collect();
    assert_eq!(uris, [("shop.all.", 0, 1), ("shop.routed", rounds, 0)], "a URI is what was registered");
}

/// Which of the calls is timed depends on the session's id: of one more than the row is long, one or two are.
fn timed_last(statistics: &RealmStatistics) -> bool {
    let by_uri: u64 = statistics.uris.iter().map(|one| one.call_durations.count()).sum();
    assert_eq!(by_uri, statistics.call_durations.count());
    by_uri == 2
}

#[tokio::test(start_paused = true)]
async fn one_call_in_so_many_is_timed_whether_its_handler_waits_or_not() {
    let app = application(|_| {});
    let mut peer = Peer::join(&app, "realm1").await;
    for _ in 0..SAMPLED_CALLS {
        peer.call("shop.slow", "").await;
    }
    for _ in 0..2 * SAMPLED_CALLS {
        peer.call("other.price", "").await;
    }
    let statistics = of(&app, "realm1");
    let durations = &statistics.call_durations;
    assert_eq!(durations.count(), 3);
    let waited: u64 = durations
        .buckets()
        .filter(|(bound, _)| *bound == Some(Duration::from_millis(25)))
        .map(|(_, count)| count)
        .sum();
    assert_eq!(waited, 1, "{durations:?}");
    assert!(durations.sum() >= Duration::from_millis(20), "{durations:?}");
    let [slow] = statistics.uris.as_slice() else { panic!("{:?}", statistics.uris) };
    assert_eq!((slow.uri.as_str(), slow.results), ("shop.slow", u64::from(SAMPLED_CALLS)));
    assert_eq!(slow.call_durations.count(), 1);
}

#[tokio::test]
async fn logins_and_joins_are_counted_by_method_and_result() {
    let app = application(|limits| limits.login_delay = Duration::ZERO);
    drop(Peer::join(&app, "realm1").await);
    drop(Peer::join_as(&app, "realm1", "joe", "secret").await);
    for ticket in ["wrong", "wrong", "busy"] {
        let mut peer = Peer::connect(&app);
        assert!(peer.ask(CAROL).await.starts_with("[4,"));
        assert!(peer.ask(&format!(r#"[5,"{ticket}",{{}}]"#)).await.starts_with("[3,"));
    }
    let mut peer = Peer::connect(&app);
    let unknown = CAROL.replace("ticket", "made_up_by_a_stranger");
    assert!(peer.ask(&unknown).await.starts_with("[3,"));
    let mut peer = Peer::connect(&app);
    assert!(peer.ask(&CAROL.replace("realm1", "nowhere")).await.starts_with("[3,"));
    until_gone(&app).await;
    let statistics = of(&app, "realm1");
    let joins = map([("denied", 3), ("joined", 2), ("unavailable", 1)]);
    assert_eq!(nonzero(statistics.joins()), joins);
    let logins = statistics.logins().filter(|(_, _, count)| *count > 0);
    let logins: Vec<_> = logins.map(|(method, result, count)| format!("{method} {result} {count}")).collect();
    let expected =
        ["anonymous accepted 1", "none denied 1", "ticket accepted 1", "ticket denied 2", "ticket failed 1"];
    assert_eq!(logins, expected);
    let nobody = of(&app, "");
    assert_eq!(nonzero(nobody.joins()), map([("no_such_realm", 1)]));
    assert_eq!(messages(&nobody), map([("received HELLO", 1), ("sent ABORT", 1)]));
}

#[tokio::test]
async fn lost_events_are_counted_by_their_reason() {
    let app = application(|limits| {
        limits.outgoing_bytes = 64 << 10;
        limits.borrowed_bytes = Some(0);
        limits.outgoing_message_bytes = 20_000;
        limits.overflow = Overflow::DropNewestEvent;
    });
    let mut peer = Peer::join(&app, "realm1").await;
    peer.subscribe("shop.news").await;
    let realm = app.realm("realm1").unwrap();
    realm.publish("shop.news", "x".repeat(30_000)).unwrap();
    for _ in 0..100 {
        realm.publish("shop.news", "x".repeat(10_000)).unwrap();
    }
    let statistics = of(&app, "realm1");
    let dropped = nonzero(statistics.events_dropped());
    assert_eq!(dropped["too_long"], 1);
    assert!(dropped["queue_full"] > 80, "{dropped:?}");
    assert_eq!(dropped["queue_full"] + statistics.events_delivered(), 100);
    assert!(statistics.send_queue_bytes > 10_000, "{}", statistics.send_queue_bytes);
}

#[tokio::test]
async fn realms_beyond_the_limit_are_counted_together_and_no_sum_falls() {
    let builder = Application::builder().realm(realm("realm1")).realm_template(templates::template());
    let app = builder.metrics(|metrics| metrics.most_realms = 3).build().unwrap();
    let mut sum = 0;
    for name in ["tenant.a", "tenant.b", "tenant.c", "tenant.d", "tenant.c"] {
        let peer = templates::join(&app, name).await;
        drop(peer);
        until_gone(&app).await;
        let now: u64 = app.statistics_by_realm().iter().flat_map(|one| one.joins().map(|(_, n)| n)).sum();
        assert_eq!(now, sum + 1, "{name}");
        sum = now;
    }
    let names: Vec<String> = app.statistics_by_realm().into_iter().map(|one| one.realm).collect();
    assert_eq!(names, ["", "other", "realm1", "tenant.a", "tenant.b"]);
    assert_eq!(nonzero(of(&app, "other").joins()), map([("joined", 3)]));
    // A realm that the operator stops makes room.
    app.realms().stop("realm1", "wamp.close.close_realm").unwrap().settled().await;
    let peer = templates::join(&app, "tenant.e").await;
    let names: Vec<String> = app.statistics_by_realm().into_iter().map(|one| one.realm).collect();
    assert_eq!(names, ["", "other", "tenant.a", "tenant.b", "tenant.e"]);
    drop(peer);
}

#[tokio::test]
async fn uris_beyond_the_limit_are_counted_together() {
    let builder = Application::builder().realm(realm("realm1"));
    let app = builder
        .metrics(|metrics| {
            metrics.uris = vec![prefix("shop.")];
            metrics.most_uris = 2;
        })
        .build()
        .unwrap();
    let mut peer = Peer::join(&app, "realm1").await;
    for topic in ["shop.a", "shop.b", "shop.c", "shop.d", "elsewhere"] {
        peer.subscribe(topic).await;
        app.realm("realm1").unwrap().publish(topic, 1).unwrap();
        peer.event().await;
    }
    let statistics = of(&app, "realm1");
    let uris: Vec<_> = statistics.uris.iter().map(|one| (one.uri.as_str(), one.events_delivered)).collect();
    assert_eq!(uris, [("shop.a", 1), ("shop.b", 1), ("other", 2)]);
}

#[test]
fn uris_that_cannot_be_named_are_reported_with_all_other_mistakes() {
    let builder = Application::builder::<()>().realm(Realm::new("realm1").allow_anonymous("guest"));
    let wanted = vec![serverwamp::regex("a.*"), "with space".into(), prefix("wamp.session.")];
    let error = builder.metrics(|metrics| metrics.uris = wanted).build().unwrap_err().to_string();
    for part in ["regular expressions", "with space", "reserved"] {
        assert!(error.contains(part), "{error}");
    }
}

/// Reading while connections count neither loses nor doubles anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_meanwhile_sees_no_counter_fall_and_misses_nothing() {
    let app = application(|_| {});
    let over = Arc::new(AtomicBool::new(false));
    let reader = {
        let (app, over) = (app.clone(), Arc::clone(&over));
        std::thread::spawn(move || {
            let (mut last, mut reads) = (0, 0_u64);
            while !over.load(Ordering::Relaxed) {
                let calls = of(&app, "realm1").calls().map(|(_, calls)| calls).sum();
                assert!(calls >= last, "{last} calls before, {calls} now");
                last = calls;
                reads += 1;
            }
            reads
        })
    };
    let sessions = (0..8).map(|_| {
        let app = app.clone();
        tokio::spawn(async move {
            for _ in 0..10 {
                let mut peer = Peer::join(&app, "realm1").await;
                for _ in 0..50 {
                    peer.call("shop.price", "").await;
                }
            }
        })
    });
    for session in sessions.collect::<Vec<_>>() {
        session.await.unwrap();
    }
    until_gone(&app).await;
    over.store(true, Ordering::Relaxed);
    assert!(reader.join().unwrap() > 10, "it has read next to nothing meanwhile");
    let statistics = of(&app, "realm1");
    assert_eq!(nonzero(statistics.calls()), map([("result", 4000)]));
    assert_eq!(messages(&statistics)["received CALL"], 4000);
    assert!(matches!(statistics.messages().next(), Some((MessageDirection::Received, ..))));
}
