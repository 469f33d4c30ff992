//! A server that serves, and whose files are others from some time on.
#![expect(clippy::disallowed_methods, reason = "tests run on tokio")]

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream;
use tokio::sync::mpsc::unbounded_channel;

use super::{Client, Directory, authority, der, issue};
use crate::server::Incoming;
use crate::server::memory::{Pipe, pipe};
use crate::server::tls::TlsConfig;
use crate::{Application, Realm, Server};

#[tokio::test]
async fn a_server_takes_other_files_together_while_it_serves_and_a_wrong_pair_changes_nothing() {
    let (authority, directory, elsewhere) = (authority(), Directory::new(), Directory::new());
    let [old, new, other] = ["old", "new", "other"].map(|name| issue(&authority, name));
    let (certificates, key) = directory.write_pair(&old);
    let tls = TlsConfig::from_files(certificates, key).check_every(Duration::MAX).build().unwrap();
    let realm = Realm::new("realm1").allow_anonymous("guest");
    let app = Application::builder().realm(realm).build().unwrap();
    let (connect, connections) = unbounded_channel::<Pipe>();
    let connections = stream::unfold(connections, async |mut connections| {
        let io = connections.recv().await?;
        Some((Ok((io, None::<SocketAddr>)), connections))
    });
    let (server, control) = Server::new(app.clone()).tls(tls.clone()).controlled();
    let _serving = tokio::spawn(server.serve(Incoming::new(connections), std::future::pending()));
    let client = Client::new(&authority);
    let shown = async || {
        let (here, there) = pipe(64 * 1024);
        connect.send(there).unwrap();
        client.certificate_of(here).await
    };
    assert_eq!(shown().await, der(&old.0));
    // Files of the same names, one after the other.
    directory.write("cert.pem", &new.0);
    tls.reload().unwrap_err();
    assert_eq!(shown().await, der(&old.0));
    directory.write("key.pem", &new.1);
    tls.reload().unwrap();
    assert_eq!(shown().await, der(&new.0));
    // Files of other names.
    let (certificates, key) = elsewhere.write_pair(&other);
    let files = TlsConfig::from_files(certificates, key);
    control.replace(Server::new(app).tls(files.build().unwrap())).unwrap();
    assert_eq!(shown().await, der(&other.0));
}
