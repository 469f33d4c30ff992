//! How many sessions one authid has in a role that limits them.
//!
//! A session takes its seat when it is authenticated, before any handler is asked whether it may join, and keeps it until it
//! ends. Sessions of roles without such a limit take none.
//!
//! Invariant: of any number of sessions that ask at the same time no more than the limit get a seat, and one that is given up is
//! free before anybody hears that its session has left.

use super::RunningRealm;
use crate::WampError;
use crate::base::locks::{Mutex, MutexGuard};
use crate::router::session::RouterSession;
use hashbrown::HashMap;
use std::sync::{Arc, PoisonError};

/// The seats that are taken, by role and authid.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seats(Arc<Mutex<HashMap<Holder, usize>>>);

/// A role and an authid in it.
type Holder = (Box<str>, Box<str>);

/// A seat of a session, which is free when this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Seats,
    holder: Holder,
}

impl Seats {
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// Gives an authenticated session its seat, if its role has them.
    ///
    /// # Errors
    /// `wamp.error.unavailable` when its authid has as many sessions as it may.
    pub(crate) fn seat(&self, session: &RouterSession) -> Result<(), WampError> {
        let Some(most) = session.limits_of_role().sessions_per_authid else { return Ok(()) };
        let (role, authid) = (session.authrole(), session.authid());
        let seat = self.seats.take(role, authid, most).ok_or_else(|| {
            let sessions = if most == 1 { "session" } else { "sessions" };
            WampError::unavailable(format!(
                "this authid has {most} {sessions} in its role already, and may not have more at the same time"
            ))
        })?;
        let mut tables = session.tables();
        let left_over =
            if session.is_open() { tables.seat.replace(Box::new(seat)) } else { Some(Box::new(seat)) };
        drop(tables);
        drop(left_over);
        Ok(())
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
