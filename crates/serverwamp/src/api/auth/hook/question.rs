//! The request of the HTTP hook, as JSON.

use crate::router::auth::Exchange;
use crate::transport::{TransportInfo, TransportKind};
use http::HeaderName;
use serverwamp_proto::codec::{Dict, EncodeError, Serializer, Value, to_writer};

/// The question whether a peer may come in.
pub(super) fn question(
    exchange: &Exchange,
    method: &str,
    ticket: Option<&str>,
    headers: &[HeaderName],
) -> Result<Vec<u8>, EncodeError> {
    let session = &exchange.session;
    let mut question = Dict::new();
    question.insert("version", 1);
    question.insert("realm", session.inner().running_realm().name().as_ref());
    question.insert("session", session.id().get());
    question.insert("authmethod", method);
    question.insert("authid", exchange.hello.authid.as_deref());
    question.insert("authextra", Value::Dict(exchange.hello.authextra.clone()));
    question.insert("ticket", ticket);
    question.insert("transport", Value::Dict(transport(session.transport(), headers)));
    let mut json = Vec::new();
    to_writer(Serializer::Json, &question, &mut json)?;
    Ok(json)
}

fn transport(transport: &TransportInfo, names: &[HeaderName]) -> Dict {
    let mut headers = Dict::new();
    for name in names {
        let values = transport.headers().into_iter().flat_map(|headers| headers.get_all(name));
        let values: Vec<String> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
        if !values.is_empty() {
            // As HTTP joins them; cookies with their own separator (RFC 6265, 5.4; RFC 9113, 8.2.3).
            let separator = if *name == http::header::COOKIE { "; " } else { ", " };
            headers.insert(name.as_str(), values.join(separator));
        }
    }
    let mut dict = Dict::new();
    dict.insert("kind", kind(transport.kind));
    dict.insert("peer", transport.peer_address.map(|address| address.to_string()));
    dict.insert("tls", transport.tls.as_ref().map(|tls| tls.version));
    dict.insert("serializer", format!("{:?}", transport.serializer).to_lowercase());
    dict.insert("headers", Value::Dict(headers));
    dict
}

const fn kind(kind: TransportKind) -> &'static str {
    match kind {
        TransportKind::WebSocket => "websocket",
        TransportKind::RawSocket => "rawsocket",
        TransportKind::LongPoll => "longpoll",
        TransportKind::Memory => "memory",
    }
}
