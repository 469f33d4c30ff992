//! Passwords of which the server stores only verifiers: WAMP-SCRAM. Run with
//! `cargo run -p serverwamp --features scram --example auth_scram`, then log in with Autobahn|Python
//! (`pip install 'autobahn[scram]' argon2-cffi passlib`):
//!
//! ```sh
//! python -c "
//! from autobahn.asyncio.component import Component, run
//! joe = Component(transports='ws://127.0.0.1:8080/ws', realm='com.example.members',
//!                 authentication={'scram': {'authid': 'joe', 'password': 'secret!!!', 'nonce': None, 'kdf': 'argon2id-13',
//!                                           'salt': None, 'iterations': None, 'memory': None}})
//! @joe.on_join
//! async def joined(session, details):
//!     print(await session.call('whoami'), details.authextra)
//!     session.leave()
//! run([joe])"
//! ```

use serverwamp::auth::{self, AuthId, Principal, ScramCredential, ScramKdf, ScramVerifier, Secret};
use serverwamp::extract::State;
use serverwamp::{Application, Realm, RouteSet, Server, Session};
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

/// Stands for a data base: of each name the text of its verifier.
type Verifiers = Arc<HashMap<&'static str, String>>;

/// What happens when a password is set. The salt is random, and of this user alone.
fn set_password(password: &str) -> Result<String, Box<dyn Error>> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)?;
    let verifier = ScramVerifier::derive(&Secret::from(password), &salt, ScramKdf::default())?;
    Ok(verifier.to_text())
}

async fn find(AuthId(name): AuthId, State(verifiers): State<Verifiers>) -> Option<ScramCredential> {
    let verifier = ScramVerifier::from_text(verifiers.get(name.as_str())?).ok()?;
    Some(ScramCredential::new(verifier, Principal::new(name).role("member").provider("example")))
}

async fn whoami(session: Session) -> String {
    format!("{}, {} by {}", session.authid(), session.authrole(), session.authmethod())
}

fn application() -> Result<Application, Box<dyn Error>> {
    let verifiers: Verifiers = Arc::new(HashMap::from([("joe", set_password("secret!!!")?)]));
    let members = Realm::new("com.example.members")
        .authenticator(auth::scram(find))
        .routes(RouteSet::new().procedure("whoami", whoami));
    Ok(Application::builder().realm(members).with_state(verifiers).build()?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let server = Server::new(application()?).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_comes_in_and_a_wrong_one_does_not() {
        let app = application().unwrap();
        let joe = app.join("com.example.members").scram("joe", "secret!!!").await.unwrap();
        let who: String = joe.call("whoami", ()).await.unwrap();
        assert_eq!(who, "joe, member by wamp-scram");
        app.join("com.example.members").scram("joe", "secret???").await.unwrap_err();
    }
}
