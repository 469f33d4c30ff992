//! An application in this process, reached through memory as its own program would.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::{Either, select};
use serde::Deserialize;
use serverwamp::auth::{self, AuthId, CraCredential, Principal, Salting, Secret, Ticket, derive_key};
use serverwamp::extract::{Args, Params};
use serverwamp::memory::MemoryPeer;
use serverwamp::{
    Actions, Application, Payload, Progress, Realm, RealmChanges, RoleRules, RouteSet, WampError, prefix,
};
use serverwamp_conformance::serial::Serializer;
use serverwamp_conformance::{DEADLINE, Exchange, RawPeer, Subprotocol};

use crate::place::{LONGEST, Place, Runtime};

/// The application, with the runtime it is on.
pub(crate) struct Memory {
    app: Application,
    tokio: Option<tokio::runtime::Runtime>,
    stopping: Option<std::thread::JoinHandle<()>>,
}

impl Memory {
    pub(crate) fn start(runtime: Runtime) -> Self {
        let (builder, tokio) = match runtime {
            Runtime::Tokio => {
                let tokio = tokio::runtime::Runtime::new().expect("a runtime");
                (Application::builder().runtime(serverwamp::rt::Tokio), Some(tokio))
            }
            Runtime::Smol => (Application::builder().runtime(serverwamp::rt::Smol), None),
        };
        let itself = Itself::default();
        let app = builder
            .realm(Realm::new("realm1").allow_anonymous("guest").routes(routes()).routes(changes(&itself)))
            .realm(Realm::router("router").allow_anonymous("guest"))
            .realm(
                Realm::new("secure").authenticator(auth::ticket(ticket)).authenticator(auth::cra(secret_of)),
            )
            .rawsocket(|config| config.max_message = LONGEST)
            .build()
            .expect("a sound application");
        itself.get_or_init(|| app.clone());
        Self { app, tokio, stopping: None }
    }
}

impl Place for Memory {
    fn subprotocols(&self) -> &'static [Subprotocol] {
        &Subprotocol::PLAIN
    }

    fn connect(&self, subprotocol: Subprotocol) -> RawPeer {
        let _inside = self.tokio.as_ref().map(tokio::runtime::Runtime::enter);
        let serializer = match subprotocol.serializer {
            Serializer::Json => serverwamp::Serializer::Json,
            Serializer::MsgPack => serverwamp::Serializer::MessagePack,
            Serializer::Cbor => serverwamp::Serializer::Cbor,
        };
        RawPeer::over_exchange(Box::new(InMemory(Some(self.app.connect(serializer)))), subprotocol)
    }

    fn stop(&mut self) {
        let app = self.app.clone();
        let tokio = self.tokio.as_ref().map(|tokio| tokio.handle().clone());
        self.stopping = Some(std::thread::spawn(move || {
            let _inside = tokio.as_ref().map(tokio::runtime::Handle::enter);
            smol::block_on(app.shutdown(DEADLINE));
        }));
    }

    fn expect_stopped(&mut self) {
        self.stopping.take().expect("it was told to stop").join().expect("it stops in good order");
    }

    fn refuses_long_messages(&self) -> bool {
        true
    }
}

/// A peer that waits for its messages on the thread of its test.
struct InMemory(Option<MemoryPeer>);

impl fmt::Debug for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InMemory")
    }
}

impl Exchange for InMemory {
    fn send(&mut self, message: Vec<u8>) -> Result<(), String> {
        let peer = self.0.as_mut().ok_or("this side has closed")?;
        smol::block_on(peer.send(message)).map_err(|error| error.to_string())
    }

    fn receive(&mut self, time: Duration) -> Result<Option<Vec<u8>>, String> {
        let peer = self.0.as_mut().ok_or("this side has closed")?;
        smol::block_on(async {
            let receive = std::pin::pin!(peer.receive());
            match select(receive, smol::Timer::after(time)).await {
                Either::Left((received, _)) => {
                    received.map(|message| Some(message.to_vec())).map_err(|error| error.to_string())
                }
                Either::Right(_) => Ok(None),
            }
        })
    }

    fn close(&mut self) {
        self.0 = None;
    }
}

#[derive(Deserialize)]
struct Add {
    a: i64,
    #[serde(default = "five")]
    b: i64,
    #[serde(default)]
    c: i64,
}

fn five() -> i64 {
    5
}

/// The procedures that the scenarios call, under their names in the server process.
fn routes() -> RouteSet {
    RouteSet::new()
        .procedure("math.add", |Params(Add { a, b, c }): Params<Add>| async move { a + b + c })
        .procedure("echo.payload", |payload: Payload| async move { payload })
        .procedure("waiting.watched", std::future::pending::<()>)
        .procedure("error.full", || async {
            Err::<(), _>(WampError::new("com.example.full").arg("text").arg(2).kwarg("key", true))
        })
        .procedure("progress.count", count)
}

/// The application, once it is built.
type Itself = Arc<OnceLock<Application>>;

/// A procedure that adds a realm, keeps guests to `com.kept.` in it, or stops it.
fn changes(itself: &Itself) -> RouteSet {
    let itself = Arc::clone(itself);
    RouteSet::new().procedure("realms.change", move |Args((step, name)): Args<(String, String)>| {
        let realms = itself.get().expect("it is built").realms();
        let open = Realm::router(&*name).allow_anonymous("guest");
        async move {
            let narrow = |role: RoleRules| role.allow(Actions::ALL, prefix("com.kept."));
            let changed = match &*step {
                "add" => realms.apply(RealmChanges::new().add(open)),
                "narrow" => realms.reconfigure(open.role("guest", narrow)),
                _ => realms.stop(&name, "wamp.close.close_realm"),
            };
            changed.expect("nothing is wrong with it").settled().await;
        }
    })
}

async fn count(
    Args((from, _pause)): Args<(u64, u64)>,
    progress: Progress,
) -> Result<&'static str, WampError> {
    for number in (1..=from).rev() {
        progress.send(number).await?;
    }
    Ok("liftoff")
}

async fn ticket(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    (authid == "joe" && ticket.matches("secret!!!")).then(|| Principal::new(authid).role("customer"))
}

async fn secret_of(AuthId(authid): AuthId) -> Option<CraCredential> {
    let principal = Principal::new(authid.as_str()).role("customer");
    let secret = Secret::from("secret1");
    match authid.as_str() {
        "peter" => Some(CraCredential::new(secret, principal)),
        "anna" => {
            let salting = Salting::new("salt123", 100, 32);
            Some(CraCredential::derived(derive_key(&secret, &salting), salting, principal))
        }
        _ => None,
    }
}
