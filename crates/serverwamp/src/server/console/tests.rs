//! The console as a service: hosts, and the login by a link.

use super::*;
use crate::websocket::Hosts;
use crate::{Admin, AdminPermission, Realm, auth};
use http::StatusCode;
use tower::ServiceExt as _;

fn app(console: &Console) -> Application {
    let admin = Admin::new().realm(|realm| realm.authenticator(auth::console(console)));
    Application::builder()
        .websocket(|config| config.hosts = Hosts::loopback())
        .realm(Realm::new("realm1").allow_anonymous("guest"))
        .admin(admin.role("operator", [AdminPermission::Read]))
        .build()
        .unwrap()
}

async fn status(service: &ConsoleService, path: &str, host: &str) -> StatusCode {
    let request = Request::get(path).header("host", host).body(()).unwrap();
    service.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn pages_are_for_the_hosts_of_the_application() {
    let console = Console::new();
    let service = app(&console).console(&console);
    assert_eq!(status(&service, "/console/", "localhost:8080").await, StatusCode::OK);
    assert_eq!(status(&service, "/console/", "evil.example").await, StatusCode::FORBIDDEN);
    assert_eq!(status(&service, "/console/ws", "evil.example").await, StatusCode::FORBIDDEN);
    assert_eq!(status(&service, "/console/ws", "localhost").await, StatusCode::UPGRADE_REQUIRED);
    assert_eq!(status(&service, "/elsewhere", "localhost").await, StatusCode::NOT_FOUND);
}

#[cfg(feature = "client")]
#[tokio::test]
async fn the_cookie_of_a_link_is_a_login() {
    let console = Console::new();
    let app = app(&console);
    let service = app.console(&console);
    let link = console.link(Visitor { authid: "ann".to_owned(), role: "operator".to_owned() }).unwrap();
    let token = link.strip_prefix("/console/#token=").unwrap();
    let login = Request::post("/console/login")
        .header("host", "localhost:8080")
        .header("origin", "http://localhost:8080")
        .header("authorization", format!("Bearer {token}"));
    let answer = service.oneshot(login.body(()).unwrap()).await.unwrap();
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    let cookie = set.split(';').next().unwrap();
    let opened = |cookie: &str| {
        let request = Request::get("/console/ws").header("host", "localhost:8080").header("cookie", cookie);
        request.body(()).unwrap().into_parts().0
    };
    let client = app.join(Admin::REALM).with_request(opened(cookie)).await.unwrap();
    assert_eq!((&*client.authid(), &*client.authrole()), ("ann", "operator"));
    assert!(app.join(Admin::REALM).with_request(opened("serverwamp_console_8080=1")).await.is_err());
}
