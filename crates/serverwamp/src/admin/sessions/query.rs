//! The sessions of a realm, in the order of their ids.

use crate::WampError;
use crate::admin::call::{AdminCall, count, fields};
use crate::admin::page::{AdminPage, PagedList};
use crate::admin::table::AdminAnswer;
use crate::base::message_kind::{MessageDirection, MessageKind};
use crate::router::session::RouterSession;
use crate::transport::{TrafficCounts, TransportKind};
use serverwamp_proto::codec::{Serializer, Value};
use serverwamp_proto::id::SessionId;
use std::net::IpAddr;
use std::sync::Arc;

/// What sessions have to be.
#[derive(Debug, Default)]
pub(super) struct SessionFilter<'a> {
    pub(super) authid: Option<&'a str>,
    pub(super) authrole: Option<&'a str>,
    pub(super) authmethod: Option<&'a str>,
    pub(super) transport: Option<&'a str>,
    pub(super) serializer: Option<&'a str>,
    pub(super) address: Option<IpAddr>,
    pub(super) agent: Option<&'a str>,
}

impl<'a> SessionFilter<'a> {
    fn of(call: &'a AdminCall) -> Result<Self, WampError> {
        let key = |name| call.arguments.filter(name);
        Ok(Self {
            authid: key("authid"),
            authrole: key("authrole"),
            authmethod: key("authmethod"),
            transport: key("transport"),
            serializer: key("serializer"),
            address: key("address").map(|text| address(text, "filter.address")).transpose()?,
            agent: key("agent"),
        })
    }

    pub(super) fn fits(&self, session: &RouterSession) -> bool {
        let is = |wanted: Option<&str>, found: &str| wanted.is_none_or(|wanted| wanted == found);
        let transport = session.transport();
        is(self.authid, session.authid())
            && is(self.authrole, session.authrole())
            && is(self.authmethod, session.authmethod())
            && is(self.transport, kind(transport.kind))
            && is(self.serializer, serializer(session.serializer()))
            && self.address.is_none_or(|wanted| {
                transport.peer_address.is_some_and(|found| found.ip().to_canonical() == wanted)
            })
            && self.agent.is_none_or(|wanted| agent(session).is_some_and(|found| found.starts_with(wanted)))
    }
}

/// Reads the address in an argument.
pub(super) fn address(text: &str, argument: &str) -> Result<IpAddr, WampError> {
    let wrong =
        |_| WampError::invalid_argument(format!("{argument}: expected an IP address, got another text"));
    text.parse::<IpAddr>().map(|address| address.to_canonical()).map_err(wrong)
}

pub(super) fn query(call: &AdminCall) -> AdminAnswer {
    let filter = SessionFilter::of(call)?;
    let realm = call.realm()?;
    let mut page = AdminPage::of(call, &realm, PagedList::Sessions)?;
    let sessions = realm.sessions_by_id();
    let entries = sessions.range(page.ids(SessionId::new)).map(|(id, session)| (id.get(), session));
    let found: Vec<_> = page.take(entries, |session| filter.fits(session)).into_iter().cloned().collect();
    drop(sessions);
    page.answer("sessions", found.iter().map(row).collect())
}

/// What is told of one session in a list.
pub(super) fn row(session: &Arc<RouterSession>) -> Value {
    let transport = session.transport();
    let traffic = session.outbox().traffic();
    fields([
        ("session", session.id().get().into()),
        ("authid", session.authid().into()),
        ("authrole", session.authrole().into()),
        ("authmethod", session.authmethod().into()),
        ("authprovider", session.principal().map_or("", |principal| principal.authprovider()).into()),
        ("transport", kind(transport.kind).into()),
        ("serializer", serializer(session.serializer()).into()),
        ("address", transport.peer_address.map(|address| address.to_string()).into()),
        ("agent", agent(session).into()),
        ("joined", session.arrival().map(|arrival| arrival.joined.to_string()).into()),
        ("queue_bytes", count(session.outbox().queued())),
        ("slow", session.outbox().is_slow().into()),
        ("calls_in_flight", count(session.calls_in_flight())),
        ("received_bytes", traffic.received_bytes.into()),
        ("sent_bytes", traffic.sent_bytes.into()),
    ])
}

/// All messages in one direction.
pub(super) fn messages(traffic: &TrafficCounts, direction: MessageDirection) -> u64 {
    let kinds = MessageKind::ALL.iter().zip(&traffic.messages);
    kinds.filter(|(kind, _)| kind.message().0 == direction).map(|(_, count)| count).sum()
}

fn agent(session: &RouterSession) -> Option<&str> {
    session.arrival()?.agent.as_deref()
}

const fn kind(kind: TransportKind) -> &'static str {
    match kind {
        TransportKind::WebSocket => "websocket",
        TransportKind::RawSocket => "rawsocket",
        TransportKind::LongPoll => "longpoll",
        TransportKind::Memory => "memory",
    }
}

const fn serializer(serializer: Serializer) -> &'static str {
    match serializer {
        Serializer::Json => "json",
        Serializer::MessagePack => "msgpack",
        Serializer::Cbor => "cbor",
    }
}
