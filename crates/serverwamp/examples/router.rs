//! A router whose clients call and hear each other, beside what the application serves itself. Run with
//! `cargo run -p serverwamp --example router`, and let two clients meet:
//! `cargo run -q -- register com.example.hello --reply 'hello, world'` in one terminal, and
//! `cargo run -q -- call com.example.hello` in another.

use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::{
    Application, ConfigError, Disclosure, Overflow, ProcedureSettings, Realm, RouteSet, Server,
    TopicSettings, prefix,
};
use std::error::Error;

/// The one who may end sessions and take registrations away; a program of yours asks its database.
async fn operator(AuthId(name): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    (name == "operator" && ticket.matches("open sesame")).then(|| Principal::new(name).role("operator"))
}

fn realm() -> Realm {
    Realm::router("realm1")
        .allow_anonymous("guest")
        .authenticator(auth::ticket(operator))
        .administrators(["operator"])
        // Callers and publishers are known to those they reach, whether they ask for it or not.
        .disclosure(Disclosure::Always)
        // The last hundred alarms can be asked for, by whoever comes later.
        .topic_settings("com.example.alarms", TopicSettings::new().history(100))
        // Nobody leaves old positions behind.
        .topic_settings(prefix("com.example.positions."), TopicSettings::new().retain(false))
        .procedure_settings(prefix("com.example.admin."), ProcedureSettings::new().trustlevel(3))
        // What the application serves stands beside what clients register; they cannot take its place.
        .routes(RouteSet::new().procedure("com.example.version", || async { env!("CARGO_PKG_VERSION") }))
}

fn application() -> Result<Application, ConfigError> {
    Application::builder()
        .realm(realm())
        // Who reads too slowly loses old events and keeps its session.
        .limits(|limits| limits.overflow = Overflow::DropOldestEvent)
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::new(application()?).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws  realm realm1", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp::extract::Caller;

    #[tokio::test]
    async fn a_client_calls_what_another_one_serves_and_is_known_to_it() {
        let app = application().unwrap();
        let (callee, caller) = (app.join("realm1").await.unwrap(), app.join("realm1").await.unwrap());
        let greet = |caller: Caller| async move { caller.authrole().unwrap_or("stranger").to_owned() };
        let _served = callee.register("com.example.greet", greet).await.unwrap();
        assert_eq!(caller.call::<String, _>("com.example.greet", ()).await.unwrap(), "guest");
    }
}
