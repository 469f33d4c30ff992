//! Pages, WebSocket and RawSocket on one port, with a `Router` of axum for whatever is not the server's own. Run with
//! `cargo run -p serverwamp --example pages`, open http://127.0.0.1:8080/ twice, and type into one of them. The WebSocket is at
//! `/ws`, `/health` is for load balancers. Ctrl-C lets requests and sessions end first.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::{get, post};
use serverwamp::{Application, ConfigError, Realm, RealmHandle, RouteSet, Server};
use std::error::Error;

/// A page that subscribes to what it publishes, without a library: WAMP in JSON is a few lists.
const PAGE: &str = r#"<!doctype html><title>serverwamp</title><input autofocus><ul></ul><script>
const socket = new WebSocket(`ws://${location.host}/ws`, 'wamp.2.json');
const say = message => socket.send(JSON.stringify(message));
socket.onopen = () => say([1, 'realm1', { roles: { subscriber: {} } }]);
socket.onmessage = ({ data }) => {
    const [kind, , , , args] = JSON.parse(data);
    if (kind === 2) say([32, 1, {}, 'chat.said']);
    if (kind === 36) document.querySelector('ul').append(Object.assign(document.createElement('li'), { innerText: args[0] }));
};
document.querySelector('input').onchange = ({ target }) => {
    fetch('/say', { method: 'POST', body: target.value });
    target.value = '';
};
</script>"#;

/// `POST /say`: what comes over HTTP goes to all subscribers. Bodies of more than 64 KiB are refused before they come here.
async fn say(State(realm): State<RealmHandle>, body: Bytes) -> StatusCode {
    match realm.publish("chat.said", String::from_utf8_lossy(&body)) {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn application() -> Result<Application, ConfigError> {
    let routes = RouteSet::new().open_topic("chat.said");
    Application::builder().realm(Realm::new("realm1").allow_anonymous("guest").routes(routes)).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = application()?;
    let realm = app.realm("realm1").ok_or("the realm was added above")?;
    let pages =
        Router::new().route("/", get(|| async { Html(PAGE) })).route("/say", post(say)).with_state(realm);

    let server =
        Server::new(app).fallback_service(pages).request_bytes(64 << 10).bind("127.0.0.1:8080").await?;
    println!("http://{}/", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_page_posts_reaches_all_pages() {
        let app = application().unwrap();
        let client = app.join("realm1").await.unwrap();
        let mut said = client.subscribe("chat.said").await.unwrap();
        let answer = say(State(app.realm("realm1").unwrap()), Bytes::from("hello")).await;
        assert_eq!(answer, StatusCode::NO_CONTENT);
        assert_eq!(said.recv().await.unwrap().bind::<String>().unwrap(), "hello");
    }
}
