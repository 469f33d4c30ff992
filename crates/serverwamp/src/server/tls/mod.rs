//! TLS for a [`Server`](crate::Server): certificates from files, reloaded when those change, and client certificates.
//!
//! ```no_run
//! # #[cfg(feature = "tokio")]
//! # async fn run(app: serverwamp::Application) -> Result<(), Box<dyn std::error::Error>> {
//! use serverwamp::Server;
//! use serverwamp::tls::{ClientCertificates, TlsConfig};
//!
//! let tls = TlsConfig::from_files("/etc/example/fullchain.pem", "/etc/example/privkey.pem")
//!     .client_certificates(ClientCertificates::Optional("/etc/example/clients.pem".into()))
//!     .build()?;
//! let listener = tokio::net::TcpListener::bind("0.0.0.0:443").await?;
//! Server::new(app).tls(tls).serve(listener, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! WebSocket, RawSocket and long-polling all run behind it, on one port. TLS 1.2 and 1.3 are spoken, with
//! the cipher suites that `rustls` recommends; nothing older.
//!
//! A client's certificate reaches authenticators as
//! [`TransportInfo::client_certificates`](crate::TransportInfo::client_certificates), after it was verified: see the
//! example `tls`.
//!
//! # Reloading
//!
//! At a handshake, at most once in [`check_every`](TlsBuilder::check_every), the files are read. If something else stands
//! in them than before, and all of it loads and fits together, it is taken; if not, the old certificate stays and the log
//! says what is wrong with which file. So the files may be replaced one after the other, in any way. Sessions that are
//! open notice nothing, but no session of TLS is resumed across the change: an authority that was taken from the clients'
//! file lets nobody in any more. Handshakes that begin while the files are read wait for it, some dozens of microseconds
//! with local files; do not keep them on a network file system. Nothing is read while nobody connects.
//!
//! # What is left to others
//!
//! Lists of revoked certificates, several certificates told apart by the name that the client asks for, ALPN, another
//! implementation of the cryptography than ring, and everything else that `rustls` can do come with
//! [`TlsConfig::from_rustls`]. Nothing is installed for the whole process. No certificate is taken apart: who wants
//! more of a client's than its fingerprint, such as its subject, parses it with a crate for that.

mod error;
mod files;

pub use self::error::TlsError;
pub use self::files::ClientCertificates;
#[doc(no_inline)]
pub use tokio_rustls::rustls;

use crate::base::locks::{Mutex, MutexGuard};
use crate::base::log::line_later;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;

use crate::transport::TlsInfo;
use crate::transport::tls_binding::{self, Recorded};
use files::{Contents, Files};

/// The interval at which the files are read.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// The certificates of a server, and whose clients' certificates it wants. Cheap to clone; all clones reload together.
#[derive(Clone, Debug)]
pub struct TlsConfig(Arc<TlsShared>);

#[derive(Debug)]
struct TlsShared {
    /// The source of the configuration; without files, it stays as it is.
    files: Option<Files>,
    check_every: Duration,
    current: Mutex<Current>,
}

#[derive(Debug)]
struct Current {
    config: Arc<ServerConfig>,
    /// The hash of what stood in the files when they were looked at last; `None` when they could not be read then.
    seen: Option<u64>,
    hasher: RandomState,
    checked: Option<Instant>,
}

/// Puts a [`TlsConfig`] together.
#[derive(Clone, Debug)]
#[must_use = "nothing is loaded until `build`"]
pub struct TlsBuilder {
    files: Files,
    check_every: Duration,
}

impl TlsConfig {
    /// Certificates and key from PEM files: the server's certificate first, then those that lead to its authority; a key
    /// in PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub fn from_files(certificates: impl AsRef<Path>, key: impl AsRef<Path>) -> TlsBuilder {
        TlsBuilder { files: Files::new(certificates.as_ref(), key.as_ref()), check_every: CHECK_EVERY }
    }

    /// A configuration of `rustls` as it is, for what else can be set there. It is not reloaded: its own
    /// `ResolvesServerCert` can do that. If it has ALPN, then `http/1.1` for WebSocket and long-polling; clients that
    /// speak RawSocket name no protocol.
    pub fn from_rustls(config: Arc<ServerConfig>) -> Self {
        Self::new(None, CHECK_EVERY, Current::new(config))
    }

    fn new(files: Option<Files>, check_every: Duration, current: Current) -> Self {
        Self(Arc::new(TlsShared { files, check_every, current: Mutex::new(current) }))
    }

    /// Reads the files now, whether they changed or not.
    ///
    /// # Errors
    /// What is wrong with them; what was loaded before stays in use.
    pub fn reload(&self) -> Result<(), TlsError> {
        let Some(files) = &self.0.files else { return Ok(()) };
        let mut current = self.current();
        let contents = files.read()?;
        current.see(&contents);
        current.config = files.load(&contents)?;
        Ok(())
    }

    /// Reads the files and checks that they fit together, without taking them: [`reload`](Self::reload) does that. For a program that changes
    /// several things at once, or none.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), TlsError> {
        self.0.files.as_ref().map_or(Ok(()), Files::check)
    }

    /// The configuration for handshakes that begin `now`.
    fn config(&self, now: Instant) -> Arc<ServerConfig> {
        let TlsShared { files, check_every, .. } = &*self.0;
        let mut current = self.current();
        if let Some(files) = files
            && current.checked.is_none_or(|checked| now.saturating_duration_since(checked) >= *check_every)
        {
            current.checked = Some(now);
            current.check(files);
        }
        Arc::clone(&current.config)
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shakes hands as a server. Cut it off when it takes too long.
    ///
    /// `tokio-rustls` knows tokio's I/O traits only, and needs none of its runtime; `TokioIo` translates both ways.
    pub(crate) async fn accept<IO>(
        &self,
        io: IO,
        now: Instant,
    ) -> io::Result<(Secured<IO>, TlsInfo, Vec<Vec<u8>>)>
    where
        IO: Read + Write + Unpin,
    {
        let recorded = TokioIo::new(Recorded::new(io));
        let mut stream = TlsAcceptor::from(self.config(now)).accept(recorded).await?;
        let (io, connection) = stream.get_mut();
        let client_hello = io.inner_mut().take();
        let info = TlsInfo {
            version: connection.protocol_version().and_then(|version| version.as_str()).unwrap_or("unknown"),
            cipher_suite: connection
                .negotiated_cipher_suite()
                .and_then(|suite| suite.suite().as_str())
                .unwrap_or("unknown"),
            server_name: connection.server_name().map(str::to_owned),
            alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
            channel_id: tls_binding::channel_of_server(connection, &client_hello),
        };
        let chain = connection.peer_certificates().unwrap_or_default();
        let certificates = chain.iter().map(|certificate| certificate.to_vec()).collect();
        Ok((TokioIo::new(stream), info, certificates))
    }
}

impl Current {
    fn new(config: Arc<ServerConfig>) -> Self {
        Self { config, seen: None, hasher: RandomState::new(), checked: None }
    }

    /// Whether this is something else than what was seen last.
    fn see(&mut self, contents: &Contents) -> bool {
        let hash = Some(self.hasher.hash_one(contents));
        std::mem::replace(&mut self.seen, hash) != hash
    }

    /// Takes what stands in the files, if it is new and fits. The log is told once of each change.
    fn check(&mut self, files: &Files) {
        let contents = match files.read() {
            Ok(contents) => contents,
            Err(error) => {
                // The reason may pass without a change to the files, so they are read anew each time.
                if self.seen.take().is_some() {
                    line_later!(ERROR, "tls", "the certificate stays as it is", error = error);
                }
                return;
            }
        };
        if !self.see(&contents) {
            return;
        }
        match files.load(&contents) {
            Ok(config) => {
                line_later!(INFO, "tls", "the certificate was reloaded", files = files);
                self.config = config;
            }
            Err(error) => line_later!(ERROR, "tls", "the certificate stays as it is", error = error),
        }
    }
}

/// A stream behind a handshake.
pub(crate) type Secured<IO> = TokioIo<TlsStream<TokioIo<Recorded<IO>>>>;

impl TlsBuilder {
    /// Whether clients are asked for a certificate. Default: they are not.
    pub fn client_certificates(mut self, clients: ClientCertificates) -> Self {
        self.files.set_clients(clients);
        self
    }

    /// The least interval between two readings of the files. Default 5 seconds: renewing a certificate is a matter of days, whoever
    /// waits for it to happen does not wait long, and beside a handshake's arithmetic the reading costs nothing.
    /// With `Duration::MAX` that happens at the first handshake alone, and the rest is up to [`TlsConfig::reload`].
    pub fn check_every(mut self, interval: Duration) -> Self {
        self.check_every = interval;
        self
    }

    /// Reads the files and checks that they fit together, and keeps nothing.
    ///
    /// # Errors
    /// What is wrong with which of them.
    pub fn check(&self) -> Result<(), TlsError> {
        self.files.check()
    }

    /// Loads the files.
    ///
    /// # Errors
    /// What is wrong with which of them.
    pub fn build(self) -> Result<TlsConfig, TlsError> {
        let contents = self.files.read()?;
        let mut current = Current::new(self.files.load(&contents)?);
        current.see(&contents);
        Ok(TlsConfig::new(Some(self.files), self.check_every, current))
    }
}

#[cfg(test)]
mod tests;
