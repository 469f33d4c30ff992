//! Templates that come, change and go while others run.

use crate::templates::{application, check, hear, join, log_in, say, template, tenant};
use serverwamp::auth::{self, Principal};
use serverwamp::memory::MemoryPeer;
use serverwamp::{
    Actions, Application, Realm, RealmChanges, RealmTemplate, RouteSet, Serializer, prefix, wildcard,
};
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn templates_are_added_replaced_and_removed_while_others_run() {
    let application =
        Application::builder().realm(Realm::router("other").allow_anonymous("guest")).build().unwrap();
    let realms = application.realms();
    assert!(log_in(&application, "tenant.a", "tenant.a").await.1.contains("wamp.error.no_such_realm"));
    realms.apply(RealmChanges::new().add_template(template())).unwrap();
    let mut by_ticket = join(&application, "tenant.a").await;
    let mut member = join(&application, "tenant.a").await;
    assert!(say(&mut member, r#"[64,1,{},"com.authenticate"]"#).await.starts_with("[65,"));
    // Another method, others who are let in, and fewer realms.
    let make = |name: &str| Realm::router(name).role("member", |role| role.deny(Actions::ALL, prefix("")));
    let by_device = auth::transport("device", || async { Some(Principal::new("device7").role("member")) });
    let replaced = RealmTemplate::new(prefix("tenant."), make).authenticator(by_device).most_realms(1);
    realms.apply(RealmChanges::new().replace_template(replaced)).unwrap().settled().await;
    for peer in [&mut by_ticket, &mut member] {
        let goodbye = hear(peer).await;
        assert!(goodbye.contains(r#"authenticate by \"ticket\" are not let in any more"#), "{goodbye}");
    }
    let device = async |realm: &str| {
        let mut peer = application.connect(Serializer::Json);
        let hello = format!(r#"[1,"{realm}",{{"roles":{{"subscriber":{{}}}},"authmethods":["device"]}}]"#);
        let answer = say(&mut peer, &hello).await;
        (peer, answer)
    };
    assert!(log_in(&application, "tenant.a", "tenant.a").await.1.contains("no_matching_auth_method"));
    let (mut peer, welcome) = device("tenant.a").await;
    assert!(welcome.starts_with("[2,"), "{welcome}");
    let denied = say(&mut peer, r#"[32,1,{},"com.t"]"#).await;
    assert!(
        denied.contains("wamp.error.not_authorized"),
        "the realm is what the new template makes: {denied}"
    );
    assert!(device("tenant.b").await.1.contains("wamp.error.unavailable"), "there is one already");
    let removed = RealmChanges::new().remove_template(prefix("tenant."), "wamp.close.close_realm");
    realms.apply(removed).unwrap().settled().await;
    assert_eq!(hear(&mut peer).await, r#"[6,{"message":"the realm was stopped"},"wamp.close.close_realm"]"#);
    assert!(device("tenant.a").await.1.contains("wamp.error.no_such_realm"));
    assert_eq!(realms.names(), ["other"]);
    realms.apply(RealmChanges::new().add_template(template())).unwrap();
    let _anew = join(&application, "tenant.a").await;
}

/// Makes realms of which members may subscribe to topics below this prefix.
fn subscribing(topics: &'static str) -> RealmTemplate {
    let make = move |name: &str| {
        Realm::router(name)
            .role("member", |role| role.allow(Actions::SUBSCRIBE | Actions::CALL, prefix(topics)))
    };
    RealmTemplate::new(prefix("tenant."), make).authenticator(auth::ticket(check))
}

async fn may_subscribe(peer: &mut MemoryPeer, request: u64, topic: &str) -> bool {
    let answer = say(peer, &format!(r#"[32,{request},{{}},"{topic}"]"#)).await;
    assert!(answer.starts_with("[33,") || answer.contains("wamp.error.not_authorized"), "{answer}");
    answer.starts_with("[33,")
}

#[tokio::test]
async fn realms_that_are_there_get_what_a_replaced_template_makes_of_their_names() {
    let application = application(subscribing("com."));
    let realms = application.realms();
    let mut peers = [join(&application, "tenant.a").await, join(&application, "tenant.b").await];
    for peer in &mut peers {
        assert!(may_subscribe(peer, 1, "com.t").await && !may_subscribe(peer, 2, "org.t").await);
    }
    realms.apply(RealmChanges::new().replace_template(subscribing("org."))).unwrap().settled().await;
    for peer in &mut peers {
        // What may not be held any more is revoked, or ends the session of a client that does not know that.
        let told = hear(peer).await;
        assert!(told.starts_with("[6,") || told.starts_with("[35,"), "{told}");
    }
    let mut after = [join(&application, "tenant.a").await, join(&application, "tenant.c").await];
    for peer in &mut after {
        assert!(!may_subscribe(peer, 1, "com.t").await && may_subscribe(peer, 2, "org.t").await);
    }
}

#[tokio::test]
async fn a_replaced_template_changes_all_of_its_realms_or_none() {
    let application = application(subscribing("com."));
    let realms = application.realms();
    let mut peers = [join(&application, "tenant.a").await, join(&application, "tenant.b").await];
    let failing = |panics: bool| {
        let make = move |name: &str| {
            assert!(!(panics && name == "tenant.b"), "no such tenant");
            let pattern = if name == "tenant.b" { "a..b" } else { "org.t" };
            Realm::router(name).role("member", |role| role.allow(Actions::SUBSCRIBE, pattern))
        };
        RealmTemplate::new(prefix("tenant."), make).authenticator(auth::ticket(check))
    };
    for (panics, part) in [(false, "a..b"), (true, "panicked for realm \"tenant.b\": no such tenant")] {
        let changes = RealmChanges::new().replace_template(failing(panics));
        let changes = changes.add(Realm::router("other").allow_anonymous("guest"));
        let text = realms.apply(changes).unwrap_err().to_string();
        assert!(text.contains(part), "{part:?} in {text}");
    }
    for peer in &mut peers {
        assert!(may_subscribe(peer, 1, "com.t").await && !may_subscribe(peer, 2, "org.t").await);
    }
    assert_eq!(realms.names(), ["tenant.a", "tenant.b"]);
}

#[tokio::test]
async fn realms_that_are_there_keep_their_code_when_a_template_is_replaced() {
    let answering = |answer: &'static str| {
        let make = move |name: &str| {
            let routes = RouteSet::new().procedure("com.answer", move || async move { answer });
            Realm::router(name).routes(routes).serial_calls()
        };
        RealmTemplate::new(prefix("tenant."), make).authenticator(auth::ticket(check))
    };
    let application = application(answering("former"));
    let mut peer = join(&application, "tenant.a").await;
    let changes = RealmChanges::new().replace_template(answering("new"));
    application.realms().apply(changes).unwrap().settled().await;
    assert_eq!(say(&mut peer, r#"[48,1,{},"com.answer"]"#).await, r#"[50,1,{},["former"]]"#);
    let mut other = join(&application, "tenant.b").await;
    assert_eq!(say(&mut other, r#"[48,1,{},"com.answer"]"#).await, r#"[50,1,{},["new"]]"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_realm_that_is_made_while_its_template_is_replaced_is_not_left_behind() {
    let application = application(subscribing("com."));
    let _first = join(&application, "tenant.a").await;
    let (begun, begins) = tokio::sync::oneshot::channel();
    let (made, is_made) = std::sync::mpsc::channel();
    let once = Mutex::new(Some((begun, is_made)));
    let make = move |name: &str| {
        // Somebody makes another realm of the former template, while this one is prepared.
        if name == "tenant.a"
            && let Some((begun, is_made)) = once.lock().unwrap().take()
        {
            begun.send(()).unwrap();
            is_made.recv().unwrap();
        }
        Realm::router(name).role("member", |role| role.allow(Actions::SUBSCRIBE, prefix("org.")))
    };
    let template = RealmTemplate::new(prefix("tenant."), make).authenticator(auth::ticket(check));
    let applying = {
        let application = application.clone();
        tokio::task::spawn_blocking(move || {
            application.realms().apply(RealmChanges::new().replace_template(template)).map(drop)
        })
    };
    begins.await.unwrap();
    let mut second = join(&application, "tenant.b").await;
    made.send(()).unwrap();
    applying.await.unwrap().unwrap();
    assert!(!may_subscribe(&mut second, 1, "com.t").await && may_subscribe(&mut second, 2, "org.t").await);
}

#[tokio::test]
async fn whoever_is_authenticated_by_a_template_that_is_replaced_meanwhile_is_not_let_in() {
    let (waits, goes_on) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
    let with_slow = || {
        let (waiting, going) = (Arc::clone(&waits), Arc::clone(&goes_on));
        template().authenticator(auth::transport("slow", move || {
            let (waiting, going) = (Arc::clone(&waiting), Arc::clone(&going));
            async move {
                waiting.notify_one();
                going.notified().await;
                Some(Principal::new("joe").role("member"))
            }
        }))
    };
    let hello = r#"[1,"tenant.a",{"roles":{"caller":{}},"authmethods":["slow"]}]"#;
    for change in [
        RealmChanges::new().replace_template(template()),
        RealmChanges::new().remove_template(prefix("tenant."), "wamp.close.close_realm"),
    ] {
        let application = application(with_slow());
        let mut peer = application.connect(Serializer::Json);
        peer.send(hello.to_owned()).await.unwrap();
        waits.notified().await;
        application.realms().apply(change).unwrap().settled().await;
        goes_on.notify_one();
        let abort = hear(&mut peer).await;
        assert!(abort.starts_with("[3,") && abort.contains("was changed while you authenticated"), "{abort}");
        assert_eq!(application.realms().names(), [""; 0]);
    }
}

#[test]
fn what_is_wrong_with_changes_of_templates_is_said_at_once() {
    let application = application(template());
    let other = || RealmTemplate::new(prefix("other."), tenant).authenticator(auth::ticket(check));
    let changes = RealmChanges::new()
        .add_template(template())
        .replace_template(other())
        .remove_template(wildcard("a."), "no reason")
        .remove_template(wildcard("a."), "wamp.close.close_realm")
        .add_template(RealmTemplate::new(prefix("third."), tenant));
    let text = application.realms().apply(changes).unwrap_err().to_string();
    for part in [
        "there is already a template prefix(\"tenant.\"): replace it",
        "there is no template prefix(\"other.\"): add it",
        "the reason \"no reason\" for stopping the realms of wildcard(\"a.\")",
        "there is no template wildcard(\"a.\")",
        "template wildcard(\"a.\") is changed twice at once",
        "the template prefix(\"third.\") lets nobody in",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert_eq!(text.lines().count(), 7, "{text}");
    let twice = Application::builder().realm_template(template()).realm_template(template()).build();
    let text = twice.unwrap_err().to_string();
    assert!(text.contains("there is already a template prefix(\"tenant.\")"), "{text}");
}
