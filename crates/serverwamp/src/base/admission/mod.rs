//! Admission of connections: their number in all and from each address, and the decision about one more.
//!
//! The code that accepts a connection asks once, as early as possible, and keeps the [`Permit`] as long as the connection lives.
//! An HTTP server that has asked puts the permit among its requests' extensions, where [`WebSocketService`] finds it.
//!
//! Invariant: a connection counts from its permit's making until the last copy of it is dropped, and a refused one is counted as
//! refused and as nothing else.
//!
//! [`WebSocketService`]: crate::WebSocketService

mod too_many;

pub(crate) use self::too_many::TooMany;

use crate::base::locks::{Mutex, MutexGuard};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use hashbrown::HashMap;

use crate::base::counters::Counters;
use crate::base::limits::Limits;
use crate::base::proxies::TrustedProxies;
use crate::base::statistics::Refusal;

/// Lets connections in, up to [`Limits::connections`] and [`Limits::connections_per_address`].
#[derive(Clone, Debug)]
pub(crate) struct Admissions(Arc<AdmissionShared>);

#[derive(Debug)]
struct AdmissionShared {
    limits: ArcSwap<AdmissionLimits>,
    now: AtomicUsize,
    /// They are not peers of the application, and not counted among them.
    apart: bool,
    /// Those that came while addresses had a limit.
    by_address: Mutex<HashMap<IpAddr, usize>>,
    strangers: Mutex<Strangers>,
    counters: Arc<Counters>,
}

/// The limits as they are now.
#[derive(Clone, Copy, Debug)]
struct AdmissionLimits {
    all: usize,
    per_address: usize,
    strangers: usize,
    strangers_per_address: usize,
    transports: usize,
}

/// The connections that are not authenticated.
#[derive(Debug, Default)]
struct Strangers {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The place of a connection among them.
#[derive(Clone, Copy, Debug)]
struct CountedAs {
    /// It counts among all, and not for its address alone.
    among_all: bool,
    address: Option<IpAddr>,
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
    /// Proxies, which represent many peers and are not counted by address.
    proxies: TrustedProxies,
    /// Its place among those that are not authenticated, until it is.
    place: Mutex<Option<CountedAs>>,
    /// The number of open transports that were opened over it.
    transports: OnceLock<Arc<AtomicUsize>>,
    /// The same of the connection over which this transport was opened.
    opened_over: Option<Arc<AtomicUsize>>,
}

impl Admissions {
    pub(crate) fn new(limits: &Limits, counters: Arc<Counters>) -> Self {
        Self::of(limits, counters, false)
    }

    /// The same for connections that are not peers of the application.
    pub(crate) fn apart(limits: &Limits, counters: Arc<Counters>) -> Self {
        Self::of(limits, counters, true)
    }

    fn of(limits: &Limits, counters: Arc<Counters>, apart: bool) -> Self {
        Self(Arc::new(AdmissionShared {
            apart,
            limits: ArcSwap::from_pointee(limits.into()),
            now: AtomicUsize::new(0),
            by_address: Mutex::default(),
            strangers: Mutex::default(),
            counters,
        }))
    }

    /// Whoever comes from now on is let in by these limits. Those that are there stay, and count as they did.
    pub(crate) fn limit(&self, limits: &Limits) {
        self.0.limits.store(Arc::new(limits.into()));
    }

    /// Lets a connection in; `address` is `None` for a peer that has none, or whose address nobody knows. One of these proxies
    /// does not count: the client behind it is known later, see [`Permit::count_for`].
    pub(crate) fn admit(&self, address: Option<IpAddr>, proxies: &TrustedProxies) -> Result<Permit, TooMany> {
        let (shared, most) = (&*self.0, self.0.limits.load().all);
        let more = |now: usize| (now < most).then_some(now + 1);
        if shared.now.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            let too_many = TooMany::InAll(most);
            shared.counters.refused(Refusal::Connections, address, too_many);
            return Err(too_many);
        }
        // From here on it counts, also if it is refused below: then until the end of this function.
        let mut counted = Counted::by(self.clone(), proxies.clone());
        counted.address = self.count_address(address, proxies)?;
        counted.place = Mutex::new(Some(self.seat(true, address, proxies)?));
        if !shared.apart {
            shared.counters.accepted();
        }
        Ok(Permit(Arc::new(counted)))
    }

    /// Lets a transport in that is opened over an HTTP connection, which lives as long as it likes. The permit of a
    /// connection is known where a [`Server`](crate::Server) has accepted it.
    pub(crate) fn admit_over(
        &self,
        connection: Option<&Permit>,
        from: Option<SocketAddr>,
        address: Option<IpAddr>,
        proxies: &TrustedProxies,
    ) -> Result<Permit, TooMany> {
        let Some(connection) = connection.filter(|_| !proxies.trusts(from)) else {
            return self.admit(address, proxies);
        };
        let most = self.0.limits.load().transports;
        let transports = connection.0.transports.get_or_init(Arc::default);
        let more = |now: usize| (now < most).then_some(now + 1);
        if transports.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            let too_many = TooMany::Transports(most);
            self.0.counters.refused(Refusal::Transports, from, too_many);
            return Err(too_many);
        }
        match self.admit(address, proxies) {
            Ok(permit) => {
                let mut counted = Counted::by(self.clone(), proxies.clone());
                counted.connection = Some(permit);
                counted.opened_over = Some(Arc::clone(transports));
                Ok(Permit(Arc::new(counted)))
            }
            Err(too_many) => {
                transports.fetch_sub(1, Ordering::Relaxed);
                Err(too_many)
            }
        }
    }

    /// Finds a connection a place among those that are not authenticated.
    fn seat(
        &self,
        among_all: bool,
        address: Option<IpAddr>,
        proxies: &TrustedProxies,
    ) -> Result<CountedAs, TooMany> {
        let AdmissionLimits { strangers: most, strangers_per_address, .. } = **self.0.limits.load();
        let address = address.filter(|address| !proxies.contains(*address)).map(neighbourhood);
        let mut strangers = self.strangers();
        let here =
            address.and_then(|address| strangers.by_address.get(&address)).copied().unwrap_or_default();
        let refused = if among_all && strangers.all >= most {
            Some((Refusal::Unauthenticated, TooMany::Unauthenticated(most)))
        } else if address.is_some() && here >= strangers_per_address {
            let too_many = TooMany::UnauthenticatedFromAddress(strangers_per_address);
            Some((Refusal::UnauthenticatedPerAddress, too_many))
        } else {
            None
        };
        if let Some((refusal, too_many)) = refused {
            drop(strangers);
            self.0.counters.refused(refusal, address, too_many);
            return Err(too_many);
        }
        strangers.all += usize::from(among_all);
        if let Some(address) = address {
            strangers.by_address.insert(address, here + 1);
        }
        Ok(CountedAs { among_all, address })
    }

    fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.0.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more for an address, and gives what has to be counted back: nothing where addresses have no limit.
    fn count_address(
        &self,
        address: Option<IpAddr>,
        proxies: &TrustedProxies,
    ) -> Result<Option<IpAddr>, TooMany> {
        let most = self.0.limits.load().per_address;
        if most == usize::MAX {
            return Ok(None);
        }
        let Some(address) = address.filter(|address| !proxies.contains(*address)).map(neighbourhood) else {
            return Ok(None);
        };
        let mut by_address = self.by_address();
        let here = by_address.entry(address).or_default();
        if *here >= most {
            if *here == 0 {
                by_address.remove(&address);
            }
            drop(by_address);
            let too_many = TooMany::FromAddress(most);
            self.0.counters.refused(Refusal::ConnectionsPerAddress, Some(address), too_many);
            return Err(too_many);
        }
        *here += 1;
        Ok(Some(address))
    }

    /// Counts a connection that this program opened itself, and that is therefore not refused.
    pub(crate) fn own(&self) -> Permit {
        self.0.now.fetch_add(1, Ordering::Relaxed);
        self.0.counters.accepted();
        Permit(Arc::new(Counted::by(self.clone(), TrustedProxies::none())))
    }

    /// The number of entries.
    pub(crate) fn now(&self) -> usize {
        self.0.now.load(Ordering::Relaxed)
    }

    fn by_address(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<&Limits> for AdmissionLimits {
    fn from(limits: &Limits) -> Self {
        let (strangers, strangers_per_address) = limits.strangers();
        Self {
            all: limits.connections,
            per_address: limits.connections_per_address,
            strangers,
            strangers_per_address,
            transports: limits.transports_per_connection,
        }
    }
}

impl Permit {
    /// Counts a connection for the address that was told by a proxy, if it does not already.
    pub(crate) fn count_for(self, address: Option<IpAddr>) -> Result<Self, TooMany> {
        let Counted { admissions, address: counted, proxies, .. } = &*self.0;
        let place = *self.0.place();
        let known = counted.or(place.and_then(|place| place.address));
        if address.is_none() || (known.is_some() && address.map(neighbourhood) == known) {
            return Ok(self);
        }
        let (admissions, proxies) = (admissions.clone(), proxies.clone());
        let mut told = Counted::by(admissions.clone(), proxies.clone());
        told.connection = Some(self);
        told.address = admissions.count_address(address, &proxies)?;
        if place.is_some() {
            told.place = Mutex::new(Some(admissions.seat(false, address, &proxies)?));
        }
        Ok(Self(Arc::new(told)))
    }

    /// Gives its place among those that are not authenticated to others.
    pub(crate) fn authenticate(&self) {
        self.0.leave_place();
        if let Some(connection) = &self.0.connection {
            connection.authenticate();
        }
    }

    /// Sets whether the connection has a session, from WELCOME to its end.
    pub(crate) fn set_in_session(&self, in_session: bool) {
        if in_session {
            self.authenticate();
        }
        self.0.in_session.store(in_session, Ordering::Release);
    }

    /// Returns whether there is: before, its peer is a stranger.
    pub(crate) fn is_in_session(&self) -> bool {
        self.0.in_session.load(Ordering::Acquire)
    }
}

impl Counted {
    const fn by(admissions: Admissions, proxies: TrustedProxies) -> Self {
        Self {
            admissions,
            address: None,
            connection: None,
            in_session: AtomicBool::new(false),
            proxies,
            place: Mutex::new(None),
            transports: OnceLock::new(),
            opened_over: None,
        }
    }

    fn place(&self) -> MutexGuard<'_, Option<CountedAs>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave_place(&self) {
        let Some(CountedAs { among_all, address }) = self.place().take() else { return };
        let mut strangers = self.admissions.strangers();
        strangers.all -= usize::from(among_all);
        if let Some(address) = address
            && let Some(here) = strangers.by_address.get_mut(&address)
        {
            *here -= 1;
            if *here == 0 {
                strangers.by_address.remove(&address);
            }
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.leave_place();
        let Self { admissions, address, connection, opened_over, .. } = self;
        if let Some(transports) = opened_over {
            transports.fetch_sub(1, Ordering::Relaxed);
        }
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
mod tests;
