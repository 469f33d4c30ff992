//! The measurement of turns: the longest one, in the processor time of its thread; and turns and pauses that the clock does not end.
//!
//! Only with the feature `measure`, which nothing needs but the benchmarks; without it nothing of this is compiled in,
//! and `turn` and `longest` are their arguments. With it, nothing is measured until [`start`] says so, and turns are as long as
//! ever until [`ignore_clock`] says so.
//!
//! Processor time is what a turn costs its neighbours: a thread that somebody else has taken the processor from is not to
//! blame for that. Time that the kernel takes on behalf of the thread, for reading and writing, is counted.

#[cfg(all(feature = "measure", unix))]
pub use on::{ignore_clock, longest_turn, start};
#[cfg(all(feature = "measure", unix))]
pub(crate) use on::{longest, turn};

#[cfg(not(all(feature = "measure", unix)))]
use std::time::Duration;

/// Runs one turn, for which other connections wait.
#[cfg(not(all(feature = "measure", unix)))]
#[inline]
pub(crate) fn turn<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// The duration after which the clock ends a turn, or a pause after which nothing is kept for the next call; usually it is `usual`.
#[cfg(not(all(feature = "measure", unix)))]
#[inline]
pub(crate) const fn longest(usual: Duration) -> Duration {
    usual
}

#[cfg(all(feature = "measure", unix))]
mod on {
    use rustix::time::{ClockId, clock_gettime};
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::time::Duration;

    static MEASURES: AtomicBool = AtomicBool::new(false);
    static LONGEST: AtomicU64 = AtomicU64::new(0);
    static IGNORES_CLOCK: AtomicBool = AtomicBool::new(false);

    /// The duration of a turn that the clock does not end: longer than any.
    const ENDLESS: Duration = Duration::from_secs(3600);

    /// From now on a turn in this process ends by what was done in it, whatever time that took, and no pause between calls is a long one:
    /// for a tool that counts instructions, under which everything takes fifty times as long.
    pub fn ignore_clock() {
        IGNORES_CLOCK.store(true, Ordering::Relaxed);
    }

    /// The duration after which the clock ends a turn, or a pause after which nothing is kept for the next call; usually it is `usual`.
    #[inline]
    pub(crate) fn longest(usual: Duration) -> Duration {
        if IGNORES_CLOCK.load(Ordering::Relaxed) { ENDLESS } else { usual }
    }

    /// From now on the turns of this process are measured: two system calls for each.
    pub fn start() {
        MEASURES.store(true, Ordering::Relaxed);
    }

    /// The longest turn of all threads since this was asked last.
    pub fn longest_turn() -> Duration {
        Duration::from_nanos(LONGEST.swap(0, Ordering::Relaxed))
    }

    /// Runs one turn, for which other connections wait.
    #[inline]
    pub(crate) fn turn<T>(work: impl FnOnce() -> T) -> T {
        if !MEASURES.load(Ordering::Relaxed) {
            return work();
        }
        let before = processor_time();
        let done = work();
        LONGEST.fetch_max(processor_time().saturating_sub(before), Ordering::Relaxed);
        done
    }

    /// The processor time of this thread in nanoseconds.
    fn processor_time() -> u64 {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let (seconds, nanos) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
        seconds.unwrap_or(0) * 1_000_000_000 + nanos.unwrap_or(0)
    }
}
