//! `serverwamp call`: one call, its progress and its result.

use super::connect::{connect, explained, failed};
use super::duration::Span;
use super::json;
use super::output::{Item, Out, OutputOptions, note};
use super::suggest;
use super::target::{Target, TargetOptions};
use super::words::Words;
use crate::failure::Failure;
use crate::stop::StopSignals;
use clap::{Args, ValueEnum};
use serverwamp::client::Client;
use serverwamp::extract::{Args as Positional, Kwargs};
use serverwamp::{CallResult, CancelMode, ProgressResults, WampError, uris};
use std::time::{Duration, Instant};

/// The options of `call`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp call demo.add 2 3
  serverwamp call demo.countdown from=3 --progress
  serverwamp call docs.put @report.json --timeout 5s --url wss://wamp.example.com/ws --authid joe
  echo '{\"a\": 1}' | serverwamp call docs.put - -o jsonl")]
pub(crate) struct CallOptions {
    /// The procedure
    #[arg(value_name = "URI")]
    uri: String,
    #[command(flatten)]
    words: Words,
    /// Print progressive results as they come
    #[arg(long)]
    progress: bool,
    /// Give up when no result has come for this long, such as 2s or 500ms
    #[arg(long, value_name = "TIME")]
    timeout: Option<Span>,
    /// Cancel the call after this long
    #[arg(long, value_name = "TIME")]
    cancel_after: Option<Span>,
    /// What canceling does, by --cancel-after or Ctrl-C: kill waits for the callee to wind up, the others do not
    #[arg(long, value_name = "MODE", default_value = "kill")]
    cancel_mode: Mode,
    /// Ask the router to tell the callee who calls
    #[arg(long)]
    disclose_me: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    target: TargetOptions,
}

/// How a call is canceled, by the specification's names.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// The callee goes on, and nobody hears of it
    Skip,
    /// The callee is interrupted, and its answer awaited
    Kill,
    /// The callee is interrupted
    Killnowait,
}

pub(crate) fn run(options: &CallOptions) -> Result<(), Failure> {
    let arguments = options.words.read()?;
    let target = Target::find(&options.target)?;
    super::block_on(async {
        let mut signals = StopSignals::of_command()?;
        let client = connect(&target, &mut signals).await?;
        let mut calling = client
            .call::<CallResult, _>(&*options.uri, (Positional(&arguments.args), Kwargs(&arguments.kwargs)));
        if let Some(Span(timeout)) = options.timeout {
            calling = calling.timeout(timeout);
        }
        if options.disclose_me {
            calling = calling.disclose_me();
        }
        let call = if options.progress { calling.progressive() } else { calling.start() };
        let out = Out::new(options.output.output);
        let outcome = Following { options, out, shown: 0, inline: false, begun: Instant::now() };
        let answer = outcome.follow(call, &mut signals).await;
        let answer = match answer {
            Err(End::Answered(error)) => match arguments.unsendable(&error) {
                Some(failure) => Err(failure),
                None => {
                    let failure = with_hint(&client, options, &error);
                    Err(tokio::select! {
                        failure = failure => failure,
                        () = signals.next() => failed(&error),
                    })
                }
            },
            Err(End::Failed(failure)) => Err(failure),
            Ok(()) => Ok(()),
        };
        client.leave().await;
        answer
    })
}

fn stopped(when: &str) -> Failure {
    Failure::Stopped(format!("stopped {when}"))
}

/// Why there is no result.
enum End {
    Answered(WampError),
    Failed(Failure),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A call that is out, and what was printed of it.
struct Following<'a> {
    options: &'a CallOptions,
    out: Out,
    /// The progressive results so far.
    shown: u64,
    /// Whether they are on a line that is not at its end.
    inline: bool,
    begun: Instant,
}

impl Following<'_> {
    async fn follow(mut self, mut call: ProgressResults, signals: &mut StopSignals) -> Result<(), End> {
        let cancel_after = self.options.cancel_after.map_or(Duration::MAX, |Span(after)| after);
        let mut late = std::pin::pin!(tokio::time::sleep(cancel_after));
        let mut canceled = false;
        loop {
            tokio::select! {
                result = call.next() => match result {
                    Some(result) => self.progress(&result)?,
                    None => break,
                },
                () = signals.next() => {
                    self.end_line()?;
                    if canceled {
                        return Err(stopped("without waiting for the callee").into());
                    }
                    canceled = true;
                    note("canceled; once more Ctrl-C stops at once");
                    call.cancel(self.options.cancel_mode.into());
                }
                () = &mut late, if !canceled => {
                    canceled = true;
                    call.cancel(self.options.cancel_mode.into());
                }
            }
        }
        let answer = call.finish().await;
        match answer {
            Ok(result) => self.result(&result).map_err(End::from),
            Err(error) => {
                self.end_line()?;
                Err(End::Answered(error))
            }
        }
    }

    fn progress(&mut self, result: &CallResult) -> Result<(), Failure> {
        self.shown += 1;
        let mut item = item(result)?;
        if !self.out.terminal || self.options.output.output != super::output::Form::Pretty {
            item.details = json::dict([("progress", true.into())]);
            return self.out.item(&item);
        }
        let text = item.to_bytes(self.options.output.output);
        if short(&text) {
            self.inline = true;
            return self.out.bytes(&[&text, " … ".as_bytes()].concat());
        }
        self.end_line()?;
        self.out.item(&item)
    }

    fn result(&mut self, result: &CallResult) -> Result<(), Failure> {
        let item = item(result)?;
        if !self.out.terminal
            || !self.options.progress
            || self.options.output.output != super::output::Form::Pretty
        {
            return self.out.result(&item);
        }
        let text = item.to_bytes(self.options.output.output);
        if !short(&text) {
            self.end_line()?;
        }
        self.inline = false;
        let (count, seconds) = (self.shown, self.begun.elapsed().as_secs_f64());
        let s = if count == 1 { "" } else { "s" };
        let told = format!("   ({count} progressive result{s}, {seconds:.2} s)\n");
        self.out.bytes(&[&text, told.as_bytes()].concat())
    }

    /// Ends the line on which progressive results are.
    fn end_line(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.inline) { self.out.line("") } else { Ok(()) }
    }
}

/// Whether a result fits on one line with others.
fn short(text: &[u8]) -> bool {
    text.len() <= 24 && !text.contains(&b'\n')
}

fn item(result: &CallResult) -> Result<Item, Failure> {
    let (args, kwargs) = super::output::parts(result.payload())?;
    Ok(Item { args, kwargs, ..Item::default() })
}

/// The failure, and the procedure that was meant, if there is no such one.
async fn with_hint(client: &Client, options: &CallOptions, error: &WampError) -> Failure {
    if error.uri() != uris::error::NO_SUCH_PROCEDURE {
        return failed(error);
    }
    let mut text = explained(error);
    if let Some(nearest) = suggest::nearest(client, &options.uri).await {
        text.push_str(&format!("\n  did you mean: {}", super::output::visible(&nearest)));
    }
    Failure::Answered(text)
}

impl From<Mode> for CancelMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Skip => Self::Skip,
            Mode::Kill => Self::Kill,
            Mode::Killnowait => Self::KillNoWait,
        }
    }
}
