//! Slowing down of attempts to authenticate after failures.
//!
//! In: failures and successes, by realm, address and claimed authid. Out: the time that the next attempt has to wait. Whether there is
//! such an authid makes no difference. Invariant: the table has a fixed size, and nobody is refused because of it: the right
//! secret gets in, later.

use crate::base::locks::Mutex;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Failures of one address for one authid that cost nothing: people mistype.
const FREE: u32 = 3;
/// Failures of all addresses together for one authid that cost nothing.
const FREE_OF_ALL: u32 = 32;
/// The delay after the first failure that costs something; each further one doubles it.
const FIRST: Duration = Duration::from_millis(250);
/// Failures are forgotten when there was none for so long.
const MEMORY: Duration = Duration::from_secs(15 * 60);
/// Entries that may hold the same key; the oldest gives way.
const WAYS: usize = 4;
const SETS: usize = 1024;

/// The failures of an application's peers.
#[derive(Debug)]
pub(crate) struct Slowdown {
    longest: Duration,
    hasher: RandomState,
    /// Empty until the first failure; 4,096 entries after that, 160 KiB at most.
    entries: Mutex<Vec<Option<Entry>>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u64,
    failures: u32,
    last: Instant,
}

/// Whom an attempt comes from, and whom it claims to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) realm: &'a str,
    pub(crate) address: Option<IpAddr>,
    pub(crate) authid: &'a str,
}

impl Slowdown {
    /// Delays attempts by at most `longest`; zero delays none.
    pub(crate) fn new(longest: Duration) -> Self {
        Self { longest, hasher: RandomState::new(), entries: Mutex::default() }
    }

    /// The time that an attempt has to wait from now on.
    pub(crate) fn delay(&self, claim: Claim<'_>, now: Instant) -> Duration {
        let [own, all] = self.keys(claim);
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = |key, free, longest: Duration| {
            let entry =
                set(&entries, key).iter().flatten().find(|entry| entry.key == key && !entry.is_old(now))?;
            let doublings = entry.failures.checked_sub(free + 1)?;
            let delay = FIRST.saturating_mul(1 << doublings.min(16)).min(longest);
            Some((entry.last + delay).saturating_duration_since(now))
        };
        let own = wait(own, FREE, self.longest).unwrap_or_default();
        own.max(wait(all, FREE_OF_ALL, FIRST.min(self.longest)).unwrap_or_default())
    }

    /// An attempt has failed.
    pub(crate) fn failed(&self, claim: Claim<'_>, now: Instant) {
        if self.longest.is_zero() {
            return;
        }
        let keys = self.keys(claim);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.is_empty() {
            entries.resize(SETS * WAYS, None);
        }
        for key in keys {
            let Some(ways) = entries.chunks_exact_mut(WAYS).nth(place(key)) else { continue };
            let failures =
                |entry: &Entry| if entry.is_old(now) { 1 } else { entry.failures.saturating_add(1) };
            let known = ways.iter().flatten().find(|entry| entry.key == key).map_or(1, failures);
            let same = ways.iter().position(|one| one.is_some_and(|entry| entry.key == key));
            let oldest =
                || (0..WAYS).min_by_key(|way| ways.get(*way).copied().flatten().map(|entry| entry.last));
            if let Some(slot) = same.or_else(oldest).and_then(|way| ways.get_mut(way)) {
                *slot = Some(Entry { key, failures: known, last: now });
            }
        }
    }

    /// An attempt has succeeded: the address is no longer slowed for this authid.
    pub(crate) fn passed(&self, claim: Claim<'_>) {
        let [own, _] = self.keys(claim);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        for slot in entries.chunks_exact_mut(WAYS).nth(place(own)).into_iter().flatten() {
            if slot.is_some_and(|entry| entry.key == own) {
                *slot = None;
            }
        }
    }

    /// The keys of the address with the authid, and of the authid alone.
    fn keys(&self, claim: Claim<'_>) -> [u64; 2] {
        let network = claim.address.map(network);
        let Claim { realm, authid, .. } = claim;
        [
            self.hasher.hash_one((realm, authid, Some(network))),
            self.hasher.hash_one((realm, authid, None::<Option<IpAddr>>)),
        ]
    }
}

impl Entry {
    fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) > MEMORY
    }
}

fn place(key: u64) -> usize {
    usize::try_from(key).unwrap_or_default() % SETS
}

fn set(entries: &[Option<Entry>], key: u64) -> &[Option<Entry>] {
    entries.chunks_exact(WAYS).nth(place(key)).unwrap_or_default()
}

/// Those that count as one address: one IPv6 network of 64 bits belongs to one household.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(address: &str, authid: &'static str) -> Claim<'static> {
        Claim { realm: "realm1", address: Some(address.parse().unwrap()), authid }
    }

    fn start() -> (Slowdown, Instant) {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let now = Instant::now();
        (Slowdown::new(Duration::from_secs(4)), now)
    }

    fn fail(slowdown: &Slowdown, claim: Claim<'_>, times: u32, now: Instant) {
        (0..times).for_each(|_| slowdown.failed(claim, now));
    }

    #[test]
    fn the_delay_doubles_up_to_its_bound_and_is_forgotten() {
        let (slowdown, now) = start();
        let joe = claim("192.0.2.1", "joe");
        let delays: Vec<u128> = (0..10)
            .map(|_| {
                slowdown.failed(joe, now);
                slowdown.delay(joe, now).as_millis()
            })
            .collect();
        assert_eq!(delays, [0, 0, 0, 250, 500, 1000, 2000, 4000, 4000, 4000]);
        assert_eq!(slowdown.delay(joe, now + Duration::from_secs(3)), Duration::from_secs(1));
        assert_eq!(slowdown.delay(joe, now + Duration::from_secs(4)), Duration::ZERO);
        // Whoever is slow by itself is still remembered.
        slowdown.failed(joe, now + Duration::from_secs(60));
        assert_eq!(slowdown.delay(joe, now + Duration::from_secs(60)), Duration::from_secs(4));
        let later = now + Duration::from_secs(60) + MEMORY + Duration::from_secs(1);
        slowdown.failed(joe, later);
        assert_eq!(slowdown.delay(joe, later), Duration::ZERO, "one failure, after a long time");
    }

    #[test]
    fn another_address_and_another_authid_are_not_slowed_and_success_ends_it() {
        let (slowdown, now) = start();
        let joe = claim("2001:db8:1:2::7", "joe");
        fail(&slowdown, joe, 8, now);
        assert_eq!(
            slowdown.delay(claim("2001:db8:1:2:ffff::1", "joe"), now),
            Duration::from_secs(4),
            "one household"
        );
        for other in
            [claim("2001:db8:1:3::7", "joe"), claim("2001:db8:1:2::7", "ada"), claim("192.0.2.1", "joe")]
        {
            assert_eq!(slowdown.delay(other, now), Duration::ZERO, "{other:?}");
        }
        let elsewhere = Claim { realm: "realm2", ..joe };
        assert_eq!(slowdown.delay(elsewhere, now), Duration::ZERO);
        slowdown.passed(joe);
        assert_eq!(slowdown.delay(joe, now), Duration::ZERO);
    }

    #[test]
    fn failures_of_many_addresses_delay_an_authid_by_a_moment() {
        let (slowdown, now) = start();
        for host in 1..=FREE_OF_ALL + 1 {
            slowdown.failed(claim(&format!("198.51.100.{host}"), "joe"), now);
        }
        assert_eq!(slowdown.delay(claim("192.0.2.1", "joe"), now), FIRST);
        fail(&slowdown, claim("198.51.100.1", "joe"), 1000, now);
        assert_eq!(slowdown.delay(claim("192.0.2.1", "joe"), now), FIRST, "and by no more");
        assert_eq!(slowdown.delay(claim("192.0.2.1", "ada"), now), Duration::ZERO);
    }

    #[test]
    fn the_table_keeps_its_size_whatever_is_tried() {
        let (slowdown, now) = start();
        for number in 0..100_000_u32 {
            let claim = Claim { realm: "realm1", address: None, authid: &number.to_string() };
            slowdown.failed(claim, now);
        }
        assert_eq!(slowdown.entries.lock().unwrap().len(), SETS * WAYS);
        assert!(size_of::<Option<Entry>>() * SETS * WAYS <= 160 << 10);
    }

    #[test]
    fn nobody_is_slowed_where_that_is_turned_off() {
        let (_, now) = start();
        let slowdown = Slowdown::new(Duration::ZERO);
        fail(&slowdown, claim("192.0.2.1", "joe"), 100, now);
        assert_eq!(slowdown.delay(claim("192.0.2.1", "joe"), now), Duration::ZERO);
        assert!(slowdown.entries.lock().unwrap().is_empty());
    }
}
