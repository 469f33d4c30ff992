//! TLS on both sides: a certificate that lives as long as its server, and streams that may be encrypted.

use crate::Failure;
use crate::client::PATIENCE;
use rustix::net::{AddressFamily, SocketType};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};
use serverwamp::tls::TlsConfig;
use std::fmt::Write as _;
use std::io::{Read, Result, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;

/// What the certificate is for.
const NAME: &str = "localhost";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// A server's TLS with a new certificate, and that certificate in hexadecimal.
pub(crate) fn server() -> std::result::Result<(TlsConfig, String), Failure> {
    let issued = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
    let certificate = issued.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der());
    let mut text = String::new();
    for octet in certificate.iter() {
        write!(text, "{octet:02x}")?;
    }
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())?;
    Ok((TlsConfig::from_rustls(Arc::new(config)), text))
}

/// Where a server speaks TLS.
#[derive(Clone, Debug)]
pub(crate) struct TlsDoor {
    address: SocketAddr,
    /// With TLS 1.2 and with 1.3.
    versions: [Arc<ClientConfig>; 2],
}

impl TlsDoor {
    /// From what a server prints: its address and its certificate.
    pub(crate) fn parse(printed: &str) -> std::result::Result<Self, Failure> {
        let (address, certificate) = printed.split_once(' ').ok_or("an address without a certificate")?;
        let octets = (0..certificate.len()).step_by(2).map(|at| {
            let pair = certificate.get(at..at + 2).ok_or("half an octet")?;
            Ok::<_, Failure>(u8::from_str_radix(pair, 16)?)
        });
        let certificate = CertificateDer::from(octets.collect::<std::result::Result<Vec<u8>, _>>()?);
        let mut roots = RootCertStore::empty();
        roots.add(certificate)?;
        let roots = Arc::new(roots);
        let client = |version| {
            let config =
                ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[version])?;
            let config = config.with_root_certificates(Arc::clone(&roots)).with_no_client_auth();
            Ok::<_, Failure>(Arc::new(config))
        };
        Ok(Self { address: address.parse()?, versions: [client(&TLS12)?, client(&TLS13)?] })
    }

    /// A connection that has not said anything; `number` decides over the version.
    pub(crate) fn connect(&self, number: u64) -> std::result::Result<Stream, Failure> {
        let Stream::Plain(socket) = Stream::connect(self.address)? else {
            return Err("it is not plain".into());
        };
        Ok(Stream::Tls(Box::new(StreamOwned::new(self.client(number)?, socket))))
    }

    /// A connection to here as if it were not encrypted, and with what the handshake begins.
    pub(crate) fn connect_and_begin(&self, number: u64) -> std::result::Result<(Stream, Vec<u8>), Failure> {
        let mut hello = Vec::new();
        self.client(number)?.write_tls(&mut hello)?;
        Ok((Stream::connect(self.address)?, hello))
    }

    fn client(&self, number: u64) -> std::result::Result<ClientConnection, Failure> {
        let config = &self.versions[(number % 2) as usize];
        Ok(ClientConnection::new(Arc::clone(config), ServerName::try_from(NAME)?)?)
    }
}

/// A TCP connection, encrypted or not.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// One that is not encrypted.
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        Self::plain(TcpStream::connect(address)?)
    }

    /// One from another address of this machine.
    pub(crate) fn connect_from(source: IpAddr, address: SocketAddr) -> Result<Self> {
        let socket = rustix::net::socket(
            if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 },
            SocketType::STREAM,
            None,
        )?;
        rustix::net::bind(&socket, &SocketAddr::new(source, 0))?;
        rustix::net::connect(&socket, &address)?;
        Self::plain(socket.into())
    }

    fn plain(socket: TcpStream) -> Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self::Plain(socket))
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => &stream.sock,
        }
    }

    /// Writes as much of `bytes` and of what encloses them as `length` says: if it is encrypted, not even a record.
    pub(crate) fn write_part(&mut self, bytes: &[u8], length: usize) -> Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(&bytes[..length]),
            Self::Tls(stream) => {
                let mut records = Vec::new();
                stream.conn.writer().write_all(bytes)?;
                while stream.conn.wants_write() {
                    stream.conn.write_tls(&mut records)?;
                }
                stream.sock.write_all(&records[..length])
            }
        }
    }

    /// Says that nothing more will come, where that can be said.
    pub(crate) fn say_last(&mut self) -> Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Tls(stream) => {
                stream.conn.send_close_notify();
                stream.flush()
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
