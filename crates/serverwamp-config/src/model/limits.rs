//! `[limits]`: the bounds of the whole server, one key for each of the library's [`Limits`](serverwamp::Limits).

use crate::section::section;
use crate::values::{Bytes, Count, Number, Positive, Time, choice};
use serverwamp::Limits as Library;
use std::sync::LazyLock;

/// A number of requests in a second.
pub type Rate = Number<1, { u32::MAX as u64 }>;

/// The defaults, which are the library's.
fn library() -> &'static Library {
    static LIBRARY: LazyLock<Library> = LazyLock::new(Library::default);
    &LIBRARY
}

choice! {
    /// What happens to a subscriber whose queue is full.
    pub enum Overflow {
        /// The connection ends: no subscriber misses an event without noticing.
        CloseSession = "close-session",
        /// The new event is dropped.
        DropNewestEvent = "drop-newest-event",
        /// The oldest queued events are dropped.
        DropOldestEvent = "drop-oldest-event",
    }
}

impl From<Overflow> for serverwamp::Overflow {
    fn from(overflow: Overflow) -> Self {
        match overflow {
            Overflow::CloseSession => Self::CloseSession,
            Overflow::DropNewestEvent => Self::DropNewestEvent,
            Overflow::DropOldestEvent => Self::DropOldestEvent,
        }
    }
}

section! {
    /// The bounds of the whole server. A bound that is lowered applies to new connections and sessions.
    pub struct Limits: "limits" {
        /// Connections in total, with or without a session. Beyond, HTTP is answered with status 503, RawSocket with its error 4,
        /// and TLS by closing the connection, because a handshake would cost more than the refusal saves. Default 65,536, or four
        /// fifths of the files that the process may have open (`ulimit -n`, read when the limits are created; at least 16 are
        /// left for others) if that is fewer: a server without free file descriptors cannot even refuse.
        live connections: Option<Positive> = None;

        /// Connections from one address, where each IPv6 network of 64 bits counts as one address; refused as above. Default
        /// none, no limit: a proxy or a whole company may be behind one address, which only you can know.
        live connections_per_address: Option<Count> = None;

        /// The number of connections that may be unauthenticated: from their start until WELCOME, on every transport; refused as
        /// above. Long-polling transports count as connections, and HTTP connections count until they carry a request of a
        /// session. Default none, a tenth of `connections`, but at least the smaller of 256 and half of them: authenticated peers
        /// keep their places.
        live unauthenticated: Option<Count> = None;

        /// The number of these that may come from one address that is not a trusted proxy's. Default none, half of them: one
        /// address cannot take all places.
        live unauthenticated_per_address: Option<Count> = None;

        /// Open long-polling transports that were opened over one HTTP connection, unless it is a trusted proxy's; beyond, `open`
        /// is answered with status 503. Default 64: more than the pages of a browser, which may share one connection.
        live transports_per_connection: Count = library().transports_per_connection.into();

        /// Time from the opened transport to HELLO; then ABORT and close. Default 5 s: a client sends HELLO at once, and a
        /// connection without one is of no use.
        live hello_timeout: Time = library().hello_timeout.into();

        /// Time from HELLO to the end of authentication, including all challenges; then ABORT. Default
        /// 10 s: enough to ask a person or a slow database.
        live authenticate_timeout: Time = library().authenticate_timeout.into();

        /// The longest time that an attempt to authenticate waits because of failures before, from the same address for the same
        /// authid: none after three, then 0.25 s, and twice as long after each further one. Nobody is refused. It is part of
        /// `authenticate_timeout`, of which it takes half at most. Default 4 s: a person hardly notices what makes guessing
        /// hopeless. 0 slows nobody down.
        live login_delay: Time = library().login_delay.into();

        /// Time for the peer to answer our GOODBYE; then the transport is closed. Default 5 s, as in other routers.
        live goodbye_timeout: Time = library().goodbye_timeout.into();

        /// The time that a session may send nothing but pings and pongs while neither side owes an answer; then GOODBYE
        /// `wamp.close.timeout`. Default none, no limit: subscribers have nothing to send, and pings detect dead peers. It stands
        /// still while the server does not read from the peer.
        live idle_timeout: Option<Time> = None;

        /// Bytes of a message before the session is open (HELLO and AUTHENTICATE), or of a ping on RawSocket. Beyond, ABORT as
        /// soon as the length is known, and status 413 if all bodies together that a long-polling transport is receiving are
        /// longer. Default 64 KiB: certificates and tokens are shorter, and a stranger cannot make the server hold a megabyte.
        live hello_bytes: Bytes = library().hello_bytes.into();

        /// Requests that a connection may send per second on average. Beyond, the connection is not read until the next request
        /// is due, so nothing is refused or lost. Answers of callees do not count, progressive ones do. Default none, no limit:
        /// connections are served in turns anyway, and the right rate depends on what is requested.
        live requests_per_second: Option<Rate> = None;

        /// The number of these that may arrive at once after a silence. Default 1000: a client that starts has many requests.
        live requests_burst: Rate = Rate::new(library().requests_burst.into());

        /// Time for what serves a call within this process to finish after the call has ended; then it is dropped. Default 5 s: short
        /// enough for a shutdown.
        live grace: Time = library().grace.into();

        /// Bytes queued for a peer that does not read. Beyond, it is disconnected as a slow consumer, or loses events if
        /// `overflow` says so. Default 4 MiB: several of the largest messages, and a thousand slow peers stay within 4 GiB. While
        /// more than a quarter is queued, nothing is read from the peer. The same number of bytes
        /// of arguments may be held for a session: arguments of calls that a handler has not answered or that may be rerouted to
        /// another callee, and inputs that a handler has not taken. A call that would exceed it is refused with
        /// `wamp.error.unavailable`.
        live outgoing_bytes: Bytes = library().outgoing_bytes.into();

        /// Messages queued for a peer that does not read; beyond, the same as for `outgoing_bytes`. Default 65,536, the number of
        /// 64-byte messages in 4 MiB: shorter messages cost more than their bytes.
        live outgoing_messages: Count = library().outgoing_messages.into();

        /// The bytes, of those that wait for a peer, that it has to accept within each `drain_time` while more than a quarter of
        /// `outgoing_bytes` or `outgoing_messages` waits. Senders that fill the queue of such a peer are paused, so a peer that
        /// reads at this rate loses nothing. A peer that does not is slow: nobody is paused for it and it borrows nothing until
        /// its queue has been empty. Default 256 KiB, with `drain_time` 128 KiB per second: less than any network in use carries,
        /// and more than an attacker should be able to slow others down to.
        live drain_bytes: Bytes = library().drain_bytes.into();

        /// See `drain_bytes`; the time for which a peer that reads nothing can hold up the senders that fill its queue, once.
        /// Default 2 s: the longest pause of a peer that is alive, such as a garbage collection. With 0 nobody is paused.
        live drain_time: Time = library().drain_time.into();

        /// Bytes that all queues together may have beyond `outgoing_bytes`. A queue may hold as much of them as is left for all
        /// others, at most half; who fills it is paused before. Default none, 16 times `outgoing_bytes`, 64 MiB by default: a
        /// burst of 10 MB for one peer delays nobody, and the memory of a server with many sessions is not determined by this.
        live borrowed_bytes: Option<Bytes> = None;

        /// Bytes of one message to a peer, before compression. Beyond, a call is answered with
        /// `wamp.error.payload_size_exceeded`, and an event is lost to this subscriber and counted; the session continues. A peer
        /// on RawSocket may have announced a smaller limit. Default 4 MiB, the same as `outgoing_bytes`: a longer message would
        /// end the connection.
        live outgoing_message_bytes: Bytes = library().outgoing_message_bytes.into();

        /// Bytes of a callee's answer that exceeds the transport's `max_message`: the answer is read and discarded, and ends its
        /// call with `wamp.error.payload_size_exceeded`. A longer one ends the callee's session, as every other message that is
        /// too long does. Default 16 MiB, the longest message on RawSocket: one call is no reason to lose all registrations.
        /// Counted after decompression, and for all messages of a batch together. With 0 nothing is discarded.
        live discarded_bytes: Bytes = library().discarded_bytes.into();

        /// The treatment of a subscriber when an event exceeds `outgoing_bytes` or `outgoing_messages`. Default
        /// `close-session`: a subscriber notices that it was disconnected and can ask for the current state when it returns; it
        /// would not notice missing events.
        live overflow: Overflow = Overflow::CloseSession;

        /// Unanswered calls of one session; beyond, a call is refused with `wamp.error.unavailable`. Default 1024: more than a
        /// well-behaved client has open, and about a megabyte.
        live calls_in_flight: Count = library().calls_in_flight.into();

        /// Unanswered calls of all sessions together; beyond, a call is refused with `wamp.error.unavailable`. A call whose
        /// handler answers at once, without having to wait, never counts and is answered whatever waits; one that has to wait is
        /// refused there, and its handler dropped. Default 262,144: as many as 256 sessions may have, and at about a kilobyte
        /// each a quarter of a gibibyte. Calls that the application makes do not count.
        live calls_in_flight_in_all: Count = library().calls_in_flight_in_all.into();

        /// The number of these that one realm may have while another one wants some: while another realm was refused a call for
        /// want of permits, or found the limit reached, within the last second. Beyond, a call is refused with
        /// `wamp.error.unavailable`. A realm that is alone may have all; when the limit is reached, one of its calls beyond its
        /// share ends with the same error for each call that waits in another realm. Default none, half of all, at least 1: no
        /// realm can shut the others out.
        live calls_in_flight_of_realm: Option<Count> = None;

        /// Subscriptions of one session; beyond, SUBSCRIBE is refused with `wamp.error.unavailable`. Default 1024: several times
        /// what an application's page shows; patterns replace larger numbers.
        live subscriptions: Count = library().subscriptions.into();

        /// The number of these that may be by prefix or wildcard. Default 256, a quarter: every publication has to search them.
        live pattern_subscriptions: Count = library().pattern_subscriptions.into();

        /// Registrations of one session; beyond, REGISTER is refused with `wamp.error.unavailable`. Default 1024: several times
        /// what services offer; patterns replace larger numbers.
        live registrations: Count = library().registrations.into();

        /// The number of these that may be by prefix or wildcard; beyond, REGISTER is refused with `wamp.error.unavailable`.
        /// Default 256, a quarter: every call without an exact registration has to search them.
        live pattern_registrations: Count = library().pattern_registrations.into();

        /// Unanswered invocations of one callee; beyond, a call is answered with `wamp.error.network_failure`. Default 1024: a
        /// callee this far behind will not recover, and its callers should know.
        live invocations_in_flight: Count = library().invocations_in_flight.into();

        /// The number of these that one caller may have while others want some: while another caller was refused, or found the
        /// limit reached, within the last second. Beyond, a call is refused with `wamp.error.network_failure`. A caller that is
        /// alone may have all; when the limit is reached, its latest call beyond its share ends with the same error, and an
        /// INTERRUPT to the callee, for each that another one makes. Default none, a quarter, at least 1: no session can shut
        /// others out of a callee. The application counts as one caller.
        live invocations_in_flight_of_caller: Option<Count> = None;

        /// Events that a session may leave to be published at its end (testaments). Default 64: most sessions need one. Each may
        /// have its share of `outgoing_bytes`, 64 KiB by default, because it is held as long as the session lasts.
        live testaments: Count = library().testaments.into();

        /// Events that a realm retains. Beyond this limit or one of the next four, PUBLISH with `retain` is refused with
        /// `wamp.error.unavailable` if it asks for an acknowledgement, and no subscriber receives the event; without
        /// acknowledgement the event is delivered and not retained. Default 40,000: several for each device of a large site. 0
        /// switches retention off.
        live retained_events: Count = library().retained_events.into();

        /// Bytes of memory of a realm's retained events, with everything that is stored for them. Default 64 MiB: the process
        /// stays small even if every client retains as much as it can.
        live retained_bytes: Bytes = library().retained_bytes.into();

        /// The number of a realm's retained events that may come from one session; they count after its end too, as long as they
        /// are retained. Default 10,000, a quarter of all: no session can fill the store.
        live retained_events_of_session: Count = library().retained_events_of_session.into();

        /// Bytes of memory of these. Default 16 MiB, a quarter of all.
        live retained_bytes_of_session: Bytes = library().retained_bytes_of_session.into();

        /// The time that an event is retained; `retain_for` of a topic sets it for single topics. Default none, until it is
        /// replaced: a device's last report is its known state.
        live retained_age: Option<Time> = None;

        /// Requests of one session that wait for an authorizer, and those behind them; beyond, a request is refused with
        /// `wamp.error.unavailable`. Default 256: what a client asks for when it starts. Those of them that are longer than a
        /// kilobyte count among the arguments that are kept for the session, see `outgoing_bytes`.
        live undecided_requests: Count = library().undecided_requests.into();

        /// Time for an authorizer to answer; then the request is denied with `wamp.error.authorization_failed`. Default 5 s:
        /// enough to ask a slow database, and a client does not wait longer for an error.
        live decision_timeout: Time = library().decision_timeout.into();

        /// Decisions of authorizers that a realm keeps; beyond, those that were not asked for lately are dropped. Default 10,000,
        /// at about 300 bytes each three megabytes: a few dozen for each of some hundred principals. With 0 none is kept.
        live cached_decisions: Count = library().cached_decisions.into();

        /// The longest time that a decision is kept, and the time for one of which its authorizer says no more than that it may
        /// be kept. Default one minute: a right that is taken away is gone after that, even if nobody tells the realm.
        live cached_decision_time: Time = library().cached_decision_time.into();

        /// Entries of all lists of eligible and excluded receivers of one publication together; beyond, PUBLISH is refused with
        /// `wamp.error.invalid_argument`. Default 8192: more than a room has members; roles replace longer lists. Each entry is
        /// looked up for every receiver.
        live receivers: Count = library().receivers.into();

        /// Bytes of these entries, as they stand in the message and with what separates them; beyond, PUBLISH is refused in the
        /// same way, and neither the rest of the lists nor its arguments are read. Default 144 KiB: 18 bytes for each of 8192
        /// receivers, the longest id of a session with room to spare, or some 3700 names of 36 letters; reading more would take
        /// longer than a turn.
        live receivers_bytes: Bytes = library().receivers_bytes.into();

        /// Entries of `forward_for` of one call or publication, the sessions on whose behalf it is made; beyond, it is refused with
        /// `wamp.error.invalid_argument`. A link adds one for each router on the way.
        live forward_for: Count = library().forward_for.into();

        /// Bytes of the authids and roles of these; beyond, the same.
        live forward_for_bytes: Bytes = library().forward_for_bytes.into();

        /// Bytes of the arguments of a call of the meta API; beyond, it is refused with `wamp.error.payload_size_exceeded`.
        /// Default 64 KiB: the longest useful arguments are filters of some thousand roles, and reading more would take longer
        /// than a turn. Testaments have a limit of their own.
        live meta_arguments: Bytes = library().meta_arguments.into();

        /// Levels of lists and dictionaries in a message, including its own list; beyond, ABORT. Default 64, which is also the
        /// maximum: this server would otherwise forward what other implementations refuse. The minimum is 8, as HELLO has five.
        live nesting: Number<8, 64> = library().nesting.into();

        /// Bytes of a URI. Default 1024: longer ones are not typed by hand.
        live uri_bytes: Bytes = library().uri_bytes.into();

        /// Components of a URI. Default 32: several times what applications use, and the depth of wildcard matching.
        live uri_components: Count = library().uri_components.into();

        /// The longest `timeout` of a call; longer ones are shortened to it. Default one hour: timers cannot be kept without
        /// bound.
        live longest_call_timeout: Time = library().longest_call_timeout.into();

        /// Asks a callee for progressive results only if it announces `call_canceling` beside `progressive_call_results`, as
        /// specified; the calls of other callees have final results only. Default off: autobahn-js announces only the latter, and
        /// would silently lose its progress. A callee without `call_canceling` is never interrupted in either case, and its
        /// results for a call that has ended are dropped.
        live strict_progressive_results: bool = library().strict_progressive_results;

        /// Requires request ids that count up from 1 without gaps, as specified; otherwise ABORT. Default off: no other router
        /// checks it, and old clients draw ids at random.
        live strict_request_ids: bool = library().strict_request_ids;
    }
}

impl Limits {
    /// As the library has them.
    pub fn library(&self) -> Library {
        let mut limits = Library::default();
        self.set(&mut limits);
        limits
    }

    /// Sets the library's.
    pub fn set(&self, limits: &mut Library) {
        if let Some(some) = *self.connections {
            limits.connections = some.count();
        }
        if let Some(some) = *self.connections_per_address {
            limits.connections_per_address = some.count();
        }
        limits.unauthenticated = self.unauthenticated.map(|some| some.count());
        limits.unauthenticated_per_address = self.unauthenticated_per_address.map(|some| some.count());
        limits.transports_per_connection = self.transports_per_connection.count();
        limits.hello_timeout = self.hello_timeout.get();
        limits.authenticate_timeout = self.authenticate_timeout.get();
        limits.login_delay = self.login_delay.get();
        limits.goodbye_timeout = self.goodbye_timeout.get();
        if let Some(some) = *self.idle_timeout {
            limits.idle_timeout = some.get();
        }
        limits.hello_bytes = self.hello_bytes.count();
        if let Some(some) = *self.requests_per_second {
            limits.requests_per_second = some.small();
        }
        limits.requests_burst = self.requests_burst.small();
        limits.grace = self.grace.get();
        limits.outgoing_bytes = self.outgoing_bytes.count();
        limits.outgoing_messages = self.outgoing_messages.count();
        limits.drain_bytes = self.drain_bytes.count();
        limits.drain_time = self.drain_time.get();
        limits.borrowed_bytes = self.borrowed_bytes.map(|some| some.count());
        limits.outgoing_message_bytes = self.outgoing_message_bytes.count();
        limits.discarded_bytes = self.discarded_bytes.count();
        limits.overflow = (*self.overflow).into();
        limits.calls_in_flight = self.calls_in_flight.count();
        limits.calls_in_flight_in_all = self.calls_in_flight_in_all.count();
        limits.calls_in_flight_of_realm = self.calls_in_flight_of_realm.map(|some| some.count());
        limits.subscriptions = self.subscriptions.count();
        limits.pattern_subscriptions = self.pattern_subscriptions.count();
        limits.registrations = self.registrations.count();
        limits.pattern_registrations = self.pattern_registrations.count();
        limits.invocations_in_flight = self.invocations_in_flight.count();
        limits.invocations_in_flight_of_caller =
            self.invocations_in_flight_of_caller.map(|some| some.count());
        limits.testaments = self.testaments.count();
        limits.retained_events = self.retained_events.count();
        limits.retained_bytes = self.retained_bytes.count();
        limits.retained_events_of_session = self.retained_events_of_session.count();
        limits.retained_bytes_of_session = self.retained_bytes_of_session.count();
        if let Some(some) = *self.retained_age {
            limits.retained_age = some.get();
        }
        limits.undecided_requests = self.undecided_requests.count();
        limits.decision_timeout = self.decision_timeout.get();
        limits.cached_decisions = self.cached_decisions.count();
        limits.cached_decision_time = self.cached_decision_time.get();
        limits.receivers = self.receivers.count();
        limits.receivers_bytes = self.receivers_bytes.count();
        limits.forward_for = self.forward_for.count();
        limits.forward_for_bytes = self.forward_for_bytes.count();
        limits.meta_arguments = self.meta_arguments.count();
        limits.nesting = self.nesting.count();
        limits.uri_bytes = self.uri_bytes.count();
        limits.uri_components = self.uri_components.count();
        limits.longest_call_timeout = self.longest_call_timeout.get();
        limits.strict_progressive_results = *self.strict_progressive_results;
        limits.strict_request_ids = *self.strict_request_ids;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::defaults;

    #[test]
    fn every_limit_of_the_library_has_a_key_and_its_default() {
        let library = format!("{:#?}", Library::default());
        let fields: Vec<&str> = library
            .lines()
            .filter_map(|line| line.strip_prefix("    ")?.split_once(": "))
            .map(|(name, _)| name)
            .filter(|name| !name.starts_with(' '))
            .collect();
        let keys: Vec<&str> = Limits::SECTION.keys().iter().map(|key| key.name).collect();
        for field in &fields {
            assert!(keys.contains(field), "{field} has no key");
        }
        assert_eq!(fields.len(), keys.len(), "{fields:?} {keys:?}");
        assert_eq!(format!("{:#?}", defaults::<Limits>().library()), library);
    }
}
