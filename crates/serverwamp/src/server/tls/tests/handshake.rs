//! Handshakes that come to a good end, and what is carried behind them.

use std::sync::Arc;
use std::time::Instant;

use futures_executor::block_on;
use futures_util::future::join;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::{Client, Directory, authority, der, issue, shake_hands};
use crate::server::memory::pipe;
use crate::server::tls::TlsConfig;
use crate::transport::io::{read_exact, write_all};

#[test]
fn sec_03_tls_1_2_and_1_3_are_spoken_and_the_certificate_is_the_one_in_the_file() {
    let (authority, directory) = (authority(), Directory::new());
    let pair = issue(&authority, "server");
    let (certificates, key) = directory.write_pair(&pair);
    let tls = TlsConfig::from_files(certificates, key).build().unwrap();
    for (version, name) in [(&TLS12, "TLSv1_2"), (&TLS13, "TLSv1_3")] {
        let client = Client::with(&authority, &[version], None);
        let (seen, known) = shake_hands(&tls, &client, Instant::now());
        assert_eq!(seen.unwrap().0, der(&pair.0));
        let (info, certificates) = known.unwrap();
        assert_eq!((info.version, info.server_name.as_deref()), (name, Some("localhost")));
        assert!(info.cipher_suite.starts_with("TLS"), "{info:?}");
        assert_eq!(info.alpn, None);
        assert!(certificates.is_empty());
    }
}

#[test]
fn sec_03_a_server_whose_authority_is_another_one_is_not_believed() {
    let directory = Directory::new();
    let (certificates, key) = directory.write_pair(&issue(&authority(), "server"));
    let tls = TlsConfig::from_files(certificates, key).build().unwrap();
    let (seen, known) = shake_hands(&tls, &Client::new(&authority()), Instant::now());
    assert!(seen.unwrap_err().to_string().contains("invalid peer certificate"));
    assert!(known.is_err());
}

#[test]
fn clients_that_offer_protocols_are_served_as_those_that_offer_none() {
    let (authority, directory) = (authority(), Directory::new());
    let pair = issue(&authority, "server");
    let (certificates, key) = directory.write_pair(&pair);
    let tls = TlsConfig::from_files(certificates, key).build().unwrap();
    // As browsers do, and some libraries for WebSockets.
    for offered in [&[&b"h2"[..], b"http/1.1"][..], &[b"h2"], &[]] {
        let mut client = Client::new(&authority);
        client.config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
        let (seen, known) = shake_hands(&tls, &client, Instant::now());
        assert!(seen.is_ok(), "{offered:?}: {seen:?}");
        assert_eq!(known.unwrap().0.alpn, None);
    }
}

#[test]
fn a_configuration_of_ones_own_is_used_as_it_is() {
    let authority = authority();
    let (certificate, key) = issue(&authority, "server");
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let tls = TlsConfig::from_rustls(Arc::new(config));
    tls.reload().unwrap();
    let mut client = Client::new(&authority);
    client.config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let (seen, known) = shake_hands(&tls, &client, Instant::now());
    assert_eq!(seen.unwrap().0, der(&certificate));
    let (info, _) = known.unwrap();
    assert_eq!((info.version, info.alpn.as_deref()), ("TLSv1_2", Some(&b"http/1.1"[..])));
    // RawSocket has no name there.
    assert!(shake_hands(&tls, &Client::new(&authority), Instant::now()).1.is_ok());
}

/// Whoever flushes has flushed: no byte stays in the encryption's buffers, however narrow the way is.
#[test]
fn what_is_larger_than_every_buffer_arrives_in_both_directions() {
    const SIZE: usize = 300_000;
    let (authority, directory) = (authority(), Directory::new());
    let (certificates, key) = directory.write_pair(&issue(&authority, "server"));
    let tls = TlsConfig::from_files(certificates, key).build().unwrap();
    // Wide enough for the tickets that a server sends to who does not read yet.
    let (there, here) = pipe(1000);
    let message: Vec<u8> = (0..SIZE).map(|at| at.to_le_bytes()[at % 3]).collect();
    let server = async {
        let (mut io, ..) = tls.accept(here, Instant::now()).await.unwrap();
        let mut received = vec![0; SIZE];
        read_exact(&mut io, &mut received).await.unwrap();
        write_all(&mut io, &received).await.unwrap();
        io
    };
    let client = async {
        let connector = tokio_rustls::TlsConnector::from(Arc::new(Client::new(&authority).config));
        let name = "localhost".try_into().unwrap();
        let stream = connector.connect(name, hyper_util::rt::TokioIo::new(there)).await.unwrap();
        let mut io = hyper_util::rt::TokioIo::new(stream);
        write_all(&mut io, &message).await.unwrap();
        let mut received = vec![0; SIZE];
        read_exact(&mut io, &mut received).await.unwrap();
        (io, received)
    };
    let ((_client, received), _server) = block_on(join(client, server));
    assert!(received == message, "something else came back");
}
