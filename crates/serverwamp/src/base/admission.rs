//! How many connections there are, in all and from each address, and whether one more may come.
//!
//! Whoever accepts a connection asks once, as early as it can, and keeps the [`Permit`] as long as the connection lives.
//! An HTTP server that has asked puts the permit among its requests' extensions, where [`WebSocketService`] finds it.
//!
//! Invariant: a connection counts from its permit's making until the last copy of it is dropped, and who is refused is
//! counted as refused and as nothing else.
//!
//! [`WebSocketService`]: crate::WebSocketService

use crate::base::locks::{Mutex, MutexGuard};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};

use hashbrown::HashMap;

use crate::base::limits::Limits;
use crate::base::proxies::TrustedProxies;
use crate::base::statistics::{Counters, Refusal};

/// Lets connections in, up to [`Limits::connections`] and [`Limits::connections_per_address`].
#[derive(Clone, Debug)]
pub(crate) struct Admissions(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    limit_per_address: usize,
    now: AtomicUsize,
    /// Stays empty where addresses have no limit.
    by_address: Mutex<HashMap<IpAddr, usize>>,
    /// Who stands for many, and is not counted by address.
    proxies: TrustedProxies,
    counters: Arc<Counters>,
}

/// One connection that counts; its copies are the same connection.
#[derive(Clone, Debug)]
pub(crate) struct Permit(Arc<Counted>);

#[derive(Debug)]
struct Counted {
    admissions: Admissions,
    /// The address it counts for, too.
    address: Option<IpAddr>,
    /// The connection that counts already, where this is its peer's address alone.
    connection: Option<Permit>,
    /// Whether there is a session on it.
    in_session: AtomicBool,
}

/// Which limit a connection would exceed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TooMany {
    /// [`Limits::connections`], which are this many.
    InAll(usize),
    /// [`Limits::connections_per_address`], which are this many.
    FromAddress(usize),
}

impl Admissions {
    pub(crate) fn new(limits: &Limits, proxies: TrustedProxies, counters: Arc<Counters>) -> Self {
        Self(Arc::new(Shared {
            limit: limits.connections,
            limit_per_address: limits.connections_per_address,
            now: AtomicUsize::new(0),
            by_address: Mutex::default(),
            proxies,
            counters,
        }))
    }

    /// Lets a connection in; `address` is `None` for a peer that has none, or whose address nobody knows. A trusted proxy's
    /// does not count: who is behind it is known later, see [`Permit::count_for`].
    pub(crate) fn admit(&self, address: Option<IpAddr>) -> Result<Permit, TooMany> {
        let shared = &*self.0;
        let more = |now: usize| (now < shared.limit).then_some(now + 1);
        if shared.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            let too_many = TooMany::InAll(shared.limit);
            shared.counters.refused(Refusal::Connections, address, too_many);
            return Err(too_many);
        }
        // From here on it counts, also if it is refused below: then until the end of this function.
        let mut counted = Counted::by(self.clone());
        counted.address = self.count_address(address)?;
        shared.counters.accepted();
        Ok(Permit(Arc::new(counted)))
    }

    /// Counts one more for an address, and gives what has to be counted back: nothing where addresses have no limit.
    fn count_address(&self, address: Option<IpAddr>) -> Result<Option<IpAddr>, TooMany> {
        let Shared { limit_per_address, proxies, counters, .. } = &*self.0;
        if *limit_per_address == usize::MAX {
            return Ok(None);
        }
        let Some(address) = address.filter(|address| !proxies.contains(*address)).map(neighbourhood) else {
            return Ok(None);
        };
        let mut by_address = self.by_address();
        let here = by_address.entry(address).or_default();
        if *here >= *limit_per_address {
            if *here == 0 {
                by_address.remove(&address);
            }
            drop(by_address);
            let too_many = TooMany::FromAddress(*limit_per_address);
            counters.refused(Refusal::ConnectionsPerAddress, Some(address), too_many);
            return Err(too_many);
        }
        *here += 1;
        Ok(Some(address))
    }

    /// Counts a connection that this program opened itself, and that is therefore not refused.
    pub(crate) fn own(&self) -> Permit {
        self.0.now.fetch_add(1, Ordering::Relaxed);
        self.0.counters.accepted();
        Permit(Arc::new(Counted::by(self.clone())))
    }

    /// How many there are.
    pub(crate) fn now(&self) -> usize {
        self.0.now.load(Ordering::Relaxed)
    }

    fn by_address(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Counts a connection for the address that was told by a proxy, if it does not already.
    pub(crate) fn count_for(self, address: Option<IpAddr>) -> Result<Self, TooMany> {
        let Counted { admissions, address: counted, .. } = &*self.0;
        if counted.is_some() && address.map(neighbourhood) == *counted {
            return Ok(self);
        }
        let admissions = admissions.clone();
        match admissions.count_address(address)? {
            None => Ok(self),
            address => {
                let (connection, in_session) = (Some(self), AtomicBool::new(false));
                Ok(Self(Arc::new(Counted { admissions, address, connection, in_session })))
            }
        }
    }

    /// Says whether there is a session on the connection now, from WELCOME to its end.
    pub(crate) fn set_in_session(&self, in_session: bool) {
        self.0.in_session.store(in_session, Ordering::Release);
    }

    /// Whether there is: before, its peer is a stranger.
    pub(crate) fn is_in_session(&self) -> bool {
        self.0.in_session.load(Ordering::Acquire)
    }
}

impl Counted {
    const fn by(admissions: Admissions) -> Self {
        Self { admissions, address: None, connection: None, in_session: AtomicBool::new(false) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Self { admissions, address, connection, .. } = self;
        if connection.is_none() {
            admissions.0.now.fetch_sub(1, Ordering::Relaxed);
        }
        let Some(address) = address else { return };
        let mut by_address = admissions.by_address();
        if let Some(here) = by_address.get_mut(address) {
            *here -= 1;
            if *here == 0 {
                by_address.remove(address);
            }
        }
    }
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InAll(limit) => write!(f, "too many connections: the server takes {limit}"),
            Self::FromAddress(limit) => {
                write!(f, "too many connections from your address: the server takes {limit}")
            }
        }
    }
}

/// The addresses that count as one: an IPv6 subscriber has at least 2^64 of them, and a dual-stack socket writes IPv4
/// addresses as IPv6 ones.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admissions(connections: usize, per_address: usize) -> Admissions {
        let limits = Limits { connections, connections_per_address: per_address, ..Limits::default() };
        Admissions::new(&limits, TrustedProxies::proxy_protocol(["10.9.0.0/16"]), Arc::default())
    }

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn as_many_connections_come_in_as_the_limit_says_and_no_more() {
        let admissions = admissions(2, usize::MAX);
        let first = admissions.admit(address("10.0.0.1")).unwrap();
        let copy = first.clone();
        let _second = admissions.admit(None).unwrap();
        assert_eq!(admissions.admit(None).unwrap_err(), TooMany::InAll(2));
        drop(first);
        assert_eq!(admissions.admit(None).unwrap_err(), TooMany::InAll(2), "a copy of it is left");
        drop(copy);
        assert_eq!(admissions.now(), 1);
        admissions.admit(None).unwrap();
        assert_eq!(admissions.now(), 1, "who is let go of does not count");
    }

    #[test]
    fn an_address_has_a_limit_of_its_own_and_who_is_refused_by_it_does_not_count() {
        let admissions = admissions(3, 1);
        let here = admissions.admit(address("10.0.0.1")).unwrap();
        for same in ["10.0.0.1", "::ffff:10.0.0.1"] {
            assert_eq!(admissions.admit(address(same)).unwrap_err(), TooMany::FromAddress(1));
        }
        assert_eq!(admissions.now(), 1);
        let _there = admissions.admit(address("10.0.0.2")).unwrap();
        drop(here);
        let _again = admissions.admit(address("10.0.0.1")).unwrap();
        assert_eq!(admissions.by_address().len(), 2);
        // Who has no address is nobody's neighbour.
        let _unknown = admissions.admit(None).unwrap();
        assert_eq!(admissions.admit(None).unwrap_err(), TooMany::InAll(3));
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together() {
        let admissions = admissions(9, 1);
        let _first = admissions.admit(address("2001:db8:0:1::1")).unwrap();
        assert_eq!(admissions.admit(address("2001:db8:0:1:ffff::2")).unwrap_err(), TooMany::FromAddress(1));
        drop(admissions.admit(address("2001:db8:0:2::1")).unwrap());
    }

    #[test]
    fn an_address_that_is_gone_or_was_refused_takes_no_memory() {
        let one = admissions(9, 1);
        drop(one.admit(address("10.0.0.1")).unwrap());
        assert!(one.by_address().is_empty());
        let none = admissions(9, 0);
        assert_eq!(none.admit(address("10.0.0.1")).unwrap_err(), TooMany::FromAddress(0));
        assert!(none.by_address().is_empty());
    }

    #[test]
    fn what_the_program_opens_itself_counts_and_is_not_refused() {
        let admissions = admissions(1, usize::MAX);
        let _own = [admissions.own(), admissions.own()];
        assert_eq!(admissions.now(), 2);
        assert_eq!(admissions.admit(None).unwrap_err(), TooMany::InAll(1));
    }

    #[test]
    fn a_proxy_has_no_limit_and_those_it_asks_for_have_theirs() {
        let admissions = admissions(9, 1);
        let proxied: Vec<Permit> = (0..4).map(|_| admissions.admit(address("10.9.1.1")).unwrap()).collect();
        let [first, second, third, fourth] = proxied.try_into().unwrap();
        let first = first.count_for(address("192.0.2.1")).unwrap();
        assert_eq!(second.count_for(address("192.0.2.1")).unwrap_err(), TooMany::FromAddress(1));
        assert_eq!(admissions.now(), 3, "who is refused is gone");
        let _third = third.count_for(address("192.0.2.2")).unwrap();
        // That the proxy speaks for itself, or for nobody, changes nothing.
        let fourth = fourth.count_for(address("10.9.1.1")).unwrap().count_for(None).unwrap();
        assert_eq!(admissions.by_address().len(), 2);
        // Once is enough.
        let first = first.count_for(address("192.0.2.1")).unwrap();
        drop((first, fourth));
        assert_eq!((admissions.now(), admissions.by_address().len()), (1, 1));
        drop(admissions.admit(address("192.0.2.1")).unwrap());
    }
}
