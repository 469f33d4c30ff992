//! Retained events and histories: told without payloads, and removed.

use super::{call, integer, operator};
use crate::{Admin, AdminPermission, Application, Dict, Realm, TopicSettings, Value, prefix};

fn rows<'v>(page: &'v Value, name: &str) -> &'v [Value] {
    page.get(name).unwrap().as_list().unwrap()
}

fn application() -> Application {
    let admin =
        Admin::new().realm(|realm| realm.allow_anonymous("operator")).role("operator", AdminPermission::ALL);
    let realm = Realm::router("realm1")
        .allow_anonymous("guest")
        .topic_settings(prefix("log."), TopicSettings::new().history(10));
    Application::builder().realm(realm).admin(admin).build().unwrap()
}

fn realm1() -> (&'static str, Value) {
    ("realm", Value::from("realm1"))
}

#[tokio::test]
async fn retained_topics_are_told_in_pages_and_purged() {
    let app = application();
    let client = operator(&app).await;
    let guest = app.join("realm1").await.unwrap();
    for topic in ["a.1", "a.2", "a.3", "a", "ab", "b"] {
        guest.publication(topic).retain().send("secret text").await.unwrap();
    }
    let filter = || ("filter", Value::Dict(Dict::from_iter([("topic", "a.")])));
    let first = [realm1(), filter(), ("limit", Value::from(2))];
    let page = call(&client, "serverwamp.retained.query", &first).await.unwrap();
    let names = |page: &Value| {
        let topics =
            rows(page, "topics").iter().map(|row| row.get("topic").unwrap().as_str().unwrap().to_owned());
        topics.collect::<Vec<_>>()
    };
    assert_eq!(names(&page), ["a.1", "a.2"]);
    assert!(!format!("{page:?}").contains("secret"));
    let rest = [realm1(), filter(), ("cursor", page.get("next").unwrap().clone())];
    let page = call(&client, "serverwamp.retained.query", &rest).await.unwrap();
    assert_eq!((names(&page), page.get("next").unwrap().is_null()), (vec!["a.3".to_owned()], true));
    let all = call(&client, "serverwamp.retained.query", &[realm1()]).await.unwrap();
    assert_eq!(names(&all), ["a", "a.1", "a.2", "a.3", "ab", "b"]);
    let exact = Value::Dict(Dict::from_iter([("topic", "a")]));
    let found = call(&client, "serverwamp.retained.query", &[realm1(), ("filter", exact)]).await.unwrap();
    assert_eq!(names(&found), ["a", "a.1", "a.2", "a.3", "ab"]);
    let error = call(&client, "serverwamp.retained.query", &[realm1(), ("cursor", Value::from("1-a"))]).await;
    assert_eq!(error.unwrap_err().uri(), "serverwamp.error.cursor_expired");
    let some = [realm1(), ("topic", Value::from("a.")), ("match", Value::from("prefix"))];
    let purged = call(&client, "serverwamp.retained.purge", &some).await.unwrap();
    assert_eq!(integer(&purged, "purged"), 3);
    let left = call(&client, "serverwamp.retained.query", &[realm1()]).await.unwrap();
    assert_eq!(names(&left), ["a", "ab", "b"]);
}

#[tokio::test]
async fn histories_are_told_and_purged() {
    let app = application();
    let client = operator(&app).await;
    let guest = app.join("realm1").await.unwrap();
    for number in 0..3 {
        guest.publish("log.line", number).await.unwrap();
    }
    let page = call(&client, "serverwamp.history.query", &[realm1()]).await.unwrap();
    let found = &rows(&page, "histories")[0];
    assert_eq!((integer(found, "events"), found.get("uri").unwrap().as_str()), (3, Some("log.")));
    let id = ("subscription", Value::from(integer(found, "subscription")));
    let purged = call(&client, "serverwamp.history.purge", &[realm1(), id.clone()]).await.unwrap();
    assert_eq!(integer(&purged, "purged"), 3);
    guest.publish("log.line", 4).await.unwrap();
    let page = call(&client, "serverwamp.history.query", &[realm1()]).await.unwrap();
    assert_eq!(integer(&rows(&page, "histories")[0], "events"), 1, "another one has begun");
    let other = [realm1(), ("subscription", Value::from(77))];
    let error = call(&client, "serverwamp.history.purge", &other).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.no_such_subscription");
}
