//! When the calls of one session have taken too long: those that clients serve in one queue, those of the application each
//! in its own task.
//!
//! A call that is answered stays in here until its time or until there are many such: its answer comes from another
//! connection, which should not have to take part in this one's bookkeeping.

use serverwamp_proto::id::RequestId;
use std::collections::BTreeSet;
use std::time::Instant;

/// The deadlines of calls, the earliest first.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    queue: BTreeSet<(Instant, RequestId)>,
    /// The length of the queue at which answered calls are removed.
    tidy_at: usize,
}

impl Deadlines {
    /// Remembers the deadline of a call.
    pub(super) fn watch(&mut self, deadline: Instant, request: RequestId) {
        self.queue.insert((deadline, request));
    }

    /// Takes out what is over, now and then: so often that the queue stays within twice the calls that run.
    pub(super) fn tidy(&mut self, runs: impl Fn(RequestId) -> bool) {
        if self.queue.len() <= self.tidy_at.max(64) {
            return;
        }
        self.queue.retain(|(_, request)| runs(*request));
        self.tidy_at = 2 * self.queue.len();
    }

    /// The earliest deadline.
    pub(super) fn first(&self) -> Option<Instant> {
        self.queue.first().map(|(deadline, _)| *deadline)
    }

    /// Takes out a call whose deadline has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<RequestId> {
        self.queue.first().filter(|(deadline, _)| *deadline <= now)?;
        self.queue.pop_first().map(|(_, request)| request)
    }
}

/// The earlier of two times. Each turn of a connection asks for it.
#[inline]
pub(super) fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn what_is_over_does_not_pile_up() {
        let start = Instant::now();
        let mut deadlines = Deadlines::default();
        for number in 1..100_000_u64 {
            let request = RequestId::new(number).unwrap();
            deadlines.watch(start + Duration::from_secs(3600), request);
            // Only the last ten run.
            deadlines.tidy(|request| request.get() + 10 > number);
            assert!(deadlines.queue.len() <= 65, "{} deadlines", deadlines.queue.len());
        }
        assert_eq!(deadlines.due(start), None);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn deadlines_come_in_order() {
        let start = Instant::now();
        let mut deadlines = Deadlines::default();
        for number in [3, 1, 2_u64] {
            deadlines.watch(start + Duration::from_secs(number), RequestId::new(number).unwrap());
        }
        assert_eq!(deadlines.first(), Some(start + Duration::from_secs(1)));
        let now = start + Duration::from_secs(2);
        let due: Vec<u64> = std::iter::from_fn(|| deadlines.due(now)).map(RequestId::get).collect();
        assert_eq!(due, [1, 2]);
        assert_eq!(deadlines.due(now), None);
    }
}
