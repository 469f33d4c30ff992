//! Random clients in a realm whose permissions change all the time, or the rights that its authorizer looks up: in the end nobody
//! has what is not allowed, and those who know revocation know what they have.

#![expect(
    clippy::disallowed_methods,
    reason = "clients of a test run beside each other on the runtime of the test"
)]

use crate::memory::MemoryPeer;
use crate::router::realm::access::Standing;
use crate::router::realm::{HeldEntry, RealmConfig};
use crate::router::request::{Question, Verdict};
use crate::router::session::RouterSession;
use crate::rt::BoxFuture;
use crate::{Action, Actions, Application, Realm, RoleRules, prefix};
use serverwamp_proto::codec::Serializer;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const CLIENTS: u64 = 8;
const REQUESTS: u64 = 120;
const CHANGES: usize = 20;
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

/// The whole numbers of a message, without those in texts; enough of a parser for what is heard here.
fn numbers(message: &str) -> Vec<u64> {
    let unquoted: String = message.split('"').step_by(2).collect();
    unquoted.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// What is done between the requests of the clients; it is told how often it was done before.
type Change = Box<dyn Fn(usize) -> BoxFuture<'static, ()> + Send>;

/// Lets clients ask for this and that until they are through, and changes something all the time. Gives the clients, and how often
/// something was changed and a session ended.
async fn play(application: &Application, change: Change) -> (Vec<Client>, usize, usize) {
    let over = Arc::<AtomicBool>::default();
    let ended = Arc::<AtomicUsize>::default();
    let changed = Arc::<AtomicUsize>::default();
    let changes = tokio::spawn({
        let (over, changed) = (Arc::clone(&over), Arc::clone(&changed));
        async move {
            let mut changes = 1;
            while !over.load(Ordering::Relaxed) {
                change(changes).await;
                changes += 1;
                changed.store(changes, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
            changes
        }
    });
    let clients = (0..CLIENTS).map(|number| {
        let (application, ended, changed) = (application.clone(), Arc::clone(&ended), Arc::clone(&changed));
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
            // Until enough has happened.
            let little = |client: &Client| {
                changed.load(Ordering::Relaxed) < CHANGES || client.ended.load(Ordering::Relaxed) == 0
            };
            for request in 0..100 * REQUESTS {
                if request >= REQUESTS && !little(&client) {
                    break;
                }
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
    (left, changes.await.unwrap(), ended.load(Ordering::Relaxed))
}

/// Everything that is held may be held, and those who know revocation know what they have.
async fn check(
    application: &Application,
    clients: &mut [Client],
    may_be_held: impl Fn(&RealmConfig, &RouterSession, &HeldEntry) -> bool,
) {
    for client in &mut *clients {
        client.catch_up().await;
    }
    let running = application.inner().realms.get("realm1").unwrap();
    let config = running.context.config();
    let sessions: Vec<_> = running.sessions_by_id().values().cloned().collect();
    for session in &sessions {
        let tables = session.tables();
        let subscriptions =
            tables.subscriptions.values().map(|held| HeldEntry::Subscription(Arc::clone(&held.entry)));
        let registrations =
            tables.registrations.values().map(|entry| HeldEntry::Registration(Arc::clone(entry)));
        for held in subscriptions.chain(registrations) {
            assert!(may_be_held(&config, session, &held), "{held:?}");
        }
        let client = clients.iter().find(|client| client.session == session.id().get()).unwrap();
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
    assert_eq!(sessions.len(), clients.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_while_permissions_change_nobody_keeps_what_is_not_allowed() {
    let application = Application::builder().realm(realm(0)).build().unwrap();
    let realms = application.realms();
    let change = move |flips: usize| -> BoxFuture<'static, ()> {
        let applied = realms.reconfigure(realm(flips)).unwrap();
        Box::pin(async move {
            // Some sweeps begin while another one goes on.
            if flips.is_multiple_of(3) {
                applied.settled().await;
            }
        })
    };
    let (mut clients, flips, ended) = play(&application, Box::new(change)).await;
    application.realms().reconfigure(realm(flips)).unwrap().settled().await;
    let stands = |config: &RealmConfig, session: &RouterSession, held: &HeldEntry| {
        matches!(held.standing(config, session), Standing::Allowed(_))
    };
    check(&application, &mut clients, stands).await;
    assert!(flips >= CHANGES && ended > 0, "permissions changed {flips} times, and ended {ended} sessions");
}

/// The rights in a database, of which there are three versions that say the same as [`RULES`].
fn has_right(version: usize, action: Action, uri: &str) -> bool {
    match version % RULES.len() {
        0 => uri.starts_with("a."),
        1 => uri.starts_with("b.") || (action == Action::Subscribe && uri == "a.1"),
        _ => action != Action::Register || uri != "a.2",
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_while_rights_change_nobody_keeps_what_the_authorizer_denies() {
    let version = Arc::<AtomicUsize>::default();
    let asking = {
        let version = Arc::clone(&version);
        move || {
            let version = Arc::clone(&version);
            Realm::router("realm1").allow_anonymous("guest").authorizer(move |question: Question| {
                let version = Arc::clone(&version);
                async move {
                    // The answer is that of the moment at which the database has looked.
                    let has = has_right(version.load(Ordering::SeqCst), question.action(), question.uri());
                    if question.uri().ends_with('1') {
                        tokio::task::yield_now().await;
                    }
                    Verdict::from(has).cache_for(Duration::from_secs(9))
                }
            })
        }
    };
    let application = Application::builder().realm(asking()).build().unwrap();
    let (realms, handle) = (application.realms(), application.realm("realm1").unwrap());
    let (versions, again) = (Arc::clone(&version), asking.clone());
    let change = move |changes: usize| -> BoxFuture<'static, ()> {
        versions.store(changes, Ordering::SeqCst);
        let applied = match changes % 5 {
            0 => Some(realms.reconfigure(again()).unwrap()),
            _ => {
                handle.forget_decisions();
                None
            }
        };
        Box::pin(async move {
            match applied.filter(|_| changes.is_multiple_of(2)) {
                Some(applied) => applied.settled().await,
                None => tokio::task::yield_now().await,
            }
        })
    };
    let (mut clients, changes, ended) = play(&application, Box::new(change)).await;
    version.store(changes, Ordering::SeqCst);
    application.realm("realm1").unwrap().forget_decisions();
    application.realms().reconfigure(asking()).unwrap().settled().await;
    let has = move |_: &RealmConfig, _: &RouterSession, held: &HeldEntry| {
        let (action, uri) = match held {
            HeldEntry::Subscription(entry) => (Action::Subscribe, entry.pattern.as_str()),
            HeldEntry::Registration(entry) => (Action::Register, entry.pattern.as_str()),
        };
        has_right(changes, action, uri)
    };
    check(&application, &mut clients, has).await;
    assert!(changes >= CHANGES && ended > 0, "rights changed {changes} times, and ended {ended} sessions");
}
