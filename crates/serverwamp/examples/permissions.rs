//! What each role may do: a shop whose customers call, subscribe and chat, and whose staff serves it. Run with
//! `cargo run -p serverwamp --example permissions`, and ask for what a customer may and may not do, and for what the staff may:
//!
//! ```sh
//! cargo run -q -- call shop.price tea --realm shop           # allowed
//! cargo run -q -- call shop.admin.restock tea --realm shop   # denied
//! WAMP_TICKET='open sesame' cargo run -q -- call shop.admin.restock tea --realm shop --authid ann
//! ```
//!
//! Who is refused reads `wamp.error.not_authorized`; the program's own log names the rule: `a request is denied .. why="role
//! \"customer\": deny ..`.

use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::extract::Arg;
use serverwamp::{
    Action, Actions, Allowance, Application, Realm, RealmHandle, RouteSet, Server, WampError, prefix,
    wildcard,
};
use std::error::Error;

/// The staff has a ticket; a program of yours asks its database, and gives each its role.
async fn staff(AuthId(name): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    (name == "ann" && ticket.matches("open sesame")).then(|| Principal::new(name).role("staff"))
}

async fn price(Arg(item): Arg<String>) -> Result<u32, WampError> {
    if item == "tea" { Ok(250) } else { Err(WampError::new("shop.error.no_such_item").arg(item)) }
}

async fn restock(Arg(item): Arg<String>, realm: RealmHandle) -> Result<(), WampError> {
    // Customers hear of it; the topic needs no handler, because they have the permission to subscribe.
    realm.publish("shop.stock.changed", (item,))?;
    Ok(())
}

fn realm() -> Realm {
    let routes = RouteSet::new().procedure("shop.price", price).procedure("shop.admin.restock", restock);
    Realm::new("shop")
        .allow_anonymous("customer")
        .authenticator(auth::ticket(staff))
        .routes(routes)
        .role("customer", |role| {
            role.allow(Actions::CALL | Actions::SUBSCRIBE, prefix("shop."))
                // More specific than the line above, wherever it stands.
                .deny(Actions::ALL, prefix("shop.admin."))
                .deny(Actions::ALL, wildcard("shop..internal"))
                // Customers chat, and leave nothing behind for those who come later.
                .allow_with(Actions::PUBLISH, "shop.chat", Allowance { retain: false, ..Allowance::FULL })
                // People click; what asks faster than this is a program, and waits.
                .requests_per_second(20, 40)
                .calls_in_flight(16)
                .outgoing_bytes(256 * 1024)
        })
        .role("staff", |role| {
            role.allow(Actions::ALL, prefix("shop."))
                .allow(Actions::CALL, prefix("wamp."))
                // A till, a phone and an office.
                .sessions_per_authid(3)
        })
        .meta_api()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).init();
    let app = Application::builder().realm(realm()).build()?;
    let shop = app.realm("shop").ok_or("the realm was added above")?;
    for (role, action, uri) in [
        ("customer", Action::Call, "shop.price"),
        ("customer", Action::Call, "shop.admin.restock"),
        ("customer", Action::Publish, "shop.stock.changed"),
        ("staff", Action::Call, "shop.admin.restock"),
    ] {
        let why = shop.why(role, action, uri)?;
        println!("{role} {action} {uri}: {} ({why})", if why.is_allowed() { "yes" } else { "no" });
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
    async fn customers_ask_for_prices_and_the_staff_restocks() {
        let app = Application::builder().realm(realm()).build().unwrap();
        let customer = app.join("shop").await.unwrap();
        assert_eq!(customer.call::<u32, _>("shop.price", "tea").await.unwrap(), 250);
        let error = customer.call::<(), _>("shop.admin.restock", "tea").await.unwrap_err();
        assert_eq!(error.uri(), "wamp.error.not_authorized");
        let ann = app.join("shop").ticket("ann", "open sesame").await.unwrap();
        ann.call::<(), _>("shop.admin.restock", "tea").await.unwrap();
    }
}
