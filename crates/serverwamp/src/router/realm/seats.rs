//! How many sessions a realm has, and one authid in a role that limits them.
//!
//! A session takes its seat when it is authenticated, before any handler is asked whether it may join, and keeps it until it
//! ends. Sessions of roles without such a limit take none. Every session takes a place in its realm, whether that is limited or not, so that
//! a limit that is set later counts those that are there.
//!
//! Invariant: of any number of sessions that ask at the same time no more than the limit get a seat, and one that is given up is
//! free before anybody hears that its session has left.

use super::{NoEntry, RunningRealm};
use crate::WampError;
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::statistics::Refusal;
use crate::router::session::RouterSession;
use hashbrown::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

/// The seats that are taken, by role and authid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seats(Arc<TakenSeats>);

#[derive(Debug, Default)]
struct TakenSeats {
    /// The sessions of the realm.
    in_realm: AtomicUsize,
    by_authid: Mutex<HashMap<Holder, usize>>,
}

/// A role and an authid in it.
type Holder = (Box<str>, Box<str>);

/// The place of a session among those of its realm, which is free when this is dropped.
#[derive(Debug)]
pub(crate) struct RealmPlace(Seats);

/// A seat of a session, which is free when this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    holder: Holder,
}

impl Seats {
    /// A place in the realm, if fewer than `most` are taken.
    fn take_place(&self, most: usize) -> Option<RealmPlace> {
        let more = |taken: usize| (taken < most).then_some(taken + 1);
        self.0.in_realm.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(RealmPlace(self.clone()))
    }

    /// A seat, if fewer than `most` are taken.
    fn take(&self, role: &str, authid: &str, most: usize) -> Option<Seat> {
        let holder: Holder = (role.into(), authid.into());
        let mut taken = self.taken();
        let count = taken.entry(holder.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Seat { seats: self.clone(), holder })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Holder, usize>> {
        self.0.by_authid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RealmPlace {
    fn drop(&mut self) {
        self.0.0.in_realm.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        if let Some(count) = taken.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.holder);
            }
        }
    }
}

impl RunningRealm {
    /// Gives an authenticated session its place in the realm, and its seat, if its role has them.
    ///
    /// # Errors
    /// `wamp.error.unavailable` when the realm, or its authid, has as many sessions as it may.
    pub(crate) fn seat(&self, session: &RouterSession) -> Result<(), NoEntry> {
        let most = self.context.config().limits.sessions.unwrap_or(usize::MAX);
        let place = self.seats.take_place(most).ok_or_else(|| {
            let text =
                format!("this realm has {most} sessions already, and may not have more at the same time");
            (Refusal::SessionsOfRealm, WampError::unavailable(text))
        })?;
        let seat = self.seat_of_authid(session).map_err(|full| (Refusal::SessionsOfAuthid, full))?;
        let mut tables = session.tables();
        // Nobody takes them out of the tables of a session that is over.
        let left_over = if session.is_open() {
            (tables.place.replace(place), std::mem::replace(&mut tables.seat, seat))
        } else {
            (Some(place), seat)
        };
        drop(tables);
        drop(left_over);
        Ok(())
    }

    fn seat_of_authid(&self, session: &RouterSession) -> Result<Option<Box<Seat>>, WampError> {
        let Some(most) = session.limits_of_role().sessions_per_authid else { return Ok(None) };
        let (role, authid) = (session.authrole(), session.authid());
        let seat = self.seats.take(role, authid, most).ok_or_else(|| {
            let sessions = if most == 1 { "session" } else { "sessions" };
            WampError::unavailable(format!(
                "this authid has {most} {sessions} in its role already, and may not have more at the same time"
            ))
        })?;
        Ok(Some(Box::new(seat)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn seats_are_those_of_one_authid_in_one_role_and_come_back() {
        let seats = Seats::default();
        let first = seats.take("guest", "ann", 2);
        let second = seats.take("guest", "ann", 2);
        assert!(first.is_some() && second.is_some() && seats.take("guest", "ann", 2).is_none());
        assert!(seats.take("guest", "bob", 2).is_some() && seats.take("staff", "ann", 2).is_some());
        drop(first);
        assert!(seats.take("guest", "ann", 2).is_some());
        drop(second);
        assert!(seats.taken().is_empty(), "whoever has no session is not remembered");
    }

    #[test]
    fn places_of_a_realm_are_counted_whatever_the_limit_is_then() {
        let seats = Seats::default();
        let three = [usize::MAX, 5, 3].map(|most| seats.take_place(most).unwrap());
        assert!(seats.take_place(3).is_none() && seats.take_place(1).is_none());
        drop(three);
        let one = seats.take_place(1);
        assert!(one.is_some() && seats.take_place(1).is_none());
    }

    #[test]
    fn of_many_that_ask_at_the_same_moment_as_many_get_one_as_there_are() {
        let seats = Seats::default();
        let ask = || (0..50).filter_map(|_| seats.take("guest", "ann", 70)).collect::<Vec<_>>();
        let taken = thread::scope(|scope| {
            let all: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(taken.iter().map(Vec::len).sum::<usize>(), 70);
        drop(taken);
        assert!(seats.taken().is_empty());
    }
}
