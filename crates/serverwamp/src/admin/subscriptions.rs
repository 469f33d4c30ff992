//! Subscriptions: who listens to what, and their end.

use super::AdminPermission;
use super::call::{AdminCall, count, fields};
use super::page::{AdminPage, PagedList};
use super::table::{
    AdminAnswer, AdminRow, AnsweredBy, ArgumentDefault, ArgumentKind, ArgumentRow, CURSOR, CURSOR_EXPIRED,
    FieldRow, FilterRow, LIMIT, NEXT, NO_SUCH_REALM, NO_SUCH_SESSION, REALM, SCANNED, SORT_BY_ID,
};
use crate::WampError;
use crate::router::broker::SubscriptionEntry;
use crate::rt::BoxFuture;
use serverwamp_proto::codec::Value;
use serverwamp_proto::id::{SessionId, SubscriptionId};
use serverwamp_proto::uris;
use std::sync::Arc;

/// The subscribers that are told of one subscription.
const MOST_SUBSCRIBERS: usize = 100;

pub(super) const ROWS: &[AdminRow] = &[
    AdminRow {
        name: "serverwamp.subscription.query",
        text: "The subscriptions of a realm, a page of them: topics and patterns that somebody is subscribed to, or whose history is \
               kept.",
        permission: AdminPermission::Read,
        arguments: &[
            REALM,
            ArgumentRow {
                name: "filter",
                kind: ArgumentKind::Filter(&[
                    FilterRow {
                        name: "uri",
                        words: &[],
                        text: "Subscriptions to this topic or pattern, or to one that begins so.",
                    },
                    FilterRow {
                        name: "match",
                        words: &["exact", "prefix", "wildcard"],
                        text: "`exact`, `prefix` or `wildcard`.",
                    },
                ]),
                default: ArgumentDefault::Nothing,
                text: "Which subscriptions; without it all.",
            },
            SORT_BY_ID,
            CURSOR,
            LIMIT,
        ],
        answer: &[
            FieldRow {
                name: "subscriptions",
                text: "A dictionary for each: `subscription`, `uri`, `match`, `created`, `subscribers` (the number of sessions), \
                       `application` (the application has subscribed as well), `history` (the events that are kept; null if none are).",
            },
            NEXT,
            SCANNED,
        ],
        errors: &[NO_SUCH_REALM, CURSOR_EXPIRED],
        serve: AnsweredBy::Now(query),
    },
    AdminRow {
        name: "serverwamp.subscription.get",
        text: "One subscription and its subscribers.",
        permission: AdminPermission::Read,
        arguments: &[REALM, SUBSCRIPTION],
        answer: &[
            FieldRow { name: "subscription", text: "What `serverwamp.subscription.query` tells of it." },
            FieldRow {
                name: "subscribers",
                text: "The ids of the sessions that have subscribed, 100 at most.",
            },
        ],
        errors: &[NO_SUCH_REALM, NO_SUCH_SUBSCRIPTION],
        serve: AnsweredBy::Now(get),
    },
    AdminRow {
        name: "serverwamp.subscription.revoke",
        text: "Takes a subscription away from one subscriber or from all. A client that has announced `subscription_revocation` is told.",
        permission: AdminPermission::Write,
        arguments: &[
            REALM,
            SUBSCRIPTION,
            ArgumentRow {
                name: "session",
                kind: ArgumentKind::Id,
                default: ArgumentDefault::Nothing,
                text: "The subscriber; without it all of them.",
            },
            ArgumentRow {
                name: "reason",
                kind: ArgumentKind::Text,
                default: ArgumentDefault::Nothing,
                text: "The reason that the clients are told, a URI.",
            },
        ],
        answer: &[FieldRow { name: "revoked", text: "The number of subscribers it was taken away from." }],
        errors: &[NO_SUCH_REALM, NO_SUCH_SUBSCRIPTION, NO_SUCH_SESSION],
        serve: AnsweredBy::Later(revoke),
    },
];

const SUBSCRIPTION: ArgumentRow = ArgumentRow {
    name: "subscription",
    kind: ArgumentKind::Id,
    default: ArgumentDefault::Required,
    text: "The id of the subscription.",
};

const NO_SUCH_SUBSCRIPTION: (&str, &str) =
    (uris::error::NO_SUCH_SUBSCRIPTION, "There is no subscription of this id, or this session is not in it.");

fn query(call: &AdminCall) -> AdminAnswer {
    let key = |name| call.arguments.filter(name);
    let (uri, kind) = (key("uri"), key("match"));
    let fits = |entry: &SubscriptionEntry| {
        uri.is_none_or(|uri| entry.pattern.as_str().starts_with(uri))
            && kind.is_none_or(|kind| entry.pattern.kind().as_str() == kind)
    };
    let realm = call.realm()?;
    let mut page = AdminPage::of(call, &realm, PagedList::Subscriptions)?;
    let changes = realm.changes();
    let entries = changes.subscriptions.within(page.ids(SubscriptionId::new));
    let entries = entries.map(|(id, entry)| (id.get(), entry));
    let found: Vec<_> = page.take(entries, |entry| fits(entry)).into_iter().cloned().collect();
    drop(changes);
    page.answer("subscriptions", found.iter().map(|entry| row(entry)).collect())
}

fn row(entry: &SubscriptionEntry) -> Value {
    let members = entry.members();
    let (subscribers, application) = (members.sessions.len(), !members.local.is_empty());
    let history = members.history.as_ref().map(|history| count(history.len()));
    drop(members);
    fields([
        ("subscription", entry.id.get().into()),
        ("uri", entry.pattern.as_str().into()),
        ("match", entry.pattern.kind().as_str().into()),
        ("created", entry.created.to_string().into()),
        ("subscribers", count(subscribers)),
        ("application", application.into()),
        ("history", history.into()),
    ])
}

fn named(call: &AdminCall) -> Result<Arc<SubscriptionEntry>, WampError> {
    let number = call.arguments.number("subscription").unwrap_or_default();
    let id = SubscriptionId::new(number).ok_or_else(|| gone(number))?;
    call.realm()?.changes().subscriptions.get(id).cloned().ok_or_else(|| gone(number))
}

fn gone(id: u64) -> WampError {
    WampError::new(uris::error::NO_SUCH_SUBSCRIPTION).arg(format!("no such subscription: {id}"))
}

fn subscribers(entry: &SubscriptionEntry, most: usize) -> Vec<SessionId> {
    entry.members().sessions.iter().map(|(id, _)| id).take(most).collect()
}

fn get(call: &AdminCall) -> AdminAnswer {
    let entry = named(call)?;
    let ids = subscribers(&entry, MOST_SUBSCRIBERS).into_iter().map(|id| Value::from(id.get()));
    Ok(fields([("subscription", row(&entry)), ("subscribers", Value::List(ids.collect()))]))
}

fn revoke(call: AdminCall) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move {
        let (realm, entry) = (call.realm()?, named(&call)?);
        let revoked = call
            .revoke(
                &realm,
                || subscribers(&entry, usize::MAX),
                |session, reason| realm.broker.revoke(realm.changes(), session, entry.id, reason).is_some(),
            )
            .await?;
        if call.arguments.number("session").is_some() && revoked == 0 {
            return Err(gone(entry.id.get()));
        }
        Ok(fields([("revoked", count(revoked))]))
    })
}
