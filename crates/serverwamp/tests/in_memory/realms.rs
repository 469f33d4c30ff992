//! Realms that are added, reconfigured and stopped while others run, and what becomes of their sessions.

use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::memory::MemoryPeer;
use serverwamp::{
    Actions, Application, ConfigError, Disclosure, Realm, RealmChanges, RoleRules, RouteSet, Serializer,
    Session, TopicSettings, prefix,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const CLOSE: &str = "wamp.close.close_realm";

/// HELLO of a client that knows revocation.
pub(crate) const KNOWING: &str = r#"[1,"one",{"roles":{"caller":{},"publisher":{},"subscriber":{"features":{"subscription_revocation":true}},"callee":{"features":{"registration_revocation":true}}}}]"#;

/// HELLO of one that does not.
const PLAIN: &str = r#"[1,"one",{"roles":{"caller":{},"publisher":{},"subscriber":{},"callee":{}}}]"#;

pub(crate) fn router(name: &str) -> Realm {
    Realm::router(name).allow_anonymous("guest")
}

fn application() -> Application {
    Application::builder().realm(router("one")).build().unwrap()
}

pub(crate) fn with_guests(rules: impl FnOnce(RoleRules) -> RoleRules) -> Realm {
    router("one").role("guest", rules)
}

pub(crate) async fn connect(application: &Application, hello: &str) -> MemoryPeer {
    let mut peer = application.connect(Serializer::Json);
    peer.send(hello.to_owned()).await.unwrap();
    let welcome = hear(&mut peer).await;
    assert!(welcome.starts_with("[2,"), "{welcome}");
    peer
}

pub(crate) async fn say(peer: &mut MemoryPeer, message: &str) -> String {
    peer.send(message.to_owned()).await.unwrap();
    hear(peer).await
}

pub(crate) async fn hear(peer: &mut MemoryPeer) -> String {
    String::from_utf8(peer.receive().await.unwrap().to_vec()).unwrap()
}

/// What the realm `name` answers to HELLO.
async fn hello(application: &Application, name: &str) -> String {
    let mut peer = application.connect(Serializer::Json);
    say(&mut peer, &format!(r#"[1,"{name}",{{"roles":{{"caller":{{}}}}}}]"#)).await
}

/// The id in SUBSCRIBED or REGISTERED.
fn id_in(answer: &str) -> u64 {
    answer.trim_end_matches(']').rsplit(',').next().unwrap().parse().unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, ConfigError>, parts: &[&str]) {
    let text = result.unwrap_err().to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert_eq!(text.lines().count(), parts.len() + 1, "{text}");
}

#[tokio::test]
async fn what_is_wrong_with_changes_is_said_at_once_and_none_is_applied() {
    let application = application();
    let realms = application.realms();
    let changes = RealmChanges::new()
        .add(router("two"))
        .add(Realm::new("three"))
        .add(router("one"))
        .stop("four", "no reason")
        .reconfigure(router("five").role("guest", |role| role.allow(Actions::CALL, "a..b")))
        .stop("two", CLOSE);
    let wrong = [
        "\"three\" lets nobody in",
        "already a realm \"one\"",
        "\"no reason\"",
        "no realm \"four\"",
        "no realm \"five\"",
        "a..b",
        "realm \"two\" is changed twice",
    ];
    refused(realms.apply(changes), &wrong);
    assert_eq!(realms.names(), ["one"]);
    refused(realms.add(router("a b")), &["not a valid realm name"]);
    refused(realms.add(router("two").administrators(["root"])), &["\"root\", which nobody can get"]);
    refused(realms.stop("two", CLOSE), &["no realm \"two\""]);
    let good = with_guests(|role| role.deny(Actions::ALL, prefix("")));
    refused(realms.apply(RealmChanges::new().reconfigure(good).stop("two", CLOSE)), &["no realm \"two\""]);
    let mut peer = connect(&application, PLAIN).await;
    let answer = say(&mut peer, r#"[32,1,{},"com.a"]"#).await;
    assert!(answer.starts_with("[33,1,"), "the permissions are the former ones: {answer}");
}

#[tokio::test]
async fn a_new_configuration_that_brings_code_is_refused() {
    let application = application();
    let routes = || RouteSet::new().procedure("com.a", || async {}).topic("com.t", || async {});
    let brings = ["its new configuration brings procedures and handlers of topics: leave that out"];
    refused(application.realms().reconfigure(router("one").routes(routes())), &brings);
    refused(application.realms().reconfigure(router("one").serial_calls()), &["`serial_calls`"]);
    let routes = RouteSet::new().procedure("com.a", || async {}).require_role("admin");
    application.realms().add(router("two").authenticator(tickets(Arc::default())).routes(routes)).unwrap();
    // The procedure that stays requires a role that nobody can get any more.
    refused(application.realms().reconfigure(router("two")), &["\"admin\", which nobody can get"]);
}

#[tokio::test]
async fn a_realm_that_is_added_takes_sessions_and_one_that_is_stopped_takes_none() {
    let application = application();
    let realms = application.realms();
    let absent = r#""wamp.error.no_such_realm""#;
    assert!(hello(&application, "two").await.contains(absent));
    let two = realms.add(router("two")).unwrap();
    let mut first = connect(&application, &PLAIN.replace("one", "two")).await;
    let mut neighbour = connect(&application, PLAIN).await;
    assert_eq!((two.name(), two.sessions().len()), ("two", 1));
    let stopped = realms.stop("two", CLOSE).unwrap();
    assert!(hello(&application, "two").await.contains(absent));
    stopped.settled().await;
    let goodbye = hear(&mut first).await;
    assert_eq!(goodbye, r#"[6,{"message":"the realm was stopped"},"wamp.close.close_realm"]"#);
    assert_eq!(two.sessions().len(), 0);
    assert!(say(&mut neighbour, r#"[32,1,{},"com.a"]"#).await.starts_with("[33,1,"));
    // A realm of the same name is another one.
    realms.add(router("two")).unwrap();
    assert!(hello(&application, "two").await.starts_with("[2,"));
    assert_eq!((realms.names(), two.sessions().len()), (vec!["one".to_owned(), "two".to_owned()], 0));
}

#[tokio::test]
async fn a_stopped_realm_frees_what_it_held() {
    struct Noticed(Arc<AtomicUsize>);
    impl Drop for Noticed {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::<AtomicUsize>::default();
    let noticed = Arc::new(Noticed(Arc::clone(&dropped)));
    let application = application();
    let held = Arc::clone(&noticed);
    let wait = move || {
        let held = Arc::clone(&held);
        async move {
            std::future::pending::<()>().await;
            drop(held);
        }
    };
    drop(noticed);
    let history = TopicSettings::new().history(10);
    let realm =
        router("two").routes(RouteSet::new().procedure("com.wait", wait)).topic_settings("com.t", history);
    let two = application.realms().add(realm).unwrap();
    let mut peer = connect(&application, &PLAIN.replace("one", "two")).await;
    assert!(say(&mut peer, r#"[32,1,{},"com.t"]"#).await.starts_with("[33,"));
    assert!(say(&mut peer, r#"[64,2,{},"com.p"]"#).await.starts_with("[65,"));
    peer.send(r#"[48,3,{},"com.wait"]"#.to_owned()).await.unwrap();
    two.publication("com.t").retain().send("kept").unwrap();
    assert!(hear(&mut peer).await.starts_with("[36,"));
    assert_eq!(two.retained().0, 1);
    application.realms().stop("two", CLOSE).unwrap().settled().await;
    assert!(hear(&mut peer).await.starts_with("[6,"));
    assert_eq!((two.retained(), two.sessions().len()), ((0, 0), 0));
    drop(two);
    drop(peer);
    for _ in 0..1000 {
        if dropped.load(Ordering::Relaxed) == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the realm's procedures are still there");
}

#[tokio::test]
async fn srev_01_regrev_01_what_is_not_allowed_any_more_is_revoked_and_told() {
    let application = application();
    let mut knowing = connect(&application, KNOWING).await;
    let mut plain = connect(&application, PLAIN).await;
    let mut untouched = connect(&application, PLAIN).await;
    let kept = id_in(&say(&mut knowing, r#"[32,1,{},"com.kept"]"#).await);
    let lost = id_in(&say(&mut knowing, r#"[32,2,{"match":"prefix"},"com."]"#).await);
    let procedure = id_in(&say(&mut knowing, r#"[64,3,{},"com.p"]"#).await);
    say(&mut plain, r#"[32,1,{},"com.lost"]"#).await;
    say(&mut untouched, r#"[32,1,{},"com.kept"]"#).await;
    // A call that the callee has got already may be answered.
    untouched.send(r#"[48,2,{},"com.p"]"#.to_owned()).await.unwrap();
    assert!(hear(&mut knowing).await.starts_with("[68,1,"));
    let rules = |role: RoleRules| role.allow(Actions::SUBSCRIBE, "com.kept").allow(Actions::CALL, prefix(""));
    application.realms().reconfigure(with_guests(rules)).unwrap().settled().await;
    let mut told = [hear(&mut knowing).await, hear(&mut knowing).await];
    told.sort();
    let reason = r#""reason":"wamp.error.not_authorized""#;
    assert_eq!(told[0], format!(r#"[35,0,{{"subscription":{lost},{reason}}}]"#));
    assert_eq!(told[1], format!(r#"[67,0,{{"registration":{procedure},{reason}}}]"#));
    let goodbye = hear(&mut plain).await;
    let text = "the subscription to com.lost is not allowed any more";
    assert_eq!(goodbye, format!(r#"[6,{{"message":"{text}"}},"wamp.close.killed"]"#));
    knowing.send(r#"[70,1,{},["done"]]"#.to_owned()).await.unwrap();
    assert_eq!(hear(&mut untouched).await, r#"[50,2,{},["done"]]"#);
    assert!(say(&mut untouched, r#"[48,3,{},"com.p"]"#).await.contains("no_such_procedure"));
    application.realm("one").unwrap().publish("com.kept", 1).unwrap();
    assert!(hear(&mut knowing).await.starts_with(&format!("[36,{kept},")));
    assert!(hear(&mut untouched).await.starts_with("[36,"));
}

#[tokio::test]
async fn meta_events_tell_what_was_taken_away() {
    let application = application();
    let mut knowing = connect(&application, KNOWING).await;
    let mut heard = application.realm("one").unwrap().subscribe(prefix("wamp.")).unwrap();
    say(&mut knowing, r#"[32,1,{},"com.t"]"#).await;
    say(&mut knowing, r#"[64,2,{},"com.p"]"#).await;
    let topics = |heard: &mut serverwamp::Subscriber| -> Vec<String> {
        std::iter::from_fn(|| heard.try_recv()).map(|event| event.topic().to_owned()).collect()
    };
    assert_eq!(topics(&mut heard).len(), 4);
    let deny = |role: RoleRules| role.deny(Actions::ALL, prefix(""));
    let realm = with_guests(deny).meta_api();
    application.realms().reconfigure(realm).unwrap().settled().await;
    assert_eq!(
        topics(&mut heard),
        [
            "wamp.subscription.on_unsubscribe",
            "wamp.subscription.on_delete",
            "wamp.registration.on_unregister",
            "wamp.registration.on_delete"
        ]
    );
}

#[tokio::test]
async fn sessions_whose_way_in_is_closed_end() {
    let application =
        Application::builder().realm(router("one").authenticator(tickets(Arc::default()))).build().unwrap();
    let mut anonymous = connect(&application, KNOWING).await;
    let mut named = application.connect(Serializer::Json);
    let challenge = say(&mut named, &by_ticket("one")).await;
    assert!(challenge.starts_with("[4,"), "{challenge}");
    assert!(say(&mut named, r#"[5,"secret",{}]"#).await.starts_with("[2,"));
    let realms = application.realms();
    let visitors = Realm::router("one").allow_anonymous("visitor").authenticator(tickets(Arc::default()));
    realms.reconfigure(visitors).unwrap().settled().await;
    assert!(hear(&mut anonymous).await.contains("anonymous sessions with this role are not let in any more"));
    realms.reconfigure(router("one")).unwrap().settled().await;
    let goodbye = hear(&mut named).await;
    assert!(goodbye.contains(r#"authenticate by \"ticket\" are not let in any more"#), "{goodbye}");
}

fn by_ticket(realm: &str) -> String {
    format!(r#"[1,"{realm}",{{"roles":{{"caller":{{}}}},"authmethods":["ticket"],"authid":"joe"}}]"#)
}

/// Everybody's ticket is `secret`; a check waits until it is let go on.
fn tickets(waits: Arc<AtomicBool>) -> auth::Authenticator<()> {
    auth::ticket(move |AuthId(authid): AuthId, Ticket(ticket): Ticket| {
        let waits = Arc::clone(&waits);
        async move {
            while waits.load(Ordering::Relaxed) {
                tokio::task::yield_now().await;
            }
            ticket.matches("secret").then(|| Principal::new(authid).role("user"))
        }
    })
}

#[tokio::test]
async fn users_who_are_not_kept_end_also_those_whose_authentication_was_under_way() {
    let waits = Arc::<AtomicBool>::default();
    let realm = |keep: fn(&Session) -> bool| {
        Realm::router("one").authenticator(tickets(Arc::clone(&waits))).keep_sessions(keep)
    };
    let application = Application::builder().realm(realm(|_| false)).build().unwrap();
    let mut joined = application.connect(Serializer::Json);
    say(&mut joined, &by_ticket("one")).await;
    // Whoever comes later is not asked for.
    assert!(say(&mut joined, r#"[5,"secret",{}]"#).await.starts_with("[2,"));
    waits.store(true, Ordering::Relaxed);
    let mut joining = application.connect(Serializer::Json);
    say(&mut joining, &by_ticket("one")).await;
    joining.send(r#"[5,"secret",{}]"#.to_owned()).await.unwrap();
    tokio::task::yield_now().await;
    let realms = application.realms();
    realms.reconfigure(realm(|session| session.authid() != "joe")).unwrap().settled().await;
    assert!(hear(&mut joined).await.contains("this user is not let in any more"));
    waits.store(false, Ordering::Relaxed);
    let abort = hear(&mut joining).await;
    assert!(abort.starts_with("[3,") && abort.contains(r#""wamp.close.killed""#), "{abort}");
    realms.reconfigure(realm(|_| panic!("this predicate is broken"))).unwrap().settled().await;
    assert_eq!(application.realm("one").unwrap().sessions().len(), 0);
}

#[tokio::test]
async fn whoever_is_let_in_while_the_realm_stops_is_refused() {
    let waits = Arc::new(AtomicBool::new(true));
    let realm = Realm::router("one").authenticator(tickets(Arc::clone(&waits)));
    let application = Application::builder().realm(realm).build().unwrap();
    let mut joining = application.connect(Serializer::Json);
    say(&mut joining, &by_ticket("one")).await;
    joining.send(r#"[5,"secret",{}]"#.to_owned()).await.unwrap();
    tokio::task::yield_now().await;
    let one = application.realm("one").unwrap();
    application.realms().stop("one", CLOSE).unwrap().settled().await;
    waits.store(false, Ordering::Relaxed);
    let abort = hear(&mut joining).await;
    assert_eq!(abort, r#"[3,{"message":"the realm was stopped"},"wamp.close.close_realm"]"#);
    assert_eq!(one.sessions().len(), 0);
}

#[tokio::test]
async fn a_subscription_that_its_handler_accepts_after_the_sweep_is_refused() {
    let goes_on = Arc::new(tokio::sync::Notify::new());
    let waiting = Arc::clone(&goes_on);
    let handler = move |subscription: serverwamp::PendingSubscription| {
        let waiting = Arc::clone(&waiting);
        async move {
            waiting.notified().await;
            let subscription = subscription.accept().await;
            subscription.closed().await;
        }
    };
    let realm = router("one").routes(RouteSet::new().topic("com.t", handler));
    let application = Application::builder().realm(realm).build().unwrap();
    let mut peer = connect(&application, KNOWING).await;
    peer.send(r#"[32,1,{},"com.t"]"#.to_owned()).await.unwrap();
    let answer = say(&mut peer, r#"[32,2,{},"com.other"]"#).await;
    assert!(answer.starts_with("[33,2,"), "the first waits for its handler: {answer}");
    let rules = |role: RoleRules| role.allow(Actions::SUBSCRIBE, "com.other");
    application.realms().reconfigure(with_guests(rules)).unwrap().settled().await;
    goes_on.notify_one();
    let refused = hear(&mut peer).await;
    assert!(refused.starts_with(r#"[8,32,1,{},"wamp.error.not_authorized""#), "{refused}");
}

#[tokio::test]
async fn disclosure_that_is_not_allowed_any_more_takes_the_registration_that_asked_for_it() {
    let application = application();
    let mut peer = connect(&application, KNOWING).await;
    say(&mut peer, r#"[64,1,{"disclose_caller":true},"com.disclosed"]"#).await;
    say(&mut peer, r#"[64,2,{},"com.plain"]"#).await;
    let realm = router("one").disclosure(Disclosure::Refused);
    application.realms().reconfigure(realm).unwrap().settled().await;
    assert!(hear(&mut peer).await.starts_with("[67,0,"));
    assert!(say(&mut peer, r#"[64,3,{},"com.plain"]"#).await.contains("procedure_already_exists"));
}

#[tokio::test]
async fn histories_come_grow_shrink_and_go_with_the_configuration() {
    let with = |events: &[(&'static str, usize)]| {
        let settings = events.iter().map(|(topic, events)| (*topic, TopicSettings::new().history(*events)));
        settings.fold(router("one"), |realm, (topic, settings)| realm.topic_settings(topic, settings))
    };
    let application = Application::builder().realm(with(&[("com.a", 3), ("com.b", 3)])).build().unwrap();
    let realm = application.realm("one").unwrap();
    let mut peer = connect(&application, PLAIN).await;
    let publish = |topic: &str, count: i64| {
        for number in 0..count {
            realm.publish(topic, number).unwrap();
        }
    };
    publish("com.a", 3);
    publish("com.b", 3);
    application.realms().reconfigure(with(&[("com.a", 2), ("com.c", 1)])).unwrap();
    publish("com.c", 2);
    let mut request = 0;
    for (topic, kept) in [("com.a", Some(2)), ("com.b", None), ("com.c", Some(1))] {
        request += 1;
        let lookup = format!(r#"[48,{request},{{}},"wamp.subscription.lookup",["{topic}"]]"#);
        let found = say(&mut peer, &lookup).await;
        let Some(kept) = kept else {
            assert!(found.ends_with("[null]]"), "{found}");
            continue;
        };
        let id: u64 = found.rsplit('[').next().unwrap().trim_end_matches(']').parse().unwrap();
        request += 1;
        let get = format!(r#"[48,{request},{{}},"wamp.subscription.get_events",[{id}]]"#);
        let events = say(&mut peer, &get).await;
        assert_eq!(events.matches("publication").count(), kept, "{events}");
    }
}
