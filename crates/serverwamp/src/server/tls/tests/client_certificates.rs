//! Whose certificate is accepted, and for how long.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio_rustls::rustls::HandshakeKind;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::{Client, Directory, authority, der, issue, shake_hands};
use crate::server::tls::{ClientCertificates, TlsConfig};

#[test]
fn sec_02_client_certificates_are_refused_demanded_and_known() {
    let (authority, stranger, directory) = (authority(), authority(), Directory::new());
    let (certificates, key) = directory.write_pair(&issue(&authority, "server"));
    let authorities = directory.write("clients.pem", &authority.pem());
    let (own, strange) = (issue(&authority, "joe"), issue(&stranger, "joe"));
    for version in [&TLS12, &TLS13] {
        let client = |certificate| Client::with(&authority, &[version], certificate);
        for (clients, without_is_fine) in [
            (ClientCertificates::Optional(authorities.clone()), true),
            (ClientCertificates::Required(authorities.clone()), false),
        ] {
            let tls = TlsConfig::from_files(&certificates, &key).client_certificates(clients.clone());
            let tls = tls.build().unwrap();
            let (seen, known) = shake_hands(&tls, &client(Some(&strange)), Instant::now());
            assert!(seen.is_err() && known.is_err(), "a stranger gets through with {clients:?}");
            let (seen, known) = shake_hands(&tls, &client(None), Instant::now());
            assert_eq!((seen.is_ok(), known.is_ok()), (without_is_fine, without_is_fine), "{clients:?}");
            let (_, known) = shake_hands(&tls, &client(Some(&own)), Instant::now());
            assert_eq!(known.unwrap().1, [der(&own.0)]);
        }
    }
}

#[test]
fn a_certificate_that_nobody_asked_for_is_not_known() {
    let (authority, directory) = (authority(), Directory::new());
    let (certificates, key) = directory.write_pair(&issue(&authority, "server"));
    let tls = TlsConfig::from_files(certificates, key).build().unwrap();
    let client = Client::with(&authority, &[&TLS13], Some(&issue(&authority, "joe")));
    assert!(shake_hands(&tls, &client, Instant::now()).1.unwrap().1.is_empty());
}

/// A server that wants certificates of the authority whose certificate stands in the file.
fn demanding(directory: &Directory, authorities: &Path) -> TlsConfig {
    let (certificates, key) = (directory.0.join("cert.pem"), directory.0.join("key.pem"));
    let clients = ClientCertificates::Required(authorities.to_owned());
    TlsConfig::from_files(certificates, key)
        .client_certificates(clients)
        .check_every(Duration::ZERO)
        .build()
        .unwrap()
}

#[test]
fn who_resumes_a_session_of_tls_is_known_by_its_certificate_as_before() {
    let (authority, directory) = (authority(), Directory::new());
    directory.write_pair(&issue(&authority, "server"));
    let tls = demanding(&directory, &directory.write("clients.pem", &authority.pem()));
    let own = issue(&authority, "joe");
    for version in [&TLS12, &TLS13] {
        let client = Client::with(&authority, &[version], Some(&own));
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let (seen, known) = shake_hands(&tls, &client, Instant::now());
            assert_eq!(seen.unwrap().1, kind, "{version:?}");
            assert_eq!(known.unwrap().1, [der(&own.0)]);
        }
    }
}

#[test]
fn an_authority_that_is_taken_away_lets_nobody_in_any_more_not_even_to_resume() {
    let (old, new, directory) = (authority(), authority(), Directory::new());
    directory.write_pair(&issue(&old, "server"));
    let authorities = directory.write("clients.pem", &old.pem());
    let tls = demanding(&directory, &authorities);
    for version in [&TLS12, &TLS13] {
        directory.write("clients.pem", &old.pem());
        let client = Client::with(&old, &[version], Some(&issue(&old, "joe")));
        assert!(shake_hands(&tls, &client, Instant::now()).1.is_ok());
        directory.write("clients.pem", &new.pem());
        let (seen, known) = shake_hands(&tls, &client, Instant::now());
        assert!(seen.is_err() && known.is_err(), "{version:?}");
        let welcome = Client::with(&old, &[version], Some(&issue(&new, "joe")));
        assert!(shake_hands(&tls, &welcome, Instant::now()).1.is_ok());
    }
}
