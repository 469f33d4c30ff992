//! Watches: what single procedures and topics do, while somebody looks.
//!
//! The figures are the progressive results of one call, so that counting ends with the call and with its session.

use super::AdminPermission;
use super::call::{AdminCall, fields};
use super::table::{
    AdminAnswer, AdminRow, AnsweredBy, ArgumentDefault, ArgumentKind, ArgumentRow, FieldRow, NO_PROGRESS,
    NO_SUCH_REALM, REALM,
};
use crate::WampError;
use crate::router::tap::{
    MOST_WATCHES, ProcedureFigures, TopicFigures, UriWatcher, WatchFigures, WatchedUris,
};
use crate::rt::{BoxFuture, after};
use serverwamp_proto::codec::Value;
use std::time::Duration;

/// The error of a realm that is watched too often.
const TOO_MANY: (&str, &str) = (
    "serverwamp.error.too_many_watches",
    "The realm has 8 watches, which are as many as it may have. Watches end with the sessions that opened them.",
);

pub(super) const ROWS: &[AdminRow] = &[AdminRow {
    name: "serverwamp.uri.watch",
    text: "What single procedures and topics do, as progressive results. It is counted only while somebody watches: of procedures what \
           sessions call, of topics what sessions and the application publish. CANCEL ends it.",
    permission: AdminPermission::Read,
    arguments: &[
        REALM,
        ArgumentRow {
            name: "uri",
            kind: ArgumentKind::Text,
            default: ArgumentDefault::Nothing,
            text: "This procedure or topic, or, with `*` at its end, those that begin so; without it all.",
        },
        ArgumentRow {
            name: "most",
            kind: ArgumentKind::Integer(1, 500),
            default: ArgumentDefault::Integer(50),
            text: "The most procedures, and the most topics, that are told on their own: the busiest. All others are summed.",
        },
        ArgumentRow {
            name: "interval_ms",
            kind: ArgumentKind::Integer(100, 60_000),
            default: ArgumentDefault::Integer(1000),
            text: "The time between two results, in milliseconds.",
        },
        ArgumentRow {
            name: "limit",
            kind: ArgumentKind::Integer(1, 1_000_000),
            default: ArgumentDefault::Nothing,
            text: "The call ends after so many results; without it with CANCEL or with the session.",
        },
    ],
    answer: &[
        FieldRow { name: "seconds", text: "The time that the figures are of." },
        FieldRow {
            name: "procedures",
            text: "A dictionary for each that was called, or is unanswered, the busiest first: `uri` (that was called), `calls`, \
                   `calls_per_second`, `results`, `errors` (and calls whose callers have left), `in_flight` (calls that are \
                   unanswered, of those that came while it was watched), `p50_micros` and `p99_micros` of those that were answered \
                   (from the receipt of CALL to the queueing of the answer; at most a tenth off; null if there were none).",
        },
        FieldRow { name: "other_procedures", text: "The same for all others together; `uri` is null." },
        FieldRow {
            name: "topics",
            text: "A dictionary for each that was published to, the busiest first: `uri`, `publications`, `publications_per_second`, \
                   `events` (that were queued for subscribers).",
        },
        FieldRow { name: "other_topics", text: "The same for all others together; `uri` is null." },
    ],
    errors: &[NO_SUCH_REALM, NO_PROGRESS, TOO_MANY],
    serve: AnsweredBy::Later(watch),
}];

fn watch(call: AdminCall) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move {
        if !call.progress.requested() {
            return Err(WampError::new(NO_PROGRESS.0)
                .arg("the figures are progressive results; ask for them with receive_progress"));
        }
        let realm = call.realm()?;
        let number = |name| call.arguments.number(name);
        let most = number("most").and_then(|most| usize::try_from(most).ok()).unwrap_or(1);
        let interval = Duration::from_millis(number("interval_ms").unwrap_or(1000));
        let mut left = number("limit").unwrap_or(u64::MAX);
        let Some(watcher) = UriWatcher::open(&realm.context, watched(call.arguments.text("uri")), most)
        else {
            let text = format!("the realm has {MOST_WATCHES} watches already");
            return Err(WampError::new(TOO_MANY.0).arg(text));
        };
        let runtime = call.caller.inner().runtime();
        let mut began = runtime.now();
        loop {
            runtime.sleep_until(after(runtime.now(), interval)).await;
            if realm.ended().is_some() {
                return Err(WampError::new(NO_SUCH_REALM.0).arg("the realm was stopped"));
            }
            let now = runtime.now();
            let took = now.saturating_duration_since(std::mem::replace(&mut began, now));
            let figures = answer(&watcher.take(), took);
            left -= 1;
            if left == 0 {
                return Ok(figures);
            }
            call.progress.send(figures).await?;
        }
    })
}

fn watched(uri: Option<&str>) -> WatchedUris {
    match uri.map(|uri| (uri, uri.strip_suffix('*'))) {
        None => WatchedUris::All,
        Some((_, Some(start))) => WatchedUris::Beginning(start.to_owned()),
        Some((one, None)) => WatchedUris::One(one.to_owned()),
    }
}

fn answer(figures: &WatchFigures, took: Duration) -> Value {
    let seconds = took.as_secs_f64().max(0.001);
    let procedures = figures.procedures.iter().map(|(uri, one)| procedure(Some(uri), one, seconds));
    let topics = figures.topics.iter().map(|(uri, one)| topic(Some(uri), *one, seconds));
    fields([
        ("seconds", seconds.into()),
        ("procedures", procedures.collect::<Vec<Value>>().into()),
        ("other_procedures", procedure(None, &figures.other_procedures, seconds)),
        ("topics", topics.collect::<Vec<Value>>().into()),
        ("other_topics", topic(None, figures.other_topics, seconds)),
    ])
}

fn procedure(uri: Option<&str>, figures: &ProcedureFigures, seconds: f64) -> Value {
    let percentile = |percent| figures.percentile(percent).map(micros);
    fields([
        ("uri", uri.into()),
        ("calls", figures.calls.into()),
        ("calls_per_second", rate(figures.calls, seconds)),
        ("results", figures.results.into()),
        ("errors", figures.errors.into()),
        ("in_flight", figures.in_flight.into()),
        ("p50_micros", percentile(50).into()),
        ("p99_micros", percentile(99).into()),
    ])
}

fn topic(uri: Option<&str>, figures: TopicFigures, seconds: f64) -> Value {
    fields([
        ("uri", uri.into()),
        ("publications", figures.publications.into()),
        ("publications_per_second", rate(figures.publications, seconds)),
        ("events", figures.events.into()),
    ])
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
fn rate(number: u64, seconds: f64) -> Value {
    Value::from(number as f64 / seconds)
}
