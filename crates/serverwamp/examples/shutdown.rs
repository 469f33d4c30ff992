//! An axum program that ends in good order, and sets its own limits. Run with
//! `cargo run -p serverwamp --example shutdown`, connect with
//! `cargo run -q -- subscribe news`, and press Ctrl-C here.

use serverwamp::{Application, ConfigError, PendingSession, Realm, RouteSet, Server};
use std::error::Error;
use std::time::Duration;

/// What a session leaves behind is put away at shutdown too; the program waits for it.
async fn accompanied(pending: PendingSession) {
    let session = pending.accept().await;
    let reason = session.closed().await;
    println!("{}: {reason}", session.id());
}

fn application() -> Result<Application, ConfigError> {
    let routes = RouteSet::new().open_topic("news");
    let realm = Realm::new("realm1").allow_anonymous("guest").on_join(accompanied).routes(routes);
    Application::builder::<()>()
        .realm(realm)
        .limits(|limits| {
            limits.hello_timeout = Duration::from_secs(2);
            limits.calls_in_flight = 64;
            limits.outgoing_bytes = 1 << 20;
        })
        .websocket(|websocket| websocket.max_message = 64 * 1024)
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::new(application()?).drain(Duration::from_secs(10)).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws", server.local_addr());
    // First nobody new comes in, then everybody is told GOODBYE and has ten seconds to leave.
    server.run().await?;
    println!("everybody has left");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_shutdown_says_goodbye() {
        let app = application().unwrap();
        let client = app.join("realm1").await.unwrap();
        app.shutdown(Duration::from_secs(1)).await;
        let end = client.closed().await.to_string();
        assert!(end.contains("wamp.close.system_shutdown"), "{end}");
    }
}
