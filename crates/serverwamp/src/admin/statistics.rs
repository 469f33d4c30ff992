//! What was counted since the application was built: once, or every second.
//!
//! Invariant: the topic costs nothing while nobody is subscribed to it, and one snapshot a second however many are.

use super::AdminPermission;
use super::call::{AdminCall, AdminState, count, fields};
use super::table::{AdminAnswer, AdminRow, AnsweredBy, FieldRow};
use crate::application::Application;
use crate::peer::Environment;
use crate::router::measures::{CallDurations, RealmStatistics, UriStatistics, read_in_turns};
use crate::rt::{BoxFuture, after, wall_clock};
use crate::{PendingSubscription, Session, WampError};
use serverwamp_proto::codec::{Dict, Value};
use std::sync::Arc;
use std::time::Duration;

/// The name of the topic.
const TICK: &str = "serverwamp.stats.tick";

/// How often it has an event.
const SECOND: Duration = Duration::from_secs(1);

/// The realms that are told of; with more an event would not get through the queues of its subscribers.
const MOST_REALMS: usize = 200;

const ANSWER: &[FieldRow] = &[
    FieldRow { name: "at", text: "The time of the snapshot." },
    FieldRow { name: "node", text: "The counters of docs/metrics.md that are the node's, by name." },
    FieldRow {
        name: "realms",
        text: "For each realm: `realm`, `sessions`, `registrations`, `subscriptions`, `send_queue_bytes`, `slow_sessions`, \
               `received_bytes`, `sent_bytes`, `messages` (such as `received CALL`), `calls` by outcome, `events_dropped`, `joins`, \
               `call_micros` (pairs of an upper bound in microseconds, null for the last, and the number of calls between it and \
               the bound before), `uris` that the operator has named. At most 200, in the order of their names.",
    },
    FieldRow { name: "realms_left_out", text: "The number of realms that are not told of." },
];

pub(super) const ROWS: &[AdminRow] = &[
    AdminRow {
        name: "serverwamp.stats.snapshot",
        text: "What was counted since the application was built. Rates are the difference of two snapshots.",
        permission: AdminPermission::Read,
        arguments: &[],
        answer: ANSWER,
        errors: &[],
        serve: AnsweredBy::Later(snapshot),
    },
    AdminRow {
        name: TICK,
        text: "The snapshot of `serverwamp.stats.snapshot`, every second. It is made only while somebody is subscribed, and once for all.",
        permission: AdminPermission::Read,
        arguments: &[],
        answer: ANSWER,
        errors: &[],
        serve: AnsweredBy::Topic(tick),
    },
];

fn snapshot(call: AdminCall) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move { read(&call.application()?, &call.caller).await })
}

/// Accompanies a subscription to its end. The one among all that has the ticker publishes for the others.
fn tick(
    subscription: PendingSubscription,
    state: Arc<AdminState>,
) -> BoxFuture<'static, Result<(), WampError>> {
    Box::pin(async move {
        let subscription = subscription.accept().await;
        let session = subscription.session();
        let publishing = async {
            let _ticker = state.ticker.lock().await;
            loop {
                let runtime = session.inner().runtime();
                runtime.sleep_until(after(runtime.now(), SECOND)).await;
                let node = session.inner().running_realm().context.node.get::<Environment>();
                let Some(application) = node.map(Application::of) else { return Ok(()) };
                let statistics = read(&application, session).await?;
                drop(application);
                session.realm().publish(TICK, (statistics,))?;
            }
        };
        subscription.while_open(publishing).await.unwrap_or(Ok(()))
    })
}

async fn read(application: &Application, whose: &Session) -> AdminAnswer {
    let at = wall_clock().to_string();
    let node: Dict = application.statistics().iter().collect();
    let realms = read_in_turns(&application.inner().realms, &**whose.inner().runtime()).await;
    let left_out = realms.len().saturating_sub(MOST_REALMS);
    let told: Vec<Value> = realms.iter().take(MOST_REALMS).map(realm).collect();
    Ok(fields([
        ("at", at.into()),
        ("node", Value::Dict(node)),
        ("realms", told.into()),
        ("realms_left_out", count(left_out)),
    ]))
}

fn realm(statistics: &RealmStatistics) -> Value {
    let messages = statistics.messages().filter(|(_, _, count)| *count > 0);
    let messages: Dict =
        messages.map(|(direction, name, count)| (format!("{} {name}", direction.name()), count)).collect();
    fields([
        ("realm", statistics.realm.as_str().into()),
        ("sessions", count(statistics.sessions)),
        ("registrations", count(statistics.registrations)),
        ("subscriptions", count(statistics.subscriptions)),
        ("send_queue_bytes", count(statistics.send_queue_bytes)),
        ("slow_sessions", count(statistics.slow_sessions)),
        ("received_bytes", statistics.received_bytes.into()),
        ("sent_bytes", statistics.sent_bytes.into()),
        ("messages", Value::Dict(messages)),
        ("calls", Value::Dict(statistics.calls().collect())),
        ("events_dropped", Value::Dict(statistics.events_dropped().collect())),
        ("joins", Value::Dict(statistics.joins().collect())),
        ("call_micros", durations(&statistics.call_durations)),
        ("uris", statistics.uris.iter().map(uri).collect::<Vec<Value>>().into()),
    ])
}

fn uri(statistics: &UriStatistics) -> Value {
    fields([
        ("uri", statistics.uri.as_str().into()),
        ("results", statistics.results.into()),
        ("errors", statistics.errors.into()),
        ("events_delivered", statistics.events_delivered.into()),
        ("call_micros", durations(&statistics.call_durations)),
    ])
}

fn durations(durations: &CallDurations) -> Value {
    let micros =
        |bound: Option<Duration>| bound.map(|bound| u64::try_from(bound.as_micros()).unwrap_or(u64::MAX));
    let pairs =
        durations.buckets().map(|(bound, count)| Value::List(vec![micros(bound).into(), count.into()]));
    Value::List(pairs.collect())
}
