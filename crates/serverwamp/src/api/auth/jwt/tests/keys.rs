//! Keys that are replaced while they are used.

use super::*;
use crate::auth::FetchSettings;
use crate::auth::fetch::tests::{WebServer, ok};
use crate::base::locks::Mutex;
use crate::rt::{Runtime, Tokio};
use futures_util::future::join_all;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::time::advance;

fn runtime() -> Arc<dyn Runtime> {
    Arc::new(Tokio)
}

/// A key pair, its name, and its JWK.
fn pair(seed: u8, id: &str) -> (JwtSigner, String) {
    let seed = [seed; 32];
    let key = ring::signature::Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let public = URL_SAFE_NO_PAD.encode(ring::signature::KeyPair::public_key(&key));
    let der = [&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20][..], &seed].concat();
    let pem = base64::engine::general_purpose::STANDARD.encode(der);
    let path = file(
        &format!("pair-{id}"),
        &format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n"),
    );
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{public}","kid":"{id}"}}"#);
    (JwtSigner::from_file(path).unwrap().key_id(id), jwk)
}

fn file(name: &str, contents: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("serverwamp-jwt-{}-{name}", std::process::id()));
    std::fs::write(&path, contents).unwrap();
    path
}

async fn check(keys: &JwtKeys, signer: &JwtSigner) -> Result<Signed, String> {
    let token = signer.sign([("sub", "joe".into())]).unwrap();
    keys.check(&runtime(), &JwtToken::read(token.as_bytes()).unwrap(), &[]).await
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_again_and_what_cannot_be_used_leaves_the_keys_as_they_are() {
    let ((old, old_jwk), (new, new_jwk)) = (pair(1, "file-old"), pair(2, "file-new"));
    let path = file("rotated", &old_jwk);
    let keys = JwtKeys::from_file(&path).unwrap();
    assert_eq!(check(&keys, &old).await, Ok(Signed::Yes));
    assert_eq!(check(&keys, &new).await, Ok(Signed::UnknownKey));
    std::fs::write(&path, "{").unwrap();
    advance(Duration::from_secs(5)).await;
    assert_eq!(check(&keys, &old).await, Ok(Signed::Yes), "the old keys stay");
    std::fs::write(&path, format!(r#"{{"keys":[{new_jwk},{{"kty":"PQC"}}]}}"#)).unwrap();
    assert_eq!(check(&keys, &new).await, Ok(Signed::UnknownKey), "it is not looked at all the time");
    advance(Duration::from_secs(5)).await;
    assert_eq!(check(&keys, &new).await, Ok(Signed::Yes));
    assert_eq!(check(&keys, &old).await, Ok(Signed::UnknownKey));
    std::fs::remove_file(&path).unwrap();
    advance(Duration::from_secs(5)).await;
    assert_eq!(check(&keys, &new).await, Ok(Signed::Yes));
}

/// A server whose keys can be replaced.
fn key_server(jwks: &str) -> (WebServer, Arc<Mutex<String>>) {
    let current = Arc::new(Mutex::new(jwks.to_owned()));
    let answer = Arc::clone(&current);
    (WebServer::start(move |_| ok(&answer.lock().unwrap())), current)
}

#[tokio::test]
async fn a_key_that_is_not_known_yet_is_fetched_once() {
    let ((old, old_jwk), (new, new_jwk)) = (pair(3, "url-old"), pair(4, "url-new"));
    let (server, current) = key_server(&format!(r#"{{"keys":[{old_jwk}]}}"#));
    let keys = JwtKeys::from_url(&server.url("/jwks"), &FetchSettings::default()).unwrap();
    assert_eq!(server.requests(), 0);
    // Many at once ask for the keys, and one fetch serves all.
    let all = join_all((0..50).map(|_| check(&keys, &old))).await;
    assert!(all.iter().all(|one| *one == Ok(Signed::Yes)), "{all:?}");
    assert_eq!(server.requests(), 1);
    *current.lock().unwrap() = format!(r#"{{"keys":[{old_jwk},{new_jwk}]}}"#);
    for _ in 0..50 {
        assert_eq!(check(&keys, &new).await, Ok(Signed::UnknownKey), "a minute has not passed");
    }
    assert_eq!(server.requests(), 1);
    let impatient = keys.clone().fetch_at_most_every(Duration::ZERO);
    assert_eq!(check(&impatient, &new).await, Ok(Signed::Yes));
    assert_eq!(check(&keys, &new).await, Ok(Signed::Yes), "clones share the keys");
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn keys_stay_when_no_better_ones_come_and_without_any_the_cause_is_told() {
    let (signer, jwk) = pair(5, "stay");
    let (server, current) = key_server("not yet");
    let keys = JwtKeys::from_url(&server.url("/jwks"), &FetchSettings::default()).unwrap();
    let keys = keys.fetch_at_most_every(Duration::ZERO).fetch_after(Duration::ZERO);
    assert!(check(&keys, &signer).await.unwrap_err().contains("no keys of http://127.0.0.1"));
    *current.lock().unwrap() = jwk;
    assert_eq!(check(&keys, &signer).await, Ok(Signed::Yes));
    *current.lock().unwrap() = r#"{"keys":[]}"#.to_owned();
    // Old keys are used while others are fetched, which goes wrong here.
    for _ in 0..5 {
        assert_eq!(check(&keys, &signer).await, Ok(Signed::Yes));
        keys.until_fetched().await;
    }
    assert!(server.requests() >= 3);
}

#[tokio::test]
async fn without_any_keys_they_are_asked_for_again_after_five_seconds() {
    let (signer, jwk) = pair(7, "first");
    let (server, current) = key_server("not yet");
    let keys = JwtKeys::from_url(&server.url("/jwks"), &FetchSettings::default()).unwrap();
    assert!(check(&keys, &signer).await.is_err());
    *current.lock().unwrap() = jwk;
    assert!(check(&keys, &signer).await.is_err());
    assert_eq!(server.requests(), 1);
    tokio::time::pause();
    advance(Duration::from_secs(5)).await;
    tokio::time::resume();
    assert_eq!(check(&keys, &signer).await, Ok(Signed::Yes));
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn an_issuer_is_discovered_and_has_to_be_the_one_that_was_meant() {
    let (signer, jwk) = pair(6, "discovered");
    let (key_server, _) = key_server(&format!(r#"{{"keys":[{jwk}]}}"#));
    let jwks = key_server.url("/jwks");
    let named = Arc::new(Mutex::new(String::new()));
    let issuer = Arc::clone(&named);
    let server = WebServer::start(move |request| {
        assert!(request.starts_with("GET /tenant/.well-known/openid-configuration HTTP/1.1"), "{request}");
        ok(&format!(r#"{{"issuer":"{}","jwks_uri":"{jwks}"}}"#, issuer.lock().unwrap()))
    });
    let url = server.url("/tenant");
    let keys =
        JwtKeys::discover(&url, &FetchSettings::default()).unwrap().fetch_at_most_every(Duration::ZERO);
    *named.lock().unwrap() = "https://elsewhere.example.com".to_owned();
    assert!(check(&keys, &signer).await.is_err());
    assert_eq!(key_server.requests(), 0);
    (*named.lock().unwrap()).clone_from(&url);
    assert_eq!(check(&keys, &signer).await, Ok(Signed::Yes));
    let settings = JwtSettings::new(keys);
    assert!(refusal(&settings, r#"{"sub":"joe","exp":1900000000}"#).contains("no claim \"iss\""));
    assert!(read(&settings, &format!(r#"{{"sub":"joe","exp":1900000000,"iss":"{url}"}}"#)).is_ok());
}
