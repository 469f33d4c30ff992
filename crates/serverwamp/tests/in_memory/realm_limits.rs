//! The limits of single realms: at the limit and one past it, and what becomes of them when realm or application are reconfigured.

use crate::realms::{connect, say};
use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::memory::MemoryPeer;
use serverwamp::{Application, Realm, RealmLimits, RealmTemplate, Refusal, Serializer, prefix};
use std::time::Duration;

const HELLO: &str = r#"[1,"one",{"roles":{"publisher":{},"subscriber":{}}}]"#;

fn realm(name: &str, change: impl FnOnce(&mut RealmLimits)) -> Realm {
    Realm::router(name).allow_anonymous("guest").limits(change)
}

fn sessions(most: usize) -> impl FnOnce(&mut RealmLimits) {
    move |limits| limits.sessions = Some(most)
}

async fn hello(application: &Application, hello: &str) -> (MemoryPeer, String) {
    let mut peer = application.connect(Serializer::Json);
    let answer = say(&mut peer, hello).await;
    (peer, answer)
}

async fn retains(peer: &mut MemoryPeer, topic: &str, request: u64) -> bool {
    let publish = format!(r#"[16,{request},{{"acknowledge":true,"retain":true}},"{topic}"]"#);
    say(peer, &publish).await.starts_with("[17,")
}

#[tokio::test]
async fn a_realm_takes_as_many_sessions_as_its_limit_says_and_no_more() {
    let builder = Application::builder().realm(realm("one", sessions(2))).realm(realm("two", |_| {}));
    let application = builder.build().unwrap();
    let (first, _second) = (connect(&application, HELLO).await, connect(&application, HELLO).await);
    let full = r#"[3,{"message":"this realm has 2 sessions already, and may not have more at the same time"},"wamp.error.unavailable"]"#;
    assert_eq!(hello(&application, HELLO).await.1, full);
    assert_eq!(application.statistics().refused(Refusal::SessionsOfRealm), 1);
    assert_eq!(Refusal::SessionsOfRealm.name(), "sessions_of_realm_refused");
    // Another realm has its own, and whoever is not let in takes no place.
    connect(&application, &HELLO.replace("one", "two")).await;
    drop(first);
    while application.realm("one").unwrap().sessions().len() > 1 {
        tokio::task::yield_now().await;
    }
    assert!(hello(&application, HELLO).await.1.starts_with("[2,"));
}

#[tokio::test]
async fn a_lower_limit_ends_no_session_and_counts_those_that_are_there() {
    let application = Application::builder().realm(realm("one", |_| {})).build().unwrap();
    let mut peers = [connect(&application, HELLO).await, connect(&application, HELLO).await];
    let reconfigure = |most| application.realms().reconfigure(realm("one", sessions(most))).unwrap();
    reconfigure(1).settled().await;
    for peer in &mut peers {
        assert!(say(peer, r#"[32,1,{},"com.t"]"#).await.starts_with("[33,"));
    }
    assert!(hello(&application, HELLO).await.1.contains("has 1 sessions already"));
    reconfigure(3).settled().await;
    let (_third, welcome) = hello(&application, HELLO).await;
    assert!(welcome.starts_with("[2,"), "{welcome}");
    assert!(hello(&application, HELLO).await.1.contains("has 3 sessions already"));
}

#[tokio::test]
async fn a_realm_may_retain_more_or_less_than_the_application_says() {
    let builder = Application::builder()
        .realm(realm("one", |limits| limits.retained_events = Some(1)))
        .realm(realm("two", |_| {}))
        .limits(|limits| limits.retained_events = 2);
    let application = builder.build().unwrap();
    let mut one = connect(&application, HELLO).await;
    let mut two = connect(&application, &HELLO.replace("one", "two")).await;
    assert!(retains(&mut one, "com.a", 1).await && !retains(&mut one, "com.b", 2).await);
    assert!(retains(&mut two, "com.a", 1).await && retains(&mut two, "com.b", 2).await);
    // The application changes those that have none of their own.
    application.reconfigure(|settings| settings.limits.retained_events = 3).unwrap();
    assert!(!retains(&mut one, "com.c", 3).await);
    assert!(retains(&mut two, "com.c", 3).await && !retains(&mut two, "com.d", 4).await);
    let more = realm("one", |limits| limits.retained_events = Some(2));
    application.realms().reconfigure(more).unwrap();
    assert!(retains(&mut one, "com.b", 4).await && !retains(&mut one, "com.c", 5).await);
    // Without a limit of its own it has that of the application.
    application.realms().reconfigure(realm("one", |_| {})).unwrap();
    assert!(retains(&mut one, "com.c", 6).await && !retains(&mut one, "com.d", 7).await);
}

#[tokio::test(start_paused = true)]
async fn a_realm_may_retain_for_a_time_of_its_own() {
    let short = realm("one", |limits| limits.retained_age = Some(Duration::from_secs(1)));
    let application = Application::builder().realm(short).build().unwrap();
    let mut peer = connect(&application, HELLO).await;
    assert!(retains(&mut peer, "com.a", 1).await);
    let handle = application.realm("one").unwrap();
    assert_eq!(handle.retained().0, 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(handle.retained().0, 0);
}

#[tokio::test]
async fn realms_of_a_template_have_the_limits_that_they_are_made_with() {
    async fn member(AuthId(id): AuthId, Ticket(_): Ticket) -> Option<Principal> {
        Some(Principal::new(id))
    }
    let template = RealmTemplate::new(prefix("tenant."), |name| Realm::router(name).limits(sessions(1)));
    let template = template.authenticator(auth::ticket(member));
    let application = Application::builder().realm_template(template).build().unwrap();
    let log_in = async |realm: &str| {
        let hello =
            format!(r#"[1,"{realm}",{{"roles":{{"caller":{{}}}},"authmethods":["ticket"],"authid":"joe"}}]"#);
        let mut peer = application.connect(Serializer::Json);
        assert!(say(&mut peer, &hello).await.starts_with("[4,"));
        let answer = say(&mut peer, r#"[5,"secret",{}]"#).await;
        (peer, answer)
    };
    let (_first, welcome) = log_in("tenant.a").await;
    assert!(welcome.starts_with("[2,"), "{welcome}");
    assert!(log_in("tenant.a").await.1.contains("has 1 sessions already"));
    assert!(log_in("tenant.b").await.1.starts_with("[2,"));
}

#[test]
fn limits_of_a_realm_that_can_never_work_are_refused() {
    let wrong =
        realm("one", |limits| (limits.sessions, limits.retained_age) = (Some(0), Some(Duration::ZERO)));
    let text = Application::builder().realm(wrong).build().unwrap_err().to_string();
    assert!(text.contains("realm \"one\" may have 0 sessions") && text.contains("for no time"), "{text}");
    let application = Application::builder().realm(realm("one", |_| {})).build().unwrap();
    application.realms().reconfigure(realm("one", sessions(0))).unwrap_err();
}
