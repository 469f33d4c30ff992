//! Who may come in: a cookie, a ticket or WAMP-CRA for members, nothing for the public. Run with
//! `cargo run -p serverwamp --example auth`, then ask who you are:
//!
//! ```sh
//! WAMP_TICKET='a long secret' cargo run -q -- call whoami --realm com.example.members --authid joe
//! WAMP_SECRET='another secret' cargo run -q -- call whoami --realm com.example.members --authid peter
//! cargo run -q -- call whoami --realm com.example.public
//! ```

use serverwamp::auth::{self, AuthId, CraCredential, Principal, Salting, Secret, Ticket, derive_key};
use serverwamp::extract::{Identity, State};
use serverwamp::{Application, ConfigError, Realm, RouteSet, Server, Session, TransportInfo, WampError};
use std::error::Error;
use std::sync::Arc;

/// What the program knows of a member; handlers get it as `Identity<Member>`.
#[derive(Clone)]
struct Member {
    name: &'static str,
    is_admin: bool,
}

impl Member {
    fn principal(&self) -> Principal {
        let role = if self.is_admin { "admin" } else { "member" };
        Principal::new(self.name).role(role).provider("example").identity(self.clone())
    }
}

/// Stands for a data base. A key derived from a password is kept, never the password.
#[derive(Clone)]
struct Members {
    cookie: Arc<Secret>,
    ticket: Arc<Secret>,
    key: String,
    salting: Salting,
}

impl Members {
    fn new() -> Self {
        let salting = Salting::new("salt of peter", 100_000, 32);
        Self {
            cookie: Arc::new(Secret::from("session-of-joe")),
            ticket: Arc::new(Secret::from("a long secret")),
            key: derive_key(&Secret::from("another secret"), &salting),
            salting,
        }
    }
}

const JOE: Member = Member { name: "joe", is_admin: false };
const PETER: Member = Member { name: "peter", is_admin: true };

/// A browser that has logged in on the web site comes with its cookie. `None`: ask for something else.
async fn by_cookie(transport: Arc<TransportInfo>, State(members): State<Members>) -> Option<Principal> {
    members.cookie.matches(transport.cookie("sid")?).then(|| JOE.principal())
}

/// `None` is the same answer for a wrong ticket and for a name nobody has.
async fn by_ticket(
    AuthId(name): AuthId,
    Ticket(ticket): Ticket,
    State(members): State<Members>,
) -> Option<Principal> {
    (members.ticket.matches(ticket.expose()) & (name == JOE.name)).then(|| JOE.principal())
}

/// The peer proves that it knows the password; neither the password nor the key crosses the network.
async fn by_challenge(AuthId(name): AuthId, State(members): State<Members>) -> Option<CraCredential> {
    (name == PETER.name)
        .then(|| CraCredential::derived(members.key.clone(), members.salting.clone(), PETER.principal()))
}

async fn whoami(session: Session) -> String {
    format!("{}, {} by {}", session.authid(), session.authrole(), session.authmethod())
}

async fn shut_the_shop(Identity(member): Identity<Member>) -> Result<&'static str, WampError> {
    if member.is_admin { Ok("shut") } else { Err(WampError::not_authorized("only administrators may")) }
}

fn routes() -> RouteSet<Members> {
    RouteSet::new().procedure("whoami", whoami)
}

fn application() -> Result<Application, ConfigError> {
    Application::builder()
        .realm(Realm::new("com.example.public").allow_anonymous("guest").routes(routes()))
        .realm(
            Realm::new("com.example.members")
                .authenticator(auth::transport("cookie", by_cookie))
                .authenticator(auth::ticket(by_ticket))
                .authenticator(auth::cra_salted(100_000, 32, by_challenge))
                .routes(routes().procedure("shop.shut", shut_the_shop)),
        )
        .with_state(Members::new())
        .build()
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
    async fn members_come_in_by_ticket_and_by_password_and_nobody_else() {
        let app = application().unwrap();
        let members = || app.join("com.example.members");
        let joe = members().ticket("joe", "a long secret").await.unwrap();
        assert_eq!(joe.call::<String, _>("whoami", ()).await.unwrap(), "joe, member by ticket");
        let peter = members().cra("peter", "another secret").await.unwrap();
        assert_eq!(peter.call::<String, _>("shop.shut", ()).await.unwrap(), "shut");
        members().ticket("joe", "a wrong secret").await.unwrap_err();
    }
}
