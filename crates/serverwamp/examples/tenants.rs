//! A realm for each tenant, made when its first member logs in, gone a minute after the last has left. Run with
//! `cargo run -p serverwamp --example tenants`, and listen as a member of one tenant:
//!
//! ```sh
//! export WAMP_TICKET='open acme'
//! cargo run -q -- subscribe chat --realm tenant.acme --authid ann
//! cargo run -q -- publish chat hello --realm tenant.acme --authid bob           # in another terminal
//! cargo run -q -- publish chat hello --ack --realm tenant.other --authid eve    # denied
//! ```
//!
//! Every ten seconds the program prints the realms that there are.

#![expect(clippy::disallowed_methods, reason = "a program that uses the framework names its runtime")]

use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::{Actions, Application, ConfigError, Realm, RealmHandle, RealmTemplate, Server, prefix};
use std::error::Error;
use std::time::Duration;

/// The ticket of everybody in a tenant is "open" and its name; a program of yours asks its database. The realm that is asked for is known
/// by its name, and may not be there yet.
async fn member(AuthId(name): AuthId, Ticket(ticket): Ticket, tenant: RealmHandle) -> Option<Principal> {
    let known = tenant.name().strip_prefix("tenant.")?;
    ticket.matches(&*format!("open {known}")).then(|| Principal::new(name).role("member"))
}

/// The realm of one tenant.
fn tenant(name: &str) -> Realm {
    Realm::router(name)
        .role("member", |role| role.allow(Actions::ALL, prefix("")).deny(Actions::ALL, prefix("wamp.")))
}

fn application() -> Result<Application, ConfigError> {
    let tenants = RealmTemplate::new(prefix("tenant."), tenant)
        .authenticator(auth::ticket(member))
        .most_realms(100)
        .linger(Duration::from_secs(60));
    Application::builder().realm_template(tenants).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let app = application()?;
    let realms = app.realms();
    tokio::spawn(async move {
        loop {
            println!("realms: {:?}", realms.names());
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    });
    let server = Server::new(app).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_member_makes_the_realm_of_its_tenant_and_of_no_other() {
        let app = application().unwrap();
        let ann = app.join("tenant.acme").ticket("ann", "open acme").await.unwrap();
        assert_eq!(ann.realm(), "tenant.acme");
        app.join("tenant.other").ticket("ann", "open acme").await.unwrap_err();
        assert_eq!(app.realms().names(), ["tenant.acme"]);
    }
}
