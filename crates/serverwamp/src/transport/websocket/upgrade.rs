//! Answering the request that opens a WebSocket (RFC 6455, section 4.2).
//!
//! Invariant: the answer is 101 only if everything the RFC and the configuration demand holds; any other answer says in
//! plain text what does not.

use std::future::ready;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Method, Request, Response, StatusCode, Version, request};
use http_body_util::Full;
use hyper::upgrade::OnUpgrade;
use serverwamp_proto::websocket::deflate::Deflate;
use serverwamp_proto::websocket::extension::negotiate;
use serverwamp_proto::websocket::handshake::{accept_key, has_token, is_valid_key, parse_list};
use serverwamp_proto::websocket::{Role, choose};

use super::{Subprotocol, WebSocketConfig};
use crate::base::log::line;
use crate::base::statistics::Refusal;
use crate::rt::BoxFuture;
use crate::transport::{Connection, Framing, MessageHandler, Outbox, OutboxBounds, RunQueue};

type UpgradeAnswer = Response<Full<Bytes>>;

/// A request that was answered with 101, before its connection is there. `P` is what was negotiated.
#[derive(Debug)]
pub(crate) struct Accepted<P = Subprotocol> {
    /// The subprotocol.
    pub(crate) subprotocol: P,
    /// The compression, if both sides want it.
    pub(crate) deflate: Option<Deflate>,
    /// The request's method, URI, headers and extensions.
    pub(crate) parts: request::Parts,
    on_upgrade: OnUpgrade,
}

/// A request that is refused.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) answer: UpgradeAnswer,
    /// Its counter.
    pub(crate) counted: Refusal,
    /// The text of the answer.
    pub(crate) why: String,
}

/// Answers a request to speak WAMP. An error is the answer that refuses it.
///
/// The request's headers and extensions move into [`Accepted::parts`].
pub(crate) fn upgrade<B>(
    request: &mut Request<B>,
    config: &WebSocketConfig,
) -> Result<(UpgradeAnswer, Accepted), Box<Refused>> {
    let accept = check(request, config)?;
    let subprotocol = choose_subprotocol(request.headers(), &config.subprotocols)?;
    let deflate = negotiate_deflate(request.headers(), config)?;
    let mut answer = switching_protocols(&accept, deflate)?;
    answer.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol.name()));
    Ok((answer, Accepted::take(request, subprotocol, deflate)))
}

/// Answers a request to exchange messages of no particular subprotocol.
pub(super) fn upgrade_plain<B>(
    request: &mut Request<B>,
    config: &WebSocketConfig,
) -> Result<(UpgradeAnswer, Accepted<()>), Box<Refused>> {
    let accept = check(request, config)?;
    let deflate = negotiate_deflate(request.headers(), config)?;
    let answer = switching_protocols(&accept, deflate)?;
    Ok((answer, Accepted::take(request, (), deflate)))
}

impl<P> Accepted<P> {
    fn take<B>(request: &mut Request<B>, subprotocol: P, deflate: Option<Deflate>) -> Self {
        let on_upgrade = hyper::upgrade::on(&mut *request);
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = request.method().clone();
        parts.uri = request.uri().clone();
        parts.version = request.version();
        parts.headers = std::mem::take(request.headers_mut());
        parts.extensions = std::mem::take(request.extensions_mut());
        Self { subprotocol, deflate, parts, on_upgrade }
    }

    /// Waits for the connection and returns what serves it to its end. `handler` is made once it is there.
    pub(super) async fn open_framed<H: MessageHandler + 'static>(
        self,
        framing: Framing,
        config: &WebSocketConfig,
        bounds: OutboxBounds,
        run_queue: &Arc<RunQueue>,
        handler: impl FnOnce(Outbox, request::Parts) -> H,
    ) -> BoxFuture<'static, ()> {
        match self.on_upgrade.await {
            Ok(io) => {
                let outbox = Outbox::borrowing(framing, bounds, run_queue.pool());
                let handler = handler(outbox.clone(), self.parts);
                #[cfg(feature = "tokio")]
                let io = crate::rt::Handed::take(io);
                Box::pin(Connection::new(io, outbox, handler, config.settings(), run_queue))
            }
            Err(error) => {
                line!(
                    DEBUG,
                    "server",
                    "a connection was lost while it was upgraded to WebSocket",
                    error = error
                );
                Box::pin(ready(()))
            }
        }
    }
}

impl Accepted {
    /// Waits for the connection and returns what serves it to its end. `handler` is made once it is there.
    pub(crate) async fn open<H: MessageHandler + 'static>(
        self,
        config: &WebSocketConfig,
        bounds: OutboxBounds,
        run_queue: &Arc<RunQueue>,
        handler: impl FnOnce(Outbox, request::Parts) -> H,
    ) -> BoxFuture<'static, ()> {
        let framing = Framing::wamp(Role::Server, self.subprotocol, self.deflate);
        self.open_framed(framing, config, bounds, run_queue, handler).await
    }
}

/// Checks what every WebSocket request must have, and returns the accepted key.
fn check<B>(request: &Request<B>, config: &WebSocketConfig) -> Result<String, Box<Refused>> {
    let headers = request.headers();
    // Before anything is told about the endpoint to a page that has given its own name our address.
    let requested = config.hosts.check(request).map_err(|(status, why)| {
        let mut refused = refusal(status, &why);
        refused.counted = Refusal::Host;
        refused
    })?;
    if request.method() != Method::GET {
        let mut refused = refusal(StatusCode::METHOD_NOT_ALLOWED, "a WebSocket is opened with GET");
        refused.answer.headers_mut().insert(http::header::ALLOW, HeaderValue::from_static("GET"));
        return Err(refused);
    }
    let upgrades = request.version() == Version::HTTP_11
        && has_element(headers, &CONNECTION, "upgrade")
        && has_element(headers, &UPGRADE, "websocket");
    if !upgrades {
        return Err(upgrade_required(
            "this is a WebSocket endpoint; connect with a WebSocket client. A proxy in front has to pass Upgrade and \
             Connection on, with HTTP/1.1, see docs/proxies.md",
        ));
    }
    if single(headers, &SEC_WEBSOCKET_VERSION) != Some("13") {
        return Err(upgrade_required("only version 13 of WebSocket is supported"));
    }
    let Some(key) = single(headers, &SEC_WEBSOCKET_KEY).filter(|key| is_valid_key(key)) else {
        return Err(refusal(
            StatusCode::BAD_REQUEST,
            "Sec-WebSocket-Key must be given once, 16 bytes in base64",
        ));
    };
    if let Err(why) = config.origins.check(headers, &requested) {
        return Err(refusal(StatusCode::FORBIDDEN, &why));
    }
    Ok(accept_key(key))
}

fn choose_subprotocol(headers: &HeaderMap, supported: &[Subprotocol]) -> Result<Subprotocol, Box<Refused>> {
    let offered = || {
        let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
        values.filter_map(|value| value.to_str().ok()).flat_map(parse_list)
    };
    choose(offered(), supported).ok_or_else(|| {
        let offer = offered().collect::<Vec<_>>().join(", ");
        let offer = if offer.is_empty() { "nothing".to_owned() } else { excerpt(&offer) };
        let spoken = supported.iter().map(|subprotocol| subprotocol.name()).collect::<Vec<_>>().join(", ");
        let why = format!("no common subprotocol. Client offered: {offer}. Server supports: {spoken}");
        refusal(StatusCode::BAD_REQUEST, &why)
    })
}

fn negotiate_deflate(headers: &HeaderMap, config: &WebSocketConfig) -> Result<Option<Deflate>, Box<Refused>> {
    // A text that is not ASCII is not a list of extensions; an empty element stands for a malformed one.
    let values = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).iter().map(|value| value.to_str().unwrap_or("="));
    let deflate = negotiate(values).map_err(|error| refusal(StatusCode::BAD_REQUEST, &error.to_string()))?;
    Ok(deflate.filter(|_| config.deflate))
}

fn switching_protocols(accept: &str, deflate: Option<Deflate>) -> Result<UpgradeAnswer, Box<Refused>> {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, own_value(accept)?);
    if let Some(deflate) = deflate {
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, own_value(&deflate.response())?);
    }
    Ok(answer)
}

/// A header value that this side made, and that therefore is one.
fn own_value(value: &str) -> Result<HeaderValue, Box<Refused>> {
    HeaderValue::from_str(value)
        .map_err(|_| refusal(StatusCode::INTERNAL_SERVER_ERROR, "invalid header value"))
}

fn upgrade_required(why: &str) -> Box<Refused> {
    let mut refused = refusal(StatusCode::UPGRADE_REQUIRED, why);
    let headers = refused.answer.headers_mut();
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    refused
}

fn refusal(status: StatusCode, why: &str) -> Box<Refused> {
    let mut answer = Response::new(Full::new(Bytes::from(format!("WebSocket refused: {why}\n"))));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Box::new(Refused { answer, counted: Refusal::HttpRequest, why: why.to_owned() })
}

/// The value of a header that must be there exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn has_element(headers: &HeaderMap, name: &HeaderName, element: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| has_token(value, element))
}

/// The beginning of something a client sent, to be shown to it.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
