//! The application's WebSocket as a `tower::Service`, for axum, hyper and everything else that mounts one.

use crate::Application;
use crate::base::admission::{Permit, TooMany};
use crate::peer::Peer;
use crate::transport::websocket::{Accepted, WebSocketConfig, upgrade};
use crate::transport::{TlsInfo, TransportInfo, TransportKind};
use bytes::Bytes;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
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
    config: Arc<WebSocketConfig>,
    peer_address: Arc<PeerAddressOf>,
}

/// Seconds after which a client that was one too many may try again.
pub(crate) const RETRY_AFTER: &str = "5";

type PeerAddressOf = dyn Fn(&Extensions) -> Option<SocketAddr> + Send + Sync;

/// The address of an HTTP connection's other end, as an extension of its requests.
///
/// [`Server`](crate::Server) puts it there; so can any other HTTP server.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);

/// The certificate chain a TLS client presented, DER-encoded, its own certificate first, as an extension of requests.
///
/// Put there by the HTTP server that terminates TLS; handlers find it in
/// [`TransportInfo::client_certificates`].
#[derive(Clone, Debug, Default)]
pub struct PeerCertificates(pub Vec<Vec<u8>>);

impl Application {
    /// A service that answers WebSocket upgrades; axum, hyper and everything else that speaks `tower` mounts it.
    pub fn websocket(&self) -> WebSocketService {
        WebSocketService::new(self.clone(), self.inner().websocket.clone())
    }
}

impl WebSocketService {
    pub(crate) fn new(app: Application, config: WebSocketConfig) -> Self {
        let from_extension =
            |extensions: &Extensions| extensions.get::<PeerAddress>().map(|address| address.0);
        Self { app, config: Arc::new(config), peer_address: Arc::new(from_extension) }
    }

    /// Says where a request's extensions hold the peer's address; by default in [`PeerAddress`].
    ///
    /// ```
    /// # let app = serverwamp::Application::builder().realm(serverwamp::Realm::new("realm1").allow_anonymous("guest")).build()?;
    /// use axum::extract::ConnectInfo;
    /// use std::net::SocketAddr;
    ///
    /// // With `router.into_make_service_with_connect_info::<SocketAddr>()`:
    /// let websocket = app.websocket().peer_address(|extensions| Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0));
    /// # Ok::<(), serverwamp::ConfigError>(())
    /// ```
    #[must_use]
    pub fn peer_address(
        mut self,
        of: impl Fn(&Extensions) -> Option<SocketAddr> + Send + Sync + 'static,
    ) -> Self {
        self.peer_address = Arc::new(of);
        self
    }

    fn answer<B>(&self, mut request: Request<B>) -> Response<Full<Bytes>> {
        if self.app.inner().connections.stopping() {
            let mut response = Response::new(Full::from("the server is shutting down\n"));
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return response;
        }
        let (response, mut accepted) = match upgrade(&mut request, &self.config) {
            Ok(accepted) => accepted,
            Err(refused) => {
                let peer_address = (self.peer_address)(request.extensions());
                self.app.inner().counters.refused(refused.counted, peer_address, &refused.why);
                return refused.answer;
            }
        };
        let extensions = &mut accepted.parts.extensions;
        let peer_address = (self.peer_address)(extensions);
        // Taken out of the request, because handlers may keep that for longer than the connection lives.
        let permit = match extensions.remove::<Permit>() {
            Some(permit) => permit,
            None => match self.app.inner().admissions.admit(peer_address.map(|address| address.ip())) {
                Ok(permit) => permit,
                Err(too_many) => return full(too_many),
            },
        };
        self.serve(accepted, peer_address, permit);
        response
    }

    fn serve(&self, accepted: Accepted, peer_address: Option<SocketAddr>, permit: Permit) {
        let app = self.app.clone();
        let config = Arc::clone(&self.config);
        self.app.inner().runtime.spawn(Box::pin(async move {
            let subprotocol = accepted.subprotocol;
            let peer = |outbox, parts: Parts| {
                let certificates = parts.extensions.get::<PeerCertificates>();
                let transport = TransportInfo {
                    peer_address,
                    serializer: subprotocol.serializer,
                    protocol: subprotocol.name(),
                    kind: TransportKind::WebSocket,
                    tls: parts.extensions.get::<TlsInfo>().cloned(),
                    client_certificates: certificates.map(|chain| chain.0.clone()).unwrap_or_default(),
                    http: Some(detached(parts)),
                };
                Peer::new(app.inner(), transport, outbox)
            };
            accepted.serve(&config, &app.inner().turns, peer).await;
            drop(permit);
        }));
    }
}

/// There are too many connections already; who waits a little may find fewer.
pub(crate) fn full(too_many: TooMany) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{too_many}\n")));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// The request's parts without their ties to the buffer they were read into.
///
/// Header values and the URI are slices of that buffer, several kilobytes, and a session keeps its request for hours.
pub(crate) fn detached(mut parts: Parts) -> Parts {
    let mut headers = HeaderMap::with_capacity(parts.headers.len());
    for (name, value) in &parts.headers {
        let Ok(mut copy) = HeaderValue::from_bytes(value.as_bytes()) else { continue };
        copy.set_sensitive(value.is_sensitive());
        headers.append(name.clone(), copy);
    }
    parts.headers = headers;
    if let Ok(uri) = parts.uri.to_string().parse() {
        parts.uri = uri;
    }
    parts
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
