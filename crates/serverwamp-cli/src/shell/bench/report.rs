//! What was measured, as text and as JSON.

use super::super::json;
use hdrhistogram::Histogram;
use serverwamp::{Value, WampError, uris};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The longest latency that is told apart, in nanoseconds: a minute.
const LONGEST: u64 = 60_000_000_000;
/// Digits of a latency that are kept.
const DIGITS: u8 = 3;
/// The percentiles of a report.
pub(super) const PERCENTILES: [f64; 6] = [50.0, 90.0, 99.0, 99.9, 99.99, 100.0];
/// Kinds of errors that are told apart.
const KINDS: usize = 16;

/// Latencies and errors of a load.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) latencies: Histogram<u64>,
    /// Errors by URI.
    errors: BTreeMap<String, u64>,
    /// The longest delay between the time when a request was due and its sending.
    latest: Duration,
    pub(super) elapsed: Duration,
    /// Requests that were due and could not be sent, because too many others were under way.
    pub(super) unsent: u64,
    /// Requests without an answer, some time after the end.
    pub(super) unanswered: u64,
    /// Whether somebody has stopped it before its end.
    pub(super) stopped: bool,
}

impl Default for Measured {
    fn default() -> Self {
        let latencies = Histogram::new_with_bounds(1, LONGEST, DIGITS);
        let latencies = latencies.expect("the bounds of the histogram are constants that fit together");
        Self {
            latencies,
            errors: BTreeMap::new(),
            latest: Duration::ZERO,
            elapsed: Duration::ZERO,
            unsent: 0,
            unanswered: 0,
            stopped: false,
        }
    }
}

impl Measured {
    pub(super) fn record(&mut self, answer: &Result<(), WampError>, latency: Duration) {
        match answer {
            Ok(()) => self.latencies.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(LONGEST)),
            Err(error) => {
                let known = self.errors.len() < KINDS || self.errors.contains_key(error.uri());
                let uri = if known { error.uri() } else { "others" };
                *self.errors.entry(uri.to_owned()).or_default() += 1;
            }
        }
    }

    /// A request was sent so much after it was due.
    pub(super) fn late(&mut self, by: Duration) {
        self.latest = self.latest.max(by);
    }

    pub(super) fn add(&mut self, other: &Self) {
        // Both have the same bounds.
        let _always = self.latencies.add(&other.latencies);
        self.add_errors(other);
    }

    /// Adds what went wrong, and not the latencies: those of publishers beside those of subscribers.
    pub(super) fn add_errors(&mut self, other: &Self) {
        for (uri, count) in &other.errors {
            *self.errors.entry(uri.clone()).or_default() += count;
        }
        self.latest = self.latest.max(other.latest);
        self.unsent += other.unsent;
        self.unanswered += other.unanswered;
        self.stopped |= other.stopped;
    }

    fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Whether requests failed because the router was gone.
    fn lost_the_router(&self) -> bool {
        self.errors.contains_key(uris::error::NETWORK_FAILURE)
    }
}

/// A measurement with its circumstances.
#[derive(Debug)]
pub(super) struct Report {
    /// What was done, such as `call demo.add`.
    pub(super) what: String,
    /// What is counted: `calls`, `publications`, `events`.
    pub(super) unit: &'static str,
    /// Against which router, and with which load.
    pub(super) circumstances: Vec<(&'static str, Value)>,
    /// Whether requests had their time; otherwise those who wait send nothing.
    pub(super) open_loop: bool,
    pub(super) measured: Measured,
    /// How many were due to arrive, where some may be lost.
    pub(super) expected: Option<u64>,
}

/// Whether a report can be believed.
pub(super) enum Reported {
    Sound,
    /// Some requests failed, or nothing was measured.
    Faulty(String),
    /// The router was gone before the end.
    Lost(String),
}

impl Report {
    fn per_second(&self) -> f64 {
        self.measured.latencies.len() as f64 / self.measured.elapsed.as_secs_f64().max(1e-9)
    }

    fn lost(&self) -> u64 {
        self.expected.map_or(0, |expected| expected.saturating_sub(self.measured.latencies.len()))
    }

    pub(super) fn outcome(&self) -> Reported {
        let (failed, done) = (self.measured.failed(), self.measured.latencies.len());
        let unit = self.unit;
        if self.measured.stopped {
            return Reported::Faulty("it was stopped before its end".to_owned());
        }
        if self.measured.lost_the_router() {
            return Reported::Lost(format!("the connection was lost after {done} {unit}"));
        }
        if self.measured.unsent > 0 {
            let unsent = self.measured.unsent;
            return Reported::Faulty(format!(
                "{unsent} {unit} were due and could not be sent: the rate is more than the router answers"
            ));
        }
        if self.measured.unanswered > 0 {
            return Reported::Faulty(format!("{} {unit} were not answered", self.measured.unanswered));
        }
        match (failed, self.lost(), done) {
            (0, 0, 1..) => Reported::Sound,
            (0, 0, 0) => Reported::Faulty("nothing was measured: the time was too short".to_owned()),
            (0, lost, _) => Reported::Faulty(format!("{lost} of {} {unit} did not arrive", lost + done)),
            _ => Reported::Faulty(format!("{failed} of {} {unit} failed", failed + done)),
        }
    }

    /// A latency at a percentile, in milliseconds.
    pub(super) fn at(&self, percentile: f64) -> f64 {
        millis(self.measured.latencies.value_at_percentile(percentile))
    }

    pub(super) fn to_json(&self) -> String {
        let latencies = &self.measured.latencies;
        let mut document = json::dict([("what", (&*self.what).into()), ("unit", self.unit.into())]);
        for (name, value) in &self.circumstances {
            document.insert(*name, value.clone());
        }
        document.insert("open_loop", self.open_loop);
        document.insert("seconds", self.measured.elapsed.as_secs_f64());
        document.insert("done", latencies.len());
        document.insert("per_second", self.per_second());
        if let Some(expected) = self.expected {
            document.insert("expected", expected);
        }
        let mut errors = json::dict([]);
        for (uri, count) in &self.measured.errors {
            errors.insert(&**uri, *count);
        }
        document.insert("errors", Value::Dict(errors));
        document.insert("unanswered", self.measured.unanswered);
        if self.open_loop {
            document.insert("unsent", self.measured.unsent);
        }
        let mut shown =
            json::dict([("min", millis(latencies.min()).into()), ("mean", (latencies.mean() / 1e6).into())]);
        for percentile in PERCENTILES {
            shown.insert(name(percentile), self.at(percentile));
        }
        document.insert("latency_ms", Value::Dict(shown));
        if self.open_loop {
            document.insert("sent_late_ms", self.measured.latest.as_secs_f64() * 1e3);
        }
        json::readable(&Value::Dict(document))
    }
}

/// The name of a percentile: `p50`, `p99.9`, `max`.
pub(super) fn name(percentile: f64) -> String {
    if percentile >= 100.0 { "max".to_owned() } else { format!("p{percentile}") }
}

fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let latencies = &self.measured.latencies;
        writeln!(f, "{}", super::super::output::visible(&self.what))?;
        for (name, value) in &self.circumstances {
            let value = value.as_str().map_or_else(|| json::compact(value), str::to_owned);
            writeln!(f, "  {name:<13}{}", super::super::output::visible(&value))?;
        }
        let seconds = self.measured.elapsed.as_secs_f64();
        writeln!(
            f,
            "  {:<13}{} {} in {seconds:.2} s, {:.0} a second",
            "done",
            latencies.len(),
            self.unit,
            self.per_second()
        )?;
        if let Some(expected) = self.expected {
            writeln!(f, "  {:<13}{} of {expected}", "lost", self.lost())?;
        }
        for (uri, count) in &self.measured.errors {
            writeln!(f, "  {:<13}{count} x {}", "failed", super::super::output::visible(uri))?;
        }
        for (name, count) in [("unsent", self.measured.unsent), ("unanswered", self.measured.unanswered)] {
            if count > 0 {
                writeln!(f, "  {name:<13}{count}")?;
            }
        }
        if latencies.is_empty() {
            return Ok(());
        }
        let from = match (self.expected.is_some(), self.open_loop) {
            (true, _) => "from each publication to each subscriber",
            (false, true) => "from the time when each was due",
            (false, false) => {
                "closed loop: who waits sends nothing, so waiting is seen less often than it happens; --rate shows all of it"
            }
        };
        writeln!(f, "  latency in ms, {from}")?;
        for percentile in PERCENTILES {
            writeln!(f, "    {:<9}{:>12.3}", name(percentile), self.at(percentile))?;
        }
        if self.open_loop {
            writeln!(
                f,
                "  the latest request was sent {:.3} ms after it was due",
                self.measured.latest.as_secs_f64() * 1e3
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(latencies: &[u64], errors: u64) -> Report {
        let mut measured = Measured { elapsed: Duration::from_secs(2), ..Measured::default() };
        for millis in latencies {
            measured.record(&Ok(()), Duration::from_millis(*millis));
        }
        for _ in 0..errors {
            measured.record(&Err(WampError::new("a.b")), Duration::ZERO);
        }
        let circumstances = vec![("url", "ws://h".into())];
        Report {
            what: "call a".to_owned(),
            unit: "calls",
            circumstances,
            open_loop: true,
            measured,
            expected: None,
        }
    }

    #[test]
    fn percentiles_are_of_what_was_answered() {
        let report = report(&[1, 2, 3, 4], 1);
        assert!((report.at(50.0) - 2.0).abs() < 0.01 && (report.at(100.0) - 4.0).abs() < 0.01);
        let text = report.to_string();
        for part in ["4 calls in 2.00 s, 2 a second", "1 x a.b", "p99.9", "max"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(matches!(report.outcome(), Reported::Faulty(text) if text == "1 of 5 calls failed"));
    }

    #[test]
    fn what_did_not_arrive_is_a_fault() {
        let lossy = Report { expected: Some(6), ..report(&[1, 1], 0) };
        assert!(matches!(lossy.outcome(), Reported::Faulty(text) if text == "4 of 6 calls did not arrive"));
        assert!(matches!(report(&[], 0).outcome(), Reported::Faulty(_)));
        assert!(matches!(report(&[1], 0).outcome(), Reported::Sound));
    }

    #[test]
    fn errors_of_many_kinds_stay_few_lines() {
        let mut measured = Measured::default();
        for kind in 0..100 {
            measured.record(&Err(WampError::new(format!("a.b{kind}"))), Duration::ZERO);
        }
        assert_eq!((measured.errors.len(), measured.failed()), (KINDS + 1, 100));
    }
}
