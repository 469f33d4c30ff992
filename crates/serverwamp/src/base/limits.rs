//! What a peer may take, each with its reason.

use std::time::Duration;

/// What one peer may take of the server: time, memory, work.
///
/// Set through [`ApplicationBuilder::limits`](crate::ApplicationBuilder::limits):
///
/// ```
/// # use std::time::Duration;
/// let builder = serverwamp::Application::builder::<()>().limits(|limits| {
///     limits.calls_in_flight = 64;
///     limits.hello_timeout = Duration::from_secs(2);
/// });
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Connections in all, whether a session is open on them or not; beyond, HTTP is answered with status 503, RawSocket
    /// with its error 4, and TLS with the end of the connection, because a handshake would cost more than it refuses.
    /// Default 65,536, or four fifths of the files the process may have open (`ulimit -n`, as it is when the limits are
    /// made), if those are fewer: a server that runs out of files cannot even say no.
    pub connections: usize,
    /// Connections from one address, of which each IPv6 network of 64 bits counts as one; refused like those above.
    /// Default `usize::MAX`, no limit: behind one address may be a proxy or a whole company, which nobody knows but you.
    pub connections_per_address: usize,
    /// Of the connections, how many may be without authentication: from their beginning until WELCOME, whatever they speak;
    /// refused like those above. Long-polling transports count like connections, and so do HTTP connections until they carry
    /// a request of a session. Default `None`, a tenth of [`connections`](Self::connections), but at least the smaller of 256
    /// and half of them: those who are known keep their places.
    pub unauthenticated: Option<usize>,
    /// And of those, how many may come from one address that is no trusted proxy's. Default `None`, half of them: one address
    /// does not take the places of all others.
    pub unauthenticated_per_address: Option<usize>,
    /// Long-polling transports that are open at a time and were opened over one HTTP connection, unless that is a trusted
    /// proxy's; beyond, `open` is answered with status 503. Default 64: more than the pages of a browser, which may share one.
    pub transports_per_connection: usize,
    /// From the opened transport to HELLO; then ABORT and close. Default 5 s: a client sends HELLO at once, and whoever
    /// does not holds a connection for nothing.
    pub hello_timeout: Duration,
    /// From HELLO to the end of authentication, all challenges and `on_connect`, `on_join` handlers together; then ABORT.
    /// Default 10 s: a person may have to be asked, a database may be slow, but not longer.
    pub authenticate_timeout: Duration,
    /// For the peer to answer our GOODBYE; then the transport is closed. Default 5 s, as other routers have it.
    pub goodbye_timeout: Duration,
    /// How long a session may send nothing but pings and pongs while it neither waits for answers nor owes any; then
    /// GOODBYE `wamp.close.timeout`. Default `Duration::MAX`, for ever: subscribers have nothing to say, and that a peer is
    /// dead is noticed by pings.
    pub idle_timeout: Duration,
    /// Bytes of a message before the session is open, so of HELLO and AUTHENTICATE, or of a ping on RawSocket; beyond,
    /// ABORT as soon as the length is known, and status 413 for all bodies together that a long-polling transport is
    /// collecting. Default 64 KiB: no certificate or token is longer, and a stranger gets no megabyte to fill.
    pub hello_bytes: usize,
    /// Requests that a connection may send per second, over a while; who sends more is not read from until the next one
    /// is due, so nothing is refused or lost. Answers of callees do not count, progressive ones do. Default `u32::MAX`, no
    /// limit: all connections get their turn anyway, and what is much depends on what is asked.
    pub requests_per_second: u32,
    /// Of these, how many may come at once after a while of silence. Default 1000: a client that starts has much to
    /// ask.
    pub requests_burst: u32,
    /// For lifecycle handlers, and calls that take [`Canceled`](crate::extract::Canceled), to finish after their end;
    /// then they are dropped. Default 5 s: enough to write something down, and a shutdown does not take longer.
    pub grace: Duration,
    /// Bytes queued for a peer that does not read; beyond, it is closed as a slow consumer, or loses events if
    /// [`overflow`](Self::overflow) says so. Default 4 MiB: several of the largest messages, and a thousand slow peers
    /// stay within 4 GiB. While more than a quarter is queued, nothing is read from the peer, and `send` in handlers
    /// waits. As many bytes of arguments are kept on behalf of a session: those of calls that a handler has not answered
    /// or for which another callee may have to be asked, and inputs that a handler has not taken; a call that would need
    /// more is refused with `wamp.error.unavailable`.
    pub outgoing_bytes: usize,
    /// Messages queued for a peer that does not read; beyond, the same as with [`outgoing_bytes`](Self::outgoing_bytes).
    /// Default 65,536, which 4 MiB of messages of 64 bytes are: shorter ones cost more to handle than their bytes say.
    pub outgoing_messages: usize,
    /// Bytes of one message to a peer, before compression. Beyond, a call is answered with
    /// `wamp.error.payload_size_exceeded`, and an event is lost to this subscriber and counted; the session goes on. A peer
    /// on RawSocket may have said that it takes less. Default 4 MiB, as much as [`outgoing_bytes`](Self::outgoing_bytes):
    /// a longer message would end the connection.
    pub outgoing_message_bytes: usize,
    /// Bytes of a callee's answer that is longer than the transport's `max_message`: it is read and dropped, and ends its call
    /// with `wamp.error.payload_size_exceeded`; a longer one ends the callee's session, as other messages that are too long
    /// do. Default 16 MiB, as long as a message on RawSocket can be: one call is no reason to lose all registrations. With 0
    /// nothing is passed over.
    pub discarded_bytes: usize,
    /// What happens to a subscriber for whom an event does not fit into [`outgoing_bytes`](Self::outgoing_bytes) or
    /// [`outgoing_messages`](Self::outgoing_messages).
    /// Default [`Overflow::CloseSession`]: a subscriber notices that it is gone, and can ask for the present state of
    /// things when it is back; that events are missing it does not notice.
    pub overflow: Overflow,
    /// Calls of one session that have not been answered; beyond, a call is refused with `wamp.error.unavailable`.
    /// Default 1024: more than a client waits for who knows what it asked, and about a megabyte.
    pub calls_in_flight: usize,
    /// Calls of all sessions together that have not been answered; beyond, a call is refused with
    /// `wamp.error.unavailable`. Default 262,144: as many as 256 sessions may have, and at about a kilobyte for each a
    /// quarter of a gibibyte. What the application calls itself is up to it, and does not count.
    pub calls_in_flight_in_all: usize,
    /// Subscriptions of one session; beyond, SUBSCRIBE is refused with `wamp.error.unavailable`. Default 1024: several
    /// times what an application's page shows, and what would be more is what patterns are for.
    pub subscriptions: usize,
    /// Of these, how many may be by prefix or wildcard. Default 256, a quarter: every publication has to look for them.
    pub pattern_subscriptions: usize,
    /// Registrations of one session; beyond, REGISTER is refused with `wamp.error.unavailable`. Default 1024: several
    /// times what services offer, and what would be more is what patterns are for.
    pub registrations: usize,
    /// Of these, how many may be by prefix or wildcard; beyond, REGISTER is refused with `wamp.error.unavailable`. Default
    /// 256, a quarter: every call of what is not registered exactly has to look for them.
    pub pattern_registrations: usize,
    /// Calls that wait for one callee; beyond, a call is answered with `wamp.error.network_failure`. Default 1024: who
    /// is that far behind will not catch up, and its callers had better know.
    pub invocations_in_flight: usize,
    /// Events that a session may leave behind to be published at its end (testaments). Default 64: most need one. Each may
    /// have its share of [`outgoing_bytes`](Self::outgoing_bytes), 64 KiB by default: they are kept as long as the session lasts.
    pub testaments: usize,
    /// Events that a realm retains. Beyond, and beyond the four that follow, PUBLISH with `retain` is refused with
    /// `wamp.error.unavailable` if it asks for an answer, and the event is delivered to nobody; otherwise the event is
    /// delivered and not retained. Default 40,000: several for each device of a large site. None switches retention off.
    pub retained_events: usize,
    /// Bytes of memory that the retained events of a realm take, with everything that is kept of them. Default 64 MiB: a
    /// process stays small even if every client retains what it can.
    pub retained_bytes: usize,
    /// Of the retained events of a realm, how many may come from one session; they count also when it is over, for as
    /// long as they are retained. Default 10,000, a quarter of all: nobody takes the store from everybody else.
    pub retained_events_of_session: usize,
    /// And how many bytes of memory those may take. Default 16 MiB, a quarter of all as well.
    pub retained_bytes_of_session: usize,
    /// How long an event is retained; [`TopicSettings::retain_for`](crate::TopicSettings::retain_for) says it of single
    /// topics. Default `Duration::MAX`, until it is replaced: what a device said last is what is known of it.
    pub retained_age: Duration,
    /// Entries of all lists together in which a publication says who may and who may not receive it; beyond, PUBLISH is
    /// refused with `wamp.error.invalid_argument`. Default 8192: more than a room has members, and what would be more is
    /// what roles are for. Each is looked for again for every receiver.
    pub receivers: usize,
    /// Bytes of the arguments of a call of the meta API; beyond, it is refused with `wamp.error.payload_size_exceeded`.
    /// Default 64 KiB: the longest sensible ones are filters, by some thousand roles, and reading more would take longer
    /// than a turn. Testaments have a limit of their own.
    pub meta_arguments: usize,
    /// Levels of lists and dictionaries in a message, its own list among them; beyond, ABORT. Default 64, and not more:
    /// more would make this server pass on what other implementations refuse. 8 at least, as HELLO alone has five.
    pub nesting: usize,
    /// Bytes of a URI. Default 1024: nobody types longer ones.
    pub uri_bytes: usize,
    /// Components of a URI. Default 32: several times what applications use, and as deep as wildcards are matched.
    pub uri_components: usize,
    /// The longest `timeout` a caller may ask for, longer ones are cut to it. Default one hour: timers are not for ever.
    pub longest_call_timeout: Duration,
    /// A callee is asked for progressive results only if it announces `call_canceling` beside `progressive_call_results`, as
    /// the specification says; otherwise its calls have final results alone. Default off: autobahn-js announces only the
    /// latter, and would lose its progress without a word. Who announces no `call_canceling` is never interrupted either
    /// way, and what it sends for a call that is over is dropped.
    pub strict_progressive_results: bool,
    /// Request ids must count up from 1 without gaps, as the specification says; otherwise ABORT. Default off: no other
    /// router checks it, and old clients draw ids at random.
    pub strict_request_ids: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: connections(),
            connections_per_address: usize::MAX,
            unauthenticated: None,
            unauthenticated_per_address: None,
            transports_per_connection: 64,
            hello_timeout: Duration::from_secs(5),
            authenticate_timeout: Duration::from_secs(10),
            goodbye_timeout: Duration::from_secs(5),
            idle_timeout: Duration::MAX,
            hello_bytes: 64 << 10,
            requests_per_second: u32::MAX,
            requests_burst: 1000,
            grace: Duration::from_secs(5),
            outgoing_bytes: 4 << 20,
            outgoing_messages: 65_536,
            outgoing_message_bytes: 4 << 20,
            discarded_bytes: 16 << 20,
            overflow: Overflow::CloseSession,
            calls_in_flight: 1024,
            calls_in_flight_in_all: 262_144,
            subscriptions: 1024,
            pattern_subscriptions: 256,
            registrations: 1024,
            pattern_registrations: 256,
            invocations_in_flight: 1024,
            testaments: 64,
            retained_events: 40_000,
            retained_bytes: 64 << 20,
            retained_events_of_session: 10_000,
            retained_bytes_of_session: 16 << 20,
            retained_age: Duration::MAX,
            receivers: 8192,
            meta_arguments: 64 << 10,
            nesting: 64,
            uri_bytes: 1024,
            uri_components: 32,
            longest_call_timeout: Duration::from_secs(3600),
            strict_progressive_results: false,
            strict_request_ids: false,
        }
    }
}

impl Limits {
    /// How many connections may be without authentication, in all and from one address.
    pub(crate) fn strangers(&self) -> (usize, usize) {
        let half = |of: usize| of.div_ceil(2);
        let share = (self.connections / 10).max(half(self.connections).min(256));
        let all = self.unauthenticated.unwrap_or(share);
        (all, self.unauthenticated_per_address.unwrap_or_else(|| half(all)))
    }
}

/// As many connections as there are files for, with some left for listeners, certificates and whatever handlers open.
fn connections() -> usize {
    const MOST: usize = 65_536;
    files().map_or(MOST, |files| MOST.min(files - files / 5))
}

/// How many files the process may have open, where there is a limit.
pub(crate) fn files() -> Option<usize> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok())
    }
    #[cfg(not(unix))]
    {
        None
    }
}

/// What happens when an EVENT does not fit into the queue of a subscriber who reads too slowly.
///
/// It never slows the publisher, and concerns nobody else's events. Only events are ever dropped: another message that
/// does not fit, such as the result of a call, ends the connection under every policy. Whatever is lost is counted, see
/// [`Session::events_lost`](crate::Session::events_lost), and logged. A peer that takes nothing at all for
/// [`WebSocketConfig::write_timeout`](crate::websocket::WebSocketConfig::write_timeout) is disconnected nevertheless.
///
/// ```
/// use serverwamp::{Application, Overflow};
///
/// let builder = Application::builder::<()>().limits(|limits| limits.overflow = Overflow::DropOldestEvent);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Overflow {
    /// The connection ends: nobody misses an event without noticing.
    #[default]
    CloseSession,
    /// The new event is dropped: what was queued first is delivered. For events of which the first ones matter, such as
    /// the beginning of a log. Events leave an eighth of the queue to other messages.
    DropNewestEvent,
    /// The oldest events that wait are dropped, at least a quarter of the queue at once if they are so many: the latest
    /// is delivered. For events that replace each other, such as prices or positions. Events give way to other messages,
    /// too. With batched subprotocols, events share no batch with other messages, and go in whole batches.
    DropOldestEvent,
}
