//! The jobs that wait for a thread: a line for each address; the first job of each line is served in turn.
//!
//! Invariant: no more places are taken than there are, and none holds more than its share.

use hashbrown::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;

/// The holder of a place: an address, or the application.
pub(super) type Applicant = Option<IpAddr>;

/// Jobs that wait, and the places that those and the ones in work take.
pub(super) struct Lines<T> {
    places: usize,
    taken: usize,
    /// The places of those that have any.
    held: HashMap<Applicant, usize>,
    /// No line is empty; the first one is served next.
    waiting: VecDeque<(Applicant, VecDeque<T>)>,
}

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
        let share = if holder.is_some() { self.places.div_ceil(2) } else { self.places };
        let held = self.held.get(&holder).copied().unwrap_or_default();
        let has_room = self.taken < self.places && held < share;
        if has_room {
            self.held.insert(holder, held + 1);
            self.taken += 1;
        }
        has_room
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
    pub(super) fn push(&mut self, holder: Applicant, job: T) {
        match self.waiting.iter_mut().find(|(other, _)| *other == holder) {
            Some((_, line)) => line.push_back(job),
            None => self.waiting.push_back((holder, VecDeque::from([job]))),
        }
    }

    /// The next job.
    pub(super) fn pop(&mut self) -> Option<T> {
        let (holder, mut line) = self.waiting.pop_front()?;
        let job = line.pop_front()?;
        if !line.is_empty() {
            self.waiting.push_back((holder, line));
        }
        Some(job)
    }
}
