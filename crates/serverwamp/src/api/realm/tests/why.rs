//! Which rule decides, and whether what is said of it is what happens.

use super::{guests, handle};
#[cfg(feature = "tokio")]
use crate::Session;
use crate::auth::{self, Principal};
use crate::{Action, Actions, Application, Realm, RouteSet, WampError, prefix, regex, wildcard};

#[test]
fn the_authorizer_that_decides_can_be_asked_for() {
    let guests = guests(|role| role.allow(Actions::CALL | Actions::REGISTER, prefix("com.")));
    let realm = guests.authorizer_procedure("com.auth").forget_decisions_on("org.forget");
    let realm = handle(realm.authenticator(auth::transport("cookie", || async { None::<Principal> })));
    let why = |role: &str, action, uri: &str| {
        let why = realm.why(role, action, uri).unwrap();
        (why.to_string(), why.is_allowed(), why.asks_authorizer())
    };
    let rule = "role \"guest\": allow call, register of prefix \"com.\"";
    assert_eq!(why("guest", Action::Register, "com.auth"), (rule.to_owned(), true, false));
    let asked = |role: &str| {
        let text = format!("role {role:?}: no rule names it, the authorizer \"com.auth\" decides");
        (text, false, true)
    };
    assert_eq!(why("guest", Action::Publish, "com.t"), asked("guest"));
    assert_eq!(why("user", Action::Call, "com.p"), asked("user"));
    let nothing = |role: &str| {
        let text =
            format!("role {role:?}: no rule names it, and no authorizer is asked who has power over one");
        (text, false, false)
    };
    assert_eq!(why("user", Action::Register, "com.auth"), nothing("user"));
    assert_eq!(why("guest", Action::Publish, "org.forget"), nothing("guest"));
}

#[test]
fn the_rule_that_decides_can_be_asked_for() {
    let routes = RouteSet::new()
        .procedure("com.restart", || async {})
        .open_topic("com.alerts")
        .require_one_of(["operator", "admin"]);
    let anybody = auth::transport("cookie", || async { None::<Principal> });
    let realm = handle(
        Realm::new("realm1")
            .authenticator(anybody)
            .allow_publish_to(prefix("chat."))
            .role("customer", |role| {
                role.allow(Actions::ALL, prefix("shop.")).deny(Actions::ALL, wildcard("shop..internal"))
            })
            .routes(routes),
    );
    let why = |role: &str, action, pattern| realm.why(role, action, pattern).unwrap();
    for (role, action, pattern, allowed, text) in [
        (
            "customer",
            Action::Call,
            "shop.a".into(),
            true,
            r#"role "customer": allow call, register, publish, subscribe of prefix "shop.""#,
        ),
        (
            "customer",
            Action::Call,
            "shop.a.internal".into(),
            false,
            r#"role "customer": deny call, register, publish, subscribe of wildcard "shop..internal""#,
        ),
        (
            "customer",
            Action::Subscribe,
            prefix("shop."),
            false,
            r#"role "customer": deny call, register, publish, subscribe of wildcard "shop..internal""#,
        ),
        ("customer", Action::Subscribe, "chat.a".into(), false, r#"role "customer": no rule names it"#),
        (
            "guest",
            Action::Publish,
            "chat.a".into(),
            true,
            r#"the realm: allow publish, subscribe of prefix "chat.""#,
        ),
        ("guest", Action::Subscribe, "shop.a".into(), false, "the realm: no rule names it"),
        (
            "guest",
            Action::Call,
            "com.restart".into(),
            false,
            r#"the route requires one of the roles ["operator", "admin"]"#,
        ),
        ("admin", Action::Call, "com.restart".into(), true, r#"the realm: allow call of prefix """#),
        (
            "guest",
            Action::Subscribe,
            "com.alerts".into(),
            false,
            r#"the route requires one of the roles ["operator", "admin"]"#,
        ),
        (
            "guest",
            Action::Publish,
            "wamp.session.on_join".into(),
            false,
            "URIs that start with `wamp.` are the router's own",
        ),
    ] {
        let found = why(role, action, pattern);
        assert_eq!((found.is_allowed(), found.to_string().as_str()), (allowed, text));
    }
    let refused = |action, pattern: crate::RoutePattern| realm.why("customer", action, pattern).unwrap_err();
    let uri = |error: WampError| error.uri().to_owned();
    assert_eq!(uri(refused(Action::Call, prefix("shop."))), "wamp.error.invalid_uri");
    assert_eq!(uri(refused(Action::Subscribe, regex("shop"))), "wamp.error.invalid_uri");
    assert_eq!(uri(refused(Action::Subscribe, "a..b".into())), "wamp.error.invalid_uri");
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn the_rule_that_decides_for_a_session_can_be_asked_for() {
    let realm = guests(|role| role.allow(Actions::CALL, prefix("shop.")));
    let application = Application::builder().realm(realm).build().unwrap();
    let realm = application.realm("realm1").unwrap();
    let unknown = serverwamp_proto::id::SessionId::new(7).unwrap();
    let refused = realm.why_session(unknown, Action::Call, "shop.a").unwrap_err();
    assert_eq!(refused.uri(), "wamp.error.no_such_session");
    let mut peer = application.connect(serverwamp_proto::codec::Serializer::Json);
    peer.send(r#"[1,"realm1",{"roles":{"caller":{}}}]"#.to_owned()).await.unwrap();
    peer.receive().await.unwrap();
    let id = realm.sessions()[0].id();
    assert_eq!(realm.why_session(id, Action::Call, "a..b").unwrap_err().uri(), "wamp.error.invalid_uri");
    let denied = realm.why_session(id, Action::Publish, "shop.a").unwrap();
    assert_eq!(
        (denied.is_allowed(), denied.to_string().as_str()),
        (false, r#"role "guest": no rule names it"#)
    );
    let allowed = realm.why_session(id, Action::Call, "shop.a").unwrap();
    assert!(allowed.is_allowed(), "{allowed}");
}

/// What is told of the session that joins `realm` as a guest and calls `uri`, and the answer to that call.
#[cfg(feature = "tokio")]
async fn told_and_answered(realm: Realm, uri: &str) -> (String, String, String) {
    let application = Application::builder().realm(realm).build().unwrap();
    let realm = application.realm("realm1").unwrap();
    let mut peer = application.connect(serverwamp_proto::codec::Serializer::Json);
    let mut answers = Vec::new();
    for message in [r#"[1,"realm1",{"roles":{"caller":{}}}]"#.to_owned(), format!(r#"[48,1,{{}},"{uri}"]"#)] {
        peer.send(message).await.unwrap();
        answers.push(String::from_utf8(peer.receive().await.unwrap().to_vec()).unwrap());
    }
    let id = realm.sessions().first().map(Session::id).unwrap();
    let why = realm.why_session(id, Action::Call, uri).unwrap();
    let asked = realm.ask_session(id, Action::Call, uri).await.unwrap();
    assert!(!why.is_allowed() && !why.asks_authorizer() && !asked.is_allowed(), "{why}, {asked}");
    (why.to_string(), asked.to_string(), answers.remove(1))
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn an_authorizers_yes_is_not_the_last_word_where_a_route_requires_a_role() {
    let anybody = auth::transport("cookie", || async { None::<Principal> });
    let routes = RouteSet::new().procedure("com.restart", || async {}).require_role("operator");
    let realm = Realm::router("realm1").allow_anonymous("guest").authenticator(anybody).routes(routes);
    let (why, asked, answer) = told_and_answered(realm.authorizer(|| async { true }), "com.restart").await;
    assert_eq!(why, r#"the route requires one of the roles ["operator"]"#);
    assert_eq!(asked, why);
    assert!(answer.contains("wamp.error.not_authorized"), "{answer}");
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn a_permission_is_not_the_last_word_where_a_meta_procedure_is_for_administrators() {
    let callers = || guests(|role| role.allow(Actions::CALL, prefix("wamp."))).meta_api();
    for realm in [callers(), Realm::router("realm1").allow_anonymous("guest").authorizer(|| async { true })] {
        let (why, asked, answer) = told_and_answered(realm, "wamp.session.kill_all").await;
        assert_eq!(why, "role \"guest\" is not an administrator, see `Realm::administrators`");
        assert_eq!(asked, why);
        assert!(answer.contains("not an administrator"), "{answer}");
    }
    let realm = handle(callers().administrators(["guest"]));
    assert!(realm.why("guest", Action::Call, "wamp.session.kill_all").unwrap().is_allowed());
    // Where there is no meta API nobody is its administrator, and the permission alone is told of.
    let realm = handle(Realm::new("realm1").allow_anonymous("guest"));
    assert!(realm.why("guest", Action::Call, "wamp.session.kill_all").unwrap().is_allowed());
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn where_only_listed_roles_may_do_anything_and_none_is_listed_nobody_may_call() {
    let routes = RouteSet::new().procedure("com.restart", || async {});
    let realm = Realm::new("realm1").allow_anonymous("guest").routes(routes).listed_roles_only();
    let (_, _, answer) = told_and_answered(realm, "com.restart").await;
    assert!(answer.contains("wamp.error.not_authorized"), "{answer}");
}
