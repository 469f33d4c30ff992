//! TLS from the client's side, with a small authority that issues the certificates of a test.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};

use crate::peer::DEADLINE;
use crate::stream::{Stream, connect_tcp};
use crate::tcp::RawTcp;

/// Issues certificates that its [clients](Authority::client) trust.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

/// A certificate with its key, both as PEM.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
    der: (CertificateDer<'static>, Vec<u8>),
}

impl Authority {
    /// An authority that nobody knows yet.
    ///
    /// # Panics
    ///
    /// When there is no randomness for its key.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key is generated");
        Self { issuer: CertifiedIssuer::self_signed(params, key).expect("an authority signs itself") }
    }

    /// Issues a certificate for these host names and addresses; the first one is its common name as well.
    ///
    /// # Panics
    ///
    /// When one of the names cannot stand in a certificate.
    #[must_use]
    #[track_caller]
    pub fn issue(&self, names: &[&str]) -> Issued {
        let names_owned: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names_owned).expect("names for a certificate");
        params.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or_default());
        let key = KeyPair::generate().expect("a key is generated");
        let certificate = params.signed_by(&key, &self.issuer).expect("the authority signs");
        Issued {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: (certificate.der().clone(), key.serialize_der()),
        }
    }

    /// The authority's own certificate, as PEM.
    #[must_use]
    pub fn certificate(&self) -> String {
        self.issuer.pem()
    }

    /// A client that trusts this authority and nobody else, and has no certificate itself.
    ///
    /// # Panics
    ///
    /// Never: the authority's certificate is one.
    #[must_use]
    pub fn client(&self) -> TlsClient {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("an authority's certificate");
        TlsClient { roots: Arc::new(roots), versions: rustls::ALL_VERSIONS.to_vec(), certificate: None }
    }
}

impl Issued {
    /// The certificate in binary.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der.0
    }

    /// Writes the certificate and its key into a directory, in place of what has been written before, and gives their
    /// paths.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn write(&self, directory: &Path) -> io::Result<(PathBuf, PathBuf)> {
        fs::create_dir_all(directory)?;
        let (certificate, key) = (directory.join("certificate.pem"), directory.join("key.pem"));
        fs::write(&certificate, &self.certificate)?;
        fs::write(&key, &self.key)?;
        Ok((certificate, key))
    }
}

/// The settings of a client for its TLS handshake.
#[derive(Clone, Debug)]
pub struct TlsClient {
    roots: Arc<RootCertStore>,
    versions: Vec<&'static SupportedProtocolVersion>,
    certificate: Option<Issued>,
}

impl TlsClient {
    /// The same client with a certificate of its own.
    #[must_use]
    pub fn with_certificate(mut self, certificate: Issued) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// The same client with one version of TLS alone.
    #[must_use]
    pub fn with_version(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.versions.retain(|known| known.version == version.version);
        self
    }

    /// Connects to `HOST:PORT` and shakes hands, expecting a certificate for `name`.
    ///
    /// A server that asks for a certificate may refuse only after this: with TLS 1.3 that shows in the first read.
    ///
    /// # Errors
    ///
    /// When client and server do not come together.
    ///
    /// # Panics
    ///
    /// When there is no TCP connection.
    #[track_caller]
    pub fn connect(&self, address: &str, name: &str) -> io::Result<Stream> {
        self.connect_behind(address, name, &[])
    }

    /// The same with octets that are sent before the handshake, as a proxy does.
    ///
    /// # Errors
    ///
    /// When client and server do not come together.
    ///
    /// # Panics
    ///
    /// When there is no TCP connection.
    #[track_caller]
    pub fn connect_behind(&self, address: &str, name: &str, before: &[u8]) -> io::Result<Stream> {
        let mut socket = connect_tcp(address);
        socket.write_all(before)?;
        socket.set_read_timeout(Some(DEADLINE))?;
        let mut connection = self.connection(name)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(Stream::Tls(Box::new(StreamOwned::new(connection, socket))))
    }

    /// The first bytes of such a handshake.
    ///
    /// # Panics
    ///
    /// When `name` is no name.
    #[must_use]
    #[track_caller]
    pub fn hello(&self, name: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut connection = self.connection(name).expect("a host name");
        connection.write_tls(&mut bytes).expect("a Vec takes what is written");
        bytes
    }

    fn connection(&self, name: &str) -> io::Result<ClientConnection> {
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let config = self.config().map_err(io::Error::other)?;
        ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)
    }

    /// Connects to `HOST:PORT`, expecting a certificate for `name`, and stops when `octets` octets were sent, or when
    /// nothing is left to send; says whether it came to that.
    ///
    /// # Errors
    ///
    /// When the server ends the connection before.
    ///
    /// # Panics
    ///
    /// When there is no TCP connection.
    #[track_caller]
    pub fn begin(&self, address: &str, name: &str, mut octets: usize) -> io::Result<(RawTcp, bool)> {
        let mut socket = connect_tcp(address);
        socket.set_read_timeout(Some(DEADLINE))?;
        let mut connection = self.connection(name)?;
        loop {
            let mut out = Vec::new();
            while connection.wants_write() {
                connection.write_tls(&mut out)?;
            }
            let now = out.len().min(octets);
            socket.write_all(&out[..now])?;
            octets -= now;
            if now < out.len() || !connection.is_handshaking() {
                return Ok((RawTcp::over(Stream::Tcp(socket)), now == out.len()));
            }
            connection.read_tls(&mut socket)?;
            connection.process_new_packets().map_err(io::Error::other)?;
        }
    }

    fn config(&self) -> Result<ClientConfig, rustls::Error> {
        let provider: CryptoProvider = ring::default_provider();
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&self.versions)?
            .with_root_certificates(Arc::clone(&self.roots));
        match &self.certificate {
            None => Ok(builder.with_no_client_auth()),
            Some(Issued { der: (certificate, key), .. }) => {
                let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.clone()));
                builder.with_client_auth_cert(vec![certificate.clone()], key)
            }
        }
    }
}
