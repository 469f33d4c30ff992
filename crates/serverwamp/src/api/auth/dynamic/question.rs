//! The details that a procedure gets about a peer, with the names that Crossbar.io gives them.

use crate::router::auth::Exchange;
use crate::transport::{TransportInfo, TransportKind};
use serverwamp_proto::codec::{Dict, Value};

/// A question to a procedure about a peer.
#[derive(Clone, Copy)]
pub(super) struct PeerQuestion<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) method: &'a str,
    /// The authid that the peer claims.
    pub(super) authid: Option<&'a str>,
    pub(super) ticket: Option<&'a str>,
}

impl<'a> PeerQuestion<'a> {
    /// About the authid of HELLO, without a ticket.
    pub(super) fn of(exchange: &'a Exchange, method: &'a str) -> Self {
        Self { exchange, method, authid: exchange.hello.authid.as_deref(), ticket: None }
    }

    /// The first argument.
    pub(super) fn realm(&self) -> &'a str {
        self.exchange.session.inner().running_realm().name()
    }

    /// The third argument.
    pub(super) fn details(&self) -> Dict {
        let exchange = self.exchange;
        let mut details = Dict::new();
        details.insert("session", exchange.session.id().get());
        details.insert("authmethod", self.method);
        details.insert("authid", self.authid);
        details.insert("authextra", Value::Dict(exchange.hello.authextra.clone()));
        if let Some(ticket) = self.ticket {
            details.insert("ticket", ticket);
        }
        details.insert("transport", Value::Dict(transport(exchange.session.transport())));
        details
    }
}

fn transport(transport: &TransportInfo) -> Dict {
    let mut dict = Dict::new();
    let channel = match transport.kind {
        TransportKind::WebSocket => "websocket",
        TransportKind::RawSocket => "rawsocket",
        TransportKind::LongPoll => "longpoll",
        TransportKind::Memory => "memory",
    };
    dict.insert("channel_type", channel);
    dict.insert("channel_serializer", format!("{:?}", transport.serializer).to_lowercase());
    dict.insert(
        "peer",
        transport.peer_address.map(|address| {
            let family = if address.is_ipv4() { "tcp4" } else { "tcp6" };
            format!("{family}:{}:{}", address.ip(), address.port())
        }),
    );
    dict.insert("is_secure", transport.tls.is_some());
    dict.insert("websocket_protocol", transport.http.is_some().then_some(transport.protocol));
    let mut headers = Dict::new();
    for (name, value) in transport.headers().into_iter().flatten() {
        let value = String::from_utf8_lossy(value.as_bytes());
        let joined = match headers.get(name.as_str()).and_then(Value::as_str) {
            Some(former) => format!("{former},{value}"),
            None => value.into_owned(),
        };
        headers.insert(name.as_str(), joined);
    }
    dict.insert("http_headers_received", Value::Dict(headers));
    dict
}
