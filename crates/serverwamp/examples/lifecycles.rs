//! Code around sessions: before they are authenticated, while they last, after their end. Run with
//! `cargo run -p serverwamp --example lifecycles`, then watch who comes and goes:
//! `cargo run -q -- subscribe presence`.
#![expect(clippy::disallowed_methods, reason = "a program chooses its runtime")]

use serverwamp::extract::{Arg, Extension};
use serverwamp::{
    Application, ConfigError, Hold, PendingSession, Realm, RealmHandle, RouteSet, Server, Session, WampError,
};
use std::error::Error;
use std::time::Duration;

/// A name that a session chose; kept on the session, one value of each type.
#[derive(Clone)]
struct Nick(String);

/// Says when it is dropped, which is when the session has ended, however that came.
struct Goodbye(Session);

impl Drop for Goodbye {
    fn drop(&mut self) {
        println!("{}: its guard is dropped", self.0.id());
    }
}

/// From before the authentication on: there is no identity yet, but a connection to look at.
async fn connected(pending: PendingSession) -> Result<(), WampError> {
    let address = pending.session().transport().peer_address;
    if address.is_none_or(|address| !address.ip().is_loopback()) {
        return Err(WampError::not_authorized("only peers of this machine may connect")); // the peer gets ABORT
    }
    let session = pending.accept().await;
    println!("{}: connected from {address:?}", session.id());
    let reason = session.closed().await;
    println!("{}: {reason}", session.id());
    Ok(())
}

/// From WELCOME on: everybody hears of it, and of the end.
async fn joined(pending: PendingSession, realm: RealmHandle) -> Result<(), WampError> {
    let session = pending.accept().await; // WELCOME goes out
    realm.publish("presence", ("came", session.authid()))?;
    session.closed().await;
    realm.publish("presence", ("left", session.authid()))?;
    Ok(())
}

/// The short form, for what is only to be kept until the end.
async fn guarded(session: Session) -> Hold<Goodbye> {
    Hold(Goodbye(session))
}

async fn set_nick(Arg(name): Arg<String>, session: Session) {
    session.insert(Nick(name));
}

/// Without a nick it is not called.
async fn nick(nick: Option<Extension<Nick>>) -> Option<String> {
    nick.map(|Extension(Nick(name))| name)
}

/// Starts a task that ends with the session at the latest.
async fn leave_soon(session: Session) {
    let leaving = session.clone();
    session.spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        leaving.close_with_message("wamp.close.normal", "as you asked");
    });
}

fn routes() -> RouteSet {
    RouteSet::new()
        .procedure("nick.set", set_nick)
        .procedure("nick.get", nick)
        .procedure("leave.soon", leave_soon)
        .open_topic("presence")
}

fn application() -> Result<Application, ConfigError> {
    let realm = Realm::new("realm1")
        .allow_anonymous("guest")
        .on_connect(connected)
        .on_join(joined)
        .on_join(guarded)
        .routes(routes());
    Application::builder().realm(realm).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::new(application()?).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_peer_without_an_address_is_none_of_this_machine() {
        let refused = application().unwrap().join("realm1").await.unwrap_err();
        assert!(refused.to_string().contains("only peers of this machine may connect"), "{refused}");
    }
}
