//! TLS: whose certificates are believed, what is said about the others, and the client's own.

use crate::support::{Authority, Directory, application, realm, serve_secured};
use rcgen::date_time_ymd;
use serverwamp::auth;
use serverwamp::auth::{Fingerprint, Principal};
use serverwamp::client::{Client, ClientBuilder, ClientError, ClientTls};
use serverwamp::tls::{ClientCertificates, TlsConfig};
use std::path::PathBuf;

fn connect(port: u16, tls: ClientTls) -> ClientBuilder {
    Client::connect(format!("wss://localhost:{port}/ws")).realm("realm1").tls(tls)
}

async fn refusal(builder: ClientBuilder) -> String {
    let error = builder.await.unwrap_err();
    assert!(matches!(error, ClientError::Tls { .. }), "{error}");
    error.to_string()
}

/// The port of a server with this certificate.
async fn port((certificate, key): (PathBuf, PathBuf)) -> u16 {
    let tls = TlsConfig::from_files(certificate, key).build().unwrap();
    serve_secured(application(realm().allow_anonymous("guest")), tls).await.port()
}

#[tokio::test]
async fn a_certificate_that_nobody_trusted_has_signed_is_refused() {
    let (files, authority) = (Directory::new(), Authority::new());
    let port = port(authority.issue(&files, "localhost", |_| {})).await;
    // All of one name: that of the key cannot have made the signature, or could not even have tried.
    let trusted = [Authority::new(), Authority::of_another_kind()].map(|other| other.pem());
    let files_of = |pem: &String| files.write(&format!("{}.pem", pem.len()), pem);
    let others = trusted.iter().map(|pem| ClientTls::new().authorities(files_of(pem)));
    for tls in [ClientTls::new()].into_iter().chain(others) {
        let text = refusal(connect(port, tls)).await;
        assert!(text.contains("pass the file of its authority with `ClientTls::authorities`"), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_or_time_is_refused() {
    let (files, authority) = (Directory::new(), Authority::new());
    let tls = ClientTls::new().authorities(authority.file(&files));
    let elsewhere = port(authority.issue(&files, "elsewhere.example", |_| {})).await;
    let text = refusal(connect(elsewhere, tls.clone())).await;
    assert!(text.contains("is for another name") && text.contains("elsewhere.example"), "{text}");
    assert!(connect(elsewhere, tls.clone().server_name("elsewhere.example")).await.is_ok());
    let old =
        port(authority.issue(&files, "localhost", |params| params.not_after = date_time_ymd(2001, 1, 1)))
            .await;
    let text = refusal(connect(old, tls.clone())).await;
    assert!(text.contains("has expired"), "{text}");
    let early = authority.issue(&files, "localhost", |params| params.not_before = date_time_ymd(3000, 1, 1));
    let text = refusal(connect(port(early).await, tls)).await;
    assert!(text.contains("is not valid yet"), "{text}");
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let files = Directory::new();
    let empty = files.write("empty.pem", "nothing\n");
    let text = refusal_of_files(ClientTls::new().authorities(&empty)).await;
    assert!(text.contains("empty.pem: it has no certificate in it"), "{text}");
    let text = refusal_of_files(ClientTls::new().authorities(files.path("none.pem"))).await;
    assert!(text.contains("none.pem"), "{text}");
    let text = refusal_of_files(ClientTls::new().certificate(&empty, &empty)).await;
    assert!(text.contains("the certificate") && text.contains("empty.pem cannot be used"), "{text}");
    let (certificate, _) = Authority::new().issue(&files, "joe", |_| {});
    let text = refusal_of_files(ClientTls::new().certificate(&certificate, &empty)).await;
    assert!(text.contains("the key") && text.contains("empty.pem cannot be used"), "{text}");
    let (_, other) = Authority::new().issue(&files, "ann", |_| {});
    let text = refusal_of_files(ClientTls::new().certificate(&certificate, &other)).await;
    assert!(text.contains("joe.cert.pem and") && text.contains("ann.key.pem"), "{text}");
}

async fn refusal_of_files(tls: ClientTls) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    refusal(connect(listener.local_addr().unwrap().port(), tls)).await
}

#[tokio::test]
async fn a_client_is_known_by_its_certificate_and_told_when_one_is_missing() {
    async fn owner(Fingerprint(fingerprint): Fingerprint) -> Option<Principal> {
        Some(Principal::new(format!("{} digits", fingerprint.len())).role("guest"))
    }
    let (files, authority, clients) = (Directory::new(), Authority::new(), Authority::new());
    let (certificate, key) = authority.issue(&files, "localhost", |_| {});
    let (own, own_key) = clients.issue(&files, "joe", |_| {});
    let (foreign, foreign_key) = authority.issue(&files, "ann", |_| {});
    let trusted = authority.file(&files);
    let others = Directory::new();
    let server = TlsConfig::from_files(certificate, key)
        .client_certificates(ClientCertificates::Required(clients.file(&others)))
        .build()
        .unwrap();
    let realm = realm().authenticator(auth::client_certificate(owner));
    let port = serve_secured(application(realm), server).await.port();

    let tls = ClientTls::new().authorities(trusted);
    let client = connect(port, tls.clone().certificate(own, own_key)).await.unwrap();
    assert_eq!(client.authid(), "64 digits");
    let text = refusal(connect(port, tls.clone())).await;
    assert!(text.contains("add `ClientTls::certificate`"), "{text}");
    let text = refusal(connect(port, tls.certificate(foreign, foreign_key))).await;
    assert!(text.contains("the router does not accept the client's certificate"), "{text}");
}
