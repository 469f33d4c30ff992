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

#[tokio::test]
async fn refusals_have_the_headers_of_the_console() {
    let console = Console::new();
    let service = app(&console).console(&console);
    for (path, host) in [
        ("/console/ws", "localhost"),
        ("/console/ws", "evil.example"),
        ("/console/", "evil.example"),
        ("/console/no", "localhost"),
    ] {
        let request = Request::get(path).header("host", host).body(()).unwrap();
        let answer = service.clone().oneshot(request).await.unwrap();
        assert!(answer.status().is_client_error(), "{path} of {host}");
        assert!(answer.headers().contains_key("content-security-policy"), "{path} of {host}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path} of {host}");
    }
}

/// A page that gives its own name the address of the server (DNS rebinding) has an origin that fits its host.
#[tokio::test]
async fn a_host_that_is_none_of_the_applications_logs_nobody_in() {
    let console = Console::new();
    let service = app(&console).console(&console);
    let link = console.link(Visitor { authid: "ann".to_owned(), role: "operator".to_owned() }).unwrap();
    let token = link.strip_prefix("/console/#token=").unwrap();
    let post = |host: &str| {
        let login = Request::post("/console/login")
            .header("host", host)
            .header("origin", format!("http://{host}"))
            .header("authorization", format!("Bearer {token}"));
        service.clone().oneshot(login.body(()).unwrap())
    };
    assert_eq!(post("evil.example:8080").await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(post("localhost:8080").await.unwrap().status(), StatusCode::NO_CONTENT, "it was not used up");
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
