//! Threads for the hashing of passwords, which takes milliseconds and would hold up everybody else on a runtime's thread.
//!
//! In: jobs. Out: their results, or at once that too many wait. Invariant: as many jobs are computed at a time as there are threads,
//! and a bounded number waits; a job that nobody waits for any more is left out.

use crate::WampError;
use crate::base::signal::Signal;
use std::fmt;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;

/// A few threads that hash passwords, and a bounded queue before them. Cheap to clone; all clones share the threads.
///
/// A hash that is slow enough to protect passwords takes tens of milliseconds. On a runtime's thread that delays every other session
/// of the thread, and many logins at once would stop the server. The threads start with the first job, have a low priority where the
/// system lets threads have their own (Linux), and need no async runtime.
///
/// ```
/// use serverwamp::WampError;
/// use serverwamp::auth::{AuthId, HashPool, Principal, Secret, Ticket};
/// # fn slow_check(_: &Secret) -> bool { true }
///
/// async fn check(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Result<Option<Principal>, WampError> {
///     let right = HashPool::shared().run(move || slow_check(&ticket)).await?;
///     Ok(right.then(|| Principal::new(authid)))
/// }
/// ```
#[derive(Clone)]
pub struct HashPool(Arc<HashThreads>);

type Job = Box<dyn FnOnce() + Send>;

struct HashThreads {
    threads: usize,
    places: usize,
    /// Jobs that wait or are computed.
    taken: AtomicUsize,
    workers: OnceLock<Vec<Worker>>,
}

struct Worker {
    jobs: mpsc::Sender<Job>,
    /// Jobs of this thread that wait or are computed.
    load: Arc<AtomicUsize>,
}

impl HashPool {
    /// A pool of its own: `threads` of them, at least one, before which `waiting` jobs may wait.
    pub fn new(threads: usize, waiting: usize) -> Self {
        let threads = threads.max(1);
        let places = threads.saturating_add(waiting);
        Self(Arc::new(HashThreads { threads, places, taken: AtomicUsize::new(0), workers: OnceLock::new() }))
    }

    /// The pool of the process: a thread for every two processors, at most four, and 128 jobs that wait. That many take about 4 s
    /// with a hash of 30 ms, which is less than [`Limits::authenticate_timeout`](crate::Limits::authenticate_timeout).
    pub fn shared() -> Self {
        static SHARED: OnceLock<HashPool> = OnceLock::new();
        let processors = || thread::available_parallelism().map_or(1, NonZero::get);
        SHARED.get_or_init(|| Self::new((processors() / 2).clamp(1, 4), 128)).clone()
    }

    /// Computes `job` on one of the threads. A job whose future is dropped before it begins is left out.
    ///
    /// # Errors
    /// `wamp.error.unavailable` if too many jobs wait. An authenticator returns it as it is: the peer gets an ABORT that says so, and
    /// `logins_unavailable` counts it. `wamp.error.runtime_error` if the job panics.
    pub async fn run<T: Clone + Send + Sync + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WampError> {
        let place = PoolPlace::take(&self.0).ok_or_else(|| {
            WampError::unavailable("too many logins at the same time: try again in a few seconds")
        })?;
        let answer = Arc::new(Signal::<Option<T>>::default());
        let wanted = StillWanted(Arc::new(AtomicBool::new(true)));
        let (told, still_wanted) = (Arc::clone(&answer), Arc::clone(&wanted.0));
        let run: Job = Box::new(move || {
            let result =
                still_wanted.load(Ordering::Acquire).then(|| catch_unwind(AssertUnwindSafe(job)).ok());
            drop(place);
            told.set(result.flatten());
        });
        self.0.send(run)?;
        answer.wait().await.ok_or_else(|| WampError::internal("the hashing of a password panicked"))
    }

    /// The number of jobs that wait or are computed.
    pub fn in_flight(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }
}

impl HashThreads {
    fn send(&self, job: Job) -> Result<(), WampError> {
        let workers = self.workers.get_or_init(|| (0..self.threads).filter_map(Worker::start).collect());
        let idlest = workers.iter().min_by_key(|worker| worker.load.load(Ordering::Relaxed));
        let worker =
            idlest.ok_or_else(|| WampError::internal("no thread could be started that hashes passwords"))?;
        worker.load.fetch_add(1, Ordering::Relaxed);
        worker.jobs.send(job).map_err(|_| WampError::internal("a thread that hashes passwords has ended"))
    }
}

impl Worker {
    fn start(number: usize) -> Option<Self> {
        let (jobs, received) = mpsc::channel::<Job>();
        let load = Arc::new(AtomicUsize::new(0));
        let done = Arc::clone(&load);
        let work = move || {
            lower_priority();
            for job in received {
                job();
                done.fetch_sub(1, Ordering::Relaxed);
            }
        };
        thread::Builder::new().name(format!("serverwamp-hash-{number}")).spawn(work).ok()?;
        Some(Self { jobs, load })
    }
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
struct PoolPlace(Arc<HashThreads>);

impl PoolPlace {
    fn take(pool: &Arc<HashThreads>) -> Option<Self> {
        let more = |taken: usize| (taken < pool.places).then_some(taken + 1);
        pool.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Self(Arc::clone(pool)))
    }
}

impl Drop for PoolPlace {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
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
        f.debug_struct("HashPool")
            .field("threads", &self.0.threads)
            .field("places", &self.0.places)
            .field("in_flight", &self.in_flight())
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
