//! The limits of a role: the last request within one and the first beyond it.

use serverwamp::{
    Action, Actions, Application, Limits, Realm, Refusal, RoleRules, RouteSet, Serializer, prefix,
};

const HELLO: &str = r#"[1,"realm1",{"roles":{"caller":{},"subscriber":{}}}]"#;

fn application(limit: impl FnOnce(RoleRules) -> RoleRules, limits: fn(&mut Limits)) -> Application {
    let routes = RouteSet::new().procedure("com.wait", || async { std::future::pending::<()>().await });
    let realm = Realm::router("realm1")
        .allow_anonymous("guest")
        .routes(routes)
        .role("guest", |role| limit(role.allow(Actions::ALL, prefix("com."))));
    Application::builder().realm(realm).limits(limits).build().unwrap()
}

/// The first answers to these requests, as many as are `wanted`.
async fn answers(application: &Application, requests: &[&str], wanted: usize) -> Vec<String> {
    let mut peer = application.connect(Serializer::Json);
    peer.send(HELLO.to_owned()).await.unwrap();
    peer.receive().await.unwrap();
    for request in requests {
        peer.send((*request).to_owned()).await.unwrap();
    }
    let mut answers = Vec::new();
    for _ in 0..wanted {
        answers.push(String::from_utf8(peer.receive().await.unwrap().to_vec()).unwrap());
    }
    answers
}

#[tokio::test]
async fn a_call_beyond_the_limit_of_its_role_is_refused_and_counted() {
    let calls = [r#"[48,1,{},"com.wait"]"#, r#"[48,2,{},"com.wait"]"#, r#"[48,3,{},"com.wait"]"#];
    let application = application(|role| role.calls_in_flight(2), |_| ());
    let refused = answers(&application, &calls, 1).await;
    assert!(refused[0].starts_with(r#"[8,48,3,{},"wamp.error.unavailable""#), "{refused:?}");
    assert!(refused[0].contains("more than 2 calls"), "{refused:?}");
    assert_eq!(application.statistics().refused(Refusal::Calls), 1);
}

#[tokio::test]
async fn a_subscription_beyond_the_limit_of_its_role_is_refused_and_counted() {
    let topics = [r#"[32,1,{},"com.a"]"#, r#"[32,2,{},"com.b"]"#, r#"[32,3,{},"com.c"]"#];
    let application = application(|role| role.subscriptions(2), |_| ());
    let found = answers(&application, &topics, 3).await;
    assert!(found[0].starts_with("[33,1,") && found[1].starts_with("[33,2,"), "{found:?}");
    assert!(found[2].starts_with(r#"[8,32,3,{},"wamp.error.unavailable""#), "{found:?}");
    assert_eq!(application.statistics().refused(Refusal::Subscriptions), 1);
}

#[tokio::test]
async fn a_role_has_no_more_than_everybody() {
    let limits = |limits: &mut Limits| {
        limits.subscriptions = 1;
        limits.calls_in_flight = 1;
    };
    let application = application(|role| role.subscriptions(2).calls_in_flight(2), limits);
    let found = answers(&application, &[r#"[32,1,{},"com.a"]"#, r#"[32,2,{},"com.b"]"#], 2).await;
    assert!(found[1].starts_with(r#"[8,32,2,{},"wamp.error.unavailable""#), "{found:?}");
    let found = answers(&application, &[r#"[48,1,{},"com.wait"]"#, r#"[48,2,{},"com.wait"]"#], 1).await;
    assert!(found[0].starts_with(r#"[8,48,2,{},"wamp.error.unavailable""#), "{found:?}");
}

#[test]
fn a_limit_of_zero_is_an_error_and_limits_alone_deny_nothing() {
    let guests = |limit: fn(RoleRules) -> RoleRules| {
        Realm::router("realm1").allow_anonymous("guest").role("guest", limit)
    };
    let built = Application::builder().realm(guests(|role| role.calls_in_flight(0).subscriptions(0))).build();
    let text = built.unwrap_err().to_string();
    assert_eq!(text.matches("a limit of 0").count(), 2, "{text}");
    let built = Application::builder().realm(guests(|role| role.calls_in_flight(1))).build().unwrap();
    let realm = built.realm("realm1").unwrap();
    assert!(realm.why("guest", Action::Publish, "com.a").unwrap().is_allowed());
}
