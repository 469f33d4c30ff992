//! Who was not let in lately, and who may do what, and why.

use super::AdminPermission;
use super::call::{AdminCall, fields, session_id};
use super::table::{
    AdminAnswer, AdminRow, AnsweredBy, ArgumentDefault, ArgumentKind, ArgumentRow, FieldRow, LIMIT,
    NO_SUCH_REALM, NO_SUCH_SESSION, REALM,
};
use crate::router::auth::RecentDenial;
use crate::router::realm::RealmHandle;
use crate::{RoutePattern, WampError, prefix, wildcard};
use serverwamp_proto::codec::Value;
use serverwamp_proto::permissions::Action;

pub(super) const ROWS: &[AdminRow] = &[
    AdminRow {
        name: "serverwamp.auth.recent",
        text: "The last peers that were not let in, the newest first; 256 of all realms are remembered.",
        permission: AdminPermission::Read,
        arguments: &[
            ArgumentRow {
                default: ArgumentDefault::Nothing,
                text: "Of this realm; without it of all.",
                ..REALM
            },
            LIMIT,
        ],
        answer: &[FieldRow {
            name: "denials",
            text: "A dictionary for each: `at`, `realm`, `authid` that was claimed (or null), `address`, `why`.",
        }],
        errors: &[],
        serve: AnsweredBy::Now(recent),
    },
    AdminRow {
        name: "serverwamp.auth.explain",
        text: "Whether a session, or the sessions of a role, may do something, and which rule says so. One of `session` and `authrole` \
               has to be given.",
        permission: AdminPermission::Read,
        arguments: &[
            REALM,
            ArgumentRow {
                name: "session",
                kind: ArgumentKind::Id,
                default: ArgumentDefault::Nothing,
                text: "The id of the session.",
            },
            ArgumentRow {
                name: "authrole",
                kind: ArgumentKind::Text,
                default: ArgumentDefault::Nothing,
                text: "The role.",
            },
            ArgumentRow {
                name: "action",
                kind: ArgumentKind::Words(&["call", "register", "publish", "subscribe"]),
                default: ArgumentDefault::Required,
                text: "What it wants to do.",
            },
            ArgumentRow {
                name: "uri",
                kind: ArgumentKind::Text,
                default: ArgumentDefault::Required,
                text: "The procedure or topic, or the pattern.",
            },
            ArgumentRow {
                name: "match",
                kind: ArgumentKind::Words(&["exact", "prefix", "wildcard"]),
                default: ArgumentDefault::Word("exact"),
                text: "How `uri` is meant; calls and publications are of exact URIs.",
            },
        ],
        answer: &[
            FieldRow {
                name: "allowed",
                text: "Whether it may. False where an authorizer decides, which is not asked.",
            },
            FieldRow { name: "asks_authorizer", text: "Whether an authorizer decides." },
            FieldRow { name: "why", text: "The rule or the authorizer that decides, in words." },
        ],
        errors: &[
            NO_SUCH_REALM,
            NO_SUCH_SESSION,
            ("wamp.error.invalid_uri", "`uri` is none, or no such pattern."),
        ],
        serve: AnsweredBy::Now(explain),
    },
];

fn recent(call: &AdminCall) -> AdminAnswer {
    let realm = call.arguments.text("realm");
    let limit =
        call.arguments.number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or_default();
    let denials = call.application()?.inner().realms.shared.recent_denials.newest();
    let wanted = denials.iter().filter(|denial| realm.is_none_or(|realm| realm == &*denial.realm));
    Ok(fields([("denials", Value::List(wanted.take(limit).map(row).collect()))]))
}

fn row(denial: &RecentDenial) -> Value {
    fields([
        ("at", denial.at.to_string().into()),
        ("realm", (*denial.realm).into()),
        ("authid", denial.authid.as_deref().into()),
        ("address", denial.address.map(|address| address.to_string()).into()),
        ("why", (*denial.why).into()),
    ])
}

fn explain(call: &AdminCall) -> AdminAnswer {
    let arguments = &call.arguments;
    let realm = RealmHandle::new(call.realm()?);
    let action = match arguments.text("action") {
        Some("register") => Action::Register,
        Some("publish") => Action::Publish,
        Some("subscribe") => Action::Subscribe,
        _ => Action::Call,
    };
    let uri = arguments.text("uri").unwrap_or_default();
    let pattern: RoutePattern = match arguments.text("match") {
        Some("prefix") => prefix(uri),
        Some("wildcard") => wildcard(uri),
        _ => uri.into(),
    };
    let ruling = match (arguments.number("session"), arguments.text("authrole")) {
        (Some(session), None) => realm.why_session(session_id(session)?, action, pattern)?,
        (None, Some(role)) => realm.why(role, action, pattern)?,
        _ => return Err(WampError::invalid_argument("one of session and authrole has to be given")),
    };
    Ok(fields([
        ("allowed", ruling.is_allowed().into()),
        ("asks_authorizer", ruling.asks_authorizer().into()),
        ("why", ruling.to_string().into()),
    ]))
}
