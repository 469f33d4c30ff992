//! A reload as a program does it that reads its realms from a file: many realms with many sessions, changed together.

use crate::realms::{hear, say};
use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::memory::MemoryPeer;
use serverwamp::{Actions, Application, ApplicationSettings, Realm, RealmChanges, Serializer, prefix};
use std::time::{Duration, Instant};

const REALMS: usize = 20;
const SESSIONS: usize = 50;

/// An authid is its own role.
async fn check(AuthId(id): AuthId, Ticket(_): Ticket) -> Option<Principal> {
    Some(Principal::new(id.clone()).role(id))
}

/// A realm with these roles, which may subscribe to everything below `topics`.
fn realm(number: usize, roles: &[&'static str], topics: &str) -> Realm {
    let realm = Realm::router(format!("realm{number}")).authenticator(auth::ticket(check));
    roles.iter().fold(realm, |realm, role| {
        realm.role(*role, |role| role.allow(Actions::SUBSCRIBE | Actions::CALL, prefix(topics)))
    })
}

/// A session with a subscription.
async fn join(application: &Application, realm: usize, authid: &str) -> MemoryPeer {
    let mut peer = application.connect(Serializer::Json);
    let roles = r#"{"caller":{},"subscriber":{"features":{"subscription_revocation":true}}}"#;
    let hello =
        format!(r#"[1,"realm{realm}",{{"roles":{roles},"authmethods":["ticket"],"authid":"{authid}"}}]"#);
    assert!(say(&mut peer, &hello).await.starts_with("[4,"));
    assert!(say(&mut peer, r#"[5,"secret",{}]"#).await.starts_with("[2,"));
    assert!(say(&mut peer, r#"[32,1,{},"com.t"]"#).await.starts_with("[33,"));
    peer
}

async fn lives(peer: &mut MemoryPeer, request: u64) {
    let answer = say(peer, &format!(r#"[48,{request},{{}},"com.none"]"#)).await;
    assert!(answer.contains("wamp.error.no_such_procedure"), "{answer}");
}

/// Realm 0 is stopped, realm 1 loses the role of every second session, and realm 2 the right to what is subscribed.
fn changes() -> RealmChanges {
    let mut settings = ApplicationSettings::default();
    settings.limits.subscriptions = 7;
    let changes = RealmChanges::new()
        .settings(settings)
        .stop("realm0", "wamp.close.close_realm")
        .reconfigure(realm(1, &["user"], "com."))
        .reconfigure(realm(2, &["user", "guest"], "com.n"))
        .add(realm(REALMS, &["user"], "com."));
    (3..REALMS)
        .fold(changes, |changes, number| changes.reconfigure(realm(number, &["user", "guest"], "com.")))
}

#[tokio::test]
async fn twenty_realms_with_a_thousand_sessions_change_together_or_not_at_all_and_quickly() {
    let builder = (0..REALMS).fold(Application::builder(), |builder, number| {
        builder.realm(realm(number, &["user", "guest"], "com."))
    });
    let application = builder.build().unwrap();
    let mut sessions: Vec<Vec<MemoryPeer>> = Vec::new();
    for number in 0..REALMS {
        let mut peers = Vec::new();
        for session in 0..SESSIONS {
            peers.push(join(&application, number, ["user", "guest"][session % 2]).await);
        }
        sessions.push(peers);
    }
    assert_eq!(application.statistics().sessions, REALMS * SESSIONS);

    // One mistake, and nothing has changed.
    let wrong = changes().add(realm(REALMS + 1, &["user"], "com..x"));
    application.realms().apply(wrong).unwrap_err();
    assert_eq!(application.settings().limits.subscriptions, 1024);
    for peer in sessions.iter_mut().flatten() {
        lives(peer, 2).await;
    }
    assert_eq!(application.statistics().sessions, REALMS * SESSIONS);

    let began = Instant::now();
    let applied = application.realms().apply(changes()).unwrap();
    let took = began.elapsed();
    applied.settled().await;
    println!("20 realms with 1,000 sessions: applied in {took:?}, settled in {:?}", began.elapsed());
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(application.settings().limits.subscriptions, 7);
    for (number, peers) in sessions.iter_mut().enumerate() {
        for (session, peer) in peers.iter_mut().enumerate() {
            match (number, session % 2) {
                (0, _) => {
                    let goodbye = r#"[6,{"message":"the realm was stopped"},"wamp.close.close_realm"]"#;
                    assert_eq!(hear(peer).await, goodbye);
                }
                (1, 1) => {
                    let goodbye = hear(peer).await;
                    assert!(goodbye.contains("wamp.close.killed"), "{goodbye}");
                }
                (2, _) => {
                    let revoked = hear(peer).await;
                    assert!(revoked.starts_with("[35,") && revoked.contains("not_authorized"), "{revoked}");
                    lives_without_rights(peer).await;
                }
                _ => lives(peer, 3).await,
            }
        }
    }
    assert_eq!(application.statistics().sessions, REALMS * SESSIONS - SESSIONS - SESSIONS / 2);
    join(&application, REALMS, "user").await;
}

async fn lives_without_rights(peer: &mut MemoryPeer) {
    let answer = say(peer, r#"[32,2,{},"com.news"]"#).await;
    assert!(answer.starts_with("[33,2,"), "{answer}");
}
