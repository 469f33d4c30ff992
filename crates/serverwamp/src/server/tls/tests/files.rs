//! The files of a server: when they are read, and what is said when they are wrong.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_executor::block_on;
use futures_util::future::join;

use super::{Client, Directory, authority, der, issue};
use crate::server::memory::pipe;
use crate::server::tls::{ClientCertificates, TlsConfig};
use crate::transport::io::{read_exact, write_all};

/// The certificate that a handshake shows at this time.
fn shown(tls: &TlsConfig, client: &Client, now: Instant) -> Vec<u8> {
    super::shake_hands(tls, client, now).0.unwrap().0
}

#[test]
fn a_changed_pair_is_taken_for_new_handshakes_once_it_fits() {
    let (authority, directory) = (authority(), Directory::new());
    let (old, new) = (issue(&authority, "old"), issue(&authority, "new"));
    let (certificates, key) = directory.write_pair(&old);
    let tls = TlsConfig::from_files(certificates, key).check_every(Duration::from_secs(5)).build().unwrap();
    let client = Client::new(&authority);
    let start = Instant::now();
    let seen_at = |seconds| shown(&tls, &client, start + Duration::from_secs(seconds));
    assert_eq!(seen_at(0), der(&old.0));
    // The certificate alone does not fit the old key.
    directory.write("cert.pem", &new.0);
    assert_eq!(seen_at(5), der(&old.0), "half a pair is not taken");
    directory.write("key.pem", &new.1);
    assert_eq!(seen_at(9), der(&old.0), "not looked at yet");
    assert_eq!(seen_at(10), der(&new.0));
    directory.write("key.pem", "nothing");
    assert_eq!(seen_at(15), der(&new.0));
    assert!(tls.reload().unwrap_err().to_string().contains("has no private key in it"));
    assert_eq!(seen_at(20), der(&new.0));
}

#[test]
fn files_are_checked_and_not_taken() {
    let (authority, directory) = (authority(), Directory::new());
    let (old, new) = (issue(&authority, "old"), issue(&authority, "new"));
    let (certificates, key) = directory.write_pair(&old);
    let files = TlsConfig::from_files(certificates, key).check_every(Duration::MAX);
    files.check().unwrap();
    let tls = files.clone().build().unwrap();
    let (client, now) = (Client::new(&authority), Instant::now());
    let current = || shown(&tls, &client, now);
    directory.write("cert.pem", &new.0);
    for wrong in [files.check(), tls.check(), tls.reload()] {
        assert!(
            wrong.unwrap_err().to_string().contains("is not that of the first certificate"),
            "half a pair is none"
        );
    }
    assert_eq!(current(), der(&old.0));
    directory.write("key.pem", &new.1);
    tls.check().unwrap();
    assert_eq!(current(), der(&old.0), "it was checked, and no more");
    tls.reload().unwrap();
    assert_eq!(current(), der(&new.0));
    let authorities = directory.write("clients.pem", "nothing");
    let demanding = files.client_certificates(ClientCertificates::Required(authorities));
    assert!(demanding.check().unwrap_err().to_string().contains("clients.pem"));
}

/// As with `cp -p`, `rsync -t` and clocks that were set back.
#[test]
fn a_change_is_seen_by_what_stands_in_the_files_and_not_by_their_times() {
    let (authority, directory) = (authority(), Directory::new());
    let (old, new) = (issue(&authority, "old"), issue(&authority, "new"));
    let (certificates, key) = directory.write_pair(&old);
    // Files of one length, whatever the signatures' is.
    let write = |(certificate, private): &(String, String)| {
        for (path, text) in [(&certificates, certificate), (&key, private)] {
            fs::write(path, format!("{text:\n<2000}")).unwrap();
            fs::File::options().write(true).open(path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        }
    };
    write(&old);
    let tls = TlsConfig::from_files(&certificates, &key).check_every(Duration::ZERO).build().unwrap();
    write(&new);
    assert_eq!(shown(&tls, &Client::new(&authority), Instant::now()), der(&new.0));
}

#[test]
fn files_that_could_not_be_read_for_a_while_are_read_again() {
    let (authority, directory) = (authority(), Directory::new());
    let (old, new) = (issue(&authority, "old"), issue(&authority, "new"));
    let (certificates, key) = directory.write_pair(&old);
    let tls = TlsConfig::from_files(&certificates, &key).check_every(Duration::ZERO).build().unwrap();
    let client = Client::new(&authority);
    let away = directory.0.join("away.pem");
    fs::rename(&key, &away).unwrap();
    assert_eq!(shown(&tls, &client, Instant::now()), der(&old.0));
    fs::rename(&away, &key).unwrap();
    assert_eq!(shown(&tls, &client, Instant::now()), der(&old.0));
    directory.write_pair(&new);
    assert_eq!(shown(&tls, &client, Instant::now()), der(&new.0));
}

#[test]
fn without_any_checks_only_an_explicit_reload_takes_new_files() {
    let (authority, directory) = (authority(), Directory::new());
    let (old, new) = (issue(&authority, "old"), issue(&authority, "new"));
    let (certificates, key) = directory.write_pair(&old);
    let tls = TlsConfig::from_files(certificates, key).check_every(Duration::MAX).build().unwrap();
    let client = Client::new(&authority);
    let start = Instant::now();
    assert_eq!(shown(&tls, &client, start), der(&old.0));
    directory.write_pair(&new);
    assert_eq!(shown(&tls, &client, start + Duration::from_secs(1_000_000)), der(&old.0));
    tls.reload().unwrap();
    assert_eq!(shown(&tls, &client, start), der(&new.0));
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
    let (client, server) = block_on(join(client.ask(there), server));
    assert!(client.is_ok() && server.is_ok());
}

/// What is said about these files.
fn complaint(certificates: &Path, key: &Path, clients: ClientCertificates) -> String {
    let tls = TlsConfig::from_files(certificates, key).client_certificates(clients);
    tls.build().unwrap_err().to_string()
}

#[test]
fn what_is_wrong_with_the_files_is_said_with_their_names_and_what_to_do() {
    let (authority, directory) = (authority(), Directory::new());
    let pair = issue(&authority, "server");
    let (certificate, key) = directory.write_pair(&pair);
    let absent = directory.0.join("absent.pem");
    let file = |name: &str, text: &str| directory.write(name, text);
    let block = |kind: &str, text: &str| format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n");
    let without = |certificates: &Path, key: &Path| complaint(certificates, key, ClientCertificates::None);
    let old_style = block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA");
    for (found, parts) in [
        (without(&absent, &key), ["absent.pem cannot be read", "No such file"]),
        (without(&certificate, &absent), ["absent.pem cannot be read", "No such file"]),
        (without(&key, &key), ["key.pem has no certificate in it", "`openssl x509` converts"]),
        (
            without(&certificate, &certificate),
            ["cert.pem has no private key in it", "`openssl pkey` converts"],
        ),
        (
            without(&certificate, &file("locked.pem", &block("ENCRYPTED PRIVATE KEY", "AAAA"))),
            ["locked.pem is encrypted", "locked.pem -out FILE"],
        ),
        (without(&certificate, &file("old.pem", &old_style)), ["old.pem is encrypted", "`openssl pkey -in "]),
        (
            without(&certificate, &file("cut.pem", &pair.1[..100])),
            ["cut.pem cannot be parsed", "there is no -----END PRIVATE KEY-----"],
        ),
        (
            without(&file("damaged.pem", &block("CERTIFICATE", "!!!")), &key),
            ["damaged.pem cannot be parsed", "is not base64"],
        ),
        (
            without(&file("empty.pem", &block("CERTIFICATE", "AAAA")), &key),
            ["empty.pem cannot be parsed", "invalid peer certificate"],
        ),
        (
            without(&certificate, &file("odd.pem", &block("PRIVATE KEY", "AAAA"))),
            ["odd.pem", "as RSA, ECDSA, or EdDSA"],
        ),
        (
            without(&certificate, &file("other.pem", &issue(&authority, "other").1)),
            ["other.pem is not that of the first certificate in", "has to be the first"],
        ),
    ] {
        for part in parts {
            assert!(found.contains(part), "{found:?} does not say {part:?}");
        }
    }
}

#[test]
fn what_is_wrong_with_the_authorities_is_said_with_their_file() {
    let (authority, directory) = (authority(), Directory::new());
    let (certificate, key) = directory.write_pair(&issue(&authority, "server"));
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let garbage = directory.write("garbage.pem", garbage);
    for kind in [ClientCertificates::Optional, ClientCertificates::Required] {
        let with = |path: &Path| complaint(&certificate, &key, kind(path.to_owned()));
        for (found, part) in [
            (with(&key), "key.pem has no certificate in it"),
            (with(&directory.0.join("absent.pem")), "absent.pem cannot be read"),
            (with(&garbage), "garbage.pem cannot be used"),
        ] {
            assert!(found.contains(part), "{found:?} does not say {part:?}");
        }
    }
}
