//! The node as a whole: what it is, and what it serves here.

use super::AdminPermission;
use super::call::{AdminCall, count, fields};
use super::document::describe_all;
use super::table::{AdminAnswer, AdminRow, AnsweredBy, FieldRow};
use crate::rt::wall_clock;
use serverwamp_proto::codec::Value;

pub(super) const ROWS: &[AdminRow] = &[
    AdminRow {
        name: "serverwamp.admin.describe",
        text: "Everything that is served here, as on this page.",
        permission: AdminPermission::Read,
        arguments: &[],
        answer: &[
            FieldRow { name: "version", text: "The version of the library." },
            FieldRow {
                name: "items",
                text: "The procedures and topics: `name`, `kind`, `permission`, `program`, `text`, `arguments`, `answer`, `errors`.",
            },
        ],
        errors: &[],
        serve: AnsweredBy::Now(describe_all),
    },
    AdminRow {
        name: "serverwamp.node.info",
        text: "What this node is, and how much there is of everything.",
        permission: AdminPermission::Read,
        arguments: &[],
        answer: &[
            FieldRow { name: "version", text: "The version of the library." },
            FieldRow { name: "system", text: "Operating system and processor, such as `linux x86_64`." },
            FieldRow { name: "pid", text: "The process id." },
            FieldRow { name: "started", text: "When the application was built, as text (RFC 3339)." },
            FieldRow { name: "now", text: "The time of the answer." },
            FieldRow { name: "stopping", text: "Whether it has begun to stop." },
            FieldRow { name: "realms", text: "The number of realms that run, this one among them." },
            FieldRow { name: "connections", text: "The number of open connections." },
            FieldRow { name: "sessions", text: "The number of sessions in all realms." },
            FieldRow { name: "calls_in_flight", text: "The number of unanswered calls." },
            FieldRow { name: "you", text: "The caller's session id, `authid` and `authrole`." },
        ],
        errors: &[],
        serve: AnsweredBy::Now(info),
    },
];

fn info(call: &AdminCall) -> AdminAnswer {
    let application = call.application()?;
    let statistics = application.statistics();
    let context = &call.caller.inner().running_realm().context;
    let started = context.node.started().map(|started| started.to_string());
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let you = fields([
        ("session", call.caller.id().get().into()),
        ("authid", call.caller.authid().into()),
        ("authrole", call.caller.authrole().into()),
    ]);
    Ok(fields([
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("system", system.into()),
        ("pid", Value::from(std::process::id())),
        ("started", started.into()),
        ("now", wall_clock().to_string().into()),
        ("stopping", context.connections.stopping().into()),
        ("realms", count(application.inner().realms.names().len())),
        ("connections", count(statistics.connections)),
        ("sessions", count(statistics.sessions)),
        ("calls_in_flight", count(statistics.calls_in_flight)),
        ("you", you),
    ]))
}
