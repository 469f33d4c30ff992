//! Servers for the tests: an application at a port and at a Unix socket, and certificates.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serverwamp::extract::Args;
use serverwamp::tls::TlsConfig;
use serverwamp::{Application, Realm, RouteSet, Server};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A directory of its own for each test.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("serverwamp-client-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// An authority and what it has signed.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        Self::of(KeyPair::generate().unwrap())
    }

    /// One of the same name, with another kind of key.
    pub(crate) fn of_another_kind() -> Self {
        Self::of(KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap())
    }

    fn of(key: KeyPair) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// Its own certificate.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Its own certificate in a file.
    pub(crate) fn file(&self, directory: &Directory) -> PathBuf {
        directory.write("authority.pem", &self.0.pem())
    }

    /// The files of a certificate for `name` and of its key.
    pub(crate) fn issue(
        &self,
        directory: &Directory,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().pem();
        let file = |kind: &str, text: &str| directory.write(&format!("{name}.{kind}.pem"), text);
        (file("cert", &certificate), file("key", &key.serialize_pem()))
    }
}

async fn add(Args((a, b)): Args<(i64, i64)>) -> i64 {
    a + b
}

/// A realm that adds numbers and takes all events.
pub(crate) fn realm() -> Realm<()> {
    let routes = RouteSet::new().procedure("math.add", add).open_topic("news.today");
    Realm::new("realm1").routes(routes).allow_publish_to("news.today")
}

pub(crate) fn application(realm: Realm<()>) -> Application {
    Application::builder().realm(realm).build().unwrap()
}

/// Serves the application on tokio, at a port of its own, to the end of the test.
pub(crate) async fn serve(app: Application) -> SocketAddr {
    serve_on(Server::new(app).long_poll("/lp")).await
}

pub(crate) async fn serve_secured(app: Application, tls: TlsConfig) -> SocketAddr {
    serve_on(Server::new(app).long_poll("/lp").tls(tls)).await
}

async fn serve_on(server: Server) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { server.serve(listener, std::future::pending()).await });
    address
}

/// Serves the application at a Unix socket.
pub(crate) fn serve_unix(app: Application, path: &Path) {
    let listener = tokio::net::UnixListener::bind(path).unwrap();
    tokio::spawn(async move { Server::new(app).serve(listener, std::future::pending()).await });
}
