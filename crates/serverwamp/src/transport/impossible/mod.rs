//! Settings with which an application could never work: `build` refuses them, all at once.
//!
//! Every structure of settings is taken apart field by field, so that a new field does not compile before somebody has
//! thought about its 0.

use serverwamp_proto::codec::Nesting;

use crate::base::limits::Limits;
use crate::transport::long_poll::LongPollConfig;
use crate::transport::rawsocket::RawSocketConfig;
use crate::transport::websocket::WebSocketConfig;

/// No HELLO and no WELCOME has fewer bytes: `[1, "a", {"roles": {"caller": {}}}]` in MessagePack.
const SHORTEST_OPENING: usize = 20;

/// The faults in the settings of one kind.
struct Faults {
    /// The owner of the settings, as a user writes it.
    of: &'static str,
    found: Vec<String>,
}

impl Faults {
    fn new(of: &'static str) -> Self {
        Self { of, found: Vec::new() }
    }

    /// `setting` may not be 0, because of what `would` happen.
    fn positive<T: Default + PartialEq>(mut self, setting: &str, value: &T, would: &str) -> Self {
        if *value == T::default() {
            self.found.push(format!(
                "{}::{setting} is 0, so {would}: keep the default or set another value",
                self.of
            ));
        }
        self
    }

    /// `setting` has to have room for the first message.
    fn opening(mut self, setting: &str, bytes: usize) -> Self {
        if bytes < SHORTEST_OPENING {
            self.found.push(format!(
                "{}::{setting} is {bytes}, and no HELLO and no WELCOME is that short: give it {SHORTEST_OPENING} at \
                 least",
                self.of
            ));
        }
        self
    }

    /// `list` may not be empty, because of what `would` happen.
    fn some<T>(mut self, setting: &str, list: &[T], would: &str) -> Self {
        if list.is_empty() {
            self.found.push(format!("{}::{setting} is empty, so {would}", self.of));
        }
        self
    }
}

/// What follows where no connection is allowed.
const REFUSES_ALL: &str = "every connection would be refused";

/// The faults of these limits.
pub(crate) fn in_limits(limits: &Limits) -> Vec<String> {
    let Limits {
        connections,
        connections_per_address,
        unauthenticated,
        unauthenticated_per_address,
        transports_per_connection,
        hello_timeout,
        authenticate_timeout,
        // Nobody is slowed down.
        login_delay: _,
        // Nobody waits for an answer to GOODBYE.
        goodbye_timeout: _,
        idle_timeout,
        hello_bytes,
        requests_per_second,
        requests_burst,
        // Handlers are dropped at once.
        grace: _,
        outgoing_bytes,
        outgoing_messages,
        outgoing_message_bytes,
        // Everybody drains as fast as nothing.
        drain_bytes: _,
        // Nobody is waited for.
        drain_time: _,
        // Nobody borrows.
        borrowed_bytes: _,
        // Every message that is too long ends its connection.
        discarded_bytes: _,
        overflow: _,
        // Calls are answered at once or not at all.
        calls_in_flight: _,
        calls_in_flight_in_all: _,
        // A share is at least one.
        calls_in_flight_of_realm: _,
        // Nobody may do that.
        subscriptions: _,
        pattern_subscriptions: _,
        registrations: _,
        pattern_registrations: _,
        invocations_in_flight,
        invocations_in_flight_of_caller: _,
        testaments: _,
        // Nothing is retained, and no list is taken.
        retained_events: _,
        retained_bytes: _,
        retained_events_of_session: _,
        retained_bytes_of_session: _,
        retained_age,
        undecided_requests,
        decision_timeout,
        // No decision is kept.
        cached_decisions: _,
        cached_decision_time: _,
        receivers: _,
        receivers_bytes: _,
        // Nobody may name a session.
        forward_for: _,
        forward_for_bytes: _,
        meta_arguments: _,
        nesting,
        uri_bytes,
        uri_components,
        longest_call_timeout,
        strict_request_ids: _,
        strict_progressive_results: _,
    } = limits;
    let mut found = Faults::new("Limits")
        .positive("connections", connections, REFUSES_ALL)
        .positive("connections_per_address", connections_per_address, REFUSES_ALL)
        .positive("unauthenticated", &unauthenticated.unwrap_or(1), REFUSES_ALL)
        .positive("unauthenticated_per_address", &unauthenticated_per_address.unwrap_or(1), REFUSES_ALL)
        .positive("transports_per_connection", transports_per_connection, "no transport could be opened")
        .positive("hello_timeout", hello_timeout, "every HELLO would be too late")
        .positive("authenticate_timeout", authenticate_timeout, "nobody could be authenticated in time")
        .positive("idle_timeout", idle_timeout, "every session would end at once")
        .opening("hello_bytes", *hello_bytes)
        .positive("requests_per_second", requests_per_second, "no request would be read")
        .positive("requests_burst", requests_burst, "no request would be read")
        .opening("outgoing_bytes", *outgoing_bytes)
        .positive("outgoing_messages", outgoing_messages, "nothing could be sent")
        .opening("outgoing_message_bytes", *outgoing_message_bytes)
        .positive("invocations_in_flight", invocations_in_flight, "no client could be called")
        .positive("retained_age", retained_age, "what is retained would be gone at once")
        .positive("undecided_requests", undecided_requests, "no authorizer could be asked")
        .positive("decision_timeout", decision_timeout, "every authorizer would be too late")
        .positive("uri_bytes", uri_bytes, "no URI would be accepted")
        .positive("uri_components", uri_components, "no URI would be accepted")
        .positive("longest_call_timeout", longest_call_timeout, "calls with a timeout would end at once")
        .found;
    found.extend(impossible_nesting(*nesting));
    found
}

fn impossible_nesting(nesting: usize) -> Option<String> {
    let (least, most) = (Nesting::LEAST.levels(), Nesting::MOST.levels());
    let text = || format!("messages can have {least} to {most} levels, but Limits::nesting is {nesting}");
    Nesting::new(nesting).is_none().then(text)
}

/// The faults of these settings of WebSockets.
pub(crate) fn in_websocket(config: &WebSocketConfig) -> Vec<String> {
    let WebSocketConfig {
        subprotocols,
        origins,
        hosts,
        max_message,
        // Sessions have that of the limits.
        max_queued: _,
        ping_interval,
        ping_timeout,
        write_timeout,
        // The peer's half of the closing handshake is not awaited.
        close_timeout: _,
        deflate: _,
    } = config;
    let mut found = Faults::new("WebSocketConfig")
        .some("subprotocols", subprotocols, "no WebSocket could be opened; `Server::http(false)` offers none")
        .opening("max_message", *max_message)
        .positive("ping_interval", ping_interval, "peers would be pinged without end")
        .positive("ping_timeout", ping_timeout, "every pinged peer would be given up")
        .positive("write_timeout", write_timeout, "every peer that does not read at once would be given up")
        .found;
    found.extend_from_slice(origins.impossible());
    found.extend_from_slice(hosts.impossible());
    found
}

/// The faults of these settings of RawSocket.
pub(crate) fn in_rawsocket(config: &RawSocketConfig) -> Vec<String> {
    let RawSocketConfig {
        serializers,
        max_message,
        ping_interval,
        ping_timeout,
        write_timeout,
        // Nothing is read after the last message.
        close_timeout: _,
    } = config;
    Faults::new("RawSocketConfig")
        .some(
            "serializers",
            serializers,
            "every handshake would fail; `Server::rawsocket(false)` offers none",
        )
        .opening("max_message", *max_message)
        .positive("ping_interval", ping_interval, "peers would be pinged without end")
        .positive("ping_timeout", ping_timeout, "every pinged peer would be given up")
        .positive("write_timeout", write_timeout, "every peer that does not read at once would be given up")
        .found
}

/// The faults of these settings of long-polling.
pub(crate) fn in_long_poll(config: &LongPollConfig) -> Vec<String> {
    let LongPollConfig { max_message, idle_timeout, receive_timeout } = config;
    Faults::new("LongPollConfig")
        .opening("max_message", *max_message)
        .positive("idle_timeout", idle_timeout, "every transport would end between two requests")
        .positive("receive_timeout", receive_timeout, "clients would ask for messages without end")
        .found
}

#[cfg(test)]
mod tests;
