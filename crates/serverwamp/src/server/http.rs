//! Plain HTTP around the WebSocket and long-polling, and around the service of the program that answers all else.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use event_listener::Event;
use futures_util::future::{Either, select};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tower_service::Service as _;

use super::ServerOptions;
use super::fallback::{self, AnyBody, Fallback, FallbackBounds};
use super::long_poll::LongPollTransports;
use super::serving::{OpenServer, ServerTerms};
use super::timer::HttpTimer;
use crate::Application;
use crate::base::admission::Permit;
use crate::base::proxies::Addresses;
use crate::base::signal::Signal;
use crate::base::statistics::Refusal;
use crate::rt::{BoxFuture, NEVER};
use crate::server::long_poll::LongPollService;
use crate::server::rawsocket::Origin;
use crate::server::service::{PeerCertificates, WebSocketService};
use crate::transport::CarrierSettings;
use crate::transport::PeerAddress;

/// The services that answer requests, by path. Connections share them.
#[derive(Debug)]
pub(super) struct Services {
    wamp: bool,
    health: Option<String>,
    paths: Vec<String>,
    websocket: WebSocketService,
    long_poll: Option<(String, LongPollService)>,
    fallback: Option<Fallback>,
    #[cfg(feature = "console")]
    console: Option<serverwamp_console::Console>,
    bounds: FallbackBounds,
}

/// The connections of a server that carry HTTP requests.
#[derive(Debug, Default)]
pub(super) struct HttpConnections {
    /// The number of connections.
    open: AtomicUsize,
    fewer: Event,
    /// Set when connections are to end behind the answer they owe.
    leaving: Signal<()>,
    /// Set when they are to end without it.
    cut: Signal<()>,
}

/// A connection that is counted.
struct OpenConnection<'s>(&'s HttpConnections);

impl Services {
    pub(super) fn new(
        app: &Application,
        options: &ServerOptions,
        carriers: &Arc<CarrierSettings>,
        transports: &Arc<LongPollTransports>,
    ) -> Self {
        let websocket = WebSocketService::new(app.clone(), Some(Arc::clone(carriers)));
        let long_poll =
            || LongPollService::new(app.clone(), Some(Arc::clone(carriers)), Arc::clone(transports));
        let below = |path: &String| format!("{}/", path.trim_end_matches('/'));
        Self {
            wamp: options.wamp,
            health: options.health.clone(),
            paths: options.websocket_paths(),
            websocket,
            long_poll: options
                .long_poll
                .as_ref()
                .filter(|_| options.wamp)
                .map(|path| (below(path), long_poll())),
            fallback: options.fallback.clone(),
            #[cfg(feature = "console")]
            console: options.console.clone().filter(|_| options.wamp),
            bounds: options.bounds,
        }
    }

    /// The paths of the WebSocket for somebody who looks for it: that of the console is told where there is no other.
    fn told_paths(&self) -> Vec<&str> {
        let all: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        #[cfg(feature = "console")]
        if let Some(console) = &self.console {
            let others: Vec<&str> = all.iter().copied().filter(|path| !console.has(path)).collect();
            return if others.is_empty() { all } else { others };
        }
        all
    }

    /// The service for clients that poll, when there are any.
    pub(super) fn polled(&self) -> Option<&LongPollService> {
        self.long_poll.as_ref().map(|(_, service)| service).filter(|service| service.is_used())
    }

    async fn answer(
        &self,
        app: &Application,
        carriers: &CarrierSettings,
        request: Request<Incoming>,
    ) -> Response<AnyBody> {
        #[cfg(feature = "console")]
        let console = self.console.as_ref().filter(|console| console.has(request.uri().path()));
        let request = match self.answer_own(app, carriers, request).await {
            Either::Left(response) => {
                #[cfg(feature = "console")]
                let response = protected(response, console);
                return fallback::own(response);
            }
            Either::Right(request) => request,
        };
        match &self.fallback {
            None => {
                let here = self.told_paths().join(" and ");
                let text = format!("nothing here; the WebSocket is at {here}\n");
                // Clients of WebSockets do not show their users the answer.
                if request.headers().contains_key(header::UPGRADE) {
                    let address = request.extensions().get::<PeerAddress>().map(|address| address.0);
                    let why =
                        format_args!("there is no WebSocket at {:?}; it is at {here}", request.uri().path());
                    app.inner().counters.refused(Refusal::HttpRequest, address, why);
                }
                fallback::own(page(StatusCode::NOT_FOUND, text))
            }
            Some(_) if self.wamp && app.inner().connections.stopping() => {
                fallback::own(page(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned()))
            }
            Some(fallback) => fallback.answer(request, self.bounds, &*app.inner().runtime).await,
        }
    }

    /// Answers a request that is for the server itself; another one comes back.
    async fn answer_own(
        &self,
        app: &Application,
        carriers: &CarrierSettings,
        request: Request<Incoming>,
    ) -> Either<Response<Full<Bytes>>, Request<Incoming>> {
        let path = request.uri().path();
        if self.paths.iter().any(|here| here == path) {
            let answered = self.websocket.clone().call(request).await;
            return Either::Left(answered.unwrap_or_else(|never| match never {}));
        }
        if let Some((below, long_poll)) = &self.long_poll
            && path.starts_with(below)
        {
            let answered = long_poll.clone().call(request).await;
            return Either::Left(answered.unwrap_or_else(|never| match never {}));
        }
        // It tells a stranger nothing, and load balancers ask for it by address.
        if self.health.as_deref() == Some(path) {
            return Either::Left(if !is_question(request.method()) {
                only_questions()
            } else if app.is_ready() {
                page(StatusCode::OK, "ok\n".to_owned())
            } else {
                page(StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned())
            });
        }
        // The services above have looked themselves.
        if let Err((status, why)) = carriers.websocket.hosts.check(&request) {
            let address = request.extensions().get::<PeerAddress>().map(|address| address.0);
            app.inner().counters.refused(Refusal::Host, address, &why);
            return Either::Left(page(status, format!("refused: {why}\n")));
        }
        #[cfg(feature = "console")]
        if let Some(console) = self.console.as_ref().filter(|console| console.has(path)) {
            return Either::Left(console.answer(&request.into_parts().0));
        }
        // A client that has the wrong path is told so.
        if self.fallback.is_none() && path == "/" && !request.headers().contains_key(header::UPGRADE) {
            return Either::Left(match is_question(request.method()) {
                true => page(StatusCode::OK, self.description()),
                false => only_questions(),
            });
        }
        Either::Right(request)
    }

    /// The page for a person who opens the address in a browser.
    fn description(&self) -> String {
        let mut text = "This is a WAMP server: programs call procedures and subscribe to topics here \
            (https://wamp-proto.org).\n\n"
            .to_owned();
        self.told_paths().iter().for_each(|path| text.push_str(&format!("{path}  WebSocket\n")));
        if let Some((below, _)) = &self.long_poll {
            text.push_str(&format!("{}  long-polling\n", below.trim_end_matches('/')));
        }
        #[cfg(feature = "console")]
        if let Some(console) = &self.console {
            text.push_str(&format!("{}  the web console, for a browser\n", console.home()));
        }
        if let Some(health) = &self.health {
            text.push_str(&format!("{health}  200 while it serves, for load balancers\n"));
        }
        text
    }
}

impl HttpConnections {
    /// Lets every connection end behind the answer that it owes, and without it when time is up. Without a time nobody is
    /// waited for.
    pub(super) async fn end(&self, time_up: Option<BoxFuture<'static, ()>>) {
        let Some(time_up) = time_up else { return };
        select(pin!(self.leave()), time_up).await;
        self.cut.set(());
    }

    async fn leave(&self) {
        self.leaving.set(());
        loop {
            let told = self.fewer.listen();
            if self.open.load(Ordering::Acquire) == 0 {
                return;
            }
            told.await;
        }
    }

    fn enter(&self) -> OpenConnection<'_> {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenConnection(self)
    }
}

/// An answer below the console's path, with the headers that all of those have, whoever has made it.
#[cfg(feature = "console")]
fn protected(
    mut response: Response<Full<Bytes>>,
    console: Option<&serverwamp_console::Console>,
) -> Response<Full<Bytes>> {
    if let Some(console) = console.filter(|_| response.status() != StatusCode::SWITCHING_PROTOCOLS) {
        console.protect(&mut response);
    }
    response
}

/// A page of plain text.
pub(super) fn page(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn is_question(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn only_questions() -> Response<Full<Bytes>> {
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are allowed\n".to_owned());
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Release);
        self.0.fewer.notify(usize::MAX);
    }
}

/// The last answer of a connection whose request cannot be answered otherwise.
pub(super) fn refusal(status: &str, more: &str, text: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n{more}connection: close\r\n\
         content-length: {}\r\n\r\n{text}",
        text.len()
    )
    .into_bytes()
}

/// The same for one that did not come to the end of its request.
pub(super) fn too_slow() -> Vec<u8> {
    refusal("408 Request Timeout", "", "the head of the request took too long\n")
}

/// Answers one request. It is the connection's last one if the settings have been replaced: its client comes back to the new ones.
async fn answer(
    serving: &OpenServer,
    listening: &Arc<ServerTerms>,
    request: Request<Incoming>,
) -> Response<AnyBody> {
    let mut response = listening.services.answer(&serving.app, &listening.carriers, request).await;
    let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    if !switches && !Arc::ptr_eq(&serving.now(), listening) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Serves the requests of one connection, until it ends or becomes a WebSocket.
pub(super) async fn serve<IO>(
    serving: &Arc<OpenServer>,
    listening: &Arc<ServerTerms>,
    io: IO,
    origin: Origin,
    permit: Permit,
) -> Result<(), hyper::Error>
where
    IO: Read + Write + Unpin + Send + 'static,
{
    let address = origin.address;
    let app = &serving.app;
    let (here, listens) = (Arc::clone(serving), Arc::clone(listening));
    let _open = serving.http.enter();
    let answered = Arc::new(AtomicBool::new(false));
    let has_answered = Arc::clone(&answered);
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(address) = origin.address {
            request.extensions_mut().insert(PeerAddress(address));
        }
        if origin.address != origin.connection_address {
            let addresses = Addresses { peer: origin.address, connection: origin.connection_address };
            request.extensions_mut().insert(addresses);
        }
        if let Some(tls) = &origin.tls {
            request.extensions_mut().insert(tls.clone());
            request.extensions_mut().insert(PeerCertificates(origin.client_certificates.clone()));
        }
        if let Some(peer) = origin.unix_peer {
            request.extensions_mut().insert(peer);
        }
        // A WebSocket goes on when the HTTP connection that it came from is over.
        request.extensions_mut().insert(permit.clone());
        let (serving, listening) = (Arc::clone(&here), Arc::clone(&listens));
        answered.store(true, Ordering::Relaxed);
        async move { Ok::<_, Infallible>(answer(&serving, &listening, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(HttpTimer(Arc::clone(&app.inner().runtime)))
        // hyper adds it to an instant itself, which not every duration allows.
        .header_read_timeout(listening.options.handshake.min(NEVER))
        .max_headers(64)
        .max_buf_size(16 * 1024)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let served = match select(connection.as_mut(), pin!(serving.http.leaving.wait())).await {
        Either::Left((served, _)) => served,
        Either::Right(_) => {
            connection.as_mut().graceful_shutdown();
            match select(connection, pin!(serving.http.cut.wait())).await {
                Either::Left((served, _)) => served,
                Either::Right(_) => return Ok(()),
            }
        }
    };
    served.inspect_err(|error| {
        // A connection that is kept for the next request, as browsers and proxies do, has refused nothing by being idle.
        if error.is_timeout() && !has_answered.load(Ordering::Relaxed) {
            app.inner().counters.refused(
                Refusal::HandshakeTimeout,
                address,
                "the head of a request took too long",
            );
        } else if error.is_parse() {
            app.inner().counters.refused(Refusal::Handshake, address, error);
        }
    })
}
