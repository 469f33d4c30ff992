//! TLS to a router: whom the client trusts, its own certificate, and errors that say what to do.

use crate::base::authorities;
use crate::base::signal::Signal;
use crate::rt::AnyIo;
use crate::transport::tls_binding::{Recorded, channel_of_client};
use hyper_util::rt::TokioIo;
use serverwamp_proto::auth::channel::ChannelId;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{AlertDescription, CertificateError, ClientConfig, Error};

/// How a client speaks TLS to its router.
///
/// ```no_run
/// use serverwamp::client::{Client, ClientTls};
///
/// let tls = ClientTls::new().authorities("/etc/example/ca.pem").certificate("/etc/example/me.pem", "/etc/example/me.key");
/// let client = Client::connect("wss://localhost:8443/ws").realm("realm1").tls(tls);
/// ```
///
/// The files are read for each connection, so they may be replaced.
#[derive(Clone, Debug, Default)]
#[must_use = "it does nothing before a client has it"]
pub struct ClientTls {
    authorities: Option<PathBuf>,
    certificate: Option<(PathBuf, PathBuf)>,
    server_name: Option<String>,
    config: Option<Arc<ClientConfig>>,
}

impl ClientTls {
    /// Trusts the authorities of the system, and shows no certificate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the authorities in this PEM file, and no others. The certificate of a router that signed its own is one.
    pub fn authorities(mut self, file: impl AsRef<Path>) -> Self {
        self.authorities = Some(file.as_ref().to_owned());
        self
    }

    /// Shows this certificate to routers that ask for one: PEM files of the chain, its own first, and of the key.
    pub fn certificate(mut self, chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Self {
        self.certificate = Some((chain.as_ref().to_owned(), key.as_ref().to_owned()));
        self
    }

    /// Expects a certificate for this name in place of the host of the address.
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// A configuration of `rustls` as it is, for everything else that can be set there.
    pub fn from_rustls(config: Arc<ClientConfig>) -> Self {
        Self { config: Some(config), ..Self::default() }
    }

    /// Shakes hands over `io` with `host`. What proofs can be bound to is there with TLS 1.3, and with an extended master secret in
    /// TLS 1.2.
    pub(super) async fn secure(&self, io: AnyIo, host: &str) -> Result<(AnyIo, Option<ChannelId>), String> {
        let name = self.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned()).map_err(|_| {
            format!("{name:?} is no name that a certificate can be for: use `ClientTls::server_name`")
        })?;
        let connector = TlsConnector::from(self.config_apart().await?);
        let stream = connector.connect(name, TokioIo::new(Recorded::new(io))).await;
        let mut stream = stream.map_err(|error| refusal(&error).unwrap_or_else(|| unfinished(&error)))?;
        let (io, connection) = stream.get_mut();
        let channel = channel_of_client(connection, &io.inner_mut().take());
        Ok((AnyIo::new(TokioIo::new(stream)), channel))
    }

    /// Reads the files on a thread of its own: disks and network file systems may take their time, which other tasks of the runtime
    /// would wait for.
    async fn config_apart(&self) -> Result<Arc<ClientConfig>, String> {
        if self.config.is_some() {
            return self.config();
        }
        let done: Arc<Signal<Result<Arc<ClientConfig>, String>>> = Arc::default();
        let (read, tls) = (Arc::clone(&done), self.clone());
        let reading = move || {
            let _first = read.set(tls.config());
        };
        match thread::Builder::new().name("serverwamp-tls".to_owned()).spawn(reading) {
            Ok(_) => done.wait().await,
            Err(error) => Err(format!("no thread can be started to read its files: {error}")),
        }
    }

    fn config(&self) -> Result<Arc<ClientConfig>, String> {
        if let Some(config) = &self.config {
            return Ok(Arc::clone(config));
        }
        let roots = match &self.authorities {
            Some(file) => authorities::of_file(file).map_err(|why| format!("{}: {why}", file.display()))?,
            None => authorities::of_system(),
        };
        // Named here and not for the whole process, which belongs to the program and not to a library.
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots);
        let config = match &self.certificate {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let (certificates, private) = (read_chain(chain)?, read_key(key)?);
                let fitted = builder.with_client_auth_cert(certificates, private);
                fitted.map_err(|error| format!("{} and {}: {error}", chain.display(), key.display()))?
            }
        };
        Ok(Arc::new(config))
    }
}

fn read_chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unusable =
        |why: &dyn fmt::Display| format!("the certificate {} cannot be used: {why}", file.display());
    let pem = std::fs::read(file).map_err(|error| unusable(&error))?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| unusable(&error))?;
    if chain.is_empty() {
        return Err(unusable(&"it has no certificate in it, expected PEM with -----BEGIN CERTIFICATE-----"));
    }
    Ok(chain)
}

fn read_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(file)
        .map_err(|error| format!("the key {} cannot be used: {error}", file.display()))
}

/// The fault and its remedy, if an error is one of TLS.
pub(super) fn refusal(error: &io::Error) -> Option<String> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    let advice = match error {
        // The last two are of an authority with the right name and another kind of key: a renewed one.
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer
            | CertificateError::BadSignature
            | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        ) => {
            "no trusted authority vouches for the router's certificate: pass the file of its authority with `ClientTls::authorities`"
        }
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "the router's certificate has expired: renew it there, or check this machine's clock"
        }
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "the router's certificate is not valid yet: check this machine's clock",
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => {
            "the router's certificate is for another name: connect to that one, or name it with `ClientTls::server_name`"
        }
        // As `openssl req -x509` makes it. rustls has no name for this error.
        Error::InvalidCertificate(CertificateError::Other(other))
            if other.to_string().contains("CaUsedAsEndEntity") =>
        {
            "the router's certificate is that of an authority, and no server's: make one with `basicConstraints=CA:FALSE`"
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the router wants a certificate of the client: add `ClientTls::certificate`"
        }
        Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::DecryptError
            | AlertDescription::CertificateExpired,
        ) => "the router does not accept the client's certificate: use one that its authority has signed",
        Error::InvalidMessage(_) => "what answers is not TLS: check the port, or connect to ws:// or rs://",
        _ => return Some(error.to_string()),
    };
    Some(format!("{advice} ({error})"))
}

fn unfinished(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "the other side closed the connection during the handshake: check the port, and whether TLS is spoken there".to_owned()
        }
        _ => error.to_string(),
    }
}
