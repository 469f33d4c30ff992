//! A realm whose permissions change while clients are in it. Run with `cargo run -p serverwamp --example changing_realms`, and listen
//! to the news:
//!
//! ```sh
//! cargo run -q -- subscribe news.breaking --realm site
//! ```
//!
//! Enter on the terminal of this program closes the news to guests, and opens them again. A client that announces
//! `subscription_revocation` reads UNSUBSCRIBED and stays; another one reads GOODBYE. `stop` and Enter stops the realm.

#![expect(clippy::disallowed_methods, reason = "a program that uses the framework names its runtime")]

use serverwamp::{Actions, Application, Realm, Server, prefix};
use std::error::Error;
use std::io::BufRead;
use std::time::Duration;

/// The realm, with or without news for guests. A program of yours reads it from its configuration.
fn site(news_are_public: bool) -> Realm {
    Realm::router("site").allow_anonymous("guest").role("guest", |role| {
        let role = role.allow(Actions::ALL, prefix("public."));
        if news_are_public { role.allow(Actions::SUBSCRIBE, prefix("news.")) } else { role }
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let app = Application::builder().realm(site(true)).build()?;
    let realms = app.realms();
    let server = Server::new(app.clone()).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws, Enter changes the permissions", server.local_addr());
    std::thread::spawn(move || {
        let mut news_are_public = true;
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let changed = match line.trim() {
                "stop" => realms.stop("site", "wamp.close.close_realm"),
                _ => {
                    news_are_public = !news_are_public;
                    // What is wrong with a new configuration is said here, and the former one stays.
                    realms.reconfigure(site(news_are_public))
                }
            };
            match changed {
                Ok(_) => println!("realms: {:?}, news for guests: {news_are_public}", realms.names()),
                Err(error) => println!("{error}"),
            }
        }
    });
    tokio::spawn(async move {
        let mut number = 0;
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            number += 1;
            if let Some(site) = app.realms().get("site")
                && let Err(error) = site.publish("news.breaking", (number,))
            {
                println!("{error}");
            }
        }
    });
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn news_that_are_closed_are_taken_away() {
        let app = Application::builder().realm(site(true)).build().unwrap();
        let guest = app.join("site").await.unwrap();
        let mut news = guest.subscribe("news.breaking").await.unwrap();
        app.realms().reconfigure(site(false)).unwrap().settled().await;
        assert!(news.recv().await.is_none(), "it was revoked");
        assert_eq!(guest.subscribe("news.breaking").await.unwrap_err().uri(), "wamp.error.not_authorized");
    }
}
