//! What the clients have seen, and the verdict.

use serverwamp::{Unanswered, WampError};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How a call has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallEnd {
    Result,
    /// An error that the router or the callee has answered.
    Answered,
    MayHaveRun,
    NotSent,
    /// An error that says nothing.
    Wordless,
}

/// What a subscription has yielded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Event(u64),
    Cut(u64),
}

#[derive(Debug, Default)]
struct Records {
    /// How each call has ended, and with what result.
    calls: HashMap<u64, Vec<CallEnd>>,
    /// How often the callee has run each call.
    runs: HashMap<u64, u64>,
    /// The acknowledged publications.
    acknowledged: Vec<u64>,
    failed_publications: HashMap<u64, CallEnd>,
    heard: Vec<Heard>,
    problems: Vec<String>,
}

/// What the clients have seen.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<Records>);

impl CallEnd {
    pub(crate) fn of_error(error: &WampError) -> Self {
        match error.unanswered() {
            Some(Unanswered::NotSent) => Self::NotSent,
            Some(Unanswered::MayHaveRun) => Self::MayHaveRun,
            _ if error.uri() == "wamp.error.network_failure" => Self::Wordless,
            _ => Self::Answered,
        }
    }
}

impl Record {
    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ran(&self, call: u64) {
        *self.records().runs.entry(call).or_default() += 1;
    }

    pub(crate) fn called(&self, call: u64, end: CallEnd) {
        self.records().calls.entry(call).or_default().push(end);
    }

    pub(crate) fn published(&self, number: u64, failed: Option<CallEnd>) {
        let mut records = self.records();
        match failed {
            None => records.acknowledged.push(number),
            Some(failed) => drop(records.failed_publications.insert(number, failed)),
        }
    }

    pub(crate) fn heard(&self, heard: Heard) {
        self.records().heard.push(heard);
    }

    pub(crate) fn problem(&self, text: String) {
        self.records().problems.push(text);
    }

    /// The calls with a result, and the events, so far.
    pub(crate) fn progress(&self) -> (usize, usize) {
        let records = self.records();
        let results = records.calls.values().filter(|ends| ends.contains(&CallEnd::Result)).count();
        let events = records.heard.iter().filter(|heard| matches!(heard, Heard::Event(_))).count();
        (results, events)
    }

    /// Everything that was lost without a word, and every word that was not true.
    pub(crate) fn problems(&self, rounds: u64) -> Vec<String> {
        let records = self.records();
        let mut problems = records.problems.clone();
        for (call, ends) in &records.calls {
            let runs = records.runs.get(call).copied().unwrap_or_default();
            let is_true = match ends[..] {
                [CallEnd::Result] => runs == 1,
                [CallEnd::NotSent] => runs == 0,
                // A callee whose connection is lost has perhaps run it.
                [CallEnd::Answered | CallEnd::MayHaveRun] => runs <= 1,
                _ => false,
            };
            if !is_true {
                problems.push(format!("call {call} ended as {ends:?}, and has run {runs} times"));
            }
        }
        problems.extend(lost_events(&records));
        let cuts: u64 = records
            .heard
            .iter()
            .map(|heard| if let Heard::Cut(sessions) = heard { *sessions } else { 0 })
            .sum();
        if cuts != rounds {
            problems.push(format!("the subscription tells of {cuts} cuts in {rounds} rounds"));
        }
        problems
    }
}

/// The acknowledged publications that have not come, and are in no cut; and those that came twice, or out of their order.
fn lost_events(records: &Records) -> Vec<String> {
    let mut problems = Vec::new();
    let mut acknowledged = records.acknowledged.iter().copied().peekable();
    let (mut last, mut is_cut) = (0, false);
    for heard in &records.heard {
        let Heard::Event(number) = *heard else {
            is_cut = true;
            continue;
        };
        if number <= last {
            problems.push(format!("event {number} came behind event {last}"));
        }
        if records.failed_publications.get(&number) == Some(&CallEnd::NotSent) {
            problems.push(format!("event {number} came, and was not sent"));
        }
        while let Some(missing) = acknowledged.next_if(|acknowledged| *acknowledged < number) {
            if missing > last && !is_cut {
                problems
                    .push(format!("publication {missing} is acknowledged, is in no cut, and has not come"));
            }
        }
        acknowledged.next_if_eq(&number);
        (last, is_cut) = (number, false);
    }
    let rest = acknowledged.filter(|missing| *missing > last && !is_cut);
    problems.extend(rest.map(|missing| format!("publication {missing} at the end has not come")));
    problems
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let records = self.records();
        let count = |end| records.calls.values().filter(|ends| ends.contains(&end)).count();
        let cuts = records.heard.iter().filter(|heard| matches!(heard, Heard::Cut(_))).count();
        write!(
            f,
            "{} calls: {} results, {} errors of the router, {} that may have run, {} not sent; {} publications \
             acknowledged, {} failed; {} events, {cuts} cuts",
            records.calls.len(),
            count(CallEnd::Result),
            count(CallEnd::Answered),
            count(CallEnd::MayHaveRun),
            count(CallEnd::NotSent),
            records.acknowledged.len(),
            records.failed_publications.len(),
            records.heard.len() - cuts,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with what a subscription has heard, when these numbers are acknowledged.
    fn lost(acknowledged: &[u64], heard: &[i64]) -> Vec<String> {
        let heard = heard.iter().map(|number| match u64::try_from(*number) {
            Ok(number) => Heard::Event(number),
            Err(_) => Heard::Cut(number.unsigned_abs()),
        });
        let records =
            Records { acknowledged: acknowledged.to_vec(), heard: heard.collect(), ..Records::default() };
        lost_events(&records)
    }

    #[test]
    fn an_event_that_is_in_no_cut_is_missed() {
        let none: [String; 0] = [];
        assert_eq!(lost(&[1, 2, 3, 4], &[1, 2, -1, 4]), none);
        assert_eq!(lost(&[1, 2, 3], &[1, 2, -1]), none);
        assert_eq!(lost(&[1, 3], &[1, 2, 3]), none, "2 came without an acknowledgement");
        assert_eq!(lost(&[1, 2, 3, 4], &[1, -1, 2, 4]).len(), 1);
        assert_eq!(lost(&[1, 2], &[1]).len(), 1);
        assert_eq!(lost(&[1, 2], &[1, 2, 2]).len(), 1);
    }

    #[test]
    fn a_call_that_was_lost_without_a_word_or_ran_against_it_is_a_problem() {
        for (end, runs, is_told) in [
            (CallEnd::Result, 1, true),
            (CallEnd::Result, 0, false),
            (CallEnd::Result, 2, false),
            (CallEnd::NotSent, 0, true),
            (CallEnd::NotSent, 1, false),
            (CallEnd::MayHaveRun, 0, true),
            (CallEnd::MayHaveRun, 1, true),
            (CallEnd::MayHaveRun, 2, false),
            (CallEnd::Wordless, 0, false),
        ] {
            let record = Record::default();
            record.called(7, end);
            (0..runs).for_each(|_| record.ran(7));
            assert_eq!(record.problems(0).is_empty(), is_told, "{end:?} and {runs} runs");
        }
        let record = Record::default();
        record.called(7, CallEnd::Result);
        record.called(7, CallEnd::MayHaveRun);
        record.ran(7);
        assert_eq!(record.problems(0).len(), 1, "it ended twice");
        assert_eq!(Record::default().problems(1).len(), 1, "a cut that nobody was told of");
    }
}
