//! Rights that are in a database: an authorizer decides what no permission names. Run with
//! `cargo run -p serverwamp --example authorizer`, and ask for what ann may read and bob may not:
//!
//! ```sh
//! export WAMP_TICKET='open sesame'
//! cargo run -q -- call documents.plans.read --realm office --authid ann   # allowed
//! cargo run -q -- call documents.plans.read --realm office --authid bob   # denied
//! ```
//!
//! The log at DEBUG says which authorizer has denied a request, and the counters how often it was asked.

use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::extract::{Captures, State};
use serverwamp::request::{Question, Verdict};
use serverwamp::{
    Action, Actions, Application, ConfigError, Realm, RouteSet, Server, Session, WampError, wildcard,
};
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// The database: which documents somebody may read.
#[derive(Clone)]
struct Rights(Arc<HashMap<&'static str, Vec<&'static str>>>);

impl Rights {
    /// A query of yours takes a while; whoever waits for it holds up nobody else.
    async fn may_read(&self, name: &str, document: &str) -> Result<bool, WampError> {
        tokio::task::yield_now().await;
        Ok(self.0.get(name).is_some_and(|documents| documents.contains(&document)))
    }
}

async fn employee(AuthId(name): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    ticket.matches("open sesame").then(|| Principal::new(name).role("employee"))
}

/// Asked for everything that no permission of the role names. An `Err` denies as well, and its text stays in the log.
async fn authorize(
    question: Question,
    session: Session,
    State(rights): State<Rights>,
) -> Result<Verdict, WampError> {
    let parts: Vec<_> = question.uri().split('.').collect();
    match (question.action(), parts.as_slice()) {
        (Action::Call, ["documents", document, "read"]) => {
            let allowed = rights.may_read(session.authid(), document).await?;
            // The same question of the same employee is not asked again for half a minute.
            Ok(Verdict::from(allowed).cache_for(Duration::from_secs(30)))
        }
        _ => Ok(Verdict::deny()),
    }
}

async fn read(Captures(parts): Captures) -> String {
    format!("the contents of {}", parts.concat())
}

async fn news() -> &'static str {
    "nothing new"
}

fn realm() -> Realm<Rights> {
    Realm::new("office")
        .authenticator(auth::ticket(employee))
        .routes(RouteSet::new().procedure(wildcard("documents..read"), read).procedure("office.news", news))
        // Permissions decide at once, and nobody is asked.
        .role("employee", |role| role.allow(Actions::CALL, "office.news"))
        .authorizer(authorize)
}

fn application() -> Result<Application, ConfigError> {
    let rights = Rights(Arc::new(HashMap::from([("ann", vec!["plans", "wages"]), ("bob", vec!["menu"])])));
    Application::builder().realm(realm()).with_state(rights).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).init();
    let app = application()?;
    let office = app.realm("office").ok_or("the realm was added above")?;
    for uri in ["office.news", "documents.plans.read"] {
        println!("{}", office.why("employee", Action::Call, uri)?);
    }
    let server = Server::new(app).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_employee_reads_what_the_database_says() {
        let app = application().unwrap();
        let ann = app.join("office").ticket("ann", "open sesame").await.unwrap();
        let bob = app.join("office").ticket("bob", "open sesame").await.unwrap();
        let plans: String = ann.call("documents.plans.read", ()).await.unwrap();
        assert_eq!(plans, "the contents of plans");
        let error = bob.call::<(), _>("documents.plans.read", ()).await.unwrap_err();
        assert_eq!(error.uri(), "wamp.error.not_authorized");
    }
}
