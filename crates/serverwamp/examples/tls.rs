//! TLS with client certificates: who shows one of the authority is let in under its common name, everybody else is a guest. Run with
//!
//! ```sh
//! new='openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9'
//! $new -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout server.key -out server.pem
//! $new -subj '/CN=Authority of the meters' -keyout ca.key -out ca.pem
//! $new -subj /O=Example/OU=Meters/CN=meter-5 -addext basicConstraints=CA:FALSE -CA ca.pem -CAkey ca.key -keyout meter.key -out meter.pem
//! cargo run -p serverwamp --features tls --example tls -- server.pem server.key ca.pem
//! ```
//!
//! and come in as the meter, with Autobahn|Python:
//!
//! ```sh
//! python -c "
//! import ssl
//! from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
//! class Meter(ApplicationSession):
//!     async def onJoin(self, details):
//!         print(await self.call('who.am.i'), details.authmethod)
//!         self.leave()
//! tls = ssl.create_default_context(cafile='server.pem')
//! tls.load_cert_chain('meter.pem', 'meter.key')
//! ApplicationRunner('wss://localhost:8443/ws', 'realm1', ssl=tls).run(Meter)"
//! ```

use serverwamp::auth::{self, Principal, Subject};
use serverwamp::tls::{ClientCertificates, TlsConfig};
use serverwamp::{Application, ConfigError, Realm, RouteSet, Server, Session};
use std::error::Error;

/// Asked before any other method. The certificate was verified against the authority already; trust none that others can get
/// certificates of. With `Fingerprint` in place of `Subject`, single certificates are known.
async fn by_certificate(Subject(subject): Subject) -> Option<Principal> {
    let name = subject.common_name()?;
    subject.values("OU").eq(["Meters"]).then(|| Principal::new(name).role("machine"))
}

async fn who_am_i(session: Session) -> String {
    session.authid().to_owned()
}

fn application() -> Result<Application, ConfigError> {
    Application::builder()
        .realm(
            Realm::new("realm1")
                .authenticator(auth::client_certificate(by_certificate))
                .allow_anonymous("guest")
                .routes(RouteSet::new().procedure("who.am.i", who_am_i)),
        )
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let mut files = std::env::args().skip(1);
    let (Some(certificates), Some(key), Some(clients)) = (files.next(), files.next(), files.next()) else {
        return Err(
            "give three PEM files: the server's certificates, its key, the authorities of clients".into()
        );
    };
    let tls = TlsConfig::from_files(certificates, key)
        .client_certificates(ClientCertificates::Optional(clients.into()))
        .build()?;
    let server = Server::new(application()?).tls(tls).bind("127.0.0.1:8443").await?;
    println!("wss://localhost:8443/ws");
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_has_no_certificate_is_a_guest() {
        let guest = application().unwrap().join("realm1").await.unwrap();
        assert_eq!(
            (guest.call::<String, _>("who.am.i", ()).await.unwrap(), &*guest.authrole()),
            (guest.authid(), "guest")
        );
    }
}
