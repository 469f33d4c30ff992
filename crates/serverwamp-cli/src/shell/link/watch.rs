//! What a link says of its two sides, on the standard error.

use super::Side;
use crate::failure::Failure;
use crate::shell::clock::time_of_day;
use crate::shell::output::visible;
use serverwamp::client::{Client, ConnectionState};
use std::fmt;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One line about refusals in this time: events may be many.
const SELDOM: Duration = Duration::from_secs(1);

/// Writes a line with the time of day.
pub(super) fn say(text: fmt::Arguments<'_>) {
    // Nobody who reads it is no reason to stop.
    drop(writeln!(std::io::stderr(), "{} {}", time_of_day(), visible(&text.to_string())));
}

/// Writes a line unless one like it was written just before; counts those that are left out.
pub(super) fn say_seldom(text: &str) {
    static LAST: Mutex<(Option<Instant>, u64)> = Mutex::new((None, 0));
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let (at, left_out) = &mut *last;
    if at.is_some_and(|at| at.elapsed() < SELDOM) {
        *left_out += 1;
        return;
    }
    let more = std::mem::take(left_out);
    *at = Some(Instant::now());
    drop(last);
    match more {
        0 => say(format_args!("{text}")),
        more => say(format_args!("{text} ({more} such lines were left out)")),
    }
}

/// Tells each change of a side's connection, until no session follows.
pub(super) async fn until_gone(client: &Client, side: Side) -> Failure {
    let mut states = client.states();
    let mut was_away = false;
    while let Some(state) = states.next().await {
        match state {
            ConnectionState::Connected { .. } if was_away => {
                was_away = false;
                say(format_args!("{side}: connected again"));
            }
            ConnectionState::Waiting { cause, .. } if !was_away => {
                was_away = true;
                say(format_args!("{side}: away: {cause}"));
            }
            ConnectionState::Ended(_) => break,
            _ => {}
        }
    }
    Failure::Connection(format!("{side}: {}", super::super::subscribe::end_of(client).await))
}
