//! An application and its tests, which need no port: `cargo run -p serverwamp --example tested` serves it, and
//! `cargo test -p serverwamp --example tested` tests it.

use serverwamp::extract::{Arg, State};
use serverwamp::{Application, ConfigError, Realm, RealmHandle, RouteSet, Server, Session, WampError};
use std::error::Error;
use std::sync::{Arc, Mutex};

/// What has been said.
type Said = Arc<Mutex<Vec<String>>>;

async fn say(
    Arg(text): Arg<String>,
    State(said): State<Said>,
    session: Session,
    realm: RealmHandle,
) -> Result<(), WampError> {
    if text.is_empty() {
        return Err(WampError::invalid_argument("say something"));
    }
    let line = format!("{}: {text}", session.authrole());
    said.lock().map_err(WampError::internal)?.push(line.clone());
    realm.publish("chat.said", line)?;
    Ok(())
}

fn application() -> Result<Application, ConfigError> {
    let routes = RouteSet::new().procedure("chat.say", say).open_topic("chat.said");
    let realm = Realm::new("chat").allow_anonymous("guest").routes(routes);
    Application::builder().realm(realm).with_state(Said::default()).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::new(application()?).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws  realm chat", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp::auth::Principal;

    #[tokio::test]
    async fn who_subscribes_hears_what_is_said() {
        let app = application().unwrap();
        let (guest, admin) =
            (app.join("chat"), app.join("chat").as_principal(Principal::new("joe").role("admin")));
        let (guest, admin) = (guest.await.unwrap(), admin.await.unwrap());
        let mut said = guest.subscribe("chat.said").await.unwrap();
        admin.call::<(), _>("chat.say", "hello").await.unwrap();
        assert_eq!(said.recv().await.unwrap().bind::<String>().unwrap(), "admin: hello");
    }

    #[tokio::test]
    async fn nothing_is_not_said() {
        let guest = application().unwrap().join("chat").await.unwrap();
        let error = guest.call::<(), _>("chat.say", "").await.unwrap_err();
        assert_eq!((error.uri(), error.message()), ("wamp.error.invalid_argument", Some("say something")));
    }
}
