//! Who a client in the same process is: principals, requests, tickets, secrets, refusals.

use serverwamp::auth::{self, AuthId, CraCredential, Principal, Salting, Secret, Ticket};
use serverwamp::client::ClientError;
use serverwamp::extract::{Args, Identity};
use serverwamp::{Application, PendingSession, Realm, RouteSet, Session, TransportInfo};
use std::future::IntoFuture;
use std::time::Duration;

struct Member {
    name: &'static str,
}

async fn whoami(session: Session) -> Args<(String, String, String)> {
    Args((session.authid().to_owned(), session.authrole().to_owned(), session.authmethod().to_owned()))
}

async fn by_cookie(transport: TransportInfo) -> Option<Principal> {
    (transport.cookie("session")? == "abc").then(|| Principal::new("joe").role("customer"))
}

async fn by_ticket(AuthId(authid): AuthId, ticket: Ticket) -> Option<Principal> {
    (authid == "joe" && ticket.0.matches("s3cret")).then(|| Principal::new(authid).role("customer"))
}

async fn by_secret(AuthId(authid): AuthId) -> Option<CraCredential> {
    let salting = Salting::new("pepper", 100, 32);
    let principal = Principal::new(authid.clone()).role("customer");
    match &*authid {
        "plain" => Some(CraCredential::new(Secret::from("s3cret"), principal)),
        "salted" => {
            let key = auth::derive_key(&Secret::from("s3cret"), &salting);
            Some(CraCredential::derived(key, salting, principal))
        }
        _ => None,
    }
}

fn application() -> Application {
    let routes = RouteSet::new()
        .procedure("app.whoami", whoami)
        .procedure("app.path", |transport: TransportInfo| async move { transport.path().map(str::to_owned) })
        .procedure("app.member", |member: Identity<Member>| async move { member.name });
    let realm = Realm::new("realm1")
        .authenticator(auth::transport("cookie", by_cookie))
        .authenticator(auth::ticket(by_ticket))
        .authenticator(auth::cra(by_secret))
        .routes(routes);
    let waits = Realm::new("waits").allow_anonymous("guest").on_join(|pending: PendingSession| async move {
        std::future::pending::<()>().await;
        drop(pending);
    });
    Application::builder().realm(realm).realm(waits).build().unwrap()
}

#[tokio::test]
async fn a_principal_is_in_without_a_proof() {
    let principal = Principal::new("joe").role("admin").identity(Member { name: "Joe" });
    let client = application().join("realm1").as_principal(principal).await.unwrap();
    assert_eq!((client.realm(), &*client.authid(), &*client.authrole()), ("realm1", "joe", "admin"));
    let name: String = client.call("app.member", ()).await.unwrap();
    assert_eq!(name, "Joe");
}

#[tokio::test]
async fn a_request_brings_its_path_and_its_cookies() {
    let request = |cookie: &str| {
        let request = http::Request::get("/ws?v=1").header("cookie", cookie).body(()).unwrap();
        request.into_parts().0
    };
    let app = application();
    let client = app.join("realm1").with_request(request("a=b; session=abc")).await.unwrap();
    let path: String = client.call("app.path", ()).await.unwrap();
    assert_eq!(path, "/ws");
    let (authid, role, method): (String, String, String) = client.call("app.whoami", ()).await.unwrap();
    assert_eq!((&*authid, &*role, &*method), ("joe", "customer", "cookie"));
    let refused = app.join("realm1").with_request(request("session=wrong")).await.unwrap_err();
    assert!(
        matches!(&refused, ClientError::Refused(error) if error.uri() == "wamp.error.no_matching_auth_method")
    );
}

#[tokio::test]
async fn tickets_and_secrets_are_proofs_and_wrong_ones_are_refused() {
    let app = application();
    let client = app.join("realm1").ticket("joe", "s3cret").await.unwrap();
    let (_, _, method): (String, String, String) = client.call("app.whoami", ()).await.unwrap();
    assert_eq!(method, "ticket");
    for authid in ["plain", "salted"] {
        let client = app.join("realm1").cra(authid, "s3cret").await.unwrap();
        assert_eq!((&*client.authid(), &*client.authrole()), (authid, "customer"));
    }
    for wrong in [app.join("realm1").ticket("joe", "wrong"), app.join("realm1").cra("salted", "wrong")] {
        let refused = wrong.await.unwrap_err();
        let ClientError::Refused(error) = &refused else { panic!("{refused:?}") };
        assert_eq!(error.uri(), "wamp.error.authentication_denied");
        let text = "the router refused the session: wamp.error.authentication_denied: authentication denied";
        assert_eq!(refused.to_string(), text);
    }
}

#[tokio::test]
async fn a_realm_that_is_not_there_refuses() {
    let app = application();
    let refused = app.join("nowhere").await.unwrap_err();
    assert!(matches!(&refused, ClientError::Refused(error) if error.uri() == "wamp.error.no_such_realm"));
}

#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_decide_is_waited_for_as_long_as_said() {
    let late = application().join("waits").timeout(Duration::from_secs(3)).await.unwrap_err();
    assert!(matches!(late, ClientError::Timeout(timeout) if timeout.as_secs() == 3), "{late:?}");
}

#[test]
fn outside_of_a_runtime_there_is_no_client() {
    let error = futures_executor::block_on(application().join("realm1").into_future()).unwrap_err();
    assert!(matches!(error, ClientError::Runtime(_)), "{error:?}");
    assert!(error.to_string().starts_with("no client can run here: "), "{error}");
}

#[tokio::test]
async fn after_a_shutdown_nobody_joins_and_is_told_why() {
    let app = Application::builder().realm(Realm::<()>::router("realm1").allow_anonymous("guest"));
    let app = app.build().unwrap();
    app.shutdown(Duration::from_secs(1)).await;
    let error = app.join("realm1").await.unwrap_err();
    assert!(error.to_string().contains("join before `shutdown`"), "{error}");
}
