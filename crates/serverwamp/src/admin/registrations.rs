//! Registrations: which procedures there are and who serves them, and their end.

use super::AdminPermission;
use super::call::{AdminCall, count, fields};
use super::page::{AdminPage, PagedList};
use super::table::{
    AdminAnswer, AdminRow, AnsweredBy, ArgumentDefault, ArgumentKind, ArgumentRow, CURSOR, CURSOR_EXPIRED,
    FieldRow, FilterRow, LIMIT, NEXT, NO_SUCH_REALM, NO_SUCH_SESSION, REALM, SCANNED, SORT_BY_ID,
};
use crate::WampError;
use crate::router::dealer::RegistrationEntry;
use crate::rt::BoxFuture;
use serverwamp_proto::codec::Value;
use serverwamp_proto::id::RegistrationId;
use serverwamp_proto::uris;
use std::sync::Arc;

/// The callees that are told of one registration.
const MOST_CALLEES: usize = 100;

pub(super) const ROWS: &[AdminRow] = &[
    AdminRow {
        name: "serverwamp.registration.query",
        text: "The registrations of a realm, a page of them. Procedures that the application serves by their exact URIs are no \
               registrations; those by patterns and those that it has registered while it ran are.",
        permission: AdminPermission::Read,
        arguments: &[
            REALM,
            ArgumentRow {
                name: "filter",
                kind: ArgumentKind::Filter(&[
                    FilterRow {
                        name: "uri",
                        words: &[],
                        text: "Registrations of this URI or pattern, or of one that begins so.",
                    },
                    FilterRow {
                        name: "match",
                        words: &["exact", "prefix", "wildcard"],
                        text: "`exact`, `prefix` or `wildcard`.",
                    },
                    FilterRow {
                        name: "invoke",
                        words: &["single", "first", "last", "roundrobin", "random"],
                        text: "`single`, `first`, `last`, `roundrobin` or `random`.",
                    },
                ]),
                default: ArgumentDefault::Nothing,
                text: "Which registrations; without it all.",
            },
            SORT_BY_ID,
            CURSOR,
            LIMIT,
        ],
        answer: &[
            FieldRow {
                name: "registrations",
                text: "A dictionary for each: `registration`, `uri`, `match`, `invoke`, `created`, `application` (it is served by the \
                       application), `callees` (their number).",
            },
            NEXT,
            SCANNED,
        ],
        errors: &[NO_SUCH_REALM, CURSOR_EXPIRED],
        serve: AnsweredBy::Now(query),
    },
    AdminRow {
        name: "serverwamp.registration.get",
        text: "One registration and its callees.",
        permission: AdminPermission::Read,
        arguments: &[REALM, REGISTRATION],
        answer: &[
            FieldRow { name: "registration", text: "What `serverwamp.registration.query` tells of it." },
            FieldRow {
                name: "callees",
                text: "The ids of the sessions that serve it, 100 at most, in the order they registered.",
            },
        ],
        errors: &[NO_SUCH_REALM, NO_SUCH_REGISTRATION],
        serve: AnsweredBy::Now(get),
    },
    AdminRow {
        name: "serverwamp.registration.revoke",
        text: "Takes a registration away from one callee or from all. A client that has announced `registration_revocation` is told.",
        permission: AdminPermission::Write,
        arguments: &[
            REALM,
            REGISTRATION,
            ArgumentRow {
                name: "session",
                kind: ArgumentKind::Id,
                default: ArgumentDefault::Nothing,
                text: "The callee; without it all of them.",
            },
            ArgumentRow {
                name: "reason",
                kind: ArgumentKind::Text,
                default: ArgumentDefault::Nothing,
                text: "The reason that the clients are told, a URI.",
            },
        ],
        answer: &[FieldRow { name: "revoked", text: "The number of callees it was taken away from." }],
        errors: &[
            NO_SUCH_REALM,
            NO_SUCH_REGISTRATION,
            NO_SUCH_SESSION,
            ("wamp.error.invalid_argument", "It is the application's own, which it cannot lose."),
        ],
        serve: AnsweredBy::Later(revoke),
    },
];

const REGISTRATION: ArgumentRow = ArgumentRow {
    name: "registration",
    kind: ArgumentKind::Id,
    default: ArgumentDefault::Required,
    text: "The id of the registration.",
};

const NO_SUCH_REGISTRATION: (&str, &str) =
    (uris::error::NO_SUCH_REGISTRATION, "There is no registration of this id, or this session is not in it.");

fn query(call: &AdminCall) -> AdminAnswer {
    let key = |name| call.arguments.filter(name);
    let (uri, kind, invoke) = (key("uri"), key("match"), key("invoke"));
    let fits = |entry: &Arc<RegistrationEntry>| {
        uri.is_none_or(|uri| entry.pattern.as_str().starts_with(uri))
            && kind.is_none_or(|kind| entry.pattern.kind().as_str() == kind)
            && invoke.is_none_or(|invoke| entry.invoke.as_str() == invoke)
    };
    let realm = call.realm()?;
    let mut page = AdminPage::of(call, &realm, PagedList::Registrations)?;
    let changes = realm.changes();
    let entries = changes.registrations.within(page.ids(RegistrationId::new));
    let entries = entries.map(|(id, entry)| (id.get(), entry));
    let found: Vec<_> = page.take(entries, |entry| fits(entry)).into_iter().cloned().collect();
    drop(changes);
    page.answer("registrations", found.iter().map(|entry| row(entry)).collect())
}

fn row(entry: &RegistrationEntry) -> Value {
    let application = entry.application.is_some();
    fields([
        ("registration", entry.id.get().into()),
        ("uri", entry.pattern.as_str().into()),
        ("match", entry.pattern.kind().as_str().into()),
        ("invoke", entry.invoke.as_str().into()),
        ("created", entry.created.to_string().into()),
        ("application", application.into()),
        ("callees", count(if application { 1 } else { entry.count_callees() })),
    ])
}

fn named(call: &AdminCall) -> Result<Arc<RegistrationEntry>, WampError> {
    let number = call.arguments.number("registration").unwrap_or_default();
    let id = RegistrationId::new(number).ok_or_else(|| gone(number))?;
    call.realm()?.changes().registrations.get(id).cloned().ok_or_else(|| gone(number))
}

fn gone(id: u64) -> WampError {
    WampError::new(uris::error::NO_SUCH_REGISTRATION).arg(format!("no such registration: {id}"))
}

fn get(call: &AdminCall) -> AdminAnswer {
    let entry = named(call)?;
    let callees = entry.callee_ids().into_iter().take(MOST_CALLEES).map(|id| Value::from(id.get()));
    Ok(fields([("registration", row(&entry)), ("callees", Value::List(callees.collect()))]))
}

fn revoke(call: AdminCall) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move {
        let (realm, entry) = (call.realm()?, named(&call)?);
        if entry.application.is_some() {
            let text = "registration: expected one of a client, got one of the application";
            return Err(WampError::invalid_argument(text));
        }
        let revoked = call
            .revoke(
                &realm,
                || entry.callee_ids(),
                |session, reason| realm.dealer.revoke(realm.changes(), session, entry.id, reason).is_some(),
            )
            .await?;
        if call.arguments.number("session").is_some() && revoked == 0 {
            return Err(gone(entry.id.get()));
        }
        Ok(fields([("revoked", count(revoked))]))
    })
}
