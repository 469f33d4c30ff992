//! Authorizers: who may be one, whom they are asked about, and what becomes of what they have allowed.

use crate::peer::Peer;
use serverwamp::auth::{self, AuthId, DynamicSettings, Principal, Ticket};
use serverwamp::{Actions, Application, Limits, Realm, prefix};

/// `root` decides about others, everybody else is a user.
async fn check(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    let role = if authid == "root" { "admin" } else { "user" };
    ticket.matches("secret").then(|| Principal::new(authid).role(role))
}

/// A realm in which clients' procedures decide what users may do, and who comes in as a `device`.
fn application(limits: fn(&mut Limits)) -> Application {
    let realm = Realm::router("realm1")
        .authenticator(auth::ticket(check))
        .authenticator(auth::dynamic_transport("device", DynamicSettings::new("com.authenticate")))
        .role("admin", |role| role.allow(Actions::ALL, prefix("com.")))
        .role("user", |role| role.authorizer_procedure("com.auth"));
    Application::builder().limits(limits).realm(realm).build().unwrap()
}

/// The session that decides, which has registered both procedures.
async fn root(app: &Application) -> Peer {
    let mut root = Peer::join_as(app, "realm1", "root", "secret").await;
    for (request, procedure) in [(1, "com.authenticate"), (2, "com.auth")] {
        let registered = root.ask(&format!(r#"[64,{request},{{"invoke":"first"}},"{procedure}"]"#)).await;
        assert!(registered.starts_with("[65,"), "{registered}");
    }
    root
}

#[tokio::test]
async fn a_question_that_is_passed_on_goes_to_nobody_whom_a_procedure_let_in() {
    let app = application(|_| {});
    let mut root = root(&app).await;
    let mut joe = Peer::join_as(&app, "realm1", "joe", "secret").await;
    joe.say(r#"[48,1,{},"com.p"]"#).await;
    assert!(root.hear().await.starts_with("[68,1,"));
    // While the authorizer thinks, a session that it has let in itself joins its registration.
    let mut device = Peer::connect(&app);
    device.say(r#"[1,"realm1",{"roles":{"callee":{}},"authmethods":["device"]}]"#).await;
    assert!(root.hear().await.starts_with("[68,2,"));
    root.say(r#"[70,2,{},[{"authid":"device7","role":"admin"}]]"#).await;
    assert!(device.hear().await.starts_with("[2,"));
    let registered = device.ask(r#"[64,1,{"invoke":"first"},"com.auth"]"#).await;
    assert!(registered.starts_with("[65,"), "{registered}");
    root.say(r#"[8,68,1,{},"wamp.error.unavailable"]"#).await;
    let answer = joe.hear().await;
    assert!(answer.starts_with(r#"[8,48,1,{},"wamp.error.authorization_failed""#), "{answer}");
    assert!(device.ask("[34,2,1]").await.starts_with("[8,34,2,"), "it has been asked nothing");
}

#[tokio::test]
async fn the_questions_about_one_session_leave_places_for_those_about_others() {
    let app = application(|limits| limits.invocations_in_flight = 8);
    let mut root = root(&app).await;
    let mut greedy = Peer::join_as(&app, "realm1", "joe", "secret").await;
    for request in 1..=8 {
        greedy.say(&format!(r#"[48,{request},{{}},"com.p"]"#)).await;
        assert!(root.hear().await.starts_with(&format!("[68,{request},")));
    }
    let mut other = Peer::join_as(&app, "realm1", "ann", "secret").await;
    other.say(r#"[48,1,{},"com.p"]"#).await;
    let question = root.hear().await;
    assert!(question.starts_with("[68,9,") && question.contains(r#""authid":"ann""#), "{question}");
    root.say("[70,9,{},[true]]").await;
    assert!(other.hear().await.contains("wamp.error.no_such_procedure"), "it was allowed");
    // The newest question of the greedy one gave way.
    for request in 1..=8 {
        root.say(&format!("[70,{request},{{}},[false]]")).await;
        let answer = greedy.hear().await;
        let expected = if request == 8 { "authorization_failed" } else { "not_authorized" };
        assert!(answer.starts_with(&format!("[8,48,{request},{{}},\"wamp.error.{expected}\"")), "{answer}");
    }
}
