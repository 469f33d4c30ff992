//! What an authorizer has allowed is asked about again when decisions are forgotten and when the configuration is replaced.

use crate::peer::Peer;
use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::extract::State;
use serverwamp::request::{Question, Verdict};
use serverwamp::{Actions, Application, Realm, RealmHandle, Session, WampError, prefix};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

/// The database: who may have what, what was asked, and whether it answers at all.
#[derive(Clone)]
struct Rights {
    held: Arc<Mutex<BTreeSet<String>>>,
    asked: Arc<Mutex<Vec<String>>>,
    answers: Arc<Semaphore>,
}

impl Rights {
    fn of(rights: &[&str]) -> Self {
        let held = rights.iter().map(|right| (*right).to_owned()).collect();
        Self {
            held: Arc::new(Mutex::new(held)),
            asked: Arc::default(),
            answers: Arc::new(Semaphore::new(1000)),
        }
    }

    fn take_away(&self, right: &str) {
        assert!(self.held.lock().unwrap().remove(right), "{right} was there");
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

async fn authorize(
    question: Question,
    session: Session,
    State(rights): State<Rights>,
) -> Result<Verdict, WampError> {
    let right = format!("{} {} {}", session.authid(), question.action(), question.uri());
    let held = rights.held.lock().unwrap().contains(&right);
    rights.asked.lock().unwrap().push(right);
    rights.answers.acquire().await.map_err(WampError::internal)?.forget();
    Ok(Verdict::from(held).cache_for(Duration::from_secs(60)))
}

async fn check(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    ticket.matches("secret").then(|| Principal::new(authid).role("user"))
}

fn realm() -> Realm<Rights> {
    Realm::router("realm1").authenticator(auth::ticket(check)).authorizer(authorize)
}

fn application(realm: Realm<Rights>, rights: &Rights) -> (Application, RealmHandle) {
    let app = Application::builder().realm(realm).with_state(rights.clone()).build().unwrap();
    let realm = app.realm("realm1").unwrap();
    (app, realm)
}

/// A client that knows revocation.
async fn join(app: &Application, authid: &str) -> Peer {
    let mut peer = Peer::connect(app);
    let roles = r#"{"subscriber":{"features":{"subscription_revocation":true}},"callee":{"features":{"registration_revocation":true}},"publisher":{}}"#;
    peer.say(&format!(r#"[1,"realm1",{{"roles":{roles},"authmethods":["ticket"],"authid":"{authid}"}}]"#))
        .await;
    assert!(peer.hear().await.starts_with("[4,"));
    assert!(peer.ask(r#"[5,"secret",{}]"#).await.starts_with("[2,"));
    peer
}

/// The id in SUBSCRIBED or REGISTERED.
async fn id(peer: &mut Peer, request: &str) -> String {
    let answer = peer.ask(request).await;
    assert!(answer.starts_with("[33,") || answer.starts_with("[65,"), "{answer}");
    answer.trim_end_matches(']').rsplit(',').next().unwrap().to_owned()
}

fn revoked(code: u8, what: &str, id: &str) -> String {
    format!(r#"[{code},0,{{"{what}":{id},"reason":"wamp.error.not_authorized"}}]"#)
}

#[tokio::test]
async fn srev_01_what_the_authorizer_denies_now_is_revoked_when_its_decisions_are_forgotten() {
    let rights = Rights::of(&[
        "joe subscribe com.t",
        "joe subscribe com.u",
        "joe register com.p",
        "ann subscribe com.t",
    ]);
    let (app, realm) = application(realm().forget_decisions_on("com.forget"), &rights);
    let (mut joe, mut ann) = (join(&app, "joe").await, join(&app, "ann").await);
    let lost = id(&mut joe, r#"[32,1,{},"com.t"]"#).await;
    let kept = id(&mut joe, r#"[32,2,{},"com.u"]"#).await;
    let procedure = id(&mut joe, r#"[64,3,{},"com.p"]"#).await;
    let hers = id(&mut ann, r#"[32,1,{},"com.t"]"#).await;
    rights.take_away("joe subscribe com.t");
    rights.take_away("joe register com.p");
    rights.take_away("ann subscribe com.t");
    rights.asked();
    assert_eq!(realm.forget_decisions_of_authid("joe"), 3);
    let mut told = [joe.hear().await, joe.hear().await];
    told.sort();
    assert_eq!(told, [revoked(35, "subscription", &lost), revoked(67, "registration", &procedure)]);
    realm.publish("com.t", 1).unwrap();
    realm.publish("com.u", 2).unwrap();
    assert!(joe.hear().await.starts_with(&format!("[36,{kept},")));
    assert!(ann.hear().await.starts_with(&format!("[36,{hers},")), "nobody has asked about her");
    assert!(rights.asked().iter().all(|asked| asked.starts_with("joe ")));
    // An event says the same.
    realm.publish("com.forget", ("ann",)).unwrap();
    assert_eq!(ann.hear().await, revoked(35, "subscription", &hers));
    assert_eq!(rights.asked(), ["ann subscribe com.t"]);
}

#[tokio::test]
async fn what_a_permission_allowed_is_asked_about_once_the_permission_is_gone() {
    let rights = Rights::of(&["joe subscribe com.allowed", "joe register com.p"]);
    let ruled =
        || realm().role("user", |role| role.allow(Actions::SUBSCRIBE | Actions::REGISTER, prefix("com.")));
    let (app, _) = application(ruled(), &rights);
    let mut joe = join(&app, "joe").await;
    let lost = id(&mut joe, r#"[32,1,{},"com.lost"]"#).await;
    id(&mut joe, r#"[32,2,{},"com.allowed"]"#).await;
    id(&mut joe, r#"[64,3,{},"com.p"]"#).await;
    assert!(rights.asked().is_empty(), "the permission decides");
    app.realms().reconfigure(realm().with_state(rights.clone())).unwrap().settled().await;
    assert_eq!(rights.asked().len(), 3, "all of it was asked about before it is settled");
    assert_eq!(joe.hear().await, revoked(35, "subscription", &lost));
    app.realms().reconfigure(ruled().with_state(rights.clone())).unwrap().settled().await;
    assert!(rights.asked().is_empty(), "the permission decides again");
    assert!(joe.ask("[34,4,1]").await.starts_with("[8,34,4,"), "nothing else was taken away");
}

#[tokio::test]
async fn an_answer_from_before_decisions_were_forgotten_is_asked_for_again_afterwards() {
    for (request, code, what) in
        [(r#"[32,1,{},"com.t"]"#, 35, "subscription"), (r#"[64,1,{},"com.t"]"#, 67, "registration")]
    {
        let rights = Rights::of(&["joe subscribe com.t", "joe register com.t"]);
        let (app, realm) = application(realm(), &rights);
        let mut joe = join(&app, "joe").await;
        rights.answers.forget_permits(1000);
        joe.say(request).await;
        while rights.asked.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        // The authorizer has looked, and its yes is on the way.
        rights.held.lock().unwrap().clear();
        realm.forget_decisions();
        rights.answers.add_permits(1000);
        let answer = joe.hear().await;
        let got = answer.trim_end_matches(']').rsplit(',').next().unwrap().to_owned();
        assert!(answer.starts_with(&format!("[{},1,", code - 2)), "{answer}");
        assert_eq!(joe.hear().await, revoked(code, what, &got));
    }
}

#[tokio::test]
async fn an_authorizer_that_fails_when_it_is_asked_again_denies() {
    let rights = Rights::of(&["joe subscribe com.t"]);
    let (app, realm) = application(realm(), &rights);
    let mut joe = join(&app, "joe").await;
    let lost = id(&mut joe, r#"[32,1,{},"com.t"]"#).await;
    rights.answers.close();
    assert_eq!(realm.forget_decisions(), 1);
    assert_eq!(joe.hear().await, revoked(35, "subscription", &lost));
}

#[tokio::test]
async fn however_often_decisions_are_forgotten_no_more_than_sixteen_questions_wait() {
    let rights = Rights::of(&["joe subscribe com.t"]);
    let (app, realm) = application(realm(), &rights);
    let mut joe = join(&app, "joe").await;
    id(&mut joe, r#"[32,1,{},"com.t"]"#).await;
    rights.answers.forget_permits(1000);
    rights.asked();
    for _ in 0..200 {
        realm.forget_decisions();
        tokio::task::yield_now().await;
    }
    let waiting = rights.asked().len();
    assert!((1..=16).contains(&waiting), "{waiting} questions about one subscription");
    rights.held.lock().unwrap().clear();
    rights.answers.add_permits(1000);
    // Whatever was on its way, the last look says no.
    assert!(joe.hear().await.starts_with("[35,0,"));
}

/// A signal handler, a thread that watches a file: they are no tasks of the runtime, and what they take away is gone all the same.
#[tokio::test]
async fn a_thread_outside_of_the_runtime_takes_rights_away_as_well() {
    let rights = Rights::of(&["joe subscribe com.t", "joe subscribe com.u"]);
    let (app, handle) = application(realm(), &rights);
    let mut joe = join(&app, "joe").await;
    let forgotten = id(&mut joe, r#"[32,1,{},"com.t"]"#).await;
    let reconfigured = id(&mut joe, r#"[32,2,{},"com.u"]"#).await;
    rights.take_away("joe subscribe com.t");
    std::thread::spawn(move || handle.forget_decisions()).join().unwrap();
    assert_eq!(joe.hear().await, revoked(35, "subscription", &forgotten));
    rights.take_away("joe subscribe com.u");
    let (realms, again) = (app.realms(), realm().with_state(rights.clone()));
    std::thread::spawn(move || realms.reconfigure(again)).join().unwrap().unwrap();
    assert_eq!(joe.hear().await, revoked(35, "subscription", &reconfigured));
}
