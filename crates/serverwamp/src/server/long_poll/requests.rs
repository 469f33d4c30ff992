//! The four requests, and what is wrong with others.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use serde::Deserialize;
use serverwamp_proto::codec::{Serializer, from_slice};
use serverwamp_proto::websocket::choose;

use super::LongPollService;
use super::bodies::{Unread, collect};
use super::transport::{LongPollTransport, Received, SendRefused};
use crate::base::admission::Permit;
use crate::base::log::Why;
use crate::base::statistics::Refusal;
use crate::rt::after;
use crate::server::service::{full, unserved};
use crate::transport::CarrierSettings;
use crate::transport::websocket::Requested;

/// The time by which a `close` may overtake the `send` before it. It is below [`PARTING`](super::PARTING), so that a server
/// that stops waits for both.
const OVERTAKEN: Duration = Duration::from_millis(500);

type LongPollAnswer = Response<Full<Bytes>>;

/// The body of `open`.
#[derive(Deserialize)]
struct OpenRequest {
    protocols: Vec<String>,
}

/// The longest body of `open`: a list of a few names.
const LONGEST_OPEN: usize = 4096;

impl LongPollService {
    pub(super) async fn answer<B>(&self, request: Request<B>) -> LongPollAnswer
    where
        B: Body<Data: Send> + Send + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        let inner = self.0.app.inner();
        let counters = &inner.counters;
        let carriers = self.carriers();
        let (parts, body) = request.into_parts();
        let address = self.1.told(&carriers.proxies, &parts);
        let request = Request::from_parts(parts, body);
        let requested = match carriers.websocket.hosts.check(&request) {
            Ok(requested) => requested,
            Err((status, why)) => {
                counters.refused(Refusal::Host, address, &why);
                return refusal(status, &why);
            }
        };
        let origin = request.headers().get(ORIGIN).cloned();
        let mut answer = self.answer_here(request, &requested, &carriers).await;
        let why = Why::take(&mut answer);
        let refusal = match answer.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Some(answer.extensions_mut().remove().unwrap_or(Refusal::MessageBytes))
            }
            StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN => Some(Refusal::HttpRequest),
            _ => None,
        };
        // Code that has counted it already has left no reason.
        if let Some(refusal) = refusal.filter(|_| !why.is_empty()) {
            counters.refused(refusal, address, why);
        }
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(origin) = origin.filter(|_| answer.status() != StatusCode::FORBIDDEN) {
            let headers = answer.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            // autobahn-js asks for it always. A page that just anybody wrote gets nothing that is meant for the user.
            if carriers.websocket.origins.are_chosen() {
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
            headers.insert(VARY, HeaderValue::from_static("origin"));
        }
        answer
    }

    async fn answer_here<B>(
        &self,
        request: Request<B>,
        requested: &Requested,
        carriers: &Arc<CarrierSettings>,
    ) -> LongPollAnswer
    where
        B: Body<Data: Send> + Send + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        if let Err(why) = carriers.websocket.origins.check(request.headers(), requested) {
            return refusal(StatusCode::FORBIDDEN, &why);
        }
        if request.method() == Method::OPTIONS {
            return preflight();
        }
        if request.method() != Method::POST {
            let mut answer = refusal(StatusCode::METHOD_NOT_ALLOWED, "every request must be a POST");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
            return answer;
        }
        let path = request.uri().path().trim_end_matches('/').to_owned();
        let mut ends = path.rsplit('/');
        match (ends.next(), ends.next()) {
            (Some("open"), _) => self.answer_open(request, carriers).await,
            (Some(operation @ ("send" | "receive" | "close")), Some(id)) => {
                self.answer_transport(request, operation, id).await
            }
            _ => refusal(StatusCode::NOT_FOUND, "the operations are open, ID/send, ID/receive and ID/close"),
        }
    }

    async fn answer_open<B>(&self, request: Request<B>, carriers: &Arc<CarrierSettings>) -> LongPollAnswer
    where
        B: Body<Data: Send> + Send + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        let inner = self.0.app.inner();
        if inner.connections.stopping() {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "the server is shutting down");
        }
        if let Err(unavailable) = inner.runtime.available() {
            return refusal(StatusCode::INTERNAL_SERVER_ERROR, unserved(&unavailable));
        }
        let (mut parts, body) = request.into_parts();
        let body = pin!(body);
        let body = match self.in_time(collect(body, || LONGEST_OPEN, |_, _| true)).await {
            Ok(body) => body,
            Err(unread) => return unread.into(),
        };
        let Ok(OpenRequest { protocols }) = from_slice::<OpenRequest>(Serializer::Json, &body) else {
            let why = r#"the body must be JSON like {"protocols": ["wamp.2.json"]}"#;
            return refusal(StatusCode::BAD_REQUEST, why);
        };
        let spoken = &carriers.websocket.subprotocols;
        let Some(subprotocol) = choose(protocols.iter().map(String::as_str), spoken) else {
            let names = spoken.iter().map(|subprotocol| subprotocol.name()).collect::<Vec<_>>().join(", ");
            return refusal(
                StatusCode::BAD_REQUEST,
                &format!("no common protocol. Server supports: {names}"),
            );
        };
        let addresses = match self.1.addresses(&self.0.app, &carriers.proxies, &parts) {
            Ok(addresses) => addresses,
            Err(answer) => return *answer,
        };
        // The permit of the HTTP connection lasts as long as that does, which has nothing to do with the transport.
        let connection = parts.extensions.remove::<Permit>();
        let address = addresses.peer.map(|address| address.ip());
        let admitted = inner.admissions.admit_over(
            connection.as_ref(),
            addresses.connection,
            address,
            &carriers.proxies,
        );
        drop(connection);
        let permit = match admitted {
            Ok(permit) => permit,
            Err(too_many) => return full(too_many),
        };
        let id = self.open(subprotocol, addresses, parts, permit, Arc::clone(carriers));
        let text = format!(r#"{{"protocol":"{}","transport":"{id}"}}"#, subprotocol.name());
        with_type(Response::new(Full::from(text)), "application/json")
    }

    async fn answer_transport<B>(&self, request: Request<B>, operation: &str, id: &str) -> LongPollAnswer
    where
        B: Body<Data: Send> + Send + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        let over = || refusal(StatusCode::NOT_FOUND, "no such transport, or it has ended");
        let Some(transport) = self.find(id) else { return over() };
        if let Some(connection) = request.extensions().get::<Permit>()
            && transport.is_in_session()
        {
            connection.authenticate();
        }
        let _busy = transport.attend(&self.0.app.inner().runtime);
        match operation {
            "send" => self.send(request.into_body(), &transport).await.unwrap_or_else(over),
            "receive" => match self.receive(&transport).await {
                Some(Received::Messages(body)) => {
                    with_type(Response::new(Full::from(body)), mime(transport.subprotocol.serializer))
                }
                Some(Received::Superseded) | None => status(StatusCode::OK),
                Some(Received::Over) => {
                    self.end(id);
                    over()
                }
            },
            _ => {
                self.goodbye_answered(&transport).await;
                self.end(id);
                status(StatusCode::NO_CONTENT)
            }
        }
    }

    /// Waits for messages; `None` when nothing came for as long as a `receive` may take.
    async fn receive(&self, transport: &LongPollTransport) -> Option<Received> {
        let runtime = &self.0.app.inner().runtime;
        let time_up = runtime.sleep_until(after(runtime.now(), self.carriers().long_poll.receive_timeout));
        match select(pin!(transport.receive()), time_up).await {
            Either::Left((received, _)) => Some(received),
            Either::Right(_) => None,
        }
    }

    /// Waits for the GOODBYE that the client still has to send. autobahn-js sends it and closes at the same time, on two
    /// connections: the `close` may arrive first, and a `send` that then finds no transport is a failure to that client.
    async fn goodbye_answered(&self, transport: &LongPollTransport) {
        if !transport.owes_goodbye() {
            return;
        }
        let runtime = &self.0.app.inner().runtime;
        let time_up = runtime.sleep_until(after(runtime.now(), OVERTAKEN));
        select(pin!(transport.disconnected()), time_up).await;
    }

    /// Collects a body and passes it on; `None` if the transport is over.
    ///
    /// A stranger sends no more than a HELLO may have, however many requests it makes (checklist LP-07).
    async fn send<B>(&self, body: B, transport: &LongPollTransport) -> Option<LongPollAnswer>
    where
        B: Body<Data: Send> + Send + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        let mut held = transport.hold();
        let mut body = pin!(body);
        // One that says how long it is is not begun with. A client that is known keeps its connection.
        let (bound, counted) = transport.bound();
        let too_long = counted == Refusal::HelloBytes
            && body.size_hint().lower() > u64::try_from(bound).unwrap_or(u64::MAX);
        let collected = async {
            if too_long {
                return Err(Unread::TooLong { bound, begin: Default::default() });
            }
            collect(body.as_mut(), || transport.bound().0, |more, bound| held.grow(more, bound)).await
        };
        let sent = match while_connected(transport, self.in_time(collected)).await? {
            Ok(body) => transport.send(body).await,
            Err(Unread::TooLong { bound, begin }) => {
                let sent = self.send_of_too_long((bound, begin), body, transport, &mut held);
                while_connected(transport, sent).await?
            }
            Err(unread) => Err(unread.into()),
        };
        match sent {
            Ok(()) => Some(status(StatusCode::NO_CONTENT)),
            Err(SendRefused::Malformed(what)) => {
                // The session finds it, too, and counts it as a violation.
                let mut answer = refusal(StatusCode::BAD_REQUEST, &what);
                Why::take(&mut answer);
                Some(answer)
            }
            Err(SendRefused::Over) => None,
            Err(SendRefused::Unread(unread)) => {
                let mut answer = LongPollAnswer::from(unread);
                if answer.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    answer.extensions_mut().insert(transport.bound().1);
                }
                Some(answer)
            }
        }
    }

    /// Waits for a body for no longer than a transport may be idle: whoever sends it letter by letter holds a connection
    /// for nothing.
    async fn in_time(&self, body: impl Future<Output = Result<Bytes, Unread>>) -> Result<Bytes, Unread> {
        self.until(self.idle_at(), body).await
    }

    /// When a transport has been idle for too long from now on.
    pub(super) fn idle_at(&self) -> Instant {
        after(self.0.app.inner().runtime.now(), self.carriers().long_poll.idle_timeout)
    }

    /// Waits for what is read of a body, `until` then.
    pub(super) async fn until<T>(
        &self,
        until: Instant,
        body: impl Future<Output = Result<T, Unread>>,
    ) -> Result<T, Unread> {
        let time_up = self.0.app.inner().runtime.sleep_until(until);
        match select(pin!(body), time_up).await {
            Either::Left((body, _)) => body,
            Either::Right(_) => Err(Unread::Slow),
        }
    }
}

/// The output of `work`; `None` if the connection behind the transport ends first.
async fn while_connected<T>(transport: &LongPollTransport, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(transport.disconnected())).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

impl From<Unread> for LongPollAnswer {
    fn from(unread: Unread) -> Self {
        let status = match unread {
            Unread::TooLong { .. } | Unread::Dropped { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Unread::Broken(_) => StatusCode::BAD_REQUEST,
            Unread::Slow => StatusCode::REQUEST_TIMEOUT,
        };
        refusal(status, &unread.to_string())
    }
}

const fn mime(serializer: Serializer) -> &'static str {
    match serializer {
        Serializer::Json => "application/json",
        Serializer::MessagePack => "application/x-msgpack",
        Serializer::Cbor => "application/cbor",
    }
}

fn status(status: StatusCode) -> LongPollAnswer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

fn with_type(mut answer: LongPollAnswer, mime: &'static str) -> LongPollAnswer {
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(mime));
    answer
}

fn refusal(status: StatusCode, why: &str) -> LongPollAnswer {
    let mut answer = Response::new(Full::from(format!("long-polling refused: {why}\n")));
    *answer.status_mut() = status;
    answer.extensions_mut().insert(Why(why.to_owned()));
    with_type(answer, "text/plain; charset=utf-8")
}

/// The preflight request of a browser before a page of another origin may send anything but plain text.
fn preflight() -> LongPollAnswer {
    let mut answer = status(StatusCode::NO_CONTENT);
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
    answer
}
