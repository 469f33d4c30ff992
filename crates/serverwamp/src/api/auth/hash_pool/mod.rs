//! Threads for the hashing of passwords, which takes milliseconds and would hold up everybody else on a runtime's thread.
//!
//! In: jobs. Out: their results, or that too many wait. Invariant: as many jobs are computed at a time as there are threads, and one
//! more that is overdue; a bounded number waits, of one address half of it at the most; a job that nobody waits for any more is left out.

mod lines;
#[cfg(test)]
mod tests;

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
            told.0.set(result.flatten().map_or(JobEnd::Panicked, JobEnd::Computed));
        });
        let worker = HashThreads::idlest(&self.0)?;
        self.0.lines().push(holder, run, now());
        worker.wake()?;
        if let Some(hurried) = self.0.hurried.get_or_init(|| hurry(&self.0)) {
            // Without it the job has a thread all the same.
            let _sent = hurried.send(());
        }
        match answer.wait().await {
            JobEnd::Computed(result) => Ok(result),
            JobEnd::Panicked => Err(WampError::internal("the hashing of a password panicked")),
            JobEnd::Displaced => Err(too_many()),
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
enum JobEnd<T> {
    Computed(T),
    Panicked,
    /// It gave its place to somebody who had fewer.
    Displaced,
}

/// The end of a job on its way to who waits for it. Dropped with a job that was not computed, it says so.
struct WaitingPeer<T: Clone>(Arc<Signal<JobEnd<T>>>);

impl<T: Clone> Drop for WaitingPeer<T> {
    fn drop(&mut self) {
        self.0.set(JobEnd::Displaced);
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
