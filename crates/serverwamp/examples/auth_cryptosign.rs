//! Devices with keys of their own: WAMP-cryptosign. Run with
//! `cargo run -p serverwamp --features cryptosign --example auth_cryptosign`, then come in as the device whose private key is
//! 32 bytes of 1, with xconn (`pip install xconn`):
//!
//! ```sh
//! python -c "
//! from xconn.client import connect_cryptosign
//! session = connect_cryptosign('ws://127.0.0.1:8080/ws', 'com.example.devices', '', '01' * 32)
//! print(session.call('whoami').args)
//! session.leave()"
//! ```

use serverwamp::auth::{self, CryptosignKey, CryptosignOptions, Principal, PublicKey};
use serverwamp::{Application, ConfigError, Realm, RouteSet, Server, Session};
use std::error::Error;

/// Stands for a data base: the owner of a public key.
async fn owner(PublicKey(key): PublicKey) -> Option<Principal> {
    let known = CryptosignKey::new(&[1; 32]).public_key().to_string();
    (key == known).then(|| Principal::new("thermometer-17").role("device").provider("example"))
}

async fn whoami(session: Session) -> String {
    format!("{}, {} by {}", session.authid(), session.authrole(), session.authmethod())
}

fn application(own: CryptosignKey) -> Result<Application, ConfigError> {
    let devices = Realm::new("com.example.devices")
        .authenticator(auth::cryptosign_with(CryptosignOptions::default().router_key(own), owner))
        .routes(RouteSet::new().procedure("whoami", whoami));
    Application::builder().realm(devices).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    // With it, clients that ask know that this is the right router. Read yours from a file.
    let own = CryptosignKey::new(&[9; 32]);
    println!("the router's public key is {}", own.public_key());
    let server = Server::new(application(own)?).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp::client::Login;

    #[tokio::test]
    async fn a_device_comes_in_with_its_key_and_knows_the_router() {
        let router = CryptosignKey::new(&[9; 32]);
        let known = router.public_key();
        let app = application(router).unwrap();
        let login = Login::anonymous().cryptosign(CryptosignKey::new(&[1; 32])).router_key(known);
        let device = app.join("com.example.devices").login(login).await.unwrap();
        let who: String = device.call("whoami", ()).await.unwrap();
        assert_eq!(who, "thermometer-17, device by cryptosign");
    }
}
