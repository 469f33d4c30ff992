//! The table of everything that the admin interface serves.
//!
//! The rows stand beside the code that answers them, in the file of their noun.

use super::call::{AdminCall, AdminState};
use super::{
    AdminPermission, NodeControl, auth, kept, node, node_control, registrations, sessions, statistics,
    subscriptions, tap, uris,
};
use crate::rt::BoxFuture;
use crate::{PendingSubscription, WampError};
use serverwamp_proto::codec::Value;
use std::sync::Arc;

/// A procedure or topic.
pub(super) struct AdminRow {
    pub(super) name: &'static str,
    /// What it does, in Markdown.
    pub(super) text: &'static str,
    pub(super) permission: AdminPermission,
    /// The arguments of a procedure, in the order of their positions.
    pub(super) arguments: &'static [ArgumentRow],
    /// The fields of the one dictionary that a procedure answers with, or that is the argument of an event.
    pub(super) answer: &'static [FieldRow],
    /// The errors beside those that every procedure has, and when they come.
    pub(super) errors: &'static [(&'static str, &'static str)],
    pub(super) serve: AnsweredBy,
}

/// An argument, which may be given by its position or by its name.
pub(super) struct ArgumentRow {
    pub(super) name: &'static str,
    pub(super) kind: ArgumentKind,
    pub(super) default: ArgumentDefault,
    pub(super) text: &'static str,
}

/// What an argument may be.
#[derive(Clone, Copy)]
pub(super) enum ArgumentKind {
    Text,
    /// A WAMP id.
    Id,
    /// An integer between both, inclusive.
    Integer(u64, u64),
    /// One of these texts.
    Words(&'static [&'static str]),
    /// A dictionary of some of these, all of which have to fit.
    Filter(&'static [FilterRow]),
}

/// The value of an argument that is missing or null.
#[derive(Clone, Copy)]
pub(super) enum ArgumentDefault {
    /// There is none: it has to be given.
    Required,
    /// None, which has a meaning of its own.
    Nothing,
    Integer(u64),
    Word(&'static str),
}

/// A key of a filter.
pub(super) struct FilterRow {
    pub(super) name: &'static str,
    /// What its value may be; any text where there are none. Another word would fit nothing, and nobody would learn why.
    pub(super) words: &'static [&'static str],
    pub(super) text: &'static str,
}

/// A field of an answer.
pub(super) struct FieldRow {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

/// An answer, or the error instead.
pub(super) type AdminAnswer = Result<Value, WampError>;

/// The code that answers.
#[derive(Clone, Copy)]
pub(super) enum AnsweredBy {
    /// Answers at once.
    Now(fn(&AdminCall) -> AdminAnswer),
    /// Answers in turns.
    Later(fn(AdminCall) -> BoxFuture<'static, AdminAnswer>),
    /// The program does it, if there is one.
    Program(fn(AdminCall, Arc<dyn NodeControl>) -> BoxFuture<'static, AdminAnswer>),
    /// A topic, and what accompanies each subscription.
    Topic(fn(PendingSubscription, Arc<AdminState>) -> BoxFuture<'static, Result<(), WampError>>),
}

impl AdminRow {
    /// Returns whether it is a topic, and no procedure.
    pub(super) const fn is_topic(&self) -> bool {
        matches!(self.serve, AnsweredBy::Topic(_))
    }

    /// Returns whether the program has to be there.
    pub(super) const fn needs_program(&self) -> bool {
        matches!(self.serve, AnsweredBy::Program(_))
    }
}

/// The rows of each noun, with a heading.
pub(super) const SECTIONS: &[(&str, &[AdminRow])] = &[
    ("Node", node::ROWS),
    ("The program", node_control::ROWS),
    ("Statistics", statistics::ROWS),
    ("Sessions", sessions::ROWS),
    ("Registrations", registrations::ROWS),
    ("Subscriptions", subscriptions::ROWS),
    ("Retained events and histories", kept::ROWS),
    ("Authentication and authorization", auth::ROWS),
    ("Messages", tap::ROWS),
    ("URIs", uris::ROWS),
];

/// All rows.
pub(super) fn rows() -> impl Iterator<Item = &'static AdminRow> {
    SECTIONS.iter().flat_map(|(_, rows)| rows.iter())
}

/// The argument that names a realm.
pub(super) const REALM: ArgumentRow = ArgumentRow {
    name: "realm",
    kind: ArgumentKind::Text,
    default: ArgumentDefault::Required,
    text: "The name of the realm.",
};

/// The arguments `sort`, `cursor` and `limit` of everything that answers in pages.
pub(super) const SORT_BY_ID: ArgumentRow = ArgumentRow {
    name: "sort",
    kind: ArgumentKind::Words(&["id", super::page::DESCENDING_IDS]),
    default: ArgumentDefault::Word("id"),
    text: "The order: the lowest ids first, or with `-id` the highest. The router has an index of ids and no other, and a page must not \
           cost more where there are more entries; whoever wants another order sorts what has been read. The ids of registrations and \
           subscriptions grow, so `-id` has the newest first; those of sessions are random.",
};

pub(super) const CURSOR: ArgumentRow = ArgumentRow {
    name: "cursor",
    kind: ArgumentKind::Text,
    default: ArgumentDefault::Nothing,
    text: "Where the page begins: `next` of the page before. Without it the first page is read.",
};

pub(super) const LIMIT: ArgumentRow = ArgumentRow {
    name: "limit",
    kind: ArgumentKind::Integer(1, super::page::MOST_ROWS),
    default: ArgumentDefault::Integer(100),
    text: "The most rows of the page.",
};

/// The fields `next` and `scanned` of everything that answers in pages.
pub(super) const NEXT: FieldRow = FieldRow {
    name: "next",
    text: "The cursor of the next page; null if this one is the last. There may be a next page although this one has few rows, or \
           none: a page looks at 1024 entries at most, whether they fit the filter or not.",
};

pub(super) const SCANNED: FieldRow =
    FieldRow { name: "scanned", text: "The number of entries that were looked at." };

/// The error of a realm that does not run.
pub(super) const NO_SUCH_REALM: (&str, &str) = (
    serverwamp_proto::uris::error::NO_SUCH_REALM,
    "No realm of this name runs; it may have been stopped since.",
);

/// The error of a cursor of another run.
pub(super) const CURSOR_EXPIRED: (&str, &str) = (
    super::page::CURSOR_EXPIRED,
    "The cursor was made by another realm, or before the realm or the node was started again. Begin with the first page.",
);

/// The error of a call that takes no progressive results.
pub(super) const NO_PROGRESS: (&str, &str) =
    ("wamp.error.option_not_allowed", "The call does not ask for progressive results (`receive_progress`).");

/// The error of a session that is not there.
pub(super) const NO_SUCH_SESSION: (&str, &str) =
    (serverwamp_proto::uris::error::NO_SUCH_SESSION, "No session of this id is in the realm.");
