//! What is wrong with permissions is said when the application is built; which one decides can be asked.

mod why;

use crate::auth::{self, Principal};
use crate::{
    Actions, Application, ConfigError, Realm, RealmHandle, RouteSet, WampError, prefix, regex, wildcard,
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
    one(guests(|role| role.deny(Actions::ALL, "com.")), "component 1 is empty: write prefix(\"com.\")");
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
        text.contains(&format!("tests/mod.rs:{line}:"))
            && text.contains("role \"guest\": `allow call of prefix(\"wamp.\")` can never match")
            && text.contains("add `Realm::meta_api`"),
        "{text}"
    );
    const NEVER: &str = "can never match, because the realm has no meta API";
    one(with(Actions::ALL, prefix("wamp.")), NEVER);
    one(with(Actions::CALL, wildcard("wamp..list")), NEVER);
    one(with(Actions::SUBSCRIBE, "wamp.session.on_join".into()), NEVER);
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
fn permissions_for_what_no_router_has_under_wamp_are_refused() {
    const OWN: &str =
        "can never be registered or published to: URIs that start with `wamp.` are the router's own";
    const NOTHING: &str = "can never match: the meta API has nothing of this name";
    let realm = || Realm::router("realm1").allow_anonymous("guest").meta_api();
    let with = |actions, pattern: crate::RoutePattern| {
        realm().role("guest", move |role| role.allow(actions, pattern))
    };
    one(realm().allow_publish_to("wamp.session.on_join"), OWN);
    one(realm().allow_publish_to(prefix("wamp.")), OWN);
    one(realm().allow_register_of("wamp.x"), OWN);
    one(with(Actions::SUBSCRIBE | Actions::PUBLISH, prefix("wamp.session.")), OWN);
    one(with(Actions::CALL, "wamp.session.cuont".into()), NOTHING);
    one(with(Actions::CALL, "wamp".into()), NOTHING);
    one(with(Actions::SUBSCRIBE, "wamp.session.count".into()), NOTHING);
    one(with(Actions::ALL, wildcard("wamp..left")), NOTHING);
    one(realm().role("guest", |role| role.deny(Actions::CALL, "wamp.session.kil")), NOTHING);
    for fine in [
        realm().allow_publish_to(prefix("wamp")),
        with(Actions::CALL | Actions::SUBSCRIBE, "wamp.session.on_join".into()),
        with(Actions::CALL, wildcard("wamp..list")),
        with(Actions::ALL, "wamp.topic.remove_retained".into()),
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
        assert!(problem.contains("api/realm/tests/mod.rs:"), "file and line in {problem}");
        assert_eq!(about.count(), 0, "{part:?} once in {found:#?}");
    }
    assert_eq!(found.len(), parts.len(), "{found:#?}");
}
