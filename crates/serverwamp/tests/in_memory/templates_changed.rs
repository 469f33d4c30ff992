//! Templates that come, change and go while others run.

use crate::templates::{application, check, hear, join, log_in, say, template, tenant};
use serverwamp::auth::{self, Principal};
use serverwamp::{Actions, Application, Realm, RealmChanges, RealmTemplate, Serializer, prefix, wildcard};
use std::sync::Arc;

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
    assert!(say(&mut peer, r#"[32,1,{},"com.t"]"#).await.starts_with("[33,"), "the realm is the former one");
    assert!(device("tenant.b").await.1.contains("wamp.error.unavailable"), "there is one already");
    let removed = RealmChanges::new().remove_template(prefix("tenant."), "wamp.close.close_realm");
    realms.apply(removed).unwrap().settled().await;
    assert_eq!(hear(&mut peer).await, r#"[6,{"message":"the realm was stopped"},"wamp.close.close_realm"]"#);
    assert!(device("tenant.a").await.1.contains("wamp.error.no_such_realm"));
    assert_eq!(realms.names(), ["other"]);
    realms.apply(RealmChanges::new().add_template(template())).unwrap();
    let _anew = join(&application, "tenant.a").await;
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
