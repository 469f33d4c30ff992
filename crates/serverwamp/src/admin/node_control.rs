//! What only the program can do: the methods of [`NodeControl`] as procedures.

use super::call::{AdminCall, fields};
use super::table::{AdminAnswer, AdminRow, AnsweredBy, ArgumentDefault, ArgumentKind, ArgumentRow, FieldRow};
use super::{AdminPermission, NodeControl};
use crate::rt::BoxFuture;
use serverwamp_proto::codec::Value;
use std::sync::Arc;
use std::time::Duration;

pub(super) const ROWS: &[AdminRow] = &[
    AdminRow {
        name: "serverwamp.node.config",
        text: "The effective configuration, without secrets.",
        permission: AdminPermission::Read,
        arguments: &[],
        answer: &[FieldRow { name: "config", text: "The values, each with its source; secrets are masked." }],
        errors: &[],
        serve: AnsweredBy::Program(config),
    },
    AdminRow {
        name: "serverwamp.node.reload",
        text: "Reads the configuration again and applies it.",
        permission: AdminPermission::Write,
        arguments: &[],
        answer: &[FieldRow {
            name: "outcome",
            text: "What became of it: a line, and one more for each key that is another one or needs a restart.",
        }],
        errors: &[NOT_APPLIED],
        serve: AnsweredBy::Program(reload),
    },
    AdminRow {
        name: "serverwamp.node.drain",
        text: "Begins to stop, as at SIGTERM: takes no new connections, and asks clients to leave in the time that is configured. Asked again, it goes on.",
        permission: AdminPermission::Write,
        arguments: &[ArgumentRow {
            name: "within_ms",
            kind: ArgumentKind::Integer(0, 86_400_000),
            default: ArgumentDefault::Nothing,
            text: "Whoever is still there after so many milliseconds is cut off. It makes the configured time shorter, and never longer.",
        }],
        answer: &[FieldRow { name: "draining", text: "True." }],
        errors: &[],
        serve: AnsweredBy::Program(drain),
    },
    AdminRow {
        name: "serverwamp.node.log_level",
        text: "Replaces the filter of the log until the program ends, or tells it. The lines of the audit log stay, whatever the filter is.",
        permission: AdminPermission::Write,
        arguments: &[ArgumentRow {
            name: "filter",
            kind: ArgumentKind::Text,
            default: ArgumentDefault::Nothing,
            text: "The new filter, such as `info,serverwamp::call=debug`; without it nothing is changed.",
        }],
        answer: &[FieldRow { name: "former", text: "The filter before." }],
        errors: &[(
            "wamp.error.invalid_argument",
            "The filter cannot be followed, or names the audit log and would hide its lines.",
        )],
        serve: AnsweredBy::Program(log_level),
    },
    AdminRow {
        name: "serverwamp.node.console_link",
        text: "A link that logs one browser in at the web console, once, as who asks for it: with the same `authid` and role. It leaves a \
               line in the log.",
        permission: AdminPermission::Read,
        arguments: &[],
        answer: &[FieldRow {
            name: "links",
            text: "The address with its token, one for each listener that serves the console and this realm.",
        }],
        errors: &[NO_CONSOLE],
        serve: AnsweredBy::Program(console_link),
    },
];

/// The error of a program that has no console to be let in at.
pub(super) const NO_CONSOLE: (&str, &str) = (
    super::control::NO_CONSOLE,
    "No listener serves the console, or none that does serves this realm, and the text says which.",
);

/// The error of a configuration that is wrong, for programs that read one.
pub(super) const NOT_APPLIED: (&str, &str) = (
    "serverwamp.error.not_applied",
    "The new configuration is wrong, and the text says how; the former one stays.",
);

fn config(_: AdminCall, control: Arc<dyn NodeControl>) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move { Ok(fields([("config", control.config().await?)])) })
}

fn reload(_: AdminCall, control: Arc<dyn NodeControl>) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move { Ok(fields([("outcome", control.reload().await?.into())])) })
}

fn drain(call: AdminCall, control: Arc<dyn NodeControl>) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move {
        control.drain(call.arguments.number("within_ms").map(Duration::from_millis)).await?;
        Ok(fields([("draining", true.into())]))
    })
}

fn console_link(call: AdminCall, control: Arc<dyn NodeControl>) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move {
        let (authid, authrole) = (call.caller.authid().to_owned(), call.caller.authrole().to_owned());
        let links = control.console_link(authid, authrole).await?;
        let links: Vec<Value> = links.into_iter().map(Value::from).collect();
        Ok(fields([("links", links.into())]))
    })
}

fn log_level(call: AdminCall, control: Arc<dyn NodeControl>) -> BoxFuture<'static, AdminAnswer> {
    Box::pin(async move {
        let filter = call.arguments.text("filter").map(str::to_owned);
        Ok(fields([("former", control.log_level(filter).await?.into())]))
    })
}
