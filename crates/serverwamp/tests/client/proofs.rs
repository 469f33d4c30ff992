//! Every method of authentication against a router that has them all, several at once, two in a row, and false routers.

use crate::bad_routers::{FakeRouter, WELCOME};
use crate::support::{Authority, Directory, application, realm, serve, serve_secured};
use serverwamp::auth::{
    self, AuthId, ChannelBinding, CraCredential, CryptosignKey, CryptosignOptions, Principal, PublicKey,
    Salting, ScramCredential, ScramKdf, ScramOptions, ScramVerifier, Secret, Ticket,
};
use serverwamp::client::{Client, ClientBuilder, ClientError, ClientTls, Login};
use serverwamp::tls::TlsConfig;
use serverwamp::tls::rustls::crypto::ring;
use serverwamp::tls::rustls::pki_types::CertificateDer;
use serverwamp::tls::rustls::pki_types::pem::PemObject as _;
use serverwamp::tls::rustls::version::{TLS12, TLS13};
use serverwamp::tls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serverwamp::{Realm, uris};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

async fn by_ticket(AuthId(authid): AuthId, ticket: Ticket) -> Option<Principal> {
    ticket.0.matches("pencil").then(|| Principal::new(authid).role("user"))
}

async fn by_secret(AuthId(authid): AuthId) -> Option<CraCredential> {
    let salting = Salting::new("pepper", 100, 32);
    let key = auth::derive_key(&Secret::from("pencil"), &salting);
    Some(CraCredential::derived(key, salting, Principal::new(authid).role("user")))
}

/// `anna`'s password is hashed by Argon2id, everybody else's by PBKDF2.
async fn by_verifier(AuthId(authid): AuthId) -> Option<ScramCredential> {
    let kdf = match &*authid {
        "anna" => ScramKdf::Argon2id13 { iterations: 1, memory: 16 * 1024 },
        "cheap" => ScramKdf::Pbkdf2 { iterations: 100 },
        _ => ScramKdf::Pbkdf2 { iterations: 4096 },
    };
    let verifier = ScramVerifier::derive(&Secret::from("pencil"), b"a salt of 16 ...", kdf).ok()?;
    Some(ScramCredential::new(verifier, Principal::new(authid).role("user")))
}

async fn by_key(PublicKey(key): PublicKey) -> Option<Principal> {
    (key == device().public_key().to_string()).then(|| Principal::new("device").role("user"))
}

fn device() -> CryptosignKey {
    CryptosignKey::new(&[1; 32])
}

fn router() -> CryptosignKey {
    CryptosignKey::new(&[9; 32])
}

fn scram(binding: ChannelBinding) -> auth::Authenticator<()> {
    auth::scram_with(ScramOptions::default().channel_binding(binding), by_verifier)
}

fn cryptosign(binding: ChannelBinding) -> auth::Authenticator<()> {
    let options = CryptosignOptions::default().router_key(router()).channel_binding(binding);
    auth::cryptosign_with(options, by_key)
}

fn with_all(realm: Realm<()>) -> Realm<()> {
    realm
        .authenticator(scram(ChannelBinding::Optional))
        .authenticator(cryptosign(ChannelBinding::Optional))
        .authenticator(auth::cra(by_secret))
        .authenticator(auth::ticket(by_ticket))
}

fn connect(address: SocketAddr, login: Login) -> ClientBuilder {
    Client::connect(format!("ws://{address}/ws")).realm("realm1").login(login)
}

#[tokio::test]
async fn every_method_lets_in_who_proves_and_nobody_else() {
    let address = serve(application(with_all(realm()))).await;
    let methods: [fn(Login, &str) -> Login; 3] = [
        |login, password| login.ticket(password),
        |login, password| login.cra(password),
        |login, password| login.scram(password),
    ];
    for method in methods {
        for authid in ["joe", "anna"] {
            let client = connect(address, method(Login::new(authid), "pencil")).await.unwrap();
            assert_eq!((&*client.authid(), &*client.authrole()), (authid, "user"));
        }
        let error = connect(address, method(Login::new("joe"), "pen")).await.unwrap_err();
        let ClientError::Refused(error) = error else { panic!("{error}") };
        assert_eq!(error.uri(), uris::error::AUTHENTICATION_DENIED);
    }
    let client = connect(address, Login::anonymous().cryptosign(device())).await.unwrap();
    assert_eq!(client.authid(), "device");
    let stranger = connect(address, Login::anonymous().cryptosign(CryptosignKey::new(&[2; 32])));
    assert!(matches!(stranger.await.unwrap_err(), ClientError::Refused(_)));
}

#[tokio::test]
async fn several_methods_are_offered_and_the_clients_order_decides() {
    let address = serve(application(with_all(realm()))).await;
    let both = Login::new("joe").cra("wrong").scram("pencil");
    assert!(connect(address, both).await.is_err(), "WAMP-CRA came first");
    let client = connect(address, Login::new("joe").scram("pencil").cra("wrong").cryptosign(device())).await;
    assert_eq!(client.unwrap().authid(), "joe");
}

#[tokio::test]
async fn two_proofs_in_a_row_are_given() {
    let two = auth::both(auth::cra(by_secret), auth::ticket(by_ticket));
    let address = serve(application(realm().authenticator(two))).await;
    let client = connect(address, Login::new("joe").cra("pencil").ticket("pencil")).await.unwrap();
    assert_eq!(client.authid(), "joe");
    assert!(connect(address, Login::new("joe").cra("pencil").ticket("pen")).await.is_err());
}

#[tokio::test]
async fn fresh_credentials_are_asked_for_at_each_connection() {
    let address = serve(application(with_all(realm()))).await;
    let asked = Arc::new(AtomicU32::new(0));
    for expected in 1..=2 {
        let count = Arc::clone(&asked);
        let connecting =
            Client::connect(format!("ws://{address}/ws")).realm("realm1").login_from(move || {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                async move { Ok::<_, std::io::Error>(Login::new(format!("user{number}")).ticket("pencil")) }
            });
        assert_eq!(connecting.await.unwrap().authid(), format!("user{expected}"));
    }
    let none = Client::connect(format!("ws://{address}/ws"))
        .realm("realm1")
        .login_from(|| async { Err::<Login, _>("the vault is closed") });
    let error = none.await.unwrap_err();
    assert!(matches!(&error, ClientError::Login { why, .. } if why == "the vault is closed"), "{error}");
}

#[tokio::test]
async fn a_cheap_key_derivation_is_answered_only_if_the_application_allows_it() {
    let address = serve(application(with_all(realm()))).await;
    let error = connect(address, Login::new("cheap").scram("pencil")).await.unwrap_err();
    let ClientError::Challenge { why, .. } = error else { panic!("{error}") };
    assert_eq!(
        why,
        "the key derivation pbkdf2 with 100 iterations is too cheap, expected 4096 at least: derive the router's verifier with \
         `ScramKdf::default()`, or answer all the same with `Login::cheap_scram`"
    );
    assert!(connect(address, Login::new("cheap").cheap_scram("pencil")).await.is_ok());
}

#[tokio::test]
async fn scram_has_a_short_form_in_both_places() {
    let app = application(with_all(realm()));
    let near = app.join("realm1").scram("joe", "pencil").await.unwrap();
    assert_eq!(near.authid(), "joe");
    let address = serve(app).await;
    let connecting = Client::connect(format!("ws://{address}/ws")).realm("realm1").scram("joe", "pencil");
    assert_eq!(connecting.await.unwrap().authid(), "joe");
}

#[tokio::test]
async fn proofs_are_bound_to_tls_where_that_is_asked_for() {
    let (files, authority) = (Directory::new(), Authority::new());
    let (certificate, key) = authority.issue(&files, "localhost", |_| {});
    let server = TlsConfig::from_files(certificate, key).build().unwrap();
    let bound = realm()
        .authenticator(scram(ChannelBinding::Required))
        .authenticator(cryptosign(ChannelBinding::Required));
    let port = serve_secured(application(bound), server).await.port();
    let tls = ClientTls::new().authorities(authority.file(&files));
    let logins = [Login::new("joe").scram("pencil"), Login::anonymous().cryptosign(device())];
    for scheme in ["wss", "rss"] {
        let path = if scheme == "wss" { "/ws" } else { "" };
        let connect = |login| {
            Client::connect(format!("{scheme}://localhost:{port}{path}"))
                .realm("realm1")
                .tls(tls.clone())
                .login(login)
        };
        for login in logins.clone() {
            assert!(connect(login.clone().bound_to_tls()).await.is_ok(), "{login:?}");
            assert!(matches!(connect(login).await.unwrap_err(), ClientError::Refused(_)));
        }
    }
    let plain = serve(application(with_all(realm()))).await;
    let error = connect(plain, Login::new("joe").scram("pencil").bound_to_tls()).await.unwrap_err();
    assert!(matches!(&error, ClientError::Settings(why) if why.contains("bound to TLS")), "{error}");
}

/// A TLS client of this version alone.
fn tls_of(authority: &Authority, version: &'static SupportedProtocolVersion) -> ClientTls {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = builder.with_protocol_versions(&[version]).unwrap().with_root_certificates(roots);
    ClientTls::from_rustls(Arc::new(config.with_no_client_auth()))
}

#[tokio::test]
async fn proofs_are_bound_to_tls_1_2_as_well() {
    let (files, authority) = (Directory::new(), Authority::new());
    let (certificate, key) = authority.issue(&files, "localhost", |_| {});
    let server = TlsConfig::from_files(certificate, key).build().unwrap();
    let bound = realm().authenticator(scram(ChannelBinding::Required));
    let port = serve_secured(application(bound), server).await.port();
    for version in [&TLS12, &TLS13] {
        let connecting = Client::connect(format!("wss://localhost:{port}/ws")).realm("realm1");
        let login = Login::new("joe").scram("pencil").bound_to_tls();
        let client = connecting.tls(tls_of(&authority, version)).login(login).await.unwrap();
        assert_eq!(client.authid(), "joe", "{version:?}");
    }
}

#[tokio::test]
async fn a_router_proves_that_it_has_its_key() {
    let address = serve(application(with_all(realm()))).await;
    let login = || Login::anonymous().cryptosign(device());
    assert!(connect(address, login().router_key(router().public_key())).await.is_ok());
    let error = connect(address, login().router_key(device().public_key())).await.unwrap_err();
    assert!(matches!(error, ClientError::Challenge { .. }), "{error}");
    let without = Login::new("joe").ticket("pencil").router_key(router().public_key());
    assert!(matches!(connect(address, without).await.unwrap_err(), ClientError::Settings(_)));
}

#[tokio::test]
async fn a_router_that_does_not_know_the_verifier_gets_no_session() {
    for (extra, why) in [
        ("", "authextra.verifier is missing"),
        (r#","authextra":{"verifier":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}"#, "signature"),
    ] {
        let mut router = FakeRouter::start().await;
        let client = router.connect(Login::new("joe").scram("pencil"));
        let hello = router.hear().await.unwrap();
        let nonce = hello.split(r#""nonce":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let challenge = format!(
            r#"[4,"wamp-scram",{{"nonce":"{nonce}abc","salt":"YSBzYWx0IG9mIDE2IC4uLg==","kdf":"pbkdf2","iterations":4096}}]"#
        );
        router.say(&challenge).await;
        assert!(router.hear().await.unwrap().starts_with("[5,"));
        router.say(&format!(r#"[2,1,{{"roles":{{"broker":{{}}}}{extra}}}]"#)).await;
        let error = client.await.unwrap().unwrap_err();
        assert!(matches!(&error, ClientError::RouterProof(text) if text.contains(why)), "{error}");
        assert!(router.hear().await.unwrap().starts_with("[3,"));
    }
}

#[tokio::test]
async fn a_router_that_skips_the_proof_of_the_only_method_gets_no_session() {
    for login in [
        Login::new("joe").scram("pencil"),
        Login::anonymous().cryptosign(device()).router_key(router().public_key()),
    ] {
        let mut router = FakeRouter::start().await;
        let client = router.connect(login);
        router.hear().await.unwrap();
        router.say(WELCOME).await;
        let error = client.await.unwrap().unwrap_err();
        assert!(matches!(error, ClientError::RouterProof(_)), "{error}");
    }
}
