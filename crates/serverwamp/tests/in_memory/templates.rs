//! Realms that are made of a template when somebody comes, and go when they are empty.

use serverwamp::auth::{self, AuthId, DynamicSettings, Principal, Ticket};
use serverwamp::extract::Extension;
use serverwamp::memory::MemoryPeer;
use serverwamp::{
    Actions, Application, Realm, RealmHandle, RealmTemplate, Refusal, RouteSet, Serializer, Session,
    WampError, prefix, wildcard,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Where the ticket was looked up; a value of the application that stands in every session.
#[derive(Clone, Debug)]
struct Checked(String);

/// The ticket of everybody is the name of the realm.
pub(crate) async fn check(
    AuthId(authid): AuthId,
    Ticket(ticket): Ticket,
    realm: RealmHandle,
    session: Session,
) -> Option<Principal> {
    session.insert(Checked(format!("in {}", realm.name())));
    ticket.matches(realm.name()).then(|| Principal::new(authid).role("member"))
}

pub(crate) fn tenant(name: &str) -> Realm {
    Realm::router(name)
}

pub(crate) fn template() -> RealmTemplate {
    RealmTemplate::new(prefix("tenant."), tenant).authenticator(auth::ticket(check))
}

pub(crate) fn application(template: RealmTemplate) -> Application {
    Application::builder().realm_template(template).build().unwrap()
}

pub(crate) async fn hear(peer: &mut MemoryPeer) -> String {
    String::from_utf8(peer.receive().await.unwrap().to_vec()).unwrap()
}

pub(crate) async fn say(peer: &mut MemoryPeer, message: &str) -> String {
    peer.send(message.to_owned()).await.unwrap();
    hear(peer).await
}

/// Says HELLO and answers the CHALLENGE; the last message is the verdict.
pub(crate) async fn log_in(application: &Application, realm: &str, ticket: &str) -> (MemoryPeer, String) {
    let mut peer = application.connect(Serializer::Json);
    let roles = r#"{"subscriber":{},"publisher":{},"caller":{},"callee":{}}"#;
    let hello = format!(r#"[1,"{realm}",{{"roles":{roles},"authmethods":["ticket"],"authid":"joe"}}]"#);
    let challenge = say(&mut peer, &hello).await;
    if !challenge.starts_with("[4,") {
        return (peer, challenge);
    }
    let verdict = say(&mut peer, &format!(r#"[5,"{ticket}",{{}}]"#)).await;
    (peer, verdict)
}

pub(crate) async fn join(application: &Application, realm: &str) -> MemoryPeer {
    let (peer, welcome) = log_in(application, realm, realm).await;
    assert!(welcome.starts_with("[2,") && welcome.contains(&format!(r#""realm":"{realm}""#)), "{welcome}");
    peer
}

/// Waits until these realms are there and no others.
async fn until_there_are(application: &Application, names: &[&str]) {
    for _ in 0..2000 {
        if application.realms().names() == names {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("there are {:?} and not {names:?}", application.realms().names());
}

#[tokio::test]
async fn neither_hello_nor_a_failed_login_makes_a_realm() {
    let application = application(template());
    let mut peer = application.connect(Serializer::Json);
    let hello = r#"[1,"tenant.a",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"joe"}]"#;
    assert!(say(&mut peer, hello).await.starts_with("[4,"));
    assert_eq!(application.realms().names(), [""; 0]);
    let (_, abort) = log_in(&application, "tenant.a", "wrong").await;
    assert!(abort.contains("wamp.error.authentication_denied"), "{abort}");
    let mut anonymous = application.connect(Serializer::Json);
    let abort = say(&mut anonymous, r#"[1,"tenant.a",{"roles":{"caller":{}}}]"#).await;
    assert!(abort.contains("wamp.error.no_matching_auth_method"), "{abort}");
    assert_eq!(application.realms().names(), [""; 0]);
    // Whether there is such a realm cannot be told from outside.
    let _inside = join(&application, "tenant.a").await;
    let mut anonymous = application.connect(Serializer::Json);
    assert_eq!(say(&mut anonymous, r#"[1,"tenant.a",{"roles":{"caller":{}}}]"#).await, abort);
    let (_, there) = log_in(&application, "tenant.a", "wrong").await;
    let (_, not_there) = log_in(&application, "tenant.b", "wrong").await;
    assert_eq!(there, not_there);
    assert_eq!(application.realms().names(), ["tenant.a"]);
}

#[tokio::test]
async fn the_realm_of_the_admin_interface_is_made_by_no_template_and_replaced_by_no_other_realm() {
    let admin = serverwamp::Admin::REALM;
    for names in [prefix(""), prefix("serverwamp.")] {
        let application = application(RealmTemplate::new(names, tenant).authenticator(auth::ticket(check)));
        let (_, abort) = log_in(&application, admin, admin).await;
        assert!(abort.starts_with("[3,") && abort.contains("no_such_realm"), "{abort}");
    }
    let everybody = Realm::router("realm1").allow_anonymous("guest");
    let application = Application::builder().default_realm(everybody).build().unwrap();
    assert!(application.join("realm2").await.is_ok());
    let error = application.join(admin).await.unwrap_err();
    assert!(error.to_string().contains("no_such_realm"), "{error}");
}

#[tokio::test]
async fn auth_11_names_that_no_template_makes_are_no_such_realm() {
    let application = application(template());
    for name in ["tenant.A", "tenant.a b", "wamp.tenant", "other", "tenant.", "tenant"] {
        let (_, abort) = log_in(&application, name, name).await;
        let expected =
            if name.contains(' ') || name.ends_with('.') { "invalid_uri" } else { "no_such_realm" };
        assert!(abort.starts_with("[3,") && abort.contains(expected), "{name}: {abort}");
    }
    assert_eq!(application.realms().names(), [""; 0]);
}

#[tokio::test]
async fn those_who_come_at_once_get_the_same_realm_and_tenants_are_apart() {
    let made = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&made);
    let template = RealmTemplate::new(prefix("tenant."), move |name| {
        counted.fetch_add(1, Ordering::Relaxed);
        Realm::router(name)
    });
    let application = application(template.authenticator(auth::ticket(check)));
    let (mut one, mut other) = tokio::join!(join(&application, "tenant.a"), join(&application, "tenant.a"));
    let mut stranger = join(&application, "tenant.b").await;
    assert_eq!(application.realms().names(), ["tenant.a", "tenant.b"]);
    assert_eq!(application.realm("tenant.a").unwrap().sessions().len(), 2);
    for peer in [&mut one, &mut stranger] {
        assert!(say(peer, r#"[32,1,{},"com.t"]"#).await.starts_with("[33,1,"));
    }
    assert!(say(&mut other, r#"[16,1,{"acknowledge":true},"com.t",["hello"]]"#).await.starts_with("[17,1,"));
    assert!(hear(&mut one).await.ends_with(r#"{},["hello"]]"#));
    let fence = say(&mut stranger, r#"[34,2,1]"#).await;
    assert!(fence.contains("[35,2]"), "nothing of another realm came before: {fence}");
    assert!(made.load(Ordering::Relaxed) <= 4, "once by `build`, and seldom twice for one realm");
}

#[tokio::test]
async fn beyond_its_most_realms_a_template_makes_none_and_counts_it() {
    let application = application(template().most_realms(2).linger(Duration::ZERO));
    let first = join(&application, "tenant.a").await;
    let _second = join(&application, "tenant.b").await;
    let (_, abort) = log_in(&application, "tenant.c", "tenant.c").await;
    assert!(abort.starts_with("[3,") && abort.contains("wamp.error.unavailable"), "{abort}");
    assert_eq!(application.statistics().refused(Refusal::RealmsOfTemplate), 1);
    let _another = join(&application, "tenant.a").await;
    drop((first, _another));
    until_there_are(&application, &["tenant.b"]).await;
    let _third = join(&application, "tenant.c").await;
    application.realms().stop("tenant.b", "wamp.close.close_realm").unwrap();
    let _fourth = join(&application, "tenant.d").await;
    assert_eq!(application.realms().names(), ["tenant.c", "tenant.d"]);
}

#[tokio::test]
async fn a_realm_that_is_empty_stays_for_a_while_and_then_goes() {
    let application = application(template().linger(Duration::from_millis(300)));
    let mut peer = join(&application, "tenant.a").await;
    let retained = r#"[16,1,{"acknowledge":true,"retain":true},"com.t",["kept"]]"#;
    assert!(say(&mut peer, retained).await.starts_with("[17,1,"));
    let handle = application.realm("tenant.a").unwrap();
    drop(peer);
    while !handle.sessions().is_empty() {
        tokio::task::yield_now().await;
    }
    let peer = join(&application, "tenant.a").await;
    assert_eq!((handle.sessions().len(), handle.retained().0), (1, 1), "it is the same realm");
    drop(peer);
    until_there_are(&application, &[]).await;
    assert_eq!(handle.retained().0, 0);
    let _peer = join(&application, "tenant.a").await;
    assert_eq!(handle.sessions().len(), 0, "it is another realm");
}

#[tokio::test]
async fn logins_that_lead_nowhere_do_not_keep_an_empty_realm() {
    let application = application(template().linger(Duration::from_millis(50)));
    drop(join(&application, "tenant.a").await);
    // Strangers who leave their challenges unanswered, one after the other so that there is always one of them.
    let mut stranger = application.connect(Serializer::Json);
    let hello = r#"[1,"tenant.a",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"joe"}]"#;
    assert!(say(&mut stranger, hello).await.starts_with("[4,"));
    until_there_are(&application, &[]).await;
    // Whoever has begun before the realm went gets another one.
    assert!(say(&mut stranger, r#"[5,"tenant.a",{}]"#).await.starts_with("[2,"));
    assert_eq!(application.realms().names(), ["tenant.a"]);
}

#[tokio::test]
async fn the_handlers_of_a_realm_are_asked_once_the_template_has_let_somebody_in() {
    let make = |name: &str| {
        Realm::router(name).on_connect(|session: Session| async move {
            (session.authid() == "joe")
                .then_some(())
                .ok_or_else(|| WampError::not_authorized("nobody is known yet"))
        })
    };
    let template = RealmTemplate::new(prefix("tenant."), make).authenticator(auth::ticket(check));
    let application = application(template);
    // The realm is made for the first, and is there for the second.
    let _both = [join(&application, "tenant.a").await, join(&application, "tenant.a").await];
}

#[tokio::test]
async fn a_procedure_in_the_realm_of_a_template_may_let_others_in() {
    let devices = auth::dynamic_transport("device", DynamicSettings::new("com.authenticate"));
    let application = application(template().authenticator(devices));
    let hello = r#"[1,"tenant.a",{"roles":{"caller":{}},"authmethods":["device"]}]"#;
    let mut early = application.connect(Serializer::Json);
    assert!(say(&mut early, hello).await.starts_with("[3,"), "nobody is there to ask");
    let mut member = join(&application, "tenant.a").await;
    assert!(say(&mut member, r#"[64,1,{},"com.authenticate"]"#).await.starts_with("[65,"));
    let mut device = application.connect(Serializer::Json);
    device.send(hello.to_owned()).await.unwrap();
    assert!(hear(&mut member).await.starts_with("[68,1,"));
    member.send(r#"[70,1,{},[{"authid":"device7","role":"member"}]]"#.to_owned()).await.unwrap();
    let welcome = hear(&mut device).await;
    assert!(welcome.starts_with("[2,") && welcome.contains("device7"), "{welcome}");
}

#[tokio::test]
async fn handlers_and_values_of_a_session_move_with_it_into_its_realm() {
    async fn who(Extension(Checked(text)): Extension<Checked>, session: Session) -> String {
        format!("{} {text} {}", session.authid(), session.realm().name())
    }
    let seen = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&seen);
    let make = move |name: &str| {
        let (connected, joined) = (Arc::clone(&counted), Arc::clone(&counted));
        Realm::new(name)
            .on_connect(move || {
                connected.fetch_add(1, Ordering::Relaxed);
                async {}
            })
            .on_join(move |session: Session| {
                joined.fetch_add(usize::from(session.authid() == "joe") * 10, Ordering::Relaxed);
                async {}
            })
            .routes(RouteSet::new().procedure("com.who", who))
    };
    let application =
        application(RealmTemplate::new(wildcard("tenant..x"), make).authenticator(auth::ticket(check)));
    for sessions in 1..=2 {
        let mut peer = join(&application, "tenant.a.x").await;
        assert_eq!(
            say(&mut peer, r#"[48,1,{},"com.who"]"#).await,
            r#"[50,1,{},["joe in tenant.a.x tenant.a.x"]]"#
        );
        assert_eq!(seen.load(Ordering::Relaxed), sessions * 11);
    }
}

#[tokio::test]
async fn a_realm_of_a_template_is_reconfigured_and_keeps_its_way_in() {
    let application = application(template());
    let mut peer = join(&application, "tenant.a").await;
    let quiet = Realm::router("tenant.a").role("member", |role| role.deny(Actions::ALL, prefix("")));
    application.realms().reconfigure(quiet).unwrap().settled().await;
    assert!(say(&mut peer, r#"[32,1,{},"com.t"]"#).await.contains("wamp.error.not_authorized"));
    let _another = join(&application, "tenant.a").await;
    let open = application.realms().reconfigure(Realm::router("tenant.a").allow_anonymous("guest"));
    assert!(open.unwrap_err().to_string().contains("is made of a template, which decides who is let in"));
}

#[test]
fn what_is_wrong_with_a_template_is_said_by_build() {
    let problems = |template: RealmTemplate| {
        let built = Application::builder().realm_template(template).build();
        built.map_or_else(|error| error.problems().collect::<Vec<_>>(), |_| Vec::new())
    };
    assert_eq!(problems(template()), [""; 0]);
    for (template, part) in [
        (RealmTemplate::new(prefix("tenant."), tenant), "lets nobody in"),
        (template().most_realms(0), "may make no realm"),
        (RealmTemplate::new("tenant", tenant).authenticator(auth::ticket(check)), "not for \"tenant\""),
        (template().authenticator(auth::ticket(check)), "already has an authenticator"),
        (
            RealmTemplate::new(prefix("tenant."), |name| Realm::router(name).allow_anonymous("guest"))
                .authenticator(auth::ticket(check)),
            "\"tenant.example\" is made of a template",
        ),
        (
            RealmTemplate::new(prefix("tenant."), |_| Realm::router("tenant.same"))
                .authenticator(auth::ticket(check)),
            "made one of the name \"tenant.same\"",
        ),
        (
            RealmTemplate::new(prefix("tenant."), |name| {
                Realm::router(name).role("member", |role| role.allow(Actions::CALL, "a..b"))
            })
            .authenticator(auth::ticket(check)),
            "a..b",
        ),
        (
            RealmTemplate::new(prefix("tenant."), |_| panic!("no such customer"))
                .authenticator(auth::ticket(check)),
            "panicked when it was asked for a realm \"tenant.example\": no such customer",
        ),
    ] {
        let found = problems(template);
        assert!(matches!(found.as_slice(), [one] if one.contains(part)), "{part:?} in {found:?}");
    }
}
