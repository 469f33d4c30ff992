//! `serverwamp top`: who is connected and how much they do, and what single procedures and topics do, on a screen that refreshes.
//!
//! In: the admin interface, and keys. Out: a screen; or, where the output is no terminal, one table. Rooms: `sample` is what was read of
//! the server, and rates as differences of two of them; `uris` what single URIs do, which the server counts only while that is looked at;
//! `screen` draws both; `terminal` has the keys, and gives the terminal back.

mod sample;
mod screen;
mod terminal;
mod uris;

use self::sample::{Sample, View};
use self::screen::draw;
use self::terminal::RawTerminal;
use self::uris::{Uris, Watch};
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
  serverwamp top --uris

Keys: u changes between sessions and URIs, s and S choose the order, / filters, p pauses, up, down, page up and page down move, q ends.")]
pub(crate) struct TopOptions {
    /// The time between two looks at the server [default: 2s]
    #[arg(long, value_name = "TIME")]
    every: Option<Span>,
    /// Print one table and end
    #[arg(long)]
    once: bool,
    /// Begin with procedures and topics rather than with sessions
    #[arg(long)]
    uris: bool,
    #[command(flatten)]
    admin: AdminOptions,
}

pub(crate) fn run(options: &TopOptions) -> Result<(), Failure> {
    let every = options.every.map_or(INTERVAL, |Span(time)| time.max(SHORTEST));
    let view = View { of_uris: options.uris, ..View::default() };
    let out = Out::plain();
    with_admin(&options.admin, async |admin: &AdminClient, signals: &mut StopSignals| {
        if options.once || !out.terminal {
            let once = print_once(admin, every, &view, out);
            return signals.unless(once, "before it had looked twice").await;
        }
        follow(admin, every, view, out, signals).await
    })
}

/// Two looks, because rates are differences.
async fn print_once(admin: &AdminClient, every: Duration, view: &View, out: Out) -> Result<(), Failure> {
    let first = Sample::read(admin, None).await?;
    let uris = match view.of_uris {
        true => Watch::open(admin, every).next(admin).await?,
        false => {
            tokio::time::sleep(every).await;
            Uris::default()
        }
    };
    let sample = Sample::read(admin, Some(&first)).await?;
    let rows = sample.sessions.len().max(uris.rows.len()) + 8;
    out.line(draw(&sample, &uris, view, &admin.realm, (160, rows), false).join("\n").trim_end())
}

async fn follow(
    admin: &AdminClient,
    every: Duration,
    mut view: View,
    out: Out,
    signals: &mut StopSignals,
) -> Result<(), Failure> {
    let mut terminal = RawTerminal::enter()?;
    let mut sample = Sample::read(admin, None).await?;
    let mut uris = Uris::default();
    let mut watch = None;
    let mut next = tokio::time::Instant::now() + SHORTEST;
    loop {
        if !view.of_uris {
            watch = None;
            uris = Uris::default();
        } else if watch.is_none() && uris.trouble.is_none() {
            watch = Some(Watch::open(admin, every));
        }
        let size = terminal.size();
        let lines = draw(&sample, &uris, &view, &admin.realm, size, out.colours());
        out.bytes(&terminal::screen(&lines))?;
        tokio::select! {
            key = terminal.key() => match key {
                Some(key) if !view.is_end(key) => {
                    let shown = match view.of_uris {
                        true => uris.looked_at(&view.filter, view.sort_uris).len(),
                        false => view.sessions(&sample).len(),
                    };
                    view.obey(key, size.1, shown);
                }
                Some(_) | None => return Ok(()),
            },
            () = signals.next() => return Ok(()),
            told = next_of(&mut watch, admin) => match told {
                Ok(told) if !view.paused => uris = told,
                Ok(_) => {}
                // Sessions can be looked at all the same.
                Err(failure) => {
                    watch = None;
                    uris.trouble = Some(failure.to_string());
                }
            },
            () = tokio::time::sleep_until(next) => {
                if !view.paused {
                    sample = Sample::read(admin, Some(&sample)).await?;
                }
                next = tokio::time::Instant::now() + every;
            }
        }
    }
}

/// The next figures of a watch that is open.
async fn next_of(watch: &mut Option<Watch>, admin: &AdminClient) -> Result<Uris, Failure> {
    match watch {
        Some(watch) => watch.next(admin).await,
        None => std::future::pending().await,
    }
}
