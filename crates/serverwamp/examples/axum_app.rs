//! WAMP beside the routes of an axum program. Run with `cargo run -p serverwamp --example axum_app`, then subscribe with
//! `cargo run -q -- subscribe com.example.news`
//! and let an HTTP request publish: `curl -X POST http://127.0.0.1:8080/news/hello`.

use axum::Router;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{get, post};
use serverwamp::{Application, ConfigError, Realm, RealmHandle, RouteSet, TransportInfo};
use std::error::Error;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Tells callers where they come from.
async fn where_from(transport: TransportInfo) -> Option<String> {
    transport.peer_address.map(|address| address.to_string())
}

/// `POST /news/{text}`: what comes over HTTP goes to all subscribers.
async fn publish(State(realm): State<RealmHandle>, Path(text): Path<String>) -> Result<String, StatusCode> {
    let publication =
        realm.publish("com.example.news", text).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(format!("publication {publication}\n"))
}

/// `GET /sessions`
async fn sessions(State(realm): State<RealmHandle>) -> String {
    let names: Vec<String> = realm.sessions().iter().map(|session| format!("{}\n", session.id())).collect();
    names.concat()
}

fn routes() -> RouteSet {
    RouteSet::new().procedure("com.example.where_from", where_from).open_topic("com.example.news")
}

fn application() -> Result<Application, ConfigError> {
    let realm = Realm::new("realm1").allow_anonymous("guest").routes(routes());
    Application::builder().realm(realm).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = application()?;

    // axum knows the peers' addresses; this says where it keeps them.
    let address = |request: &Parts| Some(request.extensions.get::<ConnectInfo<SocketAddr>>()?.0);
    let http = Router::new()
        .route("/news/{text}", post(publish))
        .route("/sessions", get(sessions))
        .with_state(app.realm("realm1").ok_or("the realm was added above")?)
        .route_service("/ws", app.websocket().peer_address(address));

    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("http://{0}/ and ws://{0}/ws", listener.local_addr()?);
    axum::serve(listener, http.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_over_http_goes_to_subscribers() {
        let app = application().unwrap();
        let client = app.join("realm1").await.unwrap();
        let mut news = client.subscribe("com.example.news").await.unwrap();
        publish(State(app.realm("realm1").unwrap()), Path("rain".to_owned())).await.unwrap();
        assert_eq!(news.recv().await.unwrap().bind::<String>().unwrap(), "rain");
    }
}
