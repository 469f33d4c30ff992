//! Limits: how much one peer may use, each with its reason.

use super::overflow::Overflow;
use serverwamp_proto::dealer::FairShare;
use std::time::Duration;

/// The time, memory and work that one peer may cost the server.
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
    /// Connections in total, with or without a session. Beyond, HTTP is answered with status 503, RawSocket with its
    /// error 4, and TLS by closing the connection, because a handshake would cost more than the refusal saves. Default
    /// 65,536, or four fifths of the files that the process may have open (`ulimit -n`, read when the limits are
    /// created; at least 16 are left for others) if that is fewer: a server without free file descriptors cannot even refuse.
    pub connections: usize,
    /// Connections from one address, where each IPv6 network of 64 bits counts as one address; refused as above.
    /// Default `usize::MAX`, no limit: a proxy or a whole company may be behind one address, which only you can know.
    pub connections_per_address: usize,
    /// The number of connections that may be unauthenticated: from their start until WELCOME, on every transport; refused
    /// as above. Long-polling transports count as connections, and HTTP connections count until they carry a request of
    /// a session. Default `None`, a tenth of [`connections`](Self::connections), but at least the smaller of 256 and
    /// half of them: authenticated peers keep their places.
    pub unauthenticated: Option<usize>,
    /// The number of these that may come from one address that is not a trusted proxy's. Default `None`, half of them: one
    /// address cannot take all places.
    pub unauthenticated_per_address: Option<usize>,
    /// Open long-polling transports that were opened over one HTTP connection, unless it is a trusted proxy's; beyond,
    /// `open` is answered with status 503. Default 64: more than the pages of a browser, which may share one
    /// connection.
    pub transports_per_connection: usize,
    /// Time from the opened transport to HELLO; then ABORT and close. Default 5 s: a client sends HELLO at once, and a
    /// connection without one is of no use.
    pub hello_timeout: Duration,
    /// Time from HELLO to the end of authentication, including all challenges and the `on_connect` and `on_join`
    /// handlers; then ABORT. Default 10 s: enough to ask a person or a slow database.
    pub authenticate_timeout: Duration,
    /// The longest time that an attempt to authenticate waits because of failures before, from the same address for the same
    /// authid: none after three, then 0.25 s, and twice as long after each further one. Nobody is refused. It is part of
    /// [`authenticate_timeout`](Self::authenticate_timeout), of which it takes half at most. Default 4 s: a person hardly notices
    /// what makes guessing hopeless. 0 slows nobody down.
    pub login_delay: Duration,
    /// Time for the peer to answer our GOODBYE; then the transport is closed. Default 5 s, as in other routers.
    pub goodbye_timeout: Duration,
    /// The time that a session may send nothing but pings and pongs while neither side owes an answer; then GOODBYE
    /// `wamp.close.timeout`. Default `Duration::MAX`, no limit: subscribers have nothing to send, and pings detect dead
    /// peers. It stands still while the server does not read from the peer.
    pub idle_timeout: Duration,
    /// Bytes of a message before the session is open (HELLO and AUTHENTICATE), or of a ping on RawSocket. Beyond, ABORT
    /// as soon as the length is known, and status 413 if all bodies together that a long-polling transport is receiving
    /// are longer. Default 64 KiB: certificates and tokens are shorter, and a stranger cannot make the server hold a
    /// megabyte.
    pub hello_bytes: usize,
    /// Requests that a connection may send per second on average. Beyond, the connection is not read until the next
    /// request is due, so nothing is refused or lost. Answers of callees do not count, progressive ones do. Default
    /// `u32::MAX`, no limit: connections are served in turns anyway, and the right rate depends on what is requested.
    pub requests_per_second: u32,
    /// The number of these that may arrive at once after a silence. Default 1000: a client that starts has many requests.
    pub requests_burst: u32,
    /// Time for lifecycle handlers, and calls that take [`Canceled`](crate::extract::Canceled), to finish after their
    /// end; then they are dropped. Default 5 s: enough to save state, and short enough for a shutdown.
    pub grace: Duration,
    /// Bytes queued for a peer that does not read. Beyond, it is disconnected as a slow consumer, or loses events if
    /// [`overflow`](Self::overflow) says so. Default 4 MiB: several of the largest messages, and a thousand slow peers
    /// stay within 4 GiB. While more than a quarter is queued, nothing is read from the peer, and `send` in handlers
    /// waits. The same number of bytes of arguments may be held for a session: arguments of calls that a handler has
    /// not answered or that may be rerouted to another callee, and inputs that a handler has not taken. A call that
    /// would exceed it is refused with `wamp.error.unavailable`.
    pub outgoing_bytes: usize,
    /// Messages queued for a peer that does not read; beyond, the same as for [`outgoing_bytes`](Self::outgoing_bytes).
    /// Default 65,536, the number of 64-byte messages in 4 MiB: shorter messages cost more than their bytes.
    pub outgoing_messages: usize,
    /// The bytes, of those that wait for a peer, that it has to accept within each [`drain_time`](Self::drain_time) while more
    /// than a quarter of [`outgoing_bytes`](Self::outgoing_bytes) or [`outgoing_messages`](Self::outgoing_messages) waits.
    /// Senders that fill the queue of such a peer are paused, so a peer that reads at this rate loses nothing. A peer that does
    /// not is slow: nobody is paused for it and it borrows nothing until its queue has been empty. Default 256 KiB, with
    /// `drain_time` 128 KiB per second: less than any network in use carries, and more than an attacker should be able to
    /// slow others down to.
    pub drain_bytes: usize,
    /// See [`drain_bytes`](Self::drain_bytes); the time for which a peer that reads nothing can hold up the senders that fill its
    /// queue, once. Default 2 s: the longest pause of a peer that is alive, such as a garbage collection. With 0 nobody is
    /// paused.
    pub drain_time: Duration,
    /// Bytes that all queues together may have beyond [`outgoing_bytes`](Self::outgoing_bytes). A queue may hold as much of
    /// them as is left for all others, at most half; who fills it is paused before. Default `None`, 16 times
    /// `outgoing_bytes`, 64 MiB by default: a burst of 10 MB for one peer delays nobody, and the memory of a server with
    /// many sessions is not determined by this.
    pub borrowed_bytes: Option<usize>,
    /// Bytes of one message to a peer, before compression. Beyond, a call is answered with
    /// `wamp.error.payload_size_exceeded`, and an event is lost to this subscriber and counted; the session continues.
    /// A peer on RawSocket may have announced a smaller limit. Default 4 MiB, the same as
    /// [`outgoing_bytes`](Self::outgoing_bytes): a longer message would end the connection.
    pub outgoing_message_bytes: usize,
    /// Bytes of a callee's answer that exceeds the transport's `max_message`: the answer is read and discarded, and
    /// ends its call with `wamp.error.payload_size_exceeded`. A longer one ends the callee's session, as every other
    /// message that is too long does. Default 16 MiB, the longest message on RawSocket: one call is no reason to lose
    /// all registrations. Counted after decompression, and for all messages of a batch together. With 0 nothing is
    /// discarded.
    pub discarded_bytes: usize,
    /// The treatment of a subscriber when an event exceeds [`outgoing_bytes`](Self::outgoing_bytes) or
    /// [`outgoing_messages`](Self::outgoing_messages). Default [`Overflow::CloseSession`]: a subscriber notices that it
    /// was disconnected and can ask for the current state when it returns; it would not notice missing events.
    pub overflow: Overflow,
    /// Unanswered calls of one session; beyond, a call is refused with `wamp.error.unavailable`. Default 1024: more
    /// than a well-behaved client has open, and about a megabyte.
    pub calls_in_flight: usize,
    /// Unanswered calls of all sessions together; beyond, a call is refused with `wamp.error.unavailable`. A call whose handler
    /// answers at once, without having to wait, never counts and is answered whatever waits; one that has to wait is
    /// refused there, and its handler dropped. Default 262,144: as many as 256 sessions may have, and at about a kilobyte each a
    /// quarter of a gibibyte. Calls that the application makes do not count.
    pub calls_in_flight_in_all: usize,
    /// The number of these that one realm may have while another one wants some: while another realm was refused a call for want of
    /// permits, or found the limit reached, within the last second. Beyond, a call is refused with `wamp.error.unavailable`. A
    /// realm that is alone may have all; when the limit is reached, one of its calls beyond its share ends with the same error
    /// for each call that waits in another realm. Default `None`, half of all, at least 1: no realm can shut the others out.
    pub calls_in_flight_of_realm: Option<usize>,
    /// Subscriptions of one session; beyond, SUBSCRIBE is refused with `wamp.error.unavailable`. Default 1024: several
    /// times what an application's page shows; patterns replace larger numbers.
    pub subscriptions: usize,
    /// The number of these that may be by prefix or wildcard. Default 256, a quarter: every publication has to search them.
    pub pattern_subscriptions: usize,
    /// Registrations of one session; beyond, REGISTER is refused with `wamp.error.unavailable`. Default 1024: several
    /// times what services offer; patterns replace larger numbers.
    pub registrations: usize,
    /// The number of these that may be by prefix or wildcard; beyond, REGISTER is refused with `wamp.error.unavailable`.
    /// Default 256, a quarter: every call without an exact registration has to search them.
    pub pattern_registrations: usize,
    /// Unanswered invocations of one callee; beyond, a call is answered with `wamp.error.network_failure`. Default
    /// 1024: a callee this far behind will not recover, and its callers should know.
    pub invocations_in_flight: usize,
    /// The number of these that one caller may have while others want some: while another caller was refused, or found the limit
    /// reached, within the last second. Beyond, a call is refused with `wamp.error.network_failure`. A caller that is alone may
    /// have all; when the limit is reached, its latest call beyond its share ends with the same error, and an INTERRUPT to the
    /// callee, for each that another one makes. Default `None`, a quarter, at least 1: no session can shut others out of a
    /// callee. The application counts as one caller.
    pub invocations_in_flight_of_caller: Option<usize>,
    /// Events that a session may leave to be published at its end (testaments). Default 64: most sessions need one.
    /// Each may have its share of [`outgoing_bytes`](Self::outgoing_bytes), 64 KiB by default, because it is held as
    /// long as the session lasts.
    pub testaments: usize,
    /// Events that a realm retains. Beyond this limit or one of the next four, PUBLISH with `retain` is refused with
    /// `wamp.error.unavailable` if it asks for an acknowledgement, and no subscriber receives the event; without
    /// acknowledgement the event is delivered and not retained. Default 40,000: several for each device of a large
    /// site. 0 switches retention off.
    pub retained_events: usize,
    /// Bytes of memory of a realm's retained events, with everything that is stored for them. Default 64 MiB: the
    /// process stays small even if every client retains as much as it can.
    pub retained_bytes: usize,
    /// The number of a realm's retained events that may come from one session; they count after its end too, as long as they
    /// are retained. Default 10,000, a quarter of all: no session can fill the store.
    pub retained_events_of_session: usize,
    /// Bytes of memory of these. Default 16 MiB, a quarter of all.
    pub retained_bytes_of_session: usize,
    /// The time that an event is retained; [`TopicSettings::retain_for`](crate::TopicSettings::retain_for) sets it for
    /// single topics. Default `Duration::MAX`, until it is replaced: a device's last report is its known state.
    pub retained_age: Duration,
    /// Requests of one session that wait for an authorizer, and those behind them; beyond, a request is refused with
    /// `wamp.error.unavailable`. Default 256: what a client asks for when it starts. Those of them that are longer than a
    /// kilobyte count among the arguments that are kept for the session, see [`outgoing_bytes`](Self::outgoing_bytes).
    pub undecided_requests: usize,
    /// Time for an authorizer to answer; then the request is denied with `wamp.error.authorization_failed`. Default 5 s:
    /// enough to ask a slow database, and a client does not wait longer for an error.
    pub decision_timeout: Duration,
    /// Decisions of authorizers that a realm keeps; beyond, those that were not asked for lately are dropped. Default 10,000,
    /// at about 300 bytes each three megabytes: a few dozen for each of some hundred principals. With 0 none is kept.
    pub cached_decisions: usize,
    /// The longest time that a decision is kept, and the time for one of which its authorizer says no more than that it may
    /// be kept. Default one minute: a right that is taken away is gone after that, even if nobody tells the realm.
    pub cached_decision_time: Duration,
    /// Entries of all lists of eligible and excluded receivers of one publication together; beyond, PUBLISH is refused
    /// with `wamp.error.invalid_argument`. Default 8192: more than a room has members; roles replace longer lists. Each
    /// entry is looked up for every receiver.
    pub receivers: usize,
    /// Bytes of these entries, as they stand in the message and with what separates them; beyond, PUBLISH is refused in the
    /// same way, and neither the rest of the lists nor its arguments are read. Default 144 KiB: 18 bytes for each of 8192
    /// receivers, the longest id of a session with room to spare, or some 3700 names of 36 letters; reading more would take
    /// longer than a turn.
    pub receivers_bytes: usize,
    /// Entries of `forward_for` of a CALL or a PUBLISH; beyond, it is refused with `wamp.error.invalid_argument`. Default 16: each
    /// link between routers adds one, and no message needs so many of them. With 0 it is refused unless it is empty.
    pub forward_for: usize,
    /// Bytes of all authids and roles in `forward_for`; beyond, the message is refused in the same way. Default 2 KiB: public keys
    /// of 64 letters as authids, with roles as long, in as many entries as there may be. Every receiver gets them.
    pub forward_for_bytes: usize,
    /// Bytes of the arguments of a call of the meta API; beyond, it is refused with `wamp.error.payload_size_exceeded`.
    /// Default 64 KiB: the longest useful arguments are filters of some thousand roles, and reading more would take
    /// longer than a turn. Testaments have a limit of their own.
    pub meta_arguments: usize,
    /// Levels of lists and dictionaries in a message, including its own list; beyond, ABORT. Default 64, which is also
    /// the maximum: this server would otherwise forward what other implementations refuse. The minimum is 8, as HELLO
    /// has five.
    pub nesting: usize,
    /// Bytes of a URI. Default 1024: longer ones are not typed by hand.
    pub uri_bytes: usize,
    /// Components of a URI. Default 32: several times what applications use, and the depth of wildcard matching.
    pub uri_components: usize,
    /// The longest `timeout` of a call; longer ones are shortened to it. Default one hour: timers cannot be kept
    /// without bound.
    pub longest_call_timeout: Duration,
    /// Asks a callee for progressive results only if it announces `call_canceling` beside `progressive_call_results`,
    /// as specified; the calls of other callees have final results only. Default off: autobahn-js announces only the
    /// latter, and would silently lose its progress. A callee without `call_canceling` is never interrupted in either
    /// case, and its results for a call that has ended are dropped.
    pub strict_progressive_results: bool,
    /// Requires request ids that count up from 1 without gaps, as specified; otherwise ABORT. Default off: no other
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
            login_delay: Duration::from_secs(4),
            goodbye_timeout: Duration::from_secs(5),
            idle_timeout: Duration::MAX,
            hello_bytes: 64 << 10,
            requests_per_second: u32::MAX,
            requests_burst: 1000,
            grace: Duration::from_secs(5),
            outgoing_bytes: 4 << 20,
            outgoing_messages: 65_536,
            drain_bytes: 256 << 10,
            drain_time: Duration::from_secs(2),
            borrowed_bytes: None,
            outgoing_message_bytes: 4 << 20,
            discarded_bytes: 16 << 20,
            overflow: Overflow::CloseSession,
            calls_in_flight: 1024,
            calls_in_flight_in_all: 262_144,
            calls_in_flight_of_realm: None,
            subscriptions: 1024,
            pattern_subscriptions: 256,
            registrations: 1024,
            pattern_registrations: 256,
            invocations_in_flight: 1024,
            invocations_in_flight_of_caller: None,
            testaments: 64,
            retained_events: 40_000,
            retained_bytes: 64 << 20,
            retained_events_of_session: 10_000,
            retained_bytes_of_session: 16 << 20,
            retained_age: Duration::MAX,
            undecided_requests: 256,
            decision_timeout: Duration::from_secs(5),
            cached_decisions: 10_000,
            cached_decision_time: Duration::from_secs(60),
            receivers: 8192,
            receivers_bytes: 144 << 10,
            forward_for: 16,
            forward_for_bytes: 2 << 10,
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

/// How many requests are taken of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct RequestRate {
    /// In each second, on average.
    pub(crate) rate: u32,
    /// At once, after a silence.
    pub(crate) burst: u32,
}

impl RequestRate {
    /// The lower one of both rates, and of both bursts.
    pub(crate) fn at_most(self, other: Self) -> Self {
        Self { rate: self.rate.min(other.rate), burst: self.burst.min(other.burst) }
    }
}

impl Limits {
    /// The rate of every connection's requests, if there is one.
    pub(crate) fn request_rate(&self) -> Option<RequestRate> {
        let (rate, burst) = (self.requests_per_second, self.requests_burst);
        (rate != u32::MAX).then_some(RequestRate { rate, burst })
    }

    /// The bytes that all queues together may borrow.
    pub(crate) fn pool(&self) -> usize {
        self.borrowed_bytes.unwrap_or_else(|| self.outgoing_bytes.saturating_mul(16))
    }

    /// The bytes that a testament may have: its share of what may wait for one peer.
    pub(crate) fn testament_bytes(&self) -> usize {
        self.outgoing_bytes / self.testaments.max(1)
    }

    /// The longest time that an attempt to authenticate is delayed.
    pub(crate) fn longest_login_delay(&self) -> Duration {
        self.login_delay.min(self.authenticate_timeout / 2)
    }

    /// The number of connections that may be unauthenticated, in all and from one address.
    pub(crate) fn strangers(&self) -> (usize, usize) {
        let half = |of: usize| of.div_ceil(2);
        let share = (self.connections / 10).max(half(self.connections).min(256));
        let all = self.unauthenticated.unwrap_or(share);
        (all, self.unauthenticated_per_address.unwrap_or_else(|| half(all)))
    }

    /// The number of calls that may wait, and the share of one realm while another one wants some.
    pub(crate) fn realm_share(&self) -> FairShare {
        let all = self.calls_in_flight_in_all;
        FairShare::new(all, self.calls_in_flight_of_realm.unwrap_or(all / 2))
    }

    /// The number of invocations that a callee may have, and the share of one caller while others want some.
    pub(crate) fn caller_share(&self) -> FairShare {
        let all = self.invocations_in_flight;
        FairShare::new(all, self.invocations_in_flight_of_caller.unwrap_or(all / 4))
    }
}

/// As many connections as there are files for, with some left for listeners, certificates and whatever handlers open.
fn connections() -> usize {
    const MOST: usize = 65_536;
    // A program whose runtime awaits signals has twelve files open before it has a connection.
    const OTHER_FILES: usize = 16;
    files().map_or(MOST, |files| files.saturating_sub((files / 5).max(OTHER_FILES)).clamp(1, MOST))
}

/// The number of files that the process may open, if it is limited.
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
