//! What is wrong with permissions is said when the application is built; which one decides can be asked.

use crate::auth::{self, Principal};
use crate::{
    Action, Actions, Application, ConfigError, Realm, RealmHandle, RouteSet, WampError, prefix, regex,
    wildcard,
};

fn problems(realm: Realm) -> Vec<String> {
    let built = Application::builder().realm(realm).build();
    built.map_or_else(
        |ConfigError { problems, .. }| problems.iter().map(ToString::to_string).collect(),
        |_| Vec::new(),
    )
}

/// That one thing alone is wrong, and what.
#[track_caller]
fn one(realm: Realm, part: &str) {
    let found = problems(realm);
    assert!(matches!(found.as_slice(), [one] if one.contains(part)), "{part:?} in {found:?}");
}

fn guests(permit: impl FnOnce(crate::RoleRules) -> crate::RoleRules) -> Realm {
    Realm::router("realm1").allow_anonymous("guest").role("guest", permit)
}

fn handle(realm: Realm) -> RealmHandle {
    Application::builder().realm(realm).build().unwrap().realm("realm1").unwrap()
}

#[test]
fn permissions_that_can_never_count_are_refused() {
    one(guests(|role| role.allow(Actions::CALL, "com..a")), "\"com..a\" is not a valid URI");
    one(guests(|role| role.allow(Actions::CALL, regex("com.*"))), "not for regex(\"com.*\")");
    one(guests(|role| role.allow(Actions::default(), "com.a")), "no action at all");
    // What means a prefix elsewhere would deny nothing.
    one(guests(|role| role.deny(Actions::ALL, "com.*")), "write prefix(\"com.\")");
    one(guests(|role| role.deny(Actions::ALL, prefix("com.*"))), "write prefix(\"com.\")");
    // A list from a file that is empty would open everything.
    one(guests(|role| role), "role \"guest\" is given no permission");
    let nothing = guests(|role| role.deny(Actions::ALL, prefix("")));
    assert_eq!(problems(nothing), Vec::<String>::new());
    one(
        guests(|role| role.allow(Actions::REGISTER | Actions::PUBLISH, prefix("wamp."))),
        "can never be registered",
    );
    let twice = |role: crate::RoleRules| role.allow(Actions::CALL, "com.a").deny(Actions::ALL, "com.a");
    one(guests(twice), "`allow call of com.a` never counts");
    one(
        Realm::router("realm1")
            .allow_anonymous("guest")
            .strict_uris()
            .role("guest", |role| role.allow(Actions::CALL, "com.A")),
        "not a valid URI",
    );
    one(
        Realm::new("realm1").allow_anonymous("guest").allow_publish_to("a..b"),
        "\"a..b\" is not a valid URI",
    );
    let routes = RouteSet::new().open_topic("a.b").topic("a.b", || async {});
    one(Realm::new("realm1").allow_anonymous("guest").routes(routes), "already has a route");
}

#[test]
fn permissions_for_a_meta_api_that_is_not_there_are_refused() {
    let realm = || Realm::new("realm1").allow_anonymous("guest");
    let with = |actions, pattern: crate::RoutePattern| {
        realm().role("guest", move |role| role.allow(actions, pattern))
    };
    let line = line!() + 2;
    let built = Application::builder()
        .realm(realm().role("guest", |role| role.allow(Actions::CALL, prefix("wamp."))))
        .build();
    let text = built.unwrap_err().to_string();
    assert!(
        text.contains(&format!("tests.rs:{line}:"))
            && text.contains("role \"guest\": `allow call of prefix(\"wamp.\")` can never match")
            && text.contains("add `Realm::meta_api`"),
        "{text}"
    );
    const NEVER: &str = "can never match, because the realm has no meta API";
    one(with(Actions::ALL, prefix("wamp.")), NEVER);
    one(with(Actions::CALL, wildcard("wamp..list")), NEVER);
    one(with(Actions::SUBSCRIBE, "wamp.session.on_join".into()), NEVER);
    one(realm().allow_publish_to("wamp.topic"), NEVER);
    // A service for all calls gets those as well, but nobody publishes the events.
    let service = || {
        tower::service_fn(|_: crate::request::Invocation| async {
            Err::<crate::reply::CallReply, _>(WampError::unavailable("not today"))
        })
    };
    one(with(Actions::SUBSCRIBE, prefix("wamp.")).service(service()), NEVER);
    for fine in [
        with(Actions::CALL, prefix("wamp.")).service(service()),
        with(Actions::ALL, prefix("wamp.")).meta_api(),
        with(Actions::SUBSCRIBE, "wamp.session.on_join".into()).meta_api(),
        // `wampum` as well.
        with(Actions::CALL, prefix("wamp")),
        realm().role("guest", |role| role.allow(Actions::CALL, "com.a").deny(Actions::ALL, prefix("wamp."))),
    ] {
        assert_eq!(problems(fine), Vec::<String>::new());
    }
}

#[test]
fn authorizers_that_could_never_decide_are_refused() {
    let asked = |realm: Realm| realm.authorizer(|| async { true });
    let registering = |role: crate::RoleRules| role.allow(Actions::REGISTER, "com.auth");
    assert_eq!(problems(asked(guests(registering))), Vec::<String>::new());
    assert_eq!(
        problems(guests(registering).authorizer_procedure("com.auth").forget_decisions_on("com.forget")),
        Vec::<String>::new()
    );
    one(
        guests(registering).authorizer_procedure("com.other"),
        "no role may register the authorizer \"com.other\"",
    );
    one(guests(|role| role.authorizer_procedure("com..auth")), "the authorizer \"com..auth\"");
    one(guests(|role| role.authorizer_procedure("wamp.auth")), "the router's own");
    one(asked(asked(guests(registering))), "the realm already has an authorizer of the application");
    let twice = guests(|role| registering(role).authorizer_procedure("com.auth"));
    let twice = twice.role_authorizer("guest", || async { false });
    one(twice, "role \"guest\" already has the authorizer \"com.auth\"");
    one(
        guests(registering).role_authorizer("admin", || async { true }),
        "speaks of the role \"admin\", which nobody can get",
    );
    one(guests(registering).forget_decisions_on("com.t"), "no authorizer whose decisions");
    one(asked(guests(registering)).forget_decisions_on("com..t"), "the topic \"com..t\"");
}

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
    let nothing = |role: &str| (format!("role {role:?}: no rule names it"), false, false);
    assert_eq!(why("user", Action::Register, "com.auth"), nothing("user"));
    assert_eq!(why("guest", Action::Publish, "org.forget"), nothing("guest"));
}

#[test]
fn a_role_that_nobody_can_get_is_refused() {
    let guests = || Realm::new("realm1").allow_anonymous("guest");
    let admins = |role: crate::RoleRules| role.allow(Actions::CALL, prefix("admin."));
    one(
        guests().role("admin", admins),
        "speaks of the role \"admin\", which nobody can get: its only role is \"guest\"",
    );
    one(guests().administrators(["root"]), "the role \"root\", which nobody can get");
    let required = |role| RouteSet::new().open_topic("alerts").require_role(role);
    one(guests().routes(required("admin")), "the role \"admin\", which nobody can get");
    one(guests().routes(required("guest").require_role("admin")), "a session has one role");
    assert_eq!(problems(guests().routes(required("guest"))), Vec::<String>::new());
    let anybody = auth::transport("cookie", || async { None::<Principal> });
    assert_eq!(problems(guests().authenticator(anybody).role("admin", admins)), Vec::<String>::new());
}

#[test]
fn everything_that_is_wrong_with_permissions_is_said_at_once() {
    let wrong = |role: crate::RoleRules| {
        role.allow(Actions::CALL, "com..a")
            .deny(Actions::CALL, regex("a"))
            .deny(Actions::ALL, "com.*")
            .allow(Actions::PUBLISH, "wamp.a")
            .allow(Actions::CALL, "com.twice")
            .deny(Actions::CALL, "com.twice")
            .calls_in_flight(0)
            .subscriptions(usize::MAX)
    };
    let realm = guests(wrong)
        .allow_register_of("b..c")
        .role("nobody", |role| role.allow(Actions::CALL, "d..e"))
        .role("empty", |role| role)
        .role("", |role| role.allow(Actions::CALL, "com.a"))
        .administrators(["root"]);
    let found = problems(realm);
    let parts = [
        "com..a",
        "regex(\"a\")",
        "write prefix(\"com.\")",
        "\"wamp.a\" can never be registered",
        "`allow call of com.twice` never counts",
        "a limit of 0",
        "`Limits::subscriptions` is 1024",
        "b..c",
        "d..e",
        "\"nobody\", which nobody can get",
        "role \"empty\" is given no permission",
        "\"empty\", which nobody can get",
        "has the role \"\"",
        "\"root\", which nobody can get",
    ];
    for part in parts {
        let mut about = found.iter().filter(|problem| problem.contains(part));
        let problem = about.next().unwrap_or_else(|| panic!("{part:?} in {found:#?}"));
        assert!(problem.contains("api/realm/tests.rs:"), "file and line in {problem}");
        assert_eq!(about.count(), 0, "{part:?} once in {found:#?}");
    }
    assert_eq!(found.len(), parts.len(), "{found:#?}");
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
