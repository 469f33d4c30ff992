//! The router under test, in this process on a port of its own, and the realms transcripts find there.
//!
//! | realm | what is there |
//! |---|---|
//! | `realm1` | everything allowed, anonymous (role `guest`) or with a ticket; `admin` administrates |
//! | `realm2` | the same, for what must not reach another realm |
//! | `private` | the same, but nobody without a ticket |
//! | `strict` | strict URIs |
//! | `plain` | a router without meta API |
//! | `nodisclose`, `disclosed` | disclosure refused, disclosure always |
//! | `settings` | topics and procedures with settings, see [`settings`] |
//! | `guarded` | topics with handlers that refuse: `com.refused` all, `com.history.members` all but members |
//! | `app` | an application's realm: `com.add`, and clients may register and publish nothing |
//!
//! The ticket of everybody is `secret`: `joe` and `jane` have the role `user`, `mia` is a `member`, `root` an `admin`.

use serverwamp::auth::{self, AuthId, Authenticator, Principal, Ticket};
use serverwamp::extract::Args;
use serverwamp::{
    Application, Disclosure, Limits, ProcedureSettings, Realm, RouteSet, Server, Session, TopicSettings,
    WampError, prefix,
};
use serverwamp_conformance::{Tongues, Transcript};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// Plays a transcript in all tongues, each time at a new router with the realms of [`realms`].
#[track_caller]
pub(crate) fn play(text: &str) {
    play_at(realms, text);
}

/// [`play`] at another application.
#[track_caller]
pub(crate) fn play_at(app: impl Fn() -> Application, text: &str) {
    for tongues in Tongues::ALL {
        let router = Router::start(app());
        Transcript::run_in(tongues, router.url(), text);
    }
}

/// Plays a transcript once and in JSON, for what takes long and has nothing to do with serializers.
#[track_caller]
pub(crate) fn play_once(text: &str) {
    let router = Router::start(realms());
    Transcript::run_once(router.url(), text);
}

/// A server on a free port of the loopback interface; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Router {
    url: String,
    runtime: Option<Runtime>,
}

impl Router {
    pub(crate) fn start(app: Application) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads can be started");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("there is a free port");
        let url = format!("ws://{}/ws", listener.local_addr().expect("a listener has an address"));
        let server = Server::new(app).long_poll("/lp");
        runtime.spawn(server.serve(listener, std::future::pending()));
        Self { url, runtime: Some(runtime) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        // A test that failed may have left connections open; nobody waits for them.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// All realms.
pub(crate) fn realms() -> Application {
    realms_with(|_| {})
}

/// All realms, with these limits.
pub(crate) fn realms_with(limits: impl FnOnce(&mut Limits)) -> Application {
    Application::builder()
        .limits(limits)
        .realm(open("realm1"))
        .realm(open("realm2"))
        .realm(Realm::router("private").authenticator(tickets()).administrators(["admin"]))
        .realm(Realm::router("strict").allow_anonymous("guest").strict_uris())
        .realm(open("nodisclose").disclosure(Disclosure::Refused))
        .realm(open("disclosed").disclosure(Disclosure::Always))
        .realm(Realm::new("plain").allow_anonymous("guest").allow_register().allow_publish())
        .realm(settings())
        .realm(guarded())
        .realm(app())
        .build()
        .expect("nothing is wrong with these realms")
}

fn open(name: &str) -> Realm {
    Realm::router(name).allow_anonymous("guest").authenticator(tickets()).administrators(["admin"])
}

/// What is set for topics and procedures, each under a name that says it.
fn settings() -> Realm {
    open("settings")
        .topic_settings("com.history.five", TopicSettings::new().history(5))
        .topic_settings(prefix("com.history.all."), TopicSettings::new().history(1000))
        .topic_settings("com.history.all.auth", TopicSettings::new().history(10))
        .topic_settings(prefix("com.unretained."), TopicSettings::new().retain(false))
        .topic_settings(prefix("com.trusted."), TopicSettings::new().trustlevel(3))
        .topic_settings("com.trusted.not", TopicSettings::new().trustlevel(0))
        .topic_settings(prefix("com.disclosed."), TopicSettings::new().disclose_publisher())
        .procedure_settings(prefix("com.trusted."), ProcedureSettings::new().trustlevel(2))
        .procedure_settings(prefix("com.disclosed."), ProcedureSettings::new().disclose_caller())
        .procedure_settings(prefix("com.forwarded."), ProcedureSettings::new().forward_timeout(true))
        .procedure_settings(prefix("com.unforwarded."), ProcedureSettings::new().forward_timeout(false))
}

/// An application that says who may subscribe to some topics, in a realm where clients do the rest.
fn guarded() -> Realm {
    open("guarded").topic_settings("com.history.members", TopicSettings::new().history(10)).routes(
        RouteSet::new()
            .procedure("com.served", || async { "by the application" })
            .topic("com.refused", || async { Err::<(), _>(WampError::not_authorized("members only")) })
            .topic("com.history.members", members_only),
    )
}

async fn members_only(session: Session) -> Result<(), WampError> {
    if session.authrole() == "member" { Ok(()) } else { Err(WampError::not_authorized("members only")) }
}

fn app() -> Realm {
    let routes = RouteSet::new().procedure("com.add", add).open_topic("com.news");
    Realm::new("app").allow_anonymous("guest").routes(routes)
}

async fn add(Args((a, b)): Args<(i64, i64)>) -> i64 {
    a + b
}

pub(crate) fn tickets() -> Authenticator<()> {
    auth::ticket(check)
}

async fn check(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    let role = match authid.as_str() {
        "joe" | "jane" => "user",
        "mia" => "member",
        "root" => "admin",
        _ => return None,
    };
    ticket.matches("secret").then(|| Principal::new(authid).role(role))
}
