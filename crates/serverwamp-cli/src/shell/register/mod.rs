//! `serverwamp register`: a procedure that is served by the shell, until Ctrl-C.

mod command;
pub(super) mod group;
mod tally;

use self::command::{Command, Limits};
use self::tally::{Shown, Tally};
use super::clock::time_of_day;
use super::connect::{connect, failed};
use super::duration::Span;
use super::json;
use super::output::{Form, Item, Out, OutputOptions, note, parts, visible, visible_on_a_line};
use super::subscribe::Matching;
use super::target::{Target, TargetOptions};
use super::words::json_or_text;
use crate::failure::Failure;
use crate::stop::StopSignals;
use clap::{Args, ValueEnum};
use serverwamp::client::Invoke;
use serverwamp::extract::{Args as Positional, Caller, Kwargs, Procedure};
use serverwamp::{Dict, Payload, Value, WampError};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The options of `register`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp register test.echo --echo
  serverwamp register test.answer --reply '{\"status\": \"ok\"}'
  serverwamp register text.wordcount --exec wc -- -w
  serverwamp register devices. --match prefix --invoke roundrobin --exec ./device.py

A program (--exec) gets one JSON document on its standard input, {\"procedure\": .., \"args\": [..], \"kwargs\": {..}, \"caller\": {..}}.
What it prints is the result: JSON, or else text. An exit status other than 0 is the error serverwamp.error.command_failed, with
what it printed on its standard error.")]
pub(crate) struct RegisterOptions {
    /// The procedure, or a pattern with --match
    #[arg(value_name = "URI")]
    uri: String,
    /// Which procedures: exact, prefix or wildcard
    #[arg(long = "match", value_name = "MATCH", default_value = "exact")]
    matching: Matching,
    /// Share the procedure with others who register it in the same way
    #[arg(long, value_name = "POLICY", default_value = "single")]
    invoke: Policy,
    #[command(flatten)]
    reply: Reply,
    /// Arguments of the program, behind --
    #[arg(value_name = "ARG", last = true)]
    arguments: Vec<OsString>,
    /// Programs that run at once; further calls wait for one to end
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1024))]
    parallel: u16,
    /// Kill a program after this long
    #[arg(long, value_name = "TIME", default_value = "30s")]
    exec_timeout: Span,
    /// Stop after so many calls
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    target: TargetOptions,
}

/// What calls are answered with.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
struct Reply {
    /// Answer with the arguments of the call
    #[arg(long)]
    echo: bool,
    /// Answer with this value: JSON, or else text
    #[arg(long, value_name = "JSON")]
    reply: Option<String>,
    /// Run this program for each call, without a shell
    #[arg(long, value_name = "PROGRAM")]
    exec: Option<PathBuf>,
}

/// Which callee gets a call, by the specification's names.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Policy {
    /// Nobody else may register it
    Single,
    /// In turns
    Roundrobin,
    /// At random
    Random,
    /// The first who registered it
    First,
    /// The last who did
    Last,
}

impl From<Policy> for Invoke {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Single => Self::Single,
            Policy::Roundrobin => Self::RoundRobin,
            Policy::Random => Self::Random,
            Policy::First => Self::First,
            Policy::Last => Self::Last,
        }
    }
}

/// What answers, made once.
#[derive(Debug)]
enum Answerer {
    Echo,
    Reply(Value),
    Command(Command),
}

/// One call that came.
#[derive(Debug)]
struct Came {
    procedure: String,
    args: Vec<Value>,
    kwargs: Dict,
    caller: Dict,
}

/// The time for calls that run to end when it is told to stop.
const WIND_UP: Duration = Duration::from_secs(10);

pub(crate) fn run(options: &RegisterOptions) -> Result<(), Failure> {
    let answerer = Arc::new(Answerer::new(options)?);
    let target = Target::find(&options.target)?;
    let outcome = super::block_on_beside_sessions(async {
        let mut signals = StopSignals::of_command()?;
        let client = connect(&target, &mut signals).await?;
        let (tally, mut calls) = Tally::new(options.count);
        let running = Arc::new(tokio::sync::RwLock::new(()));
        let handler = {
            let running = Arc::clone(&running);
            move |payload: Payload, Procedure(procedure): Procedure, caller: Caller| {
                let (answerer, tally, running) = (Arc::clone(&answerer), tally.clone(), Arc::clone(&running));
                async move {
                    let _until_done = running.read().await;
                    let turn = tally.turn()?;
                    let came = Came::new(&payload, &procedure, &caller)?;
                    let answer = answerer.answer(&came).await;
                    turn.answered(came, payload.args.len() + payload.kwargs.len());
                    answer
                }
            }
        };
        let registering =
            client.register(options.matching.of(&options.uri), handler).invoke(options.invoke.into());
        let registering = registering.disclose_caller();
        let registering = async { registering.await.map_err(|error| failed(&error)) };
        let registration = match signals.unless(registering, "before the router had answered").await {
            // That is how a procedure ends to be served.
            Err(Failure::Stopped(_)) => {
                client.leave().await;
                return Ok(());
            }
            registered => registered?,
        };
        let out = Out::new(options.output.output);
        if out.terminal && out.form == Form::Pretty {
            out.line(&format!(
                "serving {} in {}; Ctrl-C stops",
                visible(&options.uri),
                visible(client.realm())
            ))?;
        }
        let outcome = tokio::select! {
            outcome = print(&mut calls, out) => outcome,
            why = registration.ended() => {
                let what = format!("the registration of {}", visible_on_a_line(&options.uri));
                Err(super::subscribe::ended(&client, &what, &why).await)
            }
            () = signals.next() => Ok(()),
        };
        drop(registration);
        // Calls that run go on to their end, unless they take too long or somebody is in a hurry.
        tokio::select! {
            _all_done = running.write() => {}
            () = tokio::time::sleep(WIND_UP) => {}
            () = signals.next() => {}
        }
        // The session's thread has sent the last answer when it comes to something else.
        drop(tokio::spawn(async {}).await);
        client.leave().await;
        outcome
    });
    group::kill_all();
    outcome
}

async fn print(calls: &mut Shown, out: Out) -> Result<(), Failure> {
    while let Some(call) = calls.next().await {
        if call.not_shown > 0 {
            let text = format!("{} calls are not shown: the output is slower than they come", call.not_shown);
            note(&text);
        }
        if let Some(came) = call.came {
            out.item(&came.into_item(out.form))?;
        }
    }
    Ok(())
}

impl Answerer {
    fn new(options: &RegisterOptions) -> Result<Self, Failure> {
        if options.reply.exec.is_none() && !options.arguments.is_empty() {
            return Err(Failure::usage(
                "what stands behind -- is for a program: write --exec PROGRAM, or leave it out",
            ));
        }
        match (&options.reply.reply, &options.reply.exec) {
            (Some(reply), _) => Ok(Self::Reply(json_or_text(reply, None)?)),
            (_, Some(program)) => {
                let limits = Limits { parallel: options.parallel.into(), time: options.exec_timeout.0 };
                Command::new(program, &options.arguments, limits).map(Self::Command)
            }
            _ => Ok(Self::Echo),
        }
    }

    async fn answer(&self, came: &Came) -> Result<(Positional<Vec<Value>>, Kwargs<Dict>), WampError> {
        match self {
            Self::Echo => Ok((Positional(came.args.clone()), Kwargs(came.kwargs.clone()))),
            Self::Reply(value) => Ok((Positional(vec![value.clone()]), Kwargs(Dict::new()))),
            Self::Command(command) => {
                let value = command.run(&came.document()).await?;
                Ok((Positional(value.into_iter().collect()), Kwargs(Dict::new())))
            }
        }
    }
}

impl Came {
    fn new(payload: &Payload, procedure: &str, caller: &Caller) -> Result<Self, WampError> {
        let (args, kwargs) =
            parts(payload).map_err(|error| WampError::invalid_argument(error.to_string()))?;
        let mut told = Dict::new();
        if let Some(session) = caller.session() {
            told.insert("session", session.get());
        }
        if let Some(authid) = caller.authid() {
            told.insert("authid", authid);
        }
        if let Some(role) = caller.authrole() {
            told.insert("authrole", role);
        }
        Ok(Self { procedure: procedure.to_owned(), args, kwargs, caller: told })
    }

    /// What a program is given.
    fn document(&self) -> Value {
        Value::Dict(json::dict([
            ("procedure", (&*self.procedure).into()),
            ("args", Value::List(self.args.clone())),
            ("kwargs", Value::Dict(self.kwargs.clone())),
            ("caller", Value::Dict(self.caller.clone())),
        ]))
    }

    fn into_item(self, form: Form) -> Item {
        let time = time_of_day();
        let lead = match form {
            Form::Pretty => format!("{time} {}", visible_on_a_line(&self.procedure)),
            _ => String::new(),
        };
        let details = json::dict([
            ("time", time.into()),
            ("procedure", self.procedure.into()),
            ("caller", Value::Dict(self.caller)),
        ]);
        Item { lead, details, args: self.args, kwargs: self.kwargs }
    }
}
