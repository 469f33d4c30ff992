//! HTTP long-polling, for clients behind proxies that break WebSockets.
//!
//! Specification: Advanced Profile, "HTTP Longpoll Transport". Four requests, all of them POST: `open` begins a transport,
//! `<id>/send` and `<id>/receive` carry messages, `<id>/close` ends it. Behind them runs the same connection as behind a
//! socket, over a pipe in memory.
//!
//! All requests of a transport have to reach the same process: a load balancer in front needs affinity.

mod bodies;
mod requests;
mod too_long;
mod transport;

pub use crate::transport::long_poll::LongPollConfig;

use crate::base::locks::{Mutex, MutexGuard};
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use event_listener::Event;
use futures_util::future::{Either, select};
use hashbrown::HashMap;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use serverwamp_proto::rawsocket::MaxLength;
use serverwamp_proto::websocket::Subprotocol;
use tower_service::Service;

use crate::Application;
use crate::base::admission::Permit;
use crate::base::proxies::Addresses;
use crate::base::statistics::Refusal;
use crate::rt::after;
use crate::rt::guard::guarded;
use crate::server::memory::{CAPACITY, pipe};
use crate::server::rawsocket;
use crate::server::service::{PeerAddressOf, requested};
use crate::transport::{CarrierSettings, TransportKind};
use transport::{LongPollTransport, PollBounds};

/// Answers the requests of long-polling clients. It looks at the end of a request's path only, so that it can be mounted
/// anywhere.
///
/// ```
/// # let app = serverwamp::Application::builder().realm(serverwamp::Realm::new("realm1").allow_anonymous("guest")).build()?;
/// let http: axum::Router = axum::Router::new()
///     .route_service("/ws", app.websocket())
///     .nest_service("/lp", app.long_polling());
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct LongPollService(Arc<LongPollShared>, PeerAddressOf);

struct LongPollShared {
    app: Application,
    /// The settings of its listener; without one, those of the application.
    carriers: Option<Arc<CarrierSettings>>,
    transports: Arc<LongPollTransports>,
}

/// The transports by their ids.
#[derive(Debug, Default)]
pub(super) struct LongPollTransports {
    by_id: Mutex<HashMap<String, Arc<LongPollTransport>>>,
    /// Told whenever there are none any more.
    unused: Event,
}

/// The time for clients to close transports whose sessions are over when the server stops: one request each.
pub(super) const PARTING: Duration = Duration::from_secs(1);

impl Application {
    /// A service for clients that poll over HTTP. Every clone of it serves the same transports; another call of this
    /// makes one that does not know them.
    pub fn long_polling(&self) -> LongPollService {
        LongPollService::new(self.clone(), None, Arc::default())
    }
}

impl LongPollService {
    /// A service with these settings, which serves the transports of others as well.
    pub(super) fn new(
        app: Application,
        carriers: Option<Arc<CarrierSettings>>,
        transports: Arc<LongPollTransports>,
    ) -> Self {
        Self(Arc::new(LongPollShared { app, carriers, transports }), PeerAddressOf::default())
    }

    /// The settings as they are now.
    fn carriers(&self) -> Arc<CarrierSettings> {
        let LongPollShared { app, carriers, .. } = &*self.0;
        carriers.clone().unwrap_or_else(|| app.inner().settings.carriers())
    }

    /// Sets the place of a request's address, as
    /// [`WebSocketService::peer_address`](crate::WebSocketService::peer_address) does.
    #[must_use]
    pub fn peer_address(self, of: impl Fn(&Parts) -> Option<SocketAddr> + Send + Sync + 'static) -> Self {
        Self(self.0, PeerAddressOf::new(of))
    }

    /// Begins a transport and returns its id, which cannot be guessed: knowing it identifies the client.
    fn open(
        &self,
        subprotocol: Subprotocol,
        addresses: Addresses,
        parts: Parts,
        permit: Permit,
        carriers: Arc<CarrierSettings>,
    ) -> String {
        let app = &self.0.app;
        let runtime = Arc::clone(&app.inner().runtime);
        let (client, server) = pipe(CAPACITY);
        let config = &carriers.long_poll;
        let hello = app.inner().settings.now().limits.hello_bytes;
        let bounds = PollBounds { hello, message: config.max_message };
        let transport =
            Arc::new(LongPollTransport::new(subprotocol, client, bounds, permit.clone(), runtime.now()));
        let id = unguessable();
        self.transports().insert(id.clone(), Arc::clone(&transport));
        let info = requested(TransportKind::LongPoll, subprotocol, addresses, parts);
        let (idle_timeout, connection) = (config.idle_timeout, app.clone());
        let settings = (config.settings(), carriers.realms.clone());
        let (served, ended_on) = (Arc::clone(&transport), Arc::clone(&runtime));
        let serving = async move {
            rawsocket::serve(&connection, server, MaxLength::LONGEST, settings, info, permit).await;
        };
        let peer_address = addresses.peer;
        let serving = guarded(serving, Arc::clone(&app.inner().counters), peer_address);
        runtime.spawn(Box::pin(async move {
            serving.await;
            served.disconnect(ended_on.now());
        }));
        let watch = (self.clone(), id.clone());
        runtime.spawn(Box::pin(async move {
            watch.0.end_when_idle(&watch.1, &transport, idle_timeout, peer_address).await;
        }));
        id
    }

    /// Ends a transport when its client has stopped asking (checklist LP-10).
    async fn end_when_idle(
        &self,
        id: &str,
        transport: &LongPollTransport,
        idle_timeout: Duration,
        peer_address: Option<SocketAddr>,
    ) {
        let app = &self.0.app;
        let runtime = &app.inner().runtime;
        while let Some(idle_at) = transport.idle_at(idle_timeout, runtime.now()) {
            let asleep = runtime.sleep_until(idle_at);
            // A transport that has ended is not watched any longer.
            if let Either::Left(_) = select(pin!(transport.over()), asleep).await {
                return;
            }
        }
        if self.end(id) {
            let why = format_args!("no request for {idle_timeout:?}");
            app.inner().counters.refused(Refusal::LongPollTimeout, peer_address, why);
        }
    }

    fn find(&self, id: &str) -> Option<Arc<LongPollTransport>> {
        self.transports().get(id).cloned()
    }

    /// Ends a transport, and says whether there was one.
    fn end(&self, id: &str) -> bool {
        let (transport, last) = {
            let mut transports = self.transports();
            (transports.remove(id), transports.is_empty())
        };
        if last {
            self.0.transports.unused.notify(usize::MAX);
        }
        transport.as_ref().inspect(|transport| transport.end(self.0.app.inner().runtime.now())).is_some()
    }

    /// Whether there are transports.
    pub(super) fn is_used(&self) -> bool {
        !self.transports().is_empty()
    }

    /// Completes when there are no transports.
    pub(super) async fn unused(&self) {
        loop {
            let told = self.0.transports.unused.listen();
            if !self.is_used() {
                return;
            }
            told.await;
        }
    }

    /// Waits for clients to close their transports, and ends what they leave behind. All sessions are over.
    pub(super) async fn part(&self) {
        let runtime = &self.0.app.inner().runtime;
        let time_up = runtime.sleep_until(after(runtime.now(), PARTING));
        select(pin!(self.unused()), time_up).await;
        let left: Vec<String> = self.transports().keys().cloned().collect();
        for id in left {
            self.end(&id);
        }
    }

    fn transports(&self) -> MutexGuard<'_, HashMap<String, Arc<LongPollTransport>>> {
        self.0.transports.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 128 random bits (checklist LP-09).
fn unguessable() -> String {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).expect("the operating system has random numbers");
    format!("{:032x}", u128::from_ne_bytes(bits))
}

impl<B> Service<Request<B>> for LongPollService
where
    B: Body<Data: Send> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}

impl fmt::Debug for LongPollService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.transports().len();
        f.debug_struct("LongPollService").field("open", &open).finish_non_exhaustive()
    }
}
