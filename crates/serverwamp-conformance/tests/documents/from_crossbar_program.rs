//! The Rust of docs/from-crossbar.md: every block there stands here, and here it is compiled and served.

use serverwamp::auth::{self, AuthId, CraCredential, Principal, Secret, Ticket};
use serverwamp::request::Invocation;
use serverwamp::{
    Application, ConfigError, PendingSubscription, Realm, RouteSet, Server, TopicSettings, WampError,
};
use tokio::net::{TcpListener, UnixListener};

fn realm() -> Realm {
    Realm::router("realm1")
        .authenticator(auth::ticket(by_ticket))
        .authenticator(auth::cra(by_secret))
        .topic_settings("com.example.oncounter", TopicSettings::new().history(100))
        .administrators(["operator"])
}

/// `"ticket": {"type": "static", "principals": {"joe": {"ticket": "secret!!!", "role": "backend"}}}`; ask your database here
/// for `"type": "dynamic"`.
async fn by_ticket(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    let right = ticket.matches("secret!!!") & (authid == "joe");
    right.then(|| Principal::new(authid).role("backend"))
}

/// `"wampcra": {"type": "static", "users": {"peter": {"secret": "secret1", "role": "frontend"}}}`
async fn by_secret(AuthId(authid): AuthId) -> Option<CraCredential> {
    let peter = || CraCredential::new(Secret::new("secret1"), Principal::new("peter").role("frontend"));
    (authid == "peter").then(peter)
}

/// What only one role may call is served by the application, behind a layer.
fn for_backends() -> RouteSet {
    RouteSet::new().procedure("com.example.reset", || async { "reset" }).layer(
        tower::filter::FilterLayer::new(|call: Invocation| match call.session() {
            Some(session) if session.authrole() == "backend" => Ok(call),
            _ => Err(WampError::not_authorized("only backends may reset")),
        }),
    )
}

/// Who may subscribe to a topic is decided by its handler.
async fn alarms(pending: PendingSubscription) -> Result<(), WampError> {
    if pending.session().authrole() != "backend" {
        return Err(WampError::not_authorized("only backends hear alarms"));
    }
    pending.accept().await.closed().await;
    Ok(())
}

pub(crate) fn application() -> Result<Application, ConfigError> {
    let routes = for_backends().topic("com.example.alarms", alarms);
    Application::builder().realm(realm().routes(routes)).build()
}

/// `"web"` with the paths `ws` and `lp`, and `"rawsocket"` at a Unix socket.
pub(crate) async fn serve(app: Application, tcp: TcpListener, unix: UnixListener) -> std::io::Result<()> {
    let server = Server::new(app).long_poll("/lp");
    let stop = std::future::pending::<()>; // for example `tokio::signal::ctrl_c`
    tokio::try_join!(
        server.clone().serve(tcp, stop()), // WebSocket at /ws, long-polling at /lp, and RawSocket
        server.http(false).serve(unix, stop()), // RawSocket alone
    )?;
    Ok(())
}
