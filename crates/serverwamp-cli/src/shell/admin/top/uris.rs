//! What single procedures and topics do, as the server tells it for as long as somebody watches.

use super::sample::number;
use crate::failure::Failure;
use crate::shell::admin::AdminClient;
use crate::shell::admin::answers::shown;
use crate::shell::output::parts;

use serverwamp::extract::Kwargs;
use serverwamp::{CallResult, Dict, ProgressResults, Value};
use std::cmp::Ordering;
use std::time::Duration;

/// The procedure that tells it.
const WATCH: &str = "serverwamp.uri.watch";

/// As many procedures, and as many topics, as the server tells on their own at most.
const MOST: u64 = 500;

/// A watch that is open, until this is dropped.
pub(super) struct Watch {
    /// `None` once there are no more.
    results: Option<ProgressResults>,
}

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct Uris {
    pub(super) rows: Vec<UriSample>,
    /// Those that are not told on their own.
    pub(super) others: Vec<UriSample>,
    /// Why nothing is told any more.
    pub(super) trouble: Option<String>,
}

/// One procedure or topic.
#[derive(Debug)]
pub(super) struct UriSample {
    pub(super) topic: bool,
    pub(super) uri: String,
    /// Calls or publications.
    pub(super) per_second: f64,
    /// Calls that failed, or events that were sent, per second.
    pub(super) failed: f64,
    pub(super) events: f64,
    pub(super) in_flight: u64,
    /// Microseconds within which half of the answers and 99 of 100 came.
    pub(super) p50: Option<u64>,
    pub(super) p99: Option<u64>,
}

/// The orders in which URIs can stand.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum UriOrder {
    #[default]
    Rate,
    Failed,
    InFlight,
    Slowest,
    Uri,
}

impl Watch {
    /// Begins to watch; figures come once in this time.
    pub(super) fn open(admin: &AdminClient, every: Duration) -> Self {
        let mut arguments = Dict::new();
        arguments.insert("most", MOST);
        arguments
            .insert("interval_ms", u64::try_from(every.as_millis()).unwrap_or(u64::MAX).clamp(100, 60_000));
        let call = admin.client.call::<CallResult, _>(WATCH, Kwargs(admin.of_realm(arguments)));
        Self { results: Some(call.progressive()) }
    }

    /// The next figures.
    ///
    /// # Errors
    /// Why there are none: the permission is missing, the realm has too many watches, the connection is lost.
    pub(super) async fn next(&mut self, admin: &AdminClient) -> Result<Uris, Failure> {
        if let Some(results) = &mut self.results
            && let Some(told) = results.next().await
        {
            let (args, _) = parts(told.payload())?;
            return Ok(args.first().map(Uris::of).unwrap_or_default());
        }
        match self.results.take() {
            Some(results) => match results.finish().await {
                Ok(_) => Err(Failure::Answered(format!("{WATCH} ended"))),
                Err(error) => Err(admin.failed(WATCH, &error)),
            },
            None => Err(Failure::Answered(format!("{WATCH} ended"))),
        }
    }
}

impl Uris {
    fn of(told: &Value) -> Self {
        let seconds =
            told.get("seconds").and_then(Value::as_f64).filter(|seconds| *seconds > 0.0).unwrap_or(1.0);
        let list = |field: &str| told.get(field).and_then(Value::as_list).unwrap_or_default();
        let procedures = list("procedures").iter().map(|row| UriSample::of(row, false, seconds));
        let topics = list("topics").iter().map(|row| UriSample::of(row, true, seconds));
        let rows = procedures.chain(topics).collect();
        let other = |field, topic| told.get(field).map(|row| UriSample::of(row, topic, seconds));
        let others = [other("other_procedures", false), other("other_topics", true)].into_iter().flatten();
        let others = others.filter(|other| other.per_second > 0.0 || other.in_flight > 0).collect();
        Self { rows, others, trouble: None }
    }

    /// Those whose URIs contain the text, in this order; the sums of the others come last.
    pub(super) fn looked_at(&self, filter: &str, order: UriOrder) -> Vec<&UriSample> {
        let mut rows: Vec<_> = self.rows.iter().filter(|row| row.uri.contains(filter)).collect();
        rows.sort_by(|one, other| order.compare(one, other));
        rows.extend(self.others.iter().filter(|_| filter.is_empty()));
        rows
    }
}

impl UriSample {
    #[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
    fn of(row: &Value, topic: bool, seconds: f64) -> Self {
        let rate = |field| number(row, field) as f64 / seconds;
        Self {
            topic,
            uri: shown(row, "uri"),
            per_second: rate(if topic { "publications" } else { "calls" }),
            failed: rate("errors"),
            events: rate("events"),
            in_flight: number(row, "in_flight"),
            p50: row.get("p50_micros").and_then(Value::as_u64),
            p99: row.get("p99_micros").and_then(Value::as_u64),
        }
    }
}

impl UriOrder {
    const ALL: [Self; 5] = [Self::Rate, Self::Failed, Self::InFlight, Self::Slowest, Self::Uri];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Failed => "failures",
            Self::InFlight => "calls in flight",
            Self::Slowest => "p99",
            Self::Uri => "uri",
        }
    }

    /// The order so many steps on.
    pub(super) fn next(self, back: bool) -> Self {
        let place = Self::ALL.iter().position(|one| *one == self).unwrap_or_default();
        Self::ALL[(place + if back { Self::ALL.len() - 1 } else { 1 }) % Self::ALL.len()]
    }

    fn compare(self, one: &UriSample, other: &UriSample) -> Ordering {
        let most_first = match self {
            Self::Rate => other.per_second.total_cmp(&one.per_second),
            Self::Failed => other.failed.total_cmp(&one.failed),
            Self::InFlight => other.in_flight.cmp(&one.in_flight),
            Self::Slowest => other.p99.cmp(&one.p99),
            Self::Uri => Ordering::Equal,
        };
        most_first.then_with(|| one.uri.cmp(&other.uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp::Serializer;
    use serverwamp_proto::codec::from_slice;

    #[test]
    fn what_is_told_is_in_the_order_that_is_chosen_and_the_sums_of_others_come_last() {
        let told: Value = from_slice(
            Serializer::Json,
            br#"{"seconds":2.0,"procedures":[{"uri":"a.slow","calls":2,"errors":2,"in_flight":1,"p50_micros":10,"p99_micros":900},
                {"uri":"b.fast\u001b[2J","calls":20,"errors":0,"in_flight":0,"p50_micros":null,"p99_micros":null}],
                "other_procedures":{"uri":null,"calls":4,"errors":0,"in_flight":0},
                "topics":[{"uri":"c.topic","publications":10,"events":40}],"other_topics":{"uri":null,"publications":0,"events":0}}"#,
        )
        .unwrap();
        let uris = Uris::of(&told);
        let seen = |filter, order| -> Vec<_> {
            uris.looked_at(filter, order).iter().map(|row| (&*row.uri, row.per_second)).collect()
        };
        let (slow, fast, topic, others) =
            (("a.slow", 1.0), ("b.fast\\u{1b}[2J", 10.0), ("c.topic", 5.0), ("-", 2.0));
        assert_eq!(seen("", UriOrder::Rate), [fast, topic, slow, others]);
        assert_eq!(seen("", UriOrder::Slowest), [slow, fast, topic, others]);
        assert_eq!(seen("top", UriOrder::Uri), [topic]);
        assert_eq!((uris.rows[2].events, uris.rows[0].failed, uris.rows[0].p99), (20.0, 1.0, Some(900)));
        assert_eq!(UriOrder::Rate.next(true), UriOrder::Uri);
        assert_eq!(UriOrder::Uri.next(false), UriOrder::Rate);
    }
}
