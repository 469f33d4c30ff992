//! Slowing down of attempts to authenticate after failures.
//!
//! In: failures and successes, by realm, address and claimed authid. Out: the time that the next attempt has to wait, between its
//! AUTHENTICATE and the look at it; whoever waited with others for the same moment goes alone, so that guesses over many connections
//! are no faster. Whether there is such an authid makes no difference. Invariants: the table has a fixed size, and a count for each
//! authid of which an attempt is being judged; nobody is refused because of it: the right secret gets in, later.

#[cfg(test)]
mod tests;

use crate::base::locks::{Mutex, MutexGuard};
use hashbrown::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Failures of one address for one authid that cost nothing: people mistype.
const FREE: u32 = 3;
/// Failures of all addresses together for one authid that cost nothing.
const FREE_OF_ALL: u32 = 32;
/// The delay after the first failure that costs something; each further one doubles it.
const FIRST: Duration = Duration::from_millis(250);
/// Attempts of one address for one authid that are judged at the same time. It bounds the guesses that run ahead of their failures;
/// it is more than the threads that hash, so that many right logins of one authid lose nothing.
const AT_ONCE: u32 = 16;
/// The time after which an attempt that is one too many asks again.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// Failures are forgotten when there was none for so long.
const MEMORY: Duration = Duration::from_secs(15 * 60);
/// Entries that may hold the same key; the oldest gives way.
const WAYS: usize = 4;
const SETS: usize = 1024;
/// Addresses from which an authid has come in, at the most.
const KNOWN: usize = 4096;

/// The failures of an application's peers.
#[derive(Debug)]
pub(crate) struct Slowdown {
    /// In nanoseconds.
    longest: AtomicU64,
    hasher: RandomState,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// Empty until the first failure; 4,096 entries after that, 160 KiB at most.
    entries: Vec<Option<Entry>>,
    /// The attempts of an address for an authid that are being judged.
    judged: HashMap<u64, u32>,
    /// Keys of addresses from which an authid has come in; the place of each follows from it, and the latest has it. Empty until the
    /// first one; 32 KiB after that.
    known: Vec<u64>,
}

/// The time that an attempt has to wait before it asks again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Wait {
    pub(crate) time: Duration,
    /// Otherwise because of as many attempts that are being judged.
    pub(crate) because_of_failures: bool,
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
        let this = Self { longest: AtomicU64::new(0), hasher: RandomState::new(), table: Mutex::default() };
        this.limit(longest);
        this
    }

    /// Delays attempts by at most so much from now on.
    pub(crate) fn limit(&self, longest: Duration) {
        let nanos = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        self.longest.store(nanos, Ordering::Relaxed);
    }

    fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest.load(Ordering::Relaxed))
    }

    /// Lets an attempt be judged, until [`judged`](Self::judged). One that has waited for it already waits no more for the failures of
    /// other addresses, which go on.
    ///
    /// # Errors
    /// It has to wait.
    pub(crate) fn take_turn(&self, claim: Claim<'_>, has_waited: bool, now: Instant) -> Result<(), Wait> {
        let longest = self.longest();
        if longest.is_zero() {
            return Ok(());
        }
        let [own, all] = self.keys(claim);
        let mut table = self.table();
        let mut time = table.delay(own, FREE, longest, now);
        if !has_waited {
            time = time.max(table.delay(all, FREE_OF_ALL, FIRST.min(longest), now));
        }
        if !time.is_zero() {
            return Err(Wait { time, because_of_failures: true });
        }
        let judged = table.judged.entry(own).or_default();
        if *judged >= AT_ONCE {
            return Err(Wait { time: ASK_AGAIN, because_of_failures: false });
        }
        *judged += 1;
        // The others who have waited for this moment wait again.
        if let Some(entry) = table.find(own).filter(|entry| entry.failures > FREE) {
            entry.last = now;
        }
        Ok(())
    }

    /// An attempt that had its turn was judged, or was given up.
    pub(crate) fn judged(&self, claim: Claim<'_>) {
        let [own, _] = self.keys(claim);
        let mut table = self.table();
        match table.judged.get_mut(&own) {
            Some(several) if *several > 1 => *several -= 1,
            _ => drop(table.judged.remove(&own)),
        }
    }

    /// An attempt has failed.
    pub(crate) fn failed(&self, claim: Claim<'_>, now: Instant) {
        if self.longest().is_zero() {
            return;
        }
        let keys = self.keys(claim);
        let mut table = self.table();
        if table.entries.is_empty() {
            table.entries.resize(SETS * WAYS, None);
        }
        for key in keys {
            let Some(ways) = table.entries.chunks_exact_mut(WAYS).nth(place(key, SETS)) else { continue };
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

    /// Returns whether this authid has come in from this address, and not so long ago that it is forgotten. The number of others since
    /// decides that, who have come in as well: guessing makes nothing be forgotten.
    #[cfg(feature = "credentials")]
    pub(crate) fn knows(&self, claim: Claim<'_>) -> bool {
        let [own, _] = self.keys(claim);
        self.table().known.get(place(own, KNOWN)) == Some(&own)
    }

    /// An attempt has succeeded: the address is no longer slowed for this authid.
    pub(crate) fn passed(&self, claim: Claim<'_>) {
        let [own, _] = self.keys(claim);
        let mut table = self.table();
        if table.known.is_empty() {
            table.known.resize(KNOWN, 0);
        }
        if let Some(slot) = table.known.get_mut(place(own, KNOWN)) {
            *slot = own;
        }
        for slot in table.entries.chunks_exact_mut(WAYS).nth(place(own, SETS)).into_iter().flatten() {
            if slot.is_some_and(|entry| entry.key == own) {
                *slot = None;
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Table {
    fn find(&mut self, key: u64) -> Option<&mut Entry> {
        let set = self.entries.chunks_exact_mut(WAYS).nth(place(key, SETS))?;
        set.iter_mut().flatten().find(|entry| entry.key == key)
    }

    /// What is left of the delay after the failures of a key, of which so many are free.
    fn delay(&mut self, key: u64, free: u32, longest: Duration, now: Instant) -> Duration {
        let left = self.find(key).filter(|entry| !entry.is_old(now)).and_then(|entry| {
            let doublings = entry.failures.checked_sub(free + 1)?;
            let delay = FIRST.saturating_mul(1 << doublings.min(16)).min(longest);
            Some((entry.last + delay).saturating_duration_since(now))
        });
        left.unwrap_or_default()
    }
}

impl Entry {
    fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) > MEMORY
    }
}

fn place(key: u64, places: usize) -> usize {
    usize::try_from(key).unwrap_or_default() % places
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
