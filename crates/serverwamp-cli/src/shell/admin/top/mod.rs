//! `serverwamp top`: who is connected and how much they do, on a screen that refreshes.
//!
//! In: the admin interface, and keys. Out: a screen; or, where the output is no terminal, one table. Rooms: `sample` is what was read of
//! the server, and rates as differences of two of them; `screen` draws it; `terminal` has the keys, and gives the terminal back.

mod sample;
mod screen;
mod terminal;

use self::sample::{Sample, View};
use self::screen::draw;
use self::terminal::RawTerminal;
use super::{AdminClient, AdminOptions, with_admin};
use crate::failure::Failure;
use crate::shell::duration::Span;
use crate::shell::output::Out;
use crate::stop::StopSignals;
use clap::Args;
use std::time::Duration;

/// The time between two refreshes.
const INTERVAL: Duration = Duration::from_secs(2);

/// The shortest one.
const SHORTEST: Duration = Duration::from_millis(200);

/// The options of `top`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp top --socket /run/serverwamp/admin.sock
  serverwamp top --realm shop --every 1s
  serverwamp top --once

Keys: s and S choose the order, / filters, p pauses, up, down, page up and page down move, q ends.")]
pub(crate) struct TopOptions {
    /// The time between two looks at the server [default: 2s]
    #[arg(long, value_name = "TIME")]
    every: Option<Span>,
    /// Print one table and end
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    admin: AdminOptions,
}

pub(crate) fn run(options: &TopOptions) -> Result<(), Failure> {
    let every = options.every.map_or(INTERVAL, |Span(time)| time.max(SHORTEST));
    let out = Out::plain();
    with_admin(&options.admin, async |admin: &AdminClient, signals: &mut StopSignals| {
        if options.once || !out.terminal {
            let once = print_once(admin, every, out);
            return signals.unless(once, "before it had looked twice").await;
        }
        follow(admin, every, out, signals).await
    })
}

/// Two looks, because rates are differences.
async fn print_once(admin: &AdminClient, every: Duration, out: Out) -> Result<(), Failure> {
    let first = Sample::read(admin, None).await?;
    tokio::time::sleep(every).await;
    let sample = Sample::read(admin, Some(&first)).await?;
    let view = View::default();
    let rows = sample.sessions.len() + 8;
    out.line(draw(&sample, &view, &admin.realm, (160, rows), false).join("\n").trim_end())
}

async fn follow(
    admin: &AdminClient,
    every: Duration,
    out: Out,
    signals: &mut StopSignals,
) -> Result<(), Failure> {
    let mut terminal = RawTerminal::enter()?;
    let mut view = View::default();
    let mut sample = Sample::read(admin, None).await?;
    let mut next = tokio::time::Instant::now() + SHORTEST;
    loop {
        let size = terminal.size();
        let lines = draw(&sample, &view, &admin.realm, size, out.colours());
        out.bytes(&terminal::screen(&lines))?;
        tokio::select! {
            key = terminal.key() => match key {
                Some(key) if !view.is_end(key) => {
                    let shown = view.sessions(&sample).len();
                    view.obey(key, size.1, shown);
                }
                Some(_) | None => return Ok(()),
            },
            () = signals.next() => return Ok(()),
            () = tokio::time::sleep_until(next) => {
                if !view.paused {
                    sample = Sample::read(admin, Some(&sample)).await?;
                }
                next = tokio::time::Instant::now() + every;
            }
        }
    }
}
