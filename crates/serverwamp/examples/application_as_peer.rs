//! The application as a peer of its own realm: it calls a procedure of a client, hears what clients publish, and serves
//! something for a while. Run with `cargo run -p serverwamp --example application_as_peer`, and give it a client to call:
//! `cargo run -q -- register sensor.read --reply 21.5`.

#![expect(clippy::disallowed_methods, reason = "a program may name its runtime")]

use serverwamp::extract::Args;
use serverwamp::{
    Application, CallResult, ConfigError, Realm, RealmHandle, Server, Value, WampError, prefix,
};
use std::error::Error;
use std::time::Duration;

/// Asks the sensor, whoever serves it, and tells everybody what it said.
async fn ask(realm: &RealmHandle) -> Result<(), WampError> {
    let call = realm.call("sensor.read", ("kitchen",)).timeout(Duration::from_secs(2));
    let reading: CallResult = call.await?;
    // The results are passed on as they came, without a look at them.
    realm.publication("sensor.readings").retain().send(reading.payload().clone())?;
    Ok(())
}

/// Prints what clients have to say about sensors, until the program ends.
async fn listen(realm: RealmHandle) -> Result<(), WampError> {
    let mut events = realm.subscribe(prefix("sensor."))?;
    while let Some(event) = events.recv().await {
        println!("{}: {:?} (lost: {})", event.topic(), event.bind::<Args<Vec<Value>>>(), events.lost());
    }
    Ok(())
}

/// Serves a procedure for a minute.
async fn serve_for_a_while(realm: RealmHandle) -> Result<(), WampError> {
    let offset = 3;
    let _guard =
        realm.register("sensor.corrected", move |Args((n,)): Args<(i64,)>| async move { n + offset })?;
    tokio::time::sleep(Duration::from_secs(60)).await;
    Ok(())
}

fn application() -> Result<Application, ConfigError> {
    Application::builder().realm(Realm::router("realm1").allow_anonymous("guest")).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = application()?;
    let realm = app.realm("realm1").ok_or("it was just added")?;
    tokio::spawn(listen(realm.clone()));
    tokio::spawn(serve_for_a_while(realm.clone()));
    tokio::spawn(async move {
        loop {
            if let Err(error) = ask(&realm).await {
                println!("the sensor: {error}");
            }
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    });
    let server = Server::new(app).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws  realm realm1", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_sensor_says_is_published() {
        let app = application().unwrap();
        let (client, realm) = (app.join("realm1").await.unwrap(), app.realm("realm1").unwrap());
        let _sensor = client.register("sensor.read", |_: Args<(String,)>| async { 21 }).await.unwrap();
        let mut readings = client.subscribe("sensor.readings").await.unwrap();
        ask(&realm).await.unwrap();
        assert_eq!(readings.recv().await.unwrap().bind::<i64>().unwrap(), 21);
    }
}
