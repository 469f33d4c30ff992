//! The jobs that wait for a thread: a line for each applicant; the first job of each line is served in turn.
//!
//! Invariant: no more places are taken than there are, and none holds more than its share. While there is none left, whoever holds
//! fewer displaces one of the longest line: those who come from a few addresses cannot take them all.
//!
//! A line of which nothing was taken for [`PATIENCE`] is overdue: on a busy machine the threads get little time.

use hashbrown::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// The holder of a place.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) enum Applicant {
    Application,
    Stranger(IpAddr),
    /// The same address, for those who have come in from it before: they do not stand behind its strangers.
    Acquaintance(IpAddr),
}

/// Jobs that wait, and the places that those and the ones in work take.
pub(super) struct Lines<T> {
    places: usize,
    taken: usize,
    /// The places of those that have any.
    held: HashMap<Applicant, usize>,
    /// No line is empty; the first one is served next.
    waiting: VecDeque<Line<T>>,
}

/// The jobs of one applicant.
struct Line<T> {
    holder: Applicant,
    jobs: VecDeque<T>,
    /// When the last job was taken out of it, or the first one came.
    since: Instant,
}

/// The time that a line waits for the threads of low priority. A person does not mind it, and in a flood from one address it costs the
/// processor's time of one hash each second.
const PATIENCE: Duration = Duration::from_secs(1);

impl<T> Lines<T> {
    pub(super) fn new(places: usize) -> Self {
        Self { places, taken: 0, held: HashMap::new(), waiting: VecDeque::new() }
    }

    pub(super) const fn places(&self) -> usize {
        self.places
    }

    pub(super) const fn taken(&self) -> usize {
        self.taken
    }

    /// Takes a place, if there is one for this holder.
    pub(super) fn take(&mut self, holder: Applicant) -> bool {
        let has_room = self.taken < self.places && self.is_below_share(holder);
        if has_room {
            *self.held.entry(holder).or_default() += 1;
            self.taken += 1;
        }
        has_room
    }

    /// Takes the latest job out of the longest line, if its holder has two places more than this one at the least, and none is
    /// left. It still has its place, until it gives that back.
    pub(super) fn displace(&mut self, holder: Applicant) -> Option<T> {
        if self.taken < self.places || !self.is_below_share(holder) {
            return None;
        }
        let least = self.held(holder) + 2;
        let longer = |line: &&mut Line<T>| {
            line.holder != Applicant::Application
                && self.held.get(&line.holder).is_some_and(|held| *held >= least)
        };
        let longest = self.waiting.iter_mut().filter(longer).max_by_key(|line| line.jobs.len());
        let latest = longest.and_then(|line| line.jobs.pop_back());
        self.waiting.retain(|line| !line.jobs.is_empty());
        latest
    }

    fn held(&self, holder: Applicant) -> usize {
        self.held.get(&holder).copied().unwrap_or_default()
    }

    fn is_below_share(&self, holder: Applicant) -> bool {
        let share = if holder == Applicant::Application { self.places } else { self.places.div_ceil(2) };
        self.held(holder) < share
    }

    /// Gives a place back.
    pub(super) fn give_back(&mut self, holder: Applicant) {
        self.taken = self.taken.saturating_sub(1);
        match self.held.get_mut(&holder) {
            Some(held) if *held > 1 => *held -= 1,
            _ => drop(self.held.remove(&holder)),
        }
    }

    /// Lets a job wait, whose holder has taken a place for it.
    pub(super) fn push(&mut self, holder: Applicant, job: T, now: Instant) {
        match self.waiting.iter_mut().find(|line| line.holder == holder) {
            Some(line) => line.jobs.push_back(job),
            None => self.waiting.push_back(Line { holder, jobs: VecDeque::from([job]), since: now }),
        }
    }

    /// The next job.
    pub(super) fn pop(&mut self, now: Instant) -> Option<T> {
        self.pop_of(0, now)
    }

    /// The next job of a line that is overdue, or when there may be one: `None` if nothing waits.
    pub(super) fn pop_overdue(&mut self, now: Instant) -> Result<T, Option<Instant>> {
        let due = |line: &Line<T>| line.since + PATIENCE;
        let overdue = self.waiting.iter().position(|line| due(line) <= now);
        let job = overdue.and_then(|place| self.pop_of(place, now));
        job.ok_or_else(|| self.waiting.iter().map(due).min())
    }

    fn pop_of(&mut self, place: usize, now: Instant) -> Option<T> {
        let mut line = self.waiting.remove(place)?;
        let job = line.jobs.pop_front()?;
        if !line.jobs.is_empty() {
            line.since = now;
            self.waiting.push_back(line);
        }
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_overdue_when_nothing_was_taken_out_of_it_for_a_while() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let [flood, right] =
            ["192.0.2.1", "192.0.2.2"].map(|text| Applicant::Stranger(text.parse().unwrap()));
        let mut lines = Lines::new(8);
        assert_eq!(lines.pop_overdue(start), Err(None));
        for number in 0..3 {
            lines.push(flood, number, start);
        }
        lines.push(right, 9, after(500));
        assert_eq!(lines.pop(after(600)), Some(0));
        assert_eq!(lines.pop_overdue(after(1499)), Err(Some(after(1500))));
        assert_eq!(lines.pop_overdue(after(1500)), Ok(9), "the flood's was served meanwhile");
        assert_eq!(lines.pop_overdue(after(1500)), Err(Some(after(1600))));
        assert_eq!(lines.pop_overdue(after(1600)), Ok(1));
        assert_eq!(lines.pop_overdue(after(1700)), Err(Some(after(2600))), "one each second");
        assert_eq!(lines.pop(after(1700)), Some(2));
    }
}
