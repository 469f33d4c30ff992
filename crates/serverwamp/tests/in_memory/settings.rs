//! The settings of an application that are replaced while it serves: who keeps the former ones, and from when on the new ones hold.

use crate::realms::{connect, hear, say};
use serverwamp::memory::MemoryPeer;
use serverwamp::{
    Application, ApplicationSettings, Limits, Realm, RealmChanges, Refusal, RouteSet, Serializer,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

const HELLO: &str = r#"[1,"one",{"roles":{"caller":{},"publisher":{},"subscriber":{},"callee":{}}}]"#;

fn router() -> Realm {
    Realm::router("one").allow_anonymous("guest")
}

fn application() -> Application {
    Application::builder().realm(router()).build().unwrap()
}

fn limit(application: &Application, change: impl FnOnce(&mut Limits)) {
    application.reconfigure(|settings| change(&mut settings.limits)).unwrap();
}

async fn subscribes(peer: &mut MemoryPeer, request: u64) -> bool {
    let answer = say(peer, &format!(r#"[32,{request},{{}},"com.t{request}"]"#)).await;
    assert!(answer.starts_with("[33,") || answer.contains("wamp.error.unavailable"), "{answer}");
    answer.starts_with("[33,")
}

async fn retains(peer: &mut MemoryPeer, request: u64, topic: &str) -> bool {
    let message = format!(r#"[16,{request},{{"acknowledge":true,"retain":true}},"{topic}",[1]]"#);
    let answer = say(peer, &message).await;
    assert!(answer.starts_with("[17,") || answer.contains("can be retained"), "{answer}");
    answer.starts_with("[17,")
}

#[tokio::test]
async fn a_session_keeps_its_limits_and_the_next_one_has_the_new_ones() {
    let application = application();
    let mut before = connect(&application, HELLO).await;
    limit(&application, |limits| limits.subscriptions = 1);
    let mut after = connect(&application, HELLO).await;
    assert!(subscribes(&mut before, 1).await && subscribes(&mut before, 2).await);
    assert!(subscribes(&mut after, 1).await && !subscribes(&mut after, 2).await);
    limit(&application, |limits| limits.subscriptions = 2);
    assert!(!subscribes(&mut after, 3).await);
    let mut later = connect(&application, HELLO).await;
    assert!(subscribes(&mut later, 1).await && subscribes(&mut later, 2).await);
    // A second session on the transport of the first one begins anew.
    limit(&application, |limits| limits.subscriptions = 0);
    assert!(say(&mut before, r#"[6,{},"wamp.close.normal"]"#).await.starts_with("[6,"));
    assert!(say(&mut before, HELLO).await.starts_with("[2,"));
    assert!(!subscribes(&mut before, 1).await);
}

#[tokio::test]
async fn a_connection_keeps_its_limits_and_the_next_one_has_the_new_ones() {
    let application = application();
    let mut before = application.connect(Serializer::Json);
    // It begins as soon as its task runs.
    tokio::task::yield_now().await;
    limit(&application, |limits| limits.hello_bytes = 100);
    let long = HELLO.replace(r#"{"roles""#, &format!(r#"{{"x":"{}","roles""#, "y".repeat(100)));
    let mut after = application.connect(Serializer::Json);
    assert!(say(&mut before, &long).await.starts_with("[2,"));
    assert!(say(&mut after, &long).await.starts_with("[3,"));
    assert_eq!(application.statistics().refused(Refusal::HelloBytes), 1);
}

#[tokio::test]
async fn limits_of_all_together_hold_at_once_and_end_nothing() {
    let goes_on = Arc::new(Notify::new());
    let going = Arc::clone(&goes_on);
    let wait = move || {
        let going = Arc::clone(&going);
        async move { going.notified().await }
    };
    let realm = router().routes(RouteSet::new().procedure("com.wait", wait));
    let application = Application::builder().realm(realm).build().unwrap();
    let mut peer = connect(&application, HELLO).await;
    peer.send(r#"[48,1,{},"com.wait"]"#).await.unwrap();
    while application.statistics().calls_in_flight == 0 {
        tokio::task::yield_now().await;
    }
    limit(&application, |limits| limits.calls_in_flight_in_all = 0);
    let refused = say(&mut peer, r#"[48,2,{},"com.wait"]"#).await;
    assert!(refused.starts_with("[8,48,2,"), "{refused}");
    assert_eq!(application.statistics().refused(Refusal::CallsInAll), 1);
    goes_on.notify_one();
    assert_eq!(hear(&mut peer).await, "[50,1,{}]");
    limit(&application, |limits| limits.calls_in_flight_in_all = 1);
    goes_on.notify_one();
    assert_eq!(say(&mut peer, r#"[48,3,{},"com.wait"]"#).await, "[50,3,{}]");
}

#[tokio::test]
async fn what_is_retained_stays_and_no_more_is_than_the_new_limits_say() {
    let application = application();
    let mut peer = connect(&application, HELLO).await;
    for (request, topic) in [(1, "com.a"), (2, "com.b"), (3, "com.c")] {
        assert!(retains(&mut peer, request, topic).await);
    }
    limit(&application, |limits| limits.retained_events = 2);
    assert!(!retains(&mut peer, 4, "com.d").await);
    assert!(retains(&mut peer, 5, "com.a").await, "an event in place of another one takes no more room");
    let realm = application.realm("one").unwrap();
    assert_eq!(realm.retained().0, 3);
    limit(&application, |limits| limits.retained_events = 4);
    assert!(retains(&mut peer, 6, "com.d").await && !retains(&mut peer, 7, "com.e").await);
    assert_eq!(application.statistics().refused(Refusal::Retained), 2);
}

#[tokio::test]
async fn decisions_are_forgotten_where_fewer_may_be_kept() {
    use serverwamp::request::Verdict;
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let decide = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Verdict::allow().cache_for(Duration::from_secs(3600)) }
    };
    let application = Application::builder().realm(router().authorizer(decide)).build().unwrap();
    let mut peer = connect(&application, HELLO).await;
    let mut request = 0;
    for (cached, expected) in [(10, 1), (5, 1), (0, 3), (5, 4)] {
        limit(&application, |limits| limits.cached_decisions = cached);
        for _ in 0..2 {
            request += 1;
            let publish = format!(r#"[16,{request},{{"acknowledge":true}},"com.t"]"#);
            assert!(say(&mut peer, &publish).await.starts_with("[17,"));
        }
        assert_eq!(asked.load(Ordering::Relaxed), expected, "with {cached}");
    }
}

#[tokio::test]
async fn settings_that_can_never_work_change_nothing() {
    let application = application();
    let error = application.reconfigure(|settings| {
        settings.limits.subscriptions = 1;
        settings.limits.connections = 0;
        settings.websocket.max_message = 0;
        settings.websocket.origins = serverwamp::websocket::Origins::listed(["app.example.com"]);
        settings.trusted_proxies = serverwamp::TrustedProxies::x_forwarded_for(["nginx"]);
    });
    let text = error.unwrap_err().to_string();
    for part in [
        "the settings cannot be changed",
        "Limits::connections is 0",
        "WebSocketConfig::max_message is 0",
        "write \"https://app.example.com\"",
        "invalid trusted proxy",
        "settings.rs:",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert_eq!(application.settings().limits.subscriptions, 1024);
}

#[tokio::test]
async fn settings_and_realms_change_together_or_not_at_all() {
    let application = application();
    let settings = |subscriptions| {
        let mut settings = ApplicationSettings::default();
        settings.limits.subscriptions = subscriptions;
        // Longer names than the realm may have.
        settings.limits.uri_bytes = 10;
        settings
    };
    let named = |name: &str| Realm::router(name).allow_anonymous("guest");
    let changes = || RealmChanges::new().settings(settings(1));
    let error = application.realms().apply(changes().add(named("a.longer.name"))).unwrap_err().to_string();
    assert!(error.contains("a.longer.name"), "{error}");
    application.realms().apply(changes().stop("two", "wamp.close.close_realm")).unwrap_err();
    assert_eq!(application.settings().limits.subscriptions, 1024);
    application.realms().apply(changes().add(named("two"))).unwrap();
    let mut peer = connect(&application, &HELLO.replace("one", "two")).await;
    assert!(subscribes(&mut peer, 1).await && !subscribes(&mut peer, 2).await);
    let mut wrong = settings(2);
    wrong.limits.uri_bytes = 0;
    application.realms().apply(RealmChanges::new().settings(wrong).add(named("x"))).unwrap_err();
    assert_eq!(application.realms().names(), ["one", "two"]);
}

#[test]
fn of_two_changes_at_the_same_time_one_is_refused_and_none_is_lost() {
    let application = application();
    let error = application.reconfigure(|settings| {
        limit(&application, |limits| limits.registrations = 7);
        settings.limits.subscriptions = 7;
    });
    assert!(error.unwrap_err().to_string().contains("changed by somebody else at the same time"));
    let limits = application.settings().limits;
    assert_eq!((limits.registrations, limits.subscriptions), (7, 1024));
}
