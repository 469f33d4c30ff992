//! The admin interface as its clients see it, and the table against what is served.

mod kept;
mod refusals;
mod registrations;
mod sessions;
mod statistics;
mod tap;
mod uris;

use super::table::{ArgumentKind, rows};
use super::{Admin, AdminPermission, routes};
use crate::client::Client;
use crate::{Application, Realm, Value, WampError};
use std::collections::BTreeSet;

/// An application of one realm with an admin interface in which everybody has these permissions.
fn application(permissions: impl IntoIterator<Item = AdminPermission>) -> Application {
    let admin = Admin::new().realm(|realm| realm.allow_anonymous("operator")).role("operator", permissions);
    let realm = Realm::router("realm1").allow_anonymous("guest");
    Application::builder().realm(realm).admin(admin).build().unwrap()
}

async fn operator(app: &Application) -> Client {
    app.join(Admin::REALM).await.unwrap()
}

/// Calls with these keyword arguments, and checks that the answer has the fields of the table, in its order.
async fn call(client: &Client, procedure: &str, arguments: &[(&str, Value)]) -> Result<Value, WampError> {
    let arguments: crate::Dict = arguments.iter().map(|(name, value)| (*name, value.clone())).collect();
    let answer: Value = client.call(procedure, crate::extract::Kwargs(arguments)).await?;
    let row = rows().find(|row| row.name == procedure).unwrap();
    let told: Vec<&str> = answer.as_dict().unwrap().iter().map(|(name, _)| name).collect();
    let promised: Vec<&str> = row.answer.iter().map(|field| field.name).collect();
    assert_eq!(told, promised, "{procedure}");
    Ok(answer)
}

fn integer(value: &Value, path: &str) -> i64 {
    path.split('.').fold(value, |value, key| value.get(key).unwrap()).as_i64().unwrap()
}

#[test]
fn the_reference_page_is_that_of_the_table() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/admin.md");
    let page = Admin::reference();
    if std::env::var_os("SERVERWAMP_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/admin.md is not that of the table: SERVERWAMP_BLESS=1 writes it again");
}

#[test]
fn the_table_names_nothing_twice_and_tells_of_everything() {
    let mut names = BTreeSet::new();
    for row in rows() {
        assert!(names.insert(row.name), "{} twice", row.name);
        assert!(row.name.starts_with("serverwamp.") && row.text.ends_with('.'), "{}", row.name);
        let mut arguments = BTreeSet::new();
        for argument in row.arguments {
            assert!(arguments.insert(argument.name) && argument.text.ends_with('.'), "{}", argument.name);
            if let ArgumentKind::Filter(keys) = argument.kind {
                assert_eq!(argument.name, "filter");
                assert!(keys.iter().all(|key| key.text.ends_with('.')), "{}", row.name);
            }
        }
        assert!(!row.answer.is_empty(), "{}", row.name);
        assert!(row.answer.iter().all(|field| field.text.ends_with('.')), "{}", row.name);
        assert!(row.errors.iter().all(|(uri, text)| uri.contains(".error.") && text.ends_with('.')));
    }
}

#[tokio::test]
async fn what_the_table_has_is_served_and_what_only_a_program_can_do_is_not() {
    let app = application(AdminPermission::ALL);
    let client = operator(&app).await;
    let described = call(&client, "serverwamp.admin.describe", &[]).await.unwrap();
    let items = described.get("items").unwrap().as_list().unwrap();
    let told: Vec<&str> = items.iter().map(|item| item.get("name").unwrap().as_str().unwrap()).collect();
    let served: Vec<&str> = routes::served(false).map(|row| row.name).collect();
    assert_eq!(told, served);
    for row in rows().filter(|row| !row.is_topic()) {
        let unknown = crate::extract::Kwargs(crate::Dict::from_iter([("no_such_argument", 1)]));
        let error = client.call::<Value, _>(row.name, unknown).await.unwrap_err();
        let expected =
            if row.needs_program() { "wamp.error.not_authorized" } else { "wamp.error.invalid_argument" };
        assert_eq!(error.uri(), expected, "{}: {error}", row.name);
    }
}

#[tokio::test]
async fn every_procedure_needs_its_permission() {
    for allowed in AdminPermission::ALL {
        let app = application([allowed]);
        let client = operator(&app).await;
        for row in rows().filter(|row| !row.is_topic() && !row.needs_program()) {
            let unknown = crate::extract::Kwargs(crate::Dict::from_iter([("no_such_argument", 1)]));
            let error = client.call::<Value, _>(row.name, unknown).await.unwrap_err();
            let expected = match row.permission == allowed {
                true => "wamp.error.invalid_argument",
                false => "wamp.error.not_authorized",
            };
            assert_eq!(error.uri(), expected, "{} with {}", row.name, allowed.name());
        }
    }
}

#[tokio::test]
async fn a_role_that_nobody_has_named_may_do_nothing() {
    let admin = Admin::new().realm(|realm| realm.allow_anonymous("stranger"));
    let realm = Realm::router("realm1").allow_anonymous("guest");
    let app = Application::builder().realm(realm).admin(admin).build().unwrap();
    let client = operator(&app).await;
    for row in rows().filter(|row| !row.is_topic() && !row.needs_program()) {
        let error = client.call::<Value, _>(row.name, ()).await.unwrap_err();
        assert_eq!(error.uri(), "wamp.error.not_authorized", "{}", row.name);
    }
    let subscribed = client.subscribe("serverwamp.stats.tick").await;
    // The topic is closed, as it is to everybody where no role may subscribe to it.
    assert_eq!(subscribed.unwrap_err().uri(), "wamp.error.invalid_uri");
    client.publish("com.x", ()).await.unwrap_err();
}

#[tokio::test]
async fn an_application_without_it_has_no_such_realm() {
    let app = Application::builder().realm(Realm::router("realm1").allow_anonymous("guest")).build().unwrap();
    let error = app.join(Admin::REALM).await.unwrap_err();
    assert!(error.to_string().contains("no_such_realm"), "{error}");
}

#[tokio::test]
async fn the_node_tells_what_it_is() {
    let app = application([AdminPermission::Read]);
    let client = operator(&app).await;
    let _guest = app.join("realm1").await.unwrap();
    let info = call(&client, "serverwamp.node.info", &[]).await.unwrap();
    assert_eq!(integer(&info, "sessions"), 2);
    assert_eq!(integer(&info, "realms"), 2);
    assert_eq!(integer(&info, "you.session"), i64::try_from(client.session_id().unwrap().get()).unwrap());
    assert_eq!(info.get("version").unwrap().as_str(), Some(env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn permissions_can_be_replaced_while_it_runs() {
    let app = application([AdminPermission::Read]);
    let client = operator(&app).await;
    call(&client, "serverwamp.node.info", &[]).await.unwrap();
    let admin = Admin::new()
        .realm(|realm| realm.allow_anonymous("operator"))
        .role("operator", [AdminPermission::Write]);
    app.realms().reconfigure(admin.into_reconfiguration()).unwrap().settled().await;
    let error = call(&client, "serverwamp.node.info", &[]).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.not_authorized");
}
