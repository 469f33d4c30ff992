//! `serverwamp sessions`, `registrations` and `subscriptions`: what a realm has, page by page.

use super::answers::{Column, table};
use super::{AdminClient, AdminOptions, with_admin};
use crate::failure::Failure;
use crate::shell::json;
use crate::shell::output::{Form, Out, OutputOptions, note};
use crate::stop::StopSignals;
use clap::Args;
use serverwamp::{Dict, Value};

/// The rows that are shown unless more are asked for.
const SHOWN: u64 = 100;

/// The rows of a page.
const PAGE: u64 = 500;

/// How much is shown, and how.
#[derive(Args, Clone, Debug)]
pub(crate) struct ListOptions {
    /// Show at most so many
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = SHOWN, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Show all, however many there are
    #[arg(long, conflicts_with = "count")]
    all: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    admin: AdminOptions,
}

/// The options of `sessions`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp sessions --socket /run/serverwamp/admin.sock
  serverwamp sessions --realm shop --authrole customer --all -o jsonl")]
pub(crate) struct SessionsOptions {
    /// Of this authid alone
    #[arg(long, value_name = "AUTHID")]
    of: Option<String>,
    /// Of this role alone
    #[arg(long, value_name = "ROLE")]
    authrole: Option<String>,
    /// From this IP address alone
    #[arg(long, value_name = "IP")]
    address: Option<String>,
    /// Whose client's name begins so
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    #[command(flatten)]
    list: ListOptions,
}

/// The options of `registrations` and `subscriptions`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp registrations --socket /run/serverwamp/admin.sock
  serverwamp subscriptions shop. --realm shop -o jsonl")]
pub(crate) struct EntriesOptions {
    /// Those whose URI or pattern begins so
    #[arg(value_name = "URI")]
    uri: Option<String>,
    #[command(flatten)]
    list: ListOptions,
}

/// A list of the admin interface.
struct Listed {
    procedure: &'static str,
    /// The field of the answer.
    rows: &'static str,
    columns: &'static [Column],
}

const SESSIONS: Listed = Listed {
    procedure: "serverwamp.session.query",
    rows: "sessions",
    columns: &[
        ("SESSION", "session"),
        ("AUTHID", "authid"),
        ("ROLE", "authrole"),
        ("FROM", "address"),
        ("OVER", "transport"),
        ("SERIALIZER", "serializer"),
        ("QUEUE", "queue_bytes"),
        ("CALLS", "calls_in_flight"),
        ("AGENT", "agent"),
    ],
};

const REGISTRATIONS: Listed = Listed {
    procedure: "serverwamp.registration.query",
    rows: "registrations",
    columns: &[
        ("REGISTRATION", "registration"),
        ("URI", "uri"),
        ("MATCH", "match"),
        ("INVOKE", "invoke"),
        ("CALLEES", "callees"),
        ("APPLICATION", "application"),
    ],
};

const SUBSCRIPTIONS: Listed = Listed {
    procedure: "serverwamp.subscription.query",
    rows: "subscriptions",
    columns: &[
        ("SUBSCRIPTION", "subscription"),
        ("URI", "uri"),
        ("MATCH", "match"),
        ("SUBSCRIBERS", "subscribers"),
        ("HISTORY", "history"),
        ("APPLICATION", "application"),
    ],
};

pub(crate) fn sessions(options: &SessionsOptions) -> Result<(), Failure> {
    let filter = [
        ("authid", &options.of),
        ("authrole", &options.authrole),
        ("address", &options.address),
        ("agent", &options.agent),
    ];
    run(&SESSIONS, &filter, &options.list)
}

pub(crate) fn registrations(options: &EntriesOptions) -> Result<(), Failure> {
    run(&REGISTRATIONS, &[("uri", &options.uri)], &options.list)
}

pub(crate) fn subscriptions(options: &EntriesOptions) -> Result<(), Failure> {
    run(&SUBSCRIPTIONS, &[("uri", &options.uri)], &options.list)
}

fn run(
    listed: &Listed,
    filter: &[(&'static str, &Option<String>)],
    options: &ListOptions,
) -> Result<(), Failure> {
    let set = filter.iter().filter_map(|(key, value)| Some((*key, Value::from(value.as_deref()?))));
    let filter: Dict = set.collect();
    let most = if options.all { u64::MAX } else { options.count };
    let out = Out::new(options.output.output);
    with_admin(&options.admin, async |admin: &AdminClient, signals: &mut StopSignals| {
        let printing = print(listed, &filter, most, out, admin);
        signals.unless(printing, "before all were shown").await
    })
}

/// Prints page after page: a table of each for people, a document for each row for programs.
async fn print(
    listed: &Listed,
    filter: &Dict,
    most: u64,
    out: Out,
    admin: &AdminClient,
) -> Result<(), Failure> {
    let mut left = most;
    let mut cursor = Value::Null;
    let mut shown = Vec::new();
    loop {
        let mut arguments = Dict::new();
        arguments.insert("filter", Value::Dict(filter.clone()));
        arguments.insert("limit", left.min(PAGE));
        arguments.insert("cursor", std::mem::take(&mut cursor));
        let answer = admin.ask_of_realm(listed.procedure, arguments).await?;
        let rows = answer.get(listed.rows).and_then(Value::as_list).unwrap_or_default();
        left = left.saturating_sub(rows.len() as u64);
        match out.form {
            Form::Pretty => shown.extend_from_slice(rows),
            Form::Json => rows.iter().try_for_each(|row| out.line(&json::readable(row)))?,
            Form::Jsonl | Form::Raw => rows.iter().try_for_each(|row| out.line(&json::compact(row)))?,
        }
        cursor = answer.get("next").cloned().unwrap_or_default();
        if cursor.is_null() || left == 0 {
            break;
        }
    }
    if out.form == Form::Pretty && !shown.is_empty() {
        out.line(&table(listed.columns, &shown))?;
    }
    if out.form == Form::Pretty && shown.is_empty() {
        note(&format!("there are no such {} in realm {:?}", listed.rows, admin.realm));
    }
    if !cursor.is_null() {
        note("there may be more: --all shows all of them, -n COUNT more");
    }
    Ok(())
}
