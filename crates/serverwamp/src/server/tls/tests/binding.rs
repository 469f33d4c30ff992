//! The channel binding, which both ends compute and nobody between them (RFC 9266).

use std::sync::Arc;
use std::time::Instant;

use futures_executor::block_on;
use futures_util::future::join;
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use super::{Authority, Client, Directory, authority, issue};
use crate::server::memory::pipe;
use crate::server::tls::TlsConfig;

/// What client and server have as their channel binding after a handshake.
fn bindings(tls: &TlsConfig, client: &Client) -> ([u8; 32], [u8; 32]) {
    let (there, here) = pipe(4096);
    let server = async { tls.accept(here, Instant::now()).await.unwrap().1 };
    let client = async {
        let connector = TlsConnector::from(Arc::new(client.config.clone()));
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connector.connect(name, TokioIo::new(there)).await.unwrap();
        let (_, connection) = stream.get_ref();
        let label = b"EXPORTER-Channel-Binding";
        let exported = connection.export_keying_material([0; 32], label, Some(b"")).unwrap();
        (exported, stream)
    };
    // The client's end stays open until the server has written everything.
    let ((exported, _stream), info) = block_on(join(client, server));
    assert!(!format!("{info:?}").contains(&format!("{exported:?}")), "it is not printed");
    (exported, *info.tls_exporter().expect("rustls offers an extended master secret"))
}

fn server(authority: &Authority) -> (TlsConfig, Directory) {
    let directory = Directory::new();
    let (certificates, key) = directory.write_pair(&issue(authority, "server"));
    (TlsConfig::from_files(certificates, key).build().unwrap(), directory)
}

#[test]
fn csg_12_both_ends_have_the_same_binding_on_tls_1_2_and_1_3_and_each_connection_another() {
    let authority = authority();
    let (tls, _directory) = server(&authority);
    let mut all = Vec::new();
    for version in [&TLS12, &TLS13] {
        let client = Client::with(&authority, &[version], None);
        // The second one may resume the session of the first.
        for _ in 0..2 {
            let (there, here) = bindings(&tls, &client);
            assert_eq!(there, here, "{version:?}");
            assert!(!all.contains(&here), "{version:?}");
            all.push(here);
        }
    }
}

#[test]
fn csg_12_a_peer_in_the_middle_has_two_connections_with_different_bindings() {
    let authority = authority();
    let (server, _directory) = server(&authority);
    let (middle, _files) = self::server(&authority);
    let (before, _) = bindings(&middle, &Client::new(&authority));
    let (_, behind) = bindings(&server, &Client::new(&authority));
    assert_ne!(before, behind);
}
