//! `serverwamp tail`: the messages of a realm while they come and go.

use super::answers::{cut, shown};
use super::{AdminClient, AdminOptions, with_admin};
use crate::failure::Failure;
use crate::private_file;
use crate::shell::json;
use crate::shell::output::{Form, Out, OutputOptions, note, parts, visible_on_a_line};
use crate::stop::StopSignals;
use clap::{Args, ValueEnum};
use serverwamp::extract::Kwargs;
use serverwamp::{CallResult, CancelMode, Dict, Payload, Value};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// The widest payload on a line for people.
const WIDEST: usize = 120;

/// The options of `tail`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp tail --socket /run/serverwamp/admin.sock
  serverwamp tail --uri 'shop.*' --payloads -n 20
  serverwamp tail --session 4507129812345 --payloads --save traffic.jsonl")]
pub(crate) struct TailOptions {
    /// The messages of this session alone
    #[arg(long, value_name = "ID")]
    session: Option<u64>,
    /// Messages about this URI alone; with * at its end, about URIs that begin so
    #[arg(long, value_name = "URI")]
    uri: Option<String>,
    /// Messages of this type alone, such as CALL
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Messages in this direction alone, seen from the router
    #[arg(long, value_name = "DIRECTION")]
    direction: Option<Direction>,
    /// Show payloads too, which needs the permission `payloads`
    #[arg(long)]
    payloads: bool,
    /// The most messages that are looked at in each second; the others are counted
    #[arg(long, value_name = "COUNT", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(10..=10_000))]
    rate: u64,
    /// Stop after so many messages
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: Option<u64>,
    /// Write the messages to this file as well, which only you can read, a JSON document on each line; serverwamp replay plays its calls and events again
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    admin: AdminOptions,
}

/// Seen from the router.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Direction {
    Received,
    Sent,
}

pub(crate) fn run(options: &TailOptions) -> Result<(), Failure> {
    let saved = options.save.as_ref().map(|path| {
        let unusable =
            |error| Failure::usage(format!("--save {} cannot be written: {error}", path.display()));
        private_file::create_or_empty(path).map(BufWriter::new).map_err(unusable)
    });
    let mut printing =
        Printing { out: Out::new(options.output.output), saved: saved.transpose()?, missed: 0 };
    with_admin(&options.admin, async |admin: &AdminClient, signals: &mut StopSignals| {
        let outcome = follow(options, admin, signals, &mut printing).await;
        printing.finish()?;
        outcome
    })
}

async fn follow(
    options: &TailOptions,
    admin: &AdminClient,
    signals: &mut StopSignals,
    printing: &mut Printing,
) -> Result<(), Failure> {
    let procedure =
        if options.payloads { "serverwamp.tap.open_with_payloads" } else { "serverwamp.tap.open" };
    let arguments = admin.of_realm(arguments(options));
    let mut tap = admin.client.call::<CallResult, _>(procedure, Kwargs(arguments)).progressive();
    if printing.out.terminal && printing.out.form == Form::Pretty && options.count.is_none() {
        printing.out.line(&format!("the messages of {}; Ctrl-C stops", admin.realm))?;
    }
    loop {
        tokio::select! {
            batch = tap.next() => match batch {
                Some(batch) => printing.batch(batch.payload())?,
                None => break,
            },
            () = signals.next() => {
                tap.cancel(CancelMode::KillNoWait);
                return Ok(());
            }
        }
    }
    tap.finish().await.map(drop).map_err(|error| admin.failed(procedure, &error))
}

fn arguments(options: &TailOptions) -> Dict {
    let direction = options.direction.map(|direction| match direction {
        Direction::Received => "received",
        Direction::Sent => "sent",
    });
    let filter =
        [("uri", options.uri.as_deref()), ("type", options.kind.as_deref()), ("direction", direction)];
    let filter: Dict =
        filter.into_iter().filter_map(|(key, value)| Some((key, Value::from(value?)))).collect();
    let mut arguments = Dict::new();
    arguments.insert("filter", Value::Dict(filter));
    arguments.insert("session", options.session);
    arguments.insert("rate", options.rate);
    arguments.insert("limit", options.count);
    arguments
}

/// Where messages go.
struct Printing {
    out: Out,
    saved: Option<BufWriter<File>>,
    /// The messages that were not shown, as far as that was told.
    missed: u64,
}

impl Printing {
    fn batch(&mut self, payload: &Payload) -> Result<(), Failure> {
        let (args, _) = parts(payload)?;
        let Some(batch) = args.first() else { return Ok(()) };
        for message in batch.get("messages").and_then(Value::as_list).unwrap_or_default() {
            self.message(message)?;
        }
        let missed = batch.get("not_shown").and_then(Value::as_u64).unwrap_or_default();
        if missed > self.missed {
            let more = missed - self.missed;
            note(&format!("{more} not shown: more came than --rate lets through"));
            self.missed = missed;
        }
        Ok(())
    }

    fn message(&mut self, message: &Value) -> Result<(), Failure> {
        let compact = json::compact(message);
        if let Some(saved) = &mut self.saved {
            writeln!(saved, "{compact}").map_err(unwritten)?;
        }
        match self.out.form {
            Form::Pretty => self.out.line(&line(message)),
            Form::Json => self.out.line(&json::readable(message)),
            Form::Jsonl | Form::Raw => self.out.line(&compact),
        }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.saved.as_mut().map_or(Ok(()), |saved| saved.flush().map_err(unwritten))
    }
}

fn unwritten(error: std::io::Error) -> Failure {
    Failure::runtime(format!("the file of --save cannot be written: {error}"))
}

/// A message for people: when, which way, whose, what, and its payload.
fn line(message: &Value) -> String {
    let at = shown(message, "at");
    // The time of day is enough for who looks at it.
    let time = at.split_once('T').map_or(&*at, |(_, time)| time.get(..12).unwrap_or(time));
    let arrow =
        if message.get("direction").and_then(Value::as_str) == Some("received") { "→" } else { "←" };
    let kind =
        message.get("type").and_then(Value::as_str).map_or_else(|| "too long".to_owned(), visible_on_a_line);
    let mut line =
        format!("{time} {arrow} {:>16} {kind:<12} {}", shown(message, "session"), shown(message, "uri"));
    for (field, lead) in [("request", "#"), ("error", "")] {
        if message.get(field).is_some_and(|value| !value.is_null()) {
            line.push_str(&format!(" {lead}{}", shown(message, field)));
        }
    }
    if message.get("progress").and_then(Value::as_bool) == Some(true) {
        line.push_str(" …");
    }
    let mut payload: Vec<String> = Vec::new();
    payload
        .extend(message.get("args").and_then(Value::as_list).unwrap_or_default().iter().map(json::compact));
    let kwargs = message.get("kwargs").and_then(Value::as_dict);
    payload.extend(
        kwargs
            .into_iter()
            .flat_map(Dict::iter)
            .map(|(name, value)| format!("{}={}", visible_on_a_line(name), json::compact(value))),
    );
    match message.get("payload").and_then(Value::as_str) {
        Some(why) => {
            let why = visible_on_a_line(why).replace('_', " ");
            line.push_str(&format!("  ({why}, {} bytes)", shown(message, "bytes")));
        }
        None if !payload.is_empty() => line.push_str(&format!("  {}", cut(&payload.join(" "), WIDEST))),
        None => {}
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp::Serializer;
    use serverwamp_proto::codec::from_slice;

    #[test]
    fn a_message_is_a_line() {
        for (message, expected) in [
            (
                r#"{"at":"2026-12-01T12:00:01.003Z","session":7,"direction":"received","type":"CALL","request":1,"uri":"shop.buy",
                   "error":null,"progress":false,"bytes":40,"args":[2,"tea"],"kwargs":{"n":1}}"#,
                "12:00:01.003 →                7 CALL         shop.buy #1  2 \"tea\" n=1",
            ),
            (
                r#"{"at":"2026-12-01T12:00:01.003Z","session":7,"direction":"sent","type":"ERROR","request":1,"uri":"shop.buy",
                   "error":"shop.error.sold\u001b[2J","progress":false,"bytes":40}"#,
                "12:00:01.003 ←                7 ERROR        shop.buy #1 shop.error.sold\\u{1b}[2J",
            ),
            (
                r#"{"at":"2026-12-01T12:00:01.003Z","session":7,"direction":"sent","type":null,"request":null,"uri":null,"error":null,
                   "progress":false,"bytes":70000}"#,
                "12:00:01.003 ←                7 too long     -",
            ),
            (
                r#"{"at":"2026-12-01T12:00:01.003Z","session":7,"direction":"sent","type":"RESULT","request":2,"uri":"a.b","error":null,
                   "progress":true,"bytes":9000,"payload":"too_long"}"#,
                "12:00:01.003 ←                7 RESULT       a.b #2 …  (too long, 9000 bytes)",
            ),
            (
                r#"{"at":"\u001b[2JT\u001b[2J","session":"\u009b1m","direction":"\u001b","type":"\u001b[2J","request":"\u0007","uri":"a",
                   "error":null,"progress":false,"bytes":"\u202e","payload":"too\u001b]0;x"}"#,
                "\\u{1b}[2J ←         \\u{9b}1m \\u{1b}[2J    a #\\u{7}  (too\\u{1b}]0;x, \\u{202e} bytes)",
            ),
        ] {
            let message: Value = from_slice(Serializer::Json, message.as_bytes()).unwrap();
            assert_eq!(line(&message), expected);
        }
    }
}
