//! The application's WebSocket as a `tower::Service`, for axum, hyper and everything else that mounts one.

use crate::Application;
use crate::base::admission::{Permit, TooMany};
use crate::base::log::line;
use crate::base::proxies::{Addresses, TrustedProxies};
use crate::base::statistics::Refusal;
use crate::base::unix_peer::UnixPeer;
use crate::peer::Peer;
use crate::rt::Unavailable;
use crate::rt::guard::guarded;
use crate::transport::websocket::{Accepted, upgrade};
use crate::transport::{CarrierSettings, OpeningRequest, PeerAddress, TlsInfo, TransportInfo, TransportKind};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use serverwamp_proto::websocket::Subprotocol;
use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// Answers WebSocket upgrades and serves WAMP over them.
///
/// A request that is no WebSocket upgrade, comes from a foreign page, or speaks no common subprotocol gets an HTTP
/// error whose text says what is wrong.
///
/// Small messages are sent at once: with the feature `tokio`, `TCP_NODELAY` is set on the connection's `TcpStream`, if hyper
/// or hyper-util serves it as it is, which `axum::serve` and most programs do. A server that puts something of its own
/// around the stream, such as TLS, has to set it where it accepts the connection; otherwise an event may wait some 40 ms
/// for the peer's system to acknowledge the one before.
///
/// ```
/// # let app = serverwamp::Application::builder().realm(serverwamp::Realm::new("realm1").allow_anonymous("guest")).build()?;
/// let http: axum::Router = axum::Router::new().route_service("/ws", app.websocket());
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct WebSocketService {
    app: Application,
    /// The settings of its listener; without one, those of the application.
    carriers: Option<Arc<CarrierSettings>>,
    peer_address: PeerAddressOf,
}

/// Seconds after which a client that was one too many may try again.
pub(crate) const RETRY_AFTER: &str = "5";

/// The place of a request's address.
#[derive(Clone)]
pub(crate) struct PeerAddressOf(Arc<AddressOf>);

type AddressOf = dyn Fn(&Parts) -> Option<SocketAddr> + Send + Sync;

/// The certificate chain a TLS client presented, DER-encoded, its own certificate first, as an extension of requests.
///
/// Put there by the HTTP server that terminates TLS; handlers find it in
/// [`TransportInfo::client_certificates`].
#[derive(Clone, Debug, Default)]
pub struct PeerCertificates(pub Vec<Vec<u8>>);

impl Application {
    /// A service that answers WebSocket upgrades; axum, hyper and everything else that speaks `tower` mounts it.
    pub fn websocket(&self) -> WebSocketService {
        WebSocketService::new(self.clone(), None)
    }
}

impl WebSocketService {
    pub(crate) fn new(app: Application, carriers: Option<Arc<CarrierSettings>>) -> Self {
        Self { app, carriers, peer_address: PeerAddressOf::default() }
    }

    /// The settings as they are now.
    fn carriers(&self) -> Arc<CarrierSettings> {
        self.carriers.clone().unwrap_or_else(|| self.app.inner().settings.carriers())
    }

    /// Sets the place of a request's address; by default its extension [`PeerAddress`]. If that is a
    /// [trusted proxy's](crate::TrustedProxies), the peer is the client that its headers name.
    ///
    /// ```
    /// # let app = serverwamp::Application::builder().realm(serverwamp::Realm::new("realm1").allow_anonymous("guest")).build()?;
    /// use axum::extract::ConnectInfo;
    /// use std::net::SocketAddr;
    ///
    /// // With `router.into_make_service_with_connect_info::<SocketAddr>()`:
    /// let websocket = app.websocket().peer_address(|request| Some(request.extensions.get::<ConnectInfo<SocketAddr>>()?.0));
    /// # Ok::<(), serverwamp::ConfigError>(())
    /// ```
    #[must_use]
    pub fn peer_address(mut self, of: impl Fn(&Parts) -> Option<SocketAddr> + Send + Sync + 'static) -> Self {
        self.peer_address = PeerAddressOf::new(of);
        self
    }

    pub(super) fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>> {
        if self.app.inner().connections.stopping() {
            let mut response = Response::new(Full::from("the server is shutting down\n"));
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return response;
        }
        if let Err(unavailable) = self.app.inner().runtime.available() {
            let mut response = Response::new(Full::from(format!("{}\n", unserved(&unavailable))));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            return response;
        }
        let carriers = self.carriers();
        let (parts, body) = request.into_parts();
        let addresses = match self.peer_address.addresses(&self.app, &carriers.proxies, &parts) {
            Ok(addresses) => addresses,
            Err(answer) => return *answer,
        };
        let mut request = Request::from_parts(parts, body);
        let (response, mut accepted) = match upgrade(&mut request, &carriers.websocket) {
            Ok(accepted) => accepted,
            Err(refused) => {
                self.app.inner().counters.refused(refused.counted, addresses.peer, &refused.why);
                return refused.answer;
            }
        };
        let address = addresses.peer.map(|address| address.ip());
        // Taken out of the request, because handlers may keep that for longer than the connection lives.
        let permit = match accepted.parts.extensions.remove::<Permit>() {
            Some(permit) => permit.count_for(address),
            None => self.app.inner().admissions.admit(address, &carriers.proxies),
        };
        let permit = match permit {
            Ok(permit) => permit,
            Err(too_many) => return full(too_many),
        };
        self.serve(accepted, addresses, permit, carriers);
        response
    }

    fn serve(
        &self,
        accepted: Accepted,
        addresses: Addresses,
        permit: Permit,
        carriers: Arc<CarrierSettings>,
    ) {
        let app = self.app.clone();
        let limits = app.inner().settings.limits();
        let bounds = limits.bounds();
        let (counters, whose) = (Arc::clone(&app.inner().counters), addresses.peer);
        // From now on: a server that stops while the task has not begun would be gone before the peer is told.
        let alive = app.inner().connections.handler();
        #[expect(clippy::async_yields_async, reason = "what opens it is dropped before it is served")]
        let opening = Box::pin(async move {
            let subprotocol = accepted.subprotocol;
            let peer = |outbox, parts: Parts| {
                let transport = requested(TransportKind::WebSocket, subprotocol, addresses, parts);
                Peer::new(app.inner(), transport, outbox, limits, permit).among(carriers.realms.clone())
            };
            accepted.open(&carriers.websocket, bounds, &app.inner().run_queue, peer).await
        });
        // What opens the connection is gone once it is open, with everything that it needed.
        let serving = opening.flatten().map(move |()| drop(alive));
        self.app.inner().runtime.spawn(Box::pin(guarded(serving, counters, whose)));
    }
}

impl PeerAddressOf {
    pub(crate) fn new(of: impl Fn(&Parts) -> Option<SocketAddr> + Send + Sync + 'static) -> Self {
        Self(Arc::new(of))
    }

    /// The client of a request, as far as it is known, for the log.
    pub(crate) fn told(&self, proxies: &TrustedProxies, parts: &Parts) -> Option<SocketAddr> {
        let address = (self.0)(parts);
        proxies.resolve(address, &parts.headers).unwrap_or(address)
    }

    /// The origin of a request and its client. The error is its answer.
    pub(crate) fn addresses(
        &self,
        app: &Application,
        proxies: &TrustedProxies,
        parts: &Parts,
    ) -> Result<Addresses, Box<Response<Full<Bytes>>>> {
        let address = (self.0)(parts);
        // A PROXY header has told already who is at the other end of the connection.
        let connection = parts.extensions.get::<Addresses>().map_or(address, |told| told.connection);
        if let Some(header) = proxies.missing(address, &parts.headers) {
            line!(
                WARN,
                "proxy",
                "a trusted proxy does not name its client, so the proxy counts as the peer",
                missing = header;
                peer = address
            );
        }
        match proxies.resolve(address, &parts.headers) {
            Ok(peer) => Ok(Addresses { peer, connection }),
            Err(malformed) => {
                app.inner().counters.refused(Refusal::ForwardedAddress, address, &malformed);
                Err(Box::new(said(StatusCode::BAD_REQUEST, format!("refused: {malformed}\n"))))
            }
        }
    }
}

impl Default for PeerAddressOf {
    fn default() -> Self {
        Self::new(|request| request.extensions.get::<PeerAddress>().map(|address| address.0))
    }
}

/// The answer to a client if the application's runtime cannot run; the log has the details.
pub(crate) fn unserved(unavailable: &Unavailable) -> &'static str {
    line!(ERROR, "internal", "no transport can be opened here", error = unavailable);
    "this server is misconfigured; its log says how"
}

/// There are too many connections; a later request may find fewer.
pub(crate) fn full(too_many: TooMany) -> Response<Full<Bytes>> {
    let mut response = said(StatusCode::SERVICE_UNAVAILABLE, format!("{too_many}\n"));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    response
}

/// An answer of plain text.
fn said(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

/// The properties of a transport that an HTTP request opened.
pub(crate) fn requested(
    kind: TransportKind,
    subprotocol: Subprotocol,
    addresses: Addresses,
    mut parts: Parts,
) -> TransportInfo {
    // They are told apart below, and nobody else can see this type.
    parts.extensions.remove::<Addresses>();
    let certificates = parts.extensions.get::<PeerCertificates>();
    TransportInfo {
        peer_address: addresses.peer,
        connection_address: addresses.connection,
        serializer: subprotocol.serializer,
        protocol: subprotocol.name(),
        kind,
        tls: parts.extensions.get::<TlsInfo>().cloned(),
        client_certificates: certificates.map(|chain| chain.0.clone()).unwrap_or_default(),
        unix_peer: parts.extensions.get::<UnixPeer>().copied(),
        http: Some(OpeningRequest::new(parts)),
    }
}

impl<B> Service<Request<B>> for WebSocketService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.answer(request)))
    }
}

impl fmt::Debug for WebSocketService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketService").field("app", &self.app).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "tokio")]
mod tests;
