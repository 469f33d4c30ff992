//! `serverwamp replay`: plays the calls and publications of a file again that `serverwamp tail --save` wrote.
//!
//! One session makes all of them, in the order of the file, at the times that they had, or as fast as the router answers. Those whose
//! payload the file does not have in full are not made, which it says of each in `masked`: a password of ten stars would lock its user out.

use super::answers::counted;
use crate::failure::Failure;
use crate::shell::connect::{connect, explained};
use crate::shell::output::{Out, note};
use crate::shell::target::{Target, TargetOptions};
use crate::stop::StopSignals;
use clap::Args;
use serverwamp::client::Client;
use serverwamp::extract::{Args as Positional, Kwargs};
use serverwamp::{CallResult, Dict, Serializer, Value};
use serverwamp_proto::codec::from_slice;
use serverwamp_proto::timestamp::Timestamp;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest line that is read.
const LONGEST_LINE: usize = 16 << 20;

/// The most bytes of calls and publications, as they stand in the file: all of them are held, because nothing is played of a file that has
/// a mistake at its end. As values they take about twice as much.
const MOST_BYTES: u64 = 256 << 20;

/// The options of `replay`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp tail --realm shop --payloads --save traffic.jsonl
  serverwamp replay traffic.jsonl --url ws://localhost:8080/ws --realm shop
  serverwamp replay traffic.jsonl --at-once")]
pub(crate) struct ReplayOptions {
    /// The file; calls and publications in it are played, everything else is passed over
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Play one after the other without waiting for the times they had
    #[arg(long)]
    at_once: bool,
    #[command(flatten)]
    target: TargetOptions,
}

/// What the server shows in place of a value that is secret.
const MASK: &str = "**********";

/// What a file holds for us.
#[derive(Debug, Default)]
struct Saved {
    played: Vec<Played>,
    /// Calls and publications of which a part of the payload was masked.
    masked: u64,
    /// Those whose payload was not saved at all, because it was too long or could not be read.
    withheld: u64,
}

/// A call or a publication of the file.
#[derive(Debug, PartialEq)]
struct Played {
    line: usize,
    at: Option<Duration>,
    is_call: bool,
    uri: String,
    args: Vec<Value>,
    kwargs: Dict,
}

/// What became of them.
#[derive(Debug, Default)]
struct Tally {
    calls: u64,
    failed: u64,
    publications: u64,
}

pub(crate) fn run(options: &ReplayOptions) -> Result<(), Failure> {
    let Saved { played, masked, withheld } = read(&options.file)?;
    let target = Target::find(&options.target)?;
    super::super::block_on(async {
        let mut signals = StopSignals::of_command()?;
        let client = connect(&target, &mut signals).await?;
        let mut tally = Tally::default();
        for (count, why) in [(masked, "payload was masked in part"), (withheld, "payload was not saved")] {
            match count {
                0 => {}
                1 => note(&format!("1 message was not played again: its {why}")),
                _ => note(&format!("{count} messages were not played again: their {why}")),
            }
        }
        let outcome = signals
            .unless(play(&client, &played, options.at_once, &mut tally), "before all were played")
            .await;
        client.leave().await;
        let Tally { calls, failed, publications } = tally;
        Out::plain().line(&format!(
            "{}, of which {failed} failed; {}",
            counted(calls, "call"),
            counted(publications, "publication")
        ))?;
        outcome
    })
}

async fn play(client: &Client, played: &[Played], at_once: bool, tally: &mut Tally) -> Result<(), Failure> {
    let begun = tokio::time::Instant::now();
    let first = played.iter().find_map(|one| one.at);
    for one in played {
        if let (false, Some(at), Some(first)) = (at_once, one.at, first) {
            tokio::time::sleep_until(begun + at.saturating_sub(first)).await;
        }
        let payload = (Positional(one.args.clone()), Kwargs(one.kwargs.clone()));
        let failed = if one.is_call {
            tally.calls += 1;
            client.call::<CallResult, _>(&*one.uri, payload).await.err()
        } else {
            tally.publications += 1;
            client.publish(&*one.uri, payload).await.err()
        };
        let Some(error) = failed else { continue };
        if !client.is_open() {
            return Err(Failure::Connection(explained(&error)));
        }
        tally.failed += u64::from(one.is_call);
        note(&format!("line {}: {}", one.line, explained(&error)));
    }
    Ok(())
}

/// Reads a file of messages.
///
/// # Errors
/// A file that cannot be read, a line that is no message, or nothing that can be played.
fn read(path: &Path) -> Result<Saved, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::usage(format!("{} cannot be read: {error}", path.display()));
    let file = BufReader::new(File::open(path).map_err(unreadable)?);
    read_lines(file, path, MOST_BYTES)
}

fn read_lines(mut file: impl BufRead, path: &Path, most: u64) -> Result<Saved, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::usage(format!("{} cannot be read: {error}", path.display()));
    let mut held: u64 = 0;
    let mut saved = Saved::default();
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let mut limited = std::io::Read::take(&mut file, LONGEST_LINE as u64 + 1);
        if limited.read_until(b'\n', &mut text).map_err(unreadable)? == 0 {
            break;
        }
        if text.len() > LONGEST_LINE {
            return Err(Failure::usage(format!("{}:{line}: the line is too long", path.display())));
        }
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let found = message(&text, line)
            .map_err(|why| Failure::usage(format!("{}:{line}: {why}", path.display())))?;
        match found {
            Found::Played(played) => {
                held = held.saturating_add(text.len() as u64);
                if held > most {
                    return Err(Failure::usage(format!(
                        "{}:{line}: the file has more than {most} bytes of calls and publications: split it, and play one part after the other",
                        path.display()
                    )));
                }
                saved.played.push(played);
            }
            Found::Masked => saved.masked += 1,
            Found::Withheld => saved.withheld += 1,
            Found::Other => {}
        }
    }
    match (saved.played.is_empty(), saved.masked + saved.withheld) {
        (true, 0) => Err(Failure::usage(format!("{} has no calls and no publications", path.display()))),
        (true, _) => Err(Failure::usage(format!(
            "{} has no calls and no publications that can be played again: of each, the payload or a part of it was masked or not saved",
            path.display()
        ))),
        (false, _) => Ok(saved),
    }
}

/// What stands on a line.
#[derive(Debug, PartialEq)]
enum Found {
    Played(Played),
    Masked,
    Withheld,
    /// A message that nobody plays.
    Other,
}

fn message(text: &[u8], line: usize) -> Result<Found, String> {
    let message: Value = from_slice(Serializer::Json, text)
        .map_err(|error| format!("it is no message as serverwamp tail --save writes them: {error}"))?;
    let field = |name: &str| message.get(name);
    let Some(kind) = field("type") else {
        return Err("it is no message as serverwamp tail --save writes them: there is no `type`".to_owned());
    };
    let is_call = match kind.as_str() {
        Some("CALL") => true,
        Some("PUBLISH") => false,
        _ => return Ok(Found::Other),
    };
    if field("direction").and_then(Value::as_str) != Some("received") {
        return Ok(Found::Other);
    }
    if field("payload").is_some() {
        return Ok(Found::Withheld);
    }
    let masked = match field("masked") {
        Some(count) => count.as_u64() != Some(0),
        // Servers of earlier versions do not say it: there, whatever looks like a mask counts as one.
        None => field("args").is_some_and(is_masked) || field("kwargs").is_some_and(is_masked),
    };
    if masked {
        return Ok(Found::Masked);
    }
    let uri = field("uri").and_then(Value::as_str).ok_or("it has no `uri`")?;
    // Without a payload there are none of both; without the permission to see it neither.
    let args = match field("args") {
        None | Some(Value::Null) => Vec::new(),
        Some(args) => args.as_list().ok_or("its `args` are no list")?.to_vec(),
    };
    let kwargs = match field("kwargs") {
        None | Some(Value::Null) => Dict::new(),
        Some(kwargs) => kwargs.as_dict().ok_or("its `kwargs` are no dictionary")?.clone(),
    };
    let at = field("at").and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
    let at = at.and_then(|at| u64::try_from(at.unix_micros()).ok()).map(Duration::from_micros);
    Ok(Found::Played(Played { line, at, is_call, uri: uri.to_owned(), args, kwargs }))
}

/// Whether a value has an entry, at whatever depth, that looks like one that was not shown.
fn is_masked(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().any(is_masked),
        Value::Dict(dict) => dict.iter().any(|(_, value)| value.as_str() == Some(MASK) || is_masked(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_of_a_file_is_bounded_and_what_is_passed_over_does_not_count() {
        let call = "{\"type\":\"CALL\",\"direction\":\"received\",\"uri\":\"a.b\"}\n";
        let other = "{\"type\":\"RESULT\",\"direction\":\"sent\",\"uri\":\"a.b\"}\n";
        let file = [call, &other.repeat(100), call].concat();
        let read = |most| read_lines(file.as_bytes(), Path::new("saved.jsonl"), most);
        let both = 2 * call.len() as u64;
        assert_eq!(read(both).unwrap().played.len(), 2);
        let refused = read(both - 1).unwrap_err().to_string();
        assert!(refused.contains("saved.jsonl:102: the file has more than "), "{refused}");
    }
}
