//! Random clients in a realm whose permissions change all the time: in the end nobody has what is not allowed, and those who know
//! revocation know what they have.

#![expect(
    clippy::disallowed_methods,
    reason = "clients of a test run beside each other on the runtime of the test"
)]

use crate::memory::MemoryPeer;
use crate::router::realm::access::Standing;
use crate::router::realm::{HeldEntry, RealmConfig};
use crate::router::session::RouterSession;
use crate::{Actions, Application, Realm, RoleRules, prefix};
use serverwamp_proto::codec::Serializer;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const CLIENTS: u64 = 8;
const REQUESTS: u64 = 120;
const TOPICS: [&str; 4] = ["a.1", "a.2", "b.1", "b.2"];

/// The permissions that alternate.
const RULES: [fn(RoleRules) -> RoleRules; 3] = [
    |role| role.allow(Actions::ALL, prefix("a.")),
    |role| role.allow(Actions::ALL, prefix("b.")).allow(Actions::SUBSCRIBE, "a.1"),
    |role| role.allow(Actions::ALL, prefix("")).deny(Actions::REGISTER, "a.2"),
];

fn realm(rules: usize) -> Realm {
    Realm::router("realm1").allow_anonymous("guest").role("guest", RULES[rules % RULES.len()])
}

/// A client that asks for this and that, and comes back when its session was ended.
struct Client {
    application: Application,
    peer: MemoryPeer,
    knows_revocation: bool,
    random: u64,
    request: u64,
    /// The subscriptions that it knows of.
    subscriptions: BTreeSet<u64>,
    /// And the registrations.
    registrations: BTreeSet<u64>,
    session: u64,
    ended: Arc<AtomicUsize>,
}

impl Client {
    async fn join(&mut self) {
        self.peer = self.application.connect(Serializer::Json);
        self.subscriptions.clear();
        self.registrations.clear();
        self.request = 0;
        let (subscriber, callee) = match self.knows_revocation {
            true => (
                r#"{"features":{"subscription_revocation":true}}"#,
                r#"{"features":{"registration_revocation":true}}"#,
            ),
            false => ("{}", "{}"),
        };
        let hello = format!(r#"[1,"realm1",{{"roles":{{"subscriber":{subscriber},"callee":{callee}}}}}]"#);
        self.peer.send(hello).await.unwrap();
        let welcome = self.hear().await;
        assert!(welcome.starts_with("[2,"), "{welcome}");
        self.session = numbers(&welcome)[1];
    }

    async fn hear(&mut self) -> String {
        String::from_utf8(self.peer.receive().await.unwrap().to_vec()).unwrap()
    }

    fn draw(&mut self, below: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random % u64::try_from(below).unwrap()).unwrap()
    }

    /// One request, and everything that is heard until its answer.
    async fn ask(&mut self) {
        self.request += 1;
        let request = self.request;
        let topic = TOPICS[self.draw(TOPICS.len())];
        let (known, end) = match self.draw(6) {
            0 | 1 => (None, format!(r#"[32,{request},{{}},"{topic}"]"#)),
            2 => (None, format!(r#"[32,{request},{{"match":"prefix"}},"{}"]"#, &topic[..2])),
            3 => (None, format!(r#"[64,{request},{{"invoke":"roundrobin"}},"{topic}"]"#)),
            4 => (self.subscriptions.first().copied(), "34".to_owned()),
            _ => (self.registrations.first().copied(), "66".to_owned()),
        };
        let message = match known {
            Some(id) => format!("[{end},{request},{id}]"),
            None if end.len() == 2 => {
                self.request -= 1;
                return;
            }
            None => end,
        };
        self.peer.send(message).await.unwrap();
        loop {
            let heard = self.hear().await;
            let ids = numbers(&heard);
            match (ids[0], ids.get(1).copied().unwrap_or_default()) {
                (6, _) => {
                    self.ended.fetch_add(1, Ordering::Relaxed);
                    return self.join().await;
                }
                (33, _) => _ = self.subscriptions.insert(ids[2]),
                (65, _) => _ = self.registrations.insert(ids[2]),
                (35, 0) => _ = self.subscriptions.remove(&ids[2]),
                (67, 0) => _ = self.registrations.remove(&ids[2]),
                (35, _) => _ = self.subscriptions.remove(&known.unwrap()),
                (67, _) => _ = self.registrations.remove(&known.unwrap()),
                (8, _) => {}
                other => panic!("{other:?}: {heard}"),
            }
            let revoked = ids[1] == 0;
            if !revoked {
                return;
            }
        }
    }

    /// Hears everything up to the answer of a request that has one in any case.
    async fn catch_up(&mut self) {
        self.request += 1;
        let fence = format!("[66,{},9007199254740992]", self.request);
        self.peer.send(fence).await.unwrap();
        loop {
            let heard = self.hear().await;
            let ids = numbers(&heard);
            match (ids[0], ids.get(1).copied().unwrap_or_default()) {
                (6, _) => return self.join().await,
                (35, 0) => _ = self.subscriptions.remove(&ids[2]),
                (67, 0) => _ = self.registrations.remove(&ids[2]),
                _ => return,
            }
        }
    }
}

#[track_caller]
fn stands(config: &RealmConfig, session: &RouterSession, held: HeldEntry) {
    assert!(matches!(held.standing(config, session), Standing::Allowed(_)), "{held:?}");
}

/// The whole numbers of a message, without those in texts; enough of a parser for what is heard here.
fn numbers(message: &str) -> Vec<u64> {
    let unquoted: String = message.split('"').step_by(2).collect();
    unquoted.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_while_permissions_change_nobody_keeps_what_is_not_allowed() {
    let application = Application::builder().realm(realm(0)).build().unwrap();
    let over = Arc::<AtomicBool>::default();
    let ended = Arc::<AtomicUsize>::default();
    let flips = tokio::spawn({
        let (realms, over) = (application.realms(), Arc::clone(&over));
        async move {
            let mut flips = 1;
            while !over.load(Ordering::Relaxed) {
                let applied = realms.reconfigure(realm(flips)).unwrap();
                // Some sweeps begin while another one goes on.
                if flips % 3 == 0 {
                    applied.settled().await;
                }
                flips += 1;
                tokio::task::yield_now().await;
            }
            flips
        }
    });
    let clients = (0..CLIENTS).map(|number| {
        let (application, ended) = (application.clone(), Arc::clone(&ended));
        tokio::spawn(async move {
            let mut client = Client {
                peer: application.connect(Serializer::Json),
                application,
                knows_revocation: number % 2 == 0,
                random: 0x9E37_79B9_7F4A_7C15 ^ (number + 1),
                request: 0,
                subscriptions: BTreeSet::new(),
                registrations: BTreeSet::new(),
                session: 0,
                ended,
            };
            client.join().await;
            for _ in 0..REQUESTS {
                client.ask().await;
            }
            client
        })
    });
    let mut clients: Vec<_> = clients.collect();
    let mut left = Vec::new();
    for client in clients.drain(..) {
        left.push(client.await.unwrap());
    }
    over.store(true, Ordering::Relaxed);
    let flips = flips.await.unwrap();
    application.realms().reconfigure(realm(flips)).unwrap().settled().await;
    for client in &mut left {
        client.catch_up().await;
    }
    let running = application.inner().realms.get("realm1").unwrap();
    let config = running.context.config();
    let sessions: Vec<_> = running.sessions_by_id().values().cloned().collect();
    for session in &sessions {
        let tables = session.tables();
        for held in tables.subscriptions.values() {
            stands(&config, session, HeldEntry::Subscription(Arc::clone(&held.entry)));
        }
        for entry in tables.registrations.values() {
            stands(&config, session, HeldEntry::Registration(Arc::clone(entry)));
        }
        let client = left.iter().find(|client| client.session == session.id().get()).unwrap();
        if client.knows_revocation {
            assert_eq!(
                tables.subscriptions.keys().map(|id| id.get()).collect::<BTreeSet<_>>(),
                client.subscriptions
            );
            assert_eq!(
                tables.registrations.keys().map(|id| id.get()).collect::<BTreeSet<_>>(),
                client.registrations
            );
        }
    }
    assert_eq!(sessions.len(), left.len());
    assert!(
        flips > 3 && ended.load(Ordering::Relaxed) > 0,
        "permissions changed {flips} times, and ended sessions"
    );
    assert!(left.iter().filter(|client| client.knows_revocation).all(|client| client.session > 0));
}
