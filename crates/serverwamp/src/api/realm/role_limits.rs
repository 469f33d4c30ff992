//! The limits of a role: what its sessions may have less of than [`Limits`] gives everybody.

use super::roles::RoleRules;
use crate::base::error::Problem;
use crate::base::limits::{Limits, RequestRate};
use crate::router::realm::RoleLimits;
use std::panic::Location;

/// With so many the last sixteenth of an outbox, which is for errors and the end of the session, has room for one.
const LEAST_OUTGOING_BYTES: usize = 4096;

impl RoleRules {
    /// The calls that a session of this role may have unanswered at once, at most
    /// [`Limits::calls_in_flight`] (default: that many). One more is refused with `wamp.error.unavailable` and counted as
    /// `calls_refused`. 0 is an error of `build`: [`deny`](Self::deny) says so better.
    #[track_caller]
    pub fn calls_in_flight(self, most: usize) -> Self {
        self.limit(RoleLimit::CallsInFlight(most), Location::caller())
    }

    /// The subscriptions that a session of this role may have, at most [`Limits::subscriptions`] (default: that many). One
    /// more is refused with `wamp.error.unavailable` and counted as `subscriptions_refused`. 0 is an error of `build`:
    /// [`deny`](Self::deny) says so better.
    #[track_caller]
    pub fn subscriptions(self, most: usize) -> Self {
        self.limit(RoleLimit::Subscriptions(most), Location::caller())
    }

    /// The requests that a session of this role may send in each second on average, and how many of them may come at once
    /// after a silence; at most [`Limits::requests_per_second`] and [`Limits::requests_burst`] (default: those). Beyond, its
    /// connection is not read until the next request is due, which is counted as `requests_delayed`: nothing is refused. A
    /// further session on the same connection begins with what is left. 0 of either is an error of `build`.
    #[track_caller]
    pub fn requests_per_second(self, rate: u32, burst: u32) -> Self {
        self.limit(RoleLimit::Requests(RequestRate { rate, burst }), Location::caller())
    }

    /// The bytes that may wait for a session of this role, at most [`Limits::outgoing_bytes`] (default: that many), with the
    /// same consequences; a longer message is treated as one beyond [`Limits::outgoing_message_bytes`]. What may be
    /// [borrowed](Limits::borrowed_bytes) comes on top, and what the server holds of a session's arguments is limited by
    /// `Limits` alone. Less than 4096 are an error of `build`: the last sixteenth would hold no error.
    #[track_caller]
    pub fn outgoing_bytes(self, most: usize) -> Self {
        self.limit(RoleLimit::OutgoingBytes(most), Location::caller())
    }

    /// The sessions that one authid may have in this role and this realm at the same time (default: no limit, because one
    /// user has several devices). One more is refused with ABORT `wamp.error.unavailable` and counted as
    /// `sessions_of_authid_refused`. 0 is an error of `build`, and so is a limit for a role that only anonymous peers have:
    /// each of them has an authid of its own, see [`Limits::connections_per_address`].
    #[track_caller]
    pub fn sessions_per_authid(self, most: usize) -> Self {
        self.limit(RoleLimit::SessionsPerAuthid(most), Location::caller())
    }

    fn limit(mut self, limit: RoleLimit, place: &'static Location<'static>) -> Self {
        self.limits.0.push((limit, place));
        self
    }
}

/// One limit as the application wrote it.
#[derive(Clone, Copy, Debug)]
enum RoleLimit {
    CallsInFlight(usize),
    Subscriptions(usize),
    Requests(RequestRate),
    OutgoingBytes(usize),
    SessionsPerAuthid(usize),
}

/// The limits of a role, each with its place in the program. Of two that limit the same the later one counts.
#[derive(Clone, Debug, Default)]
pub(super) struct PlacedLimits(Vec<(RoleLimit, &'static Location<'static>)>);

impl PlacedLimits {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The limits of the role `name`; what is wrong with them goes to `problems`.
    pub(super) fn compile(&self, name: &str, limits: &Limits, problems: &mut Vec<Problem>) -> RoleLimits {
        let mut compiled = RoleLimits::default();
        for (limit, place) in &self.0 {
            let faults = limit.faults(limits).into_iter();
            problems.extend(faults.map(|fault| Problem::new(place, format!("role {name:?} {fault}"))));
            match *limit {
                RoleLimit::CallsInFlight(most) => compiled.calls_in_flight = Some(most),
                RoleLimit::Subscriptions(most) => compiled.subscriptions = Some(most),
                RoleLimit::Requests(rate) => compiled.requests = Some(rate),
                RoleLimit::OutgoingBytes(most) => compiled.outgoing_bytes = Some(most),
                RoleLimit::SessionsPerAuthid(most) => compiled.sessions_per_authid = Some(most),
            }
        }
        compiled
    }

    /// What is wrong where everybody in the role `name` is anonymous.
    pub(super) fn among_anonymous(&self, name: &str) -> impl Iterator<Item = Problem> {
        let counts_authids =
            self.0.iter().filter(|(limit, _)| matches!(limit, RoleLimit::SessionsPerAuthid(_)));
        counts_authids.map(move |(_, place)| {
            let text = format!(
                "role {name:?} limits the sessions of one authid, and is that of anonymous peers alone, of whom each has \
                 an authid of its own: limit `connections_per_address`"
            );
            Problem::new(place, text)
        })
    }
}

impl RoleLimit {
    /// Why this can never work, or never count, beside the limits of everybody.
    fn faults(self, limits: &Limits) -> Vec<String> {
        let most = |what: &str, most: usize, of_all: usize| {
            (most > of_all).then(|| {
                format!(
                    "has {most} {what}, more than everybody: `Limits::{what}` is {of_all}, and a role can only have less"
                )
            })
        };
        let none = |nothing: bool, would: &str| {
            nothing.then(|| format!("has a limit of 0, which {would}: leave it out or set another value"))
        };
        let faults = match self {
            Self::CallsInFlight(0) | Self::Subscriptions(0) => {
                [Some("has a limit of 0, which lets it do nothing: use `deny` for that".to_owned()), None]
            }
            Self::CallsInFlight(calls) => [most("calls_in_flight", calls, limits.calls_in_flight), None],
            Self::Subscriptions(count) => [most("subscriptions", count, limits.subscriptions), None],
            Self::Requests(RequestRate { rate, burst }) if rate == 0 || burst == 0 => {
                [none(true, "would have nothing read from it"), None]
            }
            Self::Requests(RequestRate { rate, burst }) => {
                let of_all = limits.request_rate();
                let beyond = |what, own: u32, of_all: Option<u32>| {
                    of_all.and_then(|of_all| most(what, own as usize, of_all as usize))
                };
                [
                    beyond("requests_per_second", rate, of_all.map(|of_all| of_all.rate)),
                    beyond("requests_burst", burst, of_all.map(|of_all| of_all.burst)),
                ]
            }
            Self::OutgoingBytes(bytes) if bytes < LEAST_OUTGOING_BYTES => [
                Some(format!(
                    "has room for {bytes} outgoing bytes, of which a sixteenth is for errors and the end of the session: \
                     give it {LEAST_OUTGOING_BYTES} at least"
                )),
                None,
            ],
            Self::OutgoingBytes(bytes) => [most("outgoing_bytes", bytes, limits.outgoing_bytes), None],
            Self::SessionsPerAuthid(count) => [none(count == 0, "lets nobody in"), None],
        };
        faults.into_iter().flatten().collect()
    }
}
