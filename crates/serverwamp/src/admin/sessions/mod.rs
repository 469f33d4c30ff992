//! Sessions: who is there, what one of them is and holds, and their end.

mod details;
mod kill;
mod query;

use super::AdminPermission;
use super::table::{
    AdminRow, AnsweredBy, ArgumentDefault, ArgumentKind, ArgumentRow, CURSOR, CURSOR_EXPIRED, FieldRow,
    FilterRow, LIMIT, NEXT, NO_SUCH_REALM, NO_SUCH_SESSION, REALM, SCANNED, SORT_BY_ID,
};

pub(super) const ROWS: &[AdminRow] = &[
    AdminRow {
        name: "serverwamp.session.query",
        text: "The sessions of a realm, a page of them.",
        permission: AdminPermission::Read,
        arguments: &[
            REALM,
            ArgumentRow {
                name: "filter",
                kind: ArgumentKind::Filter(FILTER),
                default: ArgumentDefault::Nothing,
                text: "Which sessions; without it all.",
            },
            SORT_BY_ID,
            CURSOR,
            LIMIT,
        ],
        answer: &[
            FieldRow {
                name: "sessions",
                text: "A dictionary for each: `session`, `authid`, `authrole`, `authmethod`, `authprovider`, `transport`, \
                       `serializer`, `address`, `agent`, `joined`, `queue_bytes` (what waits to be sent), `slow` (it reads too \
                       slowly), `calls_in_flight`, `received_bytes` and `sent_bytes` of its connection.",
            },
            NEXT,
            SCANNED,
        ],
        errors: &[NO_SUCH_REALM, CURSOR_EXPIRED],
        serve: AnsweredBy::Now(query::query),
    },
    AdminRow {
        name: "serverwamp.session.get",
        text: "One session: what it is, what it does, what it holds.",
        permission: AdminPermission::Read,
        arguments: &[
            REALM,
            SESSION,
            ArgumentRow {
                name: "rate_ms",
                kind: ArgumentKind::Integer(0, 10_000),
                default: ArgumentDefault::Integer(0),
                text: "For how many milliseconds its messages and bytes are counted for `rates`; the answer comes after that. \
                       With 0 there are no rates.",
            },
        ],
        answer: &[
            FieldRow { name: "session", text: "What `serverwamp.session.query` tells of it." },
            FieldRow { name: "features", text: "For each role that its client announced the features." },
            FieldRow { name: "protocol", text: "The subprotocol, such as `wamp.2.json`." },
            FieldRow { name: "tls", text: "The version and the cipher suite of TLS; null without." },
            FieldRow {
                name: "queue",
                text: "`bytes` that wait to be sent, `limit` in bytes, `slow`, and `events_lost` of this session.",
            },
            FieldRow {
                name: "messages",
                text: "How many messages of each kind its connection has received and sent since it began, such as \
                       `received CALL`; a connection may have had sessions before.",
            },
            FieldRow {
                name: "rates",
                text: "`received_messages`, `sent_messages`, `received_bytes` and `sent_bytes`, each per second; null without `rate_ms`.",
            },
            FieldRow {
                name: "registrations",
                text: "The procedures it has registered, 100 at most: `id`, `uri`, `match`.",
            },
            FieldRow { name: "registration_count", text: "The number of its registrations." },
            FieldRow {
                name: "subscriptions",
                text: "The topics it has subscribed to, 100 at most: `id`, `uri`, `match`.",
            },
            FieldRow { name: "subscription_count", text: "The number of its subscriptions." },
        ],
        errors: &[NO_SUCH_REALM, NO_SUCH_SESSION],
        serve: AnsweredBy::Later(details::get),
    },
    AdminRow {
        name: "serverwamp.session.kill",
        text: "Ends sessions with GOODBYE: those that all given arguments fit. One of `session`, `authid`, `authrole` and `address` has \
               to be given. The caller's own session stays.",
        permission: AdminPermission::Write,
        arguments: &[
            REALM,
            ArgumentRow { default: ArgumentDefault::Nothing, ..SESSION },
            optional("authid", "Sessions of this authid."),
            optional("authrole", "Sessions of this role."),
            optional("address", "Sessions from this IP address."),
            ArgumentRow {
                name: "reason",
                kind: ArgumentKind::Text,
                default: ArgumentDefault::Word(serverwamp_proto::uris::close::KILLED),
                text: "The reason in GOODBYE, a URI.",
            },
            optional("message", "A text for the people at the other end."),
        ],
        answer: &[FieldRow { name: "ended", text: "The number of sessions that were ended." }],
        errors: &[
            NO_SUCH_REALM,
            ("wamp.error.no_such_session", "`session` was given, and no session of this id is in the realm."),
            ("wamp.error.invalid_uri", "The reason is no URI."),
        ],
        serve: AnsweredBy::Later(kill::kill),
    },
];

const SESSION: ArgumentRow = ArgumentRow {
    name: "session",
    kind: ArgumentKind::Id,
    default: ArgumentDefault::Required,
    text: "The id of the session.",
};

const fn optional(name: &'static str, text: &'static str) -> ArgumentRow {
    ArgumentRow { name, kind: ArgumentKind::Text, default: ArgumentDefault::Nothing, text }
}

/// The keys by which sessions can be filtered.
const FILTER: &[FilterRow] = &[
    FilterRow { name: "authid", words: &[], text: "Sessions of this authid." },
    FilterRow { name: "authrole", words: &[], text: "Sessions of this role." },
    FilterRow { name: "authmethod", words: &[], text: "Sessions that came in by this method." },
    FilterRow {
        name: "transport",
        words: &["websocket", "rawsocket", "longpoll", "memory"],
        text: "`websocket`, `rawsocket`, `longpoll` or `memory`.",
    },
    FilterRow {
        name: "serializer",
        words: &["json", "msgpack", "cbor"],
        text: "`json`, `msgpack` or `cbor`.",
    },
    FilterRow { name: "address", words: &[], text: "Sessions from this IP address." },
    FilterRow {
        name: "agent",
        words: &[],
        text: "Sessions whose client calls itself so, or has a name that begins so.",
    },
];
