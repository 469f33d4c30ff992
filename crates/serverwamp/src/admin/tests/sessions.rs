//! Sessions: pages, filters, details, and their end.

use super::{application, call, integer, operator};
use crate::client::Client;
use crate::{AdminPermission, Application, Dict, Value};
use std::collections::BTreeSet;

async fn guests(app: &Application, number: usize) -> Vec<Client> {
    let mut guests = Vec::new();
    for _ in 0..number {
        guests.push(app.join("realm1").await.unwrap());
    }
    guests
}

fn ids(page: &Value) -> Vec<i64> {
    let rows = page.get("sessions").unwrap().as_list().unwrap();
    rows.iter().map(|row| integer(row, "session")).collect()
}

fn text(value: &str) -> Value {
    Value::from(value)
}

fn filter(key: &str, value: &str) -> Value {
    Value::Dict(Dict::from_iter([(key, value)]))
}

#[tokio::test]
async fn pages_have_every_session_once() {
    let app = application([AdminPermission::Read]);
    let client = operator(&app).await;
    let guests = guests(&app, 25).await;
    let mut found = Vec::new();
    let mut arguments = vec![("realm", text("realm1")), ("limit", Value::from(10))];
    loop {
        let page = call(&client, "serverwamp.session.query", &arguments).await.unwrap();
        assert!(ids(&page).len() <= 10);
        found.extend(ids(&page));
        let next = page.get("next").unwrap().clone();
        arguments.truncate(2);
        match next {
            Value::Null => break,
            next => arguments.push(("cursor", next)),
        }
    }
    let expected: BTreeSet<i64> =
        guests.iter().map(|guest| i64::try_from(guest.session_id().unwrap().get()).unwrap()).collect();
    assert_eq!(found.len(), 25);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test]
async fn the_highest_ids_come_first_if_that_is_asked_for() {
    let app = application([AdminPermission::Read]);
    let client = operator(&app).await;
    let _guests = guests(&app, 5).await;
    let mut arguments =
        vec![("realm", text("realm1")), ("limit", Value::from(3)), ("sort", Value::from("-id"))];
    let first = call(&client, "serverwamp.session.query", &arguments).await.unwrap();
    arguments.push(("cursor", first.get("next").unwrap().clone()));
    let second = call(&client, "serverwamp.session.query", &arguments).await.unwrap();
    assert!(second.get("next").unwrap().is_null());
    let mut found = [ids(&first), ids(&second)].concat();
    assert!(found.is_sorted_by(|one, next| one > next), "{found:?}");
    found.dedup();
    assert_eq!(found.len(), 5);
    arguments.remove(2);
    let error = call(&client, "serverwamp.session.query", &arguments).await.unwrap_err();
    assert!(error.to_string().contains("it is of a page in the other order"), "{error}");
}

#[tokio::test]
async fn a_page_looks_at_as_many_sessions_whether_there_are_few_or_many() {
    let app = application([AdminPermission::Read]);
    let client = operator(&app).await;
    let mut looked_at = Vec::new();
    let mut all = Vec::new();
    for number in [100, 2_000] {
        all.extend(guests(&app, number - all.len()).await);
        for sort in ["id", "-id"] {
            let arguments =
                [("realm", text("realm1")), ("limit", Value::from(50)), ("sort", Value::from(sort))];
            let page = call(&client, "serverwamp.session.query", &arguments).await.unwrap();
            looked_at.push(integer(&page, "scanned"));
        }
    }
    assert_eq!(looked_at, [50; 4]);
    let nothing = [("realm", text("realm1")), ("filter", filter("authid", "nobody"))];
    let page = call(&client, "serverwamp.session.query", &nothing).await.unwrap();
    assert_eq!((ids(&page).len(), integer(&page, "scanned")), (0, 1024), "and goes on from there");
}

#[tokio::test]
async fn a_page_goes_on_where_a_session_has_left() {
    let app = application([AdminPermission::Read]);
    let client = operator(&app).await;
    let guests = guests(&app, 6).await;
    let first = [("realm", text("realm1")), ("limit", Value::from(2))];
    let page = call(&client, "serverwamp.session.query", &first).await.unwrap();
    let (seen, next) = (ids(&page), page.get("next").unwrap().clone());
    // The one that the cursor names leaves.
    let realm = app.realm("realm1").unwrap();
    let is_named = |guest: &Client| i64::try_from(guest.session_id().unwrap().get()).unwrap() == seen[1];
    let (named, _others): (Vec<Client>, Vec<Client>) = guests.into_iter().partition(is_named);
    drop(named);
    while realm.sessions().len() > 5 {
        tokio::task::yield_now().await;
    }
    let rest = [("realm", text("realm1")), ("cursor", next)];
    let page = call(&client, "serverwamp.session.query", &rest).await.unwrap();
    assert_eq!(ids(&page).len(), 4);
    assert!(ids(&page).iter().all(|id| !seen.contains(id)));
}

#[tokio::test]
async fn filters_are_all_to_fit() {
    let app = application([AdminPermission::Read]);
    let client = operator(&app).await;
    let guests = guests(&app, 3).await;
    let query = async |filter: Value| {
        let arguments = [("realm", text("realm1")), ("filter", filter)];
        call(&client, "serverwamp.session.query", &arguments).await.map(|page| ids(&page).len())
    };
    assert_eq!(query(filter("authrole", "guest")).await.unwrap(), 3);
    assert_eq!(query(filter("authrole", "nobody")).await.unwrap(), 0);
    assert_eq!(query(filter("transport", "memory")).await.unwrap(), 3);
    assert_eq!(query(filter("serializer", "json")).await.unwrap(), 0);
    assert_eq!(query(filter("agent", "serverwamp")).await.unwrap(), 3);
    let both = Dict::from_iter([("authrole", "guest"), ("authmethod", "ticket")]);
    assert_eq!(query(Value::Dict(both)).await.unwrap(), 0);
    let error = query(filter("colour", "red")).await.unwrap_err();
    assert!(error.to_string().contains("unknown filter \"colour\"; there are: authid, "), "{error}");
    let error = query(filter("address", "here")).await.unwrap_err();
    assert!(error.to_string().contains("filter.address: expected an IP address"), "{error}");
    drop(guests);
}

#[tokio::test]
async fn cursors_and_realms_that_are_gone_are_said_to_be() {
    let app = application([AdminPermission::Read]);
    let client = operator(&app).await;
    let _guests = guests(&app, 3).await;
    let first = [("realm", text("realm1")), ("limit", Value::from(1))];
    let page = call(&client, "serverwamp.session.query", &first).await.unwrap();
    let next = page.get("next").unwrap().clone();
    let with = |cursor| [("realm", text("realm1")), ("cursor", cursor)];
    let error = call(&client, "serverwamp.session.query", &with(text("7"))).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.invalid_argument");
    for list in ["registration", "subscription", "history"] {
        let error =
            call(&client, &format!("serverwamp.{list}.query"), &with(next.clone())).await.unwrap_err();
        assert!(error.uri() == "wamp.error.invalid_argument" && error.to_string().contains("another list"));
    }
    app.realms().stop("realm1", "wamp.close.close_realm").unwrap().settled().await;
    let error = call(&client, "serverwamp.session.query", &with(next.clone())).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.no_such_realm");
    app.realms().add(crate::Realm::router("realm1").allow_anonymous("guest")).unwrap();
    let error = call(&client, "serverwamp.session.query", &with(next)).await.unwrap_err();
    assert_eq!(error.uri(), "serverwamp.error.cursor_expired");
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_named() {
    let app = application([AdminPermission::Read]);
    let client = operator(&app).await;
    let realm = || ("realm", text("realm1"));
    for (arguments, expected) in [
        (vec![], "realm: expected a string, got nothing"),
        (vec![("realm", Value::from(3))], "realm: expected a string, got 3"),
        (vec![realm(), ("limit", Value::from(0))], "limit: expected an integer from 1 to 500, got 0"),
        (vec![realm(), ("limit", Value::from(501))], "limit: expected an integer from 1 to 500, got 501"),
        (vec![realm(), ("sort", text("authid"))], "sort: expected one of [\"id\", \"-id\"], got \"authid\""),
        (vec![realm(), ("page", Value::from(3))], "unknown argument \"page\"; there are: realm, filter"),
    ] {
        let error = call(&client, "serverwamp.session.query", &arguments).await.unwrap_err();
        assert_eq!(error.uri(), "wamp.error.invalid_argument");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let error = client.call::<Value, _>("serverwamp.session.query", ("realm1", (), (), (), 1, 2)).await;
    assert!(error.unwrap_err().to_string().contains("at most 5 positional arguments, got 6"));
    let page: Value = client.call("serverwamp.session.query", ("realm1", (), (), (), 1)).await.unwrap();
    assert_eq!(ids(&page).len(), 0);
}

#[tokio::test]
async fn a_session_is_told_with_what_it_holds_and_how_much_it_sends() {
    let app = application([AdminPermission::Read]);
    let client = operator(&app).await;
    let guest = app.join("realm1").await.unwrap();
    let _subscriber = guest.subscribe("com.topic").await.unwrap();
    let id = guest.session_id().unwrap().get();
    let arguments = [("realm", text("realm1")), ("session", Value::from(id)), ("rate_ms", Value::from(20))];
    let told = call(&client, "serverwamp.session.get", &arguments).await.unwrap();
    assert_eq!(integer(&told, "subscription_count"), 1);
    let subscription = &told.get("subscriptions").unwrap().as_list().unwrap()[0];
    assert_eq!(subscription.get("uri").unwrap().as_str(), Some("com.topic"));
    assert_eq!(integer(&told, "messages.received SUBSCRIBE"), 1);
    assert_eq!(told.get("session").unwrap().get("authrole").unwrap().as_str(), Some("guest"));
    let rate = told.get("rates").unwrap().get("received_messages").unwrap().as_f64().unwrap();
    assert!(rate.abs() < f64::EPSILON, "it has sent nothing meanwhile");
    assert!(told.get("features").unwrap().get("subscriber").unwrap().as_list().is_some());
    let arguments = [("realm", text("realm1")), ("session", Value::from(7))];
    let error = call(&client, "serverwamp.session.get", &arguments).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.no_such_session");
}

#[tokio::test]
async fn sessions_are_ended_by_id_and_by_role_but_not_the_callers_own() {
    let app = application(AdminPermission::ALL);
    let client = operator(&app).await;
    let guests = guests(&app, 150).await;
    let id = guests[0].session_id().unwrap().get();
    let arguments = [("realm", text("realm1")), ("session", Value::from(id)), ("message", text("bye"))];
    let ended = call(&client, "serverwamp.session.kill", &arguments).await.unwrap();
    assert_eq!(integer(&ended, "ended"), 1);
    let end = guests[0].closed().await;
    assert!(format!("{end:?}").contains("wamp.close.killed"), "{end:?}");
    let arguments = [("realm", text("realm1")), ("authrole", text("guest"))];
    let ended = call(&client, "serverwamp.session.kill", &arguments).await.unwrap();
    assert_eq!(integer(&ended, "ended"), 149);
    let own = [("realm", text(crate::Admin::REALM)), ("authrole", text("operator"))];
    let ended = call(&client, "serverwamp.session.kill", &own).await.unwrap();
    assert_eq!(integer(&ended, "ended"), 0);
    let all = [("realm", text("realm1"))];
    let error = call(&client, "serverwamp.session.kill", &all).await.unwrap_err();
    assert!(error.to_string().contains("one of session, authid"), "{error}");
}
