//! The servers that are measured: each runs alone in its process, on one thread unless told otherwise.

use crate::Failure;
use crate::options::{ServerKind, ServerOptions};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::Deserialize;
use serverwamp::auth::{Credentials, Secret, hash_ticket};
use serverwamp::extract::{Arg, Params};
use serverwamp::rt::{Runtime, Smol, Tokio};
use serverwamp::websocket::{WebSocketConfig, echo};
use serverwamp::{
    Application, ApplicationBuilder, Realm, RealmHandle, RoutePattern, RouteSet, Server, TopicSettings,
    WampError, measure,
};
use std::convert::{Infallible, identity};
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::coop::unconstrained;

/// What events carry beside their number.
pub(crate) const BALLAST: &str = "sixty-four characters stand for what applications usually publish";

/// The router's realms.
pub(crate) const REALMS: [&str; 8] =
    ["realm1", "realm2", "realm3", "realm4", "realm5", "realm6", "realm7", "realm8"];

/// Connections rest while others are measured, and a ping in between would be measured with them.
const NO_PINGS: Duration = Duration::from_secs(24 * 3600);

/// The silence allowed to long-polling clients at the server that everybody can abuse: shorter than by default, so that
/// nobody has to wait for the end of those that vanished, and so that a short warm-up sees as many of them as all that follows.
pub(crate) const POLLING_IDLE: Duration = Duration::from_millis(500);

pub(crate) fn run(options: &ServerOptions) -> Result<(), Failure> {
    if options.orphan_ends {
        set_parent_process_death_signal(Some(Signal::KILL))?;
    }
    if let Some(cpu) = options.cpu {
        crate::machine::pin(&[cpu])?;
    }
    if options.counted {
        measure::ignore_clock();
    }
    if options.smol {
        return match options.kind {
            ServerKind::Open => smol::block_on(serve_open_on_smol(options)),
            _ => Err("of the servers only `open` runs on smol".into()),
        };
    }
    let runtime = match options.threads {
        None => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        Some(threads) => {
            tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?
        }
    };
    runtime.block_on(async {
        let listener = TcpListener::bind(options.listen).await?;
        println!("listening {}", listener.local_addr()?);
        match options.kind {
            ServerKind::Echo => serve_echo(listener).await?,
            ServerKind::Wamp => {
                let app = application(identity, Vec::new())?;
                observe(&app, options).await?;
                Server::new(app).serve(listener, std::future::pending()).await?
            }
            ServerKind::Router => {
                let app = router(identity, Vec::new())?;
                observe(&app, options).await?;
                Server::new(app).serve(listener, std::future::pending()).await?
            }
            ServerKind::Writer => serve_writes(listener).await?,
            ServerKind::Open => {
                let app = open(options)?.with_state(()).build()?;
                let (tls, certificate) = crate::tls::server()?;
                let by_tls = TcpListener::bind((options.listen.ip(), 0)).await?;
                println!("tls {} {certificate}", by_tls.local_addr()?);
                let by_tls = Server::new(app.clone()).tls(tls).serve(by_tls, std::future::pending());
                tokio::spawn(by_tls);
                let server = Server::new(app).long_poll("/lp");
                server.serve(listener, std::future::pending()).await?;
            }
        }
        Ok(())
    })
}

async fn observe(app: &Application, options: &ServerOptions) -> Result<(), Failure> {
    match options.observed {
        Some(observed) => crate::admin::observe(app, observed).await,
        None => Ok(()),
    }
}

/// As on tokio: the executor has one thread, beside those that accept connections and wait for sockets.
async fn serve_open_on_smol(options: &ServerOptions) -> Result<(), Failure> {
    let app = open(options)?.runtime(Smol).with_state(()).build()?;
    let listener = smol::net::TcpListener::bind(options.listen).await?;
    println!("listening {}", listener.local_addr()?);
    let (tls, certificate) = crate::tls::server()?;
    let by_tls = smol::net::TcpListener::bind((options.listen.ip(), 0)).await?;
    println!("tls {} {certificate}", by_tls.local_addr()?);
    smol::spawn(Server::new(app.clone()).tls(tls).serve(by_tls, std::future::pending())).detach();
    Server::new(app).long_poll("/lp").serve(listener, std::future::pending()).await?;
    Ok(())
}

#[derive(Deserialize)]
struct Add {
    a: i64,
    b: i64,
}

async fn add(Params(Add { a, b }): Params<Add>) -> i64 {
    a + b
}

async fn publish(Arg(number): Arg<u64>, realm: RealmHandle) -> Result<(), WampError> {
    realm.publish("bench.topic", serverwamp::extract::Args((number, BALLAST)))?;
    Ok(())
}

/// Has to wait, and is at once waited for no more.
async fn wait_once() {
    let mut has_waited = false;
    poll_fn(|cx| match std::mem::replace(&mut has_waited, true) {
        true => Poll::Ready(()),
        false => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

/// A realm that serves; `role` says what else is true of it.
pub(crate) fn application(role: fn(Realm) -> Realm, uris: Vec<RoutePattern>) -> Result<Application, Failure> {
    let routes = RouteSet::new()
        .procedure("demo.add", add)
        .procedure("bench.publish", publish)
        .topic("bench.topic", || async {});
    Ok(Application::builder::<()>()
        .realm(role(Realm::new("realm1").allow_anonymous("anonymous").routes(routes)))
        .websocket(|config| config.ping_interval = NO_PINGS)
        .metrics(|metrics| metrics.uris = uris)
        .with_state(())
        .build()?)
}

/// Realms for clients alone; `role` says what else is true of each, `uris` what is counted on its own.
pub(crate) fn router(role: fn(Realm) -> Realm, uris: Vec<RoutePattern>) -> Result<Application, Failure> {
    let router = Application::builder::<()>().websocket(|config| config.ping_interval = NO_PINGS);
    let router = router.metrics(|metrics| metrics.uris = uris);
    let realms = REALMS.map(|name| role(Realm::router(name).allow_anonymous("anonymous")));
    Ok(realms.into_iter().fold(router, |router, realm| router.realm(realm)).with_state(()).build()?)
}

/// Everything that a stranger could abuse, with the limits that everybody has by default.
fn open(options: &ServerOptions) -> Result<ApplicationBuilder, Failure> {
    let ServerOptions { unbounded, no_pings, calls_in_flight, .. } = *options;
    let routes = RouteSet::new()
        .procedure("demo.add", add)
        .procedure("demo.echo", |payload: serverwamp::Payload| async move { payload })
        .procedure("demo.never", std::future::pending::<()>)
        .procedure("demo.keep", |payload: serverwamp::Payload| async move {
            std::future::pending::<()>().await;
            drop(payload);
        })
        .procedure("flood.longest_turn", || async {
            u64::try_from(measure::longest_turn().as_nanos()).unwrap_or(u64::MAX)
        });
    measure::start();
    let realm = Realm::new("realm1").allow_anonymous("anonymous").allow_register().allow_publish();
    let realm = realm.topic_settings("flood.history", TopicSettings::new().history(100));
    let another = Realm::new("realm2").allow_anonymous("anonymous");
    let another = another.routes(RouteSet::new().procedure("demo.wait", wait_once));
    let app = Application::builder::<()>().realm(realm.routes(routes)).realm(another).realm(logins()?);
    let app = app.websocket(|config| {
        config.deflate = true;
        if no_pings {
            config.ping_interval = NO_PINGS;
        }
        if unbounded {
            // Bombs expand to as much, and each takes its time.
            config.max_message = 1 << 24;
        }
    });
    let app = app.long_poll(|config| config.idle_timeout = POLLING_IDLE);
    let app = app.rawsocket(|config| {
        if unbounded {
            config.max_message = 1 << 24;
        }
    });
    Ok(app.limits(|limits| {
        // All attackers come from one address, and the flood of handshakes is of more than a share.
        limits.unauthenticated_per_address = Some(limits.connections);
        limits.unauthenticated = Some(limits.connections);
        limits.calls_in_flight_in_all = calls_in_flight.unwrap_or(limits.calls_in_flight_in_all);
        if unbounded {
            limits.outgoing_bytes = 1 << 30;
            limits.outgoing_message_bytes = 1 << 30;
            limits.calls_in_flight = usize::MAX;
            limits.invocations_in_flight = usize::MAX;
            limits.subscriptions = usize::MAX;
            limits.pattern_subscriptions = usize::MAX;
            limits.registrations = usize::MAX;
        }
    }))
}

/// A realm of one user, whose ticket is hashed as is recommended.
fn logins() -> Result<Realm, Failure> {
    let path = std::env::temp_dir().join(format!("serverwamp-logins-{}.toml", std::process::id()));
    std::fs::write(&path, format!("[user.joe]\nticket = \"{}\"\n", hash_ticket(&Secret::from("secret!!!"))))?;
    let users = Credentials::from_file(&path).map(|users| users.look_every(Duration::MAX));
    std::fs::remove_file(&path)?;
    Ok(Realm::new("logins").authenticator(users?.ticket()))
}

async fn serve_echo(listener: TcpListener) -> io::Result<()> {
    let mut config = WebSocketConfig::default();
    config.ping_interval = NO_PINGS;
    let config = Arc::new(config);
    let runtime: Arc<dyn Runtime> = Arc::new(Tokio);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (config, runtime) = (Arc::clone(&config), Arc::clone(&runtime));
        let service = service_fn(move |request| {
            let answer = echo(request, &config, &runtime);
            async move { Ok::<_, Infallible>(answer) }
        });
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A client that goes away is no matter of ours.
            let _ = connection.with_upgrades().await;
        });
    }
}

/// The least a fan-out can cost: one task, one prepared frame, one write for each socket.
///
/// The first connection says how many others will follow, then sends frames, each behind its length; all others get
/// them, and last the sender itself.
async fn serve_writes(listener: TcpListener) -> io::Result<()> {
    let (mut publisher, _) = listener.accept().await?;
    publisher.set_nodelay(true)?;
    let mut sockets: Vec<TcpStream> = Vec::new();
    for _ in 0..publisher.read_u32().await? {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        sockets.push(stream);
    }
    publisher.write_u8(1).await?;
    let mut frame = Vec::new();
    while let Ok(len) = publisher.read_u32().await {
        frame.resize(len as usize, 0);
        publisher.read_exact(&mut frame).await?;
        for socket in &mut sockets {
            unconstrained(socket.write_all(&frame)).await?;
        }
        publisher.write_all(&frame).await?;
    }
    Ok(())
}
