//! Counters of accepted, refused and ended connections and requests, for the operator.
//!
//! Invariant: every reason has a counter and a name of its own.

use crate::base::log::LineKind;
use std::fmt;

/// A snapshot of the counters of an application since it was built.
///
/// ```
/// use serverwamp::{Application, Realm, Refusal};
///
/// let app = Application::builder().realm(Realm::new("realm1").allow_anonymous("guest")).build()?;
/// let statistics = app.statistics();
/// assert_eq!(statistics.sessions, 0);
/// assert_eq!(statistics.refused(Refusal::SlowConsumer), 0);
/// println!("{statistics}");
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
///
/// As text it is one line for each counter that is not zero; `{:?}` names every counter.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// Connections that are open.
    pub connections: usize,
    /// Connections that were accepted.
    pub connections_accepted: u64,
    /// Sessions that are open: those that got WELCOME.
    pub sessions: usize,
    /// Sessions that were opened.
    pub sessions_established: u64,
    /// Unanswered calls of sessions; a call that is answered at once is never counted.
    pub calls_in_flight: usize,
    /// Questions that authorizers were asked ([`Realm::authorizer`](crate::Realm::authorizer)).
    pub authorizers_asked: u64,
    /// Requests that a decision was reused for, so that no authorizer was asked.
    pub decisions_reused: u64,
    /// Bytes that queues have borrowed ([`Limits::borrowed_bytes`](crate::Limits::borrowed_bytes)).
    pub borrowed_bytes: usize,
    /// The most that they had borrowed at a time.
    pub borrowed_bytes_most: usize,
    pub(super) refused: [u64; Refusal::COUNT],
}

impl Statistics {
    /// The number of times that something was refused or ended for this reason.
    pub fn refused(&self, refusal: Refusal) -> u64 {
        self.refused.get(refusal as usize).copied().unwrap_or_default()
    }

    /// Every counter with its name, the ones above first.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let lives = [
            ("connections", wide(self.connections)),
            ("connections_accepted", self.connections_accepted),
            ("sessions", wide(self.sessions)),
            ("sessions_established", self.sessions_established),
            ("calls_in_flight", wide(self.calls_in_flight)),
            ("authorizers_asked", self.authorizers_asked),
            ("decisions_reused", self.decisions_reused),
            ("borrowed_bytes", wide(self.borrowed_bytes)),
            ("borrowed_bytes_most", wide(self.borrowed_bytes_most)),
        ];
        let refused = Refusal::ALL.iter().map(|refusal| (refusal.name(), self.refused(*refusal)));
        lives.into_iter().chain(refused)
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, (name, count)) in self.iter().filter(|(_, count)| *count > 0).enumerate() {
            write!(f, "{}{name} {count}", if line == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

/// All counters at 0. The standard library has this for arrays of up to 32 only.
impl Default for Statistics {
    fn default() -> Self {
        Self {
            connections: 0,
            connections_accepted: 0,
            sessions: 0,
            sessions_established: 0,
            calls_in_flight: 0,
            authorizers_asked: 0,
            decisions_reused: 0,
            borrowed_bytes: 0,
            borrowed_bytes_most: 0,
            refused: [0; Refusal::COUNT],
        }
    }
}

/// Each refusal by its name, which an array of numbers would not tell.
impl fmt::Debug for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Statistics");
        for (name, count) in self.iter() {
            fields.field(name, &count);
        }
        fields.finish()
    }
}

/// The enum, its list, and its names.
macro_rules! refusals {
    ($($(#[doc = $text:literal])+ $variant:ident $name:literal,)+) => {
        /// Why something was refused, or ended by force. [`Limits`](crate::Limits) says which limit each belongs to.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[doc = $text])+ $variant,)+
        }

        impl Refusal {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            pub(super) const COUNT: usize = Self::ALL.len();

            /// Each is a kind of line in the log.
            pub(super) fn line(self) -> &'static LineKind {
                static KINDS: [LineKind; Refusal::COUNT] = [$(LineKind::new(tracing::Level::WARN, $name),)+];
                &KINDS[self as usize]
            }

            /// The counter's name, which stays the same from version to version.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

refusals! {
    /// Connections beyond [`Limits::connections`](crate::Limits::connections).
    Connections "connections_refused",
    /// Connections beyond [`Limits::connections_per_address`](crate::Limits::connections_per_address).
    ConnectionsPerAddress "connections_per_address_refused",
    /// Connections beyond [`Limits::unauthenticated`](crate::Limits::unauthenticated).
    Unauthenticated "unauthenticated_refused",
    /// Connections beyond [`Limits::unauthenticated_per_address`](crate::Limits::unauthenticated_per_address).
    UnauthenticatedPerAddress "unauthenticated_per_address_refused",
    /// Long-polling transports beyond [`Limits::transports_per_connection`](crate::Limits::transports_per_connection).
    Transports "transports_refused",
    /// Connections without a RawSocket handshake or an HTTP request in time.
    HandshakeTimeout "handshake_timeouts",
    /// Connections whose handshake failed: TLS, RawSocket, or bytes that are neither RawSocket nor HTTP.
    Handshake "handshakes_refused",
    /// HTTP requests for a WebSocket or for long-polling that are malformed, at a wrong path, from a foreign page, or without a
    /// common subprotocol.
    HttpRequest "http_requests_refused",
    /// HTTP requests without a host, with several, or with none of [`WebSocketConfig::hosts`](crate::websocket::WebSocketConfig::hosts).
    Host "hosts_refused",
    /// HTTP requests of a trusted proxy whose header with the client's address cannot be parsed.
    ForwardedAddress "forwarded_addresses_refused",
    /// Connections of [`TrustedProxies`](crate::TrustedProxies) without a PROXY header, and those of others with one.
    ProxyHeader "proxy_headers_refused",
    /// Connections without HELLO within [`Limits::hello_timeout`](crate::Limits::hello_timeout).
    HelloTimeout "hello_timeouts",
    /// Sessions not authenticated within [`Limits::authenticate_timeout`](crate::Limits::authenticate_timeout).
    AuthenticateTimeout "authenticate_timeouts",
    /// Sessions that were not let in: no such realm, not authenticated, refused by a handler.
    Session "sessions_refused",
    /// Sessions that were not let in, because their authid had as many as
    /// [`RoleRules::sessions_per_authid`](crate::RoleRules::sessions_per_authid) allows.
    SessionsOfAuthid "sessions_of_authid_refused",
    /// Sessions that were not let in, because their realm had as many as [`RealmLimits::sessions`](crate::RealmLimits::sessions) allows.
    SessionsOfRealm "sessions_of_realm_refused",
    /// Sessions for whose realm [`RealmTemplate::most_realms`](crate::RealmTemplate::most_realms) left no place.
    RealmsOfTemplate "realms_refused",
    /// Sessions that were not let in because authentication had too much to do.
    LoginsBusy "logins_unavailable",
    /// Attempts to authenticate that had to wait because of failures before ([`Limits::login_delay`](crate::Limits::login_delay)).
    LoginDelayed "logins_delayed",
    /// Sessions that ended because what let them in had expired.
    Expired "sessions_expired",
    /// Tickets that did not renew a session.
    Renewal "renewals_refused",
    /// Peers that did not answer our GOODBYE within [`Limits::goodbye_timeout`](crate::Limits::goodbye_timeout).
    GoodbyeTimeout "goodbye_timeouts",
    /// Peers that were disconnected because they did not answer a ping.
    PingTimeout "ping_timeouts",
    /// Peers that were disconnected because they read nothing of what was being written for too long.
    WriteTimeout "write_timeouts",
    /// The number of times that a connection was not read for a while because the receivers of what it sent had much waiting.
    Pauses "senders_paused",
    /// Peers that read less of what waited for them than [`Limits::drain_bytes`](crate::Limits::drain_bytes) in
    /// [`Limits::drain_time`](crate::Limits::drain_time).
    SlowReceivers "receivers_slow",
    /// Calls that ended with `wamp.error.network_failure`, because their caller did not read and a result did not fit.
    UnreadResults "results_unread",
    /// Connections that were closed because their queue exceeded [`Limits::outgoing_bytes`](crate::Limits::outgoing_bytes).
    SlowConsumer "slow_consumers",
    /// Sessions that were ended because they were silent for [`Limits::idle_timeout`](crate::Limits::idle_timeout).
    IdleTimeout "idle_timeouts",
    /// Events that a subscriber did not receive: its queue was full, or the event was too long.
    EventsLost "events_lost",
    /// Payloads that their receiver's serializer cannot represent, such as a NaN in JSON: events that a subscriber did not
    /// receive, and calls, results and errors that did not arrive as they were sent.
    Unrepresentable "payloads_unrepresentable",
    /// Peers that violated the protocol or that of their transport.
    ProtocolViolation "protocol_violations",
    /// Messages longer than the transport's `max_message`: each has ended its session, or a callee's answer its call.
    MessageBytes "messages_too_long",
    /// Peers that sent a message longer than [`Limits::hello_bytes`](crate::Limits::hello_bytes) before their session
    /// was open.
    HelloBytes "hello_messages_too_long",
    /// Long-polling clients silent for [`LongPollConfig::idle_timeout`](crate::long_poll::LongPollConfig::idle_timeout).
    LongPollTimeout "long_poll_timeouts",
    /// The number of times that reading from a connection paused because of [`Limits::requests_per_second`](crate::Limits::requests_per_second).
    RequestsPerSecond "requests_delayed",
    /// Messages other than events that were longer than
    /// [`Limits::outgoing_message_bytes`](crate::Limits::outgoing_message_bytes), or than their receiver accepts.
    OutgoingMessageBytes "outgoing_messages_too_long",
    /// Calls beyond [`Limits::calls_in_flight`](crate::Limits::calls_in_flight).
    Calls "calls_refused",
    /// Calls beyond [`Limits::calls_in_flight_in_all`](crate::Limits::calls_in_flight_in_all).
    CallsInAll "calls_in_all_refused",
    /// Calls that were refused, or ended for those of another realm, because their realm had more than
    /// [`Limits::calls_in_flight_of_realm`](crate::Limits::calls_in_flight_of_realm).
    CallsOfRealm "calls_of_realm_refused",
    /// Calls whose arguments would have exceeded the session's [`Limits::outgoing_bytes`](crate::Limits::outgoing_bytes).
    CallArguments "call_arguments_refused",
    /// Calls whose callee had [`Limits::invocations_in_flight`](crate::Limits::invocations_in_flight), or did not read.
    Invocations "invocations_refused",
    /// Calls that were refused, or ended for those of others, because their caller had more than
    /// [`Limits::invocations_in_flight_of_caller`](crate::Limits::invocations_in_flight_of_caller) at the callee.
    InvocationsOfCaller "invocations_of_caller_refused",
    /// Progressive calls that were ended because their inputs arrived faster than the handler took them.
    CallInputs "call_inputs_refused",
    /// Subscriptions beyond [`Limits::subscriptions`](crate::Limits::subscriptions).
    Subscriptions "subscriptions_refused",
    /// Subscriptions beyond [`Limits::pattern_subscriptions`](crate::Limits::pattern_subscriptions).
    PatternSubscriptions "pattern_subscriptions_refused",
    /// Registrations beyond [`Limits::registrations`](crate::Limits::registrations).
    Registrations "registrations_refused",
    /// Registrations by pattern beyond [`Limits::pattern_registrations`](crate::Limits::pattern_registrations).
    PatternRegistrations "pattern_registrations_refused",
    /// Calls of the meta API whose arguments exceed [`Limits::meta_arguments`](crate::Limits::meta_arguments).
    MetaArguments "meta_arguments_refused",
    /// Testaments beyond [`Limits::testaments`](crate::Limits::testaments), or longer than their share.
    Testaments "testaments_refused",
    /// Events that were not retained because of [`Limits::retained_events`](crate::Limits::retained_events) or
    /// [`Limits::retained_bytes`](crate::Limits::retained_bytes).
    Retained "retained_refused",
    /// Events that were not retained because of
    /// [`Limits::retained_events_of_session`](crate::Limits::retained_events_of_session) or
    /// [`Limits::retained_bytes_of_session`](crate::Limits::retained_bytes_of_session).
    RetainedOfSession "retained_of_session_refused",
    /// Events that were not retained because of [`TopicSettings::retain_limit`](crate::TopicSettings::retain_limit).
    RetainedOfTopics "retained_of_topics_refused",
    /// Requests that no permission allows: calls, registrations, publications and subscriptions.
    NotAuthorized "requests_denied",
    /// Requests that were denied because an authorizer failed, or did not answer within
    /// [`Limits::decision_timeout`](crate::Limits::decision_timeout).
    AuthorizationFailed "authorizations_failed",
    /// Requests that were refused because [`Limits::undecided_requests`](crate::Limits::undecided_requests) of their session
    /// waited for an authorizer.
    UndecidedRequests "undecided_requests_refused",
    /// Subscriptions to topics that nobody has opened in a realm made by [`Realm::new`](crate::Realm::new).
    ClosedTopic "closed_topics_refused",
    /// Publications whose lists of receivers were longer than [`Limits::receivers`](crate::Limits::receivers) or
    /// [`Limits::receivers_bytes`](crate::Limits::receivers_bytes).
    Receivers "receivers_refused",
    /// Calls and publications whose `forward_for` was longer than [`Limits::forward_for`](crate::Limits::forward_for) or
    /// [`Limits::forward_for_bytes`](crate::Limits::forward_for_bytes).
    ForwardFor "forward_for_refused",
    /// URIs beyond [`Limits::uri_bytes`](crate::Limits::uri_bytes) or [`Limits::uri_components`](crate::Limits::uri_components).
    Uri "uris_refused",
    /// Handlers that had not finished [`Limits::grace`](crate::Limits::grace) after their end, and were dropped.
    Grace "handlers_dropped",
    /// Panics of handlers, whose caller gets an error, and of connections, which end with it.
    Panic "panics",
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::counters::Counters;

    #[test]
    fn every_refusal_has_a_counter_and_a_name_of_its_own() {
        let counters = Counters::default();
        for (index, refusal) in (1..).zip(Refusal::ALL) {
            counters.count(*refusal, index);
        }
        let statistics = counters.snapshot(0, 0);
        let mut names = hashbrown::HashSet::new();
        for (index, refusal) in (1..).zip(Refusal::ALL) {
            assert_eq!(statistics.refused(*refusal), index);
            let name = refusal.name();
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert!(names.insert(name), "{name} is there twice");
        }
    }

    #[test]
    fn debug_names_every_counter() {
        let counters = Counters::default();
        counters.accepted();
        counters.count(Refusal::SlowConsumer, 1);
        let statistics = counters.snapshot(7, 0);
        let text = format!("{statistics:?}");
        assert!(
            text.starts_with("Statistics { connections: 7, connections_accepted: 1, sessions: 0, "),
            "{text}"
        );
        assert!(text.contains(", slow_consumers: 1, ") && !text.contains('['), "{text}");
        for (name, count) in statistics.iter() {
            assert!(text.contains(&format!(" {name}: {count}")), "{name} in {text}");
        }
    }

    #[test]
    fn what_is_not_zero_is_printed_one_a_line() {
        let counters = Counters::default();
        assert_eq!(counters.snapshot(0, 0).to_string(), "");
        counters.accepted();
        counters.session_began();
        counters.session_began();
        counters.session_ended();
        counters.count(Refusal::ConnectionsPerAddress, 1);
        let text = "connections 7\nconnections_accepted 1\nsessions 1\nsessions_established 2\n\
            connections_per_address_refused 1";
        assert_eq!(counters.snapshot(7, 0).to_string(), text);
    }
}
