//! Bounds: those with which nothing works, and those that contradict each other.

use super::space::Space;
use super::{Checking, mistake_at};
use crate::codes;
use crate::mistake::Mistake;
use crate::model::{Limits, Listener, Role, Service};
use crate::node::Place;
use crate::reading::At;
use crate::values::{Bytes, Count, Number, Time};

/// No HELLO and no WELCOME has fewer bytes.
const SHORTEST_OPENING: usize = 20;
/// What the library asks for, of the bytes that may wait for a peer.
const LEAST_OUTGOING: usize = 4096;

/// A bound as a number, if there is one.
trait Amount {
    fn amount(&self) -> Option<usize>;
}

impl<const MIN: u64, const MAX: u64> Amount for Number<MIN, MAX> {
    fn amount(&self) -> Option<usize> {
        Some(self.count())
    }
}

impl Amount for Bytes {
    fn amount(&self) -> Option<usize> {
        Some(self.count())
    }
}

impl<T: Amount> Amount for Option<T> {
    fn amount(&self) -> Option<usize> {
        self.as_ref()?.amount()
    }
}

/// Compares parts with wholes, each by the name of its key.
macro_rules! parts {
    ($checking:ident, $limits:ident: [$($part:ident of $whole:ident,)+]) => {
        $($checking.part(stringify!($part), &$limits.$part, stringify!($whole), &$limits.$whole);)+
    };
}

impl Checking<'_> {
    pub(super) fn limits(&mut self) {
        let limits = self.config.limits.value();
        self.zeroes(limits);
        self.contradictions(limits);
    }

    /// Bounds of 0 with which nobody could do anything.
    fn zeroes(&mut self, limits: &Limits) {
        let refuses = "every connection would be refused";
        let some = |count: &At<Option<Count>>| (count.map_or(1, Count::count), count.place().cloned());
        let count = |count: &At<Count>| (count.count(), count.place().cloned());
        let time = |time: &At<Time>| (usize::from(!time.get().is_zero()), time.place().cloned());
        let maybe = |time: &At<Option<Time>>| {
            (usize::from(time.is_none_or(|time| !time.get().is_zero())), time.place().cloned())
        };
        for (key, (number, place), would) in [
            ("connections_per_address", some(&limits.connections_per_address), refuses),
            ("unauthenticated", some(&limits.unauthenticated), refuses),
            ("unauthenticated_per_address", some(&limits.unauthenticated_per_address), refuses),
            (
                "transports_per_connection",
                count(&limits.transports_per_connection),
                "no transport could be opened",
            ),
            ("hello_timeout", time(&limits.hello_timeout), "every HELLO would be too late"),
            (
                "authenticate_timeout",
                time(&limits.authenticate_timeout),
                "nobody could be authenticated in time",
            ),
            ("idle_timeout", maybe(&limits.idle_timeout), "every session would end at once"),
            ("outgoing_messages", count(&limits.outgoing_messages), "nothing could be sent"),
            ("invocations_in_flight", count(&limits.invocations_in_flight), "no client could be called"),
            ("retained_age", maybe(&limits.retained_age), "what is retained would be gone at once"),
            ("undecided_requests", count(&limits.undecided_requests), "no authorizer could be asked"),
            ("decision_timeout", time(&limits.decision_timeout), "every authorizer would be too late"),
            ("uri_components", count(&limits.uri_components), "no URI would be accepted"),
            (
                "longest_call_timeout",
                time(&limits.longest_call_timeout),
                "calls with a timeout would end at once",
            ),
        ] {
            if number == 0 {
                self.zero(key, place.as_ref(), would);
            }
        }
        for (key, bytes) in [
            ("hello_bytes", &limits.hello_bytes),
            ("outgoing_bytes", &limits.outgoing_bytes),
            ("outgoing_message_bytes", &limits.outgoing_message_bytes),
        ] {
            self.opening(key, bytes);
        }
        if limits.uri_bytes.count() == 0 {
            self.zero("uri_bytes", limits.uri_bytes.place(), "no URI would be accepted");
        }
    }

    pub(super) fn zero(&mut self, key: &str, place: Option<&Place>, would: &str) {
        let title = format!("`{key}` is 0, so {would}");
        let mistake = Mistake::new(&codes::NOTHING_WORKS, title).at_if(place);
        self.add(mistake.help(format!("leave `{key}` out for its default, or set another value")));
    }

    /// Bytes that have to have room for the first message.
    fn opening(&mut self, key: &str, bytes: &At<Bytes>) {
        if bytes.count() < SHORTEST_OPENING {
            let title = format!("`{key}` is {}, and no HELLO and no WELCOME is that short", bytes.count());
            let mistake = Mistake::new(&codes::NOTHING_WORKS, title).at_if(bytes.place());
            self.add(mistake.help(format!(
                "it needs {SHORTEST_OPENING} bytes at the very least; write a unit, such as \"64 KiB\""
            )));
        }
    }

    pub(super) fn listener_bounds(&mut self, listener: &At<Listener>) {
        let (websocket, rawsocket, polls) = (&listener.websocket, &listener.rawsocket, &listener.long_poll);
        let hello = &self.config.limits.hello_bytes;
        for (served, key, bytes) in [
            (listener.has_websockets(), "websocket.max_message", &websocket.max_message),
            (listener.serves(Service::RawSocket), "rawsocket.max_message", &rawsocket.max_message),
            (listener.serves(Service::LongPoll), "long_poll.max_message", &polls.max_message),
        ] {
            if !served {
                continue;
            }
            self.opening(key, bytes);
            if bytes.count() < hello.count() && (bytes.place().is_some() || hello.place().is_some()) {
                let title = format!("`hello_bytes` is more than `{key}`, which counts");
                self.contradiction(
                    title,
                    bytes.place().or_else(|| hello.place()),
                    hello.place().filter(|_| bytes.place().is_some()),
                );
            }
        }
        for (key, time, would) in [
            ("websocket.ping_interval", &websocket.ping_interval, "peers would be pinged without end"),
            ("websocket.ping_timeout", &websocket.ping_timeout, "every pinged peer would be given up"),
            (
                "websocket.write_timeout",
                &websocket.write_timeout,
                "every peer that does not read at once would be given up",
            ),
            ("rawsocket.ping_timeout", &rawsocket.ping_timeout, "every pinged peer would be given up"),
            (
                "rawsocket.write_timeout",
                &rawsocket.write_timeout,
                "every peer that does not read at once would be given up",
            ),
            ("long_poll.idle_timeout", &polls.idle_timeout, "every transport would end between two requests"),
            (
                "long_poll.receive_timeout",
                &polls.receive_timeout,
                "clients would ask for messages without end",
            ),
            ("http.handshake_timeout", &listener.http.handshake_timeout, "every handshake would be too late"),
            ("http.request_timeout", &listener.http.request_timeout, "every request would be too late"),
        ] {
            if time.get().is_zero() {
                self.zero(key, time.place(), would);
            }
        }
        if let Some(time) = *rawsocket.ping_interval
            && time.get().is_zero()
        {
            self.zero(
                "rawsocket.ping_interval",
                rawsocket.ping_interval.place(),
                "peers would be pinged without end",
            );
        }
    }

    /// Parts that are larger than the whole.
    fn contradictions(&mut self, limits: &Limits) {
        parts!(self, limits: [
            connections_per_address of connections,
            unauthenticated of connections,
            unauthenticated_per_address of unauthenticated,
            pattern_subscriptions of subscriptions,
            pattern_registrations of registrations,
            calls_in_flight of calls_in_flight_in_all,
            calls_in_flight_of_realm of calls_in_flight_in_all,
            invocations_in_flight_of_caller of invocations_in_flight,
            retained_events_of_session of retained_events,
            retained_bytes_of_session of retained_bytes,
            outgoing_message_bytes of outgoing_bytes,
        ]);
        if limits.requests_per_second.is_none() {
            let title = "`requests_burst` has no effect without `requests_per_second`";
            self.no_effect(
                limits.requests_burst.place(),
                title,
                "set `requests_per_second`, or leave it out",
            );
        }
    }

    /// Only a part that is written is told of: defaults adapt.
    fn part<P: Amount, W: Amount>(&mut self, part: &str, of_part: &At<P>, whole: &str, of_whole: &At<W>) {
        let (Some(place), Some(most), Some(all)) = (of_part.place(), of_part.amount(), of_whole.amount())
        else {
            return;
        };
        if most > all {
            let title = format!("`{part}` is {most}, more than `{whole}`, which is {all}");
            self.contradiction(title, Some(place), of_whole.place());
        }
    }

    fn contradiction(&mut self, title: String, place: Option<&Place>, other: Option<&Place>) {
        let mistake = Mistake::new(&codes::CONTRADICTION, title).at_if(place);
        self.add(
            mistake
                .related(other, "the bound that counts")
                .help("the smaller one counts: raise it, or lower the other"),
        );
    }

    pub(super) fn realm_bounds(&mut self, space: &Space<'_>) {
        let limits = self.config.limits.value();
        if let (Some(sessions), Some(connections)) = (*space.limits.sessions, *limits.connections)
            && sessions.get() > connections.get()
        {
            let title = format!(
                "`sessions` is {}, more than `limits.connections`, which is {}",
                sessions.get(),
                connections.get()
            );
            self.contradiction(title, space.limits.sessions.place(), limits.connections.place());
        }
    }

    /// The library refuses a role that may have more than everybody.
    pub(super) fn role_bounds(&mut self, name: &str, role: &At<Role>) {
        let (own, all) = (role.limits.value(), self.config.limits.value());
        let calls = own.calls_in_flight.map(|most| most.count());
        let subscriptions = own.subscriptions.map(|most| most.count());
        let bytes = own.outgoing_bytes.map(Bytes::count);
        let rate = own.requests_per_second.map(|rate| rate.count());
        let rate_of_all = all.requests_per_second.map_or(usize::MAX, |rate| rate.count());
        for (key, most, of_all, place, other) in [
            (
                "calls_in_flight",
                calls,
                all.calls_in_flight.count(),
                own.calls_in_flight.place(),
                all.calls_in_flight.place(),
            ),
            (
                "subscriptions",
                subscriptions,
                all.subscriptions.count(),
                own.subscriptions.place(),
                all.subscriptions.place(),
            ),
            (
                "outgoing_bytes",
                bytes,
                all.outgoing_bytes.count(),
                own.outgoing_bytes.place(),
                all.outgoing_bytes.place(),
            ),
            (
                "requests_per_second",
                rate,
                rate_of_all,
                own.requests_per_second.place(),
                all.requests_per_second.place(),
            ),
        ] {
            if let Some(most) = most.filter(|most| *most > of_all) {
                let title =
                    format!("role {name:?} has {most} for `{key}`, more than everybody, who has {of_all}");
                let mistake = Mistake::new(&codes::LOOSER_THAN_ALL, title).at_if(place);
                self.add(
                    mistake
                        .related(other, "for everybody")
                        .help(format!("raise `limits.{key}`, and bound the other roles")),
                );
            }
        }
        if bytes.is_some_and(|bytes| bytes < LEAST_OUTGOING) {
            let title = format!("role {name:?} has so little room for outgoing bytes that errors do not fit");
            let help = format!(
                "give it {LEAST_OUTGOING} bytes at the very least; write a unit, such as \"256 KiB\""
            );
            self.add(mistake_at(&codes::NOTHING_WORKS, title, &own.outgoing_bytes, role).help(help));
        }
        if own.requests_per_second.is_none() {
            let title = "`requests_burst` has no effect without `requests_per_second`";
            self.no_effect(own.requests_burst.place(), title, "set `requests_per_second`, or leave it out");
        }
    }
}
