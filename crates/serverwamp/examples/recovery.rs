//! A program that misses no order, although it is stopped and started again: it stores where it was, and recovers what was published
//! meanwhile. `cargo run -p serverwamp --example recovery` starts it twice, in one process with its router;
//! `cargo test -p serverwamp --example recovery` tests it.

use serverwamp::client::Client;
use serverwamp::{
    Application, ConfigError, Delivery, HistoryPosition, Realm, Subscriber, TopicSettings, WampError,
};
use std::error::Error;

/// A router that keeps the last 1000 orders.
fn application() -> Result<Application, ConfigError> {
    let orders = TopicSettings::new().history(1000);
    let realm = Realm::router("shop").allow_anonymous("guest").topic_settings("shop.orders", orders);
    Application::builder().realm(realm).build()
}

/// Goes on behind the last order that was taken, if the program has ever taken one.
async fn subscribe(client: &Client, stored: Option<HistoryPosition>) -> Result<Subscriber, WampError> {
    let orders = client.subscribe("shop.orders");
    match stored {
        Some(position) => orders.recover_from(position).await,
        None => orders.recover().await,
    }
}

/// The next orders: one, or all that were missed.
async fn next(orders: &mut Subscriber) -> Result<Vec<String>, WampError> {
    match orders.next_delivery().await {
        Some(Delivery::Event(order)) => Ok(vec![order.bind()?]),
        Some(Delivery::Recovered(missed)) => missed.iter().map(|order| order.bind()).collect(),
        Some(Delivery::Gap(gap)) => {
            // The router was restarted, or has forgotten some: they have to be had in another way.
            println!("orders may be missing: {}", gap.reason());
            Ok(Vec::new())
        }
        _ => Ok(Vec::new()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = application()?;
    let shop = app.realm("shop").ok_or("the realm is there")?;

    let mut orders = subscribe(&app.join("shop").await?, None).await?;
    shop.publish("shop.orders", "tea")?;
    println!("taken: {:?}", next(&mut orders).await?);
    // What a program stores, beside what it makes of the order.
    let stored = orders.position().map(|position| position.to_string());
    drop(orders);

    shop.publish("shop.orders", "cups")?;
    shop.publish("shop.orders", "milk")?;

    let position = stored.map(|text| text.parse()).transpose()?;
    let mut orders = subscribe(&app.join("shop").await?, position).await?;
    println!("missed: {:?}", next(&mut orders).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_order_is_missed_or_taken_twice() -> Result<(), Box<dyn Error>> {
        let app = application()?;
        let shop = app.realm("shop").ok_or("the realm is there")?;
        let mut orders = subscribe(&app.join("shop").await?, None).await?;
        shop.publish("shop.orders", "tea")?;
        assert_eq!(next(&mut orders).await?, ["tea"]);
        let stored = orders.position();
        shop.publish("shop.orders", "cups")?;
        let mut orders = subscribe(&app.join("shop").await?, stored).await?;
        assert_eq!(next(&mut orders).await?, ["cups"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_router_that_was_restarted_leaves_a_gap() -> Result<(), Box<dyn Error>> {
        let stored = subscribe(&application()?.join("shop").await?, None).await?.position();
        let app = application()?;
        let mut orders = subscribe(&app.join("shop").await?, stored).await?;
        assert_eq!(next(&mut orders).await?, [""; 0]);
        app.realm("shop").ok_or("the realm is there")?.publish("shop.orders", "tea")?;
        assert_eq!(next(&mut orders).await?, ["tea"]);
        Ok(())
    }
}
