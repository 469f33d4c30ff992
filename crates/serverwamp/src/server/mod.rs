//! A server for programs without a web framework: every transport of one application, on any runtime.
//!
//! One listener carries WebSocket, RawSocket and plain HTTP side by side: the first octet tells them apart, because no
//! HTTP request begins with RawSocket's (specification: Advanced Profile, "RawSocket Transport"; checklist RAW-24).

mod accepted;
mod bind;
#[cfg(feature = "console")]
pub mod console;
mod error;
mod fallback;
mod http;
pub mod long_poll;
pub mod memory;
mod proxy_protocol;
pub mod rawsocket;
mod refused;
pub(crate) mod service;
mod serving;
mod settings;
mod stop;
mod stream;
mod timer;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(unix)]
mod unix_socket;

pub use self::bind::{BindError, BoundServer};
pub use self::error::ServeError;
pub use self::fallback::RequestBody;
pub use self::settings::ServerControl;
#[cfg(unix)]
pub use self::unix_socket::UnixSocket;
pub use crate::rt::any::AnyIo;
pub use crate::rt::any_listener::AnyListener;
pub use crate::rt::listener::{Incoming, Listener};

use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use ::http::{Request, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{Either, join, select};
use http_body::Body;
use tower_service::Service;

use crate::Application;
use crate::base::log::{Whose, line};
use crate::layer::BoxError;
use crate::rt::{after, guard};
#[cfg(feature = "tls")]
use crate::server::tls::TlsConfig;
use crate::transport::shutdown::Farewell;
use fallback::{Fallback, FallbackBounds};
use long_poll::PARTING;
use refused::Refusals;
use serving::OpenServer;
use settings::{OwnCarriers, Replaced};

/// The pause of the accept loop when the process has no file descriptors left; it doubles up to a second.
const FIRST_REST: Duration = Duration::from_millis(10);
const LONGEST_REST: Duration = Duration::from_secs(1);

/// The interval of its log lines.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Serves an application's WebSocket and RawSocket, until told to stop: by Ctrl-C and SIGTERM with [`run`](BoundServer::run),
/// by a future with [`serve`](Self::serve), which takes every listener.
///
/// ```no_run
/// # #[cfg(feature = "tokio")]
/// # async fn run(app: serverwamp::Application) -> std::io::Result<()> {
/// serverwamp::Server::new(app).path("/ws").bind("127.0.0.1:8080").await?.run().await?;
/// # Ok(())
/// # }
/// ```
///
/// To listen at several places, clone it and serve each listener; the first one that is told to stop ends the sessions of
/// all.
#[derive(Clone, Debug)]
#[must_use = "nothing is served until `bind` and `run`, or `serve`, are awaited"]
pub struct Server {
    app: Application,
    options: ServerOptions,
    replaced: Replaced,
}

#[derive(Clone, Debug)]
struct ServerOptions {
    wamp: bool,
    paths: Vec<String>,
    health: Option<String>,
    long_poll: Option<String>,
    http: bool,
    rawsocket: bool,
    own: OwnCarriers,
    connections: Option<usize>,
    fallback: Option<Fallback>,
    #[cfg(feature = "console")]
    console: Option<serverwamp_console::Console>,
    bounds: FallbackBounds,
    shutdown_delay: Duration,
    drain: Duration,
    farewell: Farewell,
    handshake: Duration,
    #[cfg(feature = "tls")]
    tls: Option<TlsConfig>,
    #[cfg(feature = "tls")]
    tls_handshake: Duration,
    refusals: Refusals,
}

impl Server {
    /// Serves `app`: its WebSocket at the path `/ws`, and RawSocket.
    pub fn new(app: Application) -> Self {
        let options = ServerOptions {
            wamp: true,
            paths: vec!["/ws".to_owned()],
            health: Some("/health".to_owned()),
            long_poll: None,
            http: true,
            rawsocket: true,
            own: OwnCarriers::default(),
            connections: None,
            fallback: None,
            #[cfg(feature = "console")]
            console: None,
            bounds: FallbackBounds { bytes: 2 << 20, time: Duration::from_secs(30) },
            shutdown_delay: Duration::ZERO,
            drain: Duration::from_secs(30),
            farewell: Farewell::Goodbye,
            handshake: Duration::from_secs(5),
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "tls")]
            tls_handshake: Duration::from_secs(5),
            refusals: Refusals::beyond(app.inner().settings.now().limits.connections),
        };
        Self { app, options, replaced: Replaced::default() }
    }

    /// Serves the WebSocket at another path.
    pub fn path(self, path: impl Into<String>) -> Self {
        self.paths([path])
    }

    /// Serves the WebSocket at each of these paths.
    pub fn paths<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.options.paths = paths.into_iter().map(Into::into).collect();
        self
    }

    /// The path at which load balancers ask whether to send clients here: 200 `ok`, and 503 as soon as the application stops
    /// or [`shutdown_delay`](Self::shutdown_delay) begins. Default `/health`. What has no other use of the path `/` says in words what this is and which paths there are.
    pub fn health(mut self, path: impl Into<String>) -> Self {
        self.options.health = Some(path.into());
        self
    }

    /// Serves clients that poll over HTTP as well, below this path: `<path>/open` and so on. Not by default: it is for
    /// clients behind proxies that break WebSockets, which have become rare.
    pub fn long_poll(mut self, path: impl Into<String>) -> Self {
        self.options.long_poll = Some(path.into());
        self
    }

    /// Whether RawSocket is spoken. Default `true`: it is recognized by its first octet, and WebSockets on
    /// the same port notice nothing.
    pub fn rawsocket(mut self, spoken: bool) -> Self {
        self.options.rawsocket = spoken;
        self
    }

    /// Whether HTTP, and with it WebSocket, is spoken. Default `true`; `false` is for ports and Unix sockets that are for
    /// RawSocket alone: what speaks HTTP is disconnected without an answer (checklist RAW-03).
    pub fn http(mut self, spoken: bool) -> Self {
        self.options.http = spoken;
        self
    }

    /// Answers the HTTP requests for all paths but the server's own with a `tower` service, such as a `Router` of axum: so pages,
    /// WebSocket, RawSocket and TLS share a port.
    ///
    /// The paths of the WebSocket, of long-polling, and [`health`](Self::health) stay the server's own, whatever the service
    /// has there; `/` is the service's. [`WebSocketConfig::hosts`](crate::websocket::WebSocketConfig::hosts) holds for its
    /// requests as well. Each has a [`PeerAddress`](crate::PeerAddress) among its extensions where the peer has one, and a
    /// [`TlsInfo`](crate::TlsInfo) within TLS. Connections count as ones without authentication:
    /// [`Limits::unauthenticated`](crate::Limits::unauthenticated). A service that fails answers 500 with an id that is also in the log.
    ///
    /// When the server stops, requests that are being answered have until the deadline that [`drain`](Self::drain) sets; idle
    /// connections end at once.
    ///
    /// ```no_run
    /// use axum::{Router, routing::get};
    /// # #[cfg(feature = "tokio")]
    /// # async fn run(app: serverwamp::Application) -> std::io::Result<()> {
    /// let pages = Router::new().route("/", get(|| async { "a page" }));
    /// serverwamp::Server::new(app).fallback_service(pages).bind("127.0.0.1:8080").await?.run().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn fallback_service<S, B>(mut self, service: S) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        self.options.fallback = Some(Fallback::new(service));
        self
    }

    /// The bytes that the body of a request to [`fallback_service`](Self::fallback_service) may have. Default 2 MiB, as axum's
    /// own extractors have it. A request that announces more is answered with 413; reading more of one that does not is an error.
    pub fn request_bytes(mut self, bytes: u64) -> Self {
        self.options.bounds.bytes = bytes;
        self
    }

    /// The time that the body of such a request may take. Default 30 s: 2 MiB at half a megabit per second. Reading on is an error
    /// then.
    pub fn request_timeout(mut self, deadline: Duration) -> Self {
        self.options.bounds.time = deadline;
        self
    }

    /// Speaks TLS, and nothing without it.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.options.tls = Some(tls);
        self
    }

    /// The time that a peer may take for the TLS handshake. Default 5 s: it is two round trips, and a processor is kept busy for
    /// each of them.
    #[cfg(feature = "tls")]
    pub fn tls_timeout(mut self, deadline: Duration) -> Self {
        self.options.tls_handshake = deadline;
        self
    }

    /// The time from the order to stop until no connection is accepted any more. All goes on meanwhile, except that
    /// [`health`](Self::health) answers 503, so that load balancers have stopped sending clients here before they would be
    /// refused. Default 0: most servers have none in front. A good value is the balancer's interval of checks times the number of
    /// failures that it waits for, and a second.
    pub fn shutdown_delay(mut self, delay: Duration) -> Self {
        self.options.shutdown_delay = delay;
        self
    }

    /// The time for sessions to end when the server stops, after [`shutdown_delay`](Self::shutdown_delay). Default 30 s.
    pub fn drain(mut self, deadline: Duration) -> Self {
        self.options.drain = deadline;
        self
    }

    /// Ends as [`Application::shutdown_for_restart`] does, without GOODBYE, so that clients come back. Default `false`.
    pub fn restarts(mut self, restarts: bool) -> Self {
        self.options.farewell = if restarts { Farewell::Restart } else { Farewell::Goodbye };
        self
    }

    /// The time for a peer's first octet and RawSocket's handshake, and that for an HTTP request's head.
    /// Default 5 s: an unauthenticated connection costs little for little time. Half a request is answered with 408; who has said
    /// nothing may not speak HTTP and is told nothing.
    pub fn handshake_timeout(mut self, deadline: Duration) -> Self {
        self.options.handshake = deadline;
        self
    }

    /// Accepts connections until `stop` completes, then ends all sessions with GOODBYE and returns.
    ///
    /// Clients that poll need new connections to be told of the end: while there are any, connections are accepted, and
    /// all other requests are answered with 503.
    ///
    /// A panic in what serves a connection, or in `listener`, is counted ([`Refusal::Panic`](crate::Refusal::Panic)) and
    /// logged; other connections go on.
    ///
    /// # Errors
    /// Before anything is accepted: when the application's runtime can do nothing where this is awaited, such as tokio in a
    /// program that runs on smol, and when these settings can never work: deadlines of 0, everything switched off, paths
    /// without a slash. Once it serves it ends without an error.
    pub async fn serve(
        self,
        mut listener: impl Listener,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        error::check(&self.app, &self.options)?;
        let serving = Arc::new(OpenServer::new(self.app.clone(), self.options, self.replaced));
        accept(&serving, &mut listener, stop).await;
        let listening = serving.now();
        let options = &listening.options;
        let runtime = &self.app.inner().runtime;
        if options.shutdown_delay > Duration::ZERO {
            let delay = options.shutdown_delay;
            line!(INFO, "server", "the server will stop", delay = format_args!("{delay:?}"));
            self.app.announce_shutdown();
            let delayed = runtime.sleep_until(after(runtime.now(), delay));
            accept(&serving, &mut listener, delayed).await;
        }
        let over = after(runtime.now(), options.drain);
        line!(INFO, "server", "the server stops", drain = format_args!("{:?}", options.drain));
        if !options.wamp {
            drop(listener);
            serving.http.end(Some(runtime.sleep_until(over))).await;
            return Ok(());
        }
        let Some(long_poll) = listening.services.polled() else {
            drop(listener);
            let requests = serving.http.end(options.fallback.is_some().then(|| runtime.sleep_until(over)));
            join(self.app.end(options.farewell, options.drain), requests).await;
            return Ok(());
        };
        let ended = async {
            self.app.end(options.farewell, options.drain).await;
            long_poll.part().await;
        };
        let polled = async {
            accept(&serving, &mut listener, long_poll.unused()).await;
            drop(listener);
        };
        join(ended, polled).await;
        let parted = after(runtime.now(), PARTING);
        let time_up = if options.fallback.is_some() { parted.max(over) } else { parted };
        serving.http.end(Some(runtime.sleep_until(time_up))).await;
        Ok(())
    }
}

/// Accepts connections until `stop` completes.
async fn accept<L: Listener>(serving: &Arc<OpenServer>, listener: &mut L, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let mut rest = FIRST_REST;
    let mut said = None;
    loop {
        let accepting = AssertUnwindSafe(listener.accept()).catch_unwind();
        let Some(accepted) = until(stop.as_mut(), accepting).await else { return };
        let accepted = accepted.unwrap_or_else(|panic| {
            guard::report(&serving.app.inner().counters, Whose::default(), panic.as_ref());
            Err(io::Error::other("the listener panicked"))
        });
        match accepted {
            Ok((io, address)) => {
                rest = FIRST_REST;
                let unix_peer = L::unix_peer(&io);
                accepted::spawn(serving, io, address, unix_peer);
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                let runtime = &serving.app.inner().runtime;
                let now = runtime.now();
                if said.is_none_or(|said| said + SAY_EVERY <= now) {
                    line!(ERROR, "server", "no connection can be accepted, trying again", error = error);
                    said = Some(now);
                }
                // A file for the next one; whoever has it is refused, or has waited long enough.
                if serving.now().options.refusals.make_room() {
                    rest = FIRST_REST;
                }
                let rested = runtime.sleep_until(now + rest);
                if until(stop.as_mut(), rested).await.is_none() {
                    return;
                }
                rest = (rest * 2).min(LONGEST_REST);
            }
        }
    }
}

/// The output of `future`, unless `stop` comes first.
async fn until<T>(stop: Pin<&mut impl Future<Output = ()>>, future: impl Future<Output = T>) -> Option<T> {
    match select(pin!(future), stop).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

/// Did the one connection fail that was about to be accepted, and nothing else?
fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests;
