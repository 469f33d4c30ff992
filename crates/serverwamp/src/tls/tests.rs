//! Tests of TLS over pipes in memory, on no runtime at all.
#![expect(clippy::disallowed_methods, reason = "tests have a clock of their own")]

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_executor::block_on;
use futures_util::future::join;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::{ClientCertificates, TlsConfig};
use crate::memory::{Pipe, pipe};
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

struct Client {
    roots: RootCertStore,
    versions: Vec<&'static SupportedProtocolVersion>,
    certificate: Option<(String, String)>,
}

impl Client {
    fn new(authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        Self { roots, versions: vec![&TLS12, &TLS13], certificate: None }
    }

    async fn connect(&self, io: Pipe) -> io::Result<(Vec<u8>, TokioIo<impl Sized + use<>>)> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(self.roots.clone());
        let config = match &self.certificate {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder
                .with_client_auth_cert(
                    vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                    PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
                )
                .unwrap(),
        };
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, TokioIo::new(io)).await?;
        let seen = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
        let mut io = TokioIo::new(stream);
        // With TLS 1.3 a refused client certificate shows in the first read.
        write_all(&mut io, b"?").await?;
        let mut answer = [0];
        read_exact(&mut io, &mut answer).await?;
        assert_eq!(answer, *b"!");
        Ok((seen, io))
    }
}

/// What the server knows of a client.
type Known = io::Result<(TlsInfo, Vec<Vec<u8>>)>;

/// Both sides of a handshake: what the client saw, what the server knows.
fn shake_hands(tls: &TlsConfig, client: &Client, now: Instant) -> (io::Result<Vec<u8>>, Known) {
    let (there, here) = pipe(4096);
    let server = async {
        let (mut io, info, certificates) = tls.accept(here, now).await?;
        let mut question = [0];
        read_exact(&mut io, &mut question).await?;
        write_all(&mut io, b"!").await?;
        Ok((info, certificates))
    };
    let client = async { client.connect(there).await.map(|(seen, _)| seen) };
    block_on(join(client, server))
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

#[test]
fn sec_03_tls_1_2_and_1_3_are_spoken_and_the_certificate_is_the_one_in_the_file() {
    let (authority, directory) = (authority(), Directory::new());
    let pair = issue(&authority, "server");
    let (certificates, key) = directory.write_pair(&pair);
    let tls = TlsConfig::from_files(certificates, key).build().unwrap();
    for (version, name) in [(&TLS12, "TLSv1_2"), (&TLS13, "TLSv1_3")] {
        let client = Client { versions: vec![version], ..Client::new(&authority) };
        let (seen, known) = shake_hands(&tls, &client, Instant::now());
        assert_eq!(seen.unwrap(), der(&pair.0));
        let (info, certificates) = known.unwrap();
        assert_eq!((info.version, info.server_name.as_deref()), (name, Some("localhost")));
        assert!(info.cipher_suite.starts_with("TLS"), "{info:?}");
        assert!(certificates.is_empty());
    }
}

#[test]
fn sec_02_client_certificates_are_refused_demanded_and_known() {
    let (authority, stranger, directory) = (authority(), authority(), Directory::new());
    let (certificates, key) = directory.write_pair(&issue(&authority, "server"));
    let authorities = directory.write("clients.pem", &authority.pem());
    let own = issue(&authority, "joe");
    let client = |certificate: Option<&(String, String)>| Client {
        certificate: certificate.cloned(),
        ..Client::new(&authority)
    };
    let files = || TlsConfig::from_files(&certificates, &key);
    for (clients, without_is_fine) in [
        (ClientCertificates::Optional(authorities.clone()), true),
        (ClientCertificates::Required(authorities), false),
    ] {
        let tls = files().client_certificates(clients.clone()).build().unwrap();
        let (seen, known) = shake_hands(&tls, &client(Some(&issue(&stranger, "joe"))), Instant::now());
        assert!(seen.is_err() && known.is_err(), "a stranger gets through with {clients:?}");
        let (seen, known) = shake_hands(&tls, &client(None), Instant::now());
        assert_eq!((seen.is_ok(), known.is_ok()), (without_is_fine, without_is_fine), "{clients:?}");
        let (_, known) = shake_hands(&tls, &client(Some(&own)), Instant::now());
        assert_eq!(known.unwrap().1, [der(&own.0)]);
    }
}

#[test]
fn a_changed_pair_is_taken_for_new_handshakes_once_it_fits() {
    let (authority, directory) = (authority(), Directory::new());
    let (old, new) = (issue(&authority, "old"), issue(&authority, "new"));
    let (certificates, key) = directory.write_pair(&old);
    let tls = TlsConfig::from_files(certificates, key).check_every(Duration::from_secs(5)).build().unwrap();
    let client = Client::new(&authority);
    let start = Instant::now();
    let seen_at = |seconds| shake_hands(&tls, &client, start + Duration::from_secs(seconds)).0.unwrap();
    assert_eq!(seen_at(0), der(&old.0));
    // The certificate alone does not fit the old key.
    directory.write("cert.pem", &(new.0.clone() + "\n"));
    assert_eq!(seen_at(4), der(&old.0), "not looked at yet");
    assert_eq!(seen_at(5), der(&old.0), "half a pair is not taken");
    directory.write("key.pem", &(new.1.clone() + "\n"));
    assert_eq!(seen_at(10), der(&new.0));
    directory.write("key.pem", "nothing");
    assert_eq!(seen_at(15), der(&new.0));
    assert!(tls.reload().unwrap_err().to_string().contains("has no private key in it"));
    assert_eq!(seen_at(20), der(&new.0));
}

#[test]
fn a_session_goes_on_when_the_certificate_changes() {
    let (authority, directory) = (authority(), Directory::new());
    let (certificates, key) = directory.write_pair(&issue(&authority, "old"));
    let tls = TlsConfig::from_files(certificates, key).build().unwrap();
    let (there, here) = pipe(4096);
    let client = Client::new(&authority);
    let server = async {
        let (mut io, ..) = tls.accept(here, Instant::now()).await?;
        let mut question = [0];
        read_exact(&mut io, &mut question).await?;
        directory.write_pair(&issue(&authority, "new"));
        tls.reload().unwrap();
        write_all(&mut io, b"!").await
    };
    let (client, server) = block_on(join(client.connect(there), server));
    assert!(client.is_ok() && server.is_ok());
}

#[test]
fn a_handshake_that_breaks_off_anywhere_is_an_error_and_nothing_else() {
    let (authority, directory) = (authority(), Directory::new());
    let (certificates, key) = directory.write_pair(&issue(&authority, "server"));
    let tls = TlsConfig::from_files(certificates, key).build().unwrap();
    for bytes in [
        &b""[..],
        &[0x16],
        &[0x16, 3, 1, 2, 0, 1],
        b"GET / HTTP/1.1\r\n\r\n",
        &[0x7f, 0xf1, 0, 0],
        &[0xff; 600],
    ] {
        let (mut there, here) = pipe(4096);
        let server = tls.accept(here, Instant::now());
        let client = async move { write_all(&mut there, bytes).await };
        let (_, accepted) = block_on(join(client, server));
        assert!(accepted.is_err(), "{bytes:?}");
    }
}

#[test]
fn what_is_wrong_with_the_files_is_said_with_their_names() {
    let (authority, directory) = (authority(), Directory::new());
    let pair = issue(&authority, "server");
    let other = issue(&authority, "other");
    let (certificates, key) = directory.write_pair(&pair);
    let build = |certificates: &PathBuf, key: &PathBuf| {
        TlsConfig::from_files(certificates, key).build().unwrap_err().to_string()
    };
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let damaged = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    for (found, part) in [
        (build(&directory.0.join("absent.pem"), &key), "absent.pem cannot be read"),
        (build(&key, &key), "key.pem has no certificate in it"),
        (build(&certificates, &certificates), "cert.pem has no private key in it"),
        (build(&certificates, &directory.write("locked.pem", encrypted)), "locked.pem is encrypted"),
        (build(&directory.write("damaged.pem", damaged), &key), "damaged.pem is damaged"),
        (build(&certificates, &directory.write("other.pem", &other.1)), "cannot be used with the key in"),
    ] {
        assert!(found.contains(part), "{found:?} does not say {part:?}");
    }
    let clients = ClientCertificates::Required(key.clone());
    let error = TlsConfig::from_files(&certificates, &key).client_certificates(clients).build().unwrap_err();
    assert!(error.to_string().contains("key.pem has no certificate in it"), "{error}");
}
