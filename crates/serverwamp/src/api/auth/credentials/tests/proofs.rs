//! Users who prove what they have, and users with several methods.

use super::logins::{talk, ticket};
use super::*;
use crate::auth::{CryptosignKey, ScramKdf, ScramVerifier};
use serde_json::{Value, json};
use serverwamp_proto::auth::cryptosign::CryptosignClient;
use serverwamp_proto::auth::scram::ScramClient;
use serverwamp_proto::codec::{Dict, from_slice};

const PBKDF2: ScramKdf = ScramKdf::Pbkdf2 { iterations: 7 };
const ARGON2: ScramKdf = ScramKdf::Argon2id13 { iterations: 1, memory: 8 };

fn verifier(password: &str, salt: &[u8], kdf: ScramKdf) -> String {
    ScramVerifier::derive(&Secret::from(password), salt, kdf).unwrap().to_text()
}

fn key(number: u8) -> CryptosignKey {
    CryptosignKey::new(&[number; 32])
}

/// Joe has everything, Anna a password, two machines have a key or two.
fn everybody() -> String {
    let cra = file::write_cra(&Salting::new("salt123", 100, 16), &Secret::from("secret1"));
    let [first, second, third] = [1, 2, 3].map(|number| key(number).public_key().to_string());
    format!(
        "[user.joe]\nrole = \"customer\"\nticket = \"{}\"\ncra = \"{cra}\"\nscram = \"{}\"\ncryptosign = \"{first}\"\n\
         [user.anna]\nscram = \"{}\"\n[user.meter]\nrole = \"machine\"\ncryptosign = [\n  \"{}\",\n  \"{third}\",\n]\n",
        cheap("secret!!!"),
        verifier("pencil", b"sixteen bytes...", ARGON2),
        verifier("eraser", b"a dozen byte", PBKDF2),
        second.to_uppercase(),
    )
}

fn application(users: &Credentials) -> Application {
    let realm: Realm = Realm::new("secure")
        .authenticator(users.ticket())
        .authenticator(users.cra())
        .authenticator(users.scram())
        .authenticator(users.cryptosign());
    let secret = Secret::from("a secret of the server");
    Application::builder().realm(realm).auth_secret(secret).build().unwrap()
}

fn dict(json: &Value) -> Dict {
    from_slice(Serializer::Json, json.to_string().as_bytes()).unwrap()
}

fn json_of(dict: &Dict) -> Value {
    let mut bytes = Vec::new();
    serverwamp_proto::codec::to_writer(Serializer::Json, dict, &mut bytes).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// The CHALLENGE, and what comes after the client's answer.
async fn scram(app: &Application, authid: &str, password: &str) -> (Value, Value) {
    let mut client = ScramClient::new(authid, &[7; 16], None).unwrap().allow_cheap();
    let details =
        json!({ "authmethods": ["wamp-scram"], "authid": authid, "authextra": json_of(&client.hello()) });
    talk(app, details, |extra| {
        let (signature, extra) = client.answer(&dict(extra), &Secret::from(password)).unwrap();
        (signature, json_of(&extra))
    })
    .await
}

async fn cryptosign(app: &Application, authid: Option<&str>, key: &CryptosignKey) -> Value {
    let client = CryptosignClient::new(key, None, None);
    let details =
        json!({ "authmethods": ["cryptosign"], "authid": authid, "authextra": json_of(&client.hello()) });
    talk(app, details, |extra| (client.answer(&dict(extra), None).unwrap(), json!({}))).await.1
}

fn names(welcome: &Value) -> (&str, &str) {
    let text = |name: &str| welcome[2][name].as_str().unwrap_or_else(|| panic!("{welcome}"));
    (text("authid"), text("authrole"))
}

#[tokio::test]
async fn one_user_comes_in_by_every_method_that_the_file_has_for_it() {
    let file = File::with(&everybody());
    let app = application(&Credentials::from_file(&file.0).unwrap());
    assert_eq!(names(&ticket(&app, "joe", "secret!!!").await), ("joe", "customer"));
    assert_eq!(names(&scram(&app, "joe", "pencil").await.1), ("joe", "customer"));
    assert_eq!(names(&scram(&app, "anna", "eraser").await.1), ("anna", "authenticated"));
    for authid in [None, Some("joe")] {
        assert_eq!(names(&cryptosign(&app, authid, &key(1)).await), ("joe", "customer"));
    }
    for number in [2, 3] {
        assert_eq!(names(&cryptosign(&app, Some("meter"), &key(number)).await), ("meter", "machine"));
    }
    const DENIED: &str = "wamp.error.authentication_denied";
    assert_eq!(cryptosign(&app, Some("anna"), &key(1)).await[2], DENIED);
    assert_eq!(cryptosign(&app, None, &key(4)).await[2], DENIED);
    assert_eq!(scram(&app, "meter", "pencil").await.1[2], DENIED);
    assert_eq!(ticket(&app, "anna", "eraser").await[2], DENIED);
}

#[tokio::test]
async fn scr_04_an_unknown_authid_has_the_form_of_a_user_and_keeps_its_salt() {
    let file = File::with(&everybody());
    let restarted = || application(&Credentials::from_file(&file.0).unwrap());
    let app = restarted();
    let form = |challenge: &Value| {
        let salt = challenge["salt"].as_str().unwrap().len();
        json!([challenge["kdf"], challenge["iterations"], challenge["memory"], salt])
    };
    let real = [form(&scram(&app, "joe", "wrong").await.0), form(&scram(&app, "anna", "wrong").await.0)];
    let mut seen = [0, 0];
    for number in 0..40 {
        let authid = format!("nobody{number}");
        let (first, end) = scram(&app, &authid, "pencil").await;
        let denied = json!([3, { "message": "authentication denied", "scram": "invalid-proof" }, "wamp.error.authentication_denied"]);
        assert_eq!(end, denied);
        let (again, _) = scram(&restarted(), &authid, "pencil").await;
        assert_eq!(first["salt"], again["salt"]);
        let place = real.iter().position(|real| *real == form(&first)).unwrap_or_else(|| panic!("{first}"));
        seen[place] += 1;
    }
    assert!(seen.iter().all(|seen| *seen > 8), "{seen:?} of each form, where each is as frequent");
}

#[test]
fn what_is_wrong_with_verifiers_and_public_keys_is_said_with_its_line() {
    let good = verifier("hunter2", b"sixteen bytes...", PBKDF2);
    let public = key(1).public_key();
    let found = faults(&format!(
        "[user.joe]\nscram = \"hunter2\"\ncryptosign = \"hunter2\"\n[user.\"a\u{a0}b\"]\nscram = \"{good}\"\n\
         [user.\"a\\u0007b\"]\nscram = \"{good}\"\n[user.ada]\ncryptosign = [\n\"{public}\",\n7,\n\"{}\"]\n\
         [user.bob]\ncryptosign = \"{public}\"\n[user.eve]\ncryptosign = {{ key = \"hunter2\" }}\nscram = 7\n",
        "00".repeat(32),
    ));
    for part in [
        "2: user \"joe\": `scram` the verifier does not begin with $scram$",
        "3: user \"joe\": `cryptosign` is no public key in hex",
        "5: user \"a\\u{a0}b\": `scram` needs the name in the form that SASLprep gives it: \"a b\"",
        "7: user \"a\\u{7}b\": `scram` cannot have this name",
        "11: user \"ada\": `cryptosign` has something else than texts in its list",
        "12: user \"ada\": `cryptosign` is no public key in hex",
        "14: user \"bob\": `cryptosign` is a key of user \"ada\" as well",
        "16: user \"eve\": `cryptosign` is not a text in quotes",
        "17: user \"eve\": `scram` is not a text in quotes",
    ] {
        assert!(found.iter().any(|one| one.starts_with(part)), "{part:?} in {found:#?}");
    }
    assert_eq!(found.len(), 9, "{found:#?}");
    assert!(!found.concat().contains("hunter2"), "{found:#?}");
}
