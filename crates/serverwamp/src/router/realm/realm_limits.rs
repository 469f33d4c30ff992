//! The limits of one realm: how many sessions it takes, and what it has in place of the application's limits for a realm.

use crate::base::limits::Limits;
use std::sync::Arc;
use std::time::Duration;

/// The limits of one realm, set through [`Realm::limits`](crate::Realm::limits). What it does not set is that of the application's
/// [`Limits`]; what it sets may be more or less than that.
///
/// They change when the realm is [reconfigured](crate::Realms::reconfigure), and send nobody away: sessions that are more than a lower
/// limit go on, and what is retained stays. [`ApplicationSettings`](crate::ApplicationSettings) says when each takes effect.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct RealmLimits {
    /// Sessions of the realm at the same time; beyond, ABORT `wamp.error.unavailable`, counted as `sessions_of_realm_refused`. A session
    /// counts from its authentication on until it ends. Default `None`, no limit: [`Limits::connections`] limits all realms together. 0
    /// is an error, because [`Realm::application_only`](crate::Realm::application_only) says so better.
    pub sessions: Option<usize>,
    /// The realm's share of the calls in flight, in place of [`Limits::calls_in_flight_of_realm`]. Default `None`.
    pub calls_in_flight: Option<usize>,
    /// In place of [`Limits::retained_events`]. Default `None`.
    pub retained_events: Option<usize>,
    /// In place of [`Limits::retained_bytes`]. Default `None`.
    pub retained_bytes: Option<usize>,
    /// In place of [`Limits::retained_events_of_session`]. Default `None`.
    pub retained_events_of_session: Option<usize>,
    /// In place of [`Limits::retained_bytes_of_session`]. Default `None`.
    pub retained_bytes_of_session: Option<usize>,
    /// In place of [`Limits::retained_age`]. Default `None`.
    pub retained_age: Option<Duration>,
    /// In place of [`Limits::cached_decisions`]. Default `None`.
    pub cached_decisions: Option<usize>,
    /// In place of [`Limits::cached_decision_time`]. Default `None`.
    pub cached_decision_time: Option<Duration>,
}

impl RealmLimits {
    /// What can never work.
    pub(crate) fn problems(&self) -> Vec<&'static str> {
        let mut problems = Vec::new();
        if self.sessions == Some(0) {
            problems.push("may have 0 sessions: write `application_only`, or set another limit");
        }
        if self.retained_age == Some(Duration::ZERO) {
            problems.push(
                "retains events for no time, so they would be gone at once: set `retained_events` to 0",
            );
        }
        problems
    }

    /// The limits that hold in the realm, where these are those of the application.
    pub(super) fn over(&self, all: &Arc<Limits>) -> Arc<Limits> {
        let Self {
            sessions: _,
            calls_in_flight,
            retained_events,
            retained_bytes,
            retained_events_of_session,
            retained_bytes_of_session,
            retained_age,
            cached_decisions,
            cached_decision_time,
        } = *self;
        if (Self { sessions: None, ..self.clone() }) == Self::default() {
            return Arc::clone(all);
        }
        let mut limits = (**all).clone();
        limits.calls_in_flight_of_realm = calls_in_flight.or(limits.calls_in_flight_of_realm);
        set(&mut limits.retained_events, retained_events);
        set(&mut limits.retained_bytes, retained_bytes);
        set(&mut limits.retained_events_of_session, retained_events_of_session);
        set(&mut limits.retained_bytes_of_session, retained_bytes_of_session);
        set(&mut limits.retained_age, retained_age);
        set(&mut limits.cached_decisions, cached_decisions);
        set(&mut limits.cached_decision_time, cached_decision_time);
        Arc::new(limits)
    }
}

fn set<T>(limit: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *limit = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_realm_does_not_set_is_that_of_the_application() {
        let all = Arc::new(Limits { calls_in_flight_in_all: 8, ..Limits::default() });
        let few = RealmLimits { sessions: Some(7), ..RealmLimits::default() };
        assert!(Arc::ptr_eq(&few.over(&all), &all), "no copy is needed");
        let own = RealmLimits {
            calls_in_flight: Some(3),
            cached_decision_time: Some(Duration::from_secs(1)),
            ..RealmLimits::default()
        };
        let limits = own.over(&all);
        assert_eq!((limits.realm_share().share(), all.realm_share().share()), (3, 4));
        assert_eq!(limits.cached_decision_time, Duration::from_secs(1));
        assert_eq!(limits.cached_decisions, all.cached_decisions);
    }
}
