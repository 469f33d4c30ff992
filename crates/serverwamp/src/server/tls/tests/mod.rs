//! Tests of TLS over pipes in memory, on no runtime at all: what they share, a client and the files of a server.
#![expect(clippy::disallowed_methods, reason = "tests have a clock of their own")]

mod binding;
mod broken;
mod client_certificates;
mod files;
mod handshake;
#[cfg(feature = "tokio")]
mod replaced;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures_executor::block_on;
use futures_util::future::join;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion};

use super::TlsConfig;
use crate::server::memory::pipe;
use crate::transport::TlsInfo;
use crate::transport::io::{read_exact, write_all};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key in PEM.
fn issue(authority: &Authority, common_name: &str) -> (String, String) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

/// A directory of its own for each test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("serverwamp-tls-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn write_pair(&self, pair: &(String, String)) -> (PathBuf, PathBuf) {
        (self.write("cert.pem", &pair.0), self.write("key.pem", &pair.1))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// A client that trusts one authority, and knows its way back into sessions that it had.
struct Client {
    config: ClientConfig,
}

/// What a client sees of a handshake: the server's certificate, and whether all of it was gone through.
type Seen = io::Result<(Vec<u8>, HandshakeKind)>;

impl Client {
    fn new(authority: &Authority) -> Self {
        Self::with(authority, &[&TLS12, &TLS13], None)
    }

    fn with(
        authority: &Authority,
        versions: &[&'static SupportedProtocolVersion],
        certificate: Option<&(String, String)>,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        let config = match certificate {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder
                .with_client_auth_cert(
                    vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                    PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
                )
                .unwrap(),
        };
        Self { config }
    }

    /// Shakes hands, and gives the server's certificate.
    async fn certificate_of(&self, io: impl Read + Write + Unpin) -> Vec<u8> {
        let connector = TlsConnector::from(Arc::new(self.config.clone()));
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connector.connect(name, TokioIo::new(io)).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }

    /// Shakes hands, asks, and waits for the answer: with TLS 1.3, a client learns only from that whether its own
    /// certificate was accepted.
    async fn ask(&self, io: impl Read + Write + Unpin) -> Seen {
        let connector = TlsConnector::from(Arc::new(self.config.clone()));
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connector.connect(name, TokioIo::new(io)).await?;
        let (_, connection) = stream.get_ref();
        let certificate = connection.peer_certificates().unwrap()[0].to_vec();
        let kind = connection.handshake_kind().unwrap();
        let mut io = TokioIo::new(stream);
        write_all(&mut io, b"?").await?;
        let mut answer = [0];
        read_exact(&mut io, &mut answer).await?;
        assert_eq!(answer, *b"!");
        Ok((certificate, kind))
    }
}

/// What the server knows of a client.
type Known = io::Result<(TlsInfo, Vec<Vec<u8>>)>;

/// Shakes hands as a server, and answers.
async fn answer(tls: &TlsConfig, io: impl Read + Write + Unpin, now: Instant) -> Known {
    let (mut io, info, certificates) = tls.accept(io, now).await?;
    let mut question = [0];
    read_exact(&mut io, &mut question).await?;
    write_all(&mut io, b"!").await?;
    Ok((info, certificates))
}

/// Both sides of a handshake: what the client saw, what the server knows.
fn shake_hands(tls: &TlsConfig, client: &Client, now: Instant) -> (Seen, Known) {
    let (there, here) = pipe(4096);
    block_on(join(client.ask(there), answer(tls, here, now)))
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}
