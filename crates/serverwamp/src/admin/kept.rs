//! What brokers keep: retained events and histories, and their removal.

use super::AdminPermission;
use super::call::{AdminCall, count, fields};
use super::page::{AT_ONCE, AdminPage, PagedList, expired, unreadable};
use super::table::{
    AdminAnswer, AdminRow, AnsweredBy, ArgumentDefault, ArgumentKind, ArgumentRow, CURSOR, CURSOR_EXPIRED,
    FieldRow, FilterRow, LIMIT, NEXT, NO_SUCH_REALM, REALM, SCANNED, SORT_BY_ID,
};
use crate::WampError;
use crate::router::broker::{RetainedTopic, SubscriptionEntry};
use crate::rt::BoxFuture;
use serverwamp_proto::codec::{Dict, Value};
use serverwamp_proto::id::SubscriptionId;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::uris;
use std::sync::Arc;

pub(super) const ROWS: &[AdminRow] = &[
    AdminRow {
        name: "serverwamp.retained.query",
        text: "The topics of a realm that events are retained of, a page of them, without payloads.",
        permission: AdminPermission::Read,
        arguments: &[
            REALM,
            ArgumentRow {
                name: "filter",
                kind: ArgumentKind::Filter(&[FilterRow {
                    name: "topic",
                    words: &[],
                    text: "Topics that begin so; those before and behind them are not looked at.",
                }]),
                default: ArgumentDefault::Nothing,
                text: "Which topics; without it all.",
            },
            ArgumentRow {
                name: "sort",
                kind: ArgumentKind::Words(&["topic"]),
                default: ArgumentDefault::Word("topic"),
                text: "The order; there is no index of another one.",
            },
            CURSOR,
            LIMIT,
        ],
        answer: &[
            FieldRow {
                name: "topics",
                text: "A dictionary for each: `topic`, `events`, `bytes`, `last` (when the newest was published).",
            },
            NEXT,
            SCANNED,
        ],
        errors: &[NO_SUCH_REALM, CURSOR_EXPIRED],
        serve: AnsweredBy::Now(retained),
    },
    AdminRow {
        name: "serverwamp.retained.purge",
        text: "Removes what is retained of a topic, or of all topics that match.",
        permission: AdminPermission::Write,
        arguments: &[
            REALM,
            ArgumentRow {
                name: "topic",
                kind: ArgumentKind::Text,
                default: ArgumentDefault::Required,
                text: "The topic or pattern.",
            },
            ArgumentRow {
                name: "match",
                kind: ArgumentKind::Words(&["exact", "prefix", "wildcard"]),
                default: ArgumentDefault::Word("exact"),
                text: "How `topic` is meant.",
            },
        ],
        answer: &[FieldRow { name: "purged", text: "The number of events that were removed." }],
        errors: &[NO_SUCH_REALM, ("wamp.error.invalid_uri", "The topic is none, or no such pattern.")],
        serve: AnsweredBy::Later(purge_retained),
    },
    AdminRow {
        name: "serverwamp.history.query",
        text: "The histories that a realm keeps, a page of them, without payloads.",
        permission: AdminPermission::Read,
        arguments: &[REALM, SORT_BY_ID, CURSOR, LIMIT],
        answer: &[
            FieldRow {
                name: "histories",
                text: "A dictionary for each: `subscription`, `uri`, `match`, `events`, `bytes`.",
            },
            NEXT,
            SCANNED,
        ],
        errors: &[NO_SUCH_REALM, CURSOR_EXPIRED],
        serve: AnsweredBy::Now(histories),
    },
    AdminRow {
        name: "serverwamp.history.purge",
        text: "Forgets the history of a subscription. Clients that read on from an earlier event are told that some are missing.",
        permission: AdminPermission::Write,
        arguments: &[
            REALM,
            ArgumentRow {
                name: "subscription",
                kind: ArgumentKind::Id,
                default: ArgumentDefault::Required,
                text: "The id of the subscription, as `serverwamp.history.query` tells it.",
            },
        ],
        answer: &[FieldRow { name: "purged", text: "The number of events that were forgotten." }],
        errors: &[NO_SUCH_REALM, (uris::error::NO_SUCH_SUBSCRIPTION, "There is no history of this id.")],
        serve: AnsweredBy::Now(purge_history),
    },
];

fn retained(call: &AdminCall) -> AdminAnswer {
    let realm = call.realm()?;
    let run = realm.context.own_session.get();
    let after = match call.arguments.text("cursor") {
        None => None,
        Some(text) => {
            let (of, topic) = text.split_once('-').ok_or_else(unreadable)?;
            let of = u64::from_str_radix(of, 16).map_err(|_| unreadable())?;
            Some(if of == run { topic } else { return Err(expired()) })
        }
    };
    let limit = call.arguments.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(1);
    let start = call.arguments.filter("topic").unwrap_or_default();
    let mut found = realm.broker.retained_behind(after, start, limit.min(AT_ONCE) + 1);
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| format!("{run:x}-{}", last.topic));
    let mut answer = Dict::new();
    answer.insert("topics", found.iter().map(topic).collect::<Vec<Value>>());
    answer.insert("next", next);
    answer.insert("scanned", count(found.len()));
    Ok(Value::Dict(answer))
}

fn topic(retained: &RetainedTopic) -> Value {
    fields([
        ("topic", (*retained.topic).into()),
        ("events", count(retained.events)),
        ("bytes", count(retained.bytes)),
        ("last", retained.last.map(|last| last.to_string()).into()),
    ])
}

fn purge_retained(call: AdminCall) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move {
        let realm = call.realm()?;
        let topic = call.arguments.text("topic").unwrap_or_default();
        let kind = call.arguments.text("match").and_then(Match::from_word).unwrap_or_default();
        realm.context.check_uri(topic, kind, None)?;
        let mut removal = realm.broker.retained_removal(&UriPattern::new(kind, topic));
        let mut purged = 0;
        while !removal.is_complete() {
            purged += realm.broker.remove_some_retained(&mut removal);
            call.next_turn().await;
        }
        Ok(fields([("purged", count(purged))]))
    })
}

fn histories(call: &AdminCall) -> AdminAnswer {
    let realm = call.realm()?;
    let mut page = AdminPage::of(call, &realm, PagedList::Histories)?;
    let changes = realm.changes();
    let entries = changes.subscriptions.within(page.ids(SubscriptionId::new));
    let entries = entries.map(|(id, entry)| (id.get(), entry));
    let kept = |entry: &&Arc<SubscriptionEntry>| entry.members().history.is_some();
    let found: Vec<_> = page.take(entries, kept).into_iter().cloned().collect();
    drop(changes);
    page.answer("histories", found.iter().map(|entry| history(entry)).collect())
}

fn history(entry: &SubscriptionEntry) -> Value {
    let members = entry.members();
    let (events, bytes) = members.history.as_ref().map_or((0, 0), |history| (history.len(), history.bytes()));
    drop(members);
    fields([
        ("subscription", entry.id.get().into()),
        ("uri", entry.pattern.as_str().into()),
        ("match", entry.pattern.kind().as_str().into()),
        ("events", count(events)),
        ("bytes", count(bytes)),
    ])
}

fn purge_history(call: &AdminCall) -> AdminAnswer {
    let realm = call.realm()?;
    let number = call.arguments.number("subscription").unwrap_or_default();
    let none = || {
        WampError::new(uris::error::NO_SUCH_SUBSCRIPTION)
            .arg(format!("no history of a subscription {number}"))
    };
    let id = SubscriptionId::new(number).ok_or_else(none)?;
    let entry = realm.changes().subscriptions.get(id).cloned().ok_or_else(none)?;
    let purged = realm.broker.purge_history(&entry).ok_or_else(none)?;
    Ok(fields([("purged", count(purged))]))
}
