//! Registrations, subscriptions, and questions about permissions and denials.

use super::{application, call, integer, operator};
use crate::auth::{self, AuthId, Principal, Ticket};
use crate::{Actions, Admin, AdminPermission, Application, Dict, Realm, Value, prefix};

fn rows<'v>(page: &'v Value, name: &str) -> &'v [Value] {
    page.get(name).unwrap().as_list().unwrap()
}

fn realm1() -> (&'static str, Value) {
    ("realm", Value::from("realm1"))
}

#[tokio::test]
async fn registrations_are_listed_and_revoked() {
    let app = application(AdminPermission::ALL);
    let client = operator(&app).await;
    let callee = app.join("realm1").await.unwrap();
    let mut kept = Vec::new();
    for number in 0..5 {
        kept.push(callee.register(format!("com.number.{number}"), || async { 1 }).await.unwrap());
    }
    kept.push(callee.register("com.other", || async { 2 }).await.unwrap());
    let filter = Value::Dict(Dict::from_iter([("uri", "com.number.")]));
    let two = [realm1(), ("filter", filter.clone()), ("limit", Value::from(2))];
    let page = call(&client, "serverwamp.registration.query", &two).await.unwrap();
    assert_eq!(rows(&page, "registrations").len(), 2);
    let rest = [realm1(), ("filter", filter), ("cursor", page.get("next").unwrap().clone())];
    let rest = call(&client, "serverwamp.registration.query", &rest).await.unwrap();
    assert_eq!(rows(&rest, "registrations").len(), 3);
    assert!(rest.get("next").unwrap().is_null());
    let first = &rows(&page, "registrations")[0];
    assert_eq!((integer(first, "callees"), first.get("invoke").unwrap().as_str()), (1, Some("single")));
    let id = ("registration", Value::from(integer(first, "registration")));
    let told = call(&client, "serverwamp.registration.get", &[realm1(), id.clone()]).await.unwrap();
    assert_eq!(rows(&told, "callees").len(), 1);
    let revoked = call(&client, "serverwamp.registration.revoke", &[realm1(), id.clone()]).await.unwrap();
    assert_eq!(integer(&revoked, "revoked"), 1);
    let error = call(&client, "serverwamp.registration.revoke", &[realm1(), id]).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.no_such_registration");
    let uri = first.get("uri").unwrap().as_str().unwrap();
    let error = callee.call::<i64, _>(uri, ()).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.no_such_procedure");
}

#[tokio::test]
async fn subscriptions_are_listed_and_revoked() {
    let app = application(AdminPermission::ALL);
    let client = operator(&app).await;
    let subscriber = app.join("realm1").await.unwrap();
    let other = app.join("realm1").await.unwrap();
    let _one = subscriber.subscribe("com.topic").await.unwrap();
    let _two = other.subscribe("com.topic").await.unwrap();
    let _all = subscriber.subscribe(prefix("com.")).await.unwrap();
    let filter = Value::Dict(Dict::from_iter([("match", "exact")]));
    let page = call(&client, "serverwamp.subscription.query", &[realm1(), ("filter", filter)]).await.unwrap();
    let found = rows(&page, "subscriptions");
    assert_eq!((found.len(), integer(&page, "scanned")), (1, 2));
    assert_eq!(integer(&found[0], "subscribers"), 2);
    let id = ("subscription", Value::from(integer(&found[0], "subscription")));
    let told = call(&client, "serverwamp.subscription.get", &[realm1(), id.clone()]).await.unwrap();
    assert_eq!(rows(&told, "subscribers").len(), 2);
    let session = ("session", Value::from(other.session_id().unwrap().get()));
    let only = [realm1(), id.clone(), session];
    assert_eq!(integer(&call(&client, "serverwamp.subscription.revoke", &only).await.unwrap(), "revoked"), 1);
    let all = [realm1(), id];
    assert_eq!(integer(&call(&client, "serverwamp.subscription.revoke", &all).await.unwrap(), "revoked"), 1);
    let error = call(&client, "serverwamp.subscription.get", &all).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.no_such_subscription");
}

#[tokio::test]
async fn permissions_are_explained() {
    let guests = Realm::router("realm1")
        .allow_anonymous("guest")
        .role("guest", |role| role.allow(Actions::CALL, prefix("shop.")));
    let admin = Admin::new()
        .realm(|realm| realm.allow_anonymous("operator"))
        .role("operator", [AdminPermission::Read]);
    let app = Application::builder().realm(guests).admin(admin).build().unwrap();
    let client = operator(&app).await;
    let guest = app.join("realm1").await.unwrap();
    let ask = async |who: (&'static str, Value), action: &'static str, uri: &'static str| {
        let arguments = [realm1(), who, ("action", Value::from(action)), ("uri", Value::from(uri))];
        call(&client, "serverwamp.auth.explain", &arguments).await
    };
    let session = || ("session", Value::from(guest.session_id().unwrap().get()));
    let told = ask(session(), "call", "shop.order").await.unwrap();
    assert_eq!(told.get("allowed").unwrap().as_bool(), Some(true));
    let why = "role \"guest\": allow call of prefix \"shop.\"";
    assert_eq!(told.get("why").unwrap().as_str(), Some(why));
    let told = ask(("authrole", Value::from("guest")), "publish", "shop.order").await.unwrap();
    assert_eq!(told.get("allowed").unwrap().as_bool(), Some(false));
    let error = ask(session(), "call", "a..b").await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.invalid_uri");
    let error = ask(session(), "kill", "a.b").await.unwrap_err();
    assert!(error.to_string().contains("action: expected one of [\"call\""), "{error}");
}

#[tokio::test]
async fn the_last_denials_are_told_with_their_reasons_and_no_secret() {
    async fn check(AuthId(id): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
        (ticket.expose() == b"right").then(|| Principal::new(id).role("guest"))
    }
    let realm = Realm::router("realm1").authenticator(auth::ticket(check));
    let admin = Admin::new()
        .realm(|realm| realm.allow_anonymous("operator"))
        .role("operator", [AdminPermission::Read]);
    let app = Application::builder().realm(realm).admin(admin).build().unwrap();
    let client = operator(&app).await;
    for name in ["joe", "jane"] {
        assert!(app.join("realm1").ticket(name, "wr0ng-s3cret").await.is_err());
    }
    let told = call(&client, "serverwamp.auth.recent", &[]).await.unwrap();
    let names: Vec<_> =
        rows(&told, "denials").iter().map(|one| one.get("authid").unwrap().as_str()).collect();
    assert_eq!(names, [Some("jane"), Some("joe")]);
    assert!(!format!("{told:?}").contains("s3cret"), "{told:?}");
    let other = [("realm", Value::from("realm2"))];
    let told = call(&client, "serverwamp.auth.recent", &other).await.unwrap();
    assert!(rows(&told, "denials").is_empty());
}
