//! What is taken away from sessions together with the permissions or the authorizer of their role, and what is still on its way to
//! them then.

use crate::peer::Peer;
use crate::realms::{KNOWING, connect, hear, router, say, with_guests};
use serverwamp::auth::{self, Principal};
use serverwamp::{Actions, Application, Limits, Realm, RoleRules, prefix};

const HELLO: &str = r#"[1,"realm1",{"roles":{"subscriber":{"features":{"subscription_revocation":true}},"callee":{"features":{"registration_revocation":true}},"caller":{},"publisher":{}}}]"#;

fn realm(rules: impl FnOnce(RoleRules) -> RoleRules) -> Realm {
    Realm::router("realm1").allow_anonymous("guest").role("guest", rules)
}

fn everything(role: RoleRules) -> RoleRules {
    role.allow(Actions::ALL, prefix(""))
}

async fn join(app: &Application) -> Peer {
    let mut peer = Peer::connect(app);
    assert!(peer.ask(HELLO).await.starts_with("[2,"));
    peer
}

#[tokio::test]
async fn srev_01_retained_events_that_a_subscriber_has_yet_to_get_end_with_its_subscription() {
    let few = |limits: &mut Limits| (limits.outgoing_bytes, limits.borrowed_bytes) = (100_000, Some(0));
    let app = Application::builder().limits(few).realm(realm(everything)).build().unwrap();
    let handle = app.realm("realm1").unwrap();
    for number in 0..500 {
        handle.publication(format!("com.kept.{number}")).retain().send("x".repeat(2000)).unwrap();
    }
    let mut peer = join(&app).await;
    let subscribed = peer.ask(r#"[32,1,{"match":"prefix","get_retained":true},"com.kept."]"#).await;
    assert!(subscribed.starts_with("[33,1,"), "{subscribed}");
    assert!(peer.hear().await.starts_with("[36,"));
    let calls = |role: RoleRules| role.allow(Actions::CALL, prefix("com."));
    app.realms().reconfigure(realm(calls)).unwrap().settled().await;
    let mut events = 1;
    loop {
        let heard = peer.hear().await;
        if heard.starts_with("[35,0,") {
            break;
        }
        assert!(heard.starts_with("[36,"), "{heard}");
        events += 1;
    }
    assert!(events < 500, "all of them had come already");
    assert!(peer.ask("[34,2,1]").await.starts_with("[8,34,2,"), "nothing comes behind UNSUBSCRIBED");
}

#[tokio::test]
async fn regrev_01_one_callee_of_a_shared_registration_loses_it_and_answers_what_it_has() {
    let visitors = |name: &'static str| {
        auth::transport(name, move || async move { Some(Principal::new(name).role(name)) })
    };
    let realm = |allowed: bool| {
        let rules = move |role: RoleRules| {
            if allowed { everything(role) } else { role.allow(Actions::CALL, prefix("")) }
        };
        Realm::router("realm1")
            .authenticator(visitors("first"))
            .authenticator(visitors("second"))
            .role("first", rules)
            .role("second", everything)
    };
    let app = Application::builder().realm(realm(true)).build().unwrap();
    let join = async |name: &str| {
        let mut peer = Peer::connect(&app);
        let hello = HELLO.replace(r#"{"roles""#, &format!(r#"{{"authmethods":["{name}"],"roles""#));
        assert!(peer.ask(&hello).await.starts_with("[2,"));
        peer
    };
    let (mut first, mut second, mut caller) =
        (join("first").await, join("second").await, join("second").await);
    for callee in [&mut first, &mut second] {
        assert!(callee.ask(r#"[64,1,{"invoke":"roundrobin"},"com.p"]"#).await.starts_with("[65,1,"));
    }
    for (request, callee) in [(1, &mut first), (2, &mut second)] {
        caller.say(&format!(r#"[48,{request},{{}},"com.p"]"#)).await;
        assert!(callee.hear().await.starts_with("[68,1,"));
    }
    app.realms().reconfigure(realm(false)).unwrap().settled().await;
    assert!(first.hear().await.starts_with("[67,0,"));
    // Whoever comes later goes to the other one, and what is out is answered by whoever has it.
    for request in 3..6 {
        caller.say(&format!(r#"[48,{request},{{}},"com.p"]"#)).await;
        assert!(second.hear().await.starts_with(&format!("[68,{},", request - 1)));
    }
    first.say(r#"[70,1,{},["first"]]"#).await;
    assert_eq!(caller.hear().await, r#"[50,1,{},["first"]]"#);
    second.say(r#"[70,1,{},["second"]]"#).await;
    assert_eq!(caller.hear().await, r#"[50,2,{},["second"]]"#);
}

#[tokio::test]
async fn a_role_that_loses_all_its_permissions_ends_its_sessions() {
    let rules = |role: RoleRules| role.allow(Actions::CALL, prefix("com."));
    let application = Application::builder().realm(with_guests(rules)).build().unwrap();
    let mut peer = connect(&application, KNOWING).await;
    application.realms().reconfigure(router("one")).unwrap().settled().await;
    let goodbye = hear(&mut peer).await;
    assert!(
        goodbye.contains(r#"permissions of the role \"guest\", or its authorizer, were taken away"#),
        "{goodbye}"
    );
    // Those who come from now on are what everybody is, until permissions of that role come and go again.
    let mut peer = connect(&application, KNOWING).await;
    assert!(say(&mut peer, r#"[64,1,{},"org.p"]"#).await.starts_with("[65,1,"));
    let all = |role: RoleRules| role.allow(Actions::ALL, prefix(""));
    application.realms().reconfigure(with_guests(all)).unwrap().settled().await;
    application.realms().reconfigure(router("one")).unwrap().settled().await;
    assert!(hear(&mut peer).await.starts_with("[6,"));
}

#[tokio::test]
async fn a_role_whose_authorizer_is_taken_away_ends_its_sessions() {
    for asked in [
        router("one").authorizer(|| async { true }),
        router("one").role_authorizer("guest", || async { true }),
    ] {
        let application = Application::builder().realm(asked).build().unwrap();
        let mut peer = connect(&application, KNOWING).await;
        application
            .realms()
            .reconfigure(with_guests(|role| role.allow(Actions::CALL, "com.a")))
            .unwrap()
            .settled()
            .await;
        application
            .realms()
            .reconfigure(router("one").authorizer(|| async { true }))
            .unwrap()
            .settled()
            .await;
        assert!(
            say(&mut peer, r#"[32,1,{},"com.a"]"#).await.starts_with("[33,1,"),
            "something decides about it"
        );
        // Without either it would be allowed everything.
        application.realms().reconfigure(router("one")).unwrap().settled().await;
        let goodbye = hear(&mut peer).await;
        assert!(goodbye.contains(r#"the role \"guest\", or its authorizer, were taken away"#), "{goodbye}");
    }
}
