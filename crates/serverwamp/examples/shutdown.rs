//! An axum program that ends in good order, and sets its own limits. Run with
//! `cargo run -p serverwamp --example shutdown`, connect with
//! `npx -y wampy@8 subscribe some.topic -w ws://127.0.0.1:8080/ws -r realm1`, and press Ctrl-C here.

use axum::{Router, routing::get};
use serverwamp::{Application, PendingSession, Realm};
use std::error::Error;
use std::time::Duration;
use tokio::net::TcpListener;

/// What a session leaves behind is put away at shutdown too; the program waits for it.
async fn accompanied(pending: PendingSession) {
    let session = pending.accept().await;
    let reason = session.closed().await;
    println!("{}: {reason}", session.id());
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = Application::builder::<()>()
        .realm(Realm::new("realm1").allow_anonymous("guest").on_join(accompanied))
        .limits(|limits| {
            limits.hello_timeout = Duration::from_secs(2);
            limits.calls_in_flight = 64;
            limits.outgoing_bytes = 1 << 20;
        })
        .websocket(|websocket| websocket.max_message = 64 * 1024)
        .build()?;

    let http = Router::new().route("/health", get(|| async { "ok" })).route_service("/ws", app.websocket());
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws", listener.local_addr()?);
    // First nobody new comes in, then everybody is told GOODBYE and has ten seconds to leave.
    axum::serve(listener, http).with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) }).await?;
    app.shutdown(Duration::from_secs(10)).await;
    println!("everybody has left");
    Ok(())
}
