//! Threads for the hashing of passwords, which takes milliseconds and would hold up everybody else on a runtime's thread.
//!
//! In: jobs. Out: their results, or that too many wait. Invariant: as many jobs are computed at a time as there are threads, and one
//! more that is overdue; a bounded number waits, of one address half of it at the most; a job that nobody waits for any more is left out.

mod lines;

use crate::base::locks::{Mutex, MutexGuard};
use crate::base::signal::Signal;
#[cfg(feature = "credentials")]
use crate::router::auth::Claim;
use crate::router::auth::network;
use crate::{Session, WampError};
use lines::{Applicant, Lines};
use std::fmt;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Instant;

/// A few threads that hash passwords, and a bounded queue before them. Cheap to clone; all clones share the threads.
///
/// A hash that is slow enough to protect passwords takes tens of milliseconds. On a runtime's thread that delays every other session
/// of the thread, and many logins at once would stop the server. The threads start with the first job, have a low priority where the
/// system lets threads have their own (Linux), and need no async runtime. On a machine that is busy with other things they get little
/// time: a thread of normal priority computes one job of each address that was not served for a second.
///
/// Addresses take turns, and one address (of IPv6, one network of 64 bits) has half of the places at the most. Where none is left,
/// whoever has fewer takes one of those who have most: wrong logins from a few addresses let a login from another wait for one of each,
/// and refuse none. Users of [`Credentials`](super::Credentials) who have come in from an address before have turns of their own there:
/// they do not wait behind those who try names from it.
///
/// ```
/// use serverwamp::auth::{AuthId, HashPool, Principal, Secret, Ticket};
/// use serverwamp::{Session, WampError};
/// # fn slow_check(_: &Secret) -> bool { true }
///
/// async fn check(
///     session: Session,
///     AuthId(authid): AuthId,
///     Ticket(ticket): Ticket,
/// ) -> Result<Option<Principal>, WampError> {
///     let right = HashPool::shared().run_for(&session, move || slow_check(&ticket)).await?;
///     Ok(right.then(|| Principal::new(authid)))
/// }
/// ```
#[derive(Clone)]
pub struct HashPool(Arc<HashThreads>);

type Job = Box<dyn FnOnce() + Send>;

struct HashThreads {
    threads: usize,
    lines: Mutex<Lines<Job>>,
    workers: OnceLock<Vec<Worker>>,
    /// Wakes the thread for what is overdue, if it could be started.
    hurried: OnceLock<Option<mpsc::Sender<()>>>,
}

/// A thread, which takes a job out of the lines for each message.
struct Worker {
    wake: mpsc::Sender<()>,
    /// Jobs that this thread was woken for, and that are not computed.
    load: Arc<AtomicUsize>,
}

impl HashPool {
    /// A pool of its own: `threads` of them, at least one, before which `waiting` jobs may wait.
    pub fn new(threads: usize, waiting: usize) -> Self {
        let threads = threads.max(1);
        let lines = Mutex::new(Lines::new(threads.saturating_add(waiting)));
        Self(Arc::new(HashThreads { threads, lines, workers: OnceLock::new(), hurried: OnceLock::new() }))
    }

    /// The pool of the process: a thread for every two processors, at most four, and 128 jobs that wait. That many take about 4 s
    /// with a hash of 30 ms, which is less than [`Limits::authenticate_timeout`](crate::Limits::authenticate_timeout).
    pub fn shared() -> Self {
        static SHARED: OnceLock<HashPool> = OnceLock::new();
        let processors = || thread::available_parallelism().map_or(1, NonZero::get);
        SHARED.get_or_init(|| Self::new((processors() / 2).clamp(1, 4), 128)).clone()
    }

    /// Computes `job` on one of the threads, for the peer of a session. A job whose future is dropped before it begins is left out.
    ///
    /// # Errors
    /// `wamp.error.unavailable` if too many jobs wait, of all or of the peer's address. An authenticator returns it as it is: the peer
    /// gets an ABORT that says so, and `logins_unavailable` counts it. `wamp.error.runtime_error` if the job panics.
    pub async fn run_for<T: Clone + Send + Sync + 'static>(
        &self,
        session: &Session,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WampError> {
        self.compute(applicant(session, false), job).await
    }

    /// As [`run_for`](Self::run_for), for the peer of a session that claims an authid.
    #[cfg(feature = "credentials")]
    pub(super) async fn run_for_user<T: Clone + Send + Sync + 'static>(
        &self,
        session: &Session,
        authid: &str,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WampError> {
        let realm = session.inner().running_realm();
        let address = session.transport().peer_address.map(|address| address.ip());
        let is_known = realm.context.slowdown.knows(Claim { realm: realm.name(), address, authid });
        self.compute(applicant(session, is_known), job).await
    }

    /// As [`run_for`](Self::run_for), for the application itself: no share limits its jobs.
    ///
    /// # Errors
    /// As [`run_for`](Self::run_for).
    pub async fn run<T: Clone + Send + Sync + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WampError> {
        self.compute(Applicant::Application, job).await
    }

    async fn compute<T: Clone + Send + Sync + 'static>(
        &self,
        holder: Applicant,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WampError> {
        let too_many =
            || WampError::unavailable("too many logins at the same time: try again in a few seconds");
        let place = PoolPlace::take(&self.0, holder).ok_or_else(too_many)?;
        let answer = Arc::new(Signal::default());
        let wanted = StillWanted(Arc::new(AtomicBool::new(true)));
        let (told, still_wanted) = (WaitingPeer(Arc::clone(&answer)), Arc::clone(&wanted.0));
        let run: Job = Box::new(move || {
            let result =
                still_wanted.load(Ordering::Acquire).then(|| catch_unwind(AssertUnwindSafe(job)).ok());
            drop(place);
            told.0.set(result.flatten().map_or(End::Panicked, End::Computed));
        });
        let worker = HashThreads::idlest(&self.0)?;
        self.0.lines().push(holder, run, now());
        worker.wake()?;
        if let Some(hurried) = self.0.hurried.get_or_init(|| hurry(&self.0)) {
            // Without it the job has a thread all the same.
            let _sent = hurried.send(());
        }
        match answer.wait().await {
            End::Computed(result) => Ok(result),
            End::Panicked => Err(WampError::internal("the hashing of a password panicked")),
            End::Displaced => Err(too_many()),
        }
    }

    /// The number of jobs that wait or are computed.
    pub fn in_flight(&self) -> usize {
        self.0.lines().taken()
    }
}

impl HashThreads {
    fn lines(&self) -> MutexGuard<'_, Lines<Job>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idlest(pool: &Arc<Self>) -> Result<&Worker, WampError> {
        let start = || (0..pool.threads).filter_map(|number| Worker::start(pool, number)).collect();
        let workers = pool.workers.get_or_init(start);
        let idlest = workers.iter().min_by_key(|worker| worker.load.load(Ordering::Relaxed));
        idlest.ok_or_else(|| WampError::internal("no thread could be started that hashes passwords"))
    }
}

impl Worker {
    fn start(pool: &Arc<HashThreads>, number: usize) -> Option<Self> {
        let (wake, woken) = mpsc::channel::<()>();
        let load = Arc::new(AtomicUsize::new(0));
        let done = Arc::clone(&load);
        // The pool ends its threads: they must not keep it.
        let pool = Arc::downgrade(pool);
        let work = move || {
            lower_priority();
            for () in woken {
                let Some(pool) = pool.upgrade() else { return };
                // The lock is not held while the job is computed.
                let next = pool.lines().pop(now());
                if let Some(job) = next {
                    job();
                }
                done.fetch_sub(1, Ordering::Relaxed);
            }
        };
        thread::Builder::new().name(format!("serverwamp-hash-{number}")).spawn(work).ok()?;
        Some(Self { wake, load })
    }

    /// Lets the thread take one more job.
    fn wake(&self) -> Result<(), WampError> {
        self.load.fetch_add(1, Ordering::Relaxed);
        self.wake.send(()).map_err(|_| WampError::internal("a thread that hashes passwords has ended"))
    }
}

/// Starts the thread that computes what is overdue, with the priority of the process.
fn hurry(pool: &Arc<HashThreads>) -> Option<mpsc::Sender<()>> {
    let (wake, woken) = mpsc::channel::<()>();
    let pool = Arc::downgrade(pool);
    let work = move || {
        loop {
            let next = match pool.upgrade() {
                // The lock is not held while the job is computed.
                Some(pool) => pool.lines().pop_overdue(now()),
                None => return,
            };
            let until = match next {
                Ok(job) => {
                    job();
                    continue;
                }
                Err(until) => until,
            };
            let woken = match until {
                Some(until) => woken.recv_timeout(until.saturating_duration_since(now())),
                None => woken.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
            };
            if woken == Err(mpsc::RecvTimeoutError::Disconnected) {
                return;
            }
        }
    };
    thread::Builder::new().name("serverwamp-hash-overdue".to_owned()).spawn(work).ok()?;
    Some(wake)
}

/// The pool belongs to the process, and no application's runtime is.
#[expect(clippy::disallowed_methods, reason = "there is one pool, and a runtime for each application")]
fn now() -> Instant {
    Instant::now()
}

/// Calls and events come first. It is about this thread alone, which is Linux's own view of POSIX.
#[cfg(target_os = "linux")]
fn lower_priority() {
    // A process that may not is served all the same.
    let _new_priority = rustix::process::nice(10);
}

#[cfg(not(target_os = "linux"))]
const fn lower_priority() {}

/// A place among the jobs of a pool, until it is dropped.
struct PoolPlace(Arc<HashThreads>, Applicant);

impl PoolPlace {
    fn take(pool: &Arc<HashThreads>, holder: Applicant) -> Option<Self> {
        let mut lines = pool.lines();
        if !lines.take(holder) {
            let displaced = lines.displace(holder);
            drop(lines);
            // It gives its place back, and its peer hears of it.
            drop(displaced?);
            lines = pool.lines();
            if !lines.take(holder) {
                return None;
            }
        }
        Some(Self(Arc::clone(pool), holder))
    }
}

impl Drop for PoolPlace {
    fn drop(&mut self) {
        self.0.lines().give_back(self.1);
    }
}

/// What became of a job.
#[derive(Clone, Debug)]
enum End<T> {
    Computed(T),
    Panicked,
    /// It gave its place to somebody who had fewer.
    Displaced,
}

/// The end of a job on its way to who waits for it. Dropped with a job that was not computed, it says so.
struct WaitingPeer<T: Clone>(Arc<Signal<End<T>>>);

impl<T: Clone> Drop for WaitingPeer<T> {
    fn drop(&mut self) {
        self.0.set(End::Displaced);
    }
}

fn applicant(session: &Session, is_known: bool) -> Applicant {
    match (session.transport().peer_address.map(|address| network(address.ip())), is_known) {
        (None, _) => Applicant::Application,
        (Some(address), false) => Applicant::Stranger(address),
        (Some(address), true) => Applicant::Acquaintance(address),
    }
}

/// Set to false when nobody waits any more.
struct StillWanted(Arc<AtomicBool>);

impl Drop for StillWanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.0.lines();
        f.debug_struct("HashPool")
            .field("threads", &self.0.threads)
            .field("places", &lines.places())
            .field("in_flight", &lines.taken())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_executor::block_on;
    use futures_util::FutureExt;
    use std::sync::atomic::AtomicU32;
    use std::sync::mpsc::sync_channel;

    fn stranger(address: &str) -> Applicant {
        Applicant::Stranger(network(address.parse().unwrap()))
    }

    #[test]
    fn a_job_beyond_the_queue_is_refused_at_once_and_the_others_are_computed() {
        let pool = HashPool::new(1, 2);
        let (go_on, stop) = sync_channel::<()>(0);
        let mut first = Box::pin(pool.run(move || stop.recv().is_ok()));
        assert!(first.as_mut().now_or_never().is_none());
        let mut waiting: Vec<_> = (0..2).map(|number| Box::pin(pool.run(move || number))).collect();
        for one in &mut waiting {
            assert!(one.as_mut().now_or_never().is_none());
        }
        let refused = pool.run(|| 9).now_or_never().unwrap().unwrap_err();
        assert_eq!(refused.uri(), "wamp.error.unavailable");
        assert_eq!(pool.in_flight(), 3);
        go_on.send(()).unwrap();
        assert!(block_on(first).unwrap());
        let results: Vec<i32> = waiting.into_iter().map(|one| block_on(one).unwrap()).collect();
        assert_eq!(results, [0, 1]);
        assert_eq!(block_on(pool.run(|| 9)).unwrap(), 9, "there is room again");
    }

    #[test]
    fn one_address_takes_half_of_the_places_and_others_come_next() {
        let pool = HashPool::new(1, 7);
        let (go_on, stop) = sync_channel::<()>(0);
        let mut busy = Box::pin(pool.run(move || stop.recv().is_ok()));
        assert!(busy.as_mut().now_or_never().is_none());
        let order = Arc::new(Mutex::new(Vec::new()));
        let job = |name: &'static str| {
            let order = Arc::clone(&order);
            move || order.lock().unwrap().push(name)
        };
        let [flood, neighbour] = ["192.0.2.1", "192.0.2.2"].map(stranger);
        let mut jobs: Vec<_> = (0..4).map(|_| Box::pin(pool.compute(flood, job("flood")))).collect();
        jobs.iter_mut().for_each(|one| assert!(one.as_mut().now_or_never().is_none()));
        let refused = pool.compute(flood, job("flood")).now_or_never().unwrap().unwrap_err();
        assert_eq!(refused.uri(), "wamp.error.unavailable");
        // One who has come in from there before does not stand behind its strangers.
        let Applicant::Stranger(address) = flood else { unreachable!("it is one") };
        let acquaintance = Applicant::Acquaintance(address);
        for (who, name) in [(neighbour, "neighbour"), (acquaintance, "acquaintance")] {
            jobs.push(Box::pin(pool.compute(who, job(name))));
            assert!(jobs.last_mut().unwrap().as_mut().now_or_never().is_none());
        }
        go_on.send(()).unwrap();
        assert!(block_on(busy).unwrap());
        jobs.into_iter().for_each(|one| block_on(one).unwrap());
        assert_eq!(*order.lock().unwrap(), ["flood", "neighbour", "acquaintance", "flood", "flood", "flood"]);
        assert!(block_on(pool.compute(flood, || true)).unwrap(), "it has places again");
    }

    #[test]
    fn those_of_a_few_addresses_who_have_all_places_make_room_for_another() {
        let pool = HashPool::new(1, 7);
        let (go_on, stop) = sync_channel::<()>(0);
        let [one, two, right] = ["192.0.2.1", "2001:db8::1", "192.0.2.3"].map(stranger);
        let mut busy = Box::pin(pool.compute(one, move || stop.recv().is_ok()));
        assert!(busy.as_mut().now_or_never().is_none());
        let mut flood: Vec<_> = [one, one, one, two, two, two, two]
            .into_iter()
            .map(|who| Box::pin(pool.compute(who, || true)))
            .collect();
        flood.iter_mut().for_each(|job| assert!(job.as_mut().now_or_never().is_none()));
        assert_eq!(pool.in_flight(), 8);
        let mut login = Box::pin(pool.compute(right, || true));
        assert!(login.as_mut().now_or_never().is_none(), "it waits");
        assert_eq!(pool.in_flight(), 8, "in the place of another");
        // Whoever has as many as the others displaces nobody.
        let refused = pool.compute(two, || true).now_or_never().unwrap().unwrap_err();
        assert_eq!(refused.uri(), "wamp.error.unavailable");
        go_on.send(()).unwrap();
        assert!(block_on(busy).unwrap() && block_on(login).unwrap());
        let ends: Vec<Result<bool, WampError>> = flood.into_iter().map(block_on).collect();
        let displaced: Vec<usize> = (0..7).filter(|number| ends[*number].is_err()).collect();
        assert_eq!(displaced, [6], "the latest of the longest line");
        assert_eq!(ends[6].as_ref().unwrap_err().uri(), "wamp.error.unavailable");
        assert_eq!(pool.in_flight(), 0);
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_left_out() {
        let pool = HashPool::new(1, 8);
        let (go_on, stop) = sync_channel::<()>(0);
        let mut first = Box::pin(pool.run(move || stop.recv().is_ok()));
        assert!(first.as_mut().now_or_never().is_none());
        let computed = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&computed);
        let mut given_up = Box::pin(pool.run(move || count.fetch_add(1, Ordering::SeqCst)));
        assert!(given_up.as_mut().now_or_never().is_none());
        drop(given_up);
        go_on.send(()).unwrap();
        assert!(block_on(first).unwrap());
        assert_eq!(block_on(pool.run(|| 7)).unwrap(), 7, "one thread: the job before it is over");
        assert_eq!(computed.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_job_that_panics_is_an_error_and_its_thread_goes_on() {
        let pool = HashPool::new(1, 1);
        let error = block_on(pool.run(|| -> bool { panic!("a bug in a hash") })).unwrap_err();
        assert_eq!(error.uri(), "wamp.error.runtime_error");
        assert!(block_on(pool.run(|| true)).unwrap());
        assert_eq!(pool.in_flight(), 0);
    }
}
