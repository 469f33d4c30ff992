//! TLS with client certificates: who shows one that was registered before is let in under its owner's name, everybody
//! else is a guest.
//!
//! ```text
//! cargo run -p serverwamp --features tls --example tls -- server.pem server.key clients-ca.pem
//! ```

use serverwamp::auth::{self, Principal};
use serverwamp::extract::State;
use serverwamp::tls::{ClientCertificates, TlsConfig};
use serverwamp::{Application, Realm, RouteSet, Server, Session, TransportInfo, WampError};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

/// Who owns which certificate, by the SHA-256 of its DER: `openssl x509 -in joe.pem -outform der | sha256sum`.
#[derive(Clone, Default)]
struct Owners(HashMap<String, String>);

/// Asked before any other method. The certificate was verified against the authorities already.
async fn by_certificate(
    transport: Arc<TransportInfo>,
    State(owners): State<Owners>,
) -> Result<Option<Principal>, WampError> {
    let Some(certificate) = transport.client_certificates.first() else { return Ok(None) };
    let mut fingerprint = String::new();
    for byte in Sha256::digest(certificate) {
        write!(fingerprint, "{byte:02x}").map_err(WampError::internal)?;
    }
    match owners.0.get(&fingerprint) {
        Some(owner) => Ok(Some(Principal::new(owner).role("owner"))),
        None => Err(WampError::authentication_failed("nobody registered this certificate")),
    }
}

async fn who_am_i(session: Session) -> String {
    session.authid().to_owned()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut files = std::env::args().skip(1);
    let (Some(certificates), Some(key), Some(clients)) = (files.next(), files.next(), files.next()) else {
        return Err(
            "give three PEM files: the server's certificates, its key, the authorities of clients".into()
        );
    };
    let tls = TlsConfig::from_files(certificates, key)
        .client_certificates(ClientCertificates::Optional(clients.into()))
        .build()?;
    let app = Application::builder()
        .realm(
            Realm::new("realm1")
                .authenticator(auth::transport("tls", by_certificate))
                .allow_anonymous("guest")
                .routes(RouteSet::new().procedure("who.am.i", who_am_i)),
        )
        .with_state(Owners::default())
        .build()?;
    let server = Server::new(app).tls(tls).bind("127.0.0.1:8443").await?;
    println!("wss://localhost:8443/ws");
    server.run().await?;
    Ok(())
}
