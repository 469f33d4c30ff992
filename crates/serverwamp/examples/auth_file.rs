//! Users from a file, by every method that it has something for: tickets, WAMP-CRA, WAMP-SCRAM, cryptosign. Make the file with
//!
//! ```sh
//! serverwamp hash ticket --user joe > users.toml          # asks for the secret, twice
//! serverwamp hash scram --kdf pbkdf2 --user ada >> users.toml
//! serverwamp hash cra >> users.toml                       # another way in for ada
//! serverwamp keygen --key meter.key --user meter-5 >> users.toml
//! cargo run -p serverwamp --features credentials,cryptosign,scram --example auth_file -- users.toml
//! ```
//!
//! and come in as joe with wampy, as ada with Autobahn|Python, as the meter with xconn (`pip install autobahn passlib xconn`):
//!
//! ```sh
//! npx -y wampy@8 call whoami -w ws://127.0.0.1:8080/ws -r realm1 -u joe --ticket 'the secret of joe'
//! python -c "
//! from autobahn.asyncio.component import Component, run
//! ada = Component(transports='ws://127.0.0.1:8080/ws', realm='realm1',
//!                 authentication={'wampcra': {'authid': 'ada', 'secret': 'the secret of ada'}})
//! @ada.on_join
//! async def joined(session, details):
//!     print(await session.call('whoami'))
//!     session.leave()
//! run([ada])"
//! python -c "
//! from xconn.client import connect_cryptosign
//! session = connect_cryptosign('ws://127.0.0.1:8080/ws', 'realm1', '', open('meter.key').read().strip())
//! print(session.call('whoami').args)
//! session.leave()"
//! ```
//!
//! Change the file while the program runs: the next login sees it, and a mistake in it changes nothing but the log.

use serverwamp::auth::{Credentials, secret_from_env};
use serverwamp::{Application, Realm, RouteSet, Server, Session};
use std::error::Error;

async fn whoami(session: Session) -> String {
    format!("{}, {} by {}", session.authid(), session.authrole(), session.authmethod())
}

fn application(path: String) -> Result<Application, Box<dyn Error>> {
    let users = Credentials::from_file(path)?;
    let realm = Realm::new("realm1")
        .authenticator(users.ticket())
        .authenticator(users.cra())
        .authenticator(users.scram())
        .authenticator(users.cryptosign())
        .routes(RouteSet::new().procedure("whoami", whoami));
    let builder = Application::builder().realm(realm);
    // With a secret of its own, strangers get the same made-up salts after a restart: `openssl rand -hex 32`.
    Ok(match secret_from_env("SERVERWAMP_AUTH_SECRET") {
        Ok(secret) => builder.auth_secret(secret).build()?,
        Err(_) => builder.build()?,
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let path = std::env::args().nth(1).ok_or("give the file of users")?;
    let server = Server::new(application(path)?).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_user_of_the_file_comes_in() {
        let entry = serverwamp::auth::hash_ticket(&"s3cret".into());
        let path = std::env::temp_dir().join(format!("serverwamp-auth-file-{}.toml", std::process::id()));
        std::fs::write(&path, format!("[user.joe]\nrole = \"member\"\nticket = \"{entry}\"\n")).unwrap();
        let app = application(path.to_str().unwrap().to_owned()).unwrap();
        std::fs::remove_file(path).unwrap();
        let joe = app.join("realm1").ticket("joe", "s3cret").await.unwrap();
        assert_eq!(joe.call::<String, _>("whoami", ()).await.unwrap(), "joe, member by ticket");
    }
}
