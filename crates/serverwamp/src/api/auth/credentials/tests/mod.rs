//! Files that can be used and files that cannot, and logins with what is in them.

#[cfg(all(feature = "cryptosign", feature = "scram", feature = "tokio"))]
mod proofs;

use super::super::Salting;
use super::password::PasswordHash;
use super::*;
use crate::{Application, Realm, Refusal, Serializer};
use serverwamp_proto::auth::CraKey;
use std::time::SystemTime;

/// Hashes of `secret!!!`, at the smallest cost.
const CHEAP: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdCBvZiBqb2U$";

/// A file of its own, which is removed at the end.
struct File(PathBuf);

impl File {
    #[expect(clippy::disallowed_methods, reason = "a name that no other test has")]
    fn with(text: &str) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
        let name = format!("serverwamp-{}-{now}-{:?}.toml", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(name.replace(['(', ')'], ""));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn cheap(password: &str) -> String {
    let cost =
        PasswordHash::parse(&format!("{CHEAP}AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")).unwrap().cost;
    PasswordHash::new(&Secret::from(password), b"salt of joe", cost).to_string()
}

fn joe_and_peter() -> String {
    let peter = file::write_cra(&Salting::new("salt123", 100, 16), &Secret::from("secret1"));
    format!(
        "[user.joe]\nrole = \"customer\"\nticket = \"{}\"\n\n[user.peter]\ncra = \"{peter}\"\n[user.\"a$b\"]\n\
         cra_secret = 'plain'\n",
        cheap("secret!!!")
    )
}

#[test]
fn a_file_is_checked_and_its_users_are_not_taken() {
    let file = File::with("[user.joe]\ncra_secret = 'one'\n");
    let users = Credentials::from_file(&file.0).unwrap().look_every(Duration::MAX);
    let names = || users.0.users.load().by_authid.keys().cloned().collect::<Vec<_>>();
    users.check().unwrap();
    std::fs::write(&file.0, "[user.ann]\ncra_secret = 'two'\n").unwrap();
    users.check().unwrap();
    assert_eq!(names(), ["joe"]);
    std::fs::write(&file.0, "[user.ann]\ncra_secret = 2\n").unwrap();
    assert!(users.check().unwrap_err().to_string().contains(".toml:2: "));
    users.reload().unwrap_err();
    assert_eq!(names(), ["joe"]);
}

fn faults(text: &str) -> Vec<String> {
    let file = File::with(text);
    let error = Credentials::from_file(&file.0).expect_err("the file is wrong");
    let name = format!("{}:", file.0.display());
    error.problems().map(|problem| problem.split(&name).nth(1).unwrap_or(&problem).to_owned()).collect()
}

#[test]
fn everything_that_is_wrong_with_a_file_is_said_with_its_line_and_no_secret() {
    let found = faults(
        "usr = 1\n[user.joe]\nrole = \"a b\"\nticket = \"hunter2\"\npasword = \"hunter2\"\n[user.ada]\n\
         cra_secret = \"hunter2\"\ncra = \"$wampcra$i=1,l=32$salt$a2V5\"\n[user.bob]\nrole = \"x\"\n[user.eve]\n\
         cra = \"$wampcra$hunter2\"\nticket = 7\n",
    );
    for part in [
        "1: unknown key \"usr\"",
        "3: user \"joe\": `role` is empty",
        "4: user \"joe\": `ticket` is not of the form $argon2id$",
        "5: user \"joe\": unknown key `pasword`",
        "6: user \"ada\": `cra` and `cra_secret` are two secrets",
        "9: user \"bob\": has no secret",
        "12: user \"eve\": `cra` is not of the form $wampcra$",
        "13: user \"eve\": `ticket` is not a text in quotes",
    ] {
        assert!(found.iter().any(|one| one.starts_with(part)), "{part:?} in {found:#?}");
    }
    assert!(!found.concat().contains("hunter2"), "{found:#?}");
    let found = faults("[user.joe]\nticket = \"hunter2\nrole = \"x\"\n");
    assert!(found.iter().any(|one| one.starts_with("2: this is not TOML")), "{found:#?}");
    assert!(!found.concat().contains("hunter2"), "{found:#?}");
}

#[test]
fn a_file_that_is_missing_stops_the_start() {
    let error = Credentials::from_file("/nowhere/users.toml").unwrap_err().to_string();
    assert!(error.contains("the credentials in /nowhere/users.toml cannot be read"), "{error}");
}

#[test]
fn what_hash_writes_can_be_read() {
    let file = File::with(&format!(
        "[user.joe]\nticket = \"{}\"\ncra = \"{}\"\n",
        hash_ticket(&Secret::from("secret!!!")),
        hash_cra(&Secret::from("secret!!!"))
    ));
    let users = Credentials::from_file(&file.0).unwrap();
    let joe = users.0.users.load().by_authid.get("joe").cloned().unwrap();
    assert!(joe.ticket.unwrap().verify(&Secret::from("secret!!!")));
    assert!(joe.cra.is_some());
    assert!(!format!("{users:?}").contains("argon2"), "{users:?}");
}

#[cfg(feature = "tokio")]
mod logins {
    use super::*;

    fn application(users: &Credentials) -> Application {
        let realm: Realm = Realm::new("secure").authenticator(users.ticket()).authenticator(users.cra());
        let secret = Secret::from("a secret of the server");
        Application::builder().realm(realm).auth_secret(secret).build().unwrap()
    }

    /// The CHALLENGE, and what comes after the answer that is made of it.
    pub(super) async fn talk(
        app: &Application,
        mut details: serde_json::Value,
        answer: impl FnOnce(&serde_json::Value) -> (String, serde_json::Value),
    ) -> (serde_json::Value, serde_json::Value) {
        let mut peer = app.connect(Serializer::Json);
        details["roles"] = serde_json::json!({ "caller": {} });
        if details["authid"].is_null() {
            details.as_object_mut().unwrap().remove("authid");
        }
        peer.send(serde_json::json!([1, "secure", details]).to_string()).await.unwrap();
        let challenge: serde_json::Value = serde_json::from_slice(&peer.receive().await.unwrap()).unwrap();
        assert_eq!(challenge[0], 4, "{challenge}");
        let (signature, extra) = answer(&challenge[2]);
        peer.send(serde_json::json!([5, signature, extra]).to_string()).await.unwrap();
        let end = serde_json::from_slice(&peer.receive().await.unwrap()).unwrap();
        (challenge[2].clone(), end)
    }

    pub(super) async fn ticket(app: &Application, authid: &str, ticket: &str) -> serde_json::Value {
        let details = serde_json::json!({ "authmethods": ["ticket"], "authid": authid });
        talk(app, details, |_| (ticket.to_owned(), serde_json::json!({}))).await.1
    }

    async fn cra(
        app: &Application,
        authid: &str,
        answer: impl Fn(&serde_json::Value) -> String,
    ) -> (serde_json::Value, serde_json::Value) {
        let details = serde_json::json!({ "authmethods": ["wampcra"], "authid": authid });
        talk(app, details, |extra| (answer(extra), serde_json::json!({}))).await
    }

    fn signed(secret: &str) -> impl Fn(&serde_json::Value) -> String {
        move |extra| {
            let secret = Secret::from(secret);
            let key = match extra["salt"].as_str() {
                Some(salt) => Derivation {
                    salt: salt.to_owned(),
                    keylen: u32::try_from(extra["keylen"].as_u64().unwrap()).unwrap(),
                    iterations: u32::try_from(extra["iterations"].as_u64().unwrap()).unwrap(),
                }
                .derive(&secret),
                None => CraKey::from_secret(secret),
            };
            key.sign(extra["challenge"].as_str().unwrap())
        }
    }

    #[tokio::test]
    async fn tkt_04_who_is_in_the_file_gets_in_and_nobody_else() {
        let file = File::with(&joe_and_peter());
        let app = application(&Credentials::from_file(&file.0).unwrap());
        let welcome = ticket(&app, "joe", "secret!!!").await;
        assert_eq!(welcome[0], 2, "{welcome}");
        assert_eq!(
            (&welcome[2]["authrole"], &welcome[2]["authprovider"]),
            (&serde_json::json!("customer"), &serde_json::json!("file"))
        );
        let denied = serde_json::json!([3, { "message": "authentication denied" }, "wamp.error.authentication_denied"]);
        for (authid, sent) in [("joe", "secret"), ("joe", ""), ("nobody", "secret!!!"), ("peter", "secret1")]
        {
            assert_eq!(ticket(&app, authid, sent).await, denied, "{authid}");
        }
    }

    /// Whoever knows two methods comes in by the one that somebody can pass, and by the other one once somebody can.
    #[tokio::test]
    async fn a_method_is_offered_while_a_user_has_an_entry_for_it() {
        let file = File::with("[user.ann]\ncra_secret = 'one'\n");
        let users = Credentials::from_file(&file.0).unwrap().look_every(Duration::MAX);
        let app = application(&users);
        let both = || serde_json::json!({ "authmethods": ["ticket", "wampcra"], "authid": "ann" });
        let sign = |extra: &serde_json::Value| (signed("one")(extra), serde_json::json!({}));
        let (challenge, welcome) = talk(&app, both(), sign).await;
        assert!(challenge["challenge"].is_string() && welcome[0] == 2, "{challenge} {welcome}");
        let mut peer = app.connect(Serializer::Json);
        let hello = r#"[1,"secure",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"ann"}]"#;
        peer.send(hello).await.unwrap();
        let refusal = String::from_utf8(peer.receive().await.unwrap().to_vec()).unwrap();
        assert!(
            refusal.contains("no_matching_auth_method") && refusal.contains("it accepts: wampcra"),
            "{refusal}"
        );
        let text = format!("[user.ann]\ncra_secret = 'one'\n[user.joe]\nticket = \"{}\"\n", cheap("two"));
        std::fs::write(&file.0, text).unwrap();
        users.reload().unwrap();
        let (challenge, _) = talk(&app, both(), |_| ("wrong".to_owned(), serde_json::json!({}))).await;
        assert!(challenge["challenge"].is_null(), "now tickets come first: {challenge}");
        assert_eq!(ticket(&app, "joe", "two").await[0], 2);
    }

    #[tokio::test]
    async fn cra_02_12_plain_and_salted_users_are_in_one_realm_and_unknown_ones_look_like_them() {
        let file = File::with(&joe_and_peter());
        let app = application(&Credentials::from_file(&file.0).unwrap());
        let (extra, welcome) = cra(&app, "peter", signed("secret1")).await;
        assert_eq!((&extra["salt"], &welcome[0]), (&serde_json::json!("salt123"), &serde_json::json!(2)));
        let (extra, welcome) = cra(&app, "a$b", signed("plain")).await;
        assert!(extra["salt"].is_null() && welcome[0] == 2, "{welcome}");
        let (mut plain, mut salted) = (0, 0);
        for number in 0..40 {
            let authid = format!("nobody{number}");
            let (first, end) = cra(&app, &authid, signed("secret1")).await;
            assert_eq!(end[2], "wamp.error.authentication_denied");
            // After a restart it is the same one.
            let again = application(&Credentials::from_file(&file.0).unwrap());
            let (second, _) = cra(&again, &authid, signed("secret1")).await;
            assert_eq!(first["salt"], second["salt"]);
            match first["salt"].as_str() {
                Some(salt) => {
                    let shape = forms::SaltShape::of(salt);
                    assert_eq!(shape, forms::SaltShape::of("salt123"), "{salt}");
                    assert_eq!(
                        (first["iterations"].as_u64(), first["keylen"].as_u64()),
                        (Some(100), Some(16))
                    );
                    salted += 1;
                }
                None => plain += 1,
            }
        }
        assert!(
            plain > 8 && salted > 8,
            "{plain} without a salt, {salted} with one: half of the users has one"
        );
    }

    #[tokio::test]
    async fn a_file_that_has_changed_is_read_again_and_a_broken_one_changes_nothing() {
        let file = File::with(&joe_and_peter());
        let users = Credentials::from_file(&file.0).unwrap().look_every(Duration::ZERO);
        let app = application(&users);
        assert_eq!(ticket(&app, "joe", "secret!!!").await[0], 2);
        std::fs::write(&file.0, "[user.joe]\nticket = \"nonsense\"\n").unwrap();
        users.reload().unwrap_err();
        assert_eq!(ticket(&app, "joe", "secret!!!").await[0], 2, "the former users stay");
        std::fs::write(&file.0, format!("[user.ada]\nticket = \"{}\"\n", cheap("another"))).unwrap();
        assert_eq!(ticket(&app, "ada", "another").await[0], 2);
        assert_eq!(ticket(&app, "joe", "secret!!!").await[0], 3, "who was removed is out");
        drop(std::fs::remove_file(&file.0));
        assert_eq!(ticket(&app, "ada", "another").await[0], 2);
    }

    #[tokio::test]
    async fn a_login_beyond_the_pool_is_told_to_come_back() {
        let file = File::with(&joe_and_peter());
        let pool = HashPool::new(1, 0);
        let users = Credentials::from_file(&file.0).unwrap().pool(pool.clone());
        let app = application(&users);
        let (go_on, stop) = std::sync::mpsc::sync_channel::<()>(0);
        let mut busy = Box::pin(pool.run(move || stop.recv().is_ok()));
        assert!(futures_util::FutureExt::now_or_never(busy.as_mut()).is_none());
        let abort = ticket(&app, "joe", "secret!!!").await;
        assert_eq!(abort[2], "wamp.error.unavailable", "{abort}");
        assert_eq!(app.statistics().refused(Refusal::LoginsBusy), 1);
        go_on.send(()).unwrap();
        assert!(busy.await.unwrap());
        assert_eq!(ticket(&app, "joe", "secret!!!").await[0], 2);
    }
}
