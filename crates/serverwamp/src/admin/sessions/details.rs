//! One session: what it is, what it does, what it holds.

use super::query::{messages, row};
use crate::admin::call::{AdminCall, count, fields, no_such_session, session_id};
use crate::admin::table::AdminAnswer;
use crate::base::message_kind::{MessageDirection, MessageKind};
use crate::router::session::RouterSession;
use crate::rt::{BoxFuture, after};
use crate::transport::TrafficCounts;
use serverwamp_proto::codec::{Dict, Value};
use serverwamp_proto::pattern::UriPattern;
use serverwamp_proto::session::{Feature, Features};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The registrations and the subscriptions of a session that are told.
const MOST_HELD: usize = 100;

pub(super) fn get(call: AdminCall) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move {
        let realm = call.realm()?;
        let number = call.arguments.number("session").unwrap_or_default();
        let id = session_id(number)?;
        let session = realm.sessions_by_id().get(&id).cloned().ok_or_else(|| no_such_session(number))?;
        let time = Duration::from_millis(call.arguments.number("rate_ms").unwrap_or_default());
        let rates = if time.is_zero() { Value::Null } else { rates(&session, time).await };
        Ok(details(&session, rates))
    })
}

/// What the session's connection receives and sends per second, measured for so long.
async fn rates(session: &RouterSession, time: Duration) -> Value {
    let runtime = session.runtime();
    let (began, before) = (runtime.now(), session.outbox().traffic());
    runtime.sleep_until(after(began, time)).await;
    let now: TrafficCounts = session.outbox().traffic();
    let elapsed = runtime.now().duration_since(began).as_secs_f64().max(0.001);
    #[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
    let per_second = |now: u64, before: u64| Value::from(now.wrapping_sub(before) as f64 / elapsed);
    let all = |direction| per_second(messages(&now, direction), messages(&before, direction));
    fields([
        ("received_messages", all(MessageDirection::Received)),
        ("sent_messages", all(MessageDirection::Sent)),
        ("received_bytes", per_second(now.received_bytes, before.received_bytes)),
        ("sent_bytes", per_second(now.sent_bytes, before.sent_bytes)),
    ])
}

fn details(session: &Arc<RouterSession>, rates: Value) -> Value {
    let outbox = session.outbox();
    let transport = session.transport();
    let queue = fields([
        ("bytes", count(outbox.queued())),
        ("limit", count(outbox.limit())),
        ("slow", outbox.is_slow().into()),
        ("events_lost", session.events_lost().into()),
    ]);
    let tls = transport.tls.as_ref().map(|tls| format!("{} {}", tls.version, tls.cipher_suite));
    let ((registrations, registration_count), (subscriptions, subscription_count)) = held(session);
    fields([
        ("session", row(session)),
        ("features", features(session)),
        ("protocol", transport.protocol.into()),
        ("tls", tls.into()),
        ("queue", queue),
        ("messages", kinds(&outbox.traffic())),
        ("rates", rates),
        ("registrations", registrations.into()),
        ("registration_count", count(registration_count)),
        ("subscriptions", subscriptions.into()),
        ("subscription_count", count(subscription_count)),
    ])
}

/// Some of what a session holds, and how much that is.
type SomeHeld = (Vec<Value>, usize);

/// Its registrations and its subscriptions.
fn held(session: &RouterSession) -> (SomeHeld, SomeHeld) {
    let tables = session.tables();
    let registrations = tables.registrations.values().take(MOST_HELD);
    let registrations = registrations.map(|entry| one(entry.id.get(), &entry.pattern)).collect();
    let subscriptions = tables.subscriptions.values().take(MOST_HELD);
    let subscriptions = subscriptions.map(|held| one(held.entry.id.get(), &held.entry.pattern)).collect();
    ((registrations, tables.registrations.len()), (subscriptions, tables.subscriptions.len()))
}

fn one(id: u64, pattern: &UriPattern) -> Value {
    fields([("id", id.into()), ("uri", pattern.as_str().into()), ("match", pattern.kind().as_str().into())])
}

fn features(session: &RouterSession) -> Value {
    let roles = session.roles();
    let all = [
        ("publisher", roles.publisher),
        ("subscriber", roles.subscriber),
        ("caller", roles.caller),
        ("callee", roles.callee),
    ];
    let names = |features: Features| {
        let has = Feature::ALL.iter().filter(|feature| features.has(**feature));
        has.map(|feature| feature.name()).collect::<Vec<&str>>()
    };
    let announced = all.into_iter().filter_map(|(role, features)| Some((role, names(features?))));
    Value::Dict(announced.collect::<Dict>())
}

/// The messages that there were, by direction and name.
fn kinds(traffic: &TrafficCounts) -> Value {
    let mut sums = BTreeMap::<String, u64>::new();
    for (kind, count) in MessageKind::ALL.iter().zip(&traffic.messages).filter(|(_, count)| **count > 0) {
        let (direction, name) = kind.message();
        *sums.entry(format!("{} {name}", direction.name())).or_default() += count;
    }
    Value::Dict(sums.into_iter().collect::<Dict>())
}
